//! Reading the trail: who saw a chart, and what a person did. An index range each, oldest first.

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
