//! Chance that can be repeated: the same seed always plays the same clinic. Never used for a secret.

/// `SplitMix64` (Steele, Lea, Flood 2014): 64 bits of state, one multiply-and-shift mix a number.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way for this seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice for one patient, or one visit, of a clinic: independent of how often the others were thrown.
    pub fn of(seed: u64, index: u64) -> Self {
        Self(Self(seed ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03)).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u128::try_from(i128::from(most) - i128::from(least) + 1).unwrap_or(1).max(1);
        // Multiply-shift: no remainder bias worth speaking of for spans this small.
        let offset = (u128::from(self.next()) * span) >> 64;
        least.saturating_add(i64::try_from(offset).unwrap_or(0))
    }

    /// Whether something that happens `in_thousand` times in a thousand happens now.
    pub fn happens(&mut self, in_thousand: i64) -> bool {
        self.between(0, 999) < in_thousand
    }

    /// A number around 0 with a standard deviation of 1, in thousandths: twelve uniform numbers added up, which is
    /// a normal distribution out to three standard deviations and needs no floating point.
    pub fn normal(&mut self) -> i64 {
        (0..12).map(|_| self.between(0, 999)).sum::<i64>() - 5994
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(from.len()).ok()?.checked_sub(1)?;
        from.get(usize::try_from(self.between(0, last)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_plays_the_same_clinic() {
        // First outputs for seed 0 of the published reference implementation.
        let mut dice = Dice::seeded(0);
        assert_eq!([dice.next(), dice.next()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }

    #[test]
    fn a_normal_number_has_mean_0_and_deviation_1() {
        let mut dice = Dice::seeded(1);
        let throws: Vec<i64> = (0..20_000).map(|_| dice.normal()).collect();
        let mean = throws.iter().sum::<i64>() / 20_000;
        let variance = throws.iter().map(|z| z * z).sum::<i64>() / 20_000;
        assert!(mean.abs() < 25, "{mean}");
        assert!((960_000..1_040_000).contains(&variance), "{variance}");
    }

    #[test]
    fn every_number_of_a_range_comes_up_and_none_outside() {
        let mut dice = Dice::seeded(2);
        let mut seen = [0; 6];
        for _ in 0..6_000 {
            seen[usize::try_from(dice.between(1, 6)).unwrap() - 1] += 1;
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    }
}
