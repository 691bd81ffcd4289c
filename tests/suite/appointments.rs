//! Conversations at the front desk: booked before the first visit, moved, missed; and whose time they hold.

use crate::sessions::{Desk, patient};
use crate::support::visit::{changed, codes};
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// A consult in person at nine on another day, with the prescriber.
fn body(clinic: &Clinic, patient: &str) -> Value {
    json!({"patient_id": patient, "kind": "consult", "mode": "in_person", "local_start": "2026-03-09T09:00",
        "staff_id": clinic.staff_id("prescriber").to_string()})
}

fn book(clinic: &Clinic, patient: &str, changes: &Value) -> Answer {
    clinic.front_desk().post("/api/v1/appointments", &changed(body(clinic, patient), changes))
}

fn act(clinic: &Clinic, talk: &Answer, version: i64, act: &str) -> Answer {
    let path = format!("/api/v1/appointments/{}/{act}", talk.id());
    clinic.front_desk().if_match(version).post(&path, &json!({}))
}

#[test]
fn a_first_consult_is_booked_by_telephone_moved_missed_and_held_after_all() {
    on_both_databases(|clinic| {
        let ana = patient(clinic, "Ana");
        let made = book(clinic, &ana, &json!({"local_start": "2026-03-02T10:30"})).expect(201);
        assert_eq!(
            (&made.body["state"], &made.body["ends_at"]),
            (&json!("booked"), &json!("2026-03-02T16:30:00.000Z"))
        );
        assert_eq!(made.body["patient_name"], "Rivera, Ana");
        let desk = clinic.front_desk();
        let path = format!("/api/v1/appointments/{}", made.id());
        desk.patch(&path, &json!({"local_start": "2026-03-02T11:00"})).expect_problem(428, "precondition_required");
        let moved =
            json!({"local_start": "2026-03-02T11:00", "mode": "video", "duration_min": 30, "note": "from Albany"});
        let moved = desk.if_match(1).patch(&path, &moved).expect(200);
        assert_eq!(
            (&moved.body["mode"], &moved.body["ends_at"]),
            (&json!("video"), &json!("2026-03-02T16:30:00.000Z"))
        );
        desk.if_match(1).patch(&path, &json!({"note": null})).expect_problem(412, "stale_version");
        let listed = |date: &str| desk.get(&format!("/api/v1/appointments{date}")).expect(200).body["items"].clone();
        assert_eq!(listed("")[0]["id"], json!(made.id()), "today");
        assert_eq!(listed("?date=2026-03-03"), json!([]));
        let nurse = clinic.staff_id("nurse");
        assert_eq!(listed(&format!("?date=2026-03-02&staff_id={nurse}")), json!([]));
        let early = act(clinic, &made, 2, "no-show").expect_problem(422, "blocked");
        assert_eq!(codes(&early.body), ["too_early"]);
        clinic.advance_minutes(80);
        act(clinic, &made, 2, "no-show").expect(200);
        let held = act(clinic, &made, 3, "attended").expect(200);
        assert_eq!((&held.body["state"], held.version()), (&json!("attended"), 4));
        act(clinic, &made, 4, "cancel").expect_problem(409, "wrong_state");
        clinic.front_desk().if_match(4).patch(&path, &json!({"note": "x"})).expect_problem(409, "wrong_state");
        let said = clinic.trail();
        for kind in ["booked", "changed", "missed", "attended"] {
            assert!(said.contains(&format!("appointment.{kind} success")), "{kind} in {said:?}");
        }
    });
}

#[test]
fn who_talks_talks_to_one_and_who_is_called_off_is_free() {
    on_both_databases(|clinic| {
        let (ana, ben) = (patient(clinic, "Ana"), patient(clinic, "Ben"));
        let first = book(clinic, &ana, &json!({})).expect(201);
        let taken = |patient: &str, changes: Value, who: Value| {
            let refused = book(clinic, patient, &changes).expect_problem(409, "slot_overlap");
            assert_eq!(refused.body["conflicts_with"], who, "{changes}");
        };
        taken(&ben, json!({"local_start": "2026-03-09T09:59"}), json!(["staff"]));
        let nurse = clinic.staff_id("nurse").to_string();
        taken(&ana, json!({"staff_id": nurse}), json!(["patient"]));
        taken(&ana, json!({}), json!(["staff", "patient"]));
        let second = book(clinic, &ben, &json!({"local_start": "2026-03-09T10:00"})).expect(201);
        let back = json!({"local_start": "2026-03-09T09:30"});
        let path = format!("/api/v1/appointments/{}", second.id());
        clinic.front_desk().if_match(1).patch(&path, &back).expect_problem(409, "slot_overlap");
        act(clinic, &first, 1, "cancel").expect(200);
        clinic.front_desk().if_match(1).patch(&path, &back).expect(200);
    });
}

#[test]
fn a_patient_is_never_in_the_chair_and_in_a_conversation_and_staff_keep_their_lanes() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        desk.book("2026-03-09T09:00");
        let refused = book(clinic, &desk.patient, &json!({})).expect_problem(409, "slot_overlap");
        assert_eq!(refused.body["conflicts_with"], json!(["patient"]));
        // The prescriber who supervises that visit talks to somebody else meanwhile.
        let ben = patient(clinic, "Ben");
        book(clinic, &ben, &json!({})).expect(201);
        let mut visit = desk.body("2026-03-09T09:30");
        visit["patient_id"] = json!(ben);
        visit["room_id"] = json!(crate::sessions::chair(clinic, "Chair 2"));
        let refused = clinic.front_desk().post("/api/v1/sessions", &visit).expect_problem(409, "slot_overlap");
        assert_eq!(refused.body["conflicts_with"], json!(["patient"]));
        // The conversation took no lane: nurse and prescriber of both visits are the same.
        visit["local_start"] = json!("2026-03-09T10:00");
        clinic.front_desk().post("/api/v1/sessions", &visit).expect(201);
    });
}

#[test]
fn of_twenty_desks_that_want_one_prescriber_one_gets_her() {
    on_both_databases(|clinic| {
        let patients: Vec<_> = (0..20).map(|number| patient(clinic, &format!("Ana {number}"))).collect();
        let desk = clinic.front_desk();
        let answers: Vec<_> = std::thread::scope(|scope| {
            let one = |patient: &String| desk.post("/api/v1/appointments", &body(clinic, patient)).status;
            let threads: Vec<_> = patients.iter().map(|patient| scope.spawn(move || one(patient))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let count = |status| answers.iter().filter(|answer| **answer == status).count();
        assert_eq!((count(201), count(409)), (1, 19), "{answers:?}");
    });
}

#[test]
fn a_conversation_that_cannot_be_meant_is_refused_by_name() {
    on_both_databases(|clinic| {
        let ana = patient(clinic, "Ana");
        let nobody = "0190a5c0-0000-7000-8000-00000000dead";
        for (changes, field, code) in [
            (json!({"kind": "party"}), "/kind", "unknown_word"),
            (json!({"kind": "follow_up_call"}), "/mode", "contradiction"),
            (json!({"patient_id": nobody}), "/patient_id", "not_found"),
            (json!({"staff_id": nobody}), "/staff_id", "not_found"),
            (json!({"staff_id": clinic.staff_id("front_desk").to_string()}), "/staff_id", "not_found"),
            (json!({"duration_min": 4}), "/duration_min", "range"),
            (json!({"local_start": null}), "/local_start", "required"),
            (json!({"starts_at": "2026-03-09T13:00:00.000Z"}), "/local_start", "ambiguous"),
            (json!({"local_start": "2026-03-08T02:30"}), "/local_start", "local_time_skipped"),
            (json!({"local_start": "2028-03-08T09:00"}), "/local_start", "range"),
            (json!({"note": "\u{0}"}), "/note", "control_character"),
        ] {
            let refused = book(clinic, &ana, &changes);
            assert_eq!(refused.status, 422, "{changes}: {:#}", refused.body);
            refused.expect_field(field, code);
        }
        for unreadable in [json!({"mode": null}), json!({"room": "1"}), json!({"duration_min": "long"})] {
            let refused = book(clinic, &ana, &unreadable);
            assert!(matches!(refused.status, 400 | 422), "{unreadable}: {:#}", refused.body);
        }
        let next_door = patient(clinic.next_door(), "Eve");
        book(clinic, &next_door, &json!({})).expect(422).expect_field("/patient_id", "not_found");
        let listed = clinic.front_desk().get("/api/v1/appointments?date=2026-03-09").expect(200).body;
        assert_eq!(listed["items"], json!([]), "what was refused left nothing behind");
    });
}
