//! The envelope: the limits of a dose, and every way in which what is asked for lies outside them.
//!
//! Comparisons are exact: both sides are multiplied out, nothing is divided before it is compared. All limits are
//! soft, which a prescriber may set aside with a reason, except the absolute cap, which needs a second prescriber
//! (decisions.md part 2).

use crate::domain::quantity::{
    Amount, Grams, Micrograms, MicrogramsPerKilogram, MicrogramsPerKilogramHour, MicrogramsPerMillilitre, Microlitres,
    MicrolitresPerHour,
};
use crate::domain::record::Record;
use crate::domain::refusal::{FieldErrors, Override, Refusal, Unmet};
use crate::domain::time::Timestamp;

/// The limits of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// What the first session of a series gets unless the plan says otherwise.
    pub start_dose: MicrogramsPerKilogram,
    /// The most one session may give, bolus and repeats included.
    pub max_dose: MicrogramsPerKilogram,
    /// The most one bolus may give. Zero for a nebulized protocol.
    pub max_bolus: MicrogramsPerKilogram,
    /// The fastest the drug may run. Zero for a nebulized protocol: no rate applies (decisions.md 18).
    pub max_rate: MicrogramsPerKilogramHour,
    /// The most one step may add to the rate.
    pub max_step: MicrogramsPerKilogramHour,
    /// Minutes between two rises.
    pub step_gap_minutes: i64,
    /// The most one session may give to anybody, whatever the weight.
    pub absolute_cap: Micrograms,
    /// The shortest planned infusion, or nebulized visit, in minutes.
    pub min_duration_minutes: i64,
    /// The longest planned infusion, or nebulized visit, in minutes.
    pub max_duration_minutes: i64,
    /// Sessions in any 7 clinic-local dates.
    pub max_per_7_days: i64,
    /// Sessions in any 30 clinic-local dates.
    pub max_per_30_days: i64,
    /// Sessions in any 365 clinic-local dates.
    pub max_per_365_days: i64,
    /// Dates from one session to the next (decisions.md 30: dates, not hours).
    pub min_gap_days: i64,
    /// What only a nebulizer has.
    pub nebulization: Option<Nebulization>,
}

/// The limits of a nebulized dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nebulization {
    /// The most one fill may hold.
    pub max_fill_dose: MicrogramsPerKilogram,
    /// The volume the drug is made up to.
    pub fill: Microlitres,
    /// The shortest active time of one fill, in minutes.
    pub min_active_minutes: i64,
    /// The longest active time of one fill, in minutes.
    pub max_active_minutes: i64,
    /// Repeats a prescriber may order in one visit.
    pub max_repeats: i64,
    /// Minutes from the end of one fill to the next.
    pub repeat_gap_minutes: i64,
}

/// A pump rate with the concentration it runs at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// What the pump is set to.
    pub rate: MicrolitresPerHour,
    /// What is in the syringe or bag.
    pub concentration: MicrogramsPerMillilitre,
}

impl Flow {
    /// µL/h × µg/mL = ng/h, the unit of [`product`] too.
    fn nanograms_per_hour(self) -> i128 {
        i128::from(self.rate.get()) * i128::from(self.concentration.get())
    }

    /// The rate for each kilogram, rounded up to a whole µg/kg/h, for showing beside a limit.
    pub fn per_kilogram(self, weight: Grams) -> MicrogramsPerKilogramHour {
        per_kilogram(self.nanograms_per_hour(), weight)
    }
}

/// What an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFigures {
    /// The dose it names.
    pub dose: MicrogramsPerKilogram,
    /// The most it allows in the whole session, titration and repeats included.
    pub total: Micrograms,
    /// The weight it doses by.
    pub weight: Grams,
    /// The rate it starts with; none for a nebulizer.
    pub flow: Option<Flow>,
    /// The planned infusion, or visit, in minutes.
    pub duration_minutes: i64,
}

/// What a rate rise asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiseFigures {
    /// What runs now; a paused pump runs at zero.
    pub from: Flow,
    /// What it should run at.
    pub to: Flow,
    /// The weight of the order.
    pub weight: Grams,
    /// When it should begin.
    pub at: Timestamp,
    /// When the rate was last raised, or the drug started, in this session.
    pub last_rise_at: Option<Timestamp>,
}

/// What a bolus asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BolusFigures {
    /// The bolus.
    pub amount: Micrograms,
    /// The weight of the order.
    pub weight: Grams,
}

/// One limit that is exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The rule, for example `dosing.max_step`.
    pub rule: &'static str,
    /// The limit, with its unit.
    pub limit: String,
    /// What was asked for, with its unit.
    pub actual: String,
    /// Who may set the limit aside.
    pub overridable: Override,
    /// Words a clinician can act on.
    pub detail: &'static str,
}

impl From<Breach> for Refusal {
    fn from(breach: Breach) -> Self {
        Self::ClinicalRule {
            rule: breach.rule,
            limit: breach.limit,
            actual: breach.actual,
            override_allowed: breach.overridable == Override::Prescriber,
            detail: breach.detail.to_owned(),
        }
    }
}

impl From<Breach> for Unmet {
    fn from(breach: Breach) -> Self {
        Self::new("envelope_exceeded", breach.rule, breach.detail)
            .figures(breach.limit, breach.actual)
            .overridable_by(breach.overridable)
    }
}

impl Breach {
    pub(super) fn soft(rule: &'static str, limit: String, actual: String, detail: &'static str) -> Self {
        Self { rule, limit, actual, overridable: Override::Prescriber, detail }
    }
}

impl Envelope {
    /// Every limit an order exceeds.
    pub fn breaches_of_order(&self, order: &OrderFigures) -> Vec<Breach> {
        let mut found = Vec::new();
        if order.dose > self.max_dose {
            let (limit, actual) = (mg_per_kg(self.max_dose), mg_per_kg(order.dose));
            found.push(Breach::soft(
                "dosing.max_dose",
                limit,
                actual,
                "The ordered dose is above the protocol's ceiling.",
            ));
        }
        if let Some(neb) = &self.nebulization
            && order.dose > neb.max_fill_dose
        {
            let (limit, actual) = (mg_per_kg(neb.max_fill_dose), mg_per_kg(order.dose));
            found.push(Breach::soft("dosing.max_fill", limit, actual, "One fill holds more than the protocol allows."));
        }
        found.extend(order.flow.and_then(|flow| self.breach_of_rate(flow, order.weight)));
        if !(self.min_duration_minutes..=self.max_duration_minutes).contains(&order.duration_minutes) {
            let limit = format!("{} to {} min", self.min_duration_minutes, self.max_duration_minutes);
            let actual = format!("{} min", order.duration_minutes);
            found.push(Breach::soft("dosing.duration", limit, actual, "The planned time is outside the protocol's."));
        }
        found.extend(self.breaches_of_total(order.total, order.weight));
        found
    }

    /// The rate limit, if this flow exceeds it. A nebulizer has none.
    pub fn breach_of_rate(&self, flow: Flow, weight: Grams) -> Option<Breach> {
        if self.nebulization.is_some() || flow.nanograms_per_hour() <= product(self.max_rate, weight) {
            return None;
        }
        let (limit, actual) = (mg_per_kg_h(self.max_rate), mg_per_kg_h(flow.per_kilogram(weight)));
        Some(Breach::soft("dosing.max_rate", limit, actual, "The rate is above the protocol's ceiling."))
    }

    /// Every limit a rise exceeds. What is no rise is never refused: a decrease always passes.
    pub fn breaches_of_rise(&self, rise: &RiseFigures) -> Vec<Breach> {
        let step = rise.to.nanograms_per_hour() - rise.from.nanograms_per_hour();
        if step <= 0 || self.nebulization.is_some() {
            return Vec::new();
        }
        let mut found: Vec<Breach> = self.breach_of_rate(rise.to, rise.weight).into_iter().collect();
        if step > product(self.max_step, rise.weight) {
            let (limit, actual) = (mg_per_kg_h(self.max_step), mg_per_kg_h(per_kilogram(step, rise.weight)));
            found.push(Breach::soft("dosing.max_step", limit, actual, "The step is larger than the protocol allows."));
        }
        if let Some(last) = rise.last_rise_at
            && rise.at < last.plus_minutes(self.step_gap_minutes)
        {
            let limit = format!("{} min", self.step_gap_minutes);
            let actual = format!("{} min", rise.at.minutes_since(last));
            found.push(Breach::soft("dosing.step_gap", limit, actual, "The last rise was too short a time ago."));
        }
        found
    }

    /// The bolus limit, if this bolus exceeds it.
    pub fn breach_of_bolus(&self, bolus: BolusFigures) -> Option<Breach> {
        let limit = self.max_bolus.for_weight(bolus.weight);
        if bolus.amount <= limit {
            return None;
        }
        let (limit, actual) = (mg(limit), mg(bolus.amount));
        Some(Breach::soft("dosing.max_bolus", limit, actual, "The bolus is larger than the protocol allows."))
    }

    /// Every limit that a whole session's amount exceeds: the ceiling by weight, and the absolute cap.
    pub fn breaches_of_total(&self, total: Micrograms, weight: Grams) -> Vec<Breach> {
        let mut found = Vec::new();
        let ceiling = self.max_dose.for_weight(weight);
        if total > ceiling {
            let detail = "The session's amount is above the protocol's ceiling for this weight.";
            found.push(Breach::soft("dosing.max_total", mg(ceiling), mg(total), detail));
        }
        if total > self.absolute_cap {
            found.push(Breach {
                rule: "dosing.absolute_cap",
                limit: mg(self.absolute_cap),
                actual: mg(total),
                overridable: Override::TwoPerson,
                detail: "The session's amount is above the protocol's absolute cap.",
            });
        }
        found
    }

    /// Whether no limit of this envelope allows more than `earlier` did.
    pub fn is_no_looser_than(&self, earlier: &Self) -> bool {
        let neb = match (&self.nebulization, &earlier.nebulization) {
            (Some(new), Some(old)) => new.is_no_looser_than(old),
            (None, None) => true,
            _ => false,
        };
        let limits = |of: &Self| {
            [
                of.max_dose.get(),
                of.max_bolus.get(),
                of.max_rate.get(),
                of.max_step.get(),
                of.absolute_cap.get(),
                of.max_per_7_days,
                of.max_per_30_days,
                of.max_per_365_days,
                of.max_duration_minutes,
                -of.min_duration_minutes,
                -of.step_gap_minutes,
                -of.min_gap_days,
                of.start_dose.get(),
            ]
        };
        neb && limits(self).iter().zip(limits(earlier)).all(|(new, old)| *new <= old)
    }

    /// The canonical form.
    pub(super) fn record(&self) -> Record {
        let neb = self.nebulization.as_ref();
        Record::group()
            .amount("start_dose_ug_per_kg", Some(self.start_dose))
            .amount("max_dose_ug_per_kg", Some(self.max_dose))
            .amount("max_bolus_ug_per_kg", Some(self.max_bolus))
            .amount("max_rate_ug_per_kg_per_h", Some(self.max_rate))
            .amount("max_step_ug_per_kg_per_h", Some(self.max_step))
            .with("step_gap_minutes", self.step_gap_minutes)
            .amount("absolute_cap_ug", Some(self.absolute_cap))
            .with("min_duration_minutes", self.min_duration_minutes)
            .with("max_duration_minutes", self.max_duration_minutes)
            .with("max_per_7_days", self.max_per_7_days)
            .with("max_per_30_days", self.max_per_30_days)
            .with("max_per_365_days", self.max_per_365_days)
            .with("min_gap_days", self.min_gap_days)
            .amount("max_fill_dose_ug_per_kg", neb.map(|neb| neb.max_fill_dose))
            .amount("fill_ul", neb.map(|neb| neb.fill))
            .with("min_active_minutes", neb.map(|neb| neb.min_active_minutes))
            .with("max_active_minutes", neb.map(|neb| neb.max_active_minutes))
            .with("max_repeats", neb.map(|neb| neb.max_repeats))
            .with("repeat_gap_minutes", neb.map(|neb| neb.repeat_gap_minutes))
    }

    /// Notes every field that contradicts another, or lies outside what the product stands for.
    pub(super) fn note_errors(&self, errors: &mut FieldErrors) {
        let mut least = |value: i64, least: i64, most: i64, name: &str| {
            if !(least..=most).contains(&value) {
                errors.add(format!("/envelope/{name}"), "range", format!("must be between {least} and {most}"));
            }
        };
        least(self.min_duration_minutes, 45, 90, "min_duration_minutes");
        least(self.max_duration_minutes, self.min_duration_minutes.max(45), 90, "max_duration_minutes");
        least(self.max_per_7_days, 1, 7, "max_per_7_days");
        least(self.max_per_30_days, self.max_per_7_days.max(1), 30, "max_per_30_days");
        least(self.max_per_365_days, self.max_per_30_days.max(1), 365, "max_per_365_days");
        least(self.min_gap_days, 1, 90, "min_gap_days");
        least(self.step_gap_minutes, 1, 60, "step_gap_minutes");
        if self.max_dose.get() == 0 || self.start_dose > self.max_dose {
            errors.add(
                "/envelope/start_dose_mg_per_kg",
                "range",
                "must not exceed max_dose_mg_per_kg, which must not be zero",
            );
        }
        if self.max_bolus > self.max_dose {
            errors.add("/envelope/max_bolus_mg_per_kg", "range", "must not exceed max_dose_mg_per_kg");
        }
        if self.max_step > self.max_rate {
            errors.add("/envelope/max_step_mg_per_kg_per_h", "range", "must not exceed max_rate_mg_per_kg_per_h");
        }
        if self.absolute_cap.get() == 0 {
            errors.add("/envelope/absolute_cap_mg", "range", "must be more than 0");
        }
        if let Some(neb) = &self.nebulization {
            neb.note_errors(self.max_dose, errors);
        } else if self.max_rate.get() == 0 {
            errors.add("/envelope/max_rate_mg_per_kg_per_h", "range", "must be more than 0");
        }
    }
}

impl Nebulization {
    fn is_no_looser_than(&self, earlier: &Self) -> bool {
        self.max_fill_dose <= earlier.max_fill_dose
            && self.max_repeats <= earlier.max_repeats
            && self.repeat_gap_minutes >= earlier.repeat_gap_minutes
            && self.min_active_minutes >= earlier.min_active_minutes
    }

    fn note_errors(&self, max_dose: MicrogramsPerKilogram, errors: &mut FieldErrors) {
        if self.max_fill_dose.get() == 0 || self.max_fill_dose > max_dose {
            let detail = "must be more than 0 and not exceed max_dose_mg_per_kg";
            errors.add("/envelope/nebulization/max_fill_dose_mg_per_kg", "range", detail);
        }
        if !(1_000..=20_000).contains(&self.fill.get()) {
            errors.add("/envelope/nebulization/fill_ml", "range", "must be between 1 and 20");
        }
        if !(1..=self.max_active_minutes).contains(&self.min_active_minutes) || self.max_active_minutes > 60 {
            let detail = "must rise from 1 to at most 60 minutes";
            errors.add("/envelope/nebulization/max_active_minutes", "range", detail);
        }
        if !(0..=3).contains(&self.max_repeats) {
            errors.add("/envelope/nebulization/max_repeats", "range", "must be between 0 and 3");
        }
        if !(10..=90).contains(&self.repeat_gap_minutes) {
            errors.add("/envelope/nebulization/repeat_gap_minutes", "range", "must be between 10 and 90");
        }
    }
}

/// µg/kg/h × g = ng/h.
fn product(rate: MicrogramsPerKilogramHour, weight: Grams) -> i128 {
    i128::from(rate.get()) * i128::from(weight.get())
}

/// ng/h over g = µg/kg/h, rounded up so that what is shown never looks smaller than it is.
fn per_kilogram(nanograms_per_hour: i128, weight: Grams) -> MicrogramsPerKilogramHour {
    let weight = i128::from(weight.get());
    let rounded_up = (nanograms_per_hour + weight - 1) / weight;
    MicrogramsPerKilogramHour::clamped(i64::try_from(rounded_up).unwrap_or(i64::MAX))
}

fn mg(amount: Micrograms) -> String {
    format!("{amount} mg")
}

fn mg_per_kg(dose: MicrogramsPerKilogram) -> String {
    format!("{dose} mg/kg")
}

fn mg_per_kg_h(rate: MicrogramsPerKilogramHour) -> String {
    format!("{rate} mg/kg/h")
}

#[cfg(test)]
mod tests;
