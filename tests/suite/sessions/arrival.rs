//! The day of the visit at the desk: received, called off, missed, taken up again, handed over, sent home.

use super::{Desk, SOON, path, patient};
use crate::support::{Actor, Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// A visit that is checked in: the answer of the check-in.
fn arrived(clinic: &Clinic, desk: &Desk<'_>) -> Answer {
    let made = desk.book(SOON);
    let body = json!({"patient_id": desk.patient, "identifiers_confirmed": true});
    clinic.front_desk().if_match(1).post(&path(&made, "/check-in"), &body).expect(200)
}

#[test]
fn a_patient_is_received_on_the_day_with_two_identifiers_and_as_the_right_one() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book(SOON);
        let check_in = |body: Value| clinic.front_desk().if_match(1).post(&path(&made, "/check-in"), &body);
        let other = patient(clinic, "Bea");
        check_in(json!({"patient_id": other, "identifiers_confirmed": true})).expect_problem(409, "patient_mismatch");
        let unsure = check_in(json!({"patient_id": desk.patient, "identifiers_confirmed": false}))
            .expect_problem(422, "blocked");
        assert_eq!(unsure.body["blocked_by"][0]["code"], "identity_unconfirmed");
        let here = check_in(json!({"patient_id": desk.patient, "identifiers_confirmed": true})).expect(200);
        assert_eq!((&here.body["state"], here.version()), (&json!("checked_in"), 2));
        let later = desk.book("2026-03-09T09:00");
        let body = json!({"patient_id": desk.patient, "identifiers_confirmed": true});
        let early =
            clinic.front_desk().if_match(1).post(&path(&later, "/check-in"), &body).expect_problem(422, "blocked");
        assert_eq!(early.body["blocked_by"][0]["code"], "not_the_day");
        let undone = clinic
            .front_desk()
            .if_match(2)
            .post(&path(&made, "/undo-check-in"), &json!({"reason": "wrong row"}))
            .expect(200);
        assert_eq!((&undone.body["state"], &undone.body["checked_in_at"]), (&json!("scheduled"), &Value::Null));
    });
}

#[test]
fn a_wrong_event_is_answered_with_what_is_possible() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let here = arrived(clinic, &desk);
        let reason = json!({"reason": "mistake"});
        for (act, event, body) in [
            ("/no-show", "no_show", json!({})),
            ("/reinstate", "reinstate", reason),
            ("", "reschedule", json!({"note": "x"})),
        ] {
            let actor = clinic.front_desk().if_match(2);
            let refused = if act.is_empty() {
                actor.patch(&path(&here, ""), &body)
            } else {
                actor.post(&path(&here, act), &body)
            };
            let refused = refused.expect_problem(409, "invalid_transition");
            assert_eq!((&refused.body["state"], &refused.body["event"]), (&json!("checked_in"), &json!(event)));
            let allowed = clinic.nurse().get(&path(&here, "")).expect(200);
            assert_eq!(refused.body["allowed"], allowed.body["allowed_events"]);
        }
    });
}

#[test]
fn a_visit_that_was_called_off_or_missed_frees_its_slot_and_is_taken_up_again_if_it_is_still_free() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book(SOON);
        let called_off =
            clinic.front_desk().if_match(1).post(&path(&made, "/cancel"), &json!({"reason": "illness"})).expect(200);
        assert_eq!(
            (&called_off.body["state"], &called_off.body["cancel_reason"]),
            (&json!("cancelled"), &json!("illness"))
        );
        let again = json!({"reason": "feels better"});
        let back = clinic.front_desk().if_match(2).post(&path(&made, "/reinstate"), &again).expect(200);
        assert_eq!((&back.body["state"], &back.body["cancel_reason"]), (&json!("scheduled"), &Value::Null));
        clinic.front_desk().if_match(3).post(&path(&made, "/no-show"), &json!({})).expect_problem(422, "blocked");
        clinic.advance_minutes(106);
        clinic.front_desk().if_match(3).post(&path(&made, "/no-show"), &json!({})).expect(200);
        let mut other = desk.body(SOON);
        other["patient_id"] = json!(patient(clinic, "Bea"));
        clinic.front_desk().post("/api/v1/sessions", &other).expect(201);
        clinic.front_desk().if_match(4).post(&path(&made, "/reinstate"), &again).expect_problem(409, "slot_overlap");
        let history = clinic.nurse().get(&path(&made, "/transitions")).expect(200).body;
        let events: Vec<_> =
            history["transitions"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["schedule", "cancel", "reinstate", "no_show"]);
        clinic.front_desk().get(&path(&made, "/transitions")).expect_problem(403, "forbidden");
    });
}

#[test]
fn a_visit_ends_in_the_house_before_any_drug_and_never_asks_for_a_version() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let here = arrived(clinic, &desk);
        let body = json!({"patient_id": desk.patient, "reason": "unfit_today", "note": "164/104 twice"});
        clinic.front_desk().post(&path(&here, "/abort"), &body).expect_problem(403, "forbidden");
        let over = clinic.nurse().post(&path(&here, "/abort"), &body).expect(200);
        assert_eq!((&over.body["state"], &over.body["abort_reason"]), (&json!("aborted"), &json!("unfit_today")));
        clinic.nurse().post(&path(&here, "/abort"), &body).expect_problem(409, "invalid_transition");
    });
}

#[test]
fn an_escort_is_named_then_seen_and_a_repeat_changes_nothing() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book(SOON);
        let escort = |status: &str| json!({"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0101", "status": status});
        let put = |actor: Actor<'_>, body: &Value| actor.put(&path(&made, "/escort"), body).expect(200);
        put(clinic.front_desk(), &escort("expected"));
        put(clinic.front_desk(), &escort("expected"));
        put(
            clinic.front_desk(),
            &json!({"name": "City Transport", "phone": "+1 555 0177", "kind": "medical_transport"}),
        );
        let seen = put(clinic.nurse(), &escort("seen"));
        assert_eq!(seen.version(), 1, "an escort is no field of the session");
        let escorts = seen.body["escorts"].as_array().unwrap();
        assert_eq!(escorts.len(), 2);
        let spouse = escorts.iter().find(|escort| escort["name"] == "J. Rivera").unwrap();
        assert_eq!(
            (&spouse["status"], &spouse["seen_by"]),
            (&json!("seen"), &json!(clinic.staff_id("nurse").to_string()))
        );
        assert_eq!(clinic.trail().iter().filter(|entry| *entry == "session.escort_set success").count(), 3);
        let bad = json!({"name": "", "phone": "1"});
        clinic
            .nurse()
            .put(&path(&made, "/escort"), &bad)
            .expect_problem(422, "validation_failed")
            .expect_field("/name", "required");
    });
}

#[test]
fn a_patient_is_handed_over_by_who_takes_or_who_gives() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let here = arrived(clinic, &desk);
        let to = clinic.staff_id("second_nurse").to_string();
        let hand_over = |who: &'static str, body: Value| clinic.actor(who).post(&path(&here, "/handover"), &body);
        hand_over("prescriber", json!({"to_staff_id": to, "giver": "signed"}))
            .expect_problem(422, "validation_failed")
            .expect_field("/to_staff_id", "not_a_party");
        hand_over("second_nurse", json!({"to_staff_id": to, "giver": "unavailable"}))
            .expect_problem(422, "validation_failed")
            .expect_field("/reason", "required");
        let desk_id = clinic.staff_id("front_desk").to_string();
        hand_over("nurse", json!({"to_staff_id": desk_id, "giver": "signed"}))
            .expect_problem(422, "validation_failed")
            .expect_field("/to_staff_id", "not_found");
        let taken = hand_over(
            "second_nurse",
            json!({"to_staff_id": to, "giver": "unavailable", "reason": "fainted", "summary": "calm"}),
        )
        .expect(200);
        assert_eq!((&taken.body["team"]["owner_id"], taken.version()), (&json!(to), 3));
        hand_over("second_nurse", json!({"to_staff_id": to, "giver": "signed"})).expect_problem(409, "already_done");
        let history = clinic.nurse().get(&path(&here, "/transitions")).expect(200).body;
        assert_eq!(history["handovers"][0]["summary"], "calm");
    });
}

#[test]
fn what_happened_on_paper_is_entered_afterwards_with_what_was_missed() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book(SOON);
        let nurse = clinic.staff_id("nurse").to_string();
        clinic.advance_minutes(200);
        let mut paper = json!({"patient_id": desk.patient, "identifiers_confirmed": false, "basis": "done"});
        clinic
            .nurse()
            .if_match(1)
            .post(&path(&made, "/check-in"), &paper)
            .expect_problem(422, "validation_failed")
            .expect_field("/source", "required");
        paper["source"] = json!("paper");
        paper["observed_by"] = json!(nurse);
        paper["occurred_at"] = json!("2026-03-02T16:20:00Z");
        clinic.nurse().if_match(1).post(&path(&made, "/check-in"), &paper).expect_field("/late_reason", "required");
        paper["late_reason"] = json!("power cut");
        let here = clinic.nurse().if_match(1).post(&path(&made, "/check-in"), &paper).expect(200);
        assert_eq!(here.body["milestones"]["checked_in_at"], "2026-03-02T16:20:00.000Z");
        let line = clinic.nurse().get(&path(&made, "/transitions")).expect(200).body["transitions"][1].clone();
        assert_eq!(
            (&line["basis"], &line["late"], &line["unmet"]),
            (&json!("done"), &json!(true), &json!(["session.check_in.identity"]))
        );
    });
}
