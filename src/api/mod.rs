//! Speaks it: bodies, views, handlers of a few lines, problems, the OpenAPI document.
//!
//! The laws of this layer:
//! - A handler gathers (store), decides (domain), records (store). No rule and no SQL lives here.
//! - An endpoint is registered once, by `endpoints![…]`, with its permit in its type.
//! - Every error is a [`problem::Problem`]; a body refuses what it does not know.
//! - A resource file names the layer's plumbing and the layers below, never another resource file.

#[macro_use]
mod stated;

pub mod absences;
pub mod alerts;
pub mod appointments;
pub mod audit_cases;
pub mod audit_events;
pub mod charts;
pub mod checkpoints;
pub mod consents;
pub mod cors;
pub mod dosing;
pub mod edge;
pub mod endpoint;
pub mod events;
pub mod extract;
pub mod guard;
pub mod health;
pub mod network;
pub mod observations;
pub mod outcome_scores;
pub mod page;
pub mod patients;
pub mod policies;
pub mod problem;
pub mod protocols;
pub mod rejection;
pub mod reply;
pub mod rooms;
pub mod screenings;
pub mod sessions;
pub mod sign_in;
pub mod staff;
pub mod stream;
pub mod tasks;
pub mod treatment_plans;
pub mod urgent;
pub mod visits;
pub mod wire;

pub use endpoint::{Endpoint, endpoints};

/// The whole API on one page.
pub fn all() -> Vec<Endpoint> {
    [
        health::endpoints(),
        sign_in::endpoints(),
        staff::endpoints(),
        absences::endpoints(),
        patients::endpoints(),
        policies::endpoints(),
        protocols::endpoints(),
        treatment_plans::endpoints(),
        consents::endpoints(),
        rooms::endpoints(),
        appointments::endpoints(),
        sessions::endpoints(),
        observations::endpoints(),
        alerts::endpoints(),
        tasks::endpoints(),
        audit_cases::endpoints(),
        audit_events::endpoints(),
        checkpoints::endpoints(),
        events::endpoints(),
        visits::endpoints(),
        dosing::endpoints(),
        charts::endpoints(),
        screenings::endpoints(),
        outcome_scores::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
