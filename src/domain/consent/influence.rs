//! Whether the patient is under the drug: then nothing lasting can be agreed to or given up.

use crate::domain::id::SessionId;
use crate::domain::refusal::Unmet;
use crate::domain::time::Timestamp;

/// Hours after the last drug or rescue sedative during which a patient signs nothing and ends no series
/// (decisions.md 8).
pub const SOBER_AFTER_HOURS: i64 = 24;

/// What is known about drug in this patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Influence {
    /// The session that is in progress, paused or in recovery.
    pub live: Option<SessionId>,
    /// The session in which drug or a rescue sedative was last given, and when that ended.
    pub last: Option<(SessionId, Timestamp)>,
}

impl Influence {
    /// No drug was ever given.
    pub const fn none() -> Self {
        Self { live: None, last: None }
    }

    /// Whether the patient is under the drug at this instant.
    pub fn is_under(&self, at: Timestamp) -> bool {
        self.live.is_some() || self.sober_at().is_some_and(|sober| at < sober)
    }

    /// When the patient can decide again, if that is known.
    pub fn sober_at(&self) -> Option<Timestamp> {
        self.last.map(|(_, ended)| ended.plus_minutes(SOBER_AFTER_HOURS * 60))
    }

    /// The session this patient is, or was last, under the drug from.
    pub fn session(&self) -> Option<SessionId> {
        self.live.or(self.last.map(|(session, _)| session))
    }

    /// What stands in the way of a decision that has to be made sober.
    pub(super) fn obstacle(&self, at: Timestamp, what: &str) -> Option<Unmet> {
        self.is_under(at).then(|| {
            let when = match (self.live, self.sober_at()) {
                (None, Some(sober)) => sober.to_string(),
                _ => format!("{SOBER_AFTER_HOURS} hours after the session"),
            };
            let text = format!("The patient is under the drug: {what} has to wait until {when}.");
            Unmet::new("patient_under_drug", "consent.sober", text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_patient_is_under_the_drug_during_a_session_and_24_hours_after_the_last_dose() {
        let end = Timestamp::parse("2026-03-02T12:00:00Z").unwrap();
        let session = SessionId(Uuid::nil());
        let after = Influence { live: None, last: Some((session, end)) };
        for (minutes, under) in [(0, true), (24 * 60 - 1, true), (24 * 60, false), (48 * 60, false)] {
            assert_eq!(after.is_under(end.plus_minutes(minutes)), under, "{minutes} min after");
        }
        let live = Influence { live: Some(session), last: None };
        assert!(live.is_under(end.plus_minutes(48 * 60)));
        assert!(!Influence::none().is_under(end));
    }
}
