//! Proofs of presence of somebody with a second factor: a code once in twelve hours on a device.

use super::{OPEN, REQUIRED, bearer, enrol, sign_in};
use crate::support::{Actor, Answer, Clinic, PASSWORD, both_databases_with};
use serde_json::json;

const SUBJECT: &str = "0190a5c0-0000-7000-8000-000000000010";

fn cosign(clinic: &Clinic, at: &Actor<'_>, who: &str, code: Option<&str>) -> Answer {
    let mut body =
        json!({"login": clinic.login(who), "password": PASSWORD, "act": "visit.prepare", "subject_id": SUBJECT});
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    at.post("/api/v1/cosignatures", &body)
}

#[test]
fn a_second_person_gives_the_code_once_on_each_colleagues_device() {
    both_databases_with(&OPEN, |clinic| {
        let second = enrol(clinic, "second_nurse");
        clinic.clock.advance_millis(30_000);
        let (here, there) = (clinic.nurse(), bearer(clinic, &clinic.token("nurse").into()));
        cosign(clinic, &here, "second_nurse", None).expect_problem(403, "factor_code_required");
        let wrong = second.phone.code_of(7);
        cosign(clinic, &here, "second_nurse", Some(&wrong)).expect_problem(403, "reauth_required");
        let code = second.phone.code(clinic.now());
        cosign(clinic, &here, "second_nurse", Some(&code)).expect(200);
        cosign(clinic, &here, "second_nurse", None).expect(200);
        cosign(clinic, &there, "second_nurse", None).expect_problem(403, "factor_code_required");
        cosign(clinic, &there, "second_nurse", Some(&code)).expect_problem(403, "reauth_required");
        here.get("/api/v1/me").expect(200);
        clinic.clock.advance_millis(30_000);
        let code = second.phone.code(clinic.now());
        cosign(clinic, &there, "second_nurse", Some(&code)).expect(200);
    });
}

#[test]
fn whoever_signed_in_with_the_factor_proves_presence_with_the_password() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        nurse.here.reauth("visit.prepare", SUBJECT);
        clinic.advance_minutes(9);
        let pair = sign_in(clinic, "nurse", &nurse.phone).expect(200).body;
        bearer(clinic, &pair["access_token"]).reauth("visit.prepare", SUBJECT);
    });
}

#[test]
fn who_must_have_a_factor_and_has_none_signs_nothing_at_a_colleagues_device() {
    both_databases_with(&REQUIRED, |clinic| {
        let nurse = clinic.nurse();
        cosign(clinic, &nurse, "second_prescriber", None).expect_problem(403, "factor_required");
        cosign(clinic, &nurse, "second_nurse", None).expect(200);
        let second = enrol(clinic, "second_prescriber");
        clinic.clock.advance_millis(30_000);
        let code = second.phone.code(clinic.now());
        cosign(clinic, &nurse, "second_prescriber", Some(&code)).expect(200);
    });
}
