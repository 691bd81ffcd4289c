//! A device that somebody has signed in on: a signed mark, bound to the account, good for thirty days.
//!
//! It opens nothing. A device that carries it has limits of its own, so that a stranger who guesses a nurse's password
//! slows the stranger down and not the nurse (security.md 2.2).

use super::token::Tokens;
use super::token_key::BadKey;
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a device is known after a sign-in on it, in seconds.
pub const LIFE_SECONDS: i64 = 30 * 24 * 60 * 60;
const TYPE: &str = "device+jwt";
const AUDIENCE: &str = "chairside-device";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    iss: String,
    aud: String,
    /// Whose.
    sub: Uuid,
    /// The device.
    did: Uuid,
    iat: i64,
}

impl Tokens {
    /// Marks a device as one that `account` has signed in on.
    ///
    /// # Errors
    /// [`BadKey`] when the library cannot sign.
    pub fn mark_device(&self, account: AccountId, device: Uuid, now: Timestamp) -> Result<String, BadKey> {
        let mark = Mark {
            iss: self.issuer().to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account.uuid(),
            did: device,
            iat: now.millis().div_euclid(1000),
        };
        self.sign(TYPE, &mark)
    }

    /// The device behind a mark; none when it is not ours, another person's, or old.
    pub fn known_device(&self, mark: &str, account: AccountId, now: Timestamp) -> Option<Uuid> {
        // A device stays known when the key is replaced: the mark of a retired key opens nothing either.
        let (mark, _): (Mark, _) = self.open((TYPE, AUDIENCE), mark, now, LIFE_SECONDS).ok()?;
        let age = now.millis().div_euclid(1000).saturating_sub(mark.iat);
        (mark.sub == account.uuid() && (-60..LIFE_SECONDS).contains(&age)).then_some(mark.did)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::token::SignIn;
    use crate::access::token_key::{KeySet, RetiredKey, new_signing_key};
    use crate::domain::id::{ClinicId, LoginSessionId};

    #[test]
    fn a_mark_is_one_persons_for_thirty_days_and_no_access_token() {
        let tokens = Tokens::new("a", KeySet::of(&new_signing_key().unwrap()).unwrap());
        let (ann, bob, device) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)), Uuid::from_u128(3));
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mark = tokens.mark_device(ann, device, now).unwrap();
        assert_eq!(tokens.known_device(&mark, ann, now), Some(device));
        assert_eq!(tokens.known_device(&mark, bob, now), None);
        assert_eq!(tokens.known_device(&mark, ann, now.plus_seconds(LIFE_SECONDS - 1)), Some(device));
        assert_eq!(tokens.known_device(&mark, ann, now.plus_seconds(LIFE_SECONDS)), None);
        assert!(tokens.verify(&mark, now, 0).is_err(), "a device is nobody");
        let other = Tokens::new("a", KeySet::of(&new_signing_key().unwrap()).unwrap());
        assert_eq!(other.known_device(&mark, ann, now), None, "another installation");
        let sign_in = SignIn {
            account: ann,
            login_session: LoginSessionId(Uuid::from_u128(4)),
            clinic: ClinicId(Uuid::from_u128(5)),
            token_id: Uuid::from_u128(6),
            auth_time: now,
            factor: false,
        };
        let access = tokens.mint(&sign_in, now).unwrap();
        assert_eq!(tokens.known_device(&access, ann, now), None, "a token is no device");
    }
    #[test]
    fn a_device_stays_known_when_the_key_is_replaced() {
        let (old, account, device) = (new_signing_key().unwrap(), AccountId(Uuid::from_u128(1)), Uuid::from_u128(3));
        let (tokens, now) = (Tokens::new("a", KeySet::of(&old).unwrap()), Timestamp::from_millis(1_800_000_000_000));
        let mark = tokens.mark_device(account, device, now).unwrap();
        let retired = RetiredKey { public: KeySet::of(&old).unwrap().public(), retired_at: now };
        tokens.replace_keys(KeySet::new(&new_signing_key().unwrap(), &[retired]).unwrap());
        assert_eq!(tokens.known_device(&mark, account, now.plus_seconds(LIFE_SECONDS - 1)), Some(device));
    }
}
