//! One's own second factor: set up, confirmed with a first code, replaced, taken away, and its recovery codes.

use super::anew::{Anew, Changed};
use super::{SignedInView, give};
use crate::access::factor::{self, ENROLMENT_MINUTES, FactorKey, FactorRule, RECOVERY_CODES};
use crate::access::login_session::SignInEnd;
use crate::access::permission::{
    ConfirmFactor, EnrolFactor, Permission, ReadOwnFactor, RemoveFactor, RenewRecoveryCodes,
};
use crate::access::permit::{Actor, Permit};
use crate::api::extract::Act;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::event::EventKind;
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::time::Timestamp;
use crate::store::{Gather, Once, Proof, Proved, Store, StoreError, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether one has a second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnFactor)]
pub struct OwnFactorView {
    /// Since when; null without one.
    enrolled_at: Option<Timestamp>,
    /// Whether one's roles ask for one.
    required: bool,
    /// How many recovery codes are left.
    #[schema(example = 10)]
    recovery_codes_left: i64,
}

/// A secret for an authenticator. It is shown here and nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferedFactor)]
pub struct OfferedView {
    /// To type in.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same to be shown as a picture that the authenticator reads.
    #[schema(
        example = "otpauth://totp/Chairside:nurse.lee?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Chairside&algorithm=SHA1&digits=6&period=30"
    )]
    uri: String,
    /// How long it waits to be confirmed.
    #[schema(example = 600)]
    expires_in_s: i64,
}

/// A proof of presence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FactorAct, example = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct ProofBody {
    /// From `/auth/reauth`, for this act about one's own `staff_id`.
    #[schema(max_length = 100)]
    signing_token: String,
}

/// The first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FactorConfirmation, example = json!({"code": "287082"}))]
pub struct ConfirmBody {
    /// What the authenticator shows.
    #[schema(max_length = 6, pattern = "^[0-9]{6}$")]
    code: String,
}

/// Codes that open instead of the authenticator's, once each. They are shown here and nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub struct RecoveryCodesView {
    /// Ten of them; to be kept on paper, away from the phone.
    recovery_codes: Vec<String>,
}

/// A factor in force, and the sign-in this device goes on with: all others have ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EnrolledFactor)]
pub struct EnrolledView {
    /// Codes that open instead of the authenticator's, once each. They are shown here and nowhere else.
    recovery_codes: Vec<String>,
    /// This device's new sign-in.
    sign_in: SignedInView,
}

/// Do I have a second factor.
#[utoipa::path(get, path = "/api/v1/me/factor", tag = "auth", operation_id = "me_factor_read", summary = "Do I have a second factor",
    responses((status = 200, description = "One's own second factor, without its secret", body = OwnFactorView)))]
pub async fn show(permit: Permit<ReadOwnFactor>, store: Data<Store>, rule: Data<FactorRule>) -> Answer {
    let view = store.read(permit, move |tx| {
        let actor = actor_of(tx)?;
        let enrolled_at = tx.factor(actor.account())?.map(|factor| factor.enrolled_at);
        let recovery_codes_left = tx.recovery_codes_left(actor.account())?;
        Ok(OwnFactorView { enrolled_at, required: rule.demands(actor.roles()), recovery_codes_left })
    });
    reply::listed(&view.await?)
}

fn actor_of(tx: &Gather<'_>) -> Result<Actor, StoreError> {
    tx.actor().cloned().ok_or(StoreError::Unauthenticated)
}

/// Shows a new secret. The factor in force, if there is one, stays so until the first code of this one confirms it.
#[utoipa::path(post, path = "/api/v1/me/factor", tag = "auth", operation_id = "me_factor_offer", summary = "Set up my second factor",
    request_body = ProofBody, responses((status = 200, description = "A secret, to be confirmed", body = OfferedView)))]
pub async fn offer(act: Act<EnrolFactor, ProofBody>, store: Data<Store>, key: Data<FactorKey>) -> Answer<Written> {
    let secret = clock::random::<20>();
    let proof = Proof::about(&act.body.signing_token, member(&act.permit)?.staff());
    // The answer holds a secret, so it is not kept with the key.
    let written = store.sign(act.permit, Once::default(), proof, move |tx| {
        let account = tx.person()?.account;
        let own = tx.own_credentials(account)?.ok_or(StoreError::Unauthenticated)?;
        let sealed =
            key.seal(account, &secret).ok_or_else(|| StoreError::Broken("a secret cannot be sealed".into()))?;
        let event = tx.offer_factor(account, &sealed)?;
        let view = OfferedView {
            secret: factor::readable(&secret),
            uri: factor::uri(&own.login, &secret),
            expires_in_s: ENROLMENT_MINUTES.saturating_mul(60),
        };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Puts the secret that was shown in force with its first code. Every sign-in ends, here and in every clinic; this
/// device goes on with a new one.
#[utoipa::path(post, path = "/api/v1/me/factor/confirm", tag = "auth", operation_id = "me_factor_confirm", summary = "Confirm my second factor",
    request_body = ConfirmBody, responses((status = 200, description = "In force; signed in anew", body = EnrolledView)))]
pub async fn confirm(
    act: Act<ConfirmFactor, ConfirmBody>,
    store: Data<Store>,
    key: Data<FactorKey>,
    request: HttpRequest,
) -> Answer {
    let anew = Anew::of(&request, &store, member(&act.permit)?.clinic())?;
    let (code, given, keeper) = (act.body.code, anew.tokens.clone(), anew.keeper);
    let written = store.write(act.permit, Once::default(), move |tx| {
        let account = tx.person()?.account;
        let waits = || Refusal::clash(Clash::WrongState, "ask for a secret first, with POST /me/factor");
        let offered = tx.pending_factor(account)?.ok_or_else(waits)?;
        let wrong =
            || Refusal::invalid("/code", "wrong", "is not what the authenticator shows now; look at the phone's clock");
        let step = key.step(account, &offered, &code, tx.now()).ok_or_else(wrong)?;
        let codes = new_recovery_codes();
        let mut events = vec![tx.confirm_factor(account, &offered, step)?, tx.keep_recovery_codes(account, &codes)?];
        let changed = changed(tx.factor_changed(account)?, Proved::Both);
        let (sign_in, begun) = anew.go_on(tx, changed)?;
        events.extend(begun);
        let reply = reply::plain(&EnrolledView { recovery_codes: codes, sign_in })?;
        Ok(tx.record(events, reply))
    });
    Ok(give(written.await?, keeper, &given, &request))
}

/// Ten new recovery codes; the old ones open nothing any more.
#[utoipa::path(post, path = "/api/v1/me/factor/recovery-codes", tag = "auth", operation_id = "me_factor_recovery_codes", summary = "New recovery codes",
    request_body = ProofBody, responses((status = 200, description = "Shown once", body = RecoveryCodesView)))]
pub async fn renew(act: Act<RenewRecoveryCodes, ProofBody>, store: Data<Store>) -> Answer<Written> {
    let proof = Proof::about(&act.body.signing_token, member(&act.permit)?.staff());
    let written = store.sign(act.permit, Once::default(), proof, move |tx| {
        let account = tx.person()?.account;
        tx.factor(account)?.ok_or_else(|| Refusal::clash(Clash::WrongState, "there is no second factor to recover"))?;
        let codes = new_recovery_codes();
        let event = tx.keep_recovery_codes(account, &codes)?;
        let reply = reply::plain(&RecoveryCodesView { recovery_codes: codes })?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Takes one's own factor away, where one's roles do not ask for it. Every sign-in ends; this device goes on with a
/// new one.
#[utoipa::path(post, path = "/api/v1/me/factor/remove", tag = "auth", operation_id = "me_factor_remove", summary = "Remove my second factor",
    request_body = ProofBody, responses((status = 200, description = "Removed; signed in anew", body = SignedInView)))]
pub async fn remove(
    act: Act<RemoveFactor, ProofBody>,
    store: Data<Store>,
    rule: Data<FactorRule>,
    request: HttpRequest,
) -> Answer {
    let anew = Anew::of(&request, &store, member(&act.permit)?.clinic())?;
    let (given, keeper) = (anew.tokens.clone(), anew.keeper);
    let proof = Proof::about(&act.body.signing_token, member(&act.permit)?.staff());
    let written = store.sign(act.permit, Once::default(), proof, move |tx| {
        let actor = actor_of(tx)?;
        if rule.demands(actor.roles()) {
            return Err(Refusal::clash(
                Clash::WrongState,
                "your role asks for a second factor; set up another instead",
            )
            .into());
        }
        let none = || Refusal::clash(Clash::WrongState, "there is no second factor to remove");
        tx.factor(actor.account())?.ok_or_else(none)?;
        let mut events = vec![tx.remove_factor(actor.account(), EventKind::FactorRemoved, None)?];
        let changed = changed(tx.factor_changed(actor.account())?, Proved::Password);
        let (sign_in, begun) = anew.go_on(tx, changed)?;
        events.extend(begun);
        let reply = reply::plain(&sign_in)?;
        Ok(tx.record(events, reply))
    });
    Ok(give(written.await?, keeper, &given, &request))
}

/// The member who asks; nobody else holds these permissions.
fn member<P: Permission>(permit: &Permit<P>) -> Result<&Actor, Problem> {
    permit.actor().ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))
}

fn changed(cred_version: i64, proved: Proved) -> Changed {
    Changed { cred_version, because: SignInEnd::FactorChanged, proved }
}

fn new_recovery_codes() -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| factor::recovery_code(clock::random())).collect()
}
