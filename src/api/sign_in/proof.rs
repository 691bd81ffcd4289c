//! Proving presence for one act: alone, or as the second person at the same device.

use super::attempts;
use super::given_here::Asked;
use super::passwords::Passwords;
use crate::access::factor::FactorRule;
use crate::access::permission::{self, ProvePresence};
use crate::access::permit::Permit;
use crate::access::role::Roles;
use crate::api::extract::Act;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::StaffId;
use crate::domain::route::Person;
use crate::store::{
    GivenFactor, NewSigningToken, Once, SIGNING_LIFE_SECONDS, SecretAttempt, Store, StoreError, Written,
};
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
#[schema(as = NewReauth, example = json!({"password": "correct horse battery", "act": "order.sign", "subject_id": "0190a5c0-0000-7000-8000-000000000010"}))]
pub struct ReauthBody {
    /// One's own password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// The code of one's second factor, where it was not given on this device in the last twelve hours.
    #[schema(max_length = 6, pattern = "^[0-9]{6}$")]
    code: Option<String>,
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
#[schema(as = NewCosignature, example = json!({"login": "dr.okafor", "password": "correct horse battery", "act": "visit.prepare", "subject_id": "0190a5c0-0000-7000-8000-000000000010"}))]
pub struct CosignatureBody {
    /// The second person's name to sign in with.
    #[schema(max_length = 200)]
    login: String,
    /// The second person's password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// The code of the second person's second factor, the first time in twelve hours on this device.
    #[schema(max_length = 6, pattern = "^[0-9]{6}$")]
    code: Option<String>,
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
        let asked = tx.factor_asked(actor.login_session(), actor.staff(), actor.account())?;
        Ok((actor, own, asked))
    });
    let (actor, own, asked) = own.await?;
    let asked = Asked::of(actor.account(), asked, body.code)?;
    let attempt = attempts::of_member(&request, actor.account(), &own, actor.login_session().uuid());
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let failures = attempts::take(&request, permit, &attempt).await?;
    if !passwords.verify(body.password, failures.map(|_| own.password_hash)).await? {
        return Err(attempts::wrong_secret(&request, failures.unwrap_or(i64::MAX)).await);
    }
    let factor = match asked.map(|asked| asked.judge(&request)).transpose()? {
        Some(None) => return Err(attempts::wrong_secret(&request, failures.unwrap_or(i64::MAX)).await),
        given => given.flatten(),
    };
    let person = Person { staff: actor.staff(), account: actor.account() };
    issue(act.permit, &store, about, Proven { person, cred_version: own.cred_version, attempt, factor }).await
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
        let person =
            found.as_ref().zip(here).map(|(found, (.., staff))| Person { staff: *staff, account: found.account });
        let asked = match person {
            Some(Person { staff, account }) => tx.factor_asked(actor.login_session(), staff, account)?,
            None => None,
        };
        let enrolled = found.as_ref().is_some_and(|found| found.has_factor);
        let roles = person.map(|person| tx.member(person.staff)).transpose()?.map(|member| member.roles);
        Ok((actor.login_session(), found, Second { person, roles, enrolled, asked }))
    });
    let (login_session, found, second) = found.await?;
    let asked = second.asked(&request, body.code)?;
    // The device is one that a colleague is signed in on: strangers who guess this name elsewhere do not slow it down.
    let attempt = SecretAttempt {
        device: Some(login_session.uuid()),
        ..attempts::of_stranger(&request, &body.login, found.as_ref(), None)?
    };
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let counted = attempts::take(&request, permit, &attempt).await?;
    let stored = found.as_ref().filter(|_| counted.is_some()).map(|found| found.password_hash.clone());
    let right = passwords.verify(body.password, stored).await?;
    let wrong =
        |what: &str| Problem::new(ProblemKind::ReauthRequired).because(format!("{what} of the second person is wrong"));
    let (Some(found), Some(person)) = (found.filter(|_| right), second.person) else {
        return Err(wrong("name or password"));
    };
    let factor = match asked.map(|asked| asked.judge(&request)).transpose()? {
        Some(None) => return Err(wrong("the code")),
        given => given.flatten(),
    };
    issue(act.permit, &store, about, Proven { person, cred_version: found.cred_version, attempt, factor }).await
}

/// A second person of this clinic, if the name is one's.
struct Second {
    person: Option<Person>,
    roles: Option<Roles>,
    /// Whether they have a second factor, and its sealed secret when it is asked for here.
    enrolled: bool,
    asked: Option<Vec<u8>>,
}

impl Second {
    /// The factor that is asked for. Whoever must have one and has none yet signs nothing.
    fn asked(&self, request: &HttpRequest, code: Option<String>) -> Result<Option<Asked>, Problem> {
        let Some(person) = self.person else { return Ok(None) };
        let rule = guard::data::<FactorRule>(request)?;
        if !self.enrolled && self.roles.as_ref().is_some_and(|roles| rule.demands(roles)) {
            return Err(
                Problem::new(ProblemKind::FactorRequired).because("the second person has to set up a second factor")
            );
        }
        Asked::of(person.account, self.asked.clone(), code)
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
    person: Person,
    cred_version: i64,
    attempt: SecretAttempt,
    /// The second factor, where it was asked for.
    factor: Option<GivenFactor>,
}

async fn issue(permit: Permit<ProvePresence>, store: &Store, about: About, proven: Proven) -> Answer<Written> {
    let token = format!("chsg_{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()));
    let written = store.write(permit, Once::default(), move |tx| {
        let About { act, subject, subject_sha256 } = about;
        let Proven { person: Person { staff, account }, cred_version, attempt, factor } = proven;
        if let Some(given) = factor {
            let device = tx.actor().ok_or(StoreError::Unauthenticated)?.login_session();
            tx.use_factor(account, &given)?;
            tx.note_factor(device, staff)?;
        }
        tx.attempt_succeeded(&attempt)?;
        tx.keep_signing_token(&token, NewSigningToken { staff, cred_version, act, subject, subject_sha256 })?;
        let event = Event::noted(EventKind::SigningTokenIssued, Subject::new("staff", staff, 1));
        let view = SigningTokenView { signing_token: token, staff_id: staff, expires_in_s: SIGNING_LIFE_SECONDS };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    match written.await {
        // A 401 would sign the actor out; their sign-in is good.
        Err(StoreError::FactorRefused) => {
            Err(Problem::from(StoreError::ReauthRequired).because("the code was used already; wait for the next"))
        }
        other => Ok(other?),
    }
}
