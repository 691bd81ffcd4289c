//! Screening: what was asked before ketamine, and what a prescriber made of the answers.
//!
//! Unknown is not no. A question nobody asked, or whose answer has expired, keeps a patient from being cleared; an
//! unknown answer does so where a yes would be absolute, and needs the prescriber's reason elsewhere.

mod decision;
mod questions;
#[cfg(test)]
mod tests;

use super::chart::Severity;
use super::event::{Event, EventKind, Subject};
use super::id::{PatientId, ScreeningId, StaffId};
use super::record::Record;
use super::refusal::{FieldErrors, Refusal};
use super::text::checked;
use super::time::Timestamp;

pub use decision::{
    Decided, Decision, DecisionFields, DecisionReason, DecisionState, ReasonFields, Verdict, check_newest, decide,
    decision_state, unmet_at,
};
pub use questions::{QUESTIONS, QUESTIONS_VERSION, Question, question};

words! {
    /// What a yes means for the treatment (clinical.md 2).
    pub enum RiskClass {
        /// Blocks: two prescribers may set it aside, one may not.
        Absolute = "absolute",
        /// A prescriber weighs it and records the reason.
        Relative = "relative",
        /// Warns, and asks for closer monitoring.
        Precaution = "precaution",
    }

    /// An answer.
    pub enum AnswerCode {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Asked, and not known.
        Unknown = "unknown",
        /// The question cannot apply to this patient.
        NotApplicable = "not_applicable",
    }

    /// Where an answer comes from.
    pub enum AnswerSource {
        /// The patient said so.
        Patient = "patient",
        /// An earlier record says so.
        Record = "record",
        /// It was examined or tested.
        Exam = "exam",
    }

    /// Why a question needs attention.
    pub enum FindingKind {
        /// Answered yes.
        Positive = "positive",
        /// Answered unknown.
        Unknown = "unknown",
        /// Not asked.
        Unanswered = "unanswered",
        /// The answer holds no longer.
        Expired = "expired",
    }
}

/// Longest time an asserted answer may lie back: an older one is history, to be asked again.
const MAX_ASSERTED_DAYS: i64 = 365;
const DAY_MINUTES: i64 = 24 * 60;

/// Unchecked: one answer as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerFields<'a> {
    /// The question's code.
    pub question: &'a str,
    /// The answer.
    pub answer: AnswerCode,
    /// What belongs beside it.
    pub detail: Option<&'a str>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Where it comes from.
    pub source: AnswerSource,
    /// When it was given; now when absent.
    pub asserted_at: Option<Timestamp>,
    /// Until when it holds; by the question's rule when absent.
    pub expires_at: Option<Timestamp>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question, in the version that was asked.
    pub question: &'static Question,
    /// The answer.
    pub answer: AnswerCode,
    /// What belongs beside it.
    pub detail: Option<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Where it comes from.
    pub source: AnswerSource,
    /// When it was given.
    pub asserted_at: Timestamp,
    /// From when on it holds no longer.
    pub expires_at: Timestamp,
}

/// Answers that were checked and wait to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScreening {
    answers: Vec<Answer>,
}

/// One set of answers, given at one time; never changed. The newest set of a patient is the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// Id.
    pub id: ScreeningId,
    /// Whose.
    pub patient: PatientId,
    /// The version of the question set.
    pub questions_version: i64,
    /// The answers, in the order of the questions.
    pub answers: Vec<Answer>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// By whom.
    pub recorded_by: StaffId,
}

/// A question that needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The question.
    pub question: &'static Question,
    /// Why.
    pub kind: FindingKind,
}

/// What a set of answers means at an instant; each question is in one list at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessment {
    /// Keep the patient from being cleared, by anybody: unanswered, expired, or unknown where yes would be absolute.
    pub unresolved: Vec<Finding>,
    /// Absolute and positive: only two prescribers together may set them aside.
    pub blocks: Vec<Finding>,
    /// The prescriber has to record why: relative and positive, or unknown.
    pub needs_reason: Vec<Finding>,
    /// To be monitored for: precautions that are positive.
    pub warnings: Vec<Finding>,
}

impl NewScreening {
    /// Checks a body of answers given by `now`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every wrong field. A question that is left out is no error: it stays unanswered.
    pub fn parse(questions_version: i64, fields: &[AnswerFields<'_>], now: Timestamp) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        if questions_version != QUESTIONS_VERSION {
            errors.add("/questions_version", "stale", format!("the questions in use have version {QUESTIONS_VERSION}"));
        }
        if fields.is_empty() {
            errors.add("/answers", "required", "must hold at least one answer");
        }
        let mut answers: Vec<Answer> = Vec::with_capacity(fields.len().min(QUESTIONS.len()));
        for (index, fields) in fields.iter().enumerate() {
            let Some(answer) = fields.parse(&format!("/answers/{index}"), now, &mut errors) else { continue };
            if answers.iter().any(|earlier| earlier.question.code == answer.question.code) {
                errors.add(format!("/answers/{index}/question"), "repeated", "this question was answered above");
            }
            answers.push(answer);
        }
        errors.finish()?;
        answers.sort_by_key(|answer| QUESTIONS.iter().position(|question| question.code == answer.question.code));
        Ok(Self { answers })
    }

    /// Records the answers.
    pub fn record(self, id: ScreeningId, patient: PatientId, by: StaffId, now: Timestamp) -> (Screening, Vec<Event>) {
        let screening = Screening {
            id,
            patient,
            questions_version: QUESTIONS_VERSION,
            answers: self.answers,
            recorded_at: now,
            recorded_by: by,
        };
        let subject = Subject::new("screening", id, 1);
        let events = vec![Event::of_patient(EventKind::ScreeningRecorded, patient, subject, screening.record())];
        (screening, events)
    }
}

impl AnswerFields<'_> {
    fn parse(&self, pointer: &str, now: Timestamp, errors: &mut FieldErrors) -> Option<Answer> {
        let Some(question) = question(self.question, QUESTIONS_VERSION) else {
            errors.add(format!("{pointer}/question"), "unknown_word", "must be a code of GET /screenings/questions");
            return None;
        };
        if self.answer == AnswerCode::NotApplicable && !question.may_not_apply {
            errors.add(
                format!("{pointer}/answer"),
                "not_allowed",
                "this question applies to everybody: yes, no or unknown",
            );
        }
        let detail = self.detail.and_then(|text| errors.take(checked(&format!("{pointer}/detail"), text, 1, 2_000)));
        let asserted_at = self.asserted_at.unwrap_or(now);
        if asserted_at > now {
            errors.add(format!("{pointer}/asserted_at"), "future", "must not be in the future");
        }
        if now.minutes_since(asserted_at) > MAX_ASSERTED_DAYS * DAY_MINUTES {
            errors.add(format!("{pointer}/asserted_at"), "range", "is more than a year ago: ask again");
        }
        let latest = asserted_at.plus_minutes(question.valid_days.saturating_mul(DAY_MINUTES));
        let expires_at = self.expires_at.unwrap_or(latest);
        if expires_at <= asserted_at || expires_at > latest {
            let detail = format!("must be after asserted_at and at most {} days later", question.valid_days);
            errors.add(format!("{pointer}/expires_at"), "range", detail);
        }
        let Self { answer, severity, source, .. } = *self;
        Some(Answer { question, answer, detail, severity, source, asserted_at, expires_at })
    }
}

impl Screening {
    /// What the answers mean at an instant.
    pub fn assess(&self, at: Timestamp) -> Assessment {
        let mut assessment = Assessment::default();
        for question in QUESTIONS {
            let answer = self.answers.iter().find(|answer| answer.question.code == question.code);
            let kind = match answer {
                None => FindingKind::Unanswered,
                Some(answer) if answer.expires_at <= at => FindingKind::Expired,
                Some(answer) => match answer.answer {
                    AnswerCode::No | AnswerCode::NotApplicable => continue,
                    AnswerCode::Yes => FindingKind::Positive,
                    AnswerCode::Unknown => FindingKind::Unknown,
                },
            };
            let list = match (kind, question.class) {
                (FindingKind::Unanswered | FindingKind::Expired, _) | (FindingKind::Unknown, RiskClass::Absolute) => {
                    &mut assessment.unresolved
                }
                (FindingKind::Positive, RiskClass::Absolute) => &mut assessment.blocks,
                (FindingKind::Positive, RiskClass::Precaution) => &mut assessment.warnings,
                (FindingKind::Positive | FindingKind::Unknown, _) => &mut assessment.needs_reason,
            };
            list.push(Finding { question, kind });
        }
        assessment
    }

    /// The first instant at which one of the answers holds no longer.
    pub fn expires_at(&self) -> Timestamp {
        self.answers.iter().map(|answer| answer.expires_at).min().unwrap_or(self.recorded_at)
    }

    /// The canonical form whose hash goes into the trail.
    pub fn record(&self) -> Record {
        let answers: Vec<Record> = self
            .answers
            .iter()
            .map(|answer| {
                Record::group()
                    .with("question", answer.question.code)
                    .with("question_version", answer.question.version)
                    .with("answer", answer.answer.as_str())
                    .with("detail", answer.detail.clone())
                    .word("severity", answer.severity.map(Severity::as_str))
                    .with("source", answer.source.as_str())
                    .with("asserted_at", answer.asserted_at)
                    .with("expires_at", answer.expires_at)
            })
            .collect();
        Record::new("screening", 1)
            .with("id", self.id)
            .with("patient_id", self.patient)
            .with("questions_version", self.questions_version)
            .with("answers", answers)
            .with("recorded_at", self.recorded_at)
            .with("recorded_by", self.recorded_by)
    }
}
