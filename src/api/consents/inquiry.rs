//! Was a consent in force at an instant, and if not, why? One request.

use super::super::extract::Query;
use super::super::problem::UnmetView;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::views::FormRefView;
use crate::access::permission::CheckConsent;
use crate::access::permit::Permit;
use crate::domain::consent::{ConsentFacts, Dose, Need, in_force, may_run};
use crate::domain::icd10::Icd10;
use crate::domain::id::{ConsentId, PatientId, SessionId};
use crate::domain::quantity::{Amount as _, MicrogramsPerKilogram};
use crate::domain::refusal::{Clash, Refusal, Unmet};
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What consent is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckQuery {
    /// The patient.
    patient_id: PatientId,
    /// The instant; now without it.
    at: Option<Timestamp>,
    /// As it was known then: entries made later are left out. Without it, as known now.
    as_known_at: Option<Timestamp>,
    /// The way the drug is to be given; that of the session when one is named, and not looked at otherwise.
    route: Option<Route>,
    /// The dose for each kilogram of the actual weight of that day; what was ordered when a session that was started is
    /// named, and not looked at otherwise.
    #[param(example = "0.5")]
    dose_mg_per_kg: Option<MicrogramsPerKilogram>,
    /// The diagnosis; not looked at when absent.
    #[param(example = "G43.719", max_length = 8)]
    indication: Option<String>,
    /// A session: then withdrawals from it and unanswered reports count as well, and what is not given is taken from it:
    /// the instant of its start, its route, the dose of its order and the diagnosis of its plan.
    session_id: Option<SessionId>,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentCheck)]
pub struct CheckView {
    /// Whether one is in force for what was asked.
    in_force: bool,
    /// Which.
    consent_id: Option<ConsentId>,
    /// The form version that one is on.
    template: Option<FormRefView>,
    /// The session that was asked about.
    session_id: Option<SessionId>,
    /// The instant that was asked about.
    at: Timestamp,
    /// As known when.
    as_known_at: Timestamp,
    /// Every reason why not.
    blocked_by: Vec<UnmetView>,
}

impl CheckView {
    fn of(
        found: &Result<ConsentId, Vec<Unmet>>,
        facts: &ConsentFacts,
        need: &Need<'_>,
        session_id: Option<SessionId>,
    ) -> Self {
        let blocked_by = found.as_ref().err().map(|unmet| unmet.iter().map(UnmetView::of).collect());
        let consent_id = found.as_ref().ok().copied();
        let consent = facts.consents.iter().find(|consent| Some(consent.id) == consent_id);
        Self {
            in_force: found.is_ok(),
            consent_id,
            template: consent.map(|consent| FormRefView::of(&consent.form)),
            session_id,
            at: need.at,
            as_known_at: need.known_at,
            blocked_by: blocked_by.unwrap_or_default(),
        }
    }
}

/// Was a consent in force at this instant for this route and dose, and if not, why?
#[utoipa::path(get, path = "/api/v1/consents/check", tag = "consents", operation_id = "consents_check",
    summary = "Is a consent in force?", params(CheckQuery),
    responses((status = 200, description = "Whether, which, and every reason why not", body = CheckView)))]
pub async fn check(permit: Permit<CheckConsent>, Query(query): Query<CheckQuery>, store: Data<Store>) -> Answer {
    let indication = query.indication.as_deref().map(Icd10::parse).transpose();
    let indication = indication.map_err(|error| Refusal::invalid("/indication", "icd10", error.to_string()))?;
    let view = store.read(permit, move |tx| {
        let (patient, held) = (tx.patient(query.patient_id)?, tx.snapshot());
        let facts = tx.consent_facts(patient.id, held)?;
        let starts = if query.session_id.is_some() { tx.starts_of_patient(held, patient.id)? } else { Vec::new() };
        let start = starts.iter().find(|start| Some(start.session) == query.session_id);
        let booked = match query.session_id.map(|id| tx.session(id)) {
            Some(Ok(session)) => Some(session),
            Some(Err(StoreError::NotFound)) | None => None,
            Some(Err(error)) => return Err(error),
        };
        if booked.as_ref().is_some_and(|session| session.patient_id != patient.id) {
            return Err(Refusal::clash(Clash::PatientMismatch, "The session is another patient's.").into());
        }
        let nothing = Dose::PerKilogram(MicrogramsPerKilogram::clamped(0));
        let per_kg = query.dose_mg_per_kg.map(Dose::PerKilogram);
        let need = Need {
            at: query.at.or(start.map(|start| start.at)).unwrap_or(tx.now()),
            known_at: query.as_known_at.unwrap_or(tx.now()),
            route: query.route.or(booked.map(|session| session.route)),
            dose: per_kg.or(start.map(|start| start.dose)).unwrap_or(nothing),
            indication: indication.as_ref().or(start.and_then(|start| start.indication.as_ref())),
        };
        let found = match query.session_id {
            Some(session) => may_run(&facts, &need, session),
            None => in_force(&facts, &need),
        };
        Ok(CheckView::of(&found, &facts, &need, query.session_id))
    });
    let view = view.await?;
    reply::listed(&view)
}

/// Everything about the question.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded check]
}
