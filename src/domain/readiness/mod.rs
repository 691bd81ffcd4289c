//! What stands in the way: of a start, of going on, of going home, of closing the books.
//!
//! Each function takes facts and an instant and returns *every* condition that is not met, in one fixed order, each
//! with the request that would meet it. The same list is `blocked_by` of a session and the refusal of the act, so the
//! screen and the door can never disagree (decisions.md 25, engineering.md 7.13).
//!
//! What another noun decides (consent, screening, spacing, the criteria of discharge) arrives here as that noun's own verdict, computed by its
//! own rule for the same instant; this folder only puts everything in order.

mod close;
mod hold;
mod leave;
mod resume;
mod start;
#[cfg(test)]
mod tests;

pub use close::{CloseFacts, unmet_for_close};
pub use hold::{Hold, Reading, Vitals, standing};
pub use leave::{LeaveFacts, unmet_for_leaving};
pub use resume::{ResumeFacts, unmet_for_resume};
pub use start::{NurseLoad, StartFacts, admit_start, unmet_for_start, unmet_pump};

use super::id::SessionId;
use super::refusal::{Override, Unmet};
use super::session::{Session, SessionState};

words! {
    /// The step of a visit that something may stand in the way of.
    pub enum NextStep {
        /// Drug begins to run.
        Start = "start",
        /// A paused drug goes on.
        Resume = "resume",
        /// The patient goes home.
        Complete = "complete",
        /// The record is locked.
        Close = "close",
    }

    /// A condition of this folder, by its code on the wire.
    pub enum Condition {
        /// No treatment plan is in force.
        PlanMissing = "plan_missing",
        /// The dispensing record needs an address.
        AddressMissing = "address_missing",
        /// Nobody to call in an emergency.
        EmergencyContactMissing = "emergency_contact_missing",
        /// Nobody is named to take the patient home.
        EscortMissing = "escort_missing",
        /// The pre-check is not there or not signed.
        PrecheckMissing = "precheck_missing",
        /// The patient did not say again today that they want this.
        ConsentNotReaffirmed = "consent_not_reaffirmed",
        /// No weight was measured today.
        WeightNotMeasured = "weight_not_measured",
        /// Emergency kit and monitor were not checked, or are not in order.
        KitNotReady = "kit_not_ready",
        /// A day-of question is unknown: unknown is not no.
        AnswerUnknown = "answer_unknown",
        /// A day-of answer needs a prescriber, or forbids the start.
        AnswerOfConcern = "answer_of_concern",
        /// Food or drink too late, or not known.
        NotFasted = "not_fasted",
        /// The blood pressure is too old or missing.
        PressureStale = "pressure_stale",
        /// Another baseline value is too old or missing.
        BaselineStale = "baseline_stale",
        /// A reading holds the start.
        VitalOnHold = "vital_on_hold",
        /// No order: the session is not released.
        OrderMissing = "order_missing",
        /// The pre-check changed after the release.
        OrderOutdated = "order_outdated",
        /// Nothing is prepared.
        PreparationMissing = "preparation_missing",
        /// What is prepared must not be given.
        PreparationFaulty = "preparation_faulty",
        /// The pump is set to something else than was ordered.
        PumpNotAsOrdered = "pump_not_as_ordered",
        /// No prescriber is in the house.
        PrescriberAbsent = "prescriber_absent",
        /// The nurse in charge has too many patients.
        NurseAtLimit = "nurse_at_limit",
        /// An alert that stopped or paused the drug is not acknowledged.
        AlertUnacknowledged = "alert_unacknowledged",
        /// No blood pressure since the pause.
        PressureSincePauseMissing = "pressure_since_pause_missing",
        /// After a corrected concentration the pump was not read back.
        PumpNotReadBack = "pump_not_read_back",
        /// Nobody at the chair has said what the pump did.
        PumpUnconfirmed = "pump_unconfirmed",
        /// The escort was not seen.
        EscortNotSeen = "escort_not_seen",
        /// The question about suicide waits for a prescriber.
        Item9NotActedOn = "item9_not_acted_on",
        /// An alert about the body is open.
        AlertOpen = "alert_open",
        /// Drug was drawn and is not settled.
        SettlementMissing = "settlement_missing",
        /// The settlement no longer fits the record.
        SettlementUnbalanced = "settlement_unbalanced",
        /// Work on this session is not done.
        TasksOpen = "tasks_open",
    }
}

impl NextStep {
    /// What a session waits for; nothing while drug runs, and nothing when all is over.
    pub fn of(session: &Session) -> Option<Self> {
        match session.state {
            SessionState::Scheduled | SessionState::CheckedIn => Some(Self::Start),
            SessionState::Paused => Some(Self::Resume),
            SessionState::Recovery => Some(Self::Complete),
            SessionState::Completed | SessionState::Aborted if !session.is_locked() => Some(Self::Close),
            _ => None,
        }
    }
}

/// Makes the conditions of one session.
#[derive(Debug, Clone, Copy)]
struct Gate {
    session: SessionId,
    rule: &'static str,
    /// Version of the policy that was read; 1 where none is.
    version: i64,
}

impl Gate {
    /// An unmet condition, met by a request on this session.
    fn unmet(
        self,
        condition: Condition,
        text: &str,
        (method, path, role): (&'static str, &str, &'static str),
    ) -> Unmet {
        let mut unmet = Unmet::new(condition.as_str(), self.rule, text);
        unmet.rule_version = self.version;
        unmet.fixed_by(method, format!("/api/v1/sessions/{}{path}", self.session), role)
    }

    /// The same, which a prescriber may set aside.
    fn releasable(self, condition: Condition, text: &str, path: (&'static str, &str, &'static str)) -> Unmet {
        self.unmet(condition, text, path).overridable_by(Override::Prescriber)
    }
}

const PRECHECK: (&str, &str, &str) = ("PUT", "/precheck", "nurse");
const RELEASE: (&str, &str, &str) = ("POST", "/release", "prescriber");
const OBSERVATION: (&str, &str, &str) = ("POST", "/observations", "nurse");
const ESCORT: (&str, &str, &str) = ("PUT", "/escort", "front_desk");
const PREPARATION: (&str, &str, &str) = ("POST", "/preparation", "nurse");
const HANDOVER: (&str, &str, &str) = ("POST", "/handover", "nurse");
const SETTLEMENT: (&str, &str, &str) = ("POST", "/settlement", "nurse");
const PUMP_CONFIRM: (&str, &str, &str) = ("POST", "/pump-confirm", "nurse");
