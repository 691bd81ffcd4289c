//! Reading sessions: one, a page, the history.

use super::super::extract::{Id, Query};
use super::super::page::{self, Cursors};
use super::super::reply::{self, Answer};
use super::super::wire::Day;
use super::super::{Endpoint, endpoints};
use super::shown;
use super::views::{HandoverView, HistoryView, PageView, SessionShown, Shown, TransitionView, is_clinical};
use crate::access::permission::{ListSessions, ReadSession, ReadSessionHistory};
use crate::access::permit::Permit;
use crate::domain::id::{PatientId, RoomId, SessionId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::session::escort::Escort;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::{Timestamp, day_bounds};
use crate::store::{Gather, SessionCursor, SessionFilter, SessionPage, Store};
use actix_web::web::Data;
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::IntoParams;

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// In this state.
    state: Option<SessionState>,
    /// Booked for this date of the clinic.
    date: Option<Day>,
    /// Booked from this instant on.
    from: Option<Timestamp>,
    /// Booked before this instant.
    to: Option<Timestamp>,
    /// Of this patient.
    patient_id: Option<PatientId>,
    /// In this chair.
    room_id: Option<RoomId>,
    /// With this person as nurse, prescriber or in charge.
    staff_id: Option<StaffId>,
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

impl ListQuery {
    /// The filter; the day is cut in the clinic's zone.
    fn filter(&self, tx: &mut Gather<'_>) -> crate::store::Result<SessionFilter> {
        let day = match self.date {
            None => None,
            Some(Day(date)) => {
                let bounds = day_bounds(date, &tx.zone()?);
                Some(bounds.ok_or_else(|| Refusal::invalid("/date", "range", "is too far away"))?)
            }
        };
        Ok(SessionFilter {
            state: self.state,
            from: day.map(|(from, _)| from).max(self.from),
            until: match (day.map(|(_, until)| until), self.to) {
                (Some(day), Some(to)) => Some(day.min(to)),
                (day, to) => day.or(to),
            },
            patient: self.patient_id,
            room: self.room_id,
            staff: self.staff_id,
        })
    }

    /// Names the list and its filter, so that a cursor leads on only in its own list.
    fn name(&self) -> String {
        let Self { state, date, from, to, patient_id, room_id, staff_id, .. } = self;
        format!("sessions {state:?} {date:?} {from:?} {to:?} {patient_id:?} {room_id:?} {staff_id:?}")
    }
}

/// Reads a session, with what is possible now and what stands in the way.
#[utoipa::path(get, path = "/api/v1/sessions/{id}", tag = "sessions", operation_id = "sessions_read", summary = "Read a session",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "The session", body = SessionShown)))]
pub async fn read(permit: Permit<ReadSession>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let (version, view) = store
        .read(permit, move |tx| {
            let (held, session) = (tx.snapshot(), tx.session(id)?);
            Ok((session.version, shown(tx, held, session)?))
        })
        .await?;
    reply::shown(version, &view)
}

/// Lists sessions in the order of their booked times, with how much stands in the way of each one's next step.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", operation_id = "sessions_list", summary = "List sessions",
    params(ListQuery), responses((status = 200, description = "The sessions, earliest first", body = PageView)))]
pub async fn list(
    permit: Permit<ListSessions>,
    Query(query): Query<ListQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let name = query.name();
    let place: Option<(i64, uuid::Uuid)> = cursors.read(&name, query.cursor.as_deref())?;
    let after: Option<SessionCursor> = place.map(|(at, id)| (Timestamp::from_millis(at), SessionId(id)));
    let (items, next) = store
        .read(permit, move |tx| {
            let filter = query.filter(tx)?;
            let SessionPage { items, next } = tx.sessions(&filter, after.as_ref(), limit)?;
            let patients: Vec<PatientId> = items.iter().map(|session| session.patient_id).collect();
            let ids: Vec<SessionId> = items.iter().map(|session| session.id).collect();
            let (labels, escorts) = (tx.patient_labels(&patients)?, tx.escorts(&ids)?);
            let clinical = is_clinical(tx.actor());
            let held = tx.snapshot();
            let mut in_the_way = if clinical { tx.in_the_way_of(held, &items)? } else { HashMap::new() };
            let show = |session: Session| {
                let patient = labels.iter().find(|label| label.id == session.patient_id).cloned()?;
                let escorts: Vec<Escort> =
                    escorts.iter().filter(|escort| escort.session_id == session.id).cloned().collect();
                let blocked_by = in_the_way.remove(&session.id).unwrap_or_default();
                Some(SessionShown::of(Shown { session, patient, escorts, blocked_by, in_a_list: true }, clinical))
            };
            Ok((items.into_iter().filter_map(show).collect(), next))
        })
        .await?;
    let next_cursor = next.and_then(|(at, id)| cursors.write(&name, &(at.millis(), id.uuid())));
    reply::listed(&PageView { items, next_cursor })
}

/// Reads what happened to a session: every transition with who, when, why and what was unmet, and its hand-overs.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/transitions", tag = "sessions", operation_id = "sessions_history",
    summary = "Read a session's history", params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "Its history, oldest first", body = HistoryView)))]
pub async fn history(permit: Permit<ReadSessionHistory>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let view = store
        .read(permit, move |tx| {
            tx.session(id)?;
            Ok(HistoryView {
                transitions: tx.transitions(id)?.into_iter().map(TransitionView::of).collect(),
                handovers: tx.handovers(id)?.into_iter().map(HandoverView::of).collect(),
            })
        })
        .await?;
    reply::listed(&view)
}

/// Everything here.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded read, guarded list, guarded history]
}
