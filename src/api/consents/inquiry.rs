//! Was a consent in force at an instant, and if not, why? One request.

use super::super::extract::Query;
use super::super::problem::UnmetView;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use crate::access::permission::CheckConsent;
use crate::access::permit::Permit;
use crate::domain::consent::{Dose, Need, in_force, may_run};
use crate::domain::icd10::Icd10;
use crate::domain::id::{ConsentId, PatientId, SessionId};
use crate::domain::quantity::MicrogramsPerKilogram;
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::store::Store;
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
    /// The way the drug is to be given.
    route: Route,
    /// The dose for each kilogram of the actual weight of that day.
    #[param(example = "0.5")]
    dose_mg_per_kg: MicrogramsPerKilogram,
    /// The diagnosis; not looked at when absent.
    #[param(example = "G43.719", max_length = 8)]
    indication: Option<String>,
    /// A session: then withdrawals from it and unanswered reports count as well.
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
    /// The instant that was asked about.
    at: Timestamp,
    /// As known when.
    as_known_at: Timestamp,
    /// Every reason why not.
    blocked_by: Vec<UnmetView>,
}

/// Was a consent in force at this instant for this route and dose, and if not, why?
#[utoipa::path(get, path = "/api/v1/consents/check", tag = "consents", operation_id = "consents_check",
    summary = "Is a consent in force?", params(CheckQuery),
    responses((status = 200, description = "Whether, which, and every reason why not", body = CheckView)))]
pub async fn check(permit: Permit<CheckConsent>, Query(query): Query<CheckQuery>, store: Data<Store>) -> Answer {
    let indication = query.indication.as_deref().map(Icd10::parse).transpose();
    let indication = indication.map_err(|error| Refusal::invalid("/indication", "icd10", error.to_string()))?;
    let view = store
        .read(permit, move |tx| {
            let (patient, held) = (tx.patient(query.patient_id)?, tx.snapshot());
            let facts = tx.consent_facts(patient.id, held)?;
            let at = query.at.unwrap_or(tx.now());
            let need = Need {
                at,
                known_at: query.as_known_at.unwrap_or(tx.now()),
                route: query.route,
                dose: Dose::PerKilogram(query.dose_mg_per_kg),
                indication: indication.as_ref(),
            };
            let found = match query.session_id {
                Some(session) => may_run(&facts, &need, session),
                None => in_force(&facts, &need),
            };
            let blocked_by = found.as_ref().err().map(|unmet| unmet.iter().map(UnmetView::of).collect());
            Ok(CheckView {
                in_force: found.is_ok(),
                consent_id: found.ok(),
                at,
                as_known_at: need.known_at,
                blocked_by: blocked_by.unwrap_or_default(),
            })
        })
        .await?;
    reply::listed(&view)
}

/// Everything about the question.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded check]
}
