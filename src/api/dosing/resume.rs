//! Going on after a pause, and what the pump really did.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::urgent;
use super::super::{Endpoint, endpoints};
use super::views::InfusionView;
use crate::access::permission::{ConfirmPump, ResumeSession};
use crate::domain::act::{self, Ahead};
use crate::domain::dosing::{Administration, Draft, PumpSetting};
use crate::domain::id::{PatientId, SessionId};
use crate::domain::quantity::{MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::session::PumpClaim;
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

act_body! {
    /// Going on after a pause.
    #[schema(as = ResumeSession, example = json!({"patient_id": "01920000-0000-7000-8000-000000000001",
        "expected_infusion_version": 5, "rate_ml_per_h": "40"}))]
    pub struct ResumeBody {
        /// The patient in the chair; somebody else's is 409.
        patient_id: PatientId,
        /// The `infusion_version` on the screen.
        expected_infusion_version: Option<i64>,
        /// The rate. Absent: the one before the pause.
        rate_ml_per_h: Option<MicrolitresPerHour>,
        /// The concentration read off the pump; after a corrected preparation it is needed.
        concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
        /// The volume to be infused, read off the pump; after a corrected preparation it is needed.
        vtbi_ml: Option<Microlitres>,
        /// The second person who read the pump back, from `/cosignatures`.
        #[schema(max_length = 200)]
        cosignature: Option<String>,
        /// Why.
        #[schema(max_length = 500)]
        reason: Option<String>,
    }
}

/// Goes on after a pause: refused with everything that stands in the way.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/resume", tag = "dosing", operation_id = "sessions_resume",
    summary = "Go on after a pause", params(("id" = SessionId, Path, description = "The session")),
    request_body = ResumeBody, responses((status = 200, description = "The drug as it stands", body = InfusionView)))]
pub async fn resume(act: Act<ResumeSession, ResumeBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        let person = tx.person()?;
        let frame = act::Act::stated(person.staff, tx.now(), body.stated(), Ahead::Refused)?;
        if body.cosignature.is_some() {
            tx.shows_visit(&session)?;
        }
        let second = body.cosignature.as_ref().map(|token| tx.cosignature(token, id)).transpose()?;
        if second.as_ref().is_some_and(|second| second.person.is(person)) {
            return Err(Refusal::clash(Clash::SamePerson, "the pump is read back by somebody else").into());
        }
        let setting =
            PumpSetting { rate: body.rate_ml_per_h, concentration: body.concentration_mg_per_ml, vtbi: body.vtbi_ml };
        let draft =
            Draft { what: Administration::Resume(setting), order: None, reason: urgent::words(body.reason.clone()) };
        let checked_by = second.map(|second| second.person.staff);
        let infusion = tx.infusion(session, held)?;
        let (session, events) =
            tx.resume_drug(held, infusion, (draft, checked_by), (frame, body.expected_infusion_version))?;
        let infusion = tx.infusion(session, held)?;
        let version = infusion.session.version;
        Ok(tx.record(events, reply::ok(version, &InfusionView::of(&infusion, tx.now()))?))
    });
    Ok(written.await?)
}

/// What the pump really did.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PumpConfirmation, example = json!({"stopped_at": "2026-03-02T16:12:00.000Z", "volume_infused_ml": "60"}))]
pub struct ConfirmBody {
    /// When it stood still.
    stopped_at: Timestamp,
    /// What its display says it gave.
    volume_infused_ml: Option<Microlitres>,
}

/// Says at the chair when the pump stood still. Until then the dose is a range and no drug can be given.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/pump-confirm", tag = "dosing", operation_id = "sessions_pump_confirm",
    summary = "Confirm the pump", params(("id" = SessionId, Path, description = "The session")),
    request_body = ConfirmBody, responses((status = 200, description = "The drug as it stands", body = InfusionView)))]
pub async fn pump_confirm(
    act: Act<ConfirmPump, ConfirmBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let frame = act::Act::now(tx.person()?.staff, tx.now());
        let started_at = session.milestones.started_at.unwrap_or(body.stopped_at);
        let claim = PumpClaim { stopped_at: body.stopped_at.max(started_at) };
        let step = session.clone().confirm_pump(frame, claim)?;
        let (session, events) = tx.save_drug_step(held, &session, step, body.volume_infused_ml)?;
        let infusion = tx.infusion(session, held)?;
        let version = infusion.session.version;
        Ok(tx.record(events, reply::ok(version, &InfusionView::of(&infusion, tx.now()))?))
    });
    Ok(written.await?)
}

/// The endpoints of this file.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded resume, guarded pump_confirm]
}
