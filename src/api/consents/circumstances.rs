//! Changes in a patient's life that call for a new consent: noted by a clinician, or with a diagnosis that says so.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use crate::access::permission::{ListCircumstances, NoteCircumstance, RetractCircumstance};
use crate::access::permit::Permit;
use crate::domain::consent::{Circumstance, CircumstanceKind, Made, NewCircumstance};
use crate::domain::id::{CircumstanceId, PatientId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change that calls for a new consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentCircumstance)]
pub struct CircumstanceView {
    /// Its id.
    id: CircumstanceId,
    /// Counts its changes.
    version: i64,
    /// Whose.
    patient_id: PatientId,
    /// What changed.
    kind: CircumstanceKind,
    /// Since when: consents given before it became known are not in force from then on.
    began_at: Timestamp,
    /// What is known about it.
    note: String,
    /// Who noted it.
    recorded_by: StaffId,
    /// When.
    recorded_at: Timestamp,
    /// Why it had been noted in error.
    retract_reason: Option<String>,
    /// Who said so.
    retracted_by: Option<StaffId>,
    /// When.
    retracted_at: Option<Timestamp>,
}

impl CircumstanceView {
    /// The wire form of a change.
    pub fn of(one: &Circumstance) -> Self {
        let retraction = one.retraction.as_ref();
        Self {
            id: one.id,
            version: one.version,
            patient_id: one.patient,
            kind: one.kind,
            began_at: one.began_at,
            note: one.note.clone(),
            recorded_by: one.recorded_by,
            recorded_at: one.recorded_at,
            retract_reason: retraction.map(|retraction| retraction.reason.clone()),
            retracted_by: retraction.map(|retraction| retraction.by),
            retracted_at: retraction.map(|retraction| retraction.at),
        }
    }
}

/// A change as it is noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsentCircumstance)]
pub struct CircumstanceBody {
    /// What changed.
    kind: CircumstanceKind,
    /// Since when; absent or later than now: now.
    began_at: Option<Timestamp>,
    /// What is known about it.
    #[schema(example = "Stroke on 12 February, in hospital until the 20th.", min_length = 1, max_length = 1000)]
    note: String,
}

/// Notes a change that calls for a new consent. Until a new one is given no session starts.
#[utoipa::path(post, path = "/api/v1/patients/{id}/consent-circumstances", tag = "consents",
    operation_id = "consent_circumstances_note", summary = "Note a change that calls for a new consent",
    params(("id" = PatientId, Path, description = "The patient")), request_body = CircumstanceBody,
    responses((status = 201, description = "Noted", body = CircumstanceView)))]
pub async fn note(
    act: Act<NoteCircumstance, CircumstanceBody>,
    Id(patient): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(patient)?;
        let new = NewCircumstance { patient, kind: body.kind, began_at: body.began_at, note: body.note };
        let made = Made { id: tx.new_id(), by: tx.person()?.staff, at: tx.now() };
        let (one, event) = Circumstance::note(new, made)?;
        tx.insert_circumstance(&one)?;
        let location = format!("/api/v1/patients/{patient}/consent-circumstances");
        let reply = reply::created(location, one.version, &CircumstanceView::of(&one))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// The changes of a patient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentCircumstancePage)]
pub struct CircumstancePage {
    /// Oldest first, retracted ones too.
    items: Vec<CircumstanceView>,
    /// Always null: a patient has few of them.
    next_cursor: Option<String>,
}

/// Lists the changes of a patient, oldest first.
#[utoipa::path(get, path = "/api/v1/patients/{id}/consent-circumstances", tag = "consents",
    operation_id = "consent_circumstances_list", summary = "List changes that call for a new consent",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The changes, oldest first", body = CircumstancePage)))]
pub async fn list(permit: Permit<ListCircumstances>, Id(patient): Id<PatientId>, store: Data<Store>) -> Answer {
    let found = store
        .read(permit, move |tx| {
            let (patient, held) = (tx.patient(patient)?, tx.snapshot());
            tx.circumstances_of(&[patient.id], held)
        })
        .await?;
    reply::listed(&CircumstancePage { items: found.iter().map(CircumstanceView::of).collect(), next_cursor: None })
}

/// Why a change had been noted in error.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetractConsentCircumstance)]
pub struct RetractBody {
    /// Why.
    #[schema(example = "another patient's letter", min_length = 1, max_length = 500)]
    reason: String,
}

/// Says that a change had been noted in error. It stays in the history.
#[utoipa::path(post, path = "/api/v1/consent-circumstances/{id}/retract", tag = "consents",
    operation_id = "consent_circumstances_retract", summary = "Retract a change noted in error",
    params(("id" = CircumstanceId, Path, description = "The change")), request_body = RetractBody,
    responses((status = 200, description = "Retracted", body = CircumstanceView)))]
pub async fn retract(
    act: Act<RetractCircumstance, RetractBody>,
    Id(id): Id<CircumstanceId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_circumstance(id)?;
        tx.lock_patient(patient)?;
        let known = tx.circumstance(id)?;
        let (one, event) = known.retract(&body.reason, tx.person()?.staff, tx.now())?;
        tx.update_circumstance(&one)?;
        let reply = reply::ok(one.version, &CircumstanceView::of(&one))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything about changes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded note, guarded retract]
}
