//! The steps of a withdrawal that several acts share: `withdraw` stops the session, and a stop because of withdrawn
//! consent withdraws. Whichever comes first does both in its transaction (decisions.md 8).

use crate::domain::act::{Act, Ahead, Stated};
use crate::domain::consent::{
    Consent, ConsentState, Made, NewWithdrawal, WithdrawalFacts, WithdrawalScope, Withdrawn, withdraw,
};
use crate::domain::event::Event;
use crate::domain::id::PatientId;
use crate::domain::session::infusion::Stop;
use crate::domain::session::{EndReason, PumpClaim, Session};
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
        let pump = new.pump_stopped_at.map(|stopped_at| PumpClaim { stopped_at });
        let stop = Stop { reason: Some(EndReason::ConsentWithdrawn), words: new.words.clone(), pump };
        // The record stops when the pump did, if that is known, else now; when it was said is kept beside it.
        let stated = Stated { occurred_at: new.pump_stopped_at, ..Stated::default() };
        let withdrawn = self.withdraw(held, consent, new)?;
        let mut events = withdrawn.events.clone();
        let Some(session) = withdrawn.stop else { return Ok((withdrawn, None, events)) };
        let act = Act::stated(self.person()?.staff, self.now(), stated, Ahead::Clamped)?;
        let step = self.session(session)?.stop(act, stop)?;
        self.save_step(&step)?;
        events.extend(step.events);
        Ok((withdrawn, Some(step.session), events))
    }

    /// Withdraws from the session whose stop said so; the stop itself is its own.
    ///
    /// # Errors
    /// When the database says no.
    pub fn withdraw_from(&mut self, held: Held, session: &Session, words: Option<String>) -> Result<Vec<Event>> {
        let Some(consent) = self.nearest_consent(held, session.patient_id)? else { return Ok(Vec::new()) };
        let scope = Some(WithdrawalScope::ThisSession);
        let new = NewWithdrawal { scope, session: Some(session.id), words, ..NewWithdrawal::by_patient() };
        Ok(self.withdraw(held, &consent, new)?.events)
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
            Some(consent) if consent.state() == ConsentState::Active => Ok(self.withdraw(held, &consent, new)?.events),
            _ => Ok(Vec::new()),
        }
    }

    /// The active consent, or the newest one.
    fn nearest_consent(&mut self, held: Held, patient: PatientId) -> Result<Option<Consent>> {
        let all = self.all_consents(patient, held)?;
        Ok(all.into_iter().max_by_key(|consent| (consent.state() == ConsentState::Active, consent.drafted.1)))
    }

    fn withdraw(&mut self, held: Held, consent: &Consent, new: NewWithdrawal) -> Result<Withdrawn> {
        let patient = consent.patient;
        let (others, earlier) = (self.all_consents(patient, held)?, self.withdrawals_of(patient, held)?);
        let (reports, influence) = (self.withdrawal_reports_of(patient, held)?, self.influence_on(patient, held)?);
        let facts = WithdrawalFacts { others: &others, earlier: &earlier, reports: &reports, influence: &influence };
        let made = Made { id: self.new_id(), by: self.person()?.staff, at: self.now() };
        let withdrawn = withdraw(consent.clone(), new, &facts, made, self.new_id())?;
        self.keep_withdrawn(&withdrawn)?;
        Ok(withdrawn)
    }
}
