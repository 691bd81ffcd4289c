//! The drug record: entries are added and read whole, never changed.

use super::column::Json;
use super::error::{Result, StoreError};
use super::schema::dosing_events::dosing_events;
use super::transaction::{Change, Gather, Held};
use crate::domain::act::Act;
use crate::domain::dosing::{
    Administration, Amends, BolusOver, DosingEvent, DosingKind, Infusion, OrderMode, OrderedBy, PumpSetting,
    RescueClass, RescueDrug, RescueRoute, Residual,
};
use crate::domain::id::{ClinicId, DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::preparation::Preparation;
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::route::{Basis, EntrySource};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = dosing_events)]
struct Row {
    clinic_id: ClinicId,
    id: DosingEventId,
    session_id: SessionId,
    patient_id: PatientId,
    kind: DosingKind,
    #[diesel(embed)]
    amounts: Amounts,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    basis: Basis,
    source: Option<EntrySource>,
    observed_by: Option<StaffId>,
    late_reason: Option<String>,
    recorded_by: StaffId,
    checked_by: Option<StaffId>,
    ordered_by: Option<StaffId>,
    order_mode: Option<OrderMode>,
    ordered_at: Option<Timestamp>,
    reason: Option<String>,
    unmet: Json,
    amends_id: Option<DosingEventId>,
    entered_in_error: bool,
    amend_reason: Option<String>,
    moved_from_id: Option<DosingEventId>,
}

/// What the kinds carry: each its own columns, the others empty.
#[derive(Queryable, Selectable, Insertable, Default)]
#[diesel(table_name = dosing_events)]
struct Amounts {
    rate_ul_per_h: Option<MicrolitresPerHour>,
    pump_concentration_ug_per_ml: Option<MicrogramsPerMillilitre>,
    vtbi_ul: Option<Microlitres>,
    bolus_ug: Option<Micrograms>,
    bolus_over_min: Option<i64>,
    pump_volume_ul: Option<Microlitres>,
    residual_ul: Option<Microlitres>,
    residual_unknown: Option<bool>,
    drug: Option<String>,
    drug_class: Option<RescueClass>,
    drug_dose_ug: Option<Micrograms>,
    drug_route: Option<RescueRoute>,
}

impl Amounts {
    fn of(what: &Administration) -> Self {
        let none = Self::default();
        match what {
            Administration::Start(setting) | Administration::Resume(setting) => Self {
                rate_ul_per_h: setting.rate,
                pump_concentration_ug_per_ml: setting.concentration,
                vtbi_ul: setting.vtbi,
                ..none
            },
            Administration::RateChange(rate) => Self { rate_ul_per_h: Some(*rate), ..none },
            Administration::Bolus(dose, over) => {
                Self { bolus_ug: Some(*dose), bolus_over_min: Some(over.minutes()), ..none }
            }
            Administration::Stop(volume) => Self { pump_volume_ul: *volume, ..none },
            Administration::NebEnd(Residual::Measured(volume)) => {
                Self { residual_ul: Some(*volume), residual_unknown: Some(false), ..none }
            }
            Administration::NebEnd(Residual::Unknown) => Self { residual_unknown: Some(true), ..none },
            Administration::Rescue(rescue) => Self {
                drug: Some(rescue.drug.clone()),
                drug_class: Some(rescue.class),
                drug_dose_ug: Some(rescue.dose),
                drug_route: Some(rescue.route),
                ..none
            },
            Administration::Pause | Administration::NebStart | Administration::NebPause => none,
        }
    }

    /// What a row of this kind says; none when it lacks what the kind needs.
    fn into_what(self, kind: DosingKind) -> Option<Administration> {
        let setting = PumpSetting {
            rate: self.rate_ul_per_h,
            concentration: self.pump_concentration_ug_per_ml,
            vtbi: self.vtbi_ul,
        };
        Some(match kind {
            DosingKind::Start => Administration::Start(setting),
            DosingKind::RateChange => Administration::RateChange(self.rate_ul_per_h?),
            DosingKind::Bolus => Administration::Bolus(self.bolus_ug?, BolusOver::new(self.bolus_over_min?)?),
            DosingKind::Pause => Administration::Pause,
            DosingKind::Resume => Administration::Resume(setting),
            DosingKind::Stop => Administration::Stop(self.pump_volume_ul),
            DosingKind::NebStart => Administration::NebStart,
            DosingKind::NebPause => Administration::NebPause,
            DosingKind::NebEnd => {
                Administration::NebEnd(self.residual_ul.map_or(Residual::Unknown, Residual::Measured))
            }
            DosingKind::RescueDrug => Administration::Rescue(RescueDrug {
                drug: self.drug?,
                class: self.drug_class?,
                dose: self.drug_dose_ug?,
                route: self.drug_route?,
            }),
        })
    }
}

impl Row {
    fn of(clinic_id: ClinicId, event: &DosingEvent) -> Result<Self> {
        let Act { by, occurred_at, recorded_at, basis, source, observed_by, late_reason } = event.act.clone();
        let amends = event.amends.as_ref();
        Ok(Self {
            clinic_id,
            id: event.id,
            session_id: event.session,
            patient_id: event.patient,
            kind: event.what.kind(),
            amounts: Amounts::of(&event.what),
            occurred_at,
            recorded_at,
            basis,
            source,
            observed_by,
            late_reason,
            recorded_by: by,
            checked_by: event.checked_by,
            ordered_by: event.order.map(|order| order.by),
            order_mode: event.order.map(|order| order.mode),
            ordered_at: event.order.map(|order| order.at),
            reason: event.reason.clone(),
            unmet: Json::of(&event.unmet)?,
            amends_id: amends.map(|amends| amends.event),
            entered_in_error: amends.is_some_and(|amends| amends.entered_in_error),
            amend_reason: amends.map(|amends| amends.reason.clone()),
            moved_from_id: event.moved_from,
        })
    }

    fn into_event(self) -> Result<DosingEvent> {
        let broken = || StoreError::Broken("an entry of the drug record lacks what its kind needs".into());
        let order = self.ordered_by.zip(self.order_mode).zip(self.ordered_at);
        let amends = self.amends_id.zip(self.amend_reason);
        Ok(DosingEvent {
            id: self.id,
            session: self.session_id,
            patient: self.patient_id,
            what: self.amounts.into_what(self.kind).ok_or_else(broken)?,
            act: Act {
                by: self.recorded_by,
                occurred_at: self.occurred_at,
                recorded_at: self.recorded_at,
                basis: self.basis,
                source: self.source,
                observed_by: self.observed_by,
                late_reason: self.late_reason,
            },
            checked_by: self.checked_by,
            order: order.map(|((by, mode), at)| OrderedBy { by, mode, at }),
            reason: self.reason,
            unmet: self.unmet.read()?,
            amends: amends.map(|(event, reason)| Amends { event, entered_in_error: self.entered_in_error, reason }),
            moved_from: self.moved_from_id,
        })
    }
}

impl Gather<'_> {
    /// Every entry of these sessions, corrected ones too, in the order in which they happened. The session they
    /// belong to is loaded with them, so the patient is noted there.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn dosing_events(&mut self, sessions: &[SessionId], _held: Held) -> Result<Vec<DosingEvent>> {
        let rows: Vec<Row> = dosing_events::table
            .filter(dosing_events::clinic_id.eq(self.clinic()))
            .filter(dosing_events::session_id.eq_any(sessions.to_vec()))
            .select(Row::as_select())
            .load(self.connection)?;
        let mut events = rows.into_iter().map(Row::into_event).collect::<Result<Vec<_>>>()?;
        events.sort_by_key(|event| (event.session, event.place()));
        Ok(events)
    }

    /// The drug of these visits, in three queries however many they are.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn infusions(&mut self, sessions: Vec<Session>, held: Held) -> Result<Vec<Infusion>> {
        let visits: Vec<_> = sessions.iter().map(Session::visit).collect();
        let ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
        let (mut events, mut preparations, mut orders) =
            (self.dosing_events(&ids, held)?, self.preparations_of(&visits)?, self.newest_orders(&visits)?);
        let mut infusions = Vec::with_capacity(sessions.len());
        for session in sessions {
            let (own, others) = events.into_iter().partition(|event: &DosingEvent| event.session == session.id);
            let (made, rest): (Vec<_>, _) =
                preparations.into_iter().partition(|made: &Preparation| made.visit.session == session.id);
            let order = orders.iter().position(|order| order.visit.session == session.id);
            let order = order.map(|index| orders.swap_remove(index));
            (events, preparations) = (others, rest);
            infusions.push(Infusion::of(session, own, &made, order));
        }
        Ok(infusions)
    }

    /// The drug of one visit.
    ///
    /// # Errors
    /// As [`Self::infusions`].
    pub fn infusion(&mut self, session: Session, held: Held) -> Result<Infusion> {
        self.infusions(vec![session], held)?.pop().ok_or(StoreError::NotFound)
    }

    /// Where an entry belongs: what to lock before it is read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn session_of_dosing_event(&mut self, id: DosingEventId) -> Result<(PatientId, SessionId)> {
        let row = dosing_events::table.find((self.clinic(), id));
        Ok(row.select((dosing_events::patient_id, dosing_events::session_id)).first(self.connection)?)
    }
}

impl Gather<'_> {
    /// The entries of the drug record of these ids.
    pub(super) fn dosing_events_by_id(&mut self, ids: &[DosingEventId]) -> Result<Vec<DosingEvent>> {
        let rows = by_id!(self, dosing_events, Row, ids);
        rows.into_iter().map(Row::into_event).collect()
    }
}

impl Change<'_> {
    /// Keeps an entry.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when somebody corrected the same entry at the same time.
    pub fn insert_dosing_event(&mut self, event: &DosingEvent) -> Result<()> {
        let row = Row::of(self.clinic(), event)?;
        diesel::insert_into(dosing_events::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
