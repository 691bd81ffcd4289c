//! Pages of a list: keyset cursors, never offsets, so that a deep page costs what the first one costs.
//!
//! A cursor is the last item's sort key and id, signed, so that a client cannot ask for a place it was not given.

use super::problem::{Problem, ProblemKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

/// The fewest, the usual and the most items of a page.
pub const LEAST: u16 = 1;
/// Without a `limit`.
pub const USUAL: u16 = 50;
/// More is refused.
pub const MOST: u16 = 200;

/// Signs and reads cursors.
pub struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// With a key of its own that survives restarts.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A cursor for the place after `last`; `list` names the list and its filter.
    pub fn write<K: Serialize>(&self, list: &str, last: &K) -> Option<String> {
        let mut bytes = serde_json::to_vec(last).ok()?;
        let mac = self.mac(list, &bytes)?;
        bytes.extend_from_slice(&mac);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The place a cursor stands for.
    ///
    /// # Errors
    /// 400 when it is not one of this list's.
    pub fn read<K: DeserializeOwned>(&self, list: &str, cursor: Option<&str>) -> Result<Option<K>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let bad = || Problem::new(ProblemKind::MalformedRequest).because("this cursor is not one of this list");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (place, mac) = bytes.split_at_checked(bytes.len().saturating_sub(MAC_BYTES)).ok_or_else(bad)?;
        // Both are short and public but for the key; the comparison takes the same time for every wrong one.
        let expected = self.mac(list, place).ok_or_else(bad)?;
        let differs = expected.iter().zip(mac).fold(expected.len() ^ mac.len(), |sum, (a, b)| sum | usize::from(a ^ b));
        if differs != 0 {
            return Err(bad());
        }
        serde_json::from_slice(place).map(Some).map_err(|_| bad())
    }

    fn mac(&self, list: &str, place: &[u8]) -> Option<Vec<u8>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(list.as_bytes());
        mac.update(&[0]);
        mac.update(place);
        Some(mac.finalize().into_bytes().iter().copied().take(MAC_BYTES).collect())
    }
}

const MAC_BYTES: usize = 12;

/// Checks a `limit`.
///
/// # Errors
/// 400 outside [`LEAST`] and [`MOST`]: holding it inside silently would make the schema a lie.
pub fn limit(limit: Option<u16>) -> Result<u16, Problem> {
    let limit = limit.unwrap_or(USUAL);
    if (LEAST..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::malformed("/limit", format!("must be between {LEAST} and {MOST}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_only_in_its_own_list() {
        let cursors = Cursors::new([7; 32]);
        let cursor = cursors.write("patients", &("rivera", 5)).unwrap();
        assert_eq!(cursors.read::<(String, i32)>("patients", Some(&cursor)).unwrap(), Some(("rivera".into(), 5)));
        assert!(cursors.read::<(String, i32)>("sessions", Some(&cursor)).is_err());
        assert!(Cursors::new([8; 32]).read::<(String, i32)>("patients", Some(&cursor)).is_err());
        for bad in ["", "x", "!!!!", &cursor[1..], &format!("{cursor}A")] {
            assert!(cursors.read::<(String, i32)>("patients", Some(bad)).is_err(), "{bad:?}");
        }
    }
}
