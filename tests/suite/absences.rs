//! Staff who leave early or stay away: everything of theirs is handed over or listed, and nothing is called off.

use crate::sessions::{Desk, patient};
use crate::support::{Clinic, on_both_databases};
use serde_json::{Value, json};

fn ids(list: &Value) -> Vec<String> {
    let mut ids: Vec<_> = list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

fn call(clinic: &Clinic, patient: &str, staff: &str, local_start: &str) -> String {
    let body = json!({"patient_id": patient, "kind": "follow_up_call", "mode": "phone", "local_start": local_start,
        "staff_id": clinic.staff_id(staff).to_string()});
    clinic.front_desk().post("/api/v1/appointments", &body).expect(201).id()
}

#[test]
fn a_nurse_who_leaves_hands_everything_over_at_once_and_sees_what_is_still_hers() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let (running, done) = (clinic.a_running_session(), clinic.a_received_visit());
        let ahead = desk.book("2026-03-09T09:00").id();
        let talk = call(clinic, &desk.patient, "nurse", "2026-03-10T09:00");
        let to = clinic.staff_id("second_nurse").to_string();
        let path = "/api/v1/staff/me/handover-all";
        let given = clinic.nurse().post(path, &json!({"to_staff_id": to, "summary": "both stable"})).expect(200).body;
        let both = sorted(vec![running.session.clone(), done.session.clone()]);
        assert_eq!(ids(&given["handed_over"]), both);
        assert_eq!(given["handed_over"][0]["parts"], json!(["owner"]));
        // She stays the nurse of the two she gave away only on paper; the one ahead is still booked with her.
        assert_eq!((ids(&given["sessions"]), ids(&given["appointments"])), (vec![ahead.clone()], vec![talk]));
        for session in [&running, &done] {
            assert_eq!(session.read()["team"]["owner_id"], json!(to));
        }
        let still = clinic.nurse().get(&format!("/api/v1/sessions/{ahead}")).expect(200).body;
        assert_eq!((&still["state"], &still["version"]), (&json!("scheduled"), &json!(1)), "nothing is called off");
        let again = clinic.nurse().post(path, &json!({"to_staff_id": to})).expect(200).body;
        assert_eq!(again["handed_over"], json!([]), "there is nothing more to give");
        let handed = clinic.trail().iter().filter(|entry| *entry == "session.handed_over success").count();
        assert!(handed >= 2);
    });
}

#[test]
fn everything_is_handed_to_a_clinician_of_this_clinic_who_is_somebody_else() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        let (nurse, path) = (clinic.nurse(), "/api/v1/staff/me/handover-all");
        for to in [clinic.staff_id("nurse"), clinic.staff_id("front_desk"), clinic.next_door().staff_id("nurse")] {
            let body = json!({"to_staff_id": to.to_string()});
            nurse.post(path, &body).expect(422).expect_field("/to_staff_id", "not_found");
        }
        nurse.post(path, &json!({})).expect_problem(400, "malformed_request");
        let to = clinic.staff_id("prescriber").to_string();
        let silent = json!({"to_staff_id": to, "summary": " "});
        nurse.post(path, &silent).expect(422).expect_field("/summary", "required");
        assert_eq!(visit.read()["team"]["owner_id"], json!(clinic.staff_id("nurse").to_string()));
    });
}

#[test]
fn an_absence_lists_whom_to_call_and_calls_nothing_off() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let (monday, friday) = (desk.book("2026-03-09T09:00").id(), desk.book("2026-03-13T09:00").id());
        let ben = patient(clinic, "Ben");
        let (inside, _outside) =
            (call(clinic, &ben, "nurse", "2026-03-10T09:00"), call(clinic, &ben, "nurse", "2026-03-12T09:00"));
        let _of_another = call(clinic, &ben, "second_nurse", "2026-03-10T11:00");
        let path = format!("/api/v1/staff/{}/absences", clinic.staff_id("nurse"));
        let body = json!({"from": "2026-03-09T12:00:00.000Z", "to": "2026-03-11T22:00:00.000Z", "reason": "influenza"});
        let noted = clinic.front_desk().post(&path, &body).expect(201).body;
        assert_eq!((ids(&noted["sessions"]), ids(&noted["appointments"])), (vec![monday.clone()], vec![inside]));
        assert_eq!(noted["sessions"][0]["parts"], json!(["owner", "nurse"]));
        assert_eq!(noted["sessions"][0]["patient_name"], "Rivera, Ana");
        for id in [&monday, &friday] {
            let still = clinic.nurse().get(&format!("/api/v1/sessions/{id}")).expect(200).body;
            assert_eq!((&still["state"], &still["version"]), (&json!("scheduled"), &json!(1)));
        }
        // Another nurse takes the visit: it is off the list.
        let change = json!({"nurse_id": clinic.staff_id("second_nurse").to_string()});
        clinic.front_desk().if_match(1).patch(&format!("/api/v1/sessions/{monday}"), &change).expect(200);
        let listed = clinic.admin().get(&path).expect(200).body;
        assert_eq!(listed["items"][0]["sessions"], json!([]));
        clinic.auditor().get(&path).expect_problem(403, "forbidden");
        for (changes, field, code) in [
            (json!({"to": "2026-03-09T12:00:00.000Z"}), "/to", "contradiction"),
            (json!({"from": "2026-02-01T12:00:00.000Z", "to": "2026-03-01T12:00:00.000Z"}), "/to", "range"),
            (json!({"to": "2027-03-11T22:00:00.000Z"}), "/to", "range"),
            (json!({"reason": " "}), "/reason", "required"),
        ] {
            let body = crate::support::visit::changed(body.clone(), &changes);
            clinic.front_desk().post(&path, &body).expect(422).expect_field(field, code);
        }
        let next_door = format!("/api/v1/staff/{}/absences", clinic.next_door().staff_id("nurse"));
        clinic.front_desk().post(&next_door, &body).expect_problem(404, "not_found");
    });
}

#[test]
fn a_hand_over_without_its_giver_is_reviewed() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let body = json!({"to_staff_id": clinic.staff_id("second_nurse").to_string(), "giver": "unavailable",
            "reason": "she fainted"});
        clinic.actor("second_nurse").post(&visit.path("/handover"), &body).expect(200);
        let tasks = clinic.prescriber().get("/api/v1/tasks?kind=handover_review").expect(200).body;
        assert_eq!(tasks["items"].as_array().unwrap().len(), 1);
        assert_eq!(tasks["items"][0]["session_id"], json!(visit.session));
    });
}
