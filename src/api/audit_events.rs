//! The trail, for the auditor: what a person did, what happened to a record, what was refused. Reading it is an entry
//! of it.

use super::csv::{self, ListFormat, cell};
use super::extract::Query;
use super::page;
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::ReadTrail;
use crate::access::permit::Permit;
use crate::domain::audit_entry::{Outcome, hex};
use crate::domain::id::{PatientId, RequestId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoredEntry, TrailSearch};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What is asked of the trail; all that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrailQuery {
    /// Only entries about this patient's chart.
    patient_id: Option<PatientId>,
    /// Only entries of this member of staff.
    actor_id: Option<StaffId>,
    /// Only what happened so (`session.stopped`), or reads under this permission (`patient.card.read`).
    #[param(max_length = 64)]
    action: Option<String>,
    /// Only entries about this record.
    object_id: Option<Uuid>,
    /// Only what ended so: `denied` and `failed` are the refused attempts.
    outcome: Option<Outcome>,
    /// Only entries of this request.
    request_id: Option<RequestId>,
    /// From this instant on.
    from: Option<Timestamp>,
    /// Before this instant.
    until: Option<Timestamp>,
    /// Only entries after this number: `next_after` of the page before.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    after: Option<u32>,
    /// Entries a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `csv` for a spreadsheet; `Accept: text/csv` asks for the same.
    format: Option<ListFormat>,
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
    outcome: Outcome,
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
    fn of(entry: StoredEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at,
            actor_id: entry.actor_id.map(|id| id.0),
            action: entry.action,
            outcome: entry.outcome,
            object_kind: entry.object_kind,
            object_id: entry.object_id.map(|id| id.0),
            request_id: entry.request_id,
            body: entry.body,
            leaf_sha256: hex(&entry.leaf),
        }
    }

    const COLUMNS: [&'static str; 10] =
        ["seq", "at", "actor_id", "action", "outcome", "object_kind", "object_id", "request_id", "leaf_sha256", "body"];

    fn cells(self) -> Vec<String> {
        vec![
            self.seq.to_string(),
            self.at.to_string(),
            cell(self.actor_id),
            self.action,
            self.outcome.to_string(),
            cell(self.object_kind),
            cell(self.object_id),
            self.request_id.to_string(),
            self.leaf_sha256,
            self.body,
        ]
    }
}

/// Reads the trail: what a person did, what happened to a record, what was refused.
#[utoipa::path(get, path = "/api/v1/audit-events", tag = "audit", operation_id = "audit_events_list", summary = "Read the trail",
    params(TrailQuery), responses((status = 200, description = "Entries, oldest first",
        content((TrailView = "application/json"), (String = "text/csv")))))]
pub async fn list(
    permit: Permit<ReadTrail>,
    Query(query): Query<TrailQuery>,
    store: Data<Store>,
    request: HttpRequest,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let as_csv = csv::wanted(&request, query.format);
    let search = TrailSearch {
        patient: query.patient_id,
        actor: query.actor_id,
        action: query.action,
        object: query.object_id,
        outcome: query.outcome,
        request: query.request_id,
        from: query.from,
        until: query.until,
        after: query.after.map_or(0, i64::from),
    };
    let found = store.read(permit, move |tx| tx.trail(&search, limit)).await?;
    let items = found.items.into_iter().map(EntryView::of);
    if as_csv {
        let next = found.next.map(|next| csv::next_page(&request, "after", &next.to_string()));
        return csv::page(&EntryView::COLUMNS, items.map(EntryView::cells), next);
    }
    reply::listed(&TrailView { items: items.collect(), next_after: found.next })
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list]
}
