//! Where somebody is signed in: seen, ended, and over when nobody is there.

use crate::support::{Actor, Clinic, PASSWORD, on_both_databases};
use serde_json::{Value, json};

/// Another device of this person.
fn device<'c>(clinic: &'c Clinic, who: &str, name: &str) -> Actor<'c> {
    let body = json!({"login": clinic.login(who), "password": PASSWORD});
    let pair = clinic.nobody().with("user-agent", name).post("/api/v1/auth/login", &body).expect(200).body;
    clinic.nobody().with("authorization", format!("Bearer {}", pair["access_token"].as_str().unwrap()))
}

fn list(actor: &Actor<'_>) -> Vec<Value> {
    actor.get("/api/v1/me/login-sessions").expect(200).body["items"].as_array().unwrap().clone()
}

#[test]
fn a_nurse_ends_the_sign_in_of_her_lost_tablet_from_another_device() {
    on_both_databases(|clinic| {
        let lost = device(clinic, "nurse", "Tablet 4");
        clinic.advance_minutes(1);
        let phone = device(clinic, "nurse", "Phone");
        let items = list(&phone);
        assert_eq!([&items[0]["device"], &items[1]["device"]], ["Phone", "Tablet 4"]);
        assert_eq!([&items[0]["current"], &items[1]["current"]], [true, false]);
        assert_eq!(items[1]["address"], clinic.address());
        let id = items[1]["id"].as_str().unwrap();
        let end = format!("/api/v1/login-sessions/{id}/end");
        phone.post(&end, &json!({"signing_token": "chsg_none"})).expect_problem(403, "reauth_required");
        lost.get("/api/v1/me").expect(200);
        let token = phone.reauth("self.sessions.end", id);
        phone.post(&end, &json!({"signing_token": token})).expect(204);
        lost.get("/api/v1/me").expect_problem(401, "unauthenticated");
        assert_eq!(list(&phone)[1]["ended_because"], "ended_by_owner");
        let token = clinic.admin().reauth("self.sessions.end", id);
        clinic.admin().post(&end, &json!({"signing_token": token})).expect_problem(404, "not_found");
    });
}

#[test]
fn an_administrator_ends_every_sign_in_of_a_member_and_fifty_requests_are_refused() {
    on_both_databases(|clinic| {
        let tablets = [device(clinic, "nurse", "Tablet 1"), device(clinic, "nurse", "Tablet 2")];
        for tablet in &tablets {
            tablet.get("/api/v1/me").expect(200);
        }
        let nurse = clinic.staff_id("nurse").to_string();
        let seen = clinic.admin().get(&format!("/api/v1/staff/{nurse}/login-sessions")).expect(200).body;
        assert_eq!(seen["items"].as_array().unwrap().len(), 2);
        let path = format!("/api/v1/staff/{nurse}/end-login-sessions");
        let token = clinic.admin().reauth("user.sessions.end", &nurse);
        clinic.admin().post(&path, &json!({"signing_token": token})).expect(204);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let one = |at: usize| tablets[at % 2].get("/api/v1/me").status;
            let threads: Vec<_> = (0..50).map(|at| scope.spawn(move || one(at))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses, [401; 50]);
        let own = clinic.staff_id("admin").to_string();
        let token = clinic.admin().reauth("user.sessions.end", &own);
        let path = format!("/api/v1/staff/{own}/end-login-sessions");
        clinic.admin().post(&path, &json!({"signing_token": token})).expect_problem(409, "same_person");
    });
}

#[test]
fn a_tablet_left_alone_for_half_an_hour_is_signed_out_but_still_stops_a_drug() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let signed_in = || super::sign_in(clinic, &clinic.login("nurse"), PASSWORD).expect(200).body;
        let pair = signed_in();
        let refresh = |pair: &Value| {
            clinic.nobody().post("/api/v1/auth/refresh", &json!({"refresh_token": pair["refresh_token"]}))
        };
        let with = |pair: &Value| {
            let token = format!("Bearer {}", pair["access_token"].as_str().unwrap());
            clinic.nobody().with("authorization", token)
        };
        clinic.advance_minutes(25);
        let pair = refresh(&pair).expect(200).body;
        clinic.advance_minutes(4);
        // Refreshing by itself is nobody's presence.
        let tablet = with(&pair);
        clinic.advance_minutes(2);
        tablet.get("/api/v1/me").expect_problem(401, "session_idle");
        refresh(&pair).expect_problem(401, "session_idle");
        tablet.post(&visit.path("/stop"), &json!({})).expect(200);
        clinic.advance_minutes(9);
        tablet.post(&visit.path("/stop"), &json!({})).expect_problem(401, "session_idle");
    });
}

#[test]
fn who_works_stays_signed_in() {
    on_both_databases(|clinic| {
        let mut pair = super::sign_in(clinic, &clinic.login("admin"), PASSWORD).expect(200).body;
        for _ in 0..8 {
            clinic.advance_minutes(9);
            pair = clinic
                .nobody()
                .post("/api/v1/auth/refresh", &json!({"refresh_token": pair["refresh_token"]}))
                .expect(200)
                .body;
            let token = format!("Bearer {}", pair["access_token"].as_str().unwrap());
            let admin = clinic.nobody().with("authorization", token);
            admin.get("/api/v1/me").expect(200);
            // What was noted can be seen; nobody waits for it, so look until it is there.
            let now = clinic.clock.now().to_string();
            let seen = (0..200).any(|_| list(&admin)[0]["last_seen_at"] == now);
            assert!(seen, "the request was not noted");
        }
    });
}

#[test]
fn the_sixth_device_ends_the_one_that_was_unused_longest() {
    on_both_databases(|clinic| {
        let devices: Vec<_> = (0..5)
            .map(|number| {
                clinic.advance_minutes(1);
                device(clinic, "nurse", &format!("Tablet {number}"))
            })
            .collect();
        clinic.advance_minutes(1);
        let sixth = device(clinic, "nurse", "Tablet 5");
        devices[0].get("/api/v1/me").expect_problem(401, "unauthenticated");
        devices[1..].iter().chain([&sixth]).for_each(|device| drop(device.get("/api/v1/me").expect(200)));
        assert_eq!(list(&sixth)[5]["ended_because"], "too_many");
    });
}

#[test]
fn a_new_password_ends_every_sign_in_but_the_one_that_set_it() {
    on_both_databases(|clinic| {
        let (tablet, phone) = (device(clinic, "nurse", "Tablet"), device(clinic, "nurse", "Phone"));
        tablet.get("/api/v1/me").expect(200);
        let change = |current: &str, new: &str| {
            phone.post("/api/v1/auth/password", &json!({"current_password": current, "new_password": new}))
        };
        change("not the password", "a new one, long enough").expect_problem(403, "reauth_required");
        for (weak, code) in [("short words", "too_short"), ("I love Chairside so much", "contains_name")] {
            change(PASSWORD, weak).expect_problem(422, "validation_failed").expect_field("/new_password", code);
        }
        let pair = change(PASSWORD, "a new one, long enough").expect(200).body;
        tablet.get("/api/v1/me").expect_problem(401, "unauthenticated");
        phone.get("/api/v1/me").expect_problem(401, "unauthenticated");
        let token = format!("Bearer {}", pair["access_token"].as_str().unwrap());
        clinic.nobody().with("authorization", token).get("/api/v1/me").expect(200);
        super::sign_in(clinic, &clinic.login("nurse"), PASSWORD).expect_problem(401, "invalid_credentials");
        super::sign_in(clinic, &clinic.login("nurse"), "a new one, long enough").expect(200);
        assert!(clinic.trail().contains(&"auth.password_changed success".to_owned()));
    });
}
