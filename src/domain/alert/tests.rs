//! The life of an alert, in sentences.

use super::*;
use crate::domain::monitoring::{Check, CheckPart, CheckStatus, Course};
use crate::domain::policy::Rules;
use crate::domain::refusal::{Clash, Refusal};
use proptest::prelude::*;
use uuid::Uuid;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_772_463_600_000).plus_minutes(minutes)
}

fn whose() -> (SessionId, PatientId) {
    (SessionId(Uuid::from_u128(1)), PatientId(Uuid::from_u128(2)))
}

fn course(level: Level, peak: Level, confirmed: bool) -> Course {
    Course {
        condition: Condition::PressureHigh,
        level,
        risen_at: (level >= Level::Act).then_some(at(10)),
        peak,
        peak_row: ObservationId(Uuid::from_u128(4)),
        peak_at: at(10),
        confirmed,
    }
}

fn follow(known: Option<&Alert>, course: &Course) -> Option<Alert> {
    Alert::follow(known, course, whose(), AlertId(Uuid::from_u128(3)), at(11)).map(|(alert, _)| alert)
}

fn answer(action: ActionCode, minute: i64) -> Answer {
    Answer {
        id: AlertActionId(Uuid::from_u128(5)),
        action: Some(action),
        text: None,
        by: StaffId(Uuid::from_u128(6)),
        as_prescriber: false,
        at: at(minute),
    }
}

fn raised(level: Level, confirmed: bool) -> Alert {
    follow(None, &course(level, level, confirmed)).unwrap()
}

#[test]
fn a_prompt_does_not_page_until_the_second_reading_confirms_it() {
    let prompt = raised(Level::Pause, false);
    assert_eq!((prompt.state, prompt.paged_at), (AlertState::Open, None));
    let paged = follow(Some(&prompt), &course(Level::Pause, Level::Pause, true)).unwrap();
    assert_eq!((paged.paged_at, paged.version), (Some(at(11)), 2));
}

#[test]
fn a_named_answer_closes_act_and_a_pause_waits_for_its_outcome() {
    let (act, action, event) = raised(Level::Act, true).acknowledge(answer(ActionCode::RateReduced, 12)).unwrap();
    assert_eq!((act.state, act.acknowledged_by, action.level), (AlertState::Closed, Some(action.by), Level::Act));
    assert_eq!(event.kind, EventKind::AlertAcknowledged);
    let (pause, ..) = raised(Level::Pause, true).acknowledge(answer(ActionCode::Paused, 12)).unwrap();
    assert_eq!((pause.state, pause.closed_at), (AlertState::Acknowledged, None));
    assert!(pause.holds_discharge());
    let outcome = Answer { action: None, text: Some("back to 140/85".into()), ..answer(ActionCode::Observed, 20) };
    let (closed, ..) = pause.resolve(outcome).unwrap();
    assert_eq!((closed.state, closed.holds_discharge()), (AlertState::Closed, false));
}

#[test]
fn a_prompt_that_proved_wrong_needs_one_answer_only() {
    let fallen = follow(Some(&raised(Level::Pause, false)), &course(Level::None, Level::Pause, false)).unwrap();
    assert_eq!((fallen.state, fallen.level), (AlertState::Open, Level::None));
    let (closed, ..) = fallen.acknowledge(answer(ActionCode::Artefact, 14)).unwrap();
    assert_eq!(closed.state, AlertState::Closed);
}

#[test]
fn an_answered_alert_stays_silent_until_it_is_worse_or_comes_back() {
    let (answered, ..) = raised(Level::Act, true).acknowledge(answer(ActionCode::Observed, 12)).unwrap();
    assert_eq!(follow(Some(&answered), &course(Level::Act, Level::Act, true)), None);
    let worse = follow(Some(&answered), &course(Level::Pause, Level::Pause, true)).unwrap();
    assert_eq!((worse.state, worse.paged_at), (AlertState::Open, Some(at(11))));
    let over = follow(Some(&answered), &course(Level::None, Level::Act, false)).unwrap();
    assert_eq!(over.state, AlertState::Closed);
    let back = follow(Some(&over), &course(Level::Act, Level::Act, true)).unwrap();
    assert_eq!(back.state, AlertState::Open);
}

#[test]
fn a_late_number_followed_by_normal_ones_is_listed_and_silent() {
    let historic = raised_late();
    assert_eq!((historic.state, historic.paged_at, historic.holds_discharge()), (AlertState::Historic, None, false));
    let (closed, ..) = historic.acknowledge(answer(ActionCode::Observed, 12)).unwrap();
    assert_eq!(closed.state, AlertState::Closed);
}

fn raised_late() -> Alert {
    follow(None, &course(Level::None, Level::Stop, false)).unwrap()
}

#[test]
fn a_number_that_is_taken_back_takes_its_alert_back() {
    let retracted = raised(Level::Pause, true).retract(at(12)).unwrap().0;
    assert_eq!((retracted.state, retracted.is_open()), (AlertState::Retracted, false));
    assert_eq!(retracted.retract(at(13)), None);
    let again = follow(Some(&retracted), &course(Level::Act, Level::Act, true)).unwrap();
    assert_eq!((again.state, again.id), (AlertState::Open, retracted.id));
}

#[test]
fn an_act_at_the_pump_within_five_minutes_is_the_answer() {
    let checks = Rules::seeded().checks;
    for (minute, action, counts) in [
        (9, ActionCode::Paused, false),
        (10, ActionCode::Paused, true),
        (15, ActionCode::DrugGiven, true),
        (16, ActionCode::Stopped, false),
        (12, ActionCode::Observed, false),
    ] {
        let implied = raised(Level::Act, true).imply(&answer(action, minute), &checks);
        assert_eq!(implied.is_some(), counts, "{action} at minute {minute}");
        assert!(implied.is_none_or(|(alert, action, _)| alert.state == AlertState::Closed && action.step == AlertStep::Implied));
    }
}

#[test]
fn a_pause_goes_on_only_after_a_prescriber_looked() {
    let (answered, ..) = raised(Level::Pause, true).acknowledge(answer(ActionCode::Paused, 12)).unwrap();
    assert!(answered.holds_resume());
    assert!(answered.acknowledge(answer(ActionCode::Observed, 13)).is_err(), "a nurse has answered already");
    let prescriber = Answer { as_prescriber: true, ..answer(ActionCode::Observed, 14) };
    let (looked, ..) = answered.acknowledge(prescriber.clone()).unwrap();
    assert_eq!((looked.holds_resume(), looked.state), (false, AlertState::Acknowledged));
    let outcome = Answer { text: Some("settled".into()), ..answer(ActionCode::Observed, 20) };
    let (closed, ..) = answered.resolve(outcome).unwrap();
    assert!(closed.holds_resume());
    let (looked_after, ..) = closed.acknowledge(prescriber).unwrap();
    assert_eq!((looked_after.holds_resume(), looked_after.state), (false, AlertState::Closed));
    assert!(!raised(Level::Act, true).holds_resume());
}

#[test]
fn silence_is_never_an_answer() {
    let nothing = Answer { action: None, ..answer(ActionCode::Observed, 12) };
    assert!(matches!(raised(Level::Act, true).acknowledge(nothing), Err(Refusal::Invalid(_))));
    let open = raised(Level::Pause, true);
    let outcome = Answer { text: Some("fine".into()), ..answer(ActionCode::Observed, 12) };
    assert!(matches!(open.resolve(outcome), Err(Refusal::Clash { clash: Clash::WrongState, .. })));
}

#[test]
fn only_a_reading_ends_an_overdue_check() {
    let check = Check {
        due_at: at(20),
        amber_at: at(22),
        overdue_at: at(25),
        escalate_at: at(30),
        parts: vec![CheckPart::Numeric],
        asks_mind: false,
        status: CheckStatus::Overdue,
    };
    let (overdue, _) = Alert::overdue(AlertId(Uuid::from_u128(9)), whose(), &check, at(25));
    assert_eq!((overdue.paged_at, overdue.holds_discharge()), (None, false));
    let (answered, ..) = overdue.acknowledge(answer(ActionCode::Observed, 26)).unwrap();
    assert_eq!(answered.closed_at, None);
    let outcome = Answer { text: Some("soon".into()), ..answer(ActionCode::Observed, 27) };
    assert!(answered.resolve(outcome).is_err());
    assert_eq!(answered.escalate(at(30)).unwrap().0.paged_at, Some(at(30)));
    let charted = answered.settle(at(31)).unwrap().0;
    assert_eq!((charted.state, charted.settle(at(32))), (AlertState::Closed, None));
}

proptest! {
    /// Whatever course follows whatever course, an alert with a confirmed act level that nobody answered is open.
    #[test]
    fn a_confirmed_level_nobody_answered_is_open(levels in proptest::collection::vec((0_usize..5, any::<bool>()), 1..12)) {
        let mut alert: Option<Alert> = None;
        let mut peak = Level::None;
        for (index, confirmed) in levels {
            let level = Level::ALL[index];
            peak = peak.max(level);
            if peak < Level::Act { continue; }
            let next = follow(alert.as_ref(), &course(level, peak, confirmed && level >= Level::Act));
            alert = next.or(alert);
            if level >= Level::Act {
                let open = alert.as_ref().unwrap();
                prop_assert_eq!(open.state, AlertState::Open);
                prop_assert!(!confirmed || open.paged_at.is_some());
            }
        }
    }
}
