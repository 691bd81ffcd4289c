//! A checkpoint: a signed statement that a clinic's trail had so many entries, and these (C2SP `tlog-checkpoint`).
//!
//! A copy that left the machine is a witness: whoever holds one sees that an older entry was changed or that the end of
//! the trail was cut off. The form is a signed note: text, an empty line, one signature a line. Its base64 is written
//! here by hand because this layer names no encoder.

use super::id::ClinicId;
use super::merkle::Hash;
use sha2::{Digest as _, Sha256};

/// The mark of an Ed25519 signature and key in a signed note.
const ED25519: u8 = 1;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose trail: `<instance>/<clinic id>`. It is also the name of the key.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over their leaves.
    pub root: Hash,
}

/// The origin of a clinic's trail.
pub fn origin(instance: &str, clinic: ClinicId) -> String {
    format!("{instance}/{clinic}")
}

impl Checkpoint {
    /// The bytes that are signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, encode(&self.root))
    }

    /// The whole note with one signature.
    pub fn note(&self, public_key: &[u8; 32], signature: &[u8; 64]) -> String {
        let mut signed = key_id(&self.origin, public_key).to_vec();
        signed.extend_from_slice(signature);
        format!("{}\n\u{2014} {} {}\n", self.text(), self.origin, encode(&signed))
    }

    /// Reads a note. Whether a signature is good is `verifies`'s to say, who knows the key.
    pub fn read(note: &str) -> Option<Note> {
        let (text, signatures) = note.split_once("\n\n")?;
        let mut lines = text.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let digits = size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        if origin.is_empty() || !digits || lines.next().is_some() {
            return None;
        }
        let checkpoint =
            Self { origin: origin.to_owned(), size: size.parse().ok()?, root: decode(root)?.try_into().ok()? };
        let signatures = signatures.lines().map(signature).collect::<Option<Vec<_>>>()?;
        (!signatures.is_empty()).then_some(Note { checkpoint, signatures })
    }
}

/// A checkpoint as it was read, with the signatures under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Name of the key, its short id, the signature.
    signatures: Vec<(String, [u8; 4], [u8; 64])>,
}

impl Note {
    /// Whether this key signed it under its origin's name; `verify` checks one Ed25519 signature of a text.
    pub fn is_signed_by(&self, public_key: &[u8; 32], verify: impl Fn(&[u8], &[u8; 64]) -> bool) -> bool {
        let (origin, text) = (&self.checkpoint.origin, self.checkpoint.text());
        let id = key_id(origin, public_key);
        let own = self.signatures.iter().filter(|(name, known, _)| name == origin && *known == id);
        own.into_iter().any(|(_, _, signature)| verify(text.as_bytes(), signature))
    }
}

fn signature(line: &str) -> Option<(String, [u8; 4], [u8; 64])> {
    let (name, signed) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let signed = decode(signed)?;
    let (id, signature) = signed.split_at_checked(4)?;
    Some((name.to_owned(), id.try_into().ok()?, signature.try_into().ok()?))
}

/// The short id of a key: `SHA-256(name "\n" 0x01 ‖ key)`, its first four bytes.
fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update([ED25519])
        .chain_update(public_key)
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// The key as a verifier is given it: `<name>+<short id>+<base64 of 0x01 and the key>`.
pub fn verifier_key(name: &str, public_key: &[u8; 32]) -> String {
    let mut key = vec![ED25519];
    key.extend_from_slice(public_key);
    format!("{name}+{}+{}", super::audit_entry::hex(&key_id(name, public_key)), encode(&key))
}

/// The name and the key in what [`verifier_key`] wrote; none when they do not fit together.
pub fn read_verifier_key(text: &str) -> Option<(String, [u8; 32])> {
    let mut parts = text.trim().rsplitn(2, '+');
    // Base64 may itself hold a plus sign, so the short id is looked for from the left of it.
    let (mut key, mut rest) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    loop {
        if let Some((name, id)) = rest.rsplit_once('+')
            && let Some([ED25519, bytes @ ..]) = decode(&key).as_deref()
            && let Ok(bytes) = <[u8; 32]>::try_from(bytes)
            && super::audit_entry::hex(&key_id(name, &bytes)) == id
        {
            return Some((name.to_owned(), bytes));
        }
        let (before, more) = rest.rsplit_once('+')?;
        (key, rest) = (format!("{more}+{key}"), before.to_owned());
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with the standard alphabet and padding (RFC 4648 4).
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * at) & 63).filter(|_| at <= chunk.len());
            out.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    out
}

/// Reads it back; none for anything but exactly what [`encode`] writes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut bits = 0_usize;
        for at in 0..4 {
            let digit = match chunk.get(at) {
                Some(byte) => DIGITS.iter().position(|digit| digit == byte)?,
                None => 0,
            };
            bits = bits << 6 | digit;
        }
        let [.., a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c].into_iter().take(chunk.len().saturating_sub(1)));
    }
    (encode(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTE: &str = "ksm.example/clinic-install-1\n3\n0j5Q3a4ZkTLAVyHkhnWu+lqvjJAUx4kLA8LoTxAg7kQ=\n\n\u{2014} ksm.example/clinic-install-1 IP8Ow3BcrERQ0Vywo+sVutyq2GSSfrDyIB7eqy/JdtzR6N+7b7vBGPTv4Du5oBfx3QwuqdW3+5UL6jbUH72nLJAztQA=\n";
    const VERIFIER_KEY: &str = "ksm.example/clinic-install-1+20ff0ec3+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

    /// The note and the key of security.md 4.3, made by an independent reference.
    #[test]
    fn the_note_of_the_reference_is_read_and_written_byte_for_byte() {
        let (name, key) = read_verifier_key(VERIFIER_KEY).unwrap();
        assert_eq!(verifier_key(&name, &key), VERIFIER_KEY);
        let note = Checkpoint::read(NOTE).unwrap();
        assert_eq!((note.checkpoint.size, note.checkpoint.origin.as_str()), (3, name.as_str()));
        let signature = note.signatures[0].2;
        assert_eq!(note.checkpoint.note(&key, &signature), NOTE);
        assert!(
            note.is_signed_by(&key, |text, given| text == note.checkpoint.text().as_bytes() && *given == signature)
        );
        assert!(!note.is_signed_by(&[7; 32], |_, _| true), "another key has another id");
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let bent = |from: &str, to: &str| NOTE.replacen(from, to, 1);
        for text in [
            "",
            "x",
            "a\n1\n\n",
            &bent("\n3\n", "\n03\n"),
            &bent("\n3\n", "\n+3\n"),
            &bent("7kQ=", "7kR="),
            &bent("\u{2014} ", "- "),
            &bent("\n\n", "\nmore\n\n"),
        ] {
            assert_eq!(Checkpoint::read(text), None, "{text}");
        }
        for text in ["", "a+b", "a+20ff0ec3+AQOh", &VERIFIER_KEY.replace("20ff", "20fe")] {
            assert_eq!(read_verifier_key(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_key_and_any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..70), key in any::<[u8; 32]>()) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            let text = verifier_key("a+b/c", &key);
            prop_assert_eq!(read_verifier_key(&text), Some(("a+b/c".to_owned(), key)));
        }
    }
}
