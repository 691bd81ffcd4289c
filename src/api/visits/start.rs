//! The start, and taking a false start back.

use super::super::extract::{Act, Id};
use super::super::problem::UnmetView;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::{deed, prescriber_only, prescribes};
use crate::access::permission::{RetractStart, StartSession};
use crate::access::role::Role;
use crate::domain::act::{self, Ahead, Stated};
use crate::domain::dosing::{Administration, Corrector, DosingEvent, Draft, PumpSetting};
use crate::domain::event::Event;
use crate::domain::id::{DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::quantity::{MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::readiness::{admit_start, unmet_for_start, unmet_pump};
use crate::domain::refusal::{FieldErrors, Refusal, Unmet};
use crate::domain::route::{Basis, EntrySource, Route};
use crate::domain::session::care::CorrectedBy;
use crate::domain::session::{Session, SessionEvent, SessionState};
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::store::{Proof, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was read off the pump: typed, never pre-filled.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PumpReading)]
pub struct PumpBody {
    /// The rate it is set to.
    rate_ml_per_h: Option<MicrolitresPerHour>,
    /// The concentration it is set to.
    concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
    /// The volume after which it stops.
    vtbi_ml: Option<Microlitres>,
}

/// The start. It is signed: the time-out at the chair.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStart, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "expected_infusion_version": 0,
    "pump": {"rate_ml_per_h": "47", "concentration_mg_per_ml": "1", "vtbi_ml": "70"},
    "signing_token": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct StartBody {
    /// The patient in the chair.
    patient_id: PatientId,
    /// `infusion_version` as it was on the screen; needed unless the start was made already.
    #[schema(minimum = 0)]
    expected_infusion_version: Option<i64>,
    /// What was read off the pump; needed for an infusion unless the start was made already.
    pump: Option<PumpBody>,
    /// About to start, or started outside the system; the latter is a prescriber's entry.
    basis: Option<Basis>,
    /// When it was made, if it was.
    occurred_at: Option<Timestamp>,
    /// How it came into the record, if it was made.
    source: Option<EntrySource>,
    /// Who saw it, if it was made.
    observed_by: Option<StaffId>,
    /// Why it is entered so late.
    #[schema(max_length = 1000)]
    late_reason: Option<String>,
    /// Proof of presence.
    #[schema(max_length = 200)]
    signing_token: String,
}

/// A false start taken back: no drug ran.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStartRetraction, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "reason": "wrong chair tapped, line was clamped",
    "cosignature": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct RetractBody {
    /// The patient in the chair.
    patient_id: PatientId,
    /// Why.
    #[schema(max_length = 1000)]
    reason: String,
    /// A prescriber's confirmation that no drug ran; not needed from a prescriber.
    #[schema(max_length = 200)]
    cosignature: Option<String>,
}

/// Where a session stands after a step, and what stands in the way of the next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionStep)]
pub struct StepView {
    /// The session.
    pub id: SessionId,
    /// Its version.
    #[schema(example = 7, minimum = 1)]
    pub version: i64,
    /// What a rate change, a start and a resume compare.
    #[schema(example = 1, minimum = 0)]
    pub infusion_version: i64,
    /// Whose.
    pub patient_id: PatientId,
    /// Where it stands.
    pub state: SessionState,
    /// What the state allows.
    pub allowed_events: Vec<SessionEvent>,
    /// What stands in the way of the next step.
    pub blocked_by: Vec<UnmetView>,
    /// What the rules missed when this was stated as done all the same.
    pub unmet: Vec<UnmetView>,
    /// When drug began to run.
    pub started_at: Option<Timestamp>,
    /// When the patient left.
    pub completed_at: Option<Timestamp>,
    /// When the record was locked.
    pub locked_at: Option<Timestamp>,
}

impl StepView {
    /// Of a session after a step.
    pub fn of(session: &Session, blocked_by: &[Unmet], unmet: &[Unmet]) -> Self {
        Self {
            id: session.id,
            version: session.version,
            infusion_version: session.infusion_version,
            patient_id: session.patient_id,
            state: session.state,
            allowed_events: session.allowed_events(),
            blocked_by: blocked_by.iter().map(UnmetView::of).collect(),
            unmet: unmet.iter().map(UnmetView::of).collect(),
            started_at: session.milestones.started_at,
            completed_at: session.milestones.completed_at,
            locked_at: session.milestones.locked_at,
        }
    }
}

impl StartBody {
    fn pump(&self) -> PumpSetting {
        self.pump.map_or(PumpSetting::default(), |pump| PumpSetting {
            rate: pump.rate_ml_per_h,
            concentration: pump.concentration_mg_per_ml,
            vtbi: pump.vtbi_ml,
        })
    }

    fn stated(&self) -> Stated {
        Stated {
            basis: self.basis,
            occurred_at: self.occurred_at,
            source: self.source,
            observed_by: self.observed_by,
            late_reason: self.late_reason.clone(),
        }
    }

    /// What an intent has to say: which infusion was on the screen, and what the pump shows.
    fn check(&self, route: Route) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        if self.basis != Some(Basis::Done) {
            if self.expected_infusion_version.is_none() {
                errors.add(
                    "/expected_infusion_version",
                    "required",
                    "give the infusion_version that was on the screen",
                );
            }
            if route == Route::Iv && !self.pump().is_complete() {
                errors.add("/pump", "required", "read rate, concentration and volume off the pump");
            }
        }
        errors.finish()
    }
}

/// A start outside the system is reviewed by a prescriber within a day (decisions.md 1).
fn review_of(given: &DosingEvent, now: Timestamp) -> TaskCause {
    TaskCause {
        kind: TaskKind::ReconstructionReview,
        audience: TaskAudience::Prescriber,
        assignee: None,
        acted_by: None,
        subject: given.id.uuid(),
        session: Some(given.session),
        patient: Some(given.patient),
        due_at: now.plus_minutes(24 * 60),
    }
}

/// Begins the drug.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/start", tag = "visits", operation_id = "visits_start", summary = "Start the drug",
    params(("id" = SessionId, Path, description = "The session")), request_body = StartBody,
    responses((status = 200, description = "The session runs", body = StepView)))]
pub async fn start(act: Act<StartSession, StartBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        tx.shows_visit(&session)?;
        body.check(session.route)?;
        if let Some(expected) = body.expected_infusion_version {
            session.expect_infusion(expected, None)?;
        }
        let entry = act::Act::stated(tx.person()?.staff, tx.now(), body.stated(), Ahead::Refused)?;
        let facts = tx.start_facts(held, &session)?;
        let mut unmet = Vec::new();
        // What the state table refuses is no question of readiness.
        if session.allows(SessionEvent::Start) {
            unmet = unmet_for_start(&facts, entry.occurred_at);
            unmet.extend(facts.order.iter().flat_map(|order| unmet_pump(session.visit(), &order.form, &body.pump())));
            unmet = admit_start(entry.basis, prescribes(tx), unmet)?;
        }
        let step = session.start(entry.clone(), facts.policy.id, unmet.clone())?;
        let what = match step.session.route {
            Route::Iv => Administration::Start(body.pump()),
            Route::Nebulized => Administration::NebStart,
        };
        let draft = Draft { what, order: None, reason: None };
        let given = draft.into_event(tx.new_id(), id, step.session.patient_id, entry);
        let missed = unmet.iter().map(|unmet| unmet.rule_id.to_owned()).collect();
        let given = DosingEvent { unmet: missed, ..given };
        tx.save_step(&step)?;
        tx.insert_dosing_event(&given)?;
        let mut events: Vec<Event> = step.events.iter().cloned().chain([given.recorded()]).collect();
        if given.act.basis == Basis::Done {
            let review = review_of(&given, tx.now());
            events.extend(tx.open_task(review)?);
        }
        events.extend(tx.keep_watch(&step.session, held)?);
        let view = StepView::of(&step.session, &[], &unmet);
        let reply = reply::ok(step.session.version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Takes a false start back.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/retract-start", tag = "visits", operation_id = "visits_retract_start", summary = "Take a false start back",
    params(("id" = SessionId, Path, description = "The session")), request_body = RetractBody,
    responses((status = 200, description = "The session waits for its start again", body = StepView)))]
pub async fn retract_start(
    act: Act<RetractStart, RetractBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        session.visit().is_of(body.patient_id)?;
        let reason = text::checked("/reason", &body.reason, 1, 500)?;
        let (deed, second) = deed(tx, body.cosignature.as_deref(), &session)?;
        if !prescribes(tx) && !second.is_some_and(|second| second.roles.hold_any(&[Role::Prescriber])) {
            let words = "A prescriber confirms that no drug ran: send their cosignature.";
            return Err(prescriber_only("retract_start", "session.retract_start.confirmed", words).into());
        }
        let mut unmet = Vec::new();
        if tx.newest_settlement(session.visit())?.is_some() {
            unmet.push(Unmet::new(
                "drug_settled",
                "session.retract_start.settled",
                "Drug is booked as given for this session.",
            ));
        }
        let entries = tx.dosing_events(&[id], held)?;
        let corrector = Corrector {
            by: CorrectedBy { staff: deed.by.staff, prescriber: true },
            now: deed.at,
            reason: reason.clone(),
        };
        let marks = corrector.take_back_start(&entries, &session, || tx.new_id::<DosingEventId>())?;
        let step = session.retract_start(act::Act::now(deed.by.staff, deed.at), reason, unmet)?;
        tx.save_step(&step)?;
        for mark in &marks {
            tx.insert_dosing_event(mark)?;
        }
        let mut events: Vec<Event> =
            step.events.iter().cloned().chain(marks.iter().map(DosingEvent::recorded)).collect();
        events.extend(tx.keep_watch(&step.session, held)?);
        let blocked_by = tx.in_the_way(held, &step.session)?;
        let reply = reply::ok(step.session.version, &StepView::of(&step.session, &blocked_by, &[]))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded start, guarded retract_start]
}
