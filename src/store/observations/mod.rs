//! The flowsheet: rows are added and read whole, never changed.

mod bedside;
mod row;

use super::error::Result;
use super::schema::observations::observations;
use super::schema::sessions::sessions;
use super::transaction::{Change, Gather, Held};
use crate::domain::id::{ObservationId, PatientId, SessionId};
use crate::domain::monitoring::Verdict;
use crate::domain::observation::Observation;
use crate::store::prepared::Prepared;
use diesel::prelude::*;
use row::Row;

impl Gather<'_> {
    /// Every row of these sessions, corrected ones too, oldest first, each with what it was judged to be. The session
    /// they belong to is loaded with them, so the patient is noted there.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn observations(&mut self, sessions: &[SessionId], _held: Held) -> Result<Vec<(Observation, Verdict)>> {
        let rows: Vec<Row> = observations::table
            .filter(observations::clinic_id.eq(self.clinic()))
            .filter(observations::session_id.eq_any(sessions.to_vec()))
            .order((observations::session_id, observations::occurred_at, observations::id))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(Row::into_judged).collect()
    }

    /// The rows of these sessions from before their drug began, and what was corrected of them.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn observations_before_drug(&mut self, of: &[SessionId], _held: Held) -> Result<Vec<Observation>> {
        let own_session = sessions::clinic_id.eq(observations::clinic_id);
        let rows: Vec<Row> = observations::table
            .inner_join(sessions::table.on(own_session.and(sessions::id.eq(observations::session_id))))
            .filter(observations::clinic_id.eq(self.clinic()))
            .filter(observations::session_id.eq_any(of.to_vec()))
            .filter(sessions::started_at.ge(observations::occurred_at.nullable()))
            .order((observations::session_id, observations::occurred_at, observations::id))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(|row| Ok(row.into_judged()?.0)).collect()
    }

    /// Where a row belongs: what to lock before it is read.
    ///
    /// # Errors
    /// [`super::StoreError::NotFound`] when there is none.
    pub fn session_of_observation(&mut self, id: ObservationId) -> Result<(PatientId, SessionId)> {
        let row = observations::table.find((self.clinic(), id));
        Ok(row.select((observations::patient_id, observations::session_id)).first(self.connection)?)
    }
}

impl Change<'_> {
    /// Keeps a row with what it was judged to be.
    ///
    /// # Errors
    /// [`super::StoreError::Duplicate`] when somebody corrected the same row at the same time.
    pub fn insert_observation(&mut self, row: &Observation, verdict: &Verdict) -> Result<()> {
        let row = Row::of(self.clinic(), row, verdict)?;
        Prepared(diesel::insert_into(observations::table).values(&row)).execute(self.connection)?;
        Ok(())
    }
}
