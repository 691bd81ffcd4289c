//! What is refused, to whom, with what; and that nothing which lowers exposure ever is.

use super::guard::{Checks, Facts, Overriding, Request, admit};
use super::vectors::{minutes, q, rate, record, resume, start, supply, t};
use super::*;
use crate::domain::act::Act;
use crate::domain::id::{PatientId, ProtocolId, RoomId, SessionId, StaffId};
use crate::domain::order::{OrderForm, OrderShape, Titration, tests::iv_form, tests::neb_form};
use crate::domain::protocol::{Envelope, migraine_iv, migraine_nebulized};
use crate::domain::refusal::{Clash, Refusal, Unmet};
use crate::domain::route::{Basis, Route};
use crate::domain::session::desk::NewSession;
use crate::domain::session::{Pump, PumpState, Session, SessionState, Slot, Team};
use crate::domain::time::Timestamp;
use uuid::Uuid;

pub(super) const NURSE: StaffId = StaffId(Uuid::from_u128(9));

pub(super) fn session(route: Route, state: SessionState) -> Session {
    let new = NewSession {
        id: SessionId(Uuid::from_u128(1)),
        patient_id: PatientId(Uuid::from_u128(2)),
        plan: None,
        protocol_id: ProtocolId(Uuid::from_u128(3)),
        route,
        slot: Slot {
            room_id: RoomId(Uuid::from_u128(4)),
            starts_at: t(0),
            ends_at: t(minutes(150)),
            local_start: "2026-02-25T09:00".into(),
            zone: "America/New_York".into(),
        },
        team: Team { nurse_id: NURSE, prescriber_id: NURSE, owner_id: NURSE },
        note: None,
        override_reason: None,
    };
    let booked = Session::schedule(new, Act::now(NURSE, t(-600)), Vec::new()).unwrap().session;
    Session { state, infusion_version: 7, pump: Pump::RUNNING, ..booked }
}

/// The order of V3's patient: 75 kg, 60 mL/h of 1 mg/mL, by 5 mL/h each 10 min up to 75.
fn order() -> OrderForm {
    let titration = Titration { step: q("5"), min_gap_minutes: 10, ceiling: q("75") };
    OrderForm {
        weight: q("75"),
        max_total: q("70"),
        duration_minutes: 60,
        shape: OrderShape::Iv { concentration: q("1"), rate: q("60"), titration: Some(titration) },
        ..iv_form()
    }
}

/// A whole situation, so that a test changes one thing in it.
pub(super) struct Chair {
    pub(super) infusion: Infusion,
    envelope: Envelope,
    checks: Checks,
    pub(super) at: Timestamp,
}

fn infusion(session: Session, events: Vec<DosingEvent>, supply: Supply, order: OrderForm) -> Infusion {
    let history = effective(&events);
    Infusion {
        session,
        events,
        history,
        supply: Some(supply),
        drawn: supply.prepared,
        order: Some(order),
        corrected_at: None,
    }
}

impl Chair {
    /// 20 min into 60 mL/h, everything in order.
    pub(super) fn running() -> Self {
        let session = session(Route::Iv, SessionState::InProgress);
        Self {
            infusion: infusion(session, record([(0, start("60"))]), supply("100", "100"), order()),
            envelope: migraine_iv().envelope,
            checks: Checks { last_pressure_at: Some(t(minutes(19))), ..Checks::default() },
            at: t(minutes(20)),
        }
    }

    /// The same, paused 10 min ago.
    pub(super) fn paused() -> Self {
        let pump = Pump { state: PumpState::Paused, stop_required_at: None, stopped_at: Some(t(minutes(10))) };
        let session = Session { pump, ..session(Route::Iv, SessionState::Paused) };
        let events = record([(0, start("60")), (minutes(10), Administration::Pause)]);
        Self { infusion: infusion(session, events, supply("100", "100"), order()), ..Self::running() }
    }

    /// A nebulizer fill of V7 ended after 10 min, 35 min ago.
    fn between_fills() -> Self {
        let residual = Administration::NebEnd(Residual::Measured(q("0")));
        let session = session(Route::Nebulized, SessionState::InProgress);
        let events = record([(0, Administration::NebStart), (minutes(10), residual)]);
        Self {
            infusion: infusion(session, events, supply("52.875", "5"), neb_form()),
            envelope: migraine_nebulized().envelope,
            at: t(minutes(45)),
            ..Self::running()
        }
    }

    pub(super) fn record(&mut self, entries: impl IntoIterator<Item = (i64, Administration)>) {
        self.infusion.history = effective(&record(entries));
    }

    fn facts(&self) -> Facts<'_> {
        Facts { infusion: &self.infusion, envelope: &self.envelope, checks: self.checks, at: self.at }
    }

    fn ask(&self, what: Administration) -> Result<Vec<Unmet>, Refusal> {
        self.ask_as(what, Overriding::default(), Some(7))
    }

    fn ask_as(
        &self,
        what: Administration,
        overriding: Overriding,
        expected: Option<i64>,
    ) -> Result<Vec<Unmet>, Refusal> {
        let draft = Draft { what, order: None, reason: None };
        let request = Request { draft: &draft, basis: Basis::AboutTo, expected_version: expected, overriding };
        admit(&self.facts(), request, Vec::new())
    }

    fn state(&self, what: Administration) -> Result<Vec<Unmet>, Refusal> {
        let draft = Draft { what, order: None, reason: None };
        let overriding = Overriding::default();
        let request = Request { draft: &draft, basis: Basis::Done, expected_version: None, overriding };
        admit(&self.facts(), request, Vec::new())
    }
}

/// The rules that a refusal names.
fn rules(answer: Result<Vec<Unmet>, Refusal>) -> Vec<&'static str> {
    match answer {
        Ok(unmet) => {
            assert_eq!(unmet, []);
            Vec::new()
        }
        Err(Refusal::Blocked { by, .. }) => by.into_iter().map(|unmet| unmet.rule_id).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

fn bolus(mg: &str) -> Administration {
    Administration::Bolus(q(mg), BolusOver::new(5).unwrap())
}

pub(super) fn rescue() -> Administration {
    let class = RescueClass::Antihypertensive;
    Administration::Rescue(RescueDrug { drug: "labetalol".into(), class, dose: q("10"), route: RescueRoute::Iv })
}

fn worst() -> Checks {
    Checks { overdue: true, act_open: true, last_pressure_at: None }
}

#[test]
fn a_rise_within_the_order_is_let_through() {
    assert_eq!(rules(Chair::running().ask(rate("65"))), [""; 0]);
    assert_eq!(rules(Chair::running().ask(bolus("5"))), [""; 0]);
    assert_eq!(rules(Chair::paused().ask(resume("60"))), [""; 0]);
    assert_eq!(rules(Chair::between_fills().ask(Administration::NebStart)), [""; 0]);
}

#[test]
fn v3s_second_rate_breaks_the_envelope_too() {
    let refused = Chair::running().ask(rate("80")).unwrap_err();
    let Refusal::Blocked { event: "rate_change", by } = refused else { panic!("{refused:?}") };
    let found: Vec<_> = by.iter().map(|unmet| (unmet.rule_id, unmet.actual.as_deref().unwrap_or(""))).collect();
    let expected = [
        ("dosing.max_rate", "1.067 mg/kg/h"),
        ("dosing.max_step", "0.267 mg/kg/h"),
        ("dosing.titration", "80 mL/h"),
        ("dosing.titration", "a step of 20 mL/h"),
        // 20 mg so far and 40 min at 80 mL/h: over the order's 70 mg; shown rounded up.
        ("dosing.order_total", "73.334 mg"),
    ];
    assert_eq!(found.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), expected.map(|(rule, _)| rule));
    assert_eq!(found[2..], expected[2..]);
    let overridden = Overriding { prescriber: true, second: false };
    let kept = Chair::running().ask_as(rate("80"), overridden, Some(7)).unwrap();
    assert_eq!(kept.len(), 5, "set aside by a prescriber, and kept with the entry");
}

#[test]
fn nothing_that_lowers_exposure_is_ever_guarded() {
    let mut chair = Chair::running();
    chair.checks = worst();
    chair.infusion.session.pump.state = PumpState::StopRequired;
    let lower = [rate("59.9"), rate("0"), rescue()];
    for what in lower {
        assert_eq!(chair.ask_as(what.clone(), Overriding::default(), None), Ok(Vec::new()), "{:?}", what.kind());
        assert_eq!(chair.ask_as(what, Overriding::default(), Some(1)), Ok(Vec::new()), "with a stale version");
    }
    let mut neb = Chair::between_fills();
    neb.checks = worst();
    for what in [Administration::NebPause, Administration::NebEnd(Residual::Unknown)] {
        assert_eq!(neb.ask_as(what, Overriding::default(), None), Ok(Vec::new()));
    }
}

#[test]
fn two_tablets_with_one_screen_do_not_both_win() {
    let chair = Chair::running();
    for what in [rate("60"), rate("65"), bolus("5")] {
        let stale = chair.ask_as(what.clone(), Overriding::default(), Some(6)).unwrap_err();
        assert_eq!(stale, Refusal::StaleInfusion { current_version: 7, current_rate: Some(q("60")) });
        let none = chair.ask_as(what, Overriding::default(), None).unwrap_err();
        assert!(matches!(none, Refusal::Invalid(errors) if errors[0].pointer == "/expected_infusion_version"));
    }
    let paused = Chair::paused().ask_as(resume("60"), Overriding::default(), Some(6)).unwrap_err();
    assert_eq!(paused, Refusal::StaleInfusion { current_version: 7, current_rate: Some(q("0")) });
}

#[test]
fn no_more_drug_while_nobody_knows_how_the_patient_is() {
    type Change = fn(&mut Chair);
    let cases: [(Change, &str); 4] = [
        (|chair| chair.checks.overdue = true, "dosing.check_overdue"),
        (|chair| chair.checks.act_open = true, "dosing.act_alert_open"),
        (|chair| chair.checks.last_pressure_at = Some(t(0)), "dosing.fresh_pressure"),
        (|chair| chair.infusion.session.pump.state = PumpState::StopRequired, "dosing.pump_unconfirmed"),
    ];
    for (change, rule) in cases {
        for (mut chair, what) in [
            (Chair::running(), rate("65")),
            (Chair::running(), bolus("5")),
            (Chair::between_fills(), Administration::NebStart),
        ] {
            // A nebulizer has no rate to rise, so a pressure is only asked for in general.
            let neb = what == Administration::NebStart && rule == "dosing.fresh_pressure";
            change(&mut chair);
            let expected = if neb { vec![] } else { vec![rule] };
            assert_eq!(rules(chair.ask(what.clone())), expected, "{:?} against {rule}", what.kind());
            let overriding = Overriding { prescriber: true, second: true };
            assert_eq!(chair.ask_as(what, overriding, Some(7)).is_err(), !neb, "nobody sets {rule} aside");
        }
    }
}

#[test]
fn a_resume_is_no_way_around_the_order_or_the_label() {
    let set = |rate, concentration| {
        let concentration = Some(q(concentration));
        Administration::Resume(PumpSetting { rate: Some(q(rate)), concentration, vtbi: Some(q("50")) })
    };
    let chair = Chair::paused();
    assert_eq!(rules(chair.ask(set("60", "1"))), [""; 0]);
    assert_eq!(rules(chair.ask(set("60", "10"))), ["dosing.concentration"], "V8: ten times the strength");
    assert_eq!(rules(chair.ask(set("66", "1"))), ["dosing.titration"]);
    let mut short = Chair::paused();
    if let Some(order) = &mut short.infusion.order {
        order.max_total = q("59");
    }
    assert_eq!(rules(short.ask(set("60", "1"))), ["dosing.order_total"], "the planned end moves with the pause");
}

#[test]
fn a_bolus_is_measured_by_itself_and_with_all_the_rest() {
    let chair = Chair::running();
    // 60 mL/h for the 60 min ordered are 60 mg; the order allows 70, the protocol 75 and a bolus of 26.25.
    assert_eq!(rules(chair.ask(bolus("10"))), [""; 0]);
    assert_eq!(rules(chair.ask(bolus("10.001"))), ["dosing.order_total"]);
    assert_eq!(rules(chair.ask(bolus("15.001"))), ["dosing.max_total", "dosing.order_total"]);
    assert_eq!(rules(chair.ask(bolus("26.251"))), ["dosing.max_bolus", "dosing.max_total", "dosing.order_total"]);
    assert_eq!(chair.facts().planned(&bolus("10")), q("70"));
}

#[test]
fn what_consent_says_nobody_sets_aside() {
    let chair = Chair::running();
    let consent = Unmet::new("consent_dose_ceiling", "consent.dose_ceiling", "above what the patient agreed to");
    let draft = Draft { what: rate("65"), order: None, reason: None };
    let overriding = Overriding { prescriber: true, second: true };
    let request = Request { draft: &draft, basis: Basis::AboutTo, expected_version: Some(7), overriding };
    let refused = admit(&chair.facts(), request, vec![consent.clone()]);
    assert_eq!(refused, Err(Refusal::Blocked { event: "rate_change", by: vec![consent.clone()] }));
    let request = Request { basis: Basis::Done, ..request };
    assert_eq!(admit(&chair.facts(), request, vec![consent.clone()]), Ok(vec![consent]), "what happened is kept");
}

#[test]
fn a_further_fill_is_ordered_and_not_too_soon() {
    let mut chair = Chair::between_fills();
    chair.at = t(minutes(39));
    assert_eq!(rules(chair.ask(Administration::NebStart)), ["dosing.fill_gap"]);
    let spilled = || Administration::NebEnd(Residual::Unknown);
    let twice = [
        (0, Administration::NebStart),
        (minutes(10), spilled()),
        (minutes(40), Administration::NebStart),
        (minutes(50), spilled()),
    ];
    chair.record(twice);
    chair.at = t(minutes(80));
    let refused = rules(chair.ask(Administration::NebStart));
    assert_eq!(refused, ["dosing.max_fills", "dosing.max_total", "dosing.absolute_cap", "dosing.order_total"]);
    let paused = [(0, Administration::NebStart), (minutes(4), Administration::NebPause)];
    chair.record(paused);
    assert_eq!(rules(chair.ask(Administration::NebStart)), [""; 0], "going on with a paused fill is free");
}

#[test]
fn an_intent_needs_drug_that_runs_a_fact_only_an_open_record() {
    for state in SessionState::ALL {
        let mut chair = Chair::running();
        chair.infusion.session.state = *state;
        let asked = chair.ask(rate("65"));
        let refused = matches!(asked, Err(Refusal::InvalidTransition { event: "rate_change", .. }));
        assert_eq!(refused, *state != SessionState::InProgress, "{state}");
        assert!(chair.state(rate("65")).is_ok(), "stated in {state}");
        chair.infusion.session.milestones.locked_at = Some(t(0));
        let closed = chair.state(rate("65"));
        assert!(matches!(closed, Err(Refusal::Clash { clash: Clash::WrongState, .. })), "closed in {state}");
    }
}

#[test]
fn a_fact_is_kept_with_every_rule_it_broke() {
    let mut chair = Chair::running();
    chair.checks = worst();
    let unmet = chair.state(rate("80")).unwrap();
    assert_eq!(unmet.len(), 8, "{unmet:?}");
    assert!(chair.state(Administration::NebStart).unwrap().iter().any(|unmet| unmet.rule_id == "dosing.route"));
}
