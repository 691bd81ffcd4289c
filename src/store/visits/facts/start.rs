//! Before the start.

use crate::domain::consent::{ConsentFacts, Dose, Need, may_run};
use crate::domain::id::{PatientId, SessionId, StaffId};
use crate::domain::monitoring::Baseline;
use crate::domain::observation::{Observation, standing};
use crate::domain::order::Order;
use crate::domain::precheck::Precheck;
use crate::domain::preparation::Preparation;
use crate::domain::quantity::{Amount as _, HeartRate, MicrogramsPerKilogram};
use crate::domain::readiness::{NurseLoad, StartFacts, Vitals};
use crate::domain::refusal::Unmet;
use crate::domain::session::escort::is_promised;
use crate::domain::session::{Session, SessionState};
use crate::domain::treatment_plan::{PlanState, TreatmentPlan};
use crate::domain::visit::Visit;
use crate::store::error::Result;
use crate::store::schema::sessions::sessions;
use crate::store::screenings::Screened;
use crate::store::transaction::{Gather, Held};
use diesel::prelude::*;

impl Gather<'_> {
    /// Everything a start of this session depends on, at this transaction's instant.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn start_facts(&mut self, held: Held, session: &Session) -> Result<StartFacts> {
        let visit = session.visit();
        let (now, today) = (self.now(), self.today()?);
        let policy = self.policy()?;
        let patient = self.patient(visit.patient)?;
        let plan = session.treatment_plan_id.map(|id| self.treatment_plan(id)).transpose()?;
        let plan = plan.filter(|plan| plan.state == PlanState::Active);
        let (precheck, order) = (self.newest_precheck(visit)?, self.newest_order(visit)?);
        let consent = self.consent_verdict(held, visit, (plan.as_ref(), precheck.as_ref(), order.as_ref()))?;
        let screening = self.latest_screening(visit.patient, now)?;
        let others = self.visit_dates(held, visit.patient, Some(visit.session))?;
        let envelope = self.protocol(session.protocol_id)?.text.envelope;
        let rows = self.rows_of(visit.session, held)?;
        let made = self.preparations_of(&[visit])?;
        Ok(StartFacts {
            visit,
            zone: self.zone()?,
            consent,
            screening: Screened::unmet_at(screening.as_ref(), now),
            spacing: envelope.breaches_of_spacing(&others, today).into_iter().map(Unmet::from).collect(),
            plan_in_force: plan.is_some(),
            has_address: patient.who.address.is_some(),
            has_emergency_contact: patient.who.emergency_contact.is_some(),
            has_escort: is_promised(&self.escorts(&[visit.session])?),
            precheck,
            order,
            preparations: Preparation::in_force(&made).cloned().collect(),
            vitals: Vitals::of(&standing(&rows), self.last_visit_heart_rate(held, visit)?),
            prescribers_on_site: count(self.prescribers_on_site(policy.rules.staffing.on_site_hours)?.len()),
            nurse: self.nurse_load(session.team.owner_id, visit.session)?,
            policy,
        })
    }

    /// What consent says about this visit: for the most the order allows, by the weight of the day; before there is
    /// an order, for the dose of the plan.
    fn consent_verdict(
        &mut self,
        held: Held,
        visit: Visit,
        known: (Option<&TreatmentPlan>, Option<&Precheck>, Option<&Order>),
    ) -> Result<Vec<Unmet>> {
        let (plan, precheck, order) = known;
        let facts: ConsentFacts = self.consent_facts(visit.patient, held)?;
        let weight = precheck.and_then(|precheck| precheck.form.weight);
        let dose = match (order, weight) {
            (Some(order), Some(weight)) => Dose::Total { mass: order.form.max_total, weight },
            (Some(order), None) => Dose::PerKilogram(order.form.dose),
            (None, _) => Dose::PerKilogram(plan.map_or(MicrogramsPerKilogram::clamped(0), |plan| plan.text.dose)),
        };
        let indication = plan.map(|plan| &plan.text.indication);
        let need = Need { at: self.now(), known_at: self.now(), route: visit.route, dose, indication };
        Ok(may_run(&facts, &need, visit.session).err().unwrap_or_default())
    }

    /// The heart rate before the drug at the patient's last visit with drug.
    fn last_visit_heart_rate(&mut self, held: Held, visit: Visit) -> Result<Option<HeartRate>> {
        let last: Option<SessionId> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::patient_id.eq(visit.patient))
            .filter(sessions::id.ne(visit.session))
            .filter(sessions::started_at.is_not_null())
            .order(sessions::started_at.desc())
            .select(sessions::id)
            .first(self.connection)
            .optional()?;
        let Some(last) = last else { return Ok(None) };
        let session = self.session(last)?;
        let rows: Vec<Observation> = self.rows_of(last, held)?;
        let before: Vec<Observation> = rows
            .into_iter()
            .filter(|row| session.milestones.started_at.is_some_and(|start| row.occurred_at <= start))
            .collect();
        Ok(Baseline::of(&before, None).heart_rate.and_then(|rate| HeartRate::new(rate).ok()))
    }

    /// How many other patients a person is in charge of.
    fn nurse_load(&mut self, owner: StaffId, but: SessionId) -> Result<NurseLoad> {
        let states: Vec<SessionState> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::owner_id.eq(owner))
            .filter(sessions::id.ne(but))
            .filter(sessions::state.eq_any([SessionState::InProgress, SessionState::Paused, SessionState::Recovery]))
            .select(sessions::state)
            .load(self.connection)?;
        let infusing = states.iter().filter(|state| state.is_infusing()).count();
        Ok(NurseLoad { infusing: count(infusing), total: count(states.len()) })
    }

    /// Whether another patient of this clinic stands between two acts on a chart: whose visit a session is.
    ///
    /// # Errors
    /// [`crate::store::StoreError::NotFound`] when there is no such session.
    pub fn patient_of_session(&mut self, id: SessionId) -> Result<PatientId> {
        Ok(sessions::table.find((self.clinic(), id)).select(sessions::patient_id).first(self.connection)?)
    }
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
