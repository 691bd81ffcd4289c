//! The shapes of a treatment plan on the wire.

use crate::api::signed::SignatureView;
use crate::api::wire::Day;
use crate::domain::chart::{ChartStatus, Listed};
use crate::domain::digest::Sha256;
use crate::domain::id::{OutcomeScoreId, PatientId, ProtocolId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::outcome_score::{OutcomeScale, OutcomeScore, Timepoint};
use crate::domain::patch::Patch;
use crate::domain::quantity::{Micrograms, MicrogramsPerKilogram};
use crate::domain::route::Route;
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::domain::treatment_plan::{
    Milestone, PlanEvent, PlanFields, PlanOutcome, PlanPatch, PlanState, Progress, TreatmentPlan, WeightBasis,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new plan. What is left out and the protocol knows is taken from the protocol.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTreatmentPlan, example = json!({"indication": "G43.719", "protocol_id": "0190a5c0-0000-7000-8000-000000000021", "weight_basis": "actual", "sessions": 6, "stop_rules": ["No fall of two points after three sessions"], "review_on": "2026-04-01"}))]
pub struct DraftBody {
    /// ICD-10-CM, of G43 or G44.
    #[schema(max_length = 8)]
    indication: Option<String>,
    /// A protocol edition; its route is the plan's.
    protocol_id: Option<ProtocolId>,
    /// The dose of the first session; the protocol's starting dose when absent.
    dose_mg_per_kg: Option<MicrogramsPerKilogram>,
    /// The most any session may give; the protocol's ceiling when absent.
    max_dose_mg_per_kg: Option<MicrogramsPerKilogram>,
    /// The weight that doses are reckoned by.
    weight_basis: Option<WeightBasis>,
    /// Planned infusion, or nebulized visit, in minutes; the protocol's shortest when absent.
    #[schema(minimum = 45, maximum = 90)]
    duration_minutes: Option<i64>,
    /// How many sessions.
    #[schema(minimum = 1, maximum = 52)]
    sessions: Option<i64>,
    /// Dates from one to the next; the protocol's closest when absent.
    #[schema(minimum = 1, maximum = 365)]
    spacing_days: Option<i64>,
    /// When the series is to be stopped.
    #[schema(max_items = 20)]
    stop_rules: Option<Vec<String>>,
    /// When the prescriber looks at it again.
    review_on: Option<Day>,
}

/// A merge patch of what a plan says (RFC 7396); null takes the protocol's value where it has one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TreatmentPlanPatch, example = json!({"sessions": 8}))]
pub struct PatchBody {
    /// ICD-10-CM, of G43 or G44.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 8)]
    indication: Patch<String>,
    /// A protocol edition.
    #[serde(default)]
    #[schema(value_type = Option<ProtocolId>)]
    protocol_id: Patch<ProtocolId>,
    /// The dose of the first session.
    #[serde(default)]
    #[schema(value_type = Option<MicrogramsPerKilogram>)]
    dose_mg_per_kg: Patch<MicrogramsPerKilogram>,
    /// The most any session may give.
    #[serde(default)]
    #[schema(value_type = Option<MicrogramsPerKilogram>)]
    max_dose_mg_per_kg: Patch<MicrogramsPerKilogram>,
    /// The weight that doses are reckoned by.
    #[serde(default)]
    #[schema(value_type = Option<WeightBasis>)]
    weight_basis: Patch<WeightBasis>,
    /// Planned infusion, or nebulized visit, in minutes.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    duration_minutes: Patch<i64>,
    /// How many sessions.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    sessions: Patch<i64>,
    /// Dates from one to the next.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    spacing_days: Patch<i64>,
    /// When the series is to be stopped; the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    stop_rules: Patch<Vec<String>>,
    /// When the prescriber looks at it again.
    #[serde(default)]
    #[schema(value_type = Option<Day>)]
    review_on: Patch<Day>,
}

/// A prescriber's signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlanActivation, example = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct ActivateBody {
    /// Why limits of the protocol are set aside, if they are.
    #[schema(max_length = 1000)]
    pub(super) override_reason: Option<String>,
    /// From `/auth/reauth`, about this plan's id.
    #[schema(max_length = 100)]
    pub(super) signing_token: String,
}

/// What a new version changes, signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlanRevision, example = json!({"changes": {"max_dose_mg_per_kg": "0.9"}, "signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct ReviseBody {
    /// What is different from the version in force.
    #[serde(default)]
    pub(super) changes: PatchBody,
    /// Why limits of the protocol are set aside, if they are.
    #[schema(max_length = 1000)]
    pub(super) override_reason: Option<String>,
    /// From `/auth/reauth`, about the id of the version in force.
    #[schema(max_length = 100)]
    pub(super) signing_token: String,
}

/// The end of a plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlanClosure, example = json!({"outcome": "completed", "reason": "Six sessions given, headache days halved"}))]
pub struct CloseBody {
    pub(super) outcome: PlanOutcome,
    #[schema(max_length = 1000)]
    pub(super) reason: String,
}

/// One version of a treatment plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TreatmentPlan)]
pub struct PlanView {
    id: TreatmentPlanId,
    version: i64,
    patient_id: PatientId,
    /// 1 for the first of its series.
    revision: i64,
    /// The version this one replaced.
    supersedes_id: Option<TreatmentPlanId>,
    state: PlanState,
    /// What can be done with it now.
    allowed_events: Vec<PlanEvent>,
    #[schema(example = "G43.719")]
    indication: String,
    protocol_id: ProtocolId,
    route: Route,
    #[schema(example = "0.5")]
    dose_mg_per_kg: MicrogramsPerKilogram,
    #[schema(example = "1")]
    max_dose_mg_per_kg: MicrogramsPerKilogram,
    weight_basis: WeightBasis,
    #[schema(example = 45)]
    duration_minutes: i64,
    #[schema(example = 6)]
    sessions: i64,
    #[schema(example = 2)]
    spacing_days: i64,
    stop_rules: Vec<String>,
    review_on: Day,
    drafted_by: StaffId,
    drafted_at: Timestamp,
    activated_by: Option<StaffId>,
    activated_at: Option<Timestamp>,
    override_reason: Option<String>,
    closed_by: Option<StaffId>,
    closed_at: Option<Timestamp>,
    outcome: Option<PlanOutcome>,
    close_reason: Option<String>,
    /// What presence is proved for when it is signed: send it as `subject_sha256`.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    record_sha256: String,
    /// Who signed it, when it is read; the answer of an act leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signatures: Option<Vec<SignatureView>>,
}

/// What the front desk needs to book: nothing clinical.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TreatmentPlanCard)]
pub struct CardView {
    id: TreatmentPlanId,
    version: i64,
    patient_id: PatientId,
    state: PlanState,
    protocol_id: ProtocolId,
    sessions: i64,
    /// Sessions still to be booked.
    left_to_book: i64,
    /// Dates from one to the next.
    spacing_days: i64,
    next_at: Option<Timestamp>,
}

/// A plan for who treats, a card for who books.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TreatmentPlanOrCard)]
pub enum ShownView {
    /// For a prescriber or nurse.
    Plan(PlanView),
    /// For the front desk.
    Card(CardView),
}

/// The plans of a patient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TreatmentPlanList)]
pub struct ListView {
    pub(super) items: Vec<ShownView>,
}

/// How far a series has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TreatmentPlanProgress)]
pub struct ProgressView {
    treatment_plan_id: TreatmentPlanId,
    patient_id: PatientId,
    /// Sessions the plan asks for.
    planned: i64,
    /// Sessions in which drug was given.
    given: i64,
    /// Sessions booked and not begun.
    booked: i64,
    /// Sessions still to be booked.
    left_to_book: i64,
    next_at: Option<Timestamp>,
    /// In the order of their times, over all versions of the plan.
    sessions: Vec<SessionLineView>,
    /// The patient's scores in force, newest first.
    scores: Vec<ScoreLineView>,
}

/// One session of a series.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanSession)]
pub struct SessionLineView {
    session_id: SessionId,
    /// From 1.
    sequence_in_plan: i64,
    state: SessionState,
    scheduled_start_at: Timestamp,
    /// What was given so far, rounded up; of a nebulizer the most it can have been. Null before the first drug.
    delivered_mg: Option<Micrograms>,
}

/// One score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanScore)]
pub struct ScoreLineView {
    outcome_score_id: OutcomeScoreId,
    scale: OutcomeScale,
    timepoint: Timepoint,
    answered_at: Timestamp,
    /// Null when an item was left out.
    total: Option<i64>,
}

impl From<DraftBody> for PlanFields {
    fn from(body: DraftBody) -> Self {
        Self {
            indication: body.indication,
            protocol: body.protocol_id,
            dose: body.dose_mg_per_kg,
            max_dose: body.max_dose_mg_per_kg,
            weight_basis: body.weight_basis,
            duration_minutes: body.duration_minutes,
            sessions: body.sessions,
            spacing_days: body.spacing_days,
            stop_rules: body.stop_rules,
            review_on: body.review_on.map(|day| day.0),
        }
    }
}

impl PatchBody {
    /// What the plan says after the patch.
    pub(super) fn over(self, plan: &TreatmentPlan) -> PlanFields {
        let patch = PlanPatch {
            indication: self.indication,
            protocol: self.protocol_id,
            dose: self.dose_mg_per_kg,
            max_dose: self.max_dose_mg_per_kg,
            weight_basis: self.weight_basis,
            duration_minutes: self.duration_minutes,
            sessions: self.sessions,
            spacing_days: self.spacing_days,
            stop_rules: self.stop_rules,
            review_on: self.review_on.map(|day| day.0),
        };
        patch.over(plan.text.clone().into())
    }
}

impl PlanView {
    pub(super) fn of(plan: &TreatmentPlan) -> Self {
        let (text, signed, closed) = (plan.text.clone(), plan.activation.as_ref(), plan.closure.as_ref());
        Self {
            id: plan.id,
            version: plan.version,
            patient_id: plan.patient,
            revision: plan.revision,
            supersedes_id: plan.supersedes,
            state: plan.state,
            allowed_events: plan.state.allowed().collect(),
            indication: text.indication.as_str().to_owned(),
            protocol_id: text.protocol,
            route: text.route,
            dose_mg_per_kg: text.dose,
            max_dose_mg_per_kg: text.max_dose,
            weight_basis: text.weight_basis,
            duration_minutes: text.duration_minutes,
            sessions: text.sessions,
            spacing_days: text.spacing_days,
            stop_rules: text.stop_rules,
            review_on: Day(text.review_on),
            drafted_by: plan.drafted_by,
            drafted_at: plan.drafted_at,
            activated_by: signed.map(|signed| signed.by),
            activated_at: signed.map(|signed| signed.at),
            override_reason: signed.and_then(|signed| signed.override_reason.clone()),
            closed_by: closed.map(|closed| closed.by),
            closed_at: closed.map(|closed| closed.at),
            outcome: closed.map(|closed| closed.outcome),
            close_reason: closed.map(|closed| closed.reason.clone()),
            record_sha256: Sha256(plan.record().sha256()).to_string(),
            signatures: None,
        }
    }
}

impl CardView {
    pub(super) fn of(plan: &TreatmentPlan, progress: &Progress) -> Self {
        Self {
            id: plan.id,
            version: plan.version,
            patient_id: plan.patient,
            state: plan.state,
            protocol_id: plan.text.protocol,
            sessions: plan.text.sessions,
            left_to_book: progress.left_to_book,
            spacing_days: plan.text.spacing_days,
            next_at: progress.next_at,
        }
    }
}

impl ProgressView {
    pub(super) fn of(plan: &TreatmentPlan, progress: Progress, scores: Vec<Listed<OutcomeScore>>) -> Self {
        let Progress { planned, given, booked, left_to_book, next_at, milestones } = progress;
        let in_force = |listed: &Listed<OutcomeScore>| {
            listed.amended_by.is_none() && listed.statement.status == ChartStatus::Active
        };
        Self {
            treatment_plan_id: plan.id,
            patient_id: plan.patient,
            planned,
            given,
            booked,
            left_to_book,
            next_at,
            sessions: milestones.into_iter().map(SessionLineView::of).collect(),
            scores: scores.iter().filter(|listed| in_force(listed)).map(ScoreLineView::of).collect(),
        }
    }
}

impl SessionLineView {
    fn of(milestone: Milestone) -> Self {
        Self {
            session_id: milestone.session,
            sequence_in_plan: milestone.place,
            state: milestone.state,
            scheduled_start_at: milestone.starts_at,
            delivered_mg: milestone.delivered,
        }
    }
}

impl ScoreLineView {
    fn of(listed: &Listed<OutcomeScore>) -> Self {
        let score = &listed.statement.what;
        Self {
            outcome_score_id: listed.statement.id,
            scale: score.scale,
            timepoint: score.timepoint,
            answered_at: score.answered_at,
            total: score.total(),
        }
    }
}
