//! Clinical sentences about a row of the flowsheet.

use super::*;
use crate::domain::policy::Rules;
use crate::domain::quantity::{Amount, Diastolic, Systolic};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::parse("2026-03-02T15:00:00Z").unwrap().plus_minutes(minutes)
}

pub(crate) fn sheet() -> Sheet {
    Sheet {
        session: SessionId(Uuid::from_u128(1)),
        patient: PatientId(Uuid::from_u128(2)),
        owner: StaffId(Uuid::from_u128(3)),
        started_at: Some(at(0)),
        stopped_at: None,
        locked_at: None,
    }
}

pub(crate) fn stamp(id: u128, now: Timestamp) -> Stamp {
    Stamp { id: ObservationId(Uuid::from_u128(id)), patient: sheet().patient, by: StaffId(Uuid::from_u128(3)), now }
}

pub(crate) fn on<'a>(standing: Status, sheet: &'a Sheet, reason: &'a str) -> Correcting<'a> {
    Correcting { standing, sheet, by: CorrectedBy { staff: StaffId(Uuid::from_u128(3)), prescriber: false }, reason }
}

pub(crate) fn draft() -> Draft {
    Draft::default()
}

/// A row with this blood pressure, seen and entered at this minute of the infusion.
pub(crate) fn pressure(minute: i64, systolic: i64, diastolic: i64) -> Observation {
    let draft = Draft { systolic_mmhg: Some(systolic), diastolic_mmhg: Some(diastolic), ..draft() };
    chart(&draft, minute)
}

pub(crate) fn chart(draft: &Draft, minute: i64) -> Observation {
    let id = u128::try_from(minute + 10_000).unwrap();
    Observation::chart(draft, &sheet(), stamp(id, at(minute))).unwrap().0
}

fn pointers(draft: &Draft) -> Vec<(String, &'static str)> {
    match Observation::chart(draft, &sheet(), stamp(9, at(30))) {
        Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| (error.pointer, error.code)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_mean_pressure_is_exact_to_the_tenth() {
    for (systolic, diastolic, tenths) in
        [(128, 78, 947), (156, 96, 1160), (148, 92, 1107), (120, 80, 933), (300, 200, 2333)]
    {
        let mean = mean_arterial_tenths(Systolic::new(systolic).unwrap(), Diastolic::new(diastolic).unwrap());
        assert_eq!(mean, tenths, "{systolic}/{diastolic}");
    }
}

#[test]
fn the_impossible_is_refused_field_by_field_and_all_at_once() {
    let wrong = Draft {
        systolic_mmhg: Some(301),
        spo2_percent: Some(101),
        temperature_c: Some("98.60".into()),
        sedation: Some(SedationDraft { scale: "moaas".into(), score: 6 }),
        pain_nrs_0_10: Some(11),
        red_flags: Some(vec!["dyspnoea".into(), "doom".into()]),
        occurred_at: Some("yesterday".into()),
        ..draft()
    };
    let expected = [
        ("/systolic_mmhg", "range"),
        ("/spo2_percent", "range"),
        ("/temperature_c", "decimals"),
        ("/sedation/score", "range"),
        ("/pain_nrs_0_10", "range"),
        ("/red_flags/1", "unknown_word"),
        ("/occurred_at", "timestamp"),
    ];
    assert_eq!(pointers(&wrong), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn diastolic_lies_below_systolic() {
    let swapped = Draft { systolic_mmhg: Some(90), diastolic_mmhg: Some(90), ..draft() };
    assert_eq!(pointers(&swapped), [("/diastolic_mmhg".to_owned(), "not_below_systolic")]);
}

#[test]
fn a_row_says_something() {
    assert_eq!(pointers(&Draft { bp_site: Some("left_arm".into()), ..draft() }), [(String::new(), "required")]);
    let refused = AbsentDraft { field: "systolic_mmhg".into(), reason: "refused".into() };
    chart(&Draft { absent: vec![refused], ..draft() }, 5);
    chart(&Draft { red_flags: Some(Vec::new()), ..draft() }, 6);
}

#[test]
fn not_asked_is_not_the_same_as_none() {
    let asked = chart(&Draft { red_flags: Some(Vec::new()), ..draft() }, 5);
    let not_asked = chart(&Draft { pain_nrs_0_10: Some(3), ..draft() }, 6);
    assert_eq!((asked.measures.red_flags, not_asked.measures.red_flags), (Some(Vec::new()), None));
}

#[test]
fn a_total_that_is_not_the_sum_of_its_items_is_refused() {
    let items = |points: [i64; 5]| {
        ["vital_signs", "gait", "nausea", "pain", "iv_site"]
            .map(String::from)
            .into_iter()
            .zip(points)
            .collect::<Vec<_>>()
    };
    let padss = |points, total| ScoreDraft { scale: "padss".into(), version: Some(1), items: items(points), total };
    let row = chart(&Draft { scores: vec![padss([2, 2, 2, 1, 2], None)], ..draft() }, 5);
    assert_eq!(row.measures.scores.first().map(|score| score.total), Some(9));
    let wrong = Draft { scores: vec![padss([2, 2, 2, 1, 2], Some(10)), padss([3, 2, 2, 1, 2], None)], ..draft() };
    let expected = [("/scores/0/total", "total_mismatch"), ("/scores/1/items/vital_signs", "range")];
    assert_eq!(pointers(&wrong), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    let cadss = DissociationDraft { scale: "cadss6".into(), items: Some(vec![1, 1, 1, 1, 1, 2]), total: Some(6) };
    assert_eq!(
        pointers(&Draft { dissociation: Some(cadss), ..draft() }),
        [("/dissociation/total".to_owned(), "total_mismatch")]
    );
}

#[test]
fn a_clock_that_runs_ahead_is_held_back_and_remembered() {
    let ahead = Draft { occurred_at: Some(at(40).to_string()), pain_nrs_0_10: Some(3), ..draft() };
    let row = chart(&ahead, 30);
    assert_eq!((row.occurred_at, row.claimed_at), (at(30), Some(at(40))));
}

#[test]
fn a_late_row_is_taken_whatever_its_age_and_marked() {
    for (age, late, asks) in [
        (0, false, false),
        (15, false, false),
        (16, true, false),
        (60, true, false),
        (61, true, true),
        (9000, true, true),
    ] {
        let seen = Draft { occurred_at: Some(at(100 - age).to_string()), pain_nrs_0_10: Some(3), ..draft() };
        let row = chart(&seen, 100);
        let lateness = Rules::seeded().time;
        assert_eq!((row.is_late(&lateness), row.lacks_late_reason(&lateness)), (late, asks), "{age} min");
    }
}

#[test]
fn a_row_belongs_to_the_phase_of_its_own_time() {
    let stopped = Sheet { stopped_at: Some(at(40)), ..sheet() };
    for (minute, phase) in [(-1, Phase::Baseline), (0, Phase::Infusion), (39, Phase::Infusion), (40, Phase::Recovery)] {
        assert_eq!(stopped.phase_at(at(minute)), phase, "{minute}");
    }
}

#[test]
fn a_row_about_another_patient_or_after_the_books_are_closed_is_refused() {
    let row = Draft { pain_nrs_0_10: Some(1), ..draft() };
    let other = Stamp { patient: PatientId(Uuid::from_u128(77)), ..stamp(9, at(30)) };
    let clash = |result: Result<(Observation, Event), Refusal>| match result {
        Err(Refusal::Clash { clash, .. }) => clash,
        other => panic!("{other:?}"),
    };
    assert_eq!(clash(Observation::chart(&row, &sheet(), other)), Clash::PatientMismatch);
    let locked = Sheet { locked_at: Some(at(20)), ..sheet() };
    assert_eq!(clash(Observation::chart(&row, &locked, stamp(9, at(30)))), Clash::WrongState);
}

#[test]
fn a_correction_leaves_the_old_row_readable_and_happens_once() {
    let old = pressure(5, 250, 90);
    let right =
        Draft { systolic_mmhg: Some(150), diastolic_mmhg: Some(90), occurred_at: Some(at(5).to_string()), ..draft() };
    let (new, event) =
        old.correct(&on(Status::Final, &sheet(), "typed 250 for 150"), &right, stamp(50, at(7))).unwrap();
    assert_eq!(event.reason.as_deref(), Some("typed 250 for 150"));
    let rows = [old.clone(), new.clone()];
    assert_eq!((status_of(&old, &rows), status_of(&new, &rows)), (Status::Amended, Status::Final));
    assert_eq!(standing(&rows), [&new]);
    let twice = old.correct(&on(status_of(&old, &rows), &sheet(), "again"), &right, stamp(51, at(8)));
    assert!(matches!(twice, Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
}

#[test]
fn a_row_on_the_wrong_patient_moves_with_its_time_and_its_author() {
    let here = pressure(5, 190, 100);
    let there = Sheet {
        session: SessionId(Uuid::from_u128(8)),
        patient: PatientId(Uuid::from_u128(9)),
        started_at: None,
        ..sheet()
    };
    let stamps = [stamp(60, at(9)), Stamp { patient: there.patient, ..stamp(61, at(9)) }];
    let [(mark, _), (copy, event)] =
        here.relocate(&on(Status::Final, &sheet(), "other chair"), &there, stamps).unwrap();
    assert!(!mark.has_values() && standing(&[here.clone(), mark.clone()]).is_empty());
    assert_eq!(status_of(&here, &[here.clone(), mark]), Status::EnteredInError);
    assert_eq!((copy.session, copy.patient, copy.phase), (there.session, there.patient, Phase::Baseline));
    assert_eq!(
        (copy.occurred_at, copy.measures.clone(), copy.moved_from),
        (here.occurred_at, here.measures, Some(here.id))
    );
    assert_eq!(event.patient, Some(there.patient));
}

proptest! {
    /// Never-rule 7: whatever a monitor can show is saved, and the strange is marked.
    #[test]
    fn no_frightening_number_is_ever_refused(
        systolic in 51_i64..=300, below in 1_i64..=250, heart_rate in 20_i64..=250, resp in 0_i64..=60, spo2 in 40_i64..=100,
    ) {
        let diastolic = (systolic - below).clamp(20, 200).min(systolic - 1);
        let frightening = Draft {
            systolic_mmhg: Some(systolic), diastolic_mmhg: Some(diastolic), heart_rate_per_min: Some(heart_rate),
            resp_rate_per_min: Some(resp), spo2_percent: Some(spo2), ..draft()
        };
        let row = Observation::chart(&frightening, &sheet(), stamp(9, at(5)));
        prop_assert!(row.is_ok());
        let (row, _) = row.unwrap();
        prop_assert_eq!(row.measures.unusual().contains(&Measure::Systolic), !(80..=220).contains(&systolic));
    }
}
