//! Withdrawals, and reports that a patient may want to withdraw.

use crate::domain::consent::{
    ReportKind, ReportOutcome, Resolution, SaidBy, Withdrawal, WithdrawalReport, WithdrawalScope, Withdrawn,
};
use crate::domain::id::{ClinicId, ConsentId, PatientId, SessionId, StaffId, WithdrawalId, WithdrawalReportId};
use crate::domain::time::Timestamp;
use crate::store::error::{Result, StoreError};
use crate::store::schema::consents::{consent_withdrawals, withdrawal_reports};
use crate::store::transaction::{Change, Gather, Held};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_withdrawals)]
struct WithdrawalRow {
    clinic_id: ClinicId,
    id: WithdrawalId,
    patient_id: PatientId,
    consent_id: ConsentId,
    session_id: Option<SessionId>,
    scope: WithdrawalScope,
    said_by: SaidBy,
    said_at: Timestamp,
    pump_stopped_at: Option<Timestamp>,
    words: Option<String>,
    recorded_by: StaffId,
    recorded_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = withdrawal_reports, primary_key(clinic_id, id), treat_none_as_null = true)]
struct ReportRow {
    clinic_id: ClinicId,
    id: WithdrawalReportId,
    version: i64,
    patient_id: PatientId,
    kind: ReportKind,
    consent_id: Option<ConsentId>,
    session_id: Option<SessionId>,
    wished_scope: Option<WithdrawalScope>,
    text: String,
    said_at: Timestamp,
    recorded_by: StaffId,
    recorded_at: Timestamp,
    outcome: Option<ReportOutcome>,
    statement: Option<String>,
    resolved_by: Option<StaffId>,
    resolved_at: Option<Timestamp>,
}

impl From<WithdrawalRow> for Withdrawal {
    fn from(row: WithdrawalRow) -> Self {
        Self {
            id: row.id,
            patient: row.patient_id,
            consent: row.consent_id,
            session: row.session_id,
            scope: row.scope,
            said_by: row.said_by,
            said_at: row.said_at,
            pump_stopped_at: row.pump_stopped_at,
            words: row.words,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}

impl ReportRow {
    fn of(clinic_id: ClinicId, report: &WithdrawalReport) -> Self {
        let answer = report.resolution.as_ref();
        Self {
            clinic_id,
            id: report.id,
            version: report.version,
            patient_id: report.patient,
            kind: report.kind,
            consent_id: report.consent,
            session_id: report.session,
            wished_scope: report.wished,
            text: report.text.clone(),
            said_at: report.said_at,
            recorded_by: report.recorded_by,
            recorded_at: report.recorded_at,
            outcome: answer.map(|answer| answer.outcome),
            statement: answer.map(|answer| answer.statement.clone()),
            resolved_by: answer.map(|answer| answer.by),
            resolved_at: answer.map(|answer| answer.at),
        }
    }

    fn resolution(&self) -> Option<Resolution> {
        let statement = self.statement.clone()?;
        Some(Resolution { outcome: self.outcome?, statement, by: self.resolved_by?, at: self.resolved_at? })
    }

    fn into_report(self) -> WithdrawalReport {
        WithdrawalReport {
            resolution: self.resolution(),
            id: self.id,
            version: self.version,
            patient: self.patient_id,
            kind: self.kind,
            consent: self.consent_id,
            session: self.session_id,
            wished: self.wished_scope,
            text: self.text,
            said_at: self.said_at,
            recorded_by: self.recorded_by,
            recorded_at: self.recorded_at,
        }
    }
}

impl Gather<'_> {
    /// Everything these patients withdrew from, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn withdrawals_of(&mut self, patients: &[PatientId], _held: Held) -> Result<Vec<Withdrawal>> {
        self.saw_each(patients.iter().copied());
        let rows: Vec<WithdrawalRow> = consent_withdrawals::table
            .filter(consent_withdrawals::clinic_id.eq(self.clinic()))
            .filter(consent_withdrawals::patient_id.eq_any(patients.to_vec()))
            .order((consent_withdrawals::recorded_at, consent_withdrawals::id))
            .select(WithdrawalRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Withdrawal::from).collect())
    }

    /// Reports and wishes of these patients, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn withdrawal_reports_of(&mut self, patients: &[PatientId], _held: Held) -> Result<Vec<WithdrawalReport>> {
        self.saw_each(patients.iter().copied());
        let rows: Vec<ReportRow> = withdrawal_reports::table
            .filter(withdrawal_reports::clinic_id.eq(self.clinic()))
            .filter(withdrawal_reports::patient_id.eq_any(patients.to_vec()))
            .order((withdrawal_reports::recorded_at, withdrawal_reports::id))
            .select(ReportRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(ReportRow::into_report).collect())
    }

    /// A report or wish of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn withdrawal_report(&mut self, id: WithdrawalReportId) -> Result<WithdrawalReport> {
        let row = withdrawal_reports::table.find((self.clinic(), id)).select(ReportRow::as_select());
        let report = row.first(self.connection)?.into_report();
        self.saw(report.patient);
        Ok(report)
    }

    /// Whose report it is: what to lock before it is read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn patient_of_report(&mut self, id: WithdrawalReportId) -> Result<PatientId> {
        let row = withdrawal_reports::table.find((self.clinic(), id)).select(withdrawal_reports::patient_id);
        Ok(row.first(self.connection)?)
    }
}

impl Gather<'_> {
    /// The withdrawals of these ids.
    pub(in crate::store) fn withdrawals_by_id(&mut self, ids: &[WithdrawalId]) -> Result<Vec<Withdrawal>> {
        let rows = by_id!(self, consent_withdrawals, WithdrawalRow, ids);
        Ok(rows.into_iter().map(Withdrawal::from).collect())
    }

    /// The reports and wishes of these ids.
    pub(in crate::store) fn reports_by_id(&mut self, ids: &[WithdrawalReportId]) -> Result<Vec<WithdrawalReport>> {
        let rows = by_id!(self, withdrawal_reports, ReportRow, ids);
        Ok(rows.into_iter().map(ReportRow::into_report).collect())
    }
}

impl Change<'_> {
    /// Keeps what a withdrawal changed: consents, the statement, the wish. The session is stopped by its own functions.
    ///
    /// # Errors
    /// When the database says no.
    pub fn keep_withdrawn(&mut self, withdrawn: &Withdrawn) -> Result<()> {
        for consent in &withdrawn.consents {
            self.update_consent(consent)?;
        }
        if let Some(fact) = &withdrawn.fact {
            self.insert_withdrawal(fact)?;
        }
        if let Some(wish) = &withdrawn.wish {
            self.insert_withdrawal_report(wish)?;
        }
        Ok(())
    }

    fn insert_withdrawal(&mut self, withdrawal: &Withdrawal) -> Result<()> {
        let row = WithdrawalRow {
            clinic_id: self.clinic(),
            id: withdrawal.id,
            patient_id: withdrawal.patient,
            consent_id: withdrawal.consent,
            session_id: withdrawal.session,
            scope: withdrawal.scope,
            said_by: withdrawal.said_by,
            said_at: withdrawal.said_at,
            pump_stopped_at: withdrawal.pump_stopped_at,
            words: withdrawal.words.clone(),
            recorded_by: withdrawal.recorded_by,
            recorded_at: withdrawal.recorded_at,
        };
        diesel::insert_into(consent_withdrawals::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a report or a wish.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_withdrawal_report(&mut self, report: &WithdrawalReport) -> Result<()> {
        let row = ReportRow::of(self.clinic(), report);
        diesel::insert_into(withdrawal_reports::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps an answered report; `report.version` is one more than the row's.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody answered it since.
    pub fn update_withdrawal_report(&mut self, report: &WithdrawalReport) -> Result<()> {
        let row = withdrawal_reports::table.find((self.clinic(), report.id));
        let changed = diesel::update(row.filter(withdrawal_reports::version.eq(report.version - 1)))
            .set(ReportRow::of(self.clinic(), report))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(withdrawal_reports::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
