//! Signing: a proof of presence is good once, for one act about one text on one device; two people are two humans; and
//! what was signed stays readable beside the record.

mod acts;
mod day;
mod pin;
mod races;
mod waivers;

use crate::support::visit::Visit;
use crate::support::{Actor, Answer, Clinic, PASSWORD, on_both_databases};
use serde_json::{Value, json};

/// What the clinic's trail says was signed.
fn signatures(clinic: &Clinic) -> usize {
    clinic.trail().iter().filter(|line| *line == "signature.given success").count()
}

fn close(who: &Actor<'_>, visit: &Visit<'_>, token: &str) -> Answer {
    who.post(&visit.path("/close"), &json!({"patient_id": visit.patient, "signing_token": token}))
}

/// A visit whose books are settled: only the signature is missing.
fn a_settled_visit(clinic: &Clinic) -> Visit<'_> {
    let visit = clinic.a_completed_session();
    visit.settle(&json!({})).expect(201);
    visit
}

#[test]
fn a_signature_is_shown_beside_the_record_with_name_roles_meaning_time_and_both_hashes() {
    on_both_databases(|clinic| {
        let visit = a_settled_visit(clinic);
        let shown = clinic.nurse().shown("session.close", &visit.session).expect("a hash");
        visit.close().expect(200);
        let read = clinic.nurse().get(&visit.path("/visit")).expect(200).body;
        let all = read["signatures"].as_array().unwrap();
        let of = |act: &str, meaning: &str| {
            let found = all.iter().find(|signature| signature["act"] == act && signature["meaning"] == meaning);
            found.unwrap_or_else(|| panic!("no {meaning} of {act} in {all:#?}"))
        };
        let closed = of("session.close", "author");
        assert_eq!(closed["shown_sha256"], json!(shown));
        assert_eq!((&closed["name"], &closed["roles"]), (&json!("Test nurse"), &json!("nurse")));
        assert_eq!((&closed["method"], &closed["record_kind"]), (&json!("password"), &json!("session")));
        assert_eq!(closed["signed_at"], json!(clinic.now().to_string()));
        assert_eq!(closed["record_version"], visit.read()["version"]);
        for (act, meaning, name) in [
            ("order.sign", "author", "Test prescriber"),
            ("visit.prepare", "witness", "Test second_nurse"),
            ("session.start", "author", "Test nurse"),
            ("stock.waste", "author", "Test nurse"),
            ("stock.waste", "witness", "Test second_nurse"),
        ] {
            assert_eq!(of(act, meaning)["name"], json!(name), "{act}");
        }
        let plan = visit.read()["treatment_plan_id"].as_str().unwrap().to_owned();
        let plan = clinic.prescriber().get(&format!("/api/v1/treatment-plans/{plan}")).expect(200).body;
        assert_eq!(plan["signatures"][0]["act"], "plan.activate");
        let protocols = clinic.nurse().get("/api/v1/protocols").expect(200).body;
        let signed = |item: &&Value| item["state"] == "published";
        let published = protocols["items"].as_array().unwrap().iter().find(signed).unwrap();
        assert_eq!(published["signatures"][0]["act"], "protocol.approve");
        assert!(signatures(clinic) >= 8, "each is an entry of the trail");
    });
}

#[test]
fn a_token_is_good_for_one_act_about_one_text_on_one_device_for_five_minutes_and_once() {
    on_both_databases(|clinic| {
        let visit = a_settled_visit(clinic);
        let nurse = clinic.nurse();
        let act = "session.close";
        let prove = |who: &Actor<'_>, body: Value| -> String {
            let mut whole = json!({"password": PASSWORD, "act": act, "subject_id": visit.session});
            for (name, value) in body.as_object().unwrap() {
                whole[name] = value.clone();
            }
            let answer = who.post("/api/v1/auth/reauth", &whole).expect(200);
            answer.body["signing_token"].as_str().unwrap().to_owned()
        };
        let shown = || nurse.shown(act, &visit.session).unwrap();
        let other_device = clinic.nobody().with("authorization", format!("Bearer {}", clinic.token("nurse")));
        let before = signatures(clinic);
        let refused: [(&str, String, &str); 7] = [
            ("another act", nurse.reauth("session.start", &visit.session), "reauth_required"),
            ("another record", nurse.reauth(act, &visit.patient), "reauth_required"),
            ("another device", other_device.reauth(act, &visit.session), "reauth_required"),
            ("another person", nurse.cosignature("second_nurse", act, &visit.session), "reauth_required"),
            ("made up", "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), "reauth_required"),
            ("another text", prove(&nurse, json!({"subject_sha256": "ab".repeat(32)})), "changed_since_display"),
            ("no text", prove(&nurse, json!({})), "changed_since_display"),
        ];
        for (what, token, code) in refused {
            let answer = close(&nurse, &visit, &token);
            assert_eq!(answer.body["code"], code, "{what}: {:#}", answer.body);
        }
        let expired = nurse.reauth(act, &visit.session);
        clinic.advance_minutes(5);
        close(&nurse, &visit, &expired).expect_problem(403, "reauth_required");
        assert_eq!(signatures(clinic), before, "what was refused is no signature");
        let token = prove(&nurse, json!({"subject_sha256": shown()}));
        close(&nurse, &visit, &token).expect(200);
        close(&nurse, &visit, &token).expect_problem(403, "reauth_required");
        assert_eq!(signatures(clinic), before + 1);
    });
}

#[test]
fn what_changed_after_it_was_shown_is_not_signed() {
    on_both_databases(|clinic| {
        let visit = clinic.a_ready_visit();
        let nurse = clinic.nurse();
        let token = nurse.reauth("session.start", &visit.session);
        // The prescriber orders anew while the nurse reads the old order.
        visit.release(&json!({"max_total_mg": "60"}));
        let body = json!({"patient_id": visit.patient, "expected_infusion_version": visit.read()["infusion_version"],
            "pump": {"rate_ml_per_h": "47", "concentration_mg_per_ml": "1", "vtbi_ml": "60"}, "signing_token": token});
        nurse.post(&visit.path("/start"), &body).expect_problem(409, "changed_since_display");
        assert_eq!(visit.read()["state"], "checked_in", "nothing was kept");
        // The token was not spent by what was refused, and is good for nothing else: the new text needs a new one.
        let mut again = body;
        again["signing_token"] = json!(nurse.reauth("session.start", &visit.session));
        nurse.post(&visit.path("/start"), &again).expect(200);
    });
}

#[test]
fn charting_a_row_while_somebody_signs_changes_nothing_of_what_is_signed() {
    on_both_databases(|clinic| {
        let visit = clinic.a_ready_visit();
        let nurse = clinic.nurse();
        let before = nurse.shown("session.start", &visit.session);
        visit.observe(&json!({}));
        assert!(before.is_some());
        assert_eq!(nurse.shown("session.start", &visit.session), before);
    });
}

#[test]
fn a_plan_that_was_edited_after_it_was_shown_is_not_signed() {
    on_both_databases(|clinic| {
        let visit = Visit::booked(clinic);
        let prescriber = clinic.prescriber();
        let old = visit.read()["treatment_plan_id"].as_str().unwrap().to_owned();
        let close = format!("/api/v1/treatment-plans/{old}/close");
        let version = prescriber.get(&format!("/api/v1/treatment-plans/{old}")).expect(200).version();
        let ended = json!({"outcome": "completed", "reason": "a new one follows"});
        prescriber.if_match(version).post(&close, &ended).expect(200);
        let protocol = visit.read()["protocol_id"].clone();
        let body = json!({"indication": "G43.719", "protocol_id": protocol, "weight_basis": "actual", "sessions": 6,
            "stop_rules": ["No fall of two points after three sessions"], "review_on": "2026-04-01"});
        let made = prescriber.post(&format!("/api/v1/patients/{}/treatment-plans", visit.patient), &body).expect(201);
        let token = prescriber.reauth("plan.activate", &made.id());
        let path = format!("/api/v1/treatment-plans/{}", made.id());
        let edited = prescriber.if_match(made.version()).patch(&path, &json!({"sessions": 12})).expect(200);
        let activate = format!("{path}/activate");
        let sent = prescriber.if_match(edited.version());
        sent.post(&activate, &json!({"signing_token": token})).expect_problem(409, "changed_since_display");
        let token = prescriber.reauth("plan.activate", &made.id());
        sent.post(&activate, &json!({"signing_token": token})).expect(200);
    });
}
