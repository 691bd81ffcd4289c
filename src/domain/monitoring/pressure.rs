//! Blood pressure: absolute lines, and rises from this visit's baseline that count only from a floor.

use super::{Context, Level, Touch};
use crate::domain::observation::Observation;
use crate::domain::order::LimitedMeasure;
use crate::domain::quantity::Amount;

/// The four lines of one pressure and the two figures of its rise rules.
struct Lines {
    absolute: [(Level, i64); 4],
    /// Level, floor, percent.
    rises: [(Level, i64, i64); 3],
}

fn systolic_lines(context: &Context<'_>) -> Lines {
    let bp = &context.rules.pressure;
    let limit = context.limit(LimitedMeasure::Systolic);
    let act = limit.act.unwrap_or(bp.act_systolic);
    let pause = limit.pause.unwrap_or(bp.pause_systolic);
    Lines {
        absolute: [
            (Level::Stop, bp.stop_systolic),
            (Level::Pause, pause),
            (Level::Act, act),
            (Level::Watch, bp.watch_systolic),
        ],
        rises: [
            (Level::Pause, floor(bp.pause_rise_from_systolic, limit.pause), bp.pause_rise_percent),
            (Level::Act, floor(bp.act_rise_from_systolic, limit.act), bp.act_rise_percent),
            (Level::Watch, bp.watch_rise_from_systolic, bp.watch_rise_percent),
        ],
    }
}

fn diastolic_lines(context: &Context<'_>) -> Lines {
    let bp = &context.rules.pressure;
    let limit = context.limit(LimitedMeasure::Diastolic);
    let act = limit.act.unwrap_or(bp.act_diastolic);
    let pause = limit.pause.unwrap_or(bp.pause_diastolic);
    Lines {
        absolute: [
            (Level::Stop, bp.stop_diastolic),
            (Level::Pause, pause),
            (Level::Act, act),
            (Level::Watch, bp.watch_diastolic),
        ],
        rises: [
            (Level::Pause, floor(bp.pause_rise_from_diastolic, limit.pause), bp.pause_rise_percent),
            (Level::Act, floor(bp.act_rise_from_diastolic, limit.act), bp.act_rise_percent),
            (Level::Watch, bp.watch_rise_from_diastolic, bp.watch_rise_percent),
        ],
    }
}

/// A line the prescriber set for this visit is also the floor of the rise rule of that level: whoever was released
/// at 164/98 must not alarm by percent below the line that was set for exactly that reason (decisions.md 14).
fn floor(default: i64, limit: Option<i64>) -> i64 {
    limit.map_or(default, |limit| default.max(limit))
}

impl Lines {
    fn touch(&self, value: i64, baseline: Option<i64>, names: [&'static str; 2]) -> Touch {
        let [by_line, by_rise] = names;
        let absolute = Touch::first(by_line, &self.absolute.map(|(level, line)| (level, value >= line)));
        let Some(baseline) = baseline else { return absolute };
        let risen = |percent: i64| value * 100 >= baseline * (100 + percent);
        let crossed = self.rises.map(|(level, floor, percent)| (level, value >= floor && risen(percent)));
        absolute.worse(Touch::first(by_rise, &crossed))
    }
}

/// Blood pressure too high, systolic and diastolic each against its own lines and baseline (decisions.md 13b).
pub(super) fn high(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let under_drug = context.under_drug(row.occurred_at);
    let systolic = row.measures.systolic.map(|value| {
        let baseline = context.baseline.systolic.filter(|_| under_drug);
        systolic_lines(context).touch(value.get(), baseline, ["systolic", "systolic_rise"])
    });
    let diastolic = row.measures.diastolic.map(|value| {
        let baseline = context.baseline.diastolic.filter(|_| under_drug);
        diastolic_lines(context).touch(value.get(), baseline, ["diastolic", "diastolic_rise"])
    });
    match (systolic, diastolic) {
        (Some(systolic), Some(diastolic)) => Some(systolic.worse(diastolic)),
        (one, other) => one.or(other),
    }
}

/// Blood pressure too low: below the line, or fallen from the baseline (clinical.md 4.2, low side).
pub(super) fn low(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let bp = &context.rules.pressure;
    let value = row.measures.systolic?.get();
    let absolute = Touch::first("systolic", &[(Level::Act, value < bp.low_systolic_below)]);
    let Some(baseline) = context.baseline.systolic.filter(|_| context.under_drug(row.occurred_at)) else {
        return Some(absolute);
    };
    let fallen = value * 100 <= baseline * (100 - bp.fall_percent);
    Some(absolute.worse(Touch::first("systolic_fall", &[(Level::Act, fallen)])))
}
