//! Two lanes to the writer: what stops a drug goes first.

use super::error::{Result, StoreError};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many may wait before the next is told to come again. The urgent lane has no limit: a stop is never refused.
const MOST_WAITING: usize = 1024;

/// A first-in-first-out queue with an urgent lane that is drained first.
pub(super) struct Queue<J> {
    lanes: Mutex<Lanes<J>>,
    filled: Condvar,
}

struct Lanes<J> {
    urgent: VecDeque<J>,
    normal: VecDeque<J>,
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        let lanes = Lanes { urgent: VecDeque::new(), normal: VecDeque::new(), closed: false };
        Self { lanes: Mutex::new(lanes), filled: Condvar::new() }
    }

    /// Adds a job.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many wait in the normal lane, or the queue is closed.
    pub(super) fn push(&self, job: J, urgent: bool) -> Result<()> {
        let mut lanes = self.lock();
        if lanes.closed || (!urgent && lanes.normal.len() >= MOST_WAITING) {
            return Err(StoreError::Busy);
        }
        if urgent {
            lanes.urgent.push_back(job);
        } else {
            lanes.normal.push_back(job);
        }
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for the next job; none when the queue is closed and empty.
    pub(super) fn wait(&self) -> Option<J> {
        let mut lanes = self.lock();
        loop {
            if let Some(job) = lanes.next() {
                return Some(job);
            }
            if lanes.closed {
                return None;
            }
            lanes = self.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next job, if one waits.
    pub(super) fn next(&self) -> Option<J> {
        self.lock().next()
    }

    /// Takes no more; what waits is still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<J>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Lanes<J> {
    fn next(&mut self) -> Option<J> {
        self.urgent.pop_front().or_else(|| self.normal.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_overtakes_what_waits_and_is_never_refused() {
        let queue = Queue::new();
        for row in 0..MOST_WAITING {
            queue.push(row, false).unwrap();
        }
        assert_eq!(queue.push(1, false), Err(StoreError::Busy));
        queue.push(9999, true).unwrap();
        assert_eq!(queue.next(), Some(9999));
        assert_eq!(queue.next(), Some(0));
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_loses_nothing() {
        let queue = Queue::new();
        queue.push(1, false).unwrap();
        queue.close();
        assert_eq!(queue.push(2, true), Err(StoreError::Busy));
        assert_eq!((queue.wait(), queue.wait()), (Some(1), None));
    }
}
