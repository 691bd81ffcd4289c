//! Links to a password: for a new member, for who forgot it, and for who was guessed at too often.

use crate::factors::kept::{everything, holds};
use crate::factors::{OPEN, REQUIRED, bearer, enrol, sign_in};
use crate::support::{Actor, Answer, Clinic, PASSWORD, both_databases_with, on_both_databases};
use chairside::access::limits::Limits;
use serde_json::json;

const CHOSEN: &str = "four walls and one open door";

fn choose(clinic: &Clinic, link: &str, password: &str) -> Answer {
    clinic.nobody().post("/api/v1/auth/link", &json!({"link_token": link, "new_password": password}))
}

fn log_in(clinic: &Clinic, login: &str, password: &str) -> Answer {
    clinic.nobody().post("/api/v1/auth/login", &json!({"login": login, "password": password}))
}

fn issue(clinic: &Clinic, admin: &Actor<'_>, who: &str) -> Answer {
    let id = clinic.staff_id(who).to_string();
    let body = json!({"signing_token": admin.reauth("user.reset.issue", &id)});
    admin.post(&format!("/api/v1/staff/{id}/password-reset"), &body)
}

/// Signed in at this very time.
fn anew<'c>(clinic: &'c Clinic, who: &str) -> Actor<'c> {
    bearer(clinic, &clinic.token(who).into())
}

fn link(answer: &Answer) -> String {
    answer.body["link_token"].as_str().expect("a link").to_owned()
}

#[test]
fn a_new_member_chooses_a_password_that_nobody_else_has_seen() {
    on_both_databases(|clinic| {
        let login = clinic.login("new");
        let body = json!({"login": login, "display_name": "New, RN", "roles": ["nurse"]});
        let invited = clinic.admin().post("/api/v1/staff", &body).expect(201);
        assert_eq!(invited.body["expires_in_s"], 1800);
        let link = link(&invited);
        for guess in ["unset", "", "chairside", PASSWORD] {
            log_in(clinic, &login, guess).expect_problem(401, "invalid_credentials");
        }
        let weak = choose(clinic, &link, "fourteen chars").expect_problem(422, "validation_failed");
        weak.expect_field("/new_password", "too_short");
        let named = format!("{login} and four walls");
        choose(clinic, &link, &named)
            .expect_problem(422, "validation_failed")
            .expect_field("/new_password", "contains_name");
        assert_eq!(choose(clinic, &link, CHOSEN).expect(200).body["login"], json!(login));
        log_in(clinic, &login, CHOSEN).expect(200);
        choose(clinic, &link, "another password of mine").expect_problem(401, "link_ended");
        let trail = clinic.trail();
        for told in ["staff.added", "auth.link_issued", "auth.link_used", "auth.password_changed"] {
            assert!(trail.contains(&format!("{told} success")), "{told}");
        }
        let all = everything(clinic);
        assert!(holds(&all, login.as_bytes()), "the search finds what is there");
        assert!(!holds(&all, link.as_bytes()) && !holds(&all, CHOSEN.as_bytes()));
    });
}

#[test]
fn one_link_used_twenty_times_at_once_sets_one_password() {
    on_both_databases(|clinic| {
        let link = link(&issue(clinic, &clinic.admin(), "nurse").expect(200));
        let password = |number: usize| format!("{CHOSEN}, {number}");
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let (link, password) = (&link, &password);
            let one = |number: usize| scope.spawn(move || choose(clinic, link, &password(number)).status);
            let running: Vec<_> = (0..20).map(one).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        // A machine that hashes four at once may tell the last to come again.
        assert!(answers.iter().all(|status| matches!(status, 200 | 401 | 503)), "{answers:?}");
        let won: Vec<usize> = (0..20).filter(|number| answers[*number] == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        log_in(clinic, &clinic.login("nurse"), &password(won[0])).expect(200);
    });
}

#[test]
fn a_link_ends_after_half_an_hour_with_another_link_and_with_a_changed_password() {
    both_databases_with(&OPEN, |clinic| {
        let admin = || anew(clinic, "admin");
        let late = link(&issue(clinic, &admin(), "nurse").expect(200));
        clinic.advance_minutes(30);
        choose(clinic, &late, CHOSEN).expect_problem(401, "link_ended");
        let replaced = link(&issue(clinic, &admin(), "nurse").expect(200));
        let newer = link(&issue(clinic, &admin(), "nurse").expect(200));
        choose(clinic, &replaced, CHOSEN).expect_problem(401, "link_ended");
        let change = json!({"current_password": PASSWORD, "new_password": "a fence and a gate in it"});
        anew(clinic, "nurse").post("/api/v1/auth/password", &change).expect(200);
        choose(clinic, &newer, CHOSEN).expect_problem(401, "link_ended");
        for wrong in ["", "chsl_", "chsl_AAAA", &late[..late.len() - 2], &newer.replace("chsl_", "chsf_")] {
            choose(clinic, wrong, CHOSEN).expect_problem(401, "link_ended");
        }
        let last = link(&issue(clinic, &admin(), "second_nurse").expect(200));
        let member = format!("/api/v1/staff/{}", clinic.staff_id("second_nurse"));
        admin().if_match(1).patch(&member, &json!({"active": false})).expect(200);
        choose(clinic, &last, CHOSEN).expect_problem(401, "link_ended");
        issue(clinic, &admin(), "second_nurse").expect_problem(404, "not_found");
    });
}

#[test]
fn a_link_ends_every_sign_in_and_passes_no_second_factor() {
    both_databases_with(&REQUIRED, |clinic| {
        let (admin, prescriber) = (enrol(clinic, "admin"), enrol(clinic, "prescriber"));
        issue(clinic, &admin.here, "admin").expect_problem(409, "same_person");
        issue(clinic, &prescriber.here, "nurse").expect_problem(403, "forbidden");
        let link = link(&issue(clinic, &admin.here, "prescriber").expect(200));
        prescriber.here.get("/api/v1/me").expect(200);
        choose(clinic, &link, CHOSEN).expect(200);
        prescriber.here.get("/api/v1/me").expect_problem(401, "unauthenticated");
        sign_in_is_refused(clinic, PASSWORD);
        clinic.clock.advance_millis(30_000);
        let asked = log_in(clinic, &clinic.login("prescriber"), CHOSEN).expect(202).body;
        let code = prescriber.phone.code(clinic.now());
        let body = json!({"factor_token": asked["factor_token"], "code": code});
        clinic.nobody().post("/api/v1/auth/factor", &body).expect(200);
        clinic.clock.advance_millis(30_000);
        sign_in(clinic, "admin", &admin.phone).expect(200);
    });
}

fn sign_in_is_refused(clinic: &Clinic, password: &str) {
    log_in(clinic, &clinic.login("prescriber"), password).expect_problem(401, "invalid_credentials");
}

#[test]
fn a_password_that_a_hundred_guesses_disabled_is_opened_again_by_a_link() {
    on_both_databases(|clinic| {
        let login = clinic.login("nurse");
        for _ in 0..Limits::DEFAULT.disabled_from {
            clinic.advance_minutes(16);
            log_in(clinic, &login, "a wrong password").expect_problem(401, "invalid_credentials");
        }
        clinic.advance_minutes(16);
        // The right one is not slowed down, which would be 429: it opens nothing.
        log_in(clinic, &login, PASSWORD).expect_problem(401, "invalid_credentials");
        let link = link(&issue(clinic, &anew(clinic, "admin"), "nurse").expect(200));
        choose(clinic, &link, CHOSEN).expect(200);
        log_in(clinic, &login, CHOSEN).expect(200);
    });
}
