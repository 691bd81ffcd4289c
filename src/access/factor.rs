//! The second factor: six digits of an authenticator (RFC 6238), ten recovery codes, and who must have one
//! (security.md 2.5).
//!
//! A secret is stored sealed with a key that is never in the database, and bound to its account: a copy of the data
//! makes no codes, and a row that is moved to another account opens nothing there. Which steps were used the database
//! knows; this file only says which step a code belongs to.

use super::role::{Role, Roles};
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use totp_rs::{Builder, Secret};

/// How long a code is shown, in seconds.
const STEP_SECONDS: u64 = 30;
/// A phone's clock may be this many steps off.
const SKEW: u16 = 1;
const DIGITS: usize = 6;
/// A code given on a device is not asked for again there for so many hours (decisions.md 6).
pub const GIVEN_HOURS: i64 = 12;
/// How long a sign-in waits for the code, in seconds.
pub const CHALLENGE_SECONDS: i64 = 300;
/// As many codes one sign-in may try.
pub const CHALLENGE_TRIES: i64 = 5;
/// How long a secret that was shown waits to be confirmed, in minutes.
pub const ENROLMENT_MINUTES: i64 = 10;
/// How many recovery codes somebody is given.
pub const RECOVERY_CODES: usize = 10;

words! {
    /// Who must have a second factor. Whoever has one is asked for it under every rule.
    pub enum FactorRule {
        /// Nobody: to try it, and for a demonstration.
        Optional = "optional",
        /// Administrators, prescribers and auditors.
        Required = "required",
        /// Everybody.
        Everyone = "everyone",
    }
}

impl FactorRule {
    /// Whether somebody with these roles must have one.
    pub fn demands(self, roles: &Roles) -> bool {
        match self {
            Self::Optional => false,
            Self::Required => roles.hold_any(&[Role::Admin, Role::Prescriber, Role::Auditor]),
            Self::Everyone => true,
        }
    }
}

/// A key that is not 32 bytes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of the second factors is not 32 bytes long")]
pub struct BadFactorKey;

/// Seals the secrets of this installation's second factors.
pub struct FactorKey(RandomizedNonceKey);

impl FactorKey {
    /// From the 32 bytes of its file.
    ///
    /// # Errors
    /// [`BadFactorKey`] when they are not 32.
    pub fn new(bytes: &[u8]) -> Result<Self, BadFactorKey> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).map(Self).map_err(|_| BadFactorKey)
    }

    /// The form in which a secret is stored: a nonce, and what it seals. None when the library cannot.
    pub fn seal(&self, account: AccountId, secret: &[u8; 20]) -> Option<Vec<u8>> {
        let mut sealed = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(account.uuid().into_bytes()), &mut sealed).ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn open(&self, account: AccountId, stored: &[u8]) -> Option<[u8; 20]> {
        let (nonce, sealed) = stored.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let secret = self.0.open_in_place(nonce, Aad::from(account.uuid().into_bytes()), &mut sealed).ok()?;
        (&*secret).try_into().ok()
    }

    /// The step that a code belongs to, now or one step off; none when it is wrong. It counts once: the caller keeps
    /// the step, and takes no code of that step or of an earlier one again.
    pub fn step(&self, account: AccountId, stored: &[u8], code: &str, now: Timestamp) -> Option<i64> {
        if code.len() != DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let secret = self.open(account, stored)?;
        let seconds = u64::try_from(now.millis().div_euclid(1000)).ok()?;
        let totp = Builder::new()
            .with_secret(Secret::new_stack(secret))
            .with_step_duration(STEP_SECONDS)
            .with_skew(SKEW)
            .build()
            .ok()?;
        i64::try_from(totp.check(code, seconds)?).ok()
    }
}

/// A secret as somebody types it into an authenticator.
pub fn readable(secret: &[u8; 20]) -> String {
    Secret::new_stack(*secret).to_base32()
}

/// The same as the authenticator reads it from a picture.
pub fn uri(login: &str, secret: &[u8; 20]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let escaped = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let login: String = login.bytes().map(escaped).collect();
    let secret = readable(secret);
    format!("otpauth://totp/Chairside:{login}?secret={secret}&issuer=Chairside&algorithm=SHA1&digits=6&period=30")
}

/// A recovery code: 120 random bits in six groups of four letters and digits.
pub fn recovery_code(random: [u8; 15]) -> String {
    let text = Secret::new(Box::new(random)).to_base32().to_lowercase();
    let groups: Vec<String> =
        text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    groups.join("-")
}

/// A recovery code as it is hashed: however it was typed.
pub fn plain_recovery_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::hmac;
    use proptest::prelude::*;
    use uuid::Uuid;

    const ANN: AccountId = AccountId(Uuid::from_u128(1));
    const BOB: AccountId = AccountId(Uuid::from_u128(2));
    /// The secret of the vectors of RFC 6238.
    const SECRET: [u8; 20] = *b"12345678901234567890";

    fn key() -> FactorKey {
        FactorKey::new(&[7; 32]).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(0).plus_seconds(seconds)
    }

    /// RFC 4226 and 6238 written again, on another HMAC.
    fn reference(secret: &[u8], step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let offset = usize::from(bytes[19] & 15);
        let word = u32::from_be_bytes(bytes[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }

    #[test]
    fn the_vectors_of_rfc_6238_are_taken_at_their_time() {
        // Appendix B, SHA1; its eight digits end in our six.
        let vectors = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        let sealed = key().seal(ANN, &SECRET).unwrap();
        for (seconds, digits) in vectors {
            let code = &digits[2..];
            // The last one lies in 2603; the clock of this program ends in 2200.
            let taken = (seconds < 7_000_000_000).then_some(seconds / 30);
            assert_eq!(key().step(ANN, &sealed, code, at(seconds)), taken, "{seconds}");
            assert_eq!(reference(&SECRET, u64::try_from(seconds / 30).unwrap()), code, "the reference");
        }
    }

    #[test]
    fn a_sealed_secret_opens_for_its_account_with_its_key_and_whole() {
        let sealed = key().seal(ANN, &SECRET).unwrap();
        let code = reference(&SECRET, 1);
        assert_eq!(key().step(ANN, &sealed, &code, at(59)), Some(1));
        assert_eq!(key().step(BOB, &sealed, &code, at(59)), None, "moved to another account");
        assert_eq!(FactorKey::new(&[8; 32]).unwrap().step(ANN, &sealed, &code, at(59)), None, "another key");
        assert_ne!(sealed, key().seal(ANN, &SECRET).unwrap(), "a nonce of its own");
        assert!(!sealed.windows(4).any(|window| SECRET.windows(4).any(|part| part == window)));
        for at_byte in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at_byte] ^= 1;
            assert_eq!(key().step(ANN, &other, &code, at(59)), None, "byte {at_byte} changed");
        }
        assert!(FactorKey::new(&[7; 31]).is_err());
    }

    #[test]
    fn what_is_no_code_and_a_time_before_1970_are_answered_with_no() {
        let sealed = key().seal(ANN, &SECRET).unwrap();
        let code = reference(&SECRET, 1);
        for wrong in ["", "12345", "1234567", " 87082", "28708２", "+28708", "287 082", "-87082"] {
            assert_eq!(key().step(ANN, &sealed, wrong, at(59)), None, "{wrong:?}");
        }
        for seconds in [-1, -86_400, -62_135_596_800] {
            assert_eq!(key().step(ANN, &sealed, &code, at(seconds)), None, "{seconds}");
        }
    }

    #[test]
    fn who_must_have_one_is_a_rule_over_roles() {
        let must = |rule: FactorRule| Role::ALL.iter().filter(|role| rule.demands(&Roles::of([**role]))).count();
        assert_eq!(
            [FactorRule::Optional, FactorRule::Required, FactorRule::Everyone].map(must),
            [0, 3, Role::ALL.len()]
        );
        assert!(!FactorRule::Required.demands(&Roles::of([Role::Nurse, Role::FrontDesk])));
        assert!(FactorRule::Required.demands(&Roles::of([Role::Nurse, Role::Prescriber])));
    }

    #[test]
    fn a_recovery_code_is_one_however_it_is_typed() {
        let code = recovery_code([0xa5; 15]);
        assert_eq!(code.len(), 29);
        assert_eq!(plain_recovery_code(&code).len(), 24, "120 bits");
        assert_eq!(plain_recovery_code(&code.to_uppercase().replace('-', " ")), plain_recovery_code(&code));
    }

    #[test]
    fn the_address_for_the_authenticator_holds_any_name() {
        let uri = uri("dr. o'k/ä?&", &SECRET);
        assert!(uri.starts_with(
            "otpauth://totp/Chairside:dr.%20o%27k%2F%C3%A4%3F%26?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&"
        ));
    }

    proptest! {
        #[test]
        fn a_code_of_the_reference_is_taken_one_step_off_and_no_further(secret: [u8; 20], seconds in 60_i64..4_000_000_000, off in -3_i64..=3) {
            let step = seconds / 30 + off;
            let Ok(counter) = u64::try_from(step) else { return Ok(()) };
            let code = reference(&secret, counter);
            // Another step within the window may have the same digits, once in a million times.
            let near = (seconds / 30 - 1..=seconds / 30 + 1).find(|near| reference(&secret, u64::try_from(*near).unwrap()) == code);
            prop_assert_eq!(key().step(ANN, &key().seal(ANN, &secret).unwrap(), &code, at(seconds)), near);
            prop_assert!(off.abs() > 1 || near.is_some(), "a phone may be one step off");
        }
    }
}
