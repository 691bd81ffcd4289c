//! Restricted patients and breaking the glass (T-20): one chart, one hour, a reason, and somebody else looks at it.

use crate::support::{Clinic, Kind, on_both_databases};
use serde_json::{Value, json};

/// Nobody's id.
const UNKNOWN: &str = "0190a5c0-0000-7000-8000-00000000dead";

fn a_patient(clinic: &Clinic, family_name: &str) -> String {
    let body = json!({"family_name": family_name, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    made.body["patient"]["id"].as_str().unwrap().to_owned()
}

fn chart(patient: &str) -> String {
    format!("/api/v1/patients/{patient}")
}

fn restrict(clinic: &Clinic, patient: &str, readers: &[&str]) {
    let readers: Vec<Value> = readers.iter().map(|who| json!(clinic.staff_id(who))).collect();
    let body = json!({"reason": "works at this clinic", "staff_ids": readers});
    clinic.prescriber().post(&format!("{}/restriction", chart(patient)), &body).expect(201);
}

fn glass(clinic: &Clinic, who: &'static str, patient: &str, reason: &str) -> crate::support::Answer {
    let token = clinic.actor(who).reauth("breakglass.activate", patient);
    let body =
        json!({"patient_id": patient, "reason_code": "emergency_care", "reason": reason, "signing_token": token});
    clinic.actor(who).post("/api/v1/break-glass", &body)
}

/// The entries of the trail about a patient, as their bodies say.
fn trail_of(clinic: &Clinic, patient: &str) -> Vec<Value> {
    let seen = clinic.auditor().get(&format!("/api/v1/audit-events?patient_id={patient}&limit=200")).expect(200).body;
    let entries = seen["items"].as_array().unwrap().iter();
    entries.map(|entry| serde_json::from_str(entry["body"].as_str().unwrap()).unwrap()).collect()
}

#[test]
fn a_restricted_chart_is_read_by_those_named_and_is_not_there_for_anybody_else() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Quiet");
        restrict(clinic, &patient, &["nurse"]);
        for who in ["prescriber", "nurse"] {
            clinic.actor(who).get(&chart(&patient)).expect(200);
        }
        for who in ["second_prescriber", "second_nurse", "front_desk"] {
            let here = clinic.actor(who).get(&chart(&patient)).expect_problem(404, "not_found");
            let nowhere = clinic.actor(who).get(&chart(UNKNOWN)).expect_problem(404, "not_found");
            assert_eq!(here.body["title"], nowhere.body["title"]);
            let found = clinic.actor(who).post("/api/v1/patients/search", &json!({"name": "quiet"})).expect(200).body;
            assert_eq!(found["items"], json!([]), "{who} finds nobody");
            clinic.actor(who).patch(&chart(&patient), &json!({"phone": "1"})).expect(428);
            clinic
                .actor(who)
                .if_match(1)
                .patch(&chart(&patient), &json!({"phone": "1"}))
                .expect_problem(404, "not_found");
        }
        let denied = |entry: &&Value| entry["action"] == "patient.card.read" && entry["outcome"] == "failed";
        assert_eq!(trail_of(clinic, &patient).iter().filter(denied).count(), 3, "each attempt is in the trail");
        // A twin is registered without a hint at who is hidden.
        let body = json!({"family_name": "Quiet", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        let twin = clinic.front_desk().post("/api/v1/patients", &body).expect(201).body;
        assert_eq!(twin["possible_duplicates"], json!([]));
    });
}

#[test]
fn another_list_takes_the_place_of_the_one_before_and_lifting_opens_the_chart() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Quiet");
        let restriction = format!("{}/restriction", chart(&patient));
        assert_eq!(clinic.nurse().get(&restriction).expect(200).body["restriction"], Value::Null);
        let body = json!({"reason": "works at this clinic", "staff_ids": [clinic.staff_id("nurse")]});
        clinic.nurse().post(&restriction, &body).expect_problem(403, "forbidden");
        clinic.prescriber().post(&restriction, &json!({"reason": "why", "staff_ids": []})).expect(422);
        clinic
            .prescriber()
            .post(&restriction, &json!({"reason": "works at this clinic", "staff_ids": [UNKNOWN]}))
            .expect_problem(422, "validation_failed")
            .expect_field("/staff_ids", "not_found");
        restrict(clinic, &patient, &["nurse"]);
        restrict(clinic, &patient, &["second_nurse"]);
        clinic.nurse().get(&chart(&patient)).expect_problem(404, "not_found");
        let now = clinic.actor("second_nurse").get(&restriction).expect(200).body;
        assert_eq!(now["restriction"]["staff_ids"].as_array().unwrap().len(), 2);
        clinic.actor("second_prescriber").post(&format!("{restriction}/lift"), &json!({})).expect(404);
        clinic.prescriber().post(&format!("{restriction}/lift"), &json!({})).expect(200);
        clinic.prescriber().post(&format!("{restriction}/lift"), &json!({})).expect_problem(409, "already_done");
        clinic.nurse().get(&chart(&patient)).expect(200);
    });
}

#[test]
fn whoever_is_in_charge_of_a_live_visit_reads_the_chart_and_nobody_at_the_chair_is_kept_from_helping() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        restrict(clinic, &visit.patient, &[]);
        clinic.nurse().get(&visit.path("/observations")).expect(200);
        let other = clinic.actor("second_nurse");
        other.get(&visit.path("")).expect_problem(404, "not_found");
        other.get(&visit.path("/observations")).expect_problem(404, "not_found");
        // Who it is is not said, that the chair is taken and by what visit is.
        let board = other.get("/api/v1/sessions/board").expect(200);
        let said = board.body.to_string();
        assert!(said.contains(&visit.session) && !said.contains("\"AR\""), "{said}");
        let row = json!({"patient_id": visit.patient, "systolic_mmhg": 128, "diastolic_mmhg": 80});
        other.post(&visit.path("/observations"), &row).expect(201);
        other.post(&visit.path("/pause"), &json!({})).expect(200);
        other.post(&visit.path("/stop"), &json!({})).expect(200);
        other.get(&visit.path("")).expect_problem(404, "not_found");
    });
}

#[test]
fn a_booking_of_a_restricted_patient_keeps_its_chair() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        restrict(clinic, &visit.patient, &[]);
        let board = clinic.front_desk().get("/api/v1/sessions/board").expect(200).body;
        let chairs = board["items"].as_array().unwrap().iter();
        let cards: Vec<&Value> = chairs.flat_map(|chair| chair["sessions"].as_array().unwrap()).collect();
        assert_eq!(cards.len(), 1);
        assert_eq!((&cards[0]["initials"], &cards[0]["restricted"]), (&Value::Null, &json!(true)));
        assert!(cards[0].get("patient_id").is_none(), "the front desk charts nothing");
        let listed = clinic.front_desk().get("/api/v1/sessions").expect(200).body;
        assert_eq!(listed["items"], json!([]));
    });
}

#[test]
fn a_broken_glass_opens_one_chart_for_an_hour_and_every_entry_names_it() {
    on_both_databases(|clinic| {
        let (a, b) = (a_patient(clinic, "Quiet"), a_patient(clinic, "Silent"));
        restrict(clinic, &a, &[]);
        restrict(clinic, &b, &[]);
        let nurse = clinic.nurse();
        nurse.get(&chart(&a)).expect_problem(404, "not_found");
        let opened = glass(clinic, "nurse", &a, "found unconscious in the hall").expect(201);
        assert_eq!(opened.body["state"], "open");
        nurse.get(&chart(&a)).expect(200);
        nurse.get(&format!("{}/allergies", chart(&a))).expect(200);
        assert_eq!(
            nurse.post("/api/v1/patients/search", &json!({"name": "quiet"})).expect(200).body["items"][0]["id"],
            json!(a)
        );
        nurse.get(&chart(&b)).expect_problem(404, "not_found");
        clinic.actor("second_nurse").get(&chart(&a)).expect_problem(404, "not_found");
        // It opens reads and what cannot wait, and nothing else.
        nurse.if_match(1).patch(&chart(&a), &json!({"phone": "+1 555 0102"})).expect_problem(404, "not_found");
        clinic.advance_minutes(59);
        clinic.nurse().get(&chart(&a)).expect(200);
        clinic.advance_minutes(1);
        clinic.nurse().get(&chart(&a)).expect_problem(404, "not_found");
        let id = opened.body["id"].clone();
        let entries = trail_of(clinic, &a);
        let under: Vec<&str> = entries
            .iter()
            .filter(|entry| entry["break_glass_id"] == id)
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        let read = "patient.card.read";
        assert_eq!(
            under,
            ["break_glass.opened", read, "patient.clinical.read", "patient.search", "patient.card.update", read]
        );
        assert!(trail_of(clinic, &b).iter().all(|entry| entry.get("break_glass_id").is_none()));
    });
}

#[test]
fn breaking_the_glass_asks_for_a_reason_a_password_and_a_chart_that_is_closed() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Quiet");
        glass(clinic, "nurse", &patient, "it is not closed at all").expect_problem(409, "wrong_state");
        restrict(clinic, &patient, &[]);
        for reason in ["", "why not", "          "] {
            glass(clinic, "nurse", &patient, reason)
                .expect_problem(422, "validation_failed")
                .expect_field("/reason", "required");
        }
        let body = json!({"patient_id": patient, "reason_code": "emergency_care", "reason": "found unconscious"});
        clinic.nurse().post("/api/v1/break-glass", &body).expect(400);
        let mut forged = body;
        forged["signing_token"] = json!("chss_forged");
        clinic.nurse().post("/api/v1/break-glass", &forged).expect_problem(403, "reauth_required");
        for who in ["front_desk", "auditor", "admin"] {
            clinic.actor(who).post("/api/v1/break-glass", &forged).expect_problem(403, "forbidden");
        }
        glass(clinic, "nurse", UNKNOWN, "somebody who is not here").expect_problem(404, "not_found");
        let foreign = a_patient(clinic.next_door(), "Elsewhere");
        glass(clinic, "nurse", &foreign, "somebody of next door").expect_problem(404, "not_found");
        clinic.nurse().get(&chart(&patient)).expect_problem(404, "not_found");
        assert_eq!(clinic.auditor().get("/api/v1/break-glass").expect(200).body["items"], json!([]));
    });
}

#[test]
fn auditors_are_told_at_once_and_one_of_them_reviews_it_within_three_days() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Quiet");
        restrict(clinic, &patient, &[]);
        let id = glass(clinic, "nurse", &patient, "found unconscious in the hall").expect(201).id();
        let tasks = clinic.auditor().get("/api/v1/tasks").expect(200).body;
        let task = &tasks["items"][0];
        assert_eq!((&task["kind"], &task["subject_id"]), (&json!("break_glass_review"), &json!(id)));
        let in_state = |state: &str| {
            let found = clinic.auditor().get(&format!("/api/v1/break-glass?state={state}")).expect(200).body;
            found["items"].as_array().unwrap().len()
        };
        let states = || ["open", "awaiting_review", "overdue", "reviewed"].map(in_state);
        assert_eq!(states(), [1, 0, 0, 0]);
        clinic.advance_minutes(60);
        assert_eq!(states(), [0, 1, 0, 0]);
        clinic.advance_minutes(71 * 60);
        assert_eq!(states(), [0, 1, 0, 0], "72 hours are not over");
        clinic.advance_minutes(1);
        assert_eq!(states(), [0, 0, 1, 0]);
        let review = format!("/api/v1/break-glass/{id}/review");
        let verdict = json!({"verdict": "justified"});
        for who in ["nurse", "prescriber", "second_prescriber", "admin", "front_desk"] {
            clinic.actor(who).post(&review, &verdict).expect_problem(403, "forbidden");
        }
        clinic.next_door().auditor().post(&review, &verdict).expect_problem(404, "not_found");
        clinic
            .auditor()
            .post(&review, &json!({"verdict": "not_justified"}))
            .expect(422)
            .expect_field("/note", "required");
        let seen = clinic.auditor().post(&review, &verdict).expect(200).body;
        assert_eq!((&seen["state"], &seen["reviewed_by"]), (&json!("reviewed"), &json!(clinic.staff_id("auditor"))));
        assert_eq!(states(), [0, 0, 0, 1]);
        clinic.auditor().post(&review, &verdict).expect_problem(409, "already_done");
        assert_eq!(clinic.auditor().get("/api/v1/tasks").expect(200).body["items"], json!([]), "the task is done");
    });
}

#[test]
fn a_prescriber_under_a_broken_glass_can_reopen_a_chart_whose_people_have_left() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Quiet");
        restrict(clinic, &patient, &[]);
        let other = clinic.actor("second_prescriber");
        let lift = format!("{}/restriction/lift", chart(&patient));
        other.post(&lift, &json!({})).expect_problem(404, "not_found");
        glass(clinic, "second_prescriber", &patient, "the only reader has left").expect(201);
        other.post(&lift, &json!({})).expect(200);
        clinic.nurse().get(&chart(&patient)).expect(200);
        let lifted =
            trail_of(clinic, &patient).into_iter().find(|entry| entry["action"] == "patient.restriction_ended");
        assert!(lifted.unwrap().get("break_glass_id").is_some(), "the reviewer sees what was done under the glass");
    });
}

#[test]
fn an_answer_is_not_replayed_to_whom_the_chart_was_closed_since() {
    on_both_databases(|clinic| {
        let body = json!({"family_name": "Quiet", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        let desk = clinic.front_desk().key("0123456789abcdef-first");
        let made = desk.post("/api/v1/patients", &body).expect(201);
        let patient = made.body["patient"]["id"].as_str().unwrap();
        let again = desk.post("/api/v1/patients", &body).expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let told = trail_of(clinic, patient);
        assert_eq!(told.last().unwrap()["action"], "patient.create", "the replay is an entry about the patient");
        restrict(clinic, patient, &[]);
        desk.post("/api/v1/patients", &body).expect_problem(404, "not_found");
    });
}

/// The reviewer is somebody else by the database's own rule as well.
#[test]
fn the_database_refuses_a_review_by_whoever_broke_the_glass() {
    use crate::schema::catalogue::Database;
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = Clinic::open(kind);
        let patient = a_patient(&clinic, "Quiet");
        restrict(&clinic, &patient, &[]);
        let id = glass(&clinic, "nurse", &patient, "found unconscious in the hall").expect(201).id();
        let id = match kind {
            Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
            Kind::Postgres => format!("'{id}'"),
        };
        let review = |by: &str| {
            let set = format!("version = 2, reviewed_by = {by}, reviewed_at = opened_at, verdict = 'justified'");
            Database::of(&clinic.url).run(&format!("UPDATE break_glass SET {set} WHERE id = {id}"))
        };
        let refused = review("opened_by").expect_err("nobody reviews their own");
        assert!(refused.to_lowercase().contains("check constraint"), "{kind:?}: {refused}");
    }
}
