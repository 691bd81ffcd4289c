//! Writing on PostgreSQL: a pool, one transaction a unit, and one thread that writes the entries about reads.
//!
//! The server groups commits by itself; only the entries about reads are gathered here, because ten reads a write
//! would otherwise each take the clinic's head (engineering.md 4).

use super::connection::{
    AnyConnection, DatabaseUrl, Manager, Transactions, begin_write, depth, open, pool, roll_back_to,
};
use super::error::{Result, StoreError};
use super::group::{Job, Notes, disclose};
use super::queue::Queue;
use super::sign_ins::{Seen, note_seen};
use super::trail::{Pending, trail_of};
use super::unit::{Attempt, Unit};
use crate::clock::Clock;
use crate::domain::id::ClinicId;
use diesel::connection::TransactionManager as _;
use diesel::r2d2::Pool;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::oneshot;

/// The connections that write: most for everybody, two kept for what stops a drug.
pub(super) struct Writers {
    normal: Pool<Manager>,
    urgent: Pool<Manager>,
}

impl Writers {
    pub(super) fn open(url: &DatabaseUrl, size: u32) -> Result<Self> {
        Ok(Self { normal: pool(url, size, false)?, urgent: pool(url, 2, false)? })
    }

    /// Runs a unit in a transaction of its own. Blocks: call it off the request threads.
    pub(super) fn run(&self, clinic: ClinicId, unit: Unit, urgent: bool) -> Attempt {
        let pool = if urgent { &self.urgent } else { &self.normal };
        let Ok(mut connection) = pool.get() else { return Attempt::failed(StoreError::Busy) };
        let ran = catch_unwind(AssertUnwindSafe(|| in_transaction(&mut connection, clinic, unit)));
        ran.unwrap_or_else(|_| {
            roll_back_to(&mut connection, 0);
            Attempt::failed(StoreError::Broken("a unit of work panicked".into()))
        })
    }
}

fn in_transaction(connection: &mut AnyConnection, clinic: ClinicId, unit: Unit) -> Attempt {
    if let Err(error) = begin_write(connection, clinic) {
        return Attempt::failed(error.into());
    }
    let mut attempt = unit(connection);
    if attempt.result.is_ok()
        && let Err(error) = Transactions::commit_transaction(connection)
    {
        attempt = Attempt::failed(error.into());
    }
    if depth(connection) > 0 {
        roll_back_to(connection, 0);
    }
    attempt
}

/// The entries of one clinic, and who waits for them.
type Waiting = (Vec<Pending>, Vec<oneshot::Sender<Result<()>>>);

/// Starts the thread that writes the entries about reads.
///
/// # Errors
/// When the database cannot be reached or the thread cannot be started.
pub(super) fn start_discloser(
    url: &DatabaseUrl,
    queue: Arc<Queue<Job>>,
    clock: Clock,
) -> Result<std::thread::JoinHandle<()>> {
    let url = url.clone();
    let mut connection = Some(open(&url, false).map_err(|error| StoreError::Broken(error.to_string()))?);
    std::thread::Builder::new()
        .name("disclosures".into())
        .spawn(move || {
            while let Some(first) = queue.wait() {
                let mut waiting: BTreeMap<ClinicId, Waiting> = BTreeMap::new();
                let mut next = Some(first);
                let mut seen = Vec::new();
                while let Some(job) = next.take() {
                    if let Job::Disclose { notes: Notes { entries, seen: more }, answer } = job {
                        seen.extend(more);
                        let clinic = trail_of(entries.first().and_then(|entry| entry.entry.clinic));
                        let (all, answers) = waiting.entry(clinic).or_default();
                        all.extend(entries);
                        answers.push(answer);
                    }
                    next = queue.next();
                }
                note_all(&mut connection, &url, seen);
                for (clinic, (entries, answers)) in waiting {
                    let written = write(&mut connection, &url, (clinic, entries), &clock);
                    for answer in answers {
                        drop(answer.send(written.clone()));
                    }
                }
            }
        })
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// Each sign-in that was used is a transaction of its own: it must never wait for a unit while it holds another row.
/// What cannot be noted now is noted with the next request.
fn note_all(kept: &mut Option<AnyConnection>, url: &DatabaseUrl, seen: Vec<Seen>) {
    for seen in seen {
        let Some(mut connection) = kept.take().or_else(|| open(url, false).ok()) else { return };
        match note_one(&mut connection, seen) {
            Ok(()) => *kept = Some(connection),
            Err(error) => tracing::warn!(%error, "the use of a sign-in was not noted"),
        }
    }
}

fn note_one(connection: &mut AnyConnection, seen: Seen) -> Result<()> {
    begin_write(connection, seen.clinic)?;
    note_seen(connection, seen)?;
    Ok(Transactions::commit_transaction(connection)?)
}

/// One transaction for one clinic; a connection that failed is opened anew the next time.
fn write(
    kept: &mut Option<AnyConnection>,
    url: &DatabaseUrl,
    (clinic, entries): (ClinicId, Vec<Pending>),
    clock: &Clock,
) -> Result<()> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => open(url, false).map_err(|_| StoreError::Busy)?,
    };
    begin_write(&mut connection, clinic)?;
    disclose(&mut connection, Notes { entries, seen: Vec::new() }, clock)?;
    Transactions::commit_transaction(&mut connection)?;
    *kept = Some(connection);
    Ok(())
}
