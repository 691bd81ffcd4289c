//! Signing in: the right password, one refresh at a time, and no token that is not exactly ours.

mod browser;
mod limits;
mod login_sessions;
mod machine;
mod refresh;

use crate::support::{Clinic, PASSWORD, on_both_databases};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

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

fn part_of(token: &str, index: usize) -> Value {
    use base64::Engine as _;
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_token_that_is_signed_but_not_exactly_ours_is_refused() {
    let clinic = Clinic::open(crate::support::Kind::Sqlite);
    let pair = sign_in(&clinic, &clinic.login("nurse"), PASSWORD).expect(200).body;
    let real = pair["access_token"].as_str().unwrap();
    let part = |index: usize| part_of(real, index);
    let (good, kid) = (part(1), part(0)["kid"].as_str().unwrap().to_owned());
    let key = clinic.token_key();
    let sign = |claims: &Value, typ: Option<&str>, kid: Option<&str>| {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = typ.map(str::to_owned);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&key)).unwrap()
    };
    let ask = |token: &str| clinic.nobody().with("authorization", format!("Bearer {token}")).get("/api/v1/me").status;
    assert_eq!(ask(&sign(&good, Some("at+jwt"), Some(&kid))), 200, "the test signs as the server does");
    let now = good["iat"].as_i64().unwrap();
    let changes = [
        ("iss", json!("another")),
        ("iss", json!(["test"])),
        ("aud", json!(["chairside-api"])),
        ("aud", json!("another")),
        ("exp", json!(u64::MAX)),
        ("exp", json!(now + 601)),
        ("exp", json!(now - 1)),
        ("exp", json!(600.5)),
        ("exp", json!("never")),
        ("nbf", json!(now + 60)),
        ("nbf", json!("soon")),
        ("iat", json!(now + 60)),
        ("sub", json!("someone")),
        ("sub", json!("0190a5c0-0000-7000-8000-000000000001")),
        ("cid", json!(clinic.next_door().id)),
        ("role", json!("admin")),
    ];
    let mut bad: Vec<String> = vec![
        sign(&good, Some("JWT"), Some(&kid)),
        sign(&good, None, Some(&kid)),
        sign(&good, Some("at+jwt"), Some("other")),
        sign(&good, Some("at+jwt"), None),
        format!("{real}x"),
        real.rsplit_once('.').unwrap().0.to_owned() + ".",
        real.replacen('.', "..", 1),
    ];
    for (claim, value) in changes {
        let mut claims = good.clone();
        claims[claim] = value;
        bad.push(sign(&claims, Some("at+jwt"), Some(&kid)));
    }
    for claim in ["iss", "aud", "sub", "sid", "cid", "jti", "iat", "nbf", "exp"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(claim);
        bad.push(sign(&claims, Some("at+jwt"), Some(&kid)));
    }
    bad.push(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &good, &EncodingKey::from_secret(&key)).unwrap());
    for token in bad {
        assert_eq!(ask(&token), 401, "{token}");
    }
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
