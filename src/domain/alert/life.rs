//! How an alert is raised, followed, answered and ended.

use super::{ActionCode, Alert, AlertAction, AlertState, AlertStep, Answer, Cause, VISIT};
use crate::domain::event::{Event, EventKind};
use crate::domain::id::{AlertId, PatientId, SessionId};
use crate::domain::monitoring::{Check, Condition, Course, Level};
use crate::domain::policy::Checks;
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::text;
use crate::domain::time::Timestamp;

impl Alert {
    /// Raises an alert that no reading raises; it pages at once.
    pub fn raise(id: AlertId, cause: Cause, now: Timestamp) -> (Self, Event) {
        let alert = Self {
            id,
            session: cause.session,
            patient: cause.patient,
            condition: cause.condition,
            occasion: cause.occasion,
            state: AlertState::Open,
            level: cause.level,
            peak: cause.level,
            observation: None,
            raised_at: now,
            seen_at: cause.since,
            paged_at: Some(now),
            covered: Level::None,
            acknowledged_by: None,
            acknowledged_at: None,
            seen_by_prescriber: false,
            closed_at: None,
            version: 1,
        };
        let event = alert.event(EventKind::AlertRaised);
        (alert, event)
    }

    /// Raises the alert of an overdue check. It prompts the chair; the page comes with [`Self::escalate`].
    pub fn overdue(id: AlertId, whose: (SessionId, PatientId), check: &Check, now: Timestamp) -> (Self, Event) {
        let cause = Cause {
            session: whose.0,
            patient: whose.1,
            condition: Condition::CheckOverdue,
            occasion: check.due_at.to_string(),
            level: Level::Act,
            since: check.due_at,
        };
        let (mut alert, _) = Self::raise(id, cause, now);
        alert.paged_at = (check.escalate_at <= now).then_some(now);
        let event = alert.event(EventKind::AlertRaised);
        (alert, event)
    }

    /// Raises, moves or takes back the alert of a condition after the rows of a visit changed. `None`: nothing to
    /// say. `id` is for a new alert.
    pub fn follow(
        known: Option<&Self>,
        course: &Course,
        whose: (SessionId, PatientId),
        id: AlertId,
        now: Timestamp,
    ) -> Option<(Self, Event)> {
        let Some(known) = known else {
            return Some(Self::from_course(course, whose, id, now));
        };
        let mut next = known.clone();
        next.level = course.level;
        next.peak = course.peak;
        next.observation = Some(course.peak_row);
        if course.level == Level::None {
            next.covered = Level::None;
        }
        let alerting = course.risen_at.is_some();
        if alerting && course.level > next.covered && known.state != AlertState::Open {
            next.state = AlertState::Open;
            next.seen_at = course.risen_at.unwrap_or(course.peak_at);
            next.closed_at = None;
            next.paged_at = None;
            next.seen_by_prescriber = false;
        }
        if alerting && course.confirmed && next.state == AlertState::Open && next.paged_at.is_none() {
            next.paged_at = Some(now);
        }
        next.changed_from(known, EventKind::AlertChanged)
    }

    /// A condition that no standing row shows any more: its alert is taken back, without an answer.
    pub fn retract(&self, now: Timestamp) -> Option<(Self, Event)> {
        if self.state == AlertState::Retracted || self.occasion != VISIT || !self.condition.is_physiological() {
            return None;
        }
        let next = Self {
            state: AlertState::Retracted,
            level: Level::None,
            covered: Level::None,
            closed_at: Some(now),
            ..self.clone()
        };
        next.changed_from(self, EventKind::AlertChanged)
    }

    /// A named person answers. That closes a watch or act alert, and a prompt that the second reading did not
    /// confirm; a pause or stop level waits for its outcome, an overdue check for its reading.
    ///
    /// # Errors
    /// `already_done` when it is not open, unless a prescriber still has to look; a field error when nothing was done.
    pub fn acknowledge(&self, answer: Answer) -> Result<(Self, AlertAction, Event), Refusal> {
        let prescriber_looks = answer.as_prescriber && self.holds_resume();
        if !matches!(self.state, AlertState::Open | AlertState::Historic) && !prescriber_looks {
            return Err(Refusal::clash(Clash::AlreadyDone, "the alert is answered already"));
        }
        if answer.action.is_none() {
            return Err(Refusal::invalid("/action_code", "required", "say what was done"));
        }
        let answer = Answer { text: checked_text(answer.text)?, ..answer };
        Ok(self.answered(&answer, AlertStep::Acknowledged))
    }

    /// The outcome of an alert of pause or stop level.
    ///
    /// # Errors
    /// `wrong_state` when it was not acknowledged before, or was none that needs an outcome.
    pub fn resolve(&self, answer: Answer) -> Result<(Self, AlertAction, Event), Refusal> {
        match self.state {
            AlertState::Acknowledged if self.condition != Condition::CheckOverdue => {}
            AlertState::Acknowledged => {
                return Err(Refusal::clash(
                    Clash::WrongState,
                    "an overdue check ends with its reading, not with words",
                ));
            }
            AlertState::Open => return Err(Refusal::clash(Clash::WrongState, "acknowledge the alert first")),
            _ => return Err(Refusal::clash(Clash::AlreadyDone, "the alert has ended already")),
        }
        let answer = Answer { text: checked_text(answer.text)?, ..answer };
        if answer.text.is_none() {
            return Err(Refusal::invalid("/text", "required", "say how it ended"));
        }
        let next = Self {
            state: AlertState::Closed,
            seen_by_prescriber: self.seen_by_prescriber || answer.as_prescriber,
            closed_at: Some(answer.at),
            version: self.version + 1,
            ..self.clone()
        };
        let action = self.action(&answer, AlertStep::Resolved);
        let event = next.event(EventKind::AlertResolved).beside(action.record());
        Ok((next, action, event))
    }

    /// A pause, stop, decrease or rescue drug soon after the number counts as the answer (decisions.md 13e).
    pub fn imply(&self, answer: &Answer, checks: &Checks) -> Option<(Self, AlertAction, Event)> {
        let after = answer.at.since(self.seen_at);
        let soon = (0..=checks.implied_ack_minutes * 60_000).contains(&after);
        let acted = matches!(
            answer.action,
            Some(ActionCode::Paused | ActionCode::Stopped | ActionCode::RateReduced | ActionCode::DrugGiven)
        );
        let applies = self.state == AlertState::Open && self.condition.is_physiological();
        (soon && acted && applies).then(|| self.answered(answer, AlertStep::Implied))
    }

    /// The prescriber is told of an overdue check that nobody charted.
    pub fn escalate(&self, now: Timestamp) -> Option<(Self, Event)> {
        let waits = self.condition == Condition::CheckOverdue && self.closed_at.is_none() && self.paged_at.is_none();
        if !waits {
            return None;
        }
        let next = Self { paged_at: Some(now), ..self.clone() };
        next.changed_from(self, EventKind::AlertChanged)
    }

    /// What the alert was about is over: a check was charted, the pump was confirmed, the end was extended. The fact
    /// itself ends the alert, whether or not somebody acknowledged it.
    pub fn settle(&self, now: Timestamp) -> Option<(Self, Event)> {
        if self.closed_at.is_some() {
            return None;
        }
        let next = Self { state: AlertState::Closed, level: Level::None, closed_at: Some(now), ..self.clone() };
        next.changed_from(self, EventKind::AlertResolved)
    }

    fn from_course(course: &Course, whose: (SessionId, PatientId), id: AlertId, now: Timestamp) -> (Self, Event) {
        let live = course.risen_at.is_some();
        let cause = Cause {
            session: whose.0,
            patient: whose.1,
            condition: course.condition,
            occasion: VISIT.to_owned(),
            level: course.level,
            since: course.peak_at,
        };
        let (mut alert, _) = Self::raise(id, cause, now);
        alert.peak = course.peak;
        alert.observation = Some(course.peak_row);
        alert.state = if live { AlertState::Open } else { AlertState::Historic };
        alert.paged_at = (live && course.confirmed).then_some(now);
        let event = alert.event(EventKind::AlertRaised);
        (alert, event)
    }

    fn answered(&self, answer: &Answer, step: AlertStep) -> (Self, AlertAction, Event) {
        let needs_more = match self.condition {
            Condition::CheckOverdue | Condition::PumpStopRequired => true,
            _ if self.state == AlertState::Historic => false,
            _ => self.peak >= Level::Pause && (self.paged_at.is_some() || self.level >= Level::Act),
        };
        let ended = self.closed_at.is_some() && self.state == AlertState::Closed;
        let needs_more = needs_more && !ended;
        let state = if needs_more { AlertState::Acknowledged } else { AlertState::Closed };
        let next = Self {
            state,
            seen_by_prescriber: self.seen_by_prescriber || answer.as_prescriber,
            covered: self.covered.max(self.level),
            acknowledged_by: Some(answer.by),
            acknowledged_at: Some(answer.at),
            closed_at: (!needs_more).then_some(answer.at),
            version: self.version + 1,
            ..self.clone()
        };
        let action = self.action(answer, step);
        let event = next.event(EventKind::AlertAcknowledged).beside(action.record());
        (next, action, event)
    }

    fn action(&self, answer: &Answer, step: AlertStep) -> AlertAction {
        AlertAction {
            id: answer.id,
            alert: self.id,
            step,
            action: answer.action,
            text: answer.text.clone(),
            by: answer.by,
            at: answer.at,
            level: self.level,
        }
    }
}

fn checked_text(text: Option<String>) -> Result<Option<String>, Refusal> {
    Ok(text.map(|text| text::checked("/text", &text, 1, 1000)).transpose()?)
}
