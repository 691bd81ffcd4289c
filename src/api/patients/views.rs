//! The views of patients: what a client reads.

use super::body::IdentifierBody;
use crate::api::wire::Day;
use crate::domain::id::PatientId;
use crate::domain::patient::{Address, EmergencyContact, Identifier, Patient, Sex};
use crate::domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Who a patient is and how they are reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Patient)]
pub struct PatientView {
    id: PatientId,
    version: i64,
    #[schema(example = "MRN-000123")]
    mrn: String,
    #[schema(example = "Rivera, Ana")]
    display_name: String,
    #[schema(example = "Rivera")]
    family_name: String,
    #[schema(example = "Ana", max_length = 200)]
    given_name: Option<String>,
    birth_date: Day,
    sex: Sex,
    #[schema(example = "+1 555 0101")]
    phone: String,
    #[schema(max_length = 254)]
    email: Option<String>,
    address: Option<AddressView>,
    emergency_contact: Option<ContactView>,
    #[schema(example = "en")]
    language: String,
    interpreter_needed: bool,
    identifiers: Vec<IdentifierBody>,
    registered_at: Timestamp,
    retired_at: Option<Timestamp>,
}

/// An address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Address)]
pub struct AddressView {
    line1: String,
    #[schema(max_length = 200)]
    line2: Option<String>,
    city: String,
    #[schema(max_length = 100)]
    region: Option<String>,
    #[schema(max_length = 20)]
    postal_code: Option<String>,
    country: String,
}

/// Whom to call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmergencyContact)]
pub struct ContactView {
    name: String,
    relationship: String,
    phone: String,
}

/// A registered patient, and who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredPatient)]
pub struct RegisteredView {
    /// The new patient.
    pub(super) patient: PatientView,
    /// Patients with the same birth date and the same family name or phone: a hint, not a refusal.
    pub(super) possible_duplicates: Vec<PatientId>,
}

/// One page of patients.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PatientPage)]
pub struct PageView {
    pub(super) items: Vec<PatientView>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

impl PatientView {
    pub(super) fn of(patient: &Patient) -> Self {
        let who = patient.who.clone();
        Self {
            id: patient.id,
            version: patient.version,
            mrn: patient.mrn.clone(),
            display_name: patient.display_name(),
            family_name: who.family_name,
            given_name: who.given_name,
            birth_date: Day(who.birth_date),
            sex: who.sex,
            phone: who.phone,
            email: who.email,
            address: who.address.map(AddressView::of),
            emergency_contact: who.emergency_contact.map(ContactView::of),
            language: who.language,
            interpreter_needed: who.interpreter_needed,
            identifiers: who
                .identifiers
                .into_iter()
                .map(|Identifier { system, value }| IdentifierBody { system, value })
                .collect(),
            registered_at: patient.registered_at,
            retired_at: patient.retired_at,
        }
    }
}

impl AddressView {
    pub(super) fn of(address: Address) -> Self {
        let Address { line1, line2, city, region, postal_code, country } = address;
        Self { line1, line2, city, region, postal_code, country }
    }
}

impl ContactView {
    pub(super) fn of(contact: EmergencyContact) -> Self {
        let EmergencyContact { name, relationship, phone } = contact;
        Self { name, relationship, phone }
    }
}
