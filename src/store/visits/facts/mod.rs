//! What a decision about a visit rests on, gathered whole: the same facts make `blocked_by` of a session, the count in a
//! list and the refusal of the act, so the screen and the door cannot disagree.
//!
//! One session and a page of them cost the same number of queries (engineering.md 7.13): each file here gathers for
//! many visits, and the function for one visit asks it for one.

mod close;
mod elsewhere;
mod leave;
mod order;
mod resume;
mod start;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::id::{PatientId, SessionId};
use crate::domain::observation::Observation;
use crate::domain::readiness::{NextStep, unmet_for_close, unmet_for_leaving, unmet_for_resume, unmet_for_start};
use crate::domain::refusal::Unmet;
use crate::domain::session::{Disposition, Session};
use crate::store::error::{Result, StoreError};
use crate::store::transaction::{Gather, Held};
use std::collections::HashMap;

impl Gather<'_> {
    /// What stands in the way of a session's next step: the start of one that is booked or received, the going on of
    /// a paused one, the discharge of a recovering one, the close of one that is over.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn in_the_way(&mut self, held: Held, session: &Session) -> Result<Vec<Unmet>> {
        let mut found = self.in_the_way_of(held, std::slice::from_ref(session))?;
        Ok(found.remove(&session.id).unwrap_or_default())
    }

    /// The same of many sessions, with a number of queries that does not grow with them.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn in_the_way_of(&mut self, held: Held, sessions: &[Session]) -> Result<HashMap<SessionId, Vec<Unmet>>> {
        let now = self.now();
        let that_wait_for =
            |step| sessions.iter().filter(|session| NextStep::of(session) == Some(step)).cloned().collect::<Vec<_>>();
        let mut found = HashMap::new();
        for facts in self.start_facts_of(held, &that_wait_for(NextStep::Start))? {
            found.insert(facts.visit.session, unmet_for_start(&facts, now));
        }
        for facts in self.resume_facts_of(held, &that_wait_for(NextStep::Resume))? {
            found.insert(facts.session, unmet_for_resume(&facts));
        }
        let home = Disposition::HomeWithEscort;
        for facts in self.leave_facts_of(held, &that_wait_for(NextStep::Complete), home)? {
            found.insert(facts.visit.session, unmet_for_leaving(&facts));
        }
        for facts in self.close_facts_of(held, &that_wait_for(NextStep::Close))? {
            found.insert(facts.session, unmet_for_close(&facts));
        }
        Ok(found)
    }

    /// The flowsheet rows of these sessions, superseded ones included.
    fn rows_of(&mut self, sessions: &[Session], held: Held) -> Result<HashMap<SessionId, Vec<Observation>>> {
        let mut rows: HashMap<SessionId, Vec<Observation>> = HashMap::new();
        for (row, _) in self.observations(&ids(sessions), held)? {
            rows.entry(row.session).or_default().push(row);
        }
        Ok(rows)
    }

    /// Alerts of these sessions that nobody has answered.
    fn open_alerts(&mut self, sessions: &[Session]) -> Result<Vec<Alert>> {
        let alerts = self.alerts_of(&ids(sessions))?;
        Ok(alerts.into_iter().filter(|alert| alert.state == AlertState::Open).collect())
    }
}

fn ids(sessions: &[Session]) -> Vec<SessionId> {
    sessions.iter().map(|session| session.id).collect()
}

fn patients(sessions: &[Session]) -> Vec<PatientId> {
    sessions.iter().map(|session| session.patient_id).collect()
}

/// What was gathered for one visit.
fn the_one<T>(mut gathered: Vec<T>) -> Result<T> {
    gathered.pop().ok_or(StoreError::NotFound)
}
