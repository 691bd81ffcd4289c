use super::*;
use crate::domain::id::PolicyId;
use crate::domain::policy::Policy;
use crate::domain::protocol::{Approver, migraine_iv, migraine_nebulized};
use crate::domain::quantity::Amount as _;
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(0).plus_minutes(minutes)
}

fn staff() -> StaffId {
    StaffId(Uuid::from_u128(7))
}

fn published() -> Protocol {
    let draft = Protocol::draft(ProtocolId(Uuid::nil()), 1, None, at(0), migraine_iv()).unwrap().0;
    let approver = Approver { by: staff(), at: at(0), is_author: false, waived: false };
    draft.publish(approver, &Policy::seeded(PolicyId(Uuid::nil()), at(0)), None).unwrap().0
}

fn fields() -> PlanFields {
    PlanFields {
        indication: Some("G43.719".into()),
        protocol: Some(published().id),
        weight_basis: Some(WeightBasis::Actual),
        sessions: Some(6),
        stop_rules: Some(vec!["No fall of two points after three sessions".into()]),
        review_on: Some(date(2026, 4, 1)),
        ..PlanFields::default()
    }
}

fn draft_of(fields: PlanFields) -> TreatmentPlan {
    let text = fields.checked(&published()).unwrap();
    TreatmentPlan::draft(TreatmentPlanId(Uuid::nil()), PatientId(Uuid::nil()), staff(), at(0), text).0
}

fn signature(override_reason: Option<&str>) -> Activation {
    Activation { by: staff(), at: at(60), override_reason: override_reason.map(str::to_owned) }
}

fn around(protocol: &Protocol) -> Circumstances<'_> {
    Circumstances { protocol, other_active: None, today: date(2026, 3, 1) }
}

pub(super) fn in_force() -> TreatmentPlan {
    draft_of(fields()).activate(signature(None), around(&published())).unwrap().0
}

fn in_state(state: PlanState) -> TreatmentPlan {
    TreatmentPlan { state, ..draft_of(fields()) }
}

fn blocked(result: Result<(TreatmentPlan, Event), Refusal>) -> Vec<&'static str> {
    let Err(Refusal::Blocked { by, .. }) = result else { panic!("must be blocked") };
    by.iter().map(|unmet| unmet.rule_id).collect()
}

#[test]
fn a_draft_takes_from_its_protocol_what_nobody_said() {
    let text = draft_of(fields()).text;
    assert_eq!((text.dose.to_string().as_str(), text.max_dose.to_string().as_str()), ("0.5", "1"));
    assert_eq!((text.duration_minutes, text.spacing_days, text.route), (45, 2, Route::Iv));
}

#[test]
fn all_that_is_wrong_with_a_plan_is_said_at_once() {
    let wrong = PlanFields {
        indication: Some("F32.9".into()),
        dose: MicrogramsPerKilogram::new(2_000).ok(),
        duration_minutes: Some(40),
        sessions: Some(0),
        stop_rules: Some(vec![" ".into()]),
        weight_basis: None,
        review_on: None,
        ..fields()
    };
    let Err(Refusal::Invalid(errors)) = wrong.checked(&published()) else { panic!("must be refused") };
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    let expected = [
        "/indication",
        "/dose_mg_per_kg",
        "/weight_basis",
        "/duration_minutes",
        "/sessions",
        "/stop_rules/0",
        "/review_on",
    ];
    assert_eq!(pointers, expected);
}

#[test]
fn every_state_answers_every_event_and_nothing_leaves_an_ended_plan() {
    for state in PlanState::ALL {
        for event in PlanEvent::ALL {
            let plan = in_state(*state);
            let protocol = published();
            let text = plan.text.clone();
            let closure =
                Closure { by: staff(), at: at(1), outcome: PlanOutcome::Stopped, reason: "moved away".into() };
            let reached = match event {
                PlanEvent::Edit => plan.edit(text).map(|(plan, _)| plan.state),
                PlanEvent::Activate => plan.activate(signature(None), around(&protocol)).map(|(plan, _)| plan.state),
                PlanEvent::Revise => {
                    let id = TreatmentPlanId(Uuid::max());
                    plan.revise(id, text, signature(None), around(&protocol)).map(|revised| revised.old.state)
                }
                PlanEvent::Close => plan.close(closure).map(|(plan, _)| plan.state),
            };
            let arrow = TRANSITIONS.iter().find(|(from, by, _)| (from, by) == (state, event)).map(|(_, _, to)| *to);
            match (reached, arrow) {
                (Ok(state), Some(expected)) => assert_eq!(state, expected),
                (Err(Refusal::InvalidTransition { .. }), None) => {}
                (reached, _) => panic!("{state} {event}: {reached:?}"),
            }
        }
    }
    assert_eq!(PlanState::Closed.allowed().count() + PlanState::Superseded.allowed().count(), 0);
}

#[test]
fn a_plan_is_not_signed_on_a_protocol_that_nobody_approved() {
    let draft = Protocol::draft(ProtocolId(Uuid::nil()), 1, None, at(0), migraine_iv()).unwrap().0;
    assert_eq!(blocked(draft_of(fields()).activate(signature(Some("urgent")), around(&draft))), ["plan.protocol"]);
}

#[test]
fn every_condition_that_is_not_met_is_named_at_once() {
    let plan = draft_of(PlanFields {
        max_dose: MicrogramsPerKilogram::new(1_500).ok(),
        sessions: Some(13),
        spacing_days: Some(1),
        review_on: Some(date(2026, 2, 28)),
        ..fields()
    });
    let protocol = published();
    let around = Circumstances { other_active: Some(TreatmentPlanId(Uuid::max())), ..around(&protocol) };
    let expected = ["plan.one_in_force", "plan.review_on", "plan.max_dose", "plan.min_gap", "plan.max_per_365_days"];
    assert_eq!(blocked(plan.clone().activate(signature(None), around)), expected);
    assert_eq!(blocked(plan.activate(signature(Some("tolerated well before")), around)), &expected[..2]);
}

#[test]
fn a_prescriber_sets_the_protocols_ceiling_aside_with_a_reason_that_stays_in_the_trail() {
    let plan = draft_of(PlanFields { max_dose: MicrogramsPerKilogram::new(1_500).ok(), ..fields() });
    let (plan, event) = plan.activate(signature(Some("tolerated well before")), around(&published())).unwrap();
    assert_eq!((plan.state, event.reason.as_deref()), (PlanState::Active, Some("tolerated well before")));
}

#[test]
fn a_revision_leaves_the_old_version_as_it_was_signed() {
    let plan = in_force();
    let before = plan.text.clone();
    let text = PlanText { sessions: 8, ..before.clone() };
    let revised = plan.revise(TreatmentPlanId(Uuid::max()), text, signature(None), around(&published())).unwrap();
    assert_eq!((revised.old.state, &revised.old.text), (PlanState::Superseded, &before));
    assert_eq!((revised.next.state, revised.next.revision, revised.next.text.sessions), (PlanState::Active, 2, 8));
    assert_eq!(revised.next.supersedes, Some(revised.old.id));
    assert_eq!(revised.events.len(), 2);
}

#[test]
fn a_plan_is_not_closed_without_a_reason() {
    let closure = Closure { by: staff(), at: at(1), outcome: PlanOutcome::Completed, reason: " ".into() };
    assert!(matches!(in_force().close(closure), Err(Refusal::Invalid(_))));
}

#[test]
fn the_route_of_a_plan_is_its_protocols() {
    let text = PlanFields { dose: None, max_dose: None, ..fields() };
    let neb = Protocol::draft(ProtocolId(Uuid::max()), 1, None, at(0), migraine_nebulized()).unwrap().0;
    assert_eq!(text.checked(&neb).unwrap().route, Route::Nebulized);
}

proptest! {
    #[test]
    fn a_plan_in_force_without_an_override_lies_inside_its_protocol(
        dose in 0_i64..2_000, ceiling in 0_i64..2_000, minutes in 30_i64..100, sessions in 0_i64..60, spacing in 0_i64..10,
    ) {
        let asked = PlanFields {
            dose: MicrogramsPerKilogram::new(dose).ok(), max_dose: MicrogramsPerKilogram::new(ceiling).ok(),
            duration_minutes: Some(minutes), sessions: Some(sessions), spacing_days: Some(spacing), ..fields()
        };
        let protocol = published();
        if let Ok(text) = asked.checked(&protocol) {
            let draft = TreatmentPlan::draft(TreatmentPlanId(Uuid::nil()), PatientId(Uuid::nil()), staff(), at(0), text).0;
            if let Ok((plan, _)) = draft.activate(signature(None), around(&protocol)) {
                let (text, envelope) = (plan.text, protocol.text.envelope);
                prop_assert!(text.dose <= text.max_dose && text.max_dose <= envelope.max_dose && text.dose.get() > 0);
                prop_assert!((45..=90).contains(&text.duration_minutes));
                prop_assert!((1..=envelope.max_per_365_days).contains(&text.sessions));
                prop_assert!(text.sessions == 1 || text.spacing_days >= envelope.min_gap_days);
            }
        }
    }

    #[test]
    fn a_patch_that_says_nothing_changes_nothing(sessions in 1_i64..=12) {
        let text = draft_of(PlanFields { sessions: Some(sessions), ..fields() }).text;
        let again = PlanPatch::default().over(text.clone().into()).checked(&published()).unwrap();
        prop_assert_eq!(again, text);
    }
}
