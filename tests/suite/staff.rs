//! Who works here: added with a link to a password, changed by somebody else, effective with the next request.

use crate::schema::catalogue::Database;
use crate::support::{Clinic, on_both_databases};
use serde_json::json;

#[test]
fn a_new_member_has_a_name_of_their_own_and_roles_that_go_together() {
    on_both_databases(|clinic| {
        let login = clinic.login("new");
        let body = json!({"login": login, "display_name": "New, RN", "roles": ["nurse"]});
        clinic.admin().post("/api/v1/staff", &body).expect(201);
        clinic.admin().post("/api/v1/staff", &body).expect_problem(409, "duplicate");
        clinic.nurse().post("/api/v1/staff", &body).expect_problem(403, "forbidden");
        let both = json!({"login": "x", "display_name": "", "roles": ["admin", "nurse"]});
        clinic
            .admin()
            .post("/api/v1/staff", &both)
            .expect_problem(422, "validation_failed")
            .expect_field("/login", "required")
            .expect_field("/display_name", "required")
            .expect_field("/roles", "combination");
    });
}

#[test]
fn a_role_works_from_the_next_request_and_ends_with_the_next_request() {
    on_both_databases(|clinic| {
        let nurse = clinic.nurse();
        let path = format!("/api/v1/staff/{}/roles", clinic.staff_id("nurse"));
        nurse.post("/api/v1/patients/search", &json!({"name": "a"})).expect(200);
        clinic.admin().put(&path, &json!({"roles": ["auditor"]})).expect_problem(428, "precondition_required");
        clinic.admin().if_match(1).put(&path, &json!({"roles": ["auditor"]})).expect(200);
        nurse.post("/api/v1/patients/search", &json!({"name": "a"})).expect_problem(401, "unauthenticated");
        let nurse = || clinic.nobody().with("authorization", format!("Bearer {}", clinic.token("nurse")));
        nurse().post("/api/v1/patients/search", &json!({"name": "a"})).expect_problem(403, "forbidden");
        clinic.admin().if_match(1).put(&path, &json!({"roles": ["nurse"]})).expect_problem(412, "stale_version");
        clinic.admin().if_match(2).put(&path, &json!({"roles": ["nurse"]})).expect(200);
        let nurse = nurse();
        nurse.post("/api/v1/patients/search", &json!({"name": "a"})).expect(200);
        let member = format!("/api/v1/staff/{}", clinic.staff_id("nurse"));
        clinic.admin().if_match(3).patch(&member, &json!({"active": false})).expect(200);
        nurse.get("/api/v1/me").expect_problem(401, "unauthenticated");
    });
}

#[test]
fn a_refusal_found_only_inside_a_write_or_a_read_is_told_once_a_minute() {
    on_both_databases(|clinic| {
        let nurse = clinic.nurse();
        let search = || nurse.post("/api/v1/patients/search", &json!({"name": "a"}));
        let new = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        let register = || nurse.post("/api/v1/patients", &new);
        search().expect(200);
        take_every_role_behind_the_servers_back(clinic, "nurse");
        let told = |permission: &str| {
            let line = format!("{permission} denied");
            clinic.trail().into_iter().filter(|entry| *entry == line).count()
        };
        for minute in 1..=2 {
            for _ in 0..3 {
                let unread = search().expect_problem(403, "forbidden").body["permission"].clone();
                let unwritten = register().expect_problem(403, "forbidden").body["permission"].clone();
                assert_ne!(unread, unwritten);
                assert_eq!([&unread, &unwritten].map(|permission| told(permission.as_str().unwrap())), [minute; 2]);
            }
            clinic.advance_minutes(1);
        }
    });
}

/// The server remembers the token with the roles; only the transaction sees that they are gone.
fn take_every_role_behind_the_servers_back(clinic: &Clinic, who: &str) {
    let mut database = Database::of(&clinic.url);
    let staff = clinic.staff_id(who);
    let id = match database {
        Database::Sqlite(_) => format!("x'{}'", staff.uuid().simple()),
        Database::Postgres(_) => format!("'{staff}'"),
    };
    database.run(&format!("UPDATE staff_roles SET retired_at = granted_at WHERE staff_id = {id}")).unwrap();
}

#[test]
fn the_clinic_keeps_an_administrator_and_nobody_changes_their_own_roles() {
    on_both_databases(|clinic| {
        let own = format!("/api/v1/staff/{}/roles", clinic.staff_id("admin"));
        clinic.admin().if_match(1).put(&own, &json!({"roles": ["nurse"]})).expect_problem(409, "same_person");
        let nurse = format!("/api/v1/staff/{}/roles", clinic.staff_id("nurse"));
        clinic.admin().if_match(1).put(&nurse, &json!({"roles": ["admin"]})).expect(200);
        let answers = std::thread::scope(|scope| {
            let body = json!({"roles": ["front_desk"]});
            let (a, b, one, two) = (clinic.admin().if_match(2), clinic.nurse().if_match(1), body.clone(), body);
            let first = scope.spawn(move || a.put(&nurse, &one).status);
            let second = scope.spawn(move || b.put(&own, &two).status);
            [first.join().unwrap(), second.join().unwrap()]
        });
        let done = answers.iter().filter(|status| **status == 200).count();
        assert!(done <= 1, "two administrators removed each other: {answers:?}");
    });
}
