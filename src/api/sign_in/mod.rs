//! Signing in, refreshing, signing out, and proving presence for one act.
//!
//! These are the only routes a secret travels to. Argon2 runs here, behind a limit and off the request threads; a
//! wrong name costs the same time as a wrong password.

mod anew;
mod attempts;
mod browser;
mod factor_reset;
mod given_here;
mod installation;
mod links;
mod login_sessions;
mod own_factor;
mod own_password;
mod passwords;
mod proof;
mod second_step;

use super::extract::{Act, NoBody};
use super::guard::{self, Authority};
use super::problem::{Problem, ProblemKind};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::factor::FactorRule;
use crate::access::permission::{Permission, SignIn, SignOut};
use crate::access::permit::{Permit, Scope};
use crate::access::secret::Purpose;
use crate::access::token::{self, LIFE_SECONDS};
use crate::clock;
use crate::domain::event::Event;
use crate::domain::id::{ClinicId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::store::{
    Change, Credentials, Device, NewChallenge, NewSignIn, NextTokens, Once, Proved, Refreshed, SecretAttempt, Store,
    StoreError, Written,
};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use browser::FrontEnd;
use browser::Keeper;
use factor_reset::{__path_reset, reset};
use installation::{__path_claim, claim};
use links::{__path_issue, __path_redeem, issue, redeem};
use login_sessions::{
    __path_end_of_staff, __path_end_own, __path_of_staff, __path_own, end_of_staff, end_own, of_staff, own,
};
use own_factor::{
    __path_confirm, __path_offer, __path_remove, __path_renew, __path_show, confirm, offer, remove, renew, show,
};
use own_password::{__path_change, change};
pub use passwords::Passwords;
use proof::{__path_cosign, __path_reauth, cosign, reauth};
use second_step::{__path_factor, ChallengeView, factor};

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
    /// What an earlier sign-in on this device was given, so that strangers who guess this name do not slow it down. A
    /// browser leaves it out and sends its cookie.
    #[schema(max_length = 1024)]
    device_token: Option<String>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefresh, example = json!({"refresh_token": "chsr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct RefreshBody {
    /// The one that was given last; it is used once. A browser leaves it out and sends its cookie.
    #[schema(max_length = 200)]
    refresh_token: Option<String>,
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
    /// Gives the next pair, once. A browser gets it in a cookie that no script can read, and not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// The clinic it is for.
    clinic_id: ClinicId,
    /// Whether it opens nothing yet but the way to a second factor, `/me/factor`: the roles ask for one.
    factor_required: bool,
    /// Marks this device as known for thirty days, after a sign-in with name and password; send it with the next one. A
    /// browser gets it in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
}

/// Signs in, or asks for the second factor of somebody who has one.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", operation_id = "auth_login", summary = "Sign in",
    request_body = SignInBody, responses((status = 200, description = "Signed in", body = SignedInView),
        (status = 202, description = "The password was right; the second factor is asked for", body = ChallengeView)))]
pub async fn login(
    act: Act<SignIn, SignInBody>,
    request: HttpRequest,
    store: Data<Store>,
    passwords: Data<Passwords>,
) -> Answer {
    let Act { permit, body, .. } = act;
    let keeper = browser::keeper(&request)?;
    let login = body.login.clone();
    let found = store.read(permit, move |tx| tx.credentials(&login)).await?;
    let attempt = attempts::of_stranger(&request, &body.login, found.as_ref(), body.device_token)?;
    let counted = attempts::take(&request, stranger_in(&request, Scope::Installation)?, &attempt).await?;
    let stored = found.as_ref().filter(|_| counted.is_some()).map(|found| found.password_hash.clone());
    let right = passwords.verify(body.password.clone(), stored).await?;
    let Some(credentials) = found.filter(|_| right) else {
        attempts::note_failure(&request, &attempt).await?;
        return Err(Problem::new(ProblemKind::InvalidCredentials));
    };
    let (clinic, staff) = match choose_clinic(&credentials, body.clinic_id) {
        Ok(chosen) => chosen,
        Err(problem) => {
            attempts::note_success(&request, attempt).await?;
            return Err(problem);
        }
    };
    let stronger = passwords.upgrade(body.password, &credentials.password_hash).await;
    let stronger = stronger.map(|stronger| (credentials.password_hash.clone(), stronger));
    if credentials.has_factor {
        let Credentials { account, cred_version, .. } = credentials;
        let new = NewChallenge { account, staff, cred_version, device: attempt.device };
        return second_step::ask(&request, clinic, new, stronger).await;
    }
    let tokens = next_tokens(clinic, &store);
    let new = credentials.sign_in(staff, tokens, device(&request));
    let rule = *guard::data::<FactorRule>(&request)?.as_ref();
    let first = FirstStep { clinic, new, stronger, attempt, keeper, rule };
    first.conclude(&request).await
}

/// A right password of somebody who has no second factor.
struct FirstStep {
    clinic: ClinicId,
    new: NewSignIn,
    /// The hash that is stored, and a stronger one of the same password.
    stronger: Option<(String, String)>,
    attempt: SecretAttempt,
    keeper: Keeper,
    rule: FactorRule,
}

impl FirstStep {
    /// Begins the sign-in: a whole one, or the way to a factor where the roles ask for one.
    async fn conclude(self, request: &HttpRequest) -> Answer {
        let Self { clinic, new, stronger, attempt, keeper, rule } = self;
        let store = guard::data::<Store>(request)?;
        let authority = guard::data::<Authority>(request)?.clone();
        let mark = mark_device(&authority, store, &attempt)?;
        let (tokens, kept) = (new.tokens.clone(), (keeper == Keeper::Program).then(|| mark.clone()));
        let written = store.write(stranger_in(request, Scope::Clinic(clinic))?, Once::default(), move |tx| {
            tx.attempt_succeeded(&attempt)?;
            if let Some((known, stronger)) = stronger {
                tx.upgrade_password_hash(new.account, &known, &stronger)?;
            }
            let demanded = rule.demands(&tx.member(new.staff)?.roles);
            let proved = if demanded { Proved::OnlyToEnrol } else { Proved::Password };
            let (view, events) = begin(tx, &authority, keeper, &NewSignIn { proved, ..new })?;
            let reply = reply::plain(&SignedInView { device_token: kept, ..view })?;
            Ok(tx.record(events, reply))
        });
        let mut response = give(written.await?, keeper, &tokens, request);
        if keeper == Keeper::Browser {
            browser::keep_mark(&mut response, &mark);
        }
        Ok(response)
    }
}

/// Begins a sign-in in a unit that has seen everything it stands on.
fn begin(
    tx: &mut Change<'_>,
    authority: &Authority,
    keeper: Keeper,
    new: &NewSignIn,
) -> Result<(SignedInView, Vec<Event>), StoreError> {
    let (login_session, events) = tx.begin_sign_in(new)?;
    let (clinic, auth_time, token_id) = (tx.clinic(), tx.now(), new.tokens.access);
    let factor = new.proved == Proved::Both;
    let sign_in = token::SignIn { account: new.account, login_session, clinic, token_id, auth_time, factor };
    let view = signed_in(authority, &sign_in, keeper, &new.tokens.refresh, tx.now())?;
    Ok((SignedInView { factor_required: new.proved == Proved::OnlyToEnrol, ..view }, events))
}

/// The device keeps the id it was known by; a new one gets its first.
fn mark_device(authority: &Authority, store: &Store, attempt: &SecretAttempt) -> Result<String, Problem> {
    let clock = store.clock();
    let device = attempt.device.unwrap_or_else(|| clock.new_id());
    let account = attempt.account.map(|(account, _)| account).ok_or_else(|| Problem::new(ProblemKind::Internal))?;
    let marked = authority.tokens.mark_device(account, device, clock.now());
    marked.map_err(|error| StoreError::Broken(error.to_string()).into())
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

/// Gives the next pair of tokens for a refresh token, once.
///
/// A token that comes again because the answer was lost gives another pair. One that another tab was faster with is
/// answered 409: come again with what that tab was given. One that somebody else has used ends the whole sign-in.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "auth_refresh", summary = "Rotate the refresh token",
    request_body = RefreshBody, responses((status = 200, description = "The next pair", body = SignedInView)))]
pub async fn refresh(act: Act<SignIn, RefreshBody>, request: HttpRequest, store: Data<Store>) -> Answer {
    let keeper = browser::keeper(&request)?;
    let token = match keeper {
        Keeper::Browser => browser::token(&request).ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))?,
        Keeper::Program => {
            let missing = || Refusal::invalid("/refresh_token", "required", "send the one you were given");
            act.body.refresh_token.ok_or_else(missing)?
        }
    };
    let clinic = Purpose::Refresh.clinic_of(&token).ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))?;
    let permit = stranger_in(&request, Scope::Clinic(clinic))?;
    let authority = guard::data::<Authority>(&request)?.clone();
    let next = next_tokens(clinic, &store);
    let given = next.clone();
    let written = store.write(permit, Once::default(), move |tx| {
        let (refreshed, events) = tx.refresh(&token, &next)?;
        let reply = match refreshed {
            Refreshed::Given { account, login_session, began_at: auth_time, proved } => {
                let (token_id, factor) = (next.access, proved == Proved::Both);
                let sign_in = token::SignIn { account, login_session, clinic, token_id, auth_time, factor };
                let view = signed_in(&authority, &sign_in, keeper, &next.refresh, tx.now())?;
                reply::plain(&SignedInView { factor_required: proved == Proved::OnlyToEnrol, ..view })?
            }
            // Committed all the same: two who hold one token have ended its sign-in.
            Refreshed::Theft => reply::unauthenticated(),
        };
        Ok(tx.record(events, reply))
    });
    Ok(give(written.await?, keeper, &given, &request))
}

/// Ends this sign-in: its tokens stop counting with the next request.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "auth_logout", summary = "Sign out",
    request_body = NoBody, responses((status = 204, description = "Signed out")))]
pub async fn logout(act: Act<SignOut, NoBody>, request: HttpRequest, store: Data<Store>) -> Answer {
    let written = store.write(act.permit, Once::default(), |tx| {
        let event = tx.sign_out()?;
        Ok(tx.record(vec![event], reply::nothing()))
    });
    let mut response = written.await?.respond_to(&request);
    browser::forget(&mut response);
    Ok(response)
}

/// The answer of a sign-in. A browser finds its refresh token in the cookie instead.
fn signed_in(
    authority: &Authority,
    sign_in: &token::SignIn,
    keeper: Keeper,
    refresh: &str,
    now: Timestamp,
) -> Result<SignedInView, StoreError> {
    let access_token = authority.tokens.mint(sign_in, now).map_err(|error| StoreError::Broken(error.to_string()))?;
    Ok(SignedInView {
        access_token,
        token_type: "Bearer",
        expires_in_s: LIFE_SECONDS,
        refresh_token: (keeper == Keeper::Program).then(|| refresh.to_owned()),
        clinic_id: sign_in.clinic,
        factor_required: false,
        device_token: None,
    })
}

/// Hands out what was committed; a browser's cookie is set by a success only, so that the loser of a race between
/// tabs does not take the winner's.
fn give(written: Written, keeper: Keeper, tokens: &NextTokens, request: &HttpRequest) -> HttpResponse {
    let mut response = written.respond_to(request);
    if keeper == Keeper::Browser && response.status().is_success() {
        browser::keep(&mut response, &tokens.refresh);
    }
    response
}

/// What the client says it is, cut to a line, and where it is.
fn device(request: &HttpRequest) -> Device {
    let name = request.headers().get(header::USER_AGENT).and_then(|name| name.to_str().ok());
    Device { name: name.map(|name| name.chars().take(200).collect()), address: guard::origin(request).client_ip }
}

fn next_tokens(clinic: ClinicId, store: &Store) -> NextTokens {
    NextTokens { refresh: Purpose::Refresh.token(clinic, clock::random()), access: store.clock().new_id() }
}

fn stranger_in(request: &HttpRequest, scope: Scope) -> Result<Permit<SignIn>, Problem> {
    stranger_as(request, scope)
}

fn stranger_as<P: Permission>(request: &HttpRequest, scope: Scope) -> Result<Permit<P>, Problem> {
    Permit::stranger(scope, guard::origin(request)).map_err(|_| Problem::new(ProblemKind::Forbidden))
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![
        guarded login, guarded factor, guarded refresh, guarded logout, guarded change, guarded reauth, guarded cosign,
        guarded own, guarded end_own, guarded of_staff, guarded end_of_staff, guarded show, guarded offer,
        guarded confirm, guarded renew, guarded remove, guarded reset,
        guarded issue, guarded redeem, guarded claim,
    ]
}
