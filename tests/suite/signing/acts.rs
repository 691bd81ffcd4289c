//! Which acts ask for a proof of presence (decisions.md 6), line by line, against the permission table and the routes.

use crate::support::{Clinic, Kind, PASSWORD, on_both_databases};
use chairside::access::permission::{Flag, TABLE};
use serde_json::{Value, json};

/// What decisions.md 6 says of an act.
enum Proof {
    /// Always.
    Needed,
    /// Never, whatever is in the way.
    Never,
    /// Only for what it sets aside or for the second person; then the handler asks for it in the body.
    ForExceptions,
}
use Proof::{ForExceptions, Needed, Never};

/// Each line of the decision, with the permissions that carry it.
const ACTS: [(&str, &[&str], Proof); 19] = [
    ("order and release", &["order.sign"], Needed),
    ("start time-out", &["session.start"], Needed),
    ("ledger: waste", &["stock.waste"], Needed),
    ("close", &["session.close"], Needed),
    ("treatment plan: a prescribing act", &["plan.activate", "plan.revise"], Needed),
    ("approval of protocol and policy", &["protocol.approve", "policy.approve"], Needed),
    (
        "ending a sign-in, waiving a second person",
        &["self.sessions.end", "user.sessions.end", "two_person_waiver.set"],
        Needed,
    ),
    ("consent signature: of staff, not of the patient", &["consent.signature.add"], ForExceptions),
    ("rate change, bolus, decrease, nebulizer event, rescue drug", &["dose.record"], ForExceptions),
    ("resume", &["session.resume"], ForExceptions),
    ("preparation and its check", &["visit.prepare"], ForExceptions),
    ("a false start taken back", &["session.retract_start"], ForExceptions),
    ("discharge with all criteria met", &["session.discharge"], ForExceptions),
    ("stop, pause, emergency", &["session.stop", "session.pause", "session.emergency", "session.emergency_end"], Never),
    ("what the pump did", &["session.pump_confirm"], Never),
    ("observations", &["observation.record", "observation.replay"], Never),
    ("amendment of an entry in an unlocked session", &["observation.amend", "observation.move", "dose.amend"], Never),
    ("hand-over receipt", &["session.hand_over"], Never),
    ("withdrawal of consent", &["consent.withdraw", "withdrawal.report"], Never),
];

#[test]
fn every_act_of_the_decision_asks_for_presence_where_it_says_so_and_nowhere_else() {
    let clinic = Clinic::open(Kind::Sqlite);
    let document = clinic.nobody().get("/openapi.json").expect(200).body;
    let operations: Vec<&Value> =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()).collect();
    let mut said: Vec<&str> = Vec::new();
    for (line, permissions, proof) in &ACTS {
        for permission in *permissions {
            let row =
                TABLE.iter().find(|row| row.id == *permission).unwrap_or_else(|| panic!("{line}: no {permission}"));
            let signed = row.flags.contains(&Flag::Signed);
            assert_eq!(signed, matches!(proof, Needed), "{line}: {permission}");
            let mut found = 0;
            for operation in operations.iter().filter(|operation| operation["x-permission"] == *permission) {
                if operation["requestBody"].is_null() {
                    continue;
                }
                found += 1;
                assert_eq!(operation["x-reauth"].is_string(), signed, "{line}: {}", operation["operationId"]);
                let (required, known) = token_members(&document, operation);
                match proof {
                    Needed => assert!(required, "{line}: {} does not require a token", operation["operationId"]),
                    Never => assert!(!known, "{line}: {} knows a token", operation["operationId"]),
                    ForExceptions => assert!(!required, "{line}: {} requires a token", operation["operationId"]),
                }
            }
            assert!(found > 0, "{line}: no operation under {permission}");
            said.push(permission);
        }
    }
    let signed: Vec<&str> = TABLE.iter().filter(|row| row.flags.contains(&Flag::Signed)).map(|row| row.id).collect();
    let unsaid: Vec<&&str> = signed.iter().filter(|id| !said.contains(id)).collect();
    assert!(unsaid.is_empty(), "signed, but in no line of the decision: {unsaid:?}");
}

/// Whether the body of an operation requires a `signing_token`, and whether it knows a token at all.
fn token_members(document: &Value, operation: &Value) -> (bool, bool) {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = body["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let schema = &document["components"]["schemas"][name];
    let required = schema["required"].as_array().is_some_and(|names| names.contains(&Value::from("signing_token")));
    let known = ["signing_token", "cosignature"].iter().any(|member| !schema["properties"][member].is_null());
    (required, known)
}

#[test]
fn what_happened_at_the_chair_is_taken_ten_minutes_past_the_end_of_a_sign_in_and_marked_in_the_trail() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let body = json!({"login": clinic.login("nurse"), "password": PASSWORD});
        let mut pair = clinic.nobody().post("/api/v1/auth/login", &body).expect(200).body;
        clinic.advance_minutes(25);
        let refresh = json!({"refresh_token": pair["refresh_token"]});
        pair = clinic.nobody().post("/api/v1/auth/refresh", &refresh).expect(200).body;
        clinic.advance_minutes(6);
        let token = format!("Bearer {}", pair["access_token"].as_str().unwrap());
        let tablet = clinic.nobody().with("authorization", token);
        tablet.get("/api/v1/me").expect_problem(401, "session_idle");
        let row = json!({"patient_id": visit.patient, "systolic_mmhg": 128, "diastolic_mmhg": 78});
        let observations = visit.path("/observations");
        tablet.post(&observations, &row).expect(201);
        let given = json!({"patient_id": visit.patient, "to_staff_id": clinic.staff_id("second_nurse").to_string()});
        let handed = tablet.post(&visit.path("/handover"), &given);
        assert_ne!(handed.status, 401, "{:#}", handed.body);
        // What gives drug asks for somebody who is there.
        let higher = json!({"patient_id": visit.patient, "kind": "rate_change", "rate_ml_per_h": "50",
            "expected_infusion_version": 1});
        tablet.post(&visit.path("/dosing-events"), &higher).expect_problem(401, "session_idle");
        clinic.advance_minutes(9);
        tablet.post(&observations, &row).expect_problem(401, "session_idle");
        let path = format!("/api/v1/audit-events?limit=200&patient_id={}", visit.patient);
        let rows = clinic.auditor().get(&path).expect(200).body;
        let marked = |entry: &Value| entry["body"].as_str().is_some_and(|body| body.contains(r#""via":"late_auth""#));
        let all = rows["items"].as_array().unwrap();
        let entries: Vec<&Value> = all.iter().filter(|entry| entry["action"] == "observation.recorded").collect();
        assert_eq!(entries.iter().filter(|entry| marked(entry)).count(), 1, "{entries:#?}");
        assert!(entries.len() > 1, "the others were in time");
    });
}
