//! Everything that has to be settled before the record of a visit is locked (decisions.md 2).

use super::{Condition, Gate, PUMP_CONFIRM, SETTLEMENT};
use crate::domain::id::{AlertId, SessionId, TaskId};
use crate::domain::refusal::Unmet;
use crate::domain::settlement::{Books, Settlement};

/// What is known about a visit that is over.
#[derive(Debug, Clone)]
pub struct CloseFacts {
    /// Which session.
    pub session: SessionId,
    /// The books as the record has them now; `None` when nothing was prepared or given.
    pub books: Option<Books>,
    /// The newest settlement.
    pub settlement: Option<Settlement>,
    /// Alerts nobody acknowledged.
    pub open_alerts: Vec<AlertId>,
    /// Work on this session that is not done: countersignatures, reviews, notes. A discrepancy case is none of it.
    pub open_tasks: Vec<TaskId>,
    /// Whether somebody still has to say what the pump did.
    pub pump_unconfirmed: bool,
}

/// Every condition in the way of locking the record. An open discrepancy case settles the missing drug, and a sealed
/// bag the missing witness: neither is in the way.
pub fn unmet_for_close(facts: &CloseFacts) -> Vec<Unmet> {
    let gate = |rule| Gate { session: facts.session, rule, version: 1 };
    let mut unmet = Vec::new();
    if facts.pump_unconfirmed {
        let words = "Nobody at the chair has said that the pump stands still.";
        unmet.push(gate("session.close.pump").unmet(Condition::PumpUnconfirmed, words, PUMP_CONFIRM));
    }
    match (facts.books, &facts.settlement) {
        (Some(_), None) => {
            let words = "The drug is not settled: given, wasted, not explained.";
            unmet.push(gate("session.close.settlement").unmet(Condition::SettlementMissing, words, SETTLEMENT));
        }
        (Some(books), Some(settlement)) if settlement.difference_ug(books) != 0 => {
            let words = "The record changed after the settlement: settle again; what was signed stays.";
            let found = gate("session.close.balance").unmet(Condition::SettlementUnbalanced, words, SETTLEMENT);
            unmet.push(found.figures("0 µg", format!("{} µg", settlement.difference_ug(books))));
        }
        _ => {}
    }
    for alert in &facts.open_alerts {
        let open = Unmet::new(Condition::AlertOpen.as_str(), "session.close.alerts", "An alert is not acknowledged.");
        unmet.push(open.fixed_by("POST", format!("/api/v1/alerts/{alert}/acknowledge"), "nurse"));
    }
    for task in &facts.open_tasks {
        let open =
            Unmet::new(Condition::TasksOpen.as_str(), "session.close.tasks", "Work on this session is not done.");
        unmet.push(open.fixed_by("POST", format!("/api/v1/tasks/{task}/done"), "prescriber"));
    }
    unmet
}
