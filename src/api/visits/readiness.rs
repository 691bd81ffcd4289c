//! What stands in the way, and what was done so far.

use super::super::extract::Id;
use super::super::problem::UnmetView;
use super::super::reply::{self, Answer};
use super::super::signed::SignatureView;
use super::super::{Endpoint, endpoints};
use super::order_views::OrderView;
use super::precheck::PrecheckView;
use super::preparation::PreparationView;
use super::settlement::SettlementView;
use crate::access::permission::ReadVisit;
use crate::access::permit::Permit;
use crate::domain::id::{PatientId, SessionId};
use crate::domain::readiness::NextStep;
use crate::domain::session::SessionState;
use crate::store::Store;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

/// What stands in the way of a session's next step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct ReadinessView {
    /// The session.
    session_id: SessionId,
    /// Whose.
    patient_id: PatientId,
    /// Where it stands.
    state: SessionState,
    /// The next step: `start`, `resume`, `complete` or `close`; none when there is no next step to wait for.
    #[schema(example = "start")]
    next: Option<&'static str>,
    /// Whether nothing is in its way.
    ready: bool,
    /// Everything that is, in the order of the visit.
    blocked_by: Vec<UnmetView>,
}

/// What was asked, ordered, prepared and settled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Visit)]
pub struct VisitView {
    /// The session.
    session_id: SessionId,
    /// Whose.
    patient_id: PatientId,
    /// The newest pre-check.
    precheck: Option<PrecheckView>,
    /// The order in force.
    order: Option<OrderView>,
    /// Every preparation, corrected ones included, oldest first.
    preparations: Vec<PreparationView>,
    /// The settlement in force.
    settlement: Option<SettlementView>,
    /// What presence is proved for when an act of this visit is signed: send it as `subject_sha256`. It covers the
    /// session, its infusion and everything above.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    record_sha256: String,
    /// Who signed an act of this visit, the oldest first.
    signatures: Vec<SignatureView>,
}

/// What stands in the way of the next step.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/readiness", tag = "visits", operation_id = "visits_readiness", summary = "See what stands in the way",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "Everything in the way", body = ReadinessView)))]
pub async fn readiness(permit: Permit<ReadVisit>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        let (held, session) = (tx.snapshot(), tx.session(id)?);
        let unmet = tx.in_the_way(held, &session)?;
        Ok((session, unmet))
    });
    let (session, unmet) = found.await?;
    let next = NextStep::of(&session).map(NextStep::as_str);
    let ready = next.is_some() && unmet.is_empty();
    let blocked_by = unmet.iter().map(UnmetView::of).collect();
    let view =
        ReadinessView { session_id: id, patient_id: session.patient_id, state: session.state, next, ready, blocked_by };
    reply::shown(session.version, &view)
}

/// What was asked, ordered, prepared and settled.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/visit", tag = "visits", operation_id = "visits_read", summary = "Read pre-check, order, preparations and settlement",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "The visit", body = VisitView)))]
pub async fn read(permit: Permit<ReadVisit>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        let (held, session) = (tx.snapshot(), tx.session(id)?);
        let (visit, version, now, today) = (session.visit(), session.version, tx.now(), tx.today()?);
        let precheck = tx.newest_precheck(visit)?;
        let order = tx.newest_order(visit)?;
        let made = tx.preparations_of(&[visit])?;
        let settled = tx.newest_settlement(visit)?;
        let books = tx.infusion(session.clone(), held)?.books(now);
        let signatures = tx.signatures_about([id.uuid()])?;
        let view = VisitView {
            record_sha256: tx.visit_sha256(&session)?.to_string(),
            signatures: signatures.iter().map(SignatureView::of).collect(),
            session_id: id,
            patient_id: visit.patient,
            precheck: precheck.as_ref().map(PrecheckView::of),
            preparations: made.iter().map(|made| PreparationView::of(made, order.as_ref(), today, now)).collect(),
            order: order.as_ref().map(OrderView::of),
            settlement: settled.as_ref().map(|settled| SettlementView::of(settled, books)),
        };
        Ok((version, view))
    });
    let (version, view) = found.await?;
    reply::shown(version, &view)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded readiness, guarded read]
}
