//! Patients: register, find (by body, never by URL), read, correct.

mod body;
mod views;

use super::extract::{Act, Id, expect_version};
use super::page::{self, Cursors};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{ChangePatient, ReadPatient, RegisterPatient, SearchPatients};
use crate::access::permit::Permit;
use crate::domain::id::PatientId;
use crate::domain::patient::{self, NewPatient, PatientSearch, SearchFields, possible_duplicates};
use crate::store::{PatientCursor, Store, Written};
use actix_web::web::Data;
use body::{PatchBody, RegisterBody, SearchBody};
use views::{PageView, PatientView, RegisteredView};

/// Registers a patient. Name, birth date and phone are enough; who may be the same person is hinted, not refused.
#[utoipa::path(post, path = "/api/v1/patients", tag = "patients", operation_id = "patients_register", summary = "Register a patient",
    request_body = RegisterBody, responses((status = 201, description = "Registered", body = RegisteredView)))]
pub async fn register(act: Act<RegisterPatient, RegisterBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let new = NewPatient::parse(body.into(), tx.today()?)?;
        let known = tx.patients_born_on(new.who.birth_date)?;
        let duplicates = possible_duplicates(&new, &known).iter().map(|patient| patient.id).collect();
        let id = tx.new_id();
        let mrn = match new.mrn.clone() {
            Some(mrn) if tx.mrn_is_taken(&mrn, id)? => return Err(patient::same_mrn().into()),
            Some(mrn) => mrn,
            None => tx.next_mrn()?,
        };
        let (patient, events) = patient::register(new, id, mrn, tx.now());
        tx.insert_patient(&patient)?;
        let view = RegisteredView { patient: PatientView::of(&patient), possible_duplicates: duplicates };
        let reply = reply::created(format!("/api/v1/patients/{id}"), patient.version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Finds patients by name, birth date, number or phone. The criteria travel in the body: a URL ends up in logs.
#[utoipa::path(post, path = "/api/v1/patients/search", tag = "patients", operation_id = "patients_search", summary = "Find patients",
    request_body = SearchBody, responses((status = 200, description = "Who was found, in the order of family names", body = PageView)))]
pub async fn search(act: Act<SearchPatients, SearchBody>, store: Data<Store>, cursors: Data<Cursors>) -> Answer {
    let Act { permit, body, .. } = act;
    let limit = page::limit(body.limit)?;
    let after: Option<PatientCursor> = cursors.read("patients", body.cursor.as_deref())?;
    let birth_date = body.birth_date.map(|day| day.0);
    let fields = SearchFields { name: body.name, birth_date, mrn: body.mrn, phone: body.phone };
    let search = PatientSearch::parse(&fields)?;
    let found = store.read(permit, move |tx| tx.find_patients(&search, after.as_ref(), limit)).await?;
    let next_cursor = found.next.and_then(|last| cursors.write("patients", &last));
    reply::listed(&PageView { items: found.items.iter().map(PatientView::of).collect(), next_cursor })
}

/// Reads a patient.
#[utoipa::path(get, path = "/api/v1/patients/{id}", tag = "patients", operation_id = "patients_read", summary = "Read a patient",
    params(("id" = PatientId, Path, description = "The patient")), responses((status = 200, description = "The patient", body = PatientView)))]
pub async fn read(permit: Permit<ReadPatient>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    let patient = store.read(permit, move |tx| tx.patient(id)).await?;
    reply::shown(patient.version, &PatientView::of(&patient))
}

/// Corrects a patient's demographics.
#[utoipa::path(patch, path = "/api/v1/patients/{id}", tag = "patients", operation_id = "patients_change", summary = "Correct a patient",
    params(("id" = PatientId, Path, description = "The patient")), request_body = PatchBody,
    responses((status = 200, description = "The patient as it is now", body = PatientView)))]
pub async fn change(act: Act<ChangePatient, PatchBody>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(id)?;
        let before = tx.patient(id)?;
        expect_version(version, before.version)?;
        let (today, now) = (tx.today()?, tx.now());
        let (after, events) = before.change(body.into(), today, now)?;
        if after.mrn != before.mrn && tx.mrn_is_taken(&after.mrn, id)? {
            return Err(patient::same_mrn().into());
        }
        if !events.is_empty() {
            tx.update_patient(&before, &after)?;
        }
        let reply = reply::ok(after.version, &PatientView::of(&after))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded register, guarded search, guarded read, guarded change]
}
