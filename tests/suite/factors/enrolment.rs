//! Setting a factor up, replacing it, taking it away, and what is open before there is one.

use super::{Authenticator, claims};
use super::{OPEN, REQUIRED, bearer, challenge, enrol, enrol_from, first_step, offer, second_step, sign_in};
use crate::contract::{document, operations};
use crate::every_endpoint::world::Call;
use crate::support::both_databases_with;
use chairside::access::permission::TABLE;
use serde_json::{Value, json};

#[test]
fn the_first_code_puts_a_factor_in_force_and_every_other_sign_in_ends() {
    both_databases_with(&OPEN, |clinic| {
        let elsewhere = bearer(clinic, &clinic.token("nurse").into());
        elsewhere.get("/api/v1/me").expect(200);
        let nurse = enrol(clinic, "nurse");
        elsewhere.get("/api/v1/me").expect_problem(401, "unauthenticated");
        let own = nurse.here.get("/api/v1/me/factor").expect(200).body;
        assert_eq!(own["enrolled_at"], json!(clinic.now().to_string()));
        assert_eq!((&own["required"], &own["recovery_codes_left"]), (&json!(false), &json!(10)));
        let sessions = nurse.here.get("/api/v1/me/login-sessions").expect(200).body;
        let ended = sessions["items"].as_array().unwrap().iter().filter(|item| item["current"] == false);
        assert!(ended.clone().count() >= 2 && ended.clone().all(|item| item["ended_because"] == "factor_changed"));

        let used = nurse.phone.code(clinic.now());
        let waiting = challenge(clinic, "nurse");
        second_step(clinic, &waiting, &used).expect_problem(401, "invalid_factor");
        clinic.clock.advance_millis(30_000);
        let began = clinic.now().millis() / 1000;
        let pair = second_step(clinic, &waiting, &nurse.phone.code(clinic.now())).expect(200).body;
        let (said, at) = (claims(&pair), json!(began));
        assert_eq!((&said["amr"], &said["auth_time"]), (&json!(["pwd", "otp"]), &at));
        second_step(clinic, &waiting, &nurse.phone.code(clinic.now())).expect_problem(401, "unauthenticated");
        clinic.advance_minutes(5);
        let next = json!({"refresh_token": pair["refresh_token"]});
        let said = claims(&clinic.nobody().post("/api/v1/auth/refresh", &next).expect(200).body);
        assert_eq!((&said["amr"], &said["auth_time"]), (&json!(["pwd", "otp"]), &at), "a refresh proves nothing new");
        let trail = clinic.trail();
        for told in ["auth.factor_offered", "auth.factor_enrolled", "auth.recovery_codes_issued", "auth.factor_asked"] {
            assert!(trail.contains(&format!("{told} success")), "{told}");
        }
    });
}

#[test]
fn a_secret_waits_ten_minutes_for_its_first_code() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = clinic.nurse();
        let confirm = |code: &str| nurse.post("/api/v1/me/factor/confirm", &json!({"code": code}));
        confirm("123456").expect_problem(409, "wrong_state");
        let phone = Authenticator::of(&offer(clinic, "nurse", &nurse));
        let wrong = phone.code_of(clinic.now().millis() / 30_000 + 7);
        confirm(&wrong).expect_problem(422, "validation_failed").expect_field("/code", "wrong");
        first_step(clinic, "nurse").expect(200);
        clinic.advance_minutes(9);
        let later = bearer(clinic, &clinic.token("nurse").into());
        clinic.advance_minutes(1);
        let code = json!({"code": phone.code(clinic.now())});
        later.post("/api/v1/me/factor/confirm", &code).expect_problem(409, "wrong_state");
        first_step(clinic, "nurse").expect(200);
        let forged = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
        later.post("/api/v1/me/factor", &forged).expect_problem(403, "reauth_required");
    });
}

#[test]
fn another_phone_takes_the_place_of_the_first_with_its_first_code() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        let second = Authenticator::of(&offer(clinic, "nurse", &nurse.here));
        clinic.clock.advance_millis(30_000);
        sign_in(clinic, "nurse", &nurse.phone).expect(200);
        let code = json!({"code": second.code(clinic.now())});
        nurse.here.post("/api/v1/me/factor/confirm", &code).expect(200);
        nurse.here.get("/api/v1/me").expect_problem(401, "unauthenticated");
        clinic.clock.advance_millis(30_000);
        sign_in(clinic, "nurse", &nurse.phone).expect_problem(401, "invalid_factor");
        sign_in(clinic, "nurse", &second).expect(200);
    });
}

#[test]
fn a_factor_is_taken_away_where_the_role_does_not_ask_for_one() {
    both_databases_with(&REQUIRED, |clinic| {
        let remove = |who: &'static str, actor: &crate::support::Actor<'_>| {
            let token = actor.reauth("self.factor.remove", &clinic.staff_id(who).to_string());
            actor.post("/api/v1/me/factor/remove", &json!({"signing_token": token}))
        };
        let prescriber = enrol(clinic, "prescriber");
        remove("prescriber", &prescriber.here).expect_problem(409, "wrong_state");
        let nurse = enrol(clinic, "nurse");
        let anew = remove("nurse", &nurse.here).expect(200).body;
        nurse.here.get("/api/v1/me").expect_problem(401, "unauthenticated");
        let here = bearer(clinic, &anew["access_token"]);
        assert_eq!(here.get("/api/v1/me/factor").expect(200).body["enrolled_at"], Value::Null);
        assert_eq!(claims(&anew)["amr"], json!(["pwd"]));
        first_step(clinic, "nurse").expect(200);
        remove("nurse", &here).expect_problem(409, "wrong_state");
    });
}

#[test]
fn who_must_have_a_factor_gets_as_far_as_setting_one_up_and_as_stopping_a_drug() {
    both_databases_with(&REQUIRED, |clinic| {
        let nurse = first_step(clinic, "nurse").expect(200).body;
        assert_eq!(nurse["factor_required"], false);
        let document = document();
        for who in ["prescriber", "admin", "auditor"] {
            let pair = first_step(clinic, who).expect(200).body;
            assert_eq!(pair["factor_required"], true, "{who}");
            let (actor, mut refused) = (bearer(clinic, &pair["access_token"]), 0);
            // Signing out would end the sign-in that the next call needs.
            for operation in operations(&document).iter().filter(|operation| operation.id() != "auth_logout") {
                let (permission, roles) = (&operation.value["x-permission"], &operation.value["x-roles"]);
                if !roles.as_array().is_some_and(|roles| roles.contains(&json!(who))) {
                    continue;
                }
                let line = TABLE.iter().find(|line| permission == line.id).unwrap();
                let answer = Call::of(&document, operation).send(&actor, "0190a5c0-0000-7000-8000-00000000dead");
                let told = answer.body["code"] == "factor_required";
                assert_eq!(told, !line.before_factor(), "{}: {}", answer.request, answer.body);
                assert!(!told || answer.status == 403, "{}", answer.request);
                refused += usize::from(told);
            }
            assert!(refused > 10, "{who} was refused {refused} operations");
        }
        let urgent = TABLE.iter().filter(|line| line.before_factor()).map(|line| line.id);
        assert!(urgent.clone().any(|id| id == "session.stop") && urgent.clone().any(|id| id == "session.emergency"));

        let next = first_step(clinic, "prescriber").expect(200).body;
        let next = json!({"refresh_token": next["refresh_token"]});
        let refreshed = clinic.nobody().post("/api/v1/auth/refresh", &next).expect(200).body;
        assert_eq!(refreshed["factor_required"], true, "a refresh opens no more");
        let here = bearer(clinic, &refreshed["access_token"]);
        here.get("/api/v1/rooms").expect_problem(403, "factor_required");
        let prescriber = enrol_from(clinic, "prescriber", &here);
        prescriber.here.get("/api/v1/rooms").expect(200);
        here.get("/api/v1/rooms").expect_problem(401, "unauthenticated");
    });
}
