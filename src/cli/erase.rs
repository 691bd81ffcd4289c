//! Erasing the detail of an entry of the trail.

use super::say;
use crate::access::permission::EraseDetail;
use crate::access::permit::{Origin, Permit, Scope};
use crate::api;
use crate::clock::Clock;
use crate::domain::id::ClinicId;
use crate::domain::text;
use crate::store::{self, Once, Store};
use crate::verify::command::EraseArgs;
use std::io;

/// Erases the detail of an entry; the trail says who, which and why.
pub(crate) fn erase_detail(args: &EraseArgs) -> io::Result<()> {
    let EraseArgs { config, clinic, seq, reason } = args;
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    let reason = text::checked("/reason", reason, 1, 500).map_err(|_| io::Error::other("say why, in some words"))?;
    let origin = Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::<EraseDetail>::host("operator".into(), Scope::Clinic(ClinicId(*clinic)), origin)
        .map_err(|denied| io::Error::other(denied.permission))?;
    let seq = *seq;
    let done = store.write(permit, Once::default(), move |tx| {
        let event = tx.erase_detail(seq, &reason)?;
        Ok(tx.record(vec![event], api::reply::nothing()))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::NotFound => io::Error::other("this entry has no detail, or it is erased already"),
        other => io::Error::other(other),
    })?;
    say(&format!("the detail of entry {seq} is erased, and the trail says so"))
}
