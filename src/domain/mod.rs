//! What is true in a clinic: types, state tables, arithmetic, scores, thresholds.
//!
//! The laws of this layer:
//! - **Pure.** No input or output, no clock, no random number, no SQL, no web. The time is an argument.
//! - **Facts in, decision out.** A rule takes the facts and returns the new state with its [`event::Event`]s,
//!   or a [`refusal::Refusal`] that names *every* unmet condition, not the first.
//! - **Nothing enters unparsed.** Each value is made by a constructor that can refuse; this layer never deserialises.
//! - **No floating point.** Amounts are integers in named units ([`quantity`]), divided once, at the end.
//! - It names nothing of ours outside `domain`; of other crates only `jiff`, `uuid` and `sha2`.

#[macro_use]
mod words;

pub mod absence;
pub mod act;
pub mod alert;
pub mod allergy;
pub mod appointment;
pub mod audit_case;
pub mod audit_entry;
pub mod chart;
pub mod checkpoint;
pub mod condition;
pub mod consent;
pub mod digest;
pub mod discharge;
pub mod dosing;
pub mod earlier_treatment;
pub mod event;
pub mod flowsheet;
pub mod frame;
pub mod icd10;
pub mod id;
pub mod medication;
pub mod merkle;
pub mod monitoring;
pub mod observation;
pub mod order;
pub mod outcome_score;
pub mod patch;
pub mod patient;
pub mod policy;
pub mod precheck;
pub mod preparation;
pub mod presence;
pub mod protocol;
pub mod quantity;
pub mod readiness;
pub mod record;
pub mod refusal;
pub mod room;
pub mod route;
pub mod screening;
pub mod session;
pub mod settlement;
pub mod task;
pub mod text;
pub mod time;
pub mod treatment_plan;
pub mod visit;

pub use words::UnknownWord;
