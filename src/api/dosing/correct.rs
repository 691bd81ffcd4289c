//! Corrections of the drug record: the old entry stays readable.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::stated::corrected_by;
use super::super::{Endpoint, endpoints};
use super::record::recorded;
use super::views::{DosingEventView, RecordedView};
use crate::access::permission::AmendDose;
use crate::domain::dosing::{
    Correction, Corrector, DosingKind, Draft, OrderMode, RescueClass, RescueRoute, Sent, SentOrder,
};
use crate::domain::id::{DosingEventId, SessionId, StaffId};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::store::{Change, Store, StoreError, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The order behind a corrected entry.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AmendedDosingOrder)]
pub struct OrderBody {
    /// The prescriber.
    by: StaffId,
    /// How.
    mode: OrderMode,
    /// When. Absent: now.
    at: Option<Timestamp>,
}

/// What an entry should have said, whole, or that it should never have been.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DosingAmendment, example = json!({"reason": "read the display again", "kind": "rate_change", "rate_ml_per_h": "70"}))]
pub struct AmendBody {
    /// Why it is corrected.
    #[schema(max_length = 500)]
    reason: String,
    /// It should never have been; nothing else is sent then.
    entered_in_error: Option<bool>,
    /// The kind, which stays the same.
    kind: Option<DosingKind>,
    /// When it was done, if that was wrong too.
    occurred_at: Option<Timestamp>,
    /// Who saw it, if that was wrong too.
    observed_by: Option<StaffId>,
    /// The pump's rate.
    rate_ml_per_h: Option<MicrolitresPerHour>,
    /// The concentration the pump was set to.
    concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
    /// Volume to be infused.
    vtbi_ml: Option<Microlitres>,
    /// The bolus.
    bolus_mg: Option<Micrograms>,
    /// Over how many minutes.
    #[schema(minimum = 0, maximum = 1440)]
    bolus_over_min: Option<i64>,
    /// What the pump's display says it gave.
    volume_infused_ml: Option<Microlitres>,
    /// What is left in the nebulizer.
    residual_ml: Option<Microlitres>,
    /// Nobody knows what was left.
    residual_unknown: Option<bool>,
    /// A rescue drug's name.
    #[schema(max_length = 100)]
    drug: Option<String>,
    /// What it is for.
    drug_class: Option<RescueClass>,
    /// How much.
    drug_dose_mg: Option<Micrograms>,
    /// Which way.
    drug_route: Option<RescueRoute>,
    /// The order behind it.
    order: Option<OrderBody>,
}

/// Where an entry belongs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DosingMove, example = json!({"to_session_id": "0190a5c0-0000-7000-8000-000000000010", "reason": "charted in the wrong record"}))]
pub struct MoveBody {
    /// The session of the patient it was really about.
    to_session_id: SessionId,
    /// Why.
    #[schema(max_length = 500)]
    reason: String,
}

/// A moved entry: the mark on the one record, the copy in the other.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovedDosingEvent)]
pub struct MovedView {
    /// The error mark.
    mark: DosingEventView,
    /// The copy, and the drug it belongs to.
    moved: RecordedView,
}

impl AmendBody {
    fn correction(&self, now: Timestamp) -> Result<Correction, Refusal> {
        let draft = match (self.kind, self.entered_in_error.unwrap_or(false)) {
            (None, true) => None,
            (Some(kind), false) => Some(Draft::read(&self.sent(kind), now)?),
            _ => return Err(Refusal::invalid("/kind", "required", "give either kind or entered_in_error: true")),
        };
        Ok(Correction { draft, occurred_at: self.occurred_at, observed_by: self.observed_by })
    }

    fn sent(&self, kind: DosingKind) -> Sent {
        Sent {
            rate: self.rate_ml_per_h,
            concentration: self.concentration_mg_per_ml,
            vtbi: self.vtbi_ml,
            bolus: self.bolus_mg,
            bolus_over_min: self.bolus_over_min,
            volume_infused: self.volume_infused_ml,
            residual: self.residual_ml,
            residual_unknown: self.residual_unknown,
            drug: self.drug.clone(),
            drug_class: self.drug_class,
            drug_dose: self.drug_dose_mg,
            drug_route: self.drug_route,
            order: self.order.map(|OrderBody { by, mode, at }| SentOrder { by, mode, at }),
            ..Sent::only(kind)
        }
    }
}

fn corrector(tx: &Change<'_>, reason: String) -> Result<Corrector, StoreError> {
    Ok(Corrector { by: corrected_by(tx)?, now: tx.now(), reason })
}

/// Corrects an entry of the drug record, or says that it should never have been. The dose is counted anew.
#[utoipa::path(post, path = "/api/v1/dosing-events/{id}/amendments", tag = "dosing", operation_id = "dosing_events_amend",
    summary = "Correct an entry", params(("id" = DosingEventId, Path, description = "The entry")),
    request_body = AmendBody, responses((status = 201, description = "The entry that took its place", body = RecordedView)))]
pub async fn amend(act: Act<AmendDose, AmendBody>, Id(id): Id<DosingEventId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, session_id) = tx.session_of_dosing_event(id)?;
        let (held, session) = tx.lock_session(session_id)?;
        let correction = body.correction(tx.now())?;
        let corrector = corrector(tx, body.reason)?;
        let infusion = tx.infusion(session, held)?;
        let entry = infusion.events.iter().find(|event| event.id == id).ok_or(StoreError::NotFound)?;
        let amended = corrector.amend((entry, &infusion.events), &infusion.session, tx.new_id(), correction)?;
        let (infusion, events) = tx.keep_dose(held, infusion, &amended)?;
        let location = format!("/api/v1/sessions/{session_id}/dosing-events");
        Ok(tx.record(events, reply::created(location, 1, &recorded(&amended, &infusion, tx.now()))?))
    });
    Ok(written.await?)
}

/// Moves an entry that was made in another patient's record: an error mark there, a copy with the same time here.
#[utoipa::path(post, path = "/api/v1/dosing-events/{id}/move", tag = "dosing", operation_id = "dosing_events_move",
    summary = "Move an entry to the right session", params(("id" = DosingEventId, Path, description = "The entry")),
    request_body = MoveBody, responses((status = 201, description = "The mark and the copy", body = MovedView)))]
pub async fn move_to(act: Act<AmendDose, MoveBody>, Id(id): Id<DosingEventId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, from) = tx.session_of_dosing_event(id)?;
        let (held, from, to) = tx.lock_sessions(from, body.to_session_id)?;
        let corrector = corrector(tx, body.reason)?;
        let (from, to) = (tx.infusion(from, held)?, tx.infusion(to, held)?);
        let entry = from.events.iter().find(|event| event.id == id).ok_or(StoreError::NotFound)?;
        let ids = [tx.new_id(), tx.new_id()];
        let (mark, copy) = corrector.move_to((entry, &from.events), (&from.session, &to.session), ids)?;
        let (from, mut events) = tx.keep_dose(held, from, &mark)?;
        let (to, more) = tx.keep_dose(held, to, &copy)?;
        events.extend(more);
        let location = format!("/api/v1/sessions/{}/dosing-events", to.session.id);
        let view = MovedView { mark: DosingEventView::of(&mark, &from.events), moved: recorded(&copy, &to, tx.now()) };
        Ok(tx.record(events, reply::created(location, 1, &view)?))
    });
    Ok(written.await?)
}

/// The endpoints of this file.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded amend, guarded move_to]
}
