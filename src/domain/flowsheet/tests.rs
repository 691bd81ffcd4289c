//! A bedside, in sentences: rows come in, things are done at the pump, alerts follow.

use super::*;
use crate::domain::act::Act;
use crate::domain::alert::{ActionCode, AlertStep};
use crate::domain::dosing::PumpSetting;
use crate::domain::id::{AlertActionId, DosingEventId, PatientId, PolicyId, ProtocolId, RoomId, SessionId, StaffId};
use crate::domain::monitoring::Condition;
use crate::domain::observation::tests::{at, chart, draft, on, pressure, stamp};
use crate::domain::observation::{Draft, SedationDraft, Sheet, Status};
use crate::domain::protocol::migraine_iv;
use crate::domain::route::Route;
use crate::domain::session::desk::NewSession;
use crate::domain::session::{Slot, Team};
use proptest::prelude::*;
use uuid::Uuid;

struct Counting(u128);

impl Ids for Counting {
    fn alert(&mut self) -> AlertId {
        self.0 += 1;
        AlertId(Uuid::from_u128(self.0))
    }

    fn action(&mut self) -> AlertActionId {
        self.0 += 1;
        AlertActionId(Uuid::from_u128(self.0))
    }
}

const NURSE: StaffId = StaffId(Uuid::from_u128(3));

fn session() -> Session {
    let new = NewSession {
        id: SessionId(Uuid::from_u128(1)),
        patient_id: PatientId(Uuid::from_u128(2)),
        plan: None,
        protocol_id: ProtocolId(Uuid::from_u128(3)),
        route: Route::Iv,
        slot: Slot {
            room_id: RoomId(Uuid::from_u128(4)),
            starts_at: at(-20),
            ends_at: at(150),
            local_start: "2026-03-02T09:40".into(),
            zone: "America/New_York".into(),
        },
        team: Team { nurse_id: NURSE, prescriber_id: NURSE, owner_id: NURSE },
        note: None,
        override_reason: None,
    };
    let mut session = Session::schedule(new, Act::now(NURSE, at(-600)), Vec::new()).unwrap().session;
    session.milestones.started_at = Some(at(0));
    session
}

/// Drug has been running since minute 0, on a patient of 130/80.
fn running() -> Flowsheet {
    let protocol = Protocol::draft(ProtocolId(Uuid::from_u128(3)), 1, None, at(-999), migraine_iv()).unwrap().0;
    let mut sheet = Flowsheet {
        session: session(),
        policy: Policy::seeded(PolicyId(Uuid::from_u128(5)), at(-999)),
        protocol,
        order: None,
        drug: Vec::new(),
        rows: Vec::new(),
        verdicts: BTreeMap::new(),
        alerts: Vec::new(),
    };
    sheet.add(pressure(-5, 130, 80));
    sheet
        .drug
        .push(given(0, Administration::Start(PumpSetting { rate: Some(rate(60)), concentration: None, vtbi: None })));
    sheet
}

fn rate(ml_per_h: i64) -> MicrolitresPerHour {
    MicrolitresPerHour::clamped(ml_per_h * 1000)
}

fn given(minute: i64, what: Administration) -> DosingEvent {
    DosingEvent {
        id: DosingEventId(Uuid::from_u128(u128::try_from(minute + 5_000).unwrap())),
        session: SessionId(Uuid::from_u128(1)),
        patient: PatientId(Uuid::from_u128(2)),
        what,
        act: Act::now(NURSE, at(minute)),
        checked_by: None,
        order: None,
        reason: None,
        unmet: Vec::new(),
        amends: None,
        moved_from: None,
    }
}

fn full(minute: i64) -> Observation {
    let row = Draft {
        systolic_mmhg: Some(135),
        diastolic_mmhg: Some(82),
        heart_rate_per_min: Some(72),
        spo2_percent: Some(98),
        sedation: Some(SedationDraft { scale: "moaas".into(), score: 5 }),
        red_flags: Some(Vec::new()),
        ..draft()
    };
    chart(&row, minute)
}

fn state_of(sheet: &Flowsheet, condition: Condition) -> Option<AlertState> {
    sheet.alerts.iter().find(|alert| alert.condition == condition).map(|alert| alert.state)
}

#[test]
fn a_frightening_number_alarms_at_once_and_is_answered_by_the_pause() {
    let (mut sheet, mut ids) = (running(), Counting(0));
    let verdict = sheet.add(pressure(10, 205, 121));
    assert_eq!(verdict.level, Level::Pause);
    let raised = sheet.follow(at(10), &mut ids).raised;
    assert_eq!(
        raised.iter().map(|alert| (alert.condition, alert.state)).collect::<Vec<_>>(),
        [(Condition::PressureHigh, AlertState::Open)]
    );
    sheet.drug.push(given(11, Administration::Pause));
    let followed = sheet.follow(at(11), &mut ids);
    assert_eq!(
        followed.actions.iter().map(|action| (action.step, action.action)).collect::<Vec<_>>(),
        [(AlertStep::Implied, Some(ActionCode::Paused))]
    );
    assert_eq!(state_of(&sheet, Condition::PressureHigh), Some(AlertState::Acknowledged));
    assert!(!sheet.holding_resume().is_empty(), "a nurse's pause is no prescriber's look");
}

#[test]
fn a_corrected_number_takes_its_alert_back() {
    let (mut sheet, mut ids) = (running(), Counting(0));
    let wrong = pressure(10, 205, 121);
    sheet.add(wrong.clone());
    sheet.follow(at(10), &mut ids);
    let right =
        Draft { systolic_mmhg: Some(150), diastolic_mmhg: Some(90), occurred_at: Some(at(10).to_string()), ..draft() };
    let (row, _) = wrong
        .correct(&on(Status::Final, &Sheet::from(&sheet.session), "typed wrong"), &right, stamp(77, at(12)))
        .unwrap();
    sheet.add(row);
    sheet.follow(at(12), &mut ids);
    assert_eq!(state_of(&sheet, Condition::PressureHigh), Some(AlertState::Retracted));
    assert!(sheet.holding_discharge().is_empty() && sheet.unanswered().is_empty());
}

#[test]
fn a_late_alarming_row_before_newer_normal_ones_is_historic() {
    let (mut sheet, mut ids) = (running(), Counting(0));
    sheet.add(full(20));
    sheet.add(Observation { recorded_at: at(21), ..pressure(8, 190, 112) });
    sheet.follow(at(21), &mut ids);
    assert_eq!(state_of(&sheet, Condition::PressureHigh), Some(AlertState::Historic));
    assert!(sheet.unanswered().is_empty());
}

#[test]
fn an_overdue_check_is_told_once_escalated_and_ended_by_its_row() {
    let (mut sheet, mut ids) = (running(), Counting(0));
    let wake = sheet.follow(at(1), &mut ids).wake_at;
    assert_eq!(wake, Some(at(15)));
    assert_eq!(sheet.look(at(15), at(15), &mut ids).raised.len(), 1);
    assert_eq!(sheet.look(at(15), at(15), &mut ids).raised.len(), 0);
    assert!(sheet.checks(at(15)).overdue);
    let escalated = sheet.look(at(20), at(20), &mut ids);
    assert_eq!((escalated.raised.len(), escalated.changed.len()), (0, 1));
    sheet.add(full(21));
    sheet.follow(at(21), &mut ids);
    assert_eq!(state_of(&sheet, Condition::CheckOverdue), Some(AlertState::Closed));
    assert!(!sheet.checks(at(21)).overdue);
}

#[test]
fn after_a_power_cut_there_is_one_gap_and_no_flood() {
    let (mut sheet, mut ids) = (running(), Counting(0));
    sheet.look(at(60), at(15), &mut ids);
    sheet.look(at(61), at(61), &mut ids);
    let conditions: Vec<Condition> = sheet.alerts.iter().map(|alert| alert.condition).collect();
    assert_eq!(conditions, [Condition::MonitoringGap]);
    assert_eq!(sheet.schedule(at(60)).checks.len(), 1);
    sheet.add(full(62));
    sheet.follow(at(62), &mut ids);
    assert_eq!(state_of(&sheet, Condition::MonitoringGap), Some(AlertState::Closed));
}

#[test]
fn a_rise_asks_for_closer_checks_and_a_decrease_does_not() {
    let due = |rate_now: i64| {
        let mut sheet = running();
        sheet.add(full(10));
        sheet.drug.push(given(12, Administration::RateChange(rate(rate_now))));
        sheet.schedule(at(13)).checks[0].due_at
    };
    assert_eq!((due(65), due(55)), (at(17), at(20)));
}

#[test]
fn an_act_number_stands_in_the_way_of_a_rise_before_its_second_reading() {
    let mut sheet = running();
    sheet.add(pressure(10, 166, 90));
    assert!(sheet.checks(at(10)).act_open);
    sheet.add(pressure(13, 140, 84));
    assert!(!sheet.checks(at(13)).act_open);
}

proptest! {
    /// Following is asking what is true: asked twice, nothing changes; and no row is ever lost by it.
    #[test]
    fn following_twice_changes_nothing_the_second_time(
        numbers in proptest::collection::vec((1_i64..=60, 90_i64..=230), 0..12),
        pauses in proptest::collection::vec(1_i64..=60, 0..3),
    ) {
        let (mut sheet, mut ids) = (running(), Counting(0));
        for (minute, systolic) in &numbers {
            sheet.add(pressure(*minute, *systolic, 85));
            sheet.follow(at(61), &mut ids);
        }
        for minute in pauses {
            sheet.drug.push(given(minute, Administration::Pause));
        }
        sheet.follow(at(61), &mut ids);
        let again = sheet.follow(at(61), &mut ids);
        prop_assert_eq!((again.raised, again.changed, again.actions), (Vec::new(), Vec::new(), Vec::new()));
        prop_assert_eq!(sheet.rows.len(), numbers.len() + 1);
        let conditions: std::collections::BTreeSet<_> = sheet.alerts.iter().map(|alert| alert.condition).collect();
        prop_assert_eq!(conditions.len(), sheet.alerts.len());
    }
}
