//! A copy of the database: every trail in it, the columns beside the entries, the checkpoints, and the records.

use super::check::{Entry, Head, Walk};
use super::{Checked, Fault, Finding, Outcome};
use crate::access::notary;
use crate::domain::audit_entry::micros;
use crate::domain::checkpoint::{Checkpoint, Note};
use crate::domain::id::ClinicId;
use crate::domain::merkle::Hash;
use crate::domain::time::Timestamp;
use crate::store::{CopiedEntry, DatabaseCopy, RECORD_KINDS, Result, SignedCheckpoint, StoredEntry};
use serde_json::Value;
use uuid::Uuid;

const ENTRIES_AT_ONCE: i64 = 2_000;

/// Verifies every trail of a copy, or one clinic's; `notes` are checkpoints kept outside of it, `key` the public key that signs them.
///
/// # Errors
/// When the copy cannot be read.
pub fn verify(
    copy: &mut DatabaseCopy,
    only: Option<ClinicId>,
    notes: &[Note],
    key: Option<&[u8; 32]>,
) -> Result<Vec<(ClinicId, Outcome<Checked>)>> {
    let mut found = Vec::new();
    let wanted = |clinic| only.is_none_or(|only| only == clinic);
    for (clinic, size, last_ts) in copy.trails()?.into_iter().filter(|(clinic, ..)| wanted(*clinic)) {
        let head = Head { size, last_ts: micros(last_ts) };
        found.push((clinic, trail(copy, clinic, &head, (notes, key))?));
    }
    Ok(found)
}

fn trail(
    copy: &mut DatabaseCopy,
    clinic: ClinicId,
    head: &Head,
    (notes, key): (&[Note], Option<&[u8; 32]>),
) -> Result<Outcome<Checked>> {
    let kept = copy.checkpoints(clinic)?;
    let mut walk = match vouched(clinic, &kept, notes, key).and_then(Walk::against) {
        Ok(walk) => walk,
        Err(finding) => return Ok(Err(finding)),
    };
    let mut after = 0;
    loop {
        let page = copy.entries(clinic, after, ENTRIES_AT_ONCE)?;
        let Some(last) = page.last() else { break };
        after = last.row.seq;
        for entry in page {
            if let Err(finding) = walk.step(&of(entry)) {
                return Ok(Err(finding));
            }
        }
    }
    let checked = match walk.finish(Some(head)) {
        Ok(checked) => checked,
        Err(finding) => return Ok(Err(finding)),
    };
    Ok(records(copy, clinic, &checked)?.map_or(Ok(checked), Err))
}

/// Size and root of every checkpoint of a trail, once its signature was found good.
fn vouched(
    clinic: ClinicId,
    kept: &[SignedCheckpoint],
    notes: &[Note],
    key: Option<&[u8; 32]>,
) -> Outcome<Vec<(u64, Hash)>> {
    let bad = |size: i64, text: &str| Finding::new(u64::try_from(size).unwrap_or(0), Fault::Checkpoint, text);
    let mut vouched = Vec::new();
    for SignedCheckpoint { size, root, note, .. } in kept {
        let note = Checkpoint::read(note).ok_or_else(|| bad(*size, "this checkpoint is no signed note"))?;
        if i64::try_from(note.checkpoint.size) != Ok(*size) || note.checkpoint.root != *root {
            return Err(bad(*size, "this checkpoint's row does not say what its note says"));
        }
        vouched.push(signed(clinic, &note, key)?);
    }
    let own = |note: &&Note| note.checkpoint.origin.ends_with(&format!("/{clinic}"));
    for note in notes.iter().filter(own) {
        vouched.push(signed(clinic, note, key)?);
    }
    Ok(vouched)
}

/// What a note says, once it is this trail's and its signature is good.
///
/// # Errors
/// When it is not.
pub(super) fn signed(clinic: ClinicId, note: &Note, key: Option<&[u8; 32]>) -> Outcome<(u64, Hash)> {
    let Checkpoint { origin, size, root } = &note.checkpoint;
    if !origin.ends_with(&format!("/{clinic}")) {
        return Err(Finding::new(*size, Fault::Checkpoint, "this checkpoint is of another trail"));
    }
    if key.is_some_and(|key| !note.is_signed_by(key, |text, signature| notary::verify(key, text, signature))) {
        return Err(Finding::new(*size, Fault::Checkpoint, "this checkpoint is not signed by the key"));
    }
    Ok((*size, *root))
}

/// The first record that is not what the trail last said of it.
fn records(copy: &mut DatabaseCopy, clinic: ClinicId, checked: &Checked) -> Result<Option<Finding>> {
    let mut said: Vec<(&(String, Uuid), u64, Hash)> =
        checked.words.iter().filter_map(|(object, (seq, hash))| Some((object, *seq, (*hash)?))).collect();
    said.sort_unstable_by_key(|(_, seq, _)| *seq);
    let objects: Vec<(String, Uuid)> = said.iter().map(|(object, ..)| (*object).clone()).collect();
    let now = copy.record_hashes(clinic, &objects)?;
    for (object, seq, hash) in said {
        let (kind, id) = object;
        match now.get(object) {
            Some(known) if *known != hash => {
                let text = format!("{kind} {id} is not what this entry, its last, says");
                return Ok(Some(Finding::new(seq, Fault::Record, &text)));
            }
            None if RECORD_KINDS.contains(&kind.as_str()) => {
                return Ok(Some(Finding::new(seq, Fault::Record, &format!("{kind} {id} is gone"))));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// An entry of the database as the walk looks at it.
pub fn of(entry: CopiedEntry) -> Entry {
    let CopiedEntry { row, subjects, detail } = entry;
    let columns = columns(&row);
    let detail = detail.map(|(salt, text)| (salt.try_into().unwrap_or_default(), text));
    let subjects = subjects.into_iter().map(|patient| patient.to_string()).collect();
    Entry { seq: row.seq, body: row.body, leaf: row.leaf, columns, subjects: Some(subjects), detail }
}

fn columns(row: &StoredEntry) -> Vec<(&'static str, Value)> {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
    vec![
        ("ts", Value::from(micros(Timestamp::from_millis(row.at.millis())))),
        ("actor_id", text(row.actor_id.map(|id| id.0.to_string()))),
        ("action", Value::from(row.action.clone())),
        ("outcome", Value::from(row.outcome.as_str())),
        ("object_kind", text(row.object_kind.clone())),
        ("object_id", text(row.object_id.map(|id| id.0.to_string()))),
        ("request_id", Value::from(row.request_id.to_string())),
    ]
}
