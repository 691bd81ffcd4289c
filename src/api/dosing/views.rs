//! What the drug looks like on the wire.

use crate::domain::dosing::{
    Administration, Delivered, DosingEvent, DosingKind, EntryStatus, ExactDose, Infusion, OrderMode, OrderedBy,
    RescueClass, RescueRoute, Residual, status_of,
};
use crate::domain::id::{DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::route::{Basis, EntrySource, Route};
use crate::domain::session::{EndReason, PumpState, SessionEvent, SessionState};
use crate::domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// One entry of the drug record. Amounts that the kind does not have are null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DosingEvent)]
pub struct DosingEventView {
    id: DosingEventId,
    session_id: SessionId,
    patient_id: PatientId,
    kind: DosingKind,
    /// Whether it counts.
    status: EntryStatus,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    /// Recorded more than 15 min after it happened.
    late: bool,
    basis: Basis,
    source: Option<EntrySource>,
    observed_by: Option<StaffId>,
    late_reason: Option<String>,
    recorded_by: StaffId,
    /// The second person, where one checked it.
    checked_by: Option<StaffId>,
    rate_ml_per_h: Option<MicrolitresPerHour>,
    /// The concentration the pump was set to.
    concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
    vtbi_ml: Option<Microlitres>,
    bolus_mg: Option<Micrograms>,
    bolus_over_min: Option<i64>,
    volume_infused_ml: Option<Microlitres>,
    residual_ml: Option<Microlitres>,
    residual_unknown: Option<bool>,
    drug: Option<String>,
    drug_class: Option<RescueClass>,
    drug_dose_mg: Option<Micrograms>,
    drug_route: Option<RescueRoute>,
    order: Option<OrderView>,
    reason: Option<String>,
    /// The rules it did not keep; a prescriber looks at them.
    unmet: Vec<String>,
    /// The entry it takes the place of.
    amends_id: Option<DosingEventId>,
    amend_reason: Option<String>,
    /// The entry that took its place.
    amended_by_id: Option<DosingEventId>,
    /// The entry of another session it was moved from.
    moved_from_id: Option<DosingEventId>,
}

/// The order behind an entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DosingOrder)]
pub struct OrderView {
    by: StaffId,
    mode: OrderMode,
    at: Timestamp,
}

impl DosingEventView {
    /// How an entry looks among all entries of its session.
    pub fn of(event: &DosingEvent, all: &[DosingEvent]) -> Self {
        let (status, amended_by_id) = status_of(event, all);
        let act = event.act.clone();
        let view = Self {
            id: event.id,
            session_id: event.session,
            patient_id: event.patient,
            kind: event.what.kind(),
            status,
            late: act.is_late(),
            occurred_at: act.occurred_at,
            recorded_at: act.recorded_at,
            basis: act.basis,
            source: act.source,
            observed_by: act.observed_by,
            late_reason: act.late_reason,
            recorded_by: act.by,
            checked_by: event.checked_by,
            rate_ml_per_h: None,
            concentration_mg_per_ml: None,
            vtbi_ml: None,
            bolus_mg: None,
            bolus_over_min: None,
            volume_infused_ml: None,
            residual_ml: None,
            residual_unknown: None,
            drug: None,
            drug_class: None,
            drug_dose_mg: None,
            drug_route: None,
            order: event.order.map(|OrderedBy { by, mode, at }| OrderView { by, mode, at }),
            reason: event.reason.clone(),
            unmet: event.unmet.clone(),
            amends_id: event.amends.as_ref().map(|amends| amends.event),
            amend_reason: event.amends.as_ref().map(|amends| amends.reason.clone()),
            amended_by_id,
            moved_from_id: event.moved_from,
        };
        view.carrying(&event.what)
    }

    fn carrying(mut self, what: &Administration) -> Self {
        match what {
            Administration::Start(setting) | Administration::Resume(setting) => {
                self.rate_ml_per_h = setting.rate;
                self.concentration_mg_per_ml = setting.concentration;
                self.vtbi_ml = setting.vtbi;
            }
            Administration::RateChange(rate) => self.rate_ml_per_h = Some(*rate),
            Administration::Bolus(dose, over) => {
                (self.bolus_mg, self.bolus_over_min) = (Some(*dose), Some(over.minutes()));
            }
            Administration::Stop(volume) => self.volume_infused_ml = *volume,
            Administration::NebEnd(Residual::Measured(volume)) => {
                (self.residual_ml, self.residual_unknown) = (Some(*volume), Some(false));
            }
            Administration::NebEnd(Residual::Unknown) => self.residual_unknown = Some(true),
            Administration::Rescue(rescue) => {
                self.drug = Some(rescue.drug.clone());
                self.drug_class = Some(rescue.class);
                self.drug_dose_mg = Some(rescue.dose);
                self.drug_route = Some(rescue.route);
            }
            Administration::Pause | Administration::NebStart | Administration::NebPause => {}
        }
        self
    }
}

/// The drug of a session as it stands: what the chair needs after each tap.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Infusion)]
pub struct InfusionView {
    session_id: SessionId,
    /// The session's version, for `If-Match`.
    version: i64,
    /// What a rate that rises, a bolus and a resume send back as `expected_infusion_version`.
    infusion_version: i64,
    state: SessionState,
    allowed_events: Vec<SessionEvent>,
    pump_state: PumpState,
    /// Since when somebody is asked to stop the pump and to confirm it.
    stop_required_at: Option<Timestamp>,
    /// When the pump last stood still, as somebody at the chair said.
    pump_stopped_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    planned_end_at: Option<Timestamp>,
    end_reason: Option<EndReason>,
    current_rate_ml_per_h: Option<MicrolitresPerHour>,
    /// The instant the dose was counted up to.
    as_of: Timestamp,
    #[serde(flatten)]
    dose: DoseView,
}

/// What was given. Of a nebulizer it is the nominal dose: what is absorbed nobody measures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dose)]
pub struct DoseView {
    /// In mg, rounded once; while it is estimated, the most.
    #[schema(example = "60.00", pattern = "^[0-9]+\\.[0-9]{2}$")]
    delivered_mg: String,
    /// The least, while the dose is estimated.
    #[schema(example = "58.40")]
    delivered_mg_min: Option<String>,
    /// The most, while the dose is estimated.
    #[schema(example = "60.00")]
    delivered_mg_max: Option<String>,
    /// Whether the pump was not confirmed to have stopped, a fill still runs, or a residual is unknown.
    estimated: bool,
}

impl DoseView {
    /// What was given up to an instant.
    pub fn of(infusion: &Infusion, until: Timestamp) -> Self {
        let given = infusion.given(until);
        let most = |delivered: &Delivered| delivered.nebulized.map_or(delivered.iv, |nebulized| nebulized.most);
        let least = match (&given.least, given.most.nebulized) {
            (_, Some(nebulized)) if nebulized.least != nebulized.most => Some(nebulized.least),
            (Some(delivered), _) => Some(most(delivered)),
            _ => None,
        };
        let most = most(&given.most);
        Self {
            delivered_mg: most.shown_mg(),
            delivered_mg_min: least.map(ExactDose::shown_mg),
            delivered_mg_max: least.map(|_| most.shown_mg()),
            estimated: least.is_some(),
        }
    }
}

impl InfusionView {
    /// How the drug stands at this instant.
    pub fn of(infusion: &Infusion, now: Timestamp) -> Self {
        let session = &infusion.session;
        Self {
            session_id: session.id,
            version: session.version,
            infusion_version: session.infusion_version,
            state: session.state,
            allowed_events: session.allowed_events(),
            pump_state: session.pump.state,
            stop_required_at: session.pump.stop_required_at,
            pump_stopped_at: session.pump.stopped_at,
            started_at: session.milestones.started_at,
            stopped_at: session.milestones.stopped_at,
            planned_end_at: infusion.planned_end(now),
            end_reason: session.end_reason,
            current_rate_ml_per_h: infusion.rate_at(now),
            as_of: now,
            dose: DoseView::of(infusion, now),
        }
    }
}

/// A kept entry, and the drug after it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedDosingEvent)]
pub struct RecordedView {
    /// The entry.
    pub event: DosingEventView,
    /// The drug after it.
    pub infusion: InfusionView,
}

/// The drug record of a session, in the order things happened; corrected entries too.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DosingEventList)]
pub struct RecordView {
    /// The version a rise, a bolus and a resume send back.
    pub infusion_version: i64,
    /// The entries.
    pub items: Vec<DosingEventView>,
}

/// A stretch of time in which nothing about the pump changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DoseSegment)]
pub struct SegmentView {
    from: Timestamp,
    to: Timestamp,
    rate_ml_per_h: MicrolitresPerHour,
    concentration_mg_per_ml: Option<MicrogramsPerMillilitre>,
    /// Rounded for itself; the sum of the session is rounded once and may differ by a hundredth.
    #[schema(example = "20.00")]
    delivered_mg: String,
}

/// What a nebulizer gave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NebulizedDose)]
pub struct NebulizedView {
    /// Fills begun.
    fills: i64,
    /// How long it ran.
    running_s: i64,
    /// Nominal: ended fills less their residual.
    #[schema(example = "39.90")]
    nominal_mg_min: String,
    /// Nominal: a running fill and an unknown residual count as the whole fill.
    #[schema(example = "39.90")]
    nominal_mg_max: String,
}

/// What was given in a session, stretch by stretch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DoseSummary)]
pub struct SummaryView {
    session_id: SessionId,
    route: Route,
    infusion_version: i64,
    /// Counted up to this instant.
    as_of: Timestamp,
    /// From what was known at this instant; null is now.
    as_known_at: Option<Timestamp>,
    #[serde(flatten)]
    dose: DoseView,
    /// For each kilogram of the weight the order counts by.
    #[schema(example = "0.80")]
    delivered_mg_per_kg: Option<String>,
    prepared_mg: Option<Micrograms>,
    max_total_mg: Option<Micrograms>,
    current_rate_ml_per_h: Option<MicrolitresPerHour>,
    infusing_s: i64,
    elapsed_s: i64,
    /// The record asks for more than was prepared, or than the pump was told to give: the rest is not counted.
    capped: bool,
    /// The pump was set to another concentration than was prepared.
    concentration_differs: bool,
    /// The dose by the pump's own volume, where it was read at the stop.
    by_pump_mg: Option<String>,
    segments: Vec<SegmentView>,
    nebulized: Option<NebulizedView>,
}

impl SummaryView {
    /// What was given up to `at`.
    pub fn of(infusion: &Infusion, at: Timestamp, as_known_at: Option<Timestamp>) -> Self {
        let given = infusion.given(at).most;
        let total = given.nebulized.map_or(given.iv, |nebulized| nebulized.most);
        let order = infusion.order.as_ref();
        let nebulized = given.nebulized.map(|nebulized| NebulizedView {
            fills: nebulized.fills,
            running_s: nebulized.running_ms / 1000,
            nominal_mg_min: nebulized.least.shown_mg(),
            nominal_mg_max: nebulized.most.shown_mg(),
        });
        Self {
            session_id: infusion.session.id,
            route: infusion.session.route,
            infusion_version: infusion.session.infusion_version,
            as_of: at,
            as_known_at,
            dose: DoseView::of(infusion, at),
            delivered_mg_per_kg: order.map(|order| total.shown_mg_per_kg(order.weight)),
            prepared_mg: infusion.supply.map(|supply| supply.prepared),
            max_total_mg: order.map(|order| order.max_total),
            current_rate_ml_per_h: infusion.rate_at(at),
            infusing_s: given.infusing_ms / 1000,
            elapsed_s: given.elapsed_ms / 1000,
            capped: given.capped,
            concentration_differs: given.concentration_differs,
            by_pump_mg: given.by_pump.map(ExactDose::shown_mg),
            segments: given.segments.iter().filter(|segment| segment.from < segment.to).map(SegmentView::of).collect(),
            nebulized,
        }
    }
}

impl SegmentView {
    fn of(segment: &crate::domain::dosing::Segment) -> Self {
        Self {
            from: segment.from,
            to: segment.to,
            rate_ml_per_h: segment.rate,
            concentration_mg_per_ml: segment.concentration,
            delivered_mg: segment.dose.shown_mg(),
        }
    }
}
