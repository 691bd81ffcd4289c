//! What happens to a visit around the drug: arrival, calling off, no-show, taking up again, escort, hand-over, abort.

use super::super::extract::{Act as Request, Id, expect_version};
use super::super::reply::Answer;
use super::super::stated::words;
use super::super::{Endpoint, endpoints};
use super::record;
use super::views::SessionShown;
use crate::access::permission::{
    AbortSession, CancelSession, CheckInSession, HandOverSession, MarkNoShow, ReinstateSession, SetEscort, UndoCheckIn,
};
use crate::domain::act::{Act, Ahead, Stated};
use crate::domain::id::{PatientId, SessionId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::session::care::{Giver, NewHandover};
use crate::domain::session::escort::{self, EscortKind, EscortName, EscortStatus};
use crate::domain::session::{AbortReason, CancelReason};
use crate::domain::text::checked;
use crate::store::{Gather, Result, Store, Written};
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

act_body! {
    /// An arrival.
    #[schema(as = CheckIn, example = json!({"patient_id": "0190a5c0-0000-7000-8000-000000000001", "identifiers_confirmed": true}))]
    pub struct CheckInBody {
        /// The patient who stands at the desk.
        patient_id: PatientId,
        /// Whether name and birth date were compared.
        identifiers_confirmed: bool,
    }
}

act_body! {
    /// Why something is taken back.
    #[schema(as = UndoneBecause, example = json!({"reason": "wrong patient called"}))]
    pub struct ReasonBody {
        /// Why.
        #[schema(min_length = 1, max_length = 1000)]
        reason: String,
    }
}

act_body! {
    /// A cancellation.
    #[schema(as = CancelSession, example = json!({"reason": "illness"}))]
    pub struct CancelBody {
        /// Why.
        reason: CancelReason,
        /// In words.
        #[schema(max_length = 1000)]
        note: Option<String>,
    }
}

act_body! {
    /// A patient who did not come.
    #[schema(as = NoShow, example = json!({}))]
    pub struct NoShowBody {}
}

act_body! {
    /// An end in the house before any drug ran.
    #[schema(as = AbortSession, example = json!({"patient_id": "0190a5c0-0000-7000-8000-000000000001", "reason": "unfit_today"}))]
    pub struct AbortBody {
        /// The patient in the chair.
        patient_id: PatientId,
        /// Why.
        reason: AbortReason,
        /// In words.
        #[schema(max_length = 1000)]
        note: Option<String>,
    }
}

act_body! {
    /// A change of the person in charge.
    #[schema(as = NewHandover, example = json!({"to_staff_id": "0190a5c0-0000-7000-8000-000000000020", "giver": "signed"}))]
    pub struct HandoverBody {
        /// Who takes over.
        to_staff_id: StaffId,
        /// Whether the person who gives is there to say so.
        giver: Giver,
        /// Why; asked for when the giver is not there.
        #[schema(max_length = 1000)]
        reason: Option<String>,
        /// What the receiver was told.
        #[schema(max_length = 4000)]
        summary: Option<String>,
    }
}

/// Who takes the patient home. Name and phone make out who it is: sent again, more is said about the same person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEscort, example = json!({"name": "J. Rivera", "relationship": "spouse", "phone": "+1 555 0101", "status": "expected"}))]
pub struct EscortBody {
    /// Full name, or the transport service.
    #[schema(max_length = 200)]
    name: String,
    /// To the patient.
    #[schema(max_length = 100)]
    relationship: Option<String>,
    /// Where to call when it is time.
    #[schema(min_length = 3, max_length = 40)]
    phone: String,
    /// What kind of company. Absent: a person.
    kind: Option<EscortKind>,
    /// What is known. Absent: expected.
    status: Option<EscortStatus>,
}

/// The act a body states, by whoever is signed in.
fn act_of(tx: &Gather<'_>, stated: Stated) -> Result<Act> {
    Ok(Act::stated(tx.person()?.staff, tx.now(), stated, Ahead::Refused)?)
}

/// Notes that the patient has arrived.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/check-in", tag = "sessions", operation_id = "sessions_check_in", summary = "Check a patient in",
    params(("id" = SessionId, Path, description = "The session")), request_body = CheckInBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn check_in(
    act: Request<CheckInSession, CheckInBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        expect_version(version, session.version)?;
        session.visit().is_of(body.patient_id)?;
        let step = session.check_in(act_of(tx, body.stated())?, body.identifiers_confirmed, &tx.zone()?)?;
        tx.save_step(&step)?;
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Takes an arrival back that was entered by mistake.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/undo-check-in", tag = "sessions", operation_id = "sessions_undo_check_in",
    summary = "Take a check-in back", params(("id" = SessionId, Path, description = "The session")), request_body = ReasonBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn undo_check_in(
    act: Request<UndoCheckIn, ReasonBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        expect_version(version, session.version)?;
        let reason = checked("/reason", &body.reason, 1, 1000)?;
        let step = session.undo_check_in(act_of(tx, body.stated())?, reason, &tx.zone()?)?;
        tx.save_step(&step)?;
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Calls a visit off; what it held is free again.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/cancel", tag = "sessions", operation_id = "sessions_cancel", summary = "Cancel a session",
    params(("id" = SessionId, Path, description = "The session")), request_body = CancelBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn cancel(
    act: Request<CancelSession, CancelBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        expect_version(version, session.version)?;
        let note = words("/note", body.note.as_deref())?;
        let mut step = session.cancel(act_of(tx, body.stated())?, body.reason, note)?;
        tx.save_step(&step)?;
        step.events.extend(tx.settle_conflict_of(id)?);
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Notes that the patient did not come; what the visit held is free again.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/no-show", tag = "sessions", operation_id = "sessions_no_show", summary = "Mark a no-show",
    params(("id" = SessionId, Path, description = "The session")), request_body = NoShowBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn no_show(
    act: Request<MarkNoShow, NoShowBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        expect_version(version, session.version)?;
        let grace_min = tx.policy()?.rules.booking.no_show_minutes;
        let mut step = session.no_show(act_of(tx, body.stated())?, grace_min)?;
        tx.save_step(&step)?;
        step.events.extend(tx.settle_conflict_of(id)?);
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Takes a cancelled or missed visit up again on its own day, if its slot is still free.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/reinstate", tag = "sessions", operation_id = "sessions_reinstate",
    summary = "Take a cancelled or missed session up again", params(("id" = SessionId, Path, description = "The session")),
    request_body = ReasonBody, responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn reinstate(
    act: Request<ReinstateSession, ReasonBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        expect_version(version, session.version)?;
        let reason = checked("/reason", &body.reason, 1, 1000)?;
        let step = session.reinstate(act_of(tx, body.stated())?, reason, &tx.zone()?)?;
        let staffing = tx.policy()?.rules.staffing;
        tx.save_rebooked(&step, &staffing)?;
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Ends a visit in the house before any drug ran. Never asks for a version.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/abort", tag = "sessions", operation_id = "sessions_abort", summary = "Abort a session",
    params(("id" = SessionId, Path, description = "The session")), request_body = AbortBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn abort(
    act: Request<AbortSession, AbortBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        let note = words("/note", body.note.as_deref())?;
        let mut step = session.abort(act_of(tx, body.stated())?, body.reason, note)?;
        tx.save_step(&step)?;
        step.events.extend(tx.settle_conflict_of(id)?);
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Names an escort, or says more about one: seen, called off. Never asks for a version.
#[utoipa::path(put, path = "/api/v1/sessions/{id}/escort", tag = "sessions", operation_id = "sessions_set_escort", summary = "Name or see an escort",
    params(("id" = SessionId, Path, description = "The session")), request_body = EscortBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn set_escort(
    act: Request<SetEscort, EscortBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let kind = body.kind.unwrap_or(EscortKind::Person);
        let who = EscortName::parse(&body.name, body.relationship.as_deref(), &body.phone, kind)?;
        let status = body.status.unwrap_or(EscortStatus::Expected);
        let (known, act) = (tx.escorts(&[id])?, Act::now(tx.person()?.staff, tx.now()));
        let said = escort::set(&session, &known, tx.new_id(), (who, status), act)?;
        let mut events = Vec::new();
        if let Some((escort, event)) = said {
            tx.insert_escort(&escort)?;
            events.push(event);
        }
        let version = session.version;
        let view = super::shown(tx, held, session)?;
        let reply = super::super::reply::ok(version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Puts another person in charge: recorded by who takes over, or by who gives when both are there. Never asks for a
/// version.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/handover", tag = "sessions", operation_id = "sessions_hand_over", summary = "Hand a session over",
    params(("id" = SessionId, Path, description = "The session")), request_body = HandoverBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn hand_over(
    act: Request<HandOverSession, HandoverBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let house = tx.house()?;
        if !house.nurses.contains(&body.to_staff_id) {
            return Err(Refusal::invalid(
                "/to_staff_id",
                "not_found",
                "must be a nurse or a prescriber who works here",
            )
            .into());
        }
        let summary = body.summary.as_deref().map(|text| checked("/summary", text, 1, 4000)).transpose()?;
        let new = NewHandover {
            id: tx.new_id(),
            to: body.to_staff_id,
            giver: body.giver,
            reason: words("/reason", body.reason.as_deref())?,
            summary,
        };
        let (mut step, handover) = session.hand_over(act_of(tx, body.stated())?, new)?;
        tx.save_step(&step)?;
        tx.insert_handover(&handover)?;
        let to_prescriber = house.prescribers.contains(&handover.to_staff_id);
        if let Some(review) = handover.review(step.session.patient_id, to_prescriber) {
            step.events.extend(tx.open_task(review)?);
        }
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Everything here.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![
        guarded check_in, guarded undo_check_in, guarded cancel, guarded no_show, guarded reinstate, guarded abort,
        guarded set_escort, guarded hand_over
    ]
}
