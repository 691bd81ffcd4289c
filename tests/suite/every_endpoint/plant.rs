//! A record of every kind that has a route of its own, made the way staff make it: by playing a visit.

use serde_json::json;

use crate::support::Clinic;

/// Plants them all.
pub fn everything(clinic: &Clinic) {
    let visit = clinic.a_running_session();
    let patient = format!("/api/v1/patients/{}", visit.patient);
    // A frightening reading raises an alert, and its confirmation in five minutes a page.
    visit.observe(&json!({"systolic_mmhg": 200, "diastolic_mmhg": 122}));
    let score = json!({"scale": "phq9", "timepoint": "baseline", "items": [0, 0, 0, 0, 0, 0, 0, 0, 1]});
    clinic.nurse().post(&format!("{patient}/outcome-scores"), &score).expect(201);
    let report = json!({"text": "said on the telephone that she is not sure"});
    clinic.front_desk().post(&format!("{patient}/withdrawal-reports"), &report).expect(201);
    let lower = json!({"patient_id": visit.patient, "kind": "rate_change", "rate_ml_per_h": "40",
        "expected_infusion_version": visit.read()["infusion_version"]});
    clinic.nurse().post(&visit.path("/dosing-events"), &lower).expect(201);
}
