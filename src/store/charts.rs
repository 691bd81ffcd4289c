//! The lists of a chart: read whole, newest first; a statement is added, never changed.

use super::column::{DateColumn, Json};
use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::screening::{allergies, conditions, earlier_treatments, medications, outcome_scores};
use super::transaction::{Change, Gather};
use crate::domain::allergy::{Allergy, AllergyKind};
use crate::domain::chart::{ChartItem, ChartStatus, Listed, Severity, Statement, listed};
use crate::domain::condition::Condition;
use crate::domain::earlier_treatment::{EarlierTreatment, TreatmentClass, WhyStopped};
use crate::domain::icd10::Icd10;
use crate::domain::id::{
    AllergyId, ClinicId, ConditionId, EarlierTreatmentId, MedicationId, OutcomeScoreId, PatientId, StaffId,
};
use crate::domain::medication::{Medication, MedicineClass};
use crate::domain::outcome_score::{OutcomeScale, OutcomeScore, Timepoint};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// A thing whose statements have a table of their own; only the list at the end of this file makes one.
pub trait ChartTable: ChartItem {
    /// The statements about these patients, newest first.
    #[doc(hidden)]
    fn load(of: Chart<'_>, patients: &[PatientId]) -> Result<Vec<Statement<Self>>>;
    /// The statements of these ids.
    #[doc(hidden)]
    fn by_id(of: Chart<'_>, ids: &[Self::Id]) -> Result<Vec<Statement<Self>>>;
    /// Adds one.
    #[doc(hidden)]
    fn insert(into: Chart<'_>, statement: &Statement<Self>) -> Result<()>;
}

/// The charts of one clinic in one transaction.
pub struct Chart<'c> {
    connection: &'c mut AnyConnection,
    clinic: ClinicId,
}

impl Gather<'_> {
    /// Everything ever stated about a patient in one list, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn statements<T: ChartTable>(&mut self, patient: PatientId) -> Result<Vec<Listed<T>>> {
        self.statements_of(&[patient])
    }

    /// The same of these patients.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn statements_of<T: ChartTable>(&mut self, patients: &[PatientId]) -> Result<Vec<Listed<T>>> {
        self.saw_each(patients.iter().copied());
        let clinic = self.clinic();
        Ok(listed(T::load(Chart { connection: self.connection, clinic }, patients)?))
    }
}

impl Gather<'_> {
    /// The statements of these ids.
    pub(super) fn statements_by_id<T: ChartTable>(&mut self, ids: &[T::Id]) -> Result<Vec<Statement<T>>> {
        let clinic = self.clinic();
        T::by_id(Chart { connection: self.connection, clinic }, ids)
    }
}

impl Change<'_> {
    /// Adds a statement. The patient is locked, so nobody amended the same one since the list was read.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_statement<T: ChartTable>(&mut self, statement: &Statement<T>) -> Result<()> {
        let clinic = self.clinic();
        T::insert(Chart { connection: self.connection, clinic }, statement)
    }
}

/// One table of statements: its own columns, how they are written and how they are read.
macro_rules! chart_table {
    ($table:ident of $item:ty as $id:ty {
        $($column:ident: $ty:ty),+ $(,)?
    } write |$what:ident| $write:expr; read |$row:ident| $read:expr;) => {
        const _: () = {
            #[derive(Queryable, Selectable, Insertable)]
            #[diesel(table_name = $table)]
            struct Row {
                clinic_id: ClinicId,
                id: $id,
                patient_id: PatientId,
                status: ChartStatus,
                amends_id: Option<$id>,
                reason: Option<String>,
                $($column: $ty,)+
                recorded_at: Timestamp,
                recorded_by: StaffId,
            }

            /// The columns that belong to the thing itself.
            struct Own { $($column: $ty),+ }

            fn write($what: &$item) -> Result<Own> { $write }
            fn read($row: Own) -> Result<$item> { $read }

            impl Row {
                fn of(clinic_id: ClinicId, statement: &Statement<$item>) -> Result<Self> {
                    let Own { $($column),+ } = write(&statement.what)?;
                    Ok(Self {
                        clinic_id,
                        id: statement.id,
                        patient_id: statement.patient,
                        status: statement.status,
                        amends_id: statement.amends,
                        reason: statement.reason.clone(),
                        $($column,)+
                        recorded_at: statement.recorded_at,
                        recorded_by: statement.recorded_by,
                    })
                }

                fn into_statement(self) -> Result<Statement<$item>> {
                    Ok(Statement {
                        id: self.id,
                        patient: self.patient_id,
                        status: self.status,
                        amends: self.amends_id,
                        reason: self.reason,
                        what: read(Own { $($column: self.$column),+ })?,
                        recorded_at: self.recorded_at,
                        recorded_by: self.recorded_by,
                    })
                }
            }

            impl ChartTable for $item {
                fn load(of: Chart<'_>, patients: &[PatientId]) -> Result<Vec<Statement<Self>>> {
                    let rows: Vec<Row> = $table::table
                        .filter($table::clinic_id.eq(of.clinic))
                        .filter($table::patient_id.eq_any(patients.to_vec()))
                        .order($table::id.desc())
                        .select(Row::as_select())
                        .load(of.connection)?;
                    rows.into_iter().map(Row::into_statement).collect()
                }

                fn by_id(of: Chart<'_>, ids: &[$id]) -> Result<Vec<Statement<Self>>> {
                    let rows: Vec<Row> = $table::table
                        .filter($table::clinic_id.eq(of.clinic))
                        .filter($table::id.eq_any(ids.to_vec()))
                        .select(Row::as_select())
                        .load(of.connection)?;
                    rows.into_iter().map(Row::into_statement).collect()
                }

                fn insert(into: Chart<'_>, statement: &Statement<Self>) -> Result<()> {
                    let row = Row::of(into.clinic, statement)?;
                    diesel::insert_into($table::table).values(&row).execute(into.connection)?;
                    Ok(())
                }
            }
        };
    };
}

chart_table! {
    conditions of Condition as ConditionId {
        code: String,
        text: Option<String>,
        onset_date: Option<DateColumn>,
    }
    write |condition| Ok(Own {
        code: condition.code.as_str().to_owned(),
        text: condition.text.clone(),
        onset_date: condition.onset_date.map(DateColumn),
    });
    read |row| Ok(Condition {
        code: Icd10::parse(&row.code).map_err(|no| StoreError::Broken(no.to_string()))?,
        text: row.text,
        onset_date: row.onset_date.map(|date| date.0),
    });
}

chart_table! {
    allergies of Allergy as AllergyId {
        kind: AllergyKind,
        substance: Option<String>,
        reaction: Option<String>,
        severity: Option<Severity>,
    }
    write |allergy| {
        let kind = allergy.kind();
        Ok(match allergy.clone() {
            Allergy::NoneKnown => Own { kind, substance: None, reaction: None, severity: None },
            Allergy::To { substance, reaction, severity } => Own { kind, substance: Some(substance), reaction, severity },
        })
    };
    read |row| match (row.kind, row.substance) {
        (AllergyKind::NoneKnown, None) => Ok(Allergy::NoneKnown),
        (AllergyKind::Allergy, Some(substance)) => {
            Ok(Allergy::To { substance, reaction: row.reaction, severity: row.severity })
        }
        _ => Err(StoreError::Broken("an allergy without a substance".into())),
    };
}

chart_table! {
    medications of Medication as MedicationId {
        name: String,
        class: MedicineClass,
        dose_text: Option<String>,
        last_taken_at: Option<Timestamp>,
    }
    write |medicine| {
        let Medication { name, class, dose_text, last_taken_at } = medicine.clone();
        Ok(Own { name, class, dose_text, last_taken_at })
    };
    read |row| {
        let Own { name, class, dose_text, last_taken_at } = row;
        Ok(Medication { name, class, dose_text, last_taken_at })
    };
}

chart_table! {
    earlier_treatments of EarlierTreatment as EarlierTreatmentId {
        class: TreatmentClass,
        name: String,
        dose_text: Option<String>,
        weeks: Option<i64>,
        why_stopped: WhyStopped,
        detail: Option<String>,
    }
    write |tried| {
        let EarlierTreatment { class, name, dose_text, weeks, why_stopped, detail } = tried.clone();
        Ok(Own { class, name, dose_text, weeks, why_stopped, detail })
    };
    read |row| {
        let Own { class, name, dose_text, weeks, why_stopped, detail } = row;
        Ok(EarlierTreatment { class, name, dose_text, weeks, why_stopped, detail })
    };
}

chart_table! {
    outcome_scores of OutcomeScore as OutcomeScoreId {
        scale: OutcomeScale,
        timepoint: Timepoint,
        items: Json,
        answered_at: Timestamp,
    }
    write |score| Ok(Own {
        scale: score.scale,
        timepoint: score.timepoint,
        items: Json::of(&score.items)?,
        answered_at: score.answered_at,
    });
    read |row| Ok(OutcomeScore {
        scale: row.scale,
        timepoint: row.timepoint,
        items: row.items.read()?,
        answered_at: row.answered_at,
    });
}
