//! Signing in, refreshing, signing out, and proving presence for one act.
//!
//! These are the only routes a secret travels to. Argon2 runs here, behind a limit and off the request threads; a
//! wrong name costs the same time as a wrong password.

use super::extract::{Act, NoBody};
use super::guard::{self, Authority};
use super::problem::{Problem, ProblemKind};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::password::{self, Cost};
use crate::access::permission::{ProvePresence, SignIn, SignOut};
use crate::access::permit::{Permit, Scope};
use crate::access::token::{self, LIFE_SECONDS};
use crate::clock;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ClinicId, StaffId};
use crate::domain::record::Record;
use crate::store::{Credentials, NewSigningToken, Once, Refreshed, Store, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use uuid::Uuid;

/// Compares passwords, a few at a time.
pub struct Passwords {
    cost: Cost,
    places: Arc<Semaphore>,
    /// Compared with when the name is unknown, so that it takes as long.
    dummy: String,
}

/// More than this many waiting are told to come again.
const MOST_AT_ONCE: usize = 4;

impl Passwords {
    /// With this cost; none when the machine has not the memory for one hash.
    pub fn new(cost: Cost) -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let dummy = password::hash("a password that nobody has", clock::random(), cost)?;
        Some(Self { cost, places: Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE))), dummy })
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// 503 when the machine is busy or has not the memory.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        let cost = self.cost;
        let hashed = self.run(move || password::hash(&password, clock::random(), cost)).await?;
        hashed.ok_or_else(|| Problem::new(ProblemKind::Unavailable))
    }

    async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        Ok(self.run(move || password::verify(&password, &stored)).await? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let busy = |_| Problem::new(ProblemKind::Unavailable);
        let wait = std::time::Duration::from_secs(10);
        let place = tokio::time::timeout(wait, Arc::clone(&self.places).acquire_owned()).await;
        let place = place
            .map_err(|_| Problem::new(ProblemKind::Unavailable))?
            .map_err(|_| Problem::new(ProblemKind::Unavailable))?;
        // The permit goes into the work: a client that hangs up must not free its place before the hash is done.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        })
        .await
        .map_err(busy)
    }
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSignIn, example = json!({"login": "nurse.lee", "password": "correct horse battery"}))]
pub struct SignInBody {
    /// The name to sign in with.
    #[schema(max_length = 200)]
    login: String,
    /// The password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// Which clinic, for somebody who works in several.
    clinic_id: Option<ClinicId>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefresh, example = json!({"refresh_token": "chsr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct RefreshBody {
    /// The one that was given last; it is used once.
    #[schema(max_length = 200)]
    refresh_token: String,
}

/// A sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub struct SignedInView {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good for.
    #[schema(example = 600)]
    expires_in_s: i64,
    /// Gives the next pair, once.
    refresh_token: String,
    /// The clinic it is for.
    clinic_id: ClinicId,
}

/// What is about to be signed, and a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReauth, example = json!({"password": "correct horse battery", "act": "session.release", "subject_id": "0190a5c0-0000-7000-8000-000000000010"}))]
pub struct ReauthBody {
    /// One's own password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// The permission of the act: `x-permission` of its operation.
    #[schema(max_length = 100)]
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
    #[schema(max_length = 100)]
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

/// Signs in.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", operation_id = "auth_login", summary = "Sign in",
    request_body = SignInBody, responses((status = 200, description = "Signed in", body = SignedInView)))]
pub async fn login(
    act: Act<SignIn, SignInBody>,
    request: HttpRequest,
    store: Data<Store>,
    passwords: Data<Passwords>,
) -> Answer<Written> {
    let Act { permit, body, .. } = act;
    let login = body.login.clone();
    let found = store.read(permit, move |tx| tx.credentials(&login)).await?;
    let stored = found.as_ref().map(|found| found.password_hash.clone());
    let right = passwords.verify(body.password, stored).await?;
    let Some(credentials) = found.filter(|_| right) else {
        note_failure(&request, &store).await?;
        return Err(Problem::new(ProblemKind::InvalidCredentials));
    };
    let (clinic, staff) = choose_clinic(&credentials, body.clinic_id)?;
    let permit = stranger_in(&request, Scope::Clinic(clinic))?;
    let refresh = refresh_token(clinic);
    let tokens = guard::data::<Authority>(&request)?.clone();
    let written = store.write(permit, Once::default(), move |tx| {
        let (login_session, event) = tx.begin_sign_in(&credentials, staff, &refresh)?;
        let sign_in = token::SignIn { account: credentials.account, login_session, clinic, token_id: tx.new_id() };
        let view = signed_in(&tokens, &sign_in, refresh, tx.now())?;
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// A failure is an entry of the installation's trail; it never names what was typed.
async fn note_failure(request: &HttpRequest, store: &Store) -> Result<(), Problem> {
    let permit = stranger_in(request, Scope::Installation)?;
    let written = store.write(permit, Once::default(), |tx| {
        let subject = Subject::new("sign_in", tx.new_id::<Uuid>(), 1);
        let event = Event::of_clinic(EventKind::SignInFailed, subject, Record::new("sign_in", 1));
        Ok(tx.record(vec![event], reply::nothing()))
    });
    written.await?;
    Ok(())
}

fn choose_clinic(credentials: &Credentials, wanted: Option<ClinicId>) -> Result<(ClinicId, StaffId), Problem> {
    let memberships = &credentials.memberships;
    let chosen = match (wanted, memberships.as_slice()) {
        (None, [only]) => Some(only),
        (Some(wanted), _) => memberships.iter().find(|(clinic, ..)| *clinic == wanted),
        (None, _) => None,
    };
    if let Some((clinic, _, staff)) = chosen {
        return Ok((*clinic, *staff));
    }
    if wanted.is_some() || memberships.is_empty() {
        return Err(Problem::new(ProblemKind::InvalidCredentials));
    }
    let clinics: Vec<_> =
        memberships.iter().map(|(id, name, _)| serde_json::json!({"clinic_id": id, "name": name})).collect();
    Err(Problem::new(ProblemKind::ClinicChoiceRequired).with("clinics", clinics))
}

/// Gives the next pair of tokens for a refresh token. One that was used before ends the whole sign-in.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "auth_refresh", summary = "Rotate the refresh token",
    request_body = RefreshBody, responses((status = 200, description = "The next pair", body = SignedInView)))]
pub async fn refresh(act: Act<SignIn, RefreshBody>, request: HttpRequest, store: Data<Store>) -> Answer<Written> {
    let token = act.body.refresh_token;
    let clinic = clinic_of(&token).ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))?;
    let permit = stranger_in(&request, Scope::Clinic(clinic))?;
    let tokens = guard::data::<Authority>(&request)?.clone();
    let written = store.write(permit, Once::default(), move |tx| {
        let successor = refresh_token(clinic);
        let (refreshed, events) = tx.refresh(&token, &successor)?;
        let reply = match refreshed {
            Refreshed::Rotated { account, login_session } => {
                let sign_in = token::SignIn { account, login_session, clinic, token_id: tx.new_id() };
                reply::plain(&signed_in(&tokens, &sign_in, successor, tx.now())?)?
            }
            // Committed all the same: a token used twice has ended its sign-in.
            Refreshed::Reused | Refreshed::Unknown => reply::unauthenticated(),
        };
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Ends this sign-in: its tokens stop counting with the next request.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "auth_logout", summary = "Sign out",
    request_body = NoBody, responses((status = 204, description = "Signed out")))]
pub async fn logout(act: Act<SignOut, NoBody>, store: Data<Store>) -> Answer<Written> {
    let written = store.write(act.permit, Once::default(), |tx| {
        let event = tx.sign_out()?;
        Ok(tx.record(vec![event], reply::nothing()))
    });
    Ok(written.await?)
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
    let right = passwords.verify(body.password, own.as_ref().map(|(hash, _)| hash.clone())).await?;
    let Some((_, cred_version)) = own.filter(|_| right) else {
        return Err(Problem::new(ProblemKind::ReauthRequired).because("the password is wrong"));
    };
    issue(act.permit, &store, about, staff, cred_version).await
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
        if !crate::access::permission::TABLE.iter().any(|line| line.id == act) {
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
        let view = SigningTokenView {
            signing_token: token,
            staff_id: staff,
            expires_in_s: crate::store::SIGNING_LIFE_SECONDS,
        };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

fn signed_in(
    authority: &Authority,
    sign_in: &token::SignIn,
    refresh_token: String,
    now: crate::domain::time::Timestamp,
) -> Result<SignedInView, crate::store::StoreError> {
    let access_token =
        authority.tokens.mint(sign_in, now).map_err(|error| crate::store::StoreError::Broken(error.to_string()))?;
    Ok(SignedInView {
        access_token,
        token_type: "Bearer",
        expires_in_s: LIFE_SECONDS,
        refresh_token,
        clinic_id: sign_in.clinic,
    })
}

/// `chsr_` and the clinic with 32 random bytes: the clinic leads to the row, the rest is the secret.
fn refresh_token(clinic: ClinicId) -> String {
    let mut bytes = clinic.uuid().as_bytes().to_vec();
    bytes.extend_from_slice(&clock::random::<32>());
    format!("chsr_{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn clinic_of(token: &str) -> Option<ClinicId> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("chsr_")?).ok()?;
    let clinic = if bytes.len() == 48 { bytes.first_chunk::<16>() } else { None };
    clinic.map(|clinic| ClinicId(Uuid::from_bytes(*clinic)))
}

fn stranger_in(request: &HttpRequest, scope: Scope) -> Result<Permit<SignIn>, Problem> {
    Permit::stranger(scope, guard::origin(request)).map_err(|_| Problem::new(ProblemKind::Forbidden))
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded login, guarded refresh, guarded logout, guarded reauth, guarded cosign]
}
