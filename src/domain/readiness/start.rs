//! Everything that has to be true in the instant in which drug begins to run.

use super::hold::{self, Reading, Vitals};
use super::{Condition, ESCORT, Gate, HANDOVER, OBSERVATION, PRECHECK, PREPARATION, RELEASE};
use crate::domain::dosing::PumpSetting;
use crate::domain::order::{HoldRule, Order, OrderForm, OrderShape};
use crate::domain::policy::Policy;
use crate::domain::precheck::{Precheck, WeightSource};
use crate::domain::preparation::Preparation;
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::route::Basis;
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;
use jiff::tz::TimeZone;

/// How many other patients the nurse in charge has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NurseLoad {
    /// With drug running or paused.
    pub infusing: i64,
    /// Those, and those recovering.
    pub total: i64,
}

/// What is known about one session before its start.
#[derive(Debug, Clone)]
pub struct StartFacts {
    /// Which visit.
    pub visit: Visit,
    /// The clinic's zone: what "today" means.
    pub zone: TimeZone,
    /// The policy in force.
    pub policy: Policy,
    /// Why consent does not bind at this instant, or is in doubt.
    pub consent: Vec<Unmet>,
    /// Why the screening does not clear the patient.
    pub screening: Vec<Unmet>,
    /// Which limits on gaps and sessions per time this visit would break.
    pub spacing: Vec<Unmet>,
    /// Whether a treatment plan is in force.
    pub plan_in_force: bool,
    /// Whether the patient's address is known.
    pub has_address: bool,
    /// Whether somebody can be called.
    pub has_emergency_contact: bool,
    /// Whether an escort is promised.
    pub has_escort: bool,
    /// The newest saving of the pre-check.
    pub precheck: Option<Precheck>,
    /// The newest order.
    pub order: Option<Order>,
    /// The preparations in force.
    pub preparations: Vec<Preparation>,
    /// The newest readings.
    pub vitals: Vitals,
    /// Prescribers in the house.
    pub prescribers_on_site: i64,
    /// The nurse's other patients.
    pub nurse: NurseLoad,
}

/// Every condition in the way of a start at `now`, in the order of the visit.
pub fn unmet_for_start(facts: &StartFacts, now: Timestamp) -> Vec<Unmet> {
    let mut unmet = facts.consent.clone();
    unmet.extend(facts.screening.iter().cloned());
    unmet.extend(facts.unmet_before_arrival());
    unmet.extend(facts.spacing.iter().cloned());
    let released: Vec<HoldRule> =
        facts.order.iter().flat_map(|order| &order.form.holds_released).map(|released| released.rule).collect();
    unmet.extend(facts.unmet_precheck(now, &released));
    unmet.extend(facts.unmet_vitals(now));
    let gate = facts.gate("session.start.hold");
    unmet.extend(hold::unmet(gate, &facts.vitals, &facts.policy.rules.hold, facts.precheck.as_ref(), &released));
    unmet.extend(facts.unmet_order(now));
    unmet.extend(facts.unmet_staff());
    unmet
}

/// Lets a start through, or not. An intent needs everything; a start that was already made is stored with what was
/// unmet, and only a prescriber may enter it (decisions.md 1).
///
/// # Errors
/// [`Refusal::Blocked`] with everything unmet of an intent, or `prescriber_only` of a stated start by anybody else.
pub fn admit_start(basis: Basis, by_prescriber: bool, unmet: Vec<Unmet>) -> Result<Vec<Unmet>, Refusal> {
    match basis {
        Basis::AboutTo if unmet.is_empty() => Ok(unmet),
        Basis::AboutTo => Err(Refusal::Blocked { event: "start", by: unmet }),
        Basis::Done if by_prescriber => Ok(unmet),
        Basis::Done => {
            let words = "A start outside the system is entered by a prescriber.";
            Err(Refusal::Blocked {
                event: "start",
                by: vec![Unmet::new("prescriber_only", "session.start.done", words)],
            })
        }
    }
}

/// What speaks against starting with this pump setting: order, label and pump have to say the same (clinical.md V8).
pub fn unmet_pump(visit: Visit, order: &OrderForm, pump: &PumpSetting) -> Vec<Unmet> {
    let OrderShape::Iv { concentration, rate, .. } = &order.shape else { return Vec::new() };
    let gate = Gate { session: visit.session, rule: "session.start.pump", version: 1 };
    let words = "The pump is set to something else than was ordered: read it again, or order anew.";
    let differs = |limit: String, actual: Option<String>| {
        let unmet = gate.unmet(Condition::PumpNotAsOrdered, words, RELEASE);
        unmet.figures(limit, actual.unwrap_or_else(|| "not read".to_owned()))
    };
    let mut unmet = Vec::new();
    if pump.rate != Some(*rate) {
        unmet.push(differs(format!("{rate} mL/h"), pump.rate.map(|set| format!("{set} mL/h"))));
    }
    if pump.concentration != Some(*concentration) {
        unmet.push(differs(format!("{concentration} mg/mL"), pump.concentration.map(|set| format!("{set} mg/mL"))));
    }
    unmet
}

impl StartFacts {
    fn gate(&self, rule: &'static str) -> Gate {
        Gate { session: self.visit.session, rule, version: self.policy.version }
    }

    fn unmet_before_arrival(&self) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let patient = format!("/api/v1/patients/{}", self.visit.patient);
        if !self.plan_in_force {
            let words = "No treatment plan is in force for this visit.";
            let plan = Unmet::new(Condition::PlanMissing.as_str(), "session.start.plan", words);
            unmet.push(plan.fixed_by("POST", format!("{patient}/treatment-plans"), "prescriber"));
        }
        let known = [
            (
                self.has_address,
                Condition::AddressMissing,
                "session.start.address",
                "The record of a dispensed drug needs the patient's address.",
            ),
            (
                self.has_emergency_contact,
                Condition::EmergencyContactMissing,
                "session.start.emergency_contact",
                "Nobody is named to be called in an emergency.",
            ),
        ];
        for (known, condition, rule, words) in known {
            if !known {
                unmet.push(Unmet::new(condition.as_str(), rule, words).fixed_by(
                    "PATCH",
                    patient.clone(),
                    "front_desk",
                ));
            }
        }
        if !self.has_escort {
            let gate = self.gate("session.start.escort");
            unmet.push(gate.unmet(Condition::EscortMissing, "Nobody is named to take the patient home.", ESCORT));
        }
        unmet
    }

    fn unmet_precheck(&self, now: Timestamp, released: &[HoldRule]) -> Vec<Unmet> {
        let Some(precheck) = self.precheck.as_ref().filter(|precheck| precheck.form.sign) else {
            let gate = self.gate("session.start.precheck");
            return vec![gate.unmet(Condition::PrecheckMissing, "The pre-check is not signed.", PRECHECK)];
        };
        let form = &precheck.form;
        let today = now.date_in(&self.zone);
        let mut unmet = Vec::new();
        if form.consent_reaffirmed_at.is_none_or(|said| said.date_in(&self.zone) != today) {
            let gate = self.gate("session.start.reaffirmation");
            unmet.push(gate.unmet(
                Condition::ConsentNotReaffirmed,
                "The patient has not said again today that they want this.",
                PRECHECK,
            ));
        }
        let weighed_today = precheck.recorded_at.date_in(&self.zone) == today;
        if form.weight.is_none() || form.weight_source != Some(WeightSource::Measured) || !weighed_today {
            let gate = self.gate("session.start.weight");
            unmet.push(gate.unmet(Condition::WeightNotMeasured, "No weight was measured today.", PRECHECK));
        }
        if form.kit_ok != Some(true) {
            let gate = self.gate("session.start.kit");
            unmet.push(gate.unmet(Condition::KitNotReady, "Emergency kit and monitor are not confirmed.", PRECHECK));
        }
        unmet.extend(hold::unmet_answers(self.gate("session.start.answers"), precheck, released));
        unmet.extend(hold::unmet_fasting(self.gate("session.start.fasting"), precheck, now, released));
        unmet
    }

    fn unmet_vitals(&self, now: Timestamp) -> Vec<Unmet> {
        let lines = &self.policy.rules.hold;
        let age = |at: Option<Timestamp>| at.map(|at| now.minutes_since(at));
        let (pressure, rest) = (self.vitals.pressure, self.rest_of_the_set());
        let mut unmet = Vec::new();
        let mut stale = |condition, rule, text: &str, oldest: i64, found: Option<Timestamp>| {
            if age(found).is_none_or(|age| age > oldest) {
                let actual = age(found).map_or("none".to_owned(), |age| format!("{age} min"));
                unmet
                    .push(self.gate(rule).unmet(condition, text, OBSERVATION).figures(format!("{oldest} min"), actual));
            }
        };
        let text = "The blood pressure is too old: take it once more.";
        stale(
            Condition::PressureStale,
            "session.start.pressure_fresh",
            text,
            lines.pressure_fresh_minutes,
            at(pressure),
        );
        let text = "Heart rate, saturation or breathing is missing or too old.";
        stale(Condition::BaselineStale, "session.start.baseline_fresh", text, lines.baseline_fresh_minutes, rest);
        unmet
    }

    /// When the oldest of the other readings was taken; none when one is missing.
    fn rest_of_the_set(&self) -> Option<Timestamp> {
        let vitals = &self.vitals;
        let times = [at(vitals.heart_rate), at(vitals.spo2), at(vitals.respiration)];
        times.into_iter().collect::<Option<Vec<_>>>().and_then(|times| times.into_iter().min())
    }

    fn unmet_order(&self, now: Timestamp) -> Vec<Unmet> {
        let gate = self.gate("session.start.order");
        let Some(order) = &self.order else {
            let missing = gate.unmet(Condition::OrderMissing, "A prescriber has not released the session.", RELEASE);
            return std::iter::once(missing).chain(self.unmet_preparation(None, now)).collect();
        };
        let mut unmet = Vec::new();
        if self.precheck.as_ref().is_some_and(|precheck| precheck.id != order.precheck) {
            let words = "The pre-check changed after the release: the prescriber has to see it.";
            unmet.push(gate.unmet(Condition::OrderOutdated, words, RELEASE));
        }
        unmet.extend(self.unmet_preparation(Some(order), now));
        unmet
    }

    fn unmet_preparation(&self, order: Option<&Order>, now: Timestamp) -> Vec<Unmet> {
        let gate = self.gate("session.start.preparation");
        if self.preparations.is_empty() {
            return vec![gate.unmet(Condition::PreparationMissing, "Nothing is prepared.", PREPARATION)];
        }
        let Some(order) = order else { return Vec::new() };
        let (ordered, today) = (order.form.concentration(), now.date_in(&self.zone));
        let faults: Vec<_> = self.preparations.iter().map(|made| made.faults(ordered, today, now)).collect();
        // One that may be given is enough: a spoiled syringe beside it waits for its settlement.
        if faults.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        let newest = faults.into_iter().next_back().unwrap_or_default();
        newest
            .into_iter()
            .map(|fault| {
                let words = "What is prepared must not be given: prepare again, or correct what was written.";
                gate.unmet(Condition::PreparationFaulty, words, PREPARATION).figures("no fault", fault.as_str())
            })
            .collect()
    }

    fn unmet_staff(&self) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let staffing = &self.policy.rules.staffing;
        if self.prescribers_on_site < 1 {
            let words = "No prescriber is in the house.";
            let absent = Unmet::new(Condition::PrescriberAbsent.as_str(), "session.start.prescriber", words);
            unmet.push(absent.fixed_by("PUT", "/api/v1/me/presence", "prescriber"));
        }
        let (infusing, total) = (self.nurse.infusing + 1, self.nurse.total + 1);
        if infusing > staffing.nurse_max_infusing || total > staffing.nurse_max_total {
            let words = "The nurse in charge would have too many patients: hand one over.";
            let gate = self.gate("session.start.nurse_ratio");
            let limit = format!("{} infusing, {} in all", staffing.nurse_max_infusing, staffing.nurse_max_total);
            let at_limit = gate.unmet(Condition::NurseAtLimit, words, HANDOVER);
            unmet.push(at_limit.figures(limit, format!("{infusing} infusing, {total} in all")));
        }
        unmet
    }
}

fn at<T>(reading: Option<Reading<T>>) -> Option<Timestamp> {
    reading.map(|reading| reading.at)
}
