//! The steps of a withdrawal that several acts share: `withdraw` stops the session, and a stop because of withdrawn
//! consent withdraws. Whichever comes first does both in its transaction (decisions.md 8).

use crate::domain::act::{Act, Ahead, Stated};
use crate::domain::consent::{
    Consent, ConsentState, Made, NewWithdrawal, WithdrawalFacts, WithdrawalReport, WithdrawalScope, Withdrawn, withdraw,
};
use crate::domain::event::Event;
use crate::domain::id::PatientId;
use crate::domain::session::infusion::Stop;
use crate::domain::session::{EndReason, PumpClaim, Session};
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::store::error::Result;
use crate::store::transaction::{Change, Held};

impl Change<'_> {
    /// Withdraws, and stops the live session on record when there is one: what changed, the session, every event.
    ///
    /// # Errors
    /// What [`withdraw`] refuses, and everything a database can say.
    pub fn withdraw_and_stop(
        &mut self,
        held: Held,
        consent: &Consent,
        new: NewWithdrawal,
    ) -> Result<(Withdrawn, Option<Session>, Vec<Event>)> {
        let (words, claimed) = (new.words.clone(), new.pump_stopped_at);
        let (withdrawn, mut events) = self.withdraw(held, consent, new)?;
        let Some(live) = withdrawn.stop else { return Ok((withdrawn, None, events)) };
        let before = self.session(live)?;
        // The record stops when the pump did, if somebody at the chair said so, else now. It cannot have stopped
        // before it ran. When the patient said it is kept beside it.
        let stopped_at = claimed.map(|at| before.milestones.started_at.map_or(at, |started| at.max(started)));
        let stated = Stated { occurred_at: stopped_at, ..Stated::default() };
        let act = Act::stated(self.person()?.staff, self.now(), stated, Ahead::Clamped)?;
        let pump = stopped_at.map(|stopped_at| PumpClaim { stopped_at });
        let stop = Stop { reason: Some(EndReason::ConsentWithdrawn), words, pump };
        let (session, stopped) = self.stop_session(held, live, act, stop)?;
        events.extend(stopped);
        Ok((withdrawn, Some(session), events))
    }

    /// Withdraws from the session whose stop said so; the stop itself is its own.
    ///
    /// # Errors
    /// When the database says no.
    pub fn withdraw_from(&mut self, held: Held, session: &Session, words: Option<String>) -> Result<Vec<Event>> {
        let Some(consent) = self.nearest_consent(held, session.patient_id)? else { return Ok(Vec::new()) };
        let scope = Some(WithdrawalScope::ThisSession);
        let new = NewWithdrawal { scope, session: Some(session.id), words, ..NewWithdrawal::by_patient() };
        Ok(self.withdraw(held, &consent, new)?.1)
    }

    /// Withdraws the consent that binds the patient, if one does.
    ///
    /// # Errors
    /// What [`withdraw`] refuses, and everything a database can say.
    pub fn withdraw_whatever_binds(
        &mut self,
        held: Held,
        patient: PatientId,
        new: NewWithdrawal,
    ) -> Result<Vec<Event>> {
        match self.nearest_consent(held, patient)? {
            Some(consent) if consent.state() == ConsentState::Active => Ok(self.withdraw(held, &consent, new)?.1),
            _ => Ok(Vec::new()),
        }
    }

    /// The active consent, or the newest one.
    fn nearest_consent(&mut self, held: Held, patient: PatientId) -> Result<Option<Consent>> {
        let all = self.all_consents(&[patient], held)?;
        Ok(all.into_iter().max_by_key(|consent| (consent.state() == ConsentState::Active, consent.drafted.1)))
    }

    /// Puts a report or wish on the list of those who ask the patient, when the patient can answer.
    ///
    /// # Errors
    /// When the database says no.
    pub fn ask_later(&mut self, held: Held, report: &WithdrawalReport) -> Result<Option<Event>> {
        let sober_at = self.influence_on(report.patient, held)?.sober_at();
        self.open_task(TaskCause {
            kind: TaskKind::WithdrawalQuestion,
            audience: TaskAudience::Nurse,
            assignee: None,
            acted_by: None,
            subject: report.id.uuid(),
            // Not of the session: it can be closed before the patient is sober.
            session: None,
            patient: Some(report.patient),
            due_at: sober_at.map_or(self.now(), |at| at.max(self.now())),
        })
    }

    /// The decision, kept: what changed and every event of it.
    fn withdraw(&mut self, held: Held, consent: &Consent, new: NewWithdrawal) -> Result<(Withdrawn, Vec<Event>)> {
        let patient = consent.patient;
        let (others, earlier) = (self.all_consents(&[patient], held)?, self.withdrawals_of(&[patient], held)?);
        let (reports, influence) = (self.withdrawal_reports_of(&[patient], held)?, self.influence_on(patient, held)?);
        let facts = WithdrawalFacts { others: &others, earlier: &earlier, reports: &reports, influence: &influence };
        let made = Made { id: self.new_id(), by: self.person()?.staff, at: self.now() };
        let withdrawn = withdraw(consent.clone(), new, &facts, made, self.new_id())?;
        self.keep_withdrawn(&withdrawn)?;
        let mut events = withdrawn.events.clone();
        for consent in &withdrawn.consents {
            events.extend(self.follow_consent(consent)?);
        }
        if let Some(wish) = &withdrawn.wish {
            events.extend(self.ask_later(held, wish)?);
        }
        Ok((withdrawn, events))
    }
}
