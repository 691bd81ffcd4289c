//! Answers: the bytes of a view with its entity tag, the same for a fresh write, a replay and a read.
//!
//! The tag is `"<version>-<first 8 of the body's hash>"`: `If-Match` compares the version, `If-None-Match` the whole,
//! so that "may start" is never remembered after a consent was withdrawn elsewhere (engineering.md 12).

use super::problem::{Problem, ProblemKind};
use crate::domain::audit_entry::hex;
use crate::store::{Reply, StoreError, Written};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What a handler gives back.
pub type Answer<T = HttpResponse> = Result<T, Problem>;

/// 201, with the place where it can be read.
///
/// # Errors
/// When the view cannot be written as JSON.
pub fn created<V: Serialize>(location: String, version: i64, view: &V) -> Result<Reply, StoreError> {
    Ok(Reply { status: 201, location: Some(location), ..ok(version, view)? })
}

/// 200, with the record's new state.
///
/// # Errors
/// When the view cannot be written as JSON.
pub fn ok<V: Serialize>(version: i64, view: &V) -> Result<Reply, StoreError> {
    let body = serde_json::to_vec(view)?;
    Ok(Reply { status: 200, etag: Some(tag(version, &body)), location: None, body })
}

/// 200 for something without a version.
///
/// # Errors
/// When the view cannot be written as JSON.
pub fn plain<V: Serialize>(view: &V) -> Result<Reply, StoreError> {
    Ok(Reply { status: 200, body: serde_json::to_vec(view)?, ..Reply::default() })
}

/// 202: so far so good, and something more is asked for.
///
/// # Errors
/// When the view cannot be written as JSON.
pub fn accepted<V: Serialize>(view: &V) -> Result<Reply, StoreError> {
    Ok(Reply { status: 202, ..plain(view)? })
}

/// 204.
pub fn nothing() -> Reply {
    Reply { status: 204, ..Reply::default() }
}

/// 401 of a unit that was committed all the same.
pub fn unauthenticated() -> Reply {
    Reply { status: 401, ..Reply::default() }
}

/// The answer of a read of one record.
///
/// # Errors
/// When the view cannot be written as JSON.
pub fn shown<V: Serialize>(version: i64, view: &V) -> Answer {
    Ok(respond(&ok(version, view)?))
}

/// The answer of a read without a version, such as a list.
///
/// # Errors
/// When the view cannot be written as JSON.
pub fn listed<V: Serialize>(view: &V) -> Answer {
    Ok(respond(&plain(view)?))
}

fn tag(version: i64, body: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(body).into();
    let mut hash = hex(&hash);
    hash.truncate(8);
    format!("{version}-{hash}")
}

fn respond(reply: &Reply) -> HttpResponse {
    if reply.status == 401 {
        return actix_web::ResponseError::error_response(&Problem::new(ProblemKind::Unauthenticated));
    }
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
    if let Some(tag) = &reply.etag {
        response.insert_header((header::ETAG, format!("\"{tag}\"")));
    }
    if let Some(location) = &reply.location {
        response.insert_header((header::LOCATION, location.as_str()));
    }
    if reply.body.is_empty() {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.body(reply.body.clone())
}

impl Responder for Written {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = respond(&self.reply);
        if self.replayed {
            response.headers_mut().insert(
                header::HeaderName::from_static("idempotent-replayed"),
                header::HeaderValue::from_static("true"),
            );
        }
        response
    }
}
