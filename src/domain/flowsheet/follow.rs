//! What the alerts of a visit do after something at the bedside changed.

use super::Flowsheet;
use crate::domain::alert::{ActionCode, Alert, AlertAction, Answer, Cause, VISIT};
use crate::domain::dosing::{Administration, DosingEvent, effective};
use crate::domain::event::Event;
use crate::domain::id::{AlertActionId, AlertId, PatientId, SessionId};
use crate::domain::monitoring::{Check, CheckStatus, Condition, Level};
use crate::domain::quantity::{Amount, MicrolitresPerHour};
use crate::domain::time::Timestamp;

/// Where new ids come from; the domain draws none.
pub trait Ids {
    /// For a new alert.
    fn alert(&mut self) -> AlertId;
    /// For a new fact about an alert.
    fn action(&mut self) -> AlertActionId;
}

/// What changed by following.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// New alerts.
    pub raised: Vec<Alert>,
    /// Changed alerts; each one version ahead of what was there.
    pub changed: Vec<Alert>,
    /// What was done about them.
    pub actions: Vec<AlertAction>,
    /// What the trail says, one for each change.
    pub events: Vec<Event>,
    /// When the clock has to look again.
    pub wake_at: Option<Timestamp>,
}

impl Flowsheet {
    /// Makes the alerts follow what is known now: conditions rise and fall, acts at the pump answer, charted checks
    /// settle, corrected numbers take their alerts back. Doing it twice changes nothing the second time.
    pub fn follow(&mut self, now: Timestamp, ids: &mut impl Ids) -> Followed {
        let mut followed = Followed::default();
        self.follow_courses(now, ids, &mut followed);
        self.follow_checks(now, &mut followed);
        self.follow_acts(ids, &mut followed);
        self.follow_end(now, ids, &mut followed);
        followed.wake_at = self.next_wake(now);
        followed
    }

    /// When the clock has to look again: for a check, for the planned end, for the end of what the chair was held for.
    fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let hold_over = self.session.state.is_in_the_chair().then(|| self.session.slot.ends_at.plus_millis(1));
        let times = [self.schedule(now).next_wake(now), self.asks_for_end_at(now), hold_over];
        times.into_iter().flatten().filter(|at| *at > now).min()
    }

    /// The clock looked: raises the alert of an overdue check, and tells the prescriber when nobody charts.
    ///
    /// `due_since` is when the clock should have looked. When that is longer ago than a check may be late, the server
    /// itself was away: one gap for the visit, and one check due now, never one for each missed slot
    /// (decisions.md 15).
    pub fn look(&mut self, now: Timestamp, due_since: Timestamp, ids: &mut impl Ids) -> Followed {
        let mut followed = self.follow(now, ids);
        let schedule = self.schedule(now);
        let whose = self.whose();
        if let Some(check) = schedule.overdue() {
            let away = now.since(due_since) > self.policy.rules.checks.overdue_minutes * 60_000;
            let waiting = self.alerts.iter().find(|alert| is_waiting(alert)).cloned();
            match waiting {
                Some(alert) if check.status == CheckStatus::Escalated => self.keep(alert.escalate(now), &mut followed),
                Some(_) => {}
                None if away => self.raise(Alert::raise(ids.alert(), gap(whose, due_since), now), &mut followed),
                None if self.was_raised(check) => {}
                None => self.raise(Alert::overdue(ids.alert(), whose, check, now), &mut followed),
            }
        }
        followed
    }

    pub(super) fn whose(&self) -> (SessionId, PatientId) {
        (self.session.id, self.session.patient_id)
    }

    fn was_raised(&self, check: &Check) -> bool {
        let occasion = check.due_at.to_string();
        self.alerts.iter().any(|alert| alert.condition == Condition::CheckOverdue && alert.occasion == occasion)
    }

    fn follow_courses(&mut self, now: Timestamp, ids: &mut impl Ids, followed: &mut Followed) {
        let (courses, _) = self.judged();
        let whose = self.whose();
        for course in &courses {
            let known = self
                .alerts
                .iter()
                .find(|alert| alert.condition == course.condition && alert.occasion == VISIT)
                .cloned();
            let next = Alert::follow(known.as_ref(), course, whose, ids.alert(), now);
            match (known, next) {
                (None, Some(raised)) => self.raise(raised, followed),
                (Some(_), next) => self.keep(next, followed),
                (None, None) => {}
            }
        }
        let gone = |alert: &&Alert| !courses.iter().any(|course| course.condition == alert.condition);
        let retracted: Vec<_> = self.alerts.iter().filter(gone).map(|alert| alert.retract(now)).collect();
        for next in retracted {
            self.keep(next, followed);
        }
    }

    /// A charted check ends the alert about it; so does the end of the visit.
    fn follow_checks(&mut self, now: Timestamp, followed: &mut Followed) {
        if self.schedule(now).overdue().is_some() {
            return;
        }
        let settled: Vec<_> =
            self.alerts.iter().filter(|alert| is_waiting(alert)).map(|alert| alert.settle(now)).collect();
        for next in settled {
            self.keep(next, followed);
        }
    }

    /// A pause, stop, decrease or rescue drug soon after a number is its answer (decisions.md 13e).
    fn follow_acts(&mut self, ids: &mut impl Ids, followed: &mut Followed) {
        let checks = self.policy.rules.checks;
        for (action, event) in answering(&self.drug) {
            let answer = Answer {
                id: ids.action(),
                action: Some(action),
                text: None,
                by: event.act.by,
                as_prescriber: false,
                at: event.act.occurred_at,
            };
            let implied: Vec<_> = self
                .alerts
                .iter()
                .filter_map(|alert| alert.imply(&Answer { id: ids.action(), ..answer.clone() }, &checks))
                .collect();
            for (next, action, event) in implied {
                followed.actions.push(action);
                self.keep(Some((next, event)), followed);
            }
        }
    }

    pub(super) fn raise(&mut self, (alert, event): (Alert, Event), followed: &mut Followed) {
        self.alerts.push(alert.clone());
        followed.raised.push(alert);
        followed.events.push(event);
    }

    /// Keeps a changed alert; an alert may change more than once, each time by one version and one event.
    pub(super) fn keep(&mut self, next: Option<(Alert, Event)>, followed: &mut Followed) {
        let Some((next, event)) = next else { return };
        if let Some(known) = self.alerts.iter_mut().find(|alert| alert.id == next.id) {
            *known = next.clone();
        }
        followed.changed.push(next);
        followed.events.push(event);
    }
}

/// An alert that waits for a check: one at a time.
fn is_waiting(alert: &Alert) -> bool {
    matches!(alert.condition, Condition::CheckOverdue | Condition::MonitoringGap) && alert.closed_at.is_none()
}

fn gap(whose: (SessionId, PatientId), since: Timestamp) -> Cause {
    Cause {
        session: whose.0,
        patient: whose.1,
        condition: Condition::MonitoringGap,
        occasion: since.to_string(),
        level: Level::Act,
        since,
    }
}

/// The acts that answer an alert, in order.
fn answering(drug: &[DosingEvent]) -> Vec<(ActionCode, DosingEvent)> {
    let mut rate = MicrolitresPerHour::clamped(0);
    let mut answers = Vec::new();
    for event in effective(drug).events() {
        let action = match &event.what {
            Administration::Pause | Administration::NebPause => Some(ActionCode::Paused),
            Administration::Stop(_) => Some(ActionCode::Stopped),
            Administration::Rescue(_) => Some(ActionCode::DrugGiven),
            Administration::RateChange(new) if *new < rate => Some(ActionCode::RateReduced),
            _ => None,
        };
        match &event.what {
            Administration::RateChange(new) => rate = *new,
            Administration::Start(setting) | Administration::Resume(setting) => rate = setting.rate.unwrap_or(rate),
            _ => {}
        }
        answers.extend(action.map(|action| (action, event.clone())));
    }
    answers
}
