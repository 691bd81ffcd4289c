//! A copy of the database: its trails, what stands beside their entries, and the records they speak of.

use super::check::{Columns, Entry, Head, Walk};
use super::records;
use super::{Checked, Fault, Finding, Outcome};
use crate::access::notary;
use crate::domain::audit_entry::micros;
use crate::domain::checkpoint::{Checkpoint, Note};
use crate::domain::id::ClinicId;
use crate::domain::merkle::Hash;
use crate::domain::time::Timestamp;
use crate::store::{CopiedEntry, CopiedRow, DatabaseCopy, Result, SignedCheckpoint};

/// Entries are read so many at a time.
const ENTRIES_AT_ONCE: i64 = 2_000;

/// What the verifier is given beside the copy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// Only this clinic's trail.
    pub clinic: Option<ClinicId>,
    /// Checkpoints that were kept elsewhere.
    pub notes: &'a [Note],
    /// The key that signs them; without it signatures are not looked at.
    pub key: Option<&'a [u8; 32]>,
    /// Whether the records are held against the trail too.
    pub records: bool,
}

/// What was found about one trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whose.
    pub clinic: ClinicId,
    /// Intact, or the first thing that is wrong.
    pub outcome: Outcome<Checked>,
    /// How many records were held against it and are as it says.
    pub records: u64,
    /// Records whose last entry is from before forms were numbered, in a form that cannot be made again.
    pub unheld: u64,
}

/// Verifies every trail, or one.
///
/// # Errors
/// When the copy cannot be read.
pub fn verify(copy: &mut DatabaseCopy, given: Given<'_>) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    let installation = ClinicId(uuid::Uuid::nil());
    let trails = all_trails(copy, given.notes)?;
    for (clinic, head) in trails {
        // A clinic's first records are told by the installation's trail.
        let wanted = given.clinic.is_none_or(|only| only == clinic) || (given.records && clinic == installation);
        if wanted {
            let outcome = trail(copy, clinic, head, given)?;
            verdicts.push(Verdict { clinic, outcome, records: 0, unheld: 0 });
        }
    }
    if given.records && verdicts.iter().all(|verdict| verdict.outcome.is_ok()) {
        records::check_all(copy, &mut verdicts, given.clinic)?;
    }
    Ok(verdicts)
}

type HeadRow = Option<(i64, Timestamp)>;

/// The trails of the copy, and those a checkpoint from elsewhere speaks of.
fn all_trails(copy: &mut DatabaseCopy, notes: &[Note]) -> Result<Vec<(ClinicId, HeadRow)>> {
    let mut trails = copy.trails()?;
    let named = notes.iter().filter_map(|note| note.checkpoint.origin.rsplit('/').next());
    for clinic in named.filter_map(|id| uuid::Uuid::parse_str(id).ok()).map(ClinicId) {
        if !trails.iter().any(|(known, _)| *known == clinic) {
            trails.push((clinic, None));
        }
    }
    Ok(trails)
}

fn trail(copy: &mut DatabaseCopy, clinic: ClinicId, head: HeadRow, given: Given<'_>) -> Result<Outcome<Checked>> {
    let Some((size, last)) = head else {
        return Ok(Err(Finding::new(1, Fault::RolledBack, "the head of this trail is gone")));
    };
    let head = Head { size, last_ts: Some(micros(last)) };
    let kept = match copy.checkpoints(clinic) {
        Ok(kept) => kept,
        Err(crate::store::StoreError::Broken(text)) => return Ok(Err(Finding::new(0, Fault::Checkpoint, &text))),
        Err(error) => return Err(error),
    };
    let walk = vouched(clinic, &kept, given.notes, given.key).and_then(|roots| Walk::against(clinic, roots));
    let mut walk = match walk {
        Ok(walk) => walk,
        Err(finding) => return Ok(Err(finding)),
    };
    let mut after = 0;
    loop {
        let page = copy.entries(clinic, after, ENTRIES_AT_ONCE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            if let Err(finding) = walk.step(&of(entry)) {
                return Ok(Err(finding));
            }
        }
    }
    Ok(walk.finish(Some(&head)))
}

/// Size and root of every checkpoint of a trail, once its signature was found good.
///
/// # Errors
/// The first checkpoint that is not.
pub fn vouched(
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
    for note in notes.iter().filter(|note| is_of(note, clinic)) {
        vouched.push(signed(clinic, note, key)?);
    }
    Ok(vouched)
}

/// Whether a note is about this clinic's trail.
pub(super) fn is_of(note: &Note, clinic: ClinicId) -> bool {
    note.checkpoint.origin.ends_with(&format!("/{clinic}"))
}

/// What a note says, once it is this trail's and its signature is good.
///
/// # Errors
/// When it is not.
pub(super) fn signed(clinic: ClinicId, note: &Note, key: Option<&[u8; 32]>) -> Outcome<(u64, Hash)> {
    let Checkpoint { size, root, .. } = &note.checkpoint;
    if !is_of(note, clinic) {
        return Err(Finding::new(*size, Fault::Checkpoint, "this checkpoint is of another trail"));
    }
    if key.is_some_and(|key| !note.is_signed_by(key, |text, signature| notary::verify(key, text, signature))) {
        return Err(Finding::new(*size, Fault::Checkpoint, "this checkpoint is not signed by the key"));
    }
    Ok((*size, *root))
}

/// An entry of the database as the walk looks at it.
pub fn of(entry: CopiedEntry) -> Entry {
    let CopiedEntry { seq, row, subjects, detail } = entry;
    let subjects = Some(subjects.into_iter().map(|patient| patient.to_string()).collect());
    let Some(row) = row else { return Entry { seq, subjects, detail, ..Entry::default() } };
    let columns = Some(columns(&row));
    let CopiedRow { body, leaf, .. } = row;
    Entry { seq, body: Some(body), leaf, columns, subjects, detail }
}

fn columns(row: &CopiedRow) -> Columns {
    Columns {
        ts: micros(row.at),
        actor_id: row.actor_id.map(|id| id.0.to_string()),
        action: row.action.clone(),
        outcome: row.outcome.clone(),
        object_kind: row.object_kind.clone(),
        object_id: row.object_id.map(|id| id.0.to_string()),
        request_id: row.request_id.0.to_string(),
    }
}
