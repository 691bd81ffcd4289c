//! One entry with its proof, in a file of its own: for a patient, a court, or a dossier (C2SP `tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64 of the entry's body>
//! index 2
//! <base64 of a hash>
//!
//! <the checkpoint's signed note>
//! ```

use crate::domain::audit_entry::leaf_hash;
use crate::domain::checkpoint::{Checkpoint, Note, decode, encode};
use crate::domain::id::ClinicId;
use crate::domain::merkle::{Hash, proves_inclusion};
use crate::store::{DatabaseCopy, ProvedEntry, Result};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// The file that proves one entry under the newest checkpoint.
///
/// # Errors
/// When there is no such entry, or no checkpoint is about it yet.
pub fn prove(copy: &mut DatabaseCopy, clinic: ClinicId, seq: i64) -> Result<String> {
    let ProvedEntry { entry, checkpoint, proof } = copy.proved_entry(clinic, seq)?;
    let mut text = format!("{FIRST_LINE}\nextra {}\nindex {}\n", encode(entry.body.as_bytes()), seq - 1);
    for hash in proof {
        text.push_str(&encode(&hash));
        text.push('\n');
    }
    Ok(format!("{text}\n{}", checkpoint.note))
}

/// What such a file proves: the body of the entry and the note it is proved by. Whether the note is signed by the key
/// is for the caller to ask.
pub fn read(text: &str) -> Option<(String, Note)> {
    let (head, note) = text.split_once("\n\n")?;
    let mut lines = head.split('\n');
    if lines.next()? != FIRST_LINE {
        return None;
    }
    let body = String::from_utf8(decode(lines.next()?.strip_prefix("extra ")?)?).ok()?;
    let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
    let proof = lines.map(|line| decode(line)?.try_into().ok()).collect::<Option<Vec<Hash>>>()?;
    let note = Checkpoint::read(note)?;
    let Checkpoint { size, root, .. } = &note.checkpoint;
    proves_inclusion(leaf_hash(body.as_bytes()), index, *size, &proof, root).then_some((body, note))
}
