//! When the next check is due, and how late it is.
//!
//! Due times lie on a grid that hangs on facts: each start of drug, each event that asks for closer checks, the stop.
//! A row counts for the parts it charts; missed times collapse into one check that is due now, never one for each
//! missed slot (decisions.md 15, 18).

use crate::domain::observation::{Observation, Sedation};
use crate::domain::policy::Checks;
use crate::domain::protocol::Monitoring;
use crate::domain::time::Timestamp;

words! {
    /// A part of a check, charted and missed on its own.
    pub enum CheckPart {
        /// Blood pressure, heart rate, saturation: a monitor's row will do.
        Numeric = "numeric",
        /// Sedation, and red flags asked for.
        Clinical = "clinical",
    }

    /// How late a check is.
    pub enum CheckStatus {
        /// Its time has not come.
        Upcoming = "upcoming",
        /// It is due.
        Due = "due",
        /// Shown amber.
        Amber = "amber",
        /// Overdue: an alert, and no rate may rise.
        Overdue = "overdue",
        /// Overdue for so long that the prescriber is told.
        Escalated = "escalated",
    }
}

/// A row so many minutes before a due time counts for it.
const EARLY_MIN: i64 = 2;

/// What the grid hangs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// Each time drug began to flow: the one start of an infusion, or each nebulizer start.
    pub starts: Vec<Timestamp>,
    /// Boluses, rises, resumes after a clinical pause, rescue drugs, confirmed act levels; in any order.
    pub triggers: Vec<Timestamp>,
    /// A value that has to be taken again.
    pub recheck_due_at: Option<Timestamp>,
    /// The middle of the planned treatment, when orientation and dissociation are asked for.
    pub planned_middle_at: Option<Timestamp>,
    /// When drug was stopped for good.
    pub stopped_at: Option<Timestamp>,
    /// When the patient left: nothing is due any more.
    pub left_at: Option<Timestamp>,
    /// An emergency goes on: nothing is overdue (decisions.md 10).
    pub emergency: bool,
}

/// One due check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// When it is due.
    pub due_at: Timestamp,
    /// When it turns amber.
    pub amber_at: Timestamp,
    /// When it is overdue.
    pub overdue_at: Timestamp,
    /// When the prescriber is told.
    pub escalate_at: Timestamp,
    /// The parts that are due.
    pub parts: Vec<CheckPart>,
    /// Whether orientation and CADSS-6 belong to it too; they never make it overdue.
    pub asks_mind: bool,
    /// How late it is.
    pub status: CheckStatus,
}

/// The checks of a running visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The next check of each part, soonest first; one where both are due together.
    pub checks: Vec<Check>,
    /// Every time of the grid up to the next hour.
    pub slots: Vec<Timestamp>,
}

impl Schedule {
    /// Lays out the grid and finds what is due, from the rows that stand.
    pub fn at(now: Timestamp, grid: &Grid, monitoring: &Monitoring, policy: &Checks, rows: &[&Observation]) -> Self {
        let slots = grid.slots(monitoring, now.plus_minutes(60));
        if grid.left_at.is_some() {
            return Self { checks: Vec::new(), slots };
        }
        let next = |covers: fn(&Observation) -> bool| {
            let last = rows.iter().filter(|row| covers(row)).map(|row| row.occurred_at).max();
            slots.iter().copied().find(|slot| last.is_none_or(|last| *slot > last.plus_minutes(EARLY_MIN)))
        };
        let numeric = next(|row| row.measures.covers_numeric());
        let clinical = next(|row| row.measures.covers_clinical());
        let mut due: Vec<(Timestamp, Vec<CheckPart>)> = Vec::new();
        match (numeric, clinical) {
            (Some(one), Some(other)) if one == other => due.push((one, vec![CheckPart::Numeric, CheckPart::Clinical])),
            (numeric, clinical) => {
                due.extend(numeric.map(|at| (at, vec![CheckPart::Numeric])));
                due.extend(clinical.map(|at| (at, vec![CheckPart::Clinical])));
            }
        }
        due.sort();
        let checks = due.into_iter().map(|due| grid.check(due, now, policy, rows)).collect();
        Self { checks, slots }
    }

    /// The oldest check that is overdue by now.
    pub fn overdue(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.status >= CheckStatus::Overdue)
    }

    /// The next moment at which something changes that somebody has to be told: overdue, then escalated.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        self.checks.iter().flat_map(|check| [check.overdue_at, check.escalate_at]).filter(|at| *at > now).min()
    }
}

impl Grid {
    /// The times of the grid, rising, from the first start until `until`.
    fn slots(&self, monitoring: &Monitoring, until: Timestamp) -> Vec<Timestamp> {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        let running_until = self.stopped_at.unwrap_or(until).min(until);
        let mut slots: Vec<Timestamp> = Vec::new();
        for (index, start) in starts.iter().enumerate() {
            // A new nebulizer start begins its own grid.
            let end = starts.get(index + 1).copied().unwrap_or(running_until).min(running_until);
            slots.extend(
                monitoring.first_minutes.iter().map(|minute| start.plus_minutes(*minute)).filter(|at| *at <= end),
            );
            let steady_from = monitoring.first_minutes.last().copied().unwrap_or(0);
            slots.extend(every(*start, steady_from, monitoring.every_minutes, end));
        }
        for trigger in self.cascades(monitoring) {
            let end = trigger.plus_minutes(monitoring.close_minutes * monitoring.close_checks);
            slots.extend(every(trigger, 0, monitoring.close_minutes, end.min(until)));
        }
        if let Some(stopped) = self.stopped_at {
            slots.extend(every(stopped, 0, monitoring.recovery_minutes, until));
        }
        slots.extend(self.recheck_due_at);
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// The triggers that begin a close rhythm; one that comes while a close rhythm runs does not restart it.
    fn cascades(&self, monitoring: &Monitoring) -> Vec<Timestamp> {
        let mut triggers = self.triggers.clone();
        triggers.sort_unstable();
        let lasts = monitoring.close_minutes * monitoring.close_checks;
        let mut begun: Vec<Timestamp> = Vec::new();
        for trigger in triggers {
            if begun.last().is_none_or(|last| trigger >= last.plus_minutes(lasts)) {
                begun.push(trigger);
            }
        }
        begun
    }

    fn check(&self, due: (Timestamp, Vec<CheckPart>), now: Timestamp, policy: &Checks, rows: &[&Observation]) -> Check {
        let (due_at, parts) = due;
        let recovering = self.stopped_at.is_some_and(|stopped| due_at >= stopped);
        let escalate = if recovering { policy.escalate_recovery_minutes } else { policy.escalate_infusing_minutes };
        let (amber_at, overdue_at) =
            (due_at.plus_minutes(policy.amber_minutes), due_at.plus_minutes(policy.overdue_minutes));
        let escalate_at = due_at.plus_minutes(escalate);
        let status = match now {
            now if now < due_at => CheckStatus::Upcoming,
            now if now < amber_at => CheckStatus::Due,
            now if now < overdue_at || self.emergency => CheckStatus::Amber,
            now if now < escalate_at => CheckStatus::Overdue,
            _ => CheckStatus::Escalated,
        };
        Check { due_at, amber_at, overdue_at, escalate_at, parts, asks_mind: self.asks_mind(due_at, rows), status }
    }

    /// Whether orientation and CADSS-6 belong to the check: at the middle, the end and 30 minutes after it, or while
    /// the patient is not fully awake. Nobody is quizzed to time (decisions.md 15).
    fn asks_mind(&self, due_at: Timestamp, rows: &[&Observation]) -> bool {
        let drowsy = rows.iter().rev().find_map(|row| row.measures.sedation).is_some_and(Sedation::is_drowsy);
        let milestones =
            [self.planned_middle_at, self.stopped_at, self.stopped_at.map(|stopped| stopped.plus_minutes(30))];
        let asked_since = |milestone: Timestamp| {
            let from = milestone.plus_minutes(-EARLY_MIN);
            rows.iter().any(|row| row.occurred_at >= from && row.measures.orientation.is_some())
        };
        let open = |milestone: &Timestamp| *milestone <= due_at.plus_minutes(EARLY_MIN) && !asked_since(*milestone);
        drowsy || milestones.iter().flatten().any(open)
    }
}

/// `from + step`, `from + 2 × step`, … past `after` minutes and up to `until`.
fn every(from: Timestamp, after: i64, step: i64, until: Timestamp) -> impl Iterator<Item = Timestamp> {
    let step = step.max(1);
    let count = until.minutes_since(from).max(0) / step;
    (1..=count)
        .map(move |n| n * step)
        .filter(move |minute| *minute > after)
        .map(move |minute| from.plus_minutes(minute))
}

#[cfg(test)]
mod tests;
