//! One thing that happened to the drug, as a fact that is never changed.

use crate::domain::act::Act;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::record::Record;
use crate::domain::time::Timestamp;

words! {
    /// What was done with the drug.
    pub enum DosingKind {
        /// The pump began to run.
        Start = "start",
        /// The pump's rate was changed.
        RateChange = "rate_change",
        /// A bolus, in addition to the rate.
        Bolus = "bolus",
        /// The pump was paused.
        Pause = "pause",
        /// The pump runs again after a pause.
        Resume = "resume",
        /// The pump was stopped for good.
        Stop = "stop",
        /// The nebulizer began to run, or runs again after a pause.
        NebStart = "neb_start",
        /// The nebulizer was paused: the fill stays in the cup.
        NebPause = "neb_pause",
        /// The nebulizer was ended: what is left in the cup is the residual.
        NebEnd = "neb_end",
        /// Another drug was given against a side effect.
        RescueDrug = "rescue_drug",
    }

    /// How the prescriber's order for this act was given (decisions.md 22).
    pub enum OrderMode {
        /// Signed before the act.
        Signed = "signed",
        /// Part of a standing order.
        Standing = "standing",
        /// Spoken: countersigned within 24 hours, never in the way of giving.
        Verbal = "verbal",
    }

    /// What a rescue drug is for; discharge waits longer after some (decisions.md 16).
    pub enum RescueClass {
        /// Lowers blood pressure, for example labetalol.
        Antihypertensive = "antihypertensive",
        /// Sedates, for example midazolam.
        Sedative = "sedative",
        /// Against nausea, for example ondansetron.
        Antiemetic = "antiemetic",
        /// Against pain.
        Analgesic = "analgesic",
        /// Anything else.
        Other = "other",
    }

    /// The way a rescue drug was given.
    pub enum RescueRoute {
        /// Into a vein.
        Iv = "iv",
        /// Into a muscle.
        Im = "im",
        /// Under the skin.
        Sc = "sc",
        /// By mouth.
        Oral = "oral",
        /// Under the tongue.
        Sublingual = "sublingual",
        /// Breathed in.
        Inhaled = "inhaled",
    }
}

/// Over how many whole minutes a bolus runs; 0 is a push. Whoever is about to give one gives it within half an hour, for
/// longer is a rate; one that ran longer is kept as it was (decisions.md 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BolusOver(i64);

impl BolusOver {
    /// The most minutes of a bolus that is about to be given.
    pub const MOST: i64 = 30;
    /// The most minutes of one that was given: a day, in which nothing is a bolus any more.
    pub const LONGEST: i64 = 24 * 60;

    /// These minutes, when they are 0 to [`Self::LONGEST`].
    pub fn new(minutes: i64) -> Option<Self> {
        (0..=Self::LONGEST).contains(&minutes).then_some(Self(minutes))
    }

    /// Whether nobody would set out to give it so slowly.
    pub const fn is_too_slow(self) -> bool {
        self.0 > Self::MOST
    }

    /// The minutes.
    pub const fn minutes(self) -> i64 {
        self.0
    }
}

/// What was left in the nebulizer's cup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residual {
    /// Measured.
    Measured(Microlitres),
    /// Spilled, or thrown away unmeasured.
    Unknown,
}

/// Another drug than ketamine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueDrug {
    /// Its name.
    pub drug: String,
    /// What it is for.
    pub class: RescueClass,
    /// How much.
    pub dose: Micrograms,
    /// Which way.
    pub route: RescueRoute,
}

/// What the pump was read back to run: typed by the person at the chair, never pre-filled (decisions.md 37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PumpSetting {
    /// The rate.
    pub rate: Option<MicrolitresPerHour>,
    /// The concentration the pump was set to. What is in the syringe is the preparation's.
    pub concentration: Option<MicrogramsPerMillilitre>,
    /// Volume to be infused: the pump stops there.
    pub vtbi: Option<Microlitres>,
}

impl PumpSetting {
    /// Whether everything was read off the pump.
    pub const fn is_complete(&self) -> bool {
        self.rate.is_some() && self.concentration.is_some() && self.vtbi.is_some()
    }
}

/// What was done, with what it needs and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administration {
    /// The pump began to run.
    Start(PumpSetting),
    /// The pump runs at this rate from now on.
    RateChange(MicrolitresPerHour),
    /// A bolus of this mass.
    Bolus(Micrograms, BolusOver),
    /// The pump was paused: rate 0.
    Pause,
    /// The pump runs again; without a rate, at the one before the pause.
    Resume(PumpSetting),
    /// The pump was stopped; the volume is what its display said.
    Stop(Option<Microlitres>),
    /// The nebulizer began to run.
    NebStart,
    /// The nebulizer was paused.
    NebPause,
    /// The nebulizer was ended.
    NebEnd(Residual),
    /// Another drug was given.
    Rescue(RescueDrug),
}

impl Administration {
    /// Whether ketamine enters by it, or begins to.
    pub const fn gives_drug(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Bolus(..) | Self::NebStart)
    }

    /// The word for it.
    pub const fn kind(&self) -> DosingKind {
        match self {
            Self::Start(_) => DosingKind::Start,
            Self::RateChange(_) => DosingKind::RateChange,
            Self::Bolus(..) => DosingKind::Bolus,
            Self::Pause => DosingKind::Pause,
            Self::Resume(_) => DosingKind::Resume,
            Self::Stop(_) => DosingKind::Stop,
            Self::NebStart => DosingKind::NebStart,
            Self::NebPause => DosingKind::NebPause,
            Self::NebEnd(_) => DosingKind::NebEnd,
            Self::Rescue(_) => DosingKind::RescueDrug,
        }
    }
}

/// Who ordered an act, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderedBy {
    /// The prescriber.
    pub by: StaffId,
    /// How.
    pub mode: OrderMode,
    /// When.
    pub at: Timestamp,
}

/// That an entry corrects another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amends {
    /// The entry it takes the place of.
    pub event: DosingEventId,
    /// Whether that entry should never have been: nothing takes its place.
    pub entered_in_error: bool,
    /// Why.
    pub reason: String,
}

/// One entry of the drug record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DosingEvent {
    /// Which.
    pub id: DosingEventId,
    /// Of which session.
    pub session: SessionId,
    /// Of which patient.
    pub patient: PatientId,
    /// What was done.
    pub what: Administration,
    /// By whom, when, on what footing.
    pub act: Act,
    /// The second person who checked it, where one did.
    pub checked_by: Option<StaffId>,
    /// The order behind it, when it is not the session's own.
    pub order: Option<OrderedBy>,
    /// Why it was done, in words.
    pub reason: Option<String>,
    /// Ids of the rules that were not met when it happened; a prescriber looks at them.
    pub unmet: Vec<String>,
    /// What it corrects.
    pub amends: Option<Amends>,
    /// The entry of another session it was moved from.
    pub moved_from: Option<DosingEventId>,
}

impl DosingEvent {
    /// Where it stands among the entries of its session: as it happened, then as it was recorded. Two entries of one
    /// millisecond in both have no order but that of the drug: it starts before it stops.
    pub fn place(&self) -> (Timestamp, Timestamp, u8, DosingEventId) {
        let rank = match self.what {
            Administration::Start(_) | Administration::NebStart => 0,
            Administration::Stop(_) => 2,
            _ => 1,
        };
        (self.act.occurred_at, self.act.recorded_at, rank, self.id)
    }

    /// What the trail says of it.
    pub fn recorded(&self) -> Event {
        let kind = if self.amends.is_some() { EventKind::DosingAmended } else { EventKind::DosingRecorded };
        let event = Event::of_patient(kind, self.patient, Subject::new("dosing_event", self.id, 1), self.record());
        match self.amends.as_ref().map(|amends| &amends.reason).or(self.reason.as_ref()) {
            Some(reason) => event.because(reason),
            None => event,
        }
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        let record = Record::new("dosing_event", 1)
            .with("id", self.id)
            .with("session_id", self.session)
            .with("patient_id", self.patient)
            .with("what", self.what.kind().as_str())
            .with("act", self.act.record())
            .with("checked_by", self.checked_by)
            .with("ordered_by", self.order.map(|order| order.by))
            .word("order_mode", self.order.map(|order| order.mode.as_str()))
            .with("ordered_at", self.order.map(|order| order.at))
            .with("reason", self.reason.clone())
            .with("unmet", self.unmet.clone())
            .with("amends_id", self.amends.as_ref().map(|amends| amends.event))
            .with("entered_in_error", self.amends.as_ref().is_some_and(|amends| amends.entered_in_error))
            .with("amend_reason", self.amends.as_ref().map(|amends| amends.reason.clone()))
            .with("moved_from_id", self.moved_from);
        self.what.write(record)
    }
}

impl Administration {
    /// Adds what the act carries, each amount in its small unit.
    fn write(&self, record: Record) -> Record {
        match self {
            Self::Start(pump) | Self::Resume(pump) => record
                .amount("rate_ul_per_h", pump.rate)
                .amount("pump_concentration_ug_per_ml", pump.concentration)
                .amount("vtbi_ul", pump.vtbi),
            Self::RateChange(rate) => record.amount("rate_ul_per_h", Some(*rate)),
            Self::Bolus(dose, over) => record.amount("bolus_ug", Some(*dose)).with("bolus_over_min", over.minutes()),
            Self::Stop(volume) => record.amount("pump_volume_ul", *volume),
            Self::NebEnd(Residual::Measured(volume)) => record.amount("residual_ul", Some(*volume)),
            Self::NebEnd(Residual::Unknown) => record.with("residual_unknown", true),
            Self::Rescue(rescue) => record
                .with("drug", &rescue.drug)
                .with("drug_class", rescue.class.as_str())
                .amount("drug_dose_ug", Some(rescue.dose))
                .with("drug_route", rescue.route.as_str()),
            Self::Pause | Self::NebStart | Self::NebPause => record,
        }
    }
}
