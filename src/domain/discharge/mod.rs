//! May this patient go home? Scores, time, pressure, orientation, gait, saturation: every open criterion at once.
//!
//! A rule may not keep a patient who is fit to go: each criterion can be met, and the exception needs one prescriber
//! (design.md 1, rule 8; decisions.md 2, 16).

use super::monitoring::Baseline;
use super::observation::{Gait, Observation, RedFlag, Scale, Score};
use super::policy::{Discharge, Rules, ScoreSet};
use super::protocol::Stay;
use super::quantity::{Amount, MicrogramsPerKilogram};
use super::refusal::{Override, Unmet};
use super::time::Timestamp;

/// A reading older than this says nothing about now; two checks of the recovery rhythm (clinical.md 4.1).
const READING_FRESH_MIN: i64 = 30;
/// "As baseline" for a finger probe: its own error is two points. [D]
const SATURATION_TOLERANCE: i64 = 2;

/// What the decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The server's time.
    pub now: Timestamp,
    /// The policy the visit pinned.
    pub rules: &'a Rules,
    /// The clinic's score.
    pub score_set: ScoreSet,
    /// The protocol's stay.
    pub stay: &'a Stay,
    /// When drug first ran.
    pub started_at: Timestamp,
    /// When drug ended.
    pub stopped_at: Timestamp,
    /// What was given, for each kilogram.
    pub dose: MicrogramsPerKilogram,
    /// The last rescue sedative or antihypertensive.
    pub rescued_at: Option<Timestamp>,
    /// The values before any drug.
    pub baseline: &'a Baseline,
    /// The rows that stand, oldest first.
    pub rows: &'a [&'a Observation],
}

impl Facts<'_> {
    /// The earliest moment to leave.
    pub fn stay_until(&self) -> Timestamp {
        let stay = self.stay.until(self.started_at, self.stopped_at, self.dose);
        let rescue = self.rescued_at.map(|at| at.plus_minutes(self.rules.discharge.rescue_stay_minutes));
        rescue.map_or(stay, |rescue| stay.max(rescue))
    }

    /// The newest value since the end of drug, if it is fresh.
    fn newest<T>(&self, value: impl Fn(&Observation) -> Option<T>) -> Option<T> {
        let fresh = self.now.plus_minutes(-READING_FRESH_MIN);
        let from = self.stopped_at.max(fresh);
        self.rows.iter().rev().filter(|row| row.occurred_at >= from).find_map(|row| value(row))
    }
}

/// Every criterion that is open.
pub fn unmet(facts: &Facts<'_>) -> Vec<Unmet> {
    let mut open = Vec::new();
    open.extend(scores_unmet(facts));
    open.extend(stay_unmet(facts));
    open.extend(pressure_unmet(facts));
    let orientation = facts.newest(|row| row.measures.orientation);
    if orientation != Some(4) {
        open.push(criterion("orientation", "Orientation must be 4 of 4.").figures("4", shown(orientation)));
    }
    let gait = facts.newest(|row| row.measures.gait);
    if gait != Some(Gait::Steady) {
        let actual = gait.map_or("not recorded", Gait::as_str);
        open.push(criterion("gait", "The patient must walk steadily.").figures(Gait::Steady.as_str(), actual));
    }
    open.extend(saturation_unmet(facts));
    open
}

fn criterion(code: &'static str, text: &str) -> Unmet {
    let (code, rule_id) = match code {
        "scores" => ("discharge_scores", "discharge.scores"),
        "stay" => ("minimum_stay", "discharge.stay"),
        "pressure" => ("discharge_pressure", "discharge.pressure"),
        "orientation" => ("discharge_orientation", "discharge.orientation"),
        "gait" => ("discharge_gait", "discharge.gait"),
        _ => ("discharge_saturation", "discharge.saturation"),
    };
    Unmet::new(code, rule_id, text).overridable_by(Override::Prescriber)
}

fn shown(value: Option<i64>) -> String {
    value.map_or_else(|| "not recorded".to_owned(), |value| value.to_string())
}

/// The set score reached often enough, far enough apart, with none below in between.
fn scores_unmet(facts: &Facts<'_>) -> Option<Unmet> {
    let rules = &facts.rules.discharge;
    let totals = totals(facts);
    let passed = totals.iter().rev().take_while(|(_, total)| *total >= rules.least_score);
    let mut counted: Vec<Timestamp> = Vec::new();
    for (at, _) in passed {
        if counted.last().is_none_or(|later| later.since(*at) >= rules.set_gap_minutes * 60_000) {
            counted.push(*at);
        }
    }
    let sets = i64::try_from(counted.len()).unwrap_or(i64::MAX);
    if sets >= rules.sets {
        return None;
    }
    let text = format!(
        "The discharge score must reach {} in {} sets, {} min apart.",
        rules.least_score, rules.sets, rules.set_gap_minutes
    );
    let limit = format!("{} x {}", rules.sets, rules.least_score);
    let actual = totals.last().map_or_else(|| "no set".to_owned(), |(_, total)| format!("{sets} x, last {total}"));
    Some(criterion("scores", &text).figures(limit, actual))
}

/// The totals of the clinic's score since the end of drug, oldest first.
fn totals(facts: &Facts<'_>) -> Vec<(Timestamp, i64)> {
    let scale = match facts.score_set {
        ScoreSet::Padss => Scale::Padss,
        ScoreSet::Aldrete => Scale::Aldrete,
    };
    let after = facts.rows.iter().filter(|row| row.occurred_at >= facts.stopped_at);
    after
        .filter_map(|row| {
            let score = row.measures.scores.iter().find(|score| score.scale == scale)?;
            Some((row.occurred_at, counted_total(score, row, facts)))
        })
        .collect()
}

/// A PADSS total with the pain item of decisions.md 16 instead of the textbook's, where pain is known: a patient who
/// came with a headache of 7 is not kept for a headache of 7.
fn counted_total(score: &Score, row: &Observation, facts: &Facts<'_>) -> i64 {
    let (Some(given), Some(now)) = (score.points_of("pain"), row.measures.pain) else { return score.total };
    let flags = row.measures.red_flags.as_deref().unwrap_or_default();
    let different = flags.contains(&RedFlag::DifferentHeadache);
    score.total - given + pain_points(now, facts.baseline.pain, different, &facts.rules.discharge)
}

/// The pain item of PADSS: 2 if NRS is at most 3 or not above arrival, 1 if above it by 1 or 2, 0 if by 3 or more, or
/// if the headache is a different one (decisions.md 16).
pub fn pain_points(now: i64, arrival: Option<i64>, different_headache: bool, rules: &Discharge) -> i64 {
    let rise = now - arrival.unwrap_or(0);
    match rise {
        _ if different_headache => 0,
        _ if now <= rules.pain_free_up_to => 2,
        rise if rise <= 0 => 2,
        rise if rise < rules.pain_rise_none => 1,
        _ => 0,
    }
}

fn stay_unmet(facts: &Facts<'_>) -> Option<Unmet> {
    let until = facts.stay_until();
    (facts.now < until).then(|| {
        criterion("stay", "The least time after the drug has not passed.")
            .figures(until.to_string(), facts.now.to_string())
    })
}

/// Within so many percent of the baseline, or below the line (clinical.md 4.5; decisions.md part 6).
fn pressure_unmet(facts: &Facts<'_>) -> Option<Unmet> {
    let rules = &facts.rules.discharge;
    let newest = facts.newest(|row| Some((row.measures.systolic?.get(), row.measures.diastolic?.get())));
    let near = |value: i64, baseline: Option<i64>| {
        baseline.is_some_and(|baseline| (value - baseline).abs() * 100 <= baseline * rules.pressure_within_percent)
    };
    let limit = format!(
        "below {}/{} or within {} % of baseline",
        rules.systolic_below, rules.diastolic_below, rules.pressure_within_percent
    );
    let text = "Blood pressure must be near the baseline or below the line.";
    let Some((systolic, diastolic)) = newest else {
        return Some(criterion("pressure", text).figures(limit, "not recorded"));
    };
    let below = systolic < rules.systolic_below && diastolic < rules.diastolic_below;
    let close = near(systolic, facts.baseline.systolic) && near(diastolic, facts.baseline.diastolic);
    if below || close {
        None
    } else {
        Some(criterion("pressure", text).figures(limit, format!("{systolic}/{diastolic}")))
    }
}

/// As before the drug; without a baseline, the clinic's normal less what holds a start.
fn saturation_unmet(facts: &Facts<'_>) -> Option<Unmet> {
    let hold = &facts.rules.hold;
    let usual = hold.spo2_below.min(hold.normal_spo2_percent - hold.spo2_points_under_normal);
    let least = facts.baseline.spo2.map_or(usual, |baseline| baseline - SATURATION_TOLERANCE);
    let newest = facts.newest(|row| row.measures.spo2.map(Amount::get));
    if newest.is_some_and(|value| value >= least) {
        return None;
    }
    let text = "Oxygen saturation must be as before the drug.";
    Some(criterion("saturation", text).figures(format!("{least} %"), shown(newest)))
}

#[cfg(test)]
mod tests;
