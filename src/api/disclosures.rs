//! Disclosures: what of a record was given to somebody outside, and the accounting a patient may ask for.

use super::csv::{self, ListFormat, cell};
use super::extract::{Act, Id, Query};
use super::page::{self, Cursors};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{ReadDisclosures, RecordDisclosure};
use crate::access::permit::Permit;
use crate::domain::disclosure::{ACCOUNTED_DAYS, Disclosure, DisclosureAuthority, NewDisclosure};
use crate::domain::id::{DisclosureId, PatientId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::store::{DisclosureCursor, Store, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A disclosure: of one patient's record, or of many at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDisclosure, example = json!({"patient_ids": ["0190a5c0-0000-7000-8000-000000000010"], "recipient": "State medical board",
    "what": "drug records of March 2026", "purpose": "inspection under case 26-114", "authority": "oversight",
    "disclosed_at": "2026-03-02T14:00:00Z"}))]
pub struct RecordBody {
    /// Whose records.
    #[schema(min_items = 1, max_items = 1000)]
    patient_ids: Vec<PatientId>,
    /// Who received them.
    #[schema(min_length = 1, max_length = 200)]
    recipient: String,
    /// Where, if it is known.
    #[schema(min_length = 1, max_length = 500)]
    recipient_address: Option<String>,
    /// What was given.
    #[schema(min_length = 1, max_length = 2000)]
    what: String,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    purpose: String,
    /// On what ground.
    authority: DisclosureAuthority,
    /// When it was given.
    disclosed_at: Timestamp,
    /// Until when an agency asked that the patient is not told of it.
    suspended_until: Option<Timestamp>,
    /// That agency.
    #[schema(min_length = 1, max_length = 200)]
    suspended_for: Option<String>,
}

/// Which disclosures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DisclosureQuery {
    /// Also those the patient is not to be told of yet; the accounting that is given to the patient has none of them.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    with_suspended: bool,
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
    /// `csv` for a spreadsheet; `Accept: text/csv` asks for the same.
    format: Option<ListFormat>,
}

/// A disclosure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Disclosure)]
pub struct DisclosureView {
    id: DisclosureId,
    disclosed_at: Timestamp,
    recipient: String,
    recipient_address: Option<String>,
    what: String,
    purpose: String,
    authority: DisclosureAuthority,
    /// Whether it was of more than one patient's record.
    bulk: bool,
    /// The patient is not to be told of it yet.
    suspended: bool,
    suspended_until: Option<Timestamp>,
    suspended_for: Option<String>,
    recorded_by: StaffId,
    recorded_at: Timestamp,
}

/// One page of a patient's accounting: six years back, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DisclosurePage)]
pub struct AccountingView {
    items: Vec<DisclosureView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

impl DisclosureView {
    fn of(disclosure: Disclosure, bulk: bool, now: Timestamp) -> Self {
        let suspended = disclosure.is_suspended(now);
        let said = disclosure.said;
        let (suspended_until, suspended_for) = said.suspended.unzip();
        Self {
            id: disclosure.id,
            disclosed_at: said.disclosed_at,
            recipient: said.recipient,
            recipient_address: said.address,
            what: said.what,
            purpose: said.purpose,
            authority: said.authority,
            bulk,
            suspended,
            suspended_until,
            suspended_for,
            recorded_by: disclosure.recorded_by,
            recorded_at: disclosure.recorded_at,
        }
    }

    const COLUMNS: [&'static str; 10] = [
        "disclosed_at",
        "recipient",
        "recipient_address",
        "what",
        "purpose",
        "authority",
        "bulk",
        "suspended_until",
        "recorded_by",
        "recorded_at",
    ];

    fn cells(self) -> Vec<String> {
        vec![
            self.disclosed_at.to_string(),
            self.recipient,
            cell(self.recipient_address),
            self.what,
            self.purpose,
            self.authority.to_string(),
            self.bulk.to_string(),
            cell(self.suspended_until),
            self.recorded_by.to_string(),
            self.recorded_at.to_string(),
        ]
    }
}

/// Records what was given to somebody outside. It is a fact: a mistake is answered by another entry.
#[utoipa::path(post, path = "/api/v1/disclosures", tag = "audit", operation_id = "disclosures_record", summary = "Record a disclosure",
    request_body = RecordBody, responses((status = 201, description = "Recorded", body = DisclosureView)))]
pub async fn record(act: Act<RecordDisclosure, RecordBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let suspended = match (body.suspended_until, body.suspended_for) {
        (None, None) => None,
        (Some(until), Some(agency)) => Some((until, agency)),
        _ => return Err(Refusal::invalid("/suspended_for", "required", "name both the agency and the end").into()),
    };
    let said = NewDisclosure {
        patients: body.patient_ids,
        recipient: body.recipient,
        address: body.recipient_address,
        what: body.what,
        purpose: body.purpose,
        authority: body.authority,
        disclosed_at: body.disclosed_at,
        suspended,
    };
    let written = store.write(permit, once, move |tx| {
        let by = (tx.person()?.staff, tx.now());
        let (made, events) = Disclosure::record(tx.new_id(), said, by)?;
        for patient in &made.said.patients {
            tx.lock_patient(*patient)?;
        }
        tx.insert_disclosure(&made)?;
        let first = made.said.patients.first().map(ToString::to_string).unwrap_or_default();
        let bulk = made.is_bulk();
        let place = format!("/api/v1/patients/{first}/disclosures");
        let reply = reply::created(place, 1, &DisclosureView::of(made, bulk, by.1))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Accounts for what was disclosed of a patient's record in the last six years.
#[utoipa::path(get, path = "/api/v1/patients/{id}/disclosures", tag = "audit", operation_id = "disclosures_list", summary = "Account for disclosures",
    params(("id" = PatientId, Path, description = "The patient"), DisclosureQuery),
    responses((status = 200, description = "Disclosures, newest first",
        content((AccountingView = "application/json"), (String = "text/csv")))))]
pub async fn list(
    permit: Permit<ReadDisclosures>,
    Id(patient): Id<PatientId>,
    Query(query): Query<DisclosureQuery>,
    store: Data<Store>,
    request: HttpRequest,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let as_csv = csv::wanted(&request, query.format);
    let cursors = super::guard::data::<Cursors>(&request)?;
    let name = format!("disclosures/{patient}/{}", query.with_suspended);
    let after: Option<DisclosureCursor> = cursors.read(&name, query.cursor.as_deref())?;
    let found = store.read(permit, move |tx| {
        tx.is_patient(patient)?;
        let now = tx.now();
        let since = now.plus_minutes(-ACCOUNTED_DAYS * 24 * 60);
        Ok((tx.disclosures_of(patient, (since, query.with_suspended), after, limit)?, now))
    });
    let (found, now) = found.await?;
    let next_cursor = found.next.and_then(|last| cursors.write(&name, &last));
    let items = found.items.into_iter().map(|(disclosure, bulk)| DisclosureView::of(disclosure, bulk, now));
    if as_csv {
        let next = next_cursor.map(|next| csv::next_page(&request, "cursor", &next));
        return csv::page(&DisclosureView::COLUMNS, items.map(DisclosureView::cells), next);
    }
    reply::listed(&AccountingView { items: items.collect(), next_cursor })
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded record, guarded list]
}
