//! What happens to the drug, as far as the head of the session shows it. Rates and amounts are dosing events.
//!
//! A stop is never refused, and the record never says that a pump stands still unless a person said so
//! (decisions.md 7, engineering.md 7).

use super::head::{EndReason, Milestones, Pump, PumpState, Session};
use super::table::{SessionEvent, SessionState};
use super::transition::{PumpClaim, Step, With};
use crate::domain::act::Act;
use crate::domain::id::PolicyId;
use crate::domain::quantity::MicrolitresPerHour;
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::time::Timestamp;

/// What a stop says; all of it may be filled in later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stop {
    /// Why giving ends.
    pub reason: Option<EndReason>,
    /// Why, in words.
    pub words: Option<String>,
    /// When the pump stood still, if the person at the chair says so.
    pub pump: Option<PumpClaim>,
}

impl Session {
    /// Drug begins to run; the policy in force now is pinned. `unmet` is everything readiness found in the way.
    /// A lasting alarm is added here.
    pub fn start(self, act: Act, policy: PolicyId, mut unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        unmet.extend(self.alarm("session.start.emergency"));
        let at = act.occurred_at;
        self.follow(SessionEvent::Start, act, With::unmet(unmet), |session| {
            session.policy_id = Some(policy);
            session.milestones.started_at = Some(at);
            session.run();
        })
    }

    /// Takes a false start back: no drug ran. `unmet` is what speaks against it, for example drug booked as given.
    pub fn retract_start(self, act: Act, reason: String, unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        self.follow(SessionEvent::RetractStart, act, With { reason: Some(reason), unmet }, |session| {
            session.policy_id = None;
            session.end_reason = None;
            session.milestones = Milestones { started_at: None, stopped_at: None, ..session.milestones };
            session.pump = Pump::IDLE;
            session.infusion_version += 1;
        })
    }

    /// Interrupts giving. Never refused: where nothing runs, nothing changes, unless the pump still has to be
    /// confirmed and this says when it stood still.
    pub fn pause(self, act: Act, pump: Option<PumpClaim>) -> Result<Step, Refusal> {
        if self.state != SessionState::InProgress {
            return self.nothing_runs(act, Stop { pump, ..Stop::default() });
        }
        let (at, pump) = (act.occurred_at, not_ahead(pump, &act));
        self.follow(SessionEvent::Pause, act, With::default(), |session| session.halt(at, pump, PumpState::Paused))
    }

    /// Giving goes on. `unmet` is everything readiness found in the way; an unconfirmed pump and a lasting alarm
    /// are added here.
    pub fn resume(self, act: Act, mut unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        if self.pump_unconfirmed() {
            unmet.push(
                Unmet::new("pump_unconfirmed", "session.resume.pump", "confirm at the chair what the pump did")
                    .fixed_by("POST", format!("/api/v1/sessions/{}/pump-confirm", self.id), "nurse"),
            );
        }
        unmet.extend(self.alarm("session.resume.emergency"));
        self.follow(SessionEvent::Resume, act, With::unmet(unmet), Session::run)
    }

    /// Ends giving. Never refused: where nothing runs, nothing changes, except that a missing reason is filled in
    /// and a pump that waits for it is confirmed.
    pub fn stop(self, act: Act, stop: Stop) -> Result<Step, Refusal> {
        if !self.state.is_infusing() {
            return self.nothing_runs(act, stop);
        }
        let (at, pump) = (act.occurred_at, not_ahead(stop.pump, &act));
        self.follow(SessionEvent::Stop, act, With::reason(stop.words), |session| session.end(at, stop.reason, pump))
    }

    /// The person at the chair says when the pump stood still.
    pub fn confirm_pump(self, act: Act, pump: PumpClaim) -> Result<Step, Refusal> {
        self.confirm(act, pump, None, None)
    }

    /// Raises the alarm: ends giving if drug runs. While an alarm lasts a second one changes nothing, unless it says
    /// when the pump stood still.
    pub fn emergency(self, act: Act, words: Option<String>, pump: Option<PumpClaim>) -> Result<Step, Refusal> {
        let was_infusing = self.state.is_infusing();
        if self.in_emergency() && !was_infusing {
            return self.nothing_runs(act, Stop { pump, ..Stop::default() });
        }
        let (at, pump, lasts) = (act.occurred_at, not_ahead(pump, &act), self.in_emergency());
        self.follow(SessionEvent::Emergency, act, With::reason(words), |session| {
            if !lasts {
                session.milestones.emergency_at = Some(at);
                session.milestones.emergency_ended_at = None;
            }
            if was_infusing {
                session.end(at, Some(EndReason::AdverseEvent), pump);
            }
        })
    }

    /// The alarm is over; a repeat changes nothing.
    pub fn end_emergency(self, act: Act, words: Option<String>) -> Result<Step, Refusal> {
        if self.milestones.emergency_ended_at.is_some() {
            return Ok(Step::unchanged(self));
        }
        let at = act.occurred_at;
        self.follow(SessionEvent::EndEmergency, act, With::reason(words), |session| {
            session.milestones.emergency_ended_at = Some(at);
        })
    }

    /// Refuses an intent that was made before another change of the infusion (decisions.md 19). A decrease, a
    /// pause and a stop never ask.
    pub fn expect_infusion(&self, expected: i64, current_rate: Option<MicrolitresPerHour>) -> Result<(), Refusal> {
        if expected == self.infusion_version {
            return Ok(());
        }
        Err(Refusal::StaleInfusion { current_version: self.infusion_version, current_rate })
    }

    /// A dosing event changed the infusion and perhaps the pump; the session's own version stays (decisions.md 19).
    #[must_use]
    pub fn infusion_changed(mut self, pump: Pump) -> Self {
        self.pump = pump;
        self.infusion_version += 1;
        self
    }

    /// What a stop or pause still adds where nothing runs: a pump's confirmation, a missing reason, or nothing.
    fn nothing_runs(self, act: Act, stop: Stop) -> Result<Step, Refusal> {
        let unexplained = self.allows(SessionEvent::ExplainStop);
        match stop {
            Stop { pump: Some(pump), reason, words } if self.allows(SessionEvent::ConfirmPump) => {
                self.confirm(act, pump, reason, words)
            }
            Stop { reason: Some(reason), words, .. } if unexplained => {
                self.follow(SessionEvent::ExplainStop, act, With::reason(words), |session| {
                    session.end_reason = Some(reason);
                })
            }
            _ => Ok(Step::unchanged(self)),
        }
    }

    fn confirm(
        self,
        act: Act,
        pump: PumpClaim,
        reason: Option<EndReason>,
        words: Option<String>,
    ) -> Result<Step, Refusal> {
        let stopped_at = pump.stopped_at.min(act.recorded_at);
        self.follow(SessionEvent::ConfirmPump, act, With::reason(words), |session| {
            let state = if session.state == SessionState::Paused { PumpState::Paused } else { PumpState::Stopped };
            session.pump = Pump { state, stop_required_at: None, stopped_at: Some(stopped_at) };
            if session.state != SessionState::Paused {
                session.end_reason = session.end_reason.or(reason);
            }
            session.infusion_version += 1;
        })
    }

    fn alarm(&self, rule: &'static str) -> Option<Unmet> {
        self.in_emergency().then(|| {
            Unmet::new("emergency_open", rule, "the emergency is not over").fixed_by(
                "POST",
                format!("/api/v1/sessions/{}/emergency/end", self.id),
                "prescriber",
            )
        })
    }

    fn run(&mut self) {
        self.pump = Pump::RUNNING;
        self.infusion_version += 1;
    }

    fn end(&mut self, at: Timestamp, reason: Option<EndReason>, pump: Option<PumpClaim>) {
        self.milestones.stopped_at = Some(at);
        self.end_reason = reason;
        self.halt(at, pump, PumpState::Stopped);
    }

    /// The pump stands still if somebody at the chair said so, now or when it was paused; otherwise somebody must.
    fn halt(&mut self, at: Timestamp, pump: Option<PumpClaim>, halted: PumpState) {
        let stands_still = matches!(self.pump.state, PumpState::Paused | PumpState::Idle);
        self.pump = match pump {
            Some(claim) => Pump { state: halted, stop_required_at: None, stopped_at: Some(claim.stopped_at) },
            None if stands_still => Pump { state: halted, stop_required_at: None, ..self.pump },
            None => Pump {
                state: PumpState::StopRequired,
                stop_required_at: self.pump.stop_required_at.or(Some(at)),
                stopped_at: self.pump.stopped_at,
            },
        };
        self.infusion_version += 1;
    }
}

/// A tablet's clock may run ahead of the server's; the pump cannot have stopped after the server heard of it.
fn not_ahead(pump: Option<PumpClaim>, act: &Act) -> Option<PumpClaim> {
    pump.map(|claim| PumpClaim { stopped_at: claim.stopped_at.min(act.recorded_at) })
}
