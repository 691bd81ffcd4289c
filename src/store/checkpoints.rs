//! Checkpoints of the trail: the tree is grown from the new leaves, signed, kept, and proved from.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::checkpoints::audit_checkpoints;
use super::schema::foundation::{audit_events, audit_heads};
use super::trail::trail_of;
use super::transaction::{Change, Gather};
use super::{Store, blocking, wall};
use crate::access::notary::Notary;
use crate::domain::checkpoint::Checkpoint;
use crate::domain::id::ClinicId;
use crate::domain::merkle::{Frontier, Hash};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// Leaves are read so many at a time, so that no statement takes long on a large trail.
const LEAVES_AT_ONCE: i64 = 20_000;

/// A checkpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// How many entries it is about.
    pub size: i64,
    /// The root over their leaves.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_checkpoints)]
struct Row {
    clinic_id: ClinicId,
    size: i64,
    root: Vec<u8>,
    frontier: Vec<u8>,
    note: String,
    signed_at: Timestamp,
}

impl Row {
    fn into_checkpoint(self) -> Result<SignedCheckpoint> {
        self.frontier()?;
        let Self { size, root, note, signed_at, .. } = self;
        Ok(SignedCheckpoint { size, root: hash(root)?, note, signed_at })
    }

    fn frontier(&self) -> Result<Frontier> {
        let broken = || StoreError::Broken("a checkpoint's frontier does not fit its size".into());
        let peaks: Vec<Hash> = self.frontier.chunks(32).map(|peak| hash(peak.to_vec())).collect::<Result<_>>()?;
        let frontier = Frontier::of(u64::try_from(self.size).map_err(|_| broken())?, peaks).ok_or_else(broken)?;
        // Whoever changed it behind our back does not get it signed.
        if frontier.root().as_slice() == self.root { Ok(frontier) } else { Err(broken()) }
    }
}

fn hash(bytes: Vec<u8>) -> Result<Hash> {
    bytes.try_into().map_err(|_| StoreError::Broken("a hash of the trail is not 32 bytes long".into()))
}

/// The leaves after number `after`, up to and with number `up_to`.
pub(super) fn leaves(connection: &mut AnyConnection, clinic: ClinicId, after: i64, up_to: i64) -> Result<Vec<Hash>> {
    let mut found = Vec::new();
    let mut last = after;
    while last < up_to {
        let page: Vec<(i64, Vec<u8>)> = audit_events::table
            .filter(audit_events::clinic_id.eq(clinic))
            .filter(audit_events::seq.gt(last))
            .filter(audit_events::seq.le(up_to))
            .order(audit_events::seq)
            .limit(LEAVES_AT_ONCE)
            .select((audit_events::seq, audit_events::leaf))
            .load(connection)?;
        for (seq, leaf) in page {
            if seq != last + 1 {
                return Err(StoreError::Broken(format!("the trail lacks entry {}", last + 1)));
            }
            last = seq;
            found.push(hash(leaf)?);
        }
        if found.len() != usize::try_from(last - after).unwrap_or(usize::MAX) || found.is_empty() {
            return Err(StoreError::Broken(format!("the trail lacks entry {}", last + 1)));
        }
    }
    Ok(found)
}

impl Gather<'_> {
    /// Checkpoints of this clinic's trail below a size, newest first, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn checkpoints(&mut self, below: Option<i64>, limit: u16) -> Result<Vec<SignedCheckpoint>> {
        let rows: Vec<Row> = audit_checkpoints::table
            .filter(audit_checkpoints::clinic_id.eq(self.clinic()))
            .filter(audit_checkpoints::size.lt(below.unwrap_or(i64::MAX)))
            .order(audit_checkpoints::size.desc())
            .limit(i64::from(limit))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(Row::into_checkpoint).collect()
    }

    /// The checkpoint of this size, or the newest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn checkpoint(&mut self, size: Option<i64>) -> Result<SignedCheckpoint> {
        let Some(size) = size else { return self.checkpoints(None, 1)?.pop().ok_or(StoreError::NotFound) };
        let row = audit_checkpoints::table.find((self.clinic(), size)).select(Row::as_select());
        row.first(self.connection).map_err(StoreError::from).and_then(Row::into_checkpoint)
    }

    /// The first leaves of this clinic's trail.
    ///
    /// # Errors
    /// When the database cannot be asked, or the trail has a gap.
    pub fn leaves(&mut self, up_to: i64) -> Result<Vec<Hash>> {
        leaves(self.connection, self.clinic(), 0, up_to)
    }
}

impl Change<'_> {
    /// Signs what the trail has become since the last checkpoint; the last one when nothing was added. It is no entry
    /// of the trail itself: otherwise an idle clinic's would grow for ever.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the trail is empty; [`StoreError::Broken`] when it is not what was signed last.
    pub fn sign_checkpoint(&mut self, notary: &Notary) -> Result<SignedCheckpoint> {
        let clinic = self.clinic();
        let size: i64 = audit_heads::table.find(clinic).select(audit_heads::size).first(self.connection)?;
        let last: Option<Row> = audit_checkpoints::table
            .filter(audit_checkpoints::clinic_id.eq(clinic))
            .order(audit_checkpoints::size.desc())
            .select(Row::as_select())
            .first(self.connection)
            .optional()?;
        let mut frontier = last.as_ref().map(Row::frontier).transpose()?.unwrap_or_default();
        let from = last.as_ref().map_or(0, |last| last.size);
        match last {
            Some(last) if last.size == size => return last.into_checkpoint(),
            Some(last) if last.size > size => {
                return Err(StoreError::Broken("the trail is shorter than it was when it was signed last".into()));
            }
            _ if size == 0 => return Err(StoreError::NotFound),
            _ => {}
        }
        for leaf in leaves(self.connection, clinic, from, size)? {
            frontier.push(leaf);
        }
        let checkpoint = Checkpoint { origin: notary.origin(clinic), size: frontier.size(), root: frontier.root() };
        let note =
            notary.sign(&checkpoint).ok_or_else(|| StoreError::Broken("the checkpoint was not signed".into()))?;
        let (root, peaks) = (checkpoint.root.to_vec(), frontier.peaks().concat());
        let row = Row { clinic_id: clinic, size, root, frontier: peaks, note, signed_at: self.now() };
        // Who signs the same size at the same moment signs the same bytes.
        each!(&mut *self.connection, |native| diesel::insert_into(audit_checkpoints::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(native))?;
        row.into_checkpoint()
    }
}

/// A note to be taken out of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNote {
    /// Whose trail.
    pub clinic: ClinicId,
    /// Its size.
    pub size: i64,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

#[derive(QueryableByName)]
struct Grown {
    #[diesel(sql_type = super::column::DbUuid)]
    clinic_id: ClinicId,
}

impl Store {
    /// The clinics whose trail has grown since it was signed last, the installation's own among them. No patient data.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn unsigned_trails(&self) -> Result<Vec<ClinicId>> {
        let inner = std::sync::Arc::clone(&self.inner);
        let found = blocking(move || {
            inner.snapshot(trail_of(None), |connection| {
                wall::show_trails(connection)?;
                let grown = diesel::sql_query(
                    "SELECT h.clinic_id FROM audit_heads h WHERE h.size > COALESCE((SELECT MAX(c.size) \
                     FROM audit_checkpoints c WHERE c.clinic_id = h.clinic_id), 0) ORDER BY h.clinic_id",
                );
                Ok(grown.load::<Grown>(connection)?)
            })
        });
        Ok(found.await?.into_iter().map(|grown| grown.clinic_id).collect())
    }

    /// Every clinic's notes signed since an instant, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn notes_since(&self, since: Timestamp) -> Result<Vec<KeptNote>> {
        let inner = std::sync::Arc::clone(&self.inner);
        let found = blocking(move || {
            inner.snapshot(trail_of(None), |connection| {
                wall::show_trails(connection)?;
                let notes = audit_checkpoints::table
                    .filter(audit_checkpoints::signed_at.ge(since))
                    .order((audit_checkpoints::signed_at, audit_checkpoints::clinic_id, audit_checkpoints::size))
                    .select(Row::as_select());
                Ok(notes.load(connection)?)
            })
        });
        let kept = |Row { clinic_id, size, note, signed_at, .. }| KeptNote { clinic: clinic_id, size, note, signed_at };
        Ok(found.await?.into_iter().map(kept).collect())
    }
}
