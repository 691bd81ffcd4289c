//! Restrictions of patients' charts: set, ended, read.

use super::error::{Result, StoreError};
use super::schema::foundation::staff;
use super::schema::restrictions::{patient_restriction_readers, patient_restrictions};
use super::transaction::{Change, Gather};
use crate::domain::id::{ClinicId, PatientId, RestrictionId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::restriction::Restriction;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = patient_restrictions, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: RestrictionId,
    version: i64,
    patient_id: PatientId,
    reason: String,
    set_by: StaffId,
    set_at: Timestamp,
    ended_by: Option<StaffId>,
    ended_at: Option<Timestamp>,
}

impl Row {
    fn of(clinic_id: ClinicId, restriction: &Restriction) -> Self {
        let Restriction { id, version, patient, reason, set_by, set_at, ended_by, ended_at, .. } = restriction.clone();
        Self { clinic_id, id, version, patient_id: patient, reason, set_by, set_at, ended_by, ended_at }
    }

    fn into_restriction(self, readers: Vec<StaffId>) -> Restriction {
        let Self { id, version, patient_id, reason, set_by, set_at, ended_by, ended_at, .. } = self;
        Restriction { id, version, patient: patient_id, reason, readers, set_by, set_at, ended_by, ended_at }
    }
}

impl Gather<'_> {
    /// The restriction of a patient's chart that is in force, if any.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the chart may not be seen.
    pub fn restriction_of(&mut self, patient: PatientId) -> Result<Option<Restriction>> {
        self.show(patient)?;
        let row: Option<Row> = patient_restrictions::table
            .filter(patient_restrictions::clinic_id.eq(self.clinic()))
            .filter(patient_restrictions::patient_id.eq(patient))
            .filter(patient_restrictions::ended_at.is_null())
            .select(Row::as_select())
            .first(self.connection)
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        let readers = self.readers_of(row.id)?;
        Ok(Some(row.into_restriction(readers)))
    }

    /// Those of these ids.
    pub(super) fn restrictions_by_id(&mut self, ids: &[RestrictionId]) -> Result<Vec<Restriction>> {
        let rows = by_id!(self, patient_restrictions, Row, ids);
        let whole = |row: Row| {
            let readers = self.readers_of(row.id)?;
            Ok(row.into_restriction(readers))
        };
        rows.into_iter().map(whole).collect()
    }

    fn readers_of(&mut self, restriction: RestrictionId) -> Result<Vec<StaffId>> {
        Ok(patient_restriction_readers::table
            .filter(patient_restriction_readers::clinic_id.eq(self.clinic()))
            .filter(patient_restriction_readers::patient_restriction_id.eq(restriction))
            .order(patient_restriction_readers::staff_id)
            .select(patient_restriction_readers::staff_id)
            .load(self.connection)?)
    }

    /// Whether a patient's chart is closed to whoever acts, but for their glass.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn is_closed_to_me(&mut self, patient: PatientId) -> Result<bool> {
        let me = self.person()?.staff;
        let in_force = patient_restrictions::table
            .filter(patient_restrictions::clinic_id.eq(self.clinic()))
            .filter(patient_restrictions::patient_id.eq(patient))
            .filter(patient_restrictions::ended_at.is_null())
            .select(patient_restrictions::id);
        let Some(id) = in_force.first::<RestrictionId>(self.connection).optional()? else { return Ok(false) };
        let named = patient_restriction_readers::table.find((self.clinic(), id, me));
        Ok(!diesel::select(diesel::dsl::exists(named)).get_result::<bool>(self.connection)?)
    }
}

impl Change<'_> {
    /// Keeps a new restriction and those it names.
    ///
    /// # Errors
    /// A field error when somebody it names is none of this clinic.
    pub fn insert_restriction(&mut self, restriction: &Restriction) -> Result<()> {
        let known: i64 = staff::table
            .filter(staff::clinic_id.eq(self.clinic()))
            .filter(staff::id.eq_any(restriction.readers.clone()))
            .count()
            .get_result(self.connection)?;
        if usize::try_from(known) != Ok(restriction.readers.len()) {
            let detail = "names somebody who does not work in this clinic";
            return Err(Refusal::invalid("/staff_ids", "not_found", detail).into());
        }
        let row = Row::of(self.clinic(), restriction);
        diesel::insert_into(patient_restrictions::table).values(row).execute(self.connection)?;
        for reader in &restriction.readers {
            diesel::insert_into(patient_restriction_readers::table)
                .values((
                    patient_restriction_readers::clinic_id.eq(self.clinic()),
                    patient_restriction_readers::patient_restriction_id.eq(restriction.id),
                    patient_restriction_readers::staff_id.eq(reader),
                ))
                .execute(self.connection)?;
        }
        Ok(())
    }

    /// Keeps an ended restriction, one version ahead of what is there.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody ended it since.
    pub fn update_restriction(&mut self, restriction: &Restriction) -> Result<()> {
        let row = patient_restrictions::table.find((self.clinic(), restriction.id));
        let changed = diesel::update(row.filter(patient_restrictions::version.eq(restriction.version - 1)))
            .set(Row::of(self.clinic(), restriction))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(patient_restrictions::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
