//! When staff are away, and which visits are theirs.

use super::error::Result;
use super::schema::foundation::staff_absences;
use super::transaction::{Change, Gather};
use crate::domain::absence::Absence;
use crate::domain::id::{AbsenceId, ClinicId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = staff_absences)]
struct Row {
    clinic_id: ClinicId,
    id: AbsenceId,
    staff_id: StaffId,
    from_at: Timestamp,
    to_at: Timestamp,
    reason: String,
    recorded_by: StaffId,
    recorded_at: Timestamp,
}

impl From<Row> for Absence {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            staff: row.staff_id,
            from: row.from_at,
            to: row.to_at,
            reason: row.reason,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}

impl Gather<'_> {
    /// When a member of staff is or will be away, earliest first; what is over is left out.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn absences_of(&mut self, staff: StaffId) -> Result<Vec<Absence>> {
        let rows: Vec<Row> = staff_absences::table
            .filter(staff_absences::clinic_id.eq(self.clinic()))
            .filter(staff_absences::staff_id.eq(staff))
            .filter(staff_absences::to_at.gt(self.now()))
            .order((staff_absences::from_at, staff_absences::id))
            .select(Row::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Absence::from).collect())
    }
}

impl Gather<'_> {
    /// The absences of these ids.
    pub(super) fn absences_by_id(&mut self, ids: &[AbsenceId]) -> Result<Vec<Absence>> {
        let rows = by_id!(self, staff_absences, Row, ids);
        Ok(rows.into_iter().map(Absence::from).collect())
    }
}

impl Change<'_> {
    /// Keeps an absence.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_absence(&mut self, of: &Absence) -> Result<()> {
        let row = Row {
            clinic_id: self.clinic(),
            id: of.id,
            staff_id: of.staff,
            from_at: of.from,
            to_at: of.to,
            reason: of.reason.clone(),
            recorded_by: of.recorded_by,
            recorded_at: of.recorded_at,
        };
        diesel::insert_into(staff_absences::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
