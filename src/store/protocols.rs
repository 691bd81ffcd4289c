//! Protocols: drafts, and editions that are frozen by being published.

use super::column::Json;
use super::error::{Result, StoreError};
use super::schema::protocols::protocols;
use super::transaction::{Change, Gather};
use crate::domain::id::{ClinicId, PolicyId, ProtocolId, StaffId};
use crate::domain::protocol::{
    Envelope, Monitoring, Nebulization, Protocol, ProtocolState, ProtocolText, Publication, Stay,
};
use crate::domain::quantity::{Micrograms, MicrogramsPerKilogram, MicrogramsPerKilogramHour, Microlitres};
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::HashMap;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = protocols)]
struct Row {
    clinic_id: ClinicId,
    id: ProtocolId,
    version: i64,
    code: String,
    edition: i64,
    name: String,
    route: Route,
    state: ProtocolState,
    drafted_by: Option<StaffId>,
    drafted_at: Timestamp,
    published_by: Option<StaffId>,
    published_at: Option<Timestamp>,
    effective_at: Option<Timestamp>,
    policy_id: Option<PolicyId>,
    #[diesel(embed)]
    envelope: EnvelopeRow,
    #[diesel(embed)]
    nebulization: NebulizationRow,
    #[diesel(embed)]
    monitoring: MonitoringRow,
    #[diesel(embed)]
    stay: StayRow,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = protocols)]
struct EnvelopeRow {
    start_dose_ug_per_kg: MicrogramsPerKilogram,
    max_dose_ug_per_kg: MicrogramsPerKilogram,
    max_bolus_ug_per_kg: MicrogramsPerKilogram,
    max_rate_ug_per_kg_per_h: MicrogramsPerKilogramHour,
    max_step_ug_per_kg_per_h: MicrogramsPerKilogramHour,
    step_gap_minutes: i64,
    absolute_cap_ug: Micrograms,
    min_duration_minutes: i64,
    max_duration_minutes: i64,
    max_per_7_days: i64,
    max_per_30_days: i64,
    max_per_365_days: i64,
    min_gap_days: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = protocols)]
struct NebulizationRow {
    max_fill_dose_ug_per_kg: Option<MicrogramsPerKilogram>,
    fill_ul: Option<Microlitres>,
    min_active_minutes: Option<i64>,
    max_active_minutes: Option<i64>,
    max_repeats: Option<i64>,
    repeat_gap_minutes: Option<i64>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = protocols)]
struct MonitoringRow {
    first_check_minutes: Json,
    every_minutes: i64,
    close_minutes: i64,
    close_checks: i64,
    recovery_minutes: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = protocols)]
struct StayRow {
    after_end_minutes: i64,
    after_start_minutes: i64,
    after_start_high_minutes: i64,
    high_dose_ug_per_kg: MicrogramsPerKilogram,
}

impl Row {
    fn of(clinic_id: ClinicId, protocol: &Protocol) -> Result<Self> {
        let (text, publication) = (&protocol.text, protocol.publication.as_ref());
        Ok(Self {
            clinic_id,
            id: protocol.id,
            version: protocol.version,
            code: text.code.clone(),
            edition: protocol.edition,
            name: text.name.clone(),
            route: text.route,
            state: protocol.state,
            drafted_by: protocol.drafted_by,
            drafted_at: protocol.drafted_at,
            published_by: publication.map(|publication| publication.by),
            published_at: publication.map(|publication| publication.at),
            effective_at: publication.map(|publication| publication.effective_at),
            policy_id: publication.map(|publication| publication.policy),
            envelope: EnvelopeRow::of(&text.envelope),
            nebulization: NebulizationRow::of(text.envelope.nebulization.as_ref()),
            monitoring: MonitoringRow::of(&text.monitoring)?,
            stay: StayRow::of(&text.stay),
        })
    }

    fn into_protocol(self) -> Result<Protocol> {
        let publication = match (self.published_by, self.published_at, self.effective_at, self.policy_id) {
            (Some(by), Some(at), Some(effective_at), Some(policy)) => {
                Some(Publication { by, at, effective_at, policy })
            }
            _ => None,
        };
        let text = ProtocolText {
            code: self.code,
            name: self.name,
            route: self.route,
            envelope: self.envelope.with(self.nebulization.into_nebulization()),
            monitoring: self.monitoring.into_monitoring()?,
            stay: self.stay.into_stay(),
        };
        let Self { id, version, edition, state, drafted_by, drafted_at, .. } = self;
        Ok(Protocol { id, version, edition, state, drafted_by, drafted_at, publication, text })
    }
}

impl EnvelopeRow {
    const fn of(envelope: &Envelope) -> Self {
        Self {
            start_dose_ug_per_kg: envelope.start_dose,
            max_dose_ug_per_kg: envelope.max_dose,
            max_bolus_ug_per_kg: envelope.max_bolus,
            max_rate_ug_per_kg_per_h: envelope.max_rate,
            max_step_ug_per_kg_per_h: envelope.max_step,
            step_gap_minutes: envelope.step_gap_minutes,
            absolute_cap_ug: envelope.absolute_cap,
            min_duration_minutes: envelope.min_duration_minutes,
            max_duration_minutes: envelope.max_duration_minutes,
            max_per_7_days: envelope.max_per_7_days,
            max_per_30_days: envelope.max_per_30_days,
            max_per_365_days: envelope.max_per_365_days,
            min_gap_days: envelope.min_gap_days,
        }
    }

    const fn with(self, nebulization: Option<Nebulization>) -> Envelope {
        Envelope {
            start_dose: self.start_dose_ug_per_kg,
            max_dose: self.max_dose_ug_per_kg,
            max_bolus: self.max_bolus_ug_per_kg,
            max_rate: self.max_rate_ug_per_kg_per_h,
            max_step: self.max_step_ug_per_kg_per_h,
            step_gap_minutes: self.step_gap_minutes,
            absolute_cap: self.absolute_cap_ug,
            min_duration_minutes: self.min_duration_minutes,
            max_duration_minutes: self.max_duration_minutes,
            max_per_7_days: self.max_per_7_days,
            max_per_30_days: self.max_per_30_days,
            max_per_365_days: self.max_per_365_days,
            min_gap_days: self.min_gap_days,
            nebulization,
        }
    }
}

impl NebulizationRow {
    fn of(nebulization: Option<&Nebulization>) -> Self {
        Self {
            max_fill_dose_ug_per_kg: nebulization.map(|neb| neb.max_fill_dose),
            fill_ul: nebulization.map(|neb| neb.fill),
            min_active_minutes: nebulization.map(|neb| neb.min_active_minutes),
            max_active_minutes: nebulization.map(|neb| neb.max_active_minutes),
            max_repeats: nebulization.map(|neb| neb.max_repeats),
            repeat_gap_minutes: nebulization.map(|neb| neb.repeat_gap_minutes),
        }
    }

    fn into_nebulization(self) -> Option<Nebulization> {
        Some(Nebulization {
            max_fill_dose: self.max_fill_dose_ug_per_kg?,
            fill: self.fill_ul?,
            min_active_minutes: self.min_active_minutes?,
            max_active_minutes: self.max_active_minutes?,
            max_repeats: self.max_repeats?,
            repeat_gap_minutes: self.repeat_gap_minutes?,
        })
    }
}

impl MonitoringRow {
    fn of(monitoring: &Monitoring) -> Result<Self> {
        Ok(Self {
            first_check_minutes: Json::of(&monitoring.first_minutes)?,
            every_minutes: monitoring.every_minutes,
            close_minutes: monitoring.close_minutes,
            close_checks: monitoring.close_checks,
            recovery_minutes: monitoring.recovery_minutes,
        })
    }

    fn into_monitoring(self) -> Result<Monitoring> {
        Ok(Monitoring {
            first_minutes: self.first_check_minutes.read()?,
            every_minutes: self.every_minutes,
            close_minutes: self.close_minutes,
            close_checks: self.close_checks,
            recovery_minutes: self.recovery_minutes,
        })
    }
}

impl StayRow {
    const fn of(stay: &Stay) -> Self {
        Self {
            after_end_minutes: stay.after_end_minutes,
            after_start_minutes: stay.after_start_minutes,
            after_start_high_minutes: stay.after_start_high_minutes,
            high_dose_ug_per_kg: stay.high_dose,
        }
    }

    const fn into_stay(self) -> Stay {
        Stay {
            after_end_minutes: self.after_end_minutes,
            after_start_minutes: self.after_start_minutes,
            after_start_high_minutes: self.after_start_high_minutes,
            high_dose: self.high_dose_ug_per_kg,
        }
    }
}

/// More editions than any clinic writes; keeps a list a list.
const MOST_EDITIONS: i64 = 500;

impl Gather<'_> {
    /// An edition of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn protocol(&mut self, id: ProtocolId) -> Result<Protocol> {
        let row: Row = protocols::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        row.into_protocol()
    }

    /// These editions of this clinic.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn protocols_by_id(&mut self, ids: &[ProtocolId]) -> Result<HashMap<ProtocolId, Protocol>> {
        let rows: Vec<Row> = protocols::table
            .filter(protocols::clinic_id.eq(self.clinic()))
            .filter(protocols::id.eq_any(ids.to_vec()))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(|row| Ok((row.id, row.into_protocol()?))).collect()
    }

    /// Every edition of this clinic, by code, the newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn protocols(&mut self) -> Result<Vec<Protocol>> {
        let rows: Vec<Row> = protocols::table
            .filter(protocols::clinic_id.eq(self.clinic()))
            .order((protocols::code, protocols::edition.desc()))
            .limit(MOST_EDITIONS)
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(Row::into_protocol).collect()
    }

    /// The newest published edition of this code, which a new one replaces.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn published_protocol(&mut self, code: &str) -> Result<Option<Protocol>> {
        let row: Option<Row> = protocols::table
            .filter(protocols::clinic_id.eq(self.clinic()))
            .filter(protocols::code.eq(code))
            .filter(protocols::state.eq(ProtocolState::Published))
            .order(protocols::edition.desc())
            .select(Row::as_select())
            .first(self.connection)
            .optional()?;
        row.map(Row::into_protocol).transpose()
    }

    /// The number of the next edition of this code.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn next_edition(&mut self, code: &str) -> Result<i64> {
        let of_code = protocols::table.filter(protocols::clinic_id.eq(self.clinic())).filter(protocols::code.eq(code));
        let newest: Option<i64> = of_code.select(max(protocols::edition)).first(self.connection)?;
        Ok(newest.unwrap_or(0) + 1)
    }
}

impl Change<'_> {
    /// Adds a draft.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the code has that edition already.
    pub fn insert_protocol(&mut self, protocol: &Protocol) -> Result<()> {
        self.insert_protocol_of(self.clinic(), protocol)
    }

    pub(super) fn insert_protocol_of(&mut self, clinic: ClinicId, protocol: &Protocol) -> Result<()> {
        let row = Row::of(clinic, protocol)?;
        diesel::insert_into(protocols::table).values(row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps the publication of a draft: all that ever changes in a protocol.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody published it since.
    pub fn publish_protocol(&mut self, protocol: &Protocol) -> Result<()> {
        let row = protocols::table.find((self.clinic(), protocol.id));
        let publication = protocol.publication.as_ref();
        let changed = diesel::update(row.filter(protocols::version.eq(protocol.version - 1)))
            .set((
                protocols::version.eq(protocol.version),
                protocols::state.eq(protocol.state),
                protocols::published_by.eq(publication.map(|publication| publication.by)),
                protocols::published_at.eq(publication.map(|publication| publication.at)),
                protocols::effective_at.eq(publication.map(|publication| publication.effective_at)),
                protocols::policy_id.eq(publication.map(|publication| publication.policy)),
            ))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(protocols::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
