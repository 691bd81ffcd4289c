//! The watcher of overdue checks: the clock looks at every visit whose next check is late.
//!
//! It finds work in a table without patient data and then works like anybody else, one unit in one clinic at a time
//! (engineering.md 9). Two watchers that look at once raise one alert: the second finds the first one's.

use crate::access::permission::WatchChecks;
use crate::access::permit::{Origin, Permit};
use crate::store::{Once, Reply, Result, Store};

/// The name of this watcher in the trail.
const NAME: &str = "check_watcher";
/// How many visits one look takes on.
const AT_MOST: i64 = 200;

/// Looks once at every visit that is due; gives back how many.
///
/// A visit that fails is left for the next look and does not keep the others waiting.
///
/// # Errors
/// When the database cannot be asked which visits are due.
pub async fn look(store: &Store) -> Result<usize> {
    let due = store.due_checks(AT_MOST).await?;
    let mut looked = 0;
    for check in due {
        let origin = Origin { request: store.clock().new_id(), client_ip: None };
        let Ok(permit) = Permit::<WatchChecks>::job(NAME, check.clinic, origin) else { continue };
        let unit = store.write(permit, Once::default(), move |tx| {
            let (held, session) = tx.lock_session(check.session)?;
            let mut sheet = tx.flowsheet(&session, held)?;
            let events = tx.look(&mut sheet, check.due_at)?;
            Ok(tx.record(events, Reply { status: 204, ..Reply::default() }))
        });
        match unit.await {
            Ok(_) => looked += 1,
            Err(error) => tracing::warn!(%error, session = %check.session, "the watcher could not look at a visit"),
        }
    }
    Ok(looked)
}
