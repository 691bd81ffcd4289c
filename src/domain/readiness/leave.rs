//! Everything that has to be true before a patient goes home (decisions.md 2, 10, 16). The books are not among it: a
//! patient who is fit to leave never waits for a waste witness.

use super::hold::Reading;
use super::{Condition, ESCORT, Gate, OBSERVATION, PUMP_CONFIRM};
use crate::domain::id::AlertId;
use crate::domain::policy::Policy;
use crate::domain::quantity::{Amount as _, Diastolic, OxygenSaturation, Systolic};
use crate::domain::refusal::{Override, Unmet};
use crate::domain::session::Disposition;
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;

/// Person, place, time, situation (clinical.md 4.4).
const FULLY_ORIENTED: i64 = 4;
/// Saturation counts as back within so many points of the baseline (clinical.md 4.5, "as baseline") `[D]`.
const SATURATION_POINTS: i64 = 2;

/// One set of the clinic's discharge score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoredSet {
    /// When it was taken.
    pub at: Timestamp,
    /// Its total, 0 to 10.
    pub total: i64,
}

/// What is known about a recovering patient.
#[derive(Debug, Clone)]
pub struct LeaveFacts {
    /// Which visit.
    pub visit: Visit,
    /// The policy pinned at the start.
    pub policy: Policy,
    /// How the patient is to leave.
    pub disposition: Disposition,
    /// Sets of the clinic's score since giving ended.
    pub scores: Vec<ScoredSet>,
    /// When the least stay of the protocol is over.
    pub stay_until: Timestamp,
    /// When a sedative or antihypertensive rescue drug was last given.
    pub last_rescue_at: Option<Timestamp>,
    /// Blood pressure before the drug.
    pub baseline_pressure: Option<(Systolic, Diastolic)>,
    /// Saturation before the drug.
    pub baseline_spo2: Option<OxygenSaturation>,
    /// The newest blood pressure since giving ended.
    pub pressure: Option<Reading<(Systolic, Diastolic)>>,
    /// The newest saturation since giving ended.
    pub spo2: Option<Reading<OxygenSaturation>>,
    /// The newest orientation since giving ended, 0 to 4.
    pub orientation: Option<i64>,
    /// Whether the newest gait was steady.
    pub gait_steady: bool,
    /// Whether an escort was seen.
    pub escort_seen: bool,
    /// Whether a positive or missing item 9 still waits for a prescriber.
    pub item9_open: bool,
    /// Open alerts about the body, of act level or above.
    pub open_alerts: Vec<AlertId>,
    /// Whether somebody still has to say what the pump did.
    pub pump_unconfirmed: bool,
}

/// Every criterion that is not met at `now`, whatever the disposition makes of it.
pub fn unmet_for_leaving(facts: &LeaveFacts, now: Timestamp) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    unmet.extend(facts.pump());
    unmet.extend(facts.alerts());
    unmet.extend(facts.item9());
    unmet.extend(facts.stay(now));
    unmet.extend(facts.score());
    unmet.extend(facts.body());
    unmet.extend(facts.escort());
    match facts.disposition {
        Disposition::HomeWithEscort => unmet,
        // A prescriber's exception sets aside what a prescriber may set aside (decisions.md 16).
        Disposition::HomeException => unmet.into_iter().filter(|unmet| unmet.overridable != Override::Prescriber).collect(),
        Disposition::AgainstAdvice | Disposition::Eloped | Disposition::TransferredEms => Vec::new(),
    }
}

impl LeaveFacts {
    fn gate(&self, rule: &'static str) -> Gate {
        Gate { session: self.visit.session, rule, version: self.policy.version }
    }

    fn pump(&self) -> Option<Unmet> {
        let gate = self.gate("session.complete.pump");
        self.pump_unconfirmed.then(|| gate.unmet(Condition::PumpUnconfirmed, "Nobody at the chair has said that the pump stands still.", PUMP_CONFIRM))
    }

    fn alerts(&self) -> Vec<Unmet> {
        let words = "An alert about the patient's body is open.";
        let open = |alert: &AlertId| {
            Unmet::new(Condition::AlertOpen.as_str(), "session.complete.alerts", words)
                .fixed_by("POST", format!("/api/v1/alerts/{alert}/acknowledge"), "nurse")
        };
        self.open_alerts.iter().map(open).collect()
    }

    fn item9(&self) -> Option<Unmet> {
        let words = "The question about suicide waits for a prescriber.";
        let href = format!("/api/v1/patients/{}/outcome-scores", self.visit.patient);
        let unmet = Unmet::new(Condition::Item9NotActedOn.as_str(), "session.complete.item9", words);
        self.item9_open.then(|| unmet.fixed_by("POST", href, "prescriber"))
    }

    fn stay(&self, now: Timestamp) -> Option<Unmet> {
        let rescue = self.last_rescue_at.map(|given| given.plus_minutes(self.policy.rules.discharge.rescue_stay_minutes));
        let until = rescue.map_or(self.stay_until, |until| until.max(self.stay_until));
        let gate = self.gate("session.complete.stay");
        (now < until).then(|| {
            let unmet = gate.releasable(Condition::StayTooShort, "The least stay is not over.", OBSERVATION);
            unmet.figures(format!("until {until}"), now.to_string())
        })
    }

    /// The last sets in a row have to reach the score, far enough apart; the second may be taken at the very minute
    /// the stay ends.
    fn score(&self) -> Option<Unmet> {
        let rules = &self.policy.rules.discharge;
        let mut sets = self.scores.clone();
        sets.sort_by_key(|set| set.at);
        let mut good: Vec<Timestamp> = Vec::new();
        for set in sets.iter().rev().take_while(|set| set.total >= rules.least_score) {
            if good.last().is_none_or(|later| later.minutes_since(set.at) >= rules.set_gap_minutes) {
                good.push(set.at);
            }
        }
        let reached = i64::try_from(good.len()).unwrap_or(i64::MAX);
        let gate = self.gate("session.complete.score");
        (reached < rules.sets).then(|| {
            let unmet = gate.releasable(Condition::ScoreNotReached, "The discharge score was not reached often enough in a row.", OBSERVATION);
            let limit = format!("{} sets of at least {}, {} min apart", rules.sets, rules.least_score, rules.set_gap_minutes);
            unmet.figures(limit, format!("{reached}"))
        })
    }

    fn body(&self) -> Vec<Unmet> {
        let rules = &self.policy.rules.discharge;
        let near = |value: i64, baseline: i64| (value - baseline).abs() * 100 <= baseline * rules.pressure_within_percent;
        let pressure = self.pressure.is_some_and(|Reading { value: (upper, lower), .. }| {
            let low = upper.get() < rules.systolic_below && lower.get() < rules.diastolic_below;
            low || self.baseline_pressure.is_some_and(|(systolic, diastolic)| near(upper.get(), systolic.get()) && near(lower.get(), diastolic.get()))
        });
        let saturation = match (self.spo2, self.baseline_spo2) {
            (Some(now), Some(before)) => now.value.get() >= before.get() - SATURATION_POINTS,
            (Some(now), None) => now.value.get() >= self.policy.rules.hold.spo2_below,
            (None, _) => false,
        };
        let criteria = [
            (pressure, "session.complete.pressure", "The blood pressure is not back near the baseline."),
            (saturation, "session.complete.spo2", "The saturation is not back at the baseline."),
            (self.orientation == Some(FULLY_ORIENTED), "session.complete.orientation", "The patient is not fully oriented."),
            (self.gait_steady, "session.complete.gait", "The gait is not steady."),
        ];
        let missed = criteria.into_iter().filter(|(met, _, _)| !met);
        missed.map(|(_, rule, words)| self.gate(rule).releasable(Condition::NotRecovered, words, OBSERVATION)).collect()
    }

    fn escort(&self) -> Option<Unmet> {
        let gate = self.gate("session.complete.escort");
        (!self.escort_seen).then(|| gate.releasable(Condition::EscortNotSeen, "The escort was not seen.", ESCORT))
    }
}
