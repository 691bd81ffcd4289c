//! What a consent covers: routes, the highest dose, and the diagnoses it was given for.

use crate::domain::icd10::Icd10;
use crate::domain::id::TreatmentPlanId;
use crate::domain::quantity::{Amount as _, Grams, Micrograms, MicrogramsPerKilogram};
use crate::domain::record::Record;
use crate::domain::refusal::FieldErrors;
use crate::domain::route::Route;

/// The most diagnoses one consent lists.
const MOST_INDICATIONS: usize = 20;

/// What the patient agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The ways the drug may be given; at least one, each once, in the order of [`Route::ALL`].
    pub routes: Vec<Route>,
    /// The most ketamine in one visit, for each kilogram of the weight of that day (decisions.md 28).
    pub max_dose: MicrogramsPerKilogram,
    /// Diagnoses; a category covers the codes below it. At least one.
    pub indications: Vec<Icd10>,
    /// The plan it was given for. A reference only: the ceiling decides, so that a revision of the plan inside the
    /// ceiling needs no new signature.
    pub plan: Option<TreatmentPlanId>,
}

impl Scope {
    /// Notes everything that is wrong with this scope.
    pub(super) fn check(&self, errors: &mut FieldErrors) {
        if self.routes.is_empty() {
            errors.add("/scope/routes", "required", "name at least one route");
        }
        if self.max_dose.get() == 0 {
            errors.add("/scope/max_dose_mg_per_kg", "range", "must be above 0");
        }
        if self.indications.is_empty() {
            errors.add("/scope/indications", "required", "name at least one diagnosis");
        }
        if self.indications.len() > MOST_INDICATIONS {
            errors.add("/scope/indications", "too_many", format!("must be at most {MOST_INDICATIONS}"));
        }
    }

    /// The same scope with each route once, in a fixed order.
    #[must_use]
    pub(super) fn tidied(mut self) -> Self {
        self.routes.sort_unstable();
        self.routes.dedup();
        self
    }

    /// Whether the drug may be given this way.
    pub fn covers_route(&self, route: Route) -> bool {
        self.routes.contains(&route)
    }

    /// Whether this diagnosis, or the category it belongs to, is listed.
    pub fn covers_indication(&self, code: &Icd10) -> bool {
        let digits = |code: &Icd10| code.as_str().replace('.', "");
        self.indications.iter().any(|listed| digits(code).starts_with(&digits(listed)))
    }

    /// Whether this much is at or under the ceiling.
    pub fn covers_dose(&self, dose: Dose) -> bool {
        match dose {
            Dose::PerKilogram(dose) => dose <= self.max_dose,
            // Both sides in thousandths of a microgram: exact, nothing is rounded up over the ceiling.
            Dose::Total { mass, weight } => {
                i128::from(mass.get()) * 1000 <= i128::from(self.max_dose.get()) * i128::from(weight.get())
            }
        }
    }

    /// The routes, for a reader.
    pub(super) fn route_words(&self) -> String {
        self.routes.iter().map(|route| route.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The diagnoses, for a reader.
    pub(super) fn diagnoses(&self) -> String {
        self.indications.iter().map(Icd10::as_str).collect::<Vec<_>>().join(", ")
    }

    /// As part of the canonical record of a consent.
    pub(super) fn record(&self) -> Record {
        Record::group()
            .with("routes", self.routes.iter().map(|route| route.as_str()).collect::<Vec<_>>())
            .amount("max_dose_ug_per_kg", Some(self.max_dose))
            .with("indications", self.indications.iter().map(Icd10::as_str).collect::<Vec<_>>())
            .with("plan_id", self.plan)
    }
}

/// A dose that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dose {
    /// As ordered, for each kilogram of actual body weight.
    PerKilogram(MicrogramsPerKilogram),
    /// Everything given in this visit and about to be given, with the weight of the day.
    Total {
        /// Delivered and planned together.
        mass: Micrograms,
        /// The actual weight, measured that day.
        weight: Grams,
    },
}

impl std::fmt::Display for Dose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PerKilogram(dose) => write!(f, "{dose} mg/kg"),
            Self::Total { mass, weight } => write!(f, "{mass} mg at {weight} kg"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(max: &str) -> Scope {
        Scope {
            routes: vec![Route::Iv],
            max_dose: MicrogramsPerKilogram::parse(max).unwrap(),
            indications: ["G43.7", "G44.229"].map(|code| Icd10::parse(code).unwrap()).to_vec(),
            plan: None,
        }
    }

    #[test]
    fn a_category_covers_its_codes_and_no_others() {
        let scope = scope("1");
        for (code, covered) in
            [("G43.7", true), ("G43.719", true), ("G43.9", false), ("G43", false), ("G44.229", true), ("G44.22", false)]
        {
            assert_eq!(scope.covers_indication(&Icd10::parse(code).unwrap()), covered, "{code}");
        }
    }

    #[test]
    fn half_a_microgram_over_the_ceiling_is_over() {
        // 0.333 mg/kg at 70.5 kg is 23.4765 mg, no whole number of micrograms.
        let weight = Grams::parse("70.5").unwrap();
        let total = |mg: &str| Dose::Total { mass: Micrograms::parse(mg).unwrap(), weight };
        assert!(scope("0.333").covers_dose(total("23.476")));
        assert!(!scope("0.333").covers_dose(total("23.477")));
    }

    proptest! {
        #[test]
        fn a_dose_by_weight_and_its_milligrams_agree_at_the_ceiling(max in 1_i64..=20_000, over in -2_000_i64..=2_000, kg in 30_i64..=300) {
            let dose = MicrogramsPerKilogram::clamped(max + over);
            let weight = Grams::clamped(kg * 1000);
            let mut scope = scope("1");
            scope.max_dose = MicrogramsPerKilogram::clamped(max);
            let total = Dose::Total { mass: dose.for_weight(weight), weight };
            prop_assert_eq!(scope.covers_dose(Dose::PerKilogram(dose)), scope.covers_dose(total));
            prop_assert_eq!(scope.covers_dose(total), dose <= scope.max_dose);
        }
    }
}
