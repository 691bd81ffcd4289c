//! A browser's refresh token is in a cookie that only pages of one origin can use.

use crate::support::{Actor, Clinic, ORIGIN, PASSWORD, on_both_databases};
use serde_json::json;

fn page<'c>(clinic: &'c Clinic, origin: &str) -> Actor<'c> {
    clinic.nobody().with("x-chairside-request", "1").with("origin", origin)
}

/// The cookie a browser would send back.
fn cookie(answer: &crate::support::Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    for part in ["__Host-chairside_refresh=", "; Path=/;", "Secure;", "HttpOnly;", "SameSite=Strict"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[test]
fn a_browser_refreshes_by_its_cookie_and_no_script_sees_the_token() {
    on_both_databases(|clinic| {
        let body = json!({"login": clinic.login("nurse"), "password": PASSWORD});
        let first = page(clinic, ORIGIN).post("/api/v1/auth/login", &body).expect(200);
        assert!(first.body.get("refresh_token").is_none());
        let browser = page(clinic, ORIGIN).with("cookie", format!("theme=dark; {}", cookie(&first)));
        let second = browser.post("/api/v1/auth/refresh", &json!({})).expect(200);
        assert!(second.body.get("refresh_token").is_none());
        assert_ne!(cookie(&second), cookie(&first));
        let raced = browser.post("/api/v1/auth/refresh", &json!({})).expect_problem(409, "refresh_raced");
        assert_eq!(raced.header("set-cookie"), None, "the winner's cookie stays");
        let token = format!("Bearer {}", second.body["access_token"].as_str().unwrap());
        let out = page(clinic, ORIGIN).with("authorization", token).post("/api/v1/auth/logout", &json!({})).expect(204);
        assert_eq!(out.header("clear-site-data"), Some("\"cache\", \"cookies\", \"storage\""));
        assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
        let gone = page(clinic, ORIGIN).with("cookie", cookie(&second));
        gone.post("/api/v1/auth/refresh", &json!({})).expect_problem(401, "unauthenticated");
    });
}

#[test]
fn a_page_of_another_origin_can_neither_sign_in_nor_refresh() {
    on_both_databases(|clinic| {
        let body = json!({"login": clinic.login("nurse"), "password": PASSWORD});
        let mine = cookie(&page(clinic, ORIGIN).post("/api/v1/auth/login", &body).expect(200));
        let strange = [
            "https://evil.example",
            "null",
            "http://clinic.example",
            "https://clinic.example.evil",
            "",
            "https://CLINIC.example",
        ];
        for origin in strange {
            let other = page(clinic, origin).with("cookie", &mine);
            let answer = other.post("/api/v1/auth/refresh", &json!({})).expect_problem(403, "foreign_origin");
            assert_eq!(answer.header("set-cookie"), None);
            other.post("/api/v1/auth/login", &body).expect_problem(403, "foreign_origin");
        }
        // Without the header that only our own pages can send, a cookie is not looked at.
        let form = clinic.nobody().with("origin", ORIGIN).with("cookie", &mine);
        form.post("/api/v1/auth/refresh", &json!({})).expect_problem(422, "validation_failed");
        let text = page(clinic, ORIGIN).with("cookie", &mine).with("content-type", "text/plain");
        text.send("POST", "/api/v1/auth/refresh", Some(Vec::new())).expect_problem(403, "foreign_origin");
        page(clinic, ORIGIN).with("cookie", &mine).post("/api/v1/auth/refresh", &json!({})).expect(200);
    });
}
