//! The bodies and views of patients.

use crate::api::wire::Day;
use crate::domain::id::PatientId;
use crate::domain::patch::Patch;
use crate::domain::patient::{
    Address, AddressFields, AddressPatch, ContactFields, ContactPatch, EmergencyContact, Identifier, Patient,
    PatientFields, PatientPatch, Sex,
};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A registration: name, birth date and phone are enough.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPatient, example = json!({"family_name": "Rivera", "given_name": "Ana", "birth_date": "1984-05-17", "phone": "+1 555 0101"}))]
pub struct RegisterBody {
    /// The clinic's own number; without it the server counts.
    #[schema(max_length = 32)]
    mrn: Option<String>,
    /// Family name, or the only name.
    #[schema(max_length = 200)]
    family_name: Option<String>,
    /// Given names.
    #[schema(max_length = 200)]
    given_name: Option<String>,
    /// Birth date.
    birth_date: Option<Day>,
    /// Administrative sex; `unknown` when nobody asked.
    sex: Option<Sex>,
    /// Phone.
    #[schema(max_length = 40)]
    phone: Option<String>,
    /// E-mail address.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Where they live; missing, it stops a start, not a registration.
    address: Option<AddressBody>,
    /// Whom to call; missing, it stops a start, not a registration.
    emergency_contact: Option<ContactBody>,
    /// BCP 47 tag of the language to speak with them.
    #[schema(max_length = 35)]
    language: Option<String>,
    /// Whether an interpreter is needed.
    interpreter_needed: Option<bool>,
    /// Numbers elsewhere.
    #[schema(max_items = 20)]
    identifiers: Option<Vec<IdentifierBody>>,
}

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAddress)]
pub struct AddressBody {
    /// Street and number.
    line1: Option<String>,
    /// Flat, floor, care of.
    line2: Option<String>,
    /// City or town.
    city: Option<String>,
    /// State, province or county.
    region: Option<String>,
    /// Postal code.
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "US")]
    country: Option<String>,
}

/// Whom to call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEmergencyContact)]
pub struct ContactBody {
    /// Name.
    name: Option<String>,
    /// Relationship.
    relationship: Option<String>,
    /// Phone.
    phone: Option<String>,
}

/// A number under which others know the patient.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Identifier)]
pub struct IdentifierBody {
    /// Who gives the numbers out.
    #[schema(max_length = 200)]
    system: String,
    /// The number.
    #[schema(max_length = 200)]
    value: String,
}

/// A correction: absent keeps, null clears, a value sets (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatientPatch, example = json!({"phone": "+1 555 0102", "emergency_contact": {"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103"}}))]
pub struct PatchBody {
    /// The clinic's own number.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mrn: Patch<String>,
    /// Family name, or the only name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    family_name: Patch<String>,
    /// Given names.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    given_name: Patch<String>,
    /// Birth date.
    #[serde(default)]
    #[schema(value_type = Option<Day>)]
    birth_date: Patch<Day>,
    /// Administrative sex.
    #[serde(default)]
    #[schema(value_type = Option<Sex>)]
    sex: Patch<Sex>,
    /// Phone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Patch<String>,
    /// E-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
    /// Address, merged member by member.
    #[serde(default)]
    #[schema(value_type = Option<AddressPatchBody>)]
    address: Patch<AddressPatchBody>,
    /// Emergency contact, merged member by member.
    #[serde(default)]
    #[schema(value_type = Option<ContactPatchBody>)]
    emergency_contact: Patch<ContactPatchBody>,
    /// Language.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    language: Patch<String>,
    /// Whether an interpreter is needed.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    interpreter_needed: Patch<bool>,
    /// Numbers elsewhere, the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<IdentifierBody>>)]
    identifiers: Patch<Vec<IdentifierBody>>,
    /// Puts the record aside, or takes it up again.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    retired: Patch<bool>,
}

/// A merge patch of an address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddressPatch)]
pub struct AddressPatchBody {
    /// Street and number.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    line1: Patch<String>,
    /// Flat, floor, care of.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    line2: Patch<String>,
    /// City or town.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    city: Patch<String>,
    /// State, province or county.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    region: Patch<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    postal_code: Patch<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    country: Patch<String>,
}

/// A merge patch of an emergency contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmergencyContactPatch)]
pub struct ContactPatchBody {
    /// Name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    /// Relationship.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    relationship: Patch<String>,
    /// Phone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Patch<String>,
}

/// A search: at least one of name, birth date, number and phone; all that are given must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatientSearch, example = json!({"name": "rivera"}))]
pub struct SearchBody {
    /// The beginning of a name, either way round.
    #[schema(max_length = 200)]
    pub(super) name: Option<String>,
    /// Birth date.
    pub(super) birth_date: Option<Day>,
    /// Medical record number.
    #[schema(max_length = 32)]
    pub(super) mrn: Option<String>,
    /// Phone, however written.
    #[schema(max_length = 40)]
    pub(super) phone: Option<String>,
    /// Items a page.
    #[schema(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

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
    #[schema(example = "Ana")]
    given_name: Option<String>,
    birth_date: Day,
    sex: Sex,
    #[schema(example = "+1 555 0101")]
    phone: String,
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
    line2: Option<String>,
    city: String,
    region: Option<String>,
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

fn identifiers(bodies: Vec<IdentifierBody>) -> Vec<Identifier> {
    bodies.into_iter().map(|IdentifierBody { system, value }| Identifier { system, value }).collect()
}

impl From<RegisterBody> for PatientFields {
    fn from(body: RegisterBody) -> Self {
        let address = body.address.map(|AddressBody { line1, line2, city, region, postal_code, country }| {
            AddressFields { line1, line2, city, region, postal_code, country }
        });
        let contact = |ContactBody { name, relationship, phone }| ContactFields { name, relationship, phone };
        Self {
            mrn: body.mrn,
            family_name: body.family_name,
            given_name: body.given_name,
            birth_date: body.birth_date.map(|day| day.0),
            sex: body.sex,
            phone: body.phone,
            email: body.email,
            address,
            emergency_contact: body.emergency_contact.map(contact),
            language: body.language,
            interpreter_needed: body.interpreter_needed,
            identifiers: body.identifiers.map(identifiers),
        }
    }
}

impl From<PatchBody> for PatientPatch {
    fn from(body: PatchBody) -> Self {
        let address = |AddressPatchBody { line1, line2, city, region, postal_code, country }| AddressPatch {
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        };
        let contact = |ContactPatchBody { name, relationship, phone }| ContactPatch { name, relationship, phone };
        Self {
            mrn: body.mrn,
            family_name: body.family_name,
            given_name: body.given_name,
            birth_date: body.birth_date.map(|day| day.0),
            sex: body.sex,
            phone: body.phone,
            email: body.email,
            address: body.address.map(address),
            emergency_contact: body.emergency_contact.map(contact),
            language: body.language,
            interpreter_needed: body.interpreter_needed,
            identifiers: body.identifiers.map(identifiers),
            retired: body.retired,
        }
    }
}
