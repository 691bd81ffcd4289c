//! Screening: unknown is not no, one prescriber clears, two where a yes is absolute, and every clearance ends.

use crate::support::{Clinic, on_both_databases};
use serde_json::{Value, json};

fn patient(clinic: &Clinic) -> String {
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].as_str().unwrap().to_owned()
}

/// Every question answered no, but for those given; `null` leaves a question out.
fn answers(clinic: &Clinic, others: &Value) -> Value {
    let questions = clinic.nurse().get("/api/v1/screenings/questions").expect(200).body;
    let answer = |question: &Value| {
        let code = question["code"].as_str().unwrap();
        let given = others.get(code).cloned().unwrap_or(json!("no"));
        (!given.is_null()).then(|| json!({"question": code, "answer": given, "source": "patient"}))
    };
    let answers: Vec<Value> = questions["items"].as_array().unwrap().iter().filter_map(answer).collect();
    json!({"questions_version": questions["questions_version"], "answers": answers})
}

/// Records answers a minute after whatever came before; gives back the path of the decision.
fn screen(clinic: &Clinic, patient: &str, others: &Value) -> String {
    clinic.advance_minutes(1);
    let path = format!("/api/v1/patients/{patient}/screenings");
    let made = clinic.nurse().post(&path, &answers(clinic, others)).expect(201);
    format!("/api/v1/screenings/{}/decision", made.id())
}

/// What keeps a treatment from starting now.
fn blocked_by(clinic: &Clinic, patient: &str) -> Vec<String> {
    let list = clinic.nurse().get(&format!("/api/v1/patients/{patient}/screenings")).expect(200);
    let code = |unmet: &Value| unmet["code"].as_str().unwrap().to_owned();
    list.body["blocked_by"].as_array().unwrap().iter().map(code).collect()
}

#[test]
fn a_patient_is_screened_cleared_and_the_clearance_ends() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        assert_eq!(blocked_by(clinic, &patient), ["screening_missing"]);
        let decision = screen(clinic, &patient, &json!({"pregnancy": "not_applicable"}));
        assert_eq!(blocked_by(clinic, &patient), ["screening_undecided"]);
        let cleared = clinic.prescriber().post(&decision, &json!({"decision": "cleared"})).expect(201);
        assert_eq!(cleared.body["decisions"][0]["state"], "complete");
        assert_eq!(blocked_by(clinic, &patient), Vec::<String>::new());
        clinic.advance_minutes(180 * 24 * 60);
        assert_eq!(blocked_by(clinic, &patient), ["screening_expired"]);
        let trail = clinic.trail();
        for entry in ["screening.recorded success", "screening.decided success"] {
            assert_eq!(trail.iter().filter(|found| *found == entry).count(), 1, "{trail:?}");
        }
    });
}

#[test]
fn an_open_question_keeps_everybody_from_clearing() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        let decision = screen(clinic, &patient, &json!({"pregnancy": null, "active_psychosis": "unknown"}));
        let refused =
            clinic.prescriber().post(&decision, &json!({"decision": "cleared"})).expect_problem(422, "blocked");
        let codes: Vec<&Value> =
            refused.body["blocked_by"].as_array().unwrap().iter().map(|unmet| &unmet["code"]).collect();
        assert_eq!(codes, ["screening_unknown", "screening_unanswered"]);
        clinic
            .prescriber()
            .post(&decision, &json!({"decision": "not"}))
            .expect_problem(422, "validation_failed")
            .expect_field("/reasons", "required");
        let not = json!({"decision": "not", "reasons": [{"text": "wait for the test"}]});
        clinic.prescriber().post(&decision, &not).expect(201);
        assert_eq!(blocked_by(clinic, &patient), ["screening_not_cleared"]);
    });
}

#[test]
fn a_relative_contraindication_is_cleared_with_a_reason_that_names_it() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        let decision =
            screen(clinic, &patient, &json!({"untreated_hyperthyroidism": "yes", "seizure_disorder": "yes"}));
        clinic.prescriber().post(&decision, &json!({"decision": "cleared"})).expect_problem(422, "blocked");
        let reason = json!([{"question": "untreated_hyperthyroidism", "text": "TSH normal since January"}]);
        let cleared =
            clinic.prescriber().post(&decision, &json!({"decision": "cleared", "reasons": reason})).expect(201);
        assert_eq!(cleared.body["assessment"]["warnings"][0]["question"], "seizure_disorder");
        assert!(blocked_by(clinic, &patient).is_empty());
    });
}

#[test]
fn an_absolute_contraindication_takes_two_prescribers() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        let decision = screen(clinic, &patient, &json!({"vascular_aneurysm_or_avm": "yes"}));
        let reason = json!([{"question": "vascular_aneurysm_or_avm", "text": "3 mm, stable for ten years"}]);
        let first = clinic.prescriber().post(&decision, &json!({"decision": "cleared", "reasons": reason})).expect(201);
        assert_eq!(first.body["decisions"][0]["state"], "awaiting_second");
        assert_eq!(blocked_by(clinic, &patient), ["screening_second_prescriber_missing"]);
        let join = json!({"decision": "cleared", "seconds_id": first.body["decisions"][0]["id"]});
        clinic.prescriber().post(&decision, &join).expect_problem(409, "same_person");
        clinic.nurse().post(&decision, &join).expect_problem(403, "forbidden");
        clinic.actor("second_prescriber").post(&decision, &join).expect(201);
        assert!(blocked_by(clinic, &patient).is_empty());
        clinic.actor("second_prescriber").post(&decision, &join).expect_problem(409, "already_done");
    });
}

#[test]
fn newer_answers_need_a_decision_of_their_own_and_older_ones_take_none() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        let old = screen(clinic, &patient, &json!({}));
        clinic.prescriber().post(&old, &json!({"decision": "cleared"})).expect(201);
        let new = screen(clinic, &patient, &json!({"suicidal_thoughts": "yes"}));
        assert_eq!(blocked_by(clinic, &patient), ["screening_undecided"]);
        clinic.prescriber().post(&old, &json!({"decision": "cleared"})).expect_problem(409, "wrong_state");
        clinic.prescriber().post(&new, &json!({"decision": "cleared"})).expect_problem(422, "blocked");
    });
}

#[test]
fn wrong_answers_are_named_and_leave_nothing() {
    on_both_databases(|clinic| {
        let path = format!("/api/v1/patients/{}/screenings", patient(clinic));
        let body = json!({"questions_version": 7, "answers": [
            {"question": "asthma", "answer": "no", "source": "patient"},
            {"question": "porphyria", "answer": "not_applicable", "source": "record"},
            {"question": "porphyria", "answer": "no", "source": "exam", "asserted_at": "2030-01-01T00:00:00Z"},
        ]});
        clinic
            .nurse()
            .post(&path, &body)
            .expect_problem(422, "validation_failed")
            .expect_field("/questions_version", "stale")
            .expect_field("/answers/0/question", "unknown_word")
            .expect_field("/answers/1/answer", "not_allowed")
            .expect_field("/answers/2/question", "repeated")
            .expect_field("/answers/2/asserted_at", "future");
        let word = json!({"questions_version": 1, "answers": [{"question": "porphyria", "answer": "maybe", "source": "patient"}]});
        clinic
            .nurse()
            .post(&path, &word)
            .expect_problem(422, "validation_failed")
            .expect_field("/answers/0/answer", "unknown_word");
        clinic
            .nurse()
            .with("idempotency-key", "")
            .post(&path, &answers(clinic, &json!({})))
            .expect_problem(400, "malformed_request");
        assert_eq!(clinic.nurse().get(&path).expect(200).body["items"], json!([]));
    });
}

#[test]
fn the_clinic_next_door_decides_nothing_here() {
    on_both_databases(|clinic| {
        let decision = screen(clinic, &patient(clinic), &json!({}));
        let cleared = json!({"decision": "cleared"});
        clinic.next_door().prescriber().post(&decision, &cleared).expect_problem(404, "not_found");
        clinic.front_desk().get("/api/v1/screenings/questions").expect(200);
        clinic.nobody().get("/api/v1/screenings/questions").expect_problem(401, "unauthenticated");
    });
}
