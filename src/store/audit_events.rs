//! Reading the trail: who saw a chart, what a person did, what was refused. An index range each, oldest first.

use super::checkpoints::SignedCheckpoint;
use super::column::AnyId;
use super::error::{Result, StoreError};
use super::schema::foundation::{audit_events, audit_subjects};
use super::transaction::Gather;
use crate::domain::audit_entry::Outcome;
use crate::domain::id::{PatientId, RequestId, StaffId};
use crate::domain::merkle::{self, Hash};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use std::collections::BTreeSet;

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

/// An entry with what proves that it is in the trail at its place, without showing any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedEntry {
    /// The entry.
    pub entry: StoredEntry,
    /// The checkpoint it is proved under.
    pub checkpoint: SignedCheckpoint,
    /// The hashes from its leaf to the root, the nearest first.
    pub proof: Vec<Hash>,
}

impl Gather<'_> {
    /// Entries of this clinic's trail, each with its proof under the newest checkpoint, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing was signed yet, or one of them is not there or under no checkpoint.
    pub fn proved_entries(&mut self, seqs: &[i64]) -> Result<Vec<ProvedEntry>> {
        let checkpoint = self.checkpoint(None)?;
        let leaves = self.leaves(checkpoint.size)?;
        let entries: Vec<StoredEntry> = audit_events::table
            .filter(audit_events::clinic_id.eq(self.clinic()))
            .filter(audit_events::seq.eq_any(seqs.to_vec()))
            .order(audit_events::seq)
            .select(StoredEntry::as_select())
            .load(self.connection)?;
        let asked: BTreeSet<i64> = seqs.iter().copied().collect();
        if entries.len() != asked.len() {
            return Err(StoreError::NotFound);
        }
        let proved = |entry: StoredEntry| {
            let index = usize::try_from(entry.seq).ok().and_then(|seq| seq.checked_sub(1));
            let proof = index.and_then(|index| merkle::inclusion(&leaves, index)).ok_or(StoreError::NotFound)?;
            Ok(ProvedEntry { entry, checkpoint: checkpoint.clone(), proof })
        };
        entries.into_iter().map(proved).collect()
    }

    /// One entry with its proof.
    ///
    /// # Errors
    /// As [`Self::proved_entries`].
    pub fn proved_entry(&mut self, seq: i64) -> Result<ProvedEntry> {
        self.proved_entries(&[seq])?.pop().ok_or(StoreError::NotFound)
    }

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
