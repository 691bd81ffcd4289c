//! Alarm lines for one visit: a patient who was released above the usual hold would otherwise alarm from the first
//! reading on (decisions.md 13f, 14). They replace the act and pause lines of the policy; the stop line stays.

use crate::domain::policy::Rules;
use crate::domain::record::{Canonical, Record};
use crate::domain::refusal::FieldErrors;
use crate::domain::text;

words! {
    /// A measure whose lines a visit may have of its own.
    pub enum LimitedMeasure {
        /// Systolic pressure, mmHg; alarms upwards.
        Systolic = "systolic_mmhg",
        /// Diastolic pressure, mmHg; alarms upwards.
        Diastolic = "diastolic_mmhg",
        /// Heart rate, a minute; alarms upwards.
        HeartRate = "heart_rate_per_min",
        /// Oxygen saturation, percent; alarms downwards.
        OxygenSaturation = "spo2_percent",
    }
}

/// The lines of one measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasureLimit {
    /// Which measure.
    pub measure: LimitedMeasure,
    /// Act from here on.
    pub act: i64,
    /// Pause from here on.
    pub pause: i64,
}

/// The lines of one visit, with why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLimits {
    /// Each measure at most once.
    pub measures: Vec<MeasureLimit>,
    /// Why this visit has lines of its own.
    pub reason: String,
}

impl LimitedMeasure {
    /// The policy's stop line, which no visit moves.
    pub fn stop_line(self, rules: &Rules) -> i64 {
        match self {
            Self::Systolic => rules.pressure.stop_systolic,
            Self::Diastolic => rules.pressure.stop_diastolic,
            Self::HeartRate => rules.heart.stop_above,
            Self::OxygenSaturation => rules.saturation.stop_below,
        }
    }

    /// Whether `first` comes before `second` as things get worse.
    fn before(self, first: i64, second: i64) -> bool {
        if self == Self::OxygenSaturation { first > second } else { first < second }
    }
}

impl SessionLimits {
    /// The policy's rules with this visit's lines in their place.
    pub fn applied_to(&self, rules: &Rules) -> Rules {
        let mut rules = *rules;
        for limit in &self.measures {
            let (act, pause) = match limit.measure {
                LimitedMeasure::Systolic => (&mut rules.pressure.act_systolic, &mut rules.pressure.pause_systolic),
                LimitedMeasure::Diastolic => (&mut rules.pressure.act_diastolic, &mut rules.pressure.pause_diastolic),
                LimitedMeasure::HeartRate => (&mut rules.heart.act_above, &mut rules.heart.pause_above),
                LimitedMeasure::OxygenSaturation => {
                    (&mut rules.saturation.act_below, &mut rules.saturation.pause_below)
                }
            };
            (*act, *pause) = (limit.act, limit.pause);
        }
        rules
    }

    /// Notes every line that lies beyond the stop line or behind the other one.
    pub(super) fn check(&self, rules: &Rules, errors: &mut FieldErrors) {
        errors.take(text::checked("/session_limits/reason", &self.reason, 1, 1000));
        if self.measures.is_empty() {
            errors.add("/session_limits/measures", "required", "names no measure");
        }
        for (index, limit) in self.measures.iter().enumerate() {
            let pointer = |field: &str| format!("/session_limits/measures/{index}/{field}");
            if self.measures.iter().take(index).any(|earlier| earlier.measure == limit.measure) {
                errors.add(pointer("measure"), "repeated", "is named more than once");
            }
            let stop = limit.measure.stop_line(rules);
            if !limit.measure.before(limit.pause, stop) {
                errors.add(pointer("pause"), "range", format!("must lie before the stop line of {stop}"));
            }
            if !limit.measure.before(limit.act, limit.pause) {
                errors.add(pointer("act"), "range", "must lie before the pause line");
            }
        }
    }

    /// As part of the canonical record of an order.
    pub(super) fn record(&self) -> Record {
        let lines = self.measures.iter().map(|limit| {
            let group = Record::group().with("measure", limit.measure.as_str());
            Canonical::from(group.with("act", limit.act).with("pause", limit.pause))
        });
        Record::group().with("measures", Canonical::List(lines.collect())).with("reason", &self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Refusal;

    fn errors(measure: LimitedMeasure, act: i64, pause: i64) -> Vec<String> {
        let limits =
            SessionLimits { measures: vec![MeasureLimit { measure, act, pause }], reason: "lives at 165".to_owned() };
        let mut errors = FieldErrors::none();
        limits.check(&Rules::seeded(), &mut errors);
        match errors.finish() {
            Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn no_visit_moves_the_stop_line_and_act_comes_before_pause() {
        use LimitedMeasure as M;
        for (measure, act, pause, refused) in [
            (M::Systolic, 180, 190, vec![]),
            (M::Systolic, 180, 199, vec![]),
            (M::Systolic, 180, 200, vec!["pause"]),
            (M::Systolic, 190, 190, vec!["act"]),
            (M::Systolic, 205, 201, vec!["pause", "act"]),
            (M::OxygenSaturation, 90, 88, vec![]),
            (M::OxygenSaturation, 90, 85, vec!["pause"]),
            (M::OxygenSaturation, 87, 88, vec!["act"]),
        ] {
            let expected: Vec<_> = refused.iter().map(|field| format!("/session_limits/measures/0/{field}")).collect();
            assert_eq!(errors(measure, act, pause), expected, "{measure} {act} {pause}");
        }
    }

    #[test]
    fn a_visit_changes_its_own_lines_and_nothing_else() {
        let seeded = Rules::seeded();
        let limits = SessionLimits {
            measures: vec![MeasureLimit { measure: LimitedMeasure::Systolic, act: 185, pause: 195 }],
            reason: "r".to_owned(),
        };
        let applied = limits.applied_to(&seeded);
        let changed: Vec<_> = Rules::TABLE
            .iter()
            .filter(|row| applied.get(row) != seeded.get(row))
            .map(|row| (row.name, applied.get(row)))
            .collect();
        assert_eq!(changed, [("act_systolic", 185), ("pause_systolic", 195)]);
    }
}
