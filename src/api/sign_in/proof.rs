//! Proving presence for one act: alone, or as the second person at the same device.

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
use crate::domain::record::Record;
use crate::store::{NewSigningToken, Once, SIGNING_LIFE_SECONDS, Store, Written};
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
        let person = tx.person()?;
        Ok((person.staff, tx.own_credentials(person.account)?))
    });
    let (staff, own) = own.await?;
    let right = passwords.verify(body.password, own.as_ref().map(|own| own.password_hash.clone())).await?;
    let Some(own) = own.filter(|_| right) else {
        return Err(Problem::new(ProblemKind::ReauthRequired).because("the password is wrong"));
    };
    issue(act.permit, &store, about, staff, own.cred_version).await
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
    let login = body.login;
    let found = store.read(permit, move |tx| {
        let clinic = tx.clinic();
        let found = tx.credentials(&login)?;
        Ok(found.map(|found| {
            let here = found.memberships.iter().find(|(id, ..)| *id == clinic).map(|(_, _, staff)| *staff);
            (found.password_hash, found.cred_version, here)
        }))
    });
    let found = found.await?;
    let right = passwords.verify(body.password, found.as_ref().map(|(hash, ..)| hash.clone())).await?;
    match found.filter(|_| right) {
        Some((_, cred_version, Some(staff))) => issue(act.permit, &store, about, staff, cred_version).await,
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

async fn issue(
    permit: Permit<ProvePresence>,
    store: &Store,
    about: About,
    staff: StaffId,
    cred_version: i64,
) -> Answer<Written> {
    let token = format!("chsg_{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()));
    let written = store.write(permit, Once::default(), move |tx| {
        let About { act, subject, subject_sha256 } = about;
        let record =
            Record::new("signing_token", 1).with("staff_id", staff).with("act", &act).with("subject_id", subject);
        tx.keep_signing_token(&token, NewSigningToken { staff, cred_version, act, subject, subject_sha256 })?;
        let event = Event::of_clinic(EventKind::SigningTokenIssued, Subject::new("staff", staff, 1), record);
        let view = SigningTokenView { signing_token: token, staff_id: staff, expires_in_s: SIGNING_LIFE_SECONDS };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}
