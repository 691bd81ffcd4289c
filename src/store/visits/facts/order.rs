//! Before an order is signed.

use crate::domain::id::TreatmentPlanId;
use crate::domain::order::{OrderFacts, weight_by};
use crate::domain::outcome_score::OutcomeScore;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::treatment_plan::WeightBasis;
use crate::domain::waiver::Waivable;
use crate::store::error::Result;
use crate::store::schema::sessions::sessions;
use crate::store::transaction::{Gather, Held};
use diesel::dsl::min;
use diesel::prelude::*;

impl Gather<'_> {
    /// Everything an order of this session is checked against; whether the second person prescribes is left to say.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn order_facts(&mut self, _held: Held, session: &Session, basis: WeightBasis) -> Result<OrderFacts> {
        let visit = session.visit();
        let policy = self.policy()?;
        let precheck = self.newest_precheck(visit)?;
        let sex = self.patient(visit.patient)?.who.sex;
        let plan = session.treatment_plan_id.map(|id| self.treatment_plan(id)).transpose()?;
        let from = policy.rules.booking.response_score_from_session;
        let needs_score = session.sequence_in_plan.is_some_and(|place| place >= from);
        let response_score_missing = match &plan {
            Some(plan) if needs_score => !self.has_response_score(session, plan.id)?,
            _ => false,
        };
        Ok(OrderFacts {
            earlier: self.newest_order(visit)?.map_or(0, |order| order.number),
            weight: precheck.as_ref().and_then(|precheck| weight_by(basis, sex, &precheck.form)),
            precheck,
            protocol: session.protocol_id,
            envelope: self.protocol(session.protocol_id)?.text.envelope,
            plan_ceiling: plan.map(|plan| plan.text.max_dose),
            rules: policy.rules,
            second_prescribes: false,
            witness_waived: self.is_waived(Waivable::Order)?,
            response_score_missing,
        })
    }

    /// Whether an outcome was scored since the first drug of this series (decisions.md 29).
    fn has_response_score(&mut self, session: &Session, plan: TreatmentPlanId) -> Result<bool> {
        let first: Option<Timestamp> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::treatment_plan_id.eq(plan))
            .select(min(sessions::started_at))
            .first(self.connection)?;
        let Some(first) = first else { return Ok(true) };
        let scores = self.statements::<OutcomeScore>(session.patient_id)?;
        Ok(scores.iter().any(|listed| listed.stands() && listed.statement.recorded_at > first))
    }
}
