//! Patients: find, add and change them.

use super::column::DateColumn;
use super::error::{Result, StoreError};
use super::schema::patients::{patient_identifiers, patients};
use super::transaction::{Change, Gather};
use crate::domain::id::{ClinicId, PatientId};
use crate::domain::patient::{
    Address, Demographics, EmergencyContact, Identifier, MRN_COUNTER, Patient, PatientSearch, Sex, mrn_key, name_key,
    numbered_mrn, phone_key,
};
use crate::domain::time::{Date, Timestamp};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// One page of a search, in the order of folded family names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientPage {
    /// The patients.
    pub items: Vec<Patient>,
    /// Where the next page begins; none on the last.
    pub next: Option<PatientCursor>,
}

/// The last patient of a page: its sort key and id.
pub type PatientCursor = (String, PatientId);

/// A patient's row. The `*_key` columns are the folded copies that searches compare.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = patients, primary_key(clinic_id, id), treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: PatientId,
    version: i64,
    mrn: String,
    mrn_key: String,
    family_name: String,
    given_name: Option<String>,
    family_first_key: String,
    given_first_key: String,
    birth_date: DateColumn,
    sex: Sex,
    phone: String,
    phone_key: String,
    email: Option<String>,
    address_line1: Option<String>,
    address_line2: Option<String>,
    address_city: Option<String>,
    address_region: Option<String>,
    address_postal_code: Option<String>,
    address_country: Option<String>,
    contact_name: Option<String>,
    contact_relationship: Option<String>,
    contact_phone: Option<String>,
    language: String,
    interpreter_needed: bool,
    registered_at: Timestamp,
    retired_at: Option<Timestamp>,
}

impl Row {
    fn of(clinic_id: ClinicId, patient: &Patient) -> Self {
        let who = patient.who.clone();
        let given = who.given_name.as_deref();
        let (address, contact) = (who.address, who.emergency_contact);
        Self {
            clinic_id,
            id: patient.id,
            version: patient.version,
            mrn: patient.mrn.clone(),
            mrn_key: mrn_key(&patient.mrn),
            family_first_key: name_key(&who.family_name, given),
            given_first_key: name_key(given.unwrap_or_default(), Some(&who.family_name)),
            family_name: who.family_name,
            given_name: who.given_name,
            birth_date: DateColumn(who.birth_date),
            sex: who.sex,
            phone_key: phone_key(&who.phone),
            phone: who.phone,
            email: who.email,
            address_line1: address.as_ref().map(|a| a.line1.clone()),
            address_line2: address.as_ref().and_then(|a| a.line2.clone()),
            address_city: address.as_ref().map(|a| a.city.clone()),
            address_region: address.as_ref().and_then(|a| a.region.clone()),
            address_postal_code: address.as_ref().and_then(|a| a.postal_code.clone()),
            address_country: address.map(|a| a.country),
            contact_name: contact.as_ref().map(|c| c.name.clone()),
            contact_relationship: contact.as_ref().map(|c| c.relationship.clone()),
            contact_phone: contact.map(|c| c.phone),
            language: who.language,
            interpreter_needed: who.interpreter_needed,
            registered_at: patient.registered_at,
            retired_at: patient.retired_at,
        }
    }

    fn into_patient(self, identifiers: Vec<Identifier>) -> Patient {
        let address = match (self.address_line1, self.address_city, self.address_country) {
            (Some(line1), Some(city), Some(country)) => Some(Address {
                line1,
                line2: self.address_line2,
                city,
                region: self.address_region,
                postal_code: self.address_postal_code,
                country,
            }),
            _ => None,
        };
        let emergency_contact = match (self.contact_name, self.contact_relationship, self.contact_phone) {
            (Some(name), Some(relationship), Some(phone)) => Some(EmergencyContact { name, relationship, phone }),
            _ => None,
        };
        let who = Demographics {
            family_name: self.family_name,
            given_name: self.given_name,
            birth_date: self.birth_date.0,
            sex: self.sex,
            phone: self.phone,
            email: self.email,
            address,
            emergency_contact,
            language: self.language,
            interpreter_needed: self.interpreter_needed,
            identifiers,
        };
        let Self { id, version, mrn, registered_at, retired_at, .. } = self;
        Patient { id, version, mrn, who, registered_at, retired_at }
    }
}

impl Gather<'_> {
    /// A patient of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn patient(&mut self, id: PatientId) -> Result<Patient> {
        let row: Row = patients::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.show(id)?;
        self.with_identifiers(vec![row])?.pop().ok_or(StoreError::NotFound)
    }

    /// Whether this is a patient of this clinic; nothing of the chart is loaded.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, or the chart may not be seen.
    pub fn is_patient(&mut self, id: PatientId) -> Result<()> {
        let known = patients::table.find((self.clinic(), id)).select(patients::id);
        known.first::<PatientId>(self.connection)?;
        self.show(id)
    }

    /// These patients of this clinic.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn patients(&mut self, ids: &[PatientId]) -> Result<Vec<Patient>> {
        let rows = patients::table
            .filter(patients::clinic_id.eq(self.clinic()))
            .filter(patients::id.eq_any(ids.to_vec()))
            .select(Row::as_select())
            .load(self.connection)?;
        self.with_identifiers(rows)
    }

    /// The patients who may be the same person as a newcomer: all of this birth date; the domain compares.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn patients_born_on(&mut self, birth_date: Date) -> Result<Vec<Patient>> {
        let mut query = patients::table
            .filter(patients::clinic_id.eq(self.clinic()))
            .filter(patients::birth_date.eq(DateColumn(birth_date)))
            .into_boxed();
        in_sight!(self, query, patients::id);
        let rows = query.order(patients::id).limit(50).select(Row::as_select()).load(self.connection)?;
        self.with_identifiers(rows)
    }

    /// The patients a search finds, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn find_patients(
        &mut self,
        search: &PatientSearch,
        after: Option<&PatientCursor>,
        limit: u16,
    ) -> Result<PatientPage> {
        let mut query = patients::table.filter(patients::clinic_id.eq(self.clinic())).into_boxed();
        if let Some(prefix) = &search.name_prefix {
            // A range is a prefix search that an index serves on both databases.
            let end = format!("{prefix}\u{10ffff}");
            let family = patients::family_first_key.ge(prefix.clone()).and(patients::family_first_key.lt(end.clone()));
            let given = patients::given_first_key.ge(prefix.clone()).and(patients::given_first_key.lt(end));
            query = query.filter(family.or(given));
        }
        if let Some(date) = search.birth_date {
            query = query.filter(patients::birth_date.eq(DateColumn(date)));
        }
        if let Some(key) = &search.mrn_key {
            query = query.filter(patients::mrn_key.eq(key.clone()));
        }
        if let Some(key) = &search.phone_key {
            query = query.filter(patients::phone_key.eq(key.clone()));
        }
        if let Some((key, id)) = after {
            let beyond = patients::family_first_key.gt(key.clone());
            query = query.filter(beyond.or(patients::family_first_key.eq(key.clone()).and(patients::id.gt(*id))));
        }
        in_sight!(self, query, patients::id);
        let mut rows: Vec<Row> = query
            .order((patients::family_first_key, patients::id))
            .limit(i64::from(limit) + 1)
            .select(Row::as_select())
            .load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| (row.family_first_key.clone(), row.id));
        Ok(PatientPage { items: self.with_identifiers(rows)?, next })
    }

    fn with_identifiers(&mut self, rows: Vec<Row>) -> Result<Vec<Patient>> {
        let ids: Vec<PatientId> = rows.iter().map(|row| row.id).collect();
        let mut known = patient_identifiers::table
            .filter(patient_identifiers::clinic_id.eq(self.clinic()))
            .filter(patient_identifiers::patient_id.eq_any(&ids))
            .filter(patient_identifiers::retired_at.is_null())
            .select((patient_identifiers::patient_id, patient_identifiers::system, patient_identifiers::value))
            .load::<(PatientId, String, String)>(self.connection)?;
        known.sort_unstable();
        for id in &ids {
            self.saw(*id);
        }
        let of = |id: PatientId| known.iter().filter(move |(patient, ..)| *patient == id);
        let identifiers =
            |id| of(id).map(|(_, system, value)| Identifier { system: system.clone(), value: value.clone() }).collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let known = identifiers(row.id);
                row.into_patient(known)
            })
            .collect())
    }
}

impl Change<'_> {
    /// The next number of this clinic's patients; never the same twice.
    ///
    /// # Errors
    /// When the database says no.
    pub fn next_mrn(&mut self) -> Result<String> {
        #[derive(QueryableByName)]
        struct Counter {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let counter: Counter = diesel::sql_query(
            "INSERT INTO clinic_counters (clinic_id, name, n) VALUES ($1, $2, 1) \
             ON CONFLICT (clinic_id, name) DO UPDATE SET n = clinic_counters.n + 1 RETURNING n",
        )
        .bind::<super::column::DbUuid, _>(self.clinic())
        .bind::<diesel::sql_types::Text, _>(MRN_COUNTER)
        .get_result(self.connection)?;
        Ok(numbered_mrn(counter.n))
    }

    /// Whether another patient of this clinic has this number.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn mrn_is_taken(&mut self, mrn: &str, by_other_than: PatientId) -> Result<bool> {
        let other = patients::table
            .filter(patients::clinic_id.eq(self.clinic()))
            .filter(patients::mrn_key.eq(mrn_key(mrn)))
            .filter(patients::id.ne(by_other_than));
        Ok(diesel::select(diesel::dsl::exists(other)).get_result(self.connection)?)
    }

    /// Adds a patient.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the number is taken.
    pub fn insert_patient(&mut self, patient: &Patient) -> Result<()> {
        diesel::insert_into(patients::table).values(Row::of(self.clinic(), patient)).execute(self.connection)?;
        for identifier in &patient.who.identifiers {
            self.insert_identifier(patient.id, identifier)?;
        }
        Ok(())
    }

    /// Keeps a changed patient; `patient.version` is the version after the change.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed the patient since, [`StoreError::Duplicate`] when the number is
    /// taken.
    pub fn update_patient(&mut self, before: &Patient, patient: &Patient) -> Result<()> {
        let row = patients::table.find((self.clinic(), patient.id));
        let changed = diesel::update(row.filter(patients::version.eq(before.version)))
            .set(Row::of(self.clinic(), patient))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(patients::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        for gone in before.who.identifiers.iter().filter(|known| !patient.who.identifiers.contains(known)) {
            self.retire_identifier(patient.id, gone)?;
        }
        for new in patient.who.identifiers.iter().filter(|known| !before.who.identifiers.contains(known)) {
            self.insert_identifier(patient.id, new)?;
        }
        Ok(())
    }

    fn insert_identifier(&mut self, patient: PatientId, identifier: &Identifier) -> Result<()> {
        let id = super::column::AnyId(self.new_id());
        diesel::insert_into(patient_identifiers::table)
            .values((
                patient_identifiers::clinic_id.eq(self.clinic()),
                patient_identifiers::id.eq(id),
                patient_identifiers::version.eq(1_i64),
                patient_identifiers::patient_id.eq(patient),
                patient_identifiers::system.eq(&identifier.system),
                patient_identifiers::value.eq(&identifier.value),
                patient_identifiers::added_at.eq(self.now()),
            ))
            .execute(self.connection)?;
        Ok(())
    }

    fn retire_identifier(&mut self, patient: PatientId, identifier: &Identifier) -> Result<()> {
        let current = patient_identifiers::table
            .filter(patient_identifiers::clinic_id.eq(self.clinic()))
            .filter(patient_identifiers::patient_id.eq(patient))
            .filter(patient_identifiers::system.eq(&identifier.system))
            .filter(patient_identifiers::value.eq(&identifier.value))
            .filter(patient_identifiers::retired_at.is_null());
        diesel::update(current)
            .set((patient_identifiers::retired_at.eq(Some(self.now())), patient_identifiers::version.eq(2_i64)))
            .execute(self.connection)?;
        Ok(())
    }
}
