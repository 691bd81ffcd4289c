//! Pages of other origins: those the operator listed may read answers, no other may (security.md, REQ-WEB-2).
//!
//! An origin counts when it is exactly one of the list. There is no wildcard, and what a page says of itself is never
//! sent back to it unread.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web;

/// The origins whose pages may read answers; none keeps every page of another origin out.
#[derive(Debug, Clone, Default)]
pub struct CrossOrigins(pub Vec<String>);

/// What a listed page may send.
const MAY_SEND: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, x-audit-case, x-chairside-request, x-request-id";
/// What it may read besides the body.
const MAY_READ: &str = "etag, idempotent-replayed, location, retry-after, x-request-id";

/// What a request says of its page, against the list.
pub(super) struct Asked {
    origin: Option<HeaderValue>,
    preflight: bool,
    listed: bool,
}

impl Asked {
    pub(super) fn by(request: &ServiceRequest) -> Self {
        let list = request.app_data::<web::Data<CrossOrigins>>().map(|list| list.0.as_slice()).unwrap_or_default();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let known = |origin: &HeaderValue| list.iter().any(|one| one.as_bytes() == origin.as_bytes());
        let preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Self { origin: origin.filter(known), preflight, listed: !list.is_empty() }
    }

    /// Says so in the answer.
    pub(super) fn answer(self, status: StatusCode, headers: &mut HeaderMap) {
        if self.listed {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = self.origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(MAY_READ));
        if !self.preflight || status != StatusCode::NO_CONTENT {
            return;
        }
        if let Some(methods) = headers.get(header::ALLOW).cloned() {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(MAY_SEND));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}
