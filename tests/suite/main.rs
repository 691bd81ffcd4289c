//! The tests that need more than one layer: the shape of the source, the databases, and the API over HTTP.

mod architecture;
mod consents;
mod patients;
mod permissions;
mod protocols;
mod schema;
mod sessions;
mod sign_in;
mod support;
