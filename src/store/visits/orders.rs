//! Orders: never edited, numbered, the highest number is in force.

use super::{sessions_of, visit_of};
use crate::domain::UnknownWord;
use crate::domain::id::{ClinicId, OrderId, PrecheckId, ProtocolId, SessionId, StaffId};
use crate::domain::order::{
    HoldRelease, HoldRule, LimitedMeasure, MeasureLimit, Order, OrderForm, OrderShape, RescueOrder, SessionLimits,
    Titration,
};
use crate::domain::quantity::{
    Grams, Micrograms, MicrogramsPerKilogram, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour,
};
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::domain::treatment_plan::WeightBasis;
use crate::domain::visit::Visit;
use crate::store::column::Json;
use crate::store::error::{Result, StoreError};
use crate::store::schema::visits::orders;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = orders)]
struct Row {
    clinic_id: ClinicId,
    id: OrderId,
    session_id: SessionId,
    number: i64,
    protocol_id: ProtocolId,
    precheck_id: PrecheckId,
    route: Route,
    dose_ug_per_kg: MicrogramsPerKilogram,
    weight_basis: WeightBasis,
    weight_g: Grams,
    duration_minutes: i64,
    max_total_ug: Micrograms,
    concentration_ug_per_ml: Option<MicrogramsPerMillilitre>,
    rate_ul_per_h: Option<MicrolitresPerHour>,
    titration_step_ul_per_h: Option<MicrolitresPerHour>,
    titration_min_gap_minutes: Option<i64>,
    titration_ceiling_ul_per_h: Option<MicrolitresPerHour>,
    nominal_ug: Option<Micrograms>,
    fill_ul: Option<Microlitres>,
    drug_ul: Option<Microlitres>,
    device: Option<String>,
    max_repeats: Option<i64>,
    repeat_gap_minutes: Option<i64>,
    rescue_orders: Json,
    session_limits: Option<Json>,
    holds_released: Json,
    override_reason: Option<String>,
    overridden: Json,
    signed_by: StaffId,
    seconded_by: Option<StaffId>,
    signed_at: Timestamp,
}

/// A rescue order as it is kept.
#[derive(Serialize, Deserialize)]
struct Rescue {
    drug: String,
    dose: String,
    when: String,
}

/// A hold set aside, as it is kept.
#[derive(Serialize, Deserialize)]
struct Released {
    rule: String,
    reason: String,
}

/// The lines of one measure, as they are kept.
#[derive(Serialize, Deserialize)]
struct Line {
    measure: String,
    act: i64,
    pause: i64,
}

/// The lines of a visit, as they are kept.
#[derive(Serialize, Deserialize)]
struct Limits {
    measures: Vec<Line>,
    reason: String,
}

impl Limits {
    fn of(limits: &SessionLimits) -> Self {
        let line =
            |limit: &MeasureLimit| Line { measure: limit.measure.to_string(), act: limit.act, pause: limit.pause };
        Self { measures: limits.measures.iter().map(line).collect(), reason: limits.reason.clone() }
    }

    fn into_limits(self) -> Result<SessionLimits> {
        let line = |line: Line| {
            let measure = LimitedMeasure::parse(&line.measure).map_err(broken)?;
            Ok(MeasureLimit { measure, act: line.act, pause: line.pause })
        };
        Ok(SessionLimits { measures: self.measures.into_iter().map(line).collect::<Result<_>>()?, reason: self.reason })
    }
}

fn broken(word: UnknownWord) -> StoreError {
    StoreError::Broken(format!("a word of an order {word}"))
}

impl Row {
    fn of(clinic_id: ClinicId, order: &Order) -> Result<Self> {
        let form = &order.form;
        let rescue = |order: &RescueOrder| Rescue {
            drug: order.drug.clone(),
            dose: order.dose.clone(),
            when: order.when.clone(),
        };
        let released = |hold: &HoldRelease| Released { rule: hold.rule.to_string(), reason: hold.reason.clone() };
        let row = Self {
            clinic_id,
            id: order.id,
            session_id: order.visit.session,
            number: order.number,
            protocol_id: order.protocol,
            precheck_id: order.precheck,
            route: order.visit.route,
            dose_ug_per_kg: form.dose,
            weight_basis: form.weight_basis,
            weight_g: form.weight,
            duration_minutes: form.duration_minutes,
            max_total_ug: form.max_total,
            concentration_ug_per_ml: None,
            rate_ul_per_h: None,
            titration_step_ul_per_h: None,
            titration_min_gap_minutes: None,
            titration_ceiling_ul_per_h: None,
            nominal_ug: None,
            fill_ul: None,
            drug_ul: None,
            device: None,
            max_repeats: None,
            repeat_gap_minutes: None,
            rescue_orders: Json::of(&form.rescue_orders.iter().map(rescue).collect::<Vec<_>>())?,
            session_limits: form.session_limits.as_ref().map(|limits| Json::of(&Limits::of(limits))).transpose()?,
            holds_released: Json::of(&form.holds_released.iter().map(released).collect::<Vec<_>>())?,
            override_reason: form.override_reason.clone(),
            overridden: Json::of(&order.overridden)?,
            signed_by: order.signed_by,
            seconded_by: order.seconded_by,
            signed_at: order.signed_at,
        };
        Ok(row.shaped(&form.shape))
    }

    fn shaped(self, shape: &OrderShape) -> Self {
        match shape {
            OrderShape::Iv { concentration, rate, titration } => Self {
                concentration_ug_per_ml: Some(*concentration),
                rate_ul_per_h: Some(*rate),
                titration_step_ul_per_h: titration.map(|titration| titration.step),
                titration_min_gap_minutes: titration.map(|titration| titration.min_gap_minutes),
                titration_ceiling_ul_per_h: titration.map(|titration| titration.ceiling),
                ..self
            },
            OrderShape::Nebulized { nominal, fill, drug_volume, device, max_repeats, min_gap_minutes } => Self {
                nominal_ug: Some(*nominal),
                fill_ul: Some(*fill),
                drug_ul: Some(*drug_volume),
                device: Some(device.clone()),
                max_repeats: Some(*max_repeats),
                repeat_gap_minutes: Some(*min_gap_minutes),
                ..self
            },
        }
    }

    /// The shape; the table's CHECKs promise that one of the two is complete.
    fn shape(&self) -> Option<OrderShape> {
        let titration = || {
            Some(Titration {
                step: self.titration_step_ul_per_h?,
                min_gap_minutes: self.titration_min_gap_minutes?,
                ceiling: self.titration_ceiling_ul_per_h?,
            })
        };
        match self.route {
            Route::Iv => Some(OrderShape::Iv {
                concentration: self.concentration_ug_per_ml?,
                rate: self.rate_ul_per_h?,
                titration: titration(),
            }),
            Route::Nebulized => Some(OrderShape::Nebulized {
                nominal: self.nominal_ug?,
                fill: self.fill_ul?,
                drug_volume: self.drug_ul?,
                device: self.device.clone()?,
                max_repeats: self.max_repeats?,
                min_gap_minutes: self.repeat_gap_minutes?,
            }),
        }
    }

    fn into_order(self, visit: Visit) -> Result<Order> {
        let shape = self.shape().ok_or_else(|| StoreError::Broken("an order without its shape".to_owned()))?;
        let rescue: Vec<Rescue> = self.rescue_orders.read()?;
        let released: Vec<Released> = self.holds_released.read()?;
        let limits: Option<Limits> = self.session_limits.as_ref().map(Json::read).transpose()?;
        let hold = |hold: Released| {
            Ok(HoldRelease { rule: HoldRule::parse(&hold.rule).map_err(broken)?, reason: hold.reason })
        };
        let form = OrderForm {
            dose: self.dose_ug_per_kg,
            weight_basis: self.weight_basis,
            weight: self.weight_g,
            duration_minutes: self.duration_minutes,
            max_total: self.max_total_ug,
            shape,
            rescue_orders: rescue
                .into_iter()
                .map(|Rescue { drug, dose, when }| RescueOrder { drug, dose, when })
                .collect(),
            session_limits: limits.map(Limits::into_limits).transpose()?,
            holds_released: released.into_iter().map(hold).collect::<Result<_>>()?,
            override_reason: self.override_reason,
        };
        Ok(Order {
            id: self.id,
            visit,
            number: self.number,
            protocol: self.protocol_id,
            precheck: self.precheck_id,
            form,
            overridden: self.overridden.read()?,
            signed_by: self.signed_by,
            seconded_by: self.seconded_by,
            signed_at: self.signed_at,
        })
    }
}

impl Gather<'_> {
    /// The order in force of each of these visits that has one.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_orders(&mut self, visits: &[Visit]) -> Result<Vec<Order>> {
        let rows: Vec<Row> = orders::table
            .filter(orders::clinic_id.eq(self.clinic()))
            .filter(orders::session_id.eq_any(sessions_of(visits)))
            .order((orders::session_id, orders::number.desc()))
            .select(Row::as_select())
            .load(self.connection)?;
        let mut newest: Vec<Order> = Vec::new();
        for row in rows {
            let Some(visit) = visit_of(visits, row.session_id) else { continue };
            if newest.last().is_none_or(|last| last.visit != visit) {
                self.saw(visit.patient);
                newest.push(row.into_order(visit)?);
            }
        }
        Ok(newest)
    }

    /// The order in force of this visit.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_order(&mut self, visit: Visit) -> Result<Option<Order>> {
        Ok(self.newest_orders(&[visit])?.pop())
    }
}

impl Gather<'_> {
    /// The orders of these ids.
    pub(in crate::store) fn orders_by_id(&mut self, ids: &[OrderId]) -> Result<Vec<Order>> {
        let rows = by_id!(self, orders, Row, ids);
        let visits = self.visits_of(rows.iter().map(|row| row.session_id))?;
        let whole = |row: Row| {
            let visit = visit_of(&visits, row.session_id).ok_or(StoreError::NotFound)?;
            row.into_order(visit)
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Change<'_> {
    /// Keeps a signed order.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when another order took the number first.
    pub fn insert_order(&mut self, order: &Order) -> Result<()> {
        let row = Row::of(self.clinic(), order)?;
        diesel::insert_into(orders::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
