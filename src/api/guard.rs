//! From a bearer token to an actor to a permit.
//!
//! A token's signature is verified once and remembered by its hash until it ends. A remembered *yes* passes at once,
//! because the store asks again in its transaction; a remembered *no*, or a first sight, asks the database, so that a
//! role that was granted works from the next request (engineering.md 3).

use super::network;
use super::problem::{Problem, ProblemKind};
use super::rejection;
use crate::access::permission::Permission;
use crate::access::permit::{Actor, Origin, Permit, Scope};
use crate::access::role::Role;
use crate::access::token::{Flaw, Rejected, Tokens, Verified};
use crate::domain::id::{AuditCaseId, RequestId};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};
use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, web};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long past its end a token counts for what stops a drug, in seconds.
const LATE_SECONDS: i64 = 600;
/// More tokens than this are not remembered; the memory is then started anew.
const MOST_REMEMBERED: usize = 10_000;

/// Asks whether there are newer keys than those in use; gives back whether there were.
pub type NewerKeys = Box<dyn Fn(Timestamp) -> bool + Send + Sync>;

/// Knows the keys, and the tokens it has seen.
pub struct Authority {
    /// The keys.
    pub tokens: Arc<Tokens>,
    newer_keys: NewerKeys,
    seen: Mutex<HashMap<[u8; 32], (Verified, Actor)>>,
}

impl Authority {
    /// With these keys and no memory.
    pub fn new(tokens: Arc<Tokens>, newer_keys: NewerKeys) -> Self {
        Self { tokens, newer_keys, seen: Mutex::default() }
    }

    /// A key that is not known may be newer than ours: another server of this installation signs with it already.
    fn verify(&self, token: &str, now: Timestamp, grace_seconds: i64) -> Result<Verified, Rejected> {
        match self.tokens.verify(token, now, grace_seconds) {
            Err(Rejected { flaw: Flaw::UnknownKey, .. }) if (self.newer_keys)(now) => {
                self.tokens.verify(token, now, grace_seconds)
            }
            result => result,
        }
    }

    fn remembered(&self, hash: &[u8; 32], now: Timestamp, late: bool) -> Option<(Verified, Actor)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (verified, actor) = seen.get(hash)?;
        let grace = if late { LATE_SECONDS } else { 0 };
        let end = verified.claims.expires_at().plus_seconds(grace);
        let counts = now < end && self.tokens.still_counts(&verified.key_id, now, grace);
        counts.then(|| (verified.clone(), actor.clone()))
    }

    fn remember(&self, hash: [u8; 32], verified: Verified, actor: Actor) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_REMEMBERED {
            seen.clear();
        }
        seen.insert(hash, (verified, actor));
    }
}

/// The id the server gave this request.
#[derive(Debug, Clone, Copy)]
pub struct RequestNumber(pub RequestId);

/// Where a request comes from, as the trail names it.
pub(super) fn origin(request: &HttpRequest) -> Origin {
    let number = request.extensions().get::<RequestNumber>().map(|number| number.0);
    Origin {
        request: number.unwrap_or(RequestId(uuid::Uuid::nil())),
        client_ip: network::client_of(request).map(|address| address.to_string()),
    }
}

/// The permit for `P`, or the problem that says why not.
pub(super) async fn permit<P: Permission>(request: &HttpRequest) -> Result<Permit<P>, Problem> {
    let permit = granted(request).await?;
    let case = request.headers().get(AUDIT_CASE).filter(|_| P::CASED);
    match case.map(|value| value.to_str().ok().and_then(super::wire::parse_id)) {
        Some(None) => Err(Problem::malformed("", "X-Audit-Case is the id of an open audit case")),
        _ => Ok(permit),
    }
}

async fn granted<P: Permission>(request: &HttpRequest) -> Result<Permit<P>, Problem> {
    let origin = origin(request);
    if P::FOR_STRANGERS {
        return Permit::stranger(Scope::Installation, origin).map_err(|_| Problem::new(ProblemKind::Forbidden));
    }
    let store = data::<Store>(request)?;
    let (verified, remembered, hash) = identify(request, P::URGENT).await?;
    if let Some(actor) = remembered
        && let Ok(permit) = Permit::grant(&in_case::<P>(request, actor), origin.clone())
    {
        return Ok(permit);
    }
    let token_id = Some(verified.claims.token_id());
    let actor = match store.actor(verified.claims.clone(), P::URGENT).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return Err(rejection::tell(request, Rejected { flaw: Flaw::SignInEnded, token_id }).await),
        Err(StoreError::SessionIdle) => {
            rejection::tell(request, Rejected { flaw: Flaw::SignInIdle, token_id }).await;
            return Err(StoreError::SessionIdle.into());
        }
        Err(error) => return Err(error.into()),
    };
    data::<Authority>(request)?.remember(hash, verified, actor.clone());
    let actor = in_case::<P>(request, actor);
    match Permit::grant(&actor, origin.clone()) {
        Ok(permit) => Ok(permit),
        Err(denied) => {
            store.refuse(&actor, denied.permission, origin).await?;
            let kind = if denied.for_lack_of_factor { ProblemKind::FactorRequired } else { ProblemKind::Forbidden };
            Err(Problem::new(kind).with("permission", denied.permission))
        }
    }
}

/// The header that names the case an auditor reads inside of.
pub const AUDIT_CASE: &str = "x-audit-case";

/// An auditor who names a case reads inside it, where the permission knows cases; whether it is open the store says.
fn in_case<P: Permission>(request: &HttpRequest, actor: Actor) -> Actor {
    match request.headers().get(AUDIT_CASE) {
        Some(value) if P::CASED && actor.roles().hold(Role::Auditor) => {
            let id = value.to_str().ok().and_then(super::wire::parse_id);
            actor.within(AuditCaseId(id.unwrap_or_default()))
        }
        _ => actor,
    }
}

/// Verifies the token, or remembers that it was.
async fn identify(request: &HttpRequest, late: bool) -> Result<(Verified, Option<Actor>, [u8; 32]), Problem> {
    let authority = data::<Authority>(request)?;
    let now = data::<Store>(request)?.clock().now();
    let token = bearer(request).ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))?;
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    if let Some((verified, actor)) = authority.remembered(&hash, now, late) {
        return Ok((verified, Some(actor), hash));
    }
    match authority.verify(token, now, if late { LATE_SECONDS } else { 0 }) {
        Ok(verified) => Ok((verified, None, hash)),
        Err(rejected) => Err(rejection::tell(request, rejected).await),
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn data<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>, Problem> {
    request.app_data::<web::Data<T>>().ok_or_else(|| Problem::new(ProblemKind::Internal))
}
