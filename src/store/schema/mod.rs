//! The tables, one file a noun, one schema for both databases.

pub(super) mod alerts;
pub(super) mod appointments;
pub(super) mod audit_cases;
pub(super) mod checkpoints;
pub(super) mod consents;
pub(super) mod dosing_events;
pub(super) mod factors;
pub(super) mod foundation;
pub(super) mod limits;
pub(super) mod links;
pub(super) mod observations;
pub(super) mod patients;
pub(super) mod protocols;
pub(super) mod screening;
pub(super) mod sessions;
pub(super) mod visits;
