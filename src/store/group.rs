//! The group-commit writer: one thread owns the connection that writes.
//!
//! It takes what waits, runs each unit inside a savepoint of its own, commits once for all of them and only then
//! answers. A unit that fails rolls back alone; a lost outer transaction tells everybody to come again. There is no
//! timer: the queue fills while the commit before is synced (storage.md 3).

use super::connection::{AnyConnection, DatabaseUrl, Transactions, begin_write, depth, open, roll_back_to};
use super::error::{Result, StoreError};
use super::queue::Queue;
use super::sign_ins::{Seen, note_seen};
use super::trail::{self, Bond, Pending, trail_of};
use super::unit::{Attempt, Unit, Written};
use crate::clock::Clock;
use crate::domain::id::ClinicId;
use diesel::connection::TransactionManager as _;
use diesel::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const LARGEST_GROUP: usize = 256;
/// A unit that waited longer is dropped unrun: its client has given up. Never a stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the writer is asked to do.
pub(super) enum Job {
    /// A unit of work.
    Write {
        /// It.
        unit: Unit,
        /// Who waits.
        answer: oneshot::Sender<Result<Written>>,
        /// When it is dropped unrun; a stop never is.
        deadline: Option<Instant>,
    },
    /// Entries about reads, and the sign-in that was used; the bytes leave when they are committed.
    Disclose {
        /// Them.
        notes: Notes,
        /// Who waits.
        answer: oneshot::Sender<Result<()>>,
    },
}

impl Job {
    /// A unit of work and the place where its answer will be.
    pub(super) fn write(unit: Unit, urgent: bool) -> (Self, oneshot::Receiver<Result<Written>>) {
        let (answer, waiting) = oneshot::channel();
        let deadline = (!urgent).then(|| Instant::now() + PATIENCE);
        (Self::Write { unit, answer, deadline }, waiting)
    }

    /// Notes and the place where their commit will be told.
    pub(super) fn disclose(notes: Notes) -> (Self, oneshot::Receiver<Result<()>>) {
        let (answer, waiting) = oneshot::channel();
        (Self::Disclose { notes, answer }, waiting)
    }
}

/// What is written beside the units of work: nobody's record changes by it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Entries about reads and refusals.
    pub(super) entries: Vec<Pending>,
    /// Sign-ins that were used.
    pub(super) seen: Vec<Seen>,
}

impl Notes {
    pub(super) fn of(entry: Option<Pending>, seen: Option<Seen>) -> Self {
        Self { entries: entry.into_iter().collect(), seen: seen.into_iter().collect() }
    }

    fn add(&mut self, more: Self) {
        self.entries.extend(more.entries);
        self.seen.extend(more.seen);
    }
}

/// An answer that is told after the commit.
enum Told {
    Write(oneshot::Sender<Result<Written>>, Result<Written>),
    Disclose(oneshot::Sender<Result<()>>),
}

impl Told {
    fn tell(self, commit: &Result<()>) {
        // A client that has gone away does not hear it; what was committed stays.
        match self {
            Self::Write(answer, result) => drop(answer.send(commit.clone().and(result))),
            Self::Disclose(answer) => drop(answer.send(commit.clone())),
        }
    }
}

/// Starts the writer's thread.
///
/// # Errors
/// When the database cannot be opened for writing or the thread cannot be started.
pub(super) fn start(url: &DatabaseUrl, queue: Arc<Queue<Job>>, clock: Clock) -> Result<std::thread::JoinHandle<()>> {
    let mut connection = open(url, false).map_err(|error| StoreError::Broken(error.to_string()))?;
    std::thread::Builder::new()
        .name("writer".into())
        .spawn(move || {
            while let Some(first) = queue.wait() {
                let (told, commit) = run_group(&mut connection, first, &queue, &clock);
                for answer in told {
                    answer.tell(&commit);
                }
            }
        })
        .map_err(|error| StoreError::Broken(error.to_string()))
}

fn run_group(connection: &mut AnyConnection, first: Job, queue: &Queue<Job>, clock: &Clock) -> (Vec<Told>, Result<()>) {
    let (mut told, mut notes) = (Vec::new(), Notes::default());
    if let Err(error) = begin_write(connection, trail_of(None)) {
        told.push(refuse(first));
        return (told, Err(error.into()));
    }
    let mut next = Some(first);
    while let Some(job) = next.take() {
        told.push(run_job(connection, job, &mut notes));
        if depth(connection) != 1 {
            // SQLite ended the outer transaction itself (disk full, I/O error): nobody may be told it was kept.
            roll_back_to(connection, 0);
            return (told, Err(StoreError::Busy));
        }
        if told.len() < LARGEST_GROUP {
            next = queue.next();
        }
    }
    let finished = disclose(connection, notes, clock)
        .and_then(|()| Transactions::commit_transaction(connection).map_err(StoreError::from));
    if finished.is_err() {
        roll_back_to(connection, 0);
    }
    (told, finished)
}

/// A job that is not run, because there is no transaction to run it in.
fn refuse(job: Job) -> Told {
    match job {
        Job::Write { answer, .. } => Told::Write(answer, Err(StoreError::Busy)),
        Job::Disclose { answer, .. } => Told::Disclose(answer),
    }
}

fn run_job(connection: &mut AnyConnection, job: Job, notes: &mut Notes) -> Told {
    match job {
        Job::Disclose { notes: more, answer } => {
            notes.add(more);
            Told::Disclose(answer)
        }
        Job::Write { answer, deadline, .. } if deadline.is_some_and(|deadline| Instant::now() > deadline) => {
            Told::Write(answer, Err(StoreError::Busy))
        }
        Job::Write { unit, answer, .. } => {
            let Attempt { result, disclosure, seen } = in_savepoint(connection, unit);
            notes.add(Notes::of(disclosure, seen));
            Told::Write(answer, result)
        }
    }
}

/// Why a savepoint was rolled back.
enum Undone {
    Attempt(Attempt),
    Database(diesel::result::Error),
}

impl From<diesel::result::Error> for Undone {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

fn in_savepoint(connection: &mut AnyConnection, unit: Unit) -> Attempt {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        connection.transaction(|connection| {
            let attempt = unit(connection);
            if attempt.result.is_ok() { Ok(attempt) } else { Err(Undone::Attempt(attempt)) }
        })
    }));
    match ran {
        Ok(Ok(attempt) | Err(Undone::Attempt(attempt))) => attempt,
        Ok(Err(Undone::Database(error))) => Attempt::failed(error.into()),
        Err(_) => {
            // A panic leaves its savepoint open; diesel does not roll back.
            roll_back_to(connection, 1);
            Attempt::failed(StoreError::Broken("a unit of work panicked".into()))
        }
    }
}

/// Writes notes: the sign-ins that were used, then one head update a clinic, in the order of the clinics' ids.
pub(super) fn disclose(connection: &mut AnyConnection, notes: Notes, clock: &Clock) -> Result<()> {
    for seen in notes.seen {
        note_seen(connection, seen)?;
    }
    let mut by_clinic: BTreeMap<ClinicId, Vec<Pending>> = BTreeMap::new();
    for entry in notes.entries {
        by_clinic.entry(trail_of(entry.entry.clinic)).or_default().push(entry);
    }
    for (clinic, entries) in by_clinic {
        trail::append(connection, clinic, entries, Bond::Unrelated, clock.now())?;
    }
    Ok(())
}
