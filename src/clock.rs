//! The one place that reads the time, makes an id or draws a random number.
//!
//! Everything with a duration reads this clock: tokens, limits, timers, the trail. `Simulated` can be built by the
//! simulator, the demo and tests only, in the process that also runs the server; a visit of 90 minutes then plays in
//! milliseconds.

use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// The source of time and ids; cheap to clone, all clones tick together.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Real,
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn real() -> Self {
        Self(Kind::Real)
    }

    /// A clock that stands still until it is moved.
    pub fn simulated(at: Timestamp) -> Self {
        Self(Kind::Simulated(Arc::new(AtomicI64::new(at.millis()))))
    }

    /// Now, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Real => read_machine_clock(),
            Kind::Simulated(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a simulated clock forward; the real one cannot be moved and is left alone.
    pub fn advance_millis(&self, millis: i64) {
        if let Kind::Simulated(at) = &self.0 {
            at.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// Moves a simulated clock forward by whole minutes.
    pub fn advance_minutes(&self, minutes: i64) {
        self.advance_millis(minutes.saturating_mul(60_000));
    }

    /// Whether this clock can be moved.
    pub const fn is_simulated(&self) -> bool {
        matches!(self.0, Kind::Simulated(_))
    }

    /// A new UUIDv7 of this instant.
    pub fn new_id<Id: From<Uuid>>(&self) -> Id {
        let millis = u64::try_from(self.now().millis()).unwrap_or(0);
        let mut bytes = [0; 10];
        fill_random(&mut bytes);
        Id::from(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn read_machine_clock() -> Timestamp {
    Timestamp::from_jiff(jiff::Timestamp::now())
}

/// Fills `bytes` from the operating system.
///
/// A machine without randomness cannot make keys, ids or tokens; the process ends rather than make guessable ones.
pub fn fill_random(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        std::process::abort();
    }
}

/// `N` random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}
