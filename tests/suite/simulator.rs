//! The simulator: whole series of visits through the public API, on a simulated clock.

use crate::support::scratch;
use chairside::demo::simulate::{Report, Settings, run};

fn play(settings: Settings) -> Report {
    let folder = scratch();
    let report = run(settings, &folder).unwrap_or_else(|error| panic!("{settings:?}: {error}"));
    std::fs::remove_dir_all(folder).unwrap();
    report
}

#[test]
fn every_simulated_visit_ends_with_a_closed_record_or_before_any_drug() {
    let report = play(Settings { patients: 10, weeks: 1, seed: 1 });
    assert_eq!(report.closed + report.sent_home, 20, "{report}");
    assert!(report.closed >= 14 && report.rows > 10 * report.closed, "{report}");
}

#[test]
fn a_crisis_is_paused_within_six_minutes_of_the_first_true_180() {
    // Patient 8 of every ten plays a crisis; decisions.md 39 asks for six minutes with a row every minute.
    // Noise may have the nurse pause before the true pressure gets there; then another seed is asked.
    let reports = (1..=8).map(|seed| play(Settings { patients: 9, weeks: 1, seed }));
    let report = reports.into_iter().find(|report| !report.crises.is_empty()).expect("a crisis in eight clinics");
    assert!(report.crises.iter().all(|minutes| (0..=6).contains(minutes)), "{report}");
}

#[test]
fn the_same_seed_plays_the_same_clinic() {
    let settings = Settings { patients: 3, weeks: 1, seed: 3 };
    assert_eq!(play(settings), play(settings));
}
