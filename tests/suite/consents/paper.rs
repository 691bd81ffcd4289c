//! The document on paper: as HTML and as PDF, whoever the patient is called after.

use super::*;
use crate::support::on_both_databases;

fn named(clinic: &Clinic, family_name: &str, given_name: &str) -> String {
    let body = json!({"family_name": family_name, "given_name": given_name, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].as_str().unwrap().to_owned()
}

fn printed(clinic: &Clinic, consent: &Value, format: &str) -> Answer {
    clinic.nurse().get(&format!("{}/document?format={format}", path(consent))).expect(200)
}

#[test]
fn the_same_consent_is_printed_with_the_same_bytes_and_says_who_signed_what_that_means_and_what_came_after() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = in_force(clinic, &patient, &form);
        let (page, file) = (printed(clinic, &consent, "html"), printed(clinic, &consent, "pdf"));
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(file.header("content-type"), Some("application/pdf"));
        assert!(file.bytes.starts_with(b"%PDF-") && file.bytes.len() < 400_000, "{} bytes", file.bytes.len());
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        let words = String::from_utf8(page.bytes.clone()).unwrap();
        for part in [
            "<h3>Ana Rivera</h3>",
            "consents (patient)",
            "explained (explaining prescriber)",
            "witnessed signature (witness)",
            "2 March 2026, 10:00 EST",
            text(&consent["document_sha256"]),
            "understands: yes",
            "<dt>accepted, initials AR</dt>",
            "<h3>4. Risks</h3>",
        ] {
            assert!(words.contains(part), "{part} is missing");
        }
        assert!(!words.contains("Not in force"));
        clinic.advance_minutes(60);
        assert_eq!(printed(clinic, &consent, "html").bytes, page.bytes);
        assert_eq!(printed(clinic, &consent, "pdf").bytes, file.bytes);

        let said = json!({"scope": "series", "words": "no more <b>of this</b>"});
        clinic.nurse().post(&format!("{}/withdraw", path(&consent)), &said).expect(200);
        let after = String::from_utf8(printed(clinic, &consent, "html").bytes).unwrap();
        assert!(after.contains("Not in force: withdrawn.") && after.contains("no more &lt;b&gt;of this&lt;/b&gt;"));
        assert_ne!(printed(clinic, &consent, "pdf").bytes, file.bytes);
        let exact = clinic.nurse().get(&format!("{}/document", path(&consent))).expect(200);
        assert!(exact.bytes.ends_with(default_form().text.as_bytes()), "the exact bytes stay what they are");
        clinic
            .nurse()
            .get(&format!("{}/document?format=docx", path(&consent)))
            .expect_problem(400, "malformed_request");
        clinic.front_desk().get(&format!("{}/document?format=pdf", path(&consent))).expect_problem(403, "forbidden");
        clinic
            .next_door()
            .nurse()
            .get(&format!("{}/document?format=pdf", path(&consent)))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn hostile_names_are_printed_as_names() {
    on_both_databases(|clinic| {
        let form = published_form(clinic, &form_body());
        let plain = presented(clinic, &a_patient(clinic), &form, &scope());
        let tags = |page: Vec<u8>| String::from_utf8(page).unwrap().matches('<').count();
        let expected = tags(printed(clinic, &plain, "html").bytes);
        for (family, given) in [
            ("<script>alert(1)</script>", "A"),
            ("\"><img src=x onerror=alert(1)>", "</style>"),
            ("O'Brien & Sons", "&#x3c;"),
            ("Łukasz", "李"),
            ("Nguyễn", "Thị Hồng"),
            ("עברית", "हिन्दी"),
        ] {
            let consent = presented(clinic, &named(clinic, family, given), &form, &scope());
            let page = printed(clinic, &consent, "html").bytes;
            assert_eq!(tags(page), expected, "{family} {given} makes a tag");
            assert!(printed(clinic, &consent, "pdf").bytes.starts_with(b"%PDF-"), "{family} {given}");
        }
    });
}
