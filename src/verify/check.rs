//! Goes through a trail entry by entry and names the first thing that is not as it was written.
//!
//! It knows nothing of a server or a database: entries, checkpoints and the head are handed to it. An entry whose body
//! and leaf were changed together shows only under a checkpoint; it is then named as a range, since the checkpoint
//! before it was still right.

use super::words::LastWords;
use super::{Checked, Fault, Finding, Outcome};
use crate::domain::audit_entry::{detail_hash, hex, leaf_hash};
use crate::domain::event::EventKind;
use crate::domain::id::ClinicId;
use crate::domain::merkle::{Frontier, Hash};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An entry as a copy of the database or an export holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The number of its row.
    pub seq: i64,
    /// The exact text that was hashed; none when the row cannot be read.
    pub body: Option<String>,
    /// The leaf as it was stored.
    pub leaf: Vec<u8>,
    /// The columns beside the body; an export has none.
    pub columns: Option<Columns>,
    /// The patients it is about, in order of id; none in an export.
    pub subjects: Option<Vec<String>>,
    /// Salt and text of its detail, without the text when that was erased; an export has none.
    pub detail: Option<(Vec<u8>, Option<String>)>,
}

/// The columns that repeat what the body says, to search by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// When, as the trail writes it.
    pub ts: String,
    /// The member of staff.
    pub actor_id: Option<String>,
    /// What happened.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// The kind of record.
    pub object_kind: Option<String>,
    /// The record.
    pub object_id: Option<String>,
    /// The request.
    pub request_id: String,
}

/// The end of the trail as the head row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub size: i64,
    /// The time of the last one, as the trail writes it; an export does not have it.
    pub last_ts: Option<String>,
}

/// The parts of a body that are looked at; the hash binds the rest.
#[derive(Debug, Deserialize)]
pub(super) struct Body<'a> {
    pub(super) seq: u64,
    #[serde(borrow)]
    pub(super) ts: Cow<'a, str>,
    #[serde(borrow)]
    actor: Actor<'a>,
    #[serde(borrow)]
    pub(super) action: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) outcome: Cow<'a, str>,
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    #[serde(borrow)]
    clinic_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    patient_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) object: Option<Cow<'a, str>>,
    #[serde(default)]
    object_version: Option<u64>,
    #[serde(borrow, default)]
    pub(super) record_sha256: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) record_v: Option<i64>,
    #[serde(borrow, default)]
    pub(super) fact_sha256: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    detail_sha256: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Actor<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

/// A walk through one trail.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// Whose trail; none for the installation's own.
    clinic: Option<String>,
    frontier: Frontier,
    checkpoints: BTreeMap<u64, Hash>,
    /// The size of the last checkpoint that was right.
    sealed: u64,
    last_ts: String,
    /// Entries whose detail is erased, until an entry says so; with their requests.
    erased: BTreeMap<u64, String>,
    words: LastWords,
}

impl Walk {
    /// A walk through this clinic's trail that will be held against these checkpoints: size and root.
    ///
    /// # Errors
    /// When two of one size say different things.
    pub fn against(clinic: ClinicId, checkpoints: impl IntoIterator<Item = (u64, Hash)>) -> Outcome<Self> {
        let clinic = (!clinic.0.is_nil()).then(|| clinic.to_string());
        let mut walk = Self { clinic, ..Self::default() };
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
        let Some(text) = &entry.body else { return found(Fault::Altered, "its row cannot be read") };
        let leaf = leaf_hash(text.as_bytes());
        if entry.leaf != leaf {
            return found(Fault::Altered, "its body is not what was hashed");
        }
        let Ok(body) = serde_json::from_str::<Body<'_>>(text) else {
            return found(Fault::Altered, "its body cannot be read");
        };
        if body.seq != expected {
            return found(Fault::Swapped, "its body was written under another number");
        }
        if body.clinic_id.as_deref() != self.clinic.as_deref() {
            return found(Fault::Swapped, "it is an entry of another trail");
        }
        if *body.ts < *self.last_ts {
            return found(Fault::Altered, "it is older than the entry before it");
        }
        body.ts.as_ref().clone_into(&mut self.last_ts);
        if let Some(name) = entry.columns.as_ref().and_then(|columns| columns.unlike(&body)) {
            return found(Fault::Altered, &format!("the column {name} does not say what its body says"));
        }
        if !self.subjects_fit(&body, entry) {
            return found(Fault::Altered, "its detail or its list of patients is not what was written");
        }
        self.note_erasure(&body);
        self.words.note(&body, expected);
        self.frontier.push(leaf);
        self.seal(expected)
    }

    /// An entry of which only the leaf is at hand.
    ///
    /// # Errors
    /// When its number is wrong, or a checkpoint shows that a leaf is not the one that was signed.
    pub fn step_leaf(&mut self, seq: i64, leaf: Hash) -> Outcome<()> {
        let expected = self.frontier.size() + 1;
        match u64::try_from(seq) {
            Ok(seq) if seq > expected => Err(Finding::new(expected, Fault::Removed, "this entry is not there")),
            Ok(seq) if seq == expected => {
                self.frontier.push(leaf);
                self.seal(expected)
            }
            _ => Err(Finding::new(expected, Fault::Inserted, "an entry has a number that was used before")),
        }
    }

    /// Holds what was walked so far against the checkpoint of this size, if there is one.
    fn seal(&mut self, size: u64) -> Outcome<()> {
        let Some(root) = self.checkpoints.get(&size) else { return Ok(()) };
        if *root == self.frontier.root() {
            self.sealed = size;
            return Ok(());
        }
        let first = self.sealed + 1;
        let text = format!("an entry from {first} to {size} is not the one that was signed");
        Err(Finding::new(first, Fault::Altered, &text))
    }

    /// Whether detail and patients are bound by the body: one patient stands in it, more in a detail with a salted
    /// hash. Where the detail is erased the list of patients is gone with it, and an entry has to say so.
    fn subjects_fit(&mut self, body: &Body<'_>, entry: &Entry) -> bool {
        let Some(subjects) = &entry.subjects else { return true };
        match (&entry.detail, body.detail_sha256.as_deref()) {
            (None, None) => body.patient_id.as_deref().map_or(subjects.is_empty(), |only| *subjects == [only]),
            (Some((_, None)), Some(_)) => {
                self.erased.insert(body.seq, body.request_id.as_ref().to_owned());
                subjects.is_empty()
            }
            (Some((salt, Some(text))), Some(bound)) => {
                let Ok(salt) = <[u8; 16]>::try_from(salt.as_slice()) else { return false };
                let listed = serde_json::from_str::<Detail<'_>>(text).is_ok_and(|detail| detail.patients == *subjects);
                listed && hex(&detail_hash(&salt, text.as_bytes())) == bound
            }
            _ => false,
        }
    }

    /// An entry about an erasure names the entry whose detail went, by its number and its request.
    fn note_erasure(&mut self, body: &Body<'_>) {
        if body.action != EventKind::DetailErased.as_str() || body.outcome != "success" {
            return;
        }
        let request = body.object.as_deref().and_then(|object| object.strip_prefix("audit_detail/"));
        if let (Some(seq), Some(request)) = (body.object_version, request)
            && self.erased.get(&seq).is_some_and(|known| known == request)
        {
            self.erased.remove(&seq);
        }
    }

    /// The end.
    ///
    /// # Errors
    /// When entries are missing at the end, or are more than were counted, or a detail is gone without a word.
    pub fn finish(self, head: Option<&Head>) -> Outcome<Checked> {
        let size = self.frontier.size();
        let signed = self.checkpoints.keys().next_back().copied().unwrap_or(0);
        if let Some(seq) = self.erased.keys().next() {
            return Err(Finding::new(*seq, Fault::Altered, "its detail was erased, and no entry says so"));
        }
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
            if size > 0 && head.last_ts.as_ref().is_some_and(|last| *last != self.last_ts) {
                return Err(Finding::new(size, Fault::Altered, "the head does not have the time of the last entry"));
            }
        }
        Ok(Checked { size, root: self.frontier.root(), sealed: self.sealed, words: self.words })
    }
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    patients: Vec<Cow<'a, str>>,
}

impl Columns {
    /// The first column that does not say what the body says.
    fn unlike(&self, body: &Body<'_>) -> Option<&'static str> {
        let object = body.object.as_deref().and_then(|object| object.split_once('/'));
        let same = [
            ("at", self.ts == body.ts),
            ("actor_id", self.actor_id.as_deref() == body.actor.id.as_deref()),
            ("action", self.action == body.action),
            ("outcome", self.outcome == body.outcome),
            ("object_kind", self.object_kind.as_deref() == object.map(|(kind, _)| kind)),
            ("object_id", self.object_id.as_deref() == object.map(|(_, id)| id)),
            ("request_id", self.request_id == body.request_id),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}
