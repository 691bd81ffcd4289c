//! Stop, pause and alarm: they need a permit and nothing else.

use super::chair::Chair;
use crate::support::{Clinic, on_both_databases};
use serde_json::{Value, json};

#[test]
fn a_stop_works_whatever_comes_with_it() {
    on_both_databases(|clinic| {
        let bodies: [(&str, &str, Option<&[u8]>); 9] = [
            ("", "", None),
            ("", "application/json", Some(b"")),
            ("", "application/json", Some(b"{")),
            ("", "application/json", Some(b"\xff\xfe")),
            ("", "text/plain", Some(b"stop it")),
            ("", "application/xml", Some(b"{\"end_reason\":\"completed\"}")),
            ("short", "application/json", Some(b"[1,2,3]")),
            ("not a key, with spaces", "application/json", Some(b"{\"end_reason\":\"because\",\"nonsense\":true}")),
            ("a-key-that-was-used-before", "application/json", Some(b"{\"reason\":7,\"pump_stopped_at\":\"noon\"}")),
        ];
        let used =
            json!({"family_name": "Key", "given_name": "Used", "birth_date": "1984-05-17", "phone": "+1 555 0109"});
        for (key, kind, body) in bodies {
            // A clinic each: one nurse cannot have nine patients at once.
            let clinic = &Clinic::open(clinic.kind);
            clinic.nurse().key("a-key-that-was-used-before").post("/api/v1/patients", &used).expect(201);
            let chair = Chair::running(clinic);
            let nurse =
                clinic.nurse().with("idempotency-key", key).with("content-type", kind).with("if-match", "\"999\"");
            let stopped = nurse.send("POST", &chair.path("stop"), body.map(<[u8]>::to_vec)).expect(200).body;
            assert_eq!(stopped["state"], "recovery", "{body:?}");
            assert_eq!(stopped["pump_state"], "stop_required", "nobody said anything about the pump");
        }
    });
}

#[test]
fn a_stop_where_nothing_runs_changes_nothing() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        let stop = |body: Value| clinic.nurse().post(&chair.path("stop"), &body).expect(200).body;
        let first = stop(json!({"end_reason": "completed", "pump_stopped_at": chair.now()}));
        assert_eq!((&first["state"], &first["pump_state"]), (&json!("recovery"), &json!("stopped")));
        let again = stop(json!({}));
        assert_eq!((&again["version"], &again["infusion_version"]), (&first["version"], &first["infusion_version"]));
        let paused = clinic.nurse().post(&chair.path("pause"), &json!({})).expect(200).body;
        assert_eq!(paused["version"], first["version"]);
        assert_eq!(chair.record(), ["start final", "stop final"]);
        let waiting = Chair::prepared(clinic);
        let idle = clinic.nurse().post(&waiting.path("stop"), &json!({})).expect(200).body;
        assert_eq!(idle["state"], "checked_in");
    });
}

#[test]
fn until_the_pump_is_confirmed_the_dose_is_a_range_and_nothing_can_be_given() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        clinic.advance_minutes(10);
        let stopped =
            clinic.prescriber().post(&chair.path("stop"), &json!({"end_reason": "adverse_event"})).expect(200).body;
        assert_eq!((&stopped["pump_state"], &stopped["estimated"]), (&json!("stop_required"), &json!(false)));
        clinic.advance_minutes(2);
        let range = chair.summary();
        assert_eq!((&range["delivered_mg_min"], &range["delivered_mg_max"]), (&json!("10.00"), &json!("12.00")));
        assert_eq!(range["estimated"], true);
        assert_eq!(chair.record(), ["start final"], "the server wrote no pump fact that nobody stated");
        let alerts = clinic.nurse().get(&format!("/api/v1/alerts?session_id={}", chair.session)).expect(200).body;
        let raised: Vec<_> = alerts["items"].as_array().unwrap().iter().map(|alert| &alert["condition"]).collect();
        assert!(raised.contains(&&json!("pump_stop_required")), "{alerts:#}");
        let confirm = json!({"stopped_at": chair.started_at.plus_minutes(11).to_string(), "volume_infused_ml": "11"});
        let confirmed = chair.nurse().post(&chair.path("pump-confirm"), &confirm).expect(200).body;
        assert_eq!((&confirmed["pump_state"], &confirmed["delivered_mg"]), (&json!("stopped"), &json!("11.00")));
        assert_eq!((&confirmed["estimated"], &chair.summary()["by_pump_mg"]), (&json!(false), &json!("11.00")));
        chair.nurse().post(&chair.path("pump-confirm"), &confirm).expect_problem(409, "invalid_transition");
    });
}

#[test]
fn a_pause_from_elsewhere_keeps_the_drug_from_going_on() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        chair.watch(10);
        clinic.prescriber().post(&chair.path("pause"), &json!({})).expect(200);
        clinic.advance_minutes(2);
        let resume = |version: i64| json!({"patient_id": chair.patient, "expected_infusion_version": version});
        let refused = chair.nurse().post(&chair.path("resume"), &resume(chair.infusion_version()));
        let refused = refused.expect_problem(422, "blocked").body;
        let codes: Vec<_> = refused["blocked_by"].as_array().unwrap().iter().map(|unmet| &unmet["code"]).collect();
        assert!(codes.contains(&&json!("pump_unconfirmed")), "{refused:#}");
        let confirm = json!({"stopped_at": chair.now()});
        chair.nurse().post(&chair.path("pump-confirm"), &confirm).expect(200);
        clinic.advance_minutes(1);
        chair.observe(126, 80);
        let stale = chair.nurse().post(&chair.path("resume"), &resume(0)).expect_problem(412, "stale_version");
        assert_eq!(stale.body["current_rate_ml_per_h"], "0");
        let resumed = chair.nurse().post(&chair.path("resume"), &resume(chair.infusion_version())).expect(200).body;
        assert_eq!((&resumed["state"], &resumed["current_rate_ml_per_h"]), (&json!("in_progress"), &json!("60")));
        assert_eq!(chair.record(), ["start final", "pause final", "resume final"]);
    });
}

#[test]
fn a_stop_because_consent_was_withdrawn_withdraws_it() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        let body =
            json!({"end_reason": "consent_withdrawn", "reason": "no more, please", "pump_stopped_at": chair.now()});
        let stopped = chair.nurse().post(&chair.path("stop"), &body).expect(200).body;
        assert_eq!((&stopped["state"], &stopped["end_reason"]), (&json!("recovery"), &json!("consent_withdrawn")));
        let trail = clinic.trail();
        assert!(
            trail.iter().any(|entry| entry.starts_with("withdrawal.") || entry.starts_with("consent.withdr")),
            "{trail:?}"
        );
        chair.nurse().post(&chair.path("stop"), &body).expect(200);
    });
}

#[test]
fn an_alarm_stops_the_drug_and_the_front_desk_may_raise_it() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        clinic.advance_minutes(5);
        let body = json!({"reason": "patient collapsed", "pump_stopped_at": chair.now()});
        let raised = clinic.front_desk().post(&chair.path("emergency"), &body).expect(200).body;
        assert_eq!((&raised["state"], &raised["pump_state"]), (&json!("recovery"), &json!("stop_required")));
        assert!(raised.get("delivered_mg").is_none(), "no clinical value for the front desk");
        let ended = clinic.nurse().post(&chair.path("emergency/end"), &json!({"reason": "stable"})).expect(200).body;
        assert_eq!(ended["emergency_ended_at"], chair.now());
        clinic.front_desk().post(&chair.path("emergency/end"), &json!({})).expect_problem(403, "forbidden");
        clinic.front_desk().post(&chair.path("stop"), &json!({})).expect_problem(403, "forbidden");
        clinic.next_door().nurse().post(&chair.path("stop"), &json!({})).expect_problem(404, "not_found");
    });
}

#[test]
fn a_stop_passes_a_crowd_of_other_writes() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        let desk = clinic.front_desk();
        std::thread::scope(|scope| {
            for crowd in 0..60 {
                let desk = desk.clone();
                scope.spawn(move || {
                    let body = json!({"family_name": format!("Crowd {crowd}"), "birth_date": "1984-05-17", "phone": "+1 555 0111"});
                    for _ in 0..4 {
                        let status = desk.post("/api/v1/patients", &body).status;
                        assert!(matches!(status, 201 | 503), "{status}");
                    }
                });
            }
            let stopped = clinic.nurse().send("POST", &chair.path("stop"), None).expect(200).body;
            assert_eq!(stopped["state"], "recovery");
        });
    });
}
