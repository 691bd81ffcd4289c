//! Waiving the second person of an act, from the host.

use super::accounts::host_permit_in;
use super::say;
use crate::access::permission::SetWaiverAsHost;
use crate::access::permit::Scope;
use crate::api;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::id::ClinicId;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::waiver::{NewWaiver, Waiver};
use crate::store::{self, Once, Store};
use std::io;

/// Sets a waiver of the second person, by nobody of the clinic.
pub(super) fn set(config: &Config, clinic: ClinicId, new: NewWaiver) -> io::Result<()> {
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    let permit = host_permit_in::<SetWaiverAsHost>(&clock, Scope::Clinic(clinic))?;
    let said = format!("{} may be done alone until {}", new.permission, new.ends_at);
    let done = store.write(permit, Once::default(), move |tx| {
        tx.lock_clinic()?;
        let (waiver, event) = Waiver::set(tx.new_id(), new, None, tx.now())?;
        let before = tx.insert_waiver(&waiver)?;
        Ok(tx.record(std::iter::once(event).chain(before).collect(), api::reply::nothing()))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::NotFound => io::Error::other("there is no clinic with this id"),
        store::StoreError::Refused(Refusal::Invalid(errors)) => {
            let words =
                errors.iter().map(|error| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail));
            io::Error::other(words.collect::<Vec<_>>().join("; "))
        }
        other => io::Error::other(other),
    })?;
    say(&said)
}

/// An instant in UTC.
pub(super) fn instant(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("must be an instant, such as 2027-01-31T00:00:00Z")
}
