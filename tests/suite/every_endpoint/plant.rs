//! A record of every kind that has a route of its own, made the way staff make it: by playing a visit.

use serde_json::json;

use crate::support::Clinic;

/// Plants them all. Gives back the patient, an open audit case about that patient, and one about somebody else.
pub fn everything(clinic: &Clinic) -> [String; 3] {
    let visit = clinic.a_running_session();
    let patient = format!("/api/v1/patients/{}", visit.patient);
    // A frightening reading raises an alert, and its confirmation in five minutes a page.
    visit.observe(&json!({"systolic_mmhg": 200, "diastolic_mmhg": 122}));
    let score = json!({"scale": "phq9", "timepoint": "baseline", "items": [0, 0, 0, 0, 0, 0, 0, 0, 1]});
    clinic.nurse().post(&format!("{patient}/outcome-scores"), &score).expect(201);
    let report = json!({"text": "said on the telephone that she is not sure"});
    clinic.front_desk().post(&format!("{patient}/withdrawal-reports"), &report).expect(201);
    let talk = json!({"patient_id": visit.patient, "kind": "follow_up_call", "mode": "phone",
        "staff_id": clinic.staff_id("nurse").to_string(), "local_start": "2026-03-03T09:00"});
    clinic.front_desk().post("/api/v1/appointments", &talk).expect(201);
    let away = json!({"from": "2026-03-09T12:00:00.000Z", "to": "2026-03-10T12:00:00.000Z", "reason": "influenza"});
    clinic.admin().post(&format!("/api/v1/staff/{}/absences", clinic.staff_id("nurse")), &away).expect(201);
    let lower = json!({"patient_id": visit.patient, "kind": "rate_change", "rate_ml_per_h": "40",
        "expected_infusion_version": visit.read()["infusion_version"]});
    clinic.nurse().post(&visit.path("/dosing-events"), &lower).expect(201);
    clinic.auditor().post("/api/v1/audit/checkpoints", &json!({})).expect(200);
    let body = json!({"family_name": "Okafor", "birth_date": "1990-02-11", "phone": "+1 555 0177"});
    let other = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    let other = other.body["patient"]["id"].as_str().expect("an id");
    let [case, other_case] = [visit.patient.as_str(), other].map(|patient| a_case_about(clinic, patient));
    a_broken_glass_about(clinic, other);
    [visit.patient.clone(), case, other_case]
}

/// A nurse opens a restricted chart in an emergency; the restriction is lifted since.
fn a_broken_glass_about(clinic: &Clinic, patient: &str) {
    let restriction = format!("/api/v1/patients/{patient}/restriction");
    let body = json!({"reason": "works at this clinic", "staff_ids": []});
    clinic.prescriber().post(&restriction, &body).expect(201);
    let body = json!({"patient_id": patient, "reason_code": "emergency_care", "reason": "found unconscious in the hall",
        "signing_token": clinic.nurse().reauth("breakglass.activate", patient)});
    clinic.nurse().post("/api/v1/break-glass", &body).expect(201);
    clinic.prescriber().post(&format!("{restriction}/lift"), &json!({})).expect(200);
}

/// An auditor opens a case about one patient.
pub fn a_case_about(clinic: &Clinic, patient: &str) -> String {
    let body = json!({"number": "2026-014", "reason": "complaint of the family", "patient_ids": [patient],
        "until": clinic.now().plus_minutes(60 * 24).to_string()});
    let opened = clinic.auditor().post("/api/v1/audit-cases", &body).expect(201);
    opened.body["id"].as_str().expect("an id").to_owned()
}
