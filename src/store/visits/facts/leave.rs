//! Before a patient goes home.

use crate::domain::alert::Alert;
use crate::domain::discharge;
use crate::domain::dosing::{Administration, Infusion, RescueClass, delivered};
use crate::domain::monitoring::{Baseline, Level, StartOfDrug};
use crate::domain::observation::standing;
use crate::domain::quantity::{Amount as _, Grams, Micrograms, MicrogramsPerKilogram};
use crate::domain::readiness::LeaveFacts;
use crate::domain::refusal::Unmet;
use crate::domain::session::escort::is_seen;
use crate::domain::session::{Disposition, Session};
use crate::store::error::Result;
use crate::store::transaction::{Gather, Held};

impl Gather<'_> {
    /// Everything a discharge of this patient depends on.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn leave_facts(&mut self, held: Held, session: &Session, disposition: Disposition) -> Result<LeaveFacts> {
        let visit = session.visit();
        let alerts = self.open_alerts(visit.session)?;
        let of_the_body = |alert: &Alert| alert.level >= Level::Act && alert.condition.is_physiological();
        Ok(LeaveFacts {
            visit,
            disposition,
            criteria: self.discharge_criteria(held, session)?,
            escort_seen: is_seen(&self.escorts(&[visit.session])?),
            item9_open: self.item9_is_open(visit.patient)?,
            open_alerts: alerts.iter().filter(|alert| of_the_body(alert)).map(|alert| alert.id).collect(),
            pump_unconfirmed: session.pump_unconfirmed(),
        })
    }

    /// What the body still lacks, under the policy pinned at the start.
    fn discharge_criteria(&mut self, held: Held, session: &Session) -> Result<Vec<Unmet>> {
        let visit = session.visit();
        let now = self.now();
        let policy = match session.policy_id {
            Some(pinned) => self.policy_version(pinned)?,
            None => self.policy()?,
        };
        let stay = self.protocol(session.protocol_id)?.text.stay;
        let Infusion { history, supply, order, .. } = self.infusion(session.clone(), held)?;
        let given = delivered(&history, supply.as_ref(), now).against_ceiling();
        let weight = match order {
            Some(order) => Some(order.weight),
            None => self.newest_precheck(visit)?.and_then(|precheck| precheck.form.weight),
        };
        let rescued = |what: &Administration| matches!(what, Administration::Rescue(drug) if matches!(drug.class, RescueClass::Sedative | RescueClass::Antihypertensive));
        let rescued_at =
            history.events().iter().filter(|event| rescued(&event.what)).map(|event| event.act.occurred_at).max();
        let started_at = session.milestones.started_at.or(history.first_started_at()).unwrap_or(now);
        let start = history.events().iter().find(|event| event.what.gives_drug());
        let start =
            start.map(|event| StartOfDrug { occurred_at: event.act.occurred_at, recorded_at: event.act.recorded_at });
        let rows = self.rows_of(visit.session, held)?;
        let baseline = Baseline::of(&rows, start);
        Ok(discharge::unmet(&discharge::Facts {
            now,
            rules: &policy.rules,
            score_set: policy.score_set,
            stay: &stay,
            started_at,
            stopped_at: history.stopped_at().or(session.milestones.stopped_at).unwrap_or(started_at),
            dose: weight.map_or(MicrogramsPerKilogram::clamped(0), |weight| per_kilogram(given, weight)),
            rescued_at,
            baseline: &baseline,
            rows: &standing(&rows),
        }))
    }
}

/// Rounded up: a longer stay is the safe side.
fn per_kilogram(mass: Micrograms, weight: Grams) -> MicrogramsPerKilogram {
    let weight = i128::from(weight.get().max(1));
    let exact = (i128::from(mass.get()) * 1000 + weight - 1) / weight;
    MicrogramsPerKilogram::clamped(i64::try_from(exact).unwrap_or(i64::MAX))
}
