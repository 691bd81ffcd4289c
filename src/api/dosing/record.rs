//! The drug record: read it, add to it.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::views::{DosingEventView, InfusionView, RecordView, RecordedView};
use crate::access::permission::{ReadDosing, RecordDose};
use crate::access::permit::Permit;
use crate::access::role::Role;
use crate::domain::act::{self, Ahead};
use crate::domain::dosing::guard::{Overriding, Request};
use crate::domain::dosing::{
    Administration, DosingEvent, DosingKind, Draft, OrderMode, RescueClass, RescueRoute, Sent, SentOrder,
};
use crate::domain::id::{PatientId, SessionId, StaffId};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::route::Basis;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::store::{Change, Store, StoreError, Written};
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

/// The order behind an entry, where it is not the session's own.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDosingOrder)]
pub struct OrderBody {
    /// The prescriber.
    by: StaffId,
    /// A verbal order is countersigned within 24 hours; it never waits for that.
    mode: OrderMode,
    /// When it was given. Absent: now.
    at: Option<Timestamp>,
}

/// Limits that are set aside for this entry.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DosingOverride)]
pub struct OverrideBody {
    /// Why.
    #[schema(max_length = 500)]
    reason: String,
    /// The prescriber's proof of presence, from `/auth/reauth` or `/cosignatures`.
    #[schema(max_length = 200)]
    signing_token: String,
    /// A second prescriber's, where the limit asks for two.
    #[schema(max_length = 200)]
    cosignature: Option<String>,
}

act_body! {
    /// Something done with the drug. Each kind takes its own amounts and no others.
    #[schema(as = NewDosingEvent, example = json!({"patient_id": "01920000-0000-7000-8000-000000000001", "kind": "rate_change",
        "rate_ml_per_h": "60", "expected_infusion_version": 3, "reason": "target effect"}))]
    pub struct DosingBody {
        /// The patient in the chair; somebody else's is 409.
        patient_id: PatientId,
        /// What is done.
        kind: DosingKind,
        /// The `infusion_version` on the screen. A rate that does not fall, a bolus and a resume need it.
        expected_infusion_version: Option<i64>,
        /// `start`, `rate_change`, `resume`: the pump's rate.
        rate_ml_per_h: Option<MicrolitresPerHour>,
        /// `start`, `resume`: the concentration read off the pump.
        concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
        /// `start`, `resume`: the volume to be infused, read off the pump.
        vtbi_ml: Option<Microlitres>,
        /// `bolus`: how much.
        bolus_mg: Option<Micrograms>,
        /// `bolus`: over how many minutes; absent is a push. About to be given: at most 30, longer is a rate.
        #[schema(minimum = 0, maximum = 1440)]
        bolus_over_min: Option<i64>,
        /// `stop`: what the pump's display says it gave.
        volume_infused_ml: Option<Microlitres>,
        /// `neb_end`: what is left in the cup.
        residual_ml: Option<Microlitres>,
        /// `neb_end`: nobody knows what was left.
        residual_unknown: Option<bool>,
        /// `rescue_drug`: its name.
        #[schema(max_length = 100)]
        drug: Option<String>,
        /// `rescue_drug`: what it is for.
        drug_class: Option<RescueClass>,
        /// `rescue_drug`: how much.
        drug_dose_mg: Option<Micrograms>,
        /// `rescue_drug`: which way.
        drug_route: Option<RescueRoute>,
        /// The order behind it, where it is not the session's own.
        order: Option<OrderBody>,
        /// Limits that are set aside.
        r#override: Option<OverrideBody>,
        /// Why it is done.
        #[schema(max_length = 500)]
        reason: Option<String>,
    }
}

impl DosingBody {
    fn sent(&self) -> Sent {
        let given = self.r#override.as_ref().map(|given| given.reason.clone());
        Sent {
            kind: self.kind,
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
            reason: self.reason.clone().or(given),
        }
    }
}

/// Reads the drug record of a session, corrected entries too.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/dosing-events", tag = "dosing", operation_id = "dosing_events_list",
    summary = "Read the drug record", params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "Every entry, in the order things happened", body = RecordView)))]
pub async fn list(permit: Permit<ReadDosing>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        let held = tx.snapshot();
        let session = tx.session(id)?;
        let all = tx.dosing_events(&[id], held)?;
        let items = all.iter().map(|event| DosingEventView::of(event, &all)).collect();
        Ok(RecordView { infusion_version: session.infusion_version, items })
    });
    reply::listed(&view.await?)
}

/// Records what is about to be done, or what was done. An intent that raises exposure is guarded; a decrease, a rescue
/// drug and what happened are kept, with the rules they did not keep.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/dosing-events", tag = "dosing", operation_id = "dosing_events_record",
    summary = "Change a rate, give a bolus, a fill or a rescue drug", params(("id" = SessionId, Path, description = "The session")),
    request_body = DosingBody, responses((status = 201, description = "Kept", body = RecordedView)))]
pub async fn record(act: Act<RecordDose, DosingBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        let frame = act::Act::stated(tx.person()?.staff, tx.now(), body.stated(), Ahead::Refused)?;
        let draft = Draft::read(&body.sent(), tx.now())?;
        refuse_transitions(&draft.what, frame.basis)?;
        let overriding = overriding(tx, &session, body.r#override.as_ref())?;
        let infusion = tx.infusion(session, held)?;
        let request =
            Request { draft: &draft, basis: frame.basis, expected_version: body.expected_infusion_version, overriding };
        let unmet = tx.admit_dose(held, &infusion, request, frame.occurred_at)?;
        let mut event = draft.into_event(tx.new_id(), id, infusion.session.patient_id, frame);
        event.unmet = unmet.iter().map(|unmet| unmet.rule_id.to_owned()).collect();
        let (infusion, events) = tx.keep_dose(held, infusion, &event)?;
        let view = recorded(&event, &infusion, tx.now());
        let location = format!("/api/v1/sessions/{id}/dosing-events");
        Ok(tx.record(events, reply::created(location, 1, &view)?))
    });
    Ok(written.await?)
}

/// A kept entry and the drug after it.
pub(super) fn recorded(
    event: &DosingEvent,
    infusion: &crate::domain::dosing::Infusion,
    now: Timestamp,
) -> RecordedView {
    RecordedView { event: DosingEventView::of(event, &infusion.events), infusion: InfusionView::of(infusion, now) }
}

/// Start, pause, resume and stop move the session: as intents, and a start and a stop always, they have their own
/// requests. A pause and a resume that happened are entries like any other.
fn refuse_transitions(what: &Administration, basis: Basis) -> Result<(), Refusal> {
    let past = basis == Basis::Done && matches!(what, Administration::Pause | Administration::Resume(_));
    if what.is_own_intent() || past {
        return Ok(());
    }
    let kind = what.kind();
    Err(Refusal::invalid("/kind", "own_request", format!("a {kind} is sent to /api/v1/sessions/{{id}}/{kind}")))
}

/// Who sets limits aside: prescribers, proved by their tokens.
fn overriding(tx: &mut Change<'_>, session: &Session, body: Option<&OverrideBody>) -> Result<Overriding, StoreError> {
    let Some(body) = body else { return Ok(Overriding::default()) };
    tx.shows_visit(session)?;
    let first = tx.cosignature(&body.signing_token, session.id)?;
    let second = body.cosignature.as_ref().map(|token| tx.cosignature(token, session.id)).transpose()?;
    let prescriber = first.roles.hold(Role::Prescriber);
    if second.as_ref().is_some_and(|second| second.person.is(first.person)) {
        return Err(Refusal::clash(Clash::SamePerson, "two prescribers set this limit aside, not one twice").into());
    }
    let second = second.is_some_and(|second| second.roles.hold(Role::Prescriber));
    Ok(Overriding { prescriber, second })
}

/// The endpoints of this file.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded record]
}
