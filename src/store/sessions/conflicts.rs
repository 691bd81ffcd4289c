//! A visit that overran and the booking it keeps waiting: the front desk is told, nobody is refused or cut
//! (decisions.md 3).

use super::lists::SessionFilter;
use crate::domain::event::Event;
use crate::domain::id::SessionId;
use crate::domain::session::Session;
use crate::domain::session::board::kept_waiting;
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::domain::time::day_bounds;
use crate::store::error::Result;
use crate::store::schema::alerts::tasks;
use crate::store::schema::sessions::sessions;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;

/// More bookings than a chair has in a day.
const MOST_BOOKINGS: u16 = 200;

impl Gather<'_> {
    /// The bookings of today that this visit keeps from its chair.
    fn bookings_kept_waiting(&mut self, by: &Session) -> Result<Vec<Session>> {
        let now = self.now();
        if !by.state.is_in_the_chair() || now <= by.slot.ends_at {
            return Ok(Vec::new());
        }
        let until = day_bounds(now.date_in(&self.zone()?), &self.zone()?).map(|(_, until)| until);
        let filter = SessionFilter {
            room: Some(by.slot.room_id),
            from: Some(by.slot.starts_at),
            until,
            ..SessionFilter::default()
        };
        let in_this_chair = self.aside(|tx| tx.sessions(&filter, None, MOST_BOOKINGS))?.items;
        Ok(kept_waiting(by, &in_this_chair, now).into_iter().cloned().collect())
    }

    /// Whether the front desk was told of this booking since the visit before it overran.
    fn was_told(&mut self, booking: SessionId, by: &Session) -> Result<bool> {
        let told = tasks::table
            .filter(tasks::clinic_id.eq(self.clinic()))
            .filter(tasks::kind.eq(TaskKind::ChairConflict))
            .filter(tasks::session_id.eq(booking))
            .filter(tasks::opened_at.gt(by.slot.ends_at));
        Ok(diesel::select(diesel::dsl::exists(told)).get_result(self.connection)?)
    }
}

impl Change<'_> {
    /// Tells the front desk once of each booking that a visit keeps waiting: they call the patient, or find another
    /// chair.
    ///
    /// # Errors
    /// When the database says no.
    pub fn tell_of_conflicts(&mut self, by: &Session) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for booking in self.bookings_kept_waiting(by)? {
            if self.was_told(booking.id, by)? {
                continue;
            }
            events.extend(self.open_task(TaskCause {
                kind: TaskKind::ChairConflict,
                audience: TaskAudience::FrontDesk,
                assignee: None,
                acted_by: None,
                subject: booking.id.uuid(),
                session: Some(booking.id),
                patient: Some(booking.patient_id),
                due_at: booking.slot.starts_at,
            })?);
        }
        Ok(events)
    }

    /// A patient left the chair: nobody waits for it any more.
    ///
    /// # Errors
    /// When the database says no.
    pub fn settle_conflicts_of_chair(&mut self, left: &Session) -> Result<Vec<Event>> {
        let open: Vec<Option<SessionId>> = tasks::table
            .filter(tasks::clinic_id.eq(self.clinic()))
            .filter(tasks::kind.eq(TaskKind::ChairConflict))
            .filter(tasks::done_at.is_null())
            .select(tasks::session_id)
            .load(self.connection)?;
        let open: Vec<SessionId> = open.into_iter().flatten().collect();
        let in_this_chair: Vec<SessionId> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::id.eq_any(open))
            .filter(sessions::room_id.eq(left.slot.room_id))
            .select(sessions::id)
            .load(self.connection)?;
        let mut events = Vec::new();
        for booking in in_this_chair {
            events.extend(self.finish_task(TaskKind::ChairConflict, booking, "the chair is free")?);
        }
        Ok(events)
    }

    /// A booking was moved or called off: it waits for no chair any more.
    ///
    /// # Errors
    /// When the database says no.
    pub fn settle_conflict_of(&mut self, booking: SessionId) -> Result<Option<Event>> {
        self.finish_task(TaskKind::ChairConflict, booking, "the booking was moved or called off")
    }
}
