//! What was given, at any instant, as it is known now or was known then.

use super::super::extract::{Id, Query};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::views::SummaryView;
use crate::access::permission::ReadDosing;
use crate::access::permit::Permit;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::store::Store;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::IntoParams;

/// Of when, and as known when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SummaryQuery {
    /// Count up to this instant. Absent: now.
    at: Option<Timestamp>,
    /// Leave out what was entered or corrected after this instant. Absent: everything is known.
    as_known_at: Option<Timestamp>,
}

/// Adds up what was given in a session. Nothing is ever added to a running total: a late or corrected entry mends it.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/dose-summary", tag = "dosing", operation_id = "dosing_summary_get",
    summary = "What was given", params(("id" = SessionId, Path, description = "The session"), SummaryQuery),
    responses((status = 200, description = "The dose, stretch by stretch", body = SummaryView)))]
pub async fn summary(
    permit: Permit<ReadDosing>,
    Id(id): Id<SessionId>,
    Query(query): Query<SummaryQuery>,
    store: Data<Store>,
) -> Answer {
    let view = store.read(permit, move |tx| {
        let held = tx.snapshot();
        let session = tx.session(id)?;
        let mut infusion = tx.infusion(session, held)?;
        if let Some(known_at) = query.as_known_at {
            infusion = infusion.as_known_at(known_at);
        }
        let at = query.at.unwrap_or_else(|| tx.now()).min(tx.now());
        Ok(SummaryView::of(&infusion, at, query.as_known_at))
    });
    reply::listed(&view.await?)
}

/// The endpoints of this file.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded summary]
}
