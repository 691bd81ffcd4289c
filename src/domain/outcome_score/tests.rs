use super::*;
use proptest::prelude::*;

const NOW: i64 = 1_772_000_000_000;

fn parse(scale: OutcomeScale, items: &[Option<i64>]) -> Result<OutcomeScore, Vec<String>> {
    let mut errors = FieldErrors::none();
    let fields = OutcomeScoreFields { scale, timepoint: Timepoint::Baseline, items, answered_at: None };
    let score = fields.parse(Timestamp::from_millis(NOW), &mut errors);
    match errors.finish() {
        Ok(()) => Ok(score.unwrap()),
        Err(Refusal::Invalid(errors)) => Err(errors.into_iter().map(|error| error.pointer).collect()),
        Err(other) => panic!("{other:?}"),
    }
}

fn total_and_band(scale: OutcomeScale, items: &[i64]) -> (Option<i64>, Option<&'static str>) {
    let score = parse(scale, &items.iter().copied().map(Some).collect::<Vec<_>>()).unwrap();
    (score.total(), score.band().map(ScoreBand::as_str))
}

#[test]
fn the_bands_begin_and_end_where_the_scales_say() {
    for (value, band) in
        [(0, "none"), (1, "mild"), (3, "mild"), (4, "moderate"), (6, "moderate"), (7, "severe"), (10, "severe")]
    {
        assert_eq!(total_and_band(OutcomeScale::NrsNow, &[value]), (Some(value), Some(band)));
    }
    for (items, total, band) in [
        ([6, 6, 6, 6, 6, 6], 36, "little_impact"),
        ([8, 8, 8, 8, 8, 8], 48, "little_impact"),
        ([8, 8, 8, 8, 8, 10], 50, "some_impact"),
        ([8, 8, 8, 10, 10, 11], 55, "some_impact"),
        ([8, 8, 10, 10, 10, 10], 56, "substantial_impact"),
        ([8, 10, 10, 10, 10, 11], 59, "substantial_impact"),
        ([10, 10, 10, 10, 10, 10], 60, "severe"),
        ([13, 13, 13, 13, 13, 13], 78, "severe"),
    ] {
        assert_eq!(total_and_band(OutcomeScale::Hit6, &items), (Some(total), Some(band)));
    }
    for (total, band) in [
        (5, "grade_1"),
        (6, "grade_2"),
        (10, "grade_2"),
        (11, "grade_3"),
        (20, "grade_3"),
        (21, "grade_4a"),
        (40, "grade_4a"),
        (41, "grade_4b"),
    ] {
        assert_eq!(
            total_and_band(OutcomeScale::Midas, &[0, 0, 0, 0, total, 92, 10]),
            (Some(total), Some(band)),
            "A and B are not summed"
        );
    }
    for (total, band) in [
        (0, "minimal"),
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "moderately_severe"),
        (19, "moderately_severe"),
        (20, "severe"),
        (27, "severe"),
    ] {
        let items: Vec<i64> = (0..9).map(|index| (total - index * 3).clamp(0, 3)).collect();
        assert_eq!(total_and_band(OutcomeScale::Phq9, &items), (Some(total), Some(band)));
    }
    assert_eq!(total_and_band(OutcomeScale::Pgic, &[7]), (Some(7), None));
}

#[test]
fn item_9_calls_a_prescriber_whatever_the_total() {
    for (item, expected, review) in [
        (Some(0), Item9::Zero, false),
        (Some(1), Item9::Positive, true),
        (Some(3), Item9::Positive, true),
        (None, Item9::Missing, true),
    ] {
        let mut items = vec![Some(0); 8];
        items.push(item);
        let score = parse(OutcomeScale::Phq9, &items).unwrap();
        assert_eq!((score.item9(), score.needs_review()), (Some(expected), review));
        assert_eq!(score.total().is_some(), item.is_some(), "a missing item is never prorated");
    }
    assert_eq!(parse(OutcomeScale::NrsNow, &[Some(10)]).unwrap().item9(), None);
}

#[test]
fn midas_days_fit_into_three_months() {
    let some = |items: [i64; 7]| items.map(Some);
    assert!(parse(OutcomeScale::Midas, &some([46, 46, 92, 0, 92, 92, 10])).is_ok());
    assert_eq!(parse(OutcomeScale::Midas, &some([46, 47, 0, 0, 0, 0, 0])), Err(vec!["/items/1".to_owned()]));
    assert_eq!(parse(OutcomeScale::Midas, &some([0, 0, 90, 3, 0, 0, 0])), Err(vec!["/items/3".to_owned()]));
    assert_eq!(
        parse(OutcomeScale::Midas, &some([0, 0, 0, 0, 93, 0, 11])),
        Err(vec!["/items/4".to_owned(), "/items/6".to_owned()])
    );
}

#[test]
fn a_scale_has_its_items_and_no_others() {
    for scale in OutcomeScale::ALL {
        for count in [0, scale.item_count() - 1, scale.item_count() + 1] {
            assert_eq!(parse(*scale, &vec![Some(6); count]), Err(vec!["/items".to_owned()]), "{scale} {count}");
        }
        assert_eq!(parse(*scale, &vec![None; scale.item_count()]), Err(vec!["/items".to_owned()]), "{scale}");
    }
    assert_eq!(
        parse(OutcomeScale::Hit6, &[Some(6), Some(7), Some(8), Some(9), Some(10), Some(12)]),
        Err(["/items/1", "/items/3", "/items/5"].map(str::to_owned).to_vec())
    );
    assert_eq!(parse(OutcomeScale::Pgic, &[Some(0)]), Err(vec!["/items/0".to_owned()]));
}

proptest! {
    #[test]
    fn what_is_taken_has_a_sum_within_its_scale(scale in prop::sample::select(OutcomeScale::ALL), items in prop::collection::vec(prop::option::of(-5..100_i64), 0..10)) {
        if let Ok(score) = parse(scale, &items) {
            let range = match scale {
                OutcomeScale::NrsNow | OutcomeScale::NrsWorst | OutcomeScale::NrsAverage => 0..=10,
                OutcomeScale::Hit6 => 36..=78,
                OutcomeScale::Midas => 0..=276,
                OutcomeScale::Phq9 => 0..=27,
                OutcomeScale::Pgic => 1..=7,
            };
            prop_assert!(score.total().is_none_or(|total| range.contains(&total)));
            prop_assert_eq!(score.band().is_some(), score.total().is_some() && scale != OutcomeScale::Pgic);
        }
    }

    #[test]
    fn no_number_makes_the_parser_fall_over(scale in prop::sample::select(OutcomeScale::ALL), value in any::<i64>()) {
        let _ = parse(scale, &vec![Some(value); scale.item_count()]);
    }
}

#[test]
fn an_alarming_score_is_reviewed_once_and_a_quiet_one_not_at_all() {
    use crate::domain::id::PatientId;
    use uuid::Uuid;
    let entry = |n| Entry {
        id: OutcomeScoreReviewId(Uuid::from_u128(n)),
        patient: PatientId(Uuid::nil()),
        by: StaffId(Uuid::nil()),
        at: Timestamp::from_millis(NOW),
    };
    let statement = |item9| {
        let mut items = vec![Some(0); 8];
        items.push(item9);
        let what = parse(OutcomeScale::Phq9, &items).unwrap();
        let at = Timestamp::from_millis(NOW);
        Statement {
            id: OutcomeScoreId(Uuid::nil()),
            patient: PatientId(Uuid::nil()),
            status: ChartStatus::Active,
            amends: None,
            reason: None,
            what,
            recorded_at: at,
            recorded_by: StaffId(Uuid::nil()),
        }
    };
    let list = crate::domain::chart::listed(vec![statement(Some(2))]);
    assert_eq!(awaiting_review(&list, &[]), [OutcomeScoreId(Uuid::nil())]);
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let task = review_task(&statement(None), &zone).unwrap();
    assert_eq!((task.kind, task.audience), (TaskKind::ClinicianReview, TaskAudience::Prescriber));
    let left = task.due_at.minutes_since(Timestamp::from_millis(NOW));
    assert!((1..=24 * 60).contains(&left), "due by midnight of the clinic: {left} min");
    assert_eq!(review_task(&statement(Some(0)), &zone), None);
    let (first, events) = review(&statement(Some(2)), None, "C-SSRS done, plan made", entry(1)).unwrap();
    assert!(awaiting_review(&list, std::slice::from_ref(&first)).is_empty());
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::OutcomeScoreReviewed]);
    assert_eq!(review(&statement(Some(2)), Some(&first), "again", entry(2)), Err(already_reviewed()));
    assert!(review(&statement(Some(0)), None, "nothing to see", entry(2)).is_err());
    assert!(review(&statement(None), None, " ", entry(2)).is_err());
}
