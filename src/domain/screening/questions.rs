//! The screening questions, version 1: contraindications and precautions of clinical.md 2.
//!
//! Where the table gives a range of classes (`A-Rl`, `P-Rl`) the stricter one is taken, until the medical director
//! approves another. What is asked on the day itself (fasting, escort, today's blood pressure) belongs to the
//! pre-check, and the medicines to their list.

use super::RiskClass;

/// The version of the set as a whole.
pub const QUESTIONS_VERSION: i64 = 1;

/// How long an answer holds, in days: the shorter end of "each series or 6 to 12 months" (clinical.md 2).
const DEFAULT_DAYS: i64 = 180;

/// One question of a version of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Stable name of the question.
    pub code: &'static str,
    /// The version of its wording and class.
    pub version: i64,
    /// What a yes means.
    pub class: RiskClass,
    /// The question.
    pub text: &'static str,
    /// What belongs beside a yes.
    pub detail_hint: &'static str,
    /// How many days an answer holds.
    pub valid_days: i64,
    /// Whether it is asked again at every visit, in the pre-check.
    pub each_visit: bool,
    /// Whether it can fail to apply: pregnancy at seventy.
    pub may_not_apply: bool,
}

const fn ask(code: &'static str, class: RiskClass, text: &'static str, detail_hint: &'static str) -> Question {
    Question {
        code,
        version: 1,
        class,
        text,
        detail_hint,
        valid_days: DEFAULT_DAYS,
        each_visit: false,
        may_not_apply: false,
    }
}

impl Question {
    const fn each_visit(self) -> Self {
        Self { each_visit: true, ..self }
    }

    const fn may_not_apply(self) -> Self {
        Self { may_not_apply: true, ..self }
    }
}

use RiskClass::{Absolute, Precaution, Relative};

/// Every question, in the order it is asked.
#[rustfmt::skip]
pub const QUESTIONS: &[Question] = &[
    ask("ketamine_hypersensitivity", Absolute, "Allergic reaction to ketamine, esketamine or an excipient?", "reaction, date, severity"),
    ask("vascular_aneurysm_or_avm", Absolute, "Aneurysm of the aorta, brain or limbs, or an arteriovenous malformation?", "imaging date, site, size"),
    ask("intracerebral_haemorrhage", Absolute, "Ever a bleeding in the brain?", "date"),
    ask("pressure_rise_hazard", Absolute, "Any condition in which a rise of blood pressure is a serious hazard?", "which condition"),
    ask("unstable_heart_disease", Absolute, "Unstable angina, decompensated heart failure, or a recent heart attack or stroke?", "event and date, ECG, NYHA or CCS, exercise tolerance").each_visit(),
    ask("active_psychosis", Absolute, "Active psychosis or uncontrolled schizophrenia?", "current symptoms, psychiatrist"),
    ask("mania_or_bipolar_1", Relative, "Mania or bipolar I disorder?", "mood state"),
    ask("pregnancy", Absolute, "Pregnant, or possibly pregnant?", "test, date, contraception").each_visit().may_not_apply(),
    ask("breast_feeding", Relative, "Breast-feeding?", "yes or no").may_not_apply(),
    ask("severe_liver_disease", Absolute, "Severe liver disease?", "Child-Pugh, ALT and AST"),
    ask("moderate_liver_disease", Precaution, "Moderate liver disease?", "Child-Pugh, ALT and AST"),
    ask("raised_intracranial_pressure", Absolute, "Raised intracranial pressure, a mass or hydrocephalus?", "imaging"),
    ask("changed_headache", Relative, "New, thunderclap, positional or changed headache that was not worked up?", "what changed, work-up").each_visit(),
    ask("raised_eye_pressure", Relative, "Raised pressure in the eye, or an acute eye injury?", "intra-ocular pressure, eye advice"),
    ask("substance_use_disorder", Absolute, "Active substance use disorder, above all ketamine, PCP or stimulants?", "prescription monitoring, urine screen, history").each_visit(),
    ask("untreated_hyperthyroidism", Relative, "Untreated overactive thyroid?", "TSH"),
    ask("seizure_disorder", Precaution, "Seizure disorder?", "control, medicines"),
    ask("sleep_apnoea_or_airway", Precaution, "Severe sleep apnoea, lung disease, asthma or a difficult airway?", "STOP-Bang, airway examination, asthma"),
    ask("delirium_or_dementia", Precaution, "Earlier delirium, dementia, or age 65 or more?", "baseline 4AT"),
    ask("bladder_symptoms", Relative, "Interstitial cystitis or lower urinary tract symptoms?", "symptom score"),
    ask("porphyria", Precaution, "Porphyria?", "type"),
    ask("earlier_ketamine_reaction", Relative, "Serious reaction to ketamine before: emergence delirium, laryngospasm?", "what, dose"),
    ask("interacting_medicines", Precaution, "Depressants, opioids, stimulants, MAOI, theophylline, lamotrigine, strong CYP inhibitors, triptan or ergot, erenumab?", "name, dose, last taken, hold decision").each_visit(),
    ask("suicidal_thoughts", Relative, "Thoughts of being better off dead or of self-harm?", "C-SSRS, plan").each_visit(),
];

/// The question of this code and version.
pub fn question(code: &str, version: i64) -> Option<&'static Question> {
    QUESTIONS.iter().find(|question| question.code == code && question.version == version)
}
