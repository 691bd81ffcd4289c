//! The watcher: the clock looks at every visit that is due, for overdue checks, the planned end and the next booking of
//! the chair, and at every consent that soon runs out.
//!
//! It finds work in a table without patient data and then works like anybody else, one unit in one clinic at a time
//! (engineering.md 9). Two watchers that look at once raise one alert: the second finds the first one's.

use crate::access::permission::{WatchChecks, WatchConsents};
use crate::access::permit::{Origin, Permit};
use crate::domain::id::{ClinicId, ConsentId, SessionId};
use crate::store::{DueTimer, Once, Reply, Result, Store, StoreError, TimerKind};

/// The name of this watcher in the trail.
const NAME: &str = "watcher";
/// How much one look takes on.
const AT_MOST: i64 = 200;

/// Looks once at everything that is due, in one clinic or in all; gives back how much was looked at.
///
/// What fails is left for the next look and does not keep the others waiting.
///
/// # Errors
/// When the database cannot be asked what is due.
pub async fn look(store: &Store, only: Option<ClinicId>) -> Result<usize> {
    let due = store.due_timers(only, AT_MOST).await?;
    let mut looked = 0;
    for timer in due {
        let unit = match timer.kind {
            TimerKind::Check => look_at_visit(store, timer).await,
            TimerKind::Consent => look_at_consent(store, timer).await,
        };
        match unit {
            Ok(()) => looked += 1,
            Err(error) => tracing::warn!(%error, subject = %timer.subject, "the watcher could not look"),
        }
    }
    Ok(looked)
}

async fn look_at_visit(store: &Store, due: DueTimer) -> Result<()> {
    let permit = Permit::<WatchChecks>::job(NAME, due.clinic, origin(store)).map_err(|_| forbidden())?;
    let unit = store.write(permit, Once::default(), move |tx| {
        let (held, session) = tx.lock_session(SessionId(due.subject))?;
        let mut sheet = tx.flowsheet(&session, held)?;
        let events = tx.look(&mut sheet, due.due_at)?;
        Ok(tx.record(events, nothing()))
    });
    unit.await.map(drop)
}

async fn look_at_consent(store: &Store, due: DueTimer) -> Result<()> {
    let permit = Permit::<WatchConsents>::job(NAME, due.clinic, origin(store)).map_err(|_| forbidden())?;
    let unit = store.write(permit, Once::default(), move |tx| {
        let id = ConsentId(due.subject);
        let patient = tx.patient_of_consent(id)?;
        tx.lock_patient(patient)?;
        let consent = tx.consent(id)?;
        let events = tx.follow_consent(&consent)?;
        Ok(tx.record(events, nothing()))
    });
    unit.await.map(drop)
}

fn origin(store: &Store) -> Origin {
    Origin { request: store.clock().new_id(), client_ip: None }
}

fn nothing() -> Reply {
    Reply { status: 204, ..Reply::default() }
}

fn forbidden() -> StoreError {
    StoreError::Broken("the watcher has no permission".into())
}
