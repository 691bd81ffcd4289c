//! The canonical form of a row: what is hashed into the trail.

use super::{Measures, Observation};
use crate::domain::record::{Canonical, Record};

impl Observation {
    /// The canonical record, version 1.
    pub fn to_record(&self) -> Record {
        let amends = self.amends.as_ref();
        self.measures
            .write(Record::new("observation", 1))
            .with("id", self.id)
            .with("session_id", self.session)
            .with("patient_id", self.patient)
            .with("phase", self.phase.as_str())
            .with("occurred_at", self.occurred_at)
            .with("claimed_at", self.claimed_at)
            .with("recorded_at", self.recorded_at)
            .with("recorded_by", self.recorded_by)
            .with("observed_by", self.observed_by)
            .with("source", self.source.as_str())
            .with("device_id", self.device_id.as_ref())
            .with("late_reason", self.late_reason.as_ref())
            .with("note", self.note.as_ref())
            .with("amends_id", amends.map(|amends| amends.id))
            .word("correction", amends.map(|amends| amends.correction.as_str()))
            .with("reason", amends.map(|amends| &amends.reason))
            .with("moved_from_id", self.moved_from)
    }
}

impl Measures {
    fn write(&self, record: Record) -> Record {
        record
            .amount("systolic_mmhg", self.systolic)
            .amount("diastolic_mmhg", self.diastolic)
            .word("bp_site", self.bp_site.map(super::BpSite::as_str))
            .word("bp_position", self.bp_position.map(super::BpPosition::as_str))
            .amount("heart_rate_per_min", self.heart_rate)
            .amount("resp_rate_per_min", self.resp_rate)
            .amount("spo2_percent", self.spo2)
            .amount("oxygen_flow_ml_per_min", self.oxygen_flow)
            .amount("temperature_tenths_c", self.temperature)
            .word("sedation_scale", self.sedation.map(|sedation| sedation.scale.as_str()))
            .with("sedation_score", self.sedation.map(|sedation| sedation.score))
            .with("orientation_score", self.orientation)
            .word("confusion", self.confusion.map(super::Confusion::as_str))
            .with("hallucination", self.hallucination.as_ref().map(hallucination))
            .with("dissociation_total", self.dissociation.as_ref().map(|cadss| cadss.total))
            .with("dissociation_items", self.dissociation.as_ref().and_then(|cadss| cadss.items.clone()))
            .with("pain_nrs_0_10", self.pain)
            .word("nausea", self.nausea.map(super::Nausea::as_str))
            .with("vomit_count", self.vomit_count)
            .with("red_flags", self.red_flags.as_ref().map(|flags| words(flags.iter().map(|flag| flag.as_str()))))
            .word("gait", self.gait.map(super::Gait::as_str))
            .word("iv_site", self.iv_site.map(super::IvSite::as_str))
            .word("rhythm", self.rhythm.map(super::Rhythm::as_str))
            .with("scores", self.scores.iter().map(score).collect::<Vec<_>>())
            .with("absent", self.absent.iter().copied().map(absent).collect::<Vec<_>>())
    }
}

fn hallucination(seen: &super::Hallucination) -> Record {
    Record::group()
        .with("present", seen.present)
        .with("modality", words(seen.modality.iter().map(|modality| modality.as_str())))
        .with("insight_kept", seen.insight_kept)
        .with("distress_0_10", seen.distress)
}

fn score(score: &super::Score) -> Record {
    let points = score.items().fold(Record::group(), |group, (name, points)| group.with(name, points));
    Record::group()
        .with("scale", score.scale.as_str())
        .with("version", score.version)
        .with("items", points)
        .with("total", score.total)
}

fn absent(absent: super::Absent) -> Record {
    Record::group().with("field", absent.measure.as_str()).with("reason", absent.reason.as_str())
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Canonical {
    Canonical::List(words.map(Into::into).collect())
}
