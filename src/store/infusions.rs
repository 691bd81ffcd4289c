//! Acts that concern the drug and the head of the session at once: what is asked before, and what is kept together.

use super::error::Result;
use super::transaction::{Change, Gather, Held};
use crate::domain::act::Act;
use crate::domain::alert::{Cause, VISIT};
use crate::domain::consent::{Dose, Need, may_run};
use crate::domain::dosing::guard::{self, Facts, Overriding, Request};
use crate::domain::dosing::{Administration, DosingEvent, Draft, Infusion, OrderMode, effective, entry_of, followed};
use crate::domain::event::Event;
use crate::domain::id::{SessionId, StaffId};
use crate::domain::monitoring::{Condition, Level};
use crate::domain::quantity::{Amount as _, Micrograms, MicrogramsPerKilogram, Microlitres};
use crate::domain::readiness::{ResumeFacts, unmet_for_resume};
use crate::domain::refusal::Unmet;
use crate::domain::route::{Basis, Route};
use crate::domain::session::infusion::Stop;
use crate::domain::session::{EndReason, Session, Step};
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::domain::time::Timestamp;

impl Gather<'_> {
    /// Judges an entry of the drug record by everything that is known: what it did not keep, when it may be kept.
    ///
    /// # Errors
    /// What [`guard::admit`] refuses, and everything a database can say.
    pub fn admit_dose(
        &mut self,
        held: Held,
        infusion: &Infusion,
        request: Request<'_>,
        at: Timestamp,
    ) -> Result<Vec<Unmet>> {
        let sheet = self.flowsheet(&infusion.session, held)?;
        let facts = Facts { infusion, envelope: &sheet.protocol.text.envelope, checks: sheet.checks(self.now()), at };
        let consent = self.consent_to(held, infusion, facts.planned(&request.draft.what), at)?;
        Ok(guard::admit(&facts, request, consent)?)
    }

    /// What consent says to this much drug in this visit at this instant. Without any weight the ceiling cannot be
    /// compared; whether consent binds can.
    fn consent_to(&mut self, held: Held, infusion: &Infusion, mass: Micrograms, at: Timestamp) -> Result<Vec<Unmet>> {
        let visit = infusion.session.visit();
        let (facts, known_at) = (self.consent_facts(visit.patient, held)?, self.now());
        let measured = self.newest_precheck(visit)?.and_then(|precheck| precheck.form.weight);
        let weight = measured.or(infusion.order.as_ref().map(|order| order.weight));
        let none = Dose::PerKilogram(MicrogramsPerKilogram::clamped(0));
        let dose = weight.map_or(none, |weight| Dose::Total { mass, weight });
        let need = Need { at, known_at, route: visit.route, dose, indication: None };
        Ok(may_run(&facts, &need, visit.session).err().unwrap_or_default())
    }
}

impl Change<'_> {
    /// Locks two sessions' patients in the order of their ids, then loads both.
    ///
    /// # Errors
    /// [`super::StoreError::NotFound`] when one of them is not there.
    pub fn lock_sessions(&mut self, one: SessionId, other: SessionId) -> Result<(Held, Session, Session)> {
        let patients = (self.session(one)?.patient_id, self.session(other)?.patient_id);
        self.lock_patient(patients.0.min(patients.1))?;
        let held = self.lock_patient(patients.0.max(patients.1))?;
        Ok((held, self.session(one)?, self.session(other)?))
    }

    /// Keeps an entry of the drug record, new or correcting, and lets the session follow it.
    ///
    /// # Errors
    /// [`super::StoreError::Stale`] when somebody changed the infusion since it was loaded.
    pub fn keep_dose(&mut self, held: Held, infusion: Infusion, event: &DosingEvent) -> Result<(Infusion, Vec<Event>)> {
        self.insert_dosing_event(event)?;
        let mut infusion = infusion;
        infusion.events.push(event.clone());
        infusion.history = effective(&infusion.events);
        let mut events = vec![event.recorded()];
        if !matches!(event.what, Administration::Rescue(_)) {
            let step = followed(infusion.session, event.act.clone(), &infusion.history)?;
            if step.is_unchanged() {
                self.save_infusion(&step.session)?;
                events.push(step.session.infusion_event());
            } else {
                self.save_step(&step)?;
            }
            events.extend(step.events);
            infusion.session = step.session;
        }
        events.extend(self.put_on_lists(event)?);
        events.extend(self.watch_for_overdose(held, &infusion)?);
        events.extend(self.keep_watch(&infusion.session, held)?);
        Ok((infusion, events))
    }

    /// Keeps what an act made of a session, with the entry of what somebody at the chair said about the pump, and
    /// asks for the pump where nobody did (decisions.md 7).
    ///
    /// # Errors
    /// [`super::StoreError::Stale`] when somebody changed the session since.
    pub fn save_drug_step(
        &mut self,
        held: Held,
        before: &Session,
        step: Step,
        volume: Option<Microlitres>,
    ) -> Result<(Session, Vec<Event>)> {
        self.save_step(&step)?;
        let Step { session, transition, mut events } = step;
        let Some(line) = transition else { return Ok((session, events)) };
        if let Some((occurred_at, what)) = entry_of(before, &session, volume) {
            let draft = Draft { what, order: None, reason: line.reason.clone() };
            let act = Act { occurred_at, ..line.act };
            let event = draft.into_event(self.new_id(), session.id, session.patient_id, act);
            self.insert_dosing_event(&event)?;
            events.push(event.recorded());
        }
        events.extend(self.call_for_help(before, &session)?);
        events.extend(self.settle_pump(before, &session)?);
        events.extend(self.keep_watch(&session, held)?);
        Ok((session, events))
    }

    /// Stops a session's drug on record: for whoever has a reason to, wherever they are.
    ///
    /// # Errors
    /// When the database says no; a stop itself is never refused.
    pub fn stop_session(&mut self, held: Held, id: SessionId, act: Act, stop: Stop) -> Result<(Session, Vec<Event>)> {
        let before = self.session(id)?;
        let step = before.clone().stop(act, stop)?;
        self.save_drug_step(held, &before, step, None)
    }

    /// Goes on after a pause, when nothing stands in the way. `checked_by` read the pump back as well;
    /// `expected_version` is the infusion that was on the screen.
    ///
    /// # Errors
    /// Everything in the way, another version of the infusion, and everything a database can say.
    pub fn resume_drug(
        &mut self,
        held: Held,
        infusion: Infusion,
        (draft, checked_by): (Draft, Option<StaffId>),
        (act, expected_version): (Act, Option<i64>),
    ) -> Result<(Session, Vec<Event>)> {
        let request = Request { draft: &draft, basis: act.basis, expected_version, overriding: Overriding::default() };
        let sheet = self.flowsheet(&infusion.session, held)?;
        let checks = sheet.checks(self.now());
        let facts = Facts { infusion: &infusion, envelope: &sheet.protocol.text.envelope, checks, at: act.occurred_at };
        let (now, history) = (self.now(), &infusion.history);
        let started_at = infusion.session.milestones.started_at.unwrap_or(now);
        let complete = matches!(&draft.what, Administration::Resume(setting) if setting.is_complete());
        let read_back_now = (complete && checked_by.is_some()).then_some(now);
        let readiness = ResumeFacts {
            session: infusion.session.id,
            consent: self.consent_to(held, &infusion, facts.planned(&draft.what), act.occurred_at)?,
            unacknowledged: sheet.holding_resume(),
            paused_at: history.paused_at(now).or(infusion.session.pump.stopped_at).unwrap_or(started_at),
            pressure_at: checks.last_pressure_at,
            preparation_corrected_at: infusion.corrected_at.filter(|corrected| *corrected > started_at),
            pump_read_back_at: read_back_now.or(history.read_back_at()),
        };
        let unmet = guard::admit(&facts, request, unmet_for_resume(&readiness))?;
        let rules = unmet.iter().map(|unmet| unmet.rule_id.to_owned()).collect();
        let step = infusion.session.clone().resume(act.clone(), unmet)?;
        self.save_step(&step)?;
        let what = if step.session.route == Route::Nebulized { Administration::NebStart } else { draft.what };
        let draft = Draft { what, ..draft };
        let mut event = draft.into_event(self.new_id(), step.session.id, step.session.patient_id, act);
        (event.unmet, event.checked_by) = (rules, checked_by);
        self.insert_dosing_event(&event)?;
        let mut events = step.events;
        events.push(event.recorded());
        events.extend(self.put_on_lists(&event)?);
        events.extend(self.keep_watch(&step.session, held)?);
        Ok((step.session, events))
    }

    /// A preparation was corrected or added while drug runs or ran: every amount of the visit is computed anew, and
    /// looked at as after any entry of the drug record.
    ///
    /// # Errors
    /// When the database says no.
    pub fn prepared_after_start(&mut self, held: Held, session: &Session) -> Result<Vec<Event>> {
        let infusion = self.infusion(session.clone(), held)?;
        let mut events = self.watch_for_overdose(held, &infusion)?;
        events.extend(self.keep_watch(session, held)?);
        Ok(events)
    }

    /// Puts on a prescriber's list what a rule could not insist on at the chair: a statement that broke rules, a verbal
    /// order (decisions.md 1, 22).
    fn put_on_lists(&mut self, event: &DosingEvent) -> Result<Vec<Event>> {
        let staffing = self.policy()?.rules.staffing;
        let mut asked = Vec::new();
        if event.act.basis == Basis::Done && !event.unmet.is_empty() {
            asked.push((TaskKind::ReconstructionReview, None, event.session.uuid(), 24));
        }
        if let Some(order) = event.order.filter(|order| order.mode == OrderMode::Verbal) {
            asked.push((TaskKind::CountersignOrder, Some(order.by), event.id.uuid(), staffing.countersign_hours));
        }
        let mut events = Vec::new();
        for (kind, assignee, subject, hours) in asked {
            events.extend(self.open_task(TaskCause {
                kind,
                audience: TaskAudience::Prescriber,
                assignee,
                // Who wrote a verbal order down does not countersign it, unless it was their own.
                acted_by: assignee.filter(|by| *by != event.act.by).map(|_| event.act.by),
                subject,
                session: Some(event.session),
                patient: Some(event.patient),
                due_at: self.now().plus_minutes(hours * 60),
            })?);
        }
        Ok(events)
    }

    /// More was given than the protocol allows anybody, or the patient agreed to: accepted, and alarmed
    /// (walk-through g of decisions.md).
    fn watch_for_overdose(&mut self, held: Held, infusion: &Infusion) -> Result<Vec<Event>> {
        let now = self.now();
        let given = infusion.against_ceiling(now);
        let protocol = self.protocol(infusion.session.protocol_id)?;
        let weight = infusion.order.as_ref().map(|order| order.weight);
        let ceiling = weight.map(|weight| protocol.text.envelope.max_dose.for_weight(weight));
        let most = ceiling
            .map_or(protocol.text.envelope.absolute_cap, |ceiling| ceiling.min(protocol.text.envelope.absolute_cap));
        let beyond_consent = |unmet: &Unmet| unmet.rule_id == "consent.dose_ceiling";
        if given <= most && !self.consent_to(held, infusion, given, now)?.iter().any(beyond_consent) {
            return Ok(Vec::new());
        }
        let cause = cause(&infusion.session, Condition::Overdose, VISIT.to_owned(), now);
        let Some(raised) = self.raise_alert(cause)? else { return Ok(Vec::new()) };
        Ok(std::iter::once(raised).chain(self.draft_adverse_event(&infusion.session)?).collect())
    }

    /// A serious event is told within a day; the draft waits on a prescriber's list (decisions.md 10).
    fn draft_adverse_event(&mut self, session: &Session) -> Result<Option<Event>> {
        self.open_task(TaskCause {
            kind: TaskKind::AdverseEventDraft,
            audience: TaskAudience::Prescriber,
            assignee: None,
            acted_by: None,
            subject: session.id.uuid(),
            session: Some(session.id),
            patient: Some(session.patient_id),
            due_at: self.now().plus_minutes(24 * 60),
        })
    }

    /// Alarms that an act raises by itself: nobody is at the pump, somebody called for help.
    fn call_for_help(&mut self, before: &Session, after: &Session) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let asked_at = after.pump.stop_required_at.filter(|_| before.pump.stop_required_at.is_none());
        if let Some(at) = asked_at {
            events.extend(self.raise_alert(cause(after, Condition::PumpStopRequired, at.to_string(), at))?);
        }
        if after.end_reason == Some(EndReason::ConsentWithdrawn) && before.end_reason != after.end_reason {
            let withdrawn = cause(after, Condition::ConsentWithdrawn, VISIT.to_owned(), self.now());
            events.extend(self.raise_alert(withdrawn)?);
        }
        let raised_at =
            after.milestones.emergency_at.filter(|_| before.milestones.emergency_at != after.milestones.emergency_at);
        if let Some(at) = raised_at {
            events.extend(self.raise_alert(cause(after, Condition::Emergency, at.to_string(), at))?);
            events.extend(self.draft_adverse_event(after)?);
        }
        Ok(events)
    }

    /// The pump was confirmed: the alarm about it is over.
    fn settle_pump(&mut self, before: &Session, after: &Session) -> Result<Vec<Event>> {
        if !before.pump_unconfirmed() || after.pump_unconfirmed() {
            return Ok(Vec::new());
        }
        let now = self.now();
        let mut events = Vec::new();
        for alert in self.alerts_of(&[after.id])? {
            if alert.condition == Condition::PumpStopRequired
                && let Some((settled, event)) = alert.settle(now)
            {
                self.update_alert(&settled)?;
                events.push(event);
            }
        }
        Ok(events)
    }
}

/// An alarm about a visit that no reading raises.
fn cause(session: &Session, condition: Condition, occasion: String, since: Timestamp) -> Cause {
    Cause { session: session.id, patient: session.patient_id, condition, occasion, level: Level::Stop, since }
}
