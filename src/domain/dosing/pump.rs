//! Where the drug record and the head of the session meet: the head says what the pump is said to do, the record
//! has an entry only for what a person at the chair said it did (decisions.md 7).

use super::event::Administration;
use super::history::{History, Standing};
use crate::domain::act::Act;
use crate::domain::quantity::Microlitres;
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::session::{Pump, PumpClaim, PumpState, Session, SessionState, Step};
use crate::domain::time::Timestamp;

/// The entry that a pause, stop, emergency or confirmation adds to the record, if somebody at the chair said that
/// the pump stands still, or it stood still already. `before` and `after` are the session around it.
pub fn entry_of(before: &Session, after: &Session, volume: Option<Microlitres>) -> Option<(Timestamp, Administration)> {
    if before.pump == after.pump {
        return None;
    }
    let stood_at = after.pump.stopped_at?;
    match (after.pump.state, after.route) {
        (PumpState::Paused, Route::Iv) => Some((stood_at, Administration::Pause)),
        (PumpState::Paused, Route::Nebulized) => Some((stood_at, Administration::NebPause)),
        (PumpState::Stopped, _) => {
            let stood_already = before.pump.stopped_at == after.pump.stopped_at;
            let at = if stood_already { after.milestones.stopped_at.unwrap_or(stood_at) } else { stood_at };
            Some((at, Administration::Stop(volume)))
        }
        _ => None,
    }
}

/// The session after its drug record changed: its infusion version moves, and where the record now says that the
/// pump pauses or runs, so does the session. A recovery whose stop was taken back asks for the pump again; it never
/// becomes an infusion again by a correction.
///
/// # Errors
/// Never for the states a record can lead to; the table of the session has the last word.
pub fn followed(session: Session, act: Act, history: &History) -> Result<Step, Refusal> {
    let standing = history.standing_at(act.recorded_at);
    match (session.state, standing) {
        (SessionState::InProgress, Standing::Paused) => {
            let stopped_at = history.paused_at(act.recorded_at).unwrap_or(act.occurred_at);
            session.pause(act, Some(PumpClaim { stopped_at }))
        }
        (SessionState::Paused, Standing::Running(_)) if !session.pump_unconfirmed() => session.resume(act, Vec::new()),
        (SessionState::Recovery | SessionState::Completed, Standing::Running(_) | Standing::Paused) => {
            let asked_at = session.milestones.stopped_at.or(Some(act.occurred_at));
            let pump = Pump { state: PumpState::StopRequired, stop_required_at: asked_at, stopped_at: None };
            Ok(Step::unchanged(session.infusion_changed(pump)))
        }
        (SessionState::InProgress, Standing::BetweenFills) => Ok(Step::unchanged(session.infusion_changed(Pump::IDLE))),
        (SessionState::InProgress, Standing::Running(_)) => {
            Ok(Step::unchanged(session.infusion_changed(Pump::RUNNING)))
        }
        _ => {
            let pump = session.pump;
            Ok(Step::unchanged(session.infusion_changed(pump)))
        }
    }
}
