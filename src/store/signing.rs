//! Signing tokens: proofs that a person was there for one act (engineering.md 5).
//!
//! A secret travels only to the routes that issue a token, and argon2 runs there; the act carries the token and
//! spends it by one conditional UPDATE after the idempotency check. Only hashes are stored.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::signing_tokens::{self, dsl};
use super::staff;
use super::transaction::{Change, Signature};
use super::unit::Proof;
use crate::access::permit::Actor;
use crate::domain::id::{ClinicId, LoginSessionId, StaffId};
use crate::domain::signature::{ProofMethod, SignatureMeaning};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Five minutes.
pub const LIFE_SECONDS: i64 = 300;

/// What a signing token is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSigningToken {
    /// Who proved presence.
    pub staff: StaffId,
    /// Their credential's version: a changed password spends every open token.
    pub cred_version: i64,
    /// The permission's id it is good for.
    pub act: String,
    /// The record that is signed.
    pub subject: Uuid,
    /// The hash of what was on the screen.
    pub subject_sha256: Option<Vec<u8>>,
    /// What the signature shall stand for.
    pub meaning: SignatureMeaning,
    /// What presence was proved with.
    pub method: ProofMethod,
}

#[derive(Insertable)]
#[diesel(table_name = signing_tokens)]
struct Row {
    clinic_id: ClinicId,
    hash: Vec<u8>,
    version: i64,
    staff_id: StaffId,
    login_session_id: LoginSessionId,
    act: String,
    subject_id: super::column::AnyId,
    subject_sha256: Option<Vec<u8>>,
    cred_version: i64,
    issued_at: Timestamp,
    expires_at: Timestamp,
    meaning: SignatureMeaning,
    method: ProofMethod,
}

/// The hash under which a secret token is stored.
pub(super) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

impl Change<'_> {
    /// Keeps a new signing token, bound to the device that asked for it.
    ///
    /// # Errors
    /// When nobody is signed in, or the database says no.
    pub fn keep_signing_token(&mut self, token: &str, new: NewSigningToken) -> Result<()> {
        let login_session_id = self.actor().ok_or(StoreError::Unauthenticated)?.login_session();
        let row = Row {
            clinic_id: self.clinic(),
            hash: token_hash(token),
            version: 1,
            staff_id: new.staff,
            login_session_id,
            act: new.act,
            subject_id: new.subject.into(),
            subject_sha256: new.subject_sha256,
            cred_version: new.cred_version,
            issued_at: self.now(),
            expires_at: self.now().plus_seconds(LIFE_SECONDS),
            meaning: new.meaning,
            method: new.method,
        };
        diesel::insert_into(signing_tokens::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// What a member proved with their PIN and did not use yet proves nothing any more.
    pub(super) fn end_tokens_given_with_a_pin(&mut self, staff: StaffId) -> Result<()> {
        let now = self.now();
        let open = signing_tokens::table
            .filter(dsl::clinic_id.eq(self.clinic()))
            .filter(dsl::staff_id.eq(staff))
            .filter(dsl::method.eq(ProofMethod::Pin))
            .filter(dsl::spent_at.is_null());
        diesel::update(open)
            .set((dsl::expires_at.eq(now), dsl::version.eq(dsl::version + 1)))
            .execute(self.connection)?;
        Ok(())
    }

    /// Spends a second person's token for the act of this unit about `subject`.
    ///
    /// # Errors
    /// [`StoreError::ReauthRequired`] when it is unknown, spent, expired, or for another act, record or device.
    pub fn cosignature(&mut self, token: &str, subject: impl Into<Uuid>) -> Result<Signature> {
        let (clinic, now, act) = (self.clinic(), self.now(), self.act());
        let device = self.actor().ok_or(StoreError::Unauthenticated)?.login_session();
        let proof = Proof { token: token.to_owned(), subject: subject.into() };
        let signature = spend(self.connection, (clinic, device), &proof, act, now)?;
        self.signed.by.push(signature.clone());
        Ok(signature)
    }
}

/// Spends the actor's own token: it must be theirs.
pub(super) fn spend_own(
    connection: &mut AnyConnection,
    actor: &Actor,
    proof: &Proof,
    act: &str,
    now: Timestamp,
) -> Result<Signature> {
    let signature = spend(connection, (actor.clinic(), actor.login_session()), proof, act, now)?;
    if signature.person.staff == actor.staff() { Ok(signature) } else { Err(StoreError::ReauthRequired) }
}

/// One conditional UPDATE: of two requests with one token, one finds it unspent.
fn spend(
    connection: &mut AnyConnection,
    device: (ClinicId, LoginSessionId),
    proof: &Proof,
    act: &str,
    now: Timestamp,
) -> Result<Signature> {
    let (clinic, login_session) = device;
    let token = signing_tokens::table.find((clinic, token_hash(&proof.token)));
    let unspent = token
        .filter(dsl::spent_at.is_null())
        .filter(dsl::expires_at.gt(now))
        .filter(dsl::act.eq(act))
        .filter(dsl::subject_id.eq(super::column::AnyId(proof.subject)))
        .filter(dsl::login_session_id.eq(login_session));
    let spent = diesel::update(unspent)
        .set((dsl::spent_at.eq(Some(now)), dsl::version.eq(dsl::version + 1)))
        .returning((dsl::staff_id, dsl::cred_version, dsl::subject_sha256, dsl::meaning, dsl::method))
        .get_result::<(StaffId, i64, Option<Vec<u8>>, SignatureMeaning, ProofMethod)>(connection)
        .optional()?;
    let (staff, cred_version, subject_sha256, meaning, method) = spent.ok_or(StoreError::ReauthRequired)?;
    let signer = staff::signer(connection, clinic, staff)?.ok_or(StoreError::ReauthRequired)?;
    if signer.cred_version != cred_version {
        return Err(StoreError::ReauthRequired);
    }
    let membership = signer.membership;
    Ok(Signature {
        person: membership.human(),
        display_name: membership.display_name,
        roles: membership.roles,
        subject: proof.subject,
        subject_sha256,
        meaning,
        method,
    })
}
