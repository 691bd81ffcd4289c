//! How often secrets were tried: stored, so that a restart forgets nothing, and taken before the secret is looked at, so
//! that fifty guesses at once are fifty.
//!
//! These rows belong to the installation. They hold hashes: who guesses which names is nobody's business but the
//! trail's.

use super::connection::AnyConnection;
use super::error::Result;
use super::schema::limits::sign_in_limits;
use super::transaction::Change;
use crate::access::limits::{Count, LimitKind, Limits, Refused};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What is known of a name that exists is kept this long, of one that does not a day: nobody fills the disk with names.
const KEPT_MINUTES: i64 = 400 * 24 * 60;
const KEPT_MINUTES_UNKNOWN: i64 = 24 * 60;
/// A refusal is an entry of the trail at most this often for each limit, in seconds.
const TOLD_EVERY_SECONDS: i64 = 60;

/// Somebody tries a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretAttempt {
    /// The name, as it was sent.
    pub login: String,
    /// Whose it is, with the version of their credential: a new password begins with nothing counted.
    pub account: Option<(AccountId, i64)>,
    /// The network it comes from.
    pub network: String,
    /// The device, when its owner has signed in on it before.
    pub device: Option<Uuid>,
}

impl SecretAttempt {
    /// The limits it meets, in the one order in which they are locked.
    fn limits(&self) -> Vec<(LimitKind, Vec<u8>)> {
        let version = self.account.map_or(0, |(_, version)| version).to_be_bytes();
        let key = |kind: LimitKind, parts: &[&[u8]]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
            (kind, hash.finalize().to_vec())
        };
        let (login, network) = (self.login.as_bytes(), self.network.as_bytes());
        if let Some(device) = self.device {
            return vec![key(LimitKind::Device, &[login, &version, device.as_bytes()])];
        }
        vec![
            key(LimitKind::Account, &[login, &version]),
            key(LimitKind::AccountAddress, &[login, &version, network]),
            key(LimitKind::Address, &[network]),
        ]
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It may be looked at; so many in a row did not succeed, this one counted with them.
    Open {
        /// At least one.
        failures: i64,
    },
    /// It may not.
    Refused(Refused),
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_in_limits)]
struct Row {
    clinic_id: ClinicId,
    kind: LimitKind,
    key: Vec<u8>,
    version: i64,
    full_at: Timestamp,
    failures: i64,
    last_at: Timestamp,
    told_at: Option<Timestamp>,
    forget_at: Timestamp,
}

impl Row {
    const fn count(&self) -> Count {
        Count { full_at: self.full_at, failures: self.failures, last_at: self.last_at }
    }
}

/// The installation's own rows.
const INSTALLATION: ClinicId = ClinicId(Uuid::nil());

impl Change<'_> {
    /// Takes an attempt from every limit it meets, or from none of them.
    ///
    /// # Errors
    /// When the database says no.
    pub fn take_attempt(&mut self, attempt: &SecretAttempt, limits: &Limits) -> Result<(Taken, Vec<Event>)> {
        let now = self.now();
        let mut taken = Vec::new();
        for (kind, key) in attempt.limits() {
            let row = self.lock_limit(kind, key)?;
            match row.count().take(kind, limits, now) {
                Ok(count) => taken.push((row, count)),
                Err(refused) => return Ok((Taken::Refused(refused), self.tell_of(&row, attempt, refused)?)),
            }
        }
        let kept = if attempt.account.is_some() { KEPT_MINUTES } else { KEPT_MINUTES_UNKNOWN };
        let mut failures = 1;
        for (row, count) in taken {
            failures = failures.max(count.failures);
            let forget_at = match row.kind {
                LimitKind::Account | LimitKind::Device => now.plus_minutes(kept),
                LimitKind::AccountAddress | LimitKind::Address => count.full_at,
            };
            diesel::update(sign_in_limits::table.find((INSTALLATION, row.kind, &row.key)))
                .set((
                    sign_in_limits::version.eq(row.version.saturating_add(1)),
                    sign_in_limits::full_at.eq(count.full_at),
                    sign_in_limits::failures.eq(count.failures),
                    sign_in_limits::last_at.eq(count.last_at),
                    sign_in_limits::forget_at.eq(forget_at),
                ))
                .execute(self.connection)?;
        }
        Ok((Taken::Open { failures }, Vec::new()))
    }

    /// The secret was right: what was counted for this account is forgotten, at this address or on this device alone.
    /// What was counted for the address stays.
    ///
    /// # Errors
    /// When the database says no.
    pub fn attempt_succeeded(&mut self, attempt: &SecretAttempt) -> Result<()> {
        let now = self.now();
        for (kind, key) in attempt.limits().into_iter().filter(|(kind, _)| *kind != LimitKind::Address) {
            diesel::update(sign_in_limits::table.find((INSTALLATION, kind, key)))
                .set((
                    sign_in_limits::version.eq(sign_in_limits::version + 1),
                    sign_in_limits::full_at.eq(now),
                    sign_in_limits::failures.eq(0_i64),
                    sign_in_limits::forget_at.eq(now),
                ))
                .execute(self.connection)?;
        }
        Ok(())
    }

    /// Removes limits that count nothing any more.
    ///
    /// # Errors
    /// When the database says no.
    pub fn forget_limits(&mut self) -> Result<()> {
        let old = sign_in_limits::table
            .filter(sign_in_limits::clinic_id.eq(INSTALLATION))
            .filter(sign_in_limits::forget_at.lt(self.now()));
        diesel::delete(old).execute(self.connection)?;
        Ok(())
    }

    /// The row of a limit, made if there is none, that nobody else changes before this unit ends.
    fn lock_limit(&mut self, kind: LimitKind, key: Vec<u8>) -> Result<Row> {
        let now = self.now();
        let Count { full_at, failures, last_at } = Count::none(now);
        let fresh = Row {
            clinic_id: INSTALLATION,
            kind,
            key,
            version: 1,
            full_at,
            failures,
            last_at,
            told_at: None,
            forget_at: now,
        };
        each!(&mut *self.connection, |native| diesel::insert_into(sign_in_limits::table)
            .values(&fresh)
            .on_conflict_do_nothing()
            .execute(native))?;
        let row = sign_in_limits::table.find((INSTALLATION, kind, &fresh.key));
        Ok(match &mut *self.connection {
            // BEGIN IMMEDIATE: nobody else writes.
            AnyConnection::Sqlite(native) => row.select(Row::as_select()).first(native)?,
            AnyConnection::Postgres(native) => row.select(Row::as_select()).for_no_key_update().first(native)?,
        })
    }

    /// An entry about a refusal, unless this limit's last one is less than a minute old.
    fn tell_of(&mut self, row: &Row, attempt: &SecretAttempt, refused: Refused) -> Result<Vec<Event>> {
        let now = self.now();
        if row.told_at.is_some_and(|told| now < told.plus_seconds(TOLD_EVERY_SECONDS)) {
            return Ok(Vec::new());
        }
        diesel::update(sign_in_limits::table.find((INSTALLATION, row.kind, &row.key)))
            .set((
                sign_in_limits::version.eq(row.version.saturating_add(1)),
                sign_in_limits::told_at.eq(Some(now)),
                sign_in_limits::forget_at.eq(row.forget_at.max(now.plus_seconds(TOLD_EVERY_SECONDS))),
            ))
            .execute(self.connection)?;
        let kind = match refused {
            Refused::Until(_) => EventKind::SignInLimited,
            Refused::Disabled => EventKind::PasswordDisabled,
        };
        let (noun, id) = match attempt.account {
            Some((account, _)) => ("account", account.uuid()),
            None => ("sign_in", self.new_id()),
        };
        Ok(vec![Event::noted(kind, Subject::new(noun, id, 1)).because(row.kind.as_str())])
    }
}
