//! The lists of a chart: diagnoses, allergies, medicines, earlier treatments. Each is read whole and added to; what is
//! wrong or over is said by a new statement that names the old one.

mod body;
mod treatment;

use super::extract::{Act, Id};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{Permission, ReadChart, RecordCondition, RecordHistory};
use crate::access::permit::Permit;
use crate::domain::allergy::Allergy;
use crate::domain::chart::{Entry, Listed};
use crate::domain::condition::Condition;
use crate::domain::earlier_treatment::EarlierTreatment;
use crate::domain::id::PatientId;
use crate::domain::medication::Medication;
use crate::store::{ChartTable, Reply, Store, Written};
use actix_web::web::Data;
use body::{AllergyBody, AllergyListView, AllergyView, ConditionBody, ConditionListView, ConditionView, Spoken};
use treatment::{
    EarlierTreatmentBody, EarlierTreatmentListView, EarlierTreatmentView, MedicationBody, MedicationListView,
    MedicationView,
};
use uuid::Uuid;

/// Reads one list of a patient.
async fn list<T>(permit: Permit<ReadChart>, patient: PatientId, store: &Store) -> Answer
where
    T: Spoken + ChartTable + Send + 'static,
    T::Id: Send,
{
    let listed = store.read(permit, move |tx| {
        tx.patient(patient)?;
        tx.statements::<T>(patient)
    });
    reply::listed(&T::list(&listed.await?))
}

/// Adds a statement to one list of a patient.
async fn add<T, P>(act: Act<P, T::Body>, patient: PatientId, store: &Store) -> Answer<Written>
where
    T: Spoken + ChartTable + 'static,
    T::Id: From<Uuid>,
    P: Permission,
{
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let held = tx.lock_patient(patient)?;
        let draft = T::draft(&body, tx.now())?;
        let list = tx.statements::<T>(patient)?;
        let entry = Entry { id: tx.new_id(), patient, by: tx.person()?.staff, at: tx.now() };
        let (statement, mut events) = draft.record(entry, &list)?;
        tx.insert_statement(&statement)?;
        if let Some(kind) = T::changes(&statement) {
            events.extend(tx.note_with_diagnosis(held, patient, kind)?);
        }
        let view = T::view(&Listed { statement, amended_by: None });
        Ok(tx.record(events, Reply { status: 201, ..reply::plain(&view)? }))
    });
    Ok(written.await?)
}

/// Reads the diagnoses.
#[utoipa::path(get, path = "/api/v1/patients/{id}/conditions", tag = "charts", operation_id = "conditions_list", summary = "Read the diagnoses",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The diagnoses, newest first", body = ConditionListView)))]
pub async fn conditions(permit: Permit<ReadChart>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    list::<Condition>(permit, id, &store).await
}

/// Adds a diagnosis, or corrects one.
#[utoipa::path(post, path = "/api/v1/patients/{id}/conditions", tag = "charts", operation_id = "conditions_record", summary = "Add or correct a diagnosis",
    params(("id" = PatientId, Path, description = "The patient")), request_body = ConditionBody,
    responses((status = 201, description = "Recorded", body = ConditionView)))]
pub async fn add_condition(
    act: Act<RecordCondition, ConditionBody>,
    Id(id): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    add::<Condition, _>(act, id, &store).await
}

/// Reads the allergies.
#[utoipa::path(get, path = "/api/v1/patients/{id}/allergies", tag = "charts", operation_id = "allergies_list", summary = "Read the allergies",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The allergies, newest first", body = AllergyListView)))]
pub async fn allergies(permit: Permit<ReadChart>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    list::<Allergy>(permit, id, &store).await
}

/// Adds an allergy or that none is known, or corrects an entry.
#[utoipa::path(post, path = "/api/v1/patients/{id}/allergies", tag = "charts", operation_id = "allergies_record", summary = "Add or correct an allergy",
    params(("id" = PatientId, Path, description = "The patient")), request_body = AllergyBody,
    responses((status = 201, description = "Recorded", body = AllergyView)))]
pub async fn add_allergy(
    act: Act<RecordHistory, AllergyBody>,
    Id(id): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    add::<Allergy, _>(act, id, &store).await
}

/// Reads the medicines.
#[utoipa::path(get, path = "/api/v1/patients/{id}/medications", tag = "charts", operation_id = "medications_list", summary = "Read the medicines",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The medicines, newest first", body = MedicationListView)))]
pub async fn medications(permit: Permit<ReadChart>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    list::<Medication>(permit, id, &store).await
}

/// Adds a medicine, or corrects or ends one.
#[utoipa::path(post, path = "/api/v1/patients/{id}/medications", tag = "charts", operation_id = "medications_record", summary = "Add or correct a medicine",
    params(("id" = PatientId, Path, description = "The patient")), request_body = MedicationBody,
    responses((status = 201, description = "Recorded", body = MedicationView)))]
pub async fn add_medication(
    act: Act<RecordHistory, MedicationBody>,
    Id(id): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    add::<Medication, _>(act, id, &store).await
}

/// Reads what was tried before.
#[utoipa::path(get, path = "/api/v1/patients/{id}/earlier-treatments", tag = "charts", operation_id = "earlier_treatments_list", summary = "Read the earlier treatments",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "What was tried, newest first", body = EarlierTreatmentListView)))]
pub async fn earlier_treatments(permit: Permit<ReadChart>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    list::<EarlierTreatment>(permit, id, &store).await
}

/// Adds what was tried before, or corrects it.
#[utoipa::path(post, path = "/api/v1/patients/{id}/earlier-treatments", tag = "charts", operation_id = "earlier_treatments_record", summary = "Add or correct an earlier treatment",
    params(("id" = PatientId, Path, description = "The patient")), request_body = EarlierTreatmentBody,
    responses((status = 201, description = "Recorded", body = EarlierTreatmentView)))]
pub async fn add_earlier_treatment(
    act: Act<RecordHistory, EarlierTreatmentBody>,
    Id(id): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    add::<EarlierTreatment, _>(act, id, &store).await
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![
        guarded conditions,
        guarded add_condition,
        guarded allergies,
        guarded add_allergy,
        guarded medications,
        guarded add_medication,
        guarded earlier_treatments,
        guarded add_earlier_treatment,
    ]
}
