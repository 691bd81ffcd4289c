//! Withdrawing, and reports that a patient may want to.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::views::ConsentView;
use crate::access::permission::{ListWithdrawalReports, ReportWithdrawal, ResolveWithdrawalReport, WithdrawConsent};
use crate::access::permit::Permit;
use crate::domain::consent::{
    Made, NewReport, NewWithdrawal, ReportKind, ReportOutcome, Resolution, SaidBy, Withdrawal, WithdrawalReport,
    WithdrawalScope,
};
use crate::domain::id::{ConsentId, PatientId, SessionId, StaffId, WithdrawalId, WithdrawalReportId};
use crate::domain::session::{PumpState, Session, SessionState};
use crate::domain::task::TaskKind;
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A report or wish to withdraw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalReport)]
pub struct ReportView {
    /// Its id.
    pub id: WithdrawalReportId,
    /// Counts its changes.
    pub version: i64,
    /// Whose.
    pub patient_id: PatientId,
    /// Taken by somebody, or said under the drug.
    pub kind: ReportKind,
    /// The consent a wish is about.
    pub consent_id: Option<ConsentId>,
    /// The session a wish was said in.
    pub session_id: Option<SessionId>,
    /// How far a wish reaches.
    pub wished_scope: Option<WithdrawalScope>,
    /// What was said.
    pub text: String,
    /// When it was said.
    pub said_at: Timestamp,
    /// Who took it.
    pub recorded_by: StaffId,
    /// When it was entered.
    pub recorded_at: Timestamp,
    /// What the patient answered; absent: not asked yet, and no session may start.
    pub outcome: Option<ReportOutcome>,
    /// What the patient said when asked.
    pub statement: Option<String>,
    /// Who asked.
    pub resolved_by: Option<StaffId>,
    /// When.
    pub resolved_at: Option<Timestamp>,
}

impl ReportView {
    /// The wire form of a report.
    pub fn of(report: &WithdrawalReport) -> Self {
        let answer = report.resolution.as_ref();
        Self {
            id: report.id,
            version: report.version,
            patient_id: report.patient,
            kind: report.kind,
            consent_id: report.consent,
            session_id: report.session,
            wished_scope: report.wished,
            text: report.text.clone(),
            said_at: report.said_at,
            recorded_by: report.recorded_by,
            recorded_at: report.recorded_at,
            outcome: answer.map(|answer| answer.outcome),
            statement: answer.map(|answer| answer.statement.clone()),
            resolved_by: answer.map(|answer| answer.by),
            resolved_at: answer.map(|answer| answer.at),
        }
    }
}

/// One withdrawal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentWithdrawal)]
pub struct WithdrawalView {
    /// Its id.
    pub id: WithdrawalId,
    /// The consent.
    pub consent_id: ConsentId,
    /// The session, when it is about one.
    pub session_id: Option<SessionId>,
    /// How far it reaches, finally. Under the drug that is never more than this session.
    pub scope: WithdrawalScope,
    /// Who said it.
    pub said_by: SaidBy,
    /// When it was said.
    pub said_at: Timestamp,
    /// When the pump was stopped, as stated.
    pub pump_stopped_at: Option<Timestamp>,
    /// What was said.
    pub words: Option<String>,
    /// Who entered it.
    pub recorded_by: StaffId,
    /// When it was entered.
    pub recorded_at: Timestamp,
}

impl WithdrawalView {
    /// The wire form of a withdrawal.
    pub fn of(withdrawal: &Withdrawal) -> Self {
        Self {
            id: withdrawal.id,
            consent_id: withdrawal.consent,
            session_id: withdrawal.session,
            scope: withdrawal.scope,
            said_by: withdrawal.said_by,
            said_at: withdrawal.said_at,
            pump_stopped_at: withdrawal.pump_stopped_at,
            words: withdrawal.words.clone(),
            recorded_by: withdrawal.recorded_by,
            recorded_at: withdrawal.recorded_at,
        }
    }
}

/// A withdrawal. Nothing in it is required: an empty body is the patient saying stop.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsentWithdrawal)]
pub struct WithdrawBody {
    /// How far it reaches; absent: this session under the drug, this consent otherwise. Under the drug and for 24 hours
    /// after, only this session is final: a wider wish is kept and asked again.
    scope: Option<WithdrawalScope>,
    /// Who said it; absent: the patient.
    said_by: Option<SaidBy>,
    /// When it was said; absent or later than now: now.
    said_at: Option<Timestamp>,
    /// The session it is about.
    session_id: Option<SessionId>,
    /// When the pump was stopped, if somebody at the chair has done it already.
    pump_stopped_at: Option<Timestamp>,
    /// What was said, in the patient's words.
    #[schema(example = "no more, please", max_length = 2000)]
    words: Option<String>,
}

/// The session that a withdrawal stopped on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoppedSession)]
pub struct StoppedView {
    /// The session.
    id: SessionId,
    /// Its version after the stop.
    version: i64,
    /// Its state after the stop.
    state: SessionState,
    /// What the record says of the pump; `stop_required` until somebody at the chair confirms it.
    pump_state: PumpState,
}

impl StoppedView {
    fn of(session: &Session) -> Self {
        Self { id: session.id, version: session.version, state: session.state, pump_state: session.pump.state }
    }
}

/// What a withdrawal changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawnConsent)]
pub struct WithdrawnView {
    /// The consent as it is now.
    consent: ConsentView,
    /// The withdrawal as it was kept; null when it was said before.
    withdrawal: Option<WithdrawalView>,
    /// A wider wish said under the drug, to be asked again when the patient is sober. Until then no session starts.
    wish: Option<ReportView>,
    /// The session that was stopped on record.
    stopped_session: Option<StoppedView>,
}

/// Withdraws a consent: any time, by word of mouth, without a reason. A live session is stopped on record in the same
/// transaction, and somebody is asked to confirm the pump. Said twice, it answers 200 and changes nothing.
#[utoipa::path(post, path = "/api/v1/consents/{id}/withdraw", tag = "consents", operation_id = "consents_withdraw",
    summary = "Withdraw a consent", params(("id" = ConsentId, Path, description = "The consent")),
    request_body = WithdrawBody, responses((status = 200, description = "What it changed", body = WithdrawnView)))]
pub async fn withdraw_consent(
    act: Act<WithdrawConsent, WithdrawBody>,
    Id(id): Id<ConsentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_consent(id)?;
        let held = tx.lock_patient(patient)?;
        let consent = tx.consent(id)?;
        let new = NewWithdrawal::from(body);
        let (withdrawn, stopped, events) = tx.withdraw_and_stop(held, &consent, new)?;
        let now = withdrawn.consents.iter().find(|changed| changed.id == id).unwrap_or(&consent);
        let view = WithdrawnView {
            consent: ConsentView::of(now, tx.now()),
            withdrawal: withdrawn.fact.as_ref().map(WithdrawalView::of),
            wish: withdrawn.wish.as_ref().map(ReportView::of),
            stopped_session: stopped.as_ref().map(StoppedView::of),
        };
        let reply = reply::ok(now.version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

impl From<WithdrawBody> for NewWithdrawal {
    fn from(body: WithdrawBody) -> Self {
        Self {
            scope: body.scope,
            said_by: body.said_by.unwrap_or(SaidBy::Patient),
            said_at: body.said_at,
            session: body.session_id,
            pump_stopped_at: body.pump_stopped_at,
            words: body.words,
        }
    }
}

/// A report that a patient may want to withdraw, in any words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWithdrawalReport)]
pub struct ReportBody {
    /// What was said.
    #[schema(example = "Called at 8:40: does not want this any more.", min_length = 1, max_length = 2000)]
    text: String,
    /// When it was said; absent or later than now: now.
    said_at: Option<Timestamp>,
}

/// Takes a report, on the telephone or at the desk. It blocks every start until a clinician has asked the patient.
#[utoipa::path(post, path = "/api/v1/patients/{id}/withdrawal-reports", tag = "consents",
    operation_id = "withdrawal_reports_take", summary = "Report a wish to withdraw",
    params(("id" = PatientId, Path, description = "The patient")), request_body = ReportBody,
    responses((status = 201, description = "Taken", body = ReportView)))]
pub async fn report(
    act: Act<ReportWithdrawal, ReportBody>,
    Id(patient): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let held = tx.lock_patient(patient)?;
        let new = NewReport { patient, text: body.text, said_at: body.said_at };
        let made = Made { id: tx.new_id(), by: tx.person()?.staff, at: tx.now() };
        let (report, event) = WithdrawalReport::take(&new, made)?;
        tx.insert_withdrawal_report(&report)?;
        let events = std::iter::once(event).chain(tx.ask_later(held, &report)?).collect();
        let location = format!("/api/v1/patients/{patient}/withdrawal-reports");
        let reply = reply::created(location, report.version, &ReportView::of(&report))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// The reports and wishes of a patient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalReportPage)]
pub struct ReportPage {
    /// Oldest first, answered ones too.
    items: Vec<ReportView>,
    /// Always null: a patient has few of them.
    next_cursor: Option<String>,
}

/// Lists a patient's reports and wishes to withdraw, oldest first.
#[utoipa::path(get, path = "/api/v1/patients/{id}/withdrawal-reports", tag = "consents",
    operation_id = "withdrawal_reports_list", summary = "List reports of a wish to withdraw",
    params(("id" = PatientId, Path, description = "The patient")),
    responses((status = 200, description = "The reports, oldest first", body = ReportPage)))]
pub async fn reports(permit: Permit<ListWithdrawalReports>, Id(patient): Id<PatientId>, store: Data<Store>) -> Answer {
    let found = store
        .read(permit, move |tx| {
            let (patient, held) = (tx.patient(patient)?, tx.snapshot());
            tx.withdrawal_reports_of(&[patient.id], held)
        })
        .await?;
    reply::listed(&ReportPage { items: found.iter().map(ReportView::of).collect(), next_cursor: None })
}

/// The patient's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResolveWithdrawalReport)]
pub struct ResolveBody {
    /// What the patient answered.
    outcome: ReportOutcome,
    /// What the patient said when asked.
    #[schema(example = "Asked this morning: wants to go on.", min_length = 1, max_length = 2000)]
    statement: String,
    /// How far a withdrawal reaches; absent: as wished, or this consent.
    scope: Option<WithdrawalScope>,
}

/// Records what the sober patient answered. `withdraws` withdraws the consent in the same transaction.
#[utoipa::path(post, path = "/api/v1/withdrawal-reports/{id}/resolve", tag = "consents",
    operation_id = "withdrawal_reports_resolve", summary = "Answer a report of a wish to withdraw",
    params(("id" = WithdrawalReportId, Path, description = "The report")), request_body = ResolveBody,
    responses((status = 200, description = "Answered", body = ReportView)))]
pub async fn resolve(
    act: Act<ResolveWithdrawalReport, ResolveBody>,
    Id(id): Id<WithdrawalReportId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_report(id)?;
        let held = tx.lock_patient(patient)?;
        let (known, influence) = (tx.withdrawal_report(id)?, tx.influence_on(patient, held)?);
        let scope = body.scope.or(known.wished);
        let answer =
            Resolution { outcome: body.outcome, statement: body.statement, by: tx.person()?.staff, at: tx.now() };
        let words = answer.statement.clone();
        let (report, event) = known.resolve(answer, &influence)?;
        tx.update_withdrawal_report(&report)?;
        let mut events = vec![event];
        events.extend(tx.finish_task(TaskKind::WithdrawalQuestion, id, body.outcome.as_str())?);
        if body.outcome == ReportOutcome::Withdraws {
            let new = NewWithdrawal { scope, words: Some(words), ..NewWithdrawal::by_patient() };
            events.extend(tx.withdraw_whatever_binds(held, patient, new)?);
        }
        let reply = reply::ok(report.version, &ReportView::of(&report))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything about withdrawing.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded withdraw_consent, guarded reports, guarded report, guarded resolve]
}
