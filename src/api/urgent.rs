//! What cannot be refused: a stop, a pause, an alarm need a permit and nothing else (engineering.md 7).
//!
//! Key, content type and body are optional. What can be read of a body is taken, what cannot be read or is not known
//! is left out, and a body that does not arrive is none. Nowhere else does this API ignore anything.

use super::endpoint::Asks;
use super::extract::{fingerprint, idempotency_key, read_bytes};
use super::guard;
use super::problem::Problem;
use crate::access::permission::Permission;
use crate::access::permit::Permit;
use crate::domain::act::{Act, Ahead, Stated};
use crate::domain::id::StaffId;
use crate::domain::route::{Basis, EntrySource};
use crate::domain::time::Timestamp;
use crate::store::Once;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// How long a stop waits for its own body.
const PATIENCE: Duration = Duration::from_secs(2);

/// An urgent act: permit, key, and what could be read of the body.
pub struct Urgent<P: Permission, B> {
    /// The proof that it may.
    pub permit: Permit<P>,
    /// The client's key, if it is one. It belongs to this path alone: a key that was used elsewhere, or with another
    /// body, never stands in the way.
    pub once: Once,
    /// What could be read.
    pub body: B,
}

impl<P: Permission, B> Asks for Urgent<P, B> {
    type Permission = P;
    const ACTS: bool = true;
    const ANY_KEY: bool = true;
}

impl<P: Permission, B: DeserializeOwned + Default + 'static> FromRequest for Urgent<P, B> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        const { assert!(P::URGENT && !P::SIGNED && !P::KEYED && !P::MATCHED, "an urgent act asks for nothing") };
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let permit = guard::permit::<P>(&request).await?;
            let key = idempotency_key(&request).ok().flatten().map(|key| own_key(&key, request.path()));
            let arrived = tokio::time::timeout(PATIENCE, read_bytes(&request, &mut payload)).await;
            let body = match arrived {
                Ok(Ok(bytes)) => serde_json::from_slice(&bytes).unwrap_or_default(),
                _ => B::default(),
            };
            Ok(Self { permit, once: Once { key, fingerprint: fingerprint(&request, b"") }, body })
        })
    }
}

/// The key as used on this path: no use of it elsewhere can clash.
fn own_key(key: &str, path: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    hash.update(path);
    hash.update([0]);
    hash.update(key);
    let digest: [u8; 32] = hash.finalize().into();
    crate::domain::audit_entry::hex(&digest)
}

/// Reads a member that may be anything: what it should be, or nothing.
///
/// # Errors
/// Only when the JSON itself ends.
pub fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, bound = "T: DeserializeOwned")]
    enum Maybe<T> {
        Read(T),
        Unread(IgnoredAny),
    }
    Ok(match Option::<Maybe<T>>::deserialize(deserializer)? {
        Some(Maybe::Read(value)) => Some(value),
        Some(Maybe::Unread(_)) | None => None,
    })
}

/// The frame of an urgent act: never refused, the server's time where none was stated.
pub fn act(by: StaffId, now: Timestamp, mut stated: Stated) -> Act {
    if stated.basis == Some(Basis::Done) {
        stated.occurred_at = stated.occurred_at.or(Some(now));
        stated.source = stated.source.or(Some(EntrySource::LiveLate));
        stated.observed_by = stated.observed_by.or(Some(by));
    }
    Act::stated(by, now, stated, Ahead::Clamped).unwrap_or_else(|_| Act::now(by, now))
}

/// Words as far as they can be kept: a stop is not refused for a character.
pub fn words(words: Option<String>) -> Option<String> {
    const MOST: usize = 500;
    let kept: String = words?.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n')).take(MOST).collect();
    (!kept.trim().is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::EndReason;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Body {
        #[serde(deserialize_with = "lenient")]
        end_reason: Option<EndReason>,
        #[serde(deserialize_with = "lenient")]
        pump_stopped_at: Option<Timestamp>,
    }

    fn read(text: &str) -> Body {
        serde_json::from_str(text).unwrap_or_default()
    }

    #[test]
    fn what_can_be_read_is_taken_and_the_rest_left_out() {
        let at = Timestamp::parse("2026-03-02T15:00:00.000Z");
        let both = Body { end_reason: Some(EndReason::Equipment), pump_stopped_at: at };
        let full = r#"{"end_reason":"equipment","pump_stopped_at":"2026-03-02T15:00:00Z","nonsense":[1]}"#;
        assert_eq!(read(full), both);
        let half = r#"{"end_reason":{"a":1},"pump_stopped_at":"2026-03-02T15:00:00Z"}"#;
        assert_eq!(read(half), Body { end_reason: None, ..both });
        for nothing in ["", "[]", "null", "\"stop\"", "{\"end_reason\":\"because\"}", "{\"pump_stopped_at\":7}", "{"] {
            assert_eq!(read(nothing), Body::default(), "{nothing}");
        }
    }

    #[test]
    fn a_stop_from_any_clock_and_on_any_footing_has_a_frame() {
        let (by, now) = (StaffId(uuid::Uuid::nil()), Timestamp::from_millis(1_772_000_000_000));
        for occurred_at in [None, Some(now.plus_minutes(600)), Some(now.plus_minutes(-600))] {
            for basis in [None, Some(Basis::AboutTo), Some(Basis::Done)] {
                let act = act(by, now, Stated { basis, occurred_at, ..Stated::default() });
                assert_eq!(act.occurred_at, occurred_at.unwrap_or(now).min(now));
            }
        }
    }

    #[test]
    fn one_key_on_two_paths_is_two_keys() {
        assert_ne!(own_key("k", "/a"), own_key("k", "/b"));
        assert_eq!(own_key("k", "/a"), own_key("k", "/a"));
    }
}
