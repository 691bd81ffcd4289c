//! Proving presence for one act: alone, or as the second person at the same device. And coming back to a locked screen.
//!
//! Presence is proved for a text: `subject_sha256` is the `record_sha256` of the record as it was read, and the act is
//! refused when the stored record is another one by then. What answers with `record_sha256` can be signed.

use super::attempts;
use super::passwords::Passwords;
use super::secrets::{Owner, Secret};
use crate::access::permission::{self, Flag, ProvePresence};
use crate::access::permit::{Actor, Permit};
use crate::api::extract::Act;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::digest::Sha256;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::StaffId;
use crate::domain::record::Record;
use crate::domain::signature::{ProofMethod, SignatureMeaning};
use crate::store::{Change, NewSigningToken, Once, SIGNING_LIFE_SECONDS, SecretAttempt, Store, StoreError, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

/// What is about to be signed, and a secret: the password, or the signing PIN where the act takes one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReauth, example = json!({"pin": "824160", "act": "session.close", "subject_id": "0190a5c0-0000-7000-8000-000000000010",
    "subject_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}))]
pub struct ReauthBody {
    /// One's own password.
    #[schema(max_length = 1024, format = Password)]
    password: Option<String>,
    /// One's own signing PIN; not for an act whose `x-reauth` is `password`.
    #[schema(max_length = 1024, format = Password)]
    pin: Option<String>,
    /// The permission of the act: `x-permission` of its operation.
    #[schema(schema_with = acts)]
    act: String,
    /// The id of the record that is signed.
    subject_id: Uuid,
    /// The `record_sha256` of that record as it is on the screen (of a consent: its `document_sha256`).
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    subject_sha256: Option<String>,
    /// What the signature stands for; `author` when absent.
    meaning: Option<SignatureMeaning>,
}

/// The same for a second person at the same device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCosignature, example = json!({"login": "dr.okafor", "password": "correct horse battery", "act": "visit.prepare", "subject_id": "0190a5c0-0000-7000-8000-000000000010",
    "subject_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "meaning": "verifier"}))]
pub struct CosignatureBody {
    /// The second person's name to sign in with.
    #[schema(max_length = 200)]
    login: String,
    /// The second person's password.
    #[schema(max_length = 1024, format = Password)]
    password: Option<String>,
    /// The second person's signing PIN.
    #[schema(max_length = 1024, format = Password)]
    pin: Option<String>,
    /// The permission of the act.
    #[schema(schema_with = acts)]
    act: String,
    /// The id of the record that is signed.
    subject_id: Uuid,
    /// The `record_sha256` of that record as it is on the screen (of a consent: its `document_sha256`).
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    subject_sha256: Option<String>,
    /// What the signature stands for; `witness` when absent.
    meaning: Option<SignatureMeaning>,
}

/// Who comes back to a locked screen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUnlock, example = json!({"pin": "824160"}))]
pub struct UnlockBody {
    /// One's own signing PIN.
    #[schema(max_length = 1024, format = Password)]
    pin: Option<String>,
    /// One's own password, for who has no PIN.
    #[schema(max_length = 1024, format = Password)]
    password: Option<String>,
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

/// Proves presence for one act with one's own password or signing PIN. The third wrong one in a row ends the sign-in.
#[utoipa::path(post, path = "/api/v1/auth/reauth", tag = "auth", operation_id = "auth_reauth", summary = "Prove presence for one act",
    request_body = ReauthBody, responses((status = 200, description = "A signing token", body = SigningTokenView)))]
pub async fn reauth(
    act: Act<ProvePresence, ReauthBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let ReauthBody { password, pin, act: about, subject_id, subject_sha256, meaning } = act.body;
    let secret = Secret::of(password, pin)?;
    let about = About::parse(about, subject_id, subject_sha256)?
        .signed_as(meaning.unwrap_or(SignatureMeaning::Author), secret.method())?;
    let proven = prove_own(secret, &passwords, &request).await?;
    issue(act.permit, &store, about, proven).await
}

/// Says that the owner of this sign-in is back at its device. The server holds no lock: a locked screen hides what it
/// shows, and asks here before it shows it again. A sign-in that was left alone too long stays ended.
#[utoipa::path(post, path = "/api/v1/auth/unlock", tag = "auth", operation_id = "auth_unlock", summary = "Come back to a locked screen",
    request_body = UnlockBody, responses((status = 204, description = "It is the owner")))]
pub async fn unlock(
    act: Act<ProvePresence, UnlockBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let secret = Secret::of(act.body.password, act.body.pin)?;
    let method = secret.method();
    let proven = prove_own(secret, &passwords, &request).await?;
    let written = store.write(act.permit, Once::default(), move |tx| {
        let device = tx.actor().map(Actor::login_session).ok_or(StoreError::Unauthenticated)?;
        proven.succeed(tx, method)?;
        let record = Record::new("unlock", 1).with("login_session_id", device).with("method", method.as_str());
        let event = Event::of_clinic(EventKind::Unlocked, Subject::new("login_session", device, 1), record);
        Ok(tx.record(vec![event], reply::nothing()))
    });
    Ok(written.await?)
}

/// Whoever is signed in gives their own secret. A wrong one counts, and the third in a row ends the sign-in.
async fn prove_own(secret: Secret, passwords: &Passwords, request: &HttpRequest) -> Result<Proven, Problem> {
    let permit = guard::permit::<ProvePresence>(request).await?;
    let own = guard::data::<Store>(request)?.read(permit, |tx| {
        let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
        let own = tx.own_credentials(actor.account())?.ok_or(StoreError::Unauthenticated)?;
        Ok((actor, own))
    });
    let (actor, own) = own.await?;
    let attempt = attempts::of_member(request, actor.account(), &own, actor.login_session().uuid());
    let permit = guard::permit::<ProvePresence>(request).await?;
    let failures = attempts::take(request, permit, &attempt).await?;
    let (staff, cred_version) = (actor.staff(), own.cred_version);
    let owner = Owner { staff: Some(staff), cred_version, password_hash: failures.map(|_| own.password_hash) };
    if !secret.is_of(owner, passwords, request).await? {
        return Err(attempts::wrong_secret(request, failures.unwrap_or(i64::MAX)).await);
    }
    Ok(Proven { staff, cred_version, attempt })
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
    let CosignatureBody { login, password, pin, act: about, subject_id, subject_sha256, meaning } = act.body;
    let secret = Secret::of(password, pin)?;
    let about = About::parse(about, subject_id, subject_sha256)?
        .signed_as(meaning.unwrap_or(SignatureMeaning::Witness), secret.method())?;
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let name = login.clone();
    let found = store.read(permit, move |tx| {
        let (clinic, actor) = (tx.clinic(), tx.actor().cloned().ok_or(StoreError::Unauthenticated)?);
        let found = tx.credentials(&name)?;
        let here = found.iter().flat_map(|found| &found.memberships).find(|(id, ..)| *id == clinic);
        let staff = here.map(|(_, _, staff)| *staff);
        Ok((actor.login_session(), found, staff))
    });
    let (login_session, found, staff) = found.await?;
    // The device is one that a colleague is signed in on: strangers who guess this name elsewhere do not slow it down.
    let attempt = SecretAttempt {
        device: Some(login_session.uuid()),
        ..attempts::of_stranger(&request, &login, found.as_ref(), None)?
    };
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let counted = attempts::take(&request, permit, &attempt).await?;
    let cred_version = found.as_ref().map_or(0, |found| found.cred_version);
    let password_hash = found.filter(|_| counted.is_some()).map(|found| found.password_hash);
    let right = secret.is_of(Owner { staff, cred_version, password_hash }, &passwords, &request).await?;
    match staff.filter(|_| right) {
        Some(staff) => issue(act.permit, &store, about, Proven { staff, cred_version, attempt }).await,
        None => Err(Problem::new(ProblemKind::ReauthRequired).because("name or secret of the second person is wrong")),
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
    password_only: bool,
    subject: Uuid,
    subject_sha256: Option<Vec<u8>>,
}

/// And how it is signed.
struct Signing {
    about: About,
    meaning: SignatureMeaning,
    method: ProofMethod,
}

impl About {
    fn parse(act: String, subject: Uuid, sha256: Option<String>) -> Result<Self, Problem> {
        let bad = || Problem::malformed("/subject_sha256", "must be 64 hexadecimal digits");
        let digest = |text: String| Sha256::parse(&text).map(|digest| digest.0.to_vec());
        let subject_sha256 = sha256.map(|text| digest(text).ok_or_else(bad)).transpose()?;
        let Some(line) = permission::TABLE.iter().find(|line| line.id == act) else {
            return Err(Problem::malformed("/act", "there is no such act"));
        };
        Ok(Self { act, password_only: line.flags.contains(&Flag::Password), subject, subject_sha256 })
    }

    fn signed_as(self, meaning: SignatureMeaning, method: ProofMethod) -> Result<Signing, Problem> {
        if self.password_only && method == ProofMethod::Pin {
            return Err(
                Problem::from(StoreError::ReauthRequired).because("this act asks for the password, not the PIN")
            );
        }
        Ok(Signing { about: self, meaning, method })
    }
}

/// Somebody whose secret was right.
struct Proven {
    staff: StaffId,
    cred_version: i64,
    attempt: SecretAttempt,
}

impl Proven {
    /// What was counted against them is forgotten.
    fn succeed(&self, tx: &mut Change<'_>, method: ProofMethod) -> Result<(), StoreError> {
        tx.attempt_succeeded(&self.attempt)?;
        if method == ProofMethod::Pin { tx.pin_succeeded(self.staff) } else { Ok(()) }
    }
}

async fn issue(permit: Permit<ProvePresence>, store: &Store, signing: Signing, proven: Proven) -> Answer<Written> {
    let token = format!("chsg_{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()));
    let written = store.write(permit, Once::default(), move |tx| {
        let Signing { about: About { act, subject, subject_sha256, .. }, meaning, method } = signing;
        proven.succeed(tx, method)?;
        let Proven { staff, cred_version, .. } = proven;
        let record = Record::new("signing_token", 2)
            .with("staff_id", staff)
            .with("act", &act)
            .with("subject_id", subject)
            .with("meaning", meaning.as_str())
            .with("method", method.as_str());
        let new = NewSigningToken { staff, cred_version, act, subject, subject_sha256, meaning, method };
        tx.keep_signing_token(&token, new)?;
        let event = Event::of_clinic(EventKind::SigningTokenIssued, Subject::new("staff", staff, 1), record);
        let view = SigningTokenView { signing_token: token, staff_id: staff, expires_in_s: SIGNING_LIFE_SECONDS };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}
