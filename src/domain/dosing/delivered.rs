//! What was given: folded from the record, exact, capped by what was there.

use super::event::{Administration, PumpSetting, Residual};
use super::exact::ExactDose;
use super::history::History;
use crate::domain::preparation::Preparation;
use crate::domain::quantity::{Amount as _, Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::route::Route;
use crate::domain::time::Timestamp;

/// What was drawn up for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supply {
    /// Drug in it; for a nebulizer, in each fill.
    pub prepared: Micrograms,
    /// The final volume as measured; for a nebulizer, of each fill.
    pub volume: Microlitres,
    /// What the label says a millilitre holds.
    pub concentration: MicrogramsPerMillilitre,
    /// How many of them two people looked at; for a nebulizer, the fills that may be begun.
    pub checked: i64,
}

impl Supply {
    /// What the preparations in force amount to. Further syringes of an infusion add up, and the newest label is
    /// believed; each nebulizer fill is counted by itself.
    pub fn of(preparations: &[Preparation]) -> Option<Self> {
        let in_force: Vec<_> = Preparation::in_force(preparations).collect();
        let newest = in_force.iter().max_by_key(|preparation| (preparation.recorded_at, preparation.id))?;
        let drawn: i64 = in_force.iter().map(|preparation| preparation.form.drawn.get()).sum();
        let neb = newest.visit.route == Route::Nebulized;
        Some(Self {
            prepared: if neb { newest.form.drawn } else { Micrograms::clamped(drawn) },
            volume: newest.form.final_volume,
            concentration: newest.form.concentration,
            checked: in_force.iter().map(|preparation| i64::from(preparation.checked_by.is_some())).sum(),
        })
    }
}

/// A stretch of time in which nothing about the pump changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// From this instant.
    pub from: Timestamp,
    /// Up to, not including, this one.
    pub to: Timestamp,
    /// The rate in force, zero while paused.
    pub rate: MicrolitresPerHour,
    /// The concentration the sum was made with.
    pub concentration: Option<MicrogramsPerMillilitre>,
    /// What was given in it, boluses included.
    pub dose: ExactDose,
}

/// What a nebulizer gave: nominal, for what is breathed out and what is absorbed nobody measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nebulized {
    /// Fills begun.
    pub fills: i64,
    /// Certainly nebulized: ended fills less their residual.
    pub least: ExactDose,
    /// At most nebulized: a running fill and an unknown residual count as the whole fill.
    pub most: ExactDose,
    /// How long it ran, in ms.
    pub running_ms: i64,
}

/// What was given up to an instant.
///
/// Intravenous and nebulized milligrams are kept apart: they are not the same exposure (clinical.md 3.3 h).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The instant.
    pub until: Timestamp,
    /// Intravenously.
    pub iv: ExactDose,
    /// By nebulizer, when one ran.
    pub nebulized: Option<Nebulized>,
    /// Stretch by stretch.
    pub segments: Vec<Segment>,
    /// Time in which drug ran, in ms.
    pub infusing_ms: i64,
    /// Time since drug first ran, up to the stop, in ms.
    pub elapsed_ms: i64,
    /// Whether the record says more than was prepared, or than the pump was told to give: the rest is not counted.
    pub capped: bool,
    /// Whether the pump was ever set to another concentration than was prepared.
    pub concentration_differs: bool,
    /// The dose by the pump's own volume at the stop, when it was read (clinical.md 3.3 f).
    pub by_pump: Option<ExactDose>,
}

/// Folds the record up to `until`.
///
/// A rate is in force from its entry up to the next one; a pause, a stop and a rate of zero give nothing, and a rate
/// charted after the stop neither. The drug
/// in the syringe decides, not what the pump was told is in it; only where no preparation was recorded the pump's
/// word is all there is. The total never exceeds what was prepared, nor what the pump was told to give in all
/// (clinical.md 3.3 d, decisions.md 37).
pub fn delivered(history: &History, supply: Option<&Supply>, until: Timestamp) -> Delivered {
    fold(&history.timeline(), supply, until)
}

/// What would be given up to `until` if this were done as well: what a guard compares with a ceiling.
pub fn delivered_with(
    history: &History,
    (at, what): (Timestamp, &Administration),
    supply: Option<&Supply>,
    until: Timestamp,
) -> Delivered {
    let mut timeline = history.timeline();
    timeline.push((at, what));
    timeline.sort_by_key(|(at, _)| *at);
    fold(&timeline, supply, until)
}

fn fold(timeline: &[(Timestamp, &Administration)], supply: Option<&Supply>, until: Timestamp) -> Delivered {
    let mut pump = Pump::new(supply);
    let mut cup = Cup::default();
    let (mut began, mut stopped_at) = (None, None);
    for (at, what) in timeline.iter().take_while(|(at, _)| *at <= until) {
        pump.run_to(*at);
        cup.run_to(*at);
        pump.apply(what, *at);
        cup.apply(what, *at);
        began = began.or(what.gives_drug().then_some(*at));
        match what {
            Administration::Stop(_) => stopped_at = Some(*at),
            Administration::Rescue(_) | Administration::NebEnd(_) => {}
            _ => stopped_at = None,
        }
    }
    pump.run_to(until);
    cup.run_to(until);
    let ended = stopped_at.unwrap_or(until);
    Delivered {
        until,
        iv: ExactDose::iv(pump.total),
        nebulized: cup.total(supply),
        segments: pump.segments,
        infusing_ms: pump.infusing_ms,
        elapsed_ms: began.map_or(0, |at| ended.since(at).max(0)),
        capped: pump.capped,
        concentration_differs: pump.concentration_differs,
        by_pump: pump.by_pump,
    }
}

impl Delivered {
    /// What counts against a ceiling: the exact dose, rounded up to a microgram. Of a nebulizer, the most it can
    /// have been. A session has one route, so nothing is added up across routes.
    pub fn against_ceiling(&self) -> Micrograms {
        self.nebulized.map_or(self.iv, |nebulized| nebulized.most).micrograms_up()
    }
}

/// A bolus that is still running.
struct Running {
    /// When it is through.
    ends: Timestamp,
    /// Parts of a microgram it gives each millisecond.
    per_ms: i128,
}

/// The pump, while the record is read.
struct Pump<'a> {
    supply: Option<&'a Supply>,
    now: Option<Timestamp>,
    /// Stopped for good: only a new start makes it run again, whatever rate is charted.
    stopped: bool,
    rate: MicrolitresPerHour,
    before_pause: MicrolitresPerHour,
    concentration: Option<MicrogramsPerMillilitre>,
    boluses: Vec<Running>,
    /// Parts given so far.
    total: i128,
    /// Parts after which nothing more can come.
    ceiling: Option<i128>,
    /// A push that belongs to the segment which begins at its instant.
    pushed: i128,
    segments: Vec<Segment>,
    infusing_ms: i64,
    capped: bool,
    concentration_differs: bool,
    by_pump: Option<ExactDose>,
}

impl<'a> Pump<'a> {
    fn new(supply: Option<&'a Supply>) -> Self {
        let none = MicrolitresPerHour::clamped(0);
        Self {
            supply,
            now: None,
            stopped: false,
            rate: none,
            before_pause: none,
            concentration: supply.map(|supply| supply.concentration),
            boluses: Vec::new(),
            total: 0,
            ceiling: supply.map(|supply| ExactDose::of(supply.prepared).parts()),
            pushed: 0,
            segments: Vec::new(),
            infusing_ms: 0,
            capped: false,
            concentration_differs: false,
            by_pump: None,
        }
    }

    /// Lets the pump run, in stretches that end where a bolus ends.
    fn run_to(&mut self, at: Timestamp) {
        while let Some(from) = self.now.filter(|from| *from < at) {
            let to = self.boluses.iter().map(|bolus| bolus.ends).min().map_or(at, |ends| ends.min(at));
            self.stretch(from, to);
            self.boluses.retain(|bolus| bolus.ends > to);
            self.now = Some(to);
        }
        if self.pushed > 0 && self.now == Some(at) {
            self.stretch(at, at);
        }
    }

    fn stretch(&mut self, from: Timestamp, to: Timestamp) {
        let ms = to.since(from);
        let concentration = self.concentration.map_or(0, MicrogramsPerMillilitre::get);
        let pump = i128::from(concentration) * i128::from(self.rate.get()) * ExactDose::PUMP_UNIT;
        let bolus: i128 = self.boluses.iter().map(|bolus| bolus.per_ms).sum();
        let asked = (pump + bolus) * i128::from(ms) + std::mem::take(&mut self.pushed);
        let room = self.ceiling.map_or(asked, |ceiling| (ceiling - self.total).max(0));
        let given = asked.min(room);
        self.capped |= asked > room;
        self.total += given;
        if self.rate.get() > 0 || !self.boluses.is_empty() {
            self.infusing_ms = self.infusing_ms.saturating_add(ms);
        }
        let (rate, concentration) = (self.rate, self.concentration);
        self.segments.push(Segment { from, to, rate, concentration, dose: ExactDose::iv(given) });
    }

    fn apply(&mut self, what: &Administration, at: Timestamp) {
        match what {
            Administration::RateChange(_) | Administration::Resume(_) if self.stopped => {}
            Administration::Start(setting) => {
                self.stopped = false;
                self.read_back(*setting);
                self.rate = setting.rate.unwrap_or(MicrolitresPerHour::clamped(0));
            }
            Administration::RateChange(rate) => self.rate = *rate,
            Administration::Bolus(dose, over) => self.give(*dose, over.minutes(), at),
            Administration::Pause => self.halt(),
            Administration::Resume(setting) => {
                self.read_back(*setting);
                self.rate = setting.rate.unwrap_or(if self.rate.get() > 0 { self.rate } else { self.before_pause });
            }
            Administration::Stop(volume) => {
                self.stopped = true;
                self.halt();
                self.by_pump = volume.and_then(|volume| self.pumped(volume)).map(ExactDose::iv);
            }
            Administration::NebStart
            | Administration::NebPause
            | Administration::NebEnd(_)
            | Administration::Rescue(_) => return,
        }
        self.now = Some(at);
    }

    fn halt(&mut self) {
        if self.rate.get() > 0 {
            self.before_pause = self.rate;
        }
        self.rate = MicrolitresPerHour::clamped(0);
        self.boluses.clear();
    }

    fn give(&mut self, dose: Micrograms, minutes: i64, at: Timestamp) {
        let parts = ExactDose::of(dose).parts();
        if minutes == 0 {
            self.pushed += parts;
        } else {
            let ms = i128::from(minutes) * 60_000;
            // Up to half an hour it divides without a rest; of a slower one the rest, less than a part each ms, is given
            // first, so that the whole is exact.
            self.pushed += parts % ms;
            self.boluses.push(Running { ends: at.plus_minutes(minutes), per_ms: parts / ms });
        }
    }

    /// Takes what the pump was set to: its concentration where nothing was prepared, and how much it may still give.
    fn read_back(&mut self, setting: PumpSetting) {
        match self.supply {
            Some(supply) => {
                self.concentration_differs |= setting.concentration.is_some_and(|set| set != supply.concentration);
            }
            None => self.concentration = setting.concentration.or(self.concentration),
        }
        let allowed = setting.vtbi.and_then(|volume| self.pumped(volume)).map(|parts| self.total + parts);
        let prepared = self.supply.map(|supply| ExactDose::of(supply.prepared).parts());
        if let Some(allowed) = allowed {
            self.ceiling = Some(prepared.map_or(allowed, |prepared| prepared.min(allowed)));
        }
    }

    /// The parts a volume of the running concentration holds: 1 µL of 1 µg/mL is a thousandth of a microgram.
    fn pumped(&self, volume: Microlitres) -> Option<i128> {
        let concentration = i128::from(self.concentration?.get());
        Some(i128::from(volume.get()) * concentration * (ExactDose::IV_PARTS / 1000))
    }
}

/// The nebulizer, while the record is read.
#[derive(Default)]
struct Cup {
    fills: i64,
    /// A fill is in the cup.
    filled: bool,
    running_since: Option<Timestamp>,
    running_ms: i64,
    /// Residuals of the ended fills that were measured, in µL.
    residuals: Vec<Microlitres>,
}

impl Cup {
    fn run_to(&mut self, at: Timestamp) {
        if let Some(since) = self.running_since.replace(at) {
            self.running_ms = self.running_ms.saturating_add(at.since(since).max(0));
        } else {
            self.running_since = None;
        }
    }

    fn apply(&mut self, what: &Administration, at: Timestamp) {
        match what {
            Administration::NebStart => {
                self.fills += i64::from(!self.filled);
                self.filled = true;
                self.running_since = Some(at);
            }
            Administration::NebPause | Administration::Stop(_) | Administration::Pause => self.running_since = None,
            Administration::NebEnd(residual) => {
                self.running_since = None;
                if let (true, Residual::Measured(volume)) = (self.filled, residual) {
                    self.residuals.push(*volume);
                }
                self.filled = false;
            }
            _ => {}
        }
    }

    fn total(&self, supply: Option<&Supply>) -> Option<Nebulized> {
        if self.fills == 0 {
            return None;
        }
        let fill = i128::from(supply.map_or(0, |supply| supply.prepared.get()));
        let volume = i128::from(supply.map_or(1, |supply| supply.volume.get()).max(1));
        // `fill × used / volume` for each fill, over the one denominator `volume`.
        let used = |residual: &Microlitres| (volume - i128::from(residual.get())).max(0) * fill;
        let ended: i128 = self.residuals.iter().map(used).sum();
        let measured = i64::try_from(self.residuals.len()).unwrap_or(i64::MAX);
        let unmeasured = i128::from((self.fills - measured).max(0)) * fill * volume;
        Some(Nebulized {
            fills: self.fills,
            least: ExactDose::ratio(ended, volume),
            most: ExactDose::ratio(ended + unmeasured, volume),
            running_ms: self.running_ms,
        })
    }
}
