//! The trail, for the auditor: who saw this chart, what did this person do. Reading it is an entry of it.

use super::extract::Query;
use super::page;
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::ReadTrail;
use crate::access::permit::Permit;
use crate::domain::audit_entry::hex;
use crate::domain::id::{PatientId, RequestId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoredEntry, TrailSearch};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What is asked of the trail.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrailQuery {
    /// Only entries about this patient's chart.
    patient_id: Option<PatientId>,
    /// Only entries of this member of staff.
    actor_id: Option<StaffId>,
    /// Only entries after this number: `next_after` of the page before.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    after: Option<u32>,
    /// Entries a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// One entry of the trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct EntryView {
    /// Its number in the clinic's trail, without a gap from 1.
    #[schema(example = 418)]
    seq: i64,
    at: Timestamp,
    /// The member of staff; null for a job or the host.
    actor_id: Option<Uuid>,
    /// What happened, or the permission a read used.
    #[schema(example = "patient.card.read")]
    action: String,
    /// `success`, `denied` or `failed`.
    #[schema(example = "success")]
    outcome: &'static str,
    #[schema(example = "patient")]
    object_kind: Option<String>,
    object_id: Option<Uuid>,
    request_id: RequestId,
    /// The exact text whose hash is the leaf; it holds ids, words and hashes, never names or values.
    body: String,
    /// SHA-256 of a zero byte and the body (RFC 6962).
    #[schema(example = "32e1431225edd4a53827c5ba8bffd529f735775cd610115657cfdd3d487f0b8c")]
    leaf_sha256: String,
}

/// One page of the trail, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEventPage)]
pub struct TrailView {
    items: Vec<EntryView>,
    /// Where the next page begins; null on the last.
    next_after: Option<i64>,
}

impl EntryView {
    /// The member of staff it is of.
    pub(super) const fn actor(&self) -> Option<Uuid> {
        self.actor_id
    }

    /// The wire form of an entry.
    pub(super) fn of(entry: StoredEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at,
            actor_id: entry.actor_id.map(|id| id.0),
            action: entry.action,
            outcome: entry.outcome.as_str(),
            object_kind: entry.object_kind,
            object_id: entry.object_id.map(|id| id.0),
            request_id: entry.request_id,
            body: entry.body,
            leaf_sha256: hex(&entry.leaf),
        }
    }
}

/// Reads the trail: who saw a chart, what a person did.
#[utoipa::path(get, path = "/api/v1/audit-events", tag = "audit", operation_id = "audit_events_list", summary = "Read the trail",
    params(TrailQuery), responses((status = 200, description = "Entries, oldest first", body = TrailView)))]
pub async fn list(permit: Permit<ReadTrail>, Query(query): Query<TrailQuery>, store: Data<Store>) -> Answer {
    let limit = page::limit(query.limit)?;
    let after = query.after.map_or(0, i64::from);
    let search = TrailSearch { patient: query.patient_id, actor: query.actor_id, after };
    let entries = store.read(permit, move |tx| tx.trail(search, limit)).await?;
    let full = entries.len() == usize::from(limit);
    let next_after = entries.last().filter(|_| full).map(|last| last.seq);
    reply::listed(&TrailView { items: entries.into_iter().map(EntryView::of).collect(), next_after })
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list]
}
