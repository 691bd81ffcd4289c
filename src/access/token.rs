//! Access tokens: `EdDSA`, ten minutes, no roles inside (security.md 2.3).
//!
//! The library checks the signature and the algorithm; everything with a time in it is compared here with the
//! injected clock, and every claim has exactly one type.

use super::token_key::{BadKey, KeySet, RETIRED_SECONDS};
use crate::domain::id::{AccountId, ClinicId, LoginSessionId};
use crate::domain::time::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::{PoisonError, RwLock};
use uuid::Uuid;

/// How long an access token is good for, in seconds.
pub const LIFE_SECONDS: i64 = 600;
const LEEWAY_SECONDS: i64 = 5;
const AUDIENCE: &str = "chairside-api";
const TYPE: &str = "at+jwt";

/// What a token says, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    cid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// When name and password were given.
    auth_time: i64,
    /// How: `pwd`, and `otp` with a second factor.
    amr: Vec<String>,
}

impl Claims {
    /// The human.
    pub const fn account(&self) -> AccountId {
        AccountId(self.sub)
    }

    /// The sign-in.
    pub const fn login_session(&self) -> LoginSessionId {
        LoginSessionId(self.sid)
    }

    /// The clinic chosen at sign-in.
    pub const fn clinic(&self) -> ClinicId {
        ClinicId(self.cid)
    }

    /// The token's own id.
    pub const fn token_id(&self) -> Uuid {
        self.jti
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.exp.saturating_mul(1000))
    }

    /// Its times, against the injected clock.
    fn in_time(&self, now: Timestamp, grace_seconds: i64) -> Result<(), Flaw> {
        let now = now.millis().div_euclid(1000);
        let soon = now.saturating_add(LEEWAY_SECONDS);
        if !(1..=LIFE_SECONDS).contains(&self.exp.saturating_sub(self.iat)) {
            Err(Flaw::Life)
        } else if self.iat > soon || self.nbf > soon {
            Err(Flaw::NotYet)
        } else if self.exp.saturating_add(grace_seconds) <= now.saturating_sub(LEEWAY_SECONDS) {
            Err(Flaw::Expired)
        } else {
            Ok(())
        }
    }
}

words! {
    /// Why a token does not count. The trail is told; whoever sent it is not.
    pub enum Flaw {
        /// It is no token: not three parts, or a header with something in it that no token of ours has.
        Malformed = "malformed",
        /// Another algorithm than ours.
        Algorithm = "algorithm",
        /// Something of another type, such as the mark of a device.
        Type = "type",
        /// No key of ours has this id.
        UnknownKey = "unknown_key",
        /// The key was replaced too long ago.
        RetiredKey = "retired_key",
        /// The key it names did not sign it.
        Signature = "signature",
        /// A claim is missing, is of the wrong type, is not ours or is not known.
        Claims = "claims",
        /// It would live longer than any token of ours, or end before it began.
        Life = "life",
        /// It does not count yet.
        NotYet = "not_yet",
        /// It does not count any more.
        Expired = "expired",
        /// Its sign-in has ended, or it was replaced.
        SignInEnded = "sign_in_ended",
        /// Its sign-in was left alone for too long.
        SignInIdle = "sign_in_idle",
    }
}

/// A token that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub flaw: Flaw,
    /// Its own id, once the signature has shown that it is one of ours.
    pub token_id: Option<Uuid>,
}

impl From<Flaw> for Rejected {
    fn from(flaw: Flaw) -> Self {
        Self { flaw, token_id: None }
    }
}

/// A token that counts, and the key that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// The id of the key that signed it.
    pub key_id: String,
}

/// Mints and verifies for one installation. Its keys can be replaced while it is in use.
pub struct Tokens {
    issuer: String,
    keys: RwLock<KeySet>,
}

impl Tokens {
    /// With these keys.
    pub fn new(issuer: &str, keys: KeySet) -> Self {
        Self { issuer: issuer.to_owned(), keys: RwLock::new(keys) }
    }

    /// Uses other keys from now on.
    pub fn replace_keys(&self, keys: KeySet) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Mints a token for a sign-in.
    ///
    /// # Errors
    /// [`BadKey`] when the library cannot sign.
    pub fn mint(&self, sign_in: &SignIn, now: Timestamp) -> Result<String, BadKey> {
        let iat = now.millis().div_euclid(1000);
        let methods: &[&str] = if sign_in.factor { &["pwd", "otp"] } else { &["pwd"] };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: sign_in.account.uuid(),
            sid: sign_in.login_session.uuid(),
            cid: sign_in.clinic.uuid(),
            jti: sign_in.token_id,
            iat,
            nbf: iat,
            exp: iat.saturating_add(LIFE_SECONDS),
            auth_time: sign_in.auth_time.millis().div_euclid(1000),
            amr: methods.iter().map(|method| (*method).to_owned()).collect(),
        };
        self.sign(TYPE, &claims)
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs claims as something of this type; nothing of one type passes for another.
    pub(super) fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, BadKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(keys.active.id.clone());
        jsonwebtoken::encode(&header, claims, &keys.signing).map_err(|_| BadKey)
    }

    /// What something of this type says, signed for this audience by a key that is in use or was replaced at most so
    /// many seconds ago. Its own times are the caller's to compare.
    pub(super) fn open<C: DeserializeOwned>(
        &self,
        (kind, audience): (&str, &str),
        token: &str,
        now: Timestamp,
        retired_seconds: i64,
    ) -> Result<(C, String), Flaw> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Flaw::Malformed)?;
        if header.alg != Algorithm::EdDSA {
            return Err(Flaw::Algorithm);
        }
        if header.typ.as_deref() != Some(kind) {
            return Err(Flaw::Type);
        }
        let key_id = header.kid.ok_or(Flaw::UnknownKey)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.find(&key_id).ok_or(Flaw::UnknownKey)?;
        if !key.counts(now, retired_seconds) {
            return Err(Flaw::RetiredKey);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        // The library reads the machine's clock; ours is injected.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        match jsonwebtoken::decode::<C>(token, &key.decoding, &validation) {
            Ok(data) => Ok((data.claims, key_id)),
            Err(error) => Err(match error.kind() {
                ErrorKind::InvalidSignature => Flaw::Signature,
                ErrorKind::InvalidToken => Flaw::Malformed,
                _ => Flaw::Claims,
            }),
        }
    }

    /// Reads a token.
    ///
    /// `grace_seconds` is how long past its end it still counts: zero, but for the acts that stop a drug. Its key counts
    /// as much longer.
    ///
    /// # Errors
    /// [`Rejected`], for the trail.
    pub fn verify(&self, token: &str, now: Timestamp, grace_seconds: i64) -> Result<Verified, Rejected> {
        let retired = RETIRED_SECONDS.saturating_add(grace_seconds);
        // Every claim of `Claims` must be there, with its type: serde asks for what the library does not.
        let (claims, key_id) = self.open::<Claims>((TYPE, AUDIENCE), token, now, retired)?;
        if claims.iss != self.issuer || claims.aud != AUDIENCE {
            return Err(Flaw::Claims.into());
        }
        let token_id = Some(claims.jti);
        claims.in_time(now, grace_seconds).map_err(|flaw| Rejected { flaw, token_id })?;
        Ok(Verified { claims, key_id })
    }

    /// Whether the key that once verified a token still does.
    pub fn still_counts(&self, key_id: &str, now: Timestamp, grace_seconds: i64) -> bool {
        let retired = RETIRED_SECONDS.saturating_add(grace_seconds);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.find(key_id).is_some_and(|key| key.counts(now, retired))
    }
}

/// What a token is minted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// The human.
    pub account: AccountId,
    /// The sign-in.
    pub login_session: LoginSessionId,
    /// The clinic chosen.
    pub clinic: ClinicId,
    /// The token's own id.
    pub token_id: Uuid,
    /// When the sign-in began.
    pub auth_time: Timestamp,
    /// Whether a second factor was given on its device.
    pub factor: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::token_key::{RetiredKey, new_signing_key};

    const NOW: i64 = 1_800_000_000_000;

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW)
    }

    fn sign_in() -> SignIn {
        SignIn {
            account: AccountId(Uuid::from_u128(1)),
            login_session: LoginSessionId(Uuid::from_u128(2)),
            clinic: ClinicId(Uuid::from_u128(3)),
            token_id: Uuid::from_u128(4),
            auth_time: Timestamp::from_millis(NOW),
            factor: false,
        }
    }

    fn tokens(issuer: &str) -> Tokens {
        Tokens::new(issuer, KeySet::of(&new_signing_key().unwrap()).unwrap())
    }

    fn flaw(tokens: &Tokens, token: &str, now: Timestamp) -> Option<Flaw> {
        tokens.verify(token, now, 0).err().map(|rejected| rejected.flaw)
    }

    #[test]
    fn a_token_is_good_for_ten_minutes() {
        let tokens = tokens("a");
        let token = tokens.mint(&sign_in(), now()).unwrap();
        assert_eq!(tokens.verify(&token, now(), 0).unwrap().claims.account(), sign_in().account);
        assert_eq!(flaw(&tokens, &token, now().plus_seconds(604)), None);
        let late = tokens.verify(&token, now().plus_seconds(606), 0).unwrap_err();
        assert_eq!(late, Rejected { flaw: Flaw::Expired, token_id: Some(sign_in().token_id) });
        assert!(tokens.verify(&token, now().plus_seconds(606), 600).is_ok(), "a stop counts ten minutes longer");
        assert_eq!(flaw(&tokens, &token, now().plus_seconds(-6)), Some(Flaw::NotYet));
    }

    #[test]
    fn another_installations_token_is_refused() {
        let token = tokens("a").mint(&sign_in(), now()).unwrap();
        assert_eq!(flaw(&tokens("a"), &token, now()), Some(Flaw::UnknownKey));
        let der = new_signing_key().unwrap();
        let named = |issuer| Tokens::new(issuer, KeySet::of(&der).unwrap());
        let token = named("a").mint(&sign_in(), now()).unwrap();
        assert_eq!(flaw(&named("b"), &token, now()), Some(Flaw::Claims), "a copied key under another name");
        assert_eq!(flaw(&named("a"), &token, now()), None);
    }

    #[test]
    fn a_replaced_key_verifies_for_a_quarter_of_an_hour_and_signs_nothing() {
        let (old, new) = (new_signing_key().unwrap(), new_signing_key().unwrap());
        let tokens = Tokens::new("a", KeySet::of(&old).unwrap());
        let before = tokens.mint(&sign_in(), now()).unwrap();
        let retired = RetiredKey { public: KeySet::of(&old).unwrap().public(), retired_at: now() };
        tokens.replace_keys(KeySet::new(&new, &[retired]).unwrap());
        let key_id = tokens.verify(&before, now(), 0).unwrap().key_id;
        let after = tokens.mint(&sign_in(), now()).unwrap();
        assert_ne!(tokens.verify(&after, now(), 0).unwrap().key_id, key_id);

        // Whoever has a copy of the old key can go on signing with it.
        let thief = Tokens::new("a", KeySet::of(&old).unwrap());
        for (seconds, known) in [(0, true), (RETIRED_SECONDS - 1, true), (RETIRED_SECONDS, false), (86_400, false)] {
            let later = now().plus_seconds(seconds);
            let forged = thief.mint(&sign_in(), later).unwrap();
            assert_eq!(flaw(&tokens, &forged, later), (!known).then_some(Flaw::RetiredKey), "{seconds} s");
            assert_eq!(tokens.still_counts(&key_id, later, 0), known);
        }
        let stop = now().plus_seconds(1_200);
        assert!(tokens.verify(&before, stop, 600).is_ok(), "a stop is not refused because a key was replaced");
    }
}
