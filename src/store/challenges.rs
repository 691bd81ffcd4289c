//! Sign-ins that wait for a second factor: five minutes, five tries, answered once.

use super::error::{Result, StoreError};
use super::schema::factors::factor_challenges;
use super::schema::foundation::accounts;
use super::signing::token_hash;
use super::transaction::{Change, Gather};
use crate::access::factor::{CHALLENGE_SECONDS, CHALLENGE_TRIES};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, StaffId};
use diesel::prelude::*;
use uuid::Uuid;

/// A sign-in whose password was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChallenge {
    /// The human.
    pub account: AccountId,
    /// The membership that is signing in.
    pub staff: StaffId,
    /// The version of the credential that was proved.
    pub cred_version: i64,
    /// The device, when its owner has signed in on it before.
    pub device: Option<Uuid>,
}

/// One that can still be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The sign-in.
    pub of: NewChallenge,
    /// The name that was signed in with.
    pub login: String,
    /// The sealed secret of the factor that is asked for; none when it was taken away meanwhile.
    pub sealed: Option<Vec<u8>>,
}

impl Gather<'_> {
    /// The sign-in that waits behind a token; none when it was answered, tried too often, or left too long.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn challenge(&mut self, token: &str) -> Result<Option<Challenge>> {
        let open = factor_challenges::table
            .find((self.clinic(), token_hash(token)))
            .filter(factor_challenges::answered_at.is_null())
            .filter(factor_challenges::expires_at.gt(self.now()))
            .select((
                factor_challenges::account_id,
                factor_challenges::staff_id,
                factor_challenges::cred_version,
                factor_challenges::device_id,
            ))
            .first::<(AccountId, StaffId, i64, Option<super::column::AnyId>)>(self.connection)
            .optional()?;
        let Some((account, staff, cred_version, device)) = open else { return Ok(None) };
        let account_row = accounts::table
            .find(account)
            .filter(accounts::disabled_at.is_null())
            .filter(accounts::cred_version.eq(cred_version));
        let login: Option<String> = account_row.select(accounts::login).first(self.connection).optional()?;
        let Some(login) = login else { return Ok(None) };
        let sealed = self.factor(account)?.map(|factor| factor.sealed);
        let of = NewChallenge { account, staff, cred_version, device: device.map(|device| device.0) };
        Ok(Some(Challenge { of, login, sealed }))
    }
}

impl Change<'_> {
    /// Keeps a sign-in that waits for its code.
    ///
    /// # Errors
    /// When the database says no.
    pub fn keep_challenge(&mut self, token: &str, new: &NewChallenge) -> Result<Event> {
        let (clinic, now) = (self.clinic(), self.now());
        let old = factor_challenges::table
            .filter(factor_challenges::clinic_id.eq(clinic))
            .filter(factor_challenges::expires_at.lt(now));
        diesel::delete(old).execute(self.connection)?;
        diesel::insert_into(factor_challenges::table)
            .values((
                factor_challenges::clinic_id.eq(clinic),
                factor_challenges::hash.eq(token_hash(token)),
                factor_challenges::version.eq(1_i64),
                factor_challenges::account_id.eq(new.account),
                factor_challenges::staff_id.eq(new.staff),
                factor_challenges::cred_version.eq(new.cred_version),
                factor_challenges::device_id.eq(new.device.map(super::column::AnyId)),
                factor_challenges::tries.eq(0_i64),
                factor_challenges::issued_at.eq(now),
                factor_challenges::expires_at.eq(now.plus_seconds(CHALLENGE_SECONDS)),
            ))
            .execute(self.connection)?;
        Ok(Event::noted(EventKind::FactorAsked, Subject::new("staff", new.staff, 1)))
    }

    /// Counts one try, before the code is looked at: of fifty guesses at once five are looked at.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`] when none is left.
    pub fn take_try(&mut self, token: &str) -> Result<()> {
        let open = factor_challenges::table
            .find((self.clinic(), token_hash(token)))
            .filter(factor_challenges::answered_at.is_null())
            .filter(factor_challenges::expires_at.gt(self.now()))
            .filter(factor_challenges::tries.lt(CHALLENGE_TRIES));
        let taken = diesel::update(open)
            .set((
                factor_challenges::tries.eq(factor_challenges::tries + 1),
                factor_challenges::version.eq(factor_challenges::version + 1),
            ))
            .execute(self.connection)?;
        if taken == 1 { Ok(()) } else { Err(StoreError::Unauthenticated) }
    }

    /// Ends the wait: the code was right.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`] when another request was faster.
    pub fn answer_challenge(&mut self, token: &str) -> Result<()> {
        let open = factor_challenges::table
            .find((self.clinic(), token_hash(token)))
            .filter(factor_challenges::answered_at.is_null());
        let answered = diesel::update(open)
            .set((
                factor_challenges::answered_at.eq(Some(self.now())),
                factor_challenges::version.eq(factor_challenges::version + 1),
            ))
            .execute(self.connection)?;
        if answered == 1 { Ok(()) } else { Err(StoreError::Unauthenticated) }
    }
}
