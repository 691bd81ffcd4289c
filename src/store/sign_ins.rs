//! Sign-ins and their refresh tokens: each token is used once and names its successor.

use super::error::{Result, StoreError};
use super::schema::foundation::{login_sessions, refresh_tokens};
use super::signing::token_hash;
use super::staff::{self, Credentials};
use super::transaction::Change;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId, LoginSessionId, StaffId};
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// A sign-in ends after twelve hours, whatever is refreshed (security.md 2.4).
const LIFE_MINUTES: i64 = 12 * 60;
/// A refresh token that is not used for thirty minutes is of no use any more.
const IDLE_MINUTES: i64 = 30;

/// What became of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// It was good, and is spent now.
    Rotated {
        /// The human.
        account: AccountId,
        /// The sign-in.
        login_session: LoginSessionId,
    },
    /// It had been spent before: somebody has a copy, so the whole sign-in is ended.
    Reused,
    /// It is unknown, expired, or its sign-in ended.
    Unknown,
}

impl Change<'_> {
    /// Begins a sign-in of `staff` and keeps its first refresh token.
    ///
    /// # Errors
    /// When the database says no.
    pub fn begin_sign_in(
        &mut self,
        who: &Credentials,
        staff: StaffId,
        refresh: &str,
    ) -> Result<(LoginSessionId, Event)> {
        let (id, now, clinic) = (self.new_id::<LoginSessionId>(), self.now(), self.clinic());
        diesel::insert_into(login_sessions::table)
            .values((
                login_sessions::clinic_id.eq(clinic),
                login_sessions::id.eq(id),
                login_sessions::version.eq(1_i64),
                login_sessions::account_id.eq(who.account),
                login_sessions::staff_id.eq(staff),
                login_sessions::cred_version.eq(who.cred_version),
                login_sessions::created_at.eq(now),
                login_sessions::expires_at.eq(now.plus_minutes(LIFE_MINUTES)),
            ))
            .execute(self.connection)?;
        self.keep_refresh_token(id, refresh)?;
        Ok((id, sign_in_event(EventKind::SignedIn, id, 1, Some(staff))))
    }

    /// Spends a refresh token and keeps its successor. A token spent before ends its sign-in.
    ///
    /// # Errors
    /// When the database says no.
    pub fn refresh(&mut self, token: &str, successor: &str) -> Result<(Refreshed, Vec<Event>)> {
        let (clinic, now) = (self.clinic(), self.now());
        let row = refresh_tokens::table.find((clinic, token_hash(token)));
        let found = row.clone().select(refresh_tokens::login_session_id);
        let Some(login_session) = found.first::<LoginSessionId>(self.connection).optional()? else {
            return Ok((Refreshed::Unknown, Vec::new()));
        };
        let Some(membership) = staff::membership(self.connection, clinic, login_session, now, false)? else {
            return Ok((Refreshed::Unknown, Vec::new()));
        };
        // One conditional UPDATE decides between two requests with one token.
        let spent = diesel::update(row.filter(refresh_tokens::consumed_at.is_null()))
            .set((
                refresh_tokens::consumed_at.eq(Some(now)),
                refresh_tokens::successor_hash.eq(Some(token_hash(successor))),
                refresh_tokens::version.eq(2_i64),
            ))
            .returning(refresh_tokens::expires_at)
            .get_result::<Timestamp>(self.connection)
            .optional()?;
        match spent {
            None => {
                self.end_sign_in(login_session)?;
                let event = sign_in_event(EventKind::RefreshReused, login_session, 2, Some(membership.staff));
                Ok((Refreshed::Reused, vec![event]))
            }
            Some(expires_at) if expires_at <= now => Ok((Refreshed::Unknown, Vec::new())),
            Some(_) => {
                self.keep_refresh_token(login_session, successor)?;
                let event = sign_in_event(EventKind::TokenRefreshed, login_session, 1, Some(membership.staff));
                Ok((Refreshed::Rotated { account: membership.account, login_session }, vec![event]))
            }
        }
    }

    /// Ends the actor's own sign-in: its tokens stop counting with the next request.
    ///
    /// # Errors
    /// When nobody is signed in, or the database says no.
    pub fn sign_out(&mut self) -> Result<Event> {
        let actor = self.actor().ok_or(StoreError::Unauthenticated)?;
        let (login_session, staff) = (actor.login_session(), actor.staff());
        self.end_sign_in(login_session)?;
        Ok(sign_in_event(EventKind::SignedOut, login_session, 2, Some(staff)))
    }

    fn end_sign_in(&mut self, id: LoginSessionId) -> Result<()> {
        let (clinic, now): (ClinicId, _) = (self.clinic(), self.now());
        let open = login_sessions::table.find((clinic, id)).filter(login_sessions::revoked_at.is_null());
        diesel::update(open)
            .set((login_sessions::revoked_at.eq(Some(now)), login_sessions::version.eq(2_i64)))
            .execute(self.connection)?;
        Ok(())
    }

    fn keep_refresh_token(&mut self, login_session: LoginSessionId, token: &str) -> Result<()> {
        let now = self.now();
        diesel::insert_into(refresh_tokens::table)
            .values((
                refresh_tokens::clinic_id.eq(self.clinic()),
                refresh_tokens::hash.eq(token_hash(token)),
                refresh_tokens::version.eq(1_i64),
                refresh_tokens::login_session_id.eq(login_session),
                refresh_tokens::issued_at.eq(now),
                refresh_tokens::expires_at.eq(now.plus_minutes(IDLE_MINUTES)),
            ))
            .execute(self.connection)?;
        Ok(())
    }
}

/// The trail's word about a sign-in; it never holds a token.
pub(super) fn sign_in_event(kind: EventKind, id: LoginSessionId, version: i64, staff: Option<StaffId>) -> Event {
    let record = Record::new("login_session", 1).with("id", id).with("version", version).with("staff_id", staff);
    Event::of_clinic(kind, Subject::new("login_session", id, version), record)
}
