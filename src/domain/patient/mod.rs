//! A patient of one clinic: who they are and how they are reached.
//!
//! Registration asks for a name, a birth date and a phone, nothing else (decisions.md 23): whoever calls for a first
//! appointment can be registered. A missing address or emergency contact stops the *start* of a treatment, later.

mod fields;
mod search;
#[cfg(test)]
mod tests;

use super::event::{Event, EventKind, Subject};
use super::id::PatientId;
use super::patch::Patch;
use super::record::Record;
use super::refusal::Refusal;
use super::time::{Date, Timestamp};

pub use fields::{AddressFields, AddressPatch, ContactFields, ContactPatch, PatientFields, PatientPatch, age_on};
pub use search::{PatientSearch, SearchFields, mrn_key, name_key, phone_key, possible_duplicates, same_mrn};

words! {
    /// Administrative sex, the words of FHIR. Body-size formulas accept only `female` and `male`.
    pub enum Sex {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Neither word fits.
        Other = "other",
        /// Not asked or not answered.
        Unknown = "unknown",
    }
}

/// Where a patient lives; the dispensing record of a controlled drug needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub line1: String,
    /// Flat, floor, care of.
    pub line2: Option<String>,
    /// City or town.
    pub city: String,
    /// State, province or county.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
}

/// Whom to call when the patient cannot speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyContact {
    /// Name as given.
    pub name: String,
    /// Relationship to the patient, in the patient's words.
    pub relationship: String,
    /// Phone as given.
    pub phone: String,
}

/// A number under which somebody else knows the patient: an insurer, a hospital, a state programme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identifier {
    /// Who gives the numbers out, as a URI or a name.
    pub system: String,
    /// The number.
    pub value: String,
}

/// Who the patient is and how they are reached; checked, and kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demographics {
    /// Family name, or the only name.
    pub family_name: String,
    /// Given names; absent for a person with one name.
    pub given_name: Option<String>,
    /// Birth date.
    pub birth_date: Date,
    /// Administrative sex.
    pub sex: Sex,
    /// Phone as given.
    pub phone: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Where they live.
    pub address: Option<Address>,
    /// Whom to call.
    pub emergency_contact: Option<EmergencyContact>,
    /// BCP 47 tag of the language to speak with them; `und` when nobody asked.
    pub language: String,
    /// Whether an interpreter is needed.
    pub interpreter_needed: bool,
    /// Numbers elsewhere, without repeats, sorted.
    pub identifiers: Vec<Identifier>,
}

/// A registration that may be accepted: every field is right on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPatient {
    /// The clinic's own number, when it brings one; else the store counts ([`numbered_mrn`]).
    pub mrn: Option<String>,
    /// Who the patient is.
    pub who: Demographics,
}

/// A patient of one clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Id.
    pub id: PatientId,
    /// Moves with each change of this record.
    pub version: i64,
    /// Medical record number: one patient each in a clinic, whatever its case.
    pub mrn: String,
    /// Who the patient is.
    pub who: Demographics,
    /// When the patient was registered.
    pub registered_at: Timestamp,
    /// When the record was put aside, for example as a second registration of the same person.
    pub retired_at: Option<Timestamp>,
}

/// The name of the counter that numbers the patients of a clinic.
pub const MRN_COUNTER: &str = "mrn";

/// The medical record number for the `n`th patient a clinic counts.
pub fn numbered_mrn(n: i64) -> String {
    format!("MRN-{n:06}")
}

/// Registers a patient under a number nobody has.
pub fn register(new: NewPatient, id: PatientId, mrn: String, now: Timestamp) -> (Patient, Vec<Event>) {
    let patient = Patient { id, version: 1, mrn, who: new.who, registered_at: now, retired_at: None };
    let events = vec![patient.event(EventKind::PatientRegistered)];
    (patient, events)
}

/// `Rivera, Ana`: how lists and labels show a name.
pub fn display_name(family: &str, given: Option<&str>) -> String {
    given.map_or_else(|| family.to_owned(), |given| format!("{family}, {given}"))
}

/// The first letter of each name, for a board that strangers can see.
pub fn initials(family: &str, given: Option<&str>) -> String {
    [given.unwrap_or_default(), family].iter().filter_map(|name| name.trim().chars().next()).collect()
}

impl Patient {
    /// The record as it is after a patch; unchanged, and without an event, when the patch changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every field that would be wrong.
    pub fn change(&self, patch: PatientPatch, today: Date, now: Timestamp) -> Result<(Self, Vec<Event>), Refusal> {
        let retired_at = match patch.retired {
            Patch::Keep => self.retired_at,
            Patch::Clear | Patch::Set(false) => None,
            Patch::Set(true) => self.retired_at.or(Some(now)),
        };
        let new = NewPatient::parse(patch.over(PatientFields::of(self)), today)?;
        let mut changed = Self { who: new.who, retired_at, ..self.clone() };
        changed.mrn = new.mrn.unwrap_or_else(|| self.mrn.clone());
        if changed == *self {
            return Ok((changed, Vec::new()));
        }
        changed.version = self.version.saturating_add(1);
        let events = vec![changed.event(EventKind::PatientChanged)];
        Ok((changed, events))
    }

    /// `Rivera, Ana`: how lists and labels show the patient.
    pub fn display_name(&self) -> String {
        display_name(&self.who.family_name, self.who.given_name.as_deref())
    }

    /// The first letter of each name, for a board that strangers can see.
    pub fn initials(&self) -> String {
        initials(&self.who.family_name, self.who.given_name.as_deref())
    }

    /// Age in whole years on a date of the clinic.
    pub fn age_on(&self, date: Date) -> i64 {
        age_on(self.who.birth_date, date)
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.id, Subject::new("patient", self.id, self.version), self.record())
    }

    /// The canonical form whose hash goes into the trail.
    pub fn record(&self) -> Record {
        let who = &self.who;
        let address = who.address.as_ref().map(|address| {
            Record::group()
                .with("line1", &address.line1)
                .with("line2", address.line2.clone())
                .with("city", &address.city)
                .with("region", address.region.clone())
                .with("postal_code", address.postal_code.clone())
                .with("country", &address.country)
        });
        let contact = who.emergency_contact.as_ref().map(|contact| {
            Record::group()
                .with("name", &contact.name)
                .with("relationship", &contact.relationship)
                .with("phone", &contact.phone)
        });
        let identifiers: Vec<Record> = who
            .identifiers
            .iter()
            .map(|known| Record::group().with("system", &known.system).with("value", &known.value))
            .collect();
        Record::new("patient", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("mrn", &self.mrn)
            .with("family_name", &who.family_name)
            .with("given_name", who.given_name.clone())
            .with("birth_date", who.birth_date)
            .with("sex", who.sex.as_str())
            .with("phone", &who.phone)
            .with("email", who.email.clone())
            .with("address", address)
            .with("emergency_contact", contact)
            .with("language", &who.language)
            .with("interpreter_needed", who.interpreter_needed)
            .with("identifiers", identifiers)
            .with("registered_at", self.registered_at)
            .with("retired_at", self.retired_at)
    }
}
