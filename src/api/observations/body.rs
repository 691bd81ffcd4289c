//! Bodies of the flowsheet: what a tablet or a monitor sends.

use crate::domain::id::{PatientId, SessionId, StaffId};
use crate::domain::observation::{
    AbsentDraft, AbsentReason, BpPosition, BpSite, Confusion, Correction, DissociationDraft, Draft, Gait,
    HallucinationDraft, IvSite, Measure, Modality, Nausea, Phase, RedFlag, Rhythm, Scale, ScoreDraft, SedationDraft,
    SedationScale, Source,
};
use crate::domain::time::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One row of the flowsheet. Every measure is optional, at least one is there. Only the impossible is refused; a
/// frightening number is saved and alarms.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewObservation, example = json!({"patient_id": "0190a5c0-0000-7000-8000-000000000001", "occurred_at": "2026-03-02T15:20:00.000Z",
    "systolic_mmhg": 148, "diastolic_mmhg": 92, "heart_rate_per_min": 96, "resp_rate_per_min": 14, "spo2_percent": 97,
    "sedation": {"scale": "moaas", "score": 5}, "red_flags": [], "pain_nrs_0_10": 4, "note": "eyes closed, music on"}))]
pub struct ObservationBody {
    /// The patient in the chair; another patient's session is refused.
    pub patient_id: PatientId,
    /// The part of the visit. Absent: what the time says.
    #[schema(value_type = Option<Phase>)]
    phase: Option<String>,
    /// When it was seen. Absent: now. Ahead of the server's clock it is held back to it and kept as `claimed_at`.
    #[schema(value_type = Option<Timestamp>)]
    occurred_at: Option<String>,
    /// How the values came in. Absent: manual.
    #[schema(value_type = Option<Source>)]
    source: Option<String>,
    /// The monitor.
    #[schema(max_length = 100)]
    device_id: Option<String>,
    /// Who saw it, where somebody else enters it.
    observed_by: Option<StaffId>,
    /// Why it is entered more than an hour later.
    #[schema(max_length = 500)]
    late_reason: Option<String>,
    /// Systolic pressure.
    #[schema(minimum = 50, maximum = 300)]
    systolic_mmhg: Option<i64>,
    /// Diastolic pressure, below the systolic.
    #[schema(minimum = 20, maximum = 200)]
    diastolic_mmhg: Option<i64>,
    /// Where the cuff was.
    #[schema(value_type = Option<BpSite>)]
    bp_site: Option<String>,
    /// How the patient lay or sat.
    #[schema(value_type = Option<BpPosition>)]
    bp_position: Option<String>,
    /// Heart rate.
    #[schema(minimum = 20, maximum = 250)]
    heart_rate_per_min: Option<i64>,
    /// Breaths; 0 is apnoea.
    #[schema(minimum = 0, maximum = 60)]
    resp_rate_per_min: Option<i64>,
    /// Oxygen saturation.
    #[schema(minimum = 40, maximum = 100)]
    spo2_percent: Option<i64>,
    /// Oxygen given.
    #[schema(example = "2", pattern = "^(0|[1-9][0-9]?)(\\.[0-9]{1,3})?$")]
    oxygen_flow_l_per_min: Option<String>,
    /// Temperature.
    #[schema(example = "36.8", pattern = "^[34][0-9](\\.[0-9])?$")]
    temperature_c: Option<String>,
    /// Sedation.
    sedation: Option<SedationBody>,
    /// Person, place, time, situation.
    #[schema(minimum = 0, maximum = 4)]
    orientation_score: Option<i64>,
    /// Confusion.
    #[schema(value_type = Option<Confusion>)]
    confusion: Option<String>,
    /// Hallucination, or that there was none.
    hallucination: Option<HallucinationBody>,
    /// Dissociation.
    dissociation: Option<DissociationBody>,
    /// Pain now.
    #[schema(minimum = 0, maximum = 10)]
    pain_nrs_0_10: Option<i64>,
    /// Nausea.
    #[schema(value_type = Option<Nausea>)]
    nausea: Option<String>,
    /// How often the patient vomited since the last row.
    #[schema(minimum = 0, maximum = 50)]
    vomit_count: Option<i64>,
    /// Absent: not asked. Empty: asked, and none.
    #[schema(value_type = Option<Vec<RedFlag>>, max_items = 10)]
    red_flags: Option<Vec<String>>,
    /// Gait.
    #[schema(value_type = Option<Gait>)]
    gait: Option<String>,
    /// The cannula's place.
    #[schema(value_type = Option<IvSite>)]
    iv_site: Option<String>,
    /// Rhythm.
    #[schema(value_type = Option<Rhythm>)]
    rhythm: Option<String>,
    /// Scores with all their items; the total is checked.
    #[serde(default)]
    #[schema(max_items = 4)]
    scores: Vec<ScoreBody>,
    /// What was looked for and not found.
    #[serde(default)]
    #[schema(max_items = 20)]
    absent: Vec<AbsentBody>,
    /// Free text; no rule reads it.
    #[schema(max_length = 4000)]
    note: Option<String>,
}

/// Sedation on its scale.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSedation)]
pub struct SedationBody {
    /// MOAA/S or RASS; a clinic uses one.
    #[schema(value_type = SedationScale)]
    scale: String,
    /// MOAA/S 0 to 5, RASS -5 to 4.
    #[schema(minimum = -5, maximum = 5)]
    score: i64,
}

/// A hallucination, or that there was none.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHallucination)]
pub struct HallucinationBody {
    /// Whether there was one.
    present: bool,
    /// Of which senses.
    #[serde(default)]
    #[schema(value_type = Vec<Modality>, max_items = 4)]
    modality: Vec<String>,
    /// Whether the patient knew that it was not real.
    insight_kept: Option<bool>,
    /// Distress.
    #[schema(minimum = 0, maximum = 10)]
    distress_0_10: Option<i64>,
}

/// CADSS-6: the six items, their total, or both.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDissociation)]
pub struct DissociationBody {
    /// `cadss6`.
    #[schema(example = "cadss6", pattern = "^cadss6$")]
    scale: String,
    /// Six numbers of 0 to 4.
    #[schema(min_items = 6, max_items = 6)]
    items: Option<Vec<i64>>,
    /// Checked against the items where both are sent.
    #[schema(minimum = 0, maximum = 24)]
    total: Option<i64>,
}

/// A score with all its items.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScore, example = json!({"scale": "padss", "version": 1, "items": {"vital_signs": 2, "gait": 2, "nausea": 2, "pain": 2, "iv_site": 2}, "total": 10}))]
pub struct ScoreBody {
    /// Which scale.
    #[schema(value_type = Scale)]
    scale: String,
    /// The version of its items; 1.
    version: Option<i64>,
    /// Points of each item by its name.
    items: BTreeMap<String, i64>,
    /// Checked against the items.
    total: Option<i64>,
}

/// A measure that was looked for and not found.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAbsent)]
pub struct AbsentBody {
    /// Its name in this body.
    #[schema(value_type = Measure)]
    field: String,
    /// Why. `unrecordable` alarms.
    #[schema(value_type = AbsentReason)]
    reason: String,
}

/// A correction of a row: whole new values, or that it should never have been.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewObservationAmendment, example = json!({"patient_id": "0190a5c0-0000-7000-8000-000000000001", "correction": "entered_in_error", "reason": "typed into the wrong row"}))]
pub struct AmendmentBody {
    /// The patient in the chair.
    pub patient_id: PatientId,
    /// `corrected` or `entered_in_error`.
    #[schema(value_type = Correction)]
    pub correction: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// The row as it should have been, whole; only for `corrected`.
    pub observation: Option<ObservationBody>,
}

/// Where a row belongs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ObservationMove, example = json!({"patient_id": "0190a5c0-0000-7000-8000-000000000001", "to_session_id": "0190a5c0-0000-7000-8000-000000000010", "reason": "charted at the wrong chair"}))]
pub struct MoveBody {
    /// The patient it was charted on.
    pub patient_id: PatientId,
    /// The session it belongs to.
    pub to_session_id: SessionId,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

impl From<ObservationBody> for Draft {
    fn from(body: ObservationBody) -> Self {
        let score = |ScoreBody { scale, version, items, total }| ScoreDraft {
            scale,
            version,
            items: items.into_iter().collect(),
            total,
        };
        let absent = |AbsentBody { field, reason }| AbsentDraft { field, reason };
        Self {
            phase: body.phase,
            occurred_at: body.occurred_at,
            source: body.source,
            device_id: body.device_id,
            observed_by: body.observed_by,
            late_reason: body.late_reason,
            systolic_mmhg: body.systolic_mmhg,
            diastolic_mmhg: body.diastolic_mmhg,
            bp_site: body.bp_site,
            bp_position: body.bp_position,
            heart_rate_per_min: body.heart_rate_per_min,
            resp_rate_per_min: body.resp_rate_per_min,
            spo2_percent: body.spo2_percent,
            oxygen_flow_l_per_min: body.oxygen_flow_l_per_min,
            temperature_c: body.temperature_c,
            sedation: body.sedation.map(|SedationBody { scale, score }| SedationDraft { scale, score }),
            orientation_score: body.orientation_score,
            confusion: body.confusion,
            hallucination: body.hallucination.map(
                |HallucinationBody { present, modality, insight_kept, distress_0_10 }| HallucinationDraft {
                    present,
                    modality,
                    insight_kept,
                    distress_0_10,
                },
            ),
            dissociation: body.dissociation.map(|DissociationBody { scale, items, total }| DissociationDraft {
                scale,
                items,
                total,
            }),
            pain_nrs_0_10: body.pain_nrs_0_10,
            nausea: body.nausea,
            vomit_count: body.vomit_count,
            red_flags: body.red_flags,
            gait: body.gait,
            iv_site: body.iv_site,
            rhythm: body.rhythm,
            scores: body.scores.into_iter().map(score).collect(),
            absent: body.absent.into_iter().map(absent).collect(),
            note: body.note,
        }
    }
}
