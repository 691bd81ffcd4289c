//! A row as it was sent: read field by field, with every error at once and only the impossible refused.

use super::measures::{
    Absent, AbsentReason, Dissociation, Hallucination, Measure, Measures, Modality, RedFlag, Sedation, SedationScale,
};
use super::score::Score;
use super::{Observation, Phase, Sheet, Source, Stamp};
use crate::domain::UnknownWord;
use crate::domain::id::StaffId;
use crate::domain::quantity::Amount;
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::domain::text::checked;
use crate::domain::time::Timestamp;
use std::ops::RangeInclusive;

/// A row as it was sent; names and units are those of the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the wire field of the same name, described on Measures and Observation")]
pub struct Draft {
    pub phase: Option<String>,
    pub occurred_at: Option<String>,
    pub source: Option<String>,
    pub device_id: Option<String>,
    pub observed_by: Option<StaffId>,
    pub late_reason: Option<String>,
    pub systolic_mmhg: Option<i64>,
    pub diastolic_mmhg: Option<i64>,
    pub bp_site: Option<String>,
    pub bp_position: Option<String>,
    pub heart_rate_per_min: Option<i64>,
    pub resp_rate_per_min: Option<i64>,
    pub spo2_percent: Option<i64>,
    pub oxygen_flow_l_per_min: Option<String>,
    pub temperature_c: Option<String>,
    pub sedation: Option<SedationDraft>,
    pub orientation_score: Option<i64>,
    pub confusion: Option<String>,
    pub hallucination: Option<HallucinationDraft>,
    pub dissociation: Option<DissociationDraft>,
    pub pain_nrs_0_10: Option<i64>,
    pub nausea: Option<String>,
    pub vomit_count: Option<i64>,
    pub red_flags: Option<Vec<String>>,
    pub gait: Option<String>,
    pub iv_site: Option<String>,
    pub rhythm: Option<String>,
    pub scores: Vec<ScoreDraft>,
    pub absent: Vec<AbsentDraft>,
    pub note: Option<String>,
}

/// A sedation score as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SedationDraft {
    /// `moaas` or `rass`.
    pub scale: String,
    /// The score.
    pub score: i64,
}

/// A hallucination as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HallucinationDraft {
    /// Whether there was one.
    pub present: bool,
    /// Of which senses.
    pub modality: Vec<String>,
    /// Whether insight was kept.
    pub insight_kept: Option<bool>,
    /// Distress 0 to 10.
    pub distress_0_10: Option<i64>,
}

/// CADSS-6 as sent: items, total or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DissociationDraft {
    /// `cadss6`.
    pub scale: String,
    /// Six items of 0 to 4.
    pub items: Option<Vec<i64>>,
    /// 0 to 24.
    pub total: Option<i64>,
}

/// A score as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoreDraft {
    /// `aldrete`, `padss`, `4at`, `rass`.
    pub scale: String,
    /// The version of its items.
    pub version: Option<i64>,
    /// Item and points.
    pub items: Vec<(String, i64)>,
    /// Checked against the items where it is sent.
    pub total: Option<i64>,
}

/// A measure that was looked for and not found, as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AbsentDraft {
    /// The measure's name on the wire.
    pub field: String,
    /// Why.
    pub reason: String,
}

impl Draft {
    /// Reads the row; the caller has checked that the flowsheet accepts it.
    pub(super) fn read(&self, sheet: &Sheet, stamp: Stamp) -> Result<Observation, Refusal> {
        let mut errors = FieldErrors::none();
        let measures = self.read_measures(&mut errors);
        let said = self.read_time(&mut errors).unwrap_or(stamp.now);
        let occurred_at = said.min(stamp.now);
        let phase = word(&mut errors, "/phase", self.phase.as_deref(), Phase::parse);
        let source = word(&mut errors, "/source", self.source.as_deref(), Source::parse);
        let device_id = text(&mut errors, "/device_id", self.device_id.as_deref(), 100);
        let late_reason = text(&mut errors, "/late_reason", self.late_reason.as_deref(), 500);
        let note = text(&mut errors, "/note", self.note.as_deref(), 4000);
        if measures.is_empty() && self.note.is_none() {
            errors.add("", "required", "at least one measure, a reason why one is absent, or a note");
        }
        errors.finish()?;
        Ok(Observation {
            id: stamp.id,
            session: sheet.session,
            patient: sheet.patient,
            phase: phase.unwrap_or_else(|| sheet.phase_at(occurred_at)),
            occurred_at,
            claimed_at: (said > stamp.now).then_some(said),
            recorded_at: stamp.now,
            recorded_by: stamp.by,
            observed_by: self.observed_by.filter(|by| *by != stamp.by),
            source: source.unwrap_or(Source::Manual),
            device_id,
            late_reason,
            measures,
            note,
            amends: None,
            moved_from: None,
        })
    }

    fn read_time(&self, errors: &mut FieldErrors) -> Option<Timestamp> {
        let text = self.occurred_at.as_deref()?;
        let at = Timestamp::parse(text);
        if at.is_none() {
            errors.add("/occurred_at", "timestamp", "must be an RFC 3339 time with its offset");
        }
        at
    }

    fn read_measures(&self, errors: &mut FieldErrors) -> Measures {
        let measures = Measures {
            systolic: amount(errors, "/systolic_mmhg", self.systolic_mmhg),
            diastolic: amount(errors, "/diastolic_mmhg", self.diastolic_mmhg),
            bp_site: word(errors, "/bp_site", self.bp_site.as_deref(), super::BpSite::parse),
            bp_position: word(errors, "/bp_position", self.bp_position.as_deref(), super::BpPosition::parse),
            heart_rate: amount(errors, "/heart_rate_per_min", self.heart_rate_per_min),
            resp_rate: amount(errors, "/resp_rate_per_min", self.resp_rate_per_min),
            spo2: amount(errors, "/spo2_percent", self.spo2_percent),
            oxygen_flow: decimal(errors, "/oxygen_flow_l_per_min", self.oxygen_flow_l_per_min.as_deref()),
            temperature: decimal(errors, "/temperature_c", self.temperature_c.as_deref()),
            sedation: self.sedation.as_ref().and_then(|sedation| sedation.read(errors)),
            orientation: within(errors, "/orientation_score", self.orientation_score, 0..=4),
            confusion: word(errors, "/confusion", self.confusion.as_deref(), super::Confusion::parse),
            hallucination: self.hallucination.as_ref().map(|hallucination| hallucination.read(errors)),
            dissociation: self.dissociation.as_ref().and_then(|dissociation| dissociation.read(errors)),
            pain: within(errors, "/pain_nrs_0_10", self.pain_nrs_0_10, 0..=10),
            nausea: word(errors, "/nausea", self.nausea.as_deref(), super::Nausea::parse),
            vomit_count: within(errors, "/vomit_count", self.vomit_count, 0..=50),
            red_flags: self.red_flags.as_ref().map(|flags| read_words(errors, "/red_flags", flags, RedFlag::parse)),
            gait: word(errors, "/gait", self.gait.as_deref(), super::Gait::parse),
            iv_site: word(errors, "/iv_site", self.iv_site.as_deref(), super::IvSite::parse),
            rhythm: word(errors, "/rhythm", self.rhythm.as_deref(), super::Rhythm::parse),
            scores: self.read_scores(errors),
            absent: self.read_absent(errors),
        };
        if let (Some(systolic), Some(diastolic)) = (measures.systolic, measures.diastolic)
            && diastolic.get() >= systolic.get()
        {
            errors.add("/diastolic_mmhg", "not_below_systolic", "must be below the systolic pressure");
        }
        measures
    }

    fn read_scores(&self, errors: &mut FieldErrors) -> Vec<Score> {
        let mut scores: Vec<Score> = Vec::new();
        for (index, draft) in self.scores.iter().enumerate() {
            let pointer = format!("/scores/{index}");
            let Some(score) = Score::read(draft, &pointer, errors) else { continue };
            if scores.iter().any(|other| other.scale == score.scale) {
                errors.add(format!("{pointer}/scale"), "duplicate", "a scale may stand only once in a row");
            } else {
                scores.push(score);
            }
        }
        scores
    }

    fn read_absent(&self, errors: &mut FieldErrors) -> Vec<Absent> {
        let mut absent: Vec<Absent> = Vec::new();
        for (index, draft) in self.absent.iter().enumerate() {
            let field = format!("/absent/{index}/field");
            let measure = word(errors, &field, Some(&draft.field), Measure::parse);
            let reason = word(errors, &format!("/absent/{index}/reason"), Some(&draft.reason), AbsentReason::parse);
            let (Some(measure), Some(reason)) = (measure, reason) else { continue };
            if absent.iter().any(|other| other.measure == measure) {
                errors.add(field, "duplicate", "a measure may stand only once");
            } else {
                absent.push(Absent { measure, reason });
            }
        }
        absent
    }
}

impl SedationDraft {
    fn read(&self, errors: &mut FieldErrors) -> Option<Sedation> {
        let scale = word(errors, "/sedation/scale", Some(&self.scale), SedationScale::parse)?;
        let range = match scale {
            SedationScale::Moaas => 0..=5,
            SedationScale::Rass => -5..=4,
        };
        let score = within(errors, "/sedation/score", Some(self.score), range)?;
        Some(Sedation { scale, score })
    }
}

impl HallucinationDraft {
    fn read(&self, errors: &mut FieldErrors) -> Hallucination {
        Hallucination {
            present: self.present,
            modality: read_words(errors, "/hallucination/modality", &self.modality, Modality::parse),
            insight_kept: self.insight_kept,
            distress: within(errors, "/hallucination/distress_0_10", self.distress_0_10, 0..=10),
        }
    }
}

impl DissociationDraft {
    fn read(&self, errors: &mut FieldErrors) -> Option<Dissociation> {
        if self.scale != "cadss6" {
            errors.add("/dissociation/scale", "unknown_word", "must be cadss6");
        }
        let stated = within(errors, "/dissociation/total", self.total, 0..=24);
        let Some(items) = &self.items else {
            if self.total.is_none() {
                errors.add("/dissociation/total", "required", "the total, or the six items");
            }
            return stated.map(|total| Dissociation { items: None, total });
        };
        if items.len() != 6 || items.iter().any(|item| !(0..=4).contains(item)) {
            errors.add("/dissociation/items", "range", "must be six numbers between 0 and 4");
            return None;
        }
        let total = items.iter().sum();
        if stated.is_some_and(|stated| stated != total) {
            errors.add("/dissociation/total", "total_mismatch", format!("the items add up to {total}"));
        }
        Some(Dissociation { items: Some(items.clone()), total })
    }
}

fn amount<A: Amount>(errors: &mut FieldErrors, pointer: &str, value: Option<i64>) -> Option<A> {
    A::new(value?).map_err(|error| errors.add(pointer, error.code(), error.to_string())).ok()
}

fn decimal<A: Amount>(errors: &mut FieldErrors, pointer: &str, value: Option<&str>) -> Option<A> {
    A::parse(value?).map_err(|error| errors.add(pointer, error.code(), error.to_string())).ok()
}

fn within(errors: &mut FieldErrors, pointer: &str, value: Option<i64>, range: RangeInclusive<i64>) -> Option<i64> {
    let value = value?;
    if range.contains(&value) {
        return Some(value);
    }
    errors.add(pointer, "range", format!("must be between {} and {}", range.start(), range.end()));
    None
}

fn word<T>(
    errors: &mut FieldErrors,
    pointer: &str,
    value: Option<&str>,
    parse: fn(&str) -> Result<T, UnknownWord>,
) -> Option<T> {
    parse(value?).map_err(|unknown| errors.add(pointer, "unknown_word", unknown.to_string())).ok()
}

/// Words in the order they were sent, each once.
fn read_words<T: PartialEq>(
    errors: &mut FieldErrors,
    pointer: &str,
    given: &[String],
    parse: fn(&str) -> Result<T, UnknownWord>,
) -> Vec<T> {
    let mut words = Vec::new();
    for (index, text) in given.iter().enumerate() {
        let read = word(errors, &format!("{pointer}/{index}"), Some(text), parse);
        words.extend(read.filter(|word| !words.contains(word)));
    }
    words
}

fn text(errors: &mut FieldErrors, pointer: &str, value: Option<&str>, max: usize) -> Option<String> {
    errors.take(checked(pointer, value?, 1, max))
}
