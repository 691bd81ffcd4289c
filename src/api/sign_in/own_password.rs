//! Changing one's own password.

use super::anew::{Anew, Changed};
use super::attempts;
use super::passwords::Passwords;
use super::{SignedInView, give};
use crate::access::login_session::SignInEnd;
use crate::access::password::{self, Weak};
use crate::access::permission::ChangeOwnPassword;
use crate::api::extract::Act;
use crate::api::guard;
use crate::api::reply::{self, Answer};
use crate::domain::refusal::{FieldError, Refusal};
use crate::store::{self, Once, Proved, Store, StoreError};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

/// The password that counts and the one that shall.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPassword, example = json!({"current_password": "correct horse battery", "new_password": "four walls and one open door"}))]
pub struct PasswordBody {
    /// The password that counts now.
    #[schema(max_length = 1024, format = Password)]
    current_password: String,
    /// Any words you can remember; spaces are welcome, nothing has to be a digit.
    #[schema(min_length = 15, max_length = 128, format = Password)]
    new_password: String,
}

/// Changes one's own password. Every sign-in ends, here and in every clinic; this device goes on with a new one.
#[utoipa::path(post, path = "/api/v1/auth/password", tag = "auth", operation_id = "auth_password", summary = "Change my password",
    request_body = PasswordBody, responses((status = 200, description = "Changed; signed in anew", body = SignedInView)))]
pub async fn change(
    act: Act<ChangeOwnPassword, PasswordBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer {
    let PasswordBody { current_password, new_password } = act.body;
    let reading = guard::permit::<ChangeOwnPassword>(&request).await?;
    let found = store.read(reading, |tx| {
        let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
        let own = tx.own_credentials(actor.account())?.ok_or(StoreError::Unauthenticated)?;
        Ok((own, actor, tx.clinic_settings()?.0))
    });
    let (own, actor, clinic) = found.await?;
    let attempt = attempts::of_member(&request, actor.account(), &own, actor.login_session().uuid());
    let permit = guard::permit::<ChangeOwnPassword>(&request).await?;
    let failures = attempts::take(&request, permit, &attempt).await?;
    let stored = failures.map(|_| own.password_hash.clone());
    if !passwords.verify(current_password, stored).await? {
        return Err(attempts::wrong_secret(&request, failures.unwrap_or(i64::MAX)).await);
    }
    password::check(&new_password, &[&own.login, &clinic]).map_err(|weak| Refusal::from(said(weak)))?;
    let hash = passwords.hash(new_password).await?;
    let anew = Anew::of(&request, &store, actor.clinic())?;
    let (keeper, given) = (anew.keeper, anew.tokens.clone());
    // The answer holds secrets, so it is not kept with the key.
    let written = store.write(act.permit, Once::default(), move |tx| {
        tx.attempt_succeeded(&attempt)?;
        let cred_version = tx.change_password(actor.account(), own.cred_version, &hash)?;
        let mut events = vec![store::password_changed(actor.account(), cred_version)];
        let factor = tx.factor_given(actor.login_session(), actor.staff())?;
        let proved = if factor { Proved::Both } else { Proved::Password };
        let (view, begun) = anew.go_on(tx, Changed { cred_version, because: SignInEnd::PasswordChanged, proved })?;
        events.extend(begun);
        let reply = reply::plain(&view)?;
        Ok(tx.record(events, reply))
    });
    Ok(give(written.await?, keeper, &given, &request))
}

/// What is wrong with a new password, for the person who chose it.
pub(super) fn said(weak: Weak) -> FieldError {
    let (code, detail) = match weak {
        Weak::TooShort => ("too_short", format!("must have at least {} characters", password::SHORTEST)),
        Weak::TooLong => ("too_long", format!("must have at most {} characters", password::LONGEST)),
        Weak::ContainsName => ("contains_name", "must not contain your name, the clinic's or the product's".into()),
        Weak::Common => ("common", "is one of the first that anybody would try".into()),
    };
    FieldError::new("/new_password", code, detail)
}
