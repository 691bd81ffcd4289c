//! Breaking the glass: emergency access to one restricted chart for an hour, and its review by an auditor.

use super::extract::{Act, Id, Query};
use super::page::{self, Cursors};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{BreakGlass as OpenGlass, ReadBreakGlass, ReviewBreakGlass};
use crate::access::permit::Permit;
use crate::domain::break_glass::{BreakGlass, GlassReason, GlassState, GlassVerdict};
use crate::domain::id::{BreakGlassId, PatientId, StaffId};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::task::TaskKind;
use crate::domain::time::Timestamp;
use crate::store::{BreakGlassCursor, Proof, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whose chart has to be opened, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBreakGlass, example = json!({"patient_id": "0190a5c0-0000-7000-8000-000000000010", "reason_code": "emergency_care",
    "reason": "found unconscious in the waiting room", "signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct OpenBody {
    /// Whose chart.
    patient_id: PatientId,
    /// Why, as a word.
    reason_code: GlassReason,
    /// Why, in at least ten characters.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
    /// From `/auth/reauth` with the act `breakglass.activate` and the patient's id: a password, never a second factor.
    #[schema(max_length = 200)]
    signing_token: String,
}

/// What the reviewer found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BreakGlassReviewed, example = json!({"verdict": "justified"}))]
pub struct ReviewBody {
    /// Whether it was right.
    verdict: GlassVerdict,
    /// In the reviewer's words; needed when it was not.
    #[schema(min_length = 1, max_length = 1000)]
    note: Option<String>,
}

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GlassQuery {
    /// Only those in this state: `overdue` are the reviews that nobody did in time.
    state: Option<GlassState>,
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A restricted chart that was opened in an emergency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakGlass)]
pub struct GlassView {
    /// Every entry of the trail under it names it as `break_glass_id`.
    id: BreakGlassId,
    version: i64,
    patient_id: PatientId,
    reason_code: GlassReason,
    reason: String,
    opened_by: StaffId,
    opened_at: Timestamp,
    /// When it closes by itself: an hour later.
    ends_at: Timestamp,
    /// By when somebody else reviews it: three days later.
    review_due_at: Timestamp,
    /// Where it stood when this was answered.
    state: GlassState,
    reviewed_by: Option<StaffId>,
    reviewed_at: Option<Timestamp>,
    verdict: Option<GlassVerdict>,
    note: Option<String>,
}

/// One page of them, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakGlassPage)]
pub struct GlassPageView {
    items: Vec<GlassView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

impl GlassView {
    fn of(glass: BreakGlass, now: Timestamp) -> Self {
        let state = glass.state(now);
        let review = glass.review.as_ref();
        Self {
            reviewed_by: review.map(|review| review.by),
            reviewed_at: review.map(|review| review.at),
            verdict: review.map(|review| review.verdict),
            note: review.and_then(|review| review.note.clone()),
            state,
            id: glass.id,
            version: glass.version,
            patient_id: glass.patient,
            reason_code: glass.reason_code,
            reason: glass.reason,
            opened_by: glass.opened_by,
            opened_at: glass.opened_at,
            ends_at: glass.ends_at,
            review_due_at: glass.review_due_at,
        }
    }
}

/// Opens a restricted chart for an hour: every read, and what has to be recorded in an emergency. Auditors are told at
/// once, and every entry of the trail about this patient names the glass.
#[utoipa::path(post, path = "/api/v1/break-glass", tag = "audit", operation_id = "break_glass_open", summary = "Open a restricted chart in an emergency",
    request_body = OpenBody, responses((status = 201, description = "The chart is open", body = GlassView)))]
pub async fn open(act: Act<OpenGlass, OpenBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, body.patient_id);
    let written = store.sign(permit, once, proof, move |tx| {
        let (by, now) = (tx.person()?.staff, tx.now());
        let reason = (body.reason_code, body.reason.as_str());
        let (glass, event) = BreakGlass::open(tx.new_id(), body.patient_id, reason, (by, now))?;
        tx.insert_broken_glass(&glass)?;
        if !tx.is_closed_to_me(glass.patient)? {
            return Err(Refusal::clash(Clash::WrongState, "this chart is not closed to you: read it as it is").into());
        }
        let told = tx.open_task(glass.task())?;
        let reply = reply::created(format!("/api/v1/break-glass/{}", glass.id), 1, &GlassView::of(glass, now))?;
        Ok(tx.record(std::iter::once(event).chain(told).collect(), reply))
    });
    Ok(written.await?)
}

/// Lists who opened which restricted chart and why, newest first.
#[utoipa::path(get, path = "/api/v1/break-glass", tag = "audit", operation_id = "break_glass_list", summary = "List emergency accesses",
    params(GlassQuery), responses((status = 200, description = "Emergency accesses", body = GlassPageView)))]
pub async fn list(
    permit: Permit<ReadBreakGlass>,
    Query(query): Query<GlassQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let name = format!("break-glass/{}", query.state.map_or("", GlassState::as_str));
    let after: Option<BreakGlassCursor> = cursors.read(&name, query.cursor.as_deref())?;
    let found = store.read(permit, move |tx| Ok((tx.broken_glasses(query.state, after, limit)?, tx.now())));
    let (found, now) = found.await?;
    let next_cursor = found.next.and_then(|last| cursors.write(&name, &last));
    let items = found.items.into_iter().map(|glass| GlassView::of(glass, now)).collect();
    reply::listed(&GlassPageView { items, next_cursor })
}

/// Reads one.
#[utoipa::path(get, path = "/api/v1/break-glass/{id}", tag = "audit", operation_id = "break_glass_read", summary = "Read an emergency access",
    params(("id" = BreakGlassId, Path, description = "The emergency access")),
    responses((status = 200, description = "The emergency access", body = GlassView)))]
pub async fn read(permit: Permit<ReadBreakGlass>, Id(id): Id<BreakGlassId>, store: Data<Store>) -> Answer {
    let (glass, now) = store.read(permit, move |tx| Ok((tx.broken_glass(id)?, tx.now()))).await?;
    reply::shown(glass.version, &GlassView::of(glass, now))
}

/// Says what somebody else found about an emergency access.
#[utoipa::path(post, path = "/api/v1/break-glass/{id}/review", tag = "audit", operation_id = "break_glass_review", summary = "Review an emergency access",
    params(("id" = BreakGlassId, Path, description = "The emergency access")), request_body = ReviewBody,
    responses((status = 200, description = "Reviewed", body = GlassView)))]
pub async fn review(
    act: Act<ReviewBreakGlass, ReviewBody>,
    Id(id): Id<BreakGlassId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.broken_glass(id)?.patient;
        tx.lock_patient(patient)?;
        let now = tx.now();
        let by = (tx.person()?.staff, now);
        let (glass, event) = tx.broken_glass(id)?.review((body.verdict, body.note.as_deref()), by)?;
        tx.update_broken_glass(&glass)?;
        let done = tx.finish_task(TaskKind::BreakGlassReview, id, "reviewed")?;
        let reply = reply::ok(glass.version, &GlassView::of(glass, now))?;
        Ok(tx.record(std::iter::once(event).chain(done).collect(), reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded open, guarded list, guarded read, guarded review]
}
