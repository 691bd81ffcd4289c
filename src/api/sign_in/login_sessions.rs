//! Where somebody is signed in: seen and ended by its owner or by an administrator.

use crate::access::login_session::SignInEnd;
use crate::access::permission::{
    EndLoginSession, EndLoginSessionsOfStaff, ReadLoginSessions, ReadLoginSessionsOfStaff,
};
use crate::access::permit::{Actor, Permit};
use crate::api::extract::{Act, Id};
use crate::api::reply::{self, Answer};
use crate::domain::id::{LoginSessionId, StaffId};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::signature::Shown;
use crate::domain::time::Timestamp;
use crate::store::{LoginSession, Proof, Store, StoreError, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginSession)]
pub struct LoginSessionView {
    id: LoginSessionId,
    /// What the client called itself when it signed in.
    #[schema(example = "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X)")]
    device: Option<String>,
    /// The network address it signed in from.
    #[schema(example = "192.0.2.10")]
    address: Option<String>,
    created_at: Timestamp,
    /// Its last request, to the minute.
    last_seen_at: Timestamp,
    /// When it ends at the latest.
    expires_at: Timestamp,
    /// When it was ended; null while it can be used.
    ended_at: Option<Timestamp>,
    /// Why it was ended; `refresh_reused` means that somebody else held a copy of its refresh token.
    ended_because: Option<SignInEnd>,
    /// Whether it is the one that asks.
    current: bool,
}

/// The sign-ins of the last twelve hours, the one used last first.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginSessionList)]
pub struct LoginSessionListView {
    items: Vec<LoginSessionView>,
}

/// A proof of presence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EndLoginSessions, example = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct EndBody {
    /// From `/auth/reauth`, for this act about the sign-in or the member in the path.
    #[schema(max_length = 100)]
    signing_token: String,
}

fn shown(sessions: Vec<LoginSession>, asking: Option<LoginSessionId>) -> LoginSessionListView {
    let view = |session: LoginSession| LoginSessionView {
        id: session.id,
        device: session.device,
        address: session.address,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        ended_at: session.ended_at,
        ended_because: session.ended_because,
        current: asking == Some(session.id),
    };
    LoginSessionListView { items: sessions.into_iter().map(view).collect() }
}

/// Where am I signed in.
#[utoipa::path(get, path = "/api/v1/me/login-sessions", tag = "auth", operation_id = "me_login_sessions", summary = "Where am I signed in",
    responses((status = 200, description = "One's own sign-ins of the last twelve hours", body = LoginSessionListView)))]
pub async fn own(permit: Permit<ReadLoginSessions>, store: Data<Store>) -> Answer {
    let view = store.read(permit, |tx| {
        let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
        Ok(shown(tx.login_sessions_of(actor.staff())?, Some(actor.login_session())))
    });
    reply::listed(&view.await?)
}

/// Ends one of one's own sign-ins, for example that of a lost tablet. It counts from its next request on.
#[utoipa::path(post, path = "/api/v1/login-sessions/{id}/end", tag = "auth", operation_id = "login_sessions_end", summary = "End one of my sign-ins",
    params(("id" = LoginSessionId, Path, description = "The sign-in")), request_body = EndBody,
    responses((status = 204, description = "It has ended")))]
pub async fn end_own(
    act: Act<EndLoginSession, EndBody>,
    Id(id): Id<LoginSessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let proof = Proof::about(&act.body.signing_token, id);
    let written = store.sign(act.permit, act.once, proof, move |tx| {
        let owner = tx.person()?.staff;
        tx.shows(Shown::Nothing);
        let event = tx.end_login_session(owner, id, SignInEnd::EndedByOwner)?;
        Ok(tx.record(event.into_iter().collect(), reply::nothing()))
    });
    Ok(written.await?)
}

/// Where a member is signed in.
#[utoipa::path(get, path = "/api/v1/staff/{id}/login-sessions", tag = "auth", operation_id = "staff_login_sessions", summary = "Where is a member signed in",
    params(("id" = StaffId, Path, description = "The member")),
    responses((status = 200, description = "The member's sign-ins of the last twelve hours", body = LoginSessionListView)))]
pub async fn of_staff(permit: Permit<ReadLoginSessionsOfStaff>, Id(id): Id<StaffId>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        let asking = tx.actor().map(Actor::login_session);
        if !tx.staff_members()?.iter().any(|member| member.id == id) {
            return Err(StoreError::NotFound);
        }
        Ok(shown(tx.login_sessions_of(id)?, asking))
    });
    reply::listed(&view.await?)
}

/// Ends every sign-in of a member at this clinic: for a stolen tablet whose owner cannot be reached.
#[utoipa::path(post, path = "/api/v1/staff/{id}/end-login-sessions", tag = "auth", operation_id = "staff_end_login_sessions", summary = "End a member's sign-ins",
    params(("id" = StaffId, Path, description = "The member")), request_body = EndBody,
    responses((status = 204, description = "They have ended")))]
pub async fn end_of_staff(
    act: Act<EndLoginSessionsOfStaff, EndBody>,
    Id(id): Id<StaffId>,
    store: Data<Store>,
) -> Answer<Written> {
    let proof = Proof::about(&act.body.signing_token, id);
    let written = store.sign(act.permit, act.once, proof, move |tx| {
        tx.shows(Shown::Nothing);
        if tx.person()?.staff == id {
            return Err(Refusal::clash(Clash::SamePerson, "end your own under /me/login-sessions").into());
        }
        if !tx.staff_members()?.iter().any(|member| member.id == id) {
            return Err(StoreError::NotFound);
        }
        let events = tx.end_login_sessions_of(id, SignInEnd::EndedByAdmin)?;
        Ok(tx.record(events, reply::nothing()))
    });
    Ok(written.await?)
}
