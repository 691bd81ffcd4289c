//! What a body says about a patient, and the one set of rules that registration and change share.

use super::{Address, Demographics, EmergencyContact, Identifier, NewPatient, Patient, Sex};
use crate::domain::patch::Patch;
use crate::domain::refusal::{FieldError, FieldErrors, Refusal};
use crate::domain::text::checked;
use crate::domain::time::Date;

/// The youngest age that is registered: the product serves adult clinics (clinical.md 1, row 0).
const ADULT_YEARS: i64 = 18;
/// Older is a typing error: nobody on record lived longer than 122 years.
const OLDEST_YEARS: i64 = 130;
/// More identifiers than any patient has; keeps a record a record.
const MAX_IDENTIFIERS: usize = 20;
/// Longest name, in characters.
const MAX_NAME: usize = 200;

/// Unchecked: the members of a patient as a body sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Demographics`, where they are documented")]
pub struct PatientFields {
    pub mrn: Option<String>,
    pub family_name: Option<String>,
    pub given_name: Option<String>,
    pub birth_date: Option<Date>,
    pub sex: Option<Sex>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<AddressFields>,
    pub emergency_contact: Option<ContactFields>,
    pub language: Option<String>,
    pub interpreter_needed: Option<bool>,
    pub identifiers: Option<Vec<Identifier>>,
}

/// Unchecked: an address as a body sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Address`, where they are documented")]
pub struct AddressFields {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

/// Unchecked: an emergency contact as a body sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `EmergencyContact`, where they are documented")]
pub struct ContactFields {
    pub name: Option<String>,
    pub relationship: Option<String>,
    pub phone: Option<String>,
}

/// A merge patch of a patient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Demographics`, where they are documented")]
pub struct PatientPatch {
    pub mrn: Patch<String>,
    pub family_name: Patch<String>,
    pub given_name: Patch<String>,
    pub birth_date: Patch<Date>,
    pub sex: Patch<Sex>,
    pub phone: Patch<String>,
    pub email: Patch<String>,
    pub address: Patch<AddressPatch>,
    pub emergency_contact: Patch<ContactPatch>,
    pub language: Patch<String>,
    pub interpreter_needed: Patch<bool>,
    pub identifiers: Patch<Vec<Identifier>>,
    /// Whether the record is put aside.
    pub retired: Patch<bool>,
}

/// A merge patch of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Address`, where they are documented")]
pub struct AddressPatch {
    pub line1: Patch<String>,
    pub line2: Patch<String>,
    pub city: Patch<String>,
    pub region: Patch<String>,
    pub postal_code: Patch<String>,
    pub country: Patch<String>,
}

/// A merge patch of an emergency contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `EmergencyContact`, where they are documented")]
pub struct ContactPatch {
    pub name: Patch<String>,
    pub relationship: Patch<String>,
    pub phone: Patch<String>,
}

impl PatientPatch {
    /// The fields after the patch; a nested object is merged member by member.
    pub fn over(self, old: PatientFields) -> PatientFields {
        PatientFields {
            mrn: self.mrn.over(old.mrn),
            family_name: self.family_name.over(old.family_name),
            given_name: self.given_name.over(old.given_name),
            birth_date: self.birth_date.over(old.birth_date),
            sex: self.sex.over(old.sex),
            phone: self.phone.over(old.phone),
            email: self.email.over(old.email),
            address: match self.address {
                Patch::Keep => old.address,
                Patch::Clear => None,
                Patch::Set(patch) => Some(patch.over(old.address.unwrap_or_default())),
            },
            emergency_contact: match self.emergency_contact {
                Patch::Keep => old.emergency_contact,
                Patch::Clear => None,
                Patch::Set(patch) => Some(patch.over(old.emergency_contact.unwrap_or_default())),
            },
            language: self.language.over(old.language),
            interpreter_needed: self.interpreter_needed.over(old.interpreter_needed),
            identifiers: self.identifiers.over(old.identifiers),
        }
    }
}

impl AddressPatch {
    fn over(self, old: AddressFields) -> AddressFields {
        AddressFields {
            line1: self.line1.over(old.line1),
            line2: self.line2.over(old.line2),
            city: self.city.over(old.city),
            region: self.region.over(old.region),
            postal_code: self.postal_code.over(old.postal_code),
            country: self.country.over(old.country),
        }
    }
}

impl ContactPatch {
    fn over(self, old: ContactFields) -> ContactFields {
        ContactFields {
            name: self.name.over(old.name),
            relationship: self.relationship.over(old.relationship),
            phone: self.phone.over(old.phone),
        }
    }
}

impl PatientFields {
    /// What a body would have to say to make this patient.
    pub fn of(patient: &Patient) -> Self {
        let who = patient.who.clone();
        Self {
            mrn: Some(patient.mrn.clone()),
            family_name: Some(who.family_name),
            given_name: who.given_name,
            birth_date: Some(who.birth_date),
            sex: Some(who.sex),
            phone: Some(who.phone),
            email: who.email,
            address: who.address.map(|address| AddressFields {
                line1: Some(address.line1),
                line2: address.line2,
                city: Some(address.city),
                region: address.region,
                postal_code: address.postal_code,
                country: Some(address.country),
            }),
            emergency_contact: who.emergency_contact.map(|contact| ContactFields {
                name: Some(contact.name),
                relationship: Some(contact.relationship),
                phone: Some(contact.phone),
            }),
            language: Some(who.language),
            interpreter_needed: Some(who.interpreter_needed),
            identifiers: Some(who.identifiers),
        }
    }
}

impl NewPatient {
    /// Checks a body; `today` is the clinic's date.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every wrong field.
    pub fn parse(fields: PatientFields, today: Date) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let mrn = optional(fields.mrn.as_deref(), |text| mrn("/mrn", text), &mut errors);
        let family_name = needed("/family_name", fields.family_name.as_deref(), MAX_NAME, &mut errors);
        let given_name =
            optional(fields.given_name.as_deref(), |text| checked("/given_name", text, 1, MAX_NAME), &mut errors);
        let birth_date = errors.take(birth_date(fields.birth_date, today));
        let phone = errors.take(phone("/phone", fields.phone.as_deref()));
        let email = optional(fields.email.as_deref(), email, &mut errors);
        let address = fields.address.map(|address| parse_address(&address, &mut errors));
        let emergency_contact = fields.emergency_contact.map(|contact| parse_contact(&contact, &mut errors));
        let language = errors.take(language(fields.language.as_deref().unwrap_or("und")));
        let identifiers = parse_identifiers(fields.identifiers.unwrap_or_default(), &mut errors);
        errors.finish()?;
        let (Some(family_name), Some(birth_date), Some(phone), Some(language)) =
            (family_name, birth_date, phone, language)
        else {
            // Each of them is either there or noted, so `finish` has already refused.
            return Err(Refusal::Invalid(Vec::new()));
        };
        let who = Demographics {
            family_name,
            given_name,
            birth_date,
            sex: fields.sex.unwrap_or(Sex::Unknown),
            phone,
            email,
            address: address.flatten(),
            emergency_contact: emergency_contact.flatten(),
            language,
            interpreter_needed: fields.interpreter_needed.unwrap_or(false),
            identifiers,
        };
        Ok(Self { mrn, who })
    }
}

/// Age in whole years; who was born on 29 February becomes a year older on 1 March of a common year.
pub fn age_on(birth_date: Date, date: Date) -> i64 {
    let years = i64::from(date.year()) - i64::from(birth_date.year());
    let had_birthday = (date.month(), date.day()) >= (birth_date.month(), birth_date.day());
    if had_birthday { years } else { years - 1 }
}

fn optional(
    text: Option<&str>,
    check: impl FnOnce(&str) -> Result<String, FieldError>,
    errors: &mut FieldErrors,
) -> Option<String> {
    text.and_then(|text| errors.take(check(text)))
}

fn needed(pointer: &str, text: Option<&str>, max: usize, errors: &mut FieldErrors) -> Option<String> {
    errors.take(checked(pointer, text.unwrap_or_default(), 1, max))
}

fn birth_date(date: Option<Date>, today: Date) -> Result<Date, FieldError> {
    let pointer = "/birth_date";
    let date = date.ok_or_else(|| FieldError::new(pointer, "required", "must not be empty"))?;
    match age_on(date, today) {
        _ if date > today => Err(FieldError::new(pointer, "future", "must not be in the future")),
        age if age < ADULT_YEARS => {
            Err(FieldError::new(pointer, "minor", format!("the patient must be at least {ADULT_YEARS} years old")))
        }
        age if age > OLDEST_YEARS => {
            Err(FieldError::new(pointer, "range", format!("must be less than {OLDEST_YEARS} years ago")))
        }
        _ => Ok(date),
    }
}

/// A number people can call: 5 to 15 digits (ITU-T E.164 allows 15) with the marks they write between them.
fn phone(pointer: &str, text: Option<&str>) -> Result<String, FieldError> {
    let text = checked(pointer, text.unwrap_or_default(), 1, 40)?;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let written =
        text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')' | '.' | '/' | 'x' | '#'));
    if written && (5..=15).contains(&digits) {
        Ok(text)
    } else {
        Err(FieldError::new(pointer, "format", "must be a phone number of 5 to 15 digits, such as +1 555 010 0123"))
    }
}

/// One `@` with something on both sides: more is decided by a letter that arrives.
fn email(text: &str) -> Result<String, FieldError> {
    let text = checked("/email", text, 3, 254)?;
    let parts: Vec<&str> = text.split('@').collect();
    let plain = !text.chars().any(char::is_whitespace);
    match parts.as_slice() {
        [name, host] if plain && !name.is_empty() && !host.is_empty() => Ok(text),
        _ => Err(FieldError::new("/email", "format", "must be an e-mail address, such as ana@example.org")),
    }
}

fn mrn(pointer: &str, text: &str) -> Result<String, FieldError> {
    let text = checked(pointer, text, 1, 32)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_')) {
        Ok(text)
    } else {
        Err(FieldError::new(pointer, "format", "must be letters, digits, '-', '.', '/' and '_'"))
    }
}

/// The shape of a BCP 47 tag: a language of 2 or 3 letters, then subtags of up to 8 letters or digits.
fn language(text: &str) -> Result<String, FieldError> {
    let mut subtags = text.split('-');
    let first = subtags.next().unwrap_or_default();
    let good = (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()));
    if good && text.len() <= 35 {
        Ok(text.to_owned())
    } else {
        Err(FieldError::new("/language", "format", "must be a BCP 47 language tag, such as en or pt-BR"))
    }
}

fn parse_address(fields: &AddressFields, errors: &mut FieldErrors) -> Option<Address> {
    let line1 = needed("/address/line1", fields.line1.as_deref(), 200, errors);
    let line2 = optional(fields.line2.as_deref(), |text| checked("/address/line2", text, 1, 200), errors);
    let city = needed("/address/city", fields.city.as_deref(), 100, errors);
    let region = optional(fields.region.as_deref(), |text| checked("/address/region", text, 1, 100), errors);
    let postal_code =
        optional(fields.postal_code.as_deref(), |text| checked("/address/postal_code", text, 1, 20), errors);
    let country = errors.take(country(fields.country.as_deref().unwrap_or_default()));
    Some(Address { line1: line1?, line2, city: city?, region, postal_code, country: country? })
}

fn country(text: &str) -> Result<String, FieldError> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(text.to_owned())
    } else {
        Err(FieldError::new("/address/country", "format", "must be a two-letter country code in capitals, such as US"))
    }
}

fn parse_contact(fields: &ContactFields, errors: &mut FieldErrors) -> Option<EmergencyContact> {
    let name = needed("/emergency_contact/name", fields.name.as_deref(), MAX_NAME, errors);
    let relationship = needed("/emergency_contact/relationship", fields.relationship.as_deref(), 100, errors);
    let phone = errors.take(phone("/emergency_contact/phone", fields.phone.as_deref()));
    Some(EmergencyContact { name: name?, relationship: relationship?, phone: phone? })
}

fn parse_identifiers(mut given: Vec<Identifier>, errors: &mut FieldErrors) -> Vec<Identifier> {
    if given.len() > MAX_IDENTIFIERS {
        errors.add("/identifiers", "too_long", format!("must be at most {MAX_IDENTIFIERS}"));
        return Vec::new();
    }
    for (index, identifier) in given.iter().enumerate() {
        errors.take(checked(&format!("/identifiers/{index}/system"), &identifier.system, 1, 255));
        errors.take(checked(&format!("/identifiers/{index}/value"), &identifier.value, 1, 255));
    }
    given.sort();
    given.dedup();
    given
}
