//! The state table, walked in every direction.

mod properties;

use super::care::{Giver, NewHandover};
use super::desk::{NewSession, Rebooking};
use super::infusion::Stop;
use super::*;
use crate::domain::act::{Act, Ahead, Stated};
use crate::domain::id::{HandoverId, PatientId, PolicyId, ProtocolId, RoomId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::route::{Basis, EntrySource, Route};
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

use SessionEvent as E;
use SessionState as S;

const NURSE: StaffId = StaffId(Uuid::from_u128(11));
const PRESCRIBER: StaffId = StaffId(Uuid::from_u128(12));

/// 2 March 2026, 14:00 in New York: the booked time.
fn at(minutes: i64) -> Timestamp {
    Timestamp::parse("2026-03-02T19:00:00Z").unwrap().plus_minutes(minutes)
}

fn zone() -> TimeZone {
    TimeZone::get("America/New_York").unwrap()
}

pub(super) fn asked(minutes: i64) -> Act {
    Act::now(NURSE, at(minutes))
}

fn happened(minutes: i64) -> Act {
    let stated = Stated {
        basis: Some(Basis::Done),
        occurred_at: Some(at(minutes)),
        source: Some(EntrySource::Paper),
        observed_by: Some(NURSE),
        late_reason: None,
    };
    Act::stated(NURSE, at(minutes), stated, Ahead::Refused).unwrap()
}

pub(crate) fn booked() -> Session {
    let new = NewSession {
        id: SessionId(Uuid::from_u128(1)),
        patient_id: PatientId(Uuid::from_u128(2)),
        plan: None,
        protocol_id: ProtocolId(Uuid::from_u128(3)),
        route: Route::Iv,
        slot: Slot {
            room_id: RoomId(Uuid::from_u128(4)),
            starts_at: at(0),
            ends_at: at(150),
            local_start: "2026-03-02T14:00".into(),
            zone: "America/New_York".into(),
        },
        team: Team { nurse_id: NURSE, prescriber_id: PRESCRIBER, owner_id: NURSE },
        note: None,
        override_reason: None,
    };
    Session::schedule(new, asked(-600), Vec::new()).unwrap().session
}

/// The rule of each event, with nothing in its way.
fn apply(session: Session, event: SessionEvent, act: Act, pump: Option<PumpClaim>) -> Result<Step, Refusal> {
    let why = || "said by the nurse".to_owned();
    match event {
        E::Schedule => Err(session.refuse(E::Schedule)),
        E::Reschedule => session.reschedule(
            act,
            Rebooking { note: Some(Some("wheelchair".into())), ..Rebooking::default() },
            Vec::new(),
        ),
        E::Replan => {
            session.replan(act, TreatmentPlanId(Uuid::from_u128(6)), ProtocolId(Uuid::from_u128(7)), Route::Iv)
        }
        E::CheckIn => session.check_in(act, true, &zone()),
        E::UndoCheckIn => session.undo_check_in(act, why(), &zone()),
        E::Cancel => session.cancel(act, CancelReason::Illness, None),
        E::NoShow => session.no_show(act, 15),
        E::Reinstate => session.reinstate(act, why(), &zone()),
        E::Precheck => session.precheck_signed(act),
        E::Release => session.released(act, Vec::new()),
        E::Prepare => session.prepared(act, Vec::new()),
        E::Start => session.start(act, PolicyId(Uuid::from_u128(5)), Vec::new()),
        E::RetractStart => session.retract_start(act, why(), Vec::new()),
        E::Pause => session.pause(act, pump),
        E::Resume => session.resume(act, Vec::new()),
        E::Stop => session.stop(act, Stop { pump, ..Stop::default() }),
        E::ExplainStop => match session.state {
            S::InProgress | S::Paused => Err(session.refuse(E::ExplainStop)),
            _ if session.allowed_events().contains(&E::ExplainStop) => {
                session.stop(act, Stop { reason: Some(EndReason::Other), ..Stop::default() })
            }
            _ => Err(session.refuse(E::ExplainStop)),
        },
        E::ConfirmPump => session.confirm_pump(act, pump.unwrap_or(PumpClaim { stopped_at: at(0) })),
        E::Emergency => session.emergency(act, None, pump),
        E::EndEmergency => session.end_emergency(act, None),
        E::Abort => session.abort(act, AbortReason::UnfitToday, None),
        E::Complete => session.complete(act, Disposition::HomeWithEscort, None, Vec::new()),
        E::Close => session.close(act, Vec::new()),
        E::Handover => {
            let to = if session.team.owner_id == NURSE { PRESCRIBER } else { NURSE };
            let act = Act { by: to, ..act };
            let new = NewHandover {
                id: HandoverId(Uuid::from_u128(9)),
                to,
                giver: Giver::Signed,
                reason: None,
                summary: None,
            };
            session.hand_over(act, new).map(|(step, _)| step)
        }
    }
}

/// Every state with every combination of the facts that decide what fits.
fn every_situation() -> Vec<Session> {
    let mut situations = Vec::new();
    for state in S::ALL.iter().copied() {
        for facts in 0..32_u8 {
            let (explained, alarm, waiting) = (facts & 2 > 0, facts & 4 > 0, facts & 8 > 0);
            let locked = facts & 1 > 0 && matches!(state, S::Completed | S::Aborted);
            let mut session = Session { state, ..booked() };
            session.milestones.locked_at = locked.then(|| at(300));
            session.milestones.emergency_at = alarm.then(|| at(60));
            session.milestones.released_at = (facts & 16 > 0).then(|| at(-5));
            session.end_reason = explained.then_some(EndReason::Completed);
            session.pump = match state {
                _ if waiting => {
                    Pump { state: PumpState::StopRequired, stop_required_at: Some(at(50)), stopped_at: None }
                }
                S::InProgress => Pump::RUNNING,
                _ => Pump::IDLE,
            };
            situations.push(session);
        }
    }
    situations
}

#[test]
fn every_event_in_every_state_follows_its_arrow_or_names_what_is_allowed() {
    for session in every_situation() {
        let allowed = session.allowed_events();
        let (state, version) = (session.state, session.version);
        for event in E::ALL.iter().copied() {
            let outcome = apply(session.clone(), event, happened(90), None);
            let place = format!("{state} --{event}--> locked {} alarm {}", session.is_locked(), session.in_emergency());
            if allowed.contains(&event) {
                let step = outcome.unwrap_or_else(|refusal| panic!("{place}: {refusal:?}"));
                assert_eq!(Some(step.session.state), table::next(state, event), "{place}");
                assert_eq!(step.session.version, version + 1, "{place}");
                let transition = step.transition.unwrap();
                assert_eq!(
                    (transition.event, transition.from, transition.session_version),
                    (event, Some(state), version + 1),
                    "{place}"
                );
                assert_eq!(step.events.first().unwrap().subject.version, version + 1, "{place}");
            } else if let Ok(step) = outcome {
                let harmless = matches!(event, E::Stop | E::Pause | E::Emergency | E::EndEmergency);
                assert!(harmless && step.is_unchanged() && step.session == session, "{place} changed something");
            } else {
                let words: Vec<_> = allowed.iter().map(|event| event.as_str()).collect();
                let expected =
                    Refusal::InvalidTransition { state: state.as_str(), event: event.as_str(), allowed: words };
                assert_eq!(outcome, Err(expected), "{place}");
            }
        }
    }
}

#[test]
fn the_facts_only_ever_narrow_the_table() {
    for session in every_situation() {
        let table: Vec<_> = allowed_events(session.state).collect();
        let depends = [E::Replan, E::ConfirmPump, E::ExplainStop, E::Emergency, E::EndEmergency];
        let expected: Vec<_> =
            table.iter().copied().filter(|event| !session.is_locked() && !depends.contains(event)).collect();
        let found: Vec<_> = session.allowed_events().into_iter().filter(|event| !depends.contains(event)).collect();
        assert_eq!(found, expected);
        assert!(session.allowed_events().iter().all(|event| table.contains(event)));
    }
}

#[test]
fn what_was_released_under_a_plan_stays_under_it() {
    for session in every_situation() {
        let open = matches!(session.state, S::Scheduled | S::CheckedIn) && session.milestones.released_at.is_none();
        assert_eq!(session.allows(E::Replan), open, "{}", session.state);
    }
}

#[test]
fn a_stop_and_a_pause_are_never_refused() {
    for session in every_situation() {
        for pump in [None, Some(PumpClaim { stopped_at: at(80) })] {
            for reason in [None, Some(EndReason::AdverseEvent)] {
                assert!(
                    session.clone().stop(asked(90), Stop { reason, words: None, pump }).is_ok(),
                    "{}",
                    session.state
                );
            }
            assert!(session.clone().pause(asked(90), pump).is_ok(), "{}", session.state);
        }
    }
}

fn running() -> Session {
    let session = booked().check_in(asked(-20), true, &zone()).unwrap().session;
    session.start(asked(0), PolicyId(Uuid::from_u128(5)), Vec::new()).unwrap().session
}

#[test]
fn a_stop_from_the_office_asks_somebody_to_stop_the_pump() {
    let stopped = running().stop(asked(7), Stop::default()).unwrap().session;
    assert_eq!(stopped.pump, Pump { state: PumpState::StopRequired, stop_required_at: Some(at(7)), stopped_at: None });
    let confirmed = stopped.confirm_pump(asked(9), PumpClaim { stopped_at: at(9) }).unwrap().session;
    assert_eq!(confirmed.pump, Pump { state: PumpState::Stopped, stop_required_at: None, stopped_at: Some(at(9)) });
    assert_eq!(confirmed.milestones.stopped_at, Some(at(7)), "what was recorded first stays");
}

#[test]
fn a_stop_at_the_chair_is_one_request() {
    let stop = Stop { reason: Some(EndReason::Completed), words: None, pump: Some(PumpClaim { stopped_at: at(99) }) };
    let stopped = running().stop(asked(45), stop).unwrap().session;
    assert_eq!(stopped.pump.state, PumpState::Stopped);
    assert_eq!(stopped.pump.stopped_at, Some(at(45)), "the tablet's clock ran ahead");
}

#[test]
fn a_stop_of_a_paused_pump_needs_no_second_confirmation_but_an_unconfirmed_pause_does() {
    let claim = Some(PumpClaim { stopped_at: at(10) });
    for (pump, after) in [(claim, PumpState::Stopped), (None, PumpState::StopRequired)] {
        let paused = running().pause(asked(10), pump).unwrap().session;
        assert_eq!(paused.stop(asked(12), Stop::default()).unwrap().session.pump.state, after);
    }
}

#[test]
fn the_reason_of_a_stop_is_filled_in_once_and_never_overwritten() {
    let stopped = running().stop(asked(7), Stop::default()).unwrap().session;
    let why = |reason| Stop { reason: Some(reason), ..Stop::default() };
    let told = stopped.stop(asked(8), why(EndReason::Equipment)).unwrap().session;
    assert_eq!(told.end_reason, Some(EndReason::Equipment));
    assert!(told.stop(asked(9), why(EndReason::Other)).unwrap().is_unchanged());
}

#[test]
fn nothing_is_resumed_before_the_pump_is_confirmed_and_the_alarm_is_over() {
    let mut paused = running().pause(asked(10), None).unwrap().session;
    paused.milestones.emergency_at = Some(at(10));
    let Err(Refusal::Blocked { event, by }) = paused.resume(asked(12), vec![Unmet::new("consent_missing", "r", "t")])
    else {
        panic!()
    };
    let codes: Vec<_> = by.iter().map(|unmet| unmet.code).collect();
    assert_eq!((event, codes), ("resume", vec!["consent_missing", "pump_unconfirmed", "emergency_open"]));
}

#[test]
fn an_alarm_during_drug_ends_the_drug_even_when_an_alarm_lasts_already() {
    let mut session = running();
    session.milestones.emergency_at = Some(at(-5));
    let alarmed = session.emergency(asked(3), None, None).unwrap().session;
    assert_eq!((alarmed.state, alarmed.pump.state), (S::Recovery, PumpState::StopRequired));
    assert_eq!(alarmed.milestones.emergency_at, Some(at(-5)));
}

#[test]
fn a_start_out_of_rule_is_saved_when_it_happened_and_carries_what_was_missed() {
    let session = booked().check_in(asked(-20), true, &zone()).unwrap().session;
    let unmet = vec![Unmet::new("consent_missing", "session.start.consent", "no consent in force")];
    let policy = PolicyId(Uuid::from_u128(5));
    assert!(matches!(
        session.clone().start(asked(0), policy, unmet.clone()),
        Err(Refusal::Blocked { event: "start", .. })
    ));
    let step = session.start(happened(0), policy, unmet).unwrap();
    assert_eq!(step.transition.unwrap().unmet, ["session.start.consent"]);
}

#[test]
fn a_retracted_start_leaves_no_trace_of_drug_on_the_head() {
    let back = running().retract_start(asked(5), "wrong patient".into(), Vec::new()).unwrap().session;
    assert_eq!(
        (back.state, back.milestones.started_at, back.pump, back.policy_id),
        (S::CheckedIn, None, Pump::IDLE, None)
    );
    assert_eq!(back.milestones.checked_in_at, Some(at(-20)));
}

#[test]
fn the_desk_works_on_the_day_of_the_visit() {
    let codes = |outcome: Result<Step, Refusal>| match outcome {
        Ok(_) => Vec::new(),
        Err(Refusal::Blocked { by, .. }) => by.into_iter().map(|unmet| unmet.code).collect(),
        Err(other) => panic!("{other:?}"),
    };
    // Minutes from the booked 14:00; midnight in New York is 600 min later, in UTC only 300.
    for (minutes, right_day) in [(-841, false), (-840, true), (0, true), (599, true), (600, false)] {
        let expected = if right_day { Vec::new() } else { vec!["not_the_day"] };
        assert_eq!(codes(booked().check_in(asked(minutes), true, &zone())), expected, "{minutes}");
    }
    assert_eq!(codes(booked().check_in(asked(900), false, &zone())), ["identity_unconfirmed", "not_the_day"]);
    assert_eq!(codes(booked().no_show(asked(14), 15)), ["too_early"]);
    assert_eq!(codes(booked().no_show(asked(15), 15)), [""; 0]);
    let missed = booked().no_show(asked(15), 15).unwrap().session;
    assert_eq!(missed.reinstate(asked(40), "came late".into(), &zone()).unwrap().session.state, S::Scheduled);
}

#[test]
fn drug_that_was_drawn_up_is_accounted_for_and_not_cancelled_away() {
    let prepared =
        booked().check_in(asked(-20), true, &zone()).unwrap().session.prepared(asked(-5), Vec::new()).unwrap().session;
    assert!(matches!(prepared.clone().cancel(asked(0), CancelReason::Illness, None), Err(Refusal::Blocked { .. })));
    assert!(matches!(
        prepared.clone().undo_check_in(asked(0), "mistake".into(), &zone()),
        Err(Refusal::Blocked { .. })
    ));
    assert_eq!(prepared.abort(asked(0), AbortReason::UnfitToday, None).unwrap().session.state, S::Aborted);
}

#[test]
fn a_patient_who_leaves_without_discharge_is_held_by_no_rule_but_a_reason() {
    let unmet = || vec![Unmet::new("escort_missing", "session.complete.escort", "nobody is here")];
    for disposition in Disposition::ALL.iter().copied() {
        let recovering = || running().stop(asked(45), Stop::default()).unwrap().session;
        let told = recovering().complete(asked(60), disposition, Some("told".into()), unmet());
        assert_eq!(told.is_ok(), disposition.skips_criteria(), "{disposition}");
        let untold = recovering().complete(asked(60), disposition, None, Vec::new());
        assert_eq!(untold.is_ok(), disposition == Disposition::HomeWithEscort, "{disposition}");
    }
}

#[test]
fn a_hand_over_is_recorded_by_who_takes_or_who_gives() {
    let over = |by: StaffId, giver: Giver, reason: Option<&str>| {
        let new = NewHandover {
            id: HandoverId(Uuid::nil()),
            to: PRESCRIBER,
            giver,
            reason: reason.map(Into::into),
            summary: None,
        };
        running().hand_over(Act::now(by, at(5)), new)
    };
    assert!(over(PRESCRIBER, Giver::Signed, None).is_ok());
    assert!(over(NURSE, Giver::Signed, None).is_ok());
    assert!(over(StaffId(Uuid::from_u128(77)), Giver::Signed, None).is_err(), "a third person");
    assert!(over(NURSE, Giver::Unavailable, Some("fainted")).is_err(), "who is unavailable cannot say so");
    assert!(over(PRESCRIBER, Giver::Unavailable, None).is_err(), "without a reason");
    let (step, handover) = over(PRESCRIBER, Giver::Unavailable, Some("fainted")).unwrap();
    assert_eq!((step.session.team.owner_id, step.session.team.nurse_id), (PRESCRIBER, NURSE));
    assert_eq!((handover.from_staff_id, step.events.len()), (NURSE, 2));
}
