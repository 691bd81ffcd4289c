//! Work that waits for somebody: what one person did alone is looked at by another, and a verbal order is countersigned.

use crate::support::visit::Visit;
use crate::support::{Actor, Answer, Clinic, on_both_databases};
use chairside::domain::time::Timestamp;
use serde_json::{Value, json};

fn waiting(who: &Actor<'_>, kind: &str) -> Vec<Value> {
    who.get(&format!("/api/v1/tasks?kind={kind}")).expect(200).body["items"].as_array().unwrap().clone()
}

fn finish(who: &Actor<'_>, task: &Value) -> Answer {
    let path = format!("/api/v1/tasks/{}/done", task["id"].as_str().unwrap());
    who.post(&path, &json!({"outcome": "looked at, agreed"}))
}

/// In whole minutes from now.
fn due_in(clinic: &Clinic, task: &Value) -> i64 {
    Timestamp::parse(task["due_at"].as_str().unwrap()).unwrap().minutes_since(clinic.clock.now())
}

const THIRTY_DAYS: i64 = 30 * 24 * 60;

fn publish(clinic: &Clinic, who: &'static str, protocol: &str) {
    let token = clinic.actor(who).reauth("protocol.approve", protocol);
    let path = format!("/api/v1/protocols/{protocol}/publish");
    clinic.actor(who).post(&path, &json!({"signing_token": token})).expect(200);
}

#[test]
fn a_protocol_approved_by_its_own_author_is_reviewed_by_somebody_else() {
    on_both_databases(|clinic| {
        let list = clinic.nurse().get("/api/v1/protocols").expect(200).body;
        let seeded =
            list["items"].as_array().unwrap().iter().find(|item| item["code"] == "migraine-iv").unwrap().clone();
        publish(clinic, "prescriber", seeded["id"].as_str().unwrap());
        let second = clinic.actor("second_prescriber");
        assert_eq!(waiting(&second, "waiver_review").len(), 0, "what came with the clinic has no author");
        let mut body = json!({});
        for member in ["code", "name", "route", "envelope", "monitoring", "stay"] {
            body[member] = seeded[member].clone();
        }
        let by_a_colleague = clinic.prescriber().post("/api/v1/protocols", &body).expect(201).id();
        publish(clinic, "second_prescriber", &by_a_colleague);
        assert_eq!(waiting(&second, "waiver_review").len(), 0);
        let own = clinic.prescriber().post("/api/v1/protocols", &body).expect(201).id();
        clinic.waive("protocol.approve").expect(201);
        publish(clinic, "prescriber", &own);
        let task = waiting(&second, "waiver_review").remove(0);
        assert_eq!((&task["subject_id"], due_in(clinic, &task)), (&json!(own), THIRTY_DAYS));
        assert_eq!(task["acted_by"], json!(clinic.staff_id("prescriber").to_string()));
        assert_eq!(
            waiting(&clinic.auditor(), "waiver_review"),
            std::slice::from_ref(&task),
            "a clinic may have one prescriber"
        );
        assert_eq!(waiting(&clinic.nurse(), "waiver_review").len(), 0);
        finish(&clinic.prescriber(), &task).expect_problem(409, "same_person");
        finish(&clinic.nurse(), &task).expect_problem(404, "not_found");
        let done = finish(&clinic.auditor(), &task).expect(200);
        assert_eq!(done.body["done_by"], json!(clinic.staff_id("auditor").to_string()));
        finish(&second, &task).expect_problem(409, "already_done");
    });
}

#[test]
fn a_change_of_the_policy_is_reviewed_by_somebody_else() {
    on_both_databases(|clinic| {
        let id = clinic.prescriber().get("/api/v1/policy").expect(200).id();
        let token = clinic.prescriber().reauth("policy.approve", &id);
        let body = json!({"policy_id": id, "reason": "stricter", "settings": {"pressure": {"act_systolic": 160}},
            "signing_token": token});
        let next = clinic.prescriber().post("/api/v1/policy", &body).expect(201).id();
        let task = waiting(&clinic.prescriber(), "waiver_review").remove(0);
        assert_eq!((&task["subject_id"], due_in(clinic, &task)), (&json!(next), THIRTY_DAYS));
        finish(&clinic.prescriber(), &task).expect_problem(409, "same_person");
        finish(&clinic.actor("second_prescriber"), &task).expect(200);
        assert_eq!(waiting(&clinic.prescriber(), "waiver_review").len(), 0);
    });
}

fn take_over(visit: &Visit<'_>, who: &'static str, giver: &str) {
    let to = visit.clinic.staff_id(who).to_string();
    let body = json!({"to_staff_id": to, "giver": giver, "reason": "fainted"});
    visit.clinic.actor(who).post(&visit.path("/handover"), &body).expect(200);
}

#[test]
fn a_hand_over_without_the_giver_is_reviewed_and_holds_up_neither_discharge_nor_close() {
    on_both_databases(|clinic| {
        let visit = clinic.a_completed_session();
        take_over(&visit, "second_nurse", "unavailable");
        let task = waiting(&clinic.prescriber(), "handover_review").remove(0);
        assert_eq!((&task["session_id"], due_in(clinic, &task)), (&json!(visit.session), THIRTY_DAYS));
        assert_eq!(waiting(&clinic.actor("second_nurse"), "handover_review").len(), 0);
        visit.settle(&json!({})).expect(201);
        visit.close().expect(200);
        finish(&clinic.prescriber(), &task).expect(200);
    });
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        take_over(&visit, "second_nurse", "signed");
        assert_eq!(waiting(&clinic.prescriber(), "handover_review").len(), 0, "both were there");
        take_over(&visit, "prescriber", "unavailable");
        let task = waiting(&clinic.nurse(), "handover_review").remove(0);
        finish(&clinic.prescriber(), &task).expect_problem(409, "same_person");
        finish(&clinic.nurse(), &task).expect(200);
    });
}

#[test]
fn a_verbal_order_is_countersigned_by_a_prescriber_who_did_not_write_it_down() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        clinic.advance_minutes(2);
        let order = json!({"by": clinic.staff_id("prescriber").to_string(), "mode": "verbal"});
        let drug = json!({"patient_id": visit.patient, "kind": "rescue_drug", "drug": "ondansetron", "drug_class": "antiemetic",
            "drug_dose_mg": "4", "drug_route": "iv", "order": order});
        let writer = clinic.actor("second_prescriber");
        writer.post(&visit.path("/dosing-events"), &drug).expect(201);
        let task = waiting(&clinic.prescriber(), "countersign_order").remove(0);
        assert_eq!((&task["assignee_id"], due_in(clinic, &task)), (&order["by"], 24 * 60));
        finish(&writer, &task).expect_problem(409, "same_person");
        finish(&clinic.prescriber(), &task).expect(200);
    });
}
