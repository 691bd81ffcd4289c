//! The two steps of a sign-in: a code counts once, whatever the clock does; five tries, and every one is counted.

use super::{OPEN, challenge, enrol, first_step, recover, second_step, sign_in};
use crate::support::{SETUP, both_databases_with, on_both_databases};
use serde_json::json;

/// Answers of many at once, counted.
fn at_once(many: impl Iterator<Item = impl FnOnce() -> u16 + Send>) -> [usize; 2] {
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = many.map(|one| scope.spawn(one)).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!(count(200) + count(401), answers.len(), "{answers:?}");
    [count(200), count(401)]
}

#[test]
fn one_code_a_hundred_times_at_once_opens_once() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        clinic.clock.advance_millis(30_000);
        let code = nurse.phone.code(clinic.now());
        let waiting: Vec<_> = (0..100).map(|_| challenge(clinic, "nurse")).collect();
        let code = &code;
        let one = |token: &String| {
            let token = token.clone();
            move || second_step(clinic, &token, code).status
        };
        assert_eq!(at_once(waiting.iter().map(one)), [1, 99]);
    });
}

#[test]
fn one_recovery_code_opens_once_however_it_is_typed_and_new_ones_replace_the_rest() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        assert_eq!(nurse.recovery_codes.len(), 10);
        let waiting: Vec<_> = (0..20).map(|_| challenge(clinic, "nurse")).collect();
        let typed = nurse.recovery_codes[0].to_uppercase().replace('-', " ");
        let typed = &typed;
        let one = |token: &String| {
            let token = token.clone();
            move || recover(clinic, &token, typed).status
        };
        assert_eq!(at_once(waiting.iter().map(one)), [1, 19]);
        let left = || nurse.here.get("/api/v1/me/factor").expect(200).body["recovery_codes_left"].clone();
        assert_eq!(left(), 9);
        let token = nurse.here.reauth("self.factor.recovery", &clinic.staff_id("nurse").to_string());
        let body = json!({"signing_token": token});
        let renewed = nurse.here.post("/api/v1/me/factor/recovery-codes", &body).expect(200).body;
        assert_eq!(left(), 10);
        let waiting = challenge(clinic, "nurse");
        recover(clinic, &waiting, &nurse.recovery_codes[1]).expect_problem(401, "invalid_factor");
        let another = enrol(clinic, "second_nurse");
        recover(clinic, &waiting, &another.recovery_codes[0]).expect_problem(401, "invalid_factor");
        recover(clinic, &waiting, renewed["recovery_codes"][9].as_str().unwrap()).expect(200);
        assert!(clinic.trail().contains(&"auth.recovery_code_used success".to_owned()));
    });
}

#[test]
fn a_code_of_an_earlier_step_is_refused_wherever_the_clock_goes() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        clinic.advance_minutes(10);
        let step = clinic.now().millis() / 30_000;
        let try_step = |step: i64| second_step(clinic, &challenge(clinic, "nurse"), &nurse.phone.code_of(step));
        try_step(step + 2).expect_problem(401, "invalid_factor");
        try_step(step - 2).expect_problem(401, "invalid_factor");
        try_step(step).expect(200);
        try_step(step - 1).expect_problem(401, "invalid_factor");
        try_step(step).expect_problem(401, "invalid_factor");
        try_step(step + 1).expect(200);
        // An hour and a month back, and into 1968: the code of that time is right, and was passed.
        for minutes in [60, 30 * 24 * 60, 58 * 365 * 24 * 60] {
            clinic.advance_minutes(-minutes);
            for near in [-1, 0, 1] {
                let then = clinic.now().millis().div_euclid(30_000) + near;
                let answer = second_step(clinic, &challenge(clinic, "nurse"), &nurse.phone.code_of(then));
                answer.expect_problem(401, "invalid_factor");
            }
            clinic.advance_minutes(minutes + 1);
            sign_in(clinic, "nurse", &nurse.phone).expect(200);
        }
        clinic.advance_minutes(24 * 60);
        sign_in(clinic, "nurse", &nurse.phone).expect(200);
    });
}

#[test]
fn a_sign_in_waits_five_minutes_and_five_tries_for_its_code() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        clinic.clock.advance_millis(30_000);
        let waiting = challenge(clinic, "nurse");
        let wrong = nurse.phone.code_of(7);
        for _ in 0..5 {
            second_step(clinic, &waiting, &wrong).expect_problem(401, "invalid_factor");
        }
        let right = nurse.phone.code(clinic.now());
        second_step(clinic, &waiting, &right).expect_problem(401, "unauthenticated");
        let late = challenge(clinic, "nurse");
        clinic.advance_minutes(5);
        let right = nurse.phone.code(clinic.now());
        second_step(clinic, &late, &right).expect_problem(401, "unauthenticated");
        let both = json!({"factor_token": late, "code": right, "recovery_code": nurse.recovery_codes[0]});
        clinic.nobody().post("/api/v1/auth/factor", &both).expect_problem(422, "validation_failed");
        let neither = json!({"factor_token": late});
        clinic.nobody().post("/api/v1/auth/factor", &neither).expect_problem(422, "validation_failed");
        let foreign = challenge(clinic, "nurse");
        clinic.next_door().nobody().get("/api/v1/me").expect(401);
        second_step(clinic, &foreign[..foreign.len() - 3], &right).expect_problem(401, "unauthenticated");
        second_step(clinic, &foreign, &right).expect(200);
    });
}

#[test]
fn a_changed_password_or_factor_ends_the_wait() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        let waiting = challenge(clinic, "nurse");
        let change =
            json!({"current_password": crate::support::PASSWORD, "new_password": "four walls and one open door"});
        let anew = nurse.here.post("/api/v1/auth/password", &change).expect(200).body;
        assert_eq!(super::claims(&anew)["amr"], json!(["pwd", "otp"]), "the device had given it");
        clinic.clock.advance_millis(30_000);
        let code = nurse.phone.code(clinic.now());
        second_step(clinic, &waiting, &code).expect_problem(401, "unauthenticated");
    });
}

#[test]
fn who_knows_the_password_gets_no_more_guesses_at_the_code_than_at_the_password() {
    both_databases_with(&SETUP, |clinic| {
        let nurse = enrol(clinic, "nurse");
        clinic.advance_minutes(10);
        let (began, wrong, mut looked_at) = (clinic.now(), nurse.phone.code_of(7), 0);
        while clinic.now().since(began) < 3_600_000 {
            let first = first_step(clinic, "nurse");
            if first.status == 202 {
                let second = second_step(clinic, first.body["factor_token"].as_str().unwrap(), &wrong);
                looked_at += usize::from(second.status == 401);
                assert!(matches!(second.status, 401 | 429), "{}", second.body);
            } else {
                first.expect_problem(429, "rate_limited");
            }
            clinic.clock.advance_millis(60_000);
        }
        assert!((4..=9).contains(&looked_at), "{looked_at} codes were looked at in an hour");
    });
}

#[test]
fn a_right_code_forgets_the_wrong_ones_before_it() {
    on_both_databases(|clinic| {
        let nurse = enrol(clinic, "nurse");
        clinic.advance_minutes(10);
        for _ in 0..4 {
            let waiting = challenge(clinic, "nurse");
            for _ in 0..3 {
                second_step(clinic, &waiting, &nurse.phone.code_of(7)).expect_problem(401, "invalid_factor");
            }
            second_step(clinic, &waiting, &nurse.phone.code(clinic.now())).expect(200);
            clinic.clock.advance_millis(30_000);
        }
    });
}
