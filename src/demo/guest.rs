//! A patient before the first infusion: registered, screened, with consent and a plan.

use super::client::{Result, Signed, Tablet, number, text};
use super::house::House;
use super::people::Person;
use super::random::Dice;
use crate::domain::time::Date;
use serde_json::{Value, json};

/// What the patients of a demonstration answer one by one: no photographs, and the rest.
const ITEMS: [(&str, &str, Option<&str>); 8] = [
    ("aftercare", "accepted", Some("X.")),
    ("rescue_and_transfer", "accepted", None),
    ("privacy", "accepted", None),
    ("cost", "accepted", None),
    ("photographs", "declined", None),
    ("students", "accepted", None),
    ("questions_answered", "accepted", None),
    ("copy_given", "accepted", None),
];

/// A patient of the house.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Counts the patients of the house, from 0.
    pub number: usize,
    /// Who.
    pub person: Person,
    /// The patient's id.
    pub patient: String,
    /// The plan in force, once there is one.
    pub plan: Option<String>,
}

impl Guest {
    /// The front desk registers a patient, with what the day of treatment will ask for.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn register(house: &House, number: usize, person: Person) -> Result<Self> {
        let body = json!({
            "family_name": person.family_name, "given_name": person.given_name, "birth_date": person.birth_date,
            "sex": person.sex, "phone": person.phone,
            "address": {"line1": format!("{} Demo Street", number + 1), "city": "Lakeside", "region": "NY", "postal_code": "00000", "country": "US"},
            "emergency_contact": {"name": format!("R. {}", person.family_name), "relationship": "sibling", "phone": "+1 555 0100"},
            "language": "en", "interpreter_needed": false,
        });
        let made = house.desk.post("/patients", body)?;
        let patient = made.get("patient").cloned().unwrap_or(Value::Null);
        Ok(Self { number, person, patient: text(&patient, "/patients", "id")?, plan: None })
    }

    /// Every screening question is answered with no, and a prescriber clears the patient.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn screen(&self, house: &House) -> Result<()> {
        let nurse = house.nurse(self.number)?;
        let questions = nurse.get("/screenings/questions")?;
        let items = questions.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let answers: Vec<Value> = items
            .iter()
            .map(|item| json!({"question": item.get("code"), "answer": "no", "source": "patient"}))
            .collect();
        let path = format!("/patients/{}/screenings", self.patient);
        let version = number(&questions, "/screenings/questions", "questions_version")?;
        let made = nurse.post(&path, json!({"questions_version": version, "answers": answers}))?;
        let id = text(&made, &path, "id")?;
        let decision = json!({"decision": "cleared", "reasons": []});
        house.prescriber(self.number)?.post(&format!("/screenings/{id}/decision"), decision)?;
        Ok(())
    }

    /// A consent is presented and nobody signed it yet; gives back its id and the hash of its document.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn present_consent(&self, house: &House) -> Result<(String, String)> {
        let body = json!({
            "template_id": house.form,
            "scope": {"routes": ["iv"], "max_dose_mg_per_kg": "1", "indications": [self.person.indication], "plan_id": self.plan},
        });
        let path = format!("/patients/{}/consents", self.patient);
        let made = house.prescriber(self.number)?.post(&path, body)?;
        Ok((text(&made, &path, "id")?, text(&made, &path, "document_sha256")?))
    }

    /// Patient, explaining prescriber and witness sign, and the consent comes into force.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn consent(&self, house: &House) -> Result<String> {
        let (id, sha256) = self.present_consent(house)?;
        let prescriber = house.prescriber(self.number)?;
        let path = format!("/consents/{id}/signatures");
        let name = format!("{} {}", self.person.given_name, self.person.family_name);
        let items = ITEMS.map(|(id, answer, initials)| json!({"id": id, "answer": answer, "initials": initials}));
        let typed =
            json!({"role": "patient", "method": "typed", "document_sha256": sha256, "name": name, "items": items});
        prescriber.post(&path, typed)?;
        let staff = |role: &str, who: &Tablet| -> Result<()> {
            let token = prescriber.cosignature(who, &path, &id, Some(&sha256))?;
            let mut body = json!({"role": role, "method": "reauth", "document_sha256": sha256, "signing_token": token});
            if role == "prescriber" {
                let found = json!({"understands": true, "appreciates": true, "reasons": true, "expresses": true, "unsedated": true});
                if let Some(body) = body.as_object_mut() {
                    body.insert("capacity".to_owned(), found);
                }
            }
            prescriber.post(&path, body).map(drop)
        };
        staff("prescriber", prescriber)?;
        staff("witness", house.nurse(self.number)?)?;
        let record = prescriber.get(&format!("/consents/{id}"))?;
        let version =
            record.get("consent").or(Some(&record)).and_then(|consent| consent.get("version")).and_then(Value::as_i64);
        prescriber.post_to(&format!("/consents/{id}/sign"), version.unwrap_or(1), json!({}))?;
        Ok(id)
    }

    /// A plan is drafted and signed.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn plan(&mut self, house: &House, sessions: i64, review_on: Date) -> Result<()> {
        let prescriber = house.prescriber(self.number)?;
        let body = json!({
            "indication": self.person.indication, "protocol_id": house.protocol, "weight_basis": "actual", "sessions": sessions,
            "stop_rules": ["No fall of two points on the pain scale after three sessions", "Any serious adverse event"],
            "review_on": review_on.to_string(),
        });
        let path = format!("/patients/{}/treatment-plans", self.patient);
        let draft = prescriber.post(&path, body)?;
        let (id, version) = (text(&draft, &path, "id")?, number(&draft, &path, "version")?);
        let act = format!("/treatment-plans/{id}/activate");
        prescriber.sign(Signed { path: &act, subject: &id, version: Some(version), second: None }, json!({}))?;
        self.plan = Some(id);
        Ok(())
    }

    /// Pain now, on the scale of 0 to 10, falling a little with each session of the series.
    pub fn pain(&self, session: i64, dice: &mut Dice) -> i64 {
        (8 - session - dice.between(0, 1)).clamp(2, 8)
    }

    /// The pain score that a series asks for before its fourth session.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn score(&self, house: &House, pain: i64) -> Result<()> {
        let path = format!("/patients/{}/outcome-scores", self.patient);
        let body = json!({"scale": "nrs_now", "timepoint": "session", "items": [pain]});
        house.nurse(self.number)?.post(&path, body).map(drop)
    }
}
