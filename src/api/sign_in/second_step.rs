//! The second step of a sign-in: a code, when the password was right and there is a second factor.

use super::browser::{self, Keeper};
use super::{SignedInView, attempts, begin, device, give, mark_device, next_tokens, stranger_in};
use crate::access::factor::{CHALLENGE_SECONDS, FactorKey};
use crate::access::permission::SignIn;
use crate::access::permit::Scope;
use crate::access::secret::Purpose;
use crate::api::extract::Act;
use crate::api::guard::{self, Authority};
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::id::ClinicId;
use crate::domain::refusal::Refusal;
use crate::store::{Challenge, GivenFactor, NewChallenge, NewSignIn, Once, Proved, SecretAttempt, Store, StoreError};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The password was right; a second factor is asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = FactorChallenge)]
pub struct ChallengeView {
    /// Send it to `/auth/factor` with a code; it is good for five tries.
    factor_token: String,
    /// How long it is good for.
    #[schema(example = 300)]
    expires_in_s: i64,
}

/// The second step: a code of the authenticator, or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFactorAnswer, example = json!({"factor_token": "chsf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "code": "287082"}))]
pub struct FactorBody {
    /// From `/auth/login`.
    #[schema(max_length = 200)]
    factor_token: String,
    /// Six digits of the authenticator.
    #[schema(max_length = 6, pattern = "^[0-9]{6}$")]
    code: Option<String>,
    /// Instead of them one of the ten codes that were shown when the authenticator was set up; it opens once.
    #[schema(max_length = 100)]
    recovery_code: Option<String>,
}

/// What somebody typed.
enum Typed {
    Code(String),
    Recovery(String),
}

impl Typed {
    fn of(code: Option<String>, recovery_code: Option<String>) -> Result<Self, Problem> {
        match (code, recovery_code) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(code)) => Ok(Self::Recovery(code)),
            (None, None) => Err(Refusal::invalid("/code", "required", "send a code or a recovery code").into()),
            (Some(_), Some(_)) => Err(Refusal::invalid("/recovery_code", "combination", "send one of the two").into()),
        }
    }
}

/// Keeps the sign-in until its code comes. The attempt stays counted: knowing the password alone is no success.
pub(super) async fn ask(
    request: &HttpRequest,
    clinic: ClinicId,
    new: NewChallenge,
    stronger: Option<(String, String)>,
) -> Answer {
    let token = Purpose::Challenge.token(clinic, clock::random());
    let permit = stranger_in(request, Scope::Clinic(clinic))?;
    let written = guard::data::<Store>(request)?.write(permit, Once::default(), move |tx| {
        if let Some((known, stronger)) = stronger {
            tx.upgrade_password_hash(new.account, &known, &stronger)?;
        }
        let event = tx.keep_challenge(&token, &new)?;
        let view = ChallengeView { factor_token: token, expires_in_s: CHALLENGE_SECONDS };
        let reply = reply::accepted(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?.respond_to(request))
}

/// Gives the second factor of a sign-in whose password was right.
#[utoipa::path(post, path = "/api/v1/auth/factor", tag = "auth", operation_id = "auth_factor", summary = "Give the second factor",
    request_body = FactorBody, responses((status = 200, description = "Signed in", body = SignedInView)))]
pub async fn factor(
    act: Act<SignIn, FactorBody>,
    request: HttpRequest,
    store: Data<Store>,
    key: Data<FactorKey>,
) -> Answer {
    let keeper = browser::keeper(&request)?;
    let FactorBody { factor_token, code, recovery_code } = act.body;
    let typed = Typed::of(code, recovery_code)?;
    let clinic = Purpose::Challenge.clinic_of(&factor_token).ok_or_else(over)?;
    let token = factor_token.clone();
    let reading = stranger_in(&request, Scope::Clinic(clinic))?;
    let found = store.read(reading, move |tx| tx.challenge(&token)).await?;
    let challenge = found.ok_or_else(over)?;
    let attempt = attempts::of_challenge(&request, &challenge);
    let counted = attempts::take(&request, stranger_in(&request, Scope::Installation)?, &attempt).await?;
    take_try(&request, clinic, factor_token.clone()).await?;
    let given = counted.and_then(|_| judge(&challenge, typed, &key, &store));
    let answered = match given {
        Some(given) => {
            sign_in(&request, Answered { clinic, challenge, factor_token, given, attempt: attempt.clone(), keeper })
                .await
        }
        None => Err(Problem::new(ProblemKind::InvalidFactor)),
    };
    if let Err(problem) = &answered
        && problem.kind() == ProblemKind::InvalidFactor
    {
        attempts::note_failure(&request, &attempt).await?;
    }
    answered
}

fn over() -> Problem {
    Problem::new(ProblemKind::Unauthenticated).because("this sign-in has run out; begin again with name and password")
}

/// Counted before the code is looked at, and kept whatever comes of it.
async fn take_try(request: &HttpRequest, clinic: ClinicId, token: String) -> Result<(), Problem> {
    let permit = stranger_in(request, Scope::Clinic(clinic))?;
    let written = guard::data::<Store>(request)?.write(permit, Once::default(), move |tx| {
        tx.take_try(&token)?;
        Ok(tx.record(Vec::new(), reply::nothing()))
    });
    match written.await {
        Err(StoreError::Unauthenticated) => Err(over()),
        other => Ok(other.map(drop)?),
    }
}

/// What was typed, as the store uses it; none when it is wrong. Whether a recovery code is one the store says.
fn judge(challenge: &Challenge, typed: Typed, key: &FactorKey, store: &Store) -> Option<GivenFactor> {
    match typed {
        Typed::Recovery(code) => Some(GivenFactor::Recovery(code)),
        Typed::Code(code) => {
            let sealed = challenge.sealed.clone()?;
            let step = key.step(challenge.of.account, &sealed, &code, store.clock().now())?;
            Some(GivenFactor::Step { sealed, step })
        }
    }
}

/// A sign-in whose code was right.
struct Answered {
    clinic: ClinicId,
    challenge: Challenge,
    factor_token: String,
    given: GivenFactor,
    attempt: SecretAttempt,
    keeper: Keeper,
}

async fn sign_in(request: &HttpRequest, answered: Answered) -> Result<HttpResponse, Problem> {
    let Answered { clinic, challenge, factor_token, given, attempt, keeper } = answered;
    let store = guard::data::<Store>(request)?;
    let authority = guard::data::<Authority>(request)?.clone();
    let tokens = next_tokens(clinic, store);
    let mark = mark_device(&authority, store, &attempt)?;
    let kept = (keeper == Keeper::Program).then(|| mark.clone());
    let NewChallenge { account, staff, cred_version, .. } = challenge.of;
    let new = NewSignIn {
        account,
        staff,
        cred_version,
        tokens: tokens.clone(),
        device: device(request),
        proved: Proved::Both,
    };
    let permit = stranger_in(request, Scope::Clinic(clinic))?;
    let written = store.write(permit, Once::default(), move |tx| {
        tx.answer_challenge(&factor_token)?;
        let mut events = tx.use_factor(account, &given)?;
        tx.attempt_succeeded(&attempt)?;
        let (view, begun) = begin(tx, &authority, keeper, &new)?;
        events.extend(begun);
        let reply = reply::plain(&SignedInView { device_token: kept, ..view })?;
        Ok(tx.record(events, reply))
    });
    let mut response = give(written.await?, keeper, &tokens, request);
    if keeper == Keeper::Browser {
        browser::keep_mark(&mut response, &mark);
    }
    Ok(response)
}
