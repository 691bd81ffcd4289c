//! A lost phone: an administrator opens, a colleague vouches, and the operator is the way out of an empty house.

use super::{OPEN, REQUIRED, enrol, enrol_from, first_step, sign_in};
use crate::support::program::{self, Program};
use crate::support::{Actor, Answer, Kind, PASSWORD, both_databases_with, scratch, stand_alone};
use serde_json::json;

#[test]
fn a_lost_factor_is_reset_by_two_others_and_never_by_one() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        clinic.clock.advance_millis(30_000);
        let (admin, id) = (clinic.admin(), clinic.staff_id("nurse").to_string());
        let act = "user.factor.reset";
        let reset = |who: &Actor<'_>, member: &str, voucher: &str| -> Answer {
            let body =
                json!({"signing_token": who.reauth(act, member), "cosignature": voucher, "reason": "lost phone"});
            who.post(&format!("/api/v1/staff/{member}/factor-reset"), &body)
        };
        // Alone: with no second person, with oneself, and with the member who says that it is lost.
        reset(&admin, &id, "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect_problem(403, "reauth_required");
        reset(&admin, &id, &admin.cosignature("admin", act, &id)).expect_problem(409, "same_person");
        let code = json!({"login": clinic.login("nurse"), "password": PASSWORD, "act": act, "subject_id": id,
            "code": nurse.phone.code(clinic.now())});
        let own = admin.post("/api/v1/cosignatures", &code).expect(200).body["signing_token"].clone();
        reset(&admin, &id, own.as_str().unwrap()).expect_problem(409, "same_person");
        let elsewhere = clinic.staff_id("second_nurse").to_string();
        let voucher = admin.cosignature("front_desk", act, &elsewhere);
        reset(&admin, &id, &voucher).expect_problem(403, "reauth_required");
        reset(&admin, &elsewhere, &voucher).expect_problem(409, "wrong_state");
        reset(&clinic.prescriber(), &id, "x").expect_problem(403, "forbidden");
        first_step(clinic, "nurse").expect(202);

        nurse.here.get("/api/v1/me").expect(200);
        reset(&admin, &id, &admin.cosignature("front_desk", act, &id)).expect(204);
        nurse.here.get("/api/v1/me").expect_problem(401, "unauthenticated");
        first_step(clinic, "nurse").expect(200);
        assert!(clinic.trail().contains(&"auth.factor_reset success".to_owned()));
        let old = enrol(clinic, "nurse");
        assert_ne!(old.secret, nurse.secret);

        let me = clinic.staff_id("admin").to_string();
        let admin = enrol(clinic, "admin").here;
        let voucher = admin.cosignature("front_desk", act, &me);
        reset(&admin, &me, &voucher).expect_problem(409, "same_person");
    });
}

#[test]
fn after_a_reset_the_password_opens_the_way_to_another_factor_and_nothing_else() {
    both_databases_with(&REQUIRED, |clinic| {
        let (admin, lost) = (enrol(clinic, "admin"), enrol(clinic, "prescriber"));
        let (id, act) = (clinic.staff_id("prescriber").to_string(), "user.factor.reset");
        let voucher = admin.here.cosignature("nurse", act, &id);
        let body = json!({"signing_token": admin.here.reauth(act, &id), "cosignature": voucher, "reason": "stolen"});
        admin.here.post(&format!("/api/v1/staff/{id}/factor-reset"), &body).expect(204);
        let pair = first_step(clinic, "prescriber").expect(200).body;
        assert_eq!(pair["factor_required"], true);
        let here = super::bearer(clinic, &pair["access_token"]);
        here.get("/api/v1/rooms").expect_problem(403, "factor_required");
        let found = enrol_from(clinic, "prescriber", &here);
        clinic.clock.advance_millis(30_000);
        sign_in(clinic, "prescriber", &lost.phone).expect_problem(401, "invalid_factor");
        sign_in(clinic, "prescriber", &found.phone).expect(200);
    });
}

#[test]
fn the_operator_takes_a_lost_factor_away_where_nobody_can_vouch() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = scratch();
        let (url, nurse) = stand_alone::clinic(kind, &folder);
        let server = Program::start(&url, &folder);
        let token = server.sign_in(&nurse, PASSWORD);
        let key = || uuid::Uuid::from_bytes(chairside::clock::random()).to_string();
        let send = |method: &str, path: &str, token: &str, body: Option<&serde_json::Value>| {
            server.send(method, path, Some((token, &key())), body).expect("an answer")
        };
        let me = send("GET", "/api/v1/me", &token, None).1["staff_id"].clone();
        let proof = json!({"password": PASSWORD, "act": "self.factor.enrol", "subject_id": me});
        let proof = send("POST", "/api/v1/auth/reauth", &token, Some(&proof)).1["signing_token"].clone();
        let shown = send("POST", "/api/v1/me/factor", &token, Some(&json!({"signing_token": proof}))).1;
        let phone = super::Authenticator::of(shown["secret"].as_str().expect("a secret"));
        let code = phone.code(chairside::clock::Clock::real().now());
        let (status, confirmed) = send("POST", "/api/v1/me/factor/confirm", &token, Some(&json!({"code": code})));
        assert_eq!(status, 200, "{confirmed}");
        let token = confirmed["sign_in"]["access_token"].as_str().expect("a token").to_owned();
        let first = json!({"login": nurse, "password": PASSWORD});
        let (status, _) = server.send("POST", "/api/v1/auth/login", None, Some(&first)).expect("an answer");
        assert_eq!(status, 202);
        server.kill();
        program::run(&url, &["reset-factor", "--login", &nurse]);
        let server = Program::start(&url, &folder);
        let (status, _) = server.send("GET", "/api/v1/me", Some((&token, &key())), None).expect("an answer");
        assert_eq!(status, 401, "the old sign-in goes on");
        server.sign_in(&nurse, PASSWORD);
    }
}
