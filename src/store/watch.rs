//! Notices an SQL error that was caught and not undone.
//!
//! PostgreSQL aborts a transaction in which a statement failed, and answers its COMMIT with a ROLLBACK that diesel does
//! not look at; SQLite goes on as if nothing had happened (engineering.md 2). So that the same code fails on both, an
//! error counts until the transaction or savepoint around it is rolled back, and a unit that still has one at its end
//! is refused.

use diesel::connection::{Connection, Instrumentation, InstrumentationEvent};
use std::cell::Cell;

thread_local! {
    /// The depth at which a statement failed; a unit runs on one thread, on one connection.
    static FAILED_AT: Cell<Option<u32>> = const { Cell::new(None) };
    /// How many transactions and savepoints are open.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

struct Watch;

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::BeginTransaction { depth, .. } => {
                DEPTH.set(depth.get());
                if depth.get() == 1 {
                    FAILED_AT.set(None);
                }
            }
            InstrumentationEvent::FinishQuery { error: Some(_), .. } => {
                let depth = DEPTH.get();
                FAILED_AT.set(Some(FAILED_AT.get().map_or(depth, |failed| failed.min(depth))));
            }
            InstrumentationEvent::RollbackTransaction { depth, .. } => {
                DEPTH.set(depth.get() - 1);
                FAILED_AT.set(FAILED_AT.get().filter(|failed| *failed < depth.get()));
            }
            InstrumentationEvent::CommitTransaction { depth, .. } => {
                DEPTH.set(depth.get() - 1);
                FAILED_AT.set(FAILED_AT.get().map(|failed| failed.min(depth.get() - 1)));
            }
            _ => {}
        }
    }
}

/// Watches a connection that writes.
pub(super) fn over(connection: &mut impl Connection) {
    connection.set_instrumentation(Watch);
}

/// Whether an error of this thread's transaction was caught and not undone.
pub(super) fn swallowed_an_error() -> bool {
    FAILED_AT.get().is_some()
}
