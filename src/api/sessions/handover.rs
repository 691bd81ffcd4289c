//! Everything somebody is in charge of, given to another person at once; and what of theirs others have to look after
//! (decisions.md 11).

use super::super::appointments::{self, AppointmentView};
use super::super::extract::Act as Request;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use crate::access::permission::HandOverSession;
use crate::domain::act::Act;
use crate::domain::id::{PatientId, RoomId, SessionId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::session::care::{Giver, NewHandover};
use crate::domain::session::{Session, SessionEvent, SessionState};
use crate::domain::text::checked;
use crate::domain::time::Timestamp;
use crate::store::{Gather, Result, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who takes over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverOfAll, example = json!({"to_staff_id": "0190a5c0-0000-7000-8000-000000000020", "summary": "all stable"}))]
pub struct HandOverAllBody {
    /// The nurse or prescriber who takes over.
    to_staff_id: StaffId,
    /// What the receiver was told, the same for every patient.
    #[schema(max_length = 4000)]
    summary: Option<String>,
}

/// A visit that needs another person, as a list to call shows it: no clinical value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AffectedSession)]
pub struct AffectedView {
    id: SessionId,
    version: i64,
    state: SessionState,
    patient_id: PatientId,
    /// As the patient's own record shows it.
    #[schema(example = "Rivera, Ana")]
    patient_name: String,
    room_id: RoomId,
    scheduled_start_at: Timestamp,
    scheduled_end_at: Timestamp,
    /// What the person is in it: `owner`, `nurse`, `prescriber`.
    #[schema(example = json!(["owner", "nurse"]))]
    parts: Vec<&'static str>,
}

impl AffectedView {
    /// These visits as they concern a member of staff.
    pub(in crate::api) fn of_all(tx: &mut Gather<'_>, sessions: Vec<Session>, staff: StaffId) -> Result<Vec<Self>> {
        let patients: Vec<PatientId> = sessions.iter().map(|session| session.patient_id).collect();
        let labels = tx.patient_labels(&patients)?;
        let view = |session: Session| {
            let label = labels.iter().find(|label| label.id == session.patient_id)?;
            let team = session.team;
            let parts = [(team.owner_id, "owner"), (team.nurse_id, "nurse"), (team.prescriber_id, "prescriber")];
            Some(Self {
                id: session.id,
                version: session.version,
                state: session.state,
                patient_id: session.patient_id,
                patient_name: label.display_name(),
                room_id: session.slot.room_id,
                scheduled_start_at: session.slot.starts_at,
                scheduled_end_at: session.slot.ends_at,
                parts: parts.iter().filter(|(who, _)| *who == staff).map(|(_, part)| *part).collect(),
            })
        };
        Ok(sessions.into_iter().filter_map(view).collect())
    }
}

/// What was given away, and what is still booked with the person who gave it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandedOver)]
pub struct HandedOverView {
    to_staff_id: StaffId,
    /// Every visit that has another person in charge now.
    handed_over: Vec<AffectedView>,
    /// Every other visit of this person: booked ahead, or supervised. Nothing of it was called off or reassigned.
    sessions: Vec<AffectedView>,
    /// Their conversations ahead, likewise.
    appointments: Vec<AppointmentView>,
}

/// The visits somebody is in charge of, their patients locked in the order of their ids (engineering.md 1).
fn lock_owned(tx: &mut crate::store::Change<'_>, me: StaffId) -> Result<Vec<Session>> {
    let mut owned = tx.sessions_owned_by(me)?;
    owned.sort_by_key(|session| session.patient_id);
    let mut locked = Vec::new();
    for session in owned {
        tx.lock_patient(session.patient_id)?;
        locked.push(tx.session(session.id)?);
    }
    locked.retain(|session| session.team.owner_id == me && session.allows(SessionEvent::Handover));
    Ok(locked)
}

/// Gives every visit one is in charge of to another person, and answers what else is booked.
#[utoipa::path(post, path = "/api/v1/staff/me/handover-all", tag = "sessions", operation_id = "sessions_hand_over_all",
    summary = "Hand everything over", request_body = HandOverAllBody,
    responses((status = 200, description = "What was handed over, and what is still booked", body = HandedOverView)))]
pub async fn hand_over_all(act: Request<HandOverSession, HandOverAllBody>, store: Data<Store>) -> Answer<Written> {
    let Request { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (me, to) = (tx.person()?.staff, body.to_staff_id);
        if to == me || !tx.house()?.nurses.contains(&to) {
            let detail = "must be another nurse or prescriber who works here";
            return Err(Refusal::invalid("/to_staff_id", "not_found", detail).into());
        }
        let summary = body.summary.as_deref().map(|text| checked("/summary", text, 1, 4000)).transpose()?;
        let (mut events, mut given) = (Vec::new(), Vec::new());
        for session in lock_owned(tx, me)? {
            let new = NewHandover { id: tx.new_id(), to, giver: Giver::Signed, reason: None, summary: summary.clone() };
            let (step, handover) = session.hand_over(Act::now(me, tx.now()), new)?;
            tx.save_step(&step)?;
            tx.insert_handover(&handover)?;
            events.extend(step.events);
            given.push(step.session);
        }
        let mut others = tx.sessions_held_by(me)?;
        others.retain(|session| !given.iter().any(|handed| handed.id == session.id));
        let ahead = (tx.now(), Timestamp::MAX);
        let talks = tx.appointments_within(ahead, me)?;
        let view = HandedOverView {
            to_staff_id: to,
            handed_over: AffectedView::of_all(tx, given, to)?,
            sessions: AffectedView::of_all(tx, others, me)?,
            appointments: appointments::shown_all(tx, talks)?,
        };
        let reply = reply::plain(&view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded hand_over_all]
}
