//! Reading the trail: who saw a chart, what a person did, what was refused. An index range each, oldest first.

use super::column::AnyId;
use super::error::Result;
use super::schema::foundation::{audit_events, audit_subjects};
use super::transaction::Gather;
use crate::domain::audit_entry::Outcome;
use crate::domain::id::{PatientId, RequestId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// What is asked of the trail; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailSearch {
    /// Only entries about this chart.
    pub patient: Option<PatientId>,
    /// Only entries of this member of staff.
    pub actor: Option<StaffId>,
    /// Only what happened so, or reads under this permission.
    pub action: Option<String>,
    /// Only entries about this record.
    pub object: Option<uuid::Uuid>,
    /// Only what ended so.
    pub outcome: Option<Outcome>,
    /// Only entries of this request.
    pub request: Option<RequestId>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only entries after this number.
    pub after: i64,
}

/// One page of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailPage {
    /// The entries, oldest first.
    pub items: Vec<StoredEntry>,
    /// The number after which the next page begins; none on the last.
    pub next: Option<i64>,
}

/// An entry as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = audit_events)]
pub struct StoredEntry {
    /// Its number, without a gap from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The member of staff, if it was one.
    pub actor_id: Option<AnyId>,
    /// What happened, or the permission a read used.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of record.
    pub object_kind: Option<String>,
    /// The record.
    pub object_id: Option<AnyId>,
    /// The request.
    pub request_id: RequestId,
    /// The exact text that was hashed.
    pub body: String,
    /// SHA-256 of a zero byte and the body.
    pub leaf: Vec<u8>,
}

/// Narrows a query of entries to what is asked. Written once for entries alone and for those about a patient.
macro_rules! narrowed {
    ($query:expr, $search:expr, $clinic:expr) => {{
        let mut query = $query
            .filter(audit_events::clinic_id.eq($clinic))
            .filter(audit_events::seq.gt($search.after))
            .select(StoredEntry::as_select())
            .into_boxed();
        if let Some(actor) = $search.actor {
            query = query.filter(audit_events::actor_id.eq(Some(AnyId(actor.uuid()))));
        }
        if let Some(action) = &$search.action {
            query = query.filter(audit_events::action.eq(action.clone()));
        }
        if let Some(object) = $search.object {
            query = query.filter(audit_events::object_id.eq(Some(AnyId(object))));
        }
        if let Some(outcome) = $search.outcome {
            query = query.filter(audit_events::outcome.eq(outcome));
        }
        if let Some(request) = $search.request {
            query = query.filter(audit_events::request_id.eq(request));
        }
        if let Some(from) = $search.from {
            query = query.filter(audit_events::at.ge(from));
        }
        if let Some(until) = $search.until {
            query = query.filter(audit_events::at.lt(until));
        }
        query
    }};
}

impl Gather<'_> {
    /// Entries of this clinic's trail, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked, or the chart asked about may not be seen.
    pub fn trail(&mut self, search: &TrailSearch, limit: u16) -> Result<TrailPage> {
        let clinic = self.clinic();
        let most = i64::from(limit) + 1;
        let mut items: Vec<StoredEntry> = match search.patient {
            None => narrowed!(audit_events::table, search, clinic)
                .order(audit_events::seq)
                .limit(most)
                .load(self.connection)?,
            Some(patient) => {
                self.show(patient)?;
                let same = audit_subjects::clinic_id
                    .eq(audit_events::clinic_id)
                    .and(audit_subjects::seq.eq(audit_events::seq));
                // The range of the patient's index is walked in order; its own number leads, so a deep page begins there.
                narrowed!(audit_events::table.inner_join(audit_subjects::table.on(same)), search, clinic)
                    .filter(audit_subjects::clinic_id.eq(clinic))
                    .filter(audit_subjects::patient_id.eq(patient))
                    .filter(audit_subjects::seq.gt(search.after))
                    .order(audit_subjects::seq)
                    .limit(most)
                    .load(self.connection)?
            }
        };
        let more = items.len() > usize::from(limit);
        items.truncate(usize::from(limit));
        let next = items.last().filter(|_| more).map(|last| last.seq);
        Ok(TrailPage { items, next })
    }
}
