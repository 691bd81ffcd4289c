//! An auditor reads charts inside an open case only, and the trail says which.

use crate::every_endpoint::a_case_about;
use crate::support::{Clinic, on_both_databases};
use serde_json::{Value, json};

fn a_patient(clinic: &Clinic, family_name: &str) -> String {
    let body = json!({"family_name": family_name, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    made.body["patient"]["id"].as_str().unwrap().to_owned()
}

fn trail_of(clinic: &Clinic, patient: &str) -> Vec<Value> {
    let seen = clinic.auditor().get(&format!("/api/v1/audit-events?patient_id={patient}")).expect(200).body;
    let entries = seen["items"].as_array().unwrap().iter();
    entries.map(|entry| serde_json::from_str(entry["body"].as_str().unwrap()).unwrap()).collect()
}

#[test]
fn an_auditor_reads_the_charts_of_an_open_case_and_the_trail_names_it() {
    on_both_databases(|clinic| {
        let (rivera, stone) = (a_patient(clinic, "Rivera"), a_patient(clinic, "Riverstone"));
        let chart = |patient: &str| format!("/api/v1/patients/{patient}");
        clinic.auditor().get(&chart(&rivera)).expect_problem(403, "forbidden");
        let case = a_case_about(clinic, &rivera);
        let auditor = clinic.auditor().with("x-audit-case", &case);
        let search = json!({"name": "river"});
        let found = auditor.post("/api/v1/patients/search", &search).expect(200).body;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "only whom the case names");
        assert_eq!(found["items"][0]["id"], json!(rivera));
        auditor.get(&chart(&rivera)).expect(200);
        auditor.get(&format!("{}/allergies", chart(&rivera))).expect(200);
        let outside = auditor.get(&chart(&stone)).expect_problem(404, "not_found");
        let nobody = auditor.get(&chart("0190a5c0-0000-7000-8000-00000000dead")).expect_problem(404, "not_found");
        assert_eq!(outside.body["title"], nobody.body["title"]);
        let purpose = json!(format!("audit_case/{case}"));
        let reads: Vec<Value> = trail_of(clinic, &rivera).into_iter().filter(|e| e["purpose"] == purpose).collect();
        let actions: Vec<&str> = reads.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["patient.search", "patient.card.read", "patient.clinical.read"]);
        let attempt = trail_of(clinic, &stone).into_iter().find(|entry| entry["purpose"] == purpose).unwrap();
        assert_eq!((&attempt["action"], &attempt["outcome"]), (&json!("patient.card.read"), &json!("failed")));
        // A case opens charts to be read, and to an auditor: nobody else gains or loses anything by naming one.
        auditor.patch(&chart(&rivera), &json!({"phone": "1"})).expect_problem(403, "forbidden");
        clinic.admin().with("x-audit-case", &case).get(&chart(&rivera)).expect_problem(403, "forbidden");
        clinic.nurse().with("x-audit-case", &case).get(&chart(&stone)).expect(200);
    });
}

#[test]
fn a_case_that_is_closed_over_or_of_the_clinic_next_door_opens_nothing() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Rivera");
        let chart = format!("/api/v1/patients/{patient}");
        let (closed, over) = (a_case_about(clinic, &patient), a_case_about(clinic, &patient));
        let inside = |case: &str| clinic.auditor().with("x-audit-case", case).get(&chart);
        inside(&closed).expect(200);
        let shut = format!("/api/v1/audit-cases/{closed}/close");
        assert_eq!(clinic.auditor().post(&shut, &json!({})).expect(200).body["open"], json!(false));
        clinic.auditor().post(&shut, &json!({})).expect_problem(409, "already_done");
        inside(&closed).expect_problem(403, "forbidden");
        inside("0190a5c0-0000-7000-8000-00000000dead").expect_problem(403, "forbidden");
        inside("2026-014").expect_problem(400, "malformed_request");
        let denied = clinic.trail().iter().filter(|line| *line == "patient.card.read denied").count();
        assert_eq!(denied, 2, "each refused read is in the trail");
        clinic.next_door().auditor().with("x-audit-case", &over).get(&chart).expect_problem(403, "forbidden");
        inside(&over).expect(200);
        clinic.advance_minutes(60 * 24);
        inside(&over).expect_problem(403, "forbidden");
    });
}

#[test]
fn a_case_about_a_period_opens_the_charts_of_its_visits() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        let stranger = a_patient(clinic, "Stone");
        let now = clinic.now();
        let body = json!({"number": "2026-015", "reason": "review of one week",
            "period": {"from": now.plus_minutes(-7 * 24 * 60).to_string(), "until": now.plus_minutes(7 * 24 * 60).to_string()},
            "until": now.plus_minutes(60).to_string()});
        let case = clinic.auditor().post("/api/v1/audit-cases", &body).expect(201).body["id"].clone();
        let auditor = clinic.auditor().with("x-audit-case", case.as_str().unwrap());
        let read = auditor.get(&visit.path("")).expect(200).body;
        assert!(read.to_string().contains("blocked_by"), "the chart and not the front desk's card: {read}");
        auditor.get(&visit.path("/observations")).expect(200);
        assert_eq!(auditor.get("/api/v1/sessions").expect(200).body["items"].as_array().unwrap().len(), 1);
        auditor.get(&format!("/api/v1/patients/{stranger}")).expect_problem(404, "not_found");
    });
}

#[test]
fn a_case_is_about_somebody_and_for_a_reason() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Rivera");
        let until = clinic.now().plus_minutes(60).to_string();
        let open = |who: &str, body: &Value| match who {
            "auditor" => clinic.auditor().post("/api/v1/audit-cases", body),
            _ => clinic.admin().post("/api/v1/audit-cases", body),
        };
        let good =
            json!({"number": "1", "reason": "complaint of the family", "patient_ids": [patient], "until": until});
        open("admin", &good).expect_problem(403, "forbidden");
        let change = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        open("auditor", &change("reason", json!("why not"))).expect_problem(422, "validation_failed");
        open("auditor", &change("patient_ids", json!([]))).expect_problem(422, "validation_failed");
        open("auditor", &change("until", json!("2020-01-01T00:00:00Z"))).expect_problem(422, "validation_failed");
        let foreign = a_patient(clinic.next_door(), "Stone");
        open("auditor", &change("patient_ids", json!([foreign]))).expect_problem(404, "not_found");
        assert_eq!(clinic.auditor().get("/api/v1/audit-cases").expect(200).body["items"], json!([]));
        open("auditor", &good).expect(201);
        let listed = clinic.auditor().get("/api/v1/audit-cases?limit=1").expect(200).body;
        assert_eq!(listed["items"][0]["patient_ids"], json!([patient]));
        clinic.nurse().get("/api/v1/audit-cases").expect_problem(403, "forbidden");
        assert_eq!(clinic.next_door().auditor().get("/api/v1/audit-cases").expect(200).body["items"], json!([]));
    });
}
