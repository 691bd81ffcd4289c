//! The watcher of the trails: signs each one that has grown, and takes the notes out of the house.
//!
//! A note in the database shows nothing to whoever can change the database. Appended to a file on another medium or
//! host it is a witness: with it, a changed entry and a cut-off end are seen (security.md 4.5, 4.6).

use crate::access::notary::Notary;
use crate::access::permission::SignCheckpoint;
use crate::access::permit::{Origin, Permit};
use crate::domain::checkpoint::Checkpoint;
use crate::domain::id::ClinicId;
use crate::domain::time::Timestamp;
use crate::store::{Once, Reply, Result, Store, StoreError};
use std::collections::HashSet;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

/// The name of this watcher in the trail.
const NAME: &str = "trail_notary";
/// Transactions that overlap may commit in another order than that of their times; so far back is looked again.
const OVERLAP_MINUTES: i64 = 10;

/// Signs every trail that has grown; gives back how many.
///
/// A trail that cannot be signed is left for the next time and does not keep the others waiting.
///
/// # Errors
/// When the database cannot be asked which have grown.
pub async fn sign(store: &Store, notary: &Arc<Notary>) -> Result<usize> {
    let mut signed = 0;
    for clinic in store.unsigned_trails().await? {
        match sign_one(store, notary, clinic).await {
            Ok(()) => signed += 1,
            Err(error) => tracing::error!(%error, %clinic, "a trail could not be signed"),
        }
    }
    Ok(signed)
}

/// Signs one clinic's trail.
///
/// # Errors
/// When the trail is empty, or is not what was signed last.
pub async fn sign_one(store: &Store, notary: &Arc<Notary>, clinic: ClinicId) -> Result<()> {
    let origin = Origin { request: store.clock().new_id(), client_ip: None };
    let permit = Permit::<SignCheckpoint>::job(NAME, clinic, origin);
    let permit = permit.map_err(|denied| StoreError::Forbidden(denied.permission))?;
    let notary = Arc::clone(notary);
    let unit = store.write(permit, Once::default(), move |tx| {
        tx.sign_checkpoint(&notary)?;
        Ok(tx.record(Vec::new(), Reply { status: 204, ..Reply::default() }))
    });
    unit.await.map(drop)
}

/// How often the trails are signed, and where their notes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// In minutes.
    pub every_minutes: u16,
    /// A file, best on another medium or host; without one nothing outside the database bears witness.
    pub file: Option<PathBuf>,
}

impl Default for Witness {
    fn default() -> Self {
        Self { every_minutes: 5, file: None }
    }
}

/// The file that notes are appended to.
#[derive(Debug)]
pub struct Outlet {
    path: PathBuf,
    written: HashSet<(String, u64)>,
    since: Timestamp,
}

impl Outlet {
    /// Opens the file and reads which notes it holds, so that each is written once, also across restarts.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        let written = notes(&text).filter_map(|note| Checkpoint::read(&note)).map(|note| {
            let Checkpoint { origin, size, .. } = note.checkpoint;
            (origin, size)
        });
        Ok(Self { written: written.collect(), path, since: Timestamp::from_millis(0) })
    }

    /// Appends the notes that are not in it yet.
    ///
    /// # Errors
    /// When the database cannot be asked or the file not be written; the next time tries again.
    pub async fn publish(&mut self, store: &Store) -> io::Result<()> {
        let notes = store.notes_since(self.since).await.map_err(io::Error::other)?;
        let Some(last) = notes.last().map(|note| note.signed_at) else { return Ok(()) };
        let mut new = Vec::new();
        for note in notes {
            let Some(read) = Checkpoint::read(&note.note) else { continue };
            let key = (read.checkpoint.origin, read.checkpoint.size);
            if !self.written.contains(&key) {
                new.push((key, note.note));
            }
        }
        if !new.is_empty() {
            let text: String = new.iter().flat_map(|(_, note)| [note.as_str(), "\n"]).collect();
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            self.written.extend(new.into_iter().map(|(key, _)| key));
        }
        self.since = last.plus_minutes(-OVERLAP_MINUTES);
        Ok(())
    }
}

/// The notes of a file that holds them one after the other, each followed by an empty line.
pub fn notes(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    std::iter::from_fn(move || {
        let (body, signatures) = (blocks.next()?, blocks.next()?);
        Some(format!("{}\n\n{}\n", body.trim_matches('\n'), signatures.trim_matches('\n')))
    })
}
