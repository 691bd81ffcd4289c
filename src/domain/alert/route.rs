//! Who an alert goes to: the person in charge, or everybody when that person cannot be reached (decisions.md 11, 35).

use super::Alert;
use crate::domain::id::StaffId;
use crate::domain::monitoring::Level;
use crate::domain::time::Timestamp;

words! {
    /// Who an alert goes to.
    pub enum AlertRoute {
        /// The person in charge of the visit.
        Owner = "owner",
        /// The prescribers and every device of the clinic at once.
        Everybody = "everybody",
    }
}

/// What is known about the person in charge of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub staff: StaffId,
    /// Whether they work here still: a membership in force, and an account that is not disabled.
    pub works_here: bool,
    /// When one of their devices was last heard of; none when they are signed in nowhere.
    pub last_seen_at: Option<Timestamp>,
}

impl Owner {
    /// Whether an alert reaches this person. `silent_minutes`: the policy's `checks.silent_minutes`.
    pub fn is_reachable(&self, silent_minutes: i64, now: Timestamp) -> bool {
        let heard_of = self.last_seen_at.is_some_and(|seen| now.since(seen) <= silent_minutes * 60_000);
        self.works_here && heard_of
    }
}

impl Alert {
    /// Who it goes to now: what is critical to everybody, anything else to the person in charge who can be reached.
    pub fn route(&self, owner: Option<&Owner>, silent_minutes: i64, now: Timestamp) -> AlertRoute {
        let reachable = owner.is_some_and(|owner| owner.is_reachable(silent_minutes, now));
        if reachable && self.level < Level::Stop { AlertRoute::Owner } else { AlertRoute::Everybody }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_owner_is_reachable_who_works_here_and_was_heard_of_in_the_last_two_minutes() {
        let now = Timestamp::from_millis(600_000);
        let owner = |works_here, seconds_ago: Option<i64>| Owner {
            staff: StaffId(Uuid::from_u128(1)),
            works_here,
            last_seen_at: seconds_ago.map(|seconds| now.plus_seconds(-seconds)),
        };
        let table = [
            (owner(true, Some(0)), true),
            (owner(true, Some(120)), true),
            (owner(true, Some(121)), false),
            (owner(true, None), false),
            (owner(false, Some(0)), false),
        ];
        for (owner, reachable) in table {
            assert_eq!(owner.is_reachable(2, now), reachable, "{owner:?}");
        }
    }
}
