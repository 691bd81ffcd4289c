//! How long a sign-in lasts, and why it may end before (security.md 2.4, T-01).

use super::role::{Role, Roles};
use crate::domain::time::Timestamp;

/// A sign-in ends after twelve hours, whatever is refreshed.
pub const LIFE_MINUTES: i64 = 12 * 60;
/// Without a request for thirty minutes it is over.
pub const IDLE_MINUTES: i64 = 30;
/// For an administrator or an auditor, after fifteen: nobody's care waits for them.
pub const IDLE_MINUTES_OFFICE: i64 = 15;
/// What stops a drug is taken this much longer.
pub const LATE_MINUTES: i64 = 10;
/// More sign-ins than this at once end the one that was unused longest.
pub const MOST_AT_ONCE: usize = 5;
/// A request is noted at most this often for each sign-in, in seconds.
pub const NOTED_EVERY_SECONDS: i64 = 60;

words! {
    /// Why a sign-in ended before its time.
    pub enum SignInEnd {
        /// Its owner signed out.
        SignedOut = "signed_out",
        /// Its owner ended it from another device.
        EndedByOwner = "ended_by_owner",
        /// An administrator ended it.
        EndedByAdmin = "ended_by_admin",
        /// The password changed; what began before it counts no more.
        PasswordChanged = "password_changed",
        /// The second factor changed; what began before it counts no more.
        FactorChanged = "factor_changed",
        /// The person's roles or membership changed.
        MembershipChanged = "membership_changed",
        /// Two devices held the same refresh token: one of them is a thief's.
        RefreshReused = "refresh_reused",
        /// The person signed in on more devices than may be open at once.
        TooMany = "too_many",
        /// The wrong secret was given too often to prove presence.
        WrongSecrets = "wrong_secrets",
    }
}

/// How long somebody with these roles may be away, in minutes.
pub fn idle_minutes(roles: &Roles) -> i64 {
    if roles.hold_any(&[Role::Admin, Role::Auditor]) { IDLE_MINUTES_OFFICE } else { IDLE_MINUTES }
}

/// Whether a sign-in that was last used at `last_seen` has been left alone too long.
///
/// `late` is for what stops a drug: ten minutes more.
pub fn is_idle(roles: &Roles, last_seen: Timestamp, now: Timestamp, late: bool) -> bool {
    let grace = if late { LATE_MINUTES } else { 0 };
    now >= last_seen.plus_minutes(idle_minutes(roles).saturating_add(grace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nurse_may_be_away_for_half_an_hour_and_an_administrator_for_a_quarter() {
        let seen = Timestamp::from_millis(1_800_000_000_000);
        let [nurse, admin, both] =
            [vec![Role::Nurse], vec![Role::Admin], vec![Role::FrontDesk, Role::Auditor]].map(Roles::of);
        for (roles, minutes) in [(&nurse, 30), (&admin, 15), (&both, 15)] {
            let before = seen.plus_minutes(minutes).plus_millis(-1);
            assert!(!is_idle(roles, seen, before, false));
            assert!(is_idle(roles, seen, seen.plus_minutes(minutes), false));
            assert!(!is_idle(roles, seen, before.plus_minutes(10), true), "a stop counts ten minutes longer");
            assert!(is_idle(roles, seen, seen.plus_minutes(minutes + 10), true));
        }
    }
}
