//! Trying a secret: counted before it is looked at, and its result after (security.md 2.2, engineering.md 7.18).

use super::browser;
use crate::access::limits::{Limits, Refused};
use crate::access::login_session::SignInEnd;
use crate::access::permission::{Permission, ProvePresence, SignIn};
use crate::access::permit::{Permit, Scope};
use crate::api::guard::{self, Authority};
use crate::api::network;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::AccountId;
use crate::store::{
    Challenge, Credentials, NewChallenge, Once, OwnCredentials, SecretAttempt, Store, StoreError, Taken,
};
use actix_web::HttpRequest;
use uuid::Uuid;

/// As many wrong secrets in a row end the sign-in that gave them.
const WRONG_SECRETS: i64 = 3;

/// Somebody who has not signed in tries a name.
pub fn of_stranger(
    request: &HttpRequest,
    login: &str,
    found: Option<&Credentials>,
    mark: Option<String>,
) -> Result<SecretAttempt, Problem> {
    let store = guard::data::<Store>(request)?;
    let tokens = &guard::data::<Authority>(request)?.tokens;
    let account = found.map(|found| (found.account, found.cred_version));
    let known = |mark: String| tokens.known_device(&mark, account?.0, store.clock().now());
    let device = browser::mark(request)?.or(mark).and_then(known);
    Ok(SecretAttempt { login: login.to_owned(), account, network: network::of(request), device })
}

/// Somebody who is signed in proves presence: this sign-in is a device of its own.
pub fn of_member(
    request: &HttpRequest,
    account: AccountId,
    own: &OwnCredentials,
    login_session: Uuid,
) -> SecretAttempt {
    let account = Some((account, own.cred_version));
    SecretAttempt { login: own.login.clone(), account, network: network::of(request), device: Some(login_session) }
}

/// Somebody whose password was right tries a code: counted with the passwords, on the device that gave the password.
pub fn of_challenge(request: &HttpRequest, challenge: &Challenge) -> SecretAttempt {
    let NewChallenge { account, cred_version, device, .. } = challenge.of;
    let account = Some((account, cred_version));
    SecretAttempt { login: challenge.login.clone(), account, network: network::of(request), device }
}

/// Takes the attempt. Gives how many in a row did not succeed, this one counted with them; none when the password opens
/// nothing any more, which is told like a wrong one.
///
/// # Errors
/// 429 when it is not looked at.
pub async fn take<P: Permission>(
    request: &HttpRequest,
    permit: Permit<P>,
    attempt: &SecretAttempt,
) -> Result<Option<i64>, Problem> {
    let store = guard::data::<Store>(request)?;
    let limits = *guard::data::<Limits>(request)?.get_ref();
    let (attempt, (send, receive)) = (attempt.clone(), std::sync::mpsc::channel());
    let now = store.clock().now();
    let written = store.write(permit, Once::default(), move |tx| {
        let (taken, events) = tx.take_attempt(&attempt, &limits)?;
        // The receiver waits for the commit.
        let _ = send.send(taken);
        Ok(tx.record(events, reply::nothing()))
    });
    written.await?;
    match receive.try_recv() {
        Ok(Taken::Open { failures }) => Ok(Some(failures)),
        Ok(Taken::Refused(Refused::Disabled)) => Ok(None),
        Ok(Taken::Refused(Refused::Until(open))) => Err(Problem::rate_limited(open.since(now))),
        Err(_) => Err(Problem::new(ProblemKind::Internal)),
    }
}

/// A failed sign-in is an entry of the installation's trail; it never names what was typed.
pub async fn note_failure(request: &HttpRequest, attempt: &SecretAttempt) -> Result<(), Problem> {
    let permit = super::stranger_in(request, Scope::Installation)?;
    let account = attempt.account;
    let written = guard::data::<Store>(request)?.write(permit, Once::default(), move |tx| {
        tx.forget_limits()?;
        let (noun, id) = match account {
            Some((account, _)) => ("account", account.uuid()),
            None => ("sign_in", tx.new_id()),
        };
        let event = Event::noted(EventKind::SignInFailed, Subject::new(noun, id, 1));
        Ok(tx.record(vec![event], reply::nothing()))
    });
    written.await?;
    Ok(())
}

/// The secret was right, though nothing came of it.
pub async fn note_success(request: &HttpRequest, attempt: SecretAttempt) -> Result<(), Problem> {
    let permit: Permit<SignIn> = super::stranger_in(request, Scope::Installation)?;
    let written = guard::data::<Store>(request)?.write(permit, Once::default(), move |tx| {
        tx.attempt_succeeded(&attempt)?;
        Ok(tx.record(Vec::new(), reply::nothing()))
    });
    written.await?;
    Ok(())
}

/// Somebody who is signed in gave a wrong secret; the third in a row ends the sign-in (REQ-SIGN-3).
pub async fn wrong_secret(request: &HttpRequest, failures: i64) -> Problem {
    let wrong = Problem::from(StoreError::ReauthRequired).because("the password is wrong");
    if failures < WRONG_SECRETS {
        return wrong;
    }
    match end_sign_in(request).await {
        Ok(()) => Problem::new(ProblemKind::Unauthenticated).because("the password was wrong three times"),
        Err(problem) => problem,
    }
}

async fn end_sign_in(request: &HttpRequest) -> Result<(), Problem> {
    let permit = guard::permit::<ProvePresence>(request).await?;
    let written = guard::data::<Store>(request)?.write(permit, Once::default(), |tx| {
        let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
        let ended = tx.end_login_session(actor.staff(), actor.login_session(), SignInEnd::WrongSecrets)?;
        Ok(tx.record(ended.into_iter().collect(), reply::nothing()))
    });
    written.await?;
    Ok(())
}
