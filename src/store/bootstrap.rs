//! The token that makes the first clinic with its first administrator: from the host, single use, a quarter of an hour.

use super::accounts;
use super::error::{Result, StoreError};
use super::schema::links::bootstrap_tokens;
use super::signing::token_hash;
use super::transaction::{Change, Gather};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::ClinicId;
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

/// How long the token is good for, in minutes.
pub const BOOTSTRAP_MINUTES: i64 = 15;

/// The installation's own rows: there is no clinic yet.
const INSTALLATION: ClinicId = ClinicId(Uuid::nil());

impl Gather<'_> {
    /// Whether a token would make the first clinic: it is good, and nobody can sign in yet.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn may_bootstrap(&mut self, token: &str) -> Result<bool> {
        let open = bootstrap_tokens::table
            .find((INSTALLATION, token_hash(token)))
            .filter(bootstrap_tokens::spent_at.is_null())
            .filter(bootstrap_tokens::expires_at.gt(self.now()));
        let good: bool = diesel::select(exists(open)).get_result(self.connection)?;
        Ok(good && !self.has_accounts()?)
    }

    /// Whether anybody can sign in.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn has_accounts(&mut self) -> Result<bool> {
        Ok(!accounts::none_yet(self.connection)?)
    }
}

impl Change<'_> {
    /// Keeps a new token; an earlier one is good for nothing any more.
    ///
    /// # Errors
    /// When the database says no.
    pub fn keep_bootstrap_token(&mut self, token: &str) -> Result<Event> {
        let now = self.now();
        let open = bootstrap_tokens::table
            .filter(bootstrap_tokens::clinic_id.eq(INSTALLATION))
            .filter(bootstrap_tokens::spent_at.is_null());
        diesel::update(open)
            .set((bootstrap_tokens::spent_at.eq(Some(now)), bootstrap_tokens::version.eq(2_i64)))
            .execute(self.connection)?;
        diesel::insert_into(bootstrap_tokens::table)
            .values((
                bootstrap_tokens::clinic_id.eq(INSTALLATION),
                bootstrap_tokens::hash.eq(token_hash(token)),
                bootstrap_tokens::version.eq(1_i64),
                bootstrap_tokens::issued_at.eq(now),
                bootstrap_tokens::expires_at.eq(now.plus_minutes(BOOTSTRAP_MINUTES)),
            ))
            .execute(self.connection)?;
        let subject = Subject::new("installation", self.new_id::<Uuid>(), 1);
        Ok(Event::noted(EventKind::BootstrapTokenIssued, subject))
    }

    /// Burns the token: of fifty requests with it one finds it unspent, and nobody does once somebody can sign in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for every reason.
    pub fn burn_bootstrap_token(&mut self, token: &str) -> Result<()> {
        let open = bootstrap_tokens::table
            .find((INSTALLATION, token_hash(token)))
            .filter(bootstrap_tokens::spent_at.is_null())
            .filter(bootstrap_tokens::expires_at.gt(self.now()));
        let burnt = diesel::update(open)
            .set((bootstrap_tokens::spent_at.eq(Some(self.now())), bootstrap_tokens::version.eq(2_i64)))
            .execute(self.connection)?;
        if burnt == 1 && !self.has_accounts()? { Ok(()) } else { Err(StoreError::NotFound) }
    }
}
