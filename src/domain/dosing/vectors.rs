//! The worked examples of clinical.md 3.4.

use super::*;
use crate::domain::act::Act;
use crate::domain::id::{DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::quantity::{Amount, Grams, Micrograms, Microlitres, MicrolitresPerHour};
use crate::domain::time::Timestamp;
use uuid::Uuid;

/// A running number that makes ids in the order of entry.
pub(super) fn event(n: u128, at: Timestamp, what: Administration) -> DosingEvent {
    let act = Act { occurred_at: at, ..Act::now(StaffId(Uuid::from_u128(9)), at) };
    DosingEvent {
        id: DosingEventId(Uuid::from_u128(n)),
        session: SessionId(Uuid::from_u128(1)),
        patient: PatientId(Uuid::from_u128(2)),
        what,
        act,
        checked_by: None,
        order: None,
        reason: None,
        unmet: Vec::new(),
        amends: None,
        moved_from: None,
    }
}

pub(super) fn t(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_772_000_000_000).plus_seconds(seconds)
}

pub(super) fn q<A: Amount>(text: &str) -> A {
    A::parse(text).unwrap()
}

/// Entries at these seconds, in this order.
pub(super) fn record(entries: impl IntoIterator<Item = (i64, Administration)>) -> Vec<DosingEvent> {
    entries.into_iter().enumerate().map(|(n, (at, what))| event(n as u128, t(at), what)).collect()
}

pub(super) fn start(rate: &str) -> Administration {
    Administration::Start(PumpSetting { rate: Some(q(rate)), ..PumpSetting::default() })
}

pub(super) fn rate(rate: &str) -> Administration {
    Administration::RateChange(q(rate))
}

pub(super) fn resume(rate: &str) -> Administration {
    Administration::Resume(PumpSetting { rate: Some(q(rate)), ..PumpSetting::default() })
}

pub(super) fn stop() -> Administration {
    Administration::Stop(None)
}

/// This much drug in this volume.
pub(super) fn supply(mg: &str, ml: &str) -> Supply {
    let (prepared, volume): (Micrograms, Microlitres) = (q(mg), q(ml));
    Supply { prepared, volume, concentration: convert::made_up_to(prepared, volume), checked: 5 }
}

pub(super) fn minutes(m: i64) -> i64 {
    m * 60
}

/// V3: 60 mL/h for 20 min, 80 for 15, a pause of 7, 40 for 30.
pub(super) fn v3() -> Vec<DosingEvent> {
    record([
        (0, start("60")),
        (minutes(20), rate("80")),
        (minutes(35), Administration::Pause),
        (minutes(42), resume("40")),
        (minutes(72), stop()),
    ])
}

pub(super) fn given(events: &[DosingEvent], supply: &Supply, until: i64) -> Delivered {
    delivered(&effective(events), Some(supply), t(until))
}

#[test]
fn v1_a_plain_infusion_gives_its_dose() {
    let events = record([(0, start("52.5")), (minutes(40), stop())]);
    let dose = given(&events, &supply("50", "50"), minutes(60));
    assert_eq!(dose.iv.shown_mg(), "35.00");
    assert_eq!(dose.iv.shown_mg_per_kg(q("70")), "0.50");
    assert_eq!((dose.infusing_ms, dose.elapsed_ms), (2_400_000, 2_400_000));
    let stronger = given(&record([(0, start("26.25")), (minutes(40), stop())]), &supply("100", "50"), minutes(60));
    assert_eq!(stronger.iv, dose.iv);
}

#[test]
fn v2_a_bolus_before_the_infusion() {
    let bag = supply("200", "100");
    let by_pump = record([(0, start("74.16")), (minutes(10), rate("20.6")), (minutes(70), stop())]);
    let dose = given(&by_pump, &bag, minutes(70));
    assert_eq!((dose.iv.shown_mg(), dose.iv.shown_mg_per_kg(q("82.4"))), ("65.92".into(), "0.80".into()));
    let over = BolusOver::new(10).unwrap();
    let charted = record([
        (0, start("0")),
        (0, Administration::Bolus(q("24.72"), over)),
        (minutes(10), rate("20.6")),
        (minutes(70), stop()),
    ]);
    let same = given(&charted, &bag, minutes(70));
    assert_eq!((same.iv, same.infusing_ms), (dose.iv, dose.infusing_ms), "charted as a bolus it is the same dose");
    assert_eq!(given(&charted, &bag, minutes(5)).iv.shown_mg(), "12.36", "half of a bolus after half its time");
}

#[test]
fn v3_changes_and_a_pause_add_up() {
    let dose = given(&v3(), &supply("100", "100"), minutes(90));
    assert_eq!(dose.iv.shown_mg(), "60.00");
    assert_eq!(dose.iv.shown_mg_per_kg(q("75")), "0.80");
    assert_eq!((dose.infusing_ms, dose.elapsed_ms), (65 * 60_000, 72 * 60_000));
    let parts: Vec<_> = dose.segments.iter().map(|segment| segment.dose.shown_mg()).collect();
    assert_eq!(parts, ["20.00", "20.00", "0.00", "20.00", "0.00"]);
    assert!(!dose.capped);
}

#[test]
fn v3b_the_sum_is_rounded_once() {
    let events = record([
        (0, start("52.5")),
        (12 * 60 + 37, Administration::Pause),
        (16 * 60 + 42, resume("37.5")),
        (38 * 60 + 30, stop()),
    ]);
    let dose = given(&events, &supply("50", "50"), minutes(60));
    let parts: Vec<_> = dose.segments.iter().map(|segment| segment.dose.shown_mg()).collect();
    assert_eq!((parts[0].as_str(), parts[2].as_str()), ("11.04", "13.63"), "rounded one by one they add up to 24.67");
    assert_eq!(dose.iv.shown_mg(), "24.66");
    assert_eq!(dose.iv.micrograms().get(), 24_665);
}

#[test]
fn v6_given_and_wasted_make_what_was_drawn() {
    let bag = supply("100", "100");
    let dose = given(&v3(), &bag, minutes(90)).iv.micrograms();
    assert_eq!(bag.prepared.get() - dose.get(), 40_000);
    let vial: Micrograms = q("500");
    assert_eq!(vial.get() - bag.prepared.get(), 400_000);
}

#[test]
fn v7_a_nebulizer_gives_its_fill_less_the_residual() {
    let cup = supply("52.5", "5");
    let residual = Administration::NebEnd(Residual::Measured(q("1.2")));
    let events = record([
        (0, Administration::NebStart),
        (minutes(4), Administration::NebPause),
        (minutes(6), Administration::NebStart),
        (minutes(12), residual),
    ]);
    let running = given(&events, &cup, minutes(5)).nebulized.unwrap();
    assert_eq!((running.least.shown_mg(), running.most.shown_mg()), ("0.00".into(), "52.50".into()));
    let done = given(&events, &cup, minutes(60));
    let nebulized = done.nebulized.unwrap();
    assert_eq!((nebulized.least.shown_mg(), nebulized.most.shown_mg()), ("39.90".into(), "39.90".into()));
    assert_eq!((nebulized.fills, nebulized.running_ms), (1, 10 * 60_000));
    assert_eq!(done.iv, ExactDose::ZERO, "nebulized milligrams are never counted as intravenous ones");
}

#[test]
fn a_spilled_residual_leaves_a_range_and_a_second_fill_is_counted() {
    let cup = supply("52.5", "5");
    let events = record([
        (0, Administration::NebStart),
        (minutes(12), Administration::NebEnd(Residual::Unknown)),
        (minutes(50), Administration::NebStart),
        (minutes(60), Administration::NebEnd(Residual::Measured(q("1.2")))),
    ]);
    let both = given(&events, &cup, minutes(90)).nebulized.unwrap();
    assert_eq!((both.least.shown_mg(), both.most.shown_mg()), ("39.90".into(), "92.40".into()));
    assert_eq!(both.fills, 2);
}

#[test]
fn v8_the_syringe_decides_not_what_the_pump_believes() {
    let setting = PumpSetting { rate: Some(q("52.5")), concentration: Some(q("1")), vtbi: Some(q("35")) };
    let events = record([(0, Administration::Start(setting)), (minutes(40), Administration::Stop(Some(q("35"))))]);
    let meant = given(&events, &supply("35", "35"), minutes(60));
    assert_eq!((meant.iv.shown_mg().as_str(), meant.concentration_differs), ("35.00", false));
    let real = given(&events, &supply("350", "35"), minutes(60));
    assert_eq!((real.iv.shown_mg().as_str(), real.concentration_differs), ("350.00", true));
    assert_eq!(real.by_pump.unwrap(), real.iv, "the pump's volume says the same");
    let unprepared = delivered(&effective(&events), None, t(minutes(60)));
    assert_eq!(unprepared.iv.shown_mg(), "35.00", "without a preparation the pump's word is all there is");
}

#[test]
fn v9_three_regimens() {
    for (rate, end, mg) in [("50", 45, "37.50"), ("75", 60, "75.00"), ("60", 90, "90.00")] {
        let events = record([(0, start(rate)), (minutes(end), stop())]);
        assert_eq!(given(&events, &supply("100", "100"), minutes(120)).iv.shown_mg(), mg);
    }
}

/// V10: the 80 mL/h entry of V3 corrected to 70 after the session.
fn v10() -> Vec<DosingEvent> {
    let mut events = v3();
    let mut correction = event(100, t(minutes(20)), rate("70"));
    correction.act.recorded_at = t(minutes(120));
    let reason = "read the display again".to_owned();
    correction.amends = Some(Amends { event: events[1].id, entered_in_error: false, reason });
    events.push(correction);
    events
}

#[test]
fn v10_a_late_correction_recomputes_and_the_old_value_stays() {
    let (events, bag) = (v10(), supply("100", "100"));
    let now = given(&events, &bag, minutes(180));
    assert_eq!(now.iv.shown_mg(), "57.50");
    let then = delivered(&History::as_known_at(&events, t(minutes(90))), Some(&bag), t(minutes(90)));
    assert_eq!(then.iv.shown_mg(), "60.00");
    let unexplained = bag.prepared.get() - now.iv.micrograms().get() - 40_000;
    assert_eq!(unexplained, 2_500, "the waste that was measured is never adjusted: 2.5 mg are to be explained");
}

#[test]
fn an_entry_that_should_not_have_been_counts_for_nothing() {
    let mut events = v3();
    let mut error = event(100, t(minutes(20)), rate("80"));
    error.amends = Some(Amends { event: events[1].id, entered_in_error: true, reason: "wrong chair".into() });
    events.push(error);
    // 35 min at 60 mL/h and 30 at 40.
    assert_eq!(given(&events, &supply("100", "100"), minutes(90)).iv.shown_mg(), "55.00");
}

#[test]
fn the_pump_never_gives_more_than_it_holds_or_was_told_to() {
    let events = record([(0, start("60"))]);
    let dose = given(&events, &supply("50", "50"), minutes(90));
    assert_eq!((dose.iv.shown_mg().as_str(), dose.capped), ("50.00", true));
    let setting = PumpSetting { rate: Some(q("60")), concentration: None, vtbi: Some(q("20")) };
    let told = record([(0, Administration::Start(setting)), (minutes(40), Administration::Resume(setting))]);
    let bag = supply("50", "50");
    assert_eq!(given(&told, &bag, minutes(20)).iv.shown_mg(), "20.00");
    assert!(!given(&told, &bag, minutes(20)).capped, "exactly all of it is not too much");
    assert_eq!(given(&told, &bag, minutes(30)).iv.shown_mg(), "20.00");
    assert_eq!(given(&told, &bag, minutes(90)).iv.shown_mg(), "40.00", "a new read-back allows as much again");
}

#[test]
fn a_pause_cuts_a_running_bolus_short() {
    let bolus = Administration::Bolus(q("21"), BolusOver::new(7).unwrap());
    let events = record([(0, start("0")), (0, bolus), (minutes(3), Administration::Pause), (minutes(10), resume("0"))]);
    assert_eq!(given(&events, &supply("50", "50"), minutes(30)).iv, ExactDose::of(q("9")));
}

#[test]
fn a_rate_charted_after_the_stop_gives_nothing() {
    let events =
        record([(0, start("60")), (minutes(10), stop()), (minutes(12), rate("80")), (minutes(14), resume("60"))]);
    let dose = given(&events, &supply("50", "50"), minutes(60));
    assert_eq!((dose.iv.shown_mg().as_str(), dose.infusing_ms), ("10.00", 600_000));
    assert_eq!(effective(&events).stopped_at(), Some(t(minutes(10))));
}

#[test]
fn each_entry_says_where_it_stands() {
    let mut events = v10();
    let mut mark = event(101, t(minutes(42)), resume("40"));
    mark.amends = Some(Amends { event: events[3].id, entered_in_error: true, reason: "r".into() });
    events.push(mark);
    let status: Vec<_> = events.iter().map(|event| status_of(event, &events).0.as_str()).collect();
    let expected = ["final", "superseded", "final", "entered_in_error", "final", "final", "entered_in_error"];
    assert_eq!(status, expected);
}

#[test]
fn a_pushed_bolus_counts_from_its_own_instant() {
    let push = |at| record([(0, start("30")), (at, Administration::Bolus(q("5"), BolusOver::new(0).unwrap()))]);
    let bag = supply("50", "50");
    let events = push(minutes(10));
    assert_eq!(given(&events, &bag, minutes(10) - 1).iv.shown_mg(), "4.99");
    assert_eq!(given(&events, &bag, minutes(10)).iv.shown_mg(), "10.00");
    assert_eq!(given(&events, &bag, minutes(20)).iv.shown_mg(), "15.00");
}

#[test]
fn entries_of_one_instant_count_in_the_order_they_were_made() {
    let bag = supply("100", "100");
    let up_then_down = record([(0, start("30")), (600, rate("90")), (600, rate("60")), (1_200, stop())]);
    let down_then_up = record([(0, start("30")), (600, rate("60")), (600, rate("90")), (1_200, stop())]);
    assert_eq!(given(&up_then_down, &bag, 1_200).iv.shown_mg(), "15.00");
    assert_eq!(given(&down_then_up, &bag, 1_200).iv.shown_mg(), "20.00");
}

#[test]
fn a_start_and_a_stop_of_one_millisecond_are_a_start_and_a_stop() {
    let ends = [start("60"), stop()];
    for order in [[0, 1], [1, 0]] {
        let events: Vec<_> = order.iter().map(|n| event(1 + *n as u128, t(0), ends[order[*n]].clone())).collect();
        let dose = given(&events, &supply("100", "100"), minutes(60));
        assert_eq!(dose.iv, ExactDose::ZERO, "ids of one millisecond are random: no drug runs on for that");
    }
}

#[test]
fn nothing_overflows_at_the_ends_of_every_range() {
    let most = MicrolitresPerHour::clamped(i64::MAX);
    let setting = PumpSetting { rate: Some(most), concentration: Some(q("100")), vtbi: None };
    let mut events = vec![event(0, Timestamp::MIN, Administration::Start(setting))];
    for n in 1..100 {
        let bolus = Administration::Bolus(Micrograms::clamped(i64::MAX), BolusOver::new(30).unwrap());
        events.push(event(n, Timestamp::MIN, bolus));
    }
    let dose = delivered(&effective(&events), None, Timestamp::MAX);
    let ms = i128::from(Timestamp::MAX.since(Timestamp::MIN));
    let bolus = 99 * 10_000_000 * ExactDose::IV_PARTS;
    assert_eq!(dose.iv.parts(), ms * 100_000 * 1_200_000 * ExactDose::PUMP_UNIT + bolus);
    assert_eq!(dose.iv.micrograms(), Micrograms::clamped(i64::MAX), "shown at the end of its range");
    assert!(dose.iv.shown_mg_per_kg(Grams::clamped(0)).ends_with(char::is_numeric));
}

#[test]
fn the_record_is_the_same_bytes_for_the_same_entry_and_others_for_any_change() {
    let mut seen = std::collections::HashSet::new();
    for event in v10() {
        assert_eq!(event.record().to_bytes(), event.record().to_bytes());
        assert!(seen.insert(event.record().to_bytes()));
    }
}
