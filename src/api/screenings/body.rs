//! The bodies and views of screening.

use crate::api::problem::UnmetView;
use crate::domain::chart::Severity;
use crate::domain::id::{PatientId, ScreeningDecisionId, ScreeningId, StaffId};
use crate::domain::screening::{
    Answer, AnswerCode, AnswerFields, AnswerSource, Decision, DecisionReason, DecisionState, Finding, FindingKind,
    QUESTIONS, QUESTIONS_VERSION, Question, ReasonFields, RiskClass, Verdict, decision_state,
};
use crate::domain::time::Timestamp;
use crate::store::Screened;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The questions in use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningQuestionList)]
pub struct QuestionListView {
    /// To be sent back with the answers.
    #[schema(example = 1)]
    questions_version: i64,
    items: Vec<QuestionView>,
}

/// One question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningQuestion)]
pub struct QuestionView {
    #[schema(example = "vascular_aneurysm_or_avm")]
    code: &'static str,
    version: i64,
    /// What a yes means.
    class: RiskClass,
    #[schema(example = "Aneurysm of the aorta, brain or limbs, or an arteriovenous malformation?")]
    text: &'static str,
    /// What belongs beside a yes.
    #[schema(example = "imaging date, site, size")]
    detail_hint: &'static str,
    /// How many days an answer holds.
    valid_days: i64,
    /// Asked again at every visit.
    each_visit: bool,
    /// Whether `not_applicable` is an answer.
    may_not_apply: bool,
}

impl QuestionListView {
    pub(super) fn current() -> Self {
        let view = |question: &Question| QuestionView {
            code: question.code,
            version: question.version,
            class: question.class,
            text: question.text,
            detail_hint: question.detail_hint,
            valid_days: question.valid_days,
            each_visit: question.each_visit,
            may_not_apply: question.may_not_apply,
        };
        Self { questions_version: QUESTIONS_VERSION, items: QUESTIONS.iter().map(view).collect() }
    }
}

/// Answers to the questions. What is left out stays unanswered, and keeps the patient from being cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScreening, example = json!({"questions_version": 1, "answers": [{"question": "porphyria", "answer": "no", "source": "patient"}]}))]
pub struct ScreeningBody {
    /// The version the questions were read in.
    pub(super) questions_version: i64,
    /// The answers, in any order, each question once.
    #[schema(max_items = 100)]
    answers: Vec<AnswerBody>,
}

/// One answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScreeningAnswer)]
pub struct AnswerBody {
    /// The question's code.
    #[schema(max_length = 64, example = "porphyria")]
    question: String,
    /// Unknown is not no.
    answer: AnswerCode,
    /// What belongs beside it.
    #[schema(max_length = 2000)]
    detail: Option<String>,
    /// How bad.
    severity: Option<Severity>,
    /// Where it comes from.
    source: AnswerSource,
    /// When it was given; now without it.
    asserted_at: Option<Timestamp>,
    /// Until when it holds, if sooner than the question's rule says.
    expires_at: Option<Timestamp>,
}

impl ScreeningBody {
    pub(super) fn answers(&self) -> Vec<AnswerFields<'_>> {
        self.answers.iter().map(AnswerBody::fields).collect()
    }
}

impl AnswerBody {
    fn fields(&self) -> AnswerFields<'_> {
        AnswerFields {
            question: &self.question,
            answer: self.answer,
            detail: self.detail.as_deref(),
            severity: self.severity,
            source: self.source,
            asserted_at: self.asserted_at,
            expires_at: self.expires_at,
        }
    }
}

/// A prescriber's decision on the newest answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScreeningDecision, example = json!({"decision": "cleared", "reasons": [{"question": "seizure_disorder", "text": "seizure-free for 12 years, neurologist agrees"}]}))]
pub struct DecisionBody {
    /// `not` and `conditional` need a reason.
    pub(super) decision: Verdict,
    /// One for each question that needs it, naming it.
    #[serde(default)]
    #[schema(max_items = 100)]
    reasons: Vec<ReasonBody>,
    /// Until when it holds; until the first answer expires without it.
    pub(super) expires_at: Option<Timestamp>,
    /// The decision of another prescriber that this one joins.
    pub(super) seconds_id: Option<ScreeningDecisionId>,
}

/// One reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScreeningReason)]
pub struct ReasonBody {
    /// The question it answers.
    #[schema(max_length = 64)]
    question: Option<String>,
    /// Why.
    #[schema(max_length = 1000)]
    text: String,
}

impl DecisionBody {
    pub(super) fn reasons(&self) -> Vec<ReasonFields<'_>> {
        self.reasons
            .iter()
            .map(|reason| ReasonFields { question: reason.question.as_deref(), text: &reason.text })
            .collect()
    }
}

/// A set of answers, what they mean now, and what was decided on them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Screening)]
pub struct ScreeningView {
    id: ScreeningId,
    patient_id: PatientId,
    questions_version: i64,
    answers: Vec<AnswerView>,
    recorded_at: Timestamp,
    recorded_by: StaffId,
    /// When the first answer expires.
    expires_at: Timestamp,
    assessment: AssessmentView,
    decisions: Vec<DecisionView>,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningAnswer)]
pub struct AnswerView {
    #[schema(example = "porphyria")]
    question: &'static str,
    question_version: i64,
    answer: AnswerCode,
    detail: Option<String>,
    severity: Option<Severity>,
    source: AnswerSource,
    asserted_at: Timestamp,
    expires_at: Timestamp,
}

/// What the answers mean now; each question is in one list at most.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningAssessment)]
pub struct AssessmentView {
    /// Nobody can clear the patient before these are answered.
    unresolved: Vec<FindingView>,
    /// Absolute and positive: only two prescribers together may set them aside.
    blocks: Vec<FindingView>,
    /// The prescriber has to say why.
    needs_reason: Vec<FindingView>,
    /// To be monitored for.
    warnings: Vec<FindingView>,
}

/// A question that needs attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningFinding)]
pub struct FindingView {
    #[schema(example = "porphyria")]
    question: &'static str,
    class: RiskClass,
    why: FindingKind,
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningDecision)]
pub struct DecisionView {
    id: ScreeningDecisionId,
    decision: Verdict,
    reasons: Vec<ReasonView>,
    /// `awaiting_second` until another prescriber joins it.
    state: DecisionState,
    expires_at: Timestamp,
    /// The decision it joins.
    seconds_id: Option<ScreeningDecisionId>,
    decided_by: StaffId,
    decided_at: Timestamp,
}

/// One reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningReason)]
pub struct ReasonView {
    question: Option<&'static str>,
    text: String,
}

/// Every set of answers of a patient, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningList)]
pub struct ScreeningListView {
    /// What keeps a treatment from starting now, as far as screening goes; empty when the patient is cleared.
    blocked_by: Vec<UnmetView>,
    items: Vec<ScreeningView>,
}

impl ScreeningView {
    pub(super) fn of(screened: &Screened, now: Timestamp) -> Self {
        let Screened { screening, decisions } = screened;
        let assessment = screening.assess(now);
        let findings = |findings: &[Finding]| findings.iter().map(FindingView::of).collect();
        let decision = |decision| DecisionView::of(decision, decision_state(screening, decisions, decision));
        Self {
            id: screening.id,
            patient_id: screening.patient,
            questions_version: screening.questions_version,
            answers: screening.answers.iter().map(AnswerView::of).collect(),
            recorded_at: screening.recorded_at,
            recorded_by: screening.recorded_by,
            expires_at: screening.expires_at(),
            assessment: AssessmentView {
                unresolved: findings(&assessment.unresolved),
                blocks: findings(&assessment.blocks),
                needs_reason: findings(&assessment.needs_reason),
                warnings: findings(&assessment.warnings),
            },
            decisions: decisions.iter().map(decision).collect(),
        }
    }
}

impl ScreeningListView {
    pub(super) fn of(screened: &[Screened], now: Timestamp) -> Self {
        let unmet = Screened::unmet_at(screened.first(), now);
        Self {
            blocked_by: unmet.iter().map(UnmetView::of).collect(),
            items: screened.iter().map(|screened| ScreeningView::of(screened, now)).collect(),
        }
    }
}

impl AnswerView {
    fn of(answer: &Answer) -> Self {
        Self {
            question: answer.question.code,
            question_version: answer.question.version,
            answer: answer.answer,
            detail: answer.detail.clone(),
            severity: answer.severity,
            source: answer.source,
            asserted_at: answer.asserted_at,
            expires_at: answer.expires_at,
        }
    }
}

impl FindingView {
    fn of(finding: &Finding) -> Self {
        Self { question: finding.question.code, class: finding.question.class, why: finding.kind }
    }
}

impl DecisionView {
    fn of(decision: &Decision, state: DecisionState) -> Self {
        let reason = |reason: &DecisionReason| ReasonView { question: reason.question, text: reason.text.clone() };
        Self {
            id: decision.id,
            decision: decision.verdict,
            reasons: decision.reasons.iter().map(reason).collect(),
            state,
            expires_at: decision.expires_at,
            seconds_id: decision.seconds,
            decided_by: decision.by.staff,
            decided_at: decision.at,
        }
    }
}
