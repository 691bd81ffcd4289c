//! Outcome scores: summed, banded, never prorated; item 9 calls a prescriber whatever the total says.

use crate::support::{Clinic, on_both_databases};
use serde_json::json;

fn scores(clinic: &Clinic) -> String {
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let patient = clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].clone();
    format!("/api/v1/patients/{}/outcome-scores", patient.as_str().unwrap())
}

#[test]
fn a_score_is_summed_banded_and_corrected_by_name() {
    on_both_databases(|clinic| {
        let path = scores(clinic);
        let nurse = clinic.nurse();
        let body = json!({"scale": "hit6", "timepoint": "baseline", "items": [10, 10, 11, 10, 10, 13]});
        let first = nurse.post(&path, &body).expect(201);
        assert_eq!((&first.body["total"], &first.body["band"]), (&json!(64), &json!("severe")));
        clinic.advance_minutes(1);
        let correction = json!({"scale": "hit6", "timepoint": "baseline", "items": [10, 10, 8, 10, 10, 8], "amends_id": first.id(), "reason": "read in the wrong column"});
        nurse.post(&path, &correction).expect(201);
        let list = nurse.get(&path).expect(200).body;
        assert_eq!((&list["items"][0]["total"], &list["items"][1]["total"]), (&json!(56), &json!(64)));
        assert_eq!(list["items"][1]["amended_by_id"], list["items"][0]["id"]);
    });
}

#[test]
fn item_9_waits_for_a_prescriber_when_it_is_positive_and_when_it_is_missing() {
    on_both_databases(|clinic| {
        let path = scores(clinic);
        let phq9 = |item9: serde_json::Value| json!({"scale": "phq9", "timepoint": "baseline", "items": [0, 0, 0, 0, 0, 0, 0, 0, item9]});
        let quiet = clinic.nurse().post(&path, &phq9(json!(0))).expect(201);
        assert_eq!((&quiet.body["total"], &quiet.body["needs_review"]), (&json!(0), &json!(false)));
        let missing = clinic.nurse().post(&path, &phq9(json!(null))).expect(201);
        assert_eq!((&missing.body["total"], &missing.body["item9"]), (&json!(null), &json!("missing")));
        let positive = clinic.nurse().post(&path, &phq9(json!(1))).expect(201);
        assert_eq!((&positive.body["band"], &positive.body["item9"]), (&json!("minimal"), &json!("positive")));
        let waiting = clinic.prescriber().get(&path).expect(200).body["awaiting_review"].as_array().unwrap().len();
        assert_eq!(waiting, 2);

        let review = |score: &str| format!("/api/v1/outcome-scores/{score}/review");
        let action = json!({"action": "C-SSRS negative, safety plan made"});
        clinic.nurse().post(&review(&positive.id()), &action).expect_problem(403, "forbidden");
        clinic
            .prescriber()
            .post(&review(&positive.id()), &json!({}))
            .expect_problem(422, "validation_failed")
            .expect_field("/action", "required");
        clinic.prescriber().post(&review(&positive.id()), &action).expect(201);
        clinic.prescriber().post(&review(&positive.id()), &action).expect_problem(409, "already_done");
        clinic.prescriber().post(&review(&quiet.id()), &action).expect_problem(409, "wrong_state");
        clinic.next_door().prescriber().post(&review(&missing.id()), &action).expect_problem(404, "not_found");
        let list = clinic.prescriber().get(&path).expect(200).body;
        assert_eq!(list["awaiting_review"], json!([missing.id()]));
        let tasks = clinic.prescriber().get("/api/v1/tasks").expect(200).body;
        let reviews: Vec<_> =
            tasks["items"].as_array().unwrap().iter().filter(|task| task["kind"] == "clinician_review").collect();
        assert_eq!(reviews.iter().map(|task| &task["subject_id"]).collect::<Vec<_>>(), [&json!(missing.id())]);
        assert_eq!(reviews[0]["due_at"], "2026-03-03T05:00:00.000Z", "by midnight in New York");
        assert!(clinic.trail().contains(&"outcome_score.reviewed success".to_owned()));
    });
}

#[test]
fn answers_outside_a_scale_are_named_and_leave_nothing() {
    on_both_databases(|clinic| {
        let path = scores(clinic);
        let post = |body: serde_json::Value| clinic.nurse().post(&path, &body).expect_problem(422, "validation_failed");
        post(json!({"scale": "hit6", "timepoint": "baseline", "items": [6, 7, 6, 6, 6, 6]}))
            .expect_field("/items/1", "range");
        post(json!({"scale": "midas", "timepoint": "day_90", "items": [50, 50, 0, 0, 0, null, null]}))
            .expect_field("/items/1", "range");
        post(json!({"scale": "phq9", "timepoint": "session", "items": [1]})).expect_field("/items", "length");
        post(json!({"scale": "nrs_now", "timepoint": "session", "items": [11]})).expect_field("/items/0", "range");
        post(json!({"scale": "nrs_now", "timepoint": "noon", "items": [1]})).expect_field("/timepoint", "unknown_word");
        let float = json!({"scale": "nrs_now", "timepoint": "session", "items": [4.5]});
        clinic.nurse().post(&path, &float).expect_problem(400, "malformed_request");
        assert_eq!(clinic.nurse().get(&path).expect(200).body["items"], json!([]));
    });
}
