//! How each condition went over the visit: what the alerts follow.

use super::{Assessment, Condition, Context, Level, assess};
use crate::domain::id::ObservationId;
use crate::domain::observation::{Observation, Phase};
use crate::domain::time::Timestamp;

/// One condition over one visit, folded from the rows that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// What is wrong.
    pub condition: Condition,
    /// The level in the newest row that looked at it.
    pub level: Level,
    /// Since when it has been at an alerting level without a break.
    pub risen_at: Option<Timestamp>,
    /// The highest level of all rows.
    pub peak: Level,
    /// The row that reached it first.
    pub peak_row: ObservationId,
    /// When that row was seen.
    pub peak_at: Timestamp,
    /// Whether the present alerting level was confirmed: page, do not only prompt.
    pub confirmed: bool,
}

impl Course {
    fn of(condition: Condition, row: &Observation) -> Self {
        Self {
            condition,
            level: Level::None,
            risen_at: None,
            peak: Level::None,
            peak_row: row.id,
            peak_at: row.occurred_at,
            confirmed: false,
        }
    }

    fn follow(&mut self, row: &Observation, level: Level, confirmed: bool) {
        let alerting = level >= alerts_from(row.phase);
        self.risen_at = if alerting { self.risen_at.or(Some(row.occurred_at)) } else { None };
        self.level = level;
        if alerting && level > self.peak {
            (self.peak, self.peak_row, self.peak_at) = (level, row.id, row.occurred_at);
        }
        self.confirmed = alerting && (confirmed || self.confirmed);
    }
}

/// The level from which a row alerts. Before the start a high value is the business of the hold, not of an alert,
/// until it is one nobody should sit with.
const fn alerts_from(phase: Phase) -> Level {
    match phase {
        Phase::Baseline => Level::Pause,
        Phase::Infusion | Phase::Recovery | Phase::Discharge => Level::Act,
    }
}

/// Each condition that was ever found, over rows that stand, oldest first; with the assessment of every row.
pub fn courses(rows: &[&Observation], context: &Context<'_>) -> (Vec<Course>, Vec<Assessment>) {
    let mut courses: Vec<Course> = Vec::new();
    let mut assessments = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let assessment = assess(row, rows.get(..index).unwrap_or_default(), context);
        for finding in &assessment.findings {
            if !courses.iter().any(|course| course.condition == finding.condition) {
                courses.push(Course::of(finding.condition, row));
            }
        }
        for course in &mut courses {
            let found = assessment.findings.iter().find(|finding| finding.condition == course.condition);
            match found {
                Some(finding) => course.follow(row, finding.level, finding.confirmed),
                None if looked_at(course.condition, row, context) => course.follow(row, Level::None, true),
                None => {}
            }
        }
        assessments.push(assessment);
    }
    courses.retain(|course| course.peak > Level::None);
    (courses, assessments)
}

/// Whether the row looked at the condition at all; a row without a pressure says nothing about pressure.
fn looked_at(condition: Condition, row: &Observation, context: &Context<'_>) -> bool {
    let mut probes = super::probes(context.rules).into_iter();
    probes.any(|(probed, probe, _)| probed == condition && probe(row, context).is_some())
}
