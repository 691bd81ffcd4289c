//! Sessions in lists: pages, the board, the patients' names beside them.

use super::row::Row;
use crate::domain::id::{PatientId, RoomId, SessionId, StaffId};
use crate::domain::patient;
use crate::domain::session::{Session, SessionEvent, SessionState};
use crate::domain::time::{Date, Timestamp};
use crate::store::column::DateColumn;
use crate::store::error::Result;
use crate::store::schema::patients::patients;
use crate::store::schema::sessions::sessions;
use crate::store::transaction::Gather;
use diesel::prelude::*;

/// Which sessions a list shows; what is absent asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// In this state.
    pub state: Option<SessionState>,
    /// Booked from this instant on.
    pub from: Option<Timestamp>,
    /// Booked before this instant.
    pub until: Option<Timestamp>,
    /// Of this patient.
    pub patient: Option<PatientId>,
    /// In this chair.
    pub room: Option<RoomId>,
    /// With this person as nurse, prescriber or in charge.
    pub staff: Option<StaffId>,
}

/// One page of a list, in the order of booked times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPage {
    /// The sessions.
    pub items: Vec<Session>,
    /// Where the next page begins; none on the last.
    pub next: Option<SessionCursor>,
}

/// The last session of a page: its booked time and id.
pub type SessionCursor = (Timestamp, SessionId);

/// How a patient is shown beside a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientLabel {
    /// Who.
    pub id: PatientId,
    /// Family name.
    pub family_name: String,
    /// Given name, if there is one.
    pub given_name: Option<String>,
    /// Birth date: the second identifier.
    pub birth_date: Date,
    /// The clinic's number.
    pub mrn: String,
}

impl PatientLabel {
    /// `Rivera, Ana`: as the patient's own record shows it.
    pub fn display_name(&self) -> String {
        patient::display_name(&self.family_name, self.given_name.as_deref())
    }

    /// The first letter of each name.
    pub fn initials(&self) -> String {
        patient::initials(&self.family_name, self.given_name.as_deref())
    }
}

impl Gather<'_> {
    /// The sessions a list shows, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn sessions(&mut self, of: &SessionFilter, after: Option<&SessionCursor>, limit: u16) -> Result<SessionPage> {
        let mut query = sessions::table.filter(sessions::clinic_id.eq(self.clinic())).into_boxed();
        if let Some(state) = of.state {
            query = query.filter(sessions::state.eq(state));
        }
        if let Some(from) = of.from {
            query = query.filter(sessions::scheduled_start_at.ge(from));
        }
        if let Some(until) = of.until {
            query = query.filter(sessions::scheduled_start_at.lt(until));
        }
        if let Some(patient) = of.patient {
            query = query.filter(sessions::patient_id.eq(patient));
        }
        if let Some(room) = of.room {
            query = query.filter(sessions::room_id.eq(room));
        }
        if let Some(staff) = of.staff {
            let takes_part =
                sessions::nurse_id.eq(staff).or(sessions::prescriber_id.eq(staff)).or(sessions::owner_id.eq(staff));
            query = query.filter(takes_part);
        }
        if let Some((at, id)) = after {
            let same_time = sessions::scheduled_start_at.eq(*at).and(sessions::id.gt(*id));
            query = query.filter(sessions::scheduled_start_at.gt(*at).or(same_time));
        }
        in_sight!(self, query, sessions::patient_id);
        let mut rows: Vec<Row> = query
            .order((sessions::scheduled_start_at, sessions::id))
            .limit(i64::from(limit) + 1)
            .select(Row::as_select())
            .load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| (row.scheduled_start_at, row.id));
        Ok(SessionPage { items: self.seen_sessions(rows), next })
    }

    /// The visits somebody is in charge of that are not closed yet, those of a completed record too.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn sessions_owned_by(&mut self, staff: StaffId) -> Result<Vec<Session>> {
        let mut query = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::owner_id.eq(staff))
            .filter(sessions::locked_at.is_null())
            .into_boxed();
        in_sight!(self, query, sessions::patient_id);
        let rows: Vec<Row> =
            query.order((sessions::scheduled_start_at, sessions::id)).select(Row::as_select()).load(self.connection)?;
        let open = self.seen_sessions(rows).into_iter().filter(|session| session.allows(SessionEvent::Handover));
        Ok(open.collect())
    }

    /// The visits that hold somebody's time, booked or going on, as nurse, prescriber or in charge; earliest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn sessions_held_by(&mut self, staff: StaffId) -> Result<Vec<Session>> {
        let held: Vec<SessionState> = SessionState::ALL.iter().copied().filter(|state| state.holds_booking()).collect();
        let takes_part =
            sessions::nurse_id.eq(staff).or(sessions::prescriber_id.eq(staff)).or(sessions::owner_id.eq(staff));
        let mut query = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::state.eq_any(held))
            .filter(takes_part)
            .into_boxed();
        in_sight!(self, query, sessions::patient_id);
        let rows: Vec<Row> =
            query.order((sessions::scheduled_start_at, sessions::id)).select(Row::as_select()).load(self.connection)?;
        Ok(self.seen_sessions(rows))
    }

    /// The sessions of a board: those booked between two instants, and those still live whenever they were booked.
    ///
    /// Those of charts that may not be seen are among them, because their chairs are taken all the same; a board says
    /// no more of them ([`Sight::shows`](crate::store::Sight::shows)).
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn board_sessions(&mut self, from: Timestamp, until: Timestamp) -> Result<Vec<Session>> {
        let live: Vec<SessionState> = SessionState::ALL.iter().copied().filter(|state| state.is_live()).collect();
        let of_the_day = sessions::scheduled_start_at.ge(from).and(sessions::scheduled_start_at.lt(until));
        let rows: Vec<Row> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(of_the_day.or(sessions::state.eq_any(live)))
            .order((sessions::scheduled_start_at, sessions::id))
            .select(Row::as_select())
            .load(self.connection)?;
        self.sight_of_list();
        let sight = self.sight().clone();
        self.saw_each(rows.iter().map(|row| row.patient_id).filter(|patient| sight.shows(*patient)));
        Ok(rows.into_iter().map(Row::into_session).collect())
    }

    /// How these patients are shown.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn patient_labels(&mut self, ids: &[PatientId]) -> Result<Vec<PatientLabel>> {
        let rows = patients::table
            .filter(patients::clinic_id.eq(self.clinic()))
            .filter(patients::id.eq_any(ids.to_vec()))
            .select((patients::id, patients::family_name, patients::given_name, patients::birth_date, patients::mrn))
            .load::<(PatientId, String, Option<String>, DateColumn, String)>(self.connection)?;
        let label = |(id, family_name, given_name, birth_date, mrn): (_, _, _, DateColumn, _)| PatientLabel {
            id,
            family_name,
            given_name,
            birth_date: birth_date.0,
            mrn,
        };
        for id in ids {
            self.saw(*id);
        }
        Ok(rows.into_iter().map(label).collect())
    }
}
