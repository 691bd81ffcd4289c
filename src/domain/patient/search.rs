//! Finding a patient again: what a search may ask for, and who may be the same person twice.

use super::{NewPatient, Patient};
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::text::{checked, folded};
use crate::domain::time::Date;

/// What is compared of a name: family and given name in one word, folded, in the order given.
///
/// The store keeps it both ways round, so that `Rivera, A` and `ana riv` find the same person.
pub fn name_key(first: &str, second: Option<&str>) -> String {
    let mut key = folded(first);
    key.push_str(&folded(second.unwrap_or_default()));
    key
}

/// What is compared of a phone number: its last ten digits, without an extension.
///
/// Ten is the length of a national number in North America; a country code in front or not makes no difference.
pub fn phone_key(phone: &str) -> String {
    let number = phone.split(['x', '#']).next().unwrap_or_default();
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits.iter().skip(digits.len().saturating_sub(10)).collect()
}

/// What is compared of a medical record number: its letters in capitals.
pub fn mrn_key(mrn: &str) -> String {
    mrn.to_ascii_uppercase()
}

/// Unchecked: what a search body asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFields {
    /// The beginning of a name, either way round.
    pub name: Option<String>,
    /// The exact birth date.
    pub birth_date: Option<Date>,
    /// The medical record number, in any case.
    pub mrn: Option<String>,
    /// The phone number, however written.
    pub phone: Option<String>,
}

/// A search that asks for something: all criteria must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientSearch {
    /// Beginning of [`name_key`], either way round.
    pub name_prefix: Option<String>,
    /// The exact birth date.
    pub birth_date: Option<Date>,
    /// Exactly this [`mrn_key`].
    pub mrn_key: Option<String>,
    /// Exactly this [`phone_key`].
    pub phone_key: Option<String>,
}

impl PatientSearch {
    /// Checks a search.
    ///
    /// # Errors
    /// When it asks for nothing, or for something no patient could have: a list of everybody is not a search.
    pub fn parse(fields: &SearchFields) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let mut key = |pointer: &str, text: Option<&str>, max: usize, key: fn(&str) -> String| {
            let text = errors.take(checked(pointer, text?, 1, max))?;
            let key = key(&text);
            if key.is_empty() {
                errors.add(pointer, "format", "has nothing in it that can be searched for");
            }
            Some(key)
        };
        let name_prefix = key("/name", fields.name.as_deref(), 200, folded);
        let mrn_key = key("/mrn", fields.mrn.as_deref(), 32, mrn_key);
        let phone_key = key("/phone", fields.phone.as_deref(), 40, phone_key);
        let search = Self { name_prefix, birth_date: fields.birth_date, mrn_key, phone_key };
        if *fields == SearchFields::default() {
            errors.add("", "required", "give at least one of name, birth_date, mrn and phone");
        }
        errors.finish()?;
        Ok(search)
    }

    /// Whether a patient is looked for; the store asks the same in SQL.
    pub fn finds(&self, patient: &Patient) -> bool {
        let who = &patient.who;
        let given = who.given_name.as_deref();
        let names = [name_key(&who.family_name, given), name_key(given.unwrap_or_default(), Some(&who.family_name))];
        self.name_prefix.as_ref().is_none_or(|prefix| names.iter().any(|name| name.starts_with(prefix)))
            && self.birth_date.is_none_or(|date| date == who.birth_date)
            && self.mrn_key.as_ref().is_none_or(|key| *key == mrn_key(&patient.mrn))
            && self.phone_key.as_ref().is_none_or(|key| *key == phone_key(&who.phone))
    }
}

/// Who of the patients may be the newcomer: same birth date, and the same family name or phone.
///
/// A hint, never a refusal: twins share both, and the person at the desk can ask.
pub fn possible_duplicates<'a>(new: &NewPatient, known: &'a [Patient]) -> Vec<&'a Patient> {
    let family = folded(&new.who.family_name);
    let phone = phone_key(&new.who.phone);
    known
        .iter()
        .filter(|patient| patient.who.birth_date == new.who.birth_date)
        .filter(|patient| folded(&patient.who.family_name) == family || phone_key(&patient.who.phone) == phone)
        .collect()
}

/// The answer to a number that another patient of the clinic has.
pub fn same_mrn() -> Refusal {
    Refusal::clash(Clash::Duplicate, "another patient of this clinic has this medical record number")
}
