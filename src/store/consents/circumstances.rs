//! Changes in a patient's life that call for a new consent.

use crate::domain::consent::{Circumstance, CircumstanceKind, Made, NewCircumstance, Retraction};
use crate::domain::event::Event;
use crate::domain::id::{CircumstanceId, ClinicId, PatientId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::error::{Result, StoreError};
use crate::store::schema::consents::consent_circumstances;
use crate::store::transaction::{Change, Gather, Held};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = consent_circumstances, primary_key(clinic_id, id), treat_none_as_null = true)]
struct CircumstanceRow {
    clinic_id: ClinicId,
    id: CircumstanceId,
    version: i64,
    patient_id: PatientId,
    kind: CircumstanceKind,
    began_at: Timestamp,
    note: String,
    recorded_by: StaffId,
    recorded_at: Timestamp,
    retract_reason: Option<String>,
    retracted_by: Option<StaffId>,
    retracted_at: Option<Timestamp>,
}

impl CircumstanceRow {
    fn of(clinic_id: ClinicId, one: &Circumstance) -> Self {
        let retraction = one.retraction.as_ref();
        Self {
            clinic_id,
            id: one.id,
            version: one.version,
            patient_id: one.patient,
            kind: one.kind,
            began_at: one.began_at,
            note: one.note.clone(),
            recorded_by: one.recorded_by,
            recorded_at: one.recorded_at,
            retract_reason: retraction.map(|retraction| retraction.reason.clone()),
            retracted_by: retraction.map(|retraction| retraction.by),
            retracted_at: retraction.map(|retraction| retraction.at),
        }
    }

    fn into_circumstance(self) -> Circumstance {
        let retraction = match (self.retract_reason, self.retracted_by, self.retracted_at) {
            (Some(reason), Some(by), Some(at)) => Some(Retraction { reason, by, at }),
            _ => None,
        };
        Circumstance {
            id: self.id,
            version: self.version,
            patient: self.patient_id,
            kind: self.kind,
            began_at: self.began_at,
            note: self.note,
            recorded_by: self.recorded_by,
            recorded_at: self.recorded_at,
            retraction,
        }
    }
}

impl Gather<'_> {
    /// What changed in these patients' lives, retracted or not, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn circumstances_of(&mut self, patients: &[PatientId], _held: Held) -> Result<Vec<Circumstance>> {
        self.saw_each(patients.iter().copied());
        let rows: Vec<CircumstanceRow> = consent_circumstances::table
            .filter(consent_circumstances::clinic_id.eq(self.clinic()))
            .filter(consent_circumstances::patient_id.eq_any(patients.to_vec()))
            .order((consent_circumstances::recorded_at, consent_circumstances::id))
            .select(CircumstanceRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(CircumstanceRow::into_circumstance).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn circumstance(&mut self, id: CircumstanceId) -> Result<Circumstance> {
        let row = consent_circumstances::table.find((self.clinic(), id)).select(CircumstanceRow::as_select());
        let one = row.first(self.connection)?.into_circumstance();
        self.saw(one.patient);
        Ok(one)
    }

    /// Whose it is: what to lock before it is read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn patient_of_circumstance(&mut self, id: CircumstanceId) -> Result<PatientId> {
        let row = consent_circumstances::table.find((self.clinic(), id)).select(consent_circumstances::patient_id);
        Ok(row.first(self.connection)?)
    }
}

impl Gather<'_> {
    /// The changes of these ids.
    pub(in crate::store) fn circumstances_by_id(&mut self, ids: &[CircumstanceId]) -> Result<Vec<Circumstance>> {
        let rows = by_id!(self, consent_circumstances, CircumstanceRow, ids);
        Ok(rows.into_iter().map(CircumstanceRow::into_circumstance).collect())
    }
}

impl Change<'_> {
    /// Notes a change that a diagnosis says, unless one of its kind is known and not retracted.
    ///
    /// # Errors
    /// When the database says no.
    pub fn note_with_diagnosis(
        &mut self,
        held: Held,
        patient: PatientId,
        kind: CircumstanceKind,
    ) -> Result<Option<Event>> {
        let known = self.circumstances_of(&[patient], held)?;
        if known.iter().any(|one| one.kind == kind && one.retraction.is_none()) {
            return Ok(None);
        }
        let new = NewCircumstance { patient, kind, began_at: None, note: "From the list of diagnoses.".to_owned() };
        let made = Made { id: self.new_id(), by: self.person()?.staff, at: self.now() };
        let (one, event) = Circumstance::note(new, made)?;
        self.insert_circumstance(&one)?;
        Ok(Some(event))
    }

    /// Keeps a change.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_circumstance(&mut self, one: &Circumstance) -> Result<()> {
        let row = CircumstanceRow::of(self.clinic(), one);
        diesel::insert_into(consent_circumstances::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a retracted one; `version` is one more than the row's.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody retracted it since.
    pub fn update_circumstance(&mut self, one: &Circumstance) -> Result<()> {
        let row = consent_circumstances::table.find((self.clinic(), one.id));
        let changed = diesel::update(row.filter(consent_circumstances::version.eq(one.version - 1)))
            .set(CircumstanceRow::of(self.clinic(), one))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(consent_circumstances::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
