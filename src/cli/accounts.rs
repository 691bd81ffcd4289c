//! Accounts from the host: the first administrator, a new password, a lost second factor.

use super::{make_first_keys, say};
use crate::access::password::{self, Cost};
use crate::access::permission::{BootstrapClinic, Permission, ResetFactorOnHost, ResetPassword};
use crate::access::permit::{Origin, Permit, Scope};
use crate::access::role::{Role, Roles};
use crate::access::secret;
use crate::api;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::domain::event::EventKind;
use crate::store::{self, BOOTSTRAP_MINUTES, NewClinic, NewStaff, Once, Store};
use std::io;

/// Makes the clinic and its first administrator, and prints a random password once.
pub(super) fn bootstrap(config: &Config, clinic: NewClinic, login: String) -> io::Result<()> {
    if jiff::tz::TimeZone::get(&clinic.zone).is_err() {
        return Err(io::Error::other("the time zone must be an IANA name, such as America/New_York"));
    }
    store::migrate_if_needed(&config.database_url).map_err(io::Error::other)?;
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    make_first_keys(config, &store)?;
    let password = password::one_time(clock::random());
    let hash = password::hash(&password, clock::random(), Cost::DEFAULT)
        .ok_or_else(|| io::Error::other("not enough memory"))?;
    let admin = NewStaff {
        login: login.clone(),
        password_hash: hash,
        display_name: login.clone(),
        roles: Roles::of([Role::Admin]),
    };
    let permit = host_permit::<BootstrapClinic>(&clock)?;
    let done = store.write(permit, Once::default(), move |tx| {
        let (id, mut events) = tx.create_clinic(&clinic)?;
        events.push(tx.add_staff(id, &admin)?.1);
        let reply = api::reply::nothing();
        Ok(tx.record(events, reply))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::Duplicate(_) => io::Error::other("this sign-in name is taken; choose another with --login"),
        other => io::Error::other(other),
    })?;
    say(&format!("sign-in name: {login}\npassword:     {password}\nIt is shown once."))
}

/// Prints a token that makes the first clinic over the network, as long as nobody can sign in.
pub(super) fn bootstrap_token(config: &Config) -> io::Result<()> {
    store::migrate_if_needed(&config.database_url).map_err(io::Error::other)?;
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    make_first_keys(config, &store)?;
    let token = secret::bootstrap_token(clock::random());
    let (permit, printed) = (host_permit::<BootstrapClinic>(&clock)?, token.clone());
    let done = store.write(permit, Once::default(), move |tx| {
        if tx.has_accounts()? {
            return Err(store::StoreError::Duplicate("accounts".into()));
        }
        let event = tx.keep_bootstrap_token(&token)?;
        Ok(tx.record(vec![event], api::reply::nothing()))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::Duplicate(_) => {
            io::Error::other("somebody can sign in already; use --clinic for another clinic")
        }
        other => io::Error::other(other),
    })?;
    say(&format!(
        "{printed}\nIt is shown once: send it with POST /api/v1/bootstrap within {BOOTSTRAP_MINUTES} minutes."
    ))
}

/// Gives an account a new password and prints it once. What was counted against the old one counts no more.
pub(super) fn reset_password(config: &Config, login: String) -> io::Result<()> {
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    let password = password::one_time(clock::random());
    let hash = password::hash(&password, clock::random(), Cost::DEFAULT)
        .ok_or_else(|| io::Error::other("not enough memory"))?;
    let permit = host_permit::<ResetPassword>(&clock)?;
    let wanted = login.clone();
    let done = store.write(permit, Once::default(), move |tx| {
        let found = tx.credentials(&wanted)?.ok_or(store::StoreError::NotFound)?;
        let cred_version = tx.change_password(found.account, found.cred_version, &hash)?;
        Ok(tx.record(vec![store::password_changed(found.account, cred_version)], api::reply::nothing()))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::NotFound => io::Error::other("nobody signs in with this name"),
        other => io::Error::other(other),
    })?;
    say(&format!(
        "sign-in name: {login}\npassword:     {password}\nIt is shown once; let its owner change it with POST /auth/password."
    ))
}

/// Takes an account's second factor away: for a house in which nobody can vouch. Its password opens only as far as
/// another has to be set up, where that is asked for.
pub(super) fn reset_factor(config: &Config, login: String) -> io::Result<()> {
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    let permit = host_permit::<ResetFactorOnHost>(&clock)?;
    let wanted = login.clone();
    let done = store.write(permit, Once::default(), move |tx| {
        let found = tx.credentials(&wanted)?.filter(|found| found.has_factor).ok_or(store::StoreError::NotFound)?;
        let event = tx.remove_factor(found.account, EventKind::FactorReset, None)?;
        tx.factor_changed(found.account)?;
        Ok(tx.record(vec![event], api::reply::nothing()))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::NotFound => io::Error::other("nobody with a second factor signs in with this name"),
        other => io::Error::other(other),
    })?;
    say(&format!("the second factor of {login} is gone"))
}

fn host_permit<P: Permission>(clock: &Clock) -> io::Result<Permit<P>> {
    let origin = Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::host("operator".into(), Scope::Installation, origin);
    permit.map_err(|denied| io::Error::other(denied.permission))
}
