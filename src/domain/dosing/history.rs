//! The drug record as it stands: corrections applied, in the order things happened.

use super::event::{Administration, DosingEvent};
use crate::domain::id::DosingEventId;
use crate::domain::quantity::{Amount as _, MicrolitresPerHour};
use crate::domain::time::Timestamp;
use std::collections::{HashMap, HashSet};

words! {
    /// Where an entry of the drug record stands.
    pub enum EntryStatus {
        /// It counts.
        Final = "final",
        /// A newer entry took its place; it stays readable.
        Superseded = "superseded",
        /// It should never have been, or says so of another; it counts for nothing.
        EnteredInError = "entered_in_error",
    }
}

/// Where an entry stands among all entries of its session, and the entry that corrects it.
pub fn status_of(entry: &DosingEvent, all: &[DosingEvent]) -> (EntryStatus, Option<DosingEventId>) {
    let corrects = |other: &&DosingEvent| other.amends.as_ref().is_some_and(|amends| amends.event == entry.id);
    let is_mark = |entry: &DosingEvent| entry.amends.as_ref().is_some_and(|amends| amends.entered_in_error);
    match all.iter().find(corrects) {
        Some(newer) if is_mark(newer) => (EntryStatus::EnteredInError, Some(newer.id)),
        Some(newer) => (EntryStatus::Superseded, Some(newer.id)),
        None if is_mark(entry) => (EntryStatus::EnteredInError, None),
        None => (EntryStatus::Final, None),
    }
}

/// The entries in force, in the order they happened. What was corrected is not in it, and stays in the record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History(Vec<DosingEvent>);

/// What the drug is doing at an instant, as the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has run yet.
    NotStarted,
    /// Running at this rate; a nebulizer has none.
    Running(Option<MicrolitresPerHour>),
    /// Paused.
    Paused,
    /// Between two nebulizer fills.
    BetweenFills,
    /// Stopped for good.
    Stopped,
}

/// Applies the corrections.
///
/// A correction takes the place of what it corrects, also among entries of the same instant: the result is what the
/// list would be if the entry had been right from the beginning. Entries of one instant keep the order in which
/// they were recorded (clinical.md 3.3 c, engineering.md part 7, 3).
pub fn effective(events: &[DosingEvent]) -> History {
    let corrected: HashSet<DosingEventId> =
        events.iter().filter_map(|event| event.amends.as_ref()).map(|amends| amends.event).collect();
    let by_id: HashMap<DosingEventId, &DosingEvent> = events.iter().map(|event| (event.id, event)).collect();
    let mut placed: Vec<_> = events
        .iter()
        .filter(|event| !corrected.contains(&event.id))
        .filter(|event| !event.amends.as_ref().is_some_and(|amends| amends.entered_in_error))
        .map(|event| {
            let (_, recorded_at, rank, id) = original(event, &by_id).place();
            ((event.act.occurred_at, recorded_at, rank, id), event.clone())
        })
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    History(placed.into_iter().map(|(_, event)| event).collect())
}

/// The entry at the beginning of a chain of corrections. A chain is as long as the list at most.
fn original<'a>(event: &'a DosingEvent, by_id: &HashMap<DosingEventId, &'a DosingEvent>) -> &'a DosingEvent {
    let mut first = event;
    for _ in 0..by_id.len() {
        match first.amends.as_ref().and_then(|amends| by_id.get(&amends.event)) {
            Some(earlier) => first = earlier,
            None => break,
        }
    }
    first
}

impl History {
    /// What the record said at an earlier instant: later entries and corrections were not known (walk-through g).
    pub fn as_known_at(events: &[DosingEvent], at: Timestamp) -> Self {
        let known: Vec<_> = events.iter().filter(|event| event.act.recorded_at <= at).cloned().collect();
        effective(&known)
    }

    /// The entries in force, in order.
    pub fn events(&self) -> &[DosingEvent] {
        &self.0
    }

    /// When what was done, in order.
    pub(super) fn timeline(&self) -> Vec<(Timestamp, &Administration)> {
        self.0.iter().map(|event| (event.act.occurred_at, &event.what)).collect()
    }

    /// When drug first ran.
    pub fn first_started_at(&self) -> Option<Timestamp> {
        self.0.iter().find(|event| event.what.gives_drug()).map(|event| event.act.occurred_at)
    }

    /// When the pause began that lasts at this instant.
    pub fn paused_at(&self, at: Timestamp) -> Option<Timestamp> {
        if self.standing_at(at) != Standing::Paused {
            return None;
        }
        let paused = |event: &&DosingEvent| matches!(event.what, Administration::Pause | Administration::NebPause);
        let earlier = self.0.iter().filter(|event| event.act.occurred_at <= at);
        earlier.rev().find(paused).map(|event| event.act.occurred_at)
    }

    /// The rate last set at this instant, also while it is paused.
    pub fn rate_set_at(&self, at: Timestamp) -> Option<MicrolitresPerHour> {
        let rate = |event: &DosingEvent| match &event.what {
            Administration::Start(setting) | Administration::Resume(setting) => setting.rate,
            Administration::RateChange(rate) => Some(*rate),
            _ => None,
        };
        self.0.iter().rev().filter(|event| event.act.occurred_at <= at).find_map(rate)
    }

    /// When rate, concentration and volume were last read off the pump by two people (decisions.md 37).
    pub fn read_back_at(&self) -> Option<Timestamp> {
        let read_back = |event: &&DosingEvent| match &event.what {
            Administration::Start(setting) | Administration::Resume(setting) => {
                event.checked_by.is_some() && setting.is_complete()
            }
            _ => false,
        };
        self.0.iter().rev().find(read_back).map(|event| event.act.recorded_at)
    }

    /// When a nebulizer fill last ended, at this instant.
    pub fn fill_ended_at(&self, at: Timestamp) -> Option<Timestamp> {
        let ended =
            |event: &&DosingEvent| event.act.occurred_at <= at && matches!(event.what, Administration::NebEnd(_));
        self.0.iter().rev().find(ended).map(|event| event.act.occurred_at)
    }

    /// Whether a fill is in the nebulizer's cup: begun and not ended, paused or not.
    pub fn fill_open_at(&self, at: Timestamp) -> bool {
        let of_a_fill = |event: &&DosingEvent| {
            event.act.occurred_at <= at && matches!(event.what, Administration::NebStart | Administration::NebEnd(_))
        };
        self.0.iter().rev().find(of_a_fill).is_some_and(|event| matches!(event.what, Administration::NebStart))
    }

    /// When the drug was stopped for good, if it was.
    pub fn stopped_at(&self) -> Option<Timestamp> {
        if self.standing_at(Timestamp::MAX) != Standing::Stopped {
            return None;
        }
        let stop = |event: &&DosingEvent| matches!(event.what, Administration::Stop(_));
        self.0.iter().rev().find(stop).map(|event| event.act.occurred_at)
    }

    /// What the drug is doing at this instant; an entry counts from its own instant on.
    pub fn standing_at(&self, at: Timestamp) -> Standing {
        let mut rate = None;
        let mut standing = Standing::NotStarted;
        for event in self.0.iter().take_while(|event| event.act.occurred_at <= at) {
            standing = match &event.what {
                // What is left in the cup is also measured after the treatment was stopped: that begins nothing anew.
                Administration::RateChange(_) | Administration::Resume(_) | Administration::NebEnd(_)
                    if standing == Standing::Stopped =>
                {
                    standing
                }
                Administration::Start(pump) => {
                    rate = pump.rate;
                    Standing::Running(rate)
                }
                Administration::Resume(pump) => {
                    rate = pump.rate.or(rate);
                    Standing::Running(rate)
                }
                Administration::RateChange(new) => {
                    rate = Some(*new);
                    Standing::Running(rate)
                }
                Administration::Pause | Administration::NebPause => Standing::Paused,
                Administration::Stop(_) => Standing::Stopped,
                Administration::NebStart => Standing::Running(None),
                Administration::NebEnd(_) => Standing::BetweenFills,
                Administration::Bolus(..) | Administration::Rescue(_) => standing,
            };
        }
        standing
    }

    /// The pump's rate at this instant: none before the start and with a nebulizer, zero while paused or stopped.
    pub fn rate_at(&self, at: Timestamp) -> Option<MicrolitresPerHour> {
        match self.standing_at(at) {
            Standing::NotStarted | Standing::BetweenFills => None,
            Standing::Running(rate) => rate,
            Standing::Paused | Standing::Stopped => Some(MicrolitresPerHour::clamped(0)),
        }
    }

    /// When, at this instant, the rate was last raised above what it was; the start is the first rise.
    pub fn last_rise_at(&self, at: Timestamp) -> Option<Timestamp> {
        let mut rate = 0;
        let mut rose = None;
        for event in self.0.iter().take_while(|event| event.act.occurred_at <= at) {
            let new = match &event.what {
                Administration::Start(pump) | Administration::Resume(pump) => {
                    pump.rate.map_or(rate, MicrolitresPerHour::get)
                }
                Administration::RateChange(new) => new.get(),
                _ => continue,
            };
            if new > rate {
                rose = Some(event.act.occurred_at);
            }
            rate = new;
        }
        rose
    }
}
