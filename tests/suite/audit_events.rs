//! The trail: without a gap, hashed as it is stored, and silent about names.

use crate::support::on_both_databases;
use chairside::domain::audit_entry::{hex, leaf_hash};
use serde_json::{Value, json};

#[test]
fn an_auditor_reads_who_saw_a_chart_and_the_reading_is_an_entry() {
    on_both_databases(|clinic| {
        let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
        let patient = made.body["patient"]["id"].as_str().unwrap();
        clinic.nurse().get(&format!("/api/v1/patients/{patient}")).expect(200);
        let path = format!("/api/v1/audit-events?patient_id={patient}");
        let seen = clinic.auditor().get(&path).expect(200).body;
        let actions: Vec<&str> =
            seen["items"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["patient.registered", "patient.card.read"]);
        assert_eq!(seen["items"][1]["actor_id"], json!(clinic.staff_id("nurse")));
        let again = clinic.auditor().get(&path).expect(200).body;
        assert_eq!(again["items"][2]["action"], "audit.read");
        assert!(!again.to_string().contains("Rivera"), "the trail names nobody");
        for who in ["nurse", "prescriber", "front_desk", "admin"] {
            clinic.actor(who).get(&path).expect_problem(403, "forbidden");
        }
        let foreign = clinic.next_door().auditor().get(&path).expect(200).body;
        assert_eq!(foreign["items"], json!([]));
        clinic.auditor().get("/api/v1/audit-events?limit=0").expect_problem(400, "malformed_request");
        clinic.auditor().get("/api/v1/audit-events?who=x").expect_problem(400, "malformed_request");
    });
}

#[test]
fn the_trail_has_no_gap_under_many_hands_and_every_leaf_is_its_bodys() {
    on_both_databases(|clinic| {
        let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
                        clinic.nurse().get(made.header("location").unwrap()).expect(200);
                    }
                });
            }
        });
        let (mut entries, mut after): (Vec<Value>, i64) = (Vec::new(), 0);
        loop {
            let page = clinic.auditor().get(&format!("/api/v1/audit-events?limit=50&after={after}")).expect(200).body;
            entries.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_after"].as_i64() {
                Some(next) => after = next,
                None => break,
            }
        }
        let numbers: Vec<i64> = entries.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
        let expected: Vec<i64> = (1..=i64::try_from(numbers.len()).unwrap()).collect();
        assert_eq!(numbers, expected);
        let count = |action: &str| entries.iter().filter(|entry| entry["action"] == action).count();
        assert_eq!((count("patient.registered"), count("patient.card.read")), (80, 80));
        for entry in &entries {
            let body = entry["body"].as_str().unwrap();
            assert_eq!(entry["leaf_sha256"], json!(hex(&leaf_hash(body.as_bytes()))));
            let said: Value = serde_json::from_str(body).unwrap();
            assert_eq!((&said["seq"], &said["action"]), (&entry["seq"], &entry["action"]));
        }
    });
}
