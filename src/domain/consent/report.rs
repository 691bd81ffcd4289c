//! Reports and wishes: somebody says the patient may want to withdraw. Each blocks every start until a clinician has
//! asked the patient and recorded the answer (decisions.md 8).

use super::Made;
use super::influence::Influence;
use super::state::Consent;
use super::withdrawal::WithdrawalScope;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ConsentId, PatientId, SessionId, StaffId, WithdrawalReportId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::text;
use crate::domain::time::Timestamp;

words! {
    /// Where it comes from.
    pub enum ReportKind {
        /// Taken by anybody in the clinic, for example on the telephone.
        Report = "report",
        /// Said by the patient under the drug.
        Wish = "wish",
    }

    /// What the patient answered.
    pub enum ReportOutcome {
        /// Wants to go on.
        Continues = "continues",
        /// Withdraws: recorded as a withdrawal in the same transaction.
        Withdraws = "withdraws",
    }
}

/// A report as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// Whose.
    pub patient: PatientId,
    /// What was said, in any words.
    pub text: String,
    /// When it was said; absent or later than now: now.
    pub said_at: Option<Timestamp>,
}

/// The answer to a report or wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Which.
    pub outcome: ReportOutcome,
    /// What the patient said when asked.
    pub statement: String,
    /// The clinician who asked.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// A report or a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalReport {
    /// Its id.
    pub id: WithdrawalReportId,
    /// Counts its changes.
    pub version: i64,
    /// Whose.
    pub patient: PatientId,
    /// Where it comes from.
    pub kind: ReportKind,
    /// The consent a wish is about.
    pub consent: Option<ConsentId>,
    /// The session a wish was said in.
    pub session: Option<SessionId>,
    /// How far a wish reaches.
    pub wished: Option<WithdrawalScope>,
    /// What was said.
    pub text: String,
    /// When it was said.
    pub said_at: Timestamp,
    /// Who took it.
    pub recorded_by: StaffId,
    /// When it was entered.
    pub recorded_at: Timestamp,
    /// The answer, once there is one.
    pub resolution: Option<Resolution>,
}

impl WithdrawalReport {
    /// Takes a report.
    ///
    /// # Errors
    /// When the text is empty or too long.
    pub fn take(new: &NewReport, made: Made<WithdrawalReportId>) -> Result<(Self, Event), Refusal> {
        let text = text::checked("/text", &new.text, 1, 2000)?;
        let report = Self {
            id: made.id,
            version: 1,
            patient: new.patient,
            kind: ReportKind::Report,
            consent: None,
            session: None,
            wished: None,
            text,
            said_at: new.said_at.map_or(made.at, |said| said.min(made.at)),
            recorded_by: made.by,
            recorded_at: made.at,
            resolution: None,
        };
        let event = report.event(EventKind::WithdrawalReported);
        Ok((report, event))
    }

    /// Keeps a wish said under the drug.
    pub(super) fn wish(
        consent: &Consent,
        session: Option<SessionId>,
        (scope, text): (WithdrawalScope, String),
        said_at: Timestamp,
        made: Made<WithdrawalReportId>,
    ) -> (Self, Event) {
        let wish = Self {
            id: made.id,
            version: 1,
            patient: consent.patient,
            kind: ReportKind::Wish,
            consent: Some(consent.id),
            session,
            wished: Some(scope),
            text,
            said_at,
            recorded_by: made.by,
            recorded_at: made.at,
            resolution: None,
        };
        let event = wish.event(EventKind::WithdrawalWishNoted);
        (wish, event)
    }

    /// Records the patient's answer. `withdraws` goes with a withdrawal in the same transaction.
    ///
    /// # Errors
    /// When it was answered before, the patient is under the drug, or the statement is missing.
    pub fn resolve(mut self, answer: Resolution, influence: &Influence) -> Result<(Self, Event), Refusal> {
        if !self.is_open() {
            return Err(Refusal::clash(Clash::AlreadyDone, "This was answered already."));
        }
        let mut errors = FieldErrors::none();
        errors.take(text::checked("/statement", &answer.statement, 1, 2000));
        errors.finish()?;
        if let Some(obstacle) = influence.obstacle(answer.at, "the answer") {
            return Err(Refusal::Blocked { event: "resolve", by: vec![obstacle] });
        }
        self.resolution = Some(answer);
        self.version += 1;
        let event = self.event(EventKind::WithdrawalReportResolved);
        Ok((self, event))
    }

    /// Whether nobody has answered it yet.
    pub const fn is_open(&self) -> bool {
        self.resolution.is_none()
    }

    /// Whether it was there and unanswered at this instant, as known then.
    pub fn is_open_at(&self, at: Timestamp, known_at: Timestamp) -> bool {
        self.said_at <= at
            && self.recorded_at <= known_at
            && self.resolution.as_ref().is_none_or(|answer| at < answer.at || known_at < answer.at)
    }

    fn event(&self, kind: EventKind) -> Event {
        let subject = Subject::new("withdrawal_report", self.id, self.version);
        Event::of_patient(kind, self.patient, subject, self.record())
    }

    /// The canonical record.
    pub fn record(&self) -> Record {
        let answer = self.resolution.as_ref();
        Record::new("withdrawal_report", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("patient_id", self.patient)
            .with("report_kind", self.kind.as_str())
            .with("consent_id", self.consent)
            .with("session_id", self.session)
            .word("wished_scope", self.wished.map(WithdrawalScope::as_str))
            .with("text", &self.text)
            .with("said_at", self.said_at)
            .with("recorded_by", self.recorded_by)
            .with("recorded_at", self.recorded_at)
            .word("outcome", answer.map(|answer| answer.outcome.as_str()))
            .with("statement", answer.map(|answer| &answer.statement))
            .with("resolved_by", answer.map(|answer| answer.by))
            .with("resolved_at", answer.map(|answer| answer.at))
    }
}
