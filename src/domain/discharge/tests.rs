//! Who may go home: clinical.md 4.5 and decisions.md 16.

use super::*;
use crate::domain::observation::tests::{at, chart, draft};
use crate::domain::observation::{Draft, ScoreDraft};
use crate::domain::protocol::{migraine_iv, migraine_nebulized};
use proptest::prelude::*;

struct Chair {
    rules: Rules,
    stay: Stay,
    baseline: Baseline,
    rescued_at: Option<Timestamp>,
    dose: i64,
    now: i64,
}

impl Chair {
    fn new() -> Self {
        let baseline =
            Baseline { systolic: Some(150), diastolic: Some(94), spo2: Some(97), pain: Some(7), ..Baseline::default() };
        Self { rules: Rules::seeded(), stay: migraine_iv().stay, baseline, rescued_at: None, dose: 500, now: 120 }
    }

    fn unmet(&self, rows: &[Observation]) -> Vec<&'static str> {
        let rows: Vec<&Observation> = rows.iter().collect();
        let facts = Facts {
            now: at(self.now),
            rules: &self.rules,
            score_set: ScoreSet::Padss,
            stay: &self.stay,
            started_at: at(0),
            stopped_at: at(40),
            dose: MicrogramsPerKilogram::new(self.dose).unwrap(),
            rescued_at: self.rescued_at,
            baseline: &self.baseline,
            rows: &rows,
        };
        unmet(&facts).iter().map(|unmet| unmet.code).collect()
    }
}

fn padss(points: [i64; 5]) -> ScoreDraft {
    let items =
        ["vital_signs", "gait", "nausea", "pain", "iv_site"].map(String::from).into_iter().zip(points).collect();
    ScoreDraft { scale: "padss".into(), version: None, items, total: None }
}

fn fit() -> Draft {
    Draft {
        systolic_mmhg: Some(130),
        diastolic_mmhg: Some(80),
        spo2_percent: Some(97),
        orientation_score: Some(4),
        gait: Some("steady".into()),
        pain_nrs_0_10: Some(7),
        scores: vec![padss([2, 2, 2, 0, 2])],
        ..draft()
    }
}

#[test]
fn a_fit_patient_goes_home_with_the_headache_she_came_with() {
    assert_eq!(Chair::new().unmet(&[chart(&fit(), 105), chart(&fit(), 115)]), Vec::<&str>::new());
}

#[test]
fn every_open_criterion_is_named_at_once() {
    let all = [
        "discharge_scores",
        "minimum_stay",
        "discharge_pressure",
        "discharge_orientation",
        "discharge_gait",
        "discharge_saturation",
    ];
    assert_eq!(Chair { now: 60, ..Chair::new() }.unmet(&[]), all);
}

#[test]
fn the_pain_item_asks_whether_it_is_worse_than_on_arrival() {
    let rules = Rules::seeded().discharge;
    let table = [
        (3, Some(0), 2),
        (0, None, 2),
        (4, None, 0),
        (7, Some(7), 2),
        (5, Some(7), 2),
        (8, Some(7), 1),
        (9, Some(7), 1),
        (10, Some(7), 0),
        (4, Some(3), 1),
        (5, Some(2), 0),
    ];
    for (now, arrival, points) in table {
        assert_eq!(pain_points(now, arrival, false, &rules), points, "{now} after {arrival:?}");
        assert_eq!(pain_points(now, arrival, true, &rules), 0, "a different headache");
    }
}

#[test]
fn two_sets_ten_minutes_apart_with_none_below_in_between() {
    let low = Draft { scores: vec![padss([1, 1, 2, 0, 2])], ..fit() };
    let chair = Chair::new();
    let missing = |rows: &[Observation]| chair.unmet(rows).contains(&"discharge_scores");
    assert!(missing(&[chart(&fit(), 115)]));
    assert!(missing(&[chart(&fit(), 106), chart(&fit(), 115)]));
    assert!(!missing(&[chart(&fit(), 105), chart(&fit(), 110), chart(&fit(), 115)]));
    assert!(missing(&[chart(&fit(), 95), chart(&low, 110), chart(&fit(), 115)]));
    assert!(missing(&[chart(&fit(), 20), chart(&fit(), 115)]), "a set under the drug counts for nothing");
}

#[test]
fn the_stay_depends_on_route_dose_and_rescue() {
    let rows = [chart(&fit(), 80), chart(&fit(), 95)];
    let stays = |chair: &Chair| chair.unmet(&rows).contains(&"minimum_stay");
    for (now, dose, stay) in [(99, 500, true), (100, 500, false), (100, 751, true), (119, 751, true), (120, 751, false)]
    {
        assert_eq!(stays(&Chair { dose, now, ..Chair::new() }), stay, "{now} min, {dose} ug/kg");
    }
    assert!(stays(&Chair { now: 119, rescued_at: Some(at(60)), ..Chair::new() }));
    assert!(!stays(&Chair { now: 120, rescued_at: Some(at(60)), ..Chair::new() }));
    assert!(!stays(&Chair { now: 100, dose: 1_500, stay: migraine_nebulized().stay, ..Chair::new() }));
}

#[test]
fn pressure_is_fine_below_the_line_or_near_the_baseline() {
    let chair = Chair::new();
    for (systolic, diastolic, open) in
        [(149, 94, false), (150, 94, false), (180, 94, false), (181, 94, true), (149, 113, true), (149, 112, false)]
    {
        let row = Draft { systolic_mmhg: Some(systolic), diastolic_mmhg: Some(diastolic), ..fit() };
        let found = chair.unmet(&[chart(&fit(), 105), chart(&row, 116)]).contains(&"discharge_pressure");
        assert_eq!(found, open, "{systolic}/{diastolic}");
    }
}

#[test]
fn old_readings_say_nothing_about_now() {
    let stale = Chair { now: 150, ..Chair::new() };
    assert!(stale.unmet(&[chart(&fit(), 105), chart(&fit(), 115)]).contains(&"discharge_pressure"));
}

proptest! {
    /// No criterion is out of reach: whatever pain the patient came with, the same pain lets her go.
    #[test]
    fn pain_on_arrival_never_keeps_a_patient(arrival in 0_i64..=10, relief in 0_i64..=10) {
        let now = (arrival - relief).max(0);
        prop_assert_eq!(pain_points(now, Some(arrival), false, &Rules::seeded().discharge), 2);
    }
}
