//! Before the start.

use super::elsewhere::{Busy, count};
use super::{ids, patients, the_one};
use crate::domain::consent::{ConsentFacts, Dose, Need, may_run};
use crate::domain::id::{PatientId, ProtocolId, SessionId, TreatmentPlanId};
use crate::domain::observation::{Observation, standing};
use crate::domain::order::Order;
use crate::domain::patient::Patient;
use crate::domain::policy::Policy;
use crate::domain::precheck::Precheck;
use crate::domain::preparation::Preparation;
use crate::domain::protocol::Protocol;
use crate::domain::quantity::{Amount as _, HeartRate, MicrogramsPerKilogram};
use crate::domain::readiness::{StartFacts, Vitals};
use crate::domain::refusal::Unmet;
use crate::domain::session::Session;
use crate::domain::session::escort::{Escort, is_promised};
use crate::domain::time::{Date, Timestamp};
use crate::domain::treatment_plan::{PlanState, TreatmentPlan};
use crate::domain::visit::Visit;
use crate::store::error::{Result, StoreError};
use crate::store::screenings::Screened;
use crate::store::transaction::{Gather, Held};
use jiff::tz::TimeZone;
use std::collections::HashMap;

impl Gather<'_> {
    /// Everything a start of this session depends on, at this transaction's instant.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn start_facts(&mut self, held: Held, session: &Session) -> Result<StartFacts> {
        the_one(self.start_facts_of(held, std::slice::from_ref(session))?)
    }

    /// The same of many sessions, in their order.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn start_facts_of(&mut self, held: Held, sessions: &[Session]) -> Result<Vec<StartFacts>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let house = House {
            now: self.now(),
            today: self.today()?,
            zone: self.zone()?,
            policy: self.policy()?,
            prescribers_on_site: 0,
            busy: self.busy_owners(sessions)?,
        };
        let hours = house.policy.rules.staffing.on_site_hours;
        let house = House { prescribers_on_site: count(self.prescribers_on_site(hours)?.len()), ..house };
        let charts = self.charts_before_start(held, sessions)?;
        let visits = self.visits_before_start(held, sessions)?;
        sessions.iter().map(|session| facts_of(session, &house, &charts, &visits)).collect()
    }

    fn charts_before_start(&mut self, held: Held, sessions: &[Session]) -> Result<Charts> {
        let patients = patients(sessions);
        let plans: Vec<TreatmentPlanId> = sessions.iter().filter_map(|session| session.treatment_plan_id).collect();
        let now = self.now();
        let screened = self.latest_screenings(&patients, now)?;
        Ok(Charts {
            patients: self.patients(&patients)?.into_iter().map(|patient| (patient.id, patient)).collect(),
            plans: self.treatment_plans(&plans)?.into_iter().map(|plan| (plan.id, plan)).collect(),
            consents: self.consent_facts_of(&patients, held)?,
            screenings: screened.into_iter().map(|screened| (screened.screening.patient, screened)).collect(),
            dates: self.visit_dates_of(held, &patients)?,
            last_heart_rates: self.last_heart_rates(held, sessions)?,
        })
    }

    fn visits_before_start(&mut self, held: Held, sessions: &[Session]) -> Result<Visits> {
        let visits: Vec<Visit> = sessions.iter().map(Session::visit).collect();
        let protocols: Vec<ProtocolId> = sessions.iter().map(|session| session.protocol_id).collect();
        Ok(Visits {
            protocols: self.protocols_by_id(&protocols)?,
            prechecks: self.newest_prechecks(&visits)?,
            orders: self.newest_orders(&visits)?,
            preparations: self.preparations_of(&visits)?,
            rows: self.rows_of(sessions, held)?,
            escorts: self.escorts(&ids(sessions))?,
        })
    }
}

/// What is the same for every visit of a clinic.
struct House {
    now: Timestamp,
    today: Date,
    zone: TimeZone,
    policy: Policy,
    prescribers_on_site: i64,
    busy: Busy,
}

/// What is known about the patients.
struct Charts {
    patients: HashMap<PatientId, Patient>,
    plans: HashMap<TreatmentPlanId, TreatmentPlan>,
    consents: HashMap<PatientId, ConsentFacts>,
    screenings: HashMap<PatientId, Screened>,
    dates: Vec<(PatientId, SessionId, Date)>,
    last_heart_rates: HashMap<SessionId, HeartRate>,
}

/// What was done in the visits so far.
struct Visits {
    protocols: HashMap<ProtocolId, Protocol>,
    prechecks: Vec<Precheck>,
    orders: Vec<Order>,
    preparations: Vec<Preparation>,
    rows: HashMap<SessionId, Vec<Observation>>,
    escorts: Vec<Escort>,
}

fn facts_of(session: &Session, house: &House, charts: &Charts, visits: &Visits) -> Result<StartFacts> {
    let visit = session.visit();
    let patient = charts.patients.get(&visit.patient).ok_or(StoreError::NotFound)?;
    let protocol = visits.protocols.get(&session.protocol_id).ok_or(StoreError::NotFound)?;
    let consent = charts.consents.get(&visit.patient).ok_or(StoreError::NotFound)?;
    let plan = session.treatment_plan_id.and_then(|id| charts.plans.get(&id));
    let plan = plan.filter(|plan| plan.state == PlanState::Active);
    let precheck = visits.prechecks.iter().find(|precheck| precheck.visit == visit).cloned();
    let order = visits.orders.iter().find(|order| order.visit == visit).cloned();
    let made: Vec<Preparation> = visits.preparations.iter().filter(|made| made.visit == visit).cloned().collect();
    let escorts: Vec<Escort> =
        visits.escorts.iter().filter(|escort| escort.session_id == session.id).cloned().collect();
    let rows = visits.rows.get(&session.id).map(Vec::as_slice).unwrap_or_default();
    let others = charts.dates.iter().filter(|(patient, id, _)| *patient == visit.patient && *id != session.id);
    let others: Vec<Date> = others.map(|(.., date)| *date).collect();
    let spacing = protocol.text.envelope.breaches_of_spacing(&others, house.today);
    Ok(StartFacts {
        visit,
        zone: house.zone.clone(),
        consent: consent_verdict(consent, visit, (plan, precheck.as_ref(), order.as_ref()), house.now),
        screening: Screened::unmet_at(charts.screenings.get(&visit.patient), house.now),
        spacing: spacing.into_iter().map(Unmet::from).collect(),
        plan_in_force: plan.is_some(),
        has_address: patient.who.address.is_some(),
        has_emergency_contact: patient.who.emergency_contact.is_some(),
        has_escort: is_promised(&escorts),
        precheck,
        order,
        preparations: Preparation::in_force(&made).cloned().collect(),
        vitals: Vitals::of(&standing(rows), charts.last_heart_rates.get(&session.id).copied()),
        prescribers_on_site: house.prescribers_on_site,
        nurse: house.busy.load(session.team.owner_id, session.id),
        policy: house.policy.clone(),
    })
}

/// What consent says about this visit: for the most the order allows, by the weight of the day; before there is an
/// order, for the dose of the plan.
fn consent_verdict(
    facts: &ConsentFacts,
    visit: Visit,
    known: (Option<&TreatmentPlan>, Option<&Precheck>, Option<&Order>),
    now: Timestamp,
) -> Vec<Unmet> {
    let (plan, precheck, order) = known;
    let weight = precheck.and_then(|precheck| precheck.form.weight);
    let dose = match (order, weight) {
        (Some(order), Some(weight)) => Dose::Total { mass: order.form.max_total, weight },
        (Some(order), None) => Dose::PerKilogram(order.form.dose),
        (None, _) => Dose::PerKilogram(plan.map_or(MicrogramsPerKilogram::clamped(0), |plan| plan.text.dose)),
    };
    let indication = plan.map(|plan| &plan.text.indication);
    let need = Need { at: now, known_at: now, route: Some(visit.route), dose, indication };
    may_run(facts, &need, visit.session).err().unwrap_or_default()
}
