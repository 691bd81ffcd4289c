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
fn every_visit_ends_with_a_closed_record_or_before_any_drug_and_a_crisis_is_paused_within_six_minutes() {
    let report = play(Settings { patients: 10, weeks: 1, seed: 1 });
    assert_eq!(report.closed + report.sent_home, 20, "{report}");
    assert!(report.closed >= 14 && report.rows > 10 * report.closed, "{report}");
    // decisions.md 39: at most six minutes after the first true 180, with a row every minute.
    assert!(!report.crises.is_empty() && report.crises.iter().all(|minutes| (0..=6).contains(minutes)), "{report}");
}

#[test]
fn the_same_seed_plays_the_same_clinic() {
    let settings = Settings { patients: 3, weeks: 1, seed: 3 };
    assert_eq!(play(settings), play(settings));
}
