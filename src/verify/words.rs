//! What a trail says last of each record, and of the facts that were written beside records.

use super::check::Body;
use crate::domain::digest::Sha256;
use crate::domain::event::EventKind;
use crate::domain::merkle::Hash;
use std::collections::HashMap;
use uuid::Uuid;

/// Events that changed no record that is kept, though their entries from before forms were numbered carry a hash.
const NOTES: [EventKind; 7] = [
    EventKind::SignInFailed,
    EventKind::SignInLimited,
    EventKind::PasswordDisabled,
    EventKind::PasswordChanged,
    EventKind::TokenRefreshed,
    EventKind::RefreshReplaced,
    EventKind::SigningTokenIssued,
];

/// The last word about one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The entry.
    pub seq: u64,
    /// The version of the form that was hashed; none in an entry from before it was noted.
    pub v: Option<i64>,
    /// The hash of the record's canonical form.
    pub hash: Hash,
}

/// Every last word of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastWords {
    /// Of each record, by kind and id.
    pub of: HashMap<(String, Uuid), Word>,
    /// The entry that each fact was written with, by the fact's hash.
    pub facts: HashMap<Hash, u64>,
    /// How many entries about a record are from before facts had a hash of their own.
    pub before_facts: HashMap<(String, Uuid), u64>,
}

impl LastWords {
    pub(super) fn note(&mut self, body: &Body<'_>, seq: u64) {
        if body.outcome != "success" {
            return;
        }
        let Some((kind, id)) = body.object.as_deref().and_then(|object| object.split_once('/')) else { return };
        let (Ok(id), Some(hash)) = (Uuid::parse_str(id), body.record_sha256.as_deref().and_then(Sha256::parse)) else {
            return;
        };
        if body.record_v.is_none() {
            if NOTES.iter().any(|note| note.as_str() == body.action) {
                return;
            }
            *self.before_facts.entry((kind.to_owned(), id)).or_default() += 1;
        }
        if let Some(fact) = body.fact_sha256.as_deref().and_then(Sha256::parse) {
            self.facts.insert(fact.0, seq);
        }
        self.of.insert((kind.to_owned(), id), Word { seq, v: body.record_v, hash: hash.0 });
    }
}
