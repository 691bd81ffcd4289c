//! Screening: the questions, the answers, and the prescriber's decision on them.

mod body;

use super::extract::{Act, Id};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{DecideScreening, ReadChart, ReadClinic, RecordScreening};
use crate::access::permit::Permit;
use crate::domain::id::{PatientId, ScreeningId};
use crate::domain::screening::{self, Decided, DecisionFields, NewScreening};
use crate::store::{Reply, Screened, Store, StoreError, Written};
use actix_web::web::Data;
use body::{DecisionBody, QuestionListView, ScreeningBody, ScreeningListView, ScreeningView};

/// Reads the questions in use, in the order they are asked.
#[utoipa::path(get, path = "/api/v1/screenings/questions", tag = "screening", operation_id = "screening_questions_list", summary = "Read the screening questions",
    responses((status = 200, description = "The questions", body = QuestionListView)))]
pub async fn questions(permit: Permit<ReadClinic>, store: Data<Store>) -> Answer {
    store.read(permit, |_| Ok(())).await?;
    reply::listed(&QuestionListView::current())
}

/// Reads every set of answers, and what keeps a treatment from starting.
#[utoipa::path(get, path = "/api/v1/patients/{id}/screenings", tag = "screening", operation_id = "screenings_list", summary = "Read the screening answers",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The answers, newest first", body = ScreeningListView)))]
pub async fn list(permit: Permit<ReadChart>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        tx.patient(id)?;
        Ok((tx.screenings(id)?, tx.now()))
    });
    let (screened, now) = found.await?;
    reply::listed(&ScreeningListView::of(&screened, now))
}

/// Records answers. The newest set counts; a question left out stays unanswered.
#[utoipa::path(post, path = "/api/v1/patients/{id}/screenings", tag = "screening", operation_id = "screenings_record", summary = "Record screening answers",
    params(("id" = PatientId, Path, description = "The patient")), request_body = ScreeningBody,
    responses((status = 201, description = "Recorded", body = ScreeningView)))]
pub async fn record(
    act: Act<RecordScreening, ScreeningBody>,
    Id(id): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(id)?;
        let new = NewScreening::parse(body.questions_version, &body.answers(), tx.now())?;
        let (screening, events) = new.record(tx.new_id(), id, tx.person()?.staff, tx.now());
        tx.insert_screening(&screening)?;
        let view = ScreeningView::of(&Screened { screening, decisions: Vec::new() }, tx.now());
        Ok(tx.record(events, Reply { status: 201, ..reply::plain(&view)? }))
    });
    Ok(written.await?)
}

/// Decides on the newest answers, or joins another prescriber's decision.
#[utoipa::path(post, path = "/api/v1/screenings/{id}/decision", tag = "screening", operation_id = "screenings_decide", summary = "Clear a patient, or not",
    params(("id" = ScreeningId, Path, description = "The newest answers of the patient")), request_body = DecisionBody,
    responses((status = 201, description = "Decided", body = ScreeningView)))]
pub async fn decide(
    act: Act<DecideScreening, DecisionBody>,
    Id(id): Id<ScreeningId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_screening(id)?;
        tx.lock_patient(patient)?;
        let mut screened = tx.screening(id)?;
        let now = tx.now();
        let newest = tx.latest_screening(patient, now)?.ok_or(StoreError::NotFound)?;
        screening::check_newest(&screened.screening, newest.screening.id)?;
        let reasons = body.reasons();
        let DecisionBody { decision: verdict, expires_at, seconds_id, .. } = body;
        let fields = DecisionFields { verdict, reasons: &reasons, expires_at, seconds_id };
        let who = Decided { id: tx.new_id(), by: tx.person()?, at: now };
        let (decision, events) = screening::decide(&screened.screening, &screened.decisions, fields, who)?;
        tx.insert_screening_decision(&decision)?;
        screened.decisions.push(decision);
        let view = ScreeningView::of(&screened, now);
        Ok(tx.record(events, Reply { status: 201, ..reply::plain(&view)? }))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded questions, guarded list, guarded record, guarded decide]
}
