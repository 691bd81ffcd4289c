//! The signing PIN: where it stands in for the password, where it does not, and how often it may be wrong.

use crate::support::{Actor, Answer, Clinic, PASSWORD, on_both_databases};
use serde_json::{Value, json};

const PIN: &str = "824160";

fn set(who: &Actor<'_>, pin: &str) -> Answer {
    who.put("/api/v1/me/pin", &json!({"password": PASSWORD, "pin": pin}))
}

fn tablet<'c>(clinic: &'c Clinic, who: &str) -> Actor<'c> {
    clinic.nobody().with("authorization", format!("Bearer {}", clinic.token(who)))
}

fn prove(who: &Actor<'_>, secret: Value, act: &str) -> Answer {
    let mut body = json!({"act": act, "subject_id": "0190a5c0-0000-7000-8000-000000000001"});
    for (name, value) in secret.as_object().unwrap() {
        body[name] = value.clone();
    }
    who.post("/api/v1/auth/reauth", &body)
}

#[test]
fn a_pin_signs_what_is_done_at_the_chair_and_the_signature_says_so() {
    on_both_databases(|clinic| {
        let visit = super::a_settled_visit(clinic);
        let nurse = clinic.nurse();
        prove(&nurse, json!({"pin": PIN}), "session.close").expect_problem(403, "reauth_required");
        set(&nurse, PIN).expect(204);
        let shown = nurse.shown("session.close", &visit.session);
        let body = json!({"pin": PIN, "act": "session.close", "subject_id": visit.session, "subject_sha256": shown});
        let token = nurse.post("/api/v1/auth/reauth", &body).expect(200).body["signing_token"].clone();
        super::close(&nurse, &visit, token.as_str().unwrap()).expect(200);
        let read = nurse.get(&visit.path("/visit")).expect(200).body;
        let closed = read["signatures"].as_array().unwrap().iter().find(|one| one["act"] == "session.close").unwrap();
        assert_eq!(closed["method"], "pin");
    });
}

#[test]
fn a_pin_is_not_enough_at_a_desk_and_both_or_neither_secret_is_refused() {
    on_both_databases(|clinic| {
        let prescriber = clinic.prescriber();
        set(&prescriber, PIN).expect(204);
        for act in
            ["policy.approve", "protocol.approve", "self.sessions.end", "user.sessions.end", "two_person_waiver.set"]
        {
            prove(&prescriber, json!({"pin": PIN}), act).expect_problem(403, "reauth_required");
            prove(&prescriber, json!({"password": PASSWORD}), act).expect(200);
        }
        for act in ["order.sign", "plan.activate", "session.start", "stock.waste", "consent.signature.add"] {
            prove(&prescriber, json!({"pin": PIN}), act).expect(200);
        }
        for secret in [json!({}), json!({"pin": PIN, "password": PASSWORD})] {
            prove(&prescriber, secret, "order.sign").expect_problem(422, "validation_failed");
        }
        let unlock = |body: &Value| prescriber.post("/api/v1/auth/unlock", body);
        unlock(&json!({"pin": PIN})).expect(204);
        unlock(&json!({"password": PASSWORD})).expect(204);
        unlock(&json!({})).expect_problem(422, "validation_failed");
        unlock(&json!({"pin": "000000"})).expect_problem(403, "reauth_required");
        assert!(clinic.trail().contains(&"auth.unlocked success".to_owned()));
    });
}

#[test]
fn a_weak_pin_is_refused_and_only_the_password_sets_one() {
    on_both_databases(|clinic| {
        let nurse = tablet(clinic, "nurse");
        for (pin, code) in [
            ("82416", "format"),
            ("8241605193762", "format"),
            ("82416a", "format"),
            ("", "format"),
            ("123456", "too_simple"),
            ("909090", "too_simple"),
        ] {
            set(&nurse, pin).expect_problem(422, "validation_failed").expect_field("/pin", code);
        }
        let wrong = json!({"password": "not the password", "pin": PIN});
        nurse.put("/api/v1/me/pin", &wrong).expect_problem(403, "reauth_required");
        nurse.put("/api/v1/me/pin", &json!({"pin": PIN})).expect_problem(400, "malformed_request");
        prove(&nurse, json!({"pin": PIN}), "session.close").expect_problem(403, "reauth_required");
        nurse.put("/api/v1/me/pin", &wrong).expect_problem(401, "unauthenticated");
        nurse.get("/api/v1/me").expect_problem(401, "unauthenticated");
    });
}

#[test]
fn the_third_wrong_pin_ends_the_sign_in_and_the_tenth_on_whatever_device_ends_the_pin() {
    on_both_databases(|clinic| {
        let nurse = tablet(clinic, "nurse");
        set(&nurse, PIN).expect(204);
        let mut wrong = 0;
        while wrong < 9 {
            let device = tablet(clinic, "nurse");
            for _ in 0..2 {
                prove(&device, json!({"pin": "305927"}), "session.close").expect_problem(403, "reauth_required");
            }
            device.post("/api/v1/auth/unlock", &json!({"pin": "305927"})).expect_problem(401, "unauthenticated");
            device.get("/api/v1/me").expect_problem(401, "unauthenticated");
            wrong += 3;
        }
        // Nine wrong ones did not end it, and a right one starts the count anew.
        let device = tablet(clinic, "nurse");
        prove(&device, json!({"pin": PIN}), "session.close").expect(200);
        for round in 0..5 {
            let device = tablet(clinic, "nurse");
            for _ in 0..2 {
                prove(&device, json!({"pin": "305927"}), "session.close").expect_problem(403, "reauth_required");
            }
            assert_eq!(clinic.trail().contains(&"auth.pin_disabled success".to_owned()), round == 4, "{round}");
        }
        let device = tablet(clinic, "nurse");
        prove(&device, json!({"pin": PIN}), "session.close").expect_problem(403, "reauth_required");
        prove(&device, json!({"password": PASSWORD}), "session.close").expect(200);
        set(&device, "305927").expect(204);
        prove(&device, json!({"pin": "305927"}), "session.close").expect(200);
    });
}

#[test]
fn a_colleague_who_guesses_a_pin_ends_it_and_nobodys_sign_in() {
    on_both_databases(|clinic| {
        set(&clinic.actor("second_nurse"), PIN).expect(204);
        let body = json!({"login": clinic.login("second_nurse"), "pin": "305927", "act": "visit.prepare",
            "subject_id": "0190a5c0-0000-7000-8000-000000000001"});
        for _ in 0..2 {
            let device = tablet(clinic, "nurse");
            for _ in 0..5 {
                device.post("/api/v1/cosignatures", &body).expect_problem(403, "reauth_required");
            }
            device.get("/api/v1/me").expect(200);
        }
        let mut right = body;
        right["pin"] = json!(PIN);
        let device = tablet(clinic, "nurse");
        device.post("/api/v1/cosignatures", &right).expect_problem(403, "reauth_required");
        clinic.actor("second_nurse").get("/api/v1/me").expect(200);
    });
}

#[test]
fn a_new_pin_or_password_ends_what_the_old_one_proved() {
    on_both_databases(|clinic| {
        let visit = super::a_settled_visit(clinic);
        let nurse = tablet(clinic, "nurse");
        set(&nurse, PIN).expect(204);
        let shown = nurse.shown("session.close", &visit.session);
        let token = || {
            let body =
                json!({"pin": PIN, "act": "session.close", "subject_id": visit.session, "subject_sha256": shown});
            let answer = nurse.post("/api/v1/auth/reauth", &body).expect(200);
            answer.body["signing_token"].as_str().unwrap().to_owned()
        };
        let before = token();
        set(&nurse, "305927").expect(204);
        super::close(&nurse, &visit, &before).expect_problem(403, "reauth_required");
        set(&nurse, PIN).expect(204);
        let new = "four walls and one open door";
        let changed = nurse
            .post("/api/v1/auth/password", &json!({"current_password": PASSWORD, "new_password": new}))
            .expect(200)
            .body;
        let again =
            clinic.nobody().with("authorization", format!("Bearer {}", changed["access_token"].as_str().unwrap()));
        prove(&again, json!({"pin": PIN}), "session.close").expect_problem(403, "reauth_required");
        prove(&again, json!({"password": new}), "session.close").expect(200);
    });
}
