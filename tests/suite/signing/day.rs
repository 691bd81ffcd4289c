//! The whole day of a clinic with one prescriber, one nurse, and an owner who is the prescriber under another sign-in.
//! Nobody else does anything, and nobody gets stuck.

use crate::support::visit::{self, Visit};
use crate::support::{Actor, Clinic, PASSWORD, on_both_databases};
use serde_json::{Value, json};

/// The owner: the prescriber's second sign-in, invited by the first administrator who then does nothing more.
fn owner(clinic: &Clinic) -> Actor<'_> {
    let login = format!("owner.{}", clinic.id);
    let body = json!({"login": login, "display_name": "Owner", "roles": ["admin"],
        "same_person_as": clinic.staff_id("prescriber").to_string()});
    let invited = clinic.admin().post("/api/v1/staff", &body).expect(201).body;
    let password = "violet harbour kettle";
    let chosen = json!({"link_token": invited["link_token"], "new_password": password});
    clinic.nobody().post("/api/v1/auth/link", &chosen).expect(200);
    let signed_in = clinic.nobody().post("/api/v1/auth/login", &json!({"login": login, "password": password}));
    let token = signed_in.expect(200).body["access_token"].as_str().unwrap().to_owned();
    let owner = clinic.nobody().with("authorization", format!("Bearer {token}"));
    for permission in ["policy.approve", "protocol.approve", "order.sign"] {
        let id = clinic.id.to_string();
        let proof = json!({"password": password, "act": "two_person_waiver.set", "subject_id": id});
        let token = owner.post("/api/v1/auth/reauth", &proof).expect(200).body["signing_token"].clone();
        let body = json!({"clinic_id": id, "permission": permission, "reason": "one prescriber and one nurse",
            "ends_at": clinic.now().plus_minutes(300 * 24 * 60).to_string(), "signing_token": token});
        owner.post("/api/v1/two-person-waivers", &body).expect(201);
    }
    owner
}

/// The prescriber explains and captures, the nurse witnesses.
fn consent(clinic: &Clinic, patient: &str) {
    let (prescriber, nurse, act) = (clinic.prescriber(), clinic.nurse(), "consent.signature.add");
    let body = json!({"template_id": visit::consent_form(clinic, 180), "scope": {"routes": ["iv"],
        "max_dose_mg_per_kg": "1", "indications": ["G43"]}, "spoken_language": "en"});
    let drafted = prescriber.post(&format!("/api/v1/patients/{patient}/consents"), &body).expect(201);
    let (id, shown) = (drafted.id(), drafted.body["document_sha256"].as_str().unwrap().to_owned());
    let to = format!("/api/v1/consents/{id}/signatures");
    let patients = json!({"role": "patient", "method": "typed", "name": "Ana Rivera", "document_sha256": shown});
    prescriber.post(&to, &patients).expect(201);
    let explained = json!({"role": "prescriber", "method": "reauth", "capacity": "confirmed", "document_sha256": shown,
        "signing_token": prescriber.reauth_for(act, &id, &shown)});
    prescriber.post(&to, &explained).expect(201);
    let seen = json!({"role": "witness", "method": "reauth", "document_sha256": shown,
        "signing_token": nurse.reauth_for(act, &id, &shown)});
    nurse.post(&to, &seen).expect(201);
    let version = prescriber.get(&format!("/api/v1/consents/{id}")).expect(200).version();
    prescriber.if_match(version).post(&format!("/api/v1/consents/{id}/sign"), &json!({})).expect(200);
}

/// Registered, planned and booked by the two of them, in the owner's chair.
fn booked<'c>(clinic: &'c Clinic, owner: &Actor<'_>) -> Visit<'c> {
    let nurse = clinic.nurse();
    let born = json!({"family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "sex": "female",
        "phone": "+1 555 0101", "address": {"line1": "1 Elm St", "city": "Troy", "country": "US"},
        "emergency_contact": {"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103"}});
    let made = nurse.post("/api/v1/patients", &born).expect(201);
    let patient = made.body["patient"]["id"].as_str().unwrap().to_owned();
    let plan = visit::plan(clinic, &patient, &visit::published(clinic, "migraine-iv"));
    let room = owner.post("/api/v1/rooms", &json!({"name": "The chair"})).expect(201).id();
    let body = json!({"patient_id": patient, "treatment_plan_id": plan, "room_id": room,
        "nurse_id": clinic.staff_id("nurse").to_string(), "prescriber_id": clinic.staff_id("prescriber").to_string(),
        "local_start": "2026-03-02T10:30"});
    let session = nurse.post("/api/v1/sessions", &body).expect(201).id();
    Visit { clinic, patient, session }
}

fn escort(visit: &Visit<'_>, status: &str) {
    let body = json!({"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103", "status": status});
    visit.clinic.nurse().put(&visit.path("/escort"), &body).expect(200);
}

fn tasks(who: &Actor<'_>, kind: &str) -> Vec<Value> {
    who.get(&format!("/api/v1/tasks?kind={kind}")).expect(200).body["items"].as_array().unwrap().clone()
}

#[test]
fn one_prescriber_and_one_nurse_play_their_whole_day_and_nobody_gets_stuck() {
    on_both_databases(|clinic| {
        let owner = owner(clinic);
        let (nurse, prescriber) = (clinic.nurse(), clinic.prescriber());
        for who in [&nurse, &prescriber] {
            who.put("/api/v1/me/pin", &json!({"password": PASSWORD, "pin": "824160"})).expect(204);
        }
        let visit = booked(clinic, &owner);
        consent(clinic, &visit.patient);
        let version = visit.read()["version"].as_i64().unwrap();
        let arrived = json!({"patient_id": visit.patient, "identifiers_confirmed": true});
        nurse.if_match(version).post(&visit.path("/check-in"), &arrived).expect(200);
        visit.clear_screening();
        escort(&visit, "expected");
        visit.observe(&json!({}));
        visit.precheck(&json!({}));
        visit.release(&json!({}));
        // The nurse alone: no start, and no waiver of that.
        visit.try_prepare(&json!({}), None).expect(201);
        assert_eq!(visit.blocked_by(), ["preparation_faulty"]);
        let unchecked = nurse.get(&visit.path("/visit")).expect(200).body["preparations"][0]["id"].clone();
        let checked = json!({"amends_id": unchecked, "reason": "checked by the prescriber"});
        visit.try_prepare(&checked, Some("prescriber")).expect(201);
        assert_eq!(visit.blocked_by(), [""; 0]);
        visit.start(&json!({})).expect(200);
        clinic.advance_minutes(45);
        visit.stop();
        clinic.advance_minutes(50);
        visit.observe(&Visit::recovered());
        clinic.advance_minutes(15);
        visit.observe(&Visit::recovered());
        escort(&visit, "seen");
        visit.complete(&json!({})).expect(200);
        // The prescriber left: the waste waits in the safe, the record does not.
        let refused = visit.settle_with(&json!({}), None).expect_problem(422, "validation_failed");
        refused.expect_field("/cosignature", "required");
        visit.settle_with(&json!({"hold_bag": "B-17"}), None).expect(201);
        visit.close().expect(200);
        let waste = tasks(&clinic.prescriber(), "waste_cosign").remove(0);
        let done = format!("/api/v1/tasks/{}/done", waste["id"].as_str().unwrap());
        clinic.prescriber().post(&done, &json!({"outcome": "bag B-17 opened and destroyed together"})).expect(200);
        after_hours(clinic);
    });
}

/// A looser protocol of one's own: alone, a day later, and on a list until somebody else has looked at it.
fn after_hours(clinic: &Clinic) {
    let prescriber = clinic.prescriber();
    let list = prescriber.get("/api/v1/protocols").expect(200).body;
    let mut body = json!({});
    let seeded = list["items"].as_array().unwrap().iter().find(|item| item["code"] == "migraine-iv").unwrap();
    for member in ["code", "name", "route", "envelope", "monitoring", "stay"] {
        body[member] = seeded[member].clone();
    }
    body["envelope"]["max_per_30_days"] = json!(9);
    let own = prescriber.post("/api/v1/protocols", &body).expect(201).id();
    let path = format!("/api/v1/protocols/{own}/publish");
    let token = prescriber.reauth("protocol.approve", &own);
    let published = prescriber.post(&path, &json!({"signing_token": token})).expect(200).body;
    assert_ne!(published["effective_at"], published["published_at"], "not before tomorrow");
    let review = tasks(&prescriber, "waiver_review").remove(0);
    let done = format!("/api/v1/tasks/{}/done", review["id"].as_str().unwrap());
    prescriber.post(&done, &json!({})).expect_problem(409, "same_person");
    clinic.auditor().post(&done, &json!({"outcome": "agreed"})).expect(200);
}
