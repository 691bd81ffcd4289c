//! Who opened a chart: the report a patient may ask for (45 CFR 164.524), and the auditor's first question.

use super::csv::{self, ListFormat, cell};
use super::extract::{Id, Query};
use super::page;
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{ReadAccessReport, TABLE};
use crate::access::permit::Permit;
use crate::domain::audit_entry::Outcome;
use crate::domain::id::{BreakGlassId, PatientId, RequestId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError, StoredEntry, TrailSearch};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

words! {
    /// What somebody did with a chart.
    pub enum AccessKind {
        /// Read it.
        Read = "read",
        /// Changed something of it.
        Change = "change",
        /// Tried, and was refused.
        Refused = "refused",
    }
}

/// Which accesses.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccessQuery {
    /// From this instant on.
    from: Option<Timestamp>,
    /// Before this instant.
    until: Option<Timestamp>,
    /// Only by this member of staff.
    staff_id: Option<StaffId>,
    /// Only accesses after this number: `next_after` of the page before.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    after: Option<u32>,
    /// Accesses a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `csv` for a spreadsheet; `Accept: text/csv` asks for the same.
    format: Option<ListFormat>,
}

/// One access to a chart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChartAccess)]
pub struct AccessView {
    /// Its number in the clinic's trail, which proves it.
    seq: i64,
    at: Timestamp,
    /// Who; null for a job of the server or the host.
    staff_id: Option<Uuid>,
    /// As they are called now.
    #[schema(example = "Test nurse")]
    staff_name: Option<String>,
    /// The roles they held then, or the kind of principal.
    #[schema(example = "nurse")]
    roles: String,
    kind: AccessKind,
    /// What happened, or for a read the permission it used.
    #[schema(example = "patient.card.read")]
    action: String,
    /// The permission it was done under, where the entry names one.
    #[schema(example = "patient.card.read")]
    permission: Option<String>,
    /// The audit case it was read in.
    #[schema(example = "audit_case/0190a5c0-0000-7000-8000-000000000010")]
    purpose: Option<String>,
    /// The emergency access it was done under.
    break_glass_id: Option<BreakGlassId>,
    request_id: RequestId,
}

/// One page of accesses, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessReport)]
pub struct ReportView {
    items: Vec<AccessView>,
    /// Where the next page begins; null on the last.
    next_after: Option<i64>,
}

/// What an access report needs of an entry's text.
#[derive(Deserialize)]
struct Said {
    actor: SaidActor,
    permission: Option<String>,
    purpose: Option<String>,
    break_glass_id: Option<BreakGlassId>,
}

#[derive(Deserialize)]
struct SaidActor {
    role: String,
}

impl AccessView {
    fn of(entry: StoredEntry, names: &HashMap<Uuid, String>) -> Result<Self, StoreError> {
        let said: Said = serde_json::from_str(&entry.body)?;
        let is_read = TABLE.iter().any(|line| line.id == entry.action);
        let kind = match entry.outcome {
            Outcome::Success if is_read => AccessKind::Read,
            Outcome::Success => AccessKind::Change,
            Outcome::Denied | Outcome::Failed => AccessKind::Refused,
        };
        let staff = entry.actor_id.map(|id| id.0);
        Ok(Self {
            seq: entry.seq,
            at: entry.at,
            staff_id: staff,
            staff_name: staff.and_then(|id| names.get(&id).cloned()),
            roles: said.actor.role,
            kind,
            permission: said.permission.or_else(|| is_read.then(|| entry.action.clone())),
            action: entry.action,
            purpose: said.purpose,
            break_glass_id: said.break_glass_id,
            request_id: entry.request_id,
        })
    }

    const COLUMNS: [&'static str; 11] = [
        "seq",
        "at",
        "staff_id",
        "staff_name",
        "roles",
        "kind",
        "action",
        "permission",
        "purpose",
        "break_glass_id",
        "request_id",
    ];

    fn cells(self) -> Vec<String> {
        vec![
            self.seq.to_string(),
            self.at.to_string(),
            cell(self.staff_id),
            cell(self.staff_name),
            self.roles,
            self.kind.to_string(),
            self.action,
            cell(self.permission),
            cell(self.purpose),
            cell(self.break_glass_id),
            self.request_id.to_string(),
        ]
    }
}

/// Reports who opened a patient's chart, when, and under what: reads, changes and refused attempts, oldest first.
#[utoipa::path(get, path = "/api/v1/patients/{id}/access-report", tag = "audit", operation_id = "access_reports_read", summary = "Report who opened a chart",
    params(("id" = PatientId, Path, description = "The patient"), AccessQuery),
    responses((status = 200, description = "Accesses, oldest first",
        content((ReportView = "application/json"), (String = "text/csv")))))]
pub async fn read(
    permit: Permit<ReadAccessReport>,
    Id(patient): Id<PatientId>,
    Query(query): Query<AccessQuery>,
    store: Data<Store>,
    request: HttpRequest,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let as_csv = csv::wanted(&request, query.format);
    let search = TrailSearch {
        patient: Some(patient),
        actor: query.staff_id,
        from: query.from,
        until: query.until,
        after: query.after.map_or(0, i64::from),
        ..TrailSearch::default()
    };
    let found = store.read(permit, move |tx| {
        tx.is_patient(patient)?;
        let names = tx.staff_members()?.into_iter().map(|member| (member.id.uuid(), member.display_name));
        let names: HashMap<Uuid, String> = names.collect();
        let page = tx.trail(&search, limit)?;
        let items = page.items.into_iter().map(|entry| AccessView::of(entry, &names));
        Ok((items.collect::<Result<Vec<_>, _>>()?, page.next))
    });
    let (items, next) = found.await?;
    if as_csv {
        let next = next.map(|next| csv::next_page(&request, "after", &next.to_string()));
        return csv::page(&AccessView::COLUMNS, items.into_iter().map(AccessView::cells), next);
    }
    reply::listed(&ReportView { items, next_after: next })
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded read]
}
