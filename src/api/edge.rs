//! The outermost part: every response, also of a panic, an unknown path or a framing error that reaches us, gets its
//! request id, its security headers and, if it is an error, its problem.

use super::cors;
use super::endpoint::Endpoint;
use super::guard::RequestNumber;
use super::health::Leaving;
use super::network;
use super::problem::{Problem, ProblemKind};
use crate::domain::id::RequestId;
use crate::store::Store;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Numbers the request, answers errors as problems, sets the headers.
///
/// # Errors
/// When the service behind it fails without a response; extractors and handlers always have one.
pub async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let store = request.app_data::<web::Data<Store>>();
    let number: RequestId = store.map_or(RequestId(uuid::Uuid::nil()), |store| store.clock().new_id());
    let client = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).filter(|id| id.len() <= 64);
    tracing::debug!(request_id = %number, client_request_id = client, method = %request.method(), "request");
    request.extensions_mut().insert(RequestNumber(number));
    let wanted = request.headers().get(header::IF_NONE_MATCH).cloned();
    let (asked, encrypted) = (cors::Asked::by(&request), network::is_encrypted(&request));
    let documents = request.path().starts_with("/docs");
    let Ok(called) = caught(async move { next.call(request).await }).await else {
        tracing::error!(request_id = %number, "a handler panicked");
        let mut answer = Problem::new(ProblemKind::Internal).respond(Some(number.uuid()));
        set_headers(answer.headers_mut(), number, documents, encrypted);
        asked.answer(answer.status(), answer.headers_mut());
        return Err(InternalError::from_response("a handler panicked", answer).into());
    };
    let mut response = called?.map_into_boxed_body();
    if response.status().is_client_error() || response.status().is_server_error() {
        response = as_problem(response, number);
    } else if response.status() == StatusCode::OK && is_unchanged(&response, wanted.as_ref()) {
        let tag = response.headers().get(header::ETAG).cloned();
        let mut empty = HttpResponse::NotModified();
        if let Some(tag) = tag {
            empty.insert_header((header::ETAG, tag));
        }
        response = ServiceResponse::new(response.request().clone(), empty.finish());
    }
    if response.request().app_data::<web::Data<Leaving>>().is_some_and(|leaving| leaving.is_so()) {
        // The next request of this client finds a server that stays.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    set_headers(response.headers_mut(), number, documents, encrypted);
    asked.answer(response.status(), response.headers_mut());
    Ok(response)
}

/// What comes of a future, or the panic that ended it: one request fails, and the server lives.
async fn caught<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn is_unchanged(response: &ServiceResponse<BoxBody>, wanted: Option<&HeaderValue>) -> bool {
    let tag = response.headers().get(header::ETAG);
    let (Some(tag), Some(wanted)) = (tag.and_then(|tag| tag.to_str().ok()), wanted.and_then(|w| w.to_str().ok()))
    else {
        return false;
    };
    response.request().method() == Method::GET
        && wanted.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

fn as_problem(response: ServiceResponse<BoxBody>, number: RequestId) -> ServiceResponse<BoxBody> {
    let known = response.response().extensions().get::<Problem>().cloned();
    let problem = known.unwrap_or_else(|| {
        let status = response.status().as_u16();
        let kind = ProblemKind::ALL.iter().copied().find(|kind| kind.status() == status);
        Problem::new(kind.unwrap_or(if status < 500 { ProblemKind::MalformedRequest } else { ProblemKind::Internal }))
    });
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = problem.respond(Some(number.uuid()));
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    ServiceResponse::new(response.request().clone(), answer)
}

fn set_headers(headers: &mut HeaderMap, number: RequestId, documents: bool, encrypted: bool) {
    // The documentation page needs its own scripts and styles; nothing else runs anything.
    let policy = if documents {
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    let fixed = [
        ("cache-control", "no-store"),
        ("content-security-policy", policy),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if documents {
        headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    }
    if encrypted {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    if let Ok(number) = HeaderValue::from_str(&number.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), number);
    }
}

/// Every path and its methods, for 404, 405 and OPTIONS.
pub struct Paths(Vec<(ResourceDef, Vec<Method>)>);

impl Paths {
    /// The paths of these endpoints.
    pub fn of(endpoints: &[Endpoint]) -> Self {
        let mut methods: BTreeMap<&str, Vec<Method>> = BTreeMap::new();
        for endpoint in endpoints {
            let known = methods.entry(&endpoint.path).or_default();
            known.push(endpoint.method.clone());
            if endpoint.method == Method::GET {
                known.push(Method::HEAD);
            }
        }
        Self(methods.into_iter().map(|(path, methods)| (ResourceDef::new(path), methods)).collect())
    }

    fn allow(&self, path: &str) -> Option<String> {
        let (_, methods) = self.0.iter().find(|(known, _)| known.is_match(path))?;
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        names.push("OPTIONS");
        Some(names.join(", "))
    }
}

/// What no route takes: OPTIONS is answered, a known path says which methods it has, the rest is not there.
pub async fn otherwise(request: HttpRequest, paths: web::Data<Paths>) -> HttpResponse {
    let Some(allow) = paths.allow(request.path()) else {
        return actix_web::ResponseError::error_response(&Problem::new(ProblemKind::NotFound));
    };
    if request.method() == Method::OPTIONS {
        return HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish();
    }
    let mut response = actix_web::ResponseError::error_response(&Problem::new(ProblemKind::MethodNotAllowed));
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
