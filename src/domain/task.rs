//! Work that waits for somebody: one list for everything a rule could not insist on at the chair (design.md 1, rule
//! 8; decisions.md part 4a).

use super::event::{Event, EventKind, Subject};
use super::id::{PatientId, SessionId, StaffId, TaskId};
use super::record::Record;
use super::refusal::{Clash, Refusal};
use super::text;
use super::time::Timestamp;
use uuid::Uuid;

words! {
    /// What has to be done.
    pub enum TaskKind {
        /// A prescriber reviews what was recorded as done outside the rules (decisions.md 1).
        ReconstructionReview = "reconstruction_review",
        /// A verbal order is countersigned (decisions.md 22).
        CountersignOrder = "countersign_order",
        /// A waiver of the second person is reviewed (decisions.md 4).
        WaiverReview = "waiver_review",
        /// A hand-over that the giver could not sign is reviewed (decisions.md 11).
        HandoverReview = "handover_review",
        /// Somebody says why a row was entered so late (decisions.md 34).
        LateReason = "late_reason",
        /// The patient is asked again, sober, about a wish to withdraw (decisions.md 8).
        WithdrawalQuestion = "withdrawal_question",
        /// Answers of item 9 or a withdrawal report wait for a clinician.
        ClinicianReview = "clinician_review",
        /// A draft of an adverse event is completed (decisions.md 10).
        AdverseEventDraft = "adverse_event_draft",
        /// Waste on hold gets its second signature (decisions.md part 2).
        WasteCosign = "waste_cosign",
        /// A drug discrepancy is decided (decisions.md 17).
        Discrepancy = "discrepancy",
        /// A session of an earlier day is settled and closed (decisions.md 2).
        UnclosedSession = "unclosed_session",
        /// A consent runs out.
        ConsentExpiring = "consent_expiring",
        /// The patient is called after the visit.
        FollowUp = "follow_up",
        /// A visit that overran still has the chair that the next patient is booked for (decisions.md 3).
        ChairConflict = "chair_conflict",
        /// An auditor looks at why a restricted chart was opened.
        BreakGlassReview = "break_glass_review",
    }

    /// Whose list it is on.
    pub enum TaskAudience {
        /// Prescribers.
        Prescriber = "prescriber",
        /// Nurses and prescribers.
        Nurse = "nurse",
        /// The front desk.
        FrontDesk = "front_desk",
        /// Auditors.
        Auditor = "auditor",
        /// Prescribers and auditors: what needs somebody with authority, in a clinic of one prescriber as well.
        Reviewer = "reviewer",
    }
}

/// Within how many days a review of what one person did alone is due (decisions.md 4).
const REVIEW_DAYS: i64 = 30;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What has to be done.
    pub kind: TaskKind,
    /// Whose list it is on.
    pub audience: TaskAudience,
    /// The one person it waits for, if it is nobody else's.
    pub assignee: Option<StaffId>,
    /// Who did what it reviews: somebody else does the task (decisions.md 4).
    pub acted_by: Option<StaffId>,
    /// The record it is about; with the kind it makes an open task one of its kind.
    pub subject: Uuid,
    /// The visit, if it is about one.
    pub session: Option<SessionId>,
    /// The patient, if it is about one.
    pub patient: Option<PatientId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// By when it should be done.
    pub due_at: Timestamp,
    /// Who did it.
    pub done_by: Option<StaffId>,
    /// When.
    pub done_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Its version.
    pub version: i64,
}

/// What asks for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCause {
    /// What has to be done.
    pub kind: TaskKind,
    /// Whose list it is on.
    pub audience: TaskAudience,
    /// The one person it waits for.
    pub assignee: Option<StaffId>,
    /// Who did what it reviews: somebody else does the task.
    pub acted_by: Option<StaffId>,
    /// The record it is about.
    pub subject: Uuid,
    /// The visit.
    pub session: Option<SessionId>,
    /// The patient.
    pub patient: Option<PatientId>,
    /// By when it should be done.
    pub due_at: Timestamp,
}

impl TaskCause {
    /// The review of what somebody approved or did without the second person it asks for: by anybody else with
    /// authority, within thirty days (decisions.md 4, 11 and part 2).
    pub fn review(kind: TaskKind, audience: TaskAudience, subject: impl Into<Uuid>, act: (StaffId, Timestamp)) -> Self {
        Self {
            kind,
            audience,
            assignee: None,
            acted_by: Some(act.0),
            subject: subject.into(),
            session: None,
            patient: None,
            due_at: act.1.plus_minutes(REVIEW_DAYS * 24 * 60),
        }
    }
}

impl Task {
    /// Puts it on the list.
    pub fn open(id: TaskId, cause: TaskCause, now: Timestamp) -> (Self, Event) {
        let task = Self {
            id,
            kind: cause.kind,
            audience: cause.audience,
            assignee: cause.assignee,
            acted_by: cause.acted_by,
            subject: cause.subject,
            session: cause.session,
            patient: cause.patient,
            opened_at: now,
            due_at: cause.due_at,
            done_by: None,
            done_at: None,
            outcome: None,
            version: 1,
        };
        let event = task.event(EventKind::TaskOpened);
        (task, event)
    }

    /// Takes it off the list.
    ///
    /// # Errors
    /// `already_done` when somebody did it before; `same_person` for who did what it reviews; a field error when the
    /// outcome is no text.
    pub fn done(&self, by: StaffId, outcome: Option<&str>, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.done_at.is_some() {
            return Err(Refusal::clash(Clash::AlreadyDone, "the task is done already"));
        }
        if self.acted_by == Some(by) {
            return Err(Refusal::clash(Clash::SamePerson, "somebody else reviews what you did"));
        }
        let outcome = outcome.map(|text| text::checked("/outcome", text, 1, 1000)).transpose()?;
        let next = Self { done_by: Some(by), done_at: Some(now), outcome, version: self.version + 1, ..self.clone() };
        let event = next.event(EventKind::TaskDone);
        Ok((next, event))
    }

    /// Whether its time has passed.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.done_at.is_none() && self.due_at < now
    }

    fn event(&self, kind: EventKind) -> Event {
        let event = Event::of_clinic(kind, Subject::new("task", self.id, self.version), self.record());
        Event { patient: self.patient, ..event }
    }

    /// The canonical record, version 2: 1 had no `acted_by`.
    pub fn record(&self) -> Record {
        Record::new("task", 2)
            .with("id", self.id)
            .with("task_kind", self.kind.as_str())
            .with("audience", self.audience.as_str())
            .with("assignee_id", self.assignee)
            .with("acted_by", self.acted_by)
            .with("subject_id", self.subject)
            .with("session_id", self.session)
            .with("patient_id", self.patient)
            .with("opened_at", self.opened_at)
            .with("due_at", self.due_at)
            .with("done_by", self.done_by)
            .with("done_at", self.done_at)
            .with("outcome", self.outcome.as_ref())
            .with("version", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_done_once_and_not_by_whoever_it_reviews() {
        let now = Timestamp::from_millis(0);
        let cause = TaskCause {
            kind: TaskKind::LateReason,
            audience: TaskAudience::Nurse,
            assignee: None,
            acted_by: Some(StaffId(Uuid::from_u128(3))),
            subject: Uuid::from_u128(4),
            session: None,
            patient: None,
            due_at: now.plus_minutes(60),
        };
        let (task, _) = Task::open(TaskId(Uuid::from_u128(1)), cause, now);
        assert!(!task.is_overdue(now.plus_minutes(60)) && task.is_overdue(now.plus_minutes(61)));
        let nurse = StaffId(Uuid::from_u128(2));
        let own = task.done(StaffId(Uuid::from_u128(3)), None, now);
        assert!(matches!(own, Err(Refusal::Clash { clash: Clash::SamePerson, .. })));
        let (done, event) = task.done(nurse, Some("the tablet was offline"), now.plus_minutes(70)).unwrap();
        assert_eq!((done.done_by, done.version, event.kind), (Some(nurse), 2, EventKind::TaskDone));
        assert!(!done.is_overdue(now.plus_minutes(99)));
        assert!(matches!(done.done(nurse, None, now), Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
    }
}
