//! The record and the head of the session together: what a person said, and what the session makes of it.

use super::guard_tests::{Chair, NURSE, rescue, session};
use super::vectors::{minutes, q, rate, record, resume, start, t, v3};
use super::*;
use crate::domain::act::Act;
use crate::domain::route::Route;
use crate::domain::session::infusion::Stop;
use crate::domain::session::{Pump, PumpClaim, PumpState, Session, SessionState};

#[test]
fn an_unconfirmed_stop_gives_a_range() {
    let mut visit = Chair::running().infusion;
    assert_eq!(visit.given(t(minutes(20))).least, None);
    visit.session = visit.session.stop(Act::now(NURSE, t(minutes(10))), Stop::default()).unwrap().session;
    let range = visit.given(t(minutes(12)));
    assert_eq!((range.least.unwrap().iv.shown_mg(), range.most.iv.shown_mg()), ("10.00".into(), "12.00".into()));
}

#[test]
fn the_planned_end_moves_with_a_pause_and_the_books_with_the_record() {
    let mut chair = Chair::running();
    assert_eq!(chair.infusion.planned_end(chair.at), Some(t(minutes(60))));
    chair.record([(0, start("60")), (minutes(20), Administration::Pause), (minutes(27), resume("60"))]);
    assert_eq!(chair.infusion.planned_end(t(minutes(30))), Some(t(minutes(67))));
    let books = chair.infusion.books(t(minutes(67))).unwrap();
    assert_eq!((books.prepared, books.charted), (q("100"), q("60")));
}

#[test]
fn a_corrected_preparation_asks_for_a_read_back_by_two() {
    let mut visit = Chair::paused().infusion;
    assert!(!visit.read_back_due());
    visit.corrected_at = Some(t(minutes(12)));
    assert!(visit.read_back_due());
    let setting = PumpSetting { rate: Some(q("60")), concentration: Some(q("1")), vtbi: Some(q("50")) };
    for (second, due) in [(None, true), (Some(NURSE), false)] {
        let mut resumed = super::vectors::event(90, t(minutes(15)), Administration::Resume(setting));
        resumed.checked_by = second;
        let events: Vec<_> = visit.events.iter().cloned().chain([resumed]).collect();
        visit.history = effective(&events);
        assert_eq!(visit.read_back_due(), due);
    }
}

#[test]
fn what_asks_for_closer_checks() {
    let over = BolusOver::new(0).unwrap();
    let history = effective(&record([
        (0, start("60")),
        (60, rate("50")),
        (120, rate("55")),
        (180, Administration::Bolus(q("5"), over)),
        (240, Administration::Pause),
        (300, resume("55")),
        (360, rate("55")),
        (420, rescue()),
    ]));
    assert_eq!(history.close_watch_triggers(), [120, 180, 300, 420].map(t));
    assert_eq!(history.drug_starts(), [t(0)]);
}

#[test]
fn only_what_a_person_said_about_the_pump_becomes_an_entry() {
    let at = |minute| Act::now(NURSE, t(minutes(minute)));
    let claim = |minute| Some(PumpClaim { stopped_at: t(minutes(minute)) });
    let stop = |session: &Session, minute, pump| {
        session.clone().stop(at(minute), Stop { pump, ..Default::default() }).unwrap().session
    };
    let running = session(Route::Iv, SessionState::InProgress);
    let asked = stop(&running, 10, None);
    assert_eq!(entry_of(&running, &asked, None), None, "nobody said that the pump stands still");
    let confirmed = asked.clone().confirm_pump(at(12), claim(11).unwrap()).unwrap().session;
    let volume = Some(q("11"));
    assert_eq!(entry_of(&asked, &confirmed, volume), Some((t(minutes(11)), Administration::Stop(volume))));
    let said = stop(&running, 10, claim(9));
    assert_eq!(entry_of(&running, &said, None), Some((t(minutes(9)), Administration::Stop(None))));
    let paused = running.clone().pause(at(10), claim(10)).unwrap().session;
    assert_eq!(entry_of(&running, &paused, None), Some((t(minutes(10)), Administration::Pause)));
    let ended = stop(&paused, 15, None);
    assert_eq!(
        entry_of(&paused, &ended, None),
        Some((t(minutes(15)), Administration::Stop(None))),
        "it stood still already"
    );
    assert_eq!(entry_of(&ended, &ended, None), None, "a repeat adds nothing");
}

#[test]
fn the_session_follows_what_the_record_says_but_never_runs_again_by_a_correction() {
    let now = || Act::now(NURSE, t(minutes(80)));
    let follow =
        |session: Session, events: &[DosingEvent]| followed(session, now(), &effective(events)).unwrap().session;
    let running = || session(Route::Iv, SessionState::InProgress);
    let changed = follow(running(), &record([(0, start("60")), (minutes(20), rate("65"))]));
    assert_eq!((changed.version, changed.infusion_version), (1, 8), "a rate moves only the infusion's own counter");
    let late_pause = follow(running(), &record([(0, start("60")), (minutes(20), Administration::Pause)]));
    assert_eq!((late_pause.state, late_pause.pump.stopped_at), (SessionState::Paused, Some(t(minutes(20)))));
    assert_eq!(
        follow(late_pause, &record([(0, start("60")), (minutes(20), rate("70"))])).state,
        SessionState::InProgress
    );
    let mut stopless = v3();
    stopless.pop();
    let stopped = Session {
        pump: Pump { state: PumpState::Stopped, ..Pump::IDLE },
        ..session(Route::Iv, SessionState::Recovery)
    };
    assert_eq!(follow(stopped.clone(), &v3()).pump.state, PumpState::Stopped);
    let asked_again = follow(stopped, &stopless);
    assert_eq!((asked_again.state, asked_again.pump.state), (SessionState::Recovery, PumpState::StopRequired));
}
