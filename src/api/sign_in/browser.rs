//! A browser's sign-in: its refresh token lives in a cookie that no script can read, for one origin alone
//! (security.md 2.7).
//!
//! A client that sends `X-Chairside-Request: 1` is a browser and must come from the configured origin. A client that
//! does not is a program: it keeps its refresh token itself, and its cookies are never looked at.

use crate::access::device;
use crate::access::login_session::LIFE_MINUTES;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

/// The header that a page of another origin cannot send without asking first.
const HEADER: &str = "x-chairside-request";
const REFRESH: &str = "__Host-chairside_refresh";
const DEVICE: &str = "__Host-chairside_device";

/// The one origin whose pages may use cookies; none keeps every page out.
#[derive(Debug, Clone, Default)]
pub struct FrontEnd(pub Option<String>);

/// Who keeps the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// The client itself: it is sent and received in the body.
    Program,
    /// The browser, in a cookie.
    Browser,
}

/// Tells them apart.
///
/// # Errors
/// [`ProblemKind::ForeignOrigin`] for a browser that does not come from the configured origin.
pub fn keeper(request: &HttpRequest) -> Result<Keeper, Problem> {
    let value = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if value(HEADER) != Some("1") {
        return Ok(Keeper::Program);
    }
    let FrontEnd(expected) = guard::data::<FrontEnd>(request)?.as_ref();
    let json = value("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let origin = value("origin").filter(|origin| expected.as_deref() == Some(*origin));
    if json && origin.is_some() { Ok(Keeper::Browser) } else { Err(Problem::new(ProblemKind::ForeignOrigin)) }
}

/// The refresh token in the browser's cookie.
pub fn token(request: &HttpRequest) -> Option<String> {
    cookie(request, REFRESH)
}

/// The mark of a known device, in a browser's cookie.
///
/// # Errors
/// [`ProblemKind::ForeignOrigin`], as for [`keeper`].
pub fn mark(request: &HttpRequest) -> Result<Option<String>, Problem> {
    Ok(if keeper(request)? == Keeper::Browser { cookie(request, DEVICE) } else { None })
}

fn cookie(request: &HttpRequest, name: &str) -> Option<String> {
    let cookies = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// Puts the refresh token into the browser's cookie for as long as a sign-in can last.
pub fn keep(response: &mut HttpResponse, token: &str) {
    set(response, REFRESH, token, LIFE_MINUTES.saturating_mul(60));
}

/// Marks the browser as one that its user has signed in on.
pub fn keep_mark(response: &mut HttpResponse, mark: &str) {
    set(response, DEVICE, mark, device::LIFE_SECONDS);
}

/// Takes everything of a sign-in from the browser. The mark opens nothing and goes with the other cookies.
pub fn forget(response: &mut HttpResponse) {
    set(response, REFRESH, "", 0);
    let everything = header::HeaderValue::from_static("\"cache\", \"cookies\", \"storage\"");
    response.headers_mut().insert(header::HeaderName::from_static("clear-site-data"), everything);
}

fn set(response: &mut HttpResponse, name: &str, value: &str, seconds: i64) {
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    if let Ok(cookie) = header::HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
