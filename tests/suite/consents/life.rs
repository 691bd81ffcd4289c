//! In force or not: what the check answers, and what ends a consent.

use super::*;
use crate::support::on_both_databases;

#[test]
fn the_check_names_every_reason_and_answers_for_the_past_as_it_was_known() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_missing"]);
        let consent = in_force(clinic, &patient, &form);
        let query = format!("patient_id={patient}&route=nebulized&dose_mg_per_kg=1.5&indication=F32.A");
        let asked =
            clinic.prescriber().get(&format!("/api/v1/consents/check?{query}&at=2027-06-01T00:00:00Z")).expect(200);
        let expected = ["consent_expired", "consent_route", "consent_dose_ceiling", "consent_indication"];
        assert_eq!(codes(&asked.body["blocked_by"]), expected);

        // Said at 10:30, entered at 11:00 local time.
        clinic.advance_minutes(60);
        let said = json!({"scope": "series", "said_at": "2026-03-02T15:30:00Z", "words": "no more of this"});
        let withdrawn = clinic.nurse().post(&format!("{}/withdraw", path(&consent)), &said).expect(200).body;
        assert_eq!(
            (&withdrawn["consent"]["state"], &withdrawn["withdrawal"]["scope"]),
            (&json!("withdrawn"), &json!("series"))
        );
        for (at, known, in_force) in
            [("15:29:59.999", "16:00:00", true), ("15:30:00", "16:00:00", false), ("15:45:00", "15:59:59", true)]
        {
            let answer = check(clinic, &patient, &format!("&at=2026-03-02T{at}Z&as_known_at=2026-03-02T{known}Z"));
            assert_eq!(answer["in_force"], in_force, "{at} as known at {known}: {answer}");
        }
        let bare = format!("/api/v1/consents/check?patient_id={patient}");
        let whatever = clinic.nurse().get(&bare).expect(200).body;
        assert_eq!(codes(&whatever["blocked_by"]), ["consent_withdrawn"], "what is not asked is not looked at");
        clinic.nurse().get(&format!("{bare}&route=iv&dose_mg_per_kg=1&x=1")).expect_problem(400, "malformed_request");
        for dose in ["a", "20.001", "-1"] {
            let query = format!("patient_id={patient}&route=iv&dose_mg_per_kg={dose}");
            let answer = clinic.nurse().get(&format!("/api/v1/consents/check?{query}"));
            let errors = &answer.expect_problem(422, "validation_failed").body["errors"];
            assert_eq!(errors[0]["pointer"], "/dose_mg_per_kg", "{dose}: {errors}");
        }
        let bad = format!("/api/v1/consents/check?patient_id={patient}&route=iv&dose_mg_per_kg=1&indication=headache");
        clinic.nurse().get(&bad).expect_problem(422, "validation_failed").expect_field("/indication", "icd10");
    });
}

#[test]
fn a_withdrawal_needs_no_body_and_said_twice_changes_nothing() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = in_force(clinic, &patient, &form);
        let to = format!("{}/withdraw", path(&consent));
        clinic.front_desk().post(&to, &json!({})).expect_problem(403, "forbidden");
        let first = clinic.nurse().with("idempotency-key", "").send("POST", &to, None).expect(200).body;
        assert_eq!(
            (&first["consent"]["state"], &first["withdrawal"]["said_by"]),
            (&json!("withdrawn"), &json!("patient"))
        );
        assert_eq!(first["stopped_session"], Value::Null);
        let again = clinic.prescriber().post(&to, &json!({"scope": "series"})).expect(200).body;
        assert_eq!((&again["withdrawal"], &again["consent"]["version"]), (&Value::Null, &first["consent"]["version"]));
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_withdrawn"]);
        let said = clinic.trail().iter().filter(|entry| entry.starts_with("withdrawal.recorded")).count();
        assert_eq!(said, 1);
    });
}

#[test]
fn a_report_by_telephone_blocks_every_start_until_the_patient_has_answered() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = in_force(clinic, &patient, &form);
        let some_session = format!("&session_id={}", text(&consent["id"]));
        let to = format!("/api/v1/patients/{patient}/withdrawal-reports");
        clinic
            .front_desk()
            .post(&to, &json!({"text": ""}))
            .expect_problem(422, "validation_failed")
            .expect_field("/text", "required");
        for (outcome, in_force_after) in [("continues", true), ("withdraws", false)] {
            let report = clinic.front_desk().post(&to, &json!({"text": "called: wants no more"})).expect(201);
            let blocked = check(clinic, &patient, &some_session);
            assert_eq!(codes(&blocked["blocked_by"]), ["withdrawal_unanswered"]);
            let href = text(&blocked["blocked_by"][0]["fix"]["href"]).to_owned();
            assert_eq!(href, format!("/api/v1/withdrawal-reports/{}/resolve", report.id()));
            let answer = json!({"outcome": outcome, "statement": "asked this morning"});
            clinic.front_desk().post(&href, &answer).expect_problem(403, "forbidden");
            clinic.nurse().post(&href, &answer).expect(200);
            clinic.nurse().post(&href, &answer).expect_problem(409, "already_done");
            assert_eq!(check(clinic, &patient, &some_session)["in_force"], in_force_after, "{outcome}");
        }
        assert_eq!(clinic.nurse().get(&path(&consent)).expect(200).body["state"], "withdrawn");
        let listed = clinic.front_desk().get(&to).expect(200).body;
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_consent_that_runs_out_is_on_the_list_before_and_expired_after_without_anybody_writing_it() {
    on_both_databases(|clinic| {
        let mut body = form_body();
        body["validity_days"] = json!(20);
        let form = published_form(clinic, &body);
        let patient = a_patient(clinic);
        let consent = in_force(clinic, &patient, &form);
        let soon = |days: u16| {
            clinic.front_desk().get(&format!("/api/v1/consents/expiring?within_days={days}")).expect(200).body
        };
        assert_eq!(soon(10)["items"], json!([]));
        assert_eq!(soon(30)["items"][0]["id"], consent["id"]);
        clinic.front_desk().get("/api/v1/consents/expiring?within_days=0").expect_problem(400, "malformed_request");
        clinic.advance_minutes(22 * 24 * 60);
        assert_eq!(clinic.nurse().get(&path(&consent)).expect(200).body["state"], "expired");
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_expired"]);
    });
}

#[test]
fn a_form_with_changed_risks_ends_the_consents_on_older_ones() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        in_force(clinic, &patient, &form);
        published_form(clinic, &form_body());
        assert_eq!(check(clinic, &patient, "")["in_force"], true);
        let mut changed = form_body();
        changed["renews"] = json!(true);
        let newest = published_form(clinic, &changed);
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_form_outdated"]);
        in_force(clinic, &patient, &newest);
        assert_eq!(check(clinic, &patient, "")["in_force"], true);
    });
}
