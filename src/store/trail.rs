//! The trail: appends entries to a clinic's log as the last act of a transaction.
//!
//! The head row is updated last and held until COMMIT, so the order of `seq` is the order of commits, without a gap
//! (engineering.md 8). The nil clinic is the installation's own trail.

use super::column::AnyId;
use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::prepared::Prepared;
use super::schema::foundation::{audit_details, audit_events, audit_heads, audit_subjects};
use crate::clock;
use crate::domain::audit_entry::{AuditEntry, Outcome, detail_hash, leaf_hash};
use crate::domain::id::{ClinicId, PatientId, RequestId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// An entry that waits for its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    /// What it says.
    pub(super) entry: AuditEntry,
    /// Whose charts it is about.
    pub(super) patients: Vec<PatientId>,
}

/// How the entries of one append belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bond {
    /// One act: the first is the cause of the others.
    OneAct,
    /// Reads of several people that happen to be written together.
    Unrelated,
}

#[derive(Insertable)]
#[diesel(table_name = audit_events)]
struct EventRow {
    clinic_id: ClinicId,
    seq: i64,
    at: Timestamp,
    actor_id: Option<AnyId>,
    action: String,
    outcome: Outcome,
    object_kind: Option<String>,
    object_id: Option<AnyId>,
    request_id: RequestId,
    body: String,
    leaf: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = audit_subjects)]
struct SubjectRow {
    clinic_id: ClinicId,
    seq: i64,
    patient_id: PatientId,
}

#[derive(Insertable)]
#[diesel(table_name = audit_details)]
struct DetailRow {
    clinic_id: ClinicId,
    seq: i64,
    salt: Vec<u8>,
    detail: String,
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    size: i64,
    #[diesel(sql_type = super::column::DbTimestamp)]
    last_ts: Timestamp,
}

/// The clinic whose trail an entry belongs to.
pub(super) fn trail_of(clinic: Option<ClinicId>) -> ClinicId {
    clinic.unwrap_or(ClinicId(uuid::Uuid::nil()))
}

/// Begins the trail of a new clinic.
pub(super) fn begin(connection: &mut AnyConnection, clinic: ClinicId, now: Timestamp) -> Result<()> {
    diesel::insert_into(audit_heads::table)
        .values((audit_heads::clinic_id.eq(clinic), audit_heads::size.eq(0_i64), audit_heads::last_ts.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// Appends entries to one clinic's trail. Takes the head's lock: call it last.
pub(super) fn append(
    connection: &mut AnyConnection,
    clinic: ClinicId,
    entries: Vec<Pending>,
    bond: Bond,
    now: Timestamp,
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let head = advance(connection, clinic, count, now)?;
    let first = head.size.saturating_sub(count).saturating_add(1);
    let (mut events, mut subjects, mut details) = (Vec::new(), Vec::new(), Vec::new());
    for (seq, Pending { mut entry, mut patients }) in (first..).zip(entries) {
        if bond == Bond::OneAct && seq > first {
            entry.cause = Some(first);
        }
        patients.sort_unstable();
        patients.dedup();
        if let [only] = patients.as_slice() {
            entry.patient = Some(*only);
        } else if !patients.is_empty() {
            let detail = patient_list(&patients);
            let salt = clock::random::<16>();
            entry.detail_sha256 = Some(detail_hash(&salt, detail.as_bytes()));
            details.push(DetailRow { clinic_id: clinic, seq, salt: salt.to_vec(), detail });
        }
        subjects.extend(patients.iter().map(|patient| SubjectRow { clinic_id: clinic, seq, patient_id: *patient }));
        events.push(event_row(clinic, seq, head.last_ts, &entry)?);
    }
    insert_each!(connection, audit_events::table, events);
    insert_each!(connection, audit_subjects::table, subjects);
    insert_each!(connection, audit_details::table, details);
    Ok(())
}

/// Moves the head by `count` in one statement; time in a trail never runs backwards.
fn advance(connection: &mut AnyConnection, clinic: ClinicId, count: i64, now: Timestamp) -> Result<Head> {
    let moved = diesel::sql_query(
        "UPDATE audit_heads SET size = size + $1, last_ts = CASE WHEN last_ts > $2 THEN last_ts ELSE $2 END \
         WHERE clinic_id = $3 RETURNING size, last_ts",
    )
    .bind::<diesel::sql_types::BigInt, _>(count)
    .bind::<super::column::DbTimestamp, _>(now)
    .bind::<super::column::DbUuid, _>(clinic);
    let head: Option<Head> = Prepared(moved).get_result(connection).optional()?;
    head.ok_or_else(|| StoreError::Broken("the clinic has no trail".into()))
}

fn event_row(clinic: ClinicId, seq: i64, at: Timestamp, entry: &AuditEntry) -> Result<EventRow> {
    let body = entry.body(seq, at);
    let leaf = leaf_hash(&body).to_vec();
    Ok(EventRow {
        clinic_id: clinic,
        seq,
        at,
        actor_id: entry.actor.id.map(AnyId),
        action: entry.action.clone(),
        outcome: entry.outcome,
        object_kind: entry.object.map(|(kind, _, _)| kind.to_owned()),
        object_id: entry.object.map(|(_, id, _)| AnyId(id)),
        request_id: entry.request,
        body: String::from_utf8(body).map_err(|error| StoreError::Broken(error.to_string()))?,
        leaf,
    })
}

/// `{"patients":["…","…"]}`, in order of id.
fn patient_list(patients: &[PatientId]) -> String {
    let ids: Vec<String> = patients.iter().map(|id| format!("\"{id}\"")).collect();
    format!("{{\"patients\":[{}]}}", ids.join(","))
}

/// Action and outcome of every entry of a clinic's trail, oldest first: for tests that read what was written.
///
/// # Errors
/// When the database cannot be asked.
pub fn actions(url: &super::DatabaseUrl, clinic: ClinicId) -> Result<Vec<(String, String)>> {
    let mut connection = super::connection::open(url, true).map_err(|error| StoreError::Broken(error.to_string()))?;
    let rows = audit_events::table
        .filter(audit_events::clinic_id.eq(clinic))
        .order(audit_events::seq)
        .select((audit_events::action, audit_events::outcome))
        .load::<(String, Outcome)>(&mut connection)?;
    Ok(rows.into_iter().map(|(action, outcome)| (action, outcome.as_str().to_owned())).collect())
}
