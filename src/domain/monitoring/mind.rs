//! Red flags, sedation, orientation, dissociation, nausea.
//!
//! Dissociation is expected, not alarming: a rise of CADSS-6 and lost orientation are flags, and alert only on
//! distress, lost insight, or when they last past the hour (decisions.md 40).

use super::{Condition, Context, Finding, Level, Touch};
use crate::domain::observation::{Confusion, Nausea, Observation, Scale, SedationScale};

/// Whether the row names a red flag.
pub(super) fn has_red_flag(row: &Observation) -> bool {
    row.measures.red_flags.as_ref().is_some_and(|flags| !flags.is_empty())
}

/// A red flag ends the treatment whatever the numbers are (decisions.md 9).
pub(super) fn red_flag(row: &Observation, _: &Context<'_>) -> Option<Touch> {
    row.measures.red_flags.as_ref().map(|flags| Touch::first("any", &[(Level::Stop, !flags.is_empty())]))
}

/// A score on a scale, from the field or from the list of scores.
fn sedation_on(row: &Observation, scale: SedationScale) -> Option<i64> {
    let field = row.measures.sedation.filter(|sedation| sedation.scale == scale).map(|sedation| sedation.score);
    let listed = || row.measures.scores.iter().find(|score| score.scale == Scale::Rass).map(|score| score.total);
    if scale == SedationScale::Rass { field.or_else(listed) } else { field }
}

/// Too deeply sedated: MOAA/S of decisions.md 40, RASS of clinical.md 4.4.
pub(super) fn sedation(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let lines = &context.rules.mind;
    let moaas = sedation_on(row, SedationScale::Moaas).map(|score| {
        let levels = [
            // clinical.md 4.4: only to a painful squeeze, or no response.
            (Level::Stop, score < lines.moaas_pause),
            (Level::Pause, score <= lines.moaas_pause),
            (Level::Act, score <= lines.moaas_notify),
            (Level::Watch, score <= lines.moaas_flag),
        ];
        Touch::first("moaas", &levels)
    });
    let rass = sedation_on(row, SedationScale::Rass)
        .map(|score| Touch::first("rass", &[(Level::Stop, score <= -3), (Level::Act, score <= -2)]));
    match (moaas, rass) {
        (Some(moaas), Some(rass)) => Some(moaas.worse(rass)),
        (one, other) => one.or(other),
    }
}

/// Agitated: RASS +2 and above (clinical.md 4.4).
pub(super) fn agitation(row: &Observation, _: &Context<'_>) -> Option<Touch> {
    let score = sedation_on(row, SedationScale::Rass)?;
    Some(Touch::first("rass", &[(Level::Act, score >= 2)]))
}

/// Whether the hour has passed after which the patient should be clear again.
fn should_be_clear(row: &Observation, context: &Context<'_>) -> bool {
    let clear_at = context.stopped_at.map(|stopped| stopped.plus_minutes(context.rules.mind.clear_minutes));
    clear_at.is_some_and(|clear| row.occurred_at >= clear)
}

/// Orientation lost, or confusion.
pub(super) fn disorientation(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let confused = row.measures.confusion.map(|confusion| confusion >= Confusion::Moderate);
    let baseline = context.baseline.orientation.unwrap_or(4);
    let lost = row.measures.orientation.map(|score| score < baseline || score <= 2);
    if confused.is_none() && lost.is_none() {
        return None;
    }
    let found = confused == Some(true) || lost == Some(true);
    let late = found && should_be_clear(row, context);
    Some(Touch::first(if late { "not_clear" } else { "orientation" }, &[(Level::Act, late), (Level::Watch, found)]))
}

/// Dissociation risen over this visit's baseline.
pub(super) fn dissociation(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let total = row.measures.dissociation.as_ref()?.total;
    let risen = total - context.baseline.dissociation.unwrap_or(0) >= context.rules.mind.cadss6_rise;
    let late = risen && should_be_clear(row, context);
    Some(Touch::first(if late { "not_clear" } else { "cadss6_rise" }, &[(Level::Act, late), (Level::Watch, risen)]))
}

/// A hallucination that frightens or is taken for real.
pub(super) fn distress(row: &Observation, context: &Context<'_>) -> Option<Touch> {
    let seen = row.measures.hallucination.as_ref()?;
    if !seen.present {
        return Some(Touch::none("distress"));
    }
    let distressed = seen.distress.is_some_and(|distress| distress >= context.rules.mind.distress_alert);
    let insight_lost = seen.insight_kept == Some(false);
    let what = if distressed { "distress" } else { "insight_lost" };
    Some(Touch::first(what, &[(Level::Act, distressed || insight_lost)]))
}

/// Nausea from which an antiemetic is offered: a flag, never an alert.
pub(super) fn nausea(row: &Observation) -> Option<Finding> {
    let queasy = row.measures.nausea.is_some_and(|nausea| nausea >= Nausea::Moderate);
    let vomited = row.measures.vomit_count.is_some_and(|count| count > 0);
    (queasy || vomited).then_some(Finding {
        condition: Condition::Nausea,
        level: Level::Watch,
        line: Level::Watch,
        what: if vomited { "vomiting" } else { "nausea" },
        confirmed: true,
        recheck_minutes: None,
    })
}
