//! Coming back to a locked screen.

use super::passwords::Passwords;
use super::proof::Own;
use super::secrets::Secret;
use crate::access::permission::ProvePresence;
use crate::access::permit::Actor;
use crate::api::extract::Act;
use crate::api::reply::{self, Answer};
use crate::domain::event::{Event, EventKind, Subject};
use crate::store::{Once, Store, StoreError, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

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

/// Says that the owner of this sign-in is back at its device. The server holds no lock: a locked screen hides what it
/// shows, and asks here before it shows it again. A sign-in that was left alone too long stays ended. It signs nothing,
/// and asks for no second factor.
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
    let proven = Own::read(&request).await?.prove(secret, None, &passwords, &request).await?;
    let written = store.write(act.permit, Once::default(), move |tx| {
        let device = tx.actor().map(Actor::login_session).ok_or(StoreError::Unauthenticated)?;
        proven.succeed(tx, method)?;
        let event = Event::noted(EventKind::Unlocked, Subject::new("login_session", device, 1));
        Ok(tx.record(vec![event.because(method.as_str())], reply::nothing()))
    });
    Ok(written.await?)
}
