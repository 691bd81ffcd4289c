//! The day-of check.

use super::super::extract::{Act, Id, expect_version};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::deed;
use crate::access::permission::SavePrecheck;
use crate::domain::act;
use crate::domain::id::{PatientId, PrecheckId, SessionId, StaffId};
use crate::domain::precheck::{DayAnswer, DayQuestion, DayReply, Meaning, Precheck, PrecheckForm, WeightSource};
use crate::domain::quantity::{Grams, Millimetres};
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One day-of question with its answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DayReply)]
pub struct DayReplyBody {
    /// What was asked.
    question: DayQuestion,
    /// What was answered; unknown is not no.
    answer: DayAnswer,
    /// In words, where it needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    detail: Option<String>,
}

/// The day-of check. Each saving replaces the one before; earlier ones stay on record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPrecheck, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001",
    "answers": [{"question": "pregnancy", "answer": "no"}, {"question": "new_medicines", "answer": "unknown"}],
    "clear_fluids_at": "2026-03-02T12:00:00.000Z", "food_at": "2026-03-02T06:30:00.000Z",
    "weight_kg": "70.5", "weight_source": "measured", "consent_reaffirmed_at": "2026-03-02T14:41:10.000Z",
    "kit_ok": true, "iv_site": "left forearm, 22 G", "sign": false}))]
pub struct PrecheckBody {
    /// The patient in the chair.
    patient_id: PatientId,
    /// The answers, each question at most once; a signature needs all of the route.
    #[serde(default)]
    #[schema(max_items = 20)]
    answers: Vec<DayReplyBody>,
    /// Last clear fluid.
    clear_fluids_at: Option<Timestamp>,
    /// Last food.
    food_at: Option<Timestamp>,
    /// Weight of the day.
    weight_kg: Option<Grams>,
    /// Measured or stated.
    weight_source: Option<WeightSource>,
    /// Height, for an order by ideal or adjusted weight.
    height_cm: Option<Millimetres>,
    /// When the patient said again today that they want this.
    consent_reaffirmed_at: Option<Timestamp>,
    /// Emergency kit and monitor alarms of this chair are in order today.
    kit_ok: Option<bool>,
    /// Where the cannula sits, and its gauge.
    #[schema(max_length = 100)]
    iv_site: Option<String>,
    /// Anything else.
    #[schema(max_length = 4000)]
    note: Option<String>,
    /// Whether to sign it; unsigned is a draft.
    #[serde(default)]
    sign: bool,
}

impl From<PrecheckBody> for PrecheckForm {
    fn from(body: PrecheckBody) -> Self {
        let reply =
            |reply: DayReplyBody| DayReply { question: reply.question, answer: reply.answer, detail: reply.detail };
        Self {
            replies: body.answers.into_iter().map(reply).collect(),
            clear_fluids_at: body.clear_fluids_at,
            food_at: body.food_at,
            weight: body.weight_kg,
            weight_source: body.weight_source,
            height: body.height_cm,
            consent_reaffirmed_at: body.consent_reaffirmed_at,
            kit_ok: body.kit_ok,
            iv_site: body.iv_site,
            note: body.note,
            sign: body.sign,
        }
    }
}

/// A pre-check as saved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Precheck)]
pub struct PrecheckView {
    /// Its id.
    id: PrecheckId,
    /// 1 for the first saving, then one more each time.
    #[schema(example = 2, minimum = 1)]
    version: i64,
    /// The session.
    session_id: SessionId,
    /// The answers.
    answers: Vec<DayReplyBody>,
    /// Questions whose answer a prescriber has to look at.
    concerns: Vec<DayQuestion>,
    /// Questions that are unknown or were not asked.
    unknown: Vec<DayQuestion>,
    /// Last clear fluid.
    clear_fluids_at: Option<Timestamp>,
    /// Last food.
    food_at: Option<Timestamp>,
    /// Weight of the day.
    weight_kg: Option<Grams>,
    /// Measured or stated.
    weight_source: Option<WeightSource>,
    /// Height.
    height_cm: Option<Millimetres>,
    /// When the patient said again that they want this.
    consent_reaffirmed_at: Option<Timestamp>,
    /// Kit and monitor are in order.
    kit_ok: Option<bool>,
    /// Where the cannula sits.
    iv_site: Option<String>,
    /// Anything else.
    note: Option<String>,
    /// Whether it is signed.
    signed: bool,
    /// Who saved it.
    recorded_by: StaffId,
    /// When.
    recorded_at: Timestamp,
}

impl PrecheckView {
    /// Of a saved pre-check.
    pub fn of(precheck: &Precheck) -> Self {
        let form = precheck.form.clone();
        let reply =
            |reply: DayReply| DayReplyBody { question: reply.question, answer: reply.answer, detail: reply.detail };
        Self {
            id: precheck.id,
            version: precheck.number,
            session_id: precheck.visit.session,
            concerns: precheck.questions_meaning(Meaning::Concern),
            unknown: precheck.questions_meaning(Meaning::Unknown),
            answers: form.replies.into_iter().map(reply).collect(),
            clear_fluids_at: form.clear_fluids_at,
            food_at: form.food_at,
            weight_kg: form.weight,
            weight_source: form.weight_source,
            height_cm: form.height,
            consent_reaffirmed_at: form.consent_reaffirmed_at,
            kit_ok: form.kit_ok,
            iv_site: form.iv_site,
            note: form.note,
            signed: form.sign,
            recorded_by: precheck.recorded_by,
            recorded_at: precheck.recorded_at,
        }
    }
}

/// Saves the day-of check, as a draft or signed.
#[utoipa::path(put, path = "/api/v1/sessions/{id}/precheck", tag = "visits", operation_id = "visits_precheck", summary = "Save the day-of check",
    params(("id" = SessionId, Path, description = "The session")), request_body = PrecheckBody,
    responses((status = 200, description = "The pre-check as it is now", body = PrecheckView)))]
pub async fn save(act: Act<SavePrecheck, PrecheckBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, session) = tx.lock_session(id)?;
        let visit = session.visit();
        visit.is_of(body.patient_id)?;
        let newest = tx.newest_precheck(visit)?.map(|precheck| precheck.number);
        expect_version(version, newest.unwrap_or(0))?;
        let (deed, _) = deed(tx, None, &session)?;
        let (precheck, event) = Precheck::save(tx.new_id(), visit, newest, body.into(), deed)?;
        let step = session.precheck_signed(act::Act::now(deed.by.staff, deed.at))?;
        let mut events = vec![event];
        if precheck.form.sign {
            tx.save_step(&step)?;
            events.extend(step.events);
        }
        tx.insert_precheck(&precheck)?;
        let reply = reply::ok(precheck.number, &PrecheckView::of(&precheck))?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded save]
}
