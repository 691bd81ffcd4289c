//! An export: one trail as lines of JSON, with its checkpoints and proofs, for whoever verifies it elsewhere.
//!
//! ```text
//! {"type":"trail","v":1,"clinic_id":"…","size":418}
//! {"type":"entry","seq":1,"leaf_sha256":"…","body":"…"}
//! {"type":"checkpoint","note":"…"}
//! {"type":"consistency","from":100,"size":418,"proof_sha256":["…"]}
//! {"type":"inclusion","seq":3,"size":418,"proof_sha256":["…"]}
//! ```
//!
//! Bodies hold ids, words and hashes; details with lists of patients stay at home.

use super::check::{Entry, Head, Walk};
use super::copy::signed;
use super::{Checked, Fault, Finding, Outcome};
use crate::domain::audit_entry::hex;
use crate::domain::checkpoint::{Checkpoint, Note};
use crate::domain::digest::Sha256;
use crate::domain::id::ClinicId;
use crate::domain::merkle::{self, Hash, proves_consistency, proves_inclusion};
use crate::store::DatabaseCopy;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, BufRead, Write};

/// Proofs lead from so many of the newest checkpoints to the last one.
const PROVED_CHECKPOINTS: usize = 20;

/// Writes one trail, and a proof for each entry of `prove`.
///
/// # Errors
/// When the copy cannot be read or the export not be written, or when an entry to be proved is under no checkpoint.
pub fn write(copy: &mut DatabaseCopy, clinic: ClinicId, prove: &[u32], out: &mut impl Write) -> io::Result<()> {
    let trails = copy.trails().map_err(io::Error::other)?;
    let size = trails.iter().find(|(known, ..)| *known == clinic).map(|(_, size, _)| *size);
    let size = size.ok_or_else(|| io::Error::other("there is no trail of this clinic"))?;
    let mut line = |value: Value| writeln!(out, "{value}");
    line(json!({"type": "trail", "v": 1, "clinic_id": clinic.to_string(), "size": size}))?;
    let mut after = 0;
    loop {
        let page = copy.entries(clinic, after, 2_000).map_err(io::Error::other)?;
        let Some(last) = page.last() else { break };
        after = last.row.seq;
        for entry in page {
            let row = entry.row;
            line(json!({"type": "entry", "seq": row.seq, "leaf_sha256": hex(&row.leaf), "body": row.body}))?;
        }
    }
    let checkpoints = copy.checkpoints(clinic).map_err(io::Error::other)?;
    for checkpoint in &checkpoints {
        line(json!({"type": "checkpoint", "note": checkpoint.note}))?;
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

/// Verifies an export; `notes` are checkpoints kept outside of it, `key` the public key that signs them.
///
/// # Errors
/// When it cannot be read as an export.
pub fn verify(text: impl BufRead, notes: &[Note], key: Option<&[u8; 32]>) -> io::Result<Outcome<Checked>> {
    let unusable = |what: &str| io::Error::other(format!("this is no export of a trail: {what}"));
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(serde_json::from_str::<Value>(&line?).map_err(|_| unusable("a line is no JSON"))?);
    }
    let first = lines.first().filter(|line| line["type"] == "trail" && line["v"] == 1);
    let first = first.ok_or_else(|| unusable("its first line does not say so"))?;
    let clinic = first["clinic_id"].as_str().and_then(|id| uuid::Uuid::parse_str(id).ok()).map(ClinicId);
    let clinic = clinic.ok_or_else(|| unusable("it names no clinic"))?;
    let size = first["size"].as_i64().ok_or_else(|| unusable("it has no size"))?;
    Ok(walk(&lines, (clinic, size), notes, key))
}

fn walk(lines: &[Value], (clinic, size): (ClinicId, i64), notes: &[Note], key: Option<&[u8; 32]>) -> Outcome<Checked> {
    let of_type = |wanted: &'static str| lines.iter().filter(move |line| line["type"] == wanted);
    let own = |note: &&Note| note.checkpoint.origin.ends_with(&format!("/{clinic}"));
    let mut vouched = notes.iter().filter(own).map(|note| signed(clinic, note, key)).collect::<Outcome<Vec<_>>>()?;
    for line in of_type("checkpoint") {
        let note = line["note"].as_str().and_then(Checkpoint::read);
        let note = note.ok_or_else(|| Finding::new(0, Fault::Checkpoint, "a checkpoint is no signed note"))?;
        vouched.push(signed(clinic, &note, key)?);
    }
    let roots: HashMap<u64, Hash> = vouched.iter().copied().collect();
    let mut walk = Walk::against(vouched)?;
    let (mut leaves, mut last_ts) = (Vec::new(), String::new());
    for line in of_type("entry") {
        let entry = Entry {
            seq: line["seq"].as_i64().unwrap_or_default(),
            body: line["body"].as_str().unwrap_or_default().to_owned(),
            leaf: hash(&line["leaf_sha256"]).map(Vec::from).unwrap_or_default(),
            ..Entry::default()
        };
        walk.step(&entry)?;
        leaves.extend(<Hash>::try_from(entry.leaf));
        let body: Value = serde_json::from_str(&entry.body).unwrap_or_default();
        body["ts"].as_str().unwrap_or_default().clone_into(&mut last_ts);
    }
    let checked = walk.finish(Some(&Head { size, last_ts }))?;
    for line in of_type("inclusion").chain(of_type("consistency")) {
        if !proves(line, &leaves, &roots) {
            let seq = line["seq"].as_u64().or(line["from"].as_u64()).unwrap_or(0);
            return Err(Finding::new(seq, Fault::Altered, "a proof about it proves nothing"));
        }
    }
    Ok(checked)
}

fn proves(line: &Value, leaves: &[Hash], roots: &HashMap<u64, Hash>) -> bool {
    let proof = line["proof_sha256"].as_array().map(|proof| proof.iter().map(hash).collect::<Option<Vec<_>>>());
    let Some(Some(proof)) = proof else { return false };
    let Some((size, root)) = line["size"].as_u64().and_then(|size| Some((size, roots.get(&size)?))) else {
        return false;
    };
    if let Some(from) = line["from"].as_u64() {
        return roots.get(&from).is_some_and(|old| proves_consistency((from, old), (size, root), &proof));
    }
    let Some(index) = line["seq"].as_u64().and_then(|seq| seq.checked_sub(1)) else { return false };
    let leaf = usize::try_from(index).ok().and_then(|index| leaves.get(index));
    leaf.is_some_and(|leaf| proves_inclusion(*leaf, index, size, &proof, root))
}

fn hash(value: &Value) -> Option<Hash> {
    value.as_str().and_then(Sha256::parse).map(|hash| hash.0)
}
