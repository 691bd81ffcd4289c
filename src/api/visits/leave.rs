//! Going home, and locking the record.

use super::super::extract::{Act, Id, Query};
use super::super::problem::UnmetView;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::start::StepView;
use super::{prescriber_only, prescribes};
use crate::access::permission::{CloseSession, CompleteSession, ReadVisit};
use crate::access::permit::Permit;
use crate::domain::act;
use crate::domain::id::{PatientId, SessionId};
use crate::domain::readiness::{unmet_for_close, unmet_for_leaving};
use crate::domain::session::Disposition;
use crate::store::{Proof, Store, StoreError, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How the patient leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDischarge, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "disposition": "home_with_escort"}))]
pub struct CompleteBody {
    /// The patient in the chair.
    patient_id: PatientId,
    /// How.
    disposition: Disposition,
    /// Why, unless with an escort as planned.
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// Proof of presence of the prescriber; for an exception only.
    #[schema(max_length = 200)]
    signing_token: Option<String>,
}

/// Locks the record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewClose, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "signing_token": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct CloseBody {
    /// Whose record.
    patient_id: PatientId,
    /// Proof of presence.
    #[schema(max_length = 200)]
    signing_token: String,
}

/// How the patient is to leave.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DischargeQuery {
    /// How; with an escort when absent.
    disposition: Option<Disposition>,
}

/// What keeps the patient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DischargeCheck)]
pub struct DischargeCheckView {
    /// The session.
    session_id: SessionId,
    /// For this way of leaving.
    disposition: Disposition,
    /// Whether nothing is in the way.
    ready: bool,
    /// Everything that is.
    blocked_by: Vec<UnmetView>,
}

/// Discharges the patient. The books are not asked for.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/complete", tag = "visits", operation_id = "visits_complete", summary = "Discharge the patient",
    params(("id" = SessionId, Path, description = "The session")), request_body = CompleteBody,
    responses((status = 200, description = "The patient has left", body = StepView)))]
pub async fn complete(
    act: Act<CompleteSession, CompleteBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        let person = tx.person()?;
        if body.disposition == Disposition::HomeException {
            let words = "An exception from the discharge criteria is a prescriber's.";
            if !prescribes(tx) {
                return Err(prescriber_only("complete", "session.complete.exception", words).into());
            }
            // The prescriber's own proof of presence: an override is signed (decisions.md 6, 16).
            let token = body.signing_token.as_deref().ok_or(StoreError::ReauthRequired)?;
            tx.shows_visit(&session)?;
            if !tx.cosignature(token, id)?.person.is(person) {
                return Err(StoreError::ReauthRequired);
            }
        }
        let unmet = unmet_for_leaving(&tx.leave_facts(held, &session, body.disposition)?);
        let entry = act::Act::now(person.staff, tx.now());
        let step = session.complete(entry, body.disposition, body.reason, unmet)?;
        tx.save_step(&step)?;
        let mut followed = tx.keep_watch(&step.session, held)?;
        followed.extend(tx.settle_conflicts_of_chair(&step.session)?);
        let blocked_by = tx.in_the_way(held, &step.session)?;
        let reply = reply::ok(step.session.version, &StepView::of(&step.session, &blocked_by, &[]))?;
        Ok(tx.record(step.events.into_iter().chain(followed).collect(), reply))
    });
    Ok(written.await?)
}

/// Locks the record: books settled, alerts answered, work done.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/close", tag = "visits", operation_id = "visits_close", summary = "Lock the record of a visit",
    params(("id" = SessionId, Path, description = "The session")), request_body = CloseBody,
    responses((status = 200, description = "The record is locked", body = StepView)))]
pub async fn close(act: Act<CloseSession, CloseBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        tx.shows_visit(&session)?;
        let unmet = unmet_for_close(&tx.close_facts(held, &session)?);
        let entry = act::Act::now(tx.person()?.staff, tx.now());
        let step = session.close(entry, unmet)?;
        tx.save_step(&step)?;
        let reply = reply::ok(step.session.version, &StepView::of(&step.session, &[], &[]))?;
        Ok(tx.record(step.events, reply))
    });
    Ok(written.await?)
}

/// Which discharge criteria are open.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/discharge-check", tag = "visits", operation_id = "visits_discharge_check", summary = "See which discharge criteria are open",
    params(("id" = SessionId, Path, description = "The session"), DischargeQuery),
    responses((status = 200, description = "What keeps the patient", body = DischargeCheckView)))]
pub async fn discharge_check(
    permit: Permit<ReadVisit>,
    Id(id): Id<SessionId>,
    Query(query): Query<DischargeQuery>,
    store: Data<Store>,
) -> Answer {
    let disposition = query.disposition.unwrap_or(Disposition::HomeWithEscort);
    let unmet = store.read(permit, move |tx| {
        let (held, session) = (tx.snapshot(), tx.session(id)?);
        Ok(unmet_for_leaving(&tx.leave_facts(held, &session, disposition)?))
    });
    let unmet = unmet.await?;
    let blocked_by = unmet.iter().map(UnmetView::of).collect();
    reply::listed(&DischargeCheckView { session_id: id, disposition, ready: unmet.is_empty(), blocked_by })
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded complete, guarded close, guarded discharge_check]
}
