//! What holds for every reading, whatever it is.

use super::*;

proptest! {
    /// The level never falls when systolic pressure rises.
    #[test]
    fn the_level_is_monotone_in_systolic_pressure(lower in 110_i64..=299, rise in 0_i64..=100, base in 90_i64..=180, before in proptest::option::of(110_i64..=299)) {
        let mut ward = Ward::new();
        ward.baseline = Baseline { systolic: Some(base), ..baseline() };
        let level = |systolic: i64| {
            let mut rows: Vec<Observation> = before.map(|earlier| pressure(8, earlier, 80)).into_iter().collect();
            rows.push(pressure(11, systolic, 80));
            let seen = ward.last(&rows);
            seen.findings.iter().find(|f| f.condition == Condition::PressureHigh).map_or(Level::None, |f| f.level)
        };
        prop_assert!(level((lower + rise).min(300)) >= level(lower));
    }

    /// Nothing entered after the start moves the baseline: not a late row, not a correction of an earlier one.
    #[test]
    fn the_baseline_never_changes_after_the_start(
        first in proptest::collection::vec(90_i64..=180, 1..5),
        later in proptest::collection::vec((-30_i64..=60, 60_i64..=250, any::<bool>()), 0..8),
    ) {
        let start = StartOfDrug { occurred_at: at(0), recorded_at: at(0) };
        let mut rows: Vec<Observation> = first.iter().zip(-20..).map(|(systolic, minute)| pressure(minute, *systolic, 50)).collect();
        let settled = Baseline::of(&rows, Some(start));
        prop_assert_eq!(settled, Baseline::of(&rows, None));
        for (minute, systolic, corrects) in later {
            let amends = Amends { id: rows[0].id, correction: Correction::Corrected, reason: "typing error".into() };
            let late = Observation { recorded_at: at(61), amends: corrects.then_some(amends), ..pressure(minute, systolic, 50) };
            rows.push(late);
            prop_assert_eq!(Baseline::of(&rows, Some(start)), settled);
        }
    }

    /// A red flag is at stop level whatever else the row and its past hold.
    #[test]
    fn nothing_outweighs_a_red_flag(systolic in 60_i64..=300, past in proptest::collection::vec(60_i64..=300, 0..5)) {
        let ward = Ward::new();
        let mut rows: Vec<Observation> = past.iter().zip(1..).map(|(systolic, minute)| pressure(minute, *systolic, 40)).collect();
        rows.push(chart(&Draft { systolic_mmhg: Some(systolic), red_flags: Some(vec!["syncope".into()]), ..draft() }, 20));
        let seen = ward.last(&rows);
        prop_assert_eq!(seen.level, Level::Stop);
        prop_assert_eq!(seen.recommended.get(..2), Some(&[Advice::Stop, Advice::Emergency][..]));
    }
}
