//! The bedside over HTTP: rows are saved first and judged second, alerts need a name and an action, late rows replay
//! without doubling, and the clock raises an overdue check once.

mod clock;
mod late;
mod watch;

use crate::sessions::Desk;
use crate::support::{Actor, Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// A patient in a chair; drug ran since `started_at` when the visit was begun on paper.
pub struct Bed<'c> {
    pub clinic: &'c Clinic,
    pub patient: String,
    pub session: String,
    pub protocol: String,
}

impl<'c> Bed<'c> {
    /// Arrived, with one reading of 128/78 before any drug.
    pub fn arrived(clinic: &'c Clinic) -> Self {
        let desk = Desk::of(clinic);
        let made = desk.book("2026-03-02T11:30");
        let body = json!({"patient_id": desk.patient, "identifiers_confirmed": true});
        let path = format!("/api/v1/sessions/{}/check-in", made.id());
        clinic.front_desk().if_match(made.version()).post(&path, &body).expect(200);
        let bed = Self { clinic, patient: desk.patient.clone(), session: made.id(), protocol: desk.protocol.clone() };
        bed.chart(&json!({"systolic_mmhg": 128, "diastolic_mmhg": 78, "spo2_percent": 98, "heart_rate_per_min": 70}))
            .expect(201);
        bed
    }

    /// The drug was begun on paper a minute ago: a fact no rule refuses.
    pub fn running(clinic: &'c Clinic) -> Self {
        let bed = Self::arrived(clinic);
        clinic.advance_minutes(2);
        let token = clinic.prescriber().reauth("session.start", &bed.session);
        let started = json!({
            "patient_id": bed.patient, "basis": "done", "source": "paper", "signing_token": token,
            "occurred_at": clinic.clock.now().plus_minutes(-1).to_string(),
            "observed_by": clinic.staff_id("nurse").to_string(),
        });
        clinic.prescriber().post(&bed.path("start"), &started).expect(200);
        bed
    }

    pub fn nurse(&self) -> Actor<'c> {
        self.clinic.nurse()
    }

    pub fn path(&self, act: &str) -> String {
        format!("/api/v1/sessions/{}/{act}", self.session)
    }

    /// A row about this patient.
    pub fn row(&self, values: &Value) -> Value {
        let mut row = values.clone();
        row["patient_id"] = json!(self.patient);
        row
    }

    pub fn chart(&self, values: &Value) -> Answer {
        self.nurse().post(&self.path("observations"), &self.row(values))
    }

    pub fn pressure(&self, systolic: i64, diastolic: i64) -> Value {
        self.chart(&json!({"systolic_mmhg": systolic, "diastolic_mmhg": diastolic})).expect(201).body
    }

    /// Everything a check asks for, as it should be.
    pub fn full(&self) -> Value {
        let row = json!({
            "systolic_mmhg": 132, "diastolic_mmhg": 80, "heart_rate_per_min": 72, "spo2_percent": 98,
            "sedation": {"scale": "moaas", "score": 5}, "red_flags": [],
        });
        self.chart(&row).expect(201).body
    }

    pub fn rows(&self) -> Vec<Value> {
        self.nurse().get(&self.path("observations")).expect(200).body["items"].as_array().unwrap().clone()
    }

    pub fn alerts(&self) -> Vec<Value> {
        let path = format!("/api/v1/alerts?session_id={}", self.session);
        self.nurse().get(&path).expect(200).body["items"].as_array().unwrap().clone()
    }

    /// The state of the one alert about a condition.
    pub fn state_of(&self, condition: &str) -> Option<String> {
        let found: Vec<Value> = self.alerts().into_iter().filter(|alert| alert["condition"] == condition).collect();
        assert!(found.len() <= 1, "{found:?}");
        found.first().map(|alert| alert["state"].as_str().unwrap().to_owned())
    }
}

fn alert_path(alert: &Value, act: &str) -> String {
    format!("/api/v1/alerts/{}/{act}", alert["id"].as_str().unwrap())
}

#[test]
fn the_impossible_is_refused_with_its_pointers_and_leaves_nothing() {
    on_both_databases(|clinic| {
        let bed = Bed::arrived(clinic);
        let wrong = json!({
            "systolic_mmhg": 301, "diastolic_mmhg": 19, "spo2_percent": 101, "temperature_c": "98.6",
            "red_flags": ["doom"], "sedation": {"scale": "moaas", "score": 6}, "phase": "lunch",
            "scores": [{"scale": "padss", "items": {"gait": 2}}], "observed_by": null,
        });
        bed.chart(&wrong)
            .expect_problem(422, "validation_failed")
            .expect_field("/systolic_mmhg", "range")
            .expect_field("/diastolic_mmhg", "range")
            .expect_field("/spo2_percent", "range")
            .expect_field("/temperature_c", "range")
            .expect_field("/red_flags/0", "unknown_word")
            .expect_field("/sedation/score", "range")
            .expect_field("/phase", "unknown_word")
            .expect_field("/scores/0/items/pain", "required");
        bed.chart(&json!({})).expect_problem(422, "validation_failed").expect_field("", "required");
        let stranger = json!({"pain_nrs_0_10": 3, "observed_by": "0190a5c0-0000-7000-8000-000000000001"});
        bed.chart(&stranger).expect_problem(422, "validation_failed").expect_field("/observed_by", "unknown");
        for (bad, status) in [
            (json!({"systolic_mmhg": "148"}), 400),
            (json!({"systolic": 148}), 400),
            (json!({"pain_nrs_0_10": 3.5}), 400),
        ] {
            bed.chart(&bad).expect(status);
        }
        assert_eq!(bed.rows().len(), 1);
    });
}

#[test]
fn a_frightening_number_is_saved_alarmed_and_answered_by_name_with_an_action() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        let row = bed.pressure(205, 121);
        assert_eq!((&row["level"], &row["recommended"]), (&json!("pause"), &json!(["pause", "recheck"])));
        assert_eq!(row["rules"], json!(["pressure_high.systolic.stop"]));
        assert_eq!(row["mean_arterial_mmhg"], 149);
        let alert = bed.alerts().remove(0);
        assert_eq!(
            (&alert["state"], &alert["level"], &alert["paged_at"]),
            (&json!("open"), &json!("pause"), &Value::Null)
        );
        assert_eq!(row["alerts"], json!([alert["id"]]));
        clinic.advance_minutes(2);
        let again = bed.pressure(203, 118);
        assert_eq!((&again["level"], &again["recommended"]), (&json!("stop"), &json!(["stop", "emergency"])));
        let alert = bed.alerts().remove(0);
        assert_eq!(alert["level"], "stop");
        assert!(alert["paged_at"].is_string(), "the second reading pages: {alert}");
        let acknowledge = |actor: Actor<'_>, body: Value| actor.post(&alert_path(&alert, "acknowledge"), &body);
        let resolve = |body: Value| bed.nurse().post(&alert_path(&alert, "resolve"), &body);
        acknowledge(clinic.front_desk(), json!({"action_code": "observed"})).expect_problem(403, "forbidden");
        acknowledge(bed.nurse(), json!({"text": "saw it"})).expect_problem(400, "malformed_request");
        acknowledge(bed.nurse(), json!({"action_code": "shrugged"})).expect_problem(422, "validation_failed");
        resolve(json!({"text": "fine"})).expect_problem(409, "wrong_state");
        let told = acknowledge(bed.nurse(), json!({"action_code": "stopped", "text": "clamped"})).expect(200).body;
        let nurse = clinic.staff_id("nurse").to_string();
        assert_eq!((&told["state"], &told["acknowledged_by"]), (&json!("acknowledged"), &json!(nurse)));
        assert_eq!(
            (&told["actions"][0]["action_code"], &told["seen_by_prescriber"]),
            (&json!("stopped"), &json!(false))
        );
        acknowledge(bed.nurse(), json!({"action_code": "observed"})).expect_problem(409, "already_done");
        let looked = acknowledge(clinic.prescriber(), json!({"action_code": "observed"})).expect(200).body;
        assert_eq!(looked["seen_by_prescriber"], true);
        let ended = resolve(json!({"text": "142/86 after ten minutes"})).expect(200).body;
        assert_eq!((&ended["state"], ended["actions"].as_array().unwrap().len()), (&json!("closed"), 3));
        let trail = clinic.trail();
        for entry in [
            "observation.recorded success",
            "alert.raised success",
            "alert.acknowledged success",
            "alert.resolved success",
        ] {
            assert!(trail.contains(&entry.to_owned()), "{entry} in {trail:?}");
        }
    });
}

#[test]
fn a_pause_at_the_pump_is_the_answer_and_a_prescriber_still_has_to_look() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        bed.pressure(205, 121);
        clinic.advance_minutes(1);
        let stopped = json!({"pump_stopped_at": clinic.clock.now().to_string()});
        bed.nurse().post(&bed.path("pause"), &stopped).expect(200);
        let alert = bed.alerts().remove(0);
        let answer = &alert["actions"][0];
        assert_eq!((&answer["step"], &answer["action_code"]), (&json!("implied"), &json!("paused")));
        assert_eq!((&alert["state"], &alert["seen_by_prescriber"]), (&json!("acknowledged"), &json!(false)));
    });
}

#[test]
fn a_red_flag_stops_whatever_the_numbers_and_one_noisy_reading_calls_nobody() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        let noisy = bed.pressure(172, 104);
        assert_eq!((&noisy["level"], bed.alerts().len()), (&json!("watch"), 0));
        assert!(noisy["recheck_due_at"].is_string());
        let flagged = json!({"systolic_mmhg": 124, "diastolic_mmhg": 76, "red_flags": ["chest_pain_or_pressure"]});
        let row = bed.chart(&flagged).expect(201).body;
        assert_eq!((&row["level"], &row["recommended"]), (&json!("stop"), &json!(["stop", "emergency"])));
        assert_eq!(bed.state_of("red_flag").as_deref(), Some("open"));
    });
}

#[test]
fn a_corrected_number_takes_its_alert_back_and_stays_readable() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        let wrong = bed.pressure(205, 121);
        let path = format!("/api/v1/observations/{}", wrong["id"].as_str().unwrap());
        let values = bed.row(&json!({"systolic_mmhg": 125, "diastolic_mmhg": 81, "occurred_at": wrong["occurred_at"]}));
        let body = json!({"patient_id": bed.patient, "correction": "corrected", "reason": "typed 205 for 125", "observation": values});
        let empty = json!({"patient_id": bed.patient, "correction": "corrected", "reason": "x"});
        bed.nurse()
            .post(&format!("{path}/amendments"), &empty)
            .expect_problem(422, "validation_failed")
            .expect_field("/observation", "required");
        let right = bed.nurse().post(&format!("{path}/amendments"), &body).expect(201).body;
        assert_eq!(
            (&right["amends_id"], &right["level"], &right["correction"]),
            (&wrong["id"], &json!("none"), &json!("corrected"))
        );
        assert_eq!(bed.state_of("pressure_high").as_deref(), Some("retracted"));
        let old = bed.nurse().get(&path).expect(200).body;
        assert_eq!(
            (&old["status"], &old["systolic_mmhg"], &old["level"]),
            (&json!("amended"), &json!(205), &json!("pause"))
        );
        bed.nurse().post(&format!("{path}/amendments"), &body).expect_problem(409, "already_done");
        let error = json!({"patient_id": bed.patient, "correction": "entered_in_error", "reason": "no such reading"});
        let path = format!("/api/v1/observations/{}", right["id"].as_str().unwrap());
        bed.nurse().post(&format!("{path}/amendments"), &error).expect(201);
        assert_eq!(bed.nurse().get(&path).expect(200).body["status"], "entered_in_error");
        let sheet = bed.nurse().get(&bed.path("flowsheet")).expect(200).body;
        assert_eq!((sheet["items"].as_array().unwrap().len(), bed.rows().len()), (1, 4));
    });
}

#[test]
fn a_row_on_the_wrong_patient_moves_with_its_time_and_is_judged_there() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        let other = crate::sessions::patient(clinic, "Bea");
        let body = json!({
            "patient_id": other, "protocol_id": bed.protocol, "room_id": crate::sessions::chair(clinic, "Chair 2"),
            "nurse_id": clinic.staff_id("nurse").to_string(), "prescriber_id": clinic.staff_id("prescriber").to_string(),
            "local_start": "2026-03-02T13:30",
        });
        let made = clinic.front_desk().post("/api/v1/sessions", &body).expect(201);
        let row = bed.pressure(205, 121);
        let path = format!("/api/v1/observations/{}/move", row["id"].as_str().unwrap());
        let body = json!({"patient_id": bed.patient, "to_session_id": made.id(), "reason": "other chair"});
        let mut mixed_up = body.clone();
        mixed_up["patient_id"] = json!(other);
        bed.nurse().post(&path, &mixed_up).expect_problem(409, "patient_mismatch");
        let moved = bed.nurse().post(&path, &body).expect(201).body;
        assert_eq!((&moved["copy"]["occurred_at"], &moved["copy"]["patient_id"]), (&row["occurred_at"], &json!(other)));
        assert_eq!((&moved["copy"]["moved_from_id"], &moved["mark"]["amends_id"]), (&row["id"], &row["id"]));
        assert_eq!(bed.state_of("pressure_high").as_deref(), Some("retracted"));
        let there = clinic.nurse().get(&format!("/api/v1/alerts?session_id={}", made.id())).expect(200).body;
        assert_eq!(there["items"][0]["state"], "open");
        bed.nurse().post(&path, &body).expect_problem(409, "already_done");
    });
}

#[test]
fn the_wrong_patient_the_clinic_next_door_and_the_wrong_role_are_refused() {
    on_both_databases(|clinic| {
        let bed = Bed::arrived(clinic);
        let other = crate::sessions::patient(clinic, "Bea");
        let row = json!({"patient_id": other, "pain_nrs_0_10": 4});
        bed.nurse().post(&bed.path("observations"), &row).expect_problem(409, "patient_mismatch");
        let mine = bed.row(&json!({"pain_nrs_0_10": 4}));
        clinic.front_desk().post(&bed.path("observations"), &mine).expect_problem(403, "forbidden");
        clinic.next_door().nurse().post(&bed.path("observations"), &mine).expect_problem(404, "not_found");
        clinic.next_door().nurse().get(&bed.path("flowsheet")).expect_problem(404, "not_found");
        clinic.nobody().get(&bed.path("observations")).expect_problem(401, "unauthenticated");
    });
}

#[test]
fn a_flowsheet_is_a_table_that_no_spreadsheet_runs() {
    on_both_databases(|clinic| {
        let bed = Bed::arrived(clinic);
        bed.chart(&json!({"pain_nrs_0_10": 4, "note": "=HYPERLINK(\"http://x\")"})).expect(201);
        let sheet = bed.nurse().get(&bed.path("flowsheet")).expect(200).body;
        assert_eq!(
            (&sheet["baseline"]["systolic_mmhg"], &sheet["baseline"]["pain_nrs_0_10"]),
            (&json!(128), &json!(4))
        );
        let table = bed.nurse().get(&format!("{}?format=csv", bed.path("flowsheet"))).expect(200);
        let text = String::from_utf8(table.bytes.clone()).unwrap();
        assert!(text.starts_with("\"occurred_at\",\"phase\",\"systolic_mmhg\""), "{text}");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{text}");
        assert_eq!(text.lines().count(), 3);
        bed.nurse().get(&format!("{}?format=pdf", bed.path("flowsheet"))).expect_problem(400, "malformed_request");
    });
}
