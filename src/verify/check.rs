//! Goes through a trail entry by entry and names the first thing that is not as it was written.
//!
//! It knows nothing of a server or a database: entries, checkpoints and the head are handed to it. An entry whose body
//! and leaf were changed together shows only under a checkpoint; it is then named as a range, since the checkpoint
//! before it was still right.

use super::{Checked, Fault, Finding, Outcome};
use crate::domain::audit_entry::{detail_hash, hex, leaf_hash};
use crate::domain::digest::Sha256;
use crate::domain::merkle::{Frontier, Hash};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// An entry as a copy of the database or an export holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The number of its row.
    pub seq: i64,
    /// The exact text that was hashed.
    pub body: String,
    /// The leaf as it was stored.
    pub leaf: Vec<u8>,
    /// The columns beside the body, by the body's names for them; an export has none.
    pub columns: Vec<(&'static str, Value)>,
    /// The patients it is about, in order of id; none in an export.
    pub subjects: Option<Vec<String>>,
    /// Salt and text of its detail; an export has none.
    pub detail: Option<([u8; 16], String)>,
}

/// The end of the trail as the head row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub size: i64,
    /// The time of the last one, as the trail writes it.
    pub last_ts: String,
}

/// The last word of the trail about each record: the entry, and the hash of the canonical form.
pub type LastWords = HashMap<(String, Uuid), (u64, Option<Hash>)>;

/// A walk through one trail.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    frontier: Frontier,
    checkpoints: BTreeMap<u64, Hash>,
    /// The size of the last checkpoint that was right.
    sealed: u64,
    last_ts: String,
    words: LastWords,
}

impl Walk {
    /// A walk that will be held against these checkpoints: size and root.
    ///
    /// # Errors
    /// When two of one size say different things.
    pub fn against(checkpoints: impl IntoIterator<Item = (u64, Hash)>) -> Outcome<Self> {
        let mut walk = Self::default();
        for (size, root) in checkpoints {
            if walk.checkpoints.insert(size, root).is_some_and(|known| known != root) {
                return Err(Finding::new(size, Fault::Checkpoint, "two checkpoints of this size differ"));
            }
        }
        Ok(walk)
    }

    /// The next entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn step(&mut self, entry: &Entry) -> Outcome<()> {
        let expected = self.frontier.size() + 1;
        let found = |fault, text: &str| Err(Finding::new(expected, fault, text));
        match u64::try_from(entry.seq) {
            Ok(seq) if seq > expected => return found(Fault::Removed, "this entry is not there"),
            Ok(seq) if seq == expected => {}
            _ => return found(Fault::Inserted, "an entry has a number that was used before"),
        }
        let leaf = leaf_hash(entry.body.as_bytes());
        if entry.leaf != leaf {
            return found(Fault::Altered, "its body is not what was hashed");
        }
        let Ok(body) = serde_json::from_str::<Value>(&entry.body) else {
            return found(Fault::Altered, "its body cannot be read");
        };
        if body["seq"].as_u64() != Some(expected) {
            return found(Fault::Swapped, "its body was written under another number");
        }
        let ts = body["ts"].as_str().unwrap_or_default();
        if ts < self.last_ts.as_str() {
            return found(Fault::Altered, "it is older than the entry before it");
        }
        ts.clone_into(&mut self.last_ts);
        if let Some((name, _)) = entry.columns.iter().find(|(name, value)| column(&body, name) != *value) {
            return found(Fault::Altered, &format!("the column {name} does not say what its body says"));
        }
        if !subjects_fit(&body, entry) {
            return found(Fault::Altered, "its detail or its list of patients is not what was written");
        }
        self.note(&body, expected);
        self.frontier.push(leaf);
        match self.checkpoints.get(&expected) {
            Some(root) if *root != self.frontier.root() => {
                let first = self.sealed + 1;
                let text = format!("an entry from {first} to {expected} is not the one that was signed");
                Err(Finding::new(first, Fault::Altered, &text))
            }
            Some(_) => {
                self.sealed = expected;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn note(&mut self, body: &Value, seq: u64) {
        let Some((kind, id)) = body["object"].as_str().and_then(|object| object.split_once('/')) else { return };
        let Ok(id) = Uuid::parse_str(id) else { return };
        let hash = body["record_sha256"].as_str().and_then(Sha256::parse).map(|hash| hash.0);
        self.words.insert((kind.to_owned(), id), (seq, hash));
    }

    /// The end.
    ///
    /// # Errors
    /// When entries are missing at the end, or are more than were counted.
    pub fn finish(self, head: Option<&Head>) -> Outcome<Checked> {
        let size = self.frontier.size();
        let signed = self.checkpoints.keys().next_back().copied().unwrap_or(0);
        if signed > size {
            let text = format!("the trail ends here, but had {signed} entries when it was signed");
            return Err(Finding::new(size + 1, Fault::RolledBack, &text));
        }
        if let Some(head) = head {
            let counted = u64::try_from(head.size).unwrap_or(0);
            if counted > size {
                return Err(Finding::new(size + 1, Fault::RolledBack, "the trail ends here, but its head counts more"));
            }
            if counted < size {
                return Err(Finding::new(counted + 1, Fault::Inserted, "the head counts fewer entries"));
            }
            if size > 0 && head.last_ts != self.last_ts {
                return Err(Finding::new(size, Fault::Altered, "the head does not have the time of the last entry"));
            }
        }
        Ok(Checked { size, root: self.frontier.root(), sealed: self.sealed, words: self.words })
    }
}

/// What the body says of a column.
fn column(body: &Value, name: &str) -> Value {
    match name {
        "actor_id" => body["actor"]["id"].clone(),
        "object_kind" | "object_id" => {
            let parts = body["object"].as_str().and_then(|object| object.split_once('/'));
            let part = parts.map(|(kind, id)| if name == "object_kind" { kind } else { id });
            part.map_or(Value::Null, Value::from)
        }
        other => body[other].clone(),
    }
}

/// Whether detail and patients are bound by the body: one patient stands in it, more in a detail with a salted hash.
fn subjects_fit(body: &Value, entry: &Entry) -> bool {
    let Some(subjects) = &entry.subjects else { return true };
    match (&entry.detail, body["detail_sha256"].as_str()) {
        (None, None) => body["patient_id"].as_str().map_or(subjects.is_empty(), |only| *subjects == [only]),
        (Some((salt, text)), Some(bound)) => {
            let Ok(detail) = serde_json::from_str::<Value>(text) else { return false };
            hex(&detail_hash(salt, text.as_bytes())) == bound && detail["patients"] == Value::from(subjects.clone())
        }
        _ => false,
    }
}
