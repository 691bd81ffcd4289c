//! What a prescriber plans for a patient: drafted, signed, revised, ended.

use crate::protocols::{protocol, published};
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

fn patient(clinic: &Clinic) -> String {
    let body =
        json!({"family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].as_str().unwrap().to_owned()
}

fn plan_body(protocol: &str) -> Value {
    json!({
        "indication": "G43.719", "protocol_id": protocol, "weight_basis": "actual", "sessions": 6,
        "stop_rules": ["No fall of two points after three sessions"], "review_on": "2026-04-01",
    })
}

fn draft(clinic: &Clinic, patient: &str, body: &Value) -> Answer {
    clinic.prescriber().post(&format!("/api/v1/patients/{patient}/treatment-plans"), body)
}

fn activate(clinic: &Clinic, id: &str, version: i64, reason: Option<&str>) -> Answer {
    let token = clinic.prescriber().reauth("plan.activate", id);
    let body = json!({"signing_token": token, "override_reason": reason});
    clinic.prescriber().if_match(version).post(&format!("/api/v1/treatment-plans/{id}/activate"), &body)
}

fn revise(clinic: &Clinic, id: &str, changes: &Value, reason: Option<&str>) -> Answer {
    let token = clinic.prescriber().reauth("plan.revise", id);
    let body = json!({"signing_token": token, "changes": changes, "override_reason": reason});
    clinic.prescriber().post(&format!("/api/v1/treatment-plans/{id}/revise"), &body)
}

fn rules(problem: &Answer) -> Vec<String> {
    let blocked = problem.body["blocked_by"].as_array().cloned().unwrap_or_default();
    blocked.iter().map(|unmet| unmet["rule_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_plan_is_drafted_from_its_protocol_changed_and_signed() {
    on_both_databases(|clinic| {
        let protocol = published(clinic, "migraine-iv");
        let made = draft(clinic, &patient(clinic), &plan_body(&protocol)).expect(201);
        assert_eq!((&made.body["dose_mg_per_kg"], &made.body["max_dose_mg_per_kg"]), (&json!("0.5"), &json!("1")));
        assert_eq!((&made.body["route"], &made.body["duration_minutes"]), (&json!("iv"), &json!(45)));
        let path = made.header("location").unwrap().to_owned();
        clinic.prescriber().patch(&path, &json!({"sessions": 8})).expect_problem(428, "precondition_required");
        let changed =
            clinic.prescriber().if_match(1).patch(&path, &json!({"sessions": 8, "dose_mg_per_kg": "0.6"})).expect(200);
        assert_eq!((changed.version(), &changed.body["dose_mg_per_kg"]), (2, &json!("0.6")));
        clinic.prescriber().if_match(1).patch(&path, &json!({"sessions": 9})).expect_problem(412, "stale_version");
        let signed = activate(clinic, &made.id(), 2, None).expect(200);
        assert_eq!((&signed.body["state"], signed.version()), (&json!("active"), 3));
        clinic.prescriber().if_match(3).patch(&path, &json!({"sessions": 9})).expect_problem(409, "invalid_transition");
        let mut read = clinic.nurse().get(&path).expect(200).body;
        let signatures = read.as_object_mut().unwrap().remove("signatures").unwrap();
        assert_eq!(read, signed.body);
        assert_eq!(signatures.as_array().unwrap().len(), 1);
    });
}

#[test]
fn everything_in_the_way_of_a_signature_is_named_at_once_and_a_reason_sets_the_soft_part_aside() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        let draft_protocol = protocol(clinic, "migraine-iv")["id"].as_str().unwrap().to_owned();
        let mut body = plan_body(&draft_protocol);
        body["max_dose_mg_per_kg"] = json!("1.5");
        let plan = draft(clinic, &patient, &body).expect(201);
        let blocked = activate(clinic, &plan.id(), 1, None).expect_problem(422, "blocked");
        assert_eq!(rules(&blocked), ["plan.protocol", "plan.max_dose"]);
        published(clinic, "migraine-iv");
        let blocked = activate(clinic, &plan.id(), 1, None).expect_problem(422, "blocked");
        assert_eq!(rules(&blocked), ["plan.max_dose"]);
        let signed = activate(clinic, &plan.id(), 1, Some("1.4 mg/kg tolerated well elsewhere")).expect(200);
        assert_eq!(signed.body["override_reason"], "1.4 mg/kg tolerated well elsewhere");
    });
}

#[test]
fn a_route_has_one_plan_in_force_also_when_two_are_signed_at_once() {
    on_both_databases(|clinic| {
        let (protocol, patient) = (published(clinic, "migraine-iv"), patient(clinic));
        let plans = [0, 1].map(|_| draft(clinic, &patient, &plan_body(&protocol)).expect(201).id());
        let tokens = plans.clone().map(|id| clinic.prescriber().reauth("plan.activate", &id));
        let who = clinic.prescriber().if_match(1);
        let mut statuses = std::thread::scope(|scope| {
            let sent = [0, 1].map(|n| {
                let (path, body) =
                    (format!("/api/v1/treatment-plans/{}/activate", plans[n]), json!({"signing_token": tokens[n]}));
                let who = who.clone();
                scope.spawn(move || who.post(&path, &body).status)
            });
            sent.map(|sent| sent.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    });
}

#[test]
fn a_revision_supersedes_the_plan_and_leaves_it_as_it_was_signed() {
    on_both_databases(|clinic| {
        let (protocol, patient) = (published(clinic, "migraine-iv"), patient(clinic));
        let first = draft(clinic, &patient, &plan_body(&protocol)).expect(201).id();
        activate(clinic, &first, 1, None).expect(200);
        let next = revise(clinic, &first, &json!({"max_dose_mg_per_kg": "0.9", "sessions": 8}), None).expect(201);
        assert_eq!((&next.body["revision"], &next.body["supersedes_id"]), (&json!(2), &json!(first)));
        let old = clinic.nurse().get(&format!("/api/v1/treatment-plans/{first}")).expect(200).body;
        assert_eq!((&old["state"], &old["max_dose_mg_per_kg"]), (&json!("superseded"), &json!("1")));
        revise(clinic, &first, &json!({}), None).expect_problem(409, "invalid_transition");
        let list = clinic.nurse().get(&format!("/api/v1/patients/{patient}/treatment-plans")).expect(200).body;
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        let progress = clinic.nurse().get(&format!("/api/v1/treatment-plans/{}/progress", next.id())).expect(200).body;
        assert_eq!(
            (&progress["planned"], &progress["given"], &progress["left_to_book"]),
            (&json!(8), &json!(0), &json!(8))
        );
    });
}

#[test]
fn a_plan_ends_with_a_reason_and_stays_readable() {
    on_both_databases(|clinic| {
        let (protocol, patient) = (published(clinic, "migraine-nebulized"), patient(clinic));
        let plan = draft(clinic, &patient, &plan_body(&protocol)).expect(201).id();
        activate(clinic, &plan, 1, None).expect(200);
        let path = format!("/api/v1/treatment-plans/{plan}/close");
        let body = |reason: &str| json!({"outcome": "stopped", "reason": reason});
        clinic
            .prescriber()
            .post(&path, &body(""))
            .expect_problem(422, "validation_failed")
            .expect_field("/reason", "required");
        clinic.nurse().post(&path, &body("moved away")).expect_problem(403, "forbidden");
        let closed = clinic.prescriber().post(&path, &body("moved away")).expect(200).body;
        assert_eq!((&closed["state"], &closed["close_reason"]), (&json!("closed"), &json!("moved away")));
        clinic.prescriber().post(&path, &body("again")).expect_problem(409, "invalid_transition");
    });
}

#[test]
fn the_front_desk_sees_how_many_sessions_are_left_and_nothing_clinical() {
    on_both_databases(|clinic| {
        let (protocol, patient) = (published(clinic, "migraine-iv"), patient(clinic));
        let plan = draft(clinic, &patient, &plan_body(&protocol)).expect(201).id();
        let card = clinic.front_desk().get(&format!("/api/v1/treatment-plans/{plan}")).expect(200).body;
        assert_eq!((&card["left_to_book"], &card["spacing_days"]), (&json!(6), &json!(2)));
        for clinical in ["indication", "dose_mg_per_kg", "stop_rules", "weight_basis"] {
            assert!(card.get(clinical).is_none(), "{clinical}");
        }
        clinic.front_desk().get(&format!("/api/v1/treatment-plans/{plan}/progress")).expect_problem(403, "forbidden");
    });
}

#[test]
fn every_mistake_of_a_draft_is_named_at_once() {
    on_both_databases(|clinic| {
        let (protocol, patient) = (published(clinic, "migraine-iv"), patient(clinic));
        let body = json!({"indication": "F32.9", "protocol_id": protocol, "dose_mg_per_kg": "1.2", "duration_minutes": 30, "stop_rules": []});
        draft(clinic, &patient, &body)
            .expect_problem(422, "validation_failed")
            .expect_field("/indication", "not_headache")
            .expect_field("/dose_mg_per_kg", "range")
            .expect_field("/weight_basis", "required")
            .expect_field("/duration_minutes", "range")
            .expect_field("/sessions", "required")
            .expect_field("/stop_rules", "count")
            .expect_field("/review_on", "required");
        draft(clinic, &patient, &json!({}))
            .expect_problem(422, "validation_failed")
            .expect_field("/protocol_id", "required");
        let next_door = crate::protocols::published(clinic.next_door(), "migraine-iv");
        draft(clinic, &patient, &plan_body(&next_door))
            .expect_problem(422, "validation_failed")
            .expect_field("/protocol_id", "unknown");
    });
}

#[test]
fn a_plan_next_door_is_not_there() {
    on_both_databases(|clinic| {
        let protocol = published(clinic, "migraine-iv");
        let plan = draft(clinic, &patient(clinic), &plan_body(&protocol)).expect(201).id();
        let path = format!("/api/v1/treatment-plans/{plan}");
        clinic.next_door().prescriber().get(&path).expect_problem(404, "not_found");
        clinic
            .next_door()
            .prescriber()
            .if_match(1)
            .patch(&path, &json!({"sessions": 2}))
            .expect_problem(404, "not_found");
    });
}
