//! Before the record is locked.

use crate::domain::readiness::CloseFacts;
use crate::domain::session::Session;
use crate::domain::task::TaskKind;
use crate::store::error::Result;
use crate::store::transaction::{Gather, Held};

/// Work that goes on after the record is locked: a discrepancy case, a sealed bag, the call after the visit, and what
/// is about the patient and not about this visit (decisions.md 2, 17).
const OUTLIVES_THE_CLOSE: [TaskKind; 6] = [
    TaskKind::Discrepancy,
    TaskKind::WasteCosign,
    TaskKind::FollowUp,
    TaskKind::UnclosedSession,
    TaskKind::ConsentExpiring,
    TaskKind::WithdrawalQuestion,
];

impl Gather<'_> {
    /// Everything a close of this session depends on.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn close_facts(&mut self, held: Held, session: &Session) -> Result<CloseFacts> {
        let (visit, now) = (session.visit(), self.now());
        let tasks = self.open_tasks_of(&[visit.session])?;
        Ok(CloseFacts {
            session: visit.session,
            books: self.infusion(session.clone(), held)?.books(now),
            settlement: self.newest_settlement(visit)?,
            open_alerts: self.open_alerts(visit.session)?.iter().map(|alert| alert.id).collect(),
            open_tasks: tasks
                .iter()
                .filter(|task| !OUTLIVES_THE_CLOSE.contains(&task.kind))
                .map(|task| task.id)
                .collect(),
            pump_unconfirmed: session.pump_unconfirmed(),
        })
    }
}
