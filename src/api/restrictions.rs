//! Restricted patients: only those named read the chart, and whoever is in charge of a live visit. For everybody else
//! the patient is not there, on any route.

use super::extract::{Act, Id, NoBody};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{ReadChart, RestrictPatient};
use crate::access::permit::Permit;
use crate::domain::id::{PatientId, RestrictionId, StaffId};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::restriction::Restriction;
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may read a patient's chart from now on, and why nobody else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRestriction, example = json!({"reason": "works at this clinic", "staff_ids": []}))]
pub struct RestrictBody {
    /// Why.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
    /// Who may read besides you.
    #[schema(max_items = 100)]
    staff_ids: Vec<StaffId>,
}

/// A restriction of a chart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Restriction)]
pub struct RestrictionView {
    id: RestrictionId,
    version: i64,
    patient_id: PatientId,
    reason: String,
    /// Who may read; whoever is in charge of a live visit may as well.
    staff_ids: Vec<StaffId>,
    set_by: StaffId,
    set_at: Timestamp,
    ended_by: Option<StaffId>,
    ended_at: Option<Timestamp>,
}

/// How a chart is restricted now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestrictionNow)]
pub struct NowView {
    /// The restriction in force; null when everybody with the permission reads the chart.
    restriction: Option<RestrictionView>,
}

impl RestrictionView {
    fn of(restriction: Restriction) -> Self {
        let Restriction { id, version, patient, reason, readers, set_by, set_at, ended_by, ended_at } = restriction;
        Self { id, version, patient_id: patient, reason, staff_ids: readers, set_by, set_at, ended_by, ended_at }
    }
}

/// Reads how a chart is restricted.
#[utoipa::path(get, path = "/api/v1/patients/{id}/restriction", tag = "patients", operation_id = "restrictions_read", summary = "Read a patient's restriction",
    params(("id" = PatientId, Path, description = "The patient")), responses((status = 200, description = "What is in force", body = NowView)))]
pub async fn read(permit: Permit<ReadChart>, Id(patient): Id<PatientId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        tx.patient(patient)?;
        tx.restriction_of(patient)
    });
    reply::listed(&NowView { restriction: found.await?.map(RestrictionView::of) })
}

/// Restricts a patient's chart to those named; another list takes the place of the one before.
#[utoipa::path(post, path = "/api/v1/patients/{id}/restriction", tag = "patients", operation_id = "restrictions_set", summary = "Restrict a patient's chart",
    params(("id" = PatientId, Path, description = "The patient")), request_body = RestrictBody,
    responses((status = 201, description = "The restriction", body = RestrictionView)))]
pub async fn set(
    act: Act<RestrictPatient, RestrictBody>,
    Id(patient): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(patient)?;
        let by = (tx.person()?.staff, tx.now());
        let before = tx.restriction_of(patient)?;
        let (next, event) = Restriction::set(tx.new_id(), patient, (&body.reason, body.staff_ids), by)?;
        let mut events = vec![event];
        if let Some(before) = before {
            let (ended, event) = before.end(by.0, by.1)?;
            tx.update_restriction(&ended)?;
            events.push(event);
        }
        tx.insert_restriction(&next)?;
        let place = format!("/api/v1/patients/{patient}/restriction");
        let reply = reply::created(place, next.version, &RestrictionView::of(next))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Lifts the restriction of a patient's chart.
#[utoipa::path(post, path = "/api/v1/patients/{id}/restriction/lift", tag = "patients", operation_id = "restrictions_lift", summary = "Lift a patient's restriction",
    params(("id" = PatientId, Path, description = "The patient")), request_body = NoBody,
    responses((status = 200, description = "The restriction that ended", body = RestrictionView)))]
pub async fn lift(
    act: Act<RestrictPatient, NoBody>,
    Id(patient): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(patient)?;
        let in_force = tx.restriction_of(patient)?;
        let nothing = || Refusal::clash(Clash::AlreadyDone, "this chart is not restricted");
        let (ended, event) = in_force.ok_or_else(nothing)?.end(tx.person()?.staff, tx.now())?;
        tx.update_restriction(&ended)?;
        let reply = reply::ok(ended.version, &RestrictionView::of(ended))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded read, guarded set, guarded lift]
}
