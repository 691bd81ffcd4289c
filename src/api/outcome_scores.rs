//! Outcome scales: recorded as answers, shown with their sums, bands and what they call for.

use super::extract::{Act, Id};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{ReadChart, RecordOutcomeScore, ReviewOutcomeScore};
use crate::access::permit::Permit;
use crate::domain::chart::{ChartStatus, Draft, Entry, Listed, StatementFields};
use crate::domain::id::{OutcomeScoreId, OutcomeScoreReviewId, PatientId, StaffId};
use crate::domain::outcome_score::{
    self, Item9, OutcomeScale, OutcomeScore, OutcomeScoreFields, OutcomeScoreReview, ScoreBand, Timepoint,
};
use crate::domain::refusal::Refusal;
use crate::domain::task::TaskKind;
use crate::domain::time::Timestamp;
use crate::store::{Reply, Store, StoreError, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answers to one scale.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOutcomeScore, example = json!({"scale": "phq9", "timepoint": "baseline", "items": [2, 2, 1, 2, 1, 1, 1, 0, 0]}))]
pub struct ScoreBody {
    scale: OutcomeScale,
    timepoint: Timepoint,
    /// The answers in the scale's order, null for one that was left out: `nrs_*` and `pgic` 1, `hit6` 6, `midas` 7
    /// (five items, headache days, mean pain), `phq9` 9.
    #[schema(max_items = 9)]
    items: Vec<Option<i64>>,
    /// When the patient answered; now without it.
    answered_at: Option<Timestamp>,
    /// `active`, or `entered_in_error` to strike the score named.
    status: Option<ChartStatus>,
    /// The score this one replaces.
    amends_id: Option<OutcomeScoreId>,
    /// Why it replaces it.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What a prescriber found and did about an alarming score.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOutcomeScoreReview, example = json!({"action": "C-SSRS negative, safety plan made, called again on Friday"}))]
pub struct ReviewBody {
    #[schema(max_length = 2000)]
    action: Option<String>,
}

/// A score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutcomeScore)]
pub struct ScoreView {
    id: OutcomeScoreId,
    patient_id: PatientId,
    status: ChartStatus,
    /// The score this one replaces.
    amends_id: Option<OutcomeScoreId>,
    /// The later score that replaces this one; null while it stands.
    amended_by_id: Option<OutcomeScoreId>,
    /// Why it replaces the other.
    reason: Option<String>,
    scale: OutcomeScale,
    timepoint: Timepoint,
    items: Vec<Option<i64>>,
    /// The sum; null while an item that counts is missing. Nothing is prorated.
    #[schema(example = 10)]
    total: Option<i64>,
    /// What the sum means.
    band: Option<ScoreBand>,
    /// What the question about suicidal thoughts says; null for a scale without it.
    item9: Option<Item9>,
    /// Whether a prescriber has to look at it the same day: item 9 is positive or missing.
    needs_review: bool,
    review: Option<ReviewView>,
    answered_at: Timestamp,
    recorded_at: Timestamp,
    recorded_by: StaffId,
}

/// What a prescriber found and did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutcomeScoreReview)]
pub struct ReviewView {
    id: OutcomeScoreReviewId,
    #[schema(example = "C-SSRS negative, safety plan made, called again on Friday")]
    action: String,
    reviewed_at: Timestamp,
    reviewed_by: StaffId,
}

/// The scores of a patient, newest first, with what was replaced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutcomeScoreList)]
pub struct ScoreListView {
    /// Scores that call for a prescriber and have no review; with one, the patient is not sent home.
    awaiting_review: Vec<OutcomeScoreId>,
    items: Vec<ScoreView>,
}

impl ScoreBody {
    fn draft(&self, now: Timestamp) -> Result<Draft<OutcomeScore>, Refusal> {
        let statement =
            StatementFields { status: self.status, amends_id: self.amends_id, reason: self.reason.as_deref() };
        let Self { scale, timepoint, answered_at, .. } = *self;
        let fields = OutcomeScoreFields { scale, timepoint, items: &self.items, answered_at };
        Draft::parse(statement, |errors| fields.parse(now, errors))
    }
}

impl ScoreView {
    fn of(listed: &Listed<OutcomeScore>, reviews: &[OutcomeScoreReview]) -> Self {
        let (statement, score) = (&listed.statement, &listed.statement.what);
        let review = reviews.iter().find(|review| review.score == statement.id).map(|review| ReviewView {
            id: review.id,
            action: review.action.clone(),
            reviewed_at: review.reviewed_at,
            reviewed_by: review.reviewed_by,
        });
        Self {
            id: statement.id,
            patient_id: statement.patient,
            status: statement.status,
            amends_id: statement.amends,
            amended_by_id: listed.amended_by,
            reason: statement.reason.clone(),
            scale: score.scale,
            timepoint: score.timepoint,
            items: score.items.clone(),
            total: score.total(),
            band: score.band(),
            item9: score.item9(),
            needs_review: score.needs_review(),
            review,
            answered_at: score.answered_at,
            recorded_at: statement.recorded_at,
            recorded_by: statement.recorded_by,
        }
    }
}

/// Reads the scores of a patient.
#[utoipa::path(get, path = "/api/v1/patients/{id}/outcome-scores", tag = "outcomes", operation_id = "outcome_scores_list", summary = "Read the outcome scores",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The scores, newest first", body = ScoreListView)))]
pub async fn list(permit: Permit<ReadChart>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        tx.patient(id)?;
        let list = tx.statements::<OutcomeScore>(id)?;
        let reviews = tx.score_reviews(&[id])?;
        Ok((list, reviews))
    });
    let (list, reviews) = found.await?;
    reply::listed(&ScoreListView {
        awaiting_review: outcome_score::awaiting_review(&list, &reviews),
        items: list.iter().map(|listed| ScoreView::of(listed, &reviews)).collect(),
    })
}

/// Records the answers to a scale, or corrects them.
#[utoipa::path(post, path = "/api/v1/patients/{id}/outcome-scores", tag = "outcomes", operation_id = "outcome_scores_record", summary = "Record an outcome score",
    params(("id" = PatientId, Path, description = "The patient")), request_body = ScoreBody,
    responses((status = 201, description = "Recorded", body = ScoreView)))]
pub async fn record(
    act: Act<RecordOutcomeScore, ScoreBody>,
    Id(id): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(id)?;
        let draft = body.draft(tx.now())?;
        let list = tx.statements::<OutcomeScore>(id)?;
        let entry = Entry { id: tx.new_id(), patient: id, by: tx.person()?.staff, at: tx.now() };
        let (statement, mut events) = draft.record(entry, &list)?;
        tx.insert_statement(&statement)?;
        if let Some(old) = statement.amends {
            events.extend(tx.finish_task(TaskKind::ClinicianReview, old, "the score was corrected")?);
        }
        if let Some(task) = outcome_score::review_task(&statement, &tx.zone()?) {
            events.extend(tx.open_task(task)?);
        }
        let view = ScoreView::of(&Listed { statement, amended_by: None }, &[]);
        Ok(tx.record(events, Reply { status: 201, ..reply::plain(&view)? }))
    });
    Ok(written.await?)
}

/// Reviews a score whose item 9 is positive or missing.
#[utoipa::path(post, path = "/api/v1/outcome-scores/{id}/review", tag = "outcomes", operation_id = "outcome_scores_review", summary = "Review an alarming score",
    params(("id" = OutcomeScoreId, Path, description = "The score")), request_body = ReviewBody,
    responses((status = 201, description = "Reviewed", body = ScoreView)))]
pub async fn review(
    act: Act<ReviewOutcomeScore, ReviewBody>,
    Id(id): Id<OutcomeScoreId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_score(id)?;
        tx.lock_patient(patient)?;
        let list = tx.statements::<OutcomeScore>(patient)?;
        let listed = list.into_iter().find(|listed| listed.statement.id == id).ok_or(StoreError::NotFound)?;
        let earlier = tx.score_reviews(&[patient])?;
        let earlier = earlier.iter().find(|review| review.score == id);
        let entry = Entry { id: tx.new_id(), patient, by: tx.person()?.staff, at: tx.now() };
        let action = body.action.as_deref().unwrap_or_default();
        let (review, mut events) = outcome_score::review(&listed.statement, earlier, action, entry)?;
        tx.insert_score_review(&review)?;
        events.extend(tx.finish_task(TaskKind::ClinicianReview, id, "reviewed")?);
        let view = ScoreView::of(&listed, &[review]);
        Ok(tx.record(events, Reply { status: 201, ..reply::plain(&view)? }))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded record, guarded review]
}
