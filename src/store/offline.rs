//! A copy of the database, read without the server: what the offline verifier asks of it.

use super::audit_events::StoredEntry;
use super::checkpoints::SignedCheckpoint;
use super::connection::{AnyConnection, DatabaseUrl, begin_read, open};
use super::error::{Result, StoreError};
use super::schema::foundation::{audit_details, audit_events, audit_heads, audit_subjects};
use super::transaction::Gather;
use crate::domain::id::{ClinicId, PatientId};
use crate::domain::merkle::Hash;
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

/// A copy, open for reading in one snapshot.
pub struct DatabaseCopy {
    connection: AnyConnection,
}

/// An entry with everything that is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedEntry {
    /// The row.
    pub row: StoredEntry,
    /// The patients it is about, in order of id.
    pub subjects: Vec<PatientId>,
    /// Salt and text of its detail.
    pub detail: Option<(Vec<u8>, String)>,
}

impl DatabaseCopy {
    /// Opens it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn open(url: &DatabaseUrl) -> Result<Self> {
        if url.file().is_some_and(|file| !file.exists()) {
            return Err(StoreError::Broken("there is no such database file".into()));
        }
        let mut connection = open(url, true).map_err(|error| StoreError::Broken(error.to_string()))?;
        begin_read(&mut connection)?;
        Ok(Self { connection })
    }

    /// Every trail with its size and the time of its last entry; the nil clinic is the installation's own.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn trails(&mut self) -> Result<Vec<(ClinicId, i64, Timestamp)>> {
        let rows = audit_heads::table.order(audit_heads::clinic_id);
        Ok(rows.select((audit_heads::clinic_id, audit_heads::size, audit_heads::last_ts)).load(&mut self.connection)?)
    }

    /// Entries after a number, in order, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn entries(&mut self, clinic: ClinicId, after: i64, limit: i64) -> Result<Vec<CopiedEntry>> {
        let rows: Vec<StoredEntry> = audit_events::table
            .filter(audit_events::clinic_id.eq(clinic))
            .filter(audit_events::seq.gt(after))
            .order(audit_events::seq)
            .limit(limit)
            .select(StoredEntry::as_select())
            .load(&mut self.connection)?;
        let last = rows.last().map_or(after, |row| row.seq);
        let mut subjects: HashMap<i64, Vec<PatientId>> = HashMap::new();
        for (seq, patient) in audit_subjects::table
            .filter(audit_subjects::clinic_id.eq(clinic))
            .filter(audit_subjects::seq.gt(after))
            .filter(audit_subjects::seq.le(last))
            .order((audit_subjects::seq, audit_subjects::patient_id))
            .select((audit_subjects::seq, audit_subjects::patient_id))
            .load::<(i64, PatientId)>(&mut self.connection)?
        {
            subjects.entry(seq).or_default().push(patient);
        }
        let details = audit_details::table
            .filter(audit_details::clinic_id.eq(clinic))
            .filter(audit_details::seq.gt(after))
            .filter(audit_details::seq.le(last))
            .select((audit_details::seq, audit_details::salt, audit_details::detail))
            .load::<(i64, Vec<u8>, String)>(&mut self.connection)?;
        let mut details: HashMap<i64, (Vec<u8>, String)> =
            details.into_iter().map(|(seq, salt, text)| (seq, (salt, text))).collect();
        let whole = |row: StoredEntry| CopiedEntry {
            subjects: subjects.remove(&row.seq).unwrap_or_default(),
            detail: details.remove(&row.seq),
            row,
        };
        Ok(rows.into_iter().map(whole).collect())
    }

    /// Every checkpoint of a trail, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn checkpoints(&mut self, clinic: ClinicId) -> Result<Vec<SignedCheckpoint>> {
        let (mut found, mut below) = (Vec::new(), None);
        loop {
            let page = self.gather(clinic).checkpoints(below, 1000)?;
            let Some(last) = page.last() else { break };
            below = Some(last.size);
            found.extend(page);
        }
        found.reverse();
        Ok(found)
    }

    /// The leaves of a trail up to a number.
    ///
    /// # Errors
    /// When the database cannot be asked, or the trail has a gap.
    pub fn leaves(&mut self, clinic: ClinicId, up_to: i64) -> Result<Vec<Hash>> {
        self.gather(clinic).leaves(up_to)
    }

    /// The hashes of these records as they are now; a record that is gone has none. The kinds that can be asked for are
    /// `RECORD_KINDS`.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row cannot be read.
    pub fn record_hashes(
        &mut self,
        clinic: ClinicId,
        objects: &[(String, Uuid)],
    ) -> Result<HashMap<(String, Uuid), Hash>> {
        self.gather(clinic).record_hashes(objects)
    }

    fn gather(&mut self, clinic: ClinicId) -> Gather<'_> {
        Gather::new(&mut self.connection, clinic, Timestamp::from_millis(0), None)
    }
}
