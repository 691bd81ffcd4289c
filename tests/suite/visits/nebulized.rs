//! The nebulized visit (decisions.md 18): 52.5 mg in 5 mL breathed in, one repeat after half an hour, the rest wasted.

use crate::support::visit::{Visit, changed, codes};
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// 0.75 mg/kg for 70 kg made up to 5 mL: 52.5 mg at 10.5 mg/mL, once more after 30 min (vector V7 of the dose).
fn order() -> Value {
    json!({"weight_kg": "70", "dose_mg_per_kg": "0.75", "duration_min": 90, "max_total_mg": "105",
        "concentration_mg_per_ml": null, "initial_rate_ml_per_h": null, "titration": null,
        "nebulized": {"nominal_mg": "52.5", "fill_ml": "5", "drug_ml": "1.05", "device": "breath-actuated",
            "max_repeats": 1, "min_gap_min": 30}})
}

fn cup() -> Value {
    json!({"kind": "neb", "drawn_ml": "1.05", "drawn_mg": "52.5", "actual_final_volume_ml": "5",
        "concentration_mg_per_ml": "10.5"})
}

/// The day's answers with the two that only a nebulized visit asks for.
fn precheck(visit: &Visit<'_>, airway: &str, ventilated: &str) -> Value {
    let mut answers = visit.precheck_body()["answers"].as_array().unwrap().clone();
    answers.push(json!({"question": "asthma_or_airway_disease", "answer": airway}));
    answers.push(json!({"question": "room_ventilation_confirmed", "answer": ventilated}));
    json!({"weight_kg": "70", "iv_site": null, "answers": answers})
}

/// Everything a nebulized start asks for is there.
fn ready(clinic: &Clinic) -> Visit<'_> {
    let visit = Visit::booked_under(clinic, "migraine-nebulized");
    visit.check_in();
    visit.complete_record();
    visit.clear_screening();
    visit.consent("1.5");
    visit.name_escort("expected");
    visit.observe(&json!({}));
    visit.precheck(&precheck(&visit, "no", "yes"));
    visit.release(&order());
    visit.prepare(&cup());
    visit
}

fn running(clinic: &Clinic) -> Visit<'_> {
    let visit = ready(clinic);
    visit.start(&json!({"pump": null})).expect(200);
    visit
}

fn dose(visit: &Visit<'_>, body: &Value) -> Answer {
    let whole = changed(json!({"patient_id": visit.patient}), body);
    visit.clinic.nurse().post(&visit.path("/dosing-events"), &whole)
}

fn summary(visit: &Visit<'_>) -> Value {
    visit.clinic.nurse().get(&visit.path("/dose-summary")).expect(200).body
}

fn resume(visit: &Visit<'_>) -> Answer {
    let body = json!({"patient_id": visit.patient, "expected_infusion_version": visit.read()["infusion_version"]});
    visit.clinic.nurse().post(&visit.path("/resume"), &body)
}

/// The rules in the way of another fill.
fn in_the_way(visit: &Visit<'_>) -> Vec<String> {
    let refused = dose(visit, &json!({"kind": "neb_start"})).expect_problem(422, "blocked");
    let by = refused.body["blocked_by"].as_array().unwrap().clone();
    by.iter().map(|unmet| unmet["rule_id"].as_str().unwrap().to_owned()).collect()
}

/// Takes a row at each of these minutes of the grid, from where the clock stands.
fn watch(visit: &Visit<'_>, steps: &[i64]) {
    for step in steps {
        visit.clinic.advance_minutes(*step);
        visit.observe(&json!({}));
    }
}

/// When the next check is due, in minutes from `from`.
fn next_check(visit: &Visit<'_>, from: chairside::domain::time::Timestamp) -> i64 {
    let sheet = visit.clinic.nurse().get(&visit.path("/observation-schedule")).expect(200).body;
    let due = sheet["checks"][0]["due_at"].as_str().unwrap_or_else(|| panic!("no next check in {sheet:#}"));
    chairside::domain::time::Timestamp::parse(due).unwrap().minutes_since(from)
}

#[test]
fn a_nebulized_visit_with_its_repeat_from_the_first_breath_to_the_locked_record() {
    on_both_databases(|clinic| {
        let visit = ready(clinic);
        let begun = clinic.clock.now();
        let started = visit.start(&json!({"pump": null})).expect(200);
        assert_eq!(started.body["state"], "in_progress");
        let mut due = Vec::new();
        for step in [0, 5, 5, 5] {
            clinic.advance_minutes(step);
            visit.observe(&json!({}));
            due.push(next_check(&visit, begun));
        }
        assert_eq!(due, [5, 10, 15, 30]);
        // The cup is set down for two minutes and taken up again: that is no second fill.
        dose(&visit, &json!({"kind": "neb_pause"})).expect(201);
        clinic.advance_minutes(2);
        dose(&visit, &json!({"kind": "neb_start"})).expect_problem(409, "invalid_transition");
        visit.observe(&json!({}));
        resume(&visit).expect(200);
        clinic.advance_minutes(1);
        let ended = dose(&visit, &json!({"kind": "neb_end", "residual_ml": "1.2"})).expect(201);
        assert_eq!(visit.read()["state"], "in_progress", "the empty cup ends the fill, not the treatment");
        assert_eq!(ended.body["event"]["residual_ml"], "1.2");
        visit.observe(&json!({}));
        assert_eq!(in_the_way(&visit), ["dosing.fill_prepared", "dosing.fill_gap"]);
        let dosed = summary(&visit);
        assert_eq!((&dosed["delivered_mg"], &dosed["nebulized"]["fills"]), (&json!("39.90"), &json!(1)));
        watch(&visit, &[10, 10]);
        visit.prepare(&cup());
        watch(&visit, &[10]);
        let again = clinic.clock.now();
        dose(&visit, &json!({"kind": "neb_start"})).expect(201);
        visit.observe(&json!({}));
        assert_eq!(next_check(&visit, again), 5, "each fill has its own checks");
        watch(&visit, &[5, 5]);
        dose(&visit, &json!({"kind": "neb_end", "residual_unknown": true})).expect(201);
        watch(&visit, &[5, 15, 15]);
        assert!(in_the_way(&visit).contains(&"dosing.max_fills".to_owned()), "no third fill");
        watch(&visit, &[15]);
        assert_eq!(next_check(&visit, again), 75, "every quarter of an hour after the first");
        let stopped = visit.stop();
        assert_eq!(stopped.body["state"], "recovery");
        recover_and_close(&visit);
    });
}

/// From the stop home, and the books: an unknown residual counts as breathed in, the measured one is waste.
fn recover_and_close(visit: &Visit<'_>) {
    let clinic = visit.clinic;
    clinic.advance_minutes(50);
    visit.observe(&Visit::recovered());
    clinic.advance_minutes(15);
    visit.observe(&Visit::recovered());
    visit.name_escort("seen");
    visit.complete(&json!({})).expect(200);
    let dosed = summary(visit);
    let neb = &dosed["nebulized"];
    assert_eq!(
        (&neb["fills"], &neb["nominal_mg_min"], &neb["nominal_mg_max"]),
        (&json!(2), &json!("39.90"), &json!("92.40"))
    );
    let settled = visit.settle(&json!({})).expect(201);
    assert_eq!((&settled.body["prepared_mg"], &settled.body["given_mg"]), (&json!("105"), &json!("92.4")));
    assert_eq!(settled.body["wasted_mg"], "12.6", "1.2 mL of 10.5 mg/mL was left in the first cup");
    assert_eq!(alerts(visit), Vec::<String>::new(), "a quiet visit");
    assert!(visit.close().expect(200).body["locked_at"].is_string());
    let sheet = clinic.nurse().get(&visit.path("/flowsheet")).expect(200).body;
    let rows = sheet["items"].as_array().unwrap();
    let phases = |phase: &str| rows.iter().filter(|row| row["phase"] == phase).count();
    assert_eq!((phases("baseline"), phases("infusion"), phases("recovery")), (1, 16, 2));
    let record = clinic.nurse().get(&visit.path("/dosing-events")).expect(200).body;
    let kinds: Vec<_> = record["items"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    let fill = ["neb_start", "neb_pause", "neb_start", "neb_end", "neb_start", "neb_end", "stop"];
    assert_eq!(kinds, fill);
}

/// The conditions of every alert of the visit that nobody answered.
fn alerts(visit: &Visit<'_>) -> Vec<String> {
    let path = format!("/api/v1/alerts?session_id={}&state=open", visit.session);
    let body = visit.clinic.nurse().get(&path).expect(200).body;
    let items = body["items"].as_array().unwrap();
    items.iter().map(|alert| alert["condition"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_pause_between_two_fills_opens_no_way_around_the_order() {
    on_both_databases(|clinic| {
        let visit = running(clinic);
        watch(&visit, &[0, 5, 5]);
        dose(&visit, &json!({"kind": "neb_pause"})).expect(201);
        dose(&visit, &json!({"kind": "neb_end", "residual_ml": "0"})).expect(201);
        assert_eq!(visit.read()["state"], "paused", "an empty cup ends no pause");
        visit.prepare(&cup());
        clinic.advance_minutes(5);
        visit.observe(&json!({}));
        let refused = resume(&visit).expect_problem(422, "blocked");
        assert_eq!(refused.body["blocked_by"][0]["rule_id"], "dosing.fill_gap", "{:#}", refused.body);
        watch(&visit, &[15, 10]);
        resume(&visit).expect(200);
        assert_eq!(summary(&visit)["nebulized"]["fills"], 2);
    });
}

#[test]
fn what_is_left_is_measured_after_the_stop_too_and_the_treatment_stays_over() {
    on_both_databases(|clinic| {
        let visit = running(clinic);
        watch(&visit, &[0, 5]);
        visit.stop();
        let stopped = summary(&visit);
        assert_eq!(stopped["delivered_mg"], "52.50", "nobody has measured: the whole fill counts");
        clinic.advance_minutes(10);
        dose(&visit, &json!({"kind": "neb_end", "residual_ml": "3"})).expect(201);
        let dosed = summary(&visit);
        assert_eq!((&dosed["delivered_mg"], &dosed["elapsed_s"]), (&json!("21.00"), &json!(300)));
        assert_eq!(visit.read()["state"], "recovery");
        dose(&visit, &json!({"kind": "neb_start"})).expect_problem(409, "invalid_transition");
    });
}

#[test]
fn an_hour_after_the_last_fill_somebody_is_asked_for_the_stop_and_the_stop_answers() {
    on_both_databases(|clinic| {
        let visit = running(clinic);
        watch(&visit, &[0, 5, 5]);
        dose(&visit, &json!({"kind": "neb_end", "residual_ml": "0.5"})).expect(201);
        watch(&visit, &[5, 15, 15, 15]);
        clinic.advance_minutes(9);
        clinic.look_after_checks();
        assert_eq!(alerts(&visit), Vec::<String>::new());
        clinic.advance_minutes(1);
        for _ in 0..2 {
            clinic.look_after_checks();
            assert_eq!(alerts(&visit), ["planned_end_passed"]);
        }
        visit.stop();
        assert_eq!(alerts(&visit), Vec::<String>::new());
    });
}

#[test]
fn asthma_or_a_closed_window_keeps_the_cup_closed() {
    on_both_databases(|clinic| {
        let visit = ready(clinic);
        assert_eq!(visit.blocked_by(), Vec::<String>::new());
        for (airway, ventilated, released_by) in [("yes", "yes", "prescriber"), ("no", "no", "none")] {
            visit.precheck(&precheck(&visit, airway, ventilated));
            let refused = visit.start(&json!({"pump": null})).expect_problem(422, "blocked");
            assert_eq!(codes(&refused.body), ["answer_of_concern", "order_outdated"]);
            assert_eq!(refused.body["blocked_by"][0]["override"], released_by, "{:#}", refused.body);
        }
    });
}

#[test]
fn what_belongs_to_a_pump_is_refused_at_the_nebulizer_and_the_other_way_round() {
    on_both_databases(|clinic| {
        let visit = running(clinic);
        visit.observe(&json!({}));
        for (body, field, code) in [
            (json!({"kind": "neb_end"}), "/residual_ml", "required"),
            (json!({"kind": "neb_end", "residual_ml": "1", "residual_unknown": true}), "/residual_ml", "required"),
            (json!({"kind": "neb_start", "rate_ml_per_h": "40"}), "/rate_ml_per_h", "not_applicable"),
            (json!({"kind": "neb_end", "residual_ml": "-1"}), "/residual_ml", "decimal"),
        ] {
            dose(&visit, &body).expect(422).expect_field(field, code);
        }
        let version = visit.read()["infusion_version"].clone();
        let bolus = dose(&visit, &json!({"kind": "bolus", "bolus_mg": "5", "expected_infusion_version": version}));
        assert!(codes(&bolus.expect_problem(422, "blocked").body).contains(&"wrong_route".to_owned()));
        let other = clinic.a_running_session();
        other.observe(&json!({}));
        assert_eq!(
            codes(&dose(&other, &json!({"kind": "neb_start"})).expect_problem(422, "blocked").body)[0],
            "wrong_route"
        );
        assert_eq!(
            codes(&dose(&other, &json!({"kind": "neb_end", "residual_ml": "1"})).expect_problem(422, "blocked").body),
            ["wrong_route"]
        );
    });
}

#[test]
fn an_order_for_a_nebulizer_says_what_goes_into_the_cup() {
    on_both_databases(|clinic| {
        let visit = ready(clinic);
        let neb = |changes: Value| json!({"nebulized": changed(order()["nebulized"].clone(), &changes)});
        for (changes, field) in [
            (json!({"nebulized": null}), "/concentration_mg_per_ml"),
            (json!({"initial_rate_ml_per_h": "40"}), "/nebulized"),
            (neb(json!({"nominal_mg": "0"})), "/nebulized/nominal_mg"),
            (neb(json!({"device": " "})), "/nebulized/device"),
            (neb(json!({"max_repeats": 9})), "/nebulized/max_repeats"),
            (neb(json!({"min_gap_min": 0})), "/nebulized/min_gap_min"),
            (neb(json!({"drug_ml": "6"})), "/nebulized/drug_ml"),
        ] {
            let refused = visit.try_release(&changed(order(), &changes)).expect(422);
            let errors = refused.body["errors"].as_array().cloned().unwrap_or_default();
            assert!(errors.iter().any(|error| error["pointer"] == field), "{field}: {:#}", refused.body);
        }
    });
}
