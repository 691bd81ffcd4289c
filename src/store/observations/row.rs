//! A flowsheet row as the database keeps it: columns for what is charted or filtered, JSON for lists.

use crate::domain::UnknownWord;
use crate::domain::id::{ClinicId, ObservationId, PatientId, SessionId, StaffId};
use crate::domain::monitoring::{Advice, Level, Verdict};
use crate::domain::observation::{
    Absent, AbsentReason, Amends, BpPosition, BpSite, Confusion, Correction, Dissociation, Gait, Hallucination, IvSite,
    Measure, Measures, Modality, Nausea, Observation, Phase, RedFlag, Rhythm, Scale, Score, Sedation, SedationScale,
    Source,
};
use crate::domain::quantity::{
    Diastolic, HeartRate, OxygenMillilitresPerMinute, OxygenSaturation, RespiratoryRate, Systolic, TenthsCelsius,
};
use crate::domain::time::Timestamp;
use crate::store::column::Json;
use crate::store::error::{Result, StoreError};
use crate::store::schema::observations::observations;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = observations)]
pub(super) struct Row {
    clinic_id: ClinicId,
    id: ObservationId,
    session_id: SessionId,
    patient_id: PatientId,
    phase: Phase,
    occurred_at: Timestamp,
    claimed_at: Option<Timestamp>,
    recorded_at: Timestamp,
    recorded_by: StaffId,
    observed_by: Option<StaffId>,
    source: Source,
    device_id: Option<String>,
    late_reason: Option<String>,
    #[diesel(embed)]
    vitals: Vitals,
    #[diesel(embed)]
    mind: Mind,
    details: Json,
    note: Option<String>,
    amends_id: Option<ObservationId>,
    correction: Option<Correction>,
    reason: Option<String>,
    moved_from_id: Option<ObservationId>,
    level: Level,
    rules: Json,
    recommended: Json,
    recheck_due_at: Option<Timestamp>,
}

/// What a monitor shows.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = observations)]
pub(super) struct Vitals {
    systolic_mmhg: Option<Systolic>,
    diastolic_mmhg: Option<Diastolic>,
    bp_site: Option<BpSite>,
    bp_position: Option<BpPosition>,
    heart_rate_per_min: Option<HeartRate>,
    resp_rate_per_min: Option<RespiratoryRate>,
    spo2_percent: Option<OxygenSaturation>,
    oxygen_flow_ml_per_min: Option<OxygenMillilitresPerMinute>,
    temperature_tenths_c: Option<TenthsCelsius>,
    rhythm: Option<Rhythm>,
}

/// What a nurse sees and asks.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = observations)]
pub(super) struct Mind {
    sedation_scale: Option<SedationScale>,
    sedation_score: Option<i64>,
    orientation_score: Option<i64>,
    confusion: Option<Confusion>,
    hallucination_present: Option<bool>,
    hallucination_insight_kept: Option<bool>,
    hallucination_distress: Option<i64>,
    dissociation_total: Option<i64>,
    pain_nrs: Option<i64>,
    nausea: Option<Nausea>,
    vomit_count: Option<i64>,
    gait: Option<Gait>,
    iv_site: Option<IvSite>,
}

/// The lists of a row.
#[derive(Serialize, Deserialize, Default)]
struct Details {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    modality: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cadss6_items: Option<Vec<i64>>,
    /// Absent: not asked. Empty: asked, and none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    red_flags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scores: Vec<KeptScore>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    absent: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct KeptScore {
    scale: String,
    version: i64,
    points: Vec<i64>,
}

impl Row {
    pub(super) fn of(clinic_id: ClinicId, row: &Observation, verdict: &Verdict) -> Result<Self> {
        let amends = row.amends.as_ref();
        let advice: Vec<&str> = verdict.recommended.iter().map(|advice| advice.as_str()).collect();
        Ok(Self {
            clinic_id,
            id: row.id,
            session_id: row.session,
            patient_id: row.patient,
            phase: row.phase,
            occurred_at: row.occurred_at,
            claimed_at: row.claimed_at,
            recorded_at: row.recorded_at,
            recorded_by: row.recorded_by,
            observed_by: row.observed_by,
            source: row.source,
            device_id: row.device_id.clone(),
            late_reason: row.late_reason.clone(),
            vitals: Vitals::of(&row.measures),
            mind: Mind::of(&row.measures),
            details: Json::of(&Details::of(&row.measures))?,
            note: row.note.clone(),
            amends_id: amends.map(|amends| amends.id),
            correction: amends.map(|amends| amends.correction),
            reason: amends.map(|amends| amends.reason.clone()),
            moved_from_id: row.moved_from,
            level: verdict.level,
            rules: Json::of(&verdict.rules)?,
            recommended: Json::of(&advice)?,
            recheck_due_at: verdict.recheck_due_at,
        })
    }

    pub(super) fn into_judged(self) -> Result<(Observation, Verdict)> {
        let advice: Vec<String> = self.recommended.read()?;
        let verdict = Verdict {
            level: self.level,
            rules: self.rules.read()?,
            recommended: words(&advice, Advice::parse)?,
            recheck_due_at: self.recheck_due_at,
        };
        let measures = measures(&self.vitals, &self.mind, self.details.read()?)?;
        let amends = match (self.amends_id, self.correction, self.reason) {
            (Some(id), Some(correction), Some(reason)) => Some(Amends { id, correction, reason }),
            _ => None,
        };
        let row = Observation {
            id: self.id,
            session: self.session_id,
            patient: self.patient_id,
            phase: self.phase,
            occurred_at: self.occurred_at,
            claimed_at: self.claimed_at,
            recorded_at: self.recorded_at,
            recorded_by: self.recorded_by,
            observed_by: self.observed_by,
            source: self.source,
            device_id: self.device_id,
            late_reason: self.late_reason,
            measures,
            note: self.note,
            amends,
            moved_from: self.moved_from_id,
        };
        Ok((row, verdict))
    }
}

impl Vitals {
    fn of(measures: &Measures) -> Self {
        Self {
            systolic_mmhg: measures.systolic,
            diastolic_mmhg: measures.diastolic,
            bp_site: measures.bp_site,
            bp_position: measures.bp_position,
            heart_rate_per_min: measures.heart_rate,
            resp_rate_per_min: measures.resp_rate,
            spo2_percent: measures.spo2,
            oxygen_flow_ml_per_min: measures.oxygen_flow,
            temperature_tenths_c: measures.temperature,
            rhythm: measures.rhythm,
        }
    }
}

impl Mind {
    fn of(measures: &Measures) -> Self {
        let seen = measures.hallucination.as_ref();
        Self {
            sedation_scale: measures.sedation.map(|sedation| sedation.scale),
            sedation_score: measures.sedation.map(|sedation| sedation.score),
            orientation_score: measures.orientation,
            confusion: measures.confusion,
            hallucination_present: seen.map(|seen| seen.present),
            hallucination_insight_kept: seen.and_then(|seen| seen.insight_kept),
            hallucination_distress: seen.and_then(|seen| seen.distress),
            dissociation_total: measures.dissociation.as_ref().map(|cadss| cadss.total),
            pain_nrs: measures.pain,
            nausea: measures.nausea,
            vomit_count: measures.vomit_count,
            gait: measures.gait,
            iv_site: measures.iv_site,
        }
    }
}

impl Details {
    fn of(measures: &Measures) -> Self {
        let modality = measures.hallucination.as_ref().map(|seen| seen.modality.as_slice()).unwrap_or_default();
        let flags =
            measures.red_flags.as_ref().map(|flags| flags.iter().map(|flag| flag.as_str().to_owned()).collect());
        let kept = |score: &Score| KeptScore {
            scale: score.scale.as_str().to_owned(),
            version: score.version,
            points: score.points.clone(),
        };
        let absent = |absent: &Absent| (absent.measure.as_str().to_owned(), absent.reason.as_str().to_owned());
        Self {
            modality: modality.iter().map(|word| word.as_str().to_owned()).collect(),
            cadss6_items: measures.dissociation.as_ref().and_then(|cadss| cadss.items.clone()),
            red_flags: flags,
            scores: measures.scores.iter().map(kept).collect(),
            absent: measures.absent.iter().map(absent).collect(),
        }
    }
}

fn measures(vitals: &Vitals, mind: &Mind, details: Details) -> Result<Measures> {
    let modality = words(&details.modality, Modality::parse)?;
    let hallucination = mind.hallucination_present.map(|present| Hallucination {
        present,
        modality,
        insight_kept: mind.hallucination_insight_kept,
        distress: mind.hallucination_distress,
    });
    let score = |kept: KeptScore| -> Result<Score> {
        let total = kept.points.iter().sum();
        Ok(Score { scale: word(&kept.scale, Scale::parse)?, version: kept.version, points: kept.points, total })
    };
    let absent = |(measure, reason): (String, String)| -> Result<Absent> {
        Ok(Absent { measure: word(&measure, Measure::parse)?, reason: word(&reason, AbsentReason::parse)? })
    };
    Ok(Measures {
        systolic: vitals.systolic_mmhg,
        diastolic: vitals.diastolic_mmhg,
        bp_site: vitals.bp_site,
        bp_position: vitals.bp_position,
        heart_rate: vitals.heart_rate_per_min,
        resp_rate: vitals.resp_rate_per_min,
        spo2: vitals.spo2_percent,
        oxygen_flow: vitals.oxygen_flow_ml_per_min,
        temperature: vitals.temperature_tenths_c,
        sedation: mind.sedation_scale.zip(mind.sedation_score).map(|(scale, score)| Sedation { scale, score }),
        orientation: mind.orientation_score,
        confusion: mind.confusion,
        hallucination,
        dissociation: mind.dissociation_total.map(|total| Dissociation { items: details.cadss6_items, total }),
        pain: mind.pain_nrs,
        nausea: mind.nausea,
        vomit_count: mind.vomit_count,
        red_flags: details.red_flags.map(|flags| words(&flags, RedFlag::parse)).transpose()?,
        gait: mind.gait,
        iv_site: mind.iv_site,
        rhythm: vitals.rhythm,
        scores: details.scores.into_iter().map(score).collect::<Result<_>>()?,
        absent: details.absent.into_iter().map(absent).collect::<Result<_>>()?,
    })
}

fn word<T>(text: &str, parse: fn(&str) -> std::result::Result<T, UnknownWord>) -> Result<T> {
    parse(text).map_err(|unknown| StoreError::Broken(format!("{}: {unknown}", unknown.vocabulary)))
}

fn words<T>(texts: &[String], parse: fn(&str) -> std::result::Result<T, UnknownWord>) -> Result<Vec<T>> {
    texts.iter().map(|text| word(text, parse)).collect()
}
