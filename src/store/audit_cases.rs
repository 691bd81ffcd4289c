//! Audit cases: opened, closed, listed, and asked on every read of an auditor.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::audit_cases::{audit_case_patients, audit_cases};
use super::schema::patients::patients;
use super::schema::sessions::sessions;
use super::transaction::{Change, Gather};
use crate::domain::audit_case::{AuditCase, CaseScope};
use crate::domain::id::{AuditCaseId, ClinicId, PatientId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// The last case of a page.
pub type AuditCaseCursor = AuditCaseId;

/// One page of cases, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCasePage {
    /// The cases.
    pub items: Vec<AuditCase>,
    /// Where the next page begins; none on the last.
    pub next: Option<AuditCaseCursor>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_cases, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: AuditCaseId,
    version: i64,
    number: String,
    reason: String,
    period_from: Option<Timestamp>,
    period_until: Option<Timestamp>,
    opened_by: StaffId,
    opened_at: Timestamp,
    ends_at: Timestamp,
    closed_by: Option<StaffId>,
    closed_at: Option<Timestamp>,
}

impl Row {
    fn of(clinic_id: ClinicId, case: &AuditCase) -> Self {
        let period = match case.scope {
            CaseScope::Period(from, until) => Some((from, until)),
            CaseScope::Patients(_) => None,
        };
        Self {
            clinic_id,
            id: case.id,
            version: case.version,
            number: case.number.clone(),
            reason: case.reason.clone(),
            period_from: period.map(|(from, _)| from),
            period_until: period.map(|(_, until)| until),
            opened_by: case.opened_by,
            opened_at: case.opened_at,
            ends_at: case.ends_at,
            closed_by: case.closed_by,
            closed_at: case.closed_at,
        }
    }

    fn into_case(self, patients: Vec<PatientId>) -> AuditCase {
        let scope = match (self.period_from, self.period_until) {
            (Some(from), Some(until)) => CaseScope::Period(from, until),
            _ => CaseScope::Patients(patients),
        };
        AuditCase {
            id: self.id,
            version: self.version,
            number: self.number,
            reason: self.reason,
            scope,
            opened_by: self.opened_by,
            opened_at: self.opened_at,
            ends_at: self.ends_at,
            closed_by: self.closed_by,
            closed_at: self.closed_at,
        }
    }
}

/// Whose charts a case opens now; none when it is not open, or not this clinic's.
pub(super) fn bounds(
    connection: &mut AnyConnection,
    clinic: ClinicId,
    case: AuditCaseId,
    now: Timestamp,
) -> Result<Option<Vec<PatientId>>> {
    let row = audit_cases::table.find((clinic, case)).select(Row::as_select()).first(connection).optional()?;
    let Some(row) = row else { return Ok(None) };
    let named = named(connection, clinic, &[case])?.into_iter().map(|(_, patient)| patient).collect();
    let case = row.into_case(named);
    if !case.is_open(now) {
        return Ok(None);
    }
    match case.scope {
        CaseScope::Patients(patients) => Ok(Some(patients)),
        CaseScope::Period(from, until) => {
            let visits = sessions::table
                .filter(sessions::clinic_id.eq(clinic))
                .filter(sessions::scheduled_start_at.ge(from))
                .filter(sessions::scheduled_start_at.lt(until));
            Ok(Some(visits.select(sessions::patient_id).distinct().load(connection)?))
        }
    }
}

fn named(
    connection: &mut AnyConnection,
    clinic: ClinicId,
    cases: &[AuditCaseId],
) -> Result<Vec<(AuditCaseId, PatientId)>> {
    let rows = audit_case_patients::table
        .filter(audit_case_patients::clinic_id.eq(clinic))
        .filter(audit_case_patients::audit_case_id.eq_any(cases.to_vec()))
        .order(audit_case_patients::patient_id)
        .select((audit_case_patients::audit_case_id, audit_case_patients::patient_id));
    Ok(rows.load(connection)?)
}

impl Gather<'_> {
    /// The cases of this clinic, newest first, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn audit_cases(&mut self, after: Option<AuditCaseCursor>, limit: u16) -> Result<AuditCasePage> {
        let mut query = audit_cases::table.filter(audit_cases::clinic_id.eq(self.clinic())).into_boxed();
        if let Some(last) = after {
            query = query.filter(audit_cases::id.lt(last));
        }
        let mut rows: Vec<Row> = query
            .order(audit_cases::id.desc())
            .limit(i64::from(limit) + 1)
            .select(Row::as_select())
            .load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| row.id);
        Ok(AuditCasePage { items: self.with_patients(rows)?, next })
    }

    /// A case of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn audit_case(&mut self, id: AuditCaseId) -> Result<AuditCase> {
        let row = audit_cases::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.with_patients(vec![row])?.pop().ok_or(StoreError::NotFound)
    }

    fn with_patients(&mut self, rows: Vec<Row>) -> Result<Vec<AuditCase>> {
        let ids: Vec<AuditCaseId> = rows.iter().map(|row| row.id).collect();
        let named = named(self.connection, self.clinic(), &ids)?;
        let of = |id| named.iter().filter(move |(case, _)| *case == id).map(|(_, patient)| *patient).collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let patients = of(row.id);
                row.into_case(patients)
            })
            .collect())
    }
}

impl Gather<'_> {
    /// The cases of these ids.
    pub(super) fn audit_cases_by_id(&mut self, ids: &[AuditCaseId]) -> Result<Vec<AuditCase>> {
        let rows = by_id!(self, audit_cases, Row, ids);
        self.with_patients(rows)
    }
}

impl Change<'_> {
    /// Adds a case.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when a patient it names is none of this clinic.
    pub fn insert_audit_case(&mut self, case: &AuditCase) -> Result<()> {
        diesel::insert_into(audit_cases::table).values(Row::of(self.clinic(), case)).execute(self.connection)?;
        let CaseScope::Patients(named) = &case.scope else { return Ok(()) };
        for patient in named {
            // Asked for by id, so that a stranger's is not found and no error of the database has to be caught.
            let known = patients::table.find((self.clinic(), *patient)).select(patients::id);
            let patient: PatientId = known.first(self.connection)?;
            diesel::insert_into(audit_case_patients::table)
                .values((
                    audit_case_patients::clinic_id.eq(self.clinic()),
                    audit_case_patients::audit_case_id.eq(case.id),
                    audit_case_patients::patient_id.eq(patient),
                ))
                .execute(self.connection)?;
        }
        Ok(())
    }

    /// Keeps a changed case, one version ahead of what is there.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since.
    pub fn update_audit_case(&mut self, case: &AuditCase) -> Result<()> {
        let row = audit_cases::table.find((self.clinic(), case.id));
        let changed = diesel::update(row.filter(audit_cases::version.eq(case.version - 1)))
            .set(Row::of(self.clinic(), case))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(audit_cases::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
