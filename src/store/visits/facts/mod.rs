//! What a decision about a visit rests on, gathered whole: the same facts make `blocked_by` of a session and the
//! refusal of the act, so the screen and the door cannot disagree.

mod close;
mod leave;
mod order;
mod resume;
mod start;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::id::SessionId;
use crate::domain::observation::Observation;
use crate::domain::readiness::{unmet_for_close, unmet_for_leaving, unmet_for_resume, unmet_for_start};
use crate::domain::refusal::Unmet;
use crate::domain::session::{Disposition, Session, SessionState};
use crate::store::error::Result;
use crate::store::transaction::{Gather, Held};

impl Gather<'_> {
    /// What stands in the way of a session's next step: the start of one that is booked or received, the going on of
    /// a paused one, the discharge of a recovering one, the close of one that is over.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn in_the_way(&mut self, held: Held, session: &Session) -> Result<Vec<Unmet>> {
        let now = self.now();
        Ok(match session.state {
            SessionState::Scheduled | SessionState::CheckedIn => {
                unmet_for_start(&self.start_facts(held, session)?, now)
            }
            SessionState::Paused => unmet_for_resume(&self.resume_facts(held, session)?),
            SessionState::Recovery => {
                unmet_for_leaving(&self.leave_facts(held, session, Disposition::HomeWithEscort)?)
            }
            SessionState::Completed | SessionState::Aborted if !session.is_locked() => {
                unmet_for_close(&self.close_facts(held, session)?)
            }
            _ => Vec::new(),
        })
    }

    /// The flowsheet rows of a session, superseded ones included.
    fn rows_of(&mut self, session: SessionId, held: Held) -> Result<Vec<Observation>> {
        Ok(self.observations(&[session], held)?.into_iter().map(|(row, _)| row).collect())
    }

    /// Alerts of a session that nobody has answered.
    fn open_alerts(&mut self, session: SessionId) -> Result<Vec<Alert>> {
        let alerts = self.alerts_of(&[session])?;
        Ok(alerts.into_iter().filter(|alert| alert.state == AlertState::Open).collect())
    }
}
