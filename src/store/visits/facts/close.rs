//! Before the record is locked.

use super::{ids, the_one};
use crate::domain::readiness::CloseFacts;
use crate::domain::session::Session;
use crate::domain::task::TaskKind;
use crate::store::error::Result;
use crate::store::transaction::{Gather, Held};

/// Work that goes on after the record is locked: a discrepancy case, a sealed bag, the call after the visit, and what
/// is about the patient, the chair or a colleague and not about this visit's record (decisions.md 2, 17).
const OUTLIVES_THE_CLOSE: [TaskKind; 8] = [
    TaskKind::Discrepancy,
    TaskKind::WasteCosign,
    TaskKind::FollowUp,
    TaskKind::UnclosedSession,
    TaskKind::ConsentExpiring,
    TaskKind::WithdrawalQuestion,
    TaskKind::HandoverReview,
    TaskKind::ChairConflict,
];

impl Gather<'_> {
    /// Everything a close of this session depends on.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn close_facts(&mut self, held: Held, session: &Session) -> Result<CloseFacts> {
        the_one(self.close_facts_of(held, std::slice::from_ref(session))?)
    }

    /// The same of many sessions, in their order.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn close_facts_of(&mut self, held: Held, sessions: &[Session]) -> Result<Vec<CloseFacts>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.now();
        let visits: Vec<_> = sessions.iter().map(Session::visit).collect();
        let tasks = self.open_tasks_of(&ids(sessions))?;
        let settlements = self.newest_settlements(&visits)?;
        let alerts = self.open_alerts(sessions)?;
        let facts = self.infusions(sessions.to_vec(), held)?.into_iter().map(|infusion| {
            let session = infusion.session.id;
            let holds = tasks.iter().filter(|task| task.session == Some(session));
            CloseFacts {
                session,
                books: infusion.books(now),
                settlement: settlements.iter().find(|settled| settled.visit.session == session).cloned(),
                open_alerts: alerts.iter().filter(|alert| alert.session == session).map(|alert| alert.id).collect(),
                open_tasks: holds.filter(|task| !OUTLIVES_THE_CLOSE.contains(&task.kind)).map(|task| task.id).collect(),
                pump_unconfirmed: infusion.session.pump_unconfirmed(),
            }
        });
        Ok(facts.collect())
    }
}
