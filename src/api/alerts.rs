//! Alerts: list them, answer one with an action, record how it ended.

use super::extract::{Act, Id, Query};
use super::page::{self, Cursors};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{AcknowledgeAlert, ReadAlerts, ResolveAlert};
use crate::access::permit::Permit;
use crate::access::role::Role;
use crate::domain::alert::{
    ActionCode, Alert, AlertAction, AlertRoute, AlertState, AlertStep, Answer as AlertAnswer, Owner,
};
use crate::domain::event::Event;
use crate::domain::id::{AlertActionId, AlertId, ObservationId, PatientId, SessionId, StaffId};
use crate::domain::monitoring::{Condition, Level};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::store::{AlertCursor, AlertFilter, Change, Gather, Result, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Only of this state.
    state: Option<AlertState>,
    /// Only of this session.
    session_id: Option<SessionId>,
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// What was done about an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertAcknowledgement, example = json!({"action_code": "rate_reduced", "text": "down to 40 mL/h"}))]
pub struct AcknowledgeBody {
    /// What was done.
    action_code: ActionCode,
    /// In the person's own words.
    #[schema(min_length = 1, max_length = 1000)]
    text: Option<String>,
}

/// How an alert of pause or stop level ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertResolution, example = json!({"text": "back to 142/86 after labetalol"}))]
pub struct ResolveBody {
    /// The outcome.
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
}

/// One alert: one condition of one visit, that rises and falls in level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub struct AlertView {
    id: AlertId,
    version: i64,
    session_id: SessionId,
    patient_id: PatientId,
    condition: Condition,
    state: AlertState,
    /// The level now.
    level: Level,
    /// The highest level it had.
    peak_level: Level,
    /// The row that reached it.
    observation_id: Option<ObservationId>,
    /// The person in charge of the visit; null when the visit is gone from view.
    owner_id: Option<StaffId>,
    /// Who it goes to now: the person in charge, or everybody when it is critical or that person is not heard of.
    routed_to: AlertRoute,
    raised_at: Timestamp,
    /// When what it is about was seen at the chair.
    seen_at: Timestamp,
    /// When it went out to the prescriber; null while it only prompts the chair.
    paged_at: Option<Timestamp>,
    acknowledged_by: Option<StaffId>,
    acknowledged_at: Option<Timestamp>,
    /// A prescriber has answered it; a paused drug goes on only then.
    seen_by_prescriber: bool,
    closed_at: Option<Timestamp>,
    /// What was done about it, oldest first.
    actions: Vec<AlertActionView>,
}

/// One thing that was done about an alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertAction)]
pub struct AlertActionView {
    step: AlertStep,
    action_code: Option<ActionCode>,
    text: Option<String>,
    by: StaffId,
    at: Timestamp,
    /// The level it answered.
    level: Level,
}

/// One page of alerts, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertPage)]
pub struct AlertPageView {
    items: Vec<AlertView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

impl AlertView {
    fn of(alert: &Alert, actions: &[AlertAction], ways: &Ways) -> Self {
        let owner = ways.owners.get(&alert.session);
        Self {
            owner_id: owner.map(|owner| owner.staff),
            routed_to: alert.route(owner, ways.silent_minutes, ways.now),
            id: alert.id,
            version: alert.version,
            session_id: alert.session,
            patient_id: alert.patient,
            condition: alert.condition,
            state: alert.state,
            level: alert.level,
            peak_level: alert.peak,
            observation_id: alert.observation,
            raised_at: alert.raised_at,
            seen_at: alert.seen_at,
            paged_at: alert.paged_at,
            acknowledged_by: alert.acknowledged_by,
            acknowledged_at: alert.acknowledged_at,
            seen_by_prescriber: alert.seen_by_prescriber,
            closed_at: alert.closed_at,
            actions: actions.iter().filter(|action| action.alert == alert.id).map(AlertActionView::of).collect(),
        }
    }
}

/// What says who an alert goes to.
struct Ways {
    owners: HashMap<SessionId, Owner>,
    silent_minutes: i64,
    now: Timestamp,
}

impl Ways {
    fn of(tx: &mut Gather<'_>, alerts: &[Alert]) -> Result<Self> {
        let sessions: Vec<SessionId> = alerts.iter().map(|alert| alert.session).collect();
        let silent_minutes = tx.policy()?.rules.checks.silent_minutes;
        Ok(Self { owners: tx.owners_of(&sessions)?, silent_minutes, now: tx.now() })
    }
}

impl AlertActionView {
    fn of(action: &AlertAction) -> Self {
        let AlertAction { step, action, text, by, at, level, .. } = action.clone();
        Self { step, action_code: action, text, by, at, level }
    }
}

/// The alerts of the clinic, newest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "monitoring", operation_id = "alerts_list", summary = "List alerts",
    params(AlertQuery), responses((status = 200, description = "Alerts", body = AlertPageView)))]
pub async fn list(
    permit: Permit<ReadAlerts>,
    query: Query<AlertQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let AlertQuery { state, session_id, limit, cursor } = query.0;
    let limit = page::limit(limit)?;
    let name = format!(
        "alerts/{}/{}",
        state.map_or("", AlertState::as_str),
        session_id.map_or_else(String::new, |id| id.to_string())
    );
    let after: Option<AlertCursor> = cursors.read(&name, cursor.as_deref())?;
    let filter = AlertFilter { state, session: session_id };
    let found = store.read(permit, move |tx| {
        let found = tx.alerts(filter, after.as_ref(), limit)?;
        let ids: Vec<AlertId> = found.items.iter().map(|alert| alert.id).collect();
        let actions = tx.alert_actions(&ids)?;
        let ways = Ways::of(tx, &found.items)?;
        Ok((found, actions, ways))
    });
    let (found, actions, ways) = found.await?;
    let next_cursor = found.next.and_then(|last| cursors.write(&name, &last));
    reply::listed(&AlertPageView {
        items: found.items.iter().map(|alert| AlertView::of(alert, &actions, &ways)).collect(),
        next_cursor,
    })
}

/// Answers an alert by name and with an action. Silence is recorded as silence.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/acknowledge", tag = "monitoring", operation_id = "alerts_acknowledge", summary = "Acknowledge an alert",
    params(("id" = AlertId, Path, description = "The alert")), request_body = AcknowledgeBody,
    responses((status = 200, description = "The alert now", body = AlertView)))]
pub async fn acknowledge(
    act: Act<AcknowledgeAlert, AcknowledgeBody>,
    Id(id): Id<AlertId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let events = answer(tx, id, (Some(body.action_code), body.text), Alert::acknowledge)?;
        let reply = shown(tx, id)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Records how an alert of pause or stop level ended.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/resolve", tag = "monitoring", operation_id = "alerts_resolve", summary = "Resolve an alert",
    params(("id" = AlertId, Path, description = "The alert")), request_body = ResolveBody,
    responses((status = 200, description = "The alert now", body = AlertView)))]
pub async fn resolve(act: Act<ResolveAlert, ResolveBody>, Id(id): Id<AlertId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let events = answer(tx, id, (None, Some(body.text)), Alert::resolve)?;
        let reply = shown(tx, id)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

type Answered = std::result::Result<(Alert, AlertAction, Event), Refusal>;

/// Gathers the alert under its patient's lock, lets the domain decide, keeps what was done.
fn answer(
    tx: &mut Change<'_>,
    id: AlertId,
    what: (Option<ActionCode>, Option<String>),
    decide: fn(&Alert, AlertAnswer) -> Answered,
) -> Result<Vec<Event>> {
    let patient = tx.alert(id)?.patient;
    tx.lock_patient(patient)?;
    let alert = tx.alert(id)?;
    let answer = AlertAnswer {
        id: tx.new_id::<AlertActionId>(),
        action: what.0,
        text: what.1,
        by: tx.person()?.staff,
        as_prescriber: tx.actor().is_some_and(|actor| actor.roles().hold(Role::Prescriber)),
        at: tx.now(),
    };
    let (next, action, event) = decide(&alert, answer)?;
    tx.update_alert(&next)?;
    tx.insert_alert_action(&action)?;
    Ok(vec![event])
}

fn shown(tx: &mut Change<'_>, id: AlertId) -> Result<crate::store::Reply> {
    let alert = tx.alert(id)?;
    let actions = tx.alert_actions(&[id])?;
    let ways = Ways::of(tx, std::slice::from_ref(&alert))?;
    reply::ok(alert.version, &AlertView::of(&alert, &actions, &ways))
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded acknowledge, guarded resolve]
}
