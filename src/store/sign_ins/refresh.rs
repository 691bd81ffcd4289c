//! Refresh tokens in the database: `access::refresh` judges, one conditional UPDATE at a time decides.
//!
//! Nothing is kept in memory. Whatever two requests read at once, only one of them finds the row it changes as it was.

use super::Proved;
use crate::access::login_session::SignInEnd;
use crate::access::refresh::{self, Presented, Successor, Verdict};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId, LoginSessionId};
use crate::domain::time::Timestamp;
use crate::store::column::AnyId;
use crate::store::connection::AnyConnection;
use crate::store::error::{Result, StoreError};
use crate::store::schema::foundation::{login_sessions, refresh_tokens};
use crate::store::signing::token_hash;
use crate::store::staff::{self, Standing};
use crate::store::transaction::Change;
use diesel::prelude::*;
use uuid::Uuid;

/// The pair of tokens a client is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTokens {
    /// The refresh token, as it is sent; only its hash is stored.
    pub refresh: String,
    /// The id of the access token that goes with it.
    pub access: Uuid,
}

/// What became of a refresh token that is known, of a sign-in in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// The next pair is good.
    Given {
        /// The human.
        account: AccountId,
        /// The sign-in.
        login_session: LoginSessionId,
        /// When it began.
        began_at: Timestamp,
        /// What was proved for it.
        proved: Proved,
    },
    /// Somebody else holds it too: the whole sign-in is ended.
    Theft,
}

/// A refresh token as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = refresh_tokens)]
struct Row {
    hash: Vec<u8>,
    login_session_id: LoginSessionId,
    parent_hash: Option<Vec<u8>>,
    issued_at: Timestamp,
    consumed_at: Option<Timestamp>,
    successor_hash: Option<Vec<u8>>,
    access_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl Row {
    fn find(connection: &mut AnyConnection, clinic: ClinicId, hash: &[u8]) -> Result<Option<Self>> {
        let row = refresh_tokens::table.find((clinic, hash)).select(Self::as_select());
        Ok(row.first(connection).optional()?)
    }

    const fn fresh(&self) -> bool {
        self.consumed_at.is_none() && self.revoked_at.is_none()
    }
}

impl Change<'_> {
    /// Presents a refresh token: gives the next pair, or ends the sign-in of a stolen one.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`] or [`StoreError::SessionIdle`] when it is unknown or its sign-in is over,
    /// [`StoreError::RefreshRaced`] when another request was faster; nothing has changed then.
    pub fn refresh(&mut self, token: &str, next: &NextTokens) -> Result<(Refreshed, Vec<Event>)> {
        let (clinic, now, hash) = (self.clinic(), self.now(), token_hash(token));
        let row = Row::find(self.connection, clinic, &hash)?.ok_or(StoreError::Unauthenticated)?;
        let id = row.login_session_id;
        let standing = staff::standing(self.connection, clinic, id, now, false)?.ok_or(StoreError::Unauthenticated)?;
        let Standing { membership, began_at, .. } = standing;
        let proved = match self.factor_given(id, membership.staff)? {
            true => Proved::Both,
            false if membership.only_enrols => Proved::OnlyToEnrol,
            false => Proved::Password,
        };
        let given = Refreshed::Given { account: membership.account, login_session: id, began_at, proved };
        let told = |kind| vec![Event::noted(kind, Subject::new("login_session", id, 1))];
        if row.fresh() && self.spend_refresh_token(&hash, next)? {
            self.keep_refresh_token(id, next, Some(&hash))?;
            return Ok((given, told(EventKind::TokenRefreshed)));
        }
        let (parent, successor) = self.successor_of(&hash)?;
        let seen = Successor { issued_at: successor.issued_at, used: successor.was_used() };
        match refresh::decide(Presented::Spent(seen), now) {
            Verdict::Replace if self.replace_unused(&parent, &successor.hash, next)? => {
                self.keep_refresh_token(id, next, Some(&parent))?;
                Ok((given, told(EventKind::RefreshReplaced)))
            }
            Verdict::Rotate | Verdict::Replace | Verdict::Raced => Err(StoreError::RefreshRaced),
            Verdict::Theft => {
                self.end_sign_in(id, SignInEnd::RefreshReused)?;
                Ok((Refreshed::Theft, vec![self.sign_in_event(EventKind::RefreshReused, id)?]))
            }
        }
    }

    /// One conditional UPDATE decides between two requests with one token.
    fn spend_refresh_token(&mut self, hash: &[u8], next: &NextTokens) -> Result<bool> {
        let unspent = refresh_tokens::table
            .find((self.clinic(), hash))
            .filter(refresh_tokens::consumed_at.is_null())
            .filter(refresh_tokens::revoked_at.is_null());
        let spent = diesel::update(unspent)
            .set((
                refresh_tokens::consumed_at.eq(Some(self.now())),
                refresh_tokens::successor_hash.eq(Some(token_hash(&next.refresh))),
                refresh_tokens::version.eq(refresh_tokens::version + 1),
            ))
            .execute(self.connection)?;
        Ok(spent == 1)
    }

    /// The token whose successor is in question, and that successor: of a token that was replaced as lost, those of
    /// the token it came from.
    fn successor_of(&mut self, hash: &[u8]) -> Result<(Vec<u8>, Row)> {
        let clinic = self.clinic();
        let broken = || StoreError::Broken("a spent refresh token has no successor".into());
        let mut row = Row::find(self.connection, clinic, hash)?.ok_or_else(broken)?;
        if row.consumed_at.is_none()
            && let Some(parent) = &row.parent_hash
        {
            row = Row::find(self.connection, clinic, parent)?.ok_or_else(broken)?;
        }
        let successor = row.successor_hash.as_deref().ok_or_else(broken)?;
        let successor = Row::find(self.connection, clinic, successor)?.ok_or_else(broken)?;
        Ok((row.hash, successor))
    }

    /// Revokes a successor that nobody used, in favour of the next; false when somebody did meanwhile.
    fn replace_unused(&mut self, parent: &[u8], successor: &[u8], next: &NextTokens) -> Result<bool> {
        let clinic = self.clinic();
        let unused = refresh_tokens::table
            .find((clinic, successor))
            .filter(refresh_tokens::consumed_at.is_null())
            .filter(refresh_tokens::revoked_at.is_null())
            .filter(refresh_tokens::access_used_at.is_null());
        let revoked = diesel::update(unused)
            .set((
                refresh_tokens::revoked_at.eq(Some(self.now())),
                refresh_tokens::version.eq(refresh_tokens::version + 1),
            ))
            .execute(self.connection)?;
        if revoked == 0 {
            return Ok(false);
        }
        diesel::update(refresh_tokens::table.find((clinic, parent)))
            .set((
                refresh_tokens::successor_hash.eq(Some(token_hash(&next.refresh))),
                refresh_tokens::version.eq(refresh_tokens::version + 1),
            ))
            .execute(self.connection)?;
        Ok(true)
    }

    /// Keeps a refresh token, good as long as its sign-in: a refresh never makes that longer.
    pub(super) fn keep_refresh_token(
        &mut self,
        login_session: LoginSessionId,
        tokens: &NextTokens,
        parent: Option<&[u8]>,
    ) -> Result<()> {
        let clinic = self.clinic();
        let ends = login_sessions::table.find((clinic, login_session)).select(login_sessions::expires_at);
        let expires_at: Timestamp = ends.first(self.connection)?;
        diesel::insert_into(refresh_tokens::table)
            .values((
                refresh_tokens::clinic_id.eq(clinic),
                refresh_tokens::hash.eq(token_hash(&tokens.refresh)),
                refresh_tokens::version.eq(1_i64),
                refresh_tokens::login_session_id.eq(login_session),
                refresh_tokens::issued_at.eq(self.now()),
                refresh_tokens::expires_at.eq(expires_at),
                refresh_tokens::parent_hash.eq(parent),
                refresh_tokens::access_token_id.eq(AnyId(tokens.access)),
            ))
            .execute(self.connection)?;
        Ok(())
    }
}

impl Row {
    const fn was_used(&self) -> bool {
        self.consumed_at.is_some() || self.access_used_at.is_some()
    }
}

/// Whether an access token counts, noted at its first use: a pair whose refresh token was replaced as lost does not.
///
/// # Errors
/// [`StoreError::Unauthenticated`] when it does not.
pub(super) fn first_use(connection: &mut AnyConnection, clinic: ClinicId, access: Uuid, now: Timestamp) -> Result<()> {
    let pair = refresh_tokens::table
        .filter(refresh_tokens::clinic_id.eq(clinic))
        .filter(refresh_tokens::access_token_id.eq(AnyId(access)));
    let unused = pair.filter(refresh_tokens::access_used_at.is_null()).filter(refresh_tokens::revoked_at.is_null());
    let noted = diesel::update(unused)
        .set((refresh_tokens::access_used_at.eq(Some(now)), refresh_tokens::version.eq(refresh_tokens::version + 1)))
        .execute(connection)?;
    if noted == 1 {
        return Ok(());
    }
    was_used(connection, clinic, access)?.filter(|used| *used).map(drop).ok_or(StoreError::Unauthenticated)
}

/// Whether an access token was used before; none when it does not count.
pub(super) fn was_used(connection: &mut AnyConnection, clinic: ClinicId, access: Uuid) -> Result<Option<bool>> {
    let found = refresh_tokens::table
        .filter(refresh_tokens::clinic_id.eq(clinic))
        .filter(refresh_tokens::access_token_id.eq(AnyId(access)))
        .filter(refresh_tokens::revoked_at.is_null())
        .select(refresh_tokens::access_used_at)
        .first::<Option<Timestamp>>(connection)
        .optional()?;
    Ok(found.map(|used_at| used_at.is_some()))
}
