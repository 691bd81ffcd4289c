//! The prescriber's order for one visit. Releasing a session is ordering it (decisions.md 21): dose, the weight it is
//! counted by, concentration, rate, how far a nurse may titrate, the rescue drugs, and the holds that are set aside.
//!
//! Orders are never edited: a new one takes the place of the old, numbered, and the newest is in force.

mod limits;
mod sign;
#[cfg(test)]
pub mod tests;

pub use limits::{LimitedMeasure, MeasureLimit, SessionLimits};
pub use sign::OrderFacts;

use super::dosing::convert::{DevineBase, DosingWeight};
use super::id::{OrderId, PrecheckId, ProtocolId, StaffId};
use super::patient::Sex;
use super::precheck::PrecheckForm;
use super::quantity::{
    Amount as _, Grams, Micrograms, MicrogramsPerKilogram, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour,
};
use super::record::{Canonical, Record};
use super::task::TaskCause;
use super::time::Timestamp;
use super::treatment_plan::WeightBasis;
use super::visit::Visit;
use super::waiver::Waivable;

words! {
    /// A hold that a prescriber may set aside for one visit, with a reason (decisions.md 14, 24).
    pub enum HoldRule {
        /// Blood pressure.
        BloodPressure = "blood_pressure",
        /// Heart rate.
        HeartRate = "heart_rate",
        /// Oxygen saturation.
        OxygenSaturation = "spo2",
        /// Breaths a minute.
        RespiratoryRate = "respiratory_rate",
        /// Food or drink too late, or not known.
        Fasting = "fasting",
        /// A new heart, brain, vessel or eye event.
        NewHeartBrainEyeEvent = "new_heart_brain_eye_event",
        /// A new symptom today.
        NewSymptoms = "new_symptoms",
        /// A new or changed medicine.
        NewMedicines = "new_medicines",
        /// An unwanted effect since the last visit.
        AdverseEventSinceLast = "adverse_event_since_last",
        /// Alcohol or other drugs.
        AlcoholOrDrugs24h = "alcohol_or_drugs_24h",
        /// Thoughts of suicide or self-harm.
        SuicidalThoughts = "suicidal_thoughts",
        /// Asthma or another airway disease, before nebulizing.
        AsthmaOrAirwayDisease = "asthma_or_airway_disease",
    }
}

impl HoldRule {
    /// Whether it is about a reading, so that its release needs alarm lines for the visit.
    pub fn is_vital(self) -> bool {
        matches!(self, Self::BloodPressure | Self::HeartRate | Self::OxygenSaturation | Self::RespiratoryRate)
    }
}

/// One hold set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRelease {
    /// Which.
    pub rule: HoldRule,
    /// Why.
    pub reason: String,
}

/// How far a nurse may change the rate without a new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Titration {
    /// The most one step may add.
    pub step: MicrolitresPerHour,
    /// Minutes between two steps.
    pub min_gap_minutes: i64,
    /// The fastest the pump may be set to.
    pub ceiling: MicrolitresPerHour,
}

/// The part of an order that the route decides (decisions.md 18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderShape {
    /// By pump into a vein.
    Iv {
        /// What the syringe or bag has to hold.
        concentration: MicrogramsPerMillilitre,
        /// What the pump is first set to.
        rate: MicrolitresPerHour,
        /// How far a nurse may go; absent means not at all.
        titration: Option<Titration>,
    },
    /// By breath-actuated nebulizer.
    Nebulized {
        /// Drug in one fill. The nominal dose is not the absorbed dose.
        nominal: Micrograms,
        /// Volume of one fill.
        fill: Microlitres,
        /// Volume of drug in it, before it is made up.
        drug_volume: Microlitres,
        /// The nebulizer.
        device: String,
        /// Further fills allowed in this visit.
        max_repeats: i64,
        /// Minutes from the end of one fill to the next.
        min_gap_minutes: i64,
    },
}

/// A drug that may be given without asking again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueOrder {
    /// Drug.
    pub drug: String,
    /// Dose with its unit, and way, as ordered: `5 mg iv`.
    pub dose: String,
    /// When to give it.
    pub when: String,
}

/// What the prescriber writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderForm {
    /// Dose for each kilogram.
    pub dose: MicrogramsPerKilogram,
    /// By which weight.
    pub weight_basis: WeightBasis,
    /// That weight.
    pub weight: Grams,
    /// Planned minutes: of the infusion, or of the nebulized visit.
    pub duration_minutes: i64,
    /// The most in this visit, titration and repeats included.
    pub max_total: Micrograms,
    /// What the route decides.
    pub shape: OrderShape,
    /// Rescue drugs.
    pub rescue_orders: Vec<RescueOrder>,
    /// Alarm lines of this visit.
    pub session_limits: Option<SessionLimits>,
    /// Holds set aside.
    pub holds_released: Vec<HoldRelease>,
    /// Why limits of the protocol are exceeded.
    pub override_reason: Option<String>,
}

/// A signed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Which visit.
    pub visit: Visit,
    /// 1 for the first order of the session, then one more each time.
    pub number: i64,
    /// The protocol version it was checked against.
    pub protocol: ProtocolId,
    /// The pre-check the prescriber had before her.
    pub precheck: PrecheckId,
    /// What was written.
    pub form: OrderForm,
    /// The rules of the protocol that were set aside.
    pub overridden: Vec<String>,
    /// Who signed.
    pub signed_by: StaffId,
    /// Who signed with her, where limits were set aside.
    pub seconded_by: Option<StaffId>,
    /// When.
    pub signed_at: Timestamp,
}

/// A patient's weight by a basis; none when it cannot be known: not weighed, no height, too short, sex unknown.
pub fn weight_by(basis: WeightBasis, sex: Sex, form: &PrecheckForm) -> Option<Grams> {
    let actual = form.weight?;
    let base = match sex {
        Sex::Female => Some(DevineBase::Female),
        Sex::Male => Some(DevineBase::Male),
        Sex::Other | Sex::Unknown => None,
    };
    match basis {
        WeightBasis::Actual => Some(actual),
        WeightBasis::Ideal => DosingWeight::ideal(base?, form.height?).ok().map(DosingWeight::grams),
        WeightBasis::Adjusted => DosingWeight::adjusted(base?, form.height?, actual).ok().map(DosingWeight::grams),
    }
}

impl OrderForm {
    /// The dose in drug: mg/kg by the weight of the order.
    pub fn dose_mass(&self) -> Micrograms {
        self.dose.for_weight(self.weight)
    }

    /// What the syringe, bag or cup has to hold, as its label must say.
    pub fn concentration(&self) -> MicrogramsPerMillilitre {
        match &self.shape {
            OrderShape::Iv { concentration, .. } => *concentration,
            OrderShape::Nebulized { nominal, fill, .. } => {
                let volume = i128::from(fill.get().max(1));
                let exact = (i128::from(nominal.get()) * 1000 + volume / 2) / volume;
                MicrogramsPerMillilitre::clamped(i64::try_from(exact).unwrap_or(i64::MAX))
            }
        }
    }

    /// Whether this hold is set aside.
    pub fn releases(&self, rule: HoldRule) -> bool {
        self.holds_released.iter().any(|released| released.rule == rule)
    }
}

impl Order {
    /// The review that an order above the protocol leaves behind when nobody witnessed it (decisions.md part 2).
    pub fn review(&self) -> Option<TaskCause> {
        let alone = !self.overridden.is_empty() && self.seconded_by.is_none();
        let cause = alone.then(|| Waivable::Order.used(self.id, self.signed_by, self.signed_at))?;
        Some(TaskCause { session: Some(self.visit.session), patient: Some(self.visit.patient), ..cause })
    }

    /// The canonical form.
    pub fn record(&self) -> Record {
        let form = &self.form;
        let rescue = form.rescue_orders.iter().map(|order| {
            let group = Record::group().with("drug", &order.drug).with("dose", &order.dose);
            Canonical::from(group.with("when", &order.when))
        });
        let holds = form.holds_released.iter().map(|released| {
            Canonical::from(Record::group().with("rule", released.rule.as_str()).with("reason", &released.reason))
        });
        Record::new("order", 1)
            .with("id", self.id)
            .with("session_id", self.visit.session)
            .with("patient_id", self.visit.patient)
            .with("number", self.number)
            .with("protocol_id", self.protocol)
            .with("precheck_id", self.precheck)
            .amount("dose_ug_per_kg", Some(form.dose))
            .with("weight_basis", form.weight_basis.as_str())
            .amount("weight_g", Some(form.weight))
            .with("duration_minutes", form.duration_minutes)
            .amount("max_total_ug", Some(form.max_total))
            .with("shape", form.shape.record())
            .with("rescue_orders", Canonical::List(rescue.collect()))
            .with("session_limits", form.session_limits.as_ref().map(SessionLimits::record))
            .with("holds_released", Canonical::List(holds.collect()))
            .with("override_reason", form.override_reason.clone())
            .with("overridden", self.overridden.clone())
            .with("signed_by", self.signed_by)
            .with("seconded_by", self.seconded_by)
            .with("signed_at", self.signed_at)
    }
}

impl OrderShape {
    fn record(&self) -> Record {
        match self {
            Self::Iv { concentration, rate, titration } => Record::group()
                .amount("concentration_ug_per_ml", Some(*concentration))
                .amount("rate_ul_per_h", Some(*rate))
                .amount("titration_step_ul_per_h", titration.map(|titration| titration.step))
                .with("titration_min_gap_minutes", titration.map(|titration| titration.min_gap_minutes))
                .amount("titration_ceiling_ul_per_h", titration.map(|titration| titration.ceiling)),
            Self::Nebulized { nominal, fill, drug_volume, device, max_repeats, min_gap_minutes } => Record::group()
                .amount("nominal_ug", Some(*nominal))
                .amount("fill_ul", Some(*fill))
                .amount("drug_ul", Some(*drug_volume))
                .with("device", device)
                .with("max_repeats", *max_repeats)
                .with("min_gap_minutes", *min_gap_minutes),
        }
    }
}
