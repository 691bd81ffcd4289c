//! The only door to the data.
//!
//! The laws of this layer:
//! - It is opened with a [`Permit`] and closed with an entry of the trail: [`Store::read`] writes a disclosure before
//!   it gives anything back, [`Store::write`] takes nothing but a [`Recorded`].
//! - Every query is of one clinic, the permit's. Another clinic's id is simply not found.
//! - A write unit locks its root before it reads a fact and takes the trail's head last (engineering.md 1, 2, 8).
//! - An SQL error may be caught only inside a nested `transaction`.
//! - Nobody else names diesel. Rows do not leave this layer; domain types do.

#[macro_use]
mod connection;
mod absences;
mod accounts;
mod alerts;
mod appointments;
mod audit_cases;
mod audit_events;
mod bookings;
mod charts;
mod checkpoints;
mod consents;
mod dosing_events;
mod error;
mod group;
mod idempotency;
mod infusions;
mod limits;
mod observations;
mod patients;
mod policies;
mod pooled;
#[macro_use]
mod prepared;
mod protocols;
mod queue;
mod rooms;
mod schema;
mod screenings;
mod series;
mod sessions;
mod sign_ins;
mod signing;
mod staff;
mod tasks;
mod timers;
mod trail;
mod transaction;
mod treatment_plans;
mod unit;
mod visits;
mod watch;

pub mod column;

pub use accounts::{Credentials, OwnCredentials, password_changed};
pub use alerts::{AlertCursor, AlertFilter, AlertPage};
pub use audit_cases::{AuditCaseCursor, AuditCasePage};
pub use audit_events::{StoredEntry, TrailSearch};
pub use charts::{Chart, ChartTable};
pub use checkpoints::{KeptNote, SignedCheckpoint};
pub use connection::{DatabaseUrl, migrate, migrate_down_and_up};
pub use consents::{ConsentCursor, FormCursor};
pub use error::{Result, StoreError};
pub use limits::{SecretAttempt, Taken};
pub use patients::{PatientCursor, PatientPage};
pub use screenings::Screened;
pub use sessions::{PatientLabel, SessionCursor, SessionFilter, SessionPage};
pub use sign_ins::{Device, LoginSession, NewSignIn, NextTokens, Refreshed};
pub use signing::{LIFE_SECONDS as SIGNING_LIFE_SECONDS, NewSigningToken};
pub use staff::{NewClinic, NewStaff, StaffMember};
pub use tasks::{TaskCursor, TaskFilter, TaskPage};
pub use timers::{DueTimer, TimerKind};
pub use trail::actions as actions_of_trail;
pub use transaction::{Change, Gather, Held, Reader, Signature, Writer};
pub use unit::{Once, Proof, Recorded, Reply, Written};

use crate::access::permission::Permission;
use crate::access::permit::{Actor, Origin, Permit, Principal, Scope};
use crate::access::token::Claims;
use crate::clock::Clock;
use crate::domain::audit_entry::Outcome;
use connection::{Manager, Transactions, begin_read, roll_back_to};
use diesel::connection::TransactionManager as _;
use diesel::r2d2::Pool;
use group::{Job, Notes};
use pooled::Writers;
use queue::Queue;
use sign_ins::Seen;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use unit::{Attempt, Ground, Unit};

/// The data of all clinics; cheap to clone.
///
/// Its connections are private, so nothing reaches the tables past a permit:
///
/// ```compile_fail
/// fn past(store: &chairside::store::Store) {
///     let _ = store.inner.read.get();
/// }
/// ```
///
/// ```
/// use chairside::{access::{permission::ReadPatient, permit::Permit}, store::Store};
/// async fn through(store: &Store, permit: Permit<ReadPatient>) {
///     let _ = store.read(permit, |tx| Ok(tx.now())).await;
/// }
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    read: Pool<Manager>,
    writers: Option<Writers>,
    queue: Arc<Queue<Job>>,
    worker: Mutex<Option<std::thread::JoinHandle<()>>>,
    clock: Clock,
    instance: String,
    /// Refusals already written this minute, so that a loop of them does not fill the trail.
    refused: Mutex<HashMap<(uuid::Uuid, &'static str), i64>>,
    /// Keeps a second server off the same file.
    _file: Option<std::fs::File>,
}

impl Drop for Inner {
    /// What was accepted is written before the store is gone.
    fn drop(&mut self) {
        self.queue.close();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker
            && worker.thread().id() != std::thread::current().id()
        {
            drop(worker.join());
        }
    }
}

impl Store {
    /// Opens a database whose migrations have been run.
    ///
    /// # Errors
    /// When it cannot be reached, or another server has the same file.
    pub fn open(url: &DatabaseUrl, clock: Clock, instance: &str) -> Result<Self> {
        let file = url.file().map(lock_file).transpose()?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        let size = u32::try_from(cores.saturating_mul(2).clamp(4, 32)).unwrap_or(4);
        let queue = Arc::new(Queue::new());
        let (writers, worker) = match url {
            DatabaseUrl::Sqlite(_) => (None, group::start(url, Arc::clone(&queue), clock.clone())?),
            DatabaseUrl::Postgres(_) => {
                let writers = Writers::open(url, size)?;
                (Some(writers), pooled::start_discloser(url, Arc::clone(&queue), clock.clone())?)
            }
        };
        let read = connection::pool(url, size, true)?;
        let inner = Inner {
            read,
            writers,
            queue,
            worker: Mutex::new(Some(worker)),
            clock,
            instance: instance.to_owned(),
            refused: Mutex::default(),
            _file: file,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The clock that everything here reads.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Reads under `P`. What it gives back leaves only after the entry about it is committed.
    ///
    /// # Errors
    /// Whatever `work` gives, and everything a database can say.
    pub async fn read<P: Permission, T: Send + 'static>(
        &self,
        permit: Permit<P>,
        work: impl FnOnce(&mut Reader<'_, P>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut ground = self.ground(permit);
        let inner = Arc::clone(&self.inner);
        let (result, entry, seen) = blocking(move || {
            let mut connection = inner.read.get().map_err(|_| StoreError::Busy)?;
            begin_read(&mut connection)?;
            let (result, (seen, listed)) = if let Err(error) = ground.admit(&mut connection) {
                (Err(error), (Vec::new(), false))
            } else {
                let mut reader = Reader::new(ground.gather(&mut connection));
                let result = work(&mut reader);
                (result, reader.into_seen())
            };
            let result = match result {
                Ok(_) | Err(StoreError::Refused(_)) if !ground.may_show(&seen, listed) => Err(StoreError::NotFound),
                other => other,
            };
            match &result {
                Ok(_) => Transactions::commit_transaction(&mut *connection)?,
                Err(_) => roll_back_to(&mut connection, 0),
            }
            let outcome = match &result {
                Ok(_) => Outcome::Success,
                Err(StoreError::Forbidden(_)) => Outcome::Denied,
                Err(_) => Outcome::Failed,
            };
            let tells = !seen.is_empty() || (P::DISCLOSES && result.is_ok()) || outcome == Outcome::Denied;
            Ok((result, tells.then(|| ground.disclosure(outcome, seen)), ground.seen))
        })
        .await?;
        self.note(entry, seen).await?;
        result
    }

    /// Writes under `P`: gather, decide, record. Answers after the commit.
    ///
    /// A permission that is signed does not compile here; it needs [`Store::sign`].
    ///
    /// # Errors
    /// Whatever `work` gives, and everything a database can say; then nothing of it was kept.
    pub async fn write<P: Permission>(
        &self,
        permit: Permit<P>,
        once: Once,
        work: impl FnOnce(&mut Writer<'_, P>) -> Result<Recorded> + Send + 'static,
    ) -> Result<Written> {
        const { assert!(!P::SIGNED, "a permission marked Signed is used through Store::sign") };
        self.submit(permit, once, None, work).await
    }

    /// Writes under a permission that is signed: `proof` is spent in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::ReauthRequired`] when the proof is not good for this act; else as [`Store::write`].
    pub async fn sign<P: Permission>(
        &self,
        permit: Permit<P>,
        once: Once,
        proof: Proof,
        work: impl FnOnce(&mut Writer<'_, P>) -> Result<Recorded> + Send + 'static,
    ) -> Result<Written> {
        self.submit(permit, once, Some(proof), work).await
    }

    async fn submit<P: Permission>(
        &self,
        permit: Permit<P>,
        once: Once,
        proof: Option<Proof>,
        work: impl FnOnce(&mut Writer<'_, P>) -> Result<Recorded> + Send + 'static,
    ) -> Result<Written> {
        let ground = self.ground(permit);
        let work: unit::Work = Box::new(move |change| {
            let mut writer = Writer::<P>::new(change);
            let result = work(&mut writer);
            (result, writer.into_seen())
        });
        self.run(Box::new(move |connection| unit::run(connection, ground, &once, proof.as_ref(), work)), P::URGENT)
            .await
    }

    async fn run(&self, unit: Unit, urgent: bool) -> Result<Written> {
        if self.inner.writers.is_none() {
            let (job, waiting) = Job::write(unit, urgent);
            self.inner.queue.push(job, urgent)?;
            return waiting.await.map_err(|_| StoreError::Busy)?;
        }
        let inner = Arc::clone(&self.inner);
        let Attempt { result, disclosure, seen } = blocking(move || {
            let attempt = inner.writers.as_ref().map(|writers| writers.run(unit, urgent));
            attempt.ok_or(StoreError::Busy)
        })
        .await?;
        self.note(disclosure, seen).await?;
        result
    }

    /// Writes that a permission was refused, at most once a minute for each person and permission.
    ///
    /// # Errors
    /// When it could not be written: the refusal must then be a 503.
    pub async fn refuse(&self, actor: &Actor, permission: &'static str, origin: Origin) -> Result<()> {
        let minute = self.inner.clock.now().millis().div_euclid(60_000);
        {
            let mut refused = self.inner.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.retain(|_, at| *at == minute);
            if refused.insert((actor.staff().uuid(), permission), minute).is_some() {
                return Ok(());
            }
        }
        let ground = Ground {
            line: crate::access::permission::Line { id: permission, roles: &[], flags: &[] },
            urgent: false,
            principal: Principal::Staff(actor.clone()),
            scope: Scope::Clinic(actor.clinic()),
            origin,
            clock: self.inner.clock.clone(),
            instance: self.inner.instance.clone(),
            seen: None,
            bounds: None,
        };
        self.note(Some(ground.disclosure(Outcome::Denied, Vec::new())), None).await
    }

    /// Writes an entry and waits for it; that a sign-in was used is not waited for.
    async fn note(&self, entry: Option<trail::Pending>, seen: Option<Seen>) -> Result<()> {
        let told = entry.is_some();
        if !told && seen.is_none() {
            return Ok(());
        }
        let (job, waiting) = Job::disclose(Notes::of(entry, seen));
        let queued = self.inner.queue.push(job, false);
        if !told {
            // What cannot be noted now is noted with the next request.
            return Ok(());
        }
        queued?;
        waiting.await.map_err(|_| StoreError::Busy)?
    }

    /// The membership a verified token stands for, as the database knows it now; none when the sign-in ended, or the
    /// token's pair was replaced as lost. The token's first use is kept before this answers.
    ///
    /// # Errors
    /// [`StoreError::SessionIdle`], or when the database cannot be asked.
    pub async fn actor(&self, claims: Claims, late: bool) -> Result<Option<Actor>> {
        let inner = Arc::clone(&self.inner);
        let (clinic, token, now) = (claims.clinic(), claims.token_id(), inner.clock.now());
        let found = blocking(move || {
            let mut connection = inner.read.get().map_err(|_| StoreError::Busy)?;
            let standing = staff::standing(&mut connection, claims.clinic(), claims.login_session(), now, late)?;
            let actor = standing.and_then(|standing| Actor::of(&claims, standing.membership));
            let used = sign_ins::was_used(&mut connection, claims.clinic(), claims.token_id())?;
            Ok(actor.zip(used))
        });
        let Some((actor, used)) = found.await? else { return Ok(None) };
        if !used {
            let note: Unit = Box::new(move |connection| {
                let noted = sign_ins::first_use(connection, clinic, token, now);
                let nothing = || Written { reply: Reply::default(), replayed: false };
                noted.map_or_else(Attempt::failed, |()| Attempt { result: Ok(nothing()), disclosure: None, seen: None })
            });
            self.run(note, late).await?;
        }
        Ok(Some(actor))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let mut connection = inner.read.get().map_err(|_| StoreError::Busy)?;
            diesel::RunQueryDsl::execute(diesel::sql_query("SELECT 1"), &mut connection)?;
            Ok(())
        })
        .await
    }

    fn ground<P: Permission>(&self, permit: Permit<P>) -> Ground {
        Ground::of::<P>(permit.into_parts(), self.inner.clock.clone(), self.inner.instance.clone())
    }
}

/// Runs what blocks off the request threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::Broken(error.to_string())))
}

/// Takes `<file>.lock` for this process.
fn lock_file(path: &std::path::Path) -> Result<std::fs::File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let broken = |error: std::io::Error| StoreError::Broken(format!("cannot lock the database file: {error}"));
    let file = std::fs::File::create(&name).map_err(broken)?;
    file.try_lock().map_err(|_| StoreError::Broken("another server uses this database file".into()))?;
    Ok(file)
}
