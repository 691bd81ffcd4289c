//! A password for somebody who has none that opens: an administrator issues a link, its owner chooses the password.

use super::own_password::said;
use super::passwords::Passwords;
use super::stranger_as;
use crate::access::login_session::SignInEnd;
use crate::access::password;
use crate::access::permission::{IssueLink, UseLink};
use crate::access::permit::{Permit, Scope};
use crate::access::secret::Purpose;
use crate::api::extract::{Act, Id};
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::id::StaffId;
use crate::domain::refusal::{Clash, Refusal};
use crate::store::{self, LINK_MINUTES, Once, Proof, Store, StoreError, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A proof of presence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPasswordReset, example = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct IssueBody {
    /// From `/auth/reauth`, for this act about the member in the path.
    #[schema(max_length = 100)]
    signing_token: String,
}

/// A link to a password. It is shown here and nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordLink)]
pub struct LinkView {
    /// For its owner alone; it opens nothing but the choice of a password, once.
    link_token: String,
    /// How long it is good for.
    #[schema(example = 1800)]
    expires_in_s: i64,
}

/// A link and the password its owner chose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLinkUse, example = json!({"link_token": "chsl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "new_password": "four walls and one open door"}))]
pub struct UseBody {
    /// As it was given.
    #[schema(max_length = 200)]
    link_token: String,
    /// Any words you can remember; spaces are welcome, nothing has to be a digit.
    #[schema(min_length = 15, max_length = 128, format = Password)]
    new_password: String,
}

/// Whose password it is now.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordSet)]
pub struct SetView {
    /// The name to sign in with.
    #[schema(example = "nurse.lee")]
    login: String,
}

/// Issues a link for a member who forgot the password, or whose password too many guesses have disabled. What counts
/// now goes on counting until the link is used; a second factor is asked for all the same.
#[utoipa::path(post, path = "/api/v1/staff/{id}/password-reset", tag = "auth", operation_id = "staff_password_reset", summary = "Let a member choose a new password",
    params(("id" = StaffId, Path, description = "The member")), request_body = IssueBody,
    responses((status = 200, description = "A link, shown once", body = LinkView)))]
pub async fn issue(act: Act<IssueLink, IssueBody>, Id(id): Id<StaffId>, store: Data<Store>) -> Answer<Written> {
    let proof = Proof::about(&act.body.signing_token, id);
    // The answer holds a secret, so it is not kept with the key.
    let written = store.sign(act.permit, Once::default(), proof, move |tx| {
        if tx.person()?.staff == id {
            return Err(Refusal::clash(Clash::SamePerson, "change your own under /auth/password").into());
        }
        let link_token = Purpose::Link.token(tx.clinic(), clock::random());
        let event = tx.keep_link(&link_token, id)?;
        let reply = reply::plain(&LinkView { link_token, expires_in_s: LINK_MINUTES.saturating_mul(60) })?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Sets the password that a link leads to. It signs nobody in: that takes the new password, and the second factor of
/// whoever has one.
#[utoipa::path(post, path = "/api/v1/auth/link", tag = "auth", operation_id = "auth_link", summary = "Choose a password with a link",
    request_body = UseBody, responses((status = 200, description = "The password counts", body = SetView)))]
pub async fn redeem(
    act: Act<UseLink, UseBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let UseBody { link_token, new_password } = act.body;
    let ended = || Problem::new(ProblemKind::LinkEnded);
    let clinic = Purpose::Link.clinic_of(&link_token).ok_or_else(ended)?;
    let permit = || -> Result<Permit<UseLink>, Problem> { stranger_as(&request, Scope::Clinic(clinic)) };
    let token = link_token.clone();
    let found = store.read(permit()?, move |tx| Ok((tx.link(&token)?, tx.clinic_settings()?.0))).await;
    let (link, clinic_name) = match found {
        Err(StoreError::NotFound) => return Err(ended()),
        other => other?,
    };
    let link = link.ok_or_else(ended)?;
    password::check(&new_password, &[&link.login, &clinic_name]).map_err(|weak| Refusal::from(said(weak)))?;
    let hash = passwords.hash(new_password).await?;
    let written = store.write(permit()?, Once::default(), move |tx| {
        let mut events = vec![tx.spend_link(&link_token)?];
        let changed = tx.change_password(link.account, link.cred_version, &hash);
        let cred_version = changed.map_err(|error| match error {
            StoreError::ReauthRequired => StoreError::LinkEnded,
            other => other,
        })?;
        events.push(store::password_changed(link.account, cred_version));
        events.extend(tx.end_login_sessions_of(link.staff, SignInEnd::PasswordChanged)?);
        let reply = reply::plain(&SetView { login: link.login })?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}
