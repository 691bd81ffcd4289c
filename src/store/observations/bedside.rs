//! The whole bedside of a visit: what is loaded to judge a row, and what is kept after the alerts followed it.

use crate::domain::alert::Cause;
use crate::domain::event::Event;
use crate::domain::flowsheet::{Flowsheet, Followed, Ids};
use crate::domain::id::{AlertActionId, AlertId, PolicyId, ProtocolId, SessionId};
use crate::domain::observation::Observation;
use crate::domain::session::Session;
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::domain::time::Timestamp;
use crate::store::error::{Result, StoreError};
use crate::store::timers::TimerKind;
use crate::store::transaction::{Change, Gather, Held};
use std::collections::BTreeMap;

/// New ids of this instant.
struct Fresh<'a, 't>(&'a Change<'t>);

impl Ids for Fresh<'_, '_> {
    fn alert(&mut self) -> AlertId {
        self.0.new_id()
    }

    fn action(&mut self) -> AlertActionId {
        self.0.new_id()
    }
}

impl Gather<'_> {
    /// The bedside of one visit.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn flowsheet(&mut self, session: &Session, held: Held) -> Result<Flowsheet> {
        let mut sheets = self.flowsheets(std::slice::from_ref(session), held)?;
        sheets.pop().ok_or(StoreError::NotFound)
    }

    /// The bedsides of many visits, with a number of queries that does not grow with them.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn flowsheets(&mut self, sessions: &[Session], held: Held) -> Result<Vec<Flowsheet>> {
        let ids: Vec<SessionId> = sessions.iter().map(|session| session.id).collect();
        let visits: Vec<_> = sessions.iter().map(Session::visit).collect();
        let mut drug = self.dosing_events(&ids, held)?;
        let mut rows = self.observations(&ids, held)?;
        let mut alerts = self.alerts_of(&ids)?;
        let mut orders = self.newest_orders(&visits)?;
        let pinned: Vec<PolicyId> = sessions.iter().filter_map(|session| session.policy_id).collect();
        let (policies, in_force) = (self.policy_versions(&pinned)?, self.policy()?);
        let protocols: Vec<ProtocolId> = sessions.iter().map(|session| session.protocol_id).collect();
        let protocols = self.protocols_by_id(&protocols)?;
        let mut sheets = Vec::with_capacity(sessions.len());
        for session in sessions {
            // The policy a visit pinned, or before its start the one in force.
            let policy = session.policy_id.and_then(|id| policies.get(&id)).unwrap_or(&in_force);
            let protocol = protocols.get(&session.protocol_id).ok_or(StoreError::NotFound)?;
            let judged: Vec<_> = rows.extract_if(.., |(row, _)| row.session == session.id).collect();
            let verdicts: BTreeMap<_, _> = judged.iter().map(|(row, verdict)| (row.id, verdict.clone())).collect();
            sheets.push(Flowsheet {
                session: session.clone(),
                policy: policy.clone(),
                protocol: protocol.clone(),
                order: orders.extract_if(.., |order| order.visit.session == session.id).next(),
                drug: drug.extract_if(.., |event| event.session == session.id).collect(),
                rows: judged.into_iter().map(|(row, _)| row).collect(),
                verdicts,
                alerts: alerts.extract_if(.., |alert| alert.session == session.id).collect(),
            });
        }
        Ok(sheets)
    }
}

impl Change<'_> {
    /// Keeps a new row of a bedside and everything that follows from it. `event` is the row's own and comes first.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Duplicate`] when somebody corrected the same row at the same time.
    pub fn chart(&mut self, sheet: &mut Flowsheet, row: &Observation, event: Event) -> Result<Vec<Event>> {
        let verdict = sheet.add(row.clone());
        self.insert_observation(row, &verdict)?;
        let mut events = vec![event];
        events.extend(self.follow(sheet)?);
        if row.lacks_late_reason(&sheet.policy.rules.time) {
            events.extend(self.open_task(TaskCause {
                kind: TaskKind::LateReason,
                audience: TaskAudience::Nurse,
                assignee: Some(row.recorded_by),
                acted_by: None,
                subject: sheet.session.id.uuid(),
                session: Some(sheet.session.id),
                patient: Some(row.patient),
                due_at: self.now().plus_minutes(24 * 60),
            })?);
        }
        Ok(events)
    }

    /// Makes the alerts of a visit follow what was just done to it: call it after every entry about its drug and
    /// every step of the session. Doing it once too often changes nothing.
    ///
    /// # Errors
    /// When the database says no.
    pub fn keep_watch(&mut self, session: &Session, held: Held) -> Result<Vec<Event>> {
        let mut sheet = self.flowsheet(session, held)?;
        self.follow(&mut sheet)
    }

    /// The same for a bedside that is loaded already.
    ///
    /// # Errors
    /// When the database says no.
    pub fn follow(&mut self, sheet: &mut Flowsheet) -> Result<Vec<Event>> {
        let followed = sheet.follow(self.now(), &mut Fresh(self));
        self.keep_followed(&sheet.session, followed)
    }

    /// The clock looked at a visit; `due_since` is when it should have.
    ///
    /// # Errors
    /// When the database says no.
    pub fn look(&mut self, sheet: &mut Flowsheet, due_since: Timestamp) -> Result<Vec<Event>> {
        let followed = sheet.look(self.now(), due_since, &mut Fresh(self));
        self.keep_followed(&sheet.session, followed)
    }

    /// Raises an alert that no reading raises, unless the same one is there.
    ///
    /// # Errors
    /// When the database says no.
    pub fn raise_alert(&mut self, cause: Cause) -> Result<Option<Event>> {
        let known = self.alerts_of(&[cause.session])?;
        if known.iter().any(|alert| alert.condition == cause.condition && alert.occasion == cause.occasion) {
            return Ok(None);
        }
        let (alert, event) = crate::domain::alert::Alert::raise(self.new_id(), cause, self.now());
        self.insert_alert(&alert)?;
        Ok(Some(event))
    }

    fn keep_followed(&mut self, session: &Session, followed: Followed) -> Result<Vec<Event>> {
        for alert in &followed.raised {
            self.insert_alert(alert)?;
        }
        for alert in &followed.changed {
            self.update_alert(alert)?;
        }
        for action in &followed.actions {
            self.insert_alert_action(action)?;
        }
        self.set_timer(TimerKind::Check, session.id, followed.wake_at)?;
        let mut events = followed.events;
        events.extend(self.tell_of_conflicts(session)?);
        Ok(events)
    }
}
