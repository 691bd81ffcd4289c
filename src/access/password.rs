//! Argon2id and the password rule (security.md 2.1).
//!
//! Hashing takes a tenth of a second on purpose: the caller runs it off the request threads, behind a limit, and
//! never inside a transaction.

use super::common;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The shortest password, in code points; with a second factor or without, for one can be lost.
pub const SHORTEST: usize = 15;
/// The longest, in code points; a longer one would only cost time.
pub const LONGEST: usize = 128;
const MOST_BYTES: usize = 1024;

/// Stands in place of a hash until its owner chose a password: nothing verifies against it.
pub const UNSET: &str = "unset";

/// A password that is shown once: 120 random bits as 20 letters, digits, dashes and underscores.
pub fn one_time(random: [u8; 15]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// Memory in KiB, passes and lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB.
    pub memory: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// 64 MiB, two passes: about 0.16 s of one core (security.md 2.1).
    pub const DEFAULT: Self = Self { memory: 65_536, passes: 2, lanes: 1 };

    /// Stored parameters above these are refused: a row must not be able to take the server's memory.
    const MOST: Self = Self { memory: 262_144, passes: 10, lanes: 4 };

    fn argon2(self) -> Option<Argon2<'static>> {
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32)).ok()?;
        Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// Why a password is not accepted as a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than [`SHORTEST`] code points.
    TooShort,
    /// More than [`LONGEST`] code points or 1024 bytes.
    TooLong,
    /// It contains a name that anybody would try: the person's, the clinic's, the product's.
    ContainsName,
    /// It is one that everybody tries first, or made of one.
    Common,
}

/// Checks a new password against its length, the common ones and these names; never trims, folds or shortens it.
///
/// # Errors
/// What is wrong with it.
pub fn check(password: &str, names: &[&str]) -> Result<(), Weak> {
    if password.chars().count() < SHORTEST {
        return Err(Weak::TooShort);
    }
    if is_too_long(password) {
        return Err(Weak::TooLong);
    }
    let folded = password.to_lowercase();
    let contains = |name: &str| name.chars().count() > 2 && folded.contains(&name.to_lowercase());
    if contains("chairside") || names.iter().any(|name| contains(name)) {
        return Err(Weak::ContainsName);
    }
    if common::is_common(password) { Err(Weak::Common) } else { Ok(()) }
}

fn is_too_long(password: &str) -> bool {
    password.len() > MOST_BYTES || password.chars().count() > LONGEST
}

/// Whether a stored hash cost less than a new one would.
pub fn is_weaker(stored: &str, cost: Cost) -> bool {
    let params = PasswordHash::new(stored).ok().and_then(|hash| Params::try_from(&hash).ok());
    params.is_none_or(|params| params.m_cost() < cost.memory || params.t_cost() < cost.passes)
}

/// Hashes a password into the PHC string form; none when the machine has not the memory.
pub fn hash(password: &str, salt: [u8; 16], cost: Cost) -> Option<String> {
    let hash = cost.argon2()?.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

/// Whether the password is the one that was hashed.
pub fn verify(password: &str, stored: &str) -> bool {
    let Ok(hash) = PasswordHash::new(stored) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return false };
    let most = Cost::MOST;
    if params.m_cost() > most.memory || params.t_cost() > most.passes || params.p_cost() > most.lanes {
        return false;
    }
    !is_too_long(password) && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

    #[test]
    fn only_the_password_that_was_hashed_verifies() {
        let stored = hash("correct horse battery", [7; 16], CHEAP).unwrap();
        assert!(verify("correct horse battery", &stored));
        for wrong in ["correct horse batterz", "Correct horse battery", "correct horse battery ", ""] {
            assert!(!verify(wrong, &stored), "{wrong:?}");
        }
        assert!(!verify("x", "not a hash"));
        assert!(!verify(UNSET, UNSET) && !verify("", UNSET));
    }

    #[test]
    fn stored_parameters_cannot_take_the_servers_memory() {
        let stored = hash("correct horse battery", [7; 16], CHEAP).unwrap();
        assert!(!verify("correct horse battery", &stored.replace("m=64", "m=4194304")));
    }

    #[test]
    fn a_weak_password_is_refused_with_its_reason() {
        let names = ["ann", "Harbour Clinic"];
        assert_eq!(check("fourteen chars", &names), Err(Weak::TooShort));
        assert_eq!(check(&"x".repeat(129), &names), Err(Weak::TooLong));
        let signs: String = ('\u{4e00}'..'\u{4e80}').collect();
        assert_eq!(check(&signs, &names), Ok(()), "128 signs of three bytes each");
        assert_eq!(check("my-name-is-ANN-x", &names), Err(Weak::ContainsName));
        assert_eq!(check("at the harbour clinic", &names), Err(Weak::ContainsName));
        assert_eq!(check("password12345678", &names), Err(Weak::Common));
        assert_eq!(check("correct horse battery", &names), Ok(()));
    }

    #[test]
    fn a_hash_is_weaker_when_it_cost_less() {
        let stored = hash("correct horse battery", [7; 16], CHEAP).unwrap();
        assert!(!is_weaker(&stored, CHEAP));
        assert!(is_weaker(&stored, Cost { memory: 65, ..CHEAP }));
        assert!(is_weaker(&stored, Cost { passes: 2, ..CHEAP }));
        assert!(is_weaker("not a hash", CHEAP));
    }
}
