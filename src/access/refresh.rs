//! What becomes of a refresh token that is presented: theft, two tabs at once and a lost answer told apart
//! (security.md 2.4).
//!
//! Each token is used once and names its successor. A token that is presented again is a copy in somebody's hands, or
//! the same client once more: because another tab was faster, or because the answer with the successor never arrived.
//! Whether the successor was ever used tells which; within [`RACE_SECONDS`] nobody is accused.
//!
//! Two requests that are in flight together cannot be told from a lost answer by any row: neither successor was used
//! yet. For [`IN_FLIGHT_SECONDS`] a repeat is therefore told to come again and changes nothing. Minting a second
//! successor at once would leave the first tab with tokens that are revoked already.
//!
//! A successor that was replaced as lost may still turn up: its answer was late, not lost. It stands for the token it
//! came from, so that it is judged by the successor that counts now.

use crate::domain::time::Timestamp;

/// A repeat this soon after a token was spent is another request of the same client that is still in flight.
pub const IN_FLIGHT_SECONDS: i64 = 2;
/// A repeat this soon after the successor was given is another tab, even when the successor was used.
pub const RACE_SECONDS: i64 = 10;

/// What the stored rows say of a token that is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It was not used yet.
    Fresh,
    /// It was used, or replaced as lost; this successor counts now.
    Spent(Successor),
}

/// The token that came after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Successor {
    /// When it was given.
    pub issued_at: Timestamp,
    /// Whether it, or the access token given with it, was ever used.
    pub used: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Spend it and give its successor.
    Rotate,
    /// The answer was lost: revoke the successor that nobody used, and give a new one.
    Replace,
    /// Another tab was faster: nothing changes, come again with what that tab was given.
    Raced,
    /// Two hold the same token: end the sign-in.
    Theft,
}

/// Judges a token of a sign-in that is in force.
pub fn decide(presented: Presented, now: Timestamp) -> Verdict {
    let Presented::Spent(successor) = presented else { return Verdict::Rotate };
    let age = now.since(successor.issued_at);
    let window = if successor.used { RACE_SECONDS } else { IN_FLIGHT_SECONDS };
    if age <= window.saturating_mul(1000) {
        Verdict::Raced
    } else if successor.used {
        Verdict::Theft
    } else {
        Verdict::Replace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds_millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + seconds_millis)
    }

    fn spent(used: bool) -> Presented {
        Presented::Spent(Successor { issued_at: at(0), used })
    }

    #[test]
    fn theft_race_and_lost_answer_are_told_apart_by_use_and_time() {
        let table = [
            (Presented::Fresh, 0, Verdict::Rotate),
            (Presented::Fresh, 86_400_000, Verdict::Rotate),
            (spent(false), 0, Verdict::Raced),
            (spent(false), 2_000, Verdict::Raced),
            (spent(false), 2_001, Verdict::Replace),
            (spent(false), 10_001, Verdict::Replace),
            (spent(false), 86_400_000, Verdict::Replace),
            (spent(true), 0, Verdict::Raced),
            (spent(true), 10_000, Verdict::Raced),
            (spent(true), 10_001, Verdict::Theft),
            (spent(true), 86_400_000, Verdict::Theft),
        ];
        for (presented, millis, verdict) in table {
            assert_eq!(decide(presented, at(millis)), verdict, "{presented:?} after {millis} ms");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_accused_unless_the_successor_was_used(used: bool, millis in -3_600_000_i64..86_400_000) {
            let verdict = decide(spent(used), at(millis));
            prop_assert!(verdict != Verdict::Rotate, "a spent token is never good again");
            prop_assert_eq!(verdict == Verdict::Theft, used && millis > 10_000);
            prop_assert_eq!(verdict == Verdict::Replace, !used && millis > 2_000);
        }
    }
}
