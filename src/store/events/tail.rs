//! The thread at the live end of every trail that somebody follows: one reads for all.
//!
//! It is woken after a COMMIT of this server, and looks at the heads of the trails four times a second for what another
//! server committed; no LISTEN, whose NOTIFY would make every commit wait for every other. A head is held until COMMIT,
//! so entries become visible in the order of their numbers and none is ever passed over.

use super::feeds::{Feeds, Look};
use super::{MostFollowers, after};
use crate::domain::id::ClinicId;
use crate::store::connection::{AnyConnection, DatabaseUrl, begin_read, open, roll_back_to};
use crate::store::error::{Result, StoreError};
use crate::store::schema::foundation::audit_heads;
use crate::store::trail::trail_of;
use crate::store::wall;
use diesel::prelude::*;
use std::sync::Arc;

/// Starts the thread; gives back what it feeds.
///
/// # Errors
/// When it cannot be started.
pub(in crate::store) fn start(url: &DatabaseUrl) -> Result<Arc<Feeds>> {
    let fed = Feeds::new(MostFollowers::default());
    let (url, feeds) = (url.clone(), Arc::clone(&fed));
    std::thread::Builder::new()
        .name("events".into())
        .spawn(move || {
            // Opened when the first follower comes; after a failure anew, with the next look.
            let mut kept = None;
            while let Some(look) = feeds.wait() {
                if let Err(error) = look_at(&mut kept, &url, &feeds, look) {
                    tracing::warn!(%error, "the trails could not be read for those who follow them");
                    kept = None;
                }
            }
        })
        .map_err(|error| StoreError::Broken(error.to_string()))?;
    Ok(fed)
}

fn look_at(kept: &mut Option<AnyConnection>, url: &DatabaseUrl, feeds: &Feeds, look: Look) -> Result<()> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => open(url, true).map_err(|_| StoreError::Busy)?,
    };
    let grown = match look {
        Look::At(trails) => trails,
        Look::Whether(trails) => snapshot(&mut connection, trail_of(None), |connection| grown(connection, trails))?,
    };
    for (clinic, sent) in grown {
        let batch = snapshot(&mut connection, clinic, |connection| after(connection, clinic, sent))?;
        if !batch.is_empty() {
            feeds.send(clinic, batch.into());
            // There may be more than one page of it.
            feeds.stir(clinic);
        }
    }
    *kept = Some(connection);
    Ok(())
}

/// Reads in one snapshot of one clinic's rows.
fn snapshot<T>(
    connection: &mut AnyConnection,
    clinic: ClinicId,
    work: impl FnOnce(&mut AnyConnection) -> Result<T>,
) -> Result<T> {
    begin_read(connection, clinic)?;
    let result = work(connection);
    roll_back_to(connection, 0);
    result
}

/// Those of these trails that are longer than this.
fn grown(connection: &mut AnyConnection, trails: Vec<(ClinicId, i64)>) -> Result<Vec<(ClinicId, i64)>> {
    wall::show_trails(connection)?;
    let clinics: Vec<ClinicId> = trails.iter().map(|(clinic, _)| *clinic).collect();
    let sizes: Vec<(ClinicId, i64)> = audit_heads::table
        .filter(audit_heads::clinic_id.eq_any(clinics))
        .select((audit_heads::clinic_id, audit_heads::size))
        .load(connection)?;
    let longer = |(clinic, sent): &(ClinicId, i64)| sizes.iter().any(|(known, size)| known == clinic && size > sent);
    Ok(trails.into_iter().filter(longer).collect())
}
