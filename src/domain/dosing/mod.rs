//! What happens to the drug during a session, and what it adds up to.
//!
//! The laws of this folder:
//! - The drug record is a list of facts ([`DosingEvent`]). Nothing is ever added to a running total: what was given
//!   is folded from the facts each time ([`delivered`]), so a late or corrected entry mends the total by itself.
//! - Amounts are exact until they are shown: whole numerators, one division, one rounding ([`ExactDose`]).
//! - An intent is guarded ([`guard`]), a fact is not: what happened is saved with the rules it broke.
//! - Nobody but a person at the chair says what the pump did (decisions.md 7).
//!
//! Numbers and formulas are those of clinical.md 3.3; its worked examples are the tests in `vectors`.

pub mod convert;
mod correction;
mod delivered;
mod draft;
mod event;
mod exact;
pub mod guard;
#[cfg(test)]
mod guard_tests;
mod history;
mod infusion;
#[cfg(test)]
mod infusion_tests;
#[cfg(test)]
mod properties;
mod pump;
#[cfg(test)]
mod vectors;

pub use correction::{Correction, Corrector};
pub use delivered::{Delivered, Nebulized, Segment, Supply, delivered, delivered_with};
pub use draft::{Draft, Sent, SentOrder};
pub use event::{
    Administration, Amends, BolusOver, DosingEvent, DosingKind, OrderMode, OrderedBy, PumpSetting, RescueClass,
    RescueDrug, RescueRoute, Residual,
};
pub use exact::ExactDose;
pub use history::{EntryStatus, History, Standing, effective, status_of};
pub use infusion::{Estimate, Infusion, planned_end};
pub use pump::{entry_of, followed};
