//! Setting one's own signing PIN.

use super::attempts;
use super::passwords::Passwords;
use crate::access::permission::SetOwnPin;
use crate::access::pin::{self, Weak};
use crate::api::extract::Act;
use crate::api::guard;
use crate::api::reply::{self, Answer};
use crate::domain::refusal::{FieldError, Refusal};
use crate::store::{Once, Store, StoreError, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

/// A signing PIN, and the password that allows it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPin, example = json!({"password": "correct horse battery", "pin": "824160"}))]
pub struct PinBody {
    /// One's own password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// Six to twelve digits; not one digit, a run, or a part that repeats.
    #[schema(min_length = 6, max_length = 12, pattern = "^[0-9]{6,12}$", format = Password)]
    pin: String,
}

/// Sets one's own signing PIN at this clinic, or another one. It proves presence at the chair in place of the password,
/// in a sign-in that began with the password; a new password ends it.
#[utoipa::path(put, path = "/api/v1/me/pin", tag = "auth", operation_id = "me_pin", summary = "Set my signing PIN",
    request_body = PinBody, responses((status = 204, description = "Set")))]
pub async fn set(
    act: Act<SetOwnPin, PinBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let PinBody { password, pin } = act.body;
    pin::check(&pin).map_err(|weak| Refusal::from(said(weak)))?;
    let reading = guard::permit::<SetOwnPin>(&request).await?;
    let found = store.read(reading, |tx| {
        let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
        let own = tx.own_credentials(actor.account())?.ok_or(StoreError::Unauthenticated)?;
        Ok((own, actor))
    });
    let (own, actor) = found.await?;
    let attempt = attempts::of_member(&request, actor.account(), &own, actor.login_session().uuid());
    let permit = guard::permit::<SetOwnPin>(&request).await?;
    let failures = attempts::take(&request, permit, &attempt).await?;
    if !passwords.verify(password, failures.map(|_| own.password_hash.clone())).await? {
        return Err(attempts::wrong_secret(&request, failures.unwrap_or(i64::MAX)).await);
    }
    let hash = passwords.hash(pin).await?;
    // No key: a key keeps a hash of the body, and a PIN is guessed from a hash.
    let written = store.write(act.permit, Once::default(), move |tx| {
        tx.attempt_succeeded(&attempt)?;
        let event = tx.set_pin(actor.staff(), own.cred_version, &hash)?;
        Ok(tx.record(vec![event], reply::nothing()))
    });
    Ok(written.await?)
}

fn said(weak: Weak) -> FieldError {
    let (code, words) = match weak {
        Weak::Format => ("format", "must be six to twelve digits"),
        Weak::Simple => ("too_simple", "must not be one digit, a run of digits, or a part that repeats"),
    };
    FieldError::new("/pin", code, words)
}
