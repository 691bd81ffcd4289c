//! A patient in a chair with the drug running, brought there by nothing but requests.

use crate::protocols::{protocol, published};
use crate::support::{Actor, Answer, Clinic};
use chairside::domain::consent::{Clause, default_form};
use chairside::domain::time::Timestamp;
use serde_json::{Value, json};

/// One visit: 75 kg, 1 mg/mL, started at 60 mL/h for at most 75 mg, titrated by 5 mL/h each 10 min up to 75 mL/h.
pub struct Chair<'c> {
    pub clinic: &'c Clinic,
    pub patient: String,
    pub session: String,
    pub started_at: Timestamp,
}

impl<'c> Chair<'c> {
    /// Drug runs since this instant.
    pub fn running(clinic: &'c Clinic) -> Self {
        let chair = Self::prepared(clinic);
        let token = chair.nurse().reauth("session.start", &chair.session);
        let body = json!({
            "patient_id": chair.patient, "expected_infusion_version": 0, "signing_token": token,
            "pump": {"rate_ml_per_h": "60", "concentration_mg_per_ml": "1", "vtbi_ml": "100"},
        });
        chair.nurse().post(&chair.path("start"), &body).expect(200);
        Self { started_at: clinic.clock.now(), ..chair }
    }

    /// Everything is ready; no drug has run.
    pub fn prepared(clinic: &'c Clinic) -> Self {
        let patient = register(clinic);
        consent(clinic, &patient);
        let plan = plan(clinic, &patient);
        let session = book(clinic, &patient, &plan);
        let chair = Self { clinic, patient, session, started_at: clinic.clock.now() };
        chair.check_in();
        chair.precheck();
        chair.release();
        chair.prepare();
        chair
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

    fn check_in(&self) {
        let escort = json!({"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103"});
        self.clinic.front_desk().put(&self.path("escort"), &escort).expect(200);
        let body = json!({"patient_id": self.patient, "identifiers_confirmed": true});
        let version = self.read().version();
        self.clinic.front_desk().if_match(version).post(&self.path("check-in"), &body).expect(200);
    }

    fn precheck(&self) {
        self.observe(124, 78);
        let no = [
            "pregnancy",
            "new_heart_brain_eye_event",
            "new_symptoms",
            "new_medicines",
            "adverse_event_since_last",
            "alcohol_or_drugs_24h",
            "suicidal_thoughts",
        ];
        let mut answers: Vec<Value> = no.iter().map(|question| json!({"question": question, "answer": "no"})).collect();
        answers.push(json!({"question": "has_capacity", "answer": "yes"}));
        let now = self.clinic.clock.now();
        let body = json!({
            "patient_id": self.patient, "answers": answers, "clear_fluids_at": now.plus_minutes(-180).to_string(),
            "food_at": now.plus_minutes(-600).to_string(), "weight_kg": "75", "weight_source": "measured",
            "height_cm": "170", "consent_reaffirmed_at": now.to_string(), "kit_ok": true,
            "iv_site": "left forearm, 22 G", "sign": true,
        });
        self.nurse().put(&self.path("precheck"), &body).expect(200);
    }

    fn release(&self) {
        let token = self.prescriber().reauth("order.sign", &self.session);
        let body = json!({
            "patient_id": self.patient, "dose_mg_per_kg": "0.8", "weight_basis": "actual", "weight_kg": "75",
            "duration_min": 60, "max_total_mg": "75", "concentration_mg_per_ml": "1", "initial_rate_ml_per_h": "60",
            "titration": {"step_ml_per_h": "5", "min_gap_min": 10, "ceiling_ml_per_h": "75"}, "signing_token": token,
        });
        self.prescriber().post(&self.path("release"), &body).expect(200);
    }

    fn prepare(&self) {
        let token = self.nurse().cosignature("second_nurse", "visit.prepare", &self.session);
        let body = json!({
            "patient_id": self.patient, "kind": "bag", "product": "Ketamine 50 mg/mL", "lot": "L1", "expires_on": "2027-01-31",
            "vial_concentration_mg_per_ml": "50", "drawn_ml": "2", "drawn_mg": "100", "diluent": "NaCl 0.9 %",
            "actual_final_volume_ml": "100", "concentration_mg_per_ml": "1", "cosignature": token,
        });
        self.nurse().post(&self.path("preparation"), &body).expect(201);
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

fn register(clinic: &Clinic) -> String {
    let body = json!({
        "family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "sex": "female", "phone": "+1 555 0101",
        "address": {"line1": "1 Main St", "city": "Albany", "postal_code": "12207", "country": "US"},
        "emergency_contact": {"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103"},
    });
    let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    made.body["patient"]["id"].as_str().unwrap().to_owned()
}

/// A consent in force to both routes, up to 1 mg/kg.
fn consent(clinic: &Clinic, patient: &str) {
    let scope = json!({"routes": ["iv", "nebulized"], "max_dose_mg_per_kg": "1", "indications": ["G43"]});
    let body = json!({"template_id": form(clinic), "scope": scope, "spoken_language": "en"});
    let shown = clinic.nurse().post(&format!("/api/v1/patients/{patient}/consents"), &body).expect(201);
    let (id, sha256) = (shown.id(), shown.body["document_sha256"].as_str().unwrap().to_owned());
    let path = format!("/api/v1/consents/{id}/signatures");
    let typed = json!({"role": "patient", "method": "typed", "name": "Ana Rivera", "document_sha256": sha256});
    clinic.nurse().post(&path, &typed).expect(201);
    for (who, role) in [(clinic.prescriber(), "prescriber"), (clinic.nurse(), "witness")] {
        let token = who.reauth_for("consent.signature.add", &id, &sha256);
        let mut body = json!({"role": role, "method": "reauth", "document_sha256": sha256, "signing_token": token});
        if role == "prescriber" {
            body["capacity"] = json!("confirmed");
        }
        who.post(&path, &body).expect(201);
    }
    clinic.prescriber().if_match(1).post(&format!("/api/v1/consents/{id}/sign"), &json!({})).expect(200);
}

/// The clinic's consent form, published when it is first needed.
fn form(clinic: &Clinic) -> String {
    let known = clinic.nurse().get("/api/v1/consent-templates").expect(200).body;
    let published = known["items"].as_array().unwrap().iter().find(|form| form["state"] == "published");
    if let Some(form) = published {
        return form["id"].as_str().unwrap().to_owned();
    }
    let form = default_form();
    let clause = |clause: &Clause| json!({"id": clause.id.as_str(), "heading": clause.heading});
    let body = json!({
        "consent_type": "ketamine_off_label", "code": form.code, "title": form.title, "language": form.language,
        "text": form.text, "clauses": form.clauses.iter().map(clause).collect::<Vec<_>>(),
        "validity_days": form.validity_days,
    });
    let draft = clinic.admin().post("/api/v1/consent-templates", &body).expect(201).id();
    clinic.prescriber().post(&format!("/api/v1/consent-templates/{draft}/publish"), &json!({})).expect(200);
    draft
}

fn plan(clinic: &Clinic, patient: &str) -> String {
    let known = protocol(clinic, "migraine-iv");
    let protocol = match known["state"].as_str() {
        Some("published") => known["id"].as_str().unwrap().to_owned(),
        _ => published(clinic, "migraine-iv"),
    };
    let body = json!({
        "indication": "G43.719", "protocol_id": protocol, "weight_basis": "actual", "sessions": 6,
        "stop_rules": ["no fall of two points after three sessions"], "review_on": "2026-06-01",
    });
    let plan = clinic.prescriber().post(&format!("/api/v1/patients/{patient}/treatment-plans"), &body).expect(201);
    let token = clinic.prescriber().reauth("plan.activate", &plan.id());
    let path = format!("/api/v1/treatment-plans/{}/activate", plan.id());
    let body = json!({"signing_token": token});
    clinic.prescriber().if_match(plan.version()).post(&path, &body).expect(200);
    plan.id()
}

fn book(clinic: &Clinic, patient: &str, plan: &str) -> String {
    let name = format!("Chair {}", &patient[28..]);
    let room = clinic.admin().post("/api/v1/rooms", &json!({"name": name})).expect(201).id();
    let body = json!({
        "patient_id": patient, "treatment_plan_id": plan, "room_id": room, "local_start": "2026-03-02T10:30",
        "nurse_id": clinic.staff_id("nurse").to_string(), "prescriber_id": clinic.staff_id("prescriber").to_string(),
    });
    clinic.front_desk().post("/api/v1/sessions", &body).expect(201).id()
}
