//! Views of the flowsheet.

use crate::domain::flowsheet::Flowsheet;
use crate::domain::id::{AlertId, ObservationId, PatientId, SessionId, StaffId};
use crate::domain::monitoring::{Advice, Check, CheckPart, CheckStatus, Level, Schedule, Verdict};
use crate::domain::observation::{
    AbsentReason, BpPosition, BpSite, Confusion, Correction, Gait, Hallucination, IvSite, Measure, Measures, Modality,
    Nausea, Observation, Phase, RedFlag, Rhythm, Scale, Score, SedationScale, Source, Status, status_of,
};
use crate::domain::quantity::{
    Diastolic, HeartRate, OxygenMillilitresPerMinute, OxygenSaturation, RespiratoryRate, Systolic, TenthsCelsius,
};
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One row of the flowsheet, with what the server made of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Observation)]
pub struct ObservationView {
    id: ObservationId,
    /// Always 1: a row is never changed, a correction is a new row.
    version: i64,
    session_id: SessionId,
    patient_id: PatientId,
    status: Status,
    phase: Phase,
    occurred_at: Timestamp,
    /// What the sender's clock said, where it was ahead of the server's.
    claimed_at: Option<Timestamp>,
    recorded_at: Timestamp,
    /// Entered more than a quarter of an hour after it was seen.
    late: bool,
    late_reason: Option<String>,
    source: Source,
    device_id: Option<String>,
    recorded_by: StaffId,
    observed_by: Option<StaffId>,
    #[serde(flatten)]
    measures: MeasuresView,
    note: Option<String>,
    /// Values outside what is usual: saved as they are.
    unusual: Vec<Measure>,
    level: Level,
    /// The rules that gave the level.
    #[schema(example = json!(["pressure_high.systolic.act"]))]
    rules: Vec<String>,
    /// What to do now, most urgent first.
    recommended: Vec<Advice>,
    /// When the value has to be taken again.
    recheck_due_at: Option<Timestamp>,
    /// The alerts this row raised or brought to their highest level.
    alerts: Vec<AlertId>,
    /// The row this one corrects.
    amends_id: Option<ObservationId>,
    correction: Option<Correction>,
    reason: Option<String>,
    /// The row of another session this one is a copy of.
    moved_from_id: Option<ObservationId>,
}

/// What was seen; null where it was not looked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Measures)]
pub struct MeasuresView {
    systolic_mmhg: Option<Systolic>,
    diastolic_mmhg: Option<Diastolic>,
    /// (systolic + 2 × diastolic) / 3, rounded half up.
    mean_arterial_mmhg: Option<i64>,
    bp_site: Option<BpSite>,
    bp_position: Option<BpPosition>,
    heart_rate_per_min: Option<HeartRate>,
    resp_rate_per_min: Option<RespiratoryRate>,
    spo2_percent: Option<OxygenSaturation>,
    oxygen_flow_l_per_min: Option<OxygenMillilitresPerMinute>,
    temperature_c: Option<TenthsCelsius>,
    sedation: Option<SedationView>,
    orientation_score: Option<i64>,
    confusion: Option<Confusion>,
    hallucination: Option<HallucinationView>,
    dissociation: Option<DissociationView>,
    pain_nrs_0_10: Option<i64>,
    nausea: Option<Nausea>,
    vomit_count: Option<i64>,
    /// Null: not asked. Empty: asked, and none.
    red_flags: Option<Vec<RedFlag>>,
    gait: Option<Gait>,
    iv_site: Option<IvSite>,
    rhythm: Option<Rhythm>,
    scores: Vec<ScoreView>,
    absent: Vec<AbsentView>,
}

/// Sedation on its scale.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sedation)]
pub struct SedationView {
    scale: SedationScale,
    score: i64,
}

/// A hallucination, or that there was none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hallucination)]
pub struct HallucinationView {
    present: bool,
    modality: Vec<Modality>,
    insight_kept: Option<bool>,
    distress_0_10: Option<i64>,
}

/// CADSS-6.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dissociation)]
pub struct DissociationView {
    #[schema(example = "cadss6")]
    scale: &'static str,
    items: Option<Vec<i64>>,
    total: i64,
}

/// A score with its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Score)]
pub struct ScoreView {
    scale: Scale,
    version: i64,
    items: BTreeMap<&'static str, i64>,
    total: i64,
}

/// A measure that was looked for and not found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Absent)]
pub struct AbsentView {
    field: Measure,
    reason: AbsentReason,
}

/// The rows of a session, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObservationList)]
pub struct ObservationListView {
    items: Vec<ObservationView>,
}

/// A moved row: the mark it left, and the copy where it belongs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovedObservation)]
pub struct MovedView {
    /// The mark on the session it was charted in.
    mark: ObservationView,
    /// The copy on the session it belongs to.
    copy: ObservationView,
}

/// When checks are due.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObservationSchedule)]
pub struct ScheduleView {
    session_id: SessionId,
    /// The next check of each part, soonest first; missed times are one check, never many.
    checks: Vec<CheckView>,
    /// The times of the grid up to an hour from now.
    slots: Vec<Timestamp>,
}

/// One due check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckView {
    due_at: Timestamp,
    amber_at: Timestamp,
    overdue_at: Timestamp,
    escalate_at: Timestamp,
    status: CheckStatus,
    parts: Vec<CheckPart>,
    /// Whether orientation and CADSS-6 belong to it; they never make it overdue.
    asks_orientation: bool,
}

impl ObservationView {
    /// A row as it stands on its flowsheet.
    pub fn of(sheet: &Flowsheet, row: &Observation) -> Self {
        let verdict = sheet.verdicts.get(&row.id).cloned().unwrap_or(Verdict::NOTHING);
        let amends = row.amends.as_ref();
        Self {
            id: row.id,
            version: 1,
            session_id: row.session,
            patient_id: row.patient,
            status: status_of(row, &sheet.rows),
            phase: row.phase,
            occurred_at: row.occurred_at,
            claimed_at: row.claimed_at,
            recorded_at: row.recorded_at,
            late: row.is_late(&sheet.policy.rules.time),
            late_reason: row.late_reason.clone(),
            source: row.source,
            device_id: row.device_id.clone(),
            recorded_by: row.recorded_by,
            observed_by: row.observed_by,
            measures: MeasuresView::of(&row.measures),
            note: row.note.clone(),
            unusual: row.measures.unusual(),
            level: verdict.level,
            rules: verdict.rules,
            recommended: verdict.recommended,
            recheck_due_at: verdict.recheck_due_at,
            alerts: sheet
                .alerts
                .iter()
                .filter(|alert| alert.observation == Some(row.id))
                .map(|alert| alert.id)
                .collect(),
            amends_id: amends.map(|amends| amends.id),
            correction: amends.map(|amends| amends.correction),
            reason: amends.map(|amends| amends.reason.clone()),
            moved_from_id: row.moved_from,
        }
    }
}

impl MeasuresView {
    fn of(seen: &Measures) -> Self {
        Self {
            systolic_mmhg: seen.systolic,
            diastolic_mmhg: seen.diastolic,
            mean_arterial_mmhg: seen.mean_arterial_tenths().map(|tenths| (tenths + 5) / 10),
            bp_site: seen.bp_site,
            bp_position: seen.bp_position,
            heart_rate_per_min: seen.heart_rate,
            resp_rate_per_min: seen.resp_rate,
            spo2_percent: seen.spo2,
            oxygen_flow_l_per_min: seen.oxygen_flow,
            temperature_c: seen.temperature,
            sedation: seen.sedation.map(|sedation| SedationView { scale: sedation.scale, score: sedation.score }),
            orientation_score: seen.orientation,
            confusion: seen.confusion,
            hallucination: seen.hallucination.clone().map(HallucinationView::of),
            dissociation: seen.dissociation.clone().map(|cadss| DissociationView {
                scale: "cadss6",
                items: cadss.items,
                total: cadss.total,
            }),
            pain_nrs_0_10: seen.pain,
            nausea: seen.nausea,
            vomit_count: seen.vomit_count,
            red_flags: seen.red_flags.clone(),
            gait: seen.gait,
            iv_site: seen.iv_site,
            rhythm: seen.rhythm,
            scores: seen.scores.iter().map(ScoreView::of).collect(),
            absent: seen
                .absent
                .iter()
                .map(|absent| AbsentView { field: absent.measure, reason: absent.reason })
                .collect(),
        }
    }
}

impl HallucinationView {
    fn of(seen: Hallucination) -> Self {
        let Hallucination { present, modality, insight_kept, distress } = seen;
        Self { present, modality, insight_kept, distress_0_10: distress }
    }
}

impl ScoreView {
    fn of(score: &Score) -> Self {
        Self { scale: score.scale, version: score.version, items: score.items().collect(), total: score.total }
    }
}

impl ObservationListView {
    /// Every row of a flowsheet.
    pub fn of(sheet: &Flowsheet) -> Self {
        Self { items: sheet.rows.iter().map(|row| ObservationView::of(sheet, row)).collect() }
    }

    /// The rows that stand.
    pub fn standing(sheet: &Flowsheet) -> Self {
        let rows = crate::domain::observation::standing(&sheet.rows);
        Self { items: rows.into_iter().map(|row| ObservationView::of(sheet, row)).collect() }
    }
}

impl MovedView {
    /// Both ends of a move.
    pub fn of(from: (&Flowsheet, &Observation), to: (&Flowsheet, &Observation)) -> Self {
        Self { mark: ObservationView::of(from.0, from.1), copy: ObservationView::of(to.0, to.1) }
    }
}

impl ScheduleView {
    /// The checks of a session.
    pub fn of(session_id: SessionId, schedule: Schedule) -> Self {
        Self { session_id, checks: schedule.checks.into_iter().map(CheckView::of).collect(), slots: schedule.slots }
    }
}

impl CheckView {
    fn of(check: Check) -> Self {
        let Check { due_at, amber_at, overdue_at, escalate_at, parts, asks_mind, status } = check;
        Self { due_at, amber_at, overdue_at, escalate_at, status, parts, asks_orientation: asks_mind }
    }
}
