//! Whether the patient can decide: the four abilities of Appelbaum (NEJM 2007), as the explaining prescriber found
//! them, and that no sedative or ketamine was given that day (clinical.md 6).

use crate::domain::record::Record;
use crate::domain::refusal::{FieldErrors, Unmet};
use crate::domain::text;

words! {
    /// What the four findings come to.
    pub enum Capacity {
        /// All four were shown.
        Confirmed = "confirmed",
        /// At least one was not: a surrogate has to decide.
        Lacking = "lacking",
    }
}

/// What the explaining prescriber states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityStatement {
    /// Understands what was explained.
    pub understands: bool,
    /// Sees that it is about their own situation.
    pub appreciates: bool,
    /// Weighs one way against another.
    pub reasons: bool,
    /// Expresses a choice, and keeps to it.
    pub expresses: bool,
    /// Has had no ketamine and no sedative today, at home either.
    pub unsedated: bool,
    /// In the prescriber's words.
    pub note: Option<String>,
}

impl CapacityStatement {
    /// A patient in whom nothing is missing.
    pub const fn full() -> Self {
        Self { understands: true, appreciates: true, reasons: true, expresses: true, unsedated: true, note: None }
    }

    /// What the four come to.
    pub const fn finding(&self) -> Capacity {
        if self.understands && self.appreciates && self.reasons && self.expresses {
            Capacity::Confirmed
        } else {
            Capacity::Lacking
        }
    }

    pub(super) fn check(&self, errors: &mut FieldErrors) {
        if let Some(note) = &self.note {
            errors.take(text::checked("/capacity/note", note, 1, 1000));
        }
    }

    /// Why nothing can be signed today.
    pub(super) fn obstacle(&self) -> Option<Unmet> {
        (!self.unsedated).then(|| {
            let text = "The patient has had a sedative or ketamine today: consent has to wait for another day.";
            Unmet::new("patient_sedated", "consent.sober", text)
        })
    }

    pub(super) fn record(&self) -> Record {
        Record::group()
            .with("understands", self.understands)
            .with("appreciates", self.appreciates)
            .with("reasons", self.reasons)
            .with("expresses", self.expresses)
            .with("unsedated", self.unsedated)
            .with("note", self.note.as_ref())
    }
}
