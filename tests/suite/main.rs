//! The tests that need more than one layer: the shape of the source, the databases, and the API over HTTP.

mod architecture;
mod audit_events;
mod charts;
mod configuration;
mod consents;
mod contract;
mod crash;
mod dosing;
mod every_endpoint;
mod fuzz;
mod monitoring;
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
mod treatment_plans;
mod unit_of_work;
mod visits;
