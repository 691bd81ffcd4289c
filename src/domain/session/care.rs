//! What clinicians do around the drug: pre-check, release, preparation, hand-over, and the ways a visit ends.

use super::head::{AbortReason, Disposition, Session};
use super::table::SessionEvent;
use super::transition::{Step, With};
use crate::domain::act::Act;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{HandoverId, PatientId, SessionId, StaffId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, Refusal, Unmet};
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};

words! {
    /// Whether the person who gives a patient away is there to say so.
    pub enum Giver {
        /// Both are there.
        Signed = "signed",
        /// The receiver takes over alone; somebody reviews it later.
        Unavailable = "unavailable",
    }
}

/// One hand-over: a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// Its id.
    pub id: HandoverId,
    /// Of which session.
    pub session_id: SessionId,
    /// Who was in charge.
    pub from_staff_id: StaffId,
    /// Who is in charge now.
    pub to_staff_id: StaffId,
    /// Whether the giver was there.
    pub giver: Giver,
    /// What the receiver was told.
    pub summary: Option<String>,
    /// The entry.
    pub act: Act,
}

/// Who wants to correct an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorrectedBy {
    /// Who.
    pub staff: StaffId,
    /// Whether a prescriber, who may correct anybody's entry.
    pub prescriber: bool,
}

impl CorrectedBy {
    /// Only the author, whoever is in charge of the patient now, and a prescriber (decisions.md 12): after a hand-over
    /// the new nurse in charge may, and the one before only what she wrote herself.
    ///
    /// # Errors
    /// [`Refusal::NotAuthor`] for everybody else.
    pub fn may_correct(self, author: StaffId, owner: StaffId) -> Result<(), Refusal> {
        if self.prescriber || self.staff == author || self.staff == owner {
            return Ok(());
        }
        Err(Refusal::NotAuthor)
    }
}

impl Handover {
    /// What a hand-over without the giver leaves behind: a review by somebody else, a prescriber, or where a prescriber
    /// took over any other clinician (decisions.md 11).
    pub fn review(&self, patient: PatientId, to_prescriber: bool) -> Option<TaskCause> {
        let audience = if to_prescriber { TaskAudience::Nurse } else { TaskAudience::Prescriber };
        let act = (self.act.by, self.act.recorded_at);
        let review = TaskCause::review(TaskKind::HandoverReview, audience, self.id, act);
        let alone = self.giver == Giver::Unavailable;
        alone.then_some(TaskCause { session: Some(self.session_id), patient: Some(patient), ..review })
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("session_handover", 1)
            .with("id", self.id)
            .with("session_id", self.session_id)
            .with("from_staff_id", self.from_staff_id)
            .with("to_staff_id", self.to_staff_id)
            .with("giver", self.giver.as_str())
            .with("summary", self.summary.clone())
            .with("act", self.act.record())
    }
}

/// What a hand-over says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHandover {
    /// Its id.
    pub id: HandoverId,
    /// Who takes over.
    pub to: StaffId,
    /// Whether the giver is there.
    pub giver: Giver,
    /// Why; asked for when the giver is not there.
    pub reason: Option<String>,
    /// What the receiver was told.
    pub summary: Option<String>,
}

impl Session {
    /// The pre-check is signed; again as often as needed before the start.
    pub fn precheck_signed(self, act: Act) -> Result<Step, Refusal> {
        let at = act.occurred_at;
        self.follow(SessionEvent::Precheck, act, With::default(), |session| {
            session.milestones.precheck_signed_at = Some(at);
        })
    }

    /// The prescriber released it. `unmet` is what stands in the way of a release.
    pub fn released(self, act: Act, unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        let at = act.occurred_at;
        self.follow(SessionEvent::Release, act, With::unmet(unmet), |session| session.milestones.released_at = Some(at))
    }

    /// The drug is drawn up. `unmet` is what stands in the way of a preparation.
    pub fn prepared(self, act: Act, unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        let at = act.occurred_at;
        self.follow(SessionEvent::Prepare, act, With::unmet(unmet), |session| session.milestones.prepared_at = Some(at))
    }

    /// Another person takes charge: recorded by the receiver, or by the giver when both are there.
    pub fn hand_over(self, act: Act, new: NewHandover) -> Result<(Step, Handover), Refusal> {
        if !self.allows(SessionEvent::Handover) {
            return Err(self.refuse(SessionEvent::Handover));
        }
        let from = self.team.owner_id;
        if new.to == from {
            return Err(Refusal::clash(Clash::AlreadyDone, "this person is in charge already"));
        }
        let by_receiver = act.by == new.to;
        let by_giver = act.by == from && new.giver == Giver::Signed;
        if !by_receiver && !by_giver {
            return Err(Refusal::invalid(
                "/to_staff_id",
                "not_a_party",
                "a hand-over is recorded by the receiver, or by the giver who is there",
            ));
        }
        if new.giver == Giver::Unavailable && new.reason.is_none() {
            return Err(Refusal::invalid("/reason", "required", "say why the giver is not there"));
        }
        let handover = Handover {
            id: new.id,
            session_id: self.id,
            from_staff_id: from,
            to_staff_id: new.to,
            giver: new.giver,
            summary: new.summary,
            act: act.clone(),
        };
        let mut step = self
            .follow(SessionEvent::Handover, act, With::reason(new.reason), |session| session.team.owner_id = new.to)?;
        let subject = Subject::new("session_handover", handover.id, 1);
        step.events.push(Event::of_patient(
            EventKind::SessionHandedOver,
            step.session.patient_id,
            subject,
            handover.record(),
        ));
        Ok((step, handover))
    }

    /// Ends the visit in the house before any drug ran.
    pub fn abort(self, act: Act, reason: AbortReason, words: Option<String>) -> Result<Step, Refusal> {
        self.follow(SessionEvent::Abort, act, With::reason(words), |session| session.abort_reason = Some(reason))
    }

    /// The patient leaves. `unmet` is what discharge found in the way; who leaves without being discharged is
    /// stopped by nothing but a missing reason (decisions.md 10).
    pub fn complete(
        self,
        act: Act,
        disposition: Disposition,
        words: Option<String>,
        unmet: Vec<Unmet>,
    ) -> Result<Step, Refusal> {
        let told = words.as_deref().is_some_and(|text| !text.trim().is_empty());
        if disposition != Disposition::HomeWithEscort && !told {
            return Err(Refusal::invalid(
                "/reason",
                "required",
                "say why the patient did not leave with an escort as planned",
            ));
        }
        let unmet = if disposition.skips_criteria() { Vec::new() } else { unmet };
        let at = act.occurred_at;
        self.follow(SessionEvent::Complete, act, With { reason: words, unmet }, |session| {
            session.disposition = Some(disposition);
            session.milestones.completed_at = Some(at);
        })
    }

    /// The books are settled and the record is locked. `unmet` is what is still open.
    pub fn close(self, act: Act, unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        let at = act.recorded_at;
        self.follow(SessionEvent::Close, act, With::unmet(unmet), |session| session.milestones.locked_at = Some(at))
    }
}
