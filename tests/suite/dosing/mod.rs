//! The drug of a visit over HTTP: what is given, what is refused, and that a stop always stops.

mod bag;
pub mod chair;
mod stop;

use crate::support::{Clinic, on_both_databases};
use chair::Chair;
use serde_json::{Value, json};

fn rules(problem: &Value) -> Vec<&str> {
    let blocked = problem["blocked_by"].as_array().expect("what blocks");
    blocked.iter().map(|unmet| unmet["rule_id"].as_str().unwrap()).collect()
}

/// V3 with a nurse: 60 mL/h for 20 min, 80 for 15 by the prescriber's override, a pause of 7, 40 for 30.
fn play_v3(clinic: &Clinic) -> Chair<'_> {
    let chair = Chair::running(clinic);
    chair.watch(20);
    let refused = chair.dose(&chair.rate("80")).expect_problem(422, "blocked");
    for rule in ["dosing.max_rate", "dosing.max_step", "dosing.titration"] {
        assert!(rules(&refused.body).contains(&rule), "{rule} in {:#}", refused.body);
    }
    let mut body = chair.rate("80");
    let token = chair.prescriber().reauth("dose.record", &chair.session);
    body["override"] = json!({"reason": "no effect at 60", "signing_token": token});
    let raised = chair.prescriber().post(&chair.path("dosing-events"), &body).expect(201);
    assert!(!raised.body["event"]["unmet"].as_array().unwrap().is_empty(), "what was set aside is kept");
    chair.watch(15);
    chair.nurse().post(&chair.path("pause"), &json!({"pump_stopped_at": chair.now()})).expect(200);
    clinic.advance_minutes(4);
    chair.observe(130, 82);
    clinic.advance_minutes(3);
    let resume = json!({"patient_id": chair.patient, "expected_infusion_version": chair.infusion_version(), "rate_ml_per_h": "40"});
    let resumed = chair.nurse().post(&chair.path("resume"), &resume).expect(200);
    assert_eq!((&resumed.body["state"], &resumed.body["pump_state"]), (&json!("in_progress"), &json!("running")));
    chair.watch(30);
    let stop = json!({"end_reason": "completed", "pump_stopped_at": chair.now(), "volume_infused_ml": "60"});
    chair.nurse().post(&chair.path("stop"), &stop).expect(200);
    chair
}

#[test]
fn v3_played_at_the_chair_shows_60_mg_and_a_late_correction_57_50() {
    on_both_databases(|clinic| {
        let chair = play_v3(clinic);
        let summary = chair.summary();
        for (member, expected) in [
            ("delivered_mg", json!("60.00")),
            ("delivered_mg_per_kg", json!("0.80")),
            ("infusing_s", json!(65 * 60)),
            ("elapsed_s", json!(72 * 60)),
            ("by_pump_mg", json!("60.00")),
            ("estimated", json!(false)),
            ("capped", json!(false)),
        ] {
            assert_eq!(summary[member], expected, "{member} in {summary:#}");
        }
        let parts: Vec<_> = summary["segments"].as_array().unwrap().iter().map(|part| &part["delivered_mg"]).collect();
        assert_eq!(parts, ["20.00", "20.00", "0.00", "20.00"]);

        let before = chair.now();
        clinic.advance_minutes(30);
        let list = chair.nurse().get(&chair.path("dosing-events")).expect(200).body;
        let wrong = list["items"][1]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/dosing-events/{wrong}/amendments");
        let body = json!({"reason": "read the display again", "kind": "rate_change", "rate_ml_per_h": "70"});
        let amended = chair.prescriber().post(&path, &body).expect(201).body;
        assert_eq!(amended["infusion"]["delivered_mg"], "57.50");
        assert_eq!(chair.summary()["delivered_mg"], "57.50");
        let then = chair.nurse().get(&format!("{}?as_known_at={before}", chair.path("dose-summary"))).expect(200).body;
        assert_eq!(then["delivered_mg"], "60.00", "what the screen said then");
        let expected =
            ["start final", "rate_change superseded", "rate_change final", "pause final", "resume final", "stop final"];
        assert_eq!(chair.record(), expected, "the old entry stays readable");
        chair.prescriber().post(&path, &body).expect_problem(409, "already_done");
        let at = chair.started_at.plus_minutes(10);
        let early = chair.nurse().get(&format!("{}?at={at}", chair.path("dose-summary"))).expect(200).body;
        assert_eq!(early["delivered_mg"], "10.00");
    });
}

#[test]
fn of_two_rate_changes_from_one_screen_one_wins_and_the_other_is_told_the_rate() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        chair.watch(20);
        let body = chair.rate("65");
        let nurses = [clinic.nurse(), clinic.actor("second_nurse")];
        let path = chair.path("dosing-events");
        let answers = std::thread::scope(|scope| {
            nurses.each_ref().map(|nurse| scope.spawn(|| nurse.post(&path, &body))).map(|sent| sent.join().unwrap())
        });
        let mut statuses = answers.each_ref().map(|answer| answer.status);
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412], "{answers:#?}");
        let lost = answers.iter().find(|answer| answer.status == 412).unwrap();
        assert_eq!((&lost.body["code"], &lost.body["current_rate_ml_per_h"]), (&json!("stale_version"), &json!("65")));
        assert_eq!(chair.record(), ["start final", "rate_change final"]);
    });
}

#[test]
fn a_decrease_needs_no_version_and_no_fresh_check() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        clinic.advance_minutes(40);
        let rise = chair.dose(&chair.rate("65")).expect_problem(422, "blocked");
        assert_eq!(rules(&rise.body), ["dosing.check_overdue", "dosing.fresh_pressure"]);
        let lower = json!({"patient_id": chair.patient, "kind": "rate_change", "rate_ml_per_h": "30"});
        let lowered = chair.dose(&lower).expect(201);
        assert_eq!(lowered.body["infusion"]["current_rate_ml_per_h"], "30");
        let rescue = json!({"patient_id": chair.patient, "kind": "rescue_drug", "drug": "labetalol",
            "drug_class": "antihypertensive", "drug_dose_mg": "5", "drug_route": "iv"});
        chair.dose(&rescue).expect(201);
    });
}

#[test]
fn what_happened_is_kept_with_the_rules_it_broke_and_put_on_a_list() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        clinic.advance_minutes(40);
        let done = json!({
            "patient_id": chair.patient, "kind": "rate_change", "rate_ml_per_h": "90", "basis": "done", "source": "offline",
            "occurred_at": chair.started_at.plus_minutes(30).to_string(), "observed_by": clinic.staff_id("nurse").to_string(),
        });
        let kept = chair.dose(&done).expect(201).body;
        let unmet: Vec<_> =
            kept["event"]["unmet"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
        assert!(unmet.contains(&"dosing.max_rate") && unmet.contains(&"dosing.titration"), "{unmet:?}");
        assert_eq!(kept["infusion"]["delivered_mg"], "45.00", "30 min at 60 and 10 at 90");
        let tasks = clinic.prescriber().get("/api/v1/tasks?kind=reconstruction_review").expect(200).body;
        assert_eq!(tasks["items"].as_array().unwrap().len(), 1, "{tasks:#}");
        let future = json!({"occurred_at": clinic.clock.now().plus_minutes(6).to_string()});
        let mut tomorrow = done.clone();
        tomorrow["occurred_at"] = future["occurred_at"].clone();
        chair.dose(&tomorrow).expect_problem(422, "validation_failed").expect_field("/occurred_at", "clock_skew");
    });
}

#[test]
fn an_entry_names_its_patient_its_own_amounts_and_nothing_else() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        let other = Chair::prepared(clinic);
        let mut body = chair.rate("50");
        body["patient_id"] = json!(other.patient);
        chair.dose(&body).expect_problem(409, "patient_mismatch");
        let bolus = json!({"patient_id": chair.patient, "kind": "bolus", "rate_ml_per_h": "5", "bolus_over_min": 1441});
        let refused = chair.dose(&bolus).expect_problem(422, "validation_failed");
        let refused = refused.expect_field("/rate_ml_per_h", "not_applicable").expect_field("/bolus_mg", "required");
        refused.expect_field("/bolus_over_min", "range");
        let stop = json!({"patient_id": chair.patient, "kind": "stop"});
        chair.dose(&stop).expect_problem(422, "validation_failed").expect_field("/kind", "own_request");
        let unknown = json!({"patient_id": chair.patient, "kind": "pause", "speed": 1});
        chair.dose(&unknown).expect_problem(400, "malformed_request");
        assert_eq!(chair.record(), ["start final"], "a refusal leaves nothing behind");
        let early = json!({"patient_id": other.patient, "kind": "rate_change", "rate_ml_per_h": "50"});
        other.dose(&early).expect_problem(409, "invalid_transition");
    });
}

#[test]
fn one_key_fifty_times_at_once_is_one_entry_and_fifty_equal_answers() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        chair.watch(20);
        let (body, path) = (chair.rate("65"), chair.path("dosing-events"));
        let nurse = clinic.nurse().key("one-tap-of-one-finger");
        let answers: Vec<_> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..50).map(|_| scope.spawn(|| nurse.post(&path, &body))).collect();
            sent.into_iter().map(|sent| sent.join().unwrap()).collect()
        });
        for answer in &answers {
            assert_eq!((answer.status, &answer.bytes), (201, &answers[0].bytes), "{:#}", answer.body);
        }
        assert_eq!(chair.record(), ["start final", "rate_change final"]);
    });
}

#[test]
fn a_bolus_of_three_quarters_of_an_hour_is_no_intent_but_if_it_happened_it_is_kept() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        chair.watch(20);
        let mut slow = json!({"patient_id": chair.patient, "kind": "bolus", "bolus_mg": "2", "bolus_over_min": 45,
            "expected_infusion_version": chair.infusion_version()});
        chair.dose(&slow).expect(422).expect_field("/bolus_over_min", "range");
        assert_eq!(chair.summary()["delivered_mg"], "20.00");
        slow["basis"] = json!("done");
        slow["source"] = json!("live_late");
        slow["observed_by"] = json!(clinic.staff_id("nurse").to_string());
        slow["occurred_at"] = json!(chair.now());
        let kept = chair.dose(&slow).expect(201).body;
        assert_eq!(kept["event"]["bolus_over_min"], 45);
        let unmet = kept["event"]["unmet"].as_array().unwrap();
        assert!(unmet.contains(&json!("dosing.bolus_minutes")), "{unmet:?}");
        let tasks = clinic.prescriber().get("/api/v1/tasks?kind=reconstruction_review").expect(200).body;
        assert!(!tasks["items"].as_array().unwrap().is_empty(), "a prescriber looks at it");
        chair.watch(45);
        assert_eq!(chair.summary()["delivered_mg"], "67.00", "45 min at 60 mg an hour, and the bolus");
        slow["bolus_over_min"] = json!(1441);
        chair.dose(&slow).expect(422).expect_field("/bolus_over_min", "range");
    });
}

#[test]
fn an_entry_in_the_wrong_record_is_moved_with_its_time() {
    on_both_databases(|clinic| {
        let (chair, other) = (Chair::running(clinic), Chair::running(clinic));
        chair.watch(20);
        let lowered = chair.dose(&chair.rate("30")).expect(201).body;
        let id = lowered["event"]["id"].as_str().unwrap();
        clinic.advance_minutes(5);
        let body = json!({"to_session_id": other.session, "reason": "charted in the wrong chair"});
        let moved = chair.nurse().post(&format!("/api/v1/dosing-events/{id}/move"), &body).expect(201).body;
        assert_eq!(moved["moved"]["event"]["occurred_at"], lowered["event"]["occurred_at"]);
        assert_eq!(moved["moved"]["event"]["moved_from_id"], id);
        assert_eq!(chair.summary()["current_rate_ml_per_h"], "60", "here it never was");
        assert_eq!(other.summary()["current_rate_ml_per_h"], "30");
        let expected = ["start final", "rate_change entered_in_error", "rate_change entered_in_error"];
        assert_eq!(chair.record(), expected);
    });
}

#[test]
fn beyond_what_the_patient_agreed_to_nobody_goes_on_purpose_and_what_happened_is_alarmed() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        chair.watch(20);
        let mut bolus = json!({"patient_id": chair.patient, "kind": "bolus", "bolus_mg": "16", "bolus_over_min": 5,
            "expected_infusion_version": chair.infusion_version()});
        let token = |who: &str| chair.prescriber().cosignature(who, "dose.record", &chair.session);
        let own = chair.prescriber().reauth("dose.record", &chair.session);
        bolus["override"] = json!({"reason": "pain", "signing_token": own, "cosignature": token("second_prescriber")});
        // 60 mg of the hour and 16 more: 76 mg, where consent and protocol end at 75.
        let refused = chair.prescriber().post(&chair.path("dosing-events"), &bolus).expect_problem(422, "blocked");
        assert!(rules(&refused.body).contains(&"consent.dose_ceiling"), "{:#}", refused.body);
        let nurse = clinic.staff_id("nurse").to_string();
        let done = json!({"patient_id": chair.patient, "kind": "bolus", "bolus_mg": "60", "basis": "done",
            "source": "live_late", "occurred_at": chair.now(), "observed_by": nurse});
        let kept = chair.dose(&done).expect(201).body;
        assert_eq!(kept["infusion"]["delivered_mg"], "80.00");
        let alerts = clinic.nurse().get(&format!("/api/v1/alerts?session_id={}", chair.session)).expect(200).body;
        assert!(alerts["items"].as_array().unwrap().iter().any(|alert| alert["condition"] == "overdose"), "{alerts:#}");
    });
}
