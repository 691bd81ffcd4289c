//! Replay of what a tablet kept while it was offline: up to 200 rows, each its own unit with its own key, in order;
//! a bad row never stops the others (decisions.md 33, engineering.md part 6, 11).

use super::body::ObservationBody;
use super::chart;
use crate::access::permission::ReplayObservations;
use crate::access::permit::{Actor, Origin, Permit, Principal};
use crate::api::extract::{self, Act, Id};
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::Answer;
use crate::domain::id::SessionId;
use crate::domain::refusal::Refusal;
use crate::store::{Once, Store, StoreError, Written};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The most rows of one batch.
const MOST: usize = 200;

/// Rows in the order they happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ObservationBatch, example = json!({"items": [{"key": "0190a5c0-0000-7000-8000-00000000a001",
    "observation": {"patient_id": "0190a5c0-0000-7000-8000-000000000001", "occurred_at": "2026-03-02T15:20:00.000Z",
        "systolic_mmhg": 148, "diastolic_mmhg": 92}}]}))]
pub struct BatchBody {
    /// Each is read by itself, so that one that cannot be read does not refuse the others.
    #[schema(value_type = Vec<BatchItemBody>, max_items = 200)]
    items: Vec<Value>,
}

/// A row with the key it would have been sent with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ObservationBatchItem)]
pub struct BatchItemBody {
    /// Its own idempotency key: a replay of the batch charts nothing twice.
    #[schema(min_length = 16, max_length = 255)]
    key: String,
    /// The row.
    observation: ObservationBody,
}

/// What became of each row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObservationBatchResult)]
pub struct BatchView {
    /// In the order of the request.
    results: Vec<ResultView>,
}

/// What became of one row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObservationBatchItemResult)]
pub struct ResultView {
    /// Its place in the request.
    index: usize,
    /// The status it would have been answered with alone.
    #[schema(example = 201)]
    status: u16,
    /// Charted by an earlier request with the same key.
    replayed: bool,
    /// The row, when it was charted.
    #[schema(value_type = Option<super::view::ObservationView>)]
    observation: Option<Value>,
    /// Why it was not.
    #[schema(value_type = Option<crate::api::problem::ProblemView>)]
    problem: Option<Value>,
}

/// Replays rows that were kept offline. Answers 207 with one result for each.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/observations/batch", tag = "monitoring", operation_id = "observations_replay", summary = "Replay rows kept offline",
    params(("id" = SessionId, Path, description = "The session")), request_body = BatchBody,
    responses((status = 207, description = "What became of each row", body = BatchView)))]
pub async fn replay(
    act: Act<ReplayObservations, BatchBody>,
    request: HttpRequest,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer {
    let Act { permit, body, .. } = act;
    if body.items.is_empty() || body.items.len() > MOST {
        return Err(Refusal::invalid("/items", "range", format!("must be 1 to {MOST} rows")).into());
    }
    let (principal, _, origin) = permit.into_parts();
    let Principal::Staff(actor) = principal else { return Err(StoreError::Unauthenticated.into()) };
    let mut results = Vec::with_capacity(body.items.len());
    for (index, item) in body.items.into_iter().enumerate() {
        let charted = one(&store, (&actor, &origin), &request, (id, item)).await;
        results.push(ResultView::of(index, charted, &origin));
    }
    // A session that is not there is not there for any row: the batch is answered like a single row would be.
    if results.iter().all(|result| result.status == ProblemKind::NotFound.status()) {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).json(BatchView { results }))
}

async fn one(
    store: &Store,
    who: (&Actor, &Origin),
    request: &HttpRequest,
    row: (SessionId, Value),
) -> Result<Written, Problem> {
    let (session, item) = row;
    let bytes = serde_json::to_vec(&item).map_err(StoreError::from)?;
    let BatchItemBody { key, observation } = extract::parse(&bytes)?;
    let printable = key.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    if !(16..=255).contains(&key.len()) || !printable {
        return Err(Problem::malformed("/key", "has 16 to 255 printable characters; a UUID is best"));
    }
    let permit = Permit::<ReplayObservations>::grant(who.0, who.1.clone());
    let permit = permit.map_err(|denied| StoreError::Forbidden(denied.permission))?;
    let once = Once { key: Some(key), fingerprint: extract::fingerprint(request, &bytes) };
    Ok(store.write(permit, once, move |tx| chart(tx, session, observation)).await?)
}

impl ResultView {
    fn of(index: usize, charted: Result<Written, Problem>, origin: &Origin) -> Self {
        match charted {
            Ok(written) => Self {
                index,
                status: written.reply.status,
                replayed: written.replayed,
                observation: serde_json::from_slice(&written.reply.body).ok(),
                problem: None,
            },
            Err(problem) => Self {
                index,
                status: problem.kind().status(),
                replayed: false,
                observation: None,
                problem: Some(Value::Object(problem.members_of(Some(origin.request.uuid())))),
            },
        }
    }
}
