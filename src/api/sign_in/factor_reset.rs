//! A lost second factor: an administrator opens it, and another member vouches in person that it is them asking
//! (decisions.md 4). Never one person alone.

use crate::access::login_session::SignInEnd;
use crate::access::permission::ResetFactor;
use crate::api::extract::{Act, Id};
use crate::api::reply::{self, Answer};
use crate::domain::event::EventKind;
use crate::domain::id::StaffId;
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::text::checked;
use crate::store::{Proof, Store, Written};
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

/// Who vouches, and what happened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFactorReset, example = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cosignature": "chsg_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "reason": "the phone fell into the harbour"}))]
pub struct ResetBody {
    /// The administrator's, from `/auth/reauth`, for this act about the member in the path.
    #[schema(max_length = 100)]
    signing_token: String,
    /// From `/cosignatures`, for the same act and member: somebody who has the member before them.
    #[schema(max_length = 100)]
    cosignature: String,
    /// What happened to it.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Takes away a factor whose owner lost it. Every sign-in of theirs ends; with their password they set up another.
#[utoipa::path(post, path = "/api/v1/staff/{id}/factor-reset", tag = "auth", operation_id = "staff_factor_reset", summary = "Reset a lost second factor",
    params(("id" = StaffId, Path, description = "The member who lost it")), request_body = ResetBody,
    responses((status = 204, description = "It is gone")))]
pub async fn reset(act: Act<ResetFactor, ResetBody>, Id(id): Id<StaffId>, store: Data<Store>) -> Answer<Written> {
    let ResetBody { signing_token, cosignature, reason } = act.body;
    let reason = checked("/reason", &reason, 1, 500).map_err(Refusal::from)?;
    let proof = Proof::about(&signing_token, id);
    let written = store.sign(act.permit, act.once, proof, move |tx| {
        let (opener, member) = (tx.person()?, tx.member(id)?);
        if opener.account == member.account {
            return Err(Refusal::clash(Clash::SamePerson, "another administrator has to reset your own").into());
        }
        let voucher = tx.cosignature(&cosignature, id)?.person;
        if [opener.account, member.account].contains(&voucher.account) {
            let words = "somebody else has to vouch for the member: neither they nor you";
            return Err(Refusal::clash(Clash::SamePerson, words).into());
        }
        let none = || Refusal::clash(Clash::WrongState, "there is no second factor to reset");
        tx.factor(member.account)?.ok_or_else(none)?;
        let gone = tx.remove_factor(member.account, EventKind::FactorReset, Some(voucher.staff))?;
        tx.factor_changed(member.account)?;
        let mut events = vec![gone.because(reason)];
        events.extend(tx.end_login_sessions_of(id, SignInEnd::FactorChanged)?);
        Ok(tx.record(events, reply::nothing()))
    });
    Ok(written.await?)
}
