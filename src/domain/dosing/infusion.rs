//! The drug of one visit as a whole: what was done, what was drawn up, what was ordered.

use super::delivered::{Delivered, Supply, delivered};
use super::event::{Administration, DosingEvent};
use super::history::{History, effective};
use crate::domain::order::{Order, OrderForm};
use crate::domain::preparation::Preparation;
use crate::domain::quantity::{Amount as _, Micrograms, MicrolitresPerHour};
use crate::domain::route::Route;
use crate::domain::session::Session;
use crate::domain::settlement::Books;
use crate::domain::time::Timestamp;

/// Everything known about the drug of one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Infusion {
    /// The visit.
    pub session: Session,
    /// Every entry, corrected ones too.
    pub events: Vec<DosingEvent>,
    /// The entries in force.
    pub history: History,
    /// What was drawn up.
    pub supply: Option<Supply>,
    /// Drug in all preparations in force together.
    pub drawn: Micrograms,
    /// What was ordered; absent where drug was started outside the system.
    pub order: Option<OrderForm>,
    /// When a preparation was last corrected.
    pub corrected_at: Option<Timestamp>,
}

/// What was given, when nobody has said yet when the pump stood still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// By the record up to the instant: the most that can have been given.
    pub most: Delivered,
    /// Up to the stop on the record: the least, while the pump is unconfirmed.
    pub least: Option<Delivered>,
}

impl Infusion {
    /// Puts together what is known.
    pub fn of(session: Session, events: Vec<DosingEvent>, preparations: &[Preparation], order: Option<Order>) -> Self {
        let drawn: i64 = Preparation::in_force(preparations).map(|preparation| preparation.form.drawn.get()).sum();
        let corrections = preparations.iter().filter(|preparation| preparation.amends.is_some());
        Self {
            history: effective(&events),
            supply: Supply::of(preparations),
            drawn: Micrograms::clamped(drawn),
            order: order.map(|order| order.form),
            corrected_at: corrections.map(|preparation| preparation.recorded_at).max(),
            session,
            events,
        }
    }

    /// What the record said at an earlier instant.
    #[must_use]
    pub fn as_known_at(mut self, at: Timestamp) -> Self {
        self.history = History::as_known_at(&self.events, at);
        self
    }

    /// What was given up to `until`. While a stop waits for its confirmation at the pump the dose lies between what
    /// had been given when it was asked for and what a pump that ran on has given since (decisions.md 7).
    pub fn given(&self, until: Timestamp) -> Estimate {
        let session = &self.session;
        let asked_at = session.pump.stop_required_at.filter(|asked| *asked < until && session.pump_unconfirmed());
        Estimate {
            most: delivered(&self.history, self.supply.as_ref(), until),
            least: asked_at.map(|asked| delivered(&self.history, self.supply.as_ref(), asked)),
        }
    }

    /// The rate that runs, as far as the record knows: none before the start and with a nebulizer.
    pub fn rate_at(&self, at: Timestamp) -> Option<MicrolitresPerHour> {
        self.history.rate_at(at)
    }

    /// When the drug ends as ordered, later by the time it was paused; none where nothing was ordered or started.
    pub fn planned_end(&self, now: Timestamp) -> Option<Timestamp> {
        planned_end(self.order.as_ref()?, &self.history, self.session.route, now)
    }

    /// Whether the preparation was corrected after rate, concentration and volume were last read off the pump.
    pub fn read_back_due(&self) -> bool {
        let last = self.history.read_back_at().or(self.history.first_started_at());
        self.corrected_at.is_some_and(|corrected| last.is_some_and(|last| last < corrected))
    }

    /// The books of the drug as the record has them; nothing when nothing was drawn up.
    pub fn books(&self, now: Timestamp) -> Option<Books> {
        let supply = self.supply?;
        let given = delivered(&self.history, Some(&supply), now);
        let charted = given.nebulized.map_or(given.iv, |nebulized| nebulized.most);
        Some(Books { prepared: self.drawn, charted: charted.micrograms(), concentration: Some(supply.concentration) })
    }

    /// What has been given by `now` against a ceiling, rounded up.
    pub fn against_ceiling(&self, now: Timestamp) -> Micrograms {
        delivered(&self.history, self.supply.as_ref(), now).against_ceiling()
    }
}

/// When the drug ends as ordered, later by the time it was paused; none where nothing was started.
pub fn planned_end(order: &OrderForm, history: &History, route: Route, now: Timestamp) -> Option<Timestamp> {
    let started = history.first_started_at()?;
    let so_far = delivered(history, None, now);
    let paused = if route == Route::Iv { so_far.elapsed_ms - so_far.infusing_ms } else { 0 };
    Some(started.plus_minutes(order.duration_minutes).plus_millis(paused))
}

impl History {
    /// Each time drug began to flow: the start of an infusion, each nebulizer fill.
    pub fn drug_starts(&self) -> Vec<Timestamp> {
        let begins = |event: &&DosingEvent| matches!(event.what, Administration::Start(_) | Administration::NebStart);
        self.events().iter().filter(begins).map(|event| event.act.occurred_at).collect()
    }

    /// What asks for the close rhythm of checks: boluses, rises, resumes and rescue drugs (decisions.md 15).
    pub fn close_watch_triggers(&self) -> Vec<Timestamp> {
        let mut rate: Option<MicrolitresPerHour> = None;
        let mut triggers = Vec::new();
        for event in self.events() {
            let triggers_now = match &event.what {
                Administration::Bolus(..) | Administration::Resume(_) | Administration::Rescue(_) => true,
                Administration::RateChange(new) => rate.is_some_and(|rate| *new > rate),
                _ => false,
            };
            if triggers_now {
                triggers.push(event.act.occurred_at);
            }
            match &event.what {
                Administration::Start(setting) | Administration::Resume(setting) => rate = setting.rate.or(rate),
                Administration::RateChange(new) => rate = Some(*new),
                _ => {}
            }
        }
        triggers
    }
}
