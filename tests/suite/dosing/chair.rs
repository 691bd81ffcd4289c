//! A patient in a chair with the drug running, and what a nurse does there.

use crate::support::visit::Visit;
use crate::support::{Actor, Answer, Clinic};
use chairside::domain::time::Timestamp;
use serde_json::{Value, json};

/// One visit: 75 kg, 1 mg/mL, started at 60 mL/h for at most 75 mg in 60 min, titrated by 5 mL/h each 10 min up to
/// 75 mL/h.
pub struct Chair<'c> {
    pub clinic: &'c Clinic,
    pub patient: String,
    pub session: String,
    pub started_at: Timestamp,
}

impl<'c> Chair<'c> {
    /// Drug runs since this instant.
    pub fn running(clinic: &'c Clinic) -> Self {
        let visit = ready(clinic);
        let pump = json!({"rate_ml_per_h": "60", "concentration_mg_per_ml": "1", "vtbi_ml": "100"});
        visit.start(&json!({"pump": pump})).expect(200);
        Self::of(visit)
    }

    /// Everything is ready; no drug has run.
    pub fn prepared(clinic: &'c Clinic) -> Self {
        Self::of(ready(clinic))
    }

    fn of(visit: Visit<'c>) -> Self {
        let Visit { clinic, patient, session, .. } = visit;
        Self { clinic, patient, session, started_at: clinic.clock.now() }
    }

    pub fn nurse(&self) -> Actor<'c> {
        self.clinic.nurse()
    }

    pub fn prescriber(&self) -> Actor<'c> {
        self.clinic.prescriber()
    }

    pub fn path(&self, act: &str) -> String {
        format!("/api/v1/sessions/{}/{act}", self.session)
    }

    /// Charts a row: pressures, and the rest as it should be.
    pub fn observe(&self, systolic: i64, diastolic: i64) -> Answer {
        let body = json!({
            "patient_id": self.patient, "systolic_mmhg": systolic, "diastolic_mmhg": diastolic,
            "heart_rate_per_min": 72, "resp_rate_per_min": 14, "spo2_percent": 98, "orientation_score": 4,
            "sedation": {"scale": "moaas", "score": 5}, "red_flags": [],
        });
        self.nurse().post(&self.path("observations"), &body).expect(201)
    }

    /// The session as the nurse reads it.
    pub fn read(&self) -> Answer {
        self.nurse().get(&format!("/api/v1/sessions/{}", self.session)).expect(200)
    }

    /// The version of the infusion on the nurse's screen.
    pub fn infusion_version(&self) -> i64 {
        self.nurse().get(&self.path("dosing-events")).expect(200).body["infusion_version"].as_i64().unwrap()
    }

    pub fn rate(&self, ml_per_h: &str) -> Value {
        json!({"patient_id": self.patient, "kind": "rate_change", "rate_ml_per_h": ml_per_h,
            "expected_infusion_version": self.infusion_version()})
    }

    pub fn dose(&self, body: &Value) -> Answer {
        self.nurse().post(&self.path("dosing-events"), body)
    }

    /// Lets time pass in steps that a nurse charts, so that no check is overdue.
    pub fn watch(&self, minutes: i64) {
        for _ in 0..minutes / 5 {
            self.clinic.advance_minutes(5);
            self.observe(126, 80);
        }
        self.clinic.advance_minutes(minutes % 5);
    }

    pub fn summary(&self) -> Value {
        self.nurse().get(&self.path("dose-summary")).expect(200).body
    }

    pub fn now(&self) -> String {
        self.clinic.clock.now().to_string()
    }

    /// What the drug record says, oldest first: `kind status`.
    pub fn record(&self) -> Vec<String> {
        let list = self.nurse().get(&self.path("dosing-events")).expect(200).body;
        let word = |item: &Value, member: &str| item[member].as_str().unwrap().to_owned();
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| format!("{} {}", word(item, "kind"), word(item, "status"))).collect()
    }
}

/// Everything a start asks for, for 75 kg.
fn ready(clinic: &Clinic) -> Visit<'_> {
    let visit = clinic.a_received_visit();
    visit.complete_record();
    visit.clear_screening();
    visit.consent("1");
    visit.name_escort("expected");
    visit.observe(&json!({}));
    visit.precheck(&json!({"weight_kg": "75"}));
    visit.release(&json!({
        "dose_mg_per_kg": "0.8", "weight_kg": "75", "duration_min": 60, "max_total_mg": "75",
        "initial_rate_ml_per_h": "60", "titration": {"step_ml_per_h": "5", "min_gap_min": 10, "ceiling_ml_per_h": "75"},
    }));
    visit.prepare(&json!({}));
    visit
}
