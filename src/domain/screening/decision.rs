//! The prescriber's word on a set of answers, and whether it holds at an instant.

use super::{Finding, FindingKind, Screening, question};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ScreeningDecisionId, ScreeningId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Override, Refusal, Unmet};
use crate::domain::route::Person;
use crate::domain::text::checked;
use crate::domain::time::Timestamp;

words! {
    /// What a prescriber decides.
    pub enum Verdict {
        /// May be treated.
        Cleared = "cleared",
        /// May not be treated.
        Not = "not",
        /// May be treated under the conditions that the reasons name.
        Conditional = "conditional",
    }

    /// What became of a decision.
    pub enum DecisionState {
        /// It holds, until it expires.
        Complete = "complete",
        /// A positive absolute question needs a second prescriber (decisions.md, part 2).
        AwaitingSecond = "awaiting_second",
    }
}

/// Unchecked: one reason as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonFields<'a> {
    /// The question it answers, if it answers one.
    pub question: Option<&'a str>,
    /// Why.
    pub text: &'a str,
}

/// Unchecked: a decision as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionFields<'a> {
    /// What is decided.
    pub verdict: Verdict,
    /// Why.
    pub reasons: &'a [ReasonFields<'a>],
    /// Until when it holds; until the first answer expires when absent.
    pub expires_at: Option<Timestamp>,
    /// The decision of another prescriber that this one joins.
    pub seconds_id: Option<ScreeningDecisionId>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionReason {
    /// The question it answers, if it answers one.
    pub question: Option<&'static str>,
    /// Why.
    pub text: String,
}

/// Who decides, when, under which id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// The id of the decision.
    pub id: ScreeningDecisionId,
    /// The prescriber.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// One decision; never changed. A later one on the same answers takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Id.
    pub id: ScreeningDecisionId,
    /// The answers it is about.
    pub screening: ScreeningId,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<DecisionReason>,
    /// From when on it holds no longer.
    pub expires_at: Timestamp,
    /// The decision it joins.
    pub seconds: Option<ScreeningDecisionId>,
    /// The prescriber.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// Decides on a set of answers.
///
/// - `not` is always possible, with a reason.
/// - Nobody clears while a question is unresolved.
/// - Each question that needs a reason gets one that names it.
/// - A positive absolute question leaves the decision waiting until another prescriber, another human, joins it.
///
/// # Errors
/// [`Refusal::Invalid`] for wrong fields, [`Refusal::Blocked`] with every question in the way.
pub fn decide(
    screening: &Screening,
    earlier: &[Decision],
    fields: DecisionFields<'_>,
    who: Decided,
) -> Result<(Decision, Vec<Event>), Refusal> {
    let reasons = parse_reasons(&fields)?;
    let latest = screening.expires_at();
    let expires_at = match fields.expires_at {
        None if fields.verdict == Verdict::Not => who.at.max(latest),
        None => latest,
        Some(at) if at > who.at && at <= latest => at,
        Some(_) => {
            let detail = format!("must be in the future and not after {latest}, when the first answer expires");
            return Err(Refusal::invalid("/expires_at", "range", detail));
        }
    };
    if let Some(first) = fields.seconds_id {
        check_joins(screening, earlier, fields.verdict, first, who)?;
    }
    if fields.verdict != Verdict::Not {
        check_clearable(screening, &reasons, fields.seconds_id.is_some(), who.at)?;
    }
    let decision = Decision {
        id: who.id,
        screening: screening.id,
        verdict: fields.verdict,
        reasons,
        expires_at,
        seconds: fields.seconds_id,
        by: who.by,
        at: who.at,
    };
    let subject = Subject::new("screening_decision", decision.id, 1);
    let event = Event::of_patient(EventKind::ScreeningDecided, screening.patient, subject, decision.record());
    Ok((decision, vec![event]))
}

/// Only the newest answers of a patient are decided on.
///
/// # Errors
/// When there are newer ones.
pub fn check_newest(screening: &Screening, newest: ScreeningId) -> Result<(), Refusal> {
    if screening.id == newest {
        Ok(())
    } else {
        Err(Refusal::clash(Clash::WrongState, "there are newer answers of this patient: decide on those"))
    }
}

fn parse_reasons(fields: &DecisionFields<'_>) -> Result<Vec<DecisionReason>, Refusal> {
    let mut errors = FieldErrors::none();
    let mut reasons = Vec::with_capacity(fields.reasons.len());
    for (index, reason) in fields.reasons.iter().enumerate() {
        let text = errors.take(checked(&format!("/reasons/{index}/text"), reason.text, 1, 1_000));
        let named = reason.question.map(|code| question(code, super::QUESTIONS_VERSION));
        if named == Some(None) {
            errors.add(
                format!("/reasons/{index}/question"),
                "unknown_word",
                "must be a code of GET /screenings/questions",
            );
        }
        let question = named.flatten().map(|question| question.code);
        reasons.extend(text.map(|text| DecisionReason { question, text }));
    }
    if fields.verdict != Verdict::Cleared && fields.reasons.is_empty() {
        errors.add("/reasons", "required", "say why not, or under which conditions");
    }
    errors.finish()?;
    Ok(reasons)
}

/// The second prescriber is another human, agrees with the first, and the first has not been overtaken.
fn check_joins(
    screening: &Screening,
    earlier: &[Decision],
    verdict: Verdict,
    first: ScreeningDecisionId,
    who: Decided,
) -> Result<(), Refusal> {
    let Some(first) = earlier.iter().find(|decision| decision.id == first) else {
        return Err(Refusal::invalid("/seconds_id", "unknown", "must be a decision on this screening"));
    };
    if first.by.is(who.by) {
        return Err(Refusal::clash(Clash::SamePerson, "the second prescriber must be another person"));
    }
    let governs = governing(earlier, who.at).is_some_and(|decision| decision.id == first.id);
    if !governs || decision_state(screening, earlier, first) != DecisionState::AwaitingSecond {
        return Err(Refusal::clash(Clash::AlreadyDone, "this decision does not wait for a second prescriber"));
    }
    if first.verdict != verdict {
        return Err(Refusal::clash(
            Clash::WrongState,
            "a second prescriber joins a decision or makes another, not both",
        ));
    }
    Ok(())
}

fn check_clearable(
    screening: &Screening,
    reasons: &[DecisionReason],
    joins: bool,
    at: Timestamp,
) -> Result<(), Refusal> {
    let assessment = screening.assess(at);
    let mut by: Vec<Unmet> = assessment.unresolved.iter().map(unresolved).collect();
    if !joins {
        let explained =
            |finding: &&Finding| reasons.iter().any(|reason| reason.question == Some(finding.question.code));
        let weighed = assessment.blocks.iter().chain(&assessment.needs_reason);
        by.extend(weighed.filter(|finding| !explained(finding)).map(reason_missing));
    }
    if by.is_empty() { Ok(()) } else { Err(Refusal::Blocked { event: "clear", by }) }
}

fn unresolved(finding: &Finding) -> Unmet {
    let code = match finding.kind {
        FindingKind::Unanswered => "screening_unanswered",
        FindingKind::Expired => "screening_answer_expired",
        FindingKind::Positive | FindingKind::Unknown => "screening_unknown",
    };
    Unmet::new(code, "screening.clear.resolved", format!("{}: {}", finding.question.code, finding.question.text))
}

fn reason_missing(finding: &Finding) -> Unmet {
    let text = format!("{}: record why treatment is right although it is {}", finding.question.code, finding.kind);
    Unmet::new("screening_reason_missing", "screening.clear.reason", text).overridable_by(Override::Prescriber)
}

/// The decision that counts at an instant: the last that is no joining one; of two in the same millisecond, the no.
fn governing(decisions: &[Decision], at: Timestamp) -> Option<&Decision> {
    decisions
        .iter()
        .filter(|decision| decision.seconds.is_none() && decision.at <= at)
        .max_by_key(|decision| (decision.at, decision.verdict == Verdict::Not, decision.id))
}

/// Whether a decision holds or waits for the second prescriber.
pub fn decision_state(screening: &Screening, decisions: &[Decision], decision: &Decision) -> DecisionState {
    state_at(screening, decisions, decision, Timestamp::MAX)
}

fn state_at(screening: &Screening, decisions: &[Decision], decision: &Decision, at: Timestamp) -> DecisionState {
    let alone = decision.verdict == Verdict::Not
        || decision.seconds.is_some()
        || screening.assess(decision.at).blocks.is_empty();
    let joined = || decisions.iter().any(|second| second.seconds == Some(decision.id) && second.at <= at);
    if alone || joined() { DecisionState::Complete } else { DecisionState::AwaitingSecond }
}

/// What keeps a treatment from starting at an instant, as far as screening goes; empty when the patient was cleared.
///
/// `latest` is the newest set of answers recorded by then, with every decision on it.
pub fn unmet_at(latest: Option<(&Screening, &[Decision])>, at: Timestamp) -> Vec<Unmet> {
    let one = |code, text: &str| vec![Unmet::new(code, "session.start.screening", text)];
    let Some((screening, decisions)) = latest.filter(|(screening, _)| screening.recorded_at <= at) else {
        return one("screening_missing", "no screening answers are recorded");
    };
    let Some(decision) = governing(decisions, at) else {
        return one("screening_undecided", "a prescriber has to decide on the screening answers");
    };
    if decision.verdict == Verdict::Not {
        return one("screening_not_cleared", "a prescriber decided against treatment");
    }
    if state_at(screening, decisions, decision, at) == DecisionState::AwaitingSecond {
        return one("screening_second_prescriber_missing", "a second prescriber has to join the decision");
    }
    let joined = decisions.iter().filter(|second| second.seconds == Some(decision.id) && second.at <= at);
    let until = joined.map(|second| second.expires_at).fold(decision.expires_at, Timestamp::min);
    if until <= at {
        let unmet =
            Unmet::new("screening_expired", "session.start.screening", "the clearance has expired: screen again");
        return vec![unmet.figures(format!("until {until}"), format!("{at}"))];
    }
    Vec::new()
}

impl Decision {
    /// The canonical form whose hash goes into the trail.
    pub fn record(&self) -> Record {
        let reasons: Vec<Record> = self
            .reasons
            .iter()
            .map(|reason| Record::group().with("question", reason.question).with("text", &reason.text))
            .collect();
        Record::new("screening_decision", 1)
            .with("id", self.id)
            .with("screening_id", self.screening)
            .with("verdict", self.verdict.as_str())
            .with("reasons", reasons)
            .with("expires_at", self.expires_at)
            .with("seconds_id", self.seconds)
            .with("decided_by", self.by.staff)
            .with("decided_at", self.at)
    }
}
