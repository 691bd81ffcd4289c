//! What must hold for any drug record whatsoever.

use super::vectors::{event, given, q, record, t};
use super::*;
use crate::domain::quantity::{Amount, Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use proptest::prelude::*;

/// Any record a clinic could write: sorted or not, sensible or not.
fn any_events() -> impl Strategy<Value = Vec<DosingEvent>> {
    let rate = (0_i64..=1_200_000).prop_map(MicrolitresPerHour::clamped);
    let setting = (proptest::option::of(rate.clone()), proptest::option::of(0_i64..=2_000_000))
        .prop_map(|(rate, vtbi)| PumpSetting { rate, concentration: None, vtbi: vtbi.map(Microlitres::clamped) });
    let what = prop_oneof![
        setting.clone().prop_map(Administration::Start),
        rate.prop_map(Administration::RateChange),
        (0_i64..=100_000, 0_i64..=30)
            .prop_map(|(ug, over)| Administration::Bolus(Micrograms::clamped(ug), BolusOver::new(over).unwrap())),
        Just(Administration::Pause),
        setting.prop_map(Administration::Resume),
        Just(Administration::Stop(None)),
    ];
    proptest::collection::vec((0_i64..=5_400, what), 0..12).prop_map(record)
}

fn any_supply() -> impl Strategy<Value = Supply> {
    (1_i64..=10_000_000, 1_i64..=2_000_000, 1_i64..=100_000).prop_map(|(ug, ul, concentration)| Supply {
        checked: 1,
        prepared: Micrograms::clamped(ug),
        volume: Microlitres::clamped(ul),
        concentration: MicrogramsPerMillilitre::clamped(concentration),
    })
}

proptest! {
    #[test]
    fn the_dose_never_falls_and_never_passes_what_was_prepared(
        events in any_events(), supply in any_supply(), a in 0_i64..=6_000, b in 0_i64..=6_000,
    ) {
        let (early, late) = (given(&events, &supply, a.min(b)), given(&events, &supply, a.max(b)));
        prop_assert!(early.iv.parts() <= late.iv.parts());
        prop_assert!(!late.iv.exceeds(supply.prepared));
        let sum: i128 = late.segments.iter().map(|segment| segment.dose.parts()).sum();
        prop_assert_eq!(sum, late.iv.parts(), "the segments are the whole");
    }

    #[test]
    fn cutting_a_segment_in_two_changes_nothing(
        events in any_events(), supply in any_supply(), cut in 0_i64..=5_400,
    ) {
        let whole = given(&events, &supply, 6_000);
        let history = effective(&events);
        let running = history.rate_at(t(cut));
        // Only where a rate is in force: a rate entry during a pause would be a different record.
        prop_assume!(matches!(history.standing_at(t(cut)), Standing::Running(Some(_))));
        let mut cut_up = events.clone();
        cut_up.push(event(1_000, t(cut), Administration::RateChange(running.unwrap())));
        let again = given(&cut_up, &supply, 6_000);
        prop_assert_eq!((whole.iv, whole.infusing_ms, whole.capped), (again.iv, again.infusing_ms, again.capped));
    }

    #[test]
    fn a_correction_is_the_same_as_having_been_right(
        events in any_events(), right in any_events(), which in any::<proptest::sample::Index>(),
        supply in any_supply(),
    ) {
        prop_assume!(!events.is_empty() && !right.is_empty());
        let which = which.index(events.len());
        let mut rewritten = events.clone();
        rewritten[which].what = right[0].what.clone();
        rewritten[which].act.occurred_at = right[0].act.occurred_at;
        let mut corrected = events.clone();
        let mut correction = event(1_000, t(9_000), right[0].what.clone());
        correction.act.occurred_at = right[0].act.occurred_at;
        correction.amends = Some(Amends { event: events[which].id, entered_in_error: false, reason: "r".into() });
        corrected.push(correction);
        prop_assert_eq!(given(&corrected, &supply, 6_000), given(&rewritten, &supply, 6_000));
    }

    #[test]
    fn the_order_of_reading_does_not_matter_only_the_order_of_entry(
        (events, shuffled) in any_events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        supply in any_supply(),
    ) {
        prop_assert_eq!(given(&events, &supply, 6_000), given(&shuffled, &supply, 6_000));
    }

    #[test]
    fn rounding_once_is_within_half_a_hundredth(events in any_events(), supply in any_supply()) {
        let dose = given(&events, &supply, 6_000).iv;
        let shown: Micrograms = q(&dose.shown_mg());
        prop_assert!((i128::from(shown.get()) * ExactDose::IV_PARTS - dose.parts()).abs() <= 5 * ExactDose::IV_PARTS);
    }
}
