//! Whether a visit fits its series: the plan is in force, the protocol in use, the dates far enough apart.

use crate::domain::protocol::Protocol;
use crate::domain::refusal::{Override, Unmet};
use crate::domain::time::{Date, Timestamp};
use crate::domain::treatment_plan::{PlanState, TreatmentPlan};

/// What a visit is booked under.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The plan and the visit's place in it, from 1; absent for a tentative booking (decisions.md 23).
    pub plan: Option<(&'a TreatmentPlan, i64)>,
    /// The plan's protocol, or the one a tentative booking names.
    pub protocol: &'a Protocol,
    /// The clinic's dates of the patient's other visits that count.
    pub others: &'a [Date],
}

impl Series<'_> {
    /// Everything that speaks against a visit on this date. What a prescriber may set aside is left out when one does.
    pub fn unmet(&self, date: Date, now: Timestamp, set_aside: bool) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        if !self.protocol.is_usable_at(now) {
            unmet.push(Unmet::new(
                "protocol_not_in_use",
                "session.schedule.protocol",
                "the protocol is not published, or not in use yet",
            ));
        }
        if let Some((plan, place)) = self.plan {
            if plan.state != PlanState::Active {
                unmet.push(
                    Unmet::new("plan_not_active", "session.schedule.plan", "the treatment plan is not in force")
                        .figures(PlanState::Active.as_str(), plan.state.as_str())
                        .fixed_by("POST", format!("/api/v1/treatment-plans/{}/activate", plan.id), "prescriber"),
                );
            }
            if place > plan.text.sessions {
                unmet.push(
                    Unmet::new(
                        "series_full",
                        "session.schedule.series",
                        "every session of the plan is booked or given",
                    )
                    .figures(format!("{} sessions", plan.text.sessions), format!("{place} sessions"))
                    .overridable_by(Override::Prescriber),
                );
            }
        }
        unmet.extend(self.protocol.text.envelope.breaches_of_spacing(self.others, date).into_iter().map(Unmet::from));
        unmet.retain(|found| !(set_aside && found.overridable == Override::Prescriber));
        unmet
    }

    /// How long the visit is planned to treat, in minutes: the plan's word, or the longest the protocol allows.
    pub fn treatment_min(&self) -> i64 {
        self.plan.map_or(self.protocol.text.envelope.max_duration_minutes, |(plan, _)| plan.text.duration_minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{PatientId, PolicyId, ProtocolId, StaffId, TreatmentPlanId};
    use crate::domain::policy::Policy;
    use crate::domain::protocol::{Approver, migraine_iv};
    use crate::domain::treatment_plan::{PlanFields, WeightBasis};
    use jiff::civil::date;
    use uuid::Uuid;

    const WHO: StaffId = StaffId(Uuid::from_u128(7));

    fn now() -> Timestamp {
        Timestamp::parse("2026-03-02T15:00:00Z").unwrap()
    }

    fn draft() -> Protocol {
        Protocol::draft(ProtocolId(Uuid::nil()), 1, None, now(), migraine_iv()).unwrap().0
    }

    fn in_use() -> Protocol {
        draft()
            .publish(
                Approver { by: WHO, at: now(), is_author: false, waived: false },
                &Policy::seeded(PolicyId(Uuid::nil()), now()),
                None,
            )
            .unwrap()
            .0
    }

    fn plan(state: PlanState) -> TreatmentPlan {
        let fields = PlanFields {
            indication: Some("G43.719".into()),
            protocol: Some(in_use().id),
            weight_basis: Some(WeightBasis::Actual),
            sessions: Some(6),
            stop_rules: Some(vec!["No fall of two points after three sessions".into()]),
            review_on: Some(date(2026, 4, 1)),
            ..PlanFields::default()
        };
        let (plan, _) = TreatmentPlan::draft(
            TreatmentPlanId(Uuid::nil()),
            PatientId(Uuid::nil()),
            WHO,
            now(),
            fields.checked(&in_use()).unwrap(),
        );
        TreatmentPlan { state, ..plan }
    }

    #[test]
    fn everything_that_speaks_against_a_visit_is_said_at_once_and_a_prescriber_sets_aside_what_may_be() {
        let (protocol, plan) = (draft(), plan(PlanState::Draft));
        let series = Series { plan: Some((&plan, 7)), protocol: &protocol, others: &[date(2026, 3, 9)] };
        let rules = |set_aside| {
            series.unmet(date(2026, 3, 10), now(), set_aside).into_iter().map(|unmet| unmet.rule_id).collect::<Vec<_>>()
        };
        let hard = ["session.schedule.protocol", "session.schedule.plan"];
        assert_eq!(rules(false), [&hard[..], &["session.schedule.series", "plan.min_gap"]].concat());
        assert_eq!(rules(true), hard);
    }

    #[test]
    fn a_tentative_visit_asks_only_for_a_protocol_and_room_in_the_calendar() {
        let protocol = in_use();
        let series = Series { plan: None, protocol: &protocol, others: &[] };
        assert_eq!(series.unmet(date(2026, 3, 10), now(), false), []);
        assert_eq!(series.treatment_min(), protocol.text.envelope.max_duration_minutes);
    }

    #[test]
    fn the_last_visit_of_a_series_is_booked_and_the_next_one_is_not() {
        let (protocol, plan) = (in_use(), plan(PlanState::Active));
        for (place, full) in [(6, false), (7, true)] {
            let series = Series { plan: Some((&plan, place)), protocol: &protocol, others: &[] };
            assert_eq!(!series.unmet(date(2026, 3, 10), now(), false).is_empty(), full, "{place}");
            assert_eq!(series.treatment_min(), plan.text.duration_minutes);
        }
    }
}
