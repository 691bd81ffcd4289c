//! Refreshing over HTTP: a copy ends the sign-in, a tab or a lost answer does not.

use crate::support::program::Program;
use crate::support::{Answer, Clinic, Kind, PASSWORD, on_both_databases, scratch, stand_alone};
use serde_json::{Value, json};

fn sign_in(clinic: &Clinic) -> Value {
    super::sign_in(clinic, &clinic.login("nurse"), PASSWORD).expect(200).body
}

fn refresh(clinic: &Clinic, pair: &Value) -> Answer {
    clinic.nobody().post("/api/v1/auth/refresh", &json!({"refresh_token": pair["refresh_token"]}))
}

fn knock(clinic: &Clinic, pair: &Value) -> Answer {
    let token = format!("Bearer {}", pair["access_token"].as_str().unwrap());
    clinic.nobody().with("authorization", token).get("/api/v1/me")
}

#[test]
fn a_copy_that_is_used_after_its_owner_ends_the_sign_in() {
    on_both_databases(|clinic| {
        let first = sign_in(clinic);
        let second = refresh(clinic, &first).expect(200).body;
        knock(clinic, &second).expect(200);
        clinic.clock.advance_millis(10_001);
        refresh(clinic, &first).expect_problem(401, "unauthenticated");
        knock(clinic, &second).expect_problem(401, "unauthenticated");
        refresh(clinic, &second).expect_problem(401, "unauthenticated");
        assert!(clinic.trail().contains(&"auth.refresh_reused success".to_owned()));
        let again = sign_in(clinic);
        let token = format!("Bearer {}", again["access_token"].as_str().unwrap());
        let told = clinic.nobody().with("authorization", token).get("/api/v1/me/login-sessions").expect(200).body;
        assert_eq!(told["items"][1]["ended_because"], "refresh_reused", "its owner is told: {told:#}");
        for forged in ["", "chsr_", "chsr_AAAA", "x"] {
            refresh(clinic, &json!({"refresh_token": forged})).expect_problem(401, "unauthenticated");
        }
    });
}

#[test]
fn a_copy_that_is_used_before_its_owner_ends_the_sign_in_too() {
    on_both_databases(|clinic| {
        let owner = sign_in(clinic);
        let thief = refresh(clinic, &owner).expect(200).body;
        knock(clinic, &thief).expect(200);
        clinic.advance_minutes(9);
        refresh(clinic, &owner).expect_problem(401, "unauthenticated");
        knock(clinic, &thief).expect_problem(401, "unauthenticated");
    });
}

#[test]
fn an_answer_lost_on_the_wifi_signs_nobody_out() {
    on_both_databases(|clinic| {
        let first = sign_in(clinic);
        let lost = refresh(clinic, &first).expect(200).body;
        clinic.clock.advance_millis(3_000);
        let arrived = refresh(clinic, &first).expect(200).body;
        knock(clinic, &lost).expect_problem(401, "unauthenticated");
        clinic.advance_minutes(8);
        knock(clinic, &arrived).expect(200);
        refresh(clinic, &arrived).expect(200);
        assert!(clinic.trail().contains(&"auth.refresh_replaced success".to_owned()));
    });
}

#[test]
fn twenty_tabs_at_once_get_one_pair_and_none_is_signed_out() {
    on_both_databases(|clinic| {
        let pair = sign_in(clinic);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| refresh(clinic, &pair))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (given, raced): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(given.len(), 1);
        for answer in raced {
            let answer = answer.expect_problem(409, "refresh_raced");
            assert_eq!(answer.header("retry-after"), Some("3"));
        }
        knock(clinic, &given[0].body).expect(200);
        clinic.clock.advance_millis(10_000);
        refresh(clinic, &pair).expect_problem(409, "refresh_raced");
        refresh(clinic, &given[0].body).expect(200);
    });
}

#[test]
fn of_many_that_miss_the_same_answer_one_gets_another() {
    on_both_databases(|clinic| {
        let pair = sign_in(clinic);
        refresh(clinic, &pair).expect(200);
        clinic.clock.advance_millis(3_000);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..10).map(|_| scope.spawn(|| refresh(clinic, &pair).status)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    });
}

#[test]
fn refreshing_does_not_make_a_sign_in_longer_than_twelve_hours() {
    on_both_databases(|clinic| {
        let mut pair = sign_in(clinic);
        for _ in 0..79 {
            clinic.advance_minutes(9);
            pair = refresh(clinic, &pair).expect(200).body;
            knock(clinic, &pair).expect(200);
        }
        clinic.advance_minutes(9);
        refresh(clinic, &pair).expect_problem(401, "unauthenticated");
        knock(clinic, &pair).expect_problem(401, "unauthenticated");
    });
}

#[test]
fn a_restart_forgets_nothing_about_a_refresh_token() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = scratch();
        let (url, nurse) = stand_alone::clinic(kind, &folder);
        let ask = |program: &Program, path: &str, body: Value| program.send("POST", path, None, Some(&body)).unwrap();
        let program = Program::start(&url, &folder);
        let (_, first) = ask(&program, "/api/v1/auth/login", json!({"login": nurse, "password": PASSWORD}));
        let body = json!({"refresh_token": first["refresh_token"]});
        let (status, _) = ask(&program, "/api/v1/auth/refresh", body.clone());
        assert_eq!(status, 200);
        program.kill();
        let program = Program::start(&url, &folder);
        // The real clock runs here: within two seconds it is a race, then an answer that was lost.
        let (status, answer) = ask(&program, "/api/v1/auth/refresh", body);
        assert!(matches!(status, 200 | 409), "{status} {answer}");
    }
}
