//! What can be seen at the chair: vital signs, scales, red flags, and why something could not be seen.

use super::score::Score;
use crate::domain::quantity::{
    Amount, Diastolic, HeartRate, OxygenMillilitresPerMinute, OxygenSaturation, RespiratoryRate, Systolic,
    TenthsCelsius,
};

words! {
    /// Where the cuff was.
    pub enum BpSite {
        /// Left arm.
        LeftArm = "left_arm",
        /// Right arm.
        RightArm = "right_arm",
        /// Left leg.
        LeftLeg = "left_leg",
        /// Right leg.
        RightLeg = "right_leg",
    }

    /// How the patient lay or sat when blood pressure was taken.
    pub enum BpPosition {
        /// Upright in the chair.
        Sitting = "sitting",
        /// Leaning back.
        Reclined = "reclined",
        /// Flat.
        Supine = "supine",
        /// On the feet.
        Standing = "standing",
    }

    /// The scale of a sedation score; a clinic uses one (clinical.md 4.4).
    pub enum SedationScale {
        /// MOAA/S: 5 answers readily .. 0 no response.
        Moaas = "moaas",
        /// RASS: +4 combative .. 0 calm .. -5 unarousable.
        Rass = "rass",
    }

    /// How confused the patient seems to the nurse.
    pub enum Confusion {
        /// Not at all.
        None = "none",
        /// A little.
        Mild = "mild",
        /// Clearly.
        Moderate = "moderate",
        /// Cannot be led.
        Severe = "severe",
    }

    /// The sense a hallucination is of.
    pub enum Modality {
        /// Seen.
        Visual = "visual",
        /// Heard.
        Auditory = "auditory",
        /// Felt.
        Tactile = "tactile",
        /// Anything else.
        Other = "other",
    }

    /// Nausea as the patient tells it.
    pub enum Nausea {
        /// None.
        None = "none",
        /// Mild.
        Mild = "mild",
        /// Moderate: an antiemetic is offered.
        Moderate = "moderate",
        /// Severe.
        Severe = "severe",
    }

    /// A sign that ends the treatment whatever the numbers are (decisions.md 9, clinical.md 4.2).
    pub enum RedFlag {
        /// Chest pain or pressure.
        ChestPain = "chest_pain_or_pressure",
        /// Short of breath.
        Dyspnoea = "dyspnoea",
        /// Weakness, numbness or speech disturbance on one side.
        FocalDeficit = "focal_deficit",
        /// Seizure.
        Seizure = "seizure",
        /// Loss of sight.
        VisualLoss = "visual_loss",
        /// A headache unlike the patient's own: in this population headache itself is baseline.
        DifferentHeadache = "different_headache",
        /// Fainted.
        Syncope = "syncope",
        /// Cannot be woken.
        Unresponsive = "unresponsive",
        /// Airway in danger.
        Airway = "airway",
        /// Allergic reaction.
        Allergic = "allergic",
    }

    /// How the patient walks.
    pub enum Gait {
        /// Steady, without dizziness.
        Steady = "steady",
        /// Needs help.
        NeedsHelp = "needs_help",
        /// Cannot walk.
        CannotWalk = "cannot_walk",
    }

    /// What the cannula's place looks like.
    pub enum IvSite {
        /// Clean and dry.
        Clean = "clean",
        /// Red or tender.
        Red = "red",
        /// Swollen: the drug may not be in the vein.
        Infiltrated = "infiltrated",
        /// Bleeds.
        Bleeding = "bleeding",
        /// The cannula is out.
        Removed = "removed",
    }

    /// What the monitor's trace shows.
    pub enum Rhythm {
        /// Regular.
        Regular = "regular",
        /// Irregular, and known from before.
        KnownArrhythmia = "known_arrhythmia",
        /// Extra beats.
        Pvc = "pvc",
        /// Irregular, and new today.
        NewArrhythmia = "new_arrhythmia",
    }

    /// A measure by its name on the wire.
    pub enum Measure {
        /// Systolic pressure.
        Systolic = "systolic_mmhg",
        /// Diastolic pressure.
        Diastolic = "diastolic_mmhg",
        /// Heart rate.
        HeartRate = "heart_rate_per_min",
        /// Breaths.
        RespiratoryRate = "resp_rate_per_min",
        /// Oxygen saturation.
        OxygenSaturation = "spo2_percent",
        /// Oxygen given.
        OxygenFlow = "oxygen_flow_l_per_min",
        /// Temperature.
        Temperature = "temperature_c",
        /// Sedation.
        Sedation = "sedation",
        /// Orientation.
        Orientation = "orientation_score",
        /// Confusion.
        Confusion = "confusion",
        /// Hallucination.
        Hallucination = "hallucination",
        /// Dissociation.
        Dissociation = "dissociation",
        /// Pain now.
        Pain = "pain_nrs_0_10",
        /// Nausea.
        Nausea = "nausea",
        /// Vomiting.
        VomitCount = "vomit_count",
        /// Red flags.
        RedFlags = "red_flags",
        /// Gait.
        Gait = "gait",
        /// Cannula's place.
        IvSite = "iv_site",
        /// Rhythm.
        Rhythm = "rhythm",
        /// The time at the chair.
        OccurredAt = "occurred_at",
    }

    /// Why a measure was looked for and not found.
    pub enum AbsentReason {
        /// The patient did not want it.
        Refused = "refused",
        /// The patient rests with closed eyes and is not woken for it.
        Resting = "resting",
        /// The monitor showed nothing believable.
        Artefact = "artefact",
        /// The monitor or cuff failed.
        Equipment = "equipment",
        /// Looked for properly and not found: alarms.
        Unrecordable = "unrecordable",
        /// Does not apply to this patient.
        NotApplicable = "not_applicable",
    }
}

/// A sedation score on its scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sedation {
    /// Which scale.
    pub scale: SedationScale,
    /// MOAA/S 0 to 5; RASS -5 to +4.
    pub score: i64,
}

/// A hallucination, or that there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hallucination {
    /// Whether there was one.
    pub present: bool,
    /// Of which senses.
    pub modality: Vec<Modality>,
    /// Whether the patient knew that it was not real.
    pub insight_kept: Option<bool>,
    /// Distress 0 to 10.
    pub distress: Option<i64>,
}

/// CADSS-6, each item 0 none to 4 extreme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dissociation {
    /// The six items, where they were entered one by one.
    pub items: Option<Vec<i64>>,
    /// 0 to 24.
    pub total: i64,
}

/// A measure that was looked for and not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absent {
    /// Which.
    pub measure: Measure,
    /// Why.
    pub reason: AbsentReason,
}

/// What was seen; every field optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    /// Systolic pressure.
    pub systolic: Option<Systolic>,
    /// Diastolic pressure, below the systolic.
    pub diastolic: Option<Diastolic>,
    /// Where the cuff was.
    pub bp_site: Option<BpSite>,
    /// How the patient lay.
    pub bp_position: Option<BpPosition>,
    /// Heart rate.
    pub heart_rate: Option<HeartRate>,
    /// Breaths a minute; 0 is apnoea.
    pub resp_rate: Option<RespiratoryRate>,
    /// Oxygen saturation.
    pub spo2: Option<OxygenSaturation>,
    /// Oxygen given.
    pub oxygen_flow: Option<OxygenMillilitresPerMinute>,
    /// Temperature.
    pub temperature: Option<TenthsCelsius>,
    /// Sedation.
    pub sedation: Option<Sedation>,
    /// Person, place, time, situation: 0 to 4.
    pub orientation: Option<i64>,
    /// Confusion.
    pub confusion: Option<Confusion>,
    /// Hallucination.
    pub hallucination: Option<Hallucination>,
    /// Dissociation.
    pub dissociation: Option<Dissociation>,
    /// Pain now, 0 to 10.
    pub pain: Option<i64>,
    /// Nausea.
    pub nausea: Option<Nausea>,
    /// How often the patient vomited since the last row.
    pub vomit_count: Option<i64>,
    /// `None`: not asked. Empty: asked, and none.
    pub red_flags: Option<Vec<RedFlag>>,
    /// Gait.
    pub gait: Option<Gait>,
    /// Cannula's place.
    pub iv_site: Option<IvSite>,
    /// Rhythm.
    pub rhythm: Option<Rhythm>,
    /// Discharge and delirium scores.
    pub scores: Vec<Score>,
    /// What was looked for and not found.
    pub absent: Vec<Absent>,
}

impl Measures {
    /// Mean arterial pressure in tenths of a mmHg, where both pressures were taken.
    pub fn mean_arterial_tenths(&self) -> Option<i64> {
        Some(mean_arterial_tenths(self.systolic?, self.diastolic?))
    }

    /// Whether nothing at all was seen or looked for.
    pub fn is_empty(&self) -> bool {
        let bare = Self { bp_site: self.bp_site, bp_position: self.bp_position, ..Self::default() };
        *self == bare
    }

    /// The numeric part of a check: blood pressure, heart rate and saturation (decisions.md 15).
    pub fn covers_numeric(&self) -> bool {
        let pressure = (self.systolic.is_some() && self.diastolic.is_some()) || self.looked_for(Measure::Systolic);
        pressure
            && (self.heart_rate.is_some() || self.looked_for(Measure::HeartRate))
            && (self.spo2.is_some() || self.looked_for(Measure::OxygenSaturation))
    }

    /// The clinical part of a check: sedation, and red flags asked for (decisions.md 15).
    pub fn covers_clinical(&self) -> bool {
        self.sedation.is_some() && self.red_flags.is_some()
    }

    /// Whether a measure was looked for and not found; a refusal does not count as having looked.
    pub fn looked_for(&self, measure: Measure) -> bool {
        self.absent.iter().any(|absent| absent.measure == measure && absent.reason == AbsentReason::Unrecordable)
    }

    /// The measures outside what is usual: saved all the same, and marked.
    pub fn unusual(&self) -> Vec<Measure> {
        let mut unusual = Vec::new();
        let mut note = |measure: Measure, value: Option<i64>, usual: std::ops::RangeInclusive<i64>| {
            if value.is_some_and(|value| !usual.contains(&value)) {
                unusual.push(measure);
            }
        };
        // The soft column of clinical.md 1, in the small unit of each amount.
        note(Measure::Systolic, self.systolic.map(Amount::get), 80..=220);
        note(Measure::Diastolic, self.diastolic.map(Amount::get), 40..=130);
        note(Measure::HeartRate, self.heart_rate.map(Amount::get), 40..=160);
        note(Measure::RespiratoryRate, self.resp_rate.map(Amount::get), 8..=30);
        note(Measure::OxygenSaturation, self.spo2.map(Amount::get), 85..=100);
        note(Measure::Temperature, self.temperature.map(Amount::get), 350..=400);
        unusual
    }
}

/// `(systolic + 2 × diastolic) / 3` in tenths of a mmHg, rounded half up, once.
pub fn mean_arterial_tenths(systolic: Systolic, diastolic: Diastolic) -> i64 {
    let thrice = systolic.get() + 2 * diastolic.get();
    (thrice * 20 + 3) / 6
}

impl Sedation {
    /// Less than fully awake.
    pub const fn is_drowsy(self) -> bool {
        match self.scale {
            SedationScale::Moaas => self.score < 5,
            SedationScale::Rass => self.score < 0,
        }
    }
}
