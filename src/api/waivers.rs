//! Waivers: where this clinic goes without a second person, why, and until when.

use super::extract::{Act, Id, NoBody};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{EndWaiver, ReadWaivers, SetWaiver};
use crate::access::permit::Permit;
use crate::domain::id::{ClinicId, StaffId, WaiverId};
use crate::domain::refusal::Refusal;
use crate::domain::signature::Shown;
use crate::domain::time::Timestamp;
use crate::domain::waiver::{NewWaiver, Waivable, Waiver};
use crate::store::{Proof, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For one permission, with a reason and an end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTwoPersonWaiver, example = json!({"clinic_id": "0190a5c0-0000-7000-8000-000000000001", "permission": "protocol.approve",
    "reason": "There is one prescriber until the autumn", "ends_at": "2026-10-01T00:00:00.000Z",
    "signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct WaiverBody {
    /// This clinic: it is what is signed.
    clinic_id: ClinicId,
    /// What one person may do alone from now on.
    permission: Waivable,
    /// Why.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
    /// When it ends, at most twelve months from now.
    ends_at: Timestamp,
    /// From `/auth/reauth` with the password, about the clinic's id.
    #[schema(max_length = 200)]
    signing_token: String,
}

/// A waiver of the second person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TwoPersonWaiver)]
pub struct WaiverView {
    id: WaiverId,
    version: i64,
    /// What one person may do alone.
    permission: Waivable,
    /// Why.
    reason: String,
    /// Whether it holds now.
    holds: bool,
    /// Who set it; nobody when the operator did at the command line.
    set_by: Option<StaffId>,
    set_at: Timestamp,
    /// When it ends by itself.
    ends_at: Timestamp,
    /// Who ended it before.
    ended_by: Option<StaffId>,
    ended_at: Option<Timestamp>,
}

/// Every waiver, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TwoPersonWaiverList)]
pub struct ListView {
    items: Vec<WaiverView>,
}

impl WaiverView {
    fn of(waiver: &Waiver, now: Timestamp) -> Self {
        Self {
            id: waiver.id,
            version: waiver.version,
            permission: waiver.permission,
            reason: waiver.reason.clone(),
            holds: waiver.holds(now),
            set_by: waiver.set_by,
            set_at: waiver.set_at,
            ends_at: waiver.ends_at,
            ended_by: waiver.ended_by,
            ended_at: waiver.ended_at,
        }
    }
}

/// Lists every waiver there is or was.
#[utoipa::path(get, path = "/api/v1/two-person-waivers", tag = "staff", operation_id = "waivers_list", summary = "Where one person acts alone",
    responses((status = 200, description = "Every waiver, the newest first", body = ListView)))]
pub async fn list(permit: Permit<ReadWaivers>, store: Data<Store>) -> Answer {
    let (all, now) = store.read(permit, |tx| Ok((tx.waivers()?, tx.now()))).await?;
    reply::listed(&ListView { items: all.iter().map(|waiver| WaiverView::of(waiver, now)).collect() })
}

/// Lets one person do alone what asks for two; the waiver before it ends. Each use is reviewed by somebody else within
/// thirty days.
#[utoipa::path(post, path = "/api/v1/two-person-waivers", tag = "staff", operation_id = "waivers_set", summary = "Let one person act alone for a time",
    request_body = WaiverBody, responses((status = 201, description = "The waiver", body = WaiverView)))]
pub async fn set(act: Act<SetWaiver, WaiverBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, body.clinic_id);
    let written = store.sign(permit, once, proof, move |tx| {
        tx.shows(Shown::Nothing);
        if body.clinic_id != tx.clinic() {
            return Err(
                Refusal::invalid("/clinic_id", "other_clinic", "must be the clinic you are signed in to").into()
            );
        }
        tx.lock_clinic()?;
        let new = NewWaiver { permission: body.permission, reason: body.reason, ends_at: body.ends_at };
        let (waiver, event) = Waiver::set(tx.new_id(), new, Some(tx.person()?.staff), tx.now())?;
        let before = tx.insert_waiver(&waiver)?;
        let view = WaiverView::of(&waiver, tx.now());
        let reply = reply::created("/api/v1/two-person-waivers".to_owned(), waiver.version, &view)?;
        Ok(tx.record(std::iter::once(event).chain(before).collect(), reply))
    });
    Ok(written.await?)
}

/// Ends a waiver before its time: two people again, from the next act on.
#[utoipa::path(post, path = "/api/v1/two-person-waivers/{id}/end", tag = "staff", operation_id = "waivers_end", summary = "End a waiver",
    params(("id" = WaiverId, Path, description = "The waiver")), request_body = NoBody,
    responses((status = 200, description = "The waiver as it is now", body = WaiverView)))]
pub async fn end(act: Act<EndWaiver, NoBody>, Id(id): Id<WaiverId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_clinic()?;
        let (waiver, event) = tx.waiver(id)?.end(Some(tx.person()?.staff), tx.now())?;
        tx.update_waiver(&waiver)?;
        let reply = reply::ok(waiver.version, &WaiverView::of(&waiver, tx.now()))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded set, guarded end]
}
