//! How ketamine is given, and the people of an act: the small words every clinical rule shares.

use super::id::{AccountId, StaffId};

words! {
    /// The way the drug enters. Milligrams of different routes are never added up without naming the route.
    pub enum Route {
        /// Intravenous infusion by pump.
        Iv = "iv",
        /// Breath-actuated nebulizer: the nominal dose is not the absorbed dose.
        Nebulized = "nebulized",
    }

    /// Whether an entry asks for something or states what happened (decisions.md 1).
    pub enum Basis {
        /// Somebody is about to do it: guarded.
        AboutTo = "about_to",
        /// It happened: saved, whatever the rules say; only the impossible is refused.
        Done = "done",
    }

    /// How an entry of [`Basis::Done`] came into the record.
    pub enum EntrySource {
        /// Charted live, or late by the person who was there.
        LiveLate = "live_late",
        /// Replayed from a tablet that was offline.
        Offline = "offline",
        /// Copied from paper.
        Paper = "paper",
        /// A correction of an earlier entry.
        Correction = "correction",
    }
}

/// A person in an act. Two sign-ins of one human share the account and count as one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The membership that signs.
    pub staff: StaffId,
    /// The human behind it.
    pub account: AccountId,
}

impl Person {
    /// Whether both are the same human.
    pub fn is(self, other: Self) -> bool {
        self.account == other.account
    }
}
