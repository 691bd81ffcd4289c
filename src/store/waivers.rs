//! Waivers of a second person: set, ended, and asked at each act that one person does alone.

use super::error::Result;
use super::schema::waivers::two_person_waivers;
use super::transaction::{Change, Gather};
use crate::domain::event::Event;
use crate::domain::id::{ClinicId, StaffId, WaiverId};
use crate::domain::time::Timestamp;
use crate::domain::waiver::{Waivable, Waiver};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = two_person_waivers, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: WaiverId,
    version: i64,
    permission: Waivable,
    reason: String,
    set_by: Option<StaffId>,
    set_at: Timestamp,
    ends_at: Timestamp,
    ended_by: Option<StaffId>,
    ended_at: Option<Timestamp>,
}

impl Row {
    fn of(clinic_id: ClinicId, waiver: &Waiver) -> Self {
        let Waiver { id, version, permission, reason, set_by, set_at, ends_at, ended_by, ended_at } = waiver.clone();
        Self { clinic_id, id, version, permission, reason, set_by, set_at, ends_at, ended_by, ended_at }
    }

    fn into_waiver(self) -> Waiver {
        let Self { id, version, permission, reason, set_by, set_at, ends_at, ended_by, ended_at, .. } = self;
        Waiver { id, version, permission, reason, set_by, set_at, ends_at, ended_by, ended_at }
    }
}

impl Gather<'_> {
    /// Every waiver there is or was, the newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn waivers(&mut self) -> Result<Vec<Waiver>> {
        let rows: Vec<Row> = two_person_waivers::table
            .filter(two_person_waivers::clinic_id.eq(self.clinic()))
            .order((two_person_waivers::set_at.desc(), two_person_waivers::id.desc()))
            .select(Row::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Row::into_waiver).collect())
    }

    /// A waiver of this clinic.
    ///
    /// # Errors
    /// [`super::StoreError::NotFound`] when there is none.
    pub fn waiver(&mut self, id: WaiverId) -> Result<Waiver> {
        let row = two_person_waivers::table.find((self.clinic(), id)).select(Row::as_select());
        Ok(row.first::<Row>(self.connection)?.into_waiver())
    }

    /// These waivers, for the verifier.
    pub(super) fn waivers_by_id(&mut self, ids: &[WaiverId]) -> Result<Vec<Waiver>> {
        let rows = by_id!(self, two_person_waivers, Row, ids);
        Ok(rows.into_iter().map(Row::into_waiver).collect())
    }

    /// Whether one person may do this alone now.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn is_waived(&mut self, permission: Waivable) -> Result<bool> {
        let now = self.now();
        Ok(self.open_waiver(permission)?.is_some_and(|waiver| waiver.holds(now)))
    }

    /// The waiver of this permission that nobody ended, run out or not.
    fn open_waiver(&mut self, permission: Waivable) -> Result<Option<Waiver>> {
        let row = two_person_waivers::table
            .filter(two_person_waivers::clinic_id.eq(self.clinic()))
            .filter(two_person_waivers::permission.eq(permission))
            .filter(two_person_waivers::ended_at.is_null())
            .select(Row::as_select());
        Ok(row.first::<Row>(self.connection).optional()?.map(Row::into_waiver))
    }
}

impl Change<'_> {
    /// Keeps a new waiver; it ends the one of the same permission that nobody ended. Lock the clinic first.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_waiver(&mut self, waiver: &Waiver) -> Result<Option<Event>> {
        let ended = match self.open_waiver(waiver.permission)? {
            Some(before) => {
                let (before, event) = before.end(waiver.set_by, waiver.set_at)?;
                self.update_waiver(&before)?;
                Some(event)
            }
            None => None,
        };
        let row = Row::of(self.clinic(), waiver);
        diesel::insert_into(two_person_waivers::table).values(&row).execute(self.connection)?;
        Ok(ended)
    }

    /// Keeps that it ended.
    ///
    /// # Errors
    /// When the database says no.
    pub fn update_waiver(&mut self, waiver: &Waiver) -> Result<()> {
        let row = Row::of(self.clinic(), waiver);
        diesel::update(two_person_waivers::table.find((self.clinic(), waiver.id)))
            .set(&row)
            .execute(self.connection)?;
        Ok(())
    }
}
