//! Compares passwords, a few at a time and off the request threads.

use crate::access::password::{self, Cost};
use crate::api::problem::{Problem, ProblemKind};
use crate::clock;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Compares passwords, a few at a time.
pub struct Passwords {
    cost: Cost,
    places: Arc<Semaphore>,
    /// Compared with when the name is unknown, so that it takes as long.
    dummy: String,
}

/// More than this many waiting are told to come again.
const MOST_AT_ONCE: usize = 4;

impl Passwords {
    /// With this cost; none when the machine has not the memory for one hash.
    pub fn new(cost: Cost) -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let dummy = password::hash("a password that nobody has", clock::random(), cost)?;
        Some(Self { cost, places: Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE))), dummy })
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

    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        Ok(self.run(move || password::verify(&password, &stored)).await? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let busy = |_| Problem::new(ProblemKind::Unavailable);
        let wait = std::time::Duration::from_secs(10);
        let place = tokio::time::timeout(wait, Arc::clone(&self.places).acquire_owned()).await;
        let place = place
            .map_err(|_| Problem::new(ProblemKind::Unavailable))?
            .map_err(|_| Problem::new(ProblemKind::Unavailable))?;
        // The permit goes into the work: a client that hangs up must not free its place before the hash is done.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        })
        .await
        .map_err(busy)
    }
}
