//! The bodies and views of an order.

use crate::domain::id::{OrderId, PatientId, PrecheckId, ProtocolId, SessionId, StaffId};
use crate::domain::order::{
    HoldRelease, HoldRule, LimitedMeasure, MeasureLimit, Order, OrderForm, OrderShape, RescueOrder, SessionLimits,
    Titration,
};
use crate::domain::quantity::{
    Grams, Micrograms, MicrogramsPerKilogram, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour,
};
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::domain::time::Timestamp;
use crate::domain::treatment_plan::WeightBasis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a nurse may raise the rate without a new order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Titration)]
pub struct TitrationBody {
    /// The most one step may add.
    step_ml_per_h: MicrolitresPerHour,
    /// Minutes between two steps.
    #[schema(minimum = 1, maximum = 120)]
    min_gap_min: i64,
    /// The fastest the pump may be set to.
    ceiling_ml_per_h: MicrolitresPerHour,
}

/// What only a nebulized order has.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NebulizedOrder)]
pub struct NebulizedBody {
    /// Drug in one fill; nominal, not absorbed.
    nominal_mg: Micrograms,
    /// Volume of one fill.
    fill_ml: Microlitres,
    /// Volume of drug in it.
    drug_ml: Microlitres,
    /// The nebulizer.
    #[schema(max_length = 100)]
    device: String,
    /// Further fills allowed in this visit.
    #[schema(minimum = 0, maximum = 4)]
    max_repeats: i64,
    /// Minutes from the end of one fill to the next.
    #[schema(minimum = 1, maximum = 240)]
    min_gap_min: i64,
}

/// A drug that may be given without asking again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RescueOrder)]
pub struct RescueOrderBody {
    /// Drug.
    #[schema(max_length = 200)]
    drug: String,
    /// Dose with its unit, and way.
    #[schema(max_length = 200, example = "5 mg iv")]
    dose: String,
    /// When to give it.
    #[schema(max_length = 200)]
    when: String,
}

/// The alarm lines of one measure for this visit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MeasureLimit)]
pub struct MeasureLimitBody {
    /// Which measure.
    measure: LimitedMeasure,
    /// Act from here on.
    #[schema(minimum = 0, maximum = 300)]
    act: i64,
    /// Pause from here on.
    #[schema(minimum = 0, maximum = 300)]
    pause: i64,
}

/// Alarm lines of this visit; the stop line is never moved.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SessionLimits)]
pub struct SessionLimitsBody {
    /// Each measure at most once.
    #[schema(min_items = 1, max_items = 4)]
    measures: Vec<MeasureLimitBody>,
    /// Why.
    #[schema(max_length = 1000)]
    reason: String,
}

/// A hold set aside.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoldRelease)]
pub struct HoldReleaseBody {
    /// Which.
    rule: HoldRule,
    /// Why.
    #[schema(max_length = 1000)]
    reason: String,
}

/// The order. It is signed: `signing_token` comes from `/auth/reauth`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrder, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "dose_mg_per_kg": "0.5", "weight_basis": "actual",
    "weight_kg": "70.5", "duration_min": 45, "max_total_mg": "70", "concentration_mg_per_ml": "1",
    "initial_rate_ml_per_h": "47", "titration": {"step_ml_per_h": "7", "min_gap_min": 10, "ceiling_ml_per_h": "70"},
    "rescue_orders": [{"drug": "labetalol", "dose": "5 mg iv", "when": "180/110 or more twice in 5 min"}],
    "signing_token": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct OrderBody {
    /// The patient in the chair.
    pub(super) patient_id: PatientId,
    /// Dose for each kilogram.
    dose_mg_per_kg: MicrogramsPerKilogram,
    /// By which weight.
    weight_basis: WeightBasis,
    /// That weight.
    weight_kg: Grams,
    /// Planned minutes of the infusion, or of the nebulized visit.
    #[schema(minimum = 1, maximum = 600)]
    duration_min: i64,
    /// The most in this visit, titration and repeats included.
    max_total_mg: Micrograms,
    /// What syringe or bag have to hold; intravenous only.
    concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
    /// What the pump is first set to; intravenous only.
    initial_rate_ml_per_h: Option<MicrolitresPerHour>,
    /// How far a nurse may go; absent means not at all.
    titration: Option<TitrationBody>,
    /// Nebulized only.
    nebulized: Option<NebulizedBody>,
    /// Rescue drugs.
    #[serde(default)]
    #[schema(max_items = 20)]
    rescue_orders: Vec<RescueOrderBody>,
    /// Alarm lines of this visit; needed when a reading's hold is set aside.
    session_limits: Option<SessionLimitsBody>,
    /// Holds set aside.
    #[serde(default)]
    #[schema(max_items = 20)]
    holds_released: Vec<HoldReleaseBody>,
    /// Why limits of the protocol are exceeded; needs a cosignature too.
    #[schema(max_length = 1000)]
    override_reason: Option<String>,
    /// Proof of presence of the prescriber.
    #[schema(max_length = 200)]
    pub(super) signing_token: String,
    /// Proof of presence of the second person.
    #[schema(max_length = 200)]
    pub(super) cosignature: Option<String>,
}

impl OrderBody {
    /// The shape; a body that has both or neither is refused.
    pub(super) fn shape(&self) -> Result<OrderShape, Refusal> {
        let mut errors = FieldErrors::none();
        let shape = match (&self.nebulized, self.concentration_mg_per_ml, self.initial_rate_ml_per_h) {
            (None, Some(concentration), Some(rate)) => Some(OrderShape::Iv {
                concentration,
                rate,
                titration: self.titration.as_ref().map(|titration| Titration {
                    step: titration.step_ml_per_h,
                    min_gap_minutes: titration.min_gap_min,
                    ceiling: titration.ceiling_ml_per_h,
                }),
            }),
            (Some(neb), None, None) if self.titration.is_none() => Some(OrderShape::Nebulized {
                nominal: neb.nominal_mg,
                fill: neb.fill_ml,
                drug_volume: neb.drug_ml,
                device: neb.device.clone(),
                max_repeats: neb.max_repeats,
                min_gap_minutes: neb.min_gap_min,
            }),
            (Some(_), ..) => {
                errors.add("/nebulized", "two_shapes", "an order is either nebulized or has concentration and rate");
                None
            }
            (None, concentration, rate) => {
                for (pointer, absent) in
                    [("/concentration_mg_per_ml", concentration.is_none()), ("/initial_rate_ml_per_h", rate.is_none())]
                {
                    if absent {
                        errors.add(
                            pointer,
                            "required",
                            "is required for an infusion; a nebulized order has nebulized instead",
                        );
                    }
                }
                None
            }
        };
        errors.finish()?;
        shape.ok_or_else(|| Refusal::invalid("/nebulized", "required", "say what the route decides"))
    }

    pub(super) fn into_form(self, shape: OrderShape) -> OrderForm {
        let limits = |limits: SessionLimitsBody| SessionLimits {
            measures: limits
                .measures
                .into_iter()
                .map(|line| MeasureLimit { measure: line.measure, act: line.act, pause: line.pause })
                .collect(),
            reason: limits.reason,
        };
        OrderForm {
            dose: self.dose_mg_per_kg,
            weight_basis: self.weight_basis,
            weight: self.weight_kg,
            duration_minutes: self.duration_min,
            max_total: self.max_total_mg,
            shape,
            rescue_orders: self
                .rescue_orders
                .into_iter()
                .map(|order| RescueOrder { drug: order.drug, dose: order.dose, when: order.when })
                .collect(),
            session_limits: self.session_limits.map(limits),
            holds_released: self
                .holds_released
                .into_iter()
                .map(|hold| HoldRelease { rule: hold.rule, reason: hold.reason })
                .collect(),
            override_reason: self.override_reason,
        }
    }
}

/// A signed order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    /// Its id.
    id: OrderId,
    /// 1 for the first order of the session, then one more each time.
    #[schema(example = 1, minimum = 1)]
    version: i64,
    /// The session.
    session_id: SessionId,
    /// The protocol version it was checked against.
    protocol_id: ProtocolId,
    /// The pre-check the prescriber saw.
    precheck_id: PrecheckId,
    /// Dose for each kilogram.
    dose_mg_per_kg: MicrogramsPerKilogram,
    /// The dose in drug.
    dose_mg: Micrograms,
    /// By which weight.
    weight_basis: WeightBasis,
    /// That weight.
    weight_kg: Grams,
    /// Planned minutes.
    duration_min: i64,
    /// The most in this visit.
    max_total_mg: Micrograms,
    /// What the label has to say.
    concentration_mg_per_ml: MicrogramsPerMillilitre,
    /// What the pump is first set to; intravenous only.
    initial_rate_ml_per_h: Option<MicrolitresPerHour>,
    /// How far a nurse may go.
    titration: Option<TitrationBody>,
    /// Nebulized only.
    nebulized: Option<NebulizedBody>,
    /// Rescue drugs.
    rescue_orders: Vec<RescueOrderBody>,
    /// Alarm lines of this visit.
    session_limits: Option<SessionLimitsBody>,
    /// Holds set aside.
    holds_released: Vec<HoldReleaseBody>,
    /// Why limits are exceeded.
    override_reason: Option<String>,
    /// The rules of the protocol that were set aside.
    overridden: Vec<String>,
    /// Who signed.
    signed_by: StaffId,
    /// Who signed with her.
    seconded_by: Option<StaffId>,
    /// When.
    signed_at: Timestamp,
}

impl OrderView {
    /// Of a signed order.
    pub fn of(order: &Order) -> Self {
        let form = order.form.clone();
        let (rate, titration, nebulized) = shape_view(&form.shape);
        let limits = |limits: SessionLimits| SessionLimitsBody {
            measures: limits
                .measures
                .into_iter()
                .map(|line| MeasureLimitBody { measure: line.measure, act: line.act, pause: line.pause })
                .collect(),
            reason: limits.reason,
        };
        Self {
            id: order.id,
            version: order.number,
            session_id: order.visit.session,
            protocol_id: order.protocol,
            precheck_id: order.precheck,
            dose_mg_per_kg: form.dose,
            dose_mg: form.dose_mass(),
            weight_basis: form.weight_basis,
            weight_kg: form.weight,
            duration_min: form.duration_minutes,
            max_total_mg: form.max_total,
            concentration_mg_per_ml: form.concentration(),
            initial_rate_ml_per_h: rate,
            titration,
            nebulized,
            rescue_orders: form
                .rescue_orders
                .into_iter()
                .map(|order| RescueOrderBody { drug: order.drug, dose: order.dose, when: order.when })
                .collect(),
            session_limits: form.session_limits.map(limits),
            holds_released: form
                .holds_released
                .into_iter()
                .map(|hold| HoldReleaseBody { rule: hold.rule, reason: hold.reason })
                .collect(),
            override_reason: form.override_reason,
            overridden: order.overridden.clone(),
            signed_by: order.signed_by,
            seconded_by: order.seconded_by,
            signed_at: order.signed_at,
        }
    }
}

fn shape_view(shape: &OrderShape) -> (Option<MicrolitresPerHour>, Option<TitrationBody>, Option<NebulizedBody>) {
    match shape.clone() {
        OrderShape::Iv { rate, titration, .. } => {
            let titration = titration.map(|titration| TitrationBody {
                step_ml_per_h: titration.step,
                min_gap_min: titration.min_gap_minutes,
                ceiling_ml_per_h: titration.ceiling,
            });
            (Some(rate), titration, None)
        }
        OrderShape::Nebulized { nominal, fill, drug_volume, device, max_repeats, min_gap_minutes } => {
            let neb = NebulizedBody {
                nominal_mg: nominal,
                fill_ml: fill,
                drug_ml: drug_volume,
                device,
                max_repeats,
                min_gap_min: min_gap_minutes,
            };
            (None, None, Some(neb))
        }
    }
}
