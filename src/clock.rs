//! The one place that reads the time, makes an id or draws a random number.
//!
//! Everything with a duration reads this clock: tokens, limits, timers, the trail. `Simulated` can be built by the
//! simulator, the demo and tests only, in the process that also runs the server; a visit of 90 minutes then plays in
//! milliseconds.

use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use uuid::Uuid;

/// The source of time and ids; cheap to clone, all clones tick together.
#[derive(Debug, Clone)]
pub struct Clock {
    kind: Kind,
    /// Time and counter of the last id that was made.
    last_id: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
enum Kind {
    Real,
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self { kind: Kind::Real, last_id: Arc::default() }
    }

    /// A clock that stands still until it is moved.
    pub fn simulated(at: Timestamp) -> Self {
        Self { kind: Kind::Simulated(Arc::new(AtomicI64::new(at.millis()))), last_id: Arc::default() }
    }

    /// Now, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Real => read_machine_clock(),
            Kind::Simulated(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a simulated clock forward; the real one cannot be moved and is left alone.
    pub fn advance_millis(&self, millis: i64) {
        if let Kind::Simulated(at) = &self.kind {
            at.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// Moves a simulated clock forward by whole minutes.
    pub fn advance_minutes(&self, minutes: i64) {
        self.advance_millis(minutes.saturating_mul(60_000));
    }

    /// Whether this clock can be moved.
    pub const fn is_simulated(&self) -> bool {
        matches!(self.kind, Kind::Simulated(_))
    }

    /// A new `UUIDv7` of this instant, greater than every one this process made before: of two entries in one
    /// millisecond the later one sorts later (RFC 9562 6.2, a counter in the twelve bits after the time).
    pub fn new_id<Id: From<Uuid>>(&self) -> Id {
        let now = u64::try_from(self.now().millis()).unwrap_or(0) << 12;
        let next = |last: u64| Some(now.max(last.saturating_add(1)));
        let last = self.last_id.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).unwrap_or(now);
        let tick = now.max(last.saturating_add(1));
        let mut bytes = random::<10>();
        let [_, _, _, _, _, _, high, low] = tick.to_be_bytes();
        let [first, second, ..] = &mut bytes;
        (*first, *second) = (high & 0x0f, low);
        Id::from(uuid::Builder::from_unix_timestamp_millis(tick >> 12, &bytes).into_uuid())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_in_the_order_they_were_made() {
        let clock = Clock::simulated(Timestamp::from_millis(1_800_000_000_000));
        let ids: Vec<Uuid> = (0..10_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
