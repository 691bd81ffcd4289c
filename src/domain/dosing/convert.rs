//! The clinic's arithmetic between weight, dose, concentration and rate (clinical.md 3.3).
//!
//! Each result is rounded once, half up, to the small unit of its kind.

use super::exact::{ExactDose, half_up};
use crate::domain::quantity::{
    Amount, Grams, Micrograms, MicrogramsPerHour, MicrogramsPerKilogram, MicrogramsPerKilogramHour,
    MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour, Millimetres, NanogramsPerKilogramMinute,
};
use crate::domain::refusal::Refusal;

/// `numerator / denominator` as an amount, held inside what it can physically be.
fn amount<A: Amount>(numerator: i128, denominator: i128) -> A {
    A::clamped(i64::try_from(half_up(numerator, denominator.max(1))).unwrap_or(i64::MAX))
}

fn wide(amount: impl Amount) -> i128 {
    i128::from(amount.get())
}

/// Drug each hour at this pump rate: `R = Q × C`.
pub fn mass_rate(rate: MicrolitresPerHour, concentration: MicrogramsPerMillilitre) -> MicrogramsPerHour {
    amount(wide(rate) * wide(concentration), 1000)
}

/// The pump rate for this much drug each hour: `Q = R / C`. Exact to 0.001 mL/h; see [`pump_step`].
pub fn pump_rate(rate: MicrogramsPerHour, concentration: MicrogramsPerMillilitre) -> MicrolitresPerHour {
    amount(wide(rate) * 1000, wide(concentration))
}

/// The rate a pump can be set to, in steps of 0.1 mL/h: the step below, so that it never gives more than was meant.
pub fn pump_step(rate: MicrolitresPerHour) -> MicrolitresPerHour {
    MicrolitresPerHour::clamped(rate.get() - rate.get() % 100)
}

/// Drug each hour that gives a dose in these minutes.
pub fn rate_for(dose: Micrograms, minutes: i64) -> MicrogramsPerHour {
    amount(wide(dose) * 60, i128::from(minutes))
}

/// Drug each hour for each kilogram: `R / W`.
pub fn per_kilogram_hour(rate: MicrogramsPerHour, weight: Grams) -> MicrogramsPerKilogramHour {
    amount(wide(rate) * 1000, wide(weight))
}

/// Drug each hour for a rate for each kilogram: `W × mg/kg/h`.
pub fn for_weight(rate: MicrogramsPerKilogramHour, weight: Grams) -> MicrogramsPerHour {
    amount(wide(rate) * wide(weight), 1000)
}

/// Drug each minute for each kilogram: `r = R × 1000 / (60 × W)`.
pub fn per_kilogram_minute(rate: MicrogramsPerHour, weight: Grams) -> NanogramsPerKilogramMinute {
    amount(wide(rate) * 1_000_000, wide(weight) * 60)
}

/// Drug each hour for a rate for each kilogram and minute: `R = r × W × 60 / 1000`.
pub fn from_per_kilogram_minute(rate: NanogramsPerKilogramMinute, weight: Grams) -> MicrogramsPerHour {
    amount(wide(rate) * wide(weight) * 60, 1_000_000)
}

/// The volume that holds this much drug.
pub fn volume_of(dose: Micrograms, concentration: MicrogramsPerMillilitre) -> Microlitres {
    amount(wide(dose) * 1000, wide(concentration))
}

/// The drug in this volume.
pub fn mass_in(volume: Microlitres, concentration: MicrogramsPerMillilitre) -> Micrograms {
    amount(wide(volume) * wide(concentration), 1000)
}

/// The concentration of a dose made up to a volume.
pub fn made_up_to(dose: Micrograms, volume: Microlitres) -> MicrogramsPerMillilitre {
    amount(wide(dose) * 1000, wide(volume))
}

/// Which of Devine's two bases a patient's ideal weight is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevineBase {
    /// 45.5 kg.
    Female,
    /// 50 kg.
    Male,
}

/// A dosing weight that is not rounded yet: a dose made from it is rounded once, not twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DosingWeight {
    parts: i128,
    per_gram: i128,
}

impl DosingWeight {
    /// What the scales said.
    pub fn actual(weight: Grams) -> Self {
        Self { parts: wide(weight), per_gram: 1 }
    }

    /// Ideal body weight by Devine: `base + 2.3 × (cm / 2.54 - 60)`.
    ///
    /// # Errors
    /// Under 152.4 cm (60 inches) it is not defined: the prescriber chooses another basis (clinical.md 3.3 i).
    pub fn ideal(base: DevineBase, height: Millimetres) -> Result<Self, Refusal> {
        const SHORTEST_MM: i64 = 1524;
        if height.get() < SHORTEST_MM {
            return Err(Refusal::ClinicalRule {
                rule: "dosing.ideal_weight_height",
                limit: format!("{} cm", Millimetres::clamped(SHORTEST_MM)),
                actual: format!("{height} cm"),
                override_allowed: false,
                detail: "ideal body weight is not defined for this height: the prescriber chooses another basis".into(),
            });
        }
        let base_g: i128 = match base {
            DevineBase::Female => 45_500,
            DevineBase::Male => 50_000,
        };
        // In grams and millimetres: base + 23000 × mm / 254 - 138000.
        Ok(Self { parts: (base_g - 138_000) * 254 + 23_000 * wide(height), per_gram: 254 })
    }

    /// Adjusted body weight: ideal plus four tenths of what the patient weighs beyond it.
    ///
    /// # Errors
    /// As [`Self::ideal`].
    pub fn adjusted(base: DevineBase, height: Millimetres, actual: Grams) -> Result<Self, Refusal> {
        let ideal = Self::ideal(base, height)?;
        Ok(Self { parts: ideal.parts * 6 + wide(actual) * ideal.per_gram * 4, per_gram: ideal.per_gram * 10 })
    }

    /// For the screen and the order: whole grams, half up.
    pub fn grams(self) -> Grams {
        amount(self.parts, self.per_gram)
    }

    /// The dose for this weight, not rounded.
    pub fn dose(self, per_kilogram: MicrogramsPerKilogram) -> ExactDose {
        ExactDose::ratio(self.parts * wide(per_kilogram), self.per_gram * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q<A: Amount>(text: &str) -> A {
        A::parse(text).unwrap()
    }

    #[test]
    fn a_dose_over_a_time_becomes_a_rate() {
        // clinical.md 3.4 V1, V2, V5, V9: dose per kg, kg, minutes, mg/mL -> mg, mg/h, mL/h, mg/kg/h, µg/kg/min
        for (dose, weight, minutes, concentration, expected) in [
            ("0.5", "70", 40, "1", ["35", "52.5", "52.5", "0.75", "12.5"]),
            ("0.5", "70", 40, "2", ["35", "52.5", "26.25", "0.75", "12.5"]),
            ("0.3", "82.4", 10, "2", ["24.72", "148.32", "74.16", "1.8", "30"]),
            ("0.5", "82.4", 60, "2", ["41.2", "41.2", "20.6", "0.5", "8.333"]),
            ("0.5", "75", 45, "1", ["37.5", "50", "50", "0.667", "11.111"]),
            ("1.0", "75", 60, "1", ["75", "75", "75", "1", "16.667"]),
            ("1.2", "75", 90, "1", ["90", "60", "60", "0.8", "13.333"]),
        ] {
            let dose = q::<MicrogramsPerKilogram>(dose).for_weight(q(weight));
            let rate = rate_for(dose, minutes);
            let shown = [
                dose.to_string(),
                rate.to_string(),
                pump_rate(rate, q(concentration)).to_string(),
                per_kilogram_hour(rate, q(weight)).to_string(),
                per_kilogram_minute(rate, q(weight)).to_string(),
            ];
            assert_eq!(shown, expected, "{weight} kg over {minutes} min");
        }
    }

    #[test]
    fn v5_a_rate_for_each_kilogram_and_minute_becomes_a_pump_rate() {
        let rate = from_per_kilogram_minute(q("5"), q("68"));
        assert_eq!(rate.to_string(), "20.4");
        assert_eq!(pump_rate(rate, q("2")).to_string(), "10.2");
        assert_eq!(per_kilogram_hour(rate, q("68")).to_string(), "0.3");
    }

    #[test]
    fn v4_the_weight_basis_changes_the_dose_nearly_twofold() {
        let half: MicrogramsPerKilogram = q("0.5");
        let (height, actual) = (q("165"), q("104"));
        let ideal = DosingWeight::ideal(DevineBase::Female, height).unwrap();
        let adjusted = DosingWeight::adjusted(DevineBase::Female, height, actual).unwrap();
        let weights = [DosingWeight::actual(actual), ideal, adjusted];
        assert_eq!(weights.map(|weight| weight.grams().to_string()), ["104", "56.909", "75.746"]);
        // The ideal dose is 28.4547 mg. Made from whole grams it would be 28.4545, then 28.455, then 28.46.
        assert_eq!(weights.map(|weight| weight.dose(half).shown_mg()), ["52.00", "28.45", "37.87"]);
    }

    #[test]
    fn v4b_ideal_and_adjusted_weight_of_a_man() {
        let height = q("178");
        assert_eq!(DosingWeight::ideal(DevineBase::Male, height).unwrap().grams().to_string(), "73.181");
        assert_eq!(DosingWeight::adjusted(DevineBase::Male, height, q("92")).unwrap().grams().to_string(), "80.709");
    }

    #[test]
    fn ideal_weight_begins_at_sixty_inches() {
        assert_eq!(DosingWeight::ideal(DevineBase::Female, q("152.4")).unwrap().grams().to_string(), "45.5");
        let shorter = DosingWeight::ideal(DevineBase::Female, q("152.3"));
        assert!(matches!(shorter, Err(Refusal::ClinicalRule { override_allowed: false, .. })));
    }

    #[test]
    fn v7_a_nebulizer_fill_is_made_up_from_the_vial() {
        let dose = q::<MicrogramsPerKilogram>("0.75").for_weight(q("70"));
        assert_eq!(dose.to_string(), "52.5");
        assert_eq!(volume_of(dose, q("50")).to_string(), "1.05");
        assert_eq!(made_up_to(dose, q("5")).to_string(), "10.5");
        assert_eq!(mass_in(q("1.2"), q("10.5")).to_string(), "12.6");
    }

    proptest! {
        #[test]
        fn a_pump_set_to_a_step_never_gives_more(rate in 0_i64..=1_200_000) {
            let rate = MicrolitresPerHour::clamped(rate);
            let step = pump_step(rate);
            prop_assert!(step <= rate && rate.get() - step.get() < 100 && step.get() % 100 == 0);
        }

        #[test]
        fn rate_and_mass_come_back_to_the_same_rate(rate in 0_i64..=1_200_000, concentration in 1_000_i64..=100_000) {
            let (rate, concentration) = (MicrolitresPerHour::clamped(rate), MicrogramsPerMillilitre::clamped(concentration));
            prop_assert_eq!(pump_rate(mass_rate(rate, concentration), concentration), rate);
        }
    }
}
