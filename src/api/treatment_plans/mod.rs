//! Treatment plans: draft, change, sign, revise, end, and how far they have come.

mod wire;

use self::wire::{
    ActivateBody, CardView, CloseBody, DraftBody, ListView, PatchBody, PlanView, ProgressView, ReviseBody, ShownView,
};
use super::extract::{Act, Id, expect_version};
use super::reply::{self, Answer};
use super::signed::SignatureView;
use super::{Endpoint, endpoints};
use crate::access::permission::{
    ActivatePlan, ChangePlan, ClosePlan, DraftPlan, ReadPlanProgress, ReadPlans, RevisePlan,
};
use crate::access::permit::{Actor, Permit};
use crate::domain::act;
use crate::domain::digest::Sha256;
use crate::domain::id::{PatientId, ProtocolId, TreatmentPlanId};
use crate::domain::protocol::Protocol;
use crate::domain::refusal::Refusal;
use crate::domain::signature::Shown;
use crate::domain::treatment_plan::{Activation, Circumstances, Closure, PlanFields, Progress, TreatmentPlan};
use crate::store::{Change, Gather, Proof, Store, StoreError, Written};
use actix_web::web::Data;

/// The front desk sees how many sessions are left and when, nothing clinical (decisions.md 20).
fn sees_all(actor: Option<&Actor>) -> bool {
    actor.is_some_and(Actor::reads_charts)
}

fn shown(tx: &mut Gather<'_>, plan: &TreatmentPlan) -> Result<ShownView, StoreError> {
    if sees_all(tx.actor()) {
        let signatures = tx.signatures_about([plan.id.uuid()])?;
        let mut view = PlanView::of(plan);
        view.signatures = Some(SignatureView::about(&signatures, plan.id));
        return Ok(ShownView::Plan(view));
    }
    let sessions = tx.sessions_of_series(plan)?;
    Ok(ShownView::Card(CardView::of(plan, &Progress::of(plan, &sessions, |_| None))))
}

/// The protocol a body names; one that is not there is a wrong value, not a missing page.
fn named_protocol(tx: &mut Gather<'_>, id: Option<ProtocolId>) -> Result<Protocol, StoreError> {
    let missing = |code, detail| StoreError::from(Refusal::invalid("/protocol_id", code, detail));
    let id = id.ok_or_else(|| missing("required", "must be given"))?;
    tx.protocol(id).map_err(|error| match error {
        StoreError::NotFound => missing("unknown", "there is no such protocol"),
        other => other,
    })
}

/// Locks the patient of a plan, then loads the plan.
fn locked(tx: &mut Change<'_>, id: TreatmentPlanId) -> Result<TreatmentPlan, StoreError> {
    let patient = tx.patient_of_plan(id)?;
    tx.lock_patient(patient)?;
    tx.treatment_plan(id)
}

/// Lists a patient's plans, the newest first.
#[utoipa::path(get, path = "/api/v1/patients/{id}/treatment-plans", tag = "treatment_plans", operation_id = "treatment_plans_list",
    summary = "List a patient's treatment plans", params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The plans; the front desk gets cards", body = ListView)))]
pub async fn list(permit: Permit<ReadPlans>, Id(id): Id<PatientId>, store: Data<Store>) -> Answer {
    let items = store.read(permit, move |tx| {
        tx.patient(id)?;
        let plans = tx.treatment_plans_of(id)?;
        plans.iter().map(|plan| shown(tx, plan)).collect::<Result<Vec<_>, _>>()
    });
    reply::listed(&ListView { items: items.await? })
}

/// Drafts a plan. What is left out and the protocol knows is taken from the protocol.
#[utoipa::path(post, path = "/api/v1/patients/{id}/treatment-plans", tag = "treatment_plans", operation_id = "treatment_plans_draft",
    summary = "Draft a treatment plan", params(("id" = PatientId, Path, description = "The patient")), request_body = DraftBody,
    responses((status = 201, description = "The draft", body = PlanView)))]
pub async fn draft(act: Act<DraftPlan, DraftBody>, Id(patient): Id<PatientId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(patient)?;
        tx.saw(patient);
        let fields = PlanFields::from(body);
        let text = named_protocol(tx, fields.protocol).and_then(|protocol| Ok(fields.checked(&protocol)?))?;
        let (plan, event) = TreatmentPlan::draft(tx.new_id(), patient, tx.person()?.staff, tx.now(), text);
        tx.insert_treatment_plan(&plan)?;
        let reply = reply::created(format!("/api/v1/treatment-plans/{}", plan.id), plan.version, &PlanView::of(&plan))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Reads a plan; the front desk gets its card.
#[utoipa::path(get, path = "/api/v1/treatment-plans/{id}", tag = "treatment_plans", operation_id = "treatment_plans_read",
    summary = "Read a treatment plan", params(("id" = TreatmentPlanId, Path, description = "The plan")),
    responses((status = 200, description = "The plan, or its card", body = ShownView)))]
pub async fn read(permit: Permit<ReadPlans>, Id(id): Id<TreatmentPlanId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        let plan = tx.treatment_plan(id)?;
        Ok((plan.version, shown(tx, &plan)?))
    });
    let (version, view) = found.await?;
    reply::shown(version, &view)
}

/// Changes a draft.
#[utoipa::path(patch, path = "/api/v1/treatment-plans/{id}", tag = "treatment_plans", operation_id = "treatment_plans_change",
    summary = "Change a draft plan", params(("id" = TreatmentPlanId, Path, description = "The plan")), request_body = PatchBody,
    responses((status = 200, description = "The plan as it is now", body = PlanView)))]
pub async fn change(
    act: Act<ChangePlan, PatchBody>,
    Id(id): Id<TreatmentPlanId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let plan = locked(tx, id)?;
        expect_version(version, plan.version)?;
        let fields = body.over(&plan);
        let text = named_protocol(tx, fields.protocol).and_then(|protocol| Ok(fields.checked(&protocol)?))?;
        let (plan, event) = plan.edit(text)?;
        tx.update_treatment_plan(&plan)?;
        let reply = reply::ok(plan.version, &PlanView::of(&plan))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Signs a draft: it is in force. Limits of the protocol may be set aside with a reason.
#[utoipa::path(post, path = "/api/v1/treatment-plans/{id}/activate", tag = "treatment_plans", operation_id = "treatment_plans_activate",
    summary = "Sign a treatment plan", params(("id" = TreatmentPlanId, Path, description = "The draft")), request_body = ActivateBody,
    responses((status = 200, description = "The plan, in force", body = PlanView)))]
pub async fn activate(
    act: Act<ActivatePlan, ActivateBody>,
    Id(id): Id<TreatmentPlanId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        let plan = locked(tx, id)?;
        tx.shows(Shown::Record(Sha256(plan.record().sha256())));
        expect_version(version, plan.version)?;
        let protocol = tx.protocol(plan.text.protocol)?;
        let other_active = tx.plan_in_force(plan.patient, plan.text.route)?;
        let around = Circumstances { protocol: &protocol, other_active, today: tx.today()? };
        let signature = Activation { by: tx.person()?.staff, at: tx.now(), override_reason: body.override_reason };
        let (plan, event) = plan.activate(signature, around)?;
        tx.update_treatment_plan(&plan)?;
        let reply = reply::ok(plan.version, &PlanView::of(&plan))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Replaces a plan in force by a new version, signed and in force at once. Its sessions that are not released yet follow.
#[utoipa::path(post, path = "/api/v1/treatment-plans/{id}/revise", tag = "treatment_plans", operation_id = "treatment_plans_revise",
    summary = "Revise a treatment plan", params(("id" = TreatmentPlanId, Path, description = "The plan in force")), request_body = ReviseBody,
    responses((status = 201, description = "The new version, in force", body = PlanView)))]
pub async fn revise(
    act: Act<RevisePlan, ReviseBody>,
    Id(id): Id<TreatmentPlanId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        let plan = locked(tx, id)?;
        tx.shows(Shown::Record(Sha256(plan.record().sha256())));
        expect_version(version, plan.version)?;
        let fields = body.changes.over(&plan);
        let protocol = named_protocol(tx, fields.protocol)?;
        let text = fields.checked(&protocol)?;
        let other_active = tx.plan_in_force(plan.patient, text.route)?.filter(|other| *other != id);
        let around = Circumstances { protocol: &protocol, other_active, today: tx.today()? };
        let signature = Activation { by: tx.person()?.staff, at: tx.now(), override_reason: body.override_reason };
        let revised = plan.revise(tx.new_id(), text, signature, around)?;
        tx.update_treatment_plan(&revised.old)?;
        tx.insert_treatment_plan(&revised.next)?;
        let mut events = revised.events;
        for session in tx.unreleased_sessions_of(id)? {
            let act = act::Act::now(tx.person()?.staff, tx.now());
            let step = session.replan(act, revised.next.id, protocol.id, protocol.text.route)?;
            tx.save_step(&step)?;
            events.extend(step.events);
        }
        let plan = revised.next;
        let reply = reply::created(format!("/api/v1/treatment-plans/{}", plan.id), plan.version, &PlanView::of(&plan))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Ends a plan, with a reason. Sessions booked under it stay booked and show that their plan ended.
#[utoipa::path(post, path = "/api/v1/treatment-plans/{id}/close", tag = "treatment_plans", operation_id = "treatment_plans_close",
    summary = "End a treatment plan", params(("id" = TreatmentPlanId, Path, description = "The plan")), request_body = CloseBody,
    responses((status = 200, description = "The plan as it is now", body = PlanView)))]
pub async fn close(act: Act<ClosePlan, CloseBody>, Id(id): Id<TreatmentPlanId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let plan = locked(tx, id)?;
        expect_version(version, plan.version)?;
        let closure = Closure { by: tx.person()?.staff, at: tx.now(), outcome: body.outcome, reason: body.reason };
        let (plan, event) = plan.close(closure)?;
        tx.update_treatment_plan(&plan)?;
        let reply = reply::ok(plan.version, &PlanView::of(&plan))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// How far a series has come: its sessions over all versions of the plan, what each was given, and the scores.
#[utoipa::path(get, path = "/api/v1/treatment-plans/{id}/progress", tag = "treatment_plans", operation_id = "treatment_plans_progress",
    summary = "How far a plan has come", params(("id" = TreatmentPlanId, Path, description = "The plan")),
    responses((status = 200, description = "The progress", body = ProgressView)))]
pub async fn progress(permit: Permit<ReadPlanProgress>, Id(id): Id<TreatmentPlanId>, store: Data<Store>) -> Answer {
    let found = store.read(permit, move |tx| {
        let held = tx.snapshot();
        let plan = tx.treatment_plan(id)?;
        let sessions = tx.sessions_of_series(&plan)?;
        let given = tx.given_in(&sessions, held)?;
        let progress = Progress::of(&plan, &sessions, |session| given.get(&session).copied());
        Ok(ProgressView::of(&plan, progress, tx.statements(plan.patient)?))
    });
    reply::listed(&found.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded draft, guarded read, guarded change, guarded activate, guarded revise, guarded close, guarded progress]
}
