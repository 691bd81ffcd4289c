//! The flowsheet as a whole: when the next check is due, the grid for a screen, and a table for a spreadsheet.

use super::view::{ObservationListView, ScheduleView};
use crate::access::permission::ReadObservations;
use crate::access::permit::Permit;
use crate::api::extract::{Id, Query};
use crate::api::reply::{self, Answer};
use crate::api::table;
use crate::domain::flowsheet::Flowsheet;
use crate::domain::id::SessionId;
use crate::domain::monitoring::Baseline;
use crate::domain::observation::{Observation, standing};
use crate::store::Store;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How the flowsheet is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlowsheetQuery {
    /// `json` (default) or `csv`.
    #[param(inline)]
    format: Option<Format>,
}

/// A form of the flowsheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For a screen.
    Json,
    /// For a spreadsheet.
    Csv,
}

/// The rows that stand, with what they are compared with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flowsheet)]
pub struct FlowsheetView {
    session_id: SessionId,
    /// The median of this visit's readings before any drug; never rewritten after the start.
    baseline: BaselineView,
    #[serde(flatten)]
    rows: ObservationListView,
}

/// This visit's own values before any drug.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Baseline)]
pub struct BaselineView {
    systolic_mmhg: Option<i64>,
    diastolic_mmhg: Option<i64>,
    heart_rate_per_min: Option<i64>,
    spo2_percent: Option<i64>,
    orientation_score: Option<i64>,
    dissociation_total: Option<i64>,
    pain_nrs_0_10: Option<i64>,
}

impl BaselineView {
    fn of(baseline: Baseline) -> Self {
        let Baseline { systolic, diastolic, heart_rate, spo2, orientation, dissociation, pain } = baseline;
        Self {
            systolic_mmhg: systolic,
            diastolic_mmhg: diastolic,
            heart_rate_per_min: heart_rate,
            spo2_percent: spo2,
            orientation_score: orientation,
            dissociation_total: dissociation,
            pain_nrs_0_10: pain,
        }
    }
}

/// Which checks are due, amber, overdue. Missed times are one check that is due now.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/observation-schedule", tag = "monitoring", operation_id = "observations_schedule", summary = "See which checks are due",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "The next checks", body = ScheduleView)))]
pub async fn schedule(permit: Permit<ReadObservations>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        let (held, session) = (tx.snapshot(), tx.session(id)?);
        let sheet = tx.flowsheet(&session, held)?;
        Ok(ScheduleView::of(id, sheet.schedule(tx.now())))
    });
    reply::listed(&view.await?)
}

/// The flowsheet: the rows that stand, oldest first.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/flowsheet", tag = "monitoring", operation_id = "flowsheets_read", summary = "Read the flowsheet",
    params(("id" = SessionId, Path, description = "The session"), FlowsheetQuery),
    responses((status = 200, description = "The flowsheet", content((FlowsheetView = "application/json"), (String = "text/csv")))))]
pub async fn flowsheet(
    permit: Permit<ReadObservations>,
    Id(id): Id<SessionId>,
    query: Query<FlowsheetQuery>,
    store: Data<Store>,
) -> Answer {
    let sheet = store.read(permit, move |tx| {
        let (held, session) = (tx.snapshot(), tx.session(id)?);
        tx.flowsheet(&session, held)
    });
    let sheet = sheet.await?;
    if query.0.format == Some(Format::Csv) {
        return Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(csv(&sheet)));
    }
    let rows = ObservationListView::standing(&sheet);
    reply::listed(&FlowsheetView { session_id: id, baseline: BaselineView::of(sheet.baseline()), rows })
}

type Column = (&'static str, fn(&Observation) -> Option<String>);

/// The columns of the table, in the order a nurse reads them.
const COLUMNS: [Column; 17] = [
    ("occurred_at", |row| Some(row.occurred_at.to_string())),
    ("phase", |row| Some(row.phase.to_string())),
    ("systolic_mmhg", |row| row.measures.systolic.map(|value| value.to_string())),
    ("diastolic_mmhg", |row| row.measures.diastolic.map(|value| value.to_string())),
    ("mean_arterial_mmhg", |row| row.measures.mean_arterial_tenths().map(|tenths| ((tenths + 5) / 10).to_string())),
    ("heart_rate_per_min", |row| row.measures.heart_rate.map(|value| value.to_string())),
    ("resp_rate_per_min", |row| row.measures.resp_rate.map(|value| value.to_string())),
    ("spo2_percent", |row| row.measures.spo2.map(|value| value.to_string())),
    ("temperature_c", |row| row.measures.temperature.map(|value| value.to_string())),
    ("sedation_scale", |row| row.measures.sedation.map(|sedation| sedation.scale.to_string())),
    ("sedation_score", |row| row.measures.sedation.map(|sedation| sedation.score.to_string())),
    ("orientation_score", |row| row.measures.orientation.map(|score| score.to_string())),
    ("dissociation_total", |row| row.measures.dissociation.as_ref().map(|cadss| cadss.total.to_string())),
    ("pain_nrs_0_10", |row| row.measures.pain.map(|pain| pain.to_string())),
    ("nausea", |row| row.measures.nausea.map(|nausea| nausea.to_string())),
    ("red_flags", |row| {
        let flags = row.measures.red_flags.as_ref()?;
        Some(flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>().join(" "))
    }),
    ("note", |row| row.note.clone()),
];

/// RFC 4180, with the level as the last column.
fn csv(sheet: &Flowsheet) -> String {
    let mut out = String::new();
    let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).chain(["level".to_owned()]);
    table::line(&mut out, names);
    for row in standing(&sheet.rows) {
        let level = sheet.verdicts.get(&row.id).map(|verdict| verdict.level.to_string());
        let cells = COLUMNS.iter().map(|(_, value)| value(row).unwrap_or_default());
        table::line(&mut out, cells.chain(level));
    }
    out
}
