//! Access tokens: `EdDSA`, ten minutes, no roles inside (security.md 2.3).
//!
//! The library checks the signature and the algorithm; everything with a time in it is compared here with the
//! injected clock, and every claim has exactly one type.

use crate::domain::id::{AccountId, ClinicId, LoginSessionId};
use crate::domain::time::Timestamp;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
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

    fn in_time(&self, now: Timestamp, grace_seconds: i64) -> bool {
        let now = now.millis().div_euclid(1000);
        let life = self.exp.saturating_sub(self.iat);
        (1..=LIFE_SECONDS).contains(&life)
            && self.iat <= now.saturating_add(LEEWAY_SECONDS)
            && self.nbf <= now.saturating_add(LEEWAY_SECONDS)
            && self.exp.saturating_add(grace_seconds) > now.saturating_sub(LEEWAY_SECONDS)
    }
}

/// The keys of this installation: one signs, all verify.
pub struct Tokens {
    issuer: String,
    signing: (String, EncodingKey),
    verifying: Vec<(String, DecodingKey)>,
}

/// A key file that is no Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token key is not a PKCS#8 Ed25519 key")]
pub struct BadKey;

/// Makes the bytes of a new signing key, PKCS#8, to be kept in a file that only the server can read.
///
/// # Errors
/// [`BadKey`] when the library cannot make one.
pub fn new_signing_key() -> Result<Vec<u8>, BadKey> {
    let pair = Ed25519KeyPair::generate().map_err(|_| BadKey)?;
    Ok(pair.to_pkcs8v1().map_err(|_| BadKey)?.as_ref().to_vec())
}

impl Tokens {
    /// From PKCS#8 bytes, the signing key first.
    ///
    /// # Errors
    /// [`BadKey`] when one of them is no Ed25519 key, or there is none.
    pub fn new(issuer: &str, keys: &[Vec<u8>]) -> Result<Self, BadKey> {
        let mut signing = None;
        let mut verifying = Vec::new();
        for der in keys {
            let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| BadKey)?;
            let public = pair.public_key().as_ref();
            let kid = key_id(public);
            let decoding = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public)).map_err(|_| BadKey)?;
            verifying.push((kid.clone(), decoding));
            signing.get_or_insert((kid, EncodingKey::from_ed_der(der)));
        }
        Ok(Self { issuer: issuer.to_owned(), signing: signing.ok_or(BadKey)?, verifying })
    }

    /// Mints a token for a sign-in.
    ///
    /// # Errors
    /// [`BadKey`] when the library cannot sign.
    pub fn mint(&self, sign_in: &SignIn, now: Timestamp) -> Result<String, BadKey> {
        let iat = now.millis().div_euclid(1000);
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
        };
        self.sign(TYPE, &claims)
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs claims as something of this type; nothing of one type passes for another.
    pub(super) fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, BadKey> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.signing.0.clone());
        jsonwebtoken::encode(&header, claims, &self.signing.1).map_err(|_| BadKey)
    }

    /// What something of this type says, signed by one of our keys for this audience. Its times are the caller's to
    /// compare.
    pub(super) fn open<C: DeserializeOwned>(&self, kind: &str, audience: &str, token: &str) -> Option<C> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(kind) || header.alg != Algorithm::EdDSA {
            return None;
        }
        let kid = header.kid?;
        let (_, key) = self.verifying.iter().find(|(known, _)| *known == kid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        // The library reads the machine's clock; ours is injected.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Some(jsonwebtoken::decode::<C>(token, key, &validation).ok()?.claims)
    }

    /// Reads a token; none for every reason, because a client learns nothing from which one.
    ///
    /// `grace_seconds` is how long past its end it still counts: zero, but for the acts that stop a drug.
    pub fn verify(&self, token: &str, now: Timestamp, grace_seconds: i64) -> Option<Claims> {
        // Every claim of `Claims` must be there, with its type: serde asks for what the library does not.
        let claims: Claims = self.open(TYPE, AUDIENCE, token)?;
        let ours = claims.iss == self.issuer && claims.aud == AUDIENCE;
        (ours && claims.in_time(now, grace_seconds)).then_some(claims)
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
}

/// The first 16 characters of the public key's hash.
fn key_id(public: &[u8]) -> String {
    let mut id = URL_SAFE_NO_PAD.encode(Sha256::digest(public));
    id.truncate(16);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn sign_in() -> SignIn {
        SignIn {
            account: AccountId(Uuid::from_u128(1)),
            login_session: LoginSessionId(Uuid::from_u128(2)),
            clinic: ClinicId(Uuid::from_u128(3)),
            token_id: Uuid::from_u128(4),
        }
    }

    fn tokens(issuer: &str) -> Tokens {
        Tokens::new(issuer, &[new_signing_key().unwrap()]).unwrap()
    }

    #[test]
    fn a_token_is_good_for_ten_minutes() {
        let (tokens, now) = (tokens("a"), Timestamp::from_millis(NOW));
        let token = tokens.mint(&sign_in(), now).unwrap();
        assert_eq!(tokens.verify(&token, now, 0).unwrap().account(), sign_in().account);
        assert!(tokens.verify(&token, now.plus_seconds(604), 0).is_some());
        assert!(tokens.verify(&token, now.plus_seconds(606), 0).is_none());
        assert!(tokens.verify(&token, now.plus_seconds(606), 600).is_some(), "a stop counts ten minutes longer");
        assert!(tokens.verify(&token, now.plus_seconds(-6), 0).is_none());
    }

    #[test]
    fn another_installations_token_is_refused() {
        let now = Timestamp::from_millis(NOW);
        let token = tokens("a").mint(&sign_in(), now).unwrap();
        assert!(tokens("a").verify(&token, now, 0).is_none(), "another key");
    }
}
