//! Sessions at the desk: booked, moved, listed, seen by nobody else. [`arrival`] has the day itself, [`races`] a
//! hundred desks at once.

mod arrival;
mod blocked;
mod races;

use crate::protocols::published;
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// A clinic with a chair, a patient and a protocol in use: what a booking needs.
pub struct Desk<'c> {
    clinic: &'c Clinic,
    pub room: String,
    pub patient: String,
    pub protocol: String,
}

impl<'c> Desk<'c> {
    pub fn of(clinic: &'c Clinic) -> Self {
        Self {
            clinic,
            room: chair(clinic, "Chair 1"),
            patient: patient(clinic, "Ana"),
            protocol: published(clinic, "migraine-iv"),
        }
    }

    /// A tentative booking at a wall time.
    pub fn body(&self, local_start: &str) -> Value {
        json!({
            "patient_id": self.patient, "protocol_id": self.protocol, "room_id": self.room,
            "nurse_id": self.clinic.staff_id("nurse").to_string(), "prescriber_id": self.clinic.staff_id("prescriber").to_string(),
            "local_start": local_start,
        })
    }

    pub fn book(&self, local_start: &str) -> Answer {
        self.clinic.front_desk().post("/api/v1/sessions", &self.body(local_start)).expect(201)
    }
}

pub fn chair(clinic: &Clinic, name: &str) -> String {
    clinic.admin().post("/api/v1/rooms", &json!({"name": name})).expect(201).id()
}

pub fn patient(clinic: &Clinic, given: &str) -> String {
    let body =
        json!({"family_name": "Rivera", "given_name": given, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    made.body["patient"]["id"].as_str().unwrap().to_owned()
}

fn path(session: &Answer, act: &str) -> String {
    format!("/api/v1/sessions/{}{act}", session.id())
}

/// Ninety minutes after the test's morning: 11:30 in New York.
const SOON: &str = "2026-03-02T11:30";

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn a_visit_is_booked_read_listed_and_seen_on_the_board() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book(SOON);
        assert_eq!(made.body["scheduled_start_at"], "2026-03-02T16:30:00.000Z");
        assert_eq!((&made.body["local_start"], &made.body["zone"]), (&json!(SOON), &json!("America/New_York")));
        assert_eq!(made.body["patient"]["display_name"], "Rivera, Ana");
        assert!(made.body.get("pump").is_none(), "the front desk sees a card");
        let read = clinic.nurse().get(made.header("location").unwrap()).expect(200);
        assert_eq!((&read.body["state"], &read.body["pump"]["state"]), (&json!("scheduled"), &json!("idle")));
        assert_eq!(
            words(&read.body["allowed_events"]),
            ["reschedule", "replan", "check_in", "cancel", "no_show", "emergency"]
        );
        let list = |query: &str| {
            clinic.nurse().get(&format!("/api/v1/sessions?{query}")).expect(200).body["items"].as_array().unwrap().len()
        };
        let (patient, room, nurse) = (&desk.patient, &desk.room, clinic.staff_id("nurse"));
        for (query, found) in [
            ("date=2026-03-02".to_owned(), 1),
            ("date=2026-03-03".to_owned(), 0),
            ("state=scheduled".to_owned(), 1),
            ("state=recovery".to_owned(), 0),
            (format!("patient_id={patient}&room_id={room}&staff_id={nurse}"), 1),
            (format!("staff_id={}", clinic.staff_id("second_nurse")), 0),
            ("from=2026-03-02T16:30:00Z&to=2026-03-02T16:30:01Z".to_owned(), 1),
            ("to=2026-03-02T16:30:00Z".to_owned(), 0),
        ] {
            assert_eq!(list(&query), found, "{query}");
        }
        clinic.nurse().get("/api/v1/sessions?stat=scheduled").expect_problem(400, "malformed_request");
        let board = clinic.front_desk().get("/api/v1/sessions/board").expect(200).body;
        let card = &board["items"][0]["sessions"][0];
        assert_eq!((&card["initials"], card.get("clinical")), (&json!("AR"), None));
        assert!(!board.to_string().contains("Rivera"));
        let trail = clinic.trail();
        for entry in
            ["session.scheduled success", "session.read success", "session.list success", "session.board success"]
        {
            assert!(trail.contains(&entry.to_owned()), "{entry} in {trail:?}");
        }
    });
}

#[test]
fn a_list_is_read_page_by_page_and_its_cursor_leads_on_nowhere_else() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let times = ["2026-03-09T09:00", "2026-03-16T09:00", "2026-03-23T09:00"];
        for time in times {
            desk.book(time);
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                clinic.nurse().get(&format!("/api/v1/sessions?state=scheduled&limit=2{cursor}")).expect(200).body;
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|item| item["local_start"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next_cursor"].as_str() else { break };
            clinic
                .nurse()
                .get(&format!("/api/v1/sessions?limit=2&cursor={next}"))
                .expect_problem(400, "malformed_request");
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, times);
    });
}

#[test]
fn a_time_that_is_taken_is_answered_with_what_is_taken_and_the_next_that_is_free() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let first = desk.book("2026-03-09T09:00");
        let mut other = desk.body("2026-03-09T09:30");
        other["patient_id"] = json!(patient(clinic, "Bea"));
        let refused = clinic.front_desk().post("/api/v1/sessions", &other).expect_problem(409, "slot_overlap");
        assert_eq!(refused.body["conflicts_with"], json!(["chair"]));
        let next = refused.body["next_start_at"].as_str().unwrap();
        assert!(next >= first.body["scheduled_end_at"].as_str().unwrap(), "{next}");
        other["local_start"] = Value::Null;
        other["scheduled_start_at"] = json!(next);
        clinic.front_desk().post("/api/v1/sessions", &other).expect(201);
        let same = clinic.front_desk().post("/api/v1/sessions", &desk.body("2026-03-09T09:00")).expect(409);
        assert_eq!(same.body["conflicts_with"], json!(["chair", "patient"]));
    });
}

#[test]
fn a_chair_is_found_by_the_server_when_none_is_named() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let second = chair(clinic, "Chair 2");
        let mut body = desk.body("2026-03-09T09:00");
        body.as_object_mut().unwrap().remove("room_id");
        assert_eq!(clinic.front_desk().post("/api/v1/sessions", &body).expect(201).body["room_id"], json!(desk.room));
        body["patient_id"] = json!(patient(clinic, "Bea"));
        assert_eq!(clinic.front_desk().post("/api/v1/sessions", &body).expect(201).body["room_id"], json!(second));
        body["patient_id"] = json!(patient(clinic, "Cleo"));
        let full = clinic.front_desk().post("/api/v1/sessions", &body).expect_problem(409, "slot_overlap");
        assert_eq!(full.body["conflicts_with"], json!(["chair"]));
    });
}

#[test]
fn a_bad_booking_is_refused_with_every_reason() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let with = |member: &str, value: Value| {
            let mut body = desk.body("2026-03-09T09:00");
            body[member] = value;
            clinic.front_desk().post("/api/v1/sessions", &body)
        };
        let nowhere = json!("0190a5c0-0000-7000-8000-0000000000ff");
        with("local_start", json!("2026-03-08T02:30"))
            .expect_problem(422, "validation_failed")
            .expect_field("/local_start", "local_time_skipped");
        let twice = with("local_start", json!("2026-11-01T01:30")).expect_field("/local_start", "local_time_repeated");
        for choice in ["2026-11-01T05:30:00.000Z", "2026-11-01T06:30:00.000Z"] {
            assert!(twice.body.to_string().contains(choice), "{:#}", twice.body);
        }
        with("local_start", json!("2026-03-09T09:00Z"))
            .expect_problem(422, "validation_failed")
            .expect_field("/local_start", "local_time");
        with("local_start", json!("2028-03-09T09:00"))
            .expect_problem(422, "validation_failed")
            .expect_field("/local_start", "range");
        with("local_start", Value::Null)
            .expect_problem(422, "validation_failed")
            .expect_field("/local_start", "required");
        with("nurse_id", json!(clinic.staff_id("front_desk").to_string()))
            .expect_problem(422, "validation_failed")
            .expect_field("/nurse_id", "not_found");
        with("prescriber_id", json!(clinic.staff_id("nurse").to_string())).expect_field("/prescriber_id", "not_found");
        with("room_id", nowhere.clone()).expect_problem(422, "validation_failed").expect_field("/room_id", "not_found");
        with("protocol_id", nowhere.clone())
            .expect_problem(422, "validation_failed")
            .expect_field("/protocol_id", "not_found");
        with("treatment_plan_id", nowhere.clone())
            .expect_problem(422, "validation_failed")
            .expect_field("/treatment_plan_id", "not_found");
        with("patient_id", nowhere).expect_problem(404, "not_found");
        with("note", json!("bell\u{7}"))
            .expect_problem(422, "validation_failed")
            .expect_field("/note", "control_character");
        with("override_reason", json!("because"))
            .expect_problem(422, "validation_failed")
            .expect_field("/override_reason", "prescriber_only");
        with("patientid", json!(1)).expect_problem(400, "malformed_request");
        let next_door = Desk::of(clinic.next_door());
        for (member, foreign) in [("room_id", &next_door.room), ("protocol_id", &next_door.protocol)] {
            with(member, json!(foreign)).expect_problem(422, "validation_failed");
        }
        with("patient_id", json!(next_door.patient)).expect_problem(404, "not_found");
        let listed = clinic.nurse().get("/api/v1/sessions").expect(200);
        assert_eq!(listed.body["items"], json!([]), "nothing of it was kept");
    });
}

#[test]
fn visits_too_close_together_are_refused_until_a_prescriber_sets_the_rule_aside() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        desk.book("2026-03-09T09:00");
        let mut next_day = desk.body("2026-03-10T09:00");
        let refused = clinic.front_desk().post("/api/v1/sessions", &next_day).expect_problem(422, "blocked");
        assert_eq!(refused.body["blocked_by"][0]["rule_id"], "plan.min_gap");
        next_day["override_reason"] = json!("rescue of a bad week");
        let made = clinic.prescriber().post("/api/v1/sessions", &next_day).expect(201);
        let history = clinic.nurse().get(&path(&made, "/transitions")).expect(200);
        assert_eq!(history.body["transitions"][0]["reason"], "rescue of a bad week");
    });
}

#[test]
fn a_booking_is_moved_by_who_read_its_version_and_its_old_time_is_free_again() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book("2026-03-09T09:00");
        let move_it = json!({"local_start": "2026-03-09T13:00", "reason": "patient asked"});
        clinic.front_desk().patch(&path(&made, ""), &move_it).expect_problem(428, "precondition_required");
        let moved = clinic.front_desk().if_match(1).patch(&path(&made, ""), &move_it).expect(200);
        assert_eq!((moved.version(), &moved.body["local_start"]), (2, &json!("2026-03-09T13:00")));
        clinic.front_desk().if_match(1).patch(&path(&made, ""), &move_it).expect_problem(412, "stale_version");
        let noted = clinic.front_desk().if_match(2).patch(&path(&made, ""), &json!({"note": "wheelchair"})).expect(200);
        assert_eq!(
            (&noted.body["note"], &noted.body["scheduled_start_at"]),
            (&json!("wheelchair"), &moved.body["scheduled_start_at"])
        );
        let mut old_time = desk.body("2026-03-09T09:00");
        old_time["patient_id"] = json!(patient(clinic, "Bea"));
        clinic.front_desk().post("/api/v1/sessions", &old_time).expect(201);
        let back = json!({"local_start": "2026-03-09T09:00"});
        clinic.front_desk().if_match(3).patch(&path(&made, ""), &back).expect_problem(409, "slot_overlap");
        let kept = clinic.nurse().get(&path(&made, "")).expect(200);
        assert_eq!(
            (kept.version(), &kept.body["local_start"]),
            (3, &json!("2026-03-09T13:00")),
            "a refused move leaves it where it was"
        );
    });
}

#[test]
fn free_times_are_offered_for_the_whole_hold_and_never_at_a_time_that_is_taken() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let ask = format!("/api/v1/availability?date=2026-03-09&protocol_id={}", desk.protocol);
        let empty = clinic.front_desk().get(&ask).expect(200).body;
        assert_eq!(empty["items"][0]["starts_at"], "2026-03-09T12:00:00.000Z", "08:00 in New York");
        let booked = desk.book("2026-03-09T09:00").body;
        let (from, until) =
            (booked["scheduled_start_at"].as_str().unwrap(), booked["scheduled_end_at"].as_str().unwrap());
        let left = clinic.front_desk().get(&ask).expect(200).body;
        let openings = left["items"].as_array().unwrap();
        assert!(!openings.is_empty() && openings.len() < empty["items"].as_array().unwrap().len());
        for opening in openings {
            let (starts, ends) = (opening["starts_at"].as_str().unwrap(), opening["ends_at"].as_str().unwrap());
            assert!(ends <= from || starts >= until, "{starts} to {ends} overlaps {from} to {until}");
        }
        clinic.auditor().get(&ask).expect_problem(403, "forbidden");
    });
}

#[test]
fn nobody_reaches_a_session_without_a_role_or_from_next_door() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let made = desk.book(SOON);
        clinic.nobody().get(&path(&made, "")).expect_problem(401, "unauthenticated");
        clinic.admin().get(&path(&made, "")).expect_problem(403, "forbidden");
        let next_door = clinic.next_door();
        next_door.nurse().get(&path(&made, "")).expect_problem(404, "not_found");
        next_door.nurse().get(&path(&made, "/transitions")).expect_problem(404, "not_found");
        let body = json!({"patient_id": desk.patient, "identifiers_confirmed": true});
        next_door.front_desk().if_match(1).post(&path(&made, "/check-in"), &body).expect_problem(404, "not_found");
        next_door
            .front_desk()
            .if_match(1)
            .post(&path(&made, "/cancel"), &json!({"reason": "illness"}))
            .expect_problem(404, "not_found");
        next_door
            .front_desk()
            .put(&path(&made, "/escort"), &json!({"name": "x", "phone": "+1 555"}))
            .expect_problem(404, "not_found");
        assert_eq!(next_door.nurse().get("/api/v1/sessions").expect(200).body["items"], json!([]));
    });
}

#[test]
fn a_tentative_booking_holds_the_chair_says_that_a_plan_is_missing_and_is_bound_to_one_later() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let visit = crate::support::visit::Visit::booked(clinic);
        let cancelled = json!({"reason": "booked_in_error"});
        clinic.front_desk().if_match(1).post(&visit.path("/cancel"), &cancelled).expect(200);
        let desk = Desk { patient: visit.patient.clone(), ..desk };
        let mut body = desk.body(SOON);
        body["treatment_plan_id"] = Value::Null;
        let made = clinic.front_desk().post("/api/v1/sessions", &body).expect(201);
        let other = patient(clinic, "Ben");
        let mut taken = desk.body(SOON);
        taken["patient_id"] = json!(other);
        let refused = clinic.front_desk().post("/api/v1/sessions", &taken).expect_problem(409, "slot_overlap");
        assert_eq!(refused.body["conflicts_with"], json!(["chair"]));
        let blocked = || crate::support::visit::codes(&clinic.nurse().get(&path(&made, "")).expect(200).body);
        assert!(blocked().contains(&"plan_missing".to_owned()), "{:?}", blocked());
        let bind = json!({"treatment_plan_id": visit.read()["treatment_plan_id"]});
        clinic.front_desk().if_match(1).patch(&path(&made, ""), &bind).expect(200);
        assert!(!blocked().contains(&"plan_missing".to_owned()), "{:?}", blocked());
        let theirs = crate::support::visit::Visit::booked(clinic);
        let bind = json!({"treatment_plan_id": theirs.read()["treatment_plan_id"]});
        let refused = clinic.front_desk().if_match(2).patch(&path(&made, ""), &bind).expect(422);
        refused.expect_field("/treatment_plan_id", "not_found");
    });
}
