//! The keys behind the tokens: one signs, and those it replaced verify for a while (security.md, REQ-AUTH-6).
//!
//! Of a key that was replaced only the public half is kept: nothing can be signed with it any more.

use crate::domain::time::Timestamp;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest as _, Sha256};

/// How long a token is good whose key was replaced, in seconds: longer than any token lives.
pub const RETIRED_SECONDS: i64 = 15 * 60;

/// A key file that is no Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token key is not a PKCS#8 Ed25519 key")]
pub struct BadKey;

/// The public half of a key.
pub type PublicKey = [u8; 32];

/// Makes the bytes of a new signing key, PKCS#8, to be kept in a file that only the server can read.
///
/// # Errors
/// [`BadKey`] when the library cannot make one.
pub fn new_signing_key() -> Result<Vec<u8>, BadKey> {
    let pair = Ed25519KeyPair::generate().map_err(|_| BadKey)?;
    Ok(pair.to_pkcs8v1().map_err(|_| BadKey)?.as_ref().to_vec())
}

/// The name of a key in tokens: the first 16 characters of its public half's hash.
pub fn key_id(public: &PublicKey) -> String {
    let mut id = URL_SAFE_NO_PAD.encode(Sha256::digest(public));
    id.truncate(16);
    id
}

/// A key that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetiredKey {
    /// What verifies.
    pub public: PublicKey,
    /// When it was replaced.
    pub retired_at: Timestamp,
}

/// A key that verifies.
pub(super) struct VerifyingKey {
    pub(super) id: String,
    pub(super) decoding: DecodingKey,
    retired_at: Option<Timestamp>,
}

impl VerifyingKey {
    fn new(public: &PublicKey, retired_at: Option<Timestamp>) -> Result<Self, BadKey> {
        let decoding = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public)).map_err(|_| BadKey)?;
        Ok(Self { id: key_id(public), decoding, retired_at })
    }

    /// Whether it is in use, or was replaced less than so many seconds ago.
    pub(super) fn counts(&self, now: Timestamp, retired_seconds: i64) -> bool {
        self.retired_at.is_none_or(|retired| now < retired.plus_seconds(retired_seconds))
    }
}

/// The one key that signs, and those that verify.
pub struct KeySet {
    pub(super) signing: EncodingKey,
    pub(super) active: VerifyingKey,
    public: PublicKey,
    retired: Vec<VerifyingKey>,
}

impl KeySet {
    /// The active key, PKCS#8, and those it replaced.
    ///
    /// # Errors
    /// [`BadKey`] when one of them is no Ed25519 key.
    pub fn new(active: &[u8], retired: &[RetiredKey]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_pkcs8(active).map_err(|_| BadKey)?;
        let public: PublicKey = pair.public_key().as_ref().try_into().map_err(|_| BadKey)?;
        let retired = retired.iter().map(|key| VerifyingKey::new(&key.public, Some(key.retired_at)));
        Ok(Self {
            signing: EncodingKey::from_ed_der(active),
            active: VerifyingKey::new(&public, None)?,
            public,
            retired: retired.collect::<Result<_, _>>()?,
        })
    }

    /// One key that replaced no other.
    ///
    /// # Errors
    /// [`BadKey`] when it is no Ed25519 key.
    pub fn of(active: &[u8]) -> Result<Self, BadKey> {
        Self::new(active, &[])
    }

    /// The public half of the active key.
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn find(&self, id: &str) -> Option<&VerifyingKey> {
        std::iter::once(&self.active).chain(&self.retired).find(|key| key.id == id)
    }
}
