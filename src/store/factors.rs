//! Second factors: kept sealed, used once a step, and the ten codes that open instead.
//!
//! Whether a code is right `access::factor` says; whether it was used before one conditional UPDATE here decides, so
//! that of a hundred requests with one code one is let in, and a clock that is set back opens nothing again.

use super::error::{Result, StoreError};
use super::schema::factors::{factor_proofs, factors, recovery_codes};
use super::schema::foundation::accounts;
use super::signing::token_hash;
use super::transaction::{Change, Gather};
use crate::access::factor::{ENROLMENT_MINUTES, GIVEN_HOURS, plain_recovery_code};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId, LoginSessionId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use uuid::Uuid;

/// The installation's own rows: a person has one factor wherever they work.
const INSTALLATION: ClinicId = ClinicId(Uuid::nil());

/// A second factor in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// Since when.
    pub enrolled_at: Timestamp,
}

/// What somebody showed to have: of an authenticator the step of a code that was right, or a recovery code as it was
/// typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenFactor {
    /// A code of this step, made with this secret.
    Step {
        /// The secret as it is stored: one that was replaced meanwhile is not used.
        sealed: Vec<u8>,
        /// The step.
        step: i64,
    },
    /// A recovery code.
    Recovery(String),
}

impl Gather<'_> {
    /// Somebody's second factor, once it was confirmed.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn factor(&mut self, account: AccountId) -> Result<Option<Factor>> {
        let row = factors::table.find((INSTALLATION, account)).select((factors::secret, factors::enrolled_at));
        let found: Option<(Option<Vec<u8>>, Option<Timestamp>)> = row.first(self.connection).optional()?;
        let (sealed, enrolled_at) = found.unwrap_or_default();
        Ok(sealed.zip(enrolled_at).map(|(sealed, enrolled_at)| Factor { sealed, enrolled_at }))
    }

    /// A secret that was shown a short while ago and waits for its first code.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn pending_factor(&mut self, account: AccountId) -> Result<Option<Vec<u8>>> {
        let row = factors::table.find((INSTALLATION, account)).filter(factors::pending_until.gt(self.now()));
        let found: Option<Option<Vec<u8>>> = row.select(factors::pending_secret).first(self.connection).optional()?;
        Ok(found.flatten())
    }

    /// How many recovery codes somebody has left.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn recovery_codes_left(&mut self, account: AccountId) -> Result<i64> {
        let unused = recovery_codes::table
            .filter(recovery_codes::clinic_id.eq(INSTALLATION))
            .filter(recovery_codes::account_id.eq(account))
            .filter(recovery_codes::used_at.is_null());
        Ok(unused.count().get_result(self.connection)?)
    }

    /// Whether a member gave their factor on the device of this sign-in in the last twelve hours.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn factor_given(&mut self, device: LoginSessionId, member: StaffId) -> Result<bool> {
        let row = factor_proofs::table.find((self.clinic(), device, member)).select(factor_proofs::given_at);
        let given: Option<Timestamp> = row.first(self.connection).optional()?;
        Ok(given.is_some_and(|at| self.now() < at.plus_minutes(GIVEN_HOURS.saturating_mul(60))))
    }

    /// The sealed secret of a factor that a member has to give on this device: they have one, and did not give it here
    /// in the last twelve hours.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn factor_asked(
        &mut self,
        device: LoginSessionId,
        member: StaffId,
        account: AccountId,
    ) -> Result<Option<Vec<u8>>> {
        if self.factor_given(device, member)? {
            return Ok(None);
        }
        Ok(self.factor(account)?.map(|factor| factor.sealed))
    }
}

impl Change<'_> {
    /// Keeps a secret that is about to be shown. The one in force stays so until this one is confirmed.
    ///
    /// # Errors
    /// When the database says no.
    pub fn offer_factor(&mut self, account: AccountId, sealed: &[u8]) -> Result<Event> {
        let fresh = (
            factors::clinic_id.eq(INSTALLATION),
            factors::account_id.eq(account),
            factors::version.eq(1_i64),
            factors::last_step.eq(0_i64),
        );
        each!(&mut *self.connection, |native| diesel::insert_into(factors::table)
            .values(fresh)
            .on_conflict_do_nothing()
            .execute(native))?;
        let until = self.now().plus_minutes(ENROLMENT_MINUTES);
        let version = diesel::update(factors::table.find((INSTALLATION, account)))
            .set((
                factors::version.eq(factors::version + 1),
                factors::pending_secret.eq(Some(sealed)),
                factors::pending_until.eq(Some(until)),
            ))
            .returning(factors::version)
            .get_result::<i64>(self.connection)?;
        Ok(factor_event(EventKind::FactorOffered, account, version))
    }

    /// Puts the offered secret in force with the step of its first code, which is used by that.
    ///
    /// # Errors
    /// [`StoreError::FactorRefused`] when it was confirmed, replaced or left too long meanwhile.
    pub fn confirm_factor(&mut self, account: AccountId, offered: &[u8], step: i64) -> Result<Event> {
        let waiting = factors::table
            .find((INSTALLATION, account))
            .filter(factors::pending_secret.eq(offered))
            .filter(factors::pending_until.gt(self.now()));
        let version = diesel::update(waiting)
            .set((
                factors::version.eq(factors::version + 1),
                factors::secret.eq(Some(offered)),
                factors::enrolled_at.eq(Some(self.now())),
                factors::last_step.eq(step),
                factors::pending_secret.eq(None::<Vec<u8>>),
                factors::pending_until.eq(None::<Timestamp>),
            ))
            .returning(factors::version)
            .get_result::<i64>(self.connection)
            .optional()?;
        Ok(factor_event(EventKind::FactorEnrolled, account, version.ok_or(StoreError::FactorRefused)?))
    }

    /// Uses what was given, once: a step only when it comes after the last one that was used.
    ///
    /// # Errors
    /// [`StoreError::FactorRefused`] when it was used before, or the factor changed meanwhile.
    pub fn use_factor(&mut self, account: AccountId, given: &GivenFactor) -> Result<Vec<Event>> {
        match given {
            GivenFactor::Step { sealed, step } => {
                let unused = factors::table
                    .find((INSTALLATION, account))
                    .filter(factors::secret.eq(sealed))
                    .filter(factors::last_step.lt(step));
                let used = diesel::update(unused)
                    .set((factors::last_step.eq(step), factors::version.eq(factors::version + 1)))
                    .execute(self.connection)?;
                if used == 1 { Ok(Vec::new()) } else { Err(StoreError::FactorRefused) }
            }
            GivenFactor::Recovery(code) => {
                let unused = recovery_codes::table
                    .find((INSTALLATION, token_hash(&plain_recovery_code(code))))
                    .filter(recovery_codes::account_id.eq(account))
                    .filter(recovery_codes::used_at.is_null());
                let used = diesel::update(unused)
                    .set((recovery_codes::used_at.eq(Some(self.now())), recovery_codes::version.eq(2_i64)))
                    .execute(self.connection)?;
                if used == 0 {
                    return Err(StoreError::FactorRefused);
                }
                Ok(vec![Event::noted(EventKind::RecoveryCodeUsed, Subject::new("account", account, 1))])
            }
        }
    }

    /// Notes that a member gave their factor on the device of this sign-in.
    ///
    /// # Errors
    /// When the database says no.
    pub fn note_factor(&mut self, device: LoginSessionId, member: StaffId) -> Result<()> {
        let (clinic, now) = (self.clinic(), self.now());
        let fresh = (
            factor_proofs::clinic_id.eq(clinic),
            factor_proofs::login_session_id.eq(device),
            factor_proofs::staff_id.eq(member),
            factor_proofs::version.eq(1_i64),
            factor_proofs::given_at.eq(now),
        );
        let made = each!(&mut *self.connection, |native| diesel::insert_into(factor_proofs::table)
            .values(fresh)
            .on_conflict_do_nothing()
            .execute(native))?;
        if made == 0 {
            diesel::update(factor_proofs::table.find((clinic, device, member)))
                .set((factor_proofs::given_at.eq(now), factor_proofs::version.eq(factor_proofs::version + 1)))
                .execute(self.connection)?;
        }
        Ok(())
    }

    /// Keeps new recovery codes in place of the old ones. Only their hashes are stored.
    ///
    /// # Errors
    /// When the database says no.
    pub fn keep_recovery_codes(&mut self, account: AccountId, codes: &[String]) -> Result<Event> {
        self.drop_recovery_codes(account)?;
        let now = self.now();
        for code in codes {
            diesel::insert_into(recovery_codes::table)
                .values((
                    recovery_codes::clinic_id.eq(INSTALLATION),
                    recovery_codes::hash.eq(token_hash(&plain_recovery_code(code))),
                    recovery_codes::version.eq(1_i64),
                    recovery_codes::account_id.eq(account),
                    recovery_codes::issued_at.eq(now),
                ))
                .execute(self.connection)?;
        }
        Ok(Event::noted(EventKind::RecoveryCodesIssued, Subject::new("account", account, 1)))
    }

    fn drop_recovery_codes(&mut self, account: AccountId) -> Result<()> {
        let all = recovery_codes::table
            .filter(recovery_codes::clinic_id.eq(INSTALLATION))
            .filter(recovery_codes::account_id.eq(account));
        diesel::delete(all).execute(self.connection)?;
        Ok(())
    }

    /// Takes somebody's factor away, its recovery codes with it. A lost one names who vouched for its owner.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn remove_factor(&mut self, account: AccountId, kind: EventKind, vouched_by: Option<StaffId>) -> Result<Event> {
        let enrolled = factors::table.find((INSTALLATION, account)).filter(factors::secret.is_not_null());
        let version = diesel::update(enrolled)
            .set((
                factors::version.eq(factors::version + 1),
                factors::secret.eq(None::<Vec<u8>>),
                factors::enrolled_at.eq(None::<Timestamp>),
                factors::pending_secret.eq(None::<Vec<u8>>),
                factors::pending_until.eq(None::<Timestamp>),
            ))
            .returning(factors::version)
            .get_result::<i64>(self.connection)
            .optional()?;
        let version = version.ok_or(StoreError::NotFound)?;
        self.drop_recovery_codes(account)?;
        let event = factor_event(kind, account, version);
        Ok(match vouched_by {
            Some(member) => event.because(format!("vouched for by staff/{member}")),
            None => event,
        })
    }

    /// Gives the account's credential a new version: every sign-in, proof and link that knew the old one stops
    /// counting, in every clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the account is gone.
    pub fn factor_changed(&mut self, account: AccountId) -> Result<i64> {
        let version = diesel::update(accounts::table.find(account))
            .set((
                accounts::cred_version.eq(accounts::cred_version + 1),
                accounts::factor_changed_at.eq(Some(self.now())),
                accounts::version.eq(accounts::version + 1),
            ))
            .returning(accounts::cred_version)
            .get_result(self.connection)?;
        Ok(version)
    }
}

/// The trail's word about a second factor; it never holds a secret.
fn factor_event(kind: EventKind, account: AccountId, version: i64) -> Event {
    Event::noted(kind, Subject::new("account", account, version))
}
