//! Lines that the prescriber sets for one visit when releasing it (decisions.md 13f, 14).

use crate::domain::policy::Rules;
use crate::domain::record::{Canonical, Record};
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::domain::text;

words! {
    /// A measure whose act and pause lines can be set for a visit.
    pub enum LimitedMeasure {
        /// Systolic pressure, high.
        Systolic = "systolic_mmhg",
        /// Diastolic pressure, high.
        Diastolic = "diastolic_mmhg",
        /// Heart rate, high.
        HeartRateHigh = "heart_rate_high_per_min",
        /// Heart rate, low.
        HeartRateLow = "heart_rate_low_per_min",
        /// Saturation, low.
        Saturation = "spo2_low_percent",
    }
}

/// The lines of one measure for one visit; what is absent stays as the policy has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionLimit {
    /// Where act begins.
    pub act: Option<i64>,
    /// Where pause begins.
    pub pause: Option<i64>,
}

/// The lines of one visit, with the reason they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// By measure.
    pub limits: Vec<(LimitedMeasure, SessionLimit)>,
    /// Why.
    pub reason: Option<String>,
}

/// One measure's lines as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitDraft {
    /// The measure.
    pub measure: String,
    /// Where act begins.
    pub act: Option<i64>,
    /// Where pause begins.
    pub pause: Option<i64>,
}

impl SessionLimits {
    /// Reads the lines of a release; `pointer` is where they stand in its body.
    ///
    /// # Errors
    /// Unknown or repeated measures, lines in the wrong order or past the line that ends a treatment, no reason.
    pub fn read(drafts: &[LimitDraft], reason: Option<&str>, rules: &Rules, pointer: &str) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let mut limits: Vec<(LimitedMeasure, SessionLimit)> = Vec::new();
        for (index, draft) in drafts.iter().enumerate() {
            let at = format!("{pointer}/{index}");
            let Ok(measure) = LimitedMeasure::parse(&draft.measure).map_err(|unknown| {
                errors.add(format!("{at}/measure"), "unknown_word", unknown.to_string());
            }) else {
                continue;
            };
            if limits.iter().any(|(known, _)| *known == measure) {
                errors.add(format!("{at}/measure"), "duplicate", "a measure may stand only once");
            }
            let limit = SessionLimit { act: draft.act, pause: draft.pause };
            measure.note_errors(limit, rules, &at, &mut errors);
            limits.push((measure, limit));
        }
        let reason = match reason {
            None if drafts.is_empty() => None,
            None => {
                errors.add(format!("{pointer}/reason"), "required", "say why this visit has its own limits");
                None
            }
            Some(reason) => errors.take(text::checked(&format!("{pointer}/reason"), reason, 1, 500)),
        };
        errors.finish()?;
        Ok(Self { limits, reason })
    }

    /// The lines of a measure; empty when the policy's count.
    pub fn of(&self, measure: LimitedMeasure) -> SessionLimit {
        self.limits.iter().find_map(|(known, limit)| (*known == measure).then_some(*limit)).unwrap_or_default()
    }

    /// The canonical form, inside the order's.
    pub fn record(&self) -> Record {
        let limits = self.limits.iter().map(|(measure, limit)| {
            let row =
                Record::group().with("measure", measure.as_str()).with("act", limit.act).with("pause", limit.pause);
            Canonical::from(row)
        });
        Record::group().with("limits", Canonical::List(limits.collect())).with("reason", self.reason.as_ref())
    }
}

impl LimitedMeasure {
    /// The policy's act, pause and last line, and whether the value is dangerous upwards.
    const fn lines(self, rules: &Rules) -> (i64, i64, i64, bool) {
        let (bp, heart, spo2) = (&rules.pressure, &rules.heart, &rules.saturation);
        match self {
            Self::Systolic => (bp.act_systolic, bp.pause_systolic, bp.stop_systolic, true),
            Self::Diastolic => (bp.act_diastolic, bp.pause_diastolic, bp.stop_diastolic, true),
            Self::HeartRateHigh => (heart.act_above, heart.pause_above, heart.stop_above, true),
            Self::HeartRateLow => {
                (heart.act_below, rules.hold.heart_rate_final_below, rules.hold.heart_rate_final_below, false)
            }
            Self::Saturation => (spo2.act_below, spo2.pause_below, spo2.stop_below, false),
        }
    }

    /// A line may move toward the last one, never past it; act comes before pause.
    fn note_errors(self, limit: SessionLimit, rules: &Rules, at: &str, errors: &mut FieldErrors) {
        let (act, pause, last, upwards) = self.lines(rules);
        let (act, pause) = (limit.act.unwrap_or(act), limit.pause.unwrap_or(pause));
        let in_order = |nearer: i64, farther: i64| if upwards { nearer <= farther } else { nearer >= farther };
        let possible = |line: i64| (20..=300).contains(&line);
        if !in_order(pause, last) || !possible(pause) {
            errors.add(format!("{at}/pause"), "range", format!("must not pass {last}, which ends a treatment"));
        }
        if !in_order(act, pause) || !possible(act) {
            errors.add(format!("{at}/act"), "range", format!("must be reached before the pause line at {pause}"));
        }
        if limit.act.is_none() && limit.pause.is_none() {
            errors.add(at, "required", "name the act line, the pause line, or both");
        }
    }
}
