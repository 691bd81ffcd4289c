//! Consent: forms published, presented, signed, withdrawn, and asked about.

mod audit;
mod details;
mod life;
mod live;
mod paper;
mod signing;

use crate::support::visit::{all_accepted, has_capacity};
use crate::support::{Actor, Answer, Clinic};
use chairside::domain::consent::default_form;
use serde_json::{Value, json};

/// What signing tokens for signatures are bound to.
const SIGNATURE: &str = "consent.signature.add";

/// The seeded English form as its author sends it.
fn form_body() -> Value {
    let form = default_form();
    let clauses: Vec<_> =
        form.clauses.iter().map(|clause| json!({"id": clause.id.as_str(), "heading": clause.heading})).collect();
    let items: Vec<_> =
        form.items.iter().map(|item| json!({"id": item.id.as_str(), "statement": item.statement})).collect();
    json!({
        "consent_type": "ketamine_off_label", "code": form.code, "title": form.title, "language": form.language,
        "text": form.text, "clauses": clauses, "items": items, "validity_days": form.validity_days,
    })
}

/// A published form version; drafted by the administrator, published by a prescriber.
pub fn published_form(clinic: &Clinic, body: &Value) -> Value {
    let draft = clinic.admin().post("/api/v1/consent-templates", body).expect(201);
    clinic.prescriber().post(&format!("/api/v1/consent-templates/{}/publish", draft.id()), &json!({})).expect(200).body
}

/// A new patient's id.
fn a_patient(clinic: &Clinic) -> String {
    let body =
        json!({"family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    clinic.front_desk().post("/api/v1/patients", &body).expect(201).body["patient"]["id"].as_str().unwrap().to_owned()
}

fn scope() -> Value {
    json!({"routes": ["iv"], "max_dose_mg_per_kg": "1", "indications": ["G43.7"]})
}

/// A form presented to a patient: a draft.
pub fn presented(clinic: &Clinic, patient: &str, form: &Value, scope: &Value) -> Value {
    let body = json!({"template_id": form["id"], "scope": scope, "spoken_language": "en"});
    clinic.nurse().post(&format!("/api/v1/patients/{patient}/consents"), &body).expect(201).body
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn path(consent: &Value) -> String {
    format!("/api/v1/consents/{}", text(&consent["id"]))
}

/// The patient's own signature, captured by a nurse.
fn patient_signs(clinic: &Clinic, consent: &Value) -> Answer {
    let body = json!({"role": "patient", "method": "typed", "name": "Ana Rivera", "items": all_accepted(),
        "document_sha256": consent["document_sha256"]});
    clinic.nurse().post(&format!("{}/signatures", path(consent)), &body)
}

/// A member of staff signs on their own device.
fn staff_signs(who: &Actor<'_>, consent: &Value, role: &str) -> Answer {
    let (id, hash) = (text(&consent["id"]), text(&consent["document_sha256"]));
    let mut body = json!({"role": role, "method": "reauth", "document_sha256": hash});
    body["signing_token"] = json!(who.reauth_for(SIGNATURE, id, hash));
    if role == "prescriber" {
        body["capacity"] = has_capacity();
    }
    who.post(&format!("{}/signatures", path(consent)), &body)
}

fn activate(clinic: &Clinic, consent: &Value) -> Answer {
    clinic.prescriber().if_match(1).post(&format!("{}/sign", path(consent)), &json!({}))
}

/// A consent in force: presented, signed by patient, prescriber and witness.
pub fn in_force(clinic: &Clinic, patient: &str, form: &Value) -> Value {
    let consent = presented(clinic, patient, form, &scope());
    patient_signs(clinic, &consent).expect(201);
    staff_signs(&clinic.prescriber(), &consent, "prescriber").expect(201);
    staff_signs(&clinic.nurse(), &consent, "witness").expect(201);
    activate(clinic, &consent).expect(200).body
}

fn check(clinic: &Clinic, patient: &str, more: &str) -> Value {
    let query = format!("patient_id={patient}&route=iv&dose_mg_per_kg=0.5{more}");
    clinic.nurse().get(&format!("/api/v1/consents/check?{query}")).expect(200).body
}

fn codes(unmet: &Value) -> Vec<&str> {
    unmet.as_array().unwrap().iter().map(|one| text(&one["code"])).collect()
}
