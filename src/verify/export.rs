//! An export: one trail as lines of JSON, with its checkpoints and proofs, for whoever verifies it elsewhere.
//!
//! ```text
//! {"type":"trail","v":1,"clinic_id":"…","size":418}
//! {"type":"checkpoint","note":"…"}
//! {"type":"entry","seq":1,"leaf_sha256":"…","body":"…"}
//! {"type":"leaf","seq":2,"leaf_sha256":"…"}
//! {"type":"consistency","from":100,"size":418,"proof_sha256":["…"]}
//! {"type":"inclusion","seq":1,"size":418,"proof_sha256":["…"]}
//! ```
//!
//! Bodies hold ids, words and hashes; details with lists of patients stay at home. Outside of the range that was asked
//! for an entry is its leaf alone: enough to hold the range against the checkpoints, and it tells nothing.

use super::check::{Entry, Head, Walk};
use super::copy::{is_of, signed};
use super::{Checked, Fault, Finding, Outcome};
use crate::domain::audit_entry::hex;
use crate::domain::checkpoint::{Checkpoint, Note};
use crate::domain::digest::Sha256;
use crate::domain::id::ClinicId;
use crate::domain::merkle::{self, Hash, proves_consistency, proves_inclusion};
use crate::store::DatabaseCopy;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead, Write};

/// Proofs lead from so many of the newest checkpoints to the last one.
const PROVED_CHECKPOINTS: usize = 20;

/// Which entries are told, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: i64,
    /// The last; none for the end of the trail.
    pub to: Option<i64>,
}

impl Range {
    /// All of them.
    pub const ALL: Self = Self { from: 1, to: None };

    fn holds(self, seq: i64) -> bool {
        seq >= self.from && self.to.is_none_or(|to| seq <= to)
    }
}

/// Writes one trail, and a proof for each entry of `prove`.
///
/// # Errors
/// When the copy cannot be read or the export not be written, or when an entry to be proved is under no checkpoint.
pub fn write(
    copy: &mut DatabaseCopy,
    clinic: ClinicId,
    range: Range,
    prove: &[u32],
    out: &mut impl Write,
) -> io::Result<()> {
    let head = copy.trails().map_err(io::Error::other)?.into_iter().find(|(known, _)| *known == clinic);
    let size = head.and_then(|(_, head)| head).map(|(size, _)| size);
    let size = size.ok_or_else(|| io::Error::other("there is no trail of this clinic"))?;
    let mut line = |value: Value| writeln!(out, "{value}");
    line(json!({"type": "trail", "v": 1, "clinic_id": clinic.to_string(), "size": size}))?;
    let checkpoints = copy.checkpoints(clinic).map_err(io::Error::other)?;
    for checkpoint in &checkpoints {
        line(json!({"type": "checkpoint", "note": checkpoint.note}))?;
    }
    let mut after = 0;
    loop {
        let page = copy.entries(clinic, after, 2_000).map_err(io::Error::other)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            let unread = || io::Error::other(format!("entry {} cannot be read", entry.seq));
            let (seq, row) = (entry.seq, entry.row.as_ref().ok_or_else(unread)?);
            let leaf = hex(&row.leaf);
            line(if range.holds(seq) {
                json!({"type": "entry", "seq": seq, "leaf_sha256": leaf, "body": row.body})
            } else {
                json!({"type": "leaf", "seq": seq, "leaf_sha256": leaf})
            })?;
        }
    }
    let Some(newest) = checkpoints.last() else {
        return if prove.is_empty() { Ok(()) } else { Err(io::Error::other("nothing of this trail was signed yet")) };
    };
    let leaves = copy.leaves(clinic, newest.size).map_err(io::Error::other)?;
    let texts = |proof: Vec<Hash>| proof.iter().map(|hash| hex(hash)).collect::<Vec<_>>();
    for old in checkpoints.iter().rev().skip(1).take(PROVED_CHECKPOINTS) {
        let proof = usize::try_from(old.size).ok().and_then(|old| merkle::consistency(&leaves, old));
        let proof = texts(proof.unwrap_or_default());
        line(json!({"type": "consistency", "from": old.size, "size": newest.size, "proof_sha256": proof}))?;
    }
    for seq in prove {
        let index = usize::try_from(*seq).ok().and_then(|seq| seq.checked_sub(1));
        let proof = index.and_then(|index| merkle::inclusion(&leaves, index));
        let proof = texts(proof.ok_or_else(|| io::Error::other(format!("entry {seq} is under no checkpoint")))?);
        line(json!({"type": "inclusion", "seq": seq, "size": newest.size, "proof_sha256": proof}))?;
    }
    Ok(())
}

/// A line as it is read: what its type needs is asked for where it is used.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    v: Option<u64>,
    #[serde(borrow, default)]
    clinic_id: Option<Cow<'a, str>>,
    #[serde(default)]
    size: Option<i64>,
    #[serde(default)]
    seq: Option<i64>,
    #[serde(default)]
    from: Option<u64>,
    #[serde(borrow, default)]
    leaf_sha256: Option<Cow<'a, str>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(borrow, default)]
    note: Option<Cow<'a, str>>,
    #[serde(default)]
    proof_sha256: Vec<String>,
}

/// Verifies an export; `notes` are checkpoints kept outside of it, `key` the public key that signs them.
///
/// # Errors
/// When it cannot be read as an export.
pub fn verify(mut text: impl BufRead, notes: &[Note], key: Option<&[u8; 32]>) -> io::Result<Outcome<Checked>> {
    let unusable = |what: &str| io::Error::other(format!("this is no export of a trail: {what}"));
    let mut buffer = String::new();
    text.read_line(&mut buffer)?;
    let first: Line<'_> = serde_json::from_str(&buffer).map_err(|_| unusable("its first line does not say so"))?;
    if first.kind != "trail" || first.v != Some(1) {
        return Err(unusable("its first line does not say so"));
    }
    let clinic = first.clinic_id.as_deref().and_then(|id| uuid::Uuid::parse_str(id).ok()).map(ClinicId);
    let clinic = clinic.ok_or_else(|| unusable("it names no clinic"))?;
    let size = first.size.ok_or_else(|| unusable("it has no size"))?;
    let mut reading = Reading { clinic, key, vouched: Vec::new(), walk: None, leaves: Vec::new() };
    for note in notes.iter().filter(|note| is_of(note, clinic)) {
        match signed(clinic, note, key) {
            Ok(root) => reading.vouched.push(root),
            Err(finding) => return Ok(Err(finding)),
        }
    }
    loop {
        buffer.clear();
        if text.read_line(&mut buffer)? == 0 {
            break;
        }
        let line: Line<'_> = serde_json::from_str(&buffer).map_err(|_| unusable("a line is no JSON of ours"))?;
        if let Err(finding) = reading.take(line) {
            return Ok(Err(finding));
        }
    }
    Ok(reading.finish(size))
}

/// An export that is being read.
struct Reading<'a> {
    clinic: ClinicId,
    key: Option<&'a [u8; 32]>,
    vouched: Vec<(u64, Hash)>,
    /// Begun with the first entry: checkpoints stand before.
    walk: Option<Walk>,
    leaves: Vec<Hash>,
}

impl Reading<'_> {
    fn walk(&mut self) -> Outcome<&mut Walk> {
        let begun = match self.walk.take() {
            Some(walk) => walk,
            None => Walk::against(self.clinic, self.vouched.iter().copied())?,
        };
        Ok(self.walk.insert(begun))
    }

    fn take(&mut self, line: Line<'_>) -> Outcome<()> {
        let next = u64::try_from(self.leaves.len()).unwrap_or(u64::MAX) + 1;
        let leaf = line.leaf_sha256.as_deref().and_then(Sha256::parse).map(|hash| hash.0);
        match line.kind.as_ref() {
            "checkpoint" => {
                let note = line.note.as_deref().and_then(Checkpoint::read);
                let note = note.ok_or_else(|| Finding::new(0, Fault::Checkpoint, "a checkpoint is no signed note"))?;
                if self.walk.is_some() {
                    return Err(Finding::new(0, Fault::Checkpoint, "a checkpoint stands behind the entries"));
                }
                self.vouched.push(signed(self.clinic, &note, self.key)?);
            }
            "entry" => {
                let leaf = leaf.ok_or_else(|| Finding::new(next, Fault::Altered, "its leaf is no hash"))?;
                let (seq, body) = (line.seq.unwrap_or_default(), Some(line.body.unwrap_or_default()));
                self.walk()?.step(&Entry { seq, body, leaf: leaf.to_vec(), ..Entry::default() })?;
                self.leaves.push(leaf);
            }
            "leaf" => {
                let leaf = leaf.ok_or_else(|| Finding::new(next, Fault::Altered, "its leaf is no hash"))?;
                self.walk()?.step_leaf(line.seq.unwrap_or_default(), leaf)?;
                self.leaves.push(leaf);
            }
            "consistency" | "inclusion" => {
                if !self.proves(&line) {
                    let seq = line.from.or(line.seq.and_then(|seq| u64::try_from(seq).ok())).unwrap_or(0);
                    return Err(Finding::new(seq, Fault::Altered, "a proof about it proves nothing"));
                }
            }
            _ => return Err(Finding::new(next, Fault::Inserted, "there is a line of no kind of ours")),
        }
        Ok(())
    }

    fn proves(&self, line: &Line<'_>) -> bool {
        let roots: HashMap<u64, Hash> = self.vouched.iter().copied().collect();
        let proof = line.proof_sha256.iter().map(|text| Sha256::parse(text).map(|hash| hash.0));
        let (Some(proof), Some(size)) = (proof.collect::<Option<Vec<_>>>(), line.size) else { return false };
        let Some((size, root)) = u64::try_from(size).ok().and_then(|size| Some((size, roots.get(&size)?))) else {
            return false;
        };
        if let Some(from) = line.from {
            return roots.get(&from).is_some_and(|old| proves_consistency((from, old), (size, root), &proof));
        }
        let Some(index) = line.seq.and_then(|seq| u64::try_from(seq).ok()?.checked_sub(1)) else { return false };
        let leaf = usize::try_from(index).ok().and_then(|index| self.leaves.get(index));
        leaf.is_some_and(|leaf| proves_inclusion(*leaf, index, size, &proof, root))
    }

    fn finish(mut self, size: i64) -> Outcome<Checked> {
        self.walk()?;
        let walk = self.walk.take().unwrap_or_default();
        walk.finish(Some(&Head { size, last_ts: None }))
    }
}
