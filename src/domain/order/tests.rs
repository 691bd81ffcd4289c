//! What a prescriber can order, alone, with a second person, and not at all.
use super::*;
use crate::domain::id::{OrderId, ProtocolId};
use crate::domain::patient::Sex;
use crate::domain::policy::Rules;
use crate::domain::precheck::PrecheckForm;
use crate::domain::precheck::samples::signed;
use crate::domain::protocol::{migraine_iv, migraine_nebulized};
use crate::domain::quantity::Millimetres;
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::visit::Deed;
use crate::domain::visit::samples::{deed, visit};
use uuid::Uuid;

/// 0.5 mg/kg over 45 min for 70.5 kg at 1 mg/mL: 35.25 mg at 47 mL/h.
pub fn iv_form() -> OrderForm {
    OrderForm {
        dose: MicrogramsPerKilogram::parse("0.5").unwrap(),
        weight_basis: WeightBasis::Actual,
        weight: Grams::parse("70.5").unwrap(),
        duration_minutes: 45,
        max_total: Micrograms::parse("70").unwrap(),
        shape: OrderShape::Iv {
            concentration: MicrogramsPerMillilitre::parse("1").unwrap(),
            rate: MicrolitresPerHour::parse("47").unwrap(),
            titration: Some(Titration {
                step: MicrolitresPerHour::parse("7").unwrap(),
                min_gap_minutes: 10,
                ceiling: MicrolitresPerHour::parse("70").unwrap(),
            }),
        },
        rescue_orders: vec![RescueOrder {
            drug: "labetalol".into(),
            dose: "5 mg iv".into(),
            when: ">= 180/110 twice".into(),
        }],
        session_limits: None,
        holds_released: Vec::new(),
        override_reason: None,
    }
}

/// V7 for 70.5 kg: 0.75 mg/kg is 52.875 mg in 5 mL.
pub fn neb_form() -> OrderForm {
    OrderForm {
        dose: MicrogramsPerKilogram::parse("0.75").unwrap(),
        duration_minutes: 60,
        max_total: Micrograms::parse("105.75").unwrap(),
        shape: OrderShape::Nebulized {
            nominal: Micrograms::parse("52.875").unwrap(),
            fill: Microlitres::parse("5").unwrap(),
            drug_volume: Microlitres::parse("1.058").unwrap(),
            device: "breath-actuated".into(),
            max_repeats: 1,
            min_gap_minutes: 30,
        },
        ..iv_form()
    }
}

/// What is known at a first release with nothing in its way.
pub fn facts(route: Route) -> OrderFacts {
    let text = if route == Route::Iv { migraine_iv() } else { migraine_nebulized() };
    OrderFacts {
        earlier: 0,
        precheck: Some(signed(route)),
        weight: Grams::parse("70.5").ok(),
        protocol: ProtocolId(Uuid::from_u128(5)),
        envelope: text.envelope,
        plan_ceiling: MicrogramsPerKilogram::parse("1.5").ok(),
        rules: Rules::seeded(),
        second_prescribes: false,
        witness_waived: false,
        response_score_missing: false,
    }
}

/// Signs it for a visit of the same route.
pub fn sign(form: OrderForm, facts: &OrderFacts, deed: Deed) -> Result<Order, Refusal> {
    let route = if matches!(form.shape, OrderShape::Iv { .. }) { Route::Iv } else { Route::Nebulized };
    Order::sign(OrderId(Uuid::from_u128(50)), visit(route), form, facts, deed).map(|signed| signed.0)
}

fn alone() -> Deed {
    Deed { second: None, ..deed() }
}

/// The rules that stand in the way, or the pointers that contradict.
fn refusal(result: Result<Order, Refusal>) -> Vec<String> {
    match result.unwrap_err() {
        Refusal::Blocked { by, .. } => by.into_iter().map(|unmet| unmet.rule_id.to_owned()).collect(),
        Refusal::Invalid(errors) => errors.into_iter().map(|error| error.pointer).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_prescriber_alone_orders_inside_the_protocol_by_either_route() {
    let order = sign(iv_form(), &facts(Route::Iv), alone()).unwrap();
    assert_eq!((order.form.dose_mass().to_string(), order.overridden.len(), order.number), ("35.25".into(), 0, 1));
    let cup = sign(neb_form(), &facts(Route::Nebulized), alone()).unwrap();
    assert_eq!(cup.form.concentration().to_string(), "10.575");
}

#[test]
fn a_ten_fold_slip_in_any_one_figure_contradicts_the_others() {
    let slips: [(&str, fn(&mut OrderForm)); 4] = [
        ("/max_total_mg", |form| form.dose = MicrogramsPerKilogram::parse("5").unwrap()),
        ("/initial_rate_ml_per_h", |form| set_pump(form, "470", "1")),
        ("/initial_rate_ml_per_h", |form| set_pump(form, "47", "10")),
        ("/initial_rate_ml_per_h", |form| form.duration_minutes = 450),
    ];
    for (pointer, slip) in slips {
        let mut form = iv_form();
        slip(&mut form);
        assert_eq!(refusal(sign(form, &facts(Route::Iv), deed())).first().map(String::as_str), Some(pointer));
    }
}

fn set_pump(form: &mut OrderForm, rate: &str, strength: &str) {
    if let OrderShape::Iv { concentration, rate: set, .. } = &mut form.shape {
        *set = MicrolitresPerHour::parse(rate).unwrap();
        *concentration = MicrogramsPerMillilitre::parse(strength).unwrap();
    }
}

#[test]
fn the_weight_is_todays_and_by_the_basis_that_is_named() {
    let with = |basis, known| {
        let form = OrderForm { weight_basis: basis, ..iv_form() };
        sign(form, &OrderFacts { weight: known, ..facts(Route::Iv) }, alone())
    };
    assert!(with(WeightBasis::Ideal, Grams::parse("70.5").ok()).is_ok());
    assert_eq!(refusal(with(WeightBasis::Actual, Grams::parse("82").ok())), ["/weight_kg"]);
    assert_eq!(refusal(with(WeightBasis::Actual, None)), ["/weight_kg"]);
    assert_eq!(refusal(with(WeightBasis::Adjusted, None)), ["/weight_basis"]);
}

#[test]
fn above_the_protocol_needs_a_reason_and_a_second_person_above_the_cap_a_second_prescriber() {
    // 1.2 mg/kg over 90 min (V9, for 70.5 kg): 84.6 mg at 56.4 mL/h.
    let mut high = iv_form();
    high.dose = MicrogramsPerKilogram::parse("1.2").unwrap();
    high.duration_minutes = 90;
    high.max_total = Micrograms::parse("84.6").unwrap();
    set_pump(&mut high, "56.4", "1");
    let reasoned = OrderForm { override_reason: Some("third session, no response below".into()), ..high.clone() };
    let rules = ["dosing.max_dose", "dosing.max_total"];
    let facts = facts(Route::Iv);
    assert_eq!(refusal(sign(high, &facts, deed())), rules, "no reason");
    assert_eq!(refusal(sign(reasoned.clone(), &facts, alone())), rules, "nobody with her");
    assert_eq!(sign(reasoned.clone(), &facts, deed()).unwrap().overridden, rules);

    let waived = OrderFacts { witness_waived: true, ..facts.clone() };
    let order = sign(reasoned.clone(), &waived, alone()).unwrap();
    assert_eq!(order.overridden, rules, "an administrator waived the witness");
    assert_eq!(order.review().map(|review| review.acted_by), Some(Some(order.signed_by)));
    assert_eq!(sign(reasoned.clone(), &waived, deed()).unwrap().review(), None, "somebody saw it");
    assert_eq!(sign(iv_form(), &waived, alone()).unwrap().review(), None, "nothing was waived");

    let capped = OrderForm { max_total: Micrograms::parse("120.001").unwrap(), ..reasoned };
    assert_eq!(refusal(sign(capped.clone(), &facts, deed())), ["dosing.absolute_cap"]);
    assert_eq!(refusal(sign(capped.clone(), &waived, alone())), ["dosing.absolute_cap"], "no waiver");
    assert!(sign(capped, &OrderFacts { second_prescribes: true, ..facts }, deed()).is_ok());
}

#[test]
fn a_titration_that_may_end_above_the_ceiling_is_refused_now() {
    let mut form = iv_form();
    if let OrderShape::Iv { titration: Some(titration), .. } = &mut form.shape {
        titration.ceiling = MicrolitresPerHour::parse("70.6").unwrap();
    }
    assert_eq!(refusal(sign(form, &facts(Route::Iv), alone())), ["dosing.max_rate"]);
}

#[test]
fn a_nebulized_order_repeats_only_as_its_protocol_allows() {
    let mut form = neb_form();
    if let OrderShape::Nebulized { max_repeats, min_gap_minutes, .. } = &mut form.shape {
        (*max_repeats, *min_gap_minutes) = (2, 20);
    }
    assert_eq!(refusal(sign(form.clone(), &facts(Route::Nebulized), alone())), ["/max_total_mg"]);
    form.max_total = Micrograms::parse("158.625").unwrap();
    let rules = ["dosing.max_total", "dosing.absolute_cap", "dosing.max_repeats", "dosing.repeat_gap"];
    assert_eq!(refusal(sign(form, &facts(Route::Nebulized), alone())), rules);
    let crossed = Order::sign(OrderId(Uuid::nil()), visit(Route::Iv), neb_form(), &facts(Route::Iv), alone());
    assert_eq!(refusal(crossed.map(|signed| signed.0)), ["/nebulized"]);
}

#[test]
fn a_released_reading_brings_alarm_lines_and_every_release_a_reason() {
    let release = |rule, reason: &str, limits| OrderForm {
        holds_released: vec![HoldRelease { rule, reason: reason.into() }],
        session_limits: limits,
        ..iv_form()
    };
    let limits = Some(SessionLimits {
        measures: vec![MeasureLimit { measure: LimitedMeasure::Systolic, act: 180, pause: 190 }],
        reason: "lives at 165".into(),
    });
    let sign = |form| sign(form, &facts(Route::Iv), alone());
    assert_eq!(refusal(sign(release(HoldRule::BloodPressure, "known", None))), ["/session_limits"]);
    assert!(sign(release(HoldRule::BloodPressure, "known", limits)).is_ok());
    assert!(sign(release(HoldRule::Fasting, "water at ten", None)).is_ok());
    assert_eq!(refusal(sign(release(HoldRule::Fasting, " ", None))), ["/holds_released/0/reason"]);
}

#[test]
fn a_release_waits_for_the_pre_check_the_response_score_and_the_plan() {
    let missing = OrderFacts { response_score_missing: true, precheck: None, ..facts(Route::Iv) };
    assert_eq!(
        refusal(sign(iv_form(), &missing, alone())),
        ["session.release.precheck", "session.release.response_score"]
    );
    let planned_less = OrderFacts { plan_ceiling: MicrogramsPerKilogram::parse("0.499").ok(), ..facts(Route::Iv) };
    assert_eq!(refusal(sign(iv_form(), &planned_less, deed())), ["session.release.plan_ceiling"]);
    let mut draft = facts(Route::Iv);
    if let Some(precheck) = &mut draft.precheck {
        precheck.form.sign = false;
    }
    assert_eq!(refusal(sign(iv_form(), &draft, alone())), ["session.release.precheck"]);
}

#[test]
fn the_weight_basis_needs_what_its_formula_needs() {
    // V4: a woman of 165 cm and 104 kg.
    let form = |height: Option<&str>| PrecheckForm {
        weight: Grams::parse("104").ok(),
        height: height.and_then(|height| Millimetres::parse(height).ok()),
        ..signed(Route::Iv).form
    };
    let shown = |basis, sex, height| weight_by(basis, sex, &form(height)).map(|weight| weight.to_string());
    let tall = Some("165");
    assert_eq!(shown(WeightBasis::Actual, Sex::Unknown, None).as_deref(), Some("104"));
    assert_eq!(shown(WeightBasis::Ideal, Sex::Female, tall).as_deref(), Some("56.909"));
    assert_eq!(shown(WeightBasis::Adjusted, Sex::Female, tall).as_deref(), Some("75.746"));
    for (sex, height) in [(Sex::Unknown, tall), (Sex::Other, tall), (Sex::Female, None), (Sex::Female, Some("152.3"))] {
        assert_eq!(shown(WeightBasis::Ideal, sex, height), None, "{sex} {height:?}");
    }
}
