//! Accounts: what a person signs in with, across clinics.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::{accounts, clinics, staff};
use super::transaction::{Change, Gather};
use super::wall;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId, StaffId};
use diesel::prelude::*;

/// What a sign-in compares with, and where it may lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The human.
    pub account: AccountId,
    /// PHC string.
    pub password_hash: String,
    /// Moves when the password does.
    pub cred_version: i64,
    /// Whether a second factor is asked for.
    pub has_factor: bool,
    /// Clinics with a membership in force: id, name and the membership.
    pub memberships: Vec<(ClinicId, String, StaffId)>,
}

/// What somebody who is signed in proves presence with.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OwnCredentials {
    /// The name they sign in with.
    pub login: String,
    /// PHC string.
    pub password_hash: String,
    /// Moves when the password does.
    pub cred_version: i64,
}

/// Whether there is no account at all.
pub(super) fn none_yet(connection: &mut AnyConnection) -> Result<bool> {
    let any = accounts::table.select(accounts::id).first::<AccountId>(connection).optional()?;
    Ok(any.is_none())
}

impl Gather<'_> {
    /// What to compare a password with; none for an unknown or disabled login.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn credentials(&mut self, login: &str) -> Result<Option<Credentials>> {
        let found = accounts::table
            .filter(accounts::login.eq(login))
            .filter(accounts::disabled_at.is_null())
            .select((accounts::id, accounts::password_hash, accounts::cred_version))
            .first::<(AccountId, String, i64)>(self.connection)
            .optional()?;
        let Some((account, password_hash, cred_version)) = found else { return Ok(None) };
        wall::show_memberships(self.connection, account)?;
        let memberships = staff::table
            .inner_join(clinics::table.on(clinics::id.eq(staff::clinic_id)))
            .filter(staff::account_id.eq(account))
            .filter(staff::retired_at.is_null())
            .order(clinics::name)
            .select((clinics::id, clinics::name, staff::id))
            .load(self.connection)?;
        let has_factor = self.factor(account)?.is_some();
        Ok(Some(Credentials { account, password_hash, cred_version, has_factor, memberships }))
    }

    /// What to compare the password of a member of this clinic with.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn own_credentials(&mut self, account: AccountId) -> Result<Option<OwnCredentials>> {
        let account = accounts::table.find(account).filter(accounts::disabled_at.is_null());
        let own = account.select((accounts::login, accounts::password_hash, accounts::cred_version));
        Ok(own.first(self.connection).optional()?)
    }
}

impl Change<'_> {
    /// Keeps a new password and gives the new version of the credential: every sign-in, proof and device that knew the
    /// old one stops counting, in every clinic.
    ///
    /// # Errors
    /// [`StoreError::ReauthRequired`] when the credential was changed since its version was `known`.
    pub fn change_password(&mut self, account: AccountId, known: i64, hash: &str) -> Result<i64> {
        let row = accounts::table.find(account).filter(accounts::cred_version.eq(known));
        let changed = diesel::update(row)
            .set((
                accounts::password_hash.eq(hash),
                accounts::cred_version.eq(accounts::cred_version + 1),
                accounts::password_changed_at.eq(Some(self.now())),
                accounts::version.eq(accounts::version + 1),
            ))
            .returning(accounts::cred_version)
            .get_result(self.connection)
            .optional()?;
        changed.ok_or(StoreError::ReauthRequired)
    }

    /// Keeps a stronger hash of the same password; one that was changed meanwhile is left alone.
    ///
    /// # Errors
    /// When the database says no.
    pub fn upgrade_password_hash(&mut self, account: AccountId, known: &str, stronger: &str) -> Result<()> {
        let row = accounts::table.find(account).filter(accounts::password_hash.eq(known));
        diesel::update(row)
            .set((accounts::password_hash.eq(stronger), accounts::version.eq(accounts::version + 1)))
            .execute(self.connection)?;
        Ok(())
    }
}

/// The trail's word about a changed password; it never holds one.
pub fn password_changed(account: AccountId, cred_version: i64) -> Event {
    Event::noted(EventKind::PasswordChanged, Subject::new("account", account, cred_version))
}
