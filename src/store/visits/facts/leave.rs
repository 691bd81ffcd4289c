//! Before a patient goes home.

use super::{ids, patients, the_one};
use crate::domain::alert::Alert;
use crate::domain::discharge;
use crate::domain::dosing::{Administration, Infusion, RescueClass, delivered};
use crate::domain::id::{PolicyId, ProtocolId, SessionId};
use crate::domain::monitoring::{Baseline, Level, StartOfDrug};
use crate::domain::observation::{Observation, standing};
use crate::domain::policy::Policy;
use crate::domain::precheck::Precheck;
use crate::domain::protocol::Protocol;
use crate::domain::quantity::{Amount as _, Grams, Micrograms, MicrogramsPerKilogram};
use crate::domain::readiness::LeaveFacts;
use crate::domain::refusal::Unmet;
use crate::domain::session::escort::is_seen;
use crate::domain::session::{Disposition, Session};
use crate::domain::time::Timestamp;
use crate::store::error::{Result, StoreError};
use crate::store::transaction::{Gather, Held};
use std::collections::HashMap;

impl Gather<'_> {
    /// Everything a discharge of this patient depends on.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn leave_facts(&mut self, held: Held, session: &Session, disposition: Disposition) -> Result<LeaveFacts> {
        the_one(self.leave_facts_of(held, std::slice::from_ref(session), disposition)?)
    }

    /// The same of many patients, in the order of their sessions.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn leave_facts_of(
        &mut self,
        held: Held,
        sessions: &[Session],
        disposition: Disposition,
    ) -> Result<Vec<LeaveFacts>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let alerts = self.open_alerts(sessions)?;
        let escorts = self.escorts(&ids(sessions))?;
        let item9 = self.item9_open(&patients(sessions))?;
        let bodies = self.bodies(held, sessions)?;
        let now = self.now();
        let of_the_body = |alert: &&Alert| alert.level >= Level::Act && alert.condition.is_physiological();
        let facts = self.infusions(sessions.to_vec(), held)?.into_iter().map(|infusion| {
            let session = &infusion.session;
            let visit = session.visit();
            let own: Vec<_> = escorts.iter().filter(|escort| escort.session_id == session.id).cloned().collect();
            let open = alerts.iter().filter(|alert| alert.session == session.id).filter(of_the_body);
            Ok(LeaveFacts {
                visit,
                disposition,
                escort_seen: is_seen(&own),
                item9_open: item9.contains(&visit.patient),
                open_alerts: open.map(|alert| alert.id).collect(),
                pump_unconfirmed: session.pump_unconfirmed(),
                criteria: bodies.criteria(infusion, now)?,
            })
        });
        facts.collect()
    }

    fn bodies(&mut self, held: Held, sessions: &[Session]) -> Result<Bodies> {
        let visits: Vec<_> = sessions.iter().map(Session::visit).collect();
        let pinned: Vec<PolicyId> = sessions.iter().filter_map(|session| session.policy_id).collect();
        let protocols: Vec<ProtocolId> = sessions.iter().map(|session| session.protocol_id).collect();
        Ok(Bodies {
            in_force: self.policy()?,
            pinned: self.policy_versions(&pinned)?,
            protocols: self.protocols_by_id(&protocols)?,
            prechecks: self.newest_prechecks(&visits)?,
            rows: self.rows_of(sessions, held)?,
        })
    }
}

/// What the criteria of discharge are compared with, for many visits.
struct Bodies {
    in_force: Policy,
    pinned: HashMap<PolicyId, Policy>,
    protocols: HashMap<ProtocolId, Protocol>,
    prechecks: Vec<Precheck>,
    rows: HashMap<SessionId, Vec<Observation>>,
}

impl Bodies {
    /// What the body still lacks, under the policy pinned at the start.
    fn criteria(&self, infusion: Infusion, now: Timestamp) -> Result<Vec<Unmet>> {
        let Infusion { session, history, supply, order, .. } = infusion;
        let policy = session.policy_id.and_then(|id| self.pinned.get(&id)).unwrap_or(&self.in_force);
        let stay = &self.protocols.get(&session.protocol_id).ok_or(StoreError::NotFound)?.text.stay;
        let precheck = self.prechecks.iter().find(|precheck| precheck.visit.session == session.id);
        let given = delivered(&history, supply.as_ref(), now).against_ceiling();
        let weight = order.map(|order| order.weight).or_else(|| precheck.and_then(|precheck| precheck.form.weight));
        let rescued = |what: &Administration| matches!(what, Administration::Rescue(drug) if matches!(drug.class, RescueClass::Sedative | RescueClass::Antihypertensive));
        let rescued_at =
            history.events().iter().filter(|event| rescued(&event.what)).map(|event| event.act.occurred_at).max();
        let started_at = session.milestones.started_at.or(history.first_started_at()).unwrap_or(now);
        let start = history.events().iter().find(|event| event.what.gives_drug());
        let start =
            start.map(|event| StartOfDrug { occurred_at: event.act.occurred_at, recorded_at: event.act.recorded_at });
        let rows = self.rows.get(&session.id).map(Vec::as_slice).unwrap_or_default();
        let baseline = Baseline::of(rows, start);
        Ok(discharge::unmet(&discharge::Facts {
            now,
            rules: &policy.rules,
            score_set: policy.score_set,
            stay,
            started_at,
            stopped_at: history.stopped_at().or(session.milestones.stopped_at).unwrap_or(started_at),
            dose: weight.map_or(MicrogramsPerKilogram::clamped(0), |weight| per_kilogram(given, weight)),
            rescued_at,
            baseline: &baseline,
            rows: &standing(rows),
        }))
    }
}

/// Rounded up: a longer stay is the safe side.
fn per_kilogram(mass: Micrograms, weight: Grams) -> MicrogramsPerKilogram {
    let weight = i128::from(weight.get().max(1));
    let exact = (i128::from(mass.get()) * 1000 + weight - 1) / weight;
    MicrogramsPerKilogram::clamped(i64::try_from(exact).unwrap_or(i64::MAX))
}
