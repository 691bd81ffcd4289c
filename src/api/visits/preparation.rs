//! What was drawn up, and who checked it.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::wire::Day;
use super::super::{Endpoint, endpoints};
use super::deed;
use crate::access::permission::PrepareDrug;
use crate::domain::act;
use crate::domain::id::{PatientId, PreparationId, SessionId, StaffId};
use crate::domain::order::Order;
use crate::domain::preparation::{Amends, Fault, Preparation, PreparationForm, PreparationKind};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::session::SessionState;
use crate::domain::time::{Date, Timestamp};
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A syringe, bag, prefilled product or nebulizer fill. A wrong one is saved and named; it cannot be started.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPreparation, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "kind": "bag", "product": "Ketamine 50 mg/mL", "lot": "KX-881",
    "vial": "V-17", "expires_on": "2027-01-31", "vial_concentration_mg_per_ml": "50", "drawn_ml": "2", "drawn_mg": "100",
    "diluent": "NaCl 0.9 %", "actual_final_volume_ml": "100", "concentration_mg_per_ml": "1",
    "cosignature": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct PreparationBody {
    /// The patient it is for.
    patient_id: PatientId,
    /// What the drug was drawn into.
    kind: PreparationKind,
    /// Product name, as on the vial.
    #[schema(max_length = 200)]
    product: String,
    /// Lot.
    #[schema(max_length = 60)]
    lot: String,
    /// The vial's own number in this clinic.
    #[schema(max_length = 60)]
    vial: Option<String>,
    /// Last day of use of the vial.
    expires_on: Day,
    /// Strength of the vial.
    vial_concentration_mg_per_ml: MicrogramsPerMillilitre,
    /// Volume drawn from the vial.
    drawn_ml: Microlitres,
    /// Drug drawn from the vial.
    drawn_mg: Micrograms,
    /// What it was made up with.
    #[schema(max_length = 100)]
    diluent: Option<String>,
    /// What is in it now; for a bag with the overfill removed.
    actual_final_volume_ml: Microlitres,
    /// Concentration on the label.
    concentration_mg_per_ml: MicrogramsPerMillilitre,
    /// When it was made; now when absent.
    prepared_at: Option<Timestamp>,
    /// The label's own limit.
    beyond_use_at: Option<Timestamp>,
    /// The preparation this one corrects.
    amends_id: Option<PreparationId>,
    /// Why it is corrected.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// Proof of presence of the second person who checked; without it nothing can be started.
    #[schema(max_length = 200)]
    cosignature: Option<String>,
}

impl PreparationBody {
    fn amends(&self) -> Result<Option<Amends>, Refusal> {
        match (self.amends_id, &self.reason) {
            (Some(id), Some(reason)) => Ok(Some(Amends { id, reason: reason.clone() })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Refusal::invalid("/reason", "required", "say why it is corrected")),
            (None, Some(_)) => Err(Refusal::invalid("/amends_id", "required", "a reason belongs to a correction")),
        }
    }

    fn into_form(self, now: Timestamp) -> PreparationForm {
        PreparationForm {
            kind: self.kind,
            product: self.product,
            lot: self.lot,
            vial: self.vial,
            expires_on: self.expires_on.0,
            vial_concentration: self.vial_concentration_mg_per_ml,
            drawn_volume: self.drawn_ml,
            drawn: self.drawn_mg,
            diluent: self.diluent,
            final_volume: self.actual_final_volume_ml,
            concentration: self.concentration_mg_per_ml,
            prepared_at: self.prepared_at.unwrap_or(now),
            beyond_use_at: self.beyond_use_at,
        }
    }
}

/// A preparation as recorded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preparation)]
pub struct PreparationView {
    /// Its id.
    id: PreparationId,
    /// The session.
    session_id: SessionId,
    /// What the drug was drawn into.
    kind: PreparationKind,
    /// Product.
    product: String,
    /// Lot.
    lot: String,
    /// The vial's own number.
    vial: Option<String>,
    /// Last day of use of the vial.
    expires_on: Day,
    /// Strength of the vial.
    vial_concentration_mg_per_ml: MicrogramsPerMillilitre,
    /// Volume drawn.
    drawn_ml: Microlitres,
    /// Drug drawn.
    drawn_mg: Micrograms,
    /// What it was made up with.
    diluent: Option<String>,
    /// What is in it.
    actual_final_volume_ml: Microlitres,
    /// Concentration on the label.
    concentration_mg_per_ml: MicrogramsPerMillilitre,
    /// When it was made.
    prepared_at: Timestamp,
    /// Until when it may be used.
    good_until: Timestamp,
    /// Why it must not be started now; empty when it may.
    faults: Vec<Fault>,
    /// What it corrects.
    amends_id: Option<PreparationId>,
    /// Why.
    reason: Option<String>,
    /// Who prepared it.
    prepared_by: StaffId,
    /// Who checked it.
    checked_by: Option<StaffId>,
    /// When it was recorded.
    recorded_at: Timestamp,
}

impl PreparationView {
    /// Of a preparation, with its faults against the order at an instant.
    pub fn of(made: &Preparation, order: Option<&Order>, today: Date, now: Timestamp) -> Self {
        let form = made.form.clone();
        // Without an order nothing can differ from it: the label stands for itself.
        let ordered = order.map_or(form.concentration, |order| order.form.concentration());
        Self {
            id: made.id,
            session_id: made.visit.session,
            kind: form.kind,
            product: form.product,
            lot: form.lot,
            vial: form.vial,
            expires_on: Day(form.expires_on),
            vial_concentration_mg_per_ml: form.vial_concentration,
            drawn_ml: form.drawn_volume,
            drawn_mg: form.drawn,
            diluent: form.diluent,
            actual_final_volume_ml: form.final_volume,
            concentration_mg_per_ml: form.concentration,
            prepared_at: form.prepared_at,
            good_until: made.good_until(),
            faults: made.faults(ordered, today, now),
            amends_id: made.amends.as_ref().map(|amends| amends.id),
            reason: made.amends.as_ref().map(|amends| amends.reason.clone()),
            prepared_by: made.prepared_by,
            checked_by: made.checked_by,
            recorded_at: made.recorded_at,
        }
    }
}

/// Records what was drawn up, or corrects what was written.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/preparation", tag = "visits", operation_id = "visits_prepare", summary = "Record what was drawn up",
    params(("id" = SessionId, Path, description = "The session")), request_body = PreparationBody,
    responses((status = 201, description = "The preparation, with what is wrong with it", body = PreparationView)))]
pub async fn prepare(
    act: Act<PrepareDrug, PreparationBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let visit = session.visit();
        visit.is_of(body.patient_id)?;
        let amends = body.amends()?;
        if let Some(amends) = &amends {
            tx.preparation(visit, amends.id)?;
        }
        let (deed, _) = deed(tx, body.cosignature.as_deref(), &session)?;
        let (made, event) = Preparation::make(tx.new_id(), visit, body.into_form(deed.at), amends, deed)?;
        let mut events = vec![event];
        let after_start = session.milestones.started_at.map(|_| session.clone());
        // Before the start it is a step of the visit; later a further fill or a correction is a fact beside it.
        if session.state == SessionState::CheckedIn || session.state == SessionState::Scheduled {
            let step = session.prepared(act::Act::now(deed.by.staff, deed.at), Vec::new())?;
            tx.save_step(&step)?;
            events.extend(step.events);
        } else if session.is_locked() || session.milestones.checked_in_at.is_none() {
            return Err(Refusal::clash(Clash::WrongState, format!("the session is {}", session.state)).into());
        }
        tx.insert_preparation(&made)?;
        if let Some(after_start) = after_start {
            events.extend(tx.prepared_after_start(held, &after_start)?);
        }
        let (order, today) = (tx.newest_order(visit)?, tx.today()?);
        let view = PreparationView::of(&made, order.as_ref(), today, deed.at);
        let reply = reply::created(format!("/api/v1/sessions/{id}/visit"), 1, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded prepare]
}
