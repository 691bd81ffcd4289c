//! What stands in the way of a plan's signature.

use super::{Circumstances, PlanText};
use crate::domain::protocol::Protocol;
use crate::domain::refusal::{Override, Unmet};
use crate::domain::time::Timestamp;

impl PlanText {
    /// Every condition of a signature that is not met.
    pub(super) fn unmet(&self, now: Timestamp, around: Circumstances<'_>) -> Vec<Unmet> {
        let mut found = Vec::new();
        let protocol = around.protocol;
        if !protocol.is_usable_at(now) {
            let text = "The protocol edition is not published, or not in effect yet.";
            let href = format!("/api/v1/protocols/{}/publish", protocol.id);
            found.push(Unmet::new("protocol_not_in_effect", "plan.protocol", text).fixed_by(
                "POST",
                href,
                "prescriber",
            ));
        }
        if around.other_active.is_some() {
            let text = "Another plan of this patient for the same route is in force; revise or close it.";
            found.push(Unmet::new("plan_in_force", "plan.one_in_force", text));
        }
        if self.review_on < around.today {
            let text = "The review date has passed.";
            found.push(
                Unmet::new("review_passed", "plan.review_on", text)
                    .figures(around.today.to_string(), self.review_on.to_string()),
            );
        }
        found.extend(self.outside(protocol));
        found
    }

    /// What lies outside the protocol's envelope; a prescriber may set it aside with a reason.
    fn outside(&self, protocol: &Protocol) -> Vec<Unmet> {
        let envelope = &protocol.text.envelope;
        let soft = |rule, text, limit: String, actual: String| {
            Unmet::new("envelope_exceeded", rule, text).figures(limit, actual).overridable_by(Override::Prescriber)
        };
        let mut found = Vec::new();
        if self.max_dose > envelope.max_dose {
            let (limit, actual) = (format!("{} mg/kg", envelope.max_dose), format!("{} mg/kg", self.max_dose));
            found.push(soft("plan.max_dose", "The plan's ceiling is above the protocol's.", limit, actual));
        }
        let (shortest, longest) = (envelope.min_duration_minutes, envelope.max_duration_minutes);
        if !(shortest..=longest).contains(&self.duration_minutes) {
            let (limit, actual) = (format!("{shortest} to {longest} min"), format!("{} min", self.duration_minutes));
            found.push(soft("plan.duration", "The planned time is outside the protocol's.", limit, actual));
        }
        if self.sessions > 1 && self.spacing_days < envelope.min_gap_days {
            let (limit, actual) = (format!("{} days", envelope.min_gap_days), format!("{} days", self.spacing_days));
            found.push(soft(
                "plan.min_gap",
                "The sessions are closer together than the protocol allows.",
                limit,
                actual,
            ));
        }
        if self.sessions > envelope.max_per_365_days {
            let (limit, actual) =
                (format!("{} sessions", envelope.max_per_365_days), format!("{} sessions", self.sessions));
            found.push(soft(
                "plan.max_per_365_days",
                "The plan has more sessions than the protocol allows in a year.",
                limit,
                actual,
            ));
        }
        found
    }
}
