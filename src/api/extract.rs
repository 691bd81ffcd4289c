//! What a handler receives: the permit first, then headers and body, each refusal a problem.
//!
//! The order is a law (engineering.md 7.20): 401, 403, then the headers (400, 428), then the body (415, 413, 408,
//! 400, 422). Another clinic's id is a 404 of the store.

use super::guard;
use super::problem::{Problem, ProblemKind};
use super::wire;
use crate::access::permission::Permission;
use crate::access::permit::Permit;
use crate::domain::refusal::FieldError;
use crate::domain::refusal::Refusal;
use crate::store::{Once, Proof, StoreError};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use uuid::Uuid;

/// A future of an extractor.
type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// How long a whole body may take to arrive; a client that sends a byte now and then holds nothing up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyTime(pub Duration);

impl Default for BodyTime {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

impl<P: Permission> FromRequest for Permit<P> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { guard::permit(&request).await })
    }
}

/// A request that changes something under `P`: permit, key, expected version and body, in wire order.
pub struct Act<P: Permission, B> {
    /// The proof that it may.
    pub permit: Permit<P>,
    /// The client's key, and what it is used for.
    pub once: Once,
    /// The version of `If-Match`.
    pub version: Option<i64>,
    /// The body.
    pub body: B,
}

/// A body without members; an empty one counts as well.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

impl<P: Permission, B: DeserializeOwned + 'static> FromRequest for Act<P, B> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let permit = guard::permit::<P>(&request).await?;
            let key = idempotency_key(&request)?;
            if P::KEYED && key.is_none() {
                return Err(Problem::malformed("", "send an Idempotency-Key header: a new one for each thing you do"));
            }
            let version = expected_version(&request)?;
            if P::MATCHED && version.is_none() {
                return Err(
                    Problem::new(ProblemKind::PreconditionRequired).because("send If-Match with the ETag you read")
                );
            }
            let bytes = read_body(&request, &mut payload).await?;
            let fingerprint = fingerprint(&request, &bytes);
            let body = parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
            Ok(Self { permit, once: Once { key, fingerprint }, version, body })
        })
    }
}

impl Proof {
    /// The proof that an act carries in its body.
    pub fn about(token: &str, subject: impl Into<Uuid>) -> Self {
        Self { token: token.to_owned(), subject: subject.into() }
    }
}

/// The id in the path. What is no id is simply not there: 404.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: From<Uuid>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(wire::parse_id);
        std::future::ready(id.map(|id| Self(id.into())).ok_or_else(|| Problem::new(ProblemKind::NotFound)))
    }
}

/// The query string; what it does not know is refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let query = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        std::future::ready(query.map(Self).map_err(unreadable))
    }
}

/// Reads the whole body within its limits of type, size and time.
pub(super) async fn read_body(request: &HttpRequest, payload: &mut Payload) -> Result<web::Bytes, Problem> {
    let bytes = read_bytes(request, payload).await?;
    if !bytes.is_empty() && !is_json(request) {
        return Err(Problem::new(ProblemKind::UnsupportedMediaType));
    }
    Ok(bytes)
}

/// The same whatever its type says: a stop is not refused for a header.
pub(super) async fn read_bytes(request: &HttpRequest, payload: &mut Payload) -> Result<web::Bytes, Problem> {
    let BodyTime(time) = request.app_data::<BodyTime>().copied().unwrap_or_default();
    match tokio::time::timeout(time, web::Bytes::from_request(request, payload)).await {
        Err(_) => Err(Problem::new(ProblemKind::RequestTimeout)),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(match error.as_response_error().status_code().as_u16() {
            413 => Problem::new(ProblemKind::TooLarge),
            _ => Problem::malformed("", "the body could not be read"),
        }),
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("application/merge-patch+json")
}

/// Reads JSON; the pointer of what is wrong goes into the problem.
///
/// # Errors
/// 400 when it cannot be read, 422 when a value was read and refused.
pub(super) fn parse<B: DeserializeOwned>(bytes: &[u8]) -> Result<B, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::malformed("", "the body is not UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let body = serde_path_to_error::deserialize(&mut deserializer).map_err(unreadable)?;
    deserializer.end().map_err(|_| Problem::malformed("", "there is something after the JSON body"))?;
    Ok(body)
}

/// The problem of a body or a query, and where in it.
fn unreadable<E: std::fmt::Display>(error: serde_path_to_error::Error<E>) -> Problem {
    let pointer = pointer(error.path());
    let message = error.into_inner().to_string();
    match wire::refusal_in(&message) {
        Some((code, detail)) => Refusal::Invalid(vec![FieldError::new(pointer, known(&code), detail)]).into(),
        None => Problem::malformed(&pointer, readable(&message)),
    }
}

/// The stable codes a value can be refused with while it is read.
fn known(code: &str) -> &'static str {
    ["format", "range", "decimal", "decimals", "unknown_word"]
        .into_iter()
        .find(|known| *known == code)
        .unwrap_or("invalid")
}

/// serde quotes values of the wrong type; a value may be patient data, so only the shape is kept.
fn readable(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    if let Some((_, expected)) = message.rsplit_once("expected ")
        && message.starts_with("invalid")
    {
        return format!("expected {expected}");
    }
    if message.starts_with("unknown field") {
        return "there is no such field".to_owned();
    }
    message.to_owned()
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    use std::fmt::Write as _;
    let mut pointer = String::new();
    for segment in path {
        // Writing into a String cannot fail.
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
    }
    pointer
}

/// `Idempotency-Key`: 16 to 255 printable characters, quoted or bare.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    let printable = key.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    if !(16..=255).contains(&key.len()) || !printable {
        return Err(Problem::malformed("", "an Idempotency-Key has 16 to 255 printable characters; a UUID is best"));
    }
    Ok(Some(key.to_owned()))
}

/// `If-Match`: the version before the dash of an `ETag`, strong or weak.
fn expected_version(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let tag = value.to_str().unwrap_or_default();
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    let (version, hash) = tag.split_once('-').unwrap_or((tag, ""));
    let whole = version.bytes().all(|byte| byte.is_ascii_digit()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let version = version.parse().ok().filter(|_| whole);
    version
        .map(Some)
        .ok_or_else(|| Problem::malformed("", "If-Match must be an ETag of this record, such as \"7-1f2e3d4c\""))
}

/// SHA-256 over method, route, path and body: what a key was used for.
pub(super) fn fingerprint(request: &HttpRequest, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let route = request.match_pattern().unwrap_or_default();
    for part in [request.method().as_str(), &route, request.path()] {
        hash.update(u64::try_from(part.len()).unwrap_or(0).to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hash.finalize().into()
}

/// The version a caller sent against the one there is.
///
/// # Errors
/// [`StoreError::Stale`] when they differ.
pub fn expect_version(sent: Option<i64>, current_version: i64) -> Result<(), StoreError> {
    if sent.is_none_or(|sent| sent == current_version) { Ok(()) } else { Err(StoreError::Stale { current_version }) }
}
