//! Stop, pause, alarm: what needs a permit and nothing else, and the end of the alarm.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::urgent::{self, Urgent, lenient};
use super::super::{Endpoint, endpoints};
use super::views::InfusionView;
use crate::access::permission::{EndEmergency, PauseSession, RaiseEmergency, StopSession};
use crate::access::role::Role;
use crate::domain::act;
use crate::domain::act::Stated;
use crate::domain::id::{SessionId, StaffId};
use crate::domain::quantity::Microlitres;
use crate::domain::route::{Basis, EntrySource};
use crate::domain::session::infusion::Stop;
use crate::domain::session::{EndReason, PumpClaim, PumpState, Session, SessionState};
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A stop. Nothing in it is required, and what cannot be read is left out: the drug stops all the same.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = StopSession, example = json!({"end_reason": "completed", "pump_stopped_at": "2026-03-02T16:12:00.000Z", "volume_infused_ml": "60"}))]
pub struct StopBody {
    /// Why giving ends. `patient_request` says nothing about consent; `consent_withdrawn` withdraws it as well.
    #[serde(deserialize_with = "lenient")]
    end_reason: Option<EndReason>,
    /// Why, in words.
    #[schema(max_length = 500)]
    #[serde(deserialize_with = "lenient")]
    reason: Option<String>,
    /// When the pump stood still, said at the chair. Without it somebody has to confirm the pump, and until then the
    /// dose is a range.
    #[serde(deserialize_with = "lenient")]
    pump_stopped_at: Option<Timestamp>,
    /// What the pump's display says it gave.
    #[serde(deserialize_with = "lenient")]
    volume_infused_ml: Option<Microlitres>,
    /// `done` with `occurred_at` says when the pump stood still, too.
    #[serde(deserialize_with = "lenient")]
    basis: Option<Basis>,
    /// When it happened at the chair.
    #[serde(deserialize_with = "lenient")]
    occurred_at: Option<Timestamp>,
    /// How an entry of what happened came into the record.
    #[serde(deserialize_with = "lenient")]
    source: Option<EntrySource>,
    /// Who saw it happen.
    #[serde(deserialize_with = "lenient")]
    observed_by: Option<StaffId>,
}

impl StopBody {
    fn stated(&self) -> Stated {
        Stated {
            basis: self.basis,
            occurred_at: self.occurred_at,
            source: self.source,
            observed_by: self.observed_by,
            late_reason: None,
        }
    }

    /// What the person at the chair said about the pump. It cannot have stopped before it ran.
    fn claim(&self, session: &Session) -> Option<PumpClaim> {
        let past = self.occurred_at.filter(|_| self.basis == Some(Basis::Done));
        let stopped_at = self.pump_stopped_at.or(past)?;
        Some(PumpClaim {
            stopped_at: session.milestones.started_at.map_or(stopped_at, |started| stopped_at.max(started)),
        })
    }
}

/// Ends giving. It works with no body, no key and any body; where nothing runs it answers 200 and changes nothing.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/stop", tag = "dosing", operation_id = "sessions_stop",
    summary = "Stop the drug", params(("id" = SessionId, Path, description = "The session")),
    request_body(content = Option<StopBody>, description = "Optional; what cannot be read is left out"),
    responses((status = 200, description = "The drug as it stands", body = InfusionView)))]
pub async fn stop(act: Urgent<StopSession, StopBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Urgent { permit, once, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let frame = urgent::act(tx.person()?.staff, tx.now(), body.stated());
        let words = urgent::words(body.reason.clone());
        let stop = Stop { reason: body.end_reason, words: words.clone(), pump: body.claim(&session) };
        let step = session.clone().stop(frame, stop)?;
        let withdraws = body.end_reason == Some(EndReason::ConsentWithdrawn);
        let mut events = if withdraws { tx.withdraw_from(held, &session, words)? } else { Vec::new() };
        let (session, stopped) = tx.save_drug_step(held, &session, step, body.volume_infused_ml)?;
        events.splice(0..0, stopped);
        let infusion = tx.infusion(session, held)?;
        let version = infusion.session.version;
        Ok(tx.record(events, reply::ok(version, &InfusionView::of(&infusion, tx.now()))?))
    });
    Ok(written.await?)
}

/// Interrupts giving. As a stop, it needs a permit and nothing else.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/pause", tag = "dosing", operation_id = "sessions_pause",
    summary = "Pause the drug", params(("id" = SessionId, Path, description = "The session")),
    request_body(content = Option<StopBody>, description = "Optional; what cannot be read is left out"),
    responses((status = 200, description = "The drug as it stands", body = InfusionView)))]
pub async fn pause(act: Urgent<PauseSession, StopBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Urgent { permit, once, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let frame = urgent::act(tx.person()?.staff, tx.now(), body.stated());
        let step = session.clone().pause(frame, body.claim(&session))?;
        let (session, events) = tx.save_drug_step(held, &session, step, None)?;
        let infusion = tx.infusion(session, held)?;
        let version = infusion.session.version;
        Ok(tx.record(events, reply::ok(version, &InfusionView::of(&infusion, tx.now()))?))
    });
    Ok(written.await?)
}

/// A session in or after an alarm, without any clinical value: the front desk may raise one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Emergency)]
pub struct EmergencyView {
    session_id: SessionId,
    version: i64,
    state: SessionState,
    pump_state: PumpState,
    emergency_at: Option<Timestamp>,
    emergency_ended_at: Option<Timestamp>,
}

impl EmergencyView {
    fn of(session: &Session) -> Self {
        Self {
            session_id: session.id,
            version: session.version,
            state: session.state,
            pump_state: session.pump.state,
            emergency_at: session.milestones.emergency_at,
            emergency_ended_at: session.milestones.emergency_ended_at,
        }
    }
}

/// Raises the alarm: ends giving on record, pages, and asks for the pump. As a stop, it needs a permit and nothing else.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/emergency", tag = "dosing", operation_id = "sessions_emergency",
    summary = "Raise the alarm", params(("id" = SessionId, Path, description = "The session")),
    request_body(content = Option<StopBody>, description = "Optional; what cannot be read is left out"),
    responses((status = 200, description = "The session in alarm", body = EmergencyView)))]
pub async fn emergency(
    act: Urgent<RaiseEmergency, StopBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Urgent { permit, once, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let frame = urgent::act(tx.person()?.staff, tx.now(), body.stated());
        // The front desk raises the alarm; it says nothing about the pump (decisions.md 10).
        let clinical = tx.actor().is_some_and(|actor| actor.roles().hold_any(&[Role::Nurse, Role::Prescriber]));
        let claim = body.claim(&session).filter(|_| clinical);
        let step = session.clone().emergency(frame, urgent::words(body.reason), claim)?;
        let volume = body.volume_infused_ml.filter(|_| clinical);
        let (session, events) = tx.save_drug_step(held, &session, step, volume)?;
        Ok(tx.record(events, reply::ok(session.version, &EmergencyView::of(&session))?))
    });
    Ok(written.await?)
}

/// The end of an alarm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EndOfEmergency)]
pub struct EndBody {
    /// How it ended.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Says that the alarm is over. What happened in it can be entered until the session is closed.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/emergency/end", tag = "dosing", operation_id = "sessions_emergency_end",
    summary = "End the alarm", params(("id" = SessionId, Path, description = "The session")),
    request_body = EndBody, responses((status = 200, description = "The session after the alarm", body = EmergencyView)))]
pub async fn end_emergency(
    act: Act<EndEmergency, EndBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let frame = act::Act::now(tx.person()?.staff, tx.now());
        let step = session.clone().end_emergency(frame, urgent::words(body.reason))?;
        let (session, events) = tx.save_drug_step(held, &session, step, None)?;
        Ok(tx.record(events, reply::ok(session.version, &EmergencyView::of(&session))?))
    });
    Ok(written.await?)
}

/// The endpoints of this file.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded pause, guarded stop, guarded emergency, guarded end_emergency]
}
