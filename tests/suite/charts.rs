//! The lists of a chart: added to, corrected by name, never overwritten, never seen by the desk.

use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

fn patient(clinic: &Clinic) -> String {
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].as_str().unwrap().to_owned()
}

fn patient_two(clinic: &Clinic) -> String {
    let body = json!({"family_name": "Okafor", "birth_date": "1990-01-01", "phone": "+1 555 0102"});
    clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].as_str().unwrap().to_owned()
}

fn items(answer: &Answer, field: &str) -> Vec<Value> {
    answer.body["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
}

#[test]
fn a_diagnosis_is_corrected_by_a_new_one_and_the_old_one_stays_readable() {
    on_both_databases(|clinic| {
        let path = format!("/api/v1/patients/{}/conditions", patient(clinic));
        let doctor = clinic.prescriber();
        let first = doctor.post(&path, &json!({"code": "G43.009", "onset_date": "2019-05-01"})).expect(201);
        assert_eq!((&first.body["text"], &first.body["headache"]), (&json!("Migraine without aura"), &json!(true)));
        clinic.advance_minutes(1);
        let correction = json!({"code": "G43.709", "amends_id": first.id(), "reason": "more than 15 days a month"});
        let second = doctor.post(&path, &correction).expect(201);
        let list = clinic.nurse().get(&path).expect(200);
        assert_eq!(items(&list, "code"), ["G43.709", "G43.009"]);
        assert_eq!(items(&list, "amended_by_id"), [json!(null), json!(second.id())]);
        assert_eq!(list.body["items"][1]["onset_date"], "2019-05-01");
        doctor.post(&path, &correction).expect_problem(409, "already_done");
        let trail = clinic.trail();
        assert_eq!(trail.iter().filter(|entry| *entry == "condition.recorded success").count(), 2, "{trail:?}");
        assert!(trail.contains(&"patient.clinical.read success".to_owned()), "{trail:?}");
    });
}

#[test]
fn two_corrections_of_one_statement_at_once_leave_one() {
    on_both_databases(|clinic| {
        let path = format!("/api/v1/patients/{}/medications", patient(clinic));
        let body = json!({"name": "sertraline", "class": "ssri", "dose_text": "50 mg"});
        let first = clinic.nurse().post(&path, &body).expect(201).id();
        let correct = |dose: u32| json!({"name": "sertraline", "class": "ssri", "dose_text": format!("{dose} mg"), "amends_id": first, "reason": "the box"});
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..10)
                .map(|n| {
                    let (path, body) = (&path, correct(100 + n));
                    scope.spawn(move || clinic.nurse().post(path, &body).status)
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let count = |status| statuses.iter().filter(|found| **found == status).count();
        assert_eq!((count(201), count(409)), (1, 9), "{statuses:?}");
        assert_eq!(clinic.nurse().get(&path).expect(200).body["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn nobody_asked_is_not_none_known_and_an_allergy_is_not_talked_over() {
    on_both_databases(|clinic| {
        let path = format!("/api/v1/patients/{}/allergies", patient(clinic));
        let nurse = clinic.nurse();
        assert_eq!(nurse.get(&path).expect(200).body["allergies"], "not_asked");
        nurse.post(&path, &json!({"kind": "none_known"})).expect(201);
        assert_eq!(nurse.get(&path).expect(200).body["allergies"], "none_known");
        let latex = json!({"kind": "allergy", "substance": "latex", "reaction": "hives", "severity": "mild"});
        let latex = nurse.post(&path, &latex).expect(201);
        assert_eq!(nurse.get(&path).expect(200).body["allergies"], "known");
        nurse.post(&path, &json!({"kind": "none_known"})).expect_problem(409, "wrong_state");
        let slip = json!({"kind": "allergy", "substance": "latex", "status": "entered_in_error", "amends_id": latex.id(), "reason": "another patient's"});
        nurse.post(&path, &slip).expect(201);
        let list = nurse.get(&path).expect(200);
        assert_eq!((&list.body["allergies"], list.body["items"].as_array().unwrap().len()), (&json!("none_known"), 3));
        let both = json!({"kind": "none_known", "substance": "latex"});
        nurse.post(&path, &both).expect_problem(422, "validation_failed").expect_field("/substance", "not_allowed");
    });
}

#[test]
fn what_was_tried_and_what_is_taken_says_what_it_means() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        let tried = format!("/api/v1/patients/{patient}/earlier-treatments");
        for (class, why) in
            [("beta_blocker", "no_effect"), ("beta_blocker", "side_effects"), ("cgrp_antibody", "access")]
        {
            let body = json!({"class": class, "name": "x", "weeks": 12, "why_stopped": why});
            clinic.nurse().post(&tried, &body).expect(201);
        }
        let list = clinic.prescriber().get(&tried).expect(200);
        assert_eq!(list.body["failed_preventive_classes"], json!(["beta_blocker"]));
        let over = json!({"class": "gepant", "name": "atogepant", "why_stopped": "other", "status": "inactive"});
        clinic
            .nurse()
            .post(&tried, &over)
            .expect_problem(422, "validation_failed")
            .expect_field("/status", "unknown_word");

        let taken = format!("/api/v1/patients/{patient}/medications");
        let triptan =
            json!({"name": "sumatriptan", "class": "triptan_or_ergot", "last_taken_at": "2026-03-02T09:00:00-05:00"});
        let triptan = clinic.nurse().post(&taken, &triptan).expect(201);
        assert_eq!(
            (&triptan.body["antidepressant"], &triptan.body["last_taken_at"]),
            (&json!(false), &json!("2026-03-02T14:00:00.000Z"))
        );
        assert!(triptan.body["caution"].as_str().unwrap().contains("same day"));
        let tomorrow =
            json!({"name": "sumatriptan", "class": "triptan_or_ergot", "last_taken_at": "2026-03-03T15:00:00Z"});
        clinic
            .nurse()
            .post(&taken, &tomorrow)
            .expect_problem(422, "validation_failed")
            .expect_field("/last_taken_at", "future");
    });
}

#[test]
fn every_mistake_of_a_statement_is_named_at_once_and_leaves_nothing() {
    on_both_databases(|clinic| {
        let path = format!("/api/v1/patients/{}/conditions", patient(clinic));
        let doctor = clinic.prescriber();
        let body = json!({"code": "migraine", "text": "a\u{7}b", "status": "entered_in_error"});
        doctor
            .post(&path, &body)
            .expect_problem(422, "validation_failed")
            .expect_field("/code", "icd10")
            .expect_field("/text", "control_character")
            .expect_field("/amends_id", "required");
        let elsewhere = format!("/api/v1/patients/{}/conditions", patient_two(clinic));
        let other = doctor.post(&elsewhere, &json!({"code": "G44.52"})).expect(201).id();
        let stolen = json!({"code": "G44.52", "amends_id": other, "reason": "not this patient's"});
        doctor.post(&path, &stolen).expect_problem(422, "validation_failed").expect_field("/amends_id", "unknown");
        doctor.post(&path, &json!({"code": "G44.52", "severity": 3})).expect_problem(400, "malformed_request");
        assert_eq!(doctor.get(&path).expect(200).body["items"], json!([]));
    });
}

#[test]
fn the_desk_and_the_clinic_next_door_see_no_chart() {
    on_both_databases(|clinic| {
        let patient = patient(clinic);
        for list in ["conditions", "allergies", "medications", "earlier-treatments", "screenings", "outcome-scores"] {
            let path = format!("/api/v1/patients/{patient}/{list}");
            clinic.front_desk().get(&path).expect_problem(403, "forbidden");
            clinic.auditor().get(&path).expect_problem(403, "forbidden");
            clinic.next_door().prescriber().get(&path).expect_problem(404, "not_found");
        }
        let path = format!("/api/v1/patients/{patient}/conditions");
        clinic.nurse().post(&path, &json!({"code": "G43.709"})).expect_problem(403, "forbidden");
        clinic.next_door().prescriber().post(&path, &json!({"code": "G43.709"})).expect_problem(404, "not_found");
    });
}
