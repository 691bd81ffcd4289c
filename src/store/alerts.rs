//! Alerts, and what was done about them.

use super::error::{Result, StoreError};
use super::schema::alerts::{alert_actions, alerts};
use super::transaction::{Change, Gather};
use crate::domain::alert::{ActionCode, Alert, AlertAction, AlertState, AlertStep};
use crate::domain::id::{AlertActionId, AlertId, ClinicId, ObservationId, PatientId, SessionId, StaffId};
use crate::domain::monitoring::{Condition, Level};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// Which alerts a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only of this state.
    pub state: Option<AlertState>,
    /// Only of this visit.
    pub session: Option<SessionId>,
}

/// The last alert of a page: when it was raised, and its id.
pub type AlertCursor = (i64, AlertId);

/// One page of alerts, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPage {
    /// The alerts.
    pub items: Vec<Alert>,
    /// Where the next page begins; none on the last.
    pub next: Option<AlertCursor>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = alerts, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: AlertId,
    version: i64,
    session_id: SessionId,
    patient_id: PatientId,
    condition: Condition,
    occasion: String,
    state: AlertState,
    level: Level,
    peak: Level,
    observation_id: Option<ObservationId>,
    raised_at: Timestamp,
    seen_at: Timestamp,
    paged_at: Option<Timestamp>,
    covered: Level,
    acknowledged_by: Option<StaffId>,
    acknowledged_at: Option<Timestamp>,
    seen_by_prescriber: bool,
    closed_at: Option<Timestamp>,
}

impl Row {
    fn of(clinic_id: ClinicId, alert: &Alert) -> Self {
        let Alert {
            id,
            session,
            patient,
            condition,
            occasion,
            state,
            level,
            peak,
            observation,
            raised_at,
            seen_at,
            paged_at,
            covered,
            acknowledged_by,
            acknowledged_at,
            seen_by_prescriber,
            closed_at,
            version,
        } = alert.clone();
        Self {
            clinic_id,
            id,
            version,
            session_id: session,
            patient_id: patient,
            condition,
            occasion,
            state,
            level,
            peak,
            observation_id: observation,
            raised_at,
            seen_at,
            paged_at,
            covered,
            acknowledged_by,
            acknowledged_at,
            seen_by_prescriber,
            closed_at,
        }
    }

    fn into_alert(self) -> Alert {
        let Self {
            id,
            version,
            session_id,
            patient_id,
            condition,
            occasion,
            state,
            level,
            peak,
            observation_id,
            raised_at,
            seen_at,
            paged_at,
            covered,
            acknowledged_by,
            acknowledged_at,
            seen_by_prescriber,
            closed_at,
            ..
        } = self;
        Alert {
            id,
            session: session_id,
            patient: patient_id,
            condition,
            occasion,
            state,
            level,
            peak,
            observation: observation_id,
            raised_at,
            seen_at,
            paged_at,
            covered,
            acknowledged_by,
            acknowledged_at,
            seen_by_prescriber,
            closed_at,
            version,
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = alert_actions)]
struct ActionRow {
    clinic_id: ClinicId,
    id: AlertActionId,
    alert_id: AlertId,
    step: AlertStep,
    action: Option<ActionCode>,
    text: Option<String>,
    by_staff_id: StaffId,
    at: Timestamp,
    level: Level,
}

impl From<ActionRow> for AlertAction {
    fn from(row: ActionRow) -> Self {
        let ActionRow { id, alert_id, step, action, text, by_staff_id, at, level, .. } = row;
        Self { id, alert: alert_id, step, action, text, by: by_staff_id, at, level }
    }
}

impl Gather<'_> {
    /// Every alert of these visits, oldest first. The visits are loaded with them, so the patients are noted there.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn alerts_of(&mut self, sessions: &[SessionId]) -> Result<Vec<Alert>> {
        let rows: Vec<Row> = alerts::table
            .filter(alerts::clinic_id.eq(self.clinic()))
            .filter(alerts::session_id.eq_any(sessions.to_vec()))
            .order((alerts::raised_at, alerts::id))
            .select(Row::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Row::into_alert).collect())
    }

    /// The alerts of this clinic, newest first, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn alerts(&mut self, of: AlertFilter, after: Option<&AlertCursor>, limit: u16) -> Result<AlertPage> {
        let mut query = alerts::table.filter(alerts::clinic_id.eq(self.clinic())).into_boxed();
        if let Some(state) = of.state {
            query = query.filter(alerts::state.eq(state));
        }
        if let Some(session) = of.session {
            query = query.filter(alerts::session_id.eq(session));
        }
        if let Some((millis, id)) = after {
            let at = Timestamp::from_millis(*millis);
            query = query.filter(alerts::raised_at.lt(at).or(alerts::raised_at.eq(at).and(alerts::id.lt(*id))));
        }
        if let Some(bounds) = self.bounds() {
            query = query.filter(alerts::patient_id.eq_any(bounds));
        }
        let mut rows: Vec<Row> = query
            .order((alerts::raised_at.desc(), alerts::id.desc()))
            .limit(i64::from(limit) + 1)
            .select(Row::as_select())
            .load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| (row.raised_at.millis(), row.id));
        for row in &rows {
            self.saw(row.patient_id);
        }
        Ok(AlertPage { items: rows.into_iter().map(Row::into_alert).collect(), next })
    }

    /// An alert of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn alert(&mut self, id: AlertId) -> Result<Alert> {
        let row: Row = alerts::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.saw(row.patient_id);
        Ok(row.into_alert())
    }

    /// What was done about these alerts, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn alert_actions(&mut self, of: &[AlertId]) -> Result<Vec<AlertAction>> {
        let rows: Vec<ActionRow> = alert_actions::table
            .filter(alert_actions::clinic_id.eq(self.clinic()))
            .filter(alert_actions::alert_id.eq_any(of.to_vec()))
            .order((alert_actions::at, alert_actions::id))
            .select(ActionRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(AlertAction::from).collect())
    }
}

impl Gather<'_> {
    /// The alerts of these ids.
    pub(super) fn alerts_by_id(&mut self, ids: &[AlertId]) -> Result<Vec<Alert>> {
        let rows = by_id!(self, alerts, Row, ids);
        Ok(rows.into_iter().map(Row::into_alert).collect())
    }

    /// What was done about alerts, of these ids.
    pub(super) fn alert_actions_by_id(&mut self, ids: &[AlertActionId]) -> Result<Vec<AlertAction>> {
        let rows = by_id!(self, alert_actions, ActionRow, ids);
        Ok(rows.into_iter().map(AlertAction::from).collect())
    }
}

impl Change<'_> {
    /// Keeps a new alert.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the same one was raised at the same time.
    pub fn insert_alert(&mut self, alert: &Alert) -> Result<()> {
        diesel::insert_into(alerts::table).values(Row::of(self.clinic(), alert)).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a changed alert, one version ahead of what is there.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since.
    pub fn update_alert(&mut self, alert: &Alert) -> Result<()> {
        let row = alerts::table.find((self.clinic(), alert.id));
        let changed = diesel::update(row.filter(alerts::version.eq(alert.version - 1)))
            .set(Row::of(self.clinic(), alert))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(alerts::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }

    /// Keeps what was done about an alert.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_alert_action(&mut self, action: &AlertAction) -> Result<()> {
        let AlertAction { id, alert, step, action, text, by, at, level } = action.clone();
        let row =
            ActionRow { clinic_id: self.clinic(), id, alert_id: alert, step, action, text, by_staff_id: by, at, level };
        diesel::insert_into(alert_actions::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
