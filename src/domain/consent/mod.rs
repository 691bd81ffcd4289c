//! Consent: what the patient was shown, who signed it, what it covers, and whether it is in force at an instant.
//!
//! The laws of this noun:
//! - What was signed can never change: a form is frozen when it is published, a document when it is presented, and
//!   every signature carries the hash of that document.
//! - Whether a consent is in force is computed from instants ([`in_force`]), never read from its label.
//! - Nobody consents under the drug, and nobody ends a series under it either: the session stops at once, the wider
//!   wish is kept and asked again when the patient is sober (decisions.md 8).
//! - A withdrawal needs no form, no reason and no password.

mod activation;
mod capacity;
mod circumstance;
mod document;
mod in_force;
mod influence;
mod item;
mod report;
mod review;
mod scope;
mod signature;
mod state;
mod template;
mod withdrawal;

pub use activation::{Activation, activate, missing};
pub use capacity::{Capacity, CapacityStatement};
pub use circumstance::{Circumstance, CircumstanceKind, NewCircumstance, Retraction, says_pregnant};
pub use document::{MEDIA_TYPE, Shown, document};
pub use in_force::{ConsentFacts, Need, in_force, may_run, within_ceiling};
pub use influence::Influence;
pub use item::{Item, ItemAnswer, ItemId, ItemReply};
pub use report::{NewReport, ReportKind, ReportOutcome, Resolution, WithdrawalReport};
pub use review::{ReviewFinding, Reviewed, Start, review, standing};
pub use scope::{Dose, Scope};
pub use signature::{Authority, LARGEST_IMAGE, NewSignature, SignMethod, Signature, SignerRole, StaffSigner, sign};
pub use state::{
    Consent, ConsentAct, ConsentState, ConsentType, EXPIRES_SOON_DAYS, Ending, FormRef, NewConsent, TRANSITIONS,
    Validity,
};
pub use template::{
    Clause, ClauseId, ConsentTemplate, NewTemplate, TemplateState, Translated, default_form, in_effect,
};
pub use withdrawal::{NewWithdrawal, SaidBy, Withdrawal, WithdrawalFacts, WithdrawalScope, Withdrawn, withdraw};

use super::id::StaffId;
use super::time::Timestamp;

/// A new entry: the id it gets, who makes it and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made<I> {
    /// The id of the new record.
    pub id: I,
    /// Who makes it.
    pub by: StaffId,
    /// When it is recorded.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests;
