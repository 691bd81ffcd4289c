//! What an auditor asks: each session that was started, against the consent in force at that instant, as it was known
//! then and as it is known since.

use super::in_force::{ConsentFacts, Need, life_gaps, may_run};
use super::scope::Dose;
use super::state::{Consent, ConsentState, Ending};
use crate::domain::icd10::Icd10;
use crate::domain::id::{ConsentId, PatientId, SessionId};
use crate::domain::refusal::Unmet;
use crate::domain::route::{EntrySource, Route};
use crate::domain::time::Timestamp;

/// A session whose drug was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub patient: PatientId,
    /// When drug began to run.
    pub at: Timestamp,
    /// When that was entered.
    pub recorded_at: Timestamp,
    /// How it was entered, when drug was started outside the system and written down later (decisions.md 1).
    pub outside: Option<EntrySource>,
    /// The way.
    pub route: Route,
    /// How much was to be given.
    pub dose: Dose,
    /// The diagnosis of the plan.
    pub indication: Option<Icd10>,
    /// When the patient said again that day that it may begin.
    pub reaffirmed_at: Option<Timestamp>,
}

/// What is found about a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The start.
    pub start: Start,
    /// What was in force at that instant by what was known at it.
    pub then: Result<ConsentId, Vec<Unmet>>,
    /// The same by what is known since.
    pub since: Result<ConsentId, Vec<Unmet>>,
}

words! {
    /// What a review of one start comes to.
    pub enum ReviewFinding {
        /// Consent was in force, by what was known then and by what is known since.
        InForce = "in_force",
        /// None was in force, and that was known.
        NotInForce = "not_in_force",
        /// It seemed in force; what was entered later says that it was not.
        LostSince = "lost_since",
        /// None seemed in force; what was entered later says that there was one.
        FoundSince = "found_since",
    }
}

/// Reviews one start by what is known at `known_at`.
pub fn review(start: Start, facts: &ConsentFacts, known_at: Timestamp) -> Reviewed {
    let as_known = |known_at| {
        let need = Need {
            at: start.at,
            known_at,
            route: Some(start.route),
            dose: start.dose,
            indication: start.indication.as_ref(),
        };
        may_run(facts, &need, start.session)
    };
    let (then, since) = (as_known(start.at), as_known(known_at));
    Reviewed { start, then, since }
}

impl Reviewed {
    /// What it comes to.
    pub const fn finding(&self) -> ReviewFinding {
        match (&self.then, &self.since) {
            (Ok(_), Ok(_)) => ReviewFinding::InForce,
            (Ok(_), Err(_)) => ReviewFinding::LostSince,
            (Err(_), Ok(_)) => ReviewFinding::FoundSince,
            (Err(_), Err(_)) => ReviewFinding::NotInForce,
        }
    }

    /// The consent it was started under, by what is known since, or else by what was known then.
    pub fn consent(&self) -> Option<ConsentId> {
        self.since.as_ref().or(self.then.as_ref()).ok().copied()
    }
}

/// Why one consent did not bind at an instant, as known at another, whatever it covers; nothing when it did.
pub fn standing(consent: &Consent, facts: &ConsentFacts, at: Timestamp, known_at: Timestamp) -> Vec<Unmet> {
    let need = Need { at, known_at, route: None, dose: Dose::PerKilogram(consent.scope.max_dose), indication: None };
    life_gaps(consent, facts, &need)
}

impl Consent {
    /// This consent as it was known at an instant: what was entered later is not there yet.
    #[must_use]
    pub fn as_known(mut self, known_at: Timestamp) -> Self {
        let later = match &self.ending {
            Some(Ending::Withdrawn { recorded_at, .. }) => *recorded_at > known_at,
            Some(Ending::Superseded { at, .. } | Ending::Expired { at } | Ending::Voided { at, .. }) => *at > known_at,
            None => false,
        };
        if later {
            self.ending = None;
        }
        self.validity = self.validity.filter(|validity| validity.from <= known_at);
        self
    }

    /// The label as it read at an instant.
    pub fn label_at(&self, at: Timestamp, known_at: Timestamp) -> ConsentState {
        let mut then = self.clone().as_known(known_at);
        let ended_later = match &then.ending {
            Some(
                Ending::Withdrawn { at: ended, .. }
                | Ending::Superseded { at: ended, .. }
                | Ending::Expired { at: ended }
                | Ending::Voided { at: ended, .. },
            ) => at < *ended,
            None => false,
        };
        if ended_later {
            then.ending = None;
        }
        then.validity = then.validity.filter(|validity| validity.from <= at);
        then.state_at(at)
    }
}
