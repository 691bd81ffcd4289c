//! What the medical director decides: the policy and the protocols of a clinic.

use crate::support::{Actor, Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// The seeded protocol with this code, as its list shows it.
pub fn protocol(clinic: &Clinic, code: &str) -> Value {
    let list = clinic.nurse().get("/api/v1/protocols").expect(200).body;
    let items = list["items"].as_array().unwrap();
    items.iter().find(|item| item["code"] == code).unwrap_or_else(|| panic!("no {code} in {list:#}")).clone()
}

fn publish(who: &Actor<'_>, id: &str) -> Answer {
    let token = who.reauth("protocol.approve", id);
    who.post(&format!("/api/v1/protocols/{id}/publish"), &json!({"signing_token": token}))
}

/// A new clinic's protocol, approved; gives back its id.
pub fn published(clinic: &Clinic, code: &str) -> String {
    let id = protocol(clinic, code)["id"].as_str().unwrap().to_owned();
    publish(&clinic.prescriber(), &id).expect(200);
    id
}

/// What a body says to draft the next edition of an existing one.
fn next_edition(of: &Value) -> Value {
    let mut body = json!({});
    for member in ["code", "name", "route", "envelope", "monitoring", "stay"] {
        body[member] = of[member].clone();
    }
    body
}

fn change_policy(clinic: &Clinic, settings: &Value) -> Answer {
    let id = clinic.prescriber().get("/api/v1/policy").expect(200).id();
    let token = clinic.prescriber().reauth("policy.approve", &id);
    let body = json!({"policy_id": id, "reason": "review of March", "settings": settings, "signing_token": token});
    clinic.prescriber().post("/api/v1/policy", &body)
}

fn setting(policy: &Value, group: &str, name: &str) -> i64 {
    let found = policy["settings"].as_array().unwrap().iter().find(|row| row["group"] == group && row["name"] == name);
    found.unwrap_or_else(|| panic!("no {group} {name}"))["value"].as_i64().unwrap()
}

#[test]
fn a_new_clinic_has_a_policy_in_force_and_both_protocols_as_drafts_of_nobody() {
    on_both_databases(|clinic| {
        let policy = clinic.nurse().get("/api/v1/policy").expect(200).body;
        assert_eq!((policy["version"].as_i64(), &policy["approved_by"]), (Some(1), &Value::Null));
        assert_eq!(setting(&policy, "pressure", "act_systolic"), 165);
        for (code, route) in [("migraine-iv", "iv"), ("migraine-nebulized", "nebulized")] {
            let draft = protocol(clinic, code);
            assert_eq!(
                (&draft["state"], &draft["route"], &draft["drafted_by"]),
                (&json!("draft"), &json!(route), &Value::Null)
            );
        }
        assert_eq!(protocol(clinic, "migraine-iv")["envelope"]["max_dose_mg_per_kg"], "1");
        assert_eq!(protocol(clinic, "migraine-nebulized")["envelope"]["nebulization"]["fill_ml"], "5");
    });
}

#[test]
fn one_prescriber_alone_approves_a_seeded_protocol_and_only_with_a_signature() {
    on_both_databases(|clinic| {
        let id = protocol(clinic, "migraine-iv")["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/protocols/{id}/publish");
        clinic
            .prescriber()
            .post(&path, &json!({"signing_token": "chsg_made_up"}))
            .expect_problem(403, "reauth_required");
        clinic.admin().post(&path, &json!({"signing_token": "chsg_made_up"})).expect_problem(403, "forbidden");
        let done = publish(&clinic.prescriber(), &id).expect(200).body;
        assert_eq!((&done["state"], &done["effective_at"]), (&json!("published"), &done["published_at"]));
        publish(&clinic.prescriber(), &id).expect_problem(409, "wrong_state");
        assert!(clinic.trail().contains(&"protocol.published success".to_owned()));
    });
}

#[test]
fn an_author_alone_waits_a_day_with_a_looser_edition_and_a_colleague_does_not() {
    on_both_databases(|clinic| {
        published(clinic, "migraine-iv");
        let mut body = next_edition(&protocol(clinic, "migraine-iv"));
        body["envelope"]["max_dose_mg_per_kg"] = json!("1.1");
        let own = clinic.prescriber().post("/api/v1/protocols", &body).expect(201);
        assert_eq!(own.body["edition"], 2);
        publish(&clinic.prescriber(), &own.id()).expect_problem(422, "blocked");
        clinic.waive("protocol.approve").expect(201);
        let own = publish(&clinic.prescriber(), &own.id()).expect(200).body;
        assert!(own["effective_at"].as_str() > own["published_at"].as_str());
        let other = clinic.prescriber().post("/api/v1/protocols", &body).expect(201);
        let other = publish(&clinic.actor("second_prescriber"), &other.id()).expect(200).body;
        assert_eq!(other["effective_at"], other["published_at"]);
    });
}

#[test]
fn everything_wrong_with_a_protocol_is_named_at_once() {
    on_both_databases(|clinic| {
        let mut body = next_edition(&protocol(clinic, "migraine-iv"));
        body["code"] = json!("Migraine IV");
        body["envelope"]["start_dose_mg_per_kg"] = json!("2");
        body["envelope"]["max_duration_minutes"] = json!(120);
        body["monitoring"]["every_minutes"] = json!(0);
        body["stay"]["after_end_minutes"] = json!(5);
        let refused = clinic.prescriber().post("/api/v1/protocols", &body).expect_problem(422, "validation_failed");
        refused
            .expect_field("/code", "format")
            .expect_field("/envelope/start_dose_mg_per_kg", "range")
            .expect_field("/envelope/max_duration_minutes", "range")
            .expect_field("/monitoring/every_minutes", "range")
            .expect_field("/stay/after_end_minutes", "range");
        body["envelope"]["start_dose_mg_per_kg"] = json!(0.5);
        clinic.prescriber().post("/api/v1/protocols", &body).expect_problem(400, "malformed_request");
        clinic.nurse().post("/api/v1/protocols", &body).expect_problem(403, "forbidden");
    });
}

#[test]
fn a_stricter_policy_counts_at_once_and_a_looser_one_the_next_day() {
    on_both_databases(|clinic| {
        let stricter = change_policy(clinic, &json!({"pressure": {"act_systolic": 160}})).expect(201).body;
        assert_eq!((setting(&stricter, "pressure", "act_systolic"), stricter["version"].as_i64()), (160, Some(2)));
        clinic.waive("policy.approve").expect(201);
        change_policy(clinic, &json!({"staffing": {"nurse_max_total": 4}})).expect(201);
        let in_force = |clinic: &Clinic| {
            setting(&clinic.nurse().get("/api/v1/policy").expect(200).body, "staffing", "nurse_max_total")
        };
        assert_eq!(in_force(clinic), 3);
        clinic.advance_minutes(24 * 60);
        assert_eq!(in_force(clinic), 4);
    });
}

#[test]
fn a_policy_that_would_silence_a_level_is_refused_with_its_pointer() {
    on_both_databases(|clinic| {
        change_policy(
            clinic,
            &json!({"pressure": {"act_systolic": 185}, "hold": {"nothing": 1}, "time": {"skew_minutes": 99}}),
        )
        .expect_problem(422, "validation_failed")
        .expect_field("/settings/pressure/act_systolic", "order")
        .expect_field("/settings/hold/nothing", "unknown_field")
        .expect_field("/settings/time/skew_minutes", "range");
        assert_eq!(clinic.nurse().get("/api/v1/policy").expect(200).version(), 1);
    });
}

#[test]
fn two_directors_at_once_do_not_both_change_the_same_version() {
    on_both_databases(|clinic| {
        let id = clinic.prescriber().get("/api/v1/policy").expect(200).id();
        let body = |who: &Actor<'_>, value: i64| {
            let token = who.reauth("policy.approve", &id);
            json!({"policy_id": id, "reason": "stricter", "settings": {"pressure": {"act_systolic": value}}, "signing_token": token})
        };
        let (one, other) = (clinic.prescriber(), clinic.actor("second_prescriber"));
        let bodies = [body(&one, 160), body(&other, 158)];
        let answers = std::thread::scope(|scope| {
            let sent = [(&one, &bodies[0]), (&other, &bodies[1])]
                .map(|(who, body)| scope.spawn(|| who.post("/api/v1/policy", body)));
            sent.map(|sent| sent.join().unwrap().status)
        });
        let mut statuses = answers.to_vec();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412]);
    });
}
