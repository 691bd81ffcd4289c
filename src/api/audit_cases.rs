//! Audit cases: an auditor reads charts only inside one, and every such read names it.

use super::extract::{Act, Id, NoBody, Query};
use super::page::{self, Cursors};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{CloseAuditCase, OpenAuditCase, ReadAuditCases};
use crate::access::permit::Permit;
use crate::domain::audit_case::{AuditCase, CaseScope, NewAuditCase};
use crate::domain::id::{AuditCaseId, PatientId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{AuditCaseCursor, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The time of the visits a case is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditCasePeriod)]
pub struct PeriodBody {
    /// The first instant.
    from: Timestamp,
    /// The first instant after it, at most 92 days later.
    until: Timestamp,
}

/// A case to open: either patients named one by one, or everybody with a visit booked in a period.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAuditCase, example = json!({"number": "2026-014", "reason": "complaint about the visits of January",
    "period": {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}, "until": "2026-04-01T00:00:00Z"}))]
pub struct OpenBody {
    /// The number under which the auditor's own files know it.
    #[schema(min_length = 1, max_length = 64)]
    number: String,
    /// Why charts have to be read.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
    /// Whose charts.
    #[schema(min_items = 1, max_items = 200)]
    patient_ids: Option<Vec<PatientId>>,
    /// Or the time of their visits.
    period: Option<PeriodBody>,
    /// When it ends by itself: in the next 90 days.
    until: Timestamp,
}

/// Which page of the cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditCase)]
pub struct CaseView {
    /// What `X-Audit-Case` names.
    id: AuditCaseId,
    version: i64,
    number: String,
    reason: String,
    /// Whose charts it opens; null for a case about a period.
    patient_ids: Option<Vec<PatientId>>,
    /// The time of the visits it is about; null for a case about named patients.
    period: Option<PeriodBody>,
    opened_by: StaffId,
    opened_at: Timestamp,
    /// When it ends by itself.
    until: Timestamp,
    closed_by: Option<StaffId>,
    closed_at: Option<Timestamp>,
    /// Whether it opened charts when this was answered.
    open: bool,
}

/// One page of cases, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditCasePage)]
pub struct CasePageView {
    items: Vec<CaseView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

impl CaseView {
    fn of(case: AuditCase, now: Timestamp) -> Self {
        let open = case.is_open(now);
        let (patient_ids, period) = match case.scope {
            CaseScope::Patients(patients) => (Some(patients), None),
            CaseScope::Period(from, until) => (None, Some(PeriodBody { from, until })),
        };
        Self {
            id: case.id,
            version: case.version,
            number: case.number,
            reason: case.reason,
            patient_ids,
            period,
            opened_by: case.opened_by,
            opened_at: case.opened_at,
            until: case.ends_at,
            closed_by: case.closed_by,
            closed_at: case.closed_at,
            open,
        }
    }
}

/// Opens a case. Its id, sent as `X-Audit-Case`, opens the charts it names to an auditor.
#[utoipa::path(post, path = "/api/v1/audit-cases", tag = "audit", operation_id = "audit_cases_open", summary = "Open an audit case",
    request_body = OpenBody, responses((status = 201, description = "The case", body = CaseView)))]
pub async fn open(act: Act<OpenAuditCase, OpenBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let new = NewAuditCase {
        number: body.number,
        reason: body.reason,
        patients: body.patient_ids,
        period: body.period.map(|period| (period.from, period.until)),
        ends_at: body.until,
    };
    let written = store.write(permit, once, move |tx| {
        let now = tx.now();
        let (case, event) = AuditCase::open(tx.new_id(), new, tx.person()?.staff, now)?;
        tx.insert_audit_case(&case)?;
        let place = format!("/api/v1/audit-cases/{}", case.id);
        let reply = reply::created(place, case.version, &CaseView::of(case, now))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Lists the cases, open and ended, newest first.
#[utoipa::path(get, path = "/api/v1/audit-cases", tag = "audit", operation_id = "audit_cases_list", summary = "List audit cases",
    params(CaseQuery), responses((status = 200, description = "Cases", body = CasePageView)))]
pub async fn list(
    permit: Permit<ReadAuditCases>,
    Query(query): Query<CaseQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let after: Option<AuditCaseCursor> = cursors.read("audit-cases", query.cursor.as_deref())?;
    let (found, now) = store.read(permit, move |tx| Ok((tx.audit_cases(after, limit)?, tx.now()))).await?;
    let next_cursor = found.next.and_then(|last| cursors.write("audit-cases", &last));
    reply::listed(&CasePageView {
        items: found.items.into_iter().map(|case| CaseView::of(case, now)).collect(),
        next_cursor,
    })
}

/// Reads a case.
#[utoipa::path(get, path = "/api/v1/audit-cases/{id}", tag = "audit", operation_id = "audit_cases_read", summary = "Read an audit case",
    params(("id" = AuditCaseId, Path, description = "The case")), responses((status = 200, description = "The case", body = CaseView)))]
pub async fn read(permit: Permit<ReadAuditCases>, Id(id): Id<AuditCaseId>, store: Data<Store>) -> Answer {
    let (case, now) = store.read(permit, move |tx| Ok((tx.audit_case(id)?, tx.now()))).await?;
    reply::shown(case.version, &CaseView::of(case, now))
}

/// Ends a case before its time: from the next request on it opens nothing.
#[utoipa::path(post, path = "/api/v1/audit-cases/{id}/close", tag = "audit", operation_id = "audit_cases_close", summary = "Close an audit case",
    params(("id" = AuditCaseId, Path, description = "The case")), request_body = NoBody,
    responses((status = 200, description = "The case now", body = CaseView)))]
pub async fn close(act: Act<CloseAuditCase, NoBody>, Id(id): Id<AuditCaseId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_clinic()?;
        let now = tx.now();
        let (case, event) = tx.audit_case(id)?.close(tx.person()?.staff, now)?;
        tx.update_audit_case(&case)?;
        let reply = reply::ok(case.version, &CaseView::of(case, now))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded open, guarded list, guarded read, guarded close]
}
