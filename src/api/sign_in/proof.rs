//! Proving presence for one act: alone, or as the second person at the same device.

use super::attempts;
use super::passwords::Passwords;
use crate::access::permission::{self, ProvePresence};
use crate::access::permit::Permit;
use crate::api::extract::Act;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::StaffId;
use crate::store::{NewSigningToken, Once, SIGNING_LIFE_SECONDS, SecretAttempt, Store, StoreError, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

/// What is about to be signed, and a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReauth, example = json!({"password": "correct horse battery", "act": "session.release", "subject_id": "0190a5c0-0000-7000-8000-000000000010"}))]
pub struct ReauthBody {
    /// One's own password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// The permission of the act: `x-permission` of its operation.
    #[schema(schema_with = acts)]
    act: String,
    /// The id of the record that is signed.
    subject_id: Uuid,
    /// SHA-256 of what is on the screen, where the act binds it; 64 hexadecimal digits.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    subject_sha256: Option<String>,
}

/// The same for a second person at the same device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCosignature, example = json!({"login": "dr.okafor", "password": "correct horse battery", "act": "session.prepare", "subject_id": "0190a5c0-0000-7000-8000-000000000010"}))]
pub struct CosignatureBody {
    /// The second person's name to sign in with.
    #[schema(max_length = 200)]
    login: String,
    /// The second person's password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// The permission of the act.
    #[schema(schema_with = acts)]
    act: String,
    /// The id of the record that is signed.
    subject_id: Uuid,
    /// SHA-256 of what is on the screen, where the act binds it.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    subject_sha256: Option<String>,
}

/// A proof of presence: good once, for five minutes, for one act about one record on this device.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningToken)]
pub struct SigningTokenView {
    /// Send it in the body of the act.
    signing_token: String,
    /// Who proved presence.
    staff_id: StaffId,
    /// How long it is good for.
    #[schema(example = 300)]
    expires_in_s: i64,
}

/// Proves presence for one act with one's own password.
#[utoipa::path(post, path = "/api/v1/auth/reauth", tag = "auth", operation_id = "auth_reauth", summary = "Prove presence for one act",
    request_body = ReauthBody, responses((status = 200, description = "A signing token", body = SigningTokenView)))]
pub async fn reauth(
    act: Act<ProvePresence, ReauthBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let body = act.body;
    let about = About::parse(body.act, body.subject_id, body.subject_sha256)?;
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let own = store.read(permit, |tx| {
        let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
        let own = tx.own_credentials(actor.account())?.ok_or(StoreError::Unauthenticated)?;
        Ok((actor, own))
    });
    let (actor, own) = own.await?;
    let attempt = attempts::of_member(&request, actor.account(), &own, actor.login_session().uuid());
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let failures = attempts::take(&request, permit, &attempt).await?;
    if !passwords.verify(body.password, failures.map(|_| own.password_hash)).await? {
        return Err(attempts::wrong_secret(&request, failures.unwrap_or(i64::MAX)).await);
    }
    let proven = Proven { staff: actor.staff(), cred_version: own.cred_version, attempt };
    issue(act.permit, &store, about, proven).await
}

/// Proves a second person's presence at this device; it neither opens nor ends a sign-in.
#[utoipa::path(post, path = "/api/v1/cosignatures", tag = "auth", operation_id = "cosignatures_create", summary = "A second person proves presence",
    request_body = CosignatureBody, responses((status = 200, description = "A signing token", body = SigningTokenView)))]
pub async fn cosign(
    act: Act<ProvePresence, CosignatureBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let body = act.body;
    let about = About::parse(body.act, body.subject_id, body.subject_sha256)?;
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let login = body.login.clone();
    let found = store.read(permit, move |tx| {
        let (clinic, actor) = (tx.clinic(), tx.actor().cloned().ok_or(StoreError::Unauthenticated)?);
        let found = tx.credentials(&login)?;
        let here = found.iter().flat_map(|found| &found.memberships).find(|(id, ..)| *id == clinic);
        let staff = here.map(|(_, _, staff)| *staff);
        Ok((actor.login_session(), found, staff))
    });
    let (login_session, found, staff) = found.await?;
    // The device is one that a colleague is signed in on: strangers who guess this name elsewhere do not slow it down.
    let attempt = SecretAttempt {
        device: Some(login_session.uuid()),
        ..attempts::of_stranger(&request, &body.login, found.as_ref(), None)?
    };
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let counted = attempts::take(&request, permit, &attempt).await?;
    let stored = found.as_ref().filter(|_| counted.is_some()).map(|found| found.password_hash.clone());
    let right = passwords.verify(body.password, stored).await?;
    match (found.filter(|_| right), staff) {
        (Some(found), Some(staff)) => {
            let proven = Proven { staff, cred_version: found.cred_version, attempt };
            issue(act.permit, &store, about, proven).await
        }
        _ => Err(Problem::new(ProblemKind::ReauthRequired).because("name or password of the second person is wrong")),
    }
}

/// The acts there are, in the words of the permission table.
fn acts() -> utoipa::openapi::schema::Object {
    let ids = permission::TABLE.iter().map(|line| line.id);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(ids)).build()
}

/// What a signing token is about.
struct About {
    act: String,
    subject: Uuid,
    subject_sha256: Option<Vec<u8>>,
}

impl About {
    fn parse(act: String, subject: Uuid, sha256: Option<String>) -> Result<Self, Problem> {
        let bad = || Problem::malformed("/subject_sha256", "must be 64 hexadecimal digits in lower case");
        let subject_sha256 = sha256.map(|hex| from_hex(&hex).ok_or_else(bad)).transpose()?;
        if !permission::TABLE.iter().any(|line| line.id == act) {
            return Err(Problem::malformed("/act", "there is no such act"));
        }
        Ok(Self { act, subject, subject_sha256 })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Somebody whose secret was right.
struct Proven {
    staff: StaffId,
    cred_version: i64,
    attempt: SecretAttempt,
}

async fn issue(permit: Permit<ProvePresence>, store: &Store, about: About, proven: Proven) -> Answer<Written> {
    let token = format!("chsg_{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()));
    let written = store.write(permit, Once::default(), move |tx| {
        let About { act, subject, subject_sha256 } = about;
        let Proven { staff, cred_version, attempt } = proven;
        tx.attempt_succeeded(&attempt)?;
        tx.keep_signing_token(&token, NewSigningToken { staff, cred_version, act, subject, subject_sha256 })?;
        let event = Event::noted(EventKind::SigningTokenIssued, Subject::new("staff", staff, 1));
        let view = SigningTokenView { signing_token: token, staff_id: staff, expires_in_s: SIGNING_LIFE_SECONDS };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}
