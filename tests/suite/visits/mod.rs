//! The visit around the drug: what a start asks for, how it is met, how a patient leaves and the books are closed.

mod correcting;
mod leaving;
mod nebulized;

use crate::support::visit::{Visit, codes};
use crate::support::{Clinic, on_both_databases};
use serde_json::json;

/// What the front desk, the nurses and the prescriber still have to do for a patient who was only received.
const ALL_OPEN: [&str; 9] = [
    "consent_missing",
    "screening_missing",
    "address_missing",
    "emergency_contact_missing",
    "escort_missing",
    "precheck_missing",
    "pressure_stale",
    "baseline_stale",
    "order_missing",
];

#[test]
fn a_refused_start_names_everything_at_once_and_each_fix_takes_its_own_away() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        let leave = || clinic.prescriber().put("/api/v1/me/presence", &json!({"on_site": false})).expect(200);
        leave();
        let refused = visit.start(&json!({}));
        let mut open: Vec<String> = ALL_OPEN.iter().map(|code| (*code).to_owned()).collect();
        open.extend(["preparation_missing".to_owned(), "prescriber_absent".to_owned()]);
        assert_eq!(codes(&refused.expect_problem(422, "blocked").body), open);
        assert_eq!(codes(&visit.read()), open, "the session says what the door says");
        let met = |codes: &[&str], open: &mut Vec<String>| {
            open.retain(|code| !codes.contains(&code.as_str()));
            assert_eq!(visit.blocked_by(), *open, "after {codes:?}");
        };
        visit.consent("1");
        // Whoever signs here is here; she leaves again.
        clinic.advance_minutes(1);
        leave();
        met(&["consent_missing"], &mut open);
        visit.clear_screening();
        met(&["screening_missing"], &mut open);
        visit.complete_record();
        met(&["address_missing", "emergency_contact_missing"], &mut open);
        visit.name_escort("expected");
        met(&["escort_missing"], &mut open);
        visit.precheck(&json!({}));
        met(&["precheck_missing"], &mut open);
        visit.observe(&json!({}));
        met(&["pressure_stale", "baseline_stale"], &mut open);
        visit.prepare(&json!({}));
        met(&["preparation_missing"], &mut open);
        let until = clinic.clock.now().plus_minutes(480).to_string();
        clinic.prescriber().put("/api/v1/me/presence", &json!({"on_site": true, "until": until})).expect(200);
        met(&["prescriber_absent"], &mut open);
        visit.release(&json!({}));
        met(&["order_missing"], &mut open);
        let started = visit.start(&json!({})).expect(200);
        assert_eq!((&started.body["state"], &started.body["infusion_version"]), (&json!("in_progress"), &json!(1)));
    });
}

#[test]
fn a_day_of_answer_that_changes_after_the_release_is_seen_by_the_prescriber_again() {
    on_both_databases(|clinic| {
        let visit = clinic.a_ready_visit();
        let mut answers = visit.precheck_body()["answers"].clone();
        answers[3] = json!({"question": "new_medicines", "answer": "yes", "detail": "sumatriptan this morning"});
        let saved = visit.precheck(&json!({"answers": answers}));
        assert_eq!((saved.version(), &saved.body["concerns"]), (2, &json!(["new_medicines"])));
        assert_eq!(visit.blocked_by(), ["answer_of_concern", "order_outdated"]);
        visit.release(&json!({"holds_released": [{"rule": "new_medicines", "reason": "8 h ago, pressure normal"}]}));
        visit.start(&json!({})).expect(200);
    });
}

#[test]
fn unknown_is_not_no_and_a_signature_needs_every_answer() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        let body = |answers: serde_json::Value| {
            crate::support::visit::changed(visit.precheck_body(), &json!({"answers": answers}))
        };
        let put = |body: &serde_json::Value| clinic.nurse().put(&visit.path("/precheck"), body);
        put(&body(json!([]))).expect_problem(422, "validation_failed").expect_field("/answers", "required");
        let mut answers = visit.precheck_body()["answers"].clone();
        answers[0] = json!({"question": "pregnancy", "answer": "unknown"});
        put(&body(answers)).expect(200);
        assert!(visit.blocked_by().contains(&"answer_unknown".to_owned()));
        let stale = clinic.nurse().if_match(7).put(&visit.path("/precheck"), &visit.precheck_body());
        stale.expect_problem(412, "stale_version");
        clinic.nurse().if_match(1).put(&visit.path("/precheck"), &visit.precheck_body()).expect(200);
        assert!(!visit.blocked_by().contains(&"answer_unknown".to_owned()));
    });
}

#[test]
fn a_held_reading_is_released_with_alarm_lines_of_its_own() {
    on_both_databases(|clinic| {
        let visit = clinic.a_ready_visit();
        visit.observe(&json!({"systolic_mmhg": 164, "diastolic_mmhg": 98}));
        assert_eq!(visit.blocked_by(), ["vital_on_hold"]);
        let released = json!([{"rule": "blood_pressure", "reason": "lives at 160"}]);
        let refused = visit.try_release(&json!({"holds_released": released})).expect_problem(422, "validation_failed");
        refused.expect_field("/session_limits", "required");
        let limits = |pause: i64| json!({"measures": [{"measure": "systolic_mmhg", "act": 180, "pause": pause}], "reason": "lives at 160"});
        let beyond = json!({"holds_released": released, "session_limits": limits(200)});
        visit.try_release(&beyond).expect(422).expect_field("/session_limits/measures/0/pause", "range");
        visit.release(&json!({"holds_released": released, "session_limits": limits(190)}));
        visit.start(&json!({})).expect(200);

        let other = clinic.a_ready_visit();
        other.observe(&json!({"systolic_mmhg": 182, "diastolic_mmhg": 98}));
        other.release(&json!({"holds_released": released, "session_limits": limits(190)}));
        assert_eq!(other.blocked_by(), ["vital_on_hold"], "from 180 on nobody releases it");
    });
}

#[test]
fn a_ten_fold_error_in_order_label_or_pump_never_reaches_a_start() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        visit.precheck(&json!({}));
        let refused =
            visit.try_release(&json!({"initial_rate_ml_per_h": "470"})).expect_problem(422, "validation_failed");
        refused.expect_field("/initial_rate_ml_per_h", "contradiction");
        visit.release(&json!({}));
        let syringe = json!({"actual_final_volume_ml": "10", "concentration_mg_per_ml": "10"});
        let made = visit.prepare(&syringe);
        assert_eq!(made.body["faults"], json!(["concentration_not_ordered"]), "saved, named, and in the way");
        assert!(visit.blocked_by().contains(&"preparation_faulty".to_owned()));
        let corrected = json!({"amends_id": made.id(), "reason": "label misread"});
        assert_eq!(visit.prepare(&corrected).body["faults"], json!([]));
        assert!(!visit.blocked_by().contains(&"preparation_faulty".to_owned()));
        let pump = json!({"pump": {"rate_ml_per_h": "47", "concentration_mg_per_ml": "10", "vtbi_ml": "70"}});
        let codes = codes(&visit.start(&pump).expect_problem(422, "blocked").body);
        assert!(codes.contains(&"pump_not_as_ordered".to_owned()), "{codes:?}");
    });
}

#[test]
fn who_prepares_does_not_check_and_without_a_check_nothing_starts() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        visit.precheck(&json!({}));
        visit.release(&json!({}));
        visit.try_prepare(&json!({}), Some("nurse")).expect_problem(409, "same_person");
        let unchecked = visit.try_prepare(&json!({}), None).expect(201);
        assert_eq!(unchecked.body["faults"], json!(["unchecked"]));
        visit
            .try_prepare(&json!({"amends_id": unchecked.id(), "reason": "checked now"}), Some("prescriber"))
            .expect(201);
        assert!(!visit.blocked_by().contains(&"preparation_faulty".to_owned()));
    });
}

#[test]
fn chairside_bodies_name_the_patient_in_the_chair() {
    on_both_databases(|clinic| {
        let (visit, other) = (clinic.a_ready_visit(), clinic.a_received_visit());
        let wrong = json!({"patient_id": other.patient});
        let body = crate::support::visit::changed(visit.precheck_body(), &wrong);
        clinic.nurse().put(&visit.path("/precheck"), &body).expect_problem(409, "patient_mismatch");
        visit.try_release(&wrong).expect_problem(409, "patient_mismatch");
        visit.try_prepare(&wrong, Some("second_nurse")).expect_problem(409, "patient_mismatch");
        visit.start(&wrong).expect_problem(409, "patient_mismatch");
        assert_eq!(visit.read()["state"], "checked_in");
    });
}

#[test]
fn a_start_needs_the_infusion_that_was_on_the_screen_and_happens_once() {
    on_both_databases(|clinic| {
        let visit = clinic.a_ready_visit();
        visit.start(&json!({"expected_infusion_version": 3})).expect_problem(412, "stale_version");
        visit
            .start(&json!({"expected_infusion_version": null}))
            .expect(422)
            .expect_field("/expected_infusion_version", "required");
        visit.start(&json!({"pump": null})).expect(422).expect_field("/pump", "required");
        visit.start(&json!({})).expect(200);
        visit.start(&json!({})).expect_problem(409, "invalid_transition");
    });
}

#[test]
fn a_signature_for_another_session_or_act_starts_nothing() {
    on_both_databases(|clinic| {
        let (visit, nurse) = (clinic.a_ready_visit(), clinic.nurse());
        let start = |token: String| {
            let body = json!({"patient_id": visit.patient, "expected_infusion_version": 0, "signing_token": token,
                "pump": {"rate_ml_per_h": "47", "concentration_mg_per_ml": "1", "vtbi_ml": "70"}});
            nurse.post(&visit.path("/start"), &body)
        };
        start(nurse.reauth("session.close", &visit.session)).expect_problem(403, "reauth_required");
        start(nurse.reauth("session.start", &visit.patient)).expect_problem(403, "reauth_required");
        let token = nurse.reauth("session.start", &visit.session);
        clinic.advance_minutes(6);
        start(token).expect_problem(403, "reauth_required");
        start(nurse.reauth("session.start", &visit.session)).expect(200);
    });
}

#[test]
fn a_start_on_paper_is_entered_by_a_prescriber_with_everything_it_missed() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        clinic.advance_minutes(30);
        let nurse = clinic.staff_id("nurse").to_string();
        let at = clinic.clock.now().plus_minutes(-20).to_string();
        let done = json!({"basis": "done", "occurred_at": at, "source": "paper", "observed_by": nurse});
        let refused = visit.start(&done).expect_problem(422, "blocked");
        assert_eq!(codes(&refused.body), ["prescriber_only"]);
        let entered = visit.start_by(&clinic.prescriber(), &done).expect(200);
        assert_eq!((&entered.body["state"], &entered.body["started_at"]), (&json!("in_progress"), &json!(at)));
        let missed: Vec<_> =
            entered.body["unmet"].as_array().unwrap().iter().map(|unmet| unmet["code"].clone()).collect();
        assert!(missed.contains(&json!("consent_missing")) && missed.contains(&json!("order_missing")), "{missed:?}");
        let tasks = clinic.prescriber().get("/api/v1/tasks?kind=reconstruction_review").expect(200).body;
        assert_eq!(tasks["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_false_start_is_taken_back_with_a_prescribers_word_and_the_session_starts_anew() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let nurse = clinic.nurse();
        let mut body = json!({"patient_id": visit.patient, "reason": "line was clamped"});
        let refused = nurse.post(&visit.path("/retract-start"), &body).expect_problem(422, "blocked");
        assert_eq!(codes(&refused.body), ["prescriber_only"]);
        body["cosignature"] = json!(nurse.cosignature("prescriber", "session.retract_start", &visit.session));
        let back = nurse.post(&visit.path("/retract-start"), &body).expect(200);
        assert_eq!((&back.body["state"], &back.body["started_at"]), (&json!("checked_in"), &json!(null)));
        assert_eq!(codes(&back.body), Vec::<String>::new());
        visit.start(&json!({})).expect(200);
    });
}

#[test]
fn the_nurse_at_her_limit_hands_over_before_the_next_start() {
    on_both_databases(|clinic| {
        let (_first, _second) = (clinic.a_running_session(), clinic.a_running_session());
        let third = clinic.a_ready_visit();
        let refused = third.start(&json!({})).expect_problem(422, "blocked");
        assert_eq!(codes(&refused.body), ["nurse_at_limit"]);
        let body = json!({"to_staff_id": clinic.staff_id("second_nurse").to_string(), "giver": "signed"});
        clinic.nurse().post(&third.path("/handover"), &body).expect(200);
        third.start(&json!({})).expect(200);
    });
}

#[test]
fn the_last_prescriber_may_leave_and_the_running_visit_is_told() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let left = clinic.prescriber().put("/api/v1/me/presence", &json!({"on_site": false})).expect(200);
        assert_eq!(left.body["warning"], "last_prescriber_left");
        let alerts = clinic.nurse().get(&format!("/api/v1/alerts?session_id={}", visit.session)).expect(200).body;
        let conditions: Vec<_> =
            alerts["items"].as_array().unwrap().iter().map(|alert| alert["condition"].clone()).collect();
        assert!(conditions.contains(&json!("prescriber_absent")), "{conditions:?}");
        let until = clinic.clock.now().plus_minutes(25 * 60).to_string();
        let too_far = clinic.prescriber().put("/api/v1/me/presence", &json!({"on_site": true, "until": until}));
        too_far.expect(422).expect_field("/until", "range");
    });
}

/// The clinic of a test that needs another morning.
fn opened_before(kind: crate::support::Kind) -> Clinic {
    Clinic::open_at(kind, "2026-03-01T15:00:00Z")
}

#[test]
fn a_consent_that_ended_a_minute_ago_starts_nothing() {
    for kind in [crate::support::Kind::Sqlite, crate::support::Kind::Postgres] {
        let clinic = &opened_before(kind);
        let visit = Visit::booked(clinic);
        let consent = visit.consent_for_days("1", 1);
        visit.complete_record();
        visit.clear_screening();
        let shown = clinic.nurse().get(&format!("/api/v1/consents/{consent}")).expect(200).body;
        let until = chairside::domain::time::Timestamp::parse(shown["valid_until"].as_str().unwrap()).unwrap();
        clinic.advance_minutes(until.minutes_since(clinic.clock.now()) - 20);
        visit.check_in();
        visit.name_escort("expected");
        visit.observe(&json!({}));
        visit.precheck(&json!({}));
        visit.release(&json!({}));
        visit.prepare(&json!({}));
        clinic.advance_minutes(10);
        assert_eq!(visit.blocked_by(), Vec::<String>::new(), "in force ten minutes before its end");
        clinic.advance_minutes(11);
        visit.observe(&json!({}));
        let refused = codes(&visit.start(&json!({})).expect_problem(422, "blocked").body);
        assert!(refused.contains(&"consent_expired".to_owned()), "{refused:?}");
        assert_eq!(visit.read()["state"], "checked_in");
    }
}
