//! Take away one thing, and exactly that thing is asked for.
mod ends;

use super::*;
use crate::domain::dosing::PumpSetting;
use crate::domain::id::PolicyId;
use crate::domain::order::tests::{facts as order_facts, iv_form, sign};
use crate::domain::order::{HoldRelease, HoldRule, Order};
use crate::domain::policy::Policy;
use crate::domain::precheck::samples::signed;
use crate::domain::precheck::{DayAnswer, DayQuestion, WeightSource};
use crate::domain::preparation::samples::{bag, made};
use crate::domain::quantity::{Amount, Diastolic, HeartRate, MicrogramsPerMillilitre, MicrolitresPerHour, Systolic};
use crate::domain::refusal::Refusal;
use crate::domain::route::{Basis, Route};
use crate::domain::visit::samples::{deed, noon, visit};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

fn q<A: Amount>(number: i64) -> A {
    A::new(number).unwrap()
}

fn reading<T>(minutes_ago: i64, value: T) -> Option<Reading<T>> {
    Some(Reading { at: noon().plus_minutes(-minutes_ago), value })
}

fn order() -> Order {
    sign(iv_form(), &order_facts(Route::Iv), deed()).unwrap()
}

/// A patient for whom everything is ready.
fn ready() -> StartFacts {
    StartFacts {
        visit: visit(Route::Iv),
        zone: TimeZone::UTC,
        policy: Policy::seeded(PolicyId(Uuid::nil()), noon()),
        consent: Vec::new(),
        screening: Vec::new(),
        spacing: Vec::new(),
        plan_in_force: true,
        has_address: true,
        has_emergency_contact: true,
        has_escort: true,
        precheck: Some(signed(Route::Iv)),
        order: Some(order()),
        preparations: vec![made(bag())],
        vitals: Vitals {
            pressure: reading(15, (q(128), q(78))),
            heart_rate: reading(60, q(72)),
            spo2: reading(60, q(97)),
            respiration: reading(60, q(14)),
            last_visit_heart_rate: None,
        },
        prescribers_on_site: 1,
        nurse: NurseLoad { infusing: 1, total: 2 },
    }
}

fn codes(unmet: &[Unmet]) -> Vec<&'static str> {
    unmet.iter().map(|unmet| unmet.code).collect()
}

fn form(facts: &mut StartFacts) -> &mut crate::domain::precheck::PrecheckForm {
    &mut facts.precheck.as_mut().unwrap().form
}

fn answer(facts: &mut StartFacts, question: DayQuestion, answer: DayAnswer) {
    form(facts).replies.iter_mut().find(|reply| reply.question == question).unwrap().answer = answer;
}

fn given(code: &'static str) -> Vec<Unmet> {
    vec![Unmet::new(code, "elsewhere", "as that noun found")]
}

type Taken = (&'static str, fn(&mut StartFacts));

/// Each condition with one way to take it away; independent of each other, in the order of the list they produce.
const TAKEN: &[Taken] = &[
    ("consent_missing", |facts| facts.consent = given("consent_missing")),
    ("screening_missing", |facts| facts.screening = given("screening_missing")),
    ("plan_missing", |facts| facts.plan_in_force = false),
    ("address_missing", |facts| facts.has_address = false),
    ("emergency_contact_missing", |facts| facts.has_emergency_contact = false),
    ("escort_missing", |facts| facts.has_escort = false),
    ("envelope_exceeded", |facts| facts.spacing = given("envelope_exceeded")),
    ("consent_not_reaffirmed", |facts| form(facts).consent_reaffirmed_at = Some(noon().plus_minutes(-13 * 60))),
    ("weight_not_measured", |facts| form(facts).weight_source = Some(WeightSource::Stated)),
    ("kit_not_ready", |facts| form(facts).kit_ok = Some(false)),
    ("answer_unknown", |facts| answer(facts, DayQuestion::NewMedicines, DayAnswer::Unknown)),
    ("answer_of_concern", |facts| answer(facts, DayQuestion::SuicidalThoughts, DayAnswer::Yes)),
    ("not_fasted", |facts| form(facts).food_at = Some(noon().plus_minutes(-359))),
    ("pressure_stale", |facts| facts.vitals.pressure = reading(16, (q(128), q(78)))),
    ("baseline_stale", |facts| facts.vitals.spo2 = None),
    ("vital_on_hold", |facts| facts.vitals.heart_rate = reading(60, q(111))),
    ("order_outdated", |facts| facts.precheck.as_mut().unwrap().id.0 = Uuid::from_u128(99)),
    ("preparation_missing", |facts| facts.preparations.clear()),
    ("prescriber_absent", |facts| facts.prescribers_on_site = 0),
    ("nurse_at_limit", |facts| facts.nurse.infusing = 2),
];

#[test]
fn with_everything_there_a_start_is_let_through() {
    assert_eq!(codes(&unmet_for_start(&ready(), noon())), Vec::<&str>::new());
}

#[test]
fn what_is_taken_away_is_asked_for_and_nothing_else() {
    for (code, take) in TAKEN {
        let mut facts = ready();
        take(&mut facts);
        assert_eq!(codes(&unmet_for_start(&facts, noon())), [*code]);
    }
}

proptest! {
    #[test]
    fn whatever_is_missing_is_named_at_once_and_always_in_the_same_order(taken in proptest::collection::vec(any::<bool>(), TAKEN.len())) {
        let mut facts = ready();
        let missing: Vec<_> = TAKEN.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(taken, _)| taken).collect();
        for (_, take) in &missing {
            take(&mut facts);
        }
        let expected: Vec<_> = missing.iter().map(|(code, _)| *code).collect();
        let found = unmet_for_start(&facts, noon());
        prop_assert_eq!(codes(&found), expected);
        let admitted = admit_start(Basis::AboutTo, true, found);
        prop_assert_eq!(admitted.is_ok(), missing.is_empty());
    }
}

#[test]
fn everything_missing_says_how_it_is_met_except_what_other_nouns_found() {
    let mut facts = ready();
    for (_, take) in TAKEN {
        take(&mut facts);
    }
    let unfixable: Vec<_> = unmet_for_start(&facts, noon()).into_iter().filter(|unmet| unmet.fix.is_none()).collect();
    assert_eq!(codes(&unfixable), ["consent_missing", "screening_missing", "envelope_exceeded"]);
}

#[test]
fn an_unsigned_pre_check_and_a_missing_order_are_asked_for_whole() {
    let mut facts = ready();
    form(&mut facts).sign = false;
    facts.order = None;
    assert_eq!(codes(&unmet_for_start(&facts, noon())), ["precheck_missing", "order_missing"]);
}

#[test]
fn a_faulty_preparation_blocks_unless_a_good_one_stands_beside_it() {
    let mut spoiled = bag();
    spoiled.prepared_at = noon().plus_minutes(-240);
    let mut facts = ready();
    facts.preparations = vec![made(spoiled.clone())];
    assert_eq!(codes(&unmet_for_start(&facts, noon())), ["preparation_faulty"]);
    facts.preparations = vec![made(bag()), made(spoiled)];
    assert_eq!(codes(&unmet_for_start(&facts, noon())), Vec::<&str>::new());
}

#[test]
fn the_pump_says_what_the_order_says() {
    let pump = |rate: &str, concentration: &str| PumpSetting {
        rate: MicrolitresPerHour::parse(rate).ok(),
        concentration: MicrogramsPerMillilitre::parse(concentration).ok(),
        vtbi: None,
    };
    let found = |pump| unmet_pump(visit(Route::Iv), &iv_form(), &pump).len();
    assert_eq!(found(pump("47", "1")), 0);
    assert_eq!(found(pump("47", "10")), 1, "V8: the ten-fold error");
    assert_eq!(found(pump("470", "1")), 1);
    assert_eq!(found(PumpSetting::default()), 2, "nobody read the pump");
}

#[test]
fn a_start_that_was_made_is_kept_with_what_was_missing_and_only_a_prescriber_enters_it() {
    let missing = given("consent_missing");
    assert_eq!(admit_start(Basis::Done, true, missing.clone()), Ok(missing.clone()));
    let Err(Refusal::Blocked { by, .. }) = admit_start(Basis::Done, false, missing.clone()) else { panic!() };
    assert_eq!(codes(&by), ["prescriber_only"]);
    assert!(admit_start(Basis::AboutTo, true, missing).is_err());
}

fn held(change: impl FnOnce(&mut StartFacts)) -> Vec<(&'static str, Override)> {
    let mut facts = ready();
    facts.vitals.pressure = reading(1, (q(128), q(78)));
    change(&mut facts);
    unmet_for_start(&facts, noon()).into_iter().map(|unmet| (unmet.rule_id, unmet.overridable)).collect()
}

fn release(facts: &mut StartFacts, rule: HoldRule) {
    let released = &mut facts.order.as_mut().unwrap().form.holds_released;
    released.push(HoldRelease { rule, reason: "known".to_owned() });
}

#[test]
fn each_reading_holds_from_its_line_on_can_be_released_and_beyond_the_last_line_not() {
    use HoldRule as H;
    type Set = fn(&mut Vitals, i64);
    let (systolic, diastolic): (Set, Set) = (
        |vitals, value| vitals.pressure = reading(1, (q(value), q(60))),
        |vitals, value| vitals.pressure = reading(1, (q::<Systolic>(140), q::<Diastolic>(value))),
    );
    let (pulse, spo2): (Set, Set) =
        (|v, value| v.heart_rate = reading(1, q(value)), |v, value| v.spo2 = reading(1, q(value)));
    let breaths: Set = |v, value| v.respiration = reading(1, q(value));
    // decisions.md 14: the last good value, the first that holds, the first that nobody may release.
    for (set, rule, good, holds, last) in [
        (systolic, H::BloodPressure, 159, 160, Some(180)),
        (diastolic, H::BloodPressure, 99, 100, Some(110)),
        (pulse, H::HeartRate, 110, 111, None),
        (pulse, H::HeartRate, 50, 49, Some(39)),
        (spo2, H::OxygenSaturation, 94, 93, Some(89)),
        (breaths, H::RespiratoryRate, 24, 25, None),
        (breaths, H::RespiratoryRate, 10, 9, None),
    ] {
        let found = |value: i64, released: bool| {
            held(|facts| {
                set(&mut facts.vitals, value);
                if released {
                    release(facts, rule);
                }
            })
        };
        assert_eq!(found(good, false), [], "{rule} {good}");
        assert_eq!(found(holds, false).first().map(|hold| hold.1), Some(Override::Prescriber), "{rule} {holds}");
        assert_eq!(found(holds, true), [], "{rule} {holds} released");
        if let Some(last) = last {
            assert_eq!(found(last, true).first().map(|hold| hold.1), Some(Override::None), "{rule} {last} released");
        }
    }
}

#[test]
fn a_slow_pulse_known_from_the_last_visit_and_without_symptoms_does_not_hold() {
    let slow = |value: i64, last: Option<i64>, symptoms: DayAnswer| {
        held(|facts| {
            facts.vitals.heart_rate = reading(1, q(value));
            facts.vitals.last_visit_heart_rate = last.map(q::<HeartRate>);
            answer(facts, DayQuestion::NewSymptoms, symptoms);
            release(facts, HoldRule::NewSymptoms);
        })
        .len()
    };
    assert_eq!(slow(46, Some(47), DayAnswer::No), 0, "propranolol");
    assert_eq!(slow(46, Some(60), DayAnswer::No), 1, "new");
    assert_eq!(slow(46, None, DayAnswer::No), 1, "not known");
    assert_eq!(slow(46, Some(47), DayAnswer::Yes), 1, "with symptoms");
    assert_eq!(slow(44, Some(47), DayAnswer::No), 1, "too slow");
}

#[test]
fn at_altitude_the_saturation_line_is_lower() {
    let spo2 = |value: i64, normal: i64| {
        held(|facts| {
            facts.policy.rules.hold.normal_spo2_percent = normal;
            facts.vitals.spo2 = reading(1, q(value));
        })
        .len()
    };
    assert_eq!((spo2(92, 97), spo2(92, 94), spo2(91, 94), spo2(90, 94)), (1, 0, 0, 1));
    assert_eq!(spo2(94, 100), 0, "a clinic at sea level asks for 94, not more");
}

#[test]
fn every_concern_a_prescriber_may_set_aside_has_a_hold_to_name_it_by() {
    for question in DayQuestion::ALL {
        let releasable = question.concern_overridable() == Override::Prescriber;
        assert_eq!(hold::hold_of(*question).is_some(), releasable, "{question}");
        if let Some(rule) = hold::hold_of(*question) {
            assert_eq!(rule.as_str(), question.as_str());
        }
    }
}
