//! The clock looks: the planned end, a chair that the next patient waits for, a consent that runs out.

use crate::sessions::patient;
use crate::support::visit::Visit;
use crate::support::{Actor, Clinic, on_both_databases};
use chairside::domain::time::Timestamp;
use serde_json::{Value, json};

/// As two servers on one database would.
fn two_watchers_look(clinic: &Clinic) {
    std::thread::scope(|scope| {
        scope.spawn(|| clinic.look_after_checks());
        scope.spawn(|| clinic.look_after_checks());
    });
}

fn alerts_about(visit: &Visit<'_>, condition: &str) -> Vec<Value> {
    let path = format!("/api/v1/alerts?session_id={}", visit.session);
    let all = visit.clinic.nurse().get(&path).expect(200).body["items"].as_array().unwrap().clone();
    all.into_iter().filter(|alert| alert["condition"] == condition).collect()
}

fn states(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().map(|alert| alert["state"].as_str().unwrap()).collect()
}

fn tasks(who: &Actor<'_>, kind: &str, done: bool) -> Vec<Value> {
    let page = who.get(&format!("/api/v1/tasks?kind={kind}&done={done}")).expect(200);
    page.body["items"].as_array().unwrap().clone()
}

#[test]
fn two_minutes_after_the_planned_end_somebody_is_asked_once_to_end_or_to_extend() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let end = "planned_end_passed";
        clinic.advance_minutes(46);
        two_watchers_look(clinic);
        assert_eq!(alerts_about(&visit, end).len(), 0, "ordered for 45 minutes");
        clinic.advance_minutes(1);
        two_watchers_look(clinic);
        clinic.look_after_checks();
        let asked = alerts_about(&visit, end);
        assert_eq!((states(&asked), &asked[0]["level"]), (vec!["open"], &json!("act")));
        let path = format!("/api/v1/alerts/{}/acknowledge", asked[0]["id"].as_str().unwrap());
        let extend = json!({"action_code": "prescriber_informed", "text": "goes on for ten minutes"});
        clinic.nurse().post(&path, &extend).expect(200);
        clinic.advance_minutes(5);
        two_watchers_look(clinic);
        assert_eq!(states(&alerts_about(&visit, end)), ["closed"], "asked once for one planned end");
        visit.stop();
        clinic.advance_minutes(5);
        two_watchers_look(clinic);
        assert_eq!(states(&alerts_about(&visit, end)), ["closed"]);
    });
}

#[test]
fn a_pause_moves_the_planned_end_and_a_stop_takes_the_question_back() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        clinic.advance_minutes(40);
        let now = clinic.clock.now().to_string();
        clinic.nurse().post(&visit.path("/pause"), &json!({"pump_stopped_at": now})).expect(200);
        clinic.advance_minutes(15);
        two_watchers_look(clinic);
        assert_eq!(alerts_about(&visit, "planned_end_passed").len(), 0, "nothing runs");
        visit.observe(&json!({}));
        let version = visit.read()["infusion_version"].clone();
        let resume = json!({"patient_id": visit.patient, "expected_infusion_version": version});
        clinic.nurse().post(&visit.path("/resume"), &resume).expect(200);
        clinic.advance_minutes(6);
        clinic.look_after_checks();
        assert_eq!(alerts_about(&visit, "planned_end_passed").len(), 0, "five minutes of drug were left");
        clinic.advance_minutes(1);
        clinic.look_after_checks();
        assert_eq!(states(&alerts_about(&visit, "planned_end_passed")), ["open"]);
        visit.stop();
        assert_eq!(states(&alerts_about(&visit, "planned_end_passed")), ["closed"]);
    });
}

#[test]
fn an_alert_goes_to_everybody_while_the_nurse_in_charge_is_not_heard_of() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        clinic.advance_minutes(47);
        clinic.look_after_checks();
        let route = |who: &Actor<'_>| {
            let page = who.get(&format!("/api/v1/alerts?session_id={}", visit.session)).expect(200).body;
            let asked = |alert: &&Value| alert["condition"] == "planned_end_passed";
            let alert = page["items"].as_array().unwrap().iter().find(asked).unwrap().clone();
            assert_eq!(alert["owner_id"], json!(clinic.staff_id("nurse").to_string()));
            alert["routed_to"].as_str().unwrap().to_owned()
        };
        assert_eq!(route(&clinic.prescriber()), "everybody", "she was last heard of at the start");
        assert_eq!(route(&clinic.nurse()), "owner", "whoever asks is there");
        assert_eq!(route(&clinic.prescriber()), "owner");
        clinic.advance_minutes(2);
        assert_eq!(route(&clinic.prescriber()), "owner");
        clinic.advance_minutes(1);
        assert_eq!(route(&clinic.prescriber()), "everybody", "silent for three minutes");
    });
}

/// The next patient of the same chair, a quarter past one in New York: just after the hold of the visit before.
fn next_in_the_chair(visit: &Visit<'_>) -> Value {
    let (clinic, before) = (visit.clinic, visit.read());
    let body = json!({"patient_id": patient(clinic, "Ben"), "protocol_id": before["protocol_id"], "room_id": before["room_id"],
        "nurse_id": clinic.staff_id("second_nurse").to_string(),
        "prescriber_id": clinic.staff_id("second_prescriber").to_string(), "local_start": "2026-03-02T13:15"});
    clinic.front_desk().post("/api/v1/sessions", &body).expect(201).body
}

#[test]
fn a_visit_that_overruns_goes_on_and_the_front_desk_is_told_once_of_the_next_booking() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let next = next_in_the_chair(&visit);
        let hold_ends = visit.read()["scheduled_end_at"].as_str().unwrap().to_owned();
        assert!(hold_ends.as_str() <= next["scheduled_start_at"].as_str().unwrap());
        let minutes = Timestamp::parse(&hold_ends).unwrap().minutes_since(clinic.clock.now());
        clinic.advance_minutes(minutes);
        two_watchers_look(clinic);
        assert_eq!(tasks(&clinic.front_desk(), "chair_conflict", true).len(), 0);
        clinic.advance_minutes(1);
        two_watchers_look(clinic);
        let told = tasks(&clinic.front_desk(), "chair_conflict", true);
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["session_id"], &told[0]["patient_id"]), (&next["id"], &next["patient"]["id"]));
        assert_eq!(told[0]["due_at"], next["scheduled_start_at"]);
        assert_eq!(tasks(&clinic.nurse(), "chair_conflict", true).len(), 0, "it is on the desk's list");
        let done = format!("/api/v1/tasks/{}/done", told[0]["id"].as_str().unwrap());
        clinic.front_desk().post(&done, &json!({"outcome": "Ben waits with a coffee"})).expect(200);
        visit.observe(&json!({}));
        clinic.advance_minutes(20);
        two_watchers_look(clinic);
        assert_eq!(tasks(&clinic.front_desk(), "chair_conflict", true).len(), 1, "told once");
        assert_eq!(visit.read()["state"], "in_progress", "nobody cut it");
    });
}

#[test]
fn the_desk_is_told_no_longer_when_the_chair_is_free_or_the_booking_moved() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let next = next_in_the_chair(&visit);
        clinic.advance_minutes(195);
        clinic.look_after_checks();
        let desk = clinic.front_desk();
        assert_eq!(tasks(&desk, "chair_conflict", false).len(), 1);
        visit.stop();
        let left = json!({"disposition": "against_advice", "reason": "had to catch a train"});
        visit.complete(&left).expect(200);
        let done = tasks(&desk, "chair_conflict", true);
        assert_eq!((done.len(), &done[0]["outcome"]), (1, &json!("the chair is free")));
        assert_eq!(tasks(&desk, "chair_conflict", false).len(), 0);
        let cancel = format!("/api/v1/sessions/{}/cancel", next["id"].as_str().unwrap());
        desk.if_match(next["version"].as_i64().unwrap()).post(&cancel, &json!({"reason": "illness"})).expect(200);
    });
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let next = next_in_the_chair(&visit);
        clinic.advance_minutes(195);
        clinic.look_after_checks();
        let desk = clinic.front_desk();
        let cancel = format!("/api/v1/sessions/{}/cancel", next["id"].as_str().unwrap());
        desk.if_match(next["version"].as_i64().unwrap()).post(&cancel, &json!({"reason": "illness"})).expect(200);
        let done = tasks(&desk, "chair_conflict", true);
        assert_eq!((done.len(), done[0]["done_by"].is_string()), (1, true));
    });
}

#[test]
fn a_consent_in_its_last_thirty_days_is_on_the_list_until_another_takes_its_place() {
    on_both_databases(|clinic| {
        let visit = Visit::booked(clinic);
        let first = visit.consent_for_days("1", 40);
        let listed = |done| tasks(&clinic.nurse(), "consent_expiring", done);
        two_watchers_look(clinic);
        assert_eq!(listed(true).len(), 0);
        clinic.advance_minutes(10 * 24 * 60 - 1);
        two_watchers_look(clinic);
        assert_eq!(listed(true).len(), 0);
        clinic.advance_minutes(24 * 60);
        two_watchers_look(clinic);
        clinic.look_after_checks();
        let waiting = listed(false);
        assert_eq!((waiting.len(), &waiting[0]["subject_id"]), (1, &json!(first)));
        assert_eq!(waiting[0]["patient_id"], json!(visit.patient));
        assert_eq!(tasks(&clinic.front_desk(), "consent_expiring", true).len(), 0);
        visit.consent_for_days("1", 40);
        assert_eq!((listed(false).len(), listed(true)[0]["done_at"].is_string()), (0, true));
    });
}
