//! Compares and hashes passwords, a few at a time and off the request threads.

use crate::access::password::{self, Cost};
use crate::api::problem::{Problem, ProblemKind};
use crate::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Compares passwords, a few at a time.
pub struct Passwords {
    cost: Cost,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Compared with when the name is unknown, so that it takes as long.
    dummy: String,
}

/// More hashes than this at once only make each of them slower.
const MOST_AT_ONCE: usize = 4;
/// More than this many that wait are told to come again.
const MOST_WAITING: usize = 32;
/// Who waited this long is told to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

impl Passwords {
    /// With this cost; none when the machine has not the memory for one hash.
    pub fn new(cost: Cost) -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let dummy = password::hash("a password that nobody has", clock::random(), cost)?;
        let places = Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE)));
        Some(Self { cost, places, waiting: AtomicUsize::new(0), dummy })
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// 503 when the machine is busy or has not the memory.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        let cost = self.cost;
        let hashed = self.run(move || password::hash(&password, clock::random(), cost)).await?;
        hashed.ok_or_else(|| Problem::new(ProblemKind::Unavailable))
    }

    /// A stronger hash of a password that was right, when the stored one is weaker than what is asked for now.
    pub(super) async fn upgrade(&self, password: String, stored: &str) -> Option<String> {
        if !password::is_weaker(stored, self.cost) {
            return None;
        }
        // A machine that is busy makes it stronger the next time.
        self.hash(password).await.ok()
    }

    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        // Whoever has not chosen one yet looks like nobody, and takes as long.
        let stored = stored.filter(|stored| stored != password::UNSET);
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        Ok(self.run(move || password::verify(&password, &stored)).await? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let place = self.place().await.ok_or_else(|| Problem::new(ProblemKind::Unavailable))?;
        // The permit goes into the work: a client that hangs up must not free its place before the hash is done.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| Problem::new(ProblemKind::Unavailable))
    }

    /// A place to hash in; none when too many wait, or it took too long.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        let _waiting = Waiting::begin(&self.waiting)?;
        tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()
    }
}

/// One that waits, counted until it is dropped: a client may hang up at any moment.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn begin(waiting: &'w AtomicUsize) -> Option<Self> {
        let one = Self(waiting);
        (waiting.fetch_add(1, Ordering::SeqCst) < MOST_WAITING).then_some(one)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
