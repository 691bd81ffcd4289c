//! What a row means: its level, the rules that gave it, and what to do now.
//!
//! The law: judged once, here, and the same for every reader. A level never decides whether a row is saved. A single
//! noisy number never pages anybody and never calls an ambulance; a red flag does, whatever the numbers
//! (decisions.md 9, 13, 14, 39, 40; clinical.md 4.2, 4.4).

mod baseline;
mod course;
mod mind;
mod pressure;
mod proof;
mod schedule;
mod vitals;

pub use baseline::{Baseline, StartOfDrug};
pub use course::{Course, courses};
pub use schedule::{Check, CheckPart, CheckStatus, Grid, Schedule};

use super::observation::{Observation, Phase};
use super::order::{LimitedMeasure, SessionLimits};
use super::policy::Rules;
use super::time::Timestamp;
use proof::{Past, Proof, prove};

words! {
    /// How far a row is from what is expected.
    pub enum Level {
        /// As expected.
        None = "none",
        /// A coloured flag in the row: no alert, no acknowledgement.
        Watch = "watch",
        /// Somebody has to act; the rate must not rise.
        Act = "act",
        /// The drug should pause now; that is reversible and safe.
        Pause = "pause",
        /// The drug should stop, and the emergency path begins.
        Stop = "stop",
    }

    /// What is wrong: one alert for each visit and condition.
    pub enum Condition {
        /// Blood pressure too high.
        PressureHigh = "pressure_high",
        /// Blood pressure too low.
        PressureLow = "pressure_low",
        /// Heart too fast.
        HeartRateHigh = "heart_rate_high",
        /// Heart too slow.
        HeartRateLow = "heart_rate_low",
        /// Saturation too low.
        SaturationLow = "saturation_low",
        /// Breathing too slow.
        BreathingSlow = "breathing_slow",
        /// Breathing too fast.
        BreathingFast = "breathing_fast",
        /// Heart rhythm.
        Rhythm = "rhythm",
        /// Too deeply sedated.
        Sedation = "sedation",
        /// Agitated.
        Agitation = "agitation",
        /// Disoriented or confused.
        Disorientation = "disorientation",
        /// Dissociated.
        Dissociation = "dissociation",
        /// A hallucination that frightens or is taken for real.
        Distress = "distress",
        /// Nausea or vomiting.
        Nausea = "nausea",
        /// A vital sign was looked for and could not be found.
        Unrecordable = "unrecordable",
        /// A red flag.
        RedFlag = "red_flag",
        /// A check was not done in time.
        CheckOverdue = "check_overdue",
        /// The server or the tablet was away: checks may be missing.
        MonitoringGap = "monitoring_gap",
        /// The drug was stopped on record by somebody who was not at the pump.
        PumpStopRequired = "pump_stop_required",
        /// The planned end has passed and drug runs.
        PlannedEndPassed = "planned_end_passed",
        /// Consent was withdrawn while drug ran.
        ConsentWithdrawn = "consent_withdrawn",
        /// More drug was given than the ceiling allows.
        Overdose = "overdose",
        /// Somebody raised an emergency.
        Emergency = "emergency",
        /// The nurse in charge cannot be reached.
        OwnerAbsent = "owner_absent",
        /// No prescriber is on site while drug runs.
        PrescriberAbsent = "prescriber_absent",
        /// A visit runs into the next booking of its chair.
        ChairConflict = "chair_conflict",
    }

    /// What to do now, in words a nurse uses.
    pub enum Advice {
        /// Take the value again.
        Recheck = "recheck",
        /// Slow the infusion.
        ReduceRate = "reduce_rate",
        /// Pause it.
        Pause = "pause",
        /// Stop it.
        Stop = "stop",
        /// Call for help.
        Emergency = "emergency",
        /// Tell the prescriber.
        CallPrescriber = "call_prescriber",
        /// Look after the airway.
        SupportAirway = "support_airway",
        /// Offer an antiemetic.
        OfferAntiemetic = "offer_antiemetic",
    }
}

impl Condition {
    /// Whether it is about the patient's body; the others are about the work.
    pub const fn is_physiological(self) -> bool {
        !matches!(
            self,
            Self::CheckOverdue
                | Self::MonitoringGap
                | Self::PumpStopRequired
                | Self::PlannedEndPassed
                | Self::ConsentWithdrawn
                | Self::Overdose
                | Self::Emergency
                | Self::OwnerAbsent
                | Self::PrescriberAbsent
                | Self::ChairConflict
        )
    }
}

/// One condition found in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub condition: Condition,
    /// The level it has by now.
    pub level: Level,
    /// The line that was crossed; above `level` while a second reading has to confirm it.
    pub line: Level,
    /// What crossed the line: `systolic`, `systolic_rise`, `session_limit`, ...
    pub what: &'static str,
    /// Whether it stands: page, do not only prompt.
    pub confirmed: bool,
    /// Minutes until the value has to be taken again.
    pub recheck_minutes: Option<i64>,
}

impl Finding {
    /// The id of the rule, for example `pressure_high.systolic.act`.
    pub fn rule(&self) -> String {
        format!("{}.{}.{}", self.condition, self.what, self.line)
    }
}

/// What a row means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The highest level of its findings.
    pub level: Level,
    /// Every condition found, highest first.
    pub findings: Vec<Finding>,
    /// What to do now, most urgent first.
    pub recommended: Vec<Advice>,
    /// When the value has to be taken again.
    pub recheck_due_at: Option<Timestamp>,
}

impl Assessment {
    /// The ids of the rules that gave the level.
    pub fn rules(&self) -> Vec<String> {
        self.findings.iter().map(Finding::rule).collect()
    }

    /// Whether the rate must not rise: act does, and so does an act reading that waits for its second; watch does
    /// not (decisions.md 13a).
    pub fn blocks_rise(&self) -> bool {
        self.findings.iter().any(|finding| finding.line >= Level::Act)
    }
}

/// What is kept of an assessment beside its row: computed once, when the row was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The level.
    pub level: Level,
    /// The rules that gave it.
    pub rules: Vec<String>,
    /// What to do, most urgent first.
    pub recommended: Vec<Advice>,
    /// When the value has to be taken again.
    pub recheck_due_at: Option<Timestamp>,
}

impl Verdict {
    /// Of a row without values: it only says something about another.
    pub const NOTHING: Self =
        Self { level: Level::None, rules: Vec::new(), recommended: Vec::new(), recheck_due_at: None };
}

impl From<&Assessment> for Verdict {
    fn from(seen: &Assessment) -> Self {
        Self {
            level: seen.level,
            rules: seen.rules(),
            recommended: seen.recommended.clone(),
            recheck_due_at: seen.recheck_due_at,
        }
    }
}

/// What a row is judged against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The policy that the visit pinned.
    pub rules: &'a Rules,
    /// The patient's own values of today, before any drug.
    pub baseline: &'a Baseline,
    /// The lines the prescriber set for this visit.
    pub limits: Option<&'a SessionLimits>,
    /// When drug began to run.
    pub started_at: Option<Timestamp>,
    /// When drug was stopped for good.
    pub stopped_at: Option<Timestamp>,
}

impl Context<'_> {
    /// The act and pause lines of this visit for a measure, where it has its own.
    fn limit(&self, measure: LimitedMeasure) -> Limit {
        let own = self.limits.and_then(|limits| limits.measures.iter().find(|limit| limit.measure == measure));
        Limit { act: own.map(|limit| limit.act), pause: own.map(|limit| limit.pause) }
    }

    /// Whether drug has been running at this instant: only then a rise from the baseline means anything.
    fn under_drug(&self, at: Timestamp) -> bool {
        self.started_at.is_some_and(|started| at >= started)
    }
}

/// The lines of one measure that this visit has of its own.
struct Limit {
    act: Option<i64>,
    pause: Option<i64>,
}

/// The line a value crossed; [`Level::None`] when it was measured and is fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Touch {
    line: Level,
    what: &'static str,
}

impl Touch {
    const fn none(what: &'static str) -> Self {
        Self { line: Level::None, what }
    }

    /// The first line that is crossed; pass the highest first.
    fn first(what: &'static str, lines: &[(Level, bool)]) -> Self {
        let line = lines.iter().find_map(|(level, crossed)| crossed.then_some(*level));
        Self { line: line.unwrap_or(Level::None), what }
    }

    /// The worse of two.
    fn worse(self, other: Self) -> Self {
        if other.line > self.line { other } else { self }
    }
}

/// Looks at one condition in one row: nothing when it was not measured.
type Probe = fn(&Observation, &Context<'_>) -> Option<Touch>;

/// Every rule, in one list: a condition, how to look for it, how it is proved.
fn probes(rules: &Rules) -> [(Condition, Probe, Proof); 16] {
    [
        (Condition::RedFlag, mind::red_flag, Proof::AtOnce),
        (Condition::PressureHigh, pressure::high, Proof::Pressure),
        (Condition::PressureLow, pressure::low, Proof::ActAgain),
        (Condition::HeartRateHigh, vitals::heart_high, Proof::Lasting(Level::Act, rules.heart.act_for_minutes)),
        (Condition::HeartRateLow, vitals::heart_low, Proof::ActAgain),
        (Condition::Rhythm, vitals::rhythm, Proof::AtOnce),
        // clinical.md 4.2: below 90 % for one minute.
        (Condition::SaturationLow, vitals::saturation, Proof::Lasting(Level::Pause, 1)),
        (Condition::SaturationLow, vitals::desaturation, Proof::WatchAgain),
        (Condition::BreathingSlow, vitals::breathing_slow, Proof::ActAgain),
        (Condition::BreathingFast, vitals::breathing_fast, Proof::ActAgain),
        (Condition::Unrecordable, vitals::unrecordable, Proof::AtOnce),
        (Condition::Sedation, mind::sedation, Proof::AtOnce),
        (Condition::Agitation, mind::agitation, Proof::AtOnce),
        (Condition::Disorientation, mind::disorientation, Proof::AtOnce),
        (Condition::Dissociation, mind::dissociation, Proof::AtOnce),
        (Condition::Distress, mind::distress, Proof::AtOnce),
    ]
}

/// Judges a row by itself and by the rows before it.
///
/// `earlier` are the standing rows of the visit, oldest first; those not before this row are ignored.
pub fn assess(row: &Observation, earlier: &[&Observation], context: &Context<'_>) -> Assessment {
    let mut findings: Vec<Finding> = Vec::new();
    for (condition, probe, proof) in probes(context.rules) {
        let Some(touch) = probe(row, context).filter(|touch| touch.line > Level::None) else { continue };
        let past = Past { row, earlier, context, probe };
        let Some(finding) = prove(condition, touch, proof, &past) else { continue };
        match findings.iter_mut().find(|known| known.condition == condition) {
            Some(known) if known.level >= finding.level => {}
            Some(known) => *known = finding,
            None => findings.push(finding),
        }
    }
    findings.extend(mind::nausea(row));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::None);
    let recheck = findings.iter().filter_map(|finding| finding.recheck_minutes).min();
    Assessment {
        level,
        recommended: advice(&findings, row.phase),
        recheck_due_at: recheck.map(|minutes| row.occurred_at.plus_minutes(minutes)),
        findings,
    }
}

/// What to do about these findings, most urgent first.
fn advice(findings: &[Finding], phase: Phase) -> Vec<Advice> {
    let mut advice = Vec::new();
    let mut add = |items: &[Advice]| {
        for item in items {
            if !advice.contains(item) {
                advice.push(*item);
            }
        }
    };
    let running = phase == Phase::Infusion;
    for finding in findings {
        match finding.level {
            Level::Stop => add(&[Advice::Stop, Advice::Emergency]),
            Level::Pause if running => add(&[Advice::Pause]),
            Level::Act if running => add(&[Advice::ReduceRate]),
            _ => {}
        }
        if finding.level >= Level::Act && finding.level < Level::Stop && finding.confirmed {
            add(&[Advice::CallPrescriber]);
        }
        if matches!(finding.condition, Condition::Sedation) && finding.level >= Level::Pause {
            add(&[Advice::SupportAirway]);
        }
        if finding.condition == Condition::Nausea {
            add(&[Advice::OfferAntiemetic]);
        }
        if finding.recheck_minutes.is_some() {
            add(&[Advice::Recheck]);
        }
    }
    advice
}

#[cfg(test)]
mod tests;
