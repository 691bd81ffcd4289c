//! Whose address the trail names, and by which names the server is reached. The clinic of these tests stands behind a
//! proxy on this machine and is called `clinic.example`.

use crate::support::on_both_databases;

#[test]
fn the_trail_names_the_client_behind_the_proxy() {
    on_both_databases(|clinic| {
        let away = clinic.admin().with("x-forwarded-for", "6.6.6.6, 203.0.113.9");
        away.get("/api/v1/patients/0190a5c0-0000-7000-8000-00000000dead").expect(403);
        let said = clinic.auditor().get("/api/v1/audit-events?limit=200").expect(200).body.to_string();
        assert!(said.contains("203.0.113.9"), "{said}");
        assert!(!said.contains("6.6.6.6"), "{said}");
    });
}

#[test]
fn a_name_that_is_not_its_own_reaches_nothing() {
    on_both_databases(|clinic| {
        for other in ["evil.example", "clinic.example.evil.example", "evil.example:80"] {
            let answer = clinic.nurse().with("host", other).get("/api/v1/me");
            answer.expect_problem(400, "malformed_request");
        }
        for own in ["clinic.example", "CLINIC.example:443", "localhost", "127.0.0.1:8080"] {
            clinic.nurse().with("host", own).get("/api/v1/me").expect(200);
        }
    });
}
