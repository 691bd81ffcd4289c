//! Everything that has to be true before a patient goes home (decisions.md 2, 10, 16). The books are not among it: a
//! patient who is fit to leave never waits for a waste witness.

use super::{Condition, ESCORT, Gate, PUMP_CONFIRM};
use crate::domain::id::AlertId;
use crate::domain::refusal::{Override, Unmet};
use crate::domain::session::Disposition;
use crate::domain::visit::Visit;

/// What is known about a recovering patient.
#[derive(Debug, Clone)]
pub struct LeaveFacts {
    /// Which visit.
    pub visit: Visit,
    /// How the patient is to leave.
    pub disposition: Disposition,
    /// What the body still lacks: scores, stay, pressure, orientation, gait, saturation, as discharge found it.
    pub criteria: Vec<Unmet>,
    /// Whether an escort was seen.
    pub escort_seen: bool,
    /// Whether a positive or missing item 9 still waits for a prescriber.
    pub item9_open: bool,
    /// Open alerts about the body, of act level or above.
    pub open_alerts: Vec<AlertId>,
    /// Whether somebody still has to say what the pump did.
    pub pump_unconfirmed: bool,
}

/// Every criterion that keeps the patient, for the way in which they are to leave.
pub fn unmet_for_leaving(facts: &LeaveFacts) -> Vec<Unmet> {
    let unmet = facts.pump().into_iter().chain(facts.alerts()).chain(facts.item9());
    let unmet = unmet.chain(facts.criteria.iter().cloned()).chain(facts.escort());
    match facts.disposition {
        Disposition::HomeWithEscort => unmet.collect(),
        // A prescriber's exception sets aside what a prescriber may set aside (decisions.md 16).
        Disposition::HomeException => unmet.filter(|unmet| unmet.overridable != Override::Prescriber).collect(),
        // Nobody is kept: what is open stays open for the close.
        Disposition::AgainstAdvice | Disposition::Eloped | Disposition::TransferredEms => Vec::new(),
    }
}

impl LeaveFacts {
    fn gate(&self, rule: &'static str) -> Gate {
        Gate { session: self.visit.session, rule, version: 1 }
    }

    fn pump(&self) -> Option<Unmet> {
        let words = "Nobody at the chair has said that the pump stands still.";
        let gate = self.gate("session.complete.pump");
        self.pump_unconfirmed.then(|| gate.unmet(Condition::PumpUnconfirmed, words, PUMP_CONFIRM))
    }

    fn alerts(&self) -> Vec<Unmet> {
        let words = "An alert about the patient's body is open.";
        let open = |alert: &AlertId| {
            Unmet::new(Condition::AlertOpen.as_str(), "session.complete.alerts", words).fixed_by(
                "POST",
                format!("/api/v1/alerts/{alert}/acknowledge"),
                "nurse",
            )
        };
        self.open_alerts.iter().map(open).collect()
    }

    fn item9(&self) -> Option<Unmet> {
        let words = "The question about suicide waits for a prescriber.";
        let href = format!("/api/v1/patients/{}/outcome-scores", self.visit.patient);
        let unmet = Unmet::new(Condition::Item9NotActedOn.as_str(), "session.complete.item9", words);
        self.item9_open.then(|| unmet.fixed_by("POST", href, "prescriber"))
    }

    fn escort(&self) -> Option<Unmet> {
        let gate = self.gate("session.complete.escort");
        (!self.escort_seen).then(|| gate.releasable(Condition::EscortNotSeen, "The escort was not seen.", ESCORT))
    }
}
