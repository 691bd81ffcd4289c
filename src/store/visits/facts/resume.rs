//! Before a paused drug goes on.

use super::{ids, patients};
use crate::domain::consent::{ConsentFacts, Dose, Need, may_run};
use crate::domain::dosing::Infusion;
use crate::domain::observation::standing;
use crate::domain::precheck::Precheck;
use crate::domain::quantity::{Amount as _, MicrogramsPerKilogram};
use crate::domain::readiness::{ResumeFacts, Vitals};
use crate::domain::refusal::Unmet;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::store::error::{Result, StoreError};
use crate::store::transaction::{Gather, Held};

impl Gather<'_> {
    /// Everything a resume of each of these sessions depends on.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn resume_facts_of(&mut self, held: Held, sessions: &[Session]) -> Result<Vec<ResumeFacts>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.now();
        let visits: Vec<_> = sessions.iter().map(Session::visit).collect();
        let consents = self.consent_facts_of(&patients(sessions), held)?;
        let prechecks = self.newest_prechecks(&visits)?;
        let rows = self.rows_of(sessions, held)?;
        let alerts = self.alerts_of(&ids(sessions))?;
        let facts = self.infusions(sessions.to_vec(), held)?.into_iter().map(|infusion| {
            let session = infusion.session.id;
            let rows = rows.get(&session).map(Vec::as_slice).unwrap_or_default();
            let precheck = prechecks.iter().find(|precheck| precheck.visit.session == session);
            let consent = consents.get(&infusion.session.patient_id).ok_or(StoreError::NotFound)?;
            let started_at = infusion.session.milestones.started_at.unwrap_or(now);
            let stopped_at = infusion.session.pump.stopped_at;
            let holding = alerts.iter().filter(|alert| alert.session == session && alert.holds_resume());
            Ok(ResumeFacts {
                session,
                consent: consent_to_go_on(consent, precheck, &infusion, now),
                unacknowledged: holding.map(|alert| alert.id).collect(),
                paused_at: infusion.history.paused_at(now).or(stopped_at).unwrap_or(started_at),
                pressure_at: Vitals::of(&standing(rows), None).pressure.map(|reading| reading.at),
                preparation_corrected_at: infusion.corrected_at.filter(|corrected| *corrected > started_at),
                pump_read_back_at: infusion.history.read_back_at(),
            })
        });
        facts.collect()
    }
}

/// What consent says about what was given so far. Without any weight the ceiling cannot be compared; whether the
/// consent still binds can.
fn consent_to_go_on(
    facts: &ConsentFacts,
    precheck: Option<&Precheck>,
    infusion: &Infusion,
    now: Timestamp,
) -> Vec<Unmet> {
    let visit = infusion.session.visit();
    let weight = precheck.and_then(|precheck| precheck.form.weight);
    let weight = weight.or(infusion.order.as_ref().map(|order| order.weight));
    let given = infusion.against_ceiling(now);
    let none = Dose::PerKilogram(MicrogramsPerKilogram::clamped(0));
    let dose = weight.map_or(none, |weight| Dose::Total { mass: given, weight });
    let need = Need { at: now, known_at: now, route: Some(visit.route), dose, indication: None };
    may_run(facts, &need, visit.session).err().unwrap_or_default()
}
