//! How a session moves: one arrow of the table, the fields it changes, the line of history it leaves.
//!
//! A rule consumes the session as it was and returns a [`Step`], or a refusal that names what is allowed. Every
//! version of a session has exactly one [`Transition`], so its history is complete.

use super::head::Session;
use super::table::{self, SessionEvent, SessionState};
use crate::domain::act::Act;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::SessionId;
use crate::domain::record::Record;
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::time::Timestamp;

/// One line of a session's history: a fact, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Of which session.
    pub session_id: SessionId,
    /// The version it led to.
    pub session_version: i64,
    /// What happened.
    pub event: SessionEvent,
    /// The state before; absent for the booking itself.
    pub from: Option<SessionState>,
    /// The state after.
    pub to: SessionState,
    /// By whom, when, on what footing.
    pub act: Act,
    /// Why, in words.
    pub reason: Option<String>,
    /// The ids of the rules that were not met when it was stated all the same (decisions.md 1).
    pub unmet: Vec<String>,
}

impl Transition {
    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        self.fields(Record::new("session_transition", 1))
            .with("session_id", self.session_id)
            .with("session_version", self.session_version)
    }

    /// The line as a group of the session's canonical record, version 1.
    pub(super) fn group(&self) -> Record {
        self.fields(Record::group())
    }

    fn fields(&self, record: Record) -> Record {
        record
            .with("event", self.event.as_str())
            .word("from", self.from.map(SessionState::as_str))
            .with("to", self.to.as_str())
            .with("act", self.act.record())
            .with("reason", self.reason.clone())
            .with("unmet", self.unmet.clone())
    }
}

/// What an event made of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The session afterwards.
    pub session: Session,
    /// Its line of history; absent where nothing changed.
    pub transition: Option<Transition>,
    /// What goes into the trail; empty where nothing changed.
    pub events: Vec<Event>,
}

impl Step {
    /// A safe repeat: nothing changed.
    pub fn unchanged(session: Session) -> Self {
        Self { session, transition: None, events: Vec::new() }
    }

    /// Whether there is nothing to save.
    pub fn is_unchanged(&self) -> bool {
        self.transition.is_none()
    }

    pub(super) fn of(session: Session, transition: Transition) -> Self {
        let subject = Subject::new("session", session.id, session.version);
        let mut event = Event::of_patient(kind(transition.event), session.patient_id, subject, session.record());
        event.fact = Some(transition.record());
        event.reason.clone_from(&transition.reason);
        Self { session, transition: Some(transition), events: vec![event] }
    }
}

/// When the pump stood still, as stated by the person at the chair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PumpClaim {
    /// The instant on the pump.
    pub stopped_at: Timestamp,
}

/// What comes with an event besides the act itself.
#[derive(Debug, Default)]
pub(super) struct With {
    pub(super) reason: Option<String>,
    pub(super) unmet: Vec<Unmet>,
}

impl With {
    pub(super) fn reason(reason: Option<String>) -> Self {
        Self { reason, unmet: Vec::new() }
    }

    pub(super) fn unmet(unmet: Vec<Unmet>) -> Self {
        Self { reason: None, unmet }
    }
}

impl Session {
    /// Every event that is possible now: the table's, less those the facts rule out.
    pub fn allowed_events(&self) -> Vec<SessionEvent> {
        table::allowed_events(self.state).filter(|event| self.fits(*event)).collect()
    }

    /// Whether an event is possible now.
    pub fn allows(&self, event: SessionEvent) -> bool {
        table::next(self.state, event).is_some() && self.fits(event)
    }

    /// Whether the facts leave room for an event that the table allows.
    fn fits(&self, event: SessionEvent) -> bool {
        !self.is_locked()
            && match event {
                SessionEvent::Replan => self.milestones.released_at.is_none(),
                SessionEvent::ConfirmPump => self.pump_unconfirmed(),
                SessionEvent::ExplainStop => self.end_reason.is_none(),
                SessionEvent::Emergency => !self.in_emergency() || self.state.is_infusing(),
                SessionEvent::EndEmergency => self.in_emergency(),
                _ => true,
            }
    }

    /// Refuses an event that is not possible now, before anything else is gathered for it.
    ///
    /// # Errors
    /// [`Refusal::InvalidTransition`] with what is possible.
    pub fn expect(&self, event: SessionEvent) -> Result<(), Refusal> {
        if self.allows(event) { Ok(()) } else { Err(self.refuse(event)) }
    }

    /// Refuses an event, naming what is possible instead.
    pub(super) fn refuse(&self, event: SessionEvent) -> Refusal {
        Refusal::InvalidTransition {
            state: self.state.as_str(),
            event: event.as_str(),
            allowed: self.allowed_events().into_iter().map(SessionEvent::as_str).collect(),
        }
    }

    /// Follows an arrow of the table and changes the fields that belong to it.
    pub(super) fn follow(
        mut self,
        event: SessionEvent,
        act: Act,
        with: With,
        change: impl FnOnce(&mut Self),
    ) -> Result<Step, Refusal> {
        let Some(to) = table::next(self.state, event).filter(|_| self.fits(event)) else {
            return Err(self.refuse(event));
        };
        let unmet = act.admit(event.as_str(), with.unmet)?.iter().map(|unmet| unmet.rule_id.to_owned()).collect();
        let from = Some(self.state);
        self.state = to;
        change(&mut self);
        self.version += 1;
        self.updated_at = act.recorded_at;
        let transition = Transition {
            session_id: self.id,
            session_version: self.version,
            event,
            from,
            to,
            act,
            reason: with.reason,
            unmet,
        };
        Ok(Step::of(self, transition))
    }
}

fn kind(event: SessionEvent) -> EventKind {
    match event {
        SessionEvent::Schedule => EventKind::SessionScheduled,
        SessionEvent::Reschedule | SessionEvent::Replan | SessionEvent::ExplainStop => EventKind::SessionChanged,
        SessionEvent::CheckIn => EventKind::SessionCheckedIn,
        SessionEvent::UndoCheckIn => EventKind::SessionCheckInUndone,
        SessionEvent::Cancel => EventKind::SessionCancelled,
        SessionEvent::NoShow => EventKind::SessionNoShow,
        SessionEvent::Reinstate => EventKind::SessionReinstated,
        SessionEvent::Precheck => EventKind::SessionPrechecked,
        SessionEvent::Release => EventKind::SessionReleased,
        SessionEvent::Prepare => EventKind::SessionPrepared,
        SessionEvent::Start => EventKind::SessionStarted,
        SessionEvent::RetractStart => EventKind::SessionStartRetracted,
        SessionEvent::Pause => EventKind::SessionPaused,
        SessionEvent::Resume => EventKind::SessionResumed,
        SessionEvent::Stop => EventKind::SessionStopped,
        SessionEvent::ConfirmPump => EventKind::SessionPumpConfirmed,
        SessionEvent::Emergency => EventKind::SessionEmergencyRaised,
        SessionEvent::EndEmergency => EventKind::SessionEmergencyEnded,
        SessionEvent::Abort => EventKind::SessionAborted,
        SessionEvent::Complete => EventKind::SessionCompleted,
        SessionEvent::Close => EventKind::SessionClosed,
        SessionEvent::Handover => EventKind::SessionHandedOver,
    }
}
