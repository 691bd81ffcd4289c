//! Checks due and overdue: decisions.md 15 and 18 with a clock in hand.

use super::*;
use crate::domain::observation::tests::{at, chart, draft};
use crate::domain::observation::{Draft, SedationDraft};
use crate::domain::policy::Rules;
use crate::domain::protocol::{migraine_iv, migraine_nebulized};
use proptest::prelude::*;

fn numeric() -> Draft {
    Draft {
        systolic_mmhg: Some(120),
        diastolic_mmhg: Some(75),
        heart_rate_per_min: Some(70),
        spo2_percent: Some(98),
        ..draft()
    }
}

fn full() -> Draft {
    Draft {
        sedation: Some(SedationDraft { scale: "moaas".into(), score: 5 }),
        red_flags: Some(Vec::new()),
        ..numeric()
    }
}

fn minutes(slots: &[Timestamp]) -> Vec<i64> {
    slots.iter().map(|slot| slot.minutes_since(at(0))).collect()
}

fn running() -> Grid {
    Grid { starts: vec![at(0)], ..Grid::default() }
}

fn schedule(now: i64, grid: &Grid, rows: &[Observation]) -> Schedule {
    Schedule::at(at(now), grid, &migraine_iv().monitoring, &Rules::seeded().checks, &rows.iter().collect::<Vec<_>>())
}

#[test]
fn the_grid_is_every_ten_minutes_then_every_fifteen_in_recovery() {
    let grid = Grid { stopped_at: Some(at(45)), ..running() };
    let slots = minutes(&schedule(60, &grid, &[]).slots);
    assert_eq!(slots, [10, 20, 30, 40, 60, 75, 90, 105, 120]);
}

#[test]
fn a_nebulized_visit_hangs_on_each_start() {
    let grid = Grid { starts: vec![at(0), at(40)], ..Grid::default() };
    let policy = Rules::seeded().checks;
    let slots = Schedule::at(at(40), &grid, &migraine_nebulized().monitoring, &policy, &[]).slots;
    assert_eq!(minutes(&slots), [0, 5, 10, 15, 30, 40, 45, 50, 55, 70, 85, 100]);
}

#[test]
fn a_close_rhythm_has_three_checks_and_is_not_restarted_while_it_runs() {
    let grid = Grid { triggers: vec![at(22), at(12), at(30)], ..running() };
    let slots = minutes(&schedule(0, &grid, &[]).slots);
    assert_eq!(slots, [10, 17, 20, 22, 27, 30, 35, 40, 45, 50, 60]);
}

#[test]
fn a_check_turns_due_amber_overdue_escalated() {
    let rows = [chart(&full(), 10)];
    let expected = [
        (19, CheckStatus::Upcoming),
        (20, CheckStatus::Due),
        (21, CheckStatus::Due),
        (22, CheckStatus::Amber),
        (24, CheckStatus::Amber),
        (25, CheckStatus::Overdue),
        (29, CheckStatus::Overdue),
        (30, CheckStatus::Escalated),
    ];
    for (now, status) in expected {
        let checks = schedule(now, &running(), &rows).checks;
        assert_eq!(checks.iter().map(|check| check.status).collect::<Vec<_>>(), [status], "minute {now}");
    }
}

#[test]
fn recovery_escalates_later_and_an_emergency_is_never_overdue() {
    let recovery = Grid { stopped_at: Some(at(40)), ..running() };
    let rows = [chart(&full(), 40)];
    let status = |grid: &Grid, now| schedule(now, grid, &rows).checks[0].status;
    assert_eq!((status(&recovery, 69), status(&recovery, 70)), (CheckStatus::Overdue, CheckStatus::Escalated));
    let emergency = Grid { emergency: true, ..recovery };
    assert_eq!(status(&emergency, 200), CheckStatus::Amber);
    assert!(schedule(200, &emergency, &rows).overdue().is_none());
}

#[test]
fn a_row_counts_for_the_parts_it_charts() {
    let rows = [chart(&full(), 10), chart(&numeric(), 20)];
    let checks = schedule(26, &running(), &rows).checks;
    let found: Vec<_> = checks.iter().map(|check| (check.due_at, check.parts.as_slice(), check.status)).collect();
    assert_eq!(
        found,
        [
            (at(20), &[CheckPart::Clinical][..], CheckStatus::Overdue),
            (at(30), &[CheckPart::Numeric][..], CheckStatus::Upcoming)
        ]
    );
}

#[test]
fn missed_times_are_one_check_and_two_minutes_early_is_in_time() {
    let overdue = schedule(58, &running(), &[chart(&full(), 10)]);
    assert_eq!((overdue.checks.len(), overdue.checks[0].due_at), (1, at(20)));
    let caught_up = schedule(58, &running(), &[chart(&full(), 10), chart(&full(), 58)]);
    assert_eq!(caught_up.checks[0].due_at, at(70));
}

#[test]
fn nothing_is_due_after_the_patient_left() {
    let grid = Grid { stopped_at: Some(at(40)), left_at: Some(at(120)), ..running() };
    assert_eq!(schedule(300, &grid, &[]).checks, []);
}

#[test]
fn nobody_is_quizzed_to_time() {
    let grid = Grid { planned_middle_at: Some(at(22)), ..running() };
    let asks = |now, rows: &[Observation]| schedule(now, &grid, rows).checks[0].asks_mind;
    let oriented = Draft { orientation_score: Some(4), ..full() };
    assert!(!asks(8, &[]));
    assert!(asks(18, &[chart(&full(), 10)]));
    assert!(!asks(28, &[chart(&full(), 10), chart(&oriented, 20)]));
    let drowsy = Draft { sedation: Some(SedationDraft { scale: "moaas".into(), score: 4 }), ..full() };
    assert!(asks(28, &[chart(&drowsy, 20), chart(&Draft { orientation_score: Some(4), ..draft() }, 21)]));
}

proptest! {
    /// However late and however often charted, at most one check of each part waits, and charting all clears it.
    #[test]
    fn a_full_row_now_leaves_nothing_overdue(now in 1_i64..=240, charted in proptest::collection::vec(0_i64..=240, 0..6), triggers in proptest::collection::vec(0_i64..=100, 0..4)) {
        let grid = Grid { triggers: triggers.into_iter().map(at).collect(), ..running() };
        let mut rows: Vec<Observation> = charted.into_iter().filter(|minute| *minute < now).map(|minute| chart(&full(), minute)).collect();
        rows.sort_by_key(|row| row.occurred_at);
        prop_assert!(schedule(now, &grid, &rows).checks.len() <= 2);
        rows.push(chart(&full(), now));
        let after = schedule(now, &grid, &rows);
        prop_assert!(after.overdue().is_none());
        prop_assert!(after.checks.iter().all(|check| check.due_at > at(now)));
    }
}
