//! Heart, saturation and breathing.

use super::{Context, Level, Touch};
use crate::domain::observation::{self, Measure, Observation};
use crate::domain::order::LimitedMeasure;
use crate::domain::quantity::Amount;

/// Heart too fast.
pub(super) fn heart_high(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let value = row.measures.heart_rate?.get();
    let lines = &context.rules.heart;
    let limit = context.limit(LimitedMeasure::HeartRate);
    Some(Touch::first(
        "rate",
        &[
            (Level::Stop, value > lines.stop_above),
            (Level::Pause, value > limit.pause.unwrap_or(lines.pause_above)),
            (Level::Act, value > limit.act.unwrap_or(lines.act_above)),
            (Level::Watch, value > lines.watch_above),
        ],
    ))
}

/// Heart too slow. Whoever comes with a slow heart today is held to the line of the start hold instead, so that one
/// on propranolol does not alarm from the first reading (decisions.md 14); under 40 is never normal.
pub(super) fn heart_low(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let value = row.measures.heart_rate?.get();
    let lines = &context.rules.heart;
    let hold = &context.rules.hold;
    let slow_today = context.baseline.heart_rate.is_some_and(|baseline| baseline < lines.act_below);
    let usual = if slow_today { lines.act_below.min(hold.heart_rate_below) } else { lines.act_below };
    Some(Touch::first("rate", &[(Level::Pause, value < hold.heart_rate_final_below), (Level::Act, value < usual)]))
}

/// The trace.
pub(super) fn rhythm(row: &Observation, _: &Context<'_>) -> Option<Touch> {
    let rhythm = row.measures.rhythm?;
    Some(Touch::first(
        "trace",
        &[
            (Level::Stop, rhythm == observation::Rhythm::NewArrhythmia),
            (Level::Watch, rhythm == observation::Rhythm::Pvc),
        ],
    ))
}

/// Saturation below its lines. Where normal is lower, at altitude, the act line is lowered with it, never raised.
pub(super) fn saturation(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let value = row.measures.spo2?.get();
    let lines = &context.rules.saturation;
    let hold = &context.rules.hold;
    let limit = context.limit(LimitedMeasure::OxygenSaturation);
    let here = lines.act_below.min(hold.normal_spo2_percent - hold.spo2_points_under_normal).max(lines.pause_below);
    Some(Touch::first(
        "saturation",
        &[
            (Level::Stop, value < lines.stop_below),
            (Level::Pause, value < limit.pause.unwrap_or(lines.pause_below)),
            (Level::Act, value < limit.act.unwrap_or(here)),
        ],
    ))
}

/// Saturation fallen from this visit's baseline; it takes two readings (decisions.md 14).
pub(super) fn desaturation(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let value = row.measures.spo2?.get();
    let baseline = context.baseline.spo2.filter(|_| context.under_drug(row.occurred_at))?;
    let fallen = baseline - value >= context.rules.saturation.watch_fall_points;
    Some(Touch::first("saturation_fall", &[(Level::Watch, fallen)]))
}

/// Breathing too slow; 0 is apnoea.
pub(super) fn breathing_slow(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let value = row.measures.resp_rate?.get();
    let lines = &context.rules.respiration;
    // clinical.md 4.2 has the same line for watch and act: one reading is watched, two are acted on.
    Some(Touch::first(
        "rate",
        &[
            (Level::Stop, value < lines.stop_below),
            (Level::Pause, value < lines.pause_below),
            (Level::Act, value < lines.watch_below),
        ],
    ))
}

/// Breathing too fast.
pub(super) fn breathing_fast(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let value = row.measures.resp_rate?.get();
    let lines = &context.rules.respiration;
    Some(Touch::first("rate", &[(Level::Act, value > lines.act_above), (Level::Watch, value > lines.watch_above)]))
}

/// A vital sign that was looked for properly and could not be found is no reassurance.
pub(super) fn unrecordable(row: &Observation, _: &Context<'_>) -> Option<Touch> {
    let vital = [Measure::Systolic, Measure::HeartRate, Measure::OxygenSaturation, Measure::RespiratoryRate];
    let lost = vital.iter().any(|measure| row.measures.looked_for(*measure));
    let found = row.measures.systolic.is_some() || row.measures.heart_rate.is_some() || row.measures.spo2.is_some();
    if lost || found { Some(Touch::first("vital_sign", &[(Level::Act, lost)])) } else { None }
}
