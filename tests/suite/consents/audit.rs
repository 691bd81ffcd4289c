//! What an auditor asks about consent, in one request each.

use super::*;
use crate::dosing::chair::Chair;
use crate::every_endpoint::a_case_about;
use crate::support::on_both_databases;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chairside::domain::digest::Sha256;
use chairside::domain::merkle::{Hash, proves_inclusion};

fn hash(text: &Value) -> Hash {
    Sha256::parse(text.as_str().unwrap()).unwrap().0
}

fn consent_of(chair: &Chair<'_>) -> Value {
    let list = chair.nurse().get(&format!("/api/v1/patients/{}/consents", chair.patient)).expect(200).body;
    list["items"].as_array().unwrap().iter().find(|consent| consent["state"] != "draft").unwrap().clone()
}

fn dossier(who: &Actor<'_>, consent: &Value, query: &str) -> Value {
    who.get(&format!("/api/v1/audit/consents/{}/dossier?{query}", text(&consent["id"]))).expect(200).body
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn the_dossier_of_a_consent_is_whole_proved_and_as_it_was_known() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        let consent = consent_of(&chair);
        clinic
            .front_desk()
            .get(&format!("/api/v1/audit/consents/{}/dossier", text(&consent["id"])))
            .expect_problem(403, "forbidden");
        clinic
            .auditor()
            .get(&format!("/api/v1/audit/consents/{}/dossier", text(&consent["id"])))
            .expect_problem(403, "forbidden");
        clinic.nurse().get(&format!("{}/document", path(&consent))).expect(200);
        clinic.advance_minutes(3);
        let before = clinic.now().to_string();
        clinic.advance_minutes(5);
        clinic.prescriber().post(&format!("{}/withdraw", path(&consent)), &json!({"words": "stop"})).expect(200);
        clinic.auditor().post("/api/v1/audit/checkpoints", &json!({})).expect(200);

        let case = a_case_about(clinic, &chair.patient);
        let auditor = clinic.auditor().with("x-audit-case", &case);
        let whole = dossier(&auditor, &consent, "");
        let bytes = STANDARD.decode(text(&whole["document"]["bytes_base64"])).unwrap();
        assert_eq!(Sha256::of(&bytes).to_string(), text(&whole["document"]["sha256"]));
        assert_eq!(whole["document"]["intact"], true);
        assert_eq!(Sha256::of(text(&whole["form"]["text"]).as_bytes()).to_string(), text(&whole["form"]["sha256"]));
        let mut roles: Vec<&str> =
            whole["signatures"].as_array().unwrap().iter().map(|one| text(&one["role"])).collect();
        roles.sort_unstable();
        assert_eq!(roles, ["patient", "prescriber", "witness"]);
        assert!(whole["signatures"].as_array().unwrap().iter().all(|one| one["bound"] == true));
        assert_eq!(whole["withdrawals"][0]["words"], "stop");

        // Every entry before the checkpoint is proved under its root, by the published rule and from the answer alone.
        let (size, root) = (whole["checkpoint"]["size"].as_u64().unwrap(), hash(&whole["checkpoint"]["root_sha256"]));
        let history = whole["history"].as_array().unwrap();
        let actions: Vec<&str> = history.iter().map(|entry| text(&entry["action"])).collect();
        for action in [
            "consent_template.published",
            "consent.drafted",
            "consent.signature_added",
            "consent.activated",
            "withdrawal.recorded",
        ] {
            assert!(actions.contains(&action), "{action} in {actions:?}");
        }
        for entry in history {
            let seq = entry["seq"].as_u64().unwrap();
            let leaf = chairside::domain::audit_entry::leaf_hash(text(&entry["body"]).as_bytes());
            let proof: Vec<Hash> = entry["proof_sha256"].as_array().unwrap().iter().map(hash).collect();
            assert!(proves_inclusion(leaf, seq - 1, size, &proof, &root), "entry {seq}");
            let mut other = leaf;
            other[0] ^= 1;
            assert!(!proves_inclusion(other, seq - 1, size, &proof, &root), "a proof that proves anything");
        }
        let session = &whole["sessions"][0];
        assert_eq!((&session["session_id"], &session["finding"]), (&json!(chair.session), &json!("in_force")));
        assert_eq!((&session["consent_id"], &session["reaffirmed_same_day"]), (&consent["id"], &json!(true)));
        let viewers: Vec<&str> =
            whole["viewed_by"].as_array().unwrap().iter().map(|one| text(&one["staff_id"])).collect();
        assert!(viewers.contains(&clinic.staff_id("nurse").to_string().as_str()), "{viewers:?}");
        assert!(whole["people"].as_array().unwrap().len() >= 3);

        // As it was known before the withdrawal, and before anybody had signed.
        let then = dossier(&clinic.prescriber(), &consent, &format!("as_known_at={before}"));
        assert_eq!(
            (&then["state"], &then["in_force"], &then["withdrawals"]),
            (&json!("active"), &json!(true), &json!([]))
        );
        assert_eq!(then["viewed_by"].as_array().unwrap().len(), 2, "who read it by then: once to bring it into force");
        let early =
            dossier(&clinic.prescriber(), &consent, "as_of=2020-01-01T00:00:00Z&as_known_at=2020-01-01T00:00:00Z");
        assert_eq!(
            (&early["state"], &early["signatures"], &early["sessions"]),
            (&json!("draft"), &json!([]), &json!([]))
        );
        assert_eq!(codes(&early["blocked_by"]), ["consent_unsigned"]);

        let again = dossier(&auditor, &consent, "");
        let readers =
            again["viewed_by"].as_array().unwrap().iter().filter(|one| one["action"] == "consent.dossier.read");
        assert_eq!(readers.count(), 3, "reading the dossier is reading the consent");
        clinic
            .next_door()
            .prescriber()
            .get(&format!("/api/v1/audit/consents/{}/dossier", text(&consent["id"])))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn the_report_has_every_start_of_a_period_with_the_consent_as_known_then_and_since() {
    on_both_databases(|clinic| {
        let from = clinic.now().plus_minutes(-60).to_string();
        let first = Chair::running(clinic);
        clinic.advance_minutes(2);
        let chairs = [first, Chair::running(clinic)];
        let to = clinic.now().plus_minutes(24 * 60).to_string();
        let report =
            |more: &str| clinic.auditor().get(&format!("/api/v1/audit/consent-report?from={from}&to={to}{more}"));
        let first = report("&limit=1").expect(200).body;
        let second = report(&format!("&limit=1&cursor={}", text(&first["next_cursor"]))).expect(200).body;
        assert_eq!(second["next_cursor"], Value::Null);
        let lines = [&first["items"][0], &second["items"][0]];
        for (line, chair) in lines.iter().zip(&chairs) {
            assert_eq!((&line["session_id"], &line["finding"]), (&json!(chair.session), &json!("in_force")));
            assert_eq!((&line["template"]["form_version"], &line["started_outside"]), (&json!(1), &Value::Null));
        }
        let table = report("&format=csv").expect(200);
        assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
        let table = String::from_utf8(table.bytes).unwrap();
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(table.contains(&chairs[1].session) && table.contains("\"in_force\""));

        // She had said it before the start; it is written down when the drug is long out of her.
        let consent = consent_of(&chairs[0]);
        let before = clinic.now().to_string();
        crate::consents::live::leave_after_stop(&chairs[0]);
        clinic.advance_minutes(26 * 60);
        let said = chairs[0].started_at.plus_minutes(-1).to_string();
        let late = json!({"scope": "series", "said_at": said});
        clinic.nurse().post(&format!("{}/withdraw", path(&consent)), &late).expect(200);
        let since = report("").expect(200).body;
        let line = &since["items"][0];
        assert_eq!(line["finding"], "lost_since");
        assert_eq!(
            (&line["as_known_then"]["in_force"], &line["as_known_since"]["in_force"]),
            (&json!(true), &json!(false))
        );
        let reasons = codes(&line["as_known_since"]["blocked_by"]);
        assert!(!reasons.is_empty(), "{line}");
        let then = report(&format!("&as_known_at={before}")).expect(200).body;
        assert_eq!(then["items"][0]["finding"], "in_force", "what the screen said then");
        let asked = format!("/api/v1/consents/check?patient_id={}&session_id={}", chairs[0].patient, chairs[0].session);
        let check = clinic.nurse().get(&asked).expect(200).body;
        assert_eq!((&check["in_force"], &check["session_id"]), (&json!(false), &json!(chairs[0].session)));
        let other = format!("/api/v1/consents/check?patient_id={}&session_id={}", chairs[0].patient, chairs[1].session);
        clinic.nurse().get(&other).expect_problem(409, "patient_mismatch");

        for bad in [format!("from={to}&to={from}"), format!("from={from}&to=2036-01-01T00:00:00Z"), String::new()] {
            clinic
                .auditor()
                .get(&format!("/api/v1/audit/consent-report?{bad}"))
                .expect_problem(400, "malformed_request");
        }
        let no_time = clinic.auditor().get(&format!("/api/v1/audit/consent-report?from=x&to={to}"));
        no_time.expect_problem(422, "validation_failed").expect_field("/from", "format");
        clinic
            .nurse()
            .get(&format!("/api/v1/audit/consent-report?from={from}&to={to}"))
            .expect_problem(403, "forbidden");
        let next_door = clinic.next_door().auditor().get(&format!("/api/v1/audit/consent-report?from={from}&to={to}"));
        assert_eq!(next_door.expect(200).body["items"], json!([]));
    });
}
