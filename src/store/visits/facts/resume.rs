//! Before a paused drug goes on.

use crate::domain::consent::{Dose, Need, may_run};
use crate::domain::dosing::Infusion;
use crate::domain::monitoring::Level;
use crate::domain::observation::standing;
use crate::domain::quantity::{Amount as _, MicrogramsPerKilogram};
use crate::domain::readiness::{ResumeFacts, Vitals};
use crate::domain::refusal::Unmet;
use crate::domain::session::Session;
use crate::domain::visit::Visit;
use crate::store::error::Result;
use crate::store::transaction::{Gather, Held};

impl Gather<'_> {
    /// Everything a resume of this session depends on.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn resume_facts(&mut self, held: Held, session: &Session) -> Result<ResumeFacts> {
        let visit = session.visit();
        let now = self.now();
        let infusion = self.infusion(session.clone(), held)?;
        let rows = self.rows_of(visit.session, held)?;
        let pressure = Vitals::of(&standing(&rows), None).pressure;
        let started_at = session.milestones.started_at.unwrap_or(now);
        let alerts = self.open_alerts(visit.session)?;
        Ok(ResumeFacts {
            session: visit.session,
            consent: self.consent_to_go_on(held, visit, &infusion)?,
            unacknowledged: alerts.iter().filter(|alert| alert.level >= Level::Pause).map(|alert| alert.id).collect(),
            paused_at: infusion.history.paused_at(now).or(session.pump.stopped_at).unwrap_or(started_at),
            pressure_at: pressure.map(|reading| reading.at),
            preparation_corrected_at: infusion.corrected_at.filter(|corrected| *corrected > started_at),
            pump_read_back_at: infusion.history.read_back_at(),
        })
    }

    /// What consent says about what was given so far. Without any weight the ceiling cannot be compared; whether the
    /// consent still binds can.
    fn consent_to_go_on(&mut self, held: Held, visit: Visit, infusion: &Infusion) -> Result<Vec<Unmet>> {
        let (facts, now) = (self.consent_facts(visit.patient, held)?, self.now());
        let weight = self.newest_precheck(visit)?.and_then(|precheck| precheck.form.weight);
        let weight = weight.or(infusion.order.as_ref().map(|order| order.weight));
        let given = infusion.against_ceiling(now);
        let none = Dose::PerKilogram(MicrogramsPerKilogram::clamped(0));
        let dose = weight.map_or(none, |weight| Dose::Total { mass: given, weight });
        let need = Need { at: now, known_at: now, route: visit.route, dose, indication: None };
        Ok(may_run(&facts, &need, visit.session).err().unwrap_or_default())
    }
}
