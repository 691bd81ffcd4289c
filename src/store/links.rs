//! Links to a password: single use, half an hour, stored as a hash. Whoever issues one never learns the password.

use super::error::{Result, StoreError};
use super::schema::foundation::accounts;
use super::schema::links::link_tokens;
use super::signing::token_hash;
use super::transaction::{Change, Gather};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, StaffId};
use diesel::prelude::*;

/// How long a link leads to a password, in minutes.
pub const LINK_MINUTES: i64 = 30;

/// Whom a link leads to a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The human.
    pub account: AccountId,
    /// The membership it was issued for.
    pub staff: StaffId,
    /// The version of the credential it replaces.
    pub cred_version: i64,
    /// The name they sign in with.
    pub login: String,
}

impl Gather<'_> {
    /// Whom a link leads to a password; none when it was used, replaced, or left too long, or when the credential or
    /// the membership changed since.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn link(&mut self, token: &str) -> Result<Option<Link>> {
        let open = link_tokens::table
            .find((self.clinic(), token_hash(token)))
            .filter(link_tokens::spent_at.is_null())
            .filter(link_tokens::expires_at.gt(self.now()))
            .select((link_tokens::account_id, link_tokens::staff_id, link_tokens::cred_version))
            .first::<(AccountId, StaffId, i64)>(self.connection)
            .optional()?;
        let Some((account, staff, cred_version)) = open else { return Ok(None) };
        let Some(own) = self.own_credentials(account)?.filter(|own| own.cred_version == cred_version) else {
            return Ok(None);
        };
        match self.member(staff) {
            Ok(_) => Ok(Some(Link { account, staff, cred_version, login: own.login })),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Change<'_> {
    /// Keeps a new link for a member; an earlier one leads nowhere any more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such member.
    pub fn keep_link(&mut self, token: &str, member: StaffId) -> Result<Event> {
        let (clinic, now, issuer) = (self.clinic(), self.now(), self.person()?.staff);
        let account = self.member(member)?.account;
        let cred_version: i64 = accounts::table.find(account).select(accounts::cred_version).first(self.connection)?;
        let open = link_tokens::table
            .filter(link_tokens::clinic_id.eq(clinic))
            .filter(link_tokens::staff_id.eq(member))
            .filter(link_tokens::spent_at.is_null());
        diesel::update(open)
            .set((link_tokens::spent_at.eq(Some(now)), link_tokens::version.eq(2_i64)))
            .execute(self.connection)?;
        let expires_at = now.plus_minutes(LINK_MINUTES);
        diesel::insert_into(link_tokens::table)
            .values((
                link_tokens::clinic_id.eq(clinic),
                link_tokens::hash.eq(token_hash(token)),
                link_tokens::version.eq(1_i64),
                link_tokens::account_id.eq(account),
                link_tokens::staff_id.eq(member),
                link_tokens::cred_version.eq(cred_version),
                link_tokens::issued_by.eq(issuer),
                link_tokens::issued_at.eq(now),
                link_tokens::expires_at.eq(expires_at),
            ))
            .execute(self.connection)?;
        Ok(link_event(EventKind::LinkIssued, member))
    }

    /// Spends a link: of two requests with one link, one finds it unspent.
    ///
    /// # Errors
    /// [`StoreError::LinkEnded`] when it was spent or left too long meanwhile.
    pub fn spend_link(&mut self, token: &str) -> Result<Event> {
        let open = link_tokens::table
            .find((self.clinic(), token_hash(token)))
            .filter(link_tokens::spent_at.is_null())
            .filter(link_tokens::expires_at.gt(self.now()));
        let spent = diesel::update(open)
            .set((link_tokens::spent_at.eq(Some(self.now())), link_tokens::version.eq(2_i64)))
            .returning(link_tokens::staff_id)
            .get_result::<StaffId>(self.connection)
            .optional()?;
        Ok(link_event(EventKind::LinkUsed, spent.ok_or(StoreError::LinkEnded)?))
    }
}

/// The trail's word about a link; it never holds one.
fn link_event(kind: EventKind, member: StaffId) -> Event {
    Event::noted(kind, Subject::new("staff", member, 1))
}
