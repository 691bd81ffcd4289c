//! How often a secret may be tried (security.md 2.2).
//!
//! Somebody who guesses meets three limits: one for this account from this address, one for the address, and one for
//! the account from everywhere. A device that its owner has signed in on has one of its own instead, and is not slowed
//! by the others: nobody is locked out in the middle of an infusion because a stranger guesses.

use crate::domain::time::Timestamp;

words! {
    /// What a limit counts.
    pub enum LimitKind {
        /// Attempts for one account from one address.
        AccountAddress = "account_address",
        /// Attempts from one address, whatever the account.
        Address = "address",
        /// Failures for one account from everywhere but known devices.
        Account = "account",
        /// Attempts and failures for one account on one known device.
        Device = "device",
    }
}

/// So many at once, then one each so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// How many at once.
    pub burst: i64,
    /// Seconds until one more.
    pub refill_seconds: i64,
}

/// The numbers; all of them are settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one account from one address, or on one known device.
    pub account: Bucket,
    /// For one address.
    pub address: Bucket,
    /// From this failure in a row on there is a wait after each.
    pub wait_from: i64,
    /// The first wait, in seconds; each next one is twice as long.
    pub first_wait_seconds: i64,
    /// The longest wait, in seconds.
    pub longest_wait_seconds: i64,
    /// After this many failures in a row the password opens nothing until it is reset.
    pub disabled_from: i64,
}

impl Limits {
    /// security.md REQ-AUTH-4.
    pub const DEFAULT: Self = Self {
        account: Bucket { burst: 5, refill_seconds: 60 },
        address: Bucket { burst: 20, refill_seconds: 6 },
        wait_from: 10,
        first_wait_seconds: 30,
        longest_wait_seconds: 900,
        disabled_from: 100,
    };

    /// How long to wait after this many failures in a row, in seconds.
    pub fn wait_seconds(&self, failures: i64) -> i64 {
        let Ok(doublings) = u32::try_from(failures.saturating_sub(self.wait_from)) else { return 0 };
        let factor = 1_i64.checked_shl(doublings).filter(|factor| *factor > 0).unwrap_or(i64::MAX);
        self.first_wait_seconds.saturating_mul(factor).min(self.longest_wait_seconds)
    }
}

/// What a limit has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// When its bucket is full again.
    pub full_at: Timestamp,
    /// Attempts that did not succeed, in a row. One that is being looked at counts already.
    pub failures: i64,
    /// When the last of them began.
    pub last_at: Timestamp,
}

/// Why an attempt is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Too often: come again then.
    Until(Timestamp),
    /// The password opens nothing until it is reset.
    Disabled,
}

impl Count {
    /// Nothing yet.
    pub const fn none(now: Timestamp) -> Self {
        Self { full_at: now, failures: 0, last_at: now }
    }

    /// Takes one attempt: what is counted then.
    ///
    /// # Errors
    /// [`Refused`], and nothing is counted.
    pub fn take(self, kind: LimitKind, limits: &Limits, now: Timestamp) -> Result<Self, Refused> {
        let bucket = match kind {
            LimitKind::AccountAddress | LimitKind::Device => Some(limits.account),
            LimitKind::Address => Some(limits.address),
            LimitKind::Account => None,
        };
        let mut taken = self;
        if matches!(kind, LimitKind::Account | LimitKind::Device) {
            if self.failures >= limits.disabled_from {
                return Err(Refused::Disabled);
            }
            let open_at = self.last_at.plus_seconds(limits.wait_seconds(self.failures));
            if self.failures > 0 && now < open_at {
                return Err(Refused::Until(open_at));
            }
            taken.failures = self.failures.saturating_add(1);
            taken.last_at = now;
        }
        if let Some(Bucket { burst, refill_seconds }) = bucket {
            let full_at = self.full_at.max(now).plus_seconds(refill_seconds);
            let open_at = full_at.plus_seconds(burst.saturating_mul(refill_seconds).saturating_neg());
            if now < open_at {
                return Err(Refused::Until(open_at));
            }
            taken.full_at = full_at;
        }
        Ok(taken)
    }

    /// When nothing of it matters any more, but for the failures.
    pub fn full_by(&self, now: Timestamp) -> Timestamp {
        self.full_at.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::DEFAULT;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000).plus_seconds(seconds)
    }

    /// When attempts that come as often as they may are let in, in seconds.
    fn schedule(kind: LimitKind, attempts: usize) -> Vec<i64> {
        let (mut count, mut now, mut times) = (Count::none(at(0)), at(0), Vec::new());
        while times.len() < attempts {
            match count.take(kind, &LIMITS, now) {
                Ok(taken) => {
                    count = taken;
                    times.push(now.since(at(0)) / 1000);
                }
                Err(Refused::Until(open)) => {
                    assert!(open > now, "told to come again at once");
                    now = open;
                }
                Err(Refused::Disabled) => break,
            }
        }
        times
    }

    #[test]
    fn one_address_has_five_tries_for_an_account_and_then_one_a_minute() {
        assert_eq!(schedule(LimitKind::AccountAddress, 8), [0, 0, 0, 0, 0, 60, 120, 180]);
    }

    #[test]
    fn one_address_has_twenty_tries_and_then_ten_a_minute() {
        let times = schedule(LimitKind::Address, 31);
        assert_eq!(times[..20], [0; 20]);
        assert_eq!(times[20..], [6, 12, 18, 24, 30, 36, 42, 48, 54, 60, 66]);
    }

    #[test]
    fn from_the_tenth_failure_the_wait_doubles_from_half_a_minute_to_a_quarter_of_an_hour() {
        let times = schedule(LimitKind::Account, 18);
        let waits: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits[..9], [0; 9]);
        assert_eq!(waits[9..], [30, 60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn after_a_hundred_failures_the_password_opens_nothing() {
        assert_eq!(schedule(LimitKind::Account, 200).len(), 100);
        assert_eq!(schedule(LimitKind::Device, 200).len(), 100);
    }

    #[test]
    fn a_clock_that_was_set_back_opens_nothing_and_does_not_lock_for_ever() {
        let count = Count { full_at: at(300), failures: 12, last_at: at(0) };
        assert_eq!(count.take(LimitKind::Account, &LIMITS, at(-3600)), Err(Refused::Until(at(120))));
        assert!(count.take(LimitKind::Account, &LIMITS, at(120)).is_ok());
    }
}
