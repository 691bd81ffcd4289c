//! The envelope against the tables of the protocol.

use super::super::{migraine_iv, migraine_nebulized};
use super::*;
use proptest::prelude::*;

fn weight(kg: &str) -> Grams {
    Grams::parse(kg).unwrap()
}

fn flow(ml_per_h: &str, mg_per_ml: &str) -> Flow {
    Flow {
        rate: MicrolitresPerHour::parse(ml_per_h).unwrap(),
        concentration: MicrogramsPerMillilitre::parse(mg_per_ml).unwrap(),
    }
}

fn rules(breaches: &[Breach]) -> Vec<&'static str> {
    breaches.iter().map(|breach| breach.rule).collect()
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(0).plus_minutes(minutes)
}

fn rise(from: &str, to: &str, minutes_since: i64) -> RiseFigures {
    RiseFigures {
        from: flow(from, "1"),
        to: flow(to, "1"),
        weight: weight("75"),
        at: at(minutes_since),
        last_rise_at: Some(at(0)),
    }
}

#[test]
fn the_80_ml_leg_of_v3_breaks_rate_and_step_and_shows_both_figures() {
    let breaches = migraine_iv().envelope.breaches_of_rise(&rise("60", "80", 20));
    assert_eq!(rules(&breaches), ["dosing.max_rate", "dosing.max_step"]);
    assert_eq!(breaches[0].actual, "1.067 mg/kg/h");
    assert_eq!((breaches[1].limit.as_str(), breaches[1].actual.as_str()), ("0.1 mg/kg/h", "0.267 mg/kg/h"));
    assert!(breaches.iter().all(|breach| breach.overridable == Override::Prescriber));
}

#[test]
fn a_step_at_the_limit_passes_and_a_hair_more_does_not() {
    let envelope = migraine_iv().envelope;
    assert_eq!(rules(&envelope.breaches_of_rise(&rise("60", "67.5", 10))), [""; 0]);
    assert_eq!(rules(&envelope.breaches_of_rise(&rise("60", "67.501", 10))), ["dosing.max_step"]);
    assert_eq!(rules(&envelope.breaches_of_rise(&rise("60", "67.5", 9))), ["dosing.step_gap"]);
}

#[test]
fn the_regimens_of_v9_lie_inside_except_where_the_template_says_less() {
    let envelope = migraine_iv().envelope;
    let order = |dose: &str, total: &str, rate: &str, duration_minutes| OrderFigures {
        dose: MicrogramsPerKilogram::parse(dose).unwrap(),
        total: Micrograms::parse(total).unwrap(),
        weight: weight("75"),
        flow: Some(flow(rate, "1")),
        duration_minutes,
    };
    assert_eq!(rules(&envelope.breaches_of_order(&order("0.5", "37.5", "50", 45))), [""; 0]);
    assert_eq!(rules(&envelope.breaches_of_order(&order("1", "75", "75", 60))), [""; 0]);
    assert_eq!(
        rules(&envelope.breaches_of_order(&order("1.2", "90", "60", 90))),
        ["dosing.max_dose", "dosing.max_total"]
    );
    assert_eq!(rules(&envelope.breaches_of_order(&order("0.5", "35", "52.5", 40))), ["dosing.duration"]);
}

#[test]
fn the_ten_fold_syringe_of_v8_breaks_every_limit_and_no_prescriber_alone_may_pass_the_cap() {
    let total = Micrograms::parse("350").unwrap();
    let breaches = migraine_iv().envelope.breaches_of_total(total, weight("70"));
    assert_eq!(rules(&breaches), ["dosing.max_total", "dosing.absolute_cap"]);
    assert!(matches!(Refusal::from(breaches[1].clone()), Refusal::ClinicalRule { override_allowed: false, .. }));
}

#[test]
fn a_nebulizer_knows_no_rate() {
    let envelope = migraine_nebulized().envelope;
    assert_eq!(envelope.breach_of_rate(flow("300", "10.5"), weight("70")), None);
    let fill = OrderFigures {
        dose: MicrogramsPerKilogram::parse("1.6").unwrap(),
        total: Micrograms::parse("52.5").unwrap(),
        weight: weight("70"),
        flow: None,
        duration_minutes: 60,
    };
    assert_eq!(rules(&envelope.breaches_of_order(&fill)), ["dosing.max_dose", "dosing.max_fill"]);
}

proptest! {
    #[test]
    fn a_decrease_is_never_refused(from in 0_i64..=1_200_000, less in 0_i64..=1_200_000, grams in 30_000_i64..=300_000) {
        let concentration = MicrogramsPerMillilitre::new(2_000).unwrap();
        let flow = |rate| Flow { rate: MicrolitresPerHour::clamped(rate), concentration };
        let figures = RiseFigures {
            from: flow(from), to: flow(from - less.min(from)), weight: Grams::new(grams).unwrap(), at: at(0), last_rise_at: Some(at(0)),
        };
        prop_assert!(migraine_iv().envelope.breaches_of_rise(&figures).is_empty());
    }

    #[test]
    fn the_shown_rate_is_above_the_limit_exactly_when_the_limit_is_broken(rate in 0_i64..=1_200_000, c in 1_i64..=100_000, grams in 30_000_i64..=300_000) {
        let flow = Flow { rate: MicrolitresPerHour::new(rate).unwrap(), concentration: MicrogramsPerMillilitre::new(c).unwrap() };
        let envelope = migraine_iv().envelope;
        let weight = Grams::new(grams).unwrap();
        prop_assert_eq!(envelope.breach_of_rate(flow, weight).is_some(), flow.per_kilogram(weight) > envelope.max_rate);
    }
}
