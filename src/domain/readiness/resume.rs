//! Everything that has to be true when a paused drug goes on. The session itself adds an unconfirmed pump and a
//! lasting emergency.

use super::{Condition, Gate, OBSERVATION};
use crate::domain::id::{AlertId, SessionId};
use crate::domain::refusal::Unmet;
use crate::domain::time::Timestamp;

/// What is known about a paused session.
#[derive(Debug, Clone)]
pub struct ResumeFacts {
    /// Which session.
    pub session: SessionId,
    /// Why consent does not bind at this instant, or is in doubt.
    pub consent: Vec<Unmet>,
    /// Open alerts of pause level or above that no prescriber acknowledged.
    pub unacknowledged: Vec<AlertId>,
    /// When giving was paused.
    pub paused_at: Timestamp,
    /// When the blood pressure was last taken.
    pub pressure_at: Option<Timestamp>,
    /// When a preparation of this session was last corrected after the start.
    pub preparation_corrected_at: Option<Timestamp>,
    /// When the pump was last read back by two people.
    pub pump_read_back_at: Option<Timestamp>,
}

/// Every condition in the way of going on (api.md 2.2, decisions.md 37).
pub fn unmet_for_resume(facts: &ResumeFacts) -> Vec<Unmet> {
    let gate = |rule| Gate { session: facts.session, rule, version: 1 };
    let mut unmet = facts.consent.clone();
    for alert in &facts.unacknowledged {
        let words = "An alert that asked for a pause is not acknowledged by a prescriber.";
        let open = Unmet::new(Condition::AlertUnacknowledged.as_str(), "session.resume.alerts", words);
        unmet.push(open.fixed_by("POST", format!("/api/v1/alerts/{alert}/acknowledge"), "prescriber"));
    }
    if facts.pressure_at.is_none_or(|taken| taken < facts.paused_at) {
        let words = "No blood pressure was taken since the pause.";
        unmet.push(gate("session.resume.pressure").unmet(Condition::PressureSincePauseMissing, words, OBSERVATION));
    }
    if let Some(corrected) = facts.preparation_corrected_at
        && facts.pump_read_back_at.is_none_or(|read| read < corrected)
    {
        let words =
            "The concentration was corrected: two people read rate, concentration and volume back from the pump.";
        let fix = ("POST", "/dosing-events", "nurse");
        unmet.push(gate("session.resume.pump_read_back").unmet(Condition::PumpNotReadBack, words, fix));
    }
    unmet
}
