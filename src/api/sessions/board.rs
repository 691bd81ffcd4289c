//! The board: today's chairs, and who sits in them.

use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::views::is_clinical;
use crate::access::permission::ReadBoard;
use crate::access::permit::Permit;
use crate::domain::id::{PatientId, RoomId, SessionId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::session::board::{ChairDay, chairs};
use crate::domain::session::escort::{self, EscortStatus};
use crate::domain::session::{PumpState, Session, SessionEvent, SessionState};
use crate::domain::time::{Timestamp, day_bounds};
use crate::store::{PatientLabel, Store};
use actix_web::web::Data;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// The board of today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Board)]
pub struct BoardView {
    /// One row a chair.
    items: Vec<ChairView>,
}

/// One chair and its visits of today, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardChair)]
pub struct ChairView {
    room_id: RoomId,
    #[schema(example = "Chair 1")]
    room_name: String,
    sessions: Vec<BoardCard>,
}

/// A visit on the board: initials, because strangers see it; clinical members for nurses and prescribers only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardCard)]
pub struct BoardCard {
    session_id: SessionId,
    /// Null when the patient's chart is restricted to others: the chair is taken, and by whom is not said.
    #[schema(example = "AR")]
    initials: Option<String>,
    /// The chart is restricted to others.
    restricted: bool,
    /// For nurses and prescribers, of a restricted chart only: what an entry names that cannot wait, such as a vital
    /// sign, and whose chart a broken glass would open.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_id: Option<PatientId>,
    state: SessionState,
    scheduled_start_at: Timestamp,
    scheduled_end_at: Timestamp,
    /// What is known about the escort; absent when nobody was named.
    escort: Option<EscortStatus>,
    /// The chair is still taken by a visit that overran.
    chair_conflict: bool,
    /// An alarm was raised and is not over.
    emergency: bool,
    /// For nurses and prescribers.
    #[serde(skip_serializing_if = "Option::is_none")]
    clinical: Option<BoardClinical>,
}

/// What nurses and prescribers see on the board besides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardClinical)]
pub struct BoardClinical {
    /// What is possible in this state.
    allowed_events: Vec<SessionEvent>,
    /// How much stands in the way of the next step.
    blocked: usize,
    owner_id: StaffId,
    prescriber_id: StaffId,
    pump_state: PumpState,
    released_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
}

impl BoardClinical {
    fn of(session: &Session, blocked: usize) -> Self {
        Self {
            allowed_events: session.allowed_events(),
            blocked,
            owner_id: session.team.owner_id,
            prescriber_id: session.team.prescriber_id,
            pump_state: session.pump.state,
            released_at: session.milestones.released_at,
            started_at: session.milestones.started_at,
            stopped_at: session.milestones.stopped_at,
        }
    }
}

/// Reads the board: one row a chair, with today's visits and those still running from before.
#[utoipa::path(get, path = "/api/v1/sessions/board", tag = "sessions", operation_id = "sessions_board", summary = "Read the board",
    responses((status = 200, description = "The chairs of today", body = BoardView)))]
pub async fn board(permit: Permit<ReadBoard>, store: Data<Store>) -> Answer {
    let view = store
        .read(permit, move |tx| {
            let (zone, now) = (tx.zone()?, tx.now());
            let too_far = || Refusal::invalid("", "range", "the clock is too far away");
            let (from, until) = day_bounds(now.date_in(&zone), &zone).ok_or_else(too_far)?;
            let sessions = tx.board_sessions(from, until)?;
            let rooms = tx.rooms()?;
            let sight = tx.sight().clone();
            let shown: Vec<Session> =
                sessions.iter().filter(|session| sight.shows(session.patient_id)).cloned().collect();
            let labels = tx.patient_labels(&shown.iter().map(|session| session.patient_id).collect::<Vec<_>>())?;
            let escorts = tx.escorts(&shown.iter().map(|session| session.id).collect::<Vec<_>>())?;
            let clinical = is_clinical(tx.actor());
            let held = tx.snapshot();
            let in_the_way = if clinical { tx.in_the_way_of(held, &shown)? } else { HashMap::new() };
            let card = |session: &Session, chair_conflict: bool| {
                let restricted = !sight.shows(session.patient_id);
                let of_this: Vec<_> =
                    escorts.iter().filter(|escort| escort.session_id == session.id).cloned().collect();
                BoardCard {
                    session_id: session.id,
                    initials: labels.iter().find(|label| label.id == session.patient_id).map(PatientLabel::initials),
                    restricted,
                    patient_id: Some(session.patient_id).filter(|_| restricted && clinical),
                    state: session.state,
                    scheduled_start_at: session.slot.starts_at,
                    scheduled_end_at: session.slot.ends_at,
                    escort: escort::best(&of_this),
                    chair_conflict,
                    emergency: session.in_emergency(),
                    clinical: (clinical && !restricted)
                        .then(|| BoardClinical::of(session, in_the_way.get(&session.id).map_or(0, Vec::len))),
                }
            };
            let row = |day: ChairDay<'_>| ChairView {
                room_id: day.room,
                room_name: rooms
                    .iter()
                    .find(|room| room.id == day.room)
                    .map(|room| room.name.clone())
                    .unwrap_or_default(),
                sessions: day.visits.iter().map(|(session, conflict)| card(session, *conflict)).collect(),
            };
            let in_use: Vec<RoomId> =
                rooms.iter().filter(|room| room.retired_at.is_none()).map(|room| room.id).collect();
            Ok(BoardView { items: chairs(&in_use, &sessions, now).into_iter().map(row).collect() })
        })
        .await?;
    reply::listed(&view)
}

/// Everything here.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded board]
}
