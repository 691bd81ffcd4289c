//! How far a series of sessions has come.

use super::error::Result;
use super::sessions::SessionFilter;
use super::transaction::{Gather, Held};
use crate::domain::dosing::{DosingEvent, Supply, delivered, effective};
use crate::domain::id::SessionId;
use crate::domain::preparation::Preparation;
use crate::domain::quantity::Micrograms;
use crate::domain::session::Session;
use crate::domain::treatment_plan::{TreatmentPlan, series};
use crate::domain::visit::Visit;
use std::collections::HashMap;

/// More sessions than one patient has in all plans together.
const MOST_SESSIONS: u16 = 1000;

impl Gather<'_> {
    /// The sessions of a plan's whole series, over all its versions.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn sessions_of_series(&mut self, plan: &TreatmentPlan) -> Result<Vec<Session>> {
        let line = series(&self.treatment_plans_of(plan.patient)?, plan.id);
        let filter = SessionFilter { patient: Some(plan.patient), ..SessionFilter::default() };
        let found = self.sessions(&filter, None, MOST_SESSIONS)?.items;
        Ok(found.into_iter().filter(|session| session.treatment_plan_id.is_some_and(|id| line.contains(&id))).collect())
    }

    /// What each of these sessions was given so far, folded from its drug record; a session without one is left out.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn given_in(&mut self, sessions: &[Session], held: Held) -> Result<HashMap<SessionId, Micrograms>> {
        let visits: Vec<Visit> = sessions.iter().map(Session::visit).collect();
        let ids: Vec<SessionId> = sessions.iter().map(|session| session.id).collect();
        let (events, preparations) = (self.dosing_events(&ids, held)?, self.preparations_of(&visits)?);
        let mut given = HashMap::new();
        for id in ids {
            let own: Vec<DosingEvent> = events.iter().filter(|event| event.session == id).cloned().collect();
            if own.is_empty() {
                continue;
            }
            let prepared: Vec<Preparation> =
                preparations.iter().filter(|made| made.visit.session == id).cloned().collect();
            let total = delivered(&effective(&own), Supply::of(&prepared).as_ref(), self.now());
            given.insert(id, total.against_ceiling());
        }
        Ok(given)
    }
}
