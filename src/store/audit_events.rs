//! Reading the trail: who saw a chart, and what a person did. An index range each, oldest first.

use super::column::AnyId;
use super::error::Result;
use super::schema::foundation::{audit_events, audit_subjects};
use super::transaction::Gather;
use crate::domain::audit_entry::Outcome;
use crate::domain::id::{PatientId, RequestId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// What is asked of the trail; all that is given must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrailSearch {
    /// Only entries about this chart.
    pub patient: Option<PatientId>,
    /// Only entries of this member of staff.
    pub actor: Option<StaffId>,
    /// Only entries after this number.
    pub after: i64,
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

impl Gather<'_> {
    /// Entries of this clinic's trail, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn trail(&mut self, search: TrailSearch, limit: u16) -> Result<Vec<StoredEntry>> {
        let of_clinic = audit_events::table.filter(audit_events::clinic_id.eq(self.clinic()));
        let mut query = of_clinic.filter(audit_events::seq.gt(search.after)).into_boxed();
        if let Some(actor) = search.actor {
            query = query.filter(audit_events::actor_id.eq(Some(AnyId(actor.uuid()))));
        }
        if let Some(patient) = search.patient {
            let about = audit_subjects::table
                .filter(audit_subjects::clinic_id.eq(self.clinic()))
                .filter(audit_subjects::patient_id.eq(patient))
                .filter(audit_subjects::seq.gt(search.after))
                .order(audit_subjects::seq)
                .limit(i64::from(limit))
                .select(audit_subjects::seq)
                .load::<i64>(self.connection)?;
            self.saw(patient);
            query = query.filter(audit_events::seq.eq_any(about));
        }
        let entries = query.order(audit_events::seq).limit(i64::from(limit)).select(StoredEntry::as_select());
        Ok(entries.load(self.connection)?)
    }
}
