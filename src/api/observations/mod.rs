//! The flowsheet: chart a row, read it, correct it, move it to the right patient, replay what a tablet kept.

mod batch;
mod body;
mod flowsheet;
mod view;

use super::extract::{Act, Id};
use super::reply::{self, Answer};
use super::stated::corrected_by;
use super::{Endpoint, endpoints};
use crate::access::permission::{AmendObservation, MoveObservation, Permission, ReadObservations, RecordObservation};
use crate::access::permit::Permit;
use crate::domain::id::{ObservationId, PatientId, SessionId, StaffId};
use crate::domain::observation::{Correcting, Correction, Draft, Observation, Sheet, Stamp, status_of};
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::store::{Change, Gather, Held, Recorded, Result, Store, StoreError, Writer, Written};
use actix_web::web::Data;
use batch::{__path_replay, replay};
pub use body::ObservationBody;
use body::{AmendmentBody, MoveBody};
use flowsheet::{__path_flowsheet, __path_schedule, flowsheet, schedule};
use view::{MovedView, ObservationListView, ObservationView};

/// Charts a row. Saved first, judged second: the answer says how bad it is and what to do.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/observations", tag = "monitoring", operation_id = "observations_record", summary = "Chart a row",
    params(("id" = SessionId, Path, description = "The session")), request_body = ObservationBody,
    responses((status = 201, description = "Charted, with its level", body = ObservationView)))]
pub async fn record(
    act: Act<RecordObservation, ObservationBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| chart(tx, id, body));
    Ok(written.await?)
}

/// Every row of a session, oldest first, corrected ones too.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/observations", tag = "monitoring", operation_id = "observations_list", summary = "List rows",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "Every row", body = ObservationListView)))]
pub async fn list(permit: Permit<ReadObservations>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let sheet = store.read(permit, move |tx| {
        let (held, session) = (tx.snapshot(), tx.session(id)?);
        tx.flowsheet(&session, held)
    });
    reply::listed(&ObservationListView::of(&sheet.await?))
}

/// Reads a row.
#[utoipa::path(get, path = "/api/v1/observations/{id}", tag = "monitoring", operation_id = "observations_read", summary = "Read a row",
    params(("id" = ObservationId, Path, description = "The row")),
    responses((status = 200, description = "The row", body = ObservationView)))]
pub async fn read(permit: Permit<ReadObservations>, Id(id): Id<ObservationId>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        let (held, (_, session)) = (tx.snapshot(), tx.session_of_observation(id)?);
        let session = tx.session(session)?;
        let sheet = tx.flowsheet(&session, held)?;
        let row = sheet.rows.iter().find(|row| row.id == id).ok_or(StoreError::NotFound)?;
        Ok(ObservationView::of(&sheet, row))
    });
    reply::shown(1, &view.await?)
}

/// Corrects a row, or says that it should never have been. The old row stays readable; alerts follow.
#[utoipa::path(post, path = "/api/v1/observations/{id}/amendments", tag = "monitoring", operation_id = "observations_amend", summary = "Correct a row",
    params(("id" = ObservationId, Path, description = "The row")), request_body = AmendmentBody,
    responses((status = 201, description = "The correcting row", body = ObservationView)))]
pub async fn amend(
    act: Act<AmendObservation, AmendmentBody>,
    Id(id): Id<ObservationId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, session) = tx.session_of_observation(id)?;
        let (held, session) = tx.lock_session(session)?;
        let mut sheet = tx.flowsheet(&session, held)?;
        let old = row_of(&sheet, id)?;
        let standing = status_of(&old, &sheet.rows);
        let chart = Sheet::from(&session);
        let given = Correcting { standing, sheet: &chart, by: corrected_by(tx)?, reason: &body.reason };
        let stamp = stamp(tx, body.patient_id)?;
        let (row, event) = match corrected(&body)? {
            Some(values) => {
                chart.accepts(values.patient_id)?;
                let draft = known_draft(tx, values)?;
                old.correct(&given, &draft, stamp)?
            }
            None => old.take_back(&given, stamp)?,
        };
        let events = tx.chart(&mut sheet, &row, event)?;
        let reply = reply::created(place(&row), 1, &ObservationView::of(&sheet, &row))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Moves a row that was charted on the wrong patient, with its time and its author; both sessions are judged anew.
#[utoipa::path(post, path = "/api/v1/observations/{id}/move", tag = "monitoring", operation_id = "observations_move", summary = "Move a row to the right patient",
    params(("id" = ObservationId, Path, description = "The row")), request_body = MoveBody,
    responses((status = 201, description = "The mark and the copy", body = MovedView)))]
pub async fn relocate(
    act: Act<MoveObservation, MoveBody>,
    Id(id): Id<ObservationId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, from) = tx.session_of_observation(id)?;
        let (held, from, to) = lock_both(tx, from, body.to_session_id)?;
        let mut here = tx.flowsheet(&from, held)?;
        let old = row_of(&here, id)?;
        let standing = status_of(&old, &here.rows);
        let left = Sheet::from(&from);
        let given = Correcting { standing, sheet: &left, by: corrected_by(tx)?, reason: &body.reason };
        let stamps = [stamp(tx, body.patient_id)?, stamp(tx, to.patient_id)?];
        let [(mark, marked), (copy, copied)] = old.relocate(&given, &Sheet::from(&to), stamps)?;
        let mut there = tx.flowsheet(&to, held)?;
        let mut events = tx.chart(&mut here, &mark, marked)?;
        events.extend(tx.chart(&mut there, &copy, copied)?);
        let reply = reply::created(place(&copy), 1, &MovedView::of((&here, &mark), (&there, &copy)))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Charts one row in a unit of its own.
fn chart<P: Permission>(tx: &mut Writer<'_, P>, session: SessionId, body: ObservationBody) -> Result<Recorded> {
    let (held, session) = tx.lock_session(session)?;
    let stamp = stamp(tx, body.patient_id)?;
    let draft = known_draft(tx, body)?;
    let (row, event) = Observation::chart(&draft, &Sheet::from(&session), stamp)?;
    let mut sheet = tx.flowsheet(&session, held)?;
    let events = tx.chart(&mut sheet, &row, event)?;
    let reply = reply::created(place(&row), 1, &ObservationView::of(&sheet, &row))?;
    Ok(tx.record(events, reply))
}

fn place(row: &Observation) -> String {
    format!("/api/v1/observations/{}", row.id)
}

fn stamp(tx: &Change<'_>, patient: PatientId) -> Result<Stamp> {
    Ok(Stamp { id: tx.new_id(), patient, by: tx.person()?.staff, now: tx.now() })
}

fn row_of(sheet: &crate::domain::flowsheet::Flowsheet, id: ObservationId) -> Result<Observation> {
    sheet.rows.iter().find(|row| row.id == id).cloned().ok_or(StoreError::NotFound)
}

/// A draft whose people exist.
fn known_draft(tx: &mut Gather<'_>, body: ObservationBody) -> Result<Draft> {
    let draft = Draft::from(body);
    if let Some(by) = draft.observed_by {
        known_member(tx, by)?;
    }
    Ok(draft)
}

fn known_member(tx: &mut Gather<'_>, by: StaffId) -> Result<()> {
    match tx.member(by) {
        Ok(_) => Ok(()),
        Err(StoreError::NotFound) => {
            Err(Refusal::invalid("/observed_by", "unknown", "is no member of this clinic").into())
        }
        Err(error) => Err(error),
    }
}

/// The new values of a correction; none when the row is taken back.
fn corrected(body: &AmendmentBody) -> Result<Option<ObservationBody>, Refusal> {
    let mut errors = FieldErrors::none();
    match (Correction::parse(&body.correction), &body.observation) {
        (Ok(Correction::Corrected), None) => errors.add("/observation", "required", "the row as it should have been"),
        (Ok(Correction::EnteredInError), Some(_)) => {
            errors.add("/observation", "not_allowed", "a row that should never have been has no new values");
        }
        (Ok(Correction::Corrected | Correction::EnteredInError), _) => {}
        (Ok(Correction::Moved) | Err(_), _) => {
            errors.add("/correction", "unknown_word", "must be one of: corrected, entered_in_error");
        }
    }
    errors.finish()?;
    Ok(body.observation.clone())
}

/// Locks two sessions' patients, always in the same order (engineering.md 1).
fn lock_both(
    tx: &mut Change<'_>,
    from: SessionId,
    to: SessionId,
) -> Result<(Held, crate::domain::session::Session, crate::domain::session::Session)> {
    let (one, other) = (tx.session(from)?, tx.session(to)?);
    let mut patients = [one.patient_id, other.patient_id];
    patients.sort_unstable();
    let [first, second] = patients;
    tx.lock_patient(first)?;
    let held = tx.lock_patient(second)?;
    Ok((held, tx.session(from)?, tx.session(to)?))
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![
        guarded record,
        guarded list,
        guarded read,
        guarded amend,
        guarded relocate,
        guarded replay,
        guarded schedule,
        guarded flowsheet
    ]
}
