//! The tables of clinical.md 4.2 and 4.4 as corrected by decisions.md 13, 14, 39 and 40.

mod properties;

use super::*;
use crate::domain::observation::tests::{at, chart, draft, pressure};
use crate::domain::observation::{AbsentDraft, Amends, Correction};
use crate::domain::observation::{DissociationDraft, Draft, HallucinationDraft, SedationDraft};
use crate::domain::order::{LimitedMeasure, MeasureLimit, SessionLimits};
use proptest::prelude::*;

fn baseline() -> Baseline {
    Baseline {
        systolic: Some(120),
        diastolic: Some(76),
        heart_rate: Some(70),
        spo2: Some(98),
        orientation: Some(4),
        dissociation: Some(0),
        pain: Some(7),
    }
}

struct Ward {
    rules: Rules,
    baseline: Baseline,
    limits: Option<SessionLimits>,
    stopped_at: Option<Timestamp>,
}

impl Ward {
    fn new() -> Self {
        Self { rules: Rules::seeded(), baseline: baseline(), limits: None, stopped_at: None }
    }

    /// Comes with 140/88, so that the absolute lines are reached before the rises.
    fn hypertensive() -> Self {
        Self { baseline: Baseline { systolic: Some(140), diastolic: Some(88), ..baseline() }, ..Self::new() }
    }

    fn context(&self) -> Context<'_> {
        Context {
            rules: &self.rules,
            baseline: &self.baseline,
            limits: self.limits.as_ref(),
            started_at: Some(at(0)),
            stopped_at: self.stopped_at,
        }
    }

    /// The assessment of the last of these rows.
    fn last(&self, rows: &[Observation]) -> Assessment {
        let rows: Vec<&Observation> = rows.iter().collect();
        let (row, earlier) = rows.split_last().unwrap();
        assess(row, earlier, &self.context())
    }

    fn level(&self, rows: &[Observation]) -> Level {
        self.last(rows).level
    }
}

fn minutes_to(assessment: &Assessment, from: i64) -> Option<i64> {
    assessment.recheck_due_at.map(|due| due.minutes_since(at(from)))
}

#[test]
fn one_reading_alone_prompts_but_never_pages() {
    let ward = Ward::new();
    let table = [
        (139, 80, Level::None, None),
        (149, 89, Level::Watch, None), // +24 % from the floor of 140
        (150, 80, Level::Watch, None),
        (120, 95, Level::Watch, None),
        (165, 80, Level::Watch, Some(5)),
        (130, 100, Level::Watch, Some(5)),
        (180, 90, Level::Pause, Some(5)),
        (150, 110, Level::Pause, Some(5)),
        (200, 100, Level::Pause, Some(2)),
        (205, 121, Level::Pause, Some(2)),
    ];
    for (systolic, diastolic, level, recheck) in table {
        let seen = ward.last(&[pressure(10, systolic, diastolic)]);
        assert_eq!((seen.level, minutes_to(&seen, 10)), (level, recheck), "{systolic}/{diastolic}");
        assert!(
            seen.findings.iter().all(|finding| finding.level < Level::Act || !finding.confirmed),
            "{systolic}/{diastolic}"
        );
    }
}

#[test]
fn the_second_reading_confirms() {
    let ward = Ward::new();
    for (systolic, level) in [(150, Level::Watch), (165, Level::Act), (180, Level::Pause), (200, Level::Stop)] {
        let seen = ward.last(&[pressure(10, systolic, 80), pressure(13, systolic, 80)]);
        assert_eq!((seen.level, seen.recheck_due_at), (level, None), "{systolic}");
        assert!(seen.findings.iter().all(|finding| finding.confirmed));
    }
}

#[test]
fn a_reading_entered_twice_or_an_old_one_confirms_nothing() {
    let ward = Ward::hypertensive();
    let again = |row: &Observation, seconds: i64| Observation {
        occurred_at: row.occurred_at.plus_seconds(seconds),
        ..row.clone()
    };
    let first = pressure(10, 170, 90);
    assert_eq!(ward.level(&[first.clone(), again(&first, 20)]), Level::Watch);
    assert_eq!(ward.level(&[first.clone(), again(&first, 40)]), Level::Act);
    assert_eq!(ward.level(&[first.clone(), again(&first, 16 * 60)]), Level::Watch);
    // A normal reading in between, after the recheck time: the first one was noise.
    assert_eq!(ward.level(&[first.clone(), pressure(14, 130, 80), again(&first, 8 * 60)]), Level::Watch);
}

#[test]
fn rises_count_from_a_floor_each_pressure_against_its_own_baseline() {
    let mut ward = Ward::new();
    ward.baseline = Baseline { systolic: Some(100), diastolic: Some(60), ..baseline() };
    // 100/60 to 140/84 is +40 %, and no reason to pause (decisions.md 13).
    let table = [
        (139, 84, Level::None, ""),
        (140, 84, Level::Watch, "pressure_high.systolic_rise.watch"),
        (155, 84, Level::Watch, "pressure_high.systolic_rise.act"),
        (170, 84, Level::Pause, "pressure_high.systolic_rise.pause"),
        (120, 89, Level::None, ""),
        (120, 90, Level::Watch, "pressure_high.diastolic_rise.watch"),
        (120, 105, Level::Pause, "pressure_high.diastolic_rise.pause"),
    ];
    for (systolic, diastolic, level, rule) in table {
        let seen = ward.last(&[pressure(10, systolic, diastolic)]);
        assert_eq!((seen.level, seen.rules().join(" ").as_str()), (level, rule), "{systolic}/{diastolic}");
    }
}

#[test]
fn the_walk_through_with_tightness_ends_in_stop_and_emergency() {
    let mut ward = Ward::new();
    ward.baseline = Baseline { systolic: Some(128), diastolic: Some(78), ..baseline() };
    let first = pressure(10, 172, 104);
    assert_eq!(
        (ward.level(std::slice::from_ref(&first)), minutes_to(&ward.last(std::slice::from_ref(&first)), 10)),
        (Level::Watch, Some(5))
    );
    let tight = Draft {
        systolic_mmhg: Some(186),
        diastolic_mmhg: Some(112),
        red_flags: Some(vec!["chest_pain_or_pressure".into()]),
        ..draft()
    };
    let second = ward.last(&[first.clone(), chart(&tight, 14)]);
    assert_eq!(
        (second.level, second.recommended.get(..2)),
        (Level::Stop, Some(&[Advice::Stop, Advice::Emergency][..]))
    );
    assert_eq!(ward.level(&[first, pressure(14, 186, 112)]), Level::Pause);
}

#[test]
fn a_red_flag_stops_whatever_the_numbers_are() {
    let ward = Ward::new();
    for flag in crate::domain::observation::RedFlag::WORDS {
        let row = Draft {
            systolic_mmhg: Some(120),
            diastolic_mmhg: Some(75),
            red_flags: Some(vec![(*flag).into()]),
            ..draft()
        };
        let seen = ward.last(&[chart(&row, 10)]);
        assert_eq!((seen.level, seen.recommended), (Level::Stop, vec![Advice::Stop, Advice::Emergency]), "{flag}");
    }
    let none = Draft { red_flags: Some(Vec::new()), ..draft() };
    assert_eq!(ward.level(&[chart(&none, 10)]), Level::None);
}

#[test]
fn limits_of_the_visit_move_act_and_pause_but_never_the_stop_line() {
    let mut ward = Ward::new();
    ward.baseline = Baseline { systolic: Some(120), ..baseline() };
    let own = MeasureLimit { measure: LimitedMeasure::Systolic, act: 178, pause: 190 };
    ward.limits = Some(SessionLimits { measures: vec![own], reason: "released at 164/98".into() });
    // +48 % at 177: below the visit's own line no rise counts as act or pause either.
    for (systolic, level) in [(177, Level::Watch), (189, Level::Act), (190, Level::Pause), (200, Level::Stop)] {
        assert_eq!(ward.level(&[pressure(10, systolic, 80), pressure(12, systolic, 80)]), level, "{systolic}");
    }
}

fn vital(set: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = draft();
    set(&mut draft);
    draft
}

#[test]
fn heart_saturation_and_breathing_have_their_lines() {
    let ward = Ward::new();
    let heart = |rate: i64| vital(|row| row.heart_rate_per_min = Some(rate));
    let spo2 = |percent: i64| vital(|row| row.spo2_percent = Some(percent));
    let breath = |rate: i64| vital(|row| row.resp_rate_per_min = Some(rate));
    let once = [
        (heart(110), Level::None),
        (heart(111), Level::Watch),
        (heart(121), Level::Watch),
        (heart(131), Level::Pause),
        (heart(151), Level::Stop),
        (heart(50), Level::None),
        (heart(49), Level::Watch),
        (heart(39), Level::Pause),
        (spo2(95), Level::None),
        (spo2(92), Level::None),
        (spo2(91), Level::Act),
        (spo2(89), Level::Act),
        (spo2(84), Level::Stop),
        (breath(10), Level::None),
        (breath(9), Level::Watch),
        (breath(7), Level::Pause),
        (breath(5), Level::Stop),
        (breath(0), Level::Stop),
        (breath(25), Level::Watch),
        (breath(31), Level::Watch),
    ];
    for (draft, level) in &once {
        assert_eq!(ward.level(&[chart(draft, 10)]), *level, "{draft:?}");
    }
    let twice = [
        (heart(49), 3, Level::Act),
        (heart(121), 3, Level::Watch),
        (heart(121), 5, Level::Act),
        (spo2(95), 1, Level::Watch),
        (spo2(89), 1, Level::Pause),
        (breath(9), 3, Level::Act),
        (breath(31), 3, Level::Act),
    ];
    for (draft, minutes, level) in &twice {
        assert_eq!(ward.level(&[chart(draft, 10), chart(draft, 10 + minutes)]), *level, "{minutes} {draft:?}");
    }
}

#[test]
fn what_is_normal_for_this_patient_or_this_altitude_does_not_alarm() {
    let mut ward = Ward::new();
    let slow = vital(|row| row.heart_rate_per_min = Some(46));
    let rows = [chart(&slow, 10), chart(&slow, 13)];
    assert_eq!(ward.level(&rows), Level::Act);
    ward.baseline.heart_rate = Some(47); // propranolol, and known from before the drug
    assert_eq!(ward.level(&rows), Level::None);
    let thin_air = vital(|row| row.spo2_percent = Some(91));
    assert_eq!(ward.level(&[chart(&thin_air, 10)]), Level::Act);
    ward.rules.hold.normal_spo2_percent = 93;
    ward.baseline.spo2 = Some(93);
    assert_eq!(ward.level(&[chart(&thin_air, 10)]), Level::None);
}

#[test]
fn sedation_is_flagged_notified_paused_stopped() {
    let ward = Ward::new();
    let table = [
        ("moaas", 5, Level::None),
        ("moaas", 4, Level::Watch),
        ("moaas", 3, Level::Act),
        ("moaas", 2, Level::Pause),
        ("moaas", 1, Level::Stop),
        ("moaas", 0, Level::Stop),
        ("rass", 0, Level::None),
        ("rass", -1, Level::None),
        ("rass", -2, Level::Act),
        ("rass", -3, Level::Stop),
        ("rass", 1, Level::None),
        ("rass", 2, Level::Act),
    ];
    for (scale, score, level) in table {
        let row = vital(|row| row.sedation = Some(SedationDraft { scale: scale.into(), score }));
        assert_eq!(ward.level(&[chart(&row, 10)]), level, "{scale} {score}");
    }
}

#[test]
fn dissociation_is_expected_until_it_frightens_or_lasts() {
    let mut ward = Ward::new();
    let cadss = |total| {
        vital(|row| {
            row.dissociation = Some(DissociationDraft { scale: "cadss6".into(), items: None, total: Some(total) });
        })
    };
    let seen = |insight_kept, distress| {
        let hallucination = HallucinationDraft {
            present: true,
            modality: vec!["visual".into()],
            insight_kept: Some(insight_kept),
            distress_0_10: Some(distress),
        };
        vital(|row| row.hallucination = Some(hallucination))
    };
    assert_eq!(ward.level(&[chart(&cadss(7), 20)]), Level::None);
    assert_eq!(ward.level(&[chart(&cadss(24), 20)]), Level::Watch);
    assert_eq!(ward.level(&[chart(&vital(|row| row.orientation_score = Some(2)), 20)]), Level::Watch);
    assert_eq!(ward.level(&[chart(&seen(true, 6), 20)]), Level::None);
    assert_eq!(ward.level(&[chart(&seen(true, 7), 20)]), Level::Act);
    assert_eq!(ward.level(&[chart(&seen(false, 0), 20)]), Level::Act);
    ward.stopped_at = Some(at(40));
    assert_eq!(ward.level(&[chart(&cadss(8), 99)]), Level::Watch);
    assert_eq!(ward.level(&[chart(&cadss(8), 100)]), Level::Act);
}

#[test]
fn a_pulse_that_cannot_be_found_is_no_reassurance_and_nausea_is_no_alarm() {
    let ward = Ward::new();
    let lost = vital(|row| {
        row.absent = vec![AbsentDraft { field: "heart_rate_per_min".into(), reason: "unrecordable".into() }];
    });
    assert_eq!(ward.level(&[chart(&lost, 10)]), Level::Act);
    let refused =
        vital(|row| row.absent = vec![AbsentDraft { field: "heart_rate_per_min".into(), reason: "refused".into() }]);
    assert_eq!(ward.level(&[chart(&refused, 10)]), Level::None);
    let sick = ward.last(&[chart(&vital(|row| row.nausea = Some("severe".into())), 10)]);
    assert_eq!((sick.level, sick.recommended), (Level::Watch, vec![Advice::OfferAntiemetic]));
}

#[test]
fn watch_does_not_block_a_rise_and_an_act_reading_does_even_before_its_second() {
    let ward = Ward::hypertensive();
    assert!(!ward.last(&[pressure(10, 164, 90)]).blocks_rise());
    assert!(ward.last(&[pressure(10, 165, 90)]).blocks_rise());
}

#[test]
fn a_condition_rises_and_falls_and_keeps_its_peak() {
    let ward = Ward::hypertensive();
    let rows = [
        pressure(10, 170, 90),
        pressure(13, 172, 90),
        pressure(16, 184, 90),
        pressure(20, 150, 90),
        pressure(25, 130, 80),
    ];
    let rows: Vec<&Observation> = rows.iter().collect();
    let levels: Vec<Level> = courses(&rows, &ward.context()).1.iter().map(|assessment| assessment.level).collect();
    assert_eq!(levels, [Level::Watch, Level::Act, Level::Pause, Level::Watch, Level::None]);
    let during = courses(&rows[..3], &ward.context()).0;
    assert_eq!((during[0].level, during[0].risen_at, during[0].confirmed), (Level::Pause, Some(at(13)), true));
    let after = courses(&rows, &ward.context()).0;
    assert_eq!(after.len(), 1);
    assert_eq!(
        (after[0].level, after[0].peak, after[0].peak_at, after[0].risen_at),
        (Level::None, Level::Pause, at(16), None)
    );
}

#[test]
fn before_the_start_only_a_number_nobody_should_sit_with_alerts() {
    let ward = Ward::new();
    let course = |systolic| {
        let rows = [pressure(-5, systolic, 90), pressure(-2, systolic, 90)];
        courses(&rows.iter().collect::<Vec<_>>(), &ward.context()).0.len()
    };
    assert_eq!((course(170), course(185)), (0, 1));
}

#[test]
fn a_start_from_paper_takes_the_first_reading_entered_for_the_time_before_it() {
    let start = StartOfDrug { occurred_at: at(0), recorded_at: at(30) };
    let typed_late = |minute: i64, entered: i64, systolic| Observation {
        recorded_at: at(entered),
        ..pressure(minute, systolic, 80)
    };
    let rows = [typed_late(-5, 35, 118), typed_late(-8, 36, 150), typed_late(5, 31, 160)];
    assert_eq!(Baseline::of(&rows, Some(start)).systolic, Some(118));
    assert_eq!(Baseline::of(&rows[..0], Some(start)), Baseline::default());
}
