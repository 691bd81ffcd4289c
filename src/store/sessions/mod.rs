//! Sessions: the head of each visit, saved step by step, with what it holds.

mod conflicts;
mod history;
mod lists;
mod row;

pub use lists::{PatientLabel, SessionCursor, SessionFilter, SessionPage};

use super::error::{Result, StoreError};
use super::schema::sessions::sessions;
use super::transaction::{Change, Gather, Held};
use crate::domain::id::{PatientId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::policy::Staffing;
use crate::domain::session::{Session, SessionEvent, SessionState, Step};
use crate::domain::time::{Date, Timestamp};
use diesel::prelude::*;
use row::Row;

/// Visits that came to nothing: they count for no series and no spacing.
const CAME_TO_NOTHING: [SessionState; 3] = [SessionState::Cancelled, SessionState::NoShow, SessionState::Aborted];

impl Gather<'_> {
    /// A session of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn session(&mut self, id: SessionId) -> Result<Session> {
        let row: Row = sessions::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.saw(row.patient_id);
        Ok(row.into_session())
    }

    /// The clinic's dates of a patient's visits that count for the spacing of a series, but for one of them.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn visit_dates(&mut self, held: Held, patient: PatientId, but: Option<SessionId>) -> Result<Vec<Date>> {
        let visits = self.visit_dates_of(held, &[patient])?;
        Ok(visits.into_iter().filter(|(_, id, _)| Some(*id) != but).map(|(_, _, date)| date).collect())
    }

    /// The same of these patients, each date with whose it is and of which visit.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn visit_dates_of(&mut self, _held: Held, patients: &[PatientId]) -> Result<Vec<(PatientId, SessionId, Date)>> {
        let zone = self.zone()?;
        let visits = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::patient_id.eq_any(patients.to_vec()))
            .filter(sessions::state.ne_all(CAME_TO_NOTHING))
            .select((sessions::patient_id, sessions::id, sessions::scheduled_start_at))
            .load::<(PatientId, SessionId, Timestamp)>(self.connection)?;
        Ok(visits.into_iter().map(|(patient, id, at)| (patient, id, at.date_in(&zone))).collect())
    }

    /// The first place that is free in a series: the plan and those it replaced.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn free_place(&mut self, _held: Held, plans: &[TreatmentPlanId], but: Option<SessionId>) -> Result<i64> {
        let places = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::treatment_plan_id.eq_any(plans.to_vec()))
            .filter(sessions::state.ne_all(CAME_TO_NOTHING))
            .select((sessions::id, sessions::sequence_in_plan))
            .load::<(SessionId, Option<i64>)>(self.connection)?;
        let used: Vec<i64> =
            places.into_iter().filter(|(id, _)| Some(*id) != but).filter_map(|(_, place)| place).collect();
        let after_all = i64::try_from(used.len()).unwrap_or(i64::MAX - 1) + 1;
        Ok((1..=after_all).find(|place| !used.contains(place)).unwrap_or(after_all))
    }

    /// How many sessions with drug running a person is in charge of, but for one of them (decisions.md 3).
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn infusing_under(&mut self, owner: StaffId, but: SessionId) -> Result<i64> {
        let count = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::owner_id.eq(owner))
            .filter(sessions::id.ne(but))
            .filter(sessions::state.eq_any([SessionState::InProgress, SessionState::Paused]))
            .count()
            .get_result(self.connection)?;
        Ok(count)
    }

    /// The sessions of a plan that were not released yet: they follow its revision (decisions.md 29).
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn unreleased_sessions_of(&mut self, plan: TreatmentPlanId) -> Result<Vec<Session>> {
        let rows: Vec<Row> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::treatment_plan_id.eq(plan))
            .filter(sessions::state.eq_any([SessionState::Scheduled, SessionState::CheckedIn]))
            .filter(sessions::released_at.is_null())
            .order(sessions::id)
            .select(Row::as_select())
            .load(self.connection)?;
        let sessions = self.seen_sessions(rows);
        Ok(sessions.into_iter().filter(|session| session.allows(SessionEvent::Replan)).collect())
    }

    fn seen_sessions(&mut self, rows: Vec<Row>) -> Vec<Session> {
        for row in &rows {
            self.saw(row.patient_id);
        }
        rows.into_iter().map(Row::into_session).collect()
    }
}

impl Gather<'_> {
    /// The sessions of these ids.
    pub(super) fn sessions_by_id(&mut self, ids: &[SessionId]) -> Result<Vec<Session>> {
        let rows = by_id!(self, sessions, Row, ids);
        Ok(rows.into_iter().map(Row::into_session).collect())
    }
}

impl Change<'_> {
    /// Locks a session's patient, then loads the session: whose it is never changes (engineering.md 7.32).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn lock_session(&mut self, id: SessionId) -> Result<(Held, Session)> {
        let patient: PatientId =
            sessions::table.find((self.clinic(), id)).select(sessions::patient_id).first(self.connection)?;
        let held = self.lock_patient(patient)?;
        Ok((held, self.session(id)?))
    }

    /// Keeps a new session and holds what it needs.
    ///
    /// # Errors
    /// [`Refusal::SlotTaken`](crate::domain::refusal::Refusal::SlotTaken) when something is taken.
    pub fn insert_session(&mut self, step: &Step, staffing: &Staffing) -> Result<()> {
        diesel::insert_into(sessions::table).values(Row::of(self.clinic(), &step.session)).execute(self.connection)?;
        self.book(&step.session, staffing)?;
        self.insert_transition(step)
    }

    /// Keeps what an event made of a session; a session that ended gives back what it held.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since.
    pub fn save_step(&mut self, step: &Step) -> Result<()> {
        if step.is_unchanged() {
            return Ok(());
        }
        let session = &step.session;
        let row = sessions::table.find((self.clinic(), session.id));
        let changed = diesel::update(row.filter(sessions::version.eq(session.version - 1)))
            .set(Row::of(self.clinic(), session))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(sessions::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        if !session.state.holds_booking() {
            self.release_bookings(session.id)?;
        }
        self.insert_transition(step)
    }

    /// Keeps a session whose chair, time or people changed, or that is taken up again: books anew.
    ///
    /// # Errors
    /// As [`Self::save_step`], and [`Refusal::SlotTaken`](crate::domain::refusal::Refusal::SlotTaken) when something is taken.
    pub fn save_rebooked(&mut self, step: &Step, staffing: &Staffing) -> Result<()> {
        self.release_bookings(step.session.id)?;
        self.save_step(step)?;
        self.book(&step.session, staffing)
    }

    /// Keeps what a dosing event changed of a session: the pump and the infusion's counter. Its own version and
    /// history stay (decisions.md 19).
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed the infusion since.
    pub fn save_infusion(&mut self, session: &Session) -> Result<()> {
        let row = sessions::table.find((self.clinic(), session.id));
        let changed = diesel::update(row.filter(sessions::infusion_version.eq(session.infusion_version - 1)))
            .set((
                sessions::infusion_version.eq(session.infusion_version),
                sessions::pump_state.eq(session.pump.state),
                sessions::pump_stop_required_at.eq(session.pump.stop_required_at),
                sessions::pump_stopped_at.eq(session.pump.stopped_at),
            ))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(sessions::infusion_version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
