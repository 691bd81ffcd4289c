//! Alerts: what needs a named person, and what that person did.
//!
//! One alert for each visit and condition, that rises and falls in level. Silence is recorded as silence: only a
//! named acknowledgement with an action, an act at the pump soon after, or a correction that takes the number back
//! ends it (decisions.md 12, 13e, 33, 35, 38).

mod life;
mod route;

pub use route::{AlertRoute, Owner};

use super::event::{Event, EventKind, Subject};
use super::id::{AlertActionId, AlertId, ObservationId, PatientId, SessionId, StaffId};
use super::monitoring::{Condition, Level};
use super::record::Record;
use super::time::Timestamp;

words! {
    /// Where an alert stands.
    pub enum AlertState {
        /// Nobody has answered it.
        Open = "open",
        /// A named person answered; it waits for its outcome, or for the reading it asks for.
        Acknowledged = "acknowledged",
        /// Done.
        Closed = "closed",
        /// The number that raised it was corrected, moved or taken back.
        Retracted = "retracted",
        /// The number came late and newer ones are normal: listed, silent.
        Historic = "historic",
    }

    /// What a person did about an alert (decisions.md 38).
    pub enum ActionCode {
        /// Took the value again.
        Rechecked = "rechecked",
        /// Kept watching.
        Observed = "observed",
        /// Changed the patient's position.
        Repositioned = "repositioned",
        /// Slowed the infusion.
        RateReduced = "rate_reduced",
        /// Paused it.
        Paused = "paused",
        /// Stopped it.
        Stopped = "stopped",
        /// Gave a rescue drug.
        DrugGiven = "drug_given",
        /// Told the prescriber.
        PrescriberInformed = "prescriber_informed",
        /// Judged it no true value.
        Artefact = "artefact",
    }

    /// What happened to an alert.
    pub enum AlertStep {
        /// It was answered by a person.
        Acknowledged = "acknowledged",
        /// It was answered by an act at the pump or a rescue drug.
        Implied = "implied",
        /// Its outcome was recorded.
        Resolved = "resolved",
    }
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The visit.
    pub session: SessionId,
    /// Whose visit.
    pub patient: PatientId,
    /// What is wrong.
    pub condition: Condition,
    /// What makes it the same alert if two try to raise it: [`VISIT`], a due time, or a trigger's id.
    pub occasion: String,
    /// Where it stands.
    pub state: AlertState,
    /// The level now.
    pub level: Level,
    /// The highest level it had.
    pub peak: Level,
    /// The row that reached it.
    pub observation: Option<ObservationId>,
    /// When it was raised, by the server's clock.
    pub raised_at: Timestamp,
    /// When what it is about was seen at the chair.
    pub seen_at: Timestamp,
    /// When it went out to the prescriber; not before it was confirmed.
    pub paged_at: Option<Timestamp>,
    /// The level that an acknowledgement covers; above it the alert opens again.
    pub covered: Level,
    /// Who answered it last.
    pub acknowledged_by: Option<StaffId>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Whether a prescriber has answered it at the level it has.
    pub seen_by_prescriber: bool,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Its version.
    pub version: i64,
}

/// The occasion of an alert that exists once in a visit.
pub const VISIT: &str = "visit";

/// One thing that was done about an alert; a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertAction {
    /// Its id.
    pub id: AlertActionId,
    /// The alert.
    pub alert: AlertId,
    /// What happened.
    pub step: AlertStep,
    /// What was done; an outcome may be words alone.
    pub action: Option<ActionCode>,
    /// In the person's words.
    pub text: Option<String>,
    /// Who.
    pub by: StaffId,
    /// When it was done.
    pub at: Timestamp,
    /// The level it answered.
    pub level: Level,
}

impl AlertAction {
    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("alert_action", 1)
            .with("id", self.id)
            .with("alert_id", self.alert)
            .with("step", self.step.as_str())
            .word("action", self.action.map(ActionCode::as_str))
            .with("text", self.text.clone())
            .with("by", self.by)
            .with("at", self.at)
            .with("level", self.level.as_str())
    }
}

/// An answer to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The id of the new fact.
    pub id: AlertActionId,
    /// What was done.
    pub action: Option<ActionCode>,
    /// In the person's words.
    pub text: Option<String>,
    /// Who.
    pub by: StaffId,
    /// Whether that is a prescriber.
    pub as_prescriber: bool,
    /// When.
    pub at: Timestamp,
}

/// What raises an alert that no reading raises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The visit.
    pub session: SessionId,
    /// Whose visit.
    pub patient: PatientId,
    /// What is wrong.
    pub condition: Condition,
    /// What makes it the same alert: [`VISIT`], a due time, or a trigger's id.
    pub occasion: String,
    /// How bad.
    pub level: Level,
    /// When it began.
    pub since: Timestamp,
}

impl Alert {
    /// Whether it stands in the way of letting the patient go: an act-or-above physiological alert that is not over
    /// (decisions.md 2).
    pub fn holds_discharge(&self) -> bool {
        self.condition.is_physiological()
            && self.closed_at.is_none()
            && self.state != AlertState::Historic
            && self.peak >= Level::Act
    }

    /// Whether a paused drug must not go on before a prescriber has looked at it (api.md 2.2, resume).
    pub fn holds_resume(&self) -> bool {
        let stands = !matches!(self.state, AlertState::Retracted | AlertState::Historic);
        let proved = self.paged_at.is_some() || self.closed_at.is_none();
        self.condition.is_physiological() && stands && proved && self.peak >= Level::Pause && !self.seen_by_prescriber
    }

    /// Whether it asks for an answer.
    pub fn is_open(&self) -> bool {
        self.state == AlertState::Open
    }

    /// The next version with its event; nothing when nothing changed.
    fn changed_from(self, known: &Self, kind: EventKind) -> Option<(Self, Event)> {
        if self == *known {
            return None;
        }
        let next = Self { version: known.version + 1, ..self };
        let event = next.event(kind);
        Some((next, event))
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.patient, Subject::new("alert", self.id, self.version), self.record())
    }

    /// The canonical record, version 1.
    pub fn record(&self) -> Record {
        Record::new("alert", 1)
            .with("id", self.id)
            .with("session_id", self.session)
            .with("patient_id", self.patient)
            .with("condition", self.condition.as_str())
            .with("occasion", &self.occasion)
            .with("state", self.state.as_str())
            .with("level", self.level.as_str())
            .with("peak", self.peak.as_str())
            .with("observation_id", self.observation)
            .with("raised_at", self.raised_at)
            .with("seen_at", self.seen_at)
            .with("paged_at", self.paged_at)
            .with("covered", self.covered.as_str())
            .with("acknowledged_by", self.acknowledged_by)
            .with("acknowledged_at", self.acknowledged_at)
            .with("seen_by_prescriber", self.seen_by_prescriber)
            .with("closed_at", self.closed_at)
            .with("version", self.version)
    }
}

#[cfg(test)]
mod tests;
