//! A mass of drug that is not rounded yet.

use crate::domain::quantity::{Amount as _, Micrograms};

/// Millilitre in µL times hour in ms: `µg/mL × µL/h × ms` divided by this is µg (clinical.md 3.3 b).
const PUMP_PARTS: i128 = 3_600_000_000;

/// The least common multiple of 1 to 30, so that a part of a bolus given over any whole number of minutes up to
/// [`super::BolusOver::MOST`] is a whole number of parts too.
const BOLUS_PARTS: i128 = 2_329_089_562_800;

/// A mass as an exact fraction of a microgram.
///
/// Intravenous doses all share one denominator, so they add up without rounding. The largest possible sum, 100 mg/mL
/// at 1200 mL/h for the 300 years a [`crate::domain::time::Timestamp`] spans, is 2.7e36 parts: 60 times below the
/// limit of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExactDose {
    parts: i128,
    per_microgram: i128,
}

impl ExactDose {
    /// Parts of a microgram in an intravenous dose.
    pub(super) const IV_PARTS: i128 = PUMP_PARTS * BOLUS_PARTS;
    /// Parts that one `µg/mL × µL/h × ms` makes.
    pub(super) const PUMP_UNIT: i128 = BOLUS_PARTS;
    /// No drug.
    pub const ZERO: Self = Self { parts: 0, per_microgram: Self::IV_PARTS };

    /// An intravenous dose of this many [`Self::IV_PARTS`].
    pub(super) const fn iv(parts: i128) -> Self {
        Self { parts, per_microgram: Self::IV_PARTS }
    }

    /// `parts` of which `per_microgram` make a microgram.
    pub(super) fn ratio(parts: i128, per_microgram: i128) -> Self {
        Self { parts, per_microgram: per_microgram.max(1) }
    }

    /// Exactly this amount.
    pub fn of(amount: Micrograms) -> Self {
        Self::iv(i128::from(amount.get()).saturating_mul(Self::IV_PARTS))
    }

    /// Its numerator.
    pub(super) const fn parts(self) -> i128 {
        self.parts
    }

    /// Whether it is more than this amount, by however little.
    pub fn exceeds(self, limit: Micrograms) -> bool {
        self.parts > i128::from(limit.get()).saturating_mul(self.per_microgram)
    }

    /// The whole micrograms nearest to it, half up.
    pub fn micrograms(self) -> Micrograms {
        Micrograms::clamped(i64::try_from(self.rounded(1)).unwrap_or(i64::MAX))
    }

    /// The least whole number of micrograms that is not less.
    pub fn micrograms_up(self) -> Micrograms {
        let up = (self.parts + self.per_microgram - 1) / self.per_microgram;
        Micrograms::clamped(i64::try_from(up).unwrap_or(i64::MAX))
    }

    /// For the screen: mg with two decimals, the one rounding of the whole sum, half up (clinical.md 3.3 b).
    pub fn shown_mg(self) -> String {
        let hundredths = self.rounded(10);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// For each kilogram of this weight, mg/kg with two decimals, half up.
    pub fn shown_mg_per_kg(self, weight: crate::domain::quantity::Grams) -> String {
        let grams = i128::from(weight.get()).max(1);
        // µg over g is mg over kg; hundredths of it.
        let per = self.per_microgram.saturating_mul(grams);
        let hundredths = half_up(self.parts.saturating_mul(100), per);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// The nearest whole number of units of `micrograms` each, half up.
    fn rounded(self, micrograms: i128) -> i128 {
        half_up(self.parts, self.per_microgram.saturating_mul(micrograms))
    }
}

/// `numerator / denominator` to the nearest whole number, halves up; both not negative.
pub(super) fn half_up(numerator: i128, denominator: i128) -> i128 {
    let whole = numerator / denominator;
    let rest = numerator % denominator;
    if rest >= denominator - rest { whole + 1 } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_parts_divide_a_bolus_over_any_allowed_minutes() {
        for minutes in 1..=i128::from(super::super::BolusOver::MOST) {
            assert_eq!(ExactDose::IV_PARTS % (60_000 * minutes), 0, "{minutes} min");
        }
    }

    #[test]
    fn a_half_is_shown_upward_and_only_once() {
        for (micrograms, shown) in
            [(0, "0.00"), (4, "0.00"), (5, "0.01"), (14, "0.01"), (15, "0.02"), (24_664, "24.66")]
        {
            assert_eq!(ExactDose::of(Micrograms::clamped(micrograms)).shown_mg(), shown, "{micrograms} ug");
        }
        // A hair below the half is not a half.
        assert_eq!(ExactDose::iv(ExactDose::IV_PARTS * 5 - 1).shown_mg(), "0.00");
    }

    proptest! {
        #[test]
        fn half_up_is_within_half_a_unit(numerator in 0_i128..=1 << 100, denominator in 1_i128..=1 << 60) {
            let twice_off = (half_up(numerator, denominator) * denominator - numerator) * 2;
            prop_assert!(-denominator < twice_off && twice_off <= denominator);
        }
    }
}
