//! Sign-ins: begun, listed, used; how they are refreshed and how they end stands in the files beside this one.

mod actor;
mod end;
mod reach;
mod refresh;

pub use refresh::{NextTokens, Refreshed};
use refresh::{first_use, was_used};

use super::accounts::Credentials;
use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::{accounts, login_sessions, staff};
use super::transaction::{Change, Gather};
use crate::access::login_session::{LIFE_MINUTES, MOST_AT_ONCE, SignInEnd};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId, LoginSessionId, StaffId};
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// A sign-in that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignIn {
    /// The human.
    pub account: AccountId,
    /// The membership that acts.
    pub staff: StaffId,
    /// The version of the credential that was proved: a change of it ends this sign-in.
    pub cred_version: i64,
    /// The first pair of tokens.
    pub tokens: NextTokens,
    /// On what.
    pub device: Device,
    /// What was proved for it.
    pub proved: Proved,
}

/// What somebody proved to sign in, and so what the sign-in opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proved {
    /// The password, and nothing else is asked of them.
    Password,
    /// Password and second factor.
    Both,
    /// The password, where a second factor is asked for that they have not set up yet.
    OnlyToEnrol,
}

/// On what somebody signs in, as their own list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// What the client calls itself.
    pub name: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
}

/// One sign-in, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct LoginSession {
    /// Its id.
    pub id: LoginSessionId,
    /// What the client called itself.
    pub device: Option<String>,
    /// Where it began.
    pub address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// Its last request, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub ended_because: Option<SignInEnd>,
    cred_version: i64,
}

impl Credentials {
    /// A sign-in with them.
    pub fn sign_in(&self, staff: StaffId, tokens: NextTokens, device: Device) -> NewSignIn {
        let proved = Proved::Password;
        NewSignIn { account: self.account, staff, cred_version: self.cred_version, tokens, device, proved }
    }
}

impl Gather<'_> {
    /// The sign-ins of a member in the last twelve hours, the one used last first. One that a changed password ended
    /// says so, wherever it was changed.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn login_sessions_of(&mut self, member: StaffId) -> Result<Vec<LoginSession>> {
        let (clinic, now) = (self.clinic(), self.now());
        let mut found = login_sessions::table
            .filter(login_sessions::clinic_id.eq(clinic))
            .filter(login_sessions::staff_id.eq(member))
            .filter(login_sessions::expires_at.gt(now))
            .order((login_sessions::last_seen_at.desc(), login_sessions::id.desc()))
            .select((
                login_sessions::id,
                login_sessions::device,
                login_sessions::address,
                login_sessions::created_at,
                login_sessions::last_seen_at,
                login_sessions::expires_at,
                login_sessions::revoked_at,
                login_sessions::ended_because,
                login_sessions::cred_version,
            ))
            .load::<LoginSession>(self.connection)?;
        let proved = staff::table
            .inner_join(accounts::table.on(accounts::id.eq(staff::account_id)))
            .filter(staff::clinic_id.eq(clinic))
            .filter(staff::id.eq(member))
            .select((accounts::cred_version, accounts::password_changed_at, accounts::factor_changed_at))
            .first::<(i64, Option<Timestamp>, Option<Timestamp>)>(self.connection)
            .optional()?;
        for session in &mut found {
            if let Some((current, password, factor)) = proved
                && session.ended_at.is_none()
                && session.cred_version != current
            {
                session.ended_at = password.max(factor);
                let why = if factor > password { SignInEnd::FactorChanged } else { SignInEnd::PasswordChanged };
                session.ended_because = Some(why);
            }
        }
        Ok(found)
    }
}

impl Change<'_> {
    /// Begins a sign-in and keeps its first refresh token. A person's sixth ends the one that was unused longest.
    ///
    /// # Errors
    /// When the database says no.
    pub fn begin_sign_in(&mut self, new: &NewSignIn) -> Result<(LoginSessionId, Vec<Event>)> {
        let (id, now, clinic) = (self.new_id::<LoginSessionId>(), self.now(), self.clinic());
        let ended = self.make_room(new.staff)?;
        diesel::insert_into(login_sessions::table)
            .values((
                login_sessions::clinic_id.eq(clinic),
                login_sessions::id.eq(id),
                login_sessions::version.eq(1_i64),
                login_sessions::account_id.eq(new.account),
                login_sessions::staff_id.eq(new.staff),
                login_sessions::cred_version.eq(new.cred_version),
                login_sessions::created_at.eq(now),
                login_sessions::last_seen_at.eq(now),
                login_sessions::expires_at.eq(now.plus_minutes(LIFE_MINUTES)),
                login_sessions::device.eq(&new.device.name),
                login_sessions::address.eq(&new.device.address),
                login_sessions::only_enrols.eq(new.proved == Proved::OnlyToEnrol),
            ))
            .execute(self.connection)?;
        if new.proved == Proved::Both {
            self.note_factor(id, new.staff)?;
        }
        self.keep_refresh_token(id, &new.tokens, None)?;
        let begun = self.sign_in_event(EventKind::SignedIn, id)?;
        Ok((id, std::iter::once(begun).chain(ended).collect()))
    }

    /// Ends the least recently used sign-ins of a member until one more may begin.
    fn make_room(&mut self, member: StaffId) -> Result<Vec<Event>> {
        self.lock_member(member)?;
        let open = self.login_sessions_of(member)?.into_iter().filter(|session| session.ended_at.is_none());
        let surplus: Vec<LoginSessionId> =
            open.skip(MOST_AT_ONCE.saturating_sub(1)).map(|session| session.id).collect();
        let mut events = Vec::new();
        for id in surplus {
            events.extend(self.end_sign_in(id, SignInEnd::TooMany)?);
        }
        Ok(events)
    }

    /// Of two sign-ins of one person at once, each sees the other.
    fn lock_member(&mut self, member: StaffId) -> Result<()> {
        let row = staff::table.find((self.clinic(), member)).select(staff::id);
        // On SQLite nobody else writes (BEGIN IMMEDIATE).
        if let AnyConnection::Postgres(native) = &mut *self.connection {
            row.for_no_key_update().first::<StaffId>(native)?;
        }
        Ok(())
    }
}

/// Notes that a sign-in was used. It rides with the entries about reads, never in a unit: two requests of one person
/// must not wait for each other.
pub(super) fn note_seen(connection: &mut AnyConnection, seen: Seen) -> Result<()> {
    let row = login_sessions::table.find((seen.clinic, seen.login_session));
    diesel::update(row.filter(login_sessions::last_seen_at.lt(seen.at)))
        .set(login_sessions::last_seen_at.eq(seen.at))
        .execute(connection)?;
    Ok(())
}

/// A sign-in was used at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) clinic: ClinicId,
    pub(super) login_session: LoginSessionId,
    pub(super) at: Timestamp,
}

/// A sign-in as the trail speaks of it: all but when it was used last, which no entry tells, and never a token.
#[derive(Queryable, Selectable)]
#[diesel(table_name = login_sessions)]
pub(in crate::store) struct SignInRow {
    pub(in crate::store) id: LoginSessionId,
    version: i64,
    account_id: AccountId,
    staff_id: StaffId,
    cred_version: i64,
    created_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    device: Option<String>,
    address: Option<String>,
    ended_because: Option<SignInEnd>,
}

impl SignInRow {
    /// The canonical form, version 3.
    pub(in crate::store) fn record(&self) -> Record {
        Record::new("login_session", 3)
            .with("id", self.id)
            .with("version", self.version)
            .with("account_id", self.account_id)
            .with("staff_id", self.staff_id)
            .with("cred_version", self.cred_version)
            .with("created_at", self.created_at)
            .with("expires_at", self.expires_at)
            .with("revoked_at", self.revoked_at)
            .with("device", self.device.as_ref())
            .with("address", self.address.as_ref())
            .word("ended_because", self.ended_because.map(SignInEnd::as_str))
    }
}

impl Gather<'_> {
    /// The sign-ins of these ids.
    pub(in crate::store) fn sign_ins_by_id(&mut self, ids: &[LoginSessionId]) -> Result<Vec<SignInRow>> {
        Ok(by_id!(self, login_sessions, SignInRow, ids))
    }

    /// The trail's word about a sign-in, as it is now.
    fn sign_in_event(&mut self, kind: EventKind, id: LoginSessionId) -> Result<Event> {
        let row = self.sign_ins_by_id(&[id])?.pop().ok_or(StoreError::NotFound)?;
        Ok(Event::of_clinic(kind, Subject::new("login_session", id, row.version), row.record()))
    }
}
