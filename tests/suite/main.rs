//! The tests that need more than one layer: the shape of the source, the databases, and the API over HTTP.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that does not find what it looks for says so by failing"
)]
#![expect(clippy::disallowed_methods, reason = "what runs the tests says through its environment where and how long")]

mod absences;
mod appointments;
mod architecture;
mod audit_cases;
mod audit_events;
mod charts;
mod checkpoints;
mod configuration;
mod consents;
mod contract;
mod crash;
mod dosing;
mod edges;
mod every_endpoint;
mod factors;
mod fuzz;
mod headers;
mod installation;
mod keys;
mod links;
mod monitoring;
mod network;
mod outcome_scores;
mod patients;
mod permissions;
mod protocols;
mod readme;
mod schema;
mod screenings;
mod sessions;
mod sign_in;
mod simulator;
mod staff;
mod support;
mod tasks;
mod tenancy;
mod tls;
mod treatment_plans;
mod unit_of_work;
mod verify;
mod visits;
