//! Treatment plans of a patient.

use super::column::{DateColumn, Json};
use super::error::{Result, StoreError};
use super::schema::protocols::treatment_plans;
use super::transaction::{Change, Gather};
use crate::domain::icd10::Icd10;
use crate::domain::id::{ClinicId, PatientId, ProtocolId, StaffId, TreatmentPlanId};
use crate::domain::quantity::MicrogramsPerKilogram;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::domain::treatment_plan::{
    Activation, Closure, PlanOutcome, PlanState, PlanText, TreatmentPlan, WeightBasis,
};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = treatment_plans, primary_key(clinic_id, id), treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: TreatmentPlanId,
    version: i64,
    patient_id: PatientId,
    revision: i64,
    supersedes: Option<TreatmentPlanId>,
    state: PlanState,
    drafted_by: StaffId,
    drafted_at: Timestamp,
    activated_by: Option<StaffId>,
    activated_at: Option<Timestamp>,
    override_reason: Option<String>,
    closed_by: Option<StaffId>,
    closed_at: Option<Timestamp>,
    outcome: Option<PlanOutcome>,
    close_reason: Option<String>,
    indication: String,
    protocol_id: ProtocolId,
    route: Route,
    dose_ug_per_kg: MicrogramsPerKilogram,
    max_dose_ug_per_kg: MicrogramsPerKilogram,
    weight_basis: WeightBasis,
    duration_minutes: i64,
    sessions: i64,
    spacing_days: i64,
    stop_rules: Json,
    review_on: DateColumn,
}

impl Row {
    fn of(clinic_id: ClinicId, plan: &TreatmentPlan) -> Result<Self> {
        let (text, signed, closed) = (&plan.text, plan.activation.as_ref(), plan.closure.as_ref());
        Ok(Self {
            clinic_id,
            id: plan.id,
            version: plan.version,
            patient_id: plan.patient,
            revision: plan.revision,
            supersedes: plan.supersedes,
            state: plan.state,
            drafted_by: plan.drafted_by,
            drafted_at: plan.drafted_at,
            activated_by: signed.map(|signed| signed.by),
            activated_at: signed.map(|signed| signed.at),
            override_reason: signed.and_then(|signed| signed.override_reason.clone()),
            closed_by: closed.map(|closed| closed.by),
            closed_at: closed.map(|closed| closed.at),
            outcome: closed.map(|closed| closed.outcome),
            close_reason: closed.map(|closed| closed.reason.clone()),
            indication: text.indication.as_str().to_owned(),
            protocol_id: text.protocol,
            route: text.route,
            dose_ug_per_kg: text.dose,
            max_dose_ug_per_kg: text.max_dose,
            weight_basis: text.weight_basis,
            duration_minutes: text.duration_minutes,
            sessions: text.sessions,
            spacing_days: text.spacing_days,
            stop_rules: Json::of(&text.stop_rules)?,
            review_on: DateColumn(text.review_on),
        })
    }

    fn into_plan(self) -> Result<TreatmentPlan> {
        let activation = match (self.activated_by, self.activated_at) {
            (Some(by), Some(at)) => Some(Activation { by, at, override_reason: self.override_reason }),
            _ => None,
        };
        let closure = match (self.closed_by, self.closed_at, self.outcome, self.close_reason) {
            (Some(by), Some(at), Some(outcome), Some(reason)) => Some(Closure { by, at, outcome, reason }),
            _ => None,
        };
        let text = PlanText {
            indication: Icd10::parse(&self.indication).map_err(|error| StoreError::Broken(error.to_string()))?,
            protocol: self.protocol_id,
            route: self.route,
            dose: self.dose_ug_per_kg,
            max_dose: self.max_dose_ug_per_kg,
            weight_basis: self.weight_basis,
            duration_minutes: self.duration_minutes,
            sessions: self.sessions,
            spacing_days: self.spacing_days,
            stop_rules: self.stop_rules.read()?,
            review_on: self.review_on.0,
        };
        let Self { id, patient_id: patient, version, revision, supersedes, state, drafted_by, drafted_at, .. } = self;
        Ok(TreatmentPlan {
            id,
            patient,
            version,
            revision,
            supersedes,
            state,
            drafted_by,
            drafted_at,
            activation,
            closure,
            text,
        })
    }
}

/// More plans than a patient's life has; keeps a list a list.
const MOST_PLANS: i64 = 200;

impl Gather<'_> {
    /// A plan of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn treatment_plan(&mut self, id: TreatmentPlanId) -> Result<TreatmentPlan> {
        let row: Row =
            treatment_plans::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.show(row.patient_id)?;
        row.into_plan()
    }

    /// These plans of this clinic.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn treatment_plans(&mut self, ids: &[TreatmentPlanId]) -> Result<Vec<TreatmentPlan>> {
        let rows: Vec<Row> = treatment_plans::table
            .filter(treatment_plans::clinic_id.eq(self.clinic()))
            .filter(treatment_plans::id.eq_any(ids.to_vec()))
            .select(Row::as_select())
            .load(self.connection)?;
        for row in &rows {
            self.saw(row.patient_id);
        }
        rows.into_iter().map(Row::into_plan).collect()
    }

    /// Whose plan this is; what has to be locked before the plan is read for a decision.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn patient_of_plan(&mut self, id: TreatmentPlanId) -> Result<PatientId> {
        let row = treatment_plans::table.find((self.clinic(), id));
        Ok(row.select(treatment_plans::patient_id).first(self.connection)?)
    }

    /// All plans of a patient, the newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn treatment_plans_of(&mut self, patient: PatientId) -> Result<Vec<TreatmentPlan>> {
        let rows: Vec<Row> = treatment_plans::table
            .filter(treatment_plans::clinic_id.eq(self.clinic()))
            .filter(treatment_plans::patient_id.eq(patient))
            .order(treatment_plans::id.desc())
            .limit(MOST_PLANS)
            .select(Row::as_select())
            .load(self.connection)?;
        self.saw(patient);
        rows.into_iter().map(Row::into_plan).collect()
    }

    /// The plan that is in force for this patient and route, if any.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn plan_in_force(&mut self, patient: PatientId, route: Route) -> Result<Option<TreatmentPlanId>> {
        let found = treatment_plans::table
            .filter(treatment_plans::clinic_id.eq(self.clinic()))
            .filter(treatment_plans::patient_id.eq(patient))
            .filter(treatment_plans::route.eq(route))
            .filter(treatment_plans::state.eq(PlanState::Active))
            .select(treatment_plans::id)
            .first(self.connection)
            .optional()?;
        Ok(found)
    }
}

impl Change<'_> {
    /// Adds a plan.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when another plan is in force for the same patient and route.
    pub fn insert_treatment_plan(&mut self, plan: &TreatmentPlan) -> Result<()> {
        let row = Row::of(self.clinic(), plan)?;
        diesel::insert_into(treatment_plans::table).values(row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a changed plan; `plan.version` is the version after the change, one more than before.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since.
    pub fn update_treatment_plan(&mut self, plan: &TreatmentPlan) -> Result<()> {
        let row = treatment_plans::table.find((self.clinic(), plan.id));
        let changed = diesel::update(row.filter(treatment_plans::version.eq(plan.version - 1)))
            .set(Row::of(self.clinic(), plan)?)
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(treatment_plans::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
