//! Signing an order: what contradicts itself is refused, what exceeds the protocol needs a reason and a second person.

use super::{HoldRule, Order, OrderForm, OrderShape, Titration};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{OrderId, ProtocolId};
use crate::domain::policy::Rules;
use crate::domain::precheck::Precheck;
use crate::domain::protocol::{Breach, Envelope, Flow, OrderFigures};
use crate::domain::quantity::{Amount as _, Grams, MicrogramsPerKilogram, MicrogramsPerMillilitre, MicrolitresPerHour};
use crate::domain::refusal::{FieldErrors, Override, Refusal, Unmet};
use crate::domain::route::Route;
use crate::domain::text;
use crate::domain::treatment_plan::WeightBasis;
use crate::domain::visit::{Deed, Visit};

/// How far rate × time × concentration may lie from the dose: a pump steps by 0.1 mL/h.
const DOSE_TOLERANCE_PERCENT: i128 = 5;

/// What an order is checked against.
#[derive(Debug, Clone)]
pub struct OrderFacts {
    /// How many orders this session has already.
    pub earlier: i64,
    /// The newest saving of the pre-check.
    pub precheck: Option<Precheck>,
    /// The patient's weight by the basis the form names, if it can be known.
    pub weight: Option<Grams>,
    /// The protocol of the session.
    pub protocol: ProtocolId,
    /// Its limits.
    pub envelope: Envelope,
    /// The highest dose of the patient's plan.
    pub plan_ceiling: Option<MicrogramsPerKilogram>,
    /// The policy in force.
    pub rules: Rules,
    /// Whether the second person is a prescriber.
    pub second_prescribes: bool,
    /// Whether a prescriber may go above the protocol's ceiling here without a witness (decisions.md part 2).
    pub witness_waived: bool,
    /// Whether this visit needs a response score of the series that is not there yet (decisions.md 29).
    pub response_score_missing: bool,
}

impl Order {
    /// Signs an order, and with it the release.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for everything that contradicts itself; [`Refusal::Blocked`] with every limit that is
    /// exceeded and not set aside by whoever may.
    pub fn sign(
        id: OrderId,
        visit: Visit,
        form: OrderForm,
        facts: &OrderFacts,
        deed: Deed,
    ) -> Result<(Self, Event), Refusal> {
        form.check(visit.route, facts)?;
        let seconded_by = deed.second("the second person of an order is not the one who signs it")?;
        let breaches = form.breaches(&facts.envelope);
        let set_aside = |breach: &Breach| {
            form.override_reason.is_some()
                && match breach.overridable {
                    Override::None => false,
                    Override::Prescriber => seconded_by.is_some() || facts.witness_waived,
                    // The absolute cap: no waiver.
                    Override::TwoPerson => seconded_by.is_some() && facts.second_prescribes,
                }
        };
        let overridden =
            breaches.iter().filter(|breach| set_aside(breach)).map(|breach| breach.rule.to_owned()).collect();
        let mut by: Vec<Unmet> =
            breaches.iter().filter(|breach| !set_aside(breach)).cloned().map(Unmet::from).collect();
        by.extend(facts.unmet(visit, form.dose));
        let (true, Some(precheck)) = (by.is_empty(), &facts.precheck) else {
            return Err(Refusal::Blocked { event: "release", by });
        };
        let order = Self {
            id,
            visit,
            number: facts.earlier.saturating_add(1),
            protocol: facts.protocol,
            precheck: precheck.id,
            form,
            overridden,
            signed_by: deed.by.staff,
            seconded_by,
            signed_at: deed.at,
        };
        let subject = Subject::new("order", id, order.number);
        let mut event = Event::of_patient(EventKind::OrderSigned, visit.patient, subject, order.record());
        event.reason.clone_from(&order.form.override_reason);
        Ok((order, event))
    }
}

impl OrderFacts {
    fn unmet(&self, visit: Visit, dose: MicrogramsPerKilogram) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        if !self.precheck.as_ref().is_some_and(|precheck| precheck.form.sign) {
            let words = "The pre-check is not signed: a prescriber releases what was seen today.";
            let href = format!("/api/v1/sessions/{}/precheck", visit.session);
            unmet
                .push(Unmet::new("precheck_missing", "session.release.precheck", words).fixed_by("PUT", href, "nurse"));
        }
        if let Some(ceiling) = self.plan_ceiling.filter(|ceiling| dose > *ceiling) {
            let words = "The dose is above the patient's plan: revise the plan first.";
            let href = format!("/api/v1/patients/{}/treatment-plans", visit.patient);
            let exceeded = Unmet::new("plan_dose_exceeded", "session.release.plan_ceiling", words);
            let exceeded = exceeded.figures(format!("{ceiling} mg/kg"), format!("{dose} mg/kg"));
            unmet.push(exceeded.fixed_by("GET", href, "prescriber"));
        }
        if self.response_score_missing {
            let words =
                "The series has no response score yet: score the earlier sessions before the next one is released.";
            let href = format!("/api/v1/patients/{}/outcome-scores", visit.patient);
            unmet.push(
                Unmet::new("response_score_missing", "session.release.response_score", words)
                    .fixed_by("POST", href, "nurse"),
            );
        }
        unmet
    }
}

impl OrderForm {
    fn check(&self, route: Route, facts: &OrderFacts) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        self.check_weight(facts.weight, &mut errors);
        if self.dose.get() == 0 {
            errors.add("/dose_mg_per_kg", "range", "must be more than 0");
        }
        if self.max_total < self.dose_mass() {
            errors.add("/max_total_mg", "contradiction", "must be at least the dose");
        }
        if !(1..=600).contains(&self.duration_minutes) {
            errors.add("/duration_min", "range", "must be between 1 and 600");
        }
        match (route, &self.shape) {
            (Route::Iv, OrderShape::Iv { concentration, rate, titration }) => {
                self.check_pump(*concentration, *rate, *titration, &mut errors);
            }
            (Route::Nebulized, OrderShape::Nebulized { .. }) => self.check_cup(&mut errors),
            _ => errors.add(
                "/nebulized",
                "wrong_route",
                format!("the order must have the shape of the session's route, {route}"),
            ),
        }
        self.check_words(&mut errors);
        if let Some(limits) = &self.session_limits {
            limits.check(&facts.rules, &mut errors);
        } else if self.holds_released.iter().any(|released| released.rule.is_vital()) {
            errors.add(
                "/session_limits",
                "required",
                "a released reading needs alarm lines for this visit, or every row will alarm",
            );
        }
        errors.finish()
    }

    fn check_weight(&self, known: Option<Grams>, errors: &mut FieldErrors) {
        match known {
            None if self.weight_basis == WeightBasis::Actual => {
                errors.add("/weight_kg", "not_measured", "the pre-check has no weight of today");
            }
            None => errors.add(
                "/weight_basis",
                "not_computable",
                "needs sex and a height of at least 152.4 cm: choose another basis",
            ),
            Some(known) if known != self.weight => {
                errors.add(
                    "/weight_kg",
                    "contradiction",
                    format!("must be the patient's weight by this basis, {known}"),
                );
            }
            Some(_) => {}
        }
    }

    fn check_pump(
        &self,
        concentration: MicrogramsPerMillilitre,
        rate: MicrolitresPerHour,
        titration: Option<Titration>,
        errors: &mut FieldErrors,
    ) {
        // µL/h × µg/mL × min = ng·min/h, 60 000 of which are a µg.
        let found = i128::from(rate.get()) * i128::from(concentration.get()) * i128::from(self.duration_minutes);
        let stated = i128::from(self.dose_mass().get()) * 60_000;
        if (found - stated).abs() * 100 > stated * DOSE_TOLERANCE_PERCENT {
            errors.add(
                "/initial_rate_ml_per_h",
                "contradiction",
                "rate, concentration and time do not give the dose: one of the four is wrong",
            );
        }
        let Some(titration) = titration else { return };
        if titration.ceiling < rate || titration.step.get() == 0 {
            errors.add(
                "/titration/ceiling_ml_per_h",
                "contradiction",
                "must be at least the first rate, and the step more than 0",
            );
        }
        if !(1..=120).contains(&titration.min_gap_minutes) {
            errors.add("/titration/min_gap_min", "range", "must be between 1 and 120");
        }
    }

    fn check_cup(&self, errors: &mut FieldErrors) {
        let OrderShape::Nebulized { nominal, fill, drug_volume, device, max_repeats, min_gap_minutes } = &self.shape
        else {
            return;
        };
        let stated = i128::from(self.dose_mass().get());
        if (i128::from(nominal.get()) - stated).abs() * 100 > stated {
            errors.add("/nebulized/nominal_mg", "contradiction", "must be the dose for this weight");
        }
        if drug_volume > fill || fill.get() == 0 {
            errors.add("/nebulized/drug_ml", "contradiction", "must fit into the fill");
        }
        errors.take(text::checked("/nebulized/device", device, 1, 100));
        if !(0..=4).contains(max_repeats) {
            errors.add("/nebulized/max_repeats", "range", "must be between 0 and 4");
        } else if nominal.get().saturating_mul(max_repeats.saturating_add(1)) > self.max_total.get() {
            errors.add("/max_total_mg", "contradiction", "must be at least the first fill and its repeats together");
        }
        if !(1..=240).contains(min_gap_minutes) {
            errors.add("/nebulized/min_gap_min", "range", "must be between 1 and 240");
        }
    }

    fn check_words(&self, errors: &mut FieldErrors) {
        for (index, order) in self.rescue_orders.iter().enumerate() {
            for (field, words) in [("drug", &order.drug), ("dose", &order.dose), ("when", &order.when)] {
                errors.take(text::checked(&format!("/rescue_orders/{index}/{field}"), words, 1, 200));
            }
        }
        for (index, released) in self.holds_released.iter().enumerate() {
            errors.take(text::checked(&format!("/holds_released/{index}/reason"), &released.reason, 1, 1000));
            let again = |earlier: HoldRule| earlier == released.rule;
            if self.holds_released.iter().take(index).any(|earlier| again(earlier.rule)) {
                errors.add(format!("/holds_released/{index}/rule"), "repeated", "is named more than once");
            }
        }
        if let Some(reason) = &self.override_reason {
            errors.take(text::checked("/override_reason", reason, 1, 1000));
        }
    }

    /// Every limit of the protocol that the order exceeds, the way up included: a titration that may end above the
    /// ceiling is refused now, not at the chair.
    fn breaches(&self, envelope: &Envelope) -> Vec<Breach> {
        let flow = |rate, concentration| Flow { rate, concentration };
        let (first, last) = match &self.shape {
            OrderShape::Iv { concentration, rate, titration } => {
                let ceiling = titration.map(|titration| flow(titration.ceiling, *concentration));
                (Some(flow(*rate, *concentration)), ceiling)
            }
            OrderShape::Nebulized { .. } => (None, None),
        };
        let figures = OrderFigures {
            dose: self.dose,
            total: self.max_total,
            weight: self.weight,
            flow: first,
            duration_minutes: self.duration_minutes,
        };
        let mut found = envelope.breaches_of_order(&figures);
        if !found.iter().any(|breach| breach.rule == "dosing.max_rate") {
            found.extend(last.and_then(|last| envelope.breach_of_rate(last, self.weight)));
        }
        found.extend(self.breaches_of_repeats(envelope));
        found
    }

    fn breaches_of_repeats(&self, envelope: &Envelope) -> Vec<Breach> {
        let (OrderShape::Nebulized { max_repeats, min_gap_minutes, .. }, Some(limits)) =
            (&self.shape, &envelope.nebulization)
        else {
            return Vec::new();
        };
        let soft =
            |rule, limit, actual, detail| Breach { rule, limit, actual, overridable: Override::Prescriber, detail };
        let mut found = Vec::new();
        if *max_repeats > limits.max_repeats {
            let detail = "More repeats than the protocol allows in one visit.";
            found.push(soft("dosing.max_repeats", limits.max_repeats.to_string(), max_repeats.to_string(), detail));
        }
        if *max_repeats > 0 && *min_gap_minutes < limits.repeat_gap_minutes {
            let detail = "The repeat comes sooner than the protocol allows.";
            found.push(soft(
                "dosing.repeat_gap",
                format!("{} min", limits.repeat_gap_minutes),
                format!("{min_gap_minutes} min"),
                detail,
            ));
        }
        found
    }
}
