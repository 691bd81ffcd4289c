//! Patients at the front desk: registered, found again, corrected, and never seen from next door.

use crate::support::{Clinic, on_both_databases};
use serde_json::json;

fn ana() -> serde_json::Value {
    json!({"family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "phone": "+1 555 0101"})
}

fn register(clinic: &Clinic, body: &serde_json::Value) -> serde_json::Value {
    clinic.front_desk().post("/api/v1/patients", body).expect(201).body["patient"].clone()
}

#[test]
fn a_patient_is_registered_with_name_birth_date_and_phone_and_read_back() {
    on_both_databases(|clinic| {
        let made = clinic.front_desk().post("/api/v1/patients", &ana()).expect(201);
        let patient = &made.body["patient"];
        assert_eq!(patient["mrn"], "MRN-000001");
        assert_eq!(patient["display_name"], "Rivera, Ana");
        let path = made.header("location").unwrap().to_owned();
        let read = clinic.nurse().get(&path).expect(200);
        assert_eq!(&read.body, patient);
        let tag = read.header("etag").unwrap().to_owned();
        assert!(tag.starts_with("\"1-"), "{tag}");
        clinic.nurse().with("if-none-match", tag).get(&path).expect(304);
        let trail = clinic.trail();
        let seen = trail.iter().filter(|entry| *entry == "patient.card.read success").count();
        assert_eq!((trail.contains(&"patient.registered success".to_owned()), seen), (true, 2), "{trail:?}");
    });
}

#[test]
fn every_mistake_of_a_registration_is_named_at_once() {
    on_both_databases(|clinic| {
        let body = json!({"family_name": " ", "birth_date": "2030-01-01", "phone": "", "language": "english please"});
        clinic
            .front_desk()
            .post("/api/v1/patients", &body)
            .expect_problem(422, "validation_failed")
            .expect_field("/family_name", "required")
            .expect_field("/phone", "required");
        let bad = [
            (json!({"family_name": 5}).to_string(), 400, "malformed_request"),
            (json!({"famly_name": "x"}).to_string(), 400, "malformed_request"),
            (json!({"birth_date": "17.5.1984"}).to_string(), 422, "validation_failed"),
            (json!({"sex": "f"}).to_string(), 422, "validation_failed"),
            ("{".to_owned(), 400, "malformed_request"),
            ("[]".to_owned(), 400, "malformed_request"),
            ("{} {}".to_owned(), 400, "malformed_request"),
        ];
        for (body, status, code) in bad {
            clinic.front_desk().send("POST", "/api/v1/patients", Some(body.into_bytes())).expect_problem(status, code);
        }
        clinic
            .front_desk()
            .send("POST", "/api/v1/patients", Some(vec![b'"', 0xff, b'"']))
            .expect_problem(400, "malformed_request");
        clinic
            .front_desk()
            .send("POST", "/api/v1/patients", Some(vec![b' '; 600_000]))
            .expect_problem(413, "too_large");
        clinic
            .front_desk()
            .with("content-type", "text/plain")
            .post("/api/v1/patients", &ana())
            .expect_problem(415, "unsupported_media_type");
        assert!(!clinic.trail().iter().any(|entry| entry.starts_with("patient.registered")));
    });
}

#[test]
fn a_name_of_any_script_is_kept_byte_for_byte_or_refused_with_a_reason() {
    on_both_databases(|clinic| {
        for name in ["王小明", "O'Brien; DROP TABLE patients;--", "👩‍⚕️", "  two  spaces ", "\"\\\u{202e}"]
        {
            let mut body = ana();
            body["family_name"] = json!(name);
            assert_eq!(register(clinic, &body)["family_name"], name);
        }
        for name in ["a\u{0}b", "bell\u{7}", &"😀".repeat(2500)] {
            let mut body = ana();
            body["family_name"] = json!(name);
            clinic.front_desk().post("/api/v1/patients", &body).expect_problem(422, "validation_failed");
        }
    });
}

#[test]
fn a_possible_duplicate_is_hinted_and_a_taken_number_is_refused() {
    on_both_databases(|clinic| {
        let first = register(clinic, &ana());
        let mut twin = ana();
        twin["given_name"] = json!("Anna");
        let made = clinic.front_desk().post("/api/v1/patients", &twin).expect(201);
        assert_eq!(made.body["possible_duplicates"], json!([first["id"]]));
        twin["mrn"] = json!("mrn-000001");
        clinic.front_desk().post("/api/v1/patients", &twin).expect_problem(409, "duplicate");
    });
}

#[test]
fn a_patient_is_found_however_the_name_is_typed_one_page_after_the_other() {
    on_both_databases(|clinic| {
        for given in ["Ana", "Bea", "Cleo", "Dora", "Eva"] {
            let mut body = ana();
            body["given_name"] = json!(given);
            register(clinic, &body);
        }
        let found = clinic.nurse().post("/api/v1/patients/search", &json!({"name": "cleo riv"})).expect(200);
        assert_eq!(found.body["items"][0]["given_name"], "Cleo");
        let (mut seen, mut cursor) = (Vec::new(), serde_json::Value::Null);
        loop {
            let mut body = json!({"name": "RIVERA", "limit": 2});
            if !cursor.is_null() {
                body["cursor"] = cursor;
            }
            let page = clinic.nurse().post("/api/v1/patients/search", &body).expect(200).body;
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|item| item["given_name"].as_str().unwrap().to_owned()),
            );
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(seen, ["Ana", "Bea", "Cleo", "Dora", "Eva"]);
        clinic.nurse().post("/api/v1/patients/search", &json!({})).expect_problem(422, "validation_failed");
        clinic
            .nurse()
            .post("/api/v1/patients/search", &json!({"name": "r", "cursor": "forged"}))
            .expect_problem(400, "malformed_request");
        assert!(clinic.trail().iter().filter(|entry| *entry == "patient.search success").count() >= 4);
    });
}

#[test]
fn a_correction_needs_the_version_that_was_read() {
    on_both_databases(|clinic| {
        let patient = register(clinic, &ana());
        let path = format!("/api/v1/patients/{}", patient["id"].as_str().unwrap());
        let change = json!({"phone": "+1 555 0199", "email": "ana@example.org"});
        clinic.front_desk().patch(&path, &change).expect_problem(428, "precondition_required");
        let changed = clinic.front_desk().if_match(1).patch(&path, &change).expect(200);
        assert_eq!((changed.version(), &changed.body["phone"]), (2, &change["phone"]));
        let stale = clinic.front_desk().if_match(1).patch(&path, &change).expect_problem(412, "stale_version");
        assert_eq!(stale.body["current_version"], 2);
        let cleared = clinic.front_desk().if_match(2).patch(&path, &json!({"email": null})).expect(200);
        assert!(cleared.body["email"].is_null());
        let same = clinic.front_desk().if_match(3).patch(&path, &json!({"phone": "+1 555 0199"})).expect(200);
        assert_eq!(same.version(), 3, "a patch that changes nothing is no change");
    });
}

#[test]
fn one_key_sent_fifty_times_at_once_registers_one_patient() {
    on_both_databases(|clinic| {
        let desk = clinic.front_desk().key("0190a5c0-0000-7000-8000-00000000aaaa");
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(|| desk.post("/api/v1/patients", &ana()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let first = &answers[0].clone().expect(201).bytes;
        for answer in &answers {
            assert_eq!((answer.status, &answer.bytes), (201, first), "{:#}", answer.body);
        }
        let fresh = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count();
        assert_eq!(fresh, 1);
        let found = clinic.nurse().post("/api/v1/patients/search", &json!({"name": "rivera"})).expect(200);
        assert_eq!(found.body["items"].as_array().unwrap().len(), 1);
        let mut other = ana();
        other["given_name"] = json!("Bea");
        desk.post("/api/v1/patients", &other).expect_problem(422, "idempotency_key_reused");
    });
}

#[test]
fn nobody_sees_a_patient_without_a_role_or_from_next_door() {
    on_both_databases(|clinic| {
        let patient = register(clinic, &ana());
        let path = format!("/api/v1/patients/{}", patient["id"].as_str().unwrap());
        clinic.nobody().get(&path).expect_problem(401, "unauthenticated");
        clinic.nobody().with("authorization", "Bearer nonsense").get(&path).expect_problem(401, "unauthenticated");
        clinic.admin().get(&path).expect_problem(403, "forbidden");
        clinic.auditor().get(&path).expect_problem(403, "forbidden");
        let foreign = clinic.next_door().nurse().get(&path).expect_problem(404, "not_found");
        let unknown = clinic.next_door().nurse().get("/api/v1/patients/0190a5c0-0000-7000-8000-000000000001");
        let without_request = |answer: &crate::support::Answer| {
            let mut body = answer.body.clone();
            body.as_object_mut().unwrap().remove("instance");
            body
        };
        assert_eq!(without_request(&foreign), without_request(&unknown), "unknown and foreign look alike");
        assert!(clinic.trail().contains(&"patient.card.read denied".to_owned()));
    });
}

#[test]
fn an_unknown_path_is_404_and_a_wrong_method_says_which_there_are() {
    on_both_databases(|clinic| {
        clinic.nurse().get("/api/v1/nothing").expect_problem(404, "not_found");
        clinic.nurse().get("/api/v1/patients/not-an-id").expect_problem(404, "not_found");
        let wrong = clinic.nurse().send("DELETE", "/api/v1/patients", None).expect_problem(405, "method_not_allowed");
        assert_eq!(wrong.header("allow"), Some("POST, OPTIONS"));
        clinic.nobody().send("OPTIONS", "/api/v1/patients", None).expect(204);
        clinic.nobody().send("HEAD", "/healthz", None).expect(200);
        let search = clinic.nurse().send("PATCH", "/api/v1/patients/search", None);
        let search = search.expect_problem(405, "method_not_allowed");
        assert_eq!(search.header("allow"), Some("POST, OPTIONS"), "search is not a patient of that name");
    });
}
