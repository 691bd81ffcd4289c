//! One patient's visit, driven over HTTP from registration to any state.
//!
//! `clinic.a_running_session()` and its like do everything a real clinic does, in the order it does it, and leave the
//! clock where the last step put it. Each step can also be taken alone, so that a test can leave one out.

use super::{Actor, Answer, Clinic};
use serde_json::{Value, json};

/// A patient, a booking, and everything around them.
pub struct Visit<'c> {
    pub clinic: &'c Clinic,
    pub patient: String,
    pub session: String,
}

impl Clinic {
    /// The administrator lets one person do alone what asks for two, for a month.
    pub fn waive(&self, permission: &str) -> Answer {
        let (admin, clinic) = (self.admin(), self.id.to_string());
        let body = json!({"clinic_id": clinic, "permission": permission, "reason": "there is nobody else",
            "ends_at": self.now().plus_minutes(30 * 24 * 60).to_string(),
            "signing_token": admin.reauth("two_person_waiver.set", &clinic)});
        admin.post("/api/v1/two-person-waivers", &body)
    }

    /// Booked under a plan in force and received, and nothing else: everything a start asks for is still open.
    pub fn a_received_visit(&self) -> Visit<'_> {
        let visit = Visit::booked(self);
        visit.check_in();
        visit
    }

    /// Everything a start asks for is there; the clock may not move on by more than a quarter of an hour.
    pub fn a_ready_visit(&self) -> Visit<'_> {
        let visit = self.a_received_visit();
        visit.complete_record();
        visit.clear_screening();
        visit.consent("1");
        visit.name_escort("expected");
        visit.observe(&json!({}));
        visit.precheck(&json!({}));
        visit.release(&json!({}));
        visit.prepare(&json!({}));
        visit
    }

    /// Drug runs.
    pub fn a_running_session(&self) -> Visit<'_> {
        let visit = self.a_ready_visit();
        visit.start(&json!({})).expect(200);
        visit
    }

    /// Drug ran for 45 minutes and was stopped at the pump.
    pub fn a_recovering_session(&self) -> Visit<'_> {
        let visit = self.a_running_session();
        self.advance_minutes(45);
        visit.stop();
        visit
    }

    /// Fit to go home, everything seen, nothing signed yet.
    pub fn a_fit_session(&self) -> Visit<'_> {
        let visit = self.a_recovering_session();
        self.advance_minutes(50);
        visit.observe(&Visit::recovered());
        self.advance_minutes(15);
        visit.observe(&Visit::recovered());
        visit.name_escort("seen");
        visit
    }

    /// The patient has left; the books are open.
    pub fn a_completed_session(&self) -> Visit<'_> {
        let visit = self.a_fit_session();
        visit.complete(&json!({})).expect(200);
        visit
    }
}

impl<'c> Visit<'c> {
    /// A new patient with a plan for an infusion in force and a booking for today.
    pub fn booked(clinic: &'c Clinic) -> Self {
        Self::booked_under(clinic, "migraine-iv")
    }

    /// The same under the seeded protocol of this code.
    pub fn booked_under(clinic: &'c Clinic, protocol: &str) -> Self {
        let born = json!({"family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "sex": "female",
            "phone": "+1 555 0101"});
        let made = clinic.front_desk().post("/api/v1/patients", &born).expect(201);
        let patient = made.body["patient"]["id"].as_str().unwrap().to_owned();
        let protocol = published(clinic, protocol);
        let plan = plan(clinic, &patient, &protocol);
        let session = book(clinic, &patient, &plan);
        Self { clinic, patient, session }
    }

    /// A path under this session.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/sessions/{}{rest}", self.session)
    }

    fn nurse(&self) -> Actor<'c> {
        self.clinic.nurse()
    }

    /// The session as a nurse reads it.
    pub fn read(&self) -> Value {
        self.nurse().get(&self.path("")).expect(200).body
    }

    /// The codes of everything in the way of the next step.
    pub fn blocked_by(&self) -> Vec<String> {
        codes(&self.nurse().get(&self.path("/readiness")).expect(200).body)
    }

    pub fn check_in(&self) -> Answer {
        let body = json!({"patient_id": self.patient, "identifiers_confirmed": true});
        let version = self.read()["version"].as_i64().unwrap();
        self.clinic.front_desk().if_match(version).post(&self.path("/check-in"), &body).expect(200)
    }

    /// Address and emergency contact.
    pub fn complete_record(&self) {
        let path = format!("/api/v1/patients/{}", self.patient);
        let version = self.nurse().get(&path).expect(200).version();
        let body = json!({
            "address": {"line1": "1 Elm St", "city": "Troy", "country": "US"},
            "emergency_contact": {"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103"},
        });
        self.clinic.front_desk().if_match(version).patch(&path, &body).expect(200);
    }

    /// All screening questions answered no, and cleared by the prescriber.
    pub fn clear_screening(&self) {
        let questions = self.nurse().get("/api/v1/screenings/questions").expect(200).body;
        let answer = |question: &Value| json!({"question": question["code"], "answer": "no", "source": "patient"});
        let answers: Vec<Value> = questions["items"].as_array().unwrap().iter().map(answer).collect();
        let body = json!({"questions_version": questions["questions_version"], "answers": answers});
        let made = self.nurse().post(&format!("/api/v1/patients/{}/screenings", self.patient), &body).expect(201);
        let decision = format!("/api/v1/screenings/{}/decision", made.id());
        self.clinic.prescriber().post(&decision, &json!({"decision": "cleared"})).expect(201);
    }

    /// A consent in force up to this dose for half a year; gives back its id.
    pub fn consent(&self, max_dose_mg_per_kg: &str) -> String {
        self.consent_for_days(max_dose_mg_per_kg, 180)
    }

    /// The same on a form whose consents are valid for so many days.
    pub fn consent_for_days(&self, max_dose_mg_per_kg: &str, days: i64) -> String {
        let (prescriber, template) = (self.clinic.prescriber(), consent_form(self.clinic, days));
        let body = json!({"template_id": template, "scope": {"routes": ["iv", "nebulized"],
            "max_dose_mg_per_kg": max_dose_mg_per_kg, "indications": ["G43"]}, "spoken_language": "en"});
        let drafted = prescriber.post(&format!("/api/v1/patients/{}/consents", self.patient), &body).expect(201);
        let (id, shown) = (drafted.id(), drafted.body["document_sha256"].as_str().unwrap().to_owned());
        let sign = |who: &Actor<'_>, role: &str, mut body: Value| {
            body["role"] = json!(role);
            body["document_sha256"] = json!(shown);
            who.post(&format!("/api/v1/consents/{id}/signatures"), &body).expect(201);
        };
        sign(&prescriber, "patient", json!({"method": "typed", "name": "Ana Rivera"}));
        let act = "consent.signature.add";
        let token = prescriber.reauth_for(act, &id, &shown);
        sign(&prescriber, "prescriber", json!({"method": "reauth", "signing_token": token, "capacity": "confirmed"}));
        let token = self.clinic.front_desk().reauth_for(act, &id, &shown);
        sign(&self.clinic.front_desk(), "witness", json!({"method": "reauth", "signing_token": token}));
        let version = prescriber.get(&format!("/api/v1/consents/{id}")).expect(200).version();
        prescriber.if_match(version).post(&format!("/api/v1/consents/{id}/sign"), &json!({})).expect(200);
        id
    }

    /// `expected`, `seen` or `called_off`.
    pub fn name_escort(&self, status: &str) {
        let body = json!({"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103", "status": status});
        self.clinic.front_desk().put(&self.path("/escort"), &body).expect(200);
    }

    /// A whole row of normal values, with `changes` in their place.
    pub fn observe(&self, changes: &Value) -> Answer {
        let body = json!({"patient_id": self.patient, "systolic_mmhg": 128, "diastolic_mmhg": 78, "heart_rate_per_min": 72,
            "resp_rate_per_min": 14, "spo2_percent": 98, "orientation_score": 4, "pain_nrs_0_10": 6, "red_flags": [],
            "sedation": {"scale": "moaas", "score": 5}});
        self.nurse().post(&self.path("/observations"), &changed(body, changes)).expect(201)
    }

    /// What is seen of a patient who is fit to go home.
    pub fn recovered() -> Value {
        let items = json!({"vital_signs": 2, "gait": 2, "nausea": 2, "pain": 2, "iv_site": 2});
        json!({"gait": "steady", "scores": [{"scale": "padss", "version": 1, "items": items, "total": 10}]})
    }

    /// A signed pre-check with nothing in the way, with `changes` in its place.
    pub fn precheck(&self, changes: &Value) -> Answer {
        let body = self.precheck_body();
        self.nurse().put(&self.path("/precheck"), &changed(body, changes)).expect(200)
    }

    pub fn precheck_body(&self) -> Value {
        let now = self.clinic.clock.now();
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
        json!({"patient_id": self.patient, "answers": answers, "clear_fluids_at": now.plus_minutes(-180).to_string(),
            "food_at": now.plus_minutes(-600).to_string(), "weight_kg": "70.5", "weight_source": "measured",
            "height_cm": "165", "consent_reaffirmed_at": now.to_string(), "kit_ok": true, "iv_site": "left forearm, 22 G",
            "sign": true})
    }

    /// 0.5 mg/kg over 45 min at 1 mg/mL for 70.5 kg: 35.25 mg at 47 mL/h, up to 70 mg.
    pub fn order_body(&self) -> Value {
        json!({"patient_id": self.patient, "dose_mg_per_kg": "0.5", "weight_basis": "actual", "weight_kg": "70.5",
            "duration_min": 45, "max_total_mg": "70", "concentration_mg_per_ml": "1", "initial_rate_ml_per_h": "47",
            "titration": {"step_ml_per_h": "7", "min_gap_min": 10, "ceiling_ml_per_h": "70"},
            "rescue_orders": [{"drug": "labetalol", "dose": "5 mg iv", "when": "180/110 or more twice in 5 min"}]})
    }

    pub fn try_release(&self, changes: &Value) -> Answer {
        let prescriber = self.clinic.prescriber();
        let mut body = changed(self.order_body(), changes);
        body["signing_token"] = json!(prescriber.reauth("order.sign", &self.session));
        prescriber.post(&self.path("/release"), &body)
    }

    pub fn release(&self, changes: &Value) -> Answer {
        self.try_release(changes).expect(201)
    }

    /// 100 mg in 100 mL, drawn by the nurse and checked by the second nurse.
    pub fn preparation_body(&self) -> Value {
        json!({"patient_id": self.patient, "kind": "bag", "product": "Ketamine 50 mg/mL", "lot": "KX-881",
            "expires_on": "2027-01-31", "vial_concentration_mg_per_ml": "50", "drawn_ml": "2", "drawn_mg": "100",
            "diluent": "NaCl 0.9 %", "actual_final_volume_ml": "100", "concentration_mg_per_ml": "1"})
    }

    pub fn try_prepare(&self, changes: &Value, checker: Option<&str>) -> Answer {
        let nurse = self.nurse();
        let mut body = changed(self.preparation_body(), changes);
        if let Some(checker) = checker {
            body["cosignature"] = json!(nurse.cosignature(checker, "visit.prepare", &self.session));
        }
        nurse.post(&self.path("/preparation"), &body)
    }

    pub fn prepare(&self, changes: &Value) -> Answer {
        self.try_prepare(changes, Some("second_nurse")).expect(201)
    }

    /// Asks for the start with the pump set as ordered.
    pub fn start(&self, changes: &Value) -> Answer {
        self.start_by(&self.nurse(), changes)
    }

    pub fn start_by(&self, who: &Actor<'_>, changes: &Value) -> Answer {
        let body = json!({"patient_id": self.patient, "expected_infusion_version": self.read()["infusion_version"],
            "pump": {"rate_ml_per_h": "47", "concentration_mg_per_ml": "1", "vtbi_ml": "70"}});
        let mut body = changed(body, changes);
        body["signing_token"] = json!(who.reauth("session.start", &self.session));
        who.post(&self.path("/start"), &body)
    }

    /// Stopped at the pump, now.
    pub fn stop(&self) -> Answer {
        let body = json!({"end_reason": "completed", "pump_stopped_at": self.clinic.clock.now().to_string()});
        self.nurse().post(&self.path("/stop"), &body).expect(200)
    }

    pub fn complete(&self, changes: &Value) -> Answer {
        let body = json!({"patient_id": self.patient, "disposition": "home_with_escort"});
        self.nurse().post(&self.path("/complete"), &changed(body, changes))
    }

    /// Settles what the chart says was left, witnessed by the second nurse.
    pub fn settle(&self, changes: &Value) -> Answer {
        self.settle_with(changes, Some("second_nurse"))
    }

    pub fn settle_with(&self, changes: &Value, witness: Option<&str>) -> Answer {
        let (nurse, act) = (self.nurse(), "stock.waste");
        let mut body = changed(json!({"patient_id": self.patient, "waste_method": "denatured"}), changes);
        if let Some(witness) = witness {
            body["cosignature"] = json!(nurse.cosignature(witness, act, &self.session));
        }
        body["signing_token"] = json!(nurse.reauth(act, &self.session));
        nurse.post(&self.path("/settlement"), &body)
    }

    pub fn close(&self) -> Answer {
        let nurse = self.nurse();
        let token = nurse.reauth("session.close", &self.session);
        nurse.post(&self.path("/close"), &json!({"patient_id": self.patient, "signing_token": token}))
    }
}

/// The codes of `blocked_by`, in their order.
pub fn codes(body: &Value) -> Vec<String> {
    let blocked = body["blocked_by"].as_array().unwrap_or_else(|| panic!("no blocked_by in {body:#}"));
    blocked.iter().map(|unmet| unmet["code"].as_str().unwrap().to_owned()).collect()
}

/// `body` with the members of `changes` in their place; null takes a member away.
pub fn changed(mut body: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

/// The seeded protocol, approved by the prescriber unless it was before.
pub fn published(clinic: &Clinic, code: &str) -> String {
    let list = clinic.nurse().get("/api/v1/protocols").expect(200).body;
    let protocol = list["items"].as_array().unwrap().iter().find(|item| item["code"] == code).unwrap().clone();
    let id = protocol["id"].as_str().unwrap().to_owned();
    if protocol["state"] != "published" {
        let token = clinic.prescriber().reauth("protocol.approve", &id);
        clinic
            .prescriber()
            .post(&format!("/api/v1/protocols/{id}/publish"), &json!({"signing_token": token}))
            .expect(200);
    }
    id
}

pub fn plan(clinic: &Clinic, patient: &str, protocol: &str) -> String {
    let body = json!({"indication": "G43.719", "protocol_id": protocol, "weight_basis": "actual", "sessions": 6,
        "stop_rules": ["No fall of two points after three sessions"], "review_on": "2026-04-01"});
    let made = clinic.prescriber().post(&format!("/api/v1/patients/{patient}/treatment-plans"), &body).expect(201);
    let token = clinic.prescriber().reauth("plan.activate", &made.id());
    let path = format!("/api/v1/treatment-plans/{}/activate", made.id());
    clinic.prescriber().if_match(made.version()).post(&path, &json!({"signing_token": token})).expect(200);
    made.id()
}

/// A booking for half past ten in New York, in a chair of its own.
fn book(clinic: &Clinic, patient: &str, plan: &str) -> String {
    let name = format!("Chair {}", &patient[24..]);
    let room = clinic.admin().post("/api/v1/rooms", &json!({"name": name})).expect(201).id();
    let body = json!({"patient_id": patient, "treatment_plan_id": plan, "room_id": room,
        "nurse_id": clinic.staff_id("nurse").to_string(), "prescriber_id": clinic.staff_id("prescriber").to_string(),
        "local_start": "2026-03-02T10:30"});
    clinic.front_desk().post("/api/v1/sessions", &body).expect(201).id()
}

/// The clinic's published consent form, made at first use.
pub fn consent_form(clinic: &Clinic, days: i64) -> String {
    let prescriber = clinic.prescriber();
    let known = prescriber.get("/api/v1/consent-templates").expect(200).body;
    let in_effect = known["items"].as_array().unwrap().iter().find(|form| form["state"] == "published");
    if let Some(form) = in_effect {
        return form["id"].as_str().unwrap().to_owned();
    }
    let ids = [
        "off_label_status",
        "purpose_and_evidence",
        "procedure",
        "risks",
        "alternatives",
        "aftercare",
        "right_to_withdraw",
        "rescue_and_transfer",
        "privacy_and_cost",
        "questions_and_copy",
    ];
    let heading = |(index, id): (usize, &&str)| json!({"id": id, "heading": format!("{}. {id}", index + 1)});
    let clauses: Vec<Value> = ids.iter().enumerate().map(heading).collect();
    let line = |clause: &Value| format!("{}\nWhat this means for you.\n", clause["heading"].as_str().unwrap());
    let text: String = clauses.iter().map(line).collect();
    let body = json!({"consent_type": "ketamine_off_label", "code": "ketamine-en", "title": "Consent to ketamine",
        "language": "en", "text": text, "clauses": clauses, "validity_days": days});
    let made = prescriber.post("/api/v1/consent-templates", &body).expect(201);
    let publish = format!("/api/v1/consent-templates/{}/publish", made.id());
    prescriber.if_match(made.version()).post(&publish, &json!({})).expect(200);
    made.id()
}
