//! How a crossed line becomes a level: which need a second reading, and what counts as one (decisions.md 13c, d).

use super::{Condition, Context, Finding, Level, Probe, Touch, mind};
use crate::domain::observation::Observation;
use crate::domain::time::Timestamp;

/// How a crossed line becomes a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// At once.
    AtOnce,
    /// Blood pressure, decisions.md 13c and d: act needs a second reading; pause prompts at once and pages when
    /// confirmed; stop prompts a pause, and stops when confirmed.
    Pressure,
    /// Act needs a second reading; until then it is watched.
    ActAgain,
    /// This line counts when it has lasted so many minutes; until then the level below it.
    Lasting(Level, i64),
    /// Watch needs two readings; one alone is nothing.
    WatchAgain,
}

/// The level a crossed line has by now.
pub(super) fn prove(condition: Condition, touch: Touch, proof: Proof, past: &Past<'_>) -> Option<Finding> {
    let again = past.context.rules.pressure.recheck_minutes;
    let soon = past.context.rules.pressure.stop_recheck_minutes;
    let (level, confirmed, recheck) = match (proof, touch.line) {
        (Proof::WatchAgain, Level::Watch) if past.seen(Level::Watch) => (Level::Watch, true, None),
        (Proof::WatchAgain, Level::Watch) => return None,
        (Proof::Pressure | Proof::ActAgain, Level::Act) if past.seen(Level::Act) => (Level::Act, true, None),
        (Proof::Pressure | Proof::ActAgain, Level::Act) => (Level::Watch, false, Some(again)),
        (Proof::Pressure, Level::Pause) if past.seen(Level::Pause) => (Level::Pause, true, None),
        (Proof::Pressure, Level::Pause) => (Level::Pause, false, Some(again)),
        (Proof::Pressure, Level::Stop) if past.seen(Level::Stop) || mind::has_red_flag(past.row) => {
            (Level::Stop, true, None)
        }
        (Proof::Pressure, Level::Stop) => (Level::Pause, false, Some(soon)),
        (Proof::Lasting(line, minutes), touched) if touched == line && !past.lasts(line, minutes) => {
            let below = if line == Level::Act { Level::Watch } else { Level::Act };
            (below, below >= Level::Act, Some(minutes.max(1)))
        }
        (_, line) => (line, true, None),
    };
    Some(Finding { condition, level, line: touch.line, what: touch.what, confirmed, recheck_minutes: recheck })
}

/// Two readings closer together than this are one reading entered twice, and confirm nothing.
const SAME_READING_MS: i64 = 30_000;
/// A reading confirms the next one at most so many minutes later: the slowest rhythm of checks.
const RUN_BREAKS_AFTER_MIN: i64 = 15;

/// The readings of one condition before a row.
pub(super) struct Past<'a> {
    pub(super) row: &'a Observation,
    pub(super) earlier: &'a [&'a Observation],
    pub(super) context: &'a Context<'a>,
    pub(super) probe: Probe,
}

impl Past<'_> {
    /// Earlier readings of the condition, newest first: when, and the line they crossed.
    fn readings(&self) -> impl Iterator<Item = (Timestamp, Level)> + '_ {
        let before = |other: &&&Observation| self.row.occurred_at.since(other.occurred_at) >= SAME_READING_MS;
        self.earlier.iter().rev().filter(before).filter_map(|other| {
            let touch = (self.probe)(other, self.context)?;
            Some((other.occurred_at, touch.line))
        })
    }

    /// Whether a second reading shows this line: one within the recheck time, or the reading just before.
    fn seen(&self, line: Level) -> bool {
        let within = self.context.rules.pressure.recheck_minutes * 60_000;
        let age = |at: Timestamp| self.row.occurred_at.since(at);
        let last = self.readings().next();
        let just_before = last.is_some_and(|(at, touched)| touched >= line && age(at) <= RUN_BREAKS_AFTER_MIN * 60_000);
        just_before || self.readings().take_while(|(at, _)| age(*at) <= within).any(|(_, touched)| touched >= line)
    }

    /// Whether every reading of the last so many minutes shows this line, and the run is that long.
    fn lasts(&self, line: Level, minutes: i64) -> bool {
        let mut from = self.row.occurred_at;
        for (at, touched) in self.readings() {
            if touched < line || from.since(at) > RUN_BREAKS_AFTER_MIN * 60_000 {
                break;
            }
            from = at;
        }
        self.row.occurred_at.since(from) >= minutes * 60_000
    }
}
