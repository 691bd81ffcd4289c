//! When staff are away, and whom that concerns: nothing is called off by it (decisions.md 11).

use super::appointments::{self, AppointmentView};
use super::extract::{Act, Id};
use super::reply::{self, Answer};
use super::sessions::handover::AffectedView;
use super::{Endpoint, endpoints};
use crate::access::permission::{NoteAbsence, ReadAbsences};
use crate::access::permit::Permit;
use crate::domain::absence::Absence;
use crate::domain::id::{AbsenceId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{Gather, Result, Store, StoreError, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An absence to be noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAbsence, example = json!({"from": "2026-03-09T12:00:00.000Z", "to": "2026-03-11T22:00:00.000Z", "reason": "influenza"}))]
pub struct NoteBody {
    /// From this instant on.
    from: Timestamp,
    /// Up to this one; at most a year later.
    to: Timestamp,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// An absence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Absence)]
pub struct AbsenceView {
    id: AbsenceId,
    staff_id: StaffId,
    from: Timestamp,
    to: Timestamp,
    reason: String,
    recorded_by: StaffId,
    recorded_at: Timestamp,
    /// The visits that need another person, or a call. Nothing of it was called off.
    sessions: Vec<AffectedView>,
    /// The conversations, likewise.
    appointments: Vec<AppointmentView>,
}

/// When somebody is or will be away.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Absences)]
pub struct AbsencesView {
    items: Vec<AbsenceView>,
}

/// An absence with everything it concerns as things stand now.
fn shown(tx: &mut Gather<'_>, of: Absence) -> Result<AbsenceView> {
    let held = tx.sessions_held_by(of.staff)?;
    let touched = held.into_iter().filter(|session| of.touches(session)).collect();
    let talks = tx.appointments_within((of.from, of.to), of.staff)?;
    Ok(AbsenceView {
        sessions: AffectedView::of_all(tx, touched, of.staff)?,
        appointments: appointments::shown_all(tx, talks)?,
        id: of.id,
        staff_id: of.staff,
        from: of.from,
        to: of.to,
        reason: of.reason,
        recorded_by: of.recorded_by,
        recorded_at: of.recorded_at,
    })
}

/// Notes that somebody is away, and answers every visit and conversation that concerns.
#[utoipa::path(post, path = "/api/v1/staff/{id}/absences", tag = "staff", operation_id = "absences_note", summary = "Note an absence",
    params(("id" = StaffId, Path, description = "Who is away")), request_body = NoteBody,
    responses((status = 201, description = "Noted, with whom it concerns", body = AbsenceView)))]
pub async fn note(act: Act<NoteAbsence, NoteBody>, Id(staff): Id<StaffId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.member(staff)?;
        let by = (tx.person()?.staff, tx.now());
        let (noted, event) = Absence::note(tx.new_id(), staff, (body.from, body.to), &body.reason, by)?;
        tx.insert_absence(&noted)?;
        let reply = reply::created(format!("/api/v1/staff/{staff}/absences"), 1, &shown(tx, noted)?)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Lists when somebody is or will be away, each time with whom it concerns as things stand now.
#[utoipa::path(get, path = "/api/v1/staff/{id}/absences", tag = "staff", operation_id = "absences_list", summary = "List absences",
    params(("id" = StaffId, Path, description = "Of whom")),
    responses((status = 200, description = "What is not over, earliest first", body = AbsencesView)))]
pub async fn list(permit: Permit<ReadAbsences>, Id(staff): Id<StaffId>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        // Also of somebody who left since: what was noted stays readable.
        if !tx.staff_members()?.iter().any(|member| member.id == staff) {
            return Err(StoreError::NotFound);
        }
        let absences = tx.absences_of(staff)?;
        let items = absences.into_iter().map(|absence| shown(tx, absence)).collect::<Result<_>>()?;
        Ok(AbsencesView { items })
    });
    reply::listed(&view.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded note, guarded list]
}
