//! Who is in the house.

use crate::access::role::Role;
use crate::domain::id::{ClinicId, PatientId, SessionId, StaffId};
use crate::domain::presence::Presence;
use crate::domain::route::Route;
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;
use crate::store::error::{Result, StoreError};
use crate::store::schema::foundation::{signing_tokens, staff_roles};
use crate::store::schema::sessions::sessions;
use crate::store::schema::visits::presence;
use crate::store::transaction::{Change, Gather};
use diesel::dsl::max;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = presence)]
struct Row {
    clinic_id: ClinicId,
    staff_id: StaffId,
    version: i64,
    on_site_until: Option<Timestamp>,
    said_at: Timestamp,
}

impl From<Row> for Presence {
    fn from(row: Row) -> Self {
        Self { staff: row.staff_id, until: row.on_site_until, said_at: row.said_at, version: row.version }
    }
}

impl Gather<'_> {
    /// What a person said last about being here.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn presence_of(&mut self, person: StaffId) -> Result<Option<Presence>> {
        let row = presence::table.find((self.clinic(), person)).select(Row::as_select());
        Ok(row.first(self.connection).optional()?.map(Presence::from))
    }

    /// The prescribers who are in the house now, by their word or by a signature of the last `hours`.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn prescribers_on_site(&mut self, hours: i64) -> Result<Vec<StaffId>> {
        let (clinic, now) = (self.clinic(), self.now());
        let prescribers: Vec<StaffId> = staff_roles::table
            .filter(staff_roles::clinic_id.eq(clinic))
            .filter(staff_roles::role.eq(Role::Prescriber))
            .filter(staff_roles::retired_at.is_null())
            .select(staff_roles::staff_id)
            .load(self.connection)?;
        let spoken: Vec<Row> = presence::table
            .filter(presence::clinic_id.eq(clinic))
            .filter(presence::staff_id.eq_any(&prescribers))
            .select(Row::as_select())
            .load(self.connection)?;
        let spoken: Vec<Presence> = spoken.into_iter().map(Presence::from).collect();
        let signed: Vec<(StaffId, Option<Timestamp>)> = signing_tokens::table
            .filter(signing_tokens::clinic_id.eq(clinic))
            .filter(signing_tokens::staff_id.eq_any(&prescribers))
            .filter(signing_tokens::spent_at.ge(now.plus_minutes(-hours * 60)))
            .group_by(signing_tokens::staff_id)
            .select((signing_tokens::staff_id, max(signing_tokens::spent_at)))
            .load(self.connection)?;
        let is_here = |person: &StaffId| {
            let said = spoken.iter().find(|presence| presence.staff == *person);
            let acted = signed.iter().find(|(staff, _)| staff == person).and_then(|(_, at)| *at);
            Presence::is_on_site(said, acted, hours, now)
        };
        Ok(prescribers.into_iter().filter(is_here).collect())
    }
}

impl Gather<'_> {
    /// The visits in which drug runs or is paused.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn running_visits(&mut self) -> Result<Vec<Visit>> {
        let running: Vec<(SessionId, PatientId, Route)> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::state.eq_any([SessionState::InProgress, SessionState::Paused]))
            .select((sessions::id, sessions::patient_id, sessions::route))
            .load(self.connection)?;
        Ok(running.into_iter().map(|(session, patient, route)| Visit { session, patient, route }).collect())
    }
}

impl Gather<'_> {
    /// What these people said.
    pub(in crate::store) fn presence_by_id(&mut self, ids: &[StaffId]) -> Result<Vec<Presence>> {
        let rows: Vec<Row> = presence::table
            .filter(presence::clinic_id.eq(self.clinic()))
            .filter(presence::staff_id.eq_any(ids.to_vec()))
            .select(Row::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Presence::from).collect())
    }

    /// The visits of these sessions.
    pub(super) fn visits_of(&mut self, of: impl Iterator<Item = SessionId>) -> Result<Vec<Visit>> {
        let found: Vec<(SessionId, PatientId, Route)> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::id.eq_any(of.collect::<Vec<_>>()))
            .select((sessions::id, sessions::patient_id, sessions::route))
            .load(self.connection)?;
        Ok(found.into_iter().map(|(session, patient, route)| Visit { session, patient, route }).collect())
    }
}

impl Change<'_> {
    /// Keeps what a person said; `presence.version` is the version after it.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the same person said something else at the same time.
    pub fn keep_presence(&mut self, said: &Presence) -> Result<()> {
        let row = Row {
            clinic_id: self.clinic(),
            staff_id: said.staff,
            version: said.version,
            on_site_until: said.until,
            said_at: said.said_at,
        };
        if said.version == 1 {
            diesel::insert_into(presence::table).values(&row).execute(self.connection)?;
            return Ok(());
        }
        let before = presence::table.find((row.clinic_id, row.staff_id)).filter(presence::version.eq(said.version - 1));
        let changed = diesel::update(before)
            .set((
                presence::version.eq(row.version),
                presence::on_site_until.eq(row.on_site_until),
                presence::said_at.eq(row.said_at),
            ))
            .execute(self.connection)?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Stale { current_version: said.version }) }
    }
}
