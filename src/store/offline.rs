//! A copy of the database, read without the server: what the offline verifier asks of it.

use super::audit_events::ProvedEntry;
use super::checkpoints::SignedCheckpoint;
use super::column::AnyId;
use super::connection::{AnyConnection, DatabaseUrl, begin_read, open, open_as_owner};
use super::error::{Result, StoreError};
use super::records::Rebuilt;
use super::schema::checkpoints::audit_checkpoints;
use super::schema::foundation::{audit_details, audit_events, audit_heads, audit_subjects, clinics};
use super::trail::trail_of;
use super::transaction::Gather;
use super::wall;
use crate::domain::id::{ClinicId, PatientId};
use crate::domain::merkle::Hash;
use crate::domain::record::RecordKind;
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A copy, open for reading in one snapshot.
pub struct DatabaseCopy {
    connection: AnyConnection,
}

/// An entry's row as it stands: words are not read as words of ours, somebody may have bent them.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = audit_events)]
pub struct CopiedRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The member of staff, if it was one.
    pub actor_id: Option<AnyId>,
    /// What happened, or the permission a read used.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// The kind of record.
    pub object_kind: Option<String>,
    /// The record.
    pub object_id: Option<AnyId>,
    /// The request.
    pub request_id: AnyId,
    /// The text that was hashed.
    pub body: String,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// A detail as it stands: its salt, and its text unless that was erased.
pub type CopiedDetail = (Vec<u8>, Option<String>);

/// An entry with everything that is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedEntry {
    /// Its number.
    pub seq: i64,
    /// The row; none when a value in it cannot be read.
    pub row: Option<CopiedRow>,
    /// The patients it is about, in order of id.
    pub subjects: Vec<PatientId>,
    /// Its detail.
    pub detail: Option<CopiedDetail>,
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
        // As the owner, not as the server: what is hidden from the server is not hidden from an auditor.
        let opened = if url.file().is_some() { open(url, true) } else { open_as_owner(url) };
        let mut connection = opened.map_err(|error| StoreError::Broken(error.to_string()))?;
        begin_read(&mut connection, trail_of(None))?;
        wall::show_trails(&mut connection)?;
        Ok(Self { connection })
    }

    /// Every trail that there is or has to be, with the size and the last time of its head, if that is there; the nil
    /// clinic is the installation's own.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn trails(&mut self) -> Result<Vec<(ClinicId, Option<(i64, Timestamp)>)>> {
        let connection = &mut self.connection;
        let heads: Vec<(ClinicId, i64, Timestamp)> = audit_heads::table
            .select((audit_heads::clinic_id, audit_heads::size, audit_heads::last_ts))
            .load(connection)?;
        let mut trails: BTreeMap<ClinicId, Option<(i64, Timestamp)>> =
            heads.into_iter().map(|(clinic, size, last)| (clinic, Some((size, last)))).collect();
        let mut named: Vec<ClinicId> = clinics::table.select(clinics::id).load(connection)?;
        named.push(ClinicId(Uuid::nil()));
        named.extend(audit_events::table.select(audit_events::clinic_id).distinct().load::<ClinicId>(connection)?);
        let signed = audit_checkpoints::table.select(audit_checkpoints::clinic_id).distinct();
        named.extend(signed.load::<ClinicId>(connection)?);
        for clinic in named {
            trails.entry(clinic).or_default();
        }
        Ok(trails.into_iter().collect())
    }

    /// Entries after a number, in order, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn entries(&mut self, clinic: ClinicId, after: i64, limit: i64) -> Result<Vec<CopiedEntry>> {
        wall::turn_to(&mut self.connection, clinic)?;
        let rows = self.rows(clinic, after, limit)?;
        let last = rows.last().map_or(after, |(seq, _)| *seq);
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
            .load::<(i64, Vec<u8>, Option<String>)>(&mut self.connection)?;
        let mut details: HashMap<i64, CopiedDetail> =
            details.into_iter().map(|(seq, salt, text)| (seq, (salt, text))).collect();
        let whole = |(seq, row)| CopiedEntry {
            seq,
            row,
            subjects: subjects.remove(&seq).unwrap_or_default(),
            detail: details.remove(&seq),
        };
        Ok(rows.into_iter().map(whole).collect())
    }

    fn rows(&mut self, clinic: ClinicId, after: i64, limit: i64) -> Result<Vec<(i64, Option<CopiedRow>)>> {
        let page = audit_events::table
            .filter(audit_events::clinic_id.eq(clinic))
            .filter(audit_events::seq.gt(after))
            .order(audit_events::seq)
            .limit(limit);
        if let Ok(rows) = page.select(CopiedRow::as_select()).load(&mut self.connection) {
            return Ok(rows.into_iter().map(|row: CopiedRow| (row.seq, Some(row))).collect());
        }
        // A value in one of them cannot be read; each by itself says in which.
        let numbers: Vec<i64> = page.select(audit_events::seq).load(&mut self.connection)?;
        let alone = |seq: i64| {
            let row = audit_events::table.find((clinic, seq)).select(CopiedRow::as_select());
            (seq, row.first(&mut self.connection).ok())
        };
        Ok(numbers.into_iter().map(alone).collect())
    }

    /// Every checkpoint of a trail, oldest first. One whose tree does not fit it is broken, as it is for the server.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn checkpoints(&mut self, clinic: ClinicId) -> Result<Vec<SignedCheckpoint>> {
        let (mut found, mut below) = (Vec::new(), None);
        loop {
            let page = self.gather(clinic)?.checkpoints(below, 1000)?;
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
        self.gather(clinic)?.leaves(up_to)
    }

    /// One entry of a trail with its proof.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, or no checkpoint is about it yet.
    pub fn proved_entry(&mut self, clinic: ClinicId, seq: i64) -> Result<ProvedEntry> {
        self.gather(clinic)?.proved_entry(seq)
    }

    /// The records of a kind after an id, in the order of their ids, `limit` at a time, each made again from its rows.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn records(&mut self, clinic: ClinicId, kind: RecordKind, after: Uuid, limit: i64) -> Result<Vec<Rebuilt>> {
        self.gather(clinic)?.rebuilt(kind, after, limit)
    }

    fn gather(&mut self, clinic: ClinicId) -> Result<Gather<'_>> {
        wall::turn_to(&mut self.connection, clinic)?;
        Ok(Gather::new(&mut self.connection, clinic, Timestamp::from_millis(0), None))
    }
}
