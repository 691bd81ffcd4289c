//! The bodies of patients: what a client sends.

use crate::api::wire::Day;
use crate::domain::patch::Patch;
use crate::domain::patient::{
    AddressFields, AddressPatch, ContactFields, ContactPatch, Identifier, PatientFields, PatientPatch, Sex,
};
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
    #[schema(max_length = 200)]
    line1: Option<String>,
    /// Flat, floor, care of.
    #[schema(max_length = 200)]
    line2: Option<String>,
    /// City or town.
    #[schema(max_length = 100)]
    city: Option<String>,
    /// State, province or county.
    #[schema(max_length = 100)]
    region: Option<String>,
    /// Postal code.
    #[schema(max_length = 20)]
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "US", pattern = "^[A-Z]{2}$")]
    country: Option<String>,
}

/// Whom to call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEmergencyContact)]
pub struct ContactBody {
    /// Name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Relationship.
    #[schema(max_length = 100)]
    relationship: Option<String>,
    /// Phone.
    #[schema(max_length = 40)]
    phone: Option<String>,
}

/// A number under which others know the patient.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Identifier)]
pub struct IdentifierBody {
    /// Who gives the numbers out.
    #[schema(max_length = 200)]
    pub(super) system: String,
    /// The number.
    #[schema(max_length = 200)]
    pub(super) value: String,
}

/// A correction: absent keeps, null clears, a value sets (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatientPatch, example = json!({"phone": "+1 555 0102", "emergency_contact": {"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0103"}}))]
pub struct PatchBody {
    /// The clinic's own number.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    mrn: Patch<String>,
    /// Family name, or the only name.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    family_name: Patch<String>,
    /// Given names.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
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
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Patch<String>,
    /// E-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254)]
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
    #[schema(value_type = Option<String>, max_length = 35)]
    language: Patch<String>,
    /// Whether an interpreter is needed.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    interpreter_needed: Patch<bool>,
    /// Numbers elsewhere, the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<IdentifierBody>>, max_items = 20)]
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
    #[schema(value_type = Option<String>, max_length = 200)]
    line1: Patch<String>,
    /// Flat, floor, care of.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    line2: Patch<String>,
    /// City or town.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    city: Patch<String>,
    /// State, province or county.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    region: Patch<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 20)]
    postal_code: Patch<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{2}$")]
    country: Patch<String>,
}

/// A merge patch of an emergency contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmergencyContactPatch)]
pub struct ContactPatchBody {
    /// Name.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Patch<String>,
    /// Relationship.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    relationship: Patch<String>,
    /// Phone.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40)]
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
    #[schema(max_length = 500)]
    pub(super) cursor: Option<String>,
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
