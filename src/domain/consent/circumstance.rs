//! Changes in the patient's life that call for a new consent: pregnancy, a new major diagnosis, another person who
//! decides for the patient (clinical.md 6). Consents given before one became known are not in force from the day it
//! began; one given afterwards knew of it.

use super::Made;
use super::state::Consent;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::icd10::Icd10;
use crate::domain::id::{CircumstanceId, PatientId, StaffId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal, Unmet};
use crate::domain::text;
use crate::domain::time::Timestamp;

words! {
    /// What changed.
    pub enum CircumstanceKind {
        /// The patient is pregnant.
        Pregnancy = "pregnancy",
        /// A diagnosis that changes what the treatment may do to this patient.
        MajorDiagnosis = "major_diagnosis",
        /// Another person now decides for the patient, or the patient does again.
        SurrogateChanged = "surrogate_changed",
    }
}

/// A change as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCircumstance {
    /// Whose.
    pub patient: PatientId,
    /// What changed.
    pub kind: CircumstanceKind,
    /// Since when; absent or later than now: now.
    pub began_at: Option<Timestamp>,
    /// What is known about it.
    pub note: String,
}

/// That it was noted in error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction {
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// A change that calls for a new consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstance {
    /// Its id.
    pub id: CircumstanceId,
    /// Counts its changes.
    pub version: i64,
    /// Whose.
    pub patient: PatientId,
    /// What changed.
    pub kind: CircumstanceKind,
    /// Since when.
    pub began_at: Timestamp,
    /// What is known about it.
    pub note: String,
    /// Who noted it.
    pub recorded_by: StaffId,
    /// When.
    pub recorded_at: Timestamp,
    /// That it was noted in error.
    pub retraction: Option<Retraction>,
}

/// Whether a diagnosis says that the patient is pregnant: ICD-10-CM chapter 15, without what follows a pregnancy, and
/// its codes in chapter 21.
pub fn says_pregnant(code: &Icd10) -> bool {
    let code = code.as_str();
    // O80 to O94 are delivery, the time after it and what it left.
    let chapter = code.starts_with('O') && code.get(1..3).is_some_and(|number| !("80".."98").contains(&number));
    chapter || ["Z33.1", "Z34", "Z3A"].iter().any(|prefix| code.starts_with(prefix))
}

impl Circumstance {
    /// Notes a change.
    ///
    /// # Errors
    /// When the note is empty or too long.
    pub fn note(new: NewCircumstance, made: Made<CircumstanceId>) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        errors.take(text::checked("/note", &new.note, 1, 1000));
        errors.finish()?;
        let circumstance = Self {
            id: made.id,
            version: 1,
            patient: new.patient,
            kind: new.kind,
            began_at: new.began_at.map_or(made.at, |began| began.min(made.at)),
            note: new.note,
            recorded_by: made.by,
            recorded_at: made.at,
            retraction: None,
        };
        let event = circumstance.event(EventKind::CircumstanceNoted);
        Ok((circumstance, event))
    }

    /// Says that it was noted in error. What it kept from starting stays in the history.
    ///
    /// # Errors
    /// When that was said before, or the reason is empty or too long.
    pub fn retract(mut self, reason: &str, by: StaffId, at: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.retraction.is_some() {
            return Err(Refusal::clash(Clash::AlreadyDone, "This was retracted already."));
        }
        let reason = text::checked("/reason", reason, 1, 500)?;
        self.retraction = Some(Retraction { reason: reason.clone(), by, at });
        self.version += 1;
        let event = self.event(EventKind::CircumstanceRetracted).because(reason);
        Ok((self, event))
    }

    /// Why a consent is not in force because of it, at an instant and as known at another.
    pub(super) fn outdates(&self, consent: &Consent, at: Timestamp, known_at: Timestamp) -> Option<Unmet> {
        let known =
            self.recorded_at <= known_at && self.retraction.as_ref().is_none_or(|retraction| known_at < retraction.at);
        let given_before = consent.validity.is_some_and(|validity| validity.from <= self.recorded_at);
        let (code, text) = match self.kind {
            CircumstanceKind::Pregnancy => {
                ("consent_pregnancy", "The patient is pregnant since the consent was given.")
            }
            CircumstanceKind::MajorDiagnosis => {
                ("consent_major_diagnosis", "A major diagnosis was made since the consent was given.")
            }
            CircumstanceKind::SurrogateChanged => {
                ("consent_surrogate_changed", "Who decides for the patient has changed since the consent was given.")
            }
        };
        (known && given_before && self.began_at <= at).then(|| Unmet::new(code, "consent.circumstances", text))
    }

    fn event(&self, kind: EventKind) -> Event {
        let subject = Subject::new("consent_circumstance", self.id, self.version);
        Event::of_patient(kind, self.patient, subject, self.record())
    }

    /// The canonical record.
    pub fn record(&self) -> Record {
        let retraction = self.retraction.as_ref();
        Record::new("consent_circumstance", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("patient_id", self.patient)
            .with("circumstance", self.kind.as_str())
            .with("began_at", self.began_at)
            .with("note", &self.note)
            .with("recorded_by", self.recorded_by)
            .with("recorded_at", self.recorded_at)
            .with("retract_reason", retraction.map(|retraction| &retraction.reason))
            .with("retracted_by", retraction.map(|retraction| retraction.by))
            .with("retracted_at", retraction.map(|retraction| retraction.at))
    }
}
