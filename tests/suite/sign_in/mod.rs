//! Signing in: the right password, one refresh at a time, and no token that is not exactly ours.

mod browser;
mod limits;
mod login_sessions;
mod machine;
mod refresh;
mod tokens;

use crate::support::{Clinic, PASSWORD, on_both_databases};
use serde_json::json;

fn sign_in(clinic: &Clinic, login: &str, password: &str) -> crate::support::Answer {
    clinic.nobody().post("/api/v1/auth/login", &json!({"login": login, "password": password}))
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_told_the_same() {
    on_both_databases(|clinic| {
        let nurse = clinic.login("nurse");
        let wrong = sign_in(clinic, &nurse, "not the password").expect_problem(401, "invalid_credentials");
        let unknown = sign_in(clinic, "nobody.at.all", PASSWORD).expect_problem(401, "invalid_credentials");
        let shown = |answer: &crate::support::Answer| {
            let mut body = answer.body.clone();
            body.as_object_mut().unwrap().remove("instance");
            body
        };
        assert_eq!(shown(&wrong), shown(&unknown));
        sign_in(clinic, &nurse, PASSWORD).expect(200);
        let me = clinic.nurse().get("/api/v1/me").expect(200);
        assert_eq!(me.body["roles"], json!(["nurse"]));
        assert!(clinic.trail().contains(&"auth.signed_in success".to_owned()));
    });
}

#[test]
fn signing_out_and_ten_minutes_end_a_token() {
    on_both_databases(|clinic| {
        let pair = sign_in(clinic, &clinic.login("nurse"), PASSWORD).expect(200).body;
        let token = format!("Bearer {}", pair["access_token"].as_str().unwrap());
        let nurse = clinic.nobody().with("authorization", token);
        nurse.get("/api/v1/me").expect(200);
        nurse.post("/api/v1/auth/logout", &json!({})).expect(204);
        nurse.get("/api/v1/me").expect_problem(401, "unauthenticated");
        let front_desk = clinic.front_desk();
        front_desk.get("/api/v1/me").expect(200);
        clinic.advance_minutes(11);
        front_desk.get("/api/v1/me").expect_problem(401, "unauthenticated");
    });
}

#[test]
fn a_wrong_password_proves_nothing_and_a_proof_is_for_a_known_act() {
    on_both_databases(|clinic| {
        let subject = "0190a5c0-0000-7000-8000-000000000001";
        let body = json!({"password": "wrong password", "act": "auth.reauth", "subject_id": subject});
        clinic.nurse().post("/api/v1/auth/reauth", &body).expect_problem(403, "reauth_required");
        let body = json!({"password": PASSWORD, "act": "no.such.act", "subject_id": subject});
        clinic.nurse().post("/api/v1/auth/reauth", &body).expect_problem(400, "malformed_request");
        let outsider = json!({"login": clinic.next_door().login("nurse"), "password": PASSWORD, "act": "auth.reauth", "subject_id": subject});
        clinic.nurse().post("/api/v1/cosignatures", &outsider).expect_problem(403, "reauth_required");
        assert!(clinic.nurse().reauth("auth.reauth", subject).starts_with("chsg_"));
    });
}
