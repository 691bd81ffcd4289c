//! What has to be true before somebody gives more drug.
//!
//! An intent that raises exposure (a rise, a bolus, a fill, a resume) is guarded and refused with everything that
//! speaks against it. A decrease, a pause, a stop, a rescue drug and the end of a fill are never guarded by a rule,
//! and what happened is never refused: it is kept with what the rules said (design.md 1, decisions.md 1).

use super::delivered::delivered_with;
use super::draft::Draft;
use super::event::{Administration, BolusOver, PumpSetting};
use super::infusion::Infusion;
use crate::domain::order::{OrderShape, Titration};
use crate::domain::protocol::{BolusFigures, Envelope, Flow, RiseFigures};
use crate::domain::quantity::{Amount as _, Micrograms, MicrolitresPerHour};
use crate::domain::refusal::{Clash, Override, Refusal, Unmet};
use crate::domain::route::{Basis, Route};
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;

/// How the patient is watched, as far as a dose depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    /// A check is overdue.
    pub overdue: bool,
    /// An alert of act level or above is open.
    pub act_open: bool,
    /// When blood pressure was last taken.
    pub last_pressure_at: Option<Timestamp>,
}

/// Everything a dose is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The drug of the visit, as it is.
    pub infusion: &'a Infusion,
    /// The protocol's limits.
    pub envelope: &'a Envelope,
    /// How the patient is watched.
    pub checks: Checks,
    /// When it is to be done, or was.
    pub at: Timestamp,
}

/// What somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What.
    pub draft: &'a Draft,
    /// Intent or fact.
    pub basis: Basis,
    /// The infusion version the person saw.
    pub expected_version: Option<i64>,
    /// Who sets limits aside, with a reason, if somebody does.
    pub overriding: Overriding,
}

/// Who stands in for a limit that is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overriding {
    /// A prescriber, with a reason.
    pub prescriber: bool,
    /// A second prescriber beside the first.
    pub second: bool,
}

impl Overriding {
    fn covers(self, unmet: &Unmet) -> bool {
        match unmet.overridable {
            Override::None => false,
            Override::Prescriber => self.prescriber,
            Override::TwoPerson => self.prescriber && self.second,
        }
    }
}

/// Lets an entry through, with the rules it did not keep. `verdicts` are those of other nouns: what consent says
/// against [`Facts::planned`], and for a resume what [`crate::domain::readiness::unmet_for_resume`] found.
///
/// # Errors
/// For an intent: another version of the infusion (with the rate that runs now), no drug running, or every rule in
/// the way that nobody set aside. For a fact: only when the record is closed.
pub fn admit(facts: &Facts<'_>, request: Request<'_>, verdicts: Vec<Unmet>) -> Result<Vec<Unmet>, Refusal> {
    if facts.infusion.session.is_locked() {
        let detail = "this record is closed: it can only be amended with a second person";
        return Err(Refusal::clash(Clash::WrongState, detail));
    }
    let what = &request.draft.what;
    let unmet = facts.unmet(request.draft, verdicts);
    if request.basis == Basis::Done {
        return Ok(unmet);
    }
    if let Administration::Bolus(_, over) = what
        && over.is_too_slow()
    {
        let detail = format!("must be between 0 and {}; longer is a rate", BolusOver::MOST);
        return Err(Refusal::invalid("/bolus_over_min", "range", detail));
    }
    facts.expect_running(what)?;
    facts.expect_version(what, request.expected_version)?;
    if unmet.iter().all(|unmet| request.overriding.covers(unmet)) {
        return Ok(unmet);
    }
    Err(Refusal::Blocked { event: what.kind().as_str(), by: unmet })
}

impl Facts<'_> {
    /// Everything given at the planned end if this were done too, rounded up: what a ceiling is compared with.
    pub fn planned(&self, what: &Administration) -> Micrograms {
        let over = match what {
            Administration::Bolus(_, over) => over.minutes(),
            _ => 0,
        };
        let until = self.infusion.planned_end(self.at).unwrap_or(self.at).max(self.at.plus_minutes(over));
        let Infusion { history, supply, .. } = self.infusion;
        delivered_with(history, (self.at, self.meant(what)), supply.as_ref(), until).against_ceiling()
    }

    /// Going on with a nebulizer is charted as its start.
    fn meant<'b>(&self, what: &'b Administration) -> &'b Administration {
        match (what, self.infusion.session.route) {
            (Administration::Resume(_), Route::Nebulized) => &Administration::NebStart,
            _ => what,
        }
    }

    /// Whether more drug would enter than does now.
    fn raises(&self, what: &Administration) -> bool {
        let above = |rate: MicrolitresPerHour| self.infusion.history.rate_at(self.at).is_none_or(|now| rate > now);
        match what {
            Administration::RateChange(rate) => above(*rate),
            Administration::Start(_)
            | Administration::Bolus(..)
            | Administration::Resume(_)
            | Administration::NebStart => true,
            _ => false,
        }
    }

    fn expect_running(&self, what: &Administration) -> Result<(), Refusal> {
        let fits = match what {
            Administration::Rescue(_) => self.infusion.session.state.is_live(),
            // What is left is measured whenever the cup is put down: while paused, and after the stop.
            Administration::NebEnd(_) => {
                let state = self.infusion.session.state;
                state.is_infusing() || state == SessionState::Recovery
            }
            Administration::Resume(_) => self.infusion.session.state == SessionState::Paused,
            _ => self.infusion.session.state == SessionState::InProgress,
        };
        if fits {
            return Ok(());
        }
        Err(Refusal::InvalidTransition {
            state: self.infusion.session.state.as_str(),
            event: what.kind().as_str(),
            allowed: self
                .infusion
                .session
                .allowed_events()
                .into_iter()
                .map(super::super::session::table::SessionEvent::as_str)
                .collect(),
        })
    }

    /// A decrease never needs the version; a rate that stays or rises, a bolus and a resume do (decisions.md 19).
    fn expect_version(&self, what: &Administration, expected: Option<i64>) -> Result<(), Refusal> {
        let now = self.infusion.history.rate_at(self.at);
        let needed = match what {
            Administration::RateChange(rate) => now.is_none_or(|now| *rate >= now),
            Administration::Bolus(..) | Administration::Resume(_) => true,
            _ => false,
        };
        match expected {
            Some(expected) if needed => self.infusion.session.expect_infusion(expected, now),
            None if needed => {
                let detail = "give the infusion_version that was on the screen";
                Err(Refusal::invalid("/expected_infusion_version", "required", detail))
            }
            _ => Ok(()),
        }
    }

    /// Every rule that speaks against it; empty for what lowers exposure.
    pub fn unmet(&self, draft: &Draft, verdicts: Vec<Unmet>) -> Vec<Unmet> {
        let what = &draft.what;
        let mut unmet = self.wrong_route(what);
        if !self.raises(what) {
            return unmet;
        }
        unmet.extend(verdicts);
        match what {
            Administration::Resume(setting) => unmet.extend(self.pump_gaps(setting)),
            _ => unmet.extend(self.watch_gaps()),
        }
        unmet.extend(match self.meant(what) {
            Administration::RateChange(rate) => self.rise_gaps(*rate, draft.order.is_some()),
            Administration::Resume(PumpSetting { rate: Some(rate), .. }) => {
                self.rise_gaps(*rate, draft.order.is_some())
            }
            Administration::Bolus(amount, over) => self.bolus_gaps(*amount, *over),
            Administration::NebStart => self.fill_gaps(),
            _ => Vec::new(),
        });
        unmet.extend(self.total_gaps(what, draft.order.is_some()));
        unmet
    }

    fn wrong_route(&self, what: &Administration) -> Vec<Unmet> {
        let neb = matches!(what, Administration::NebStart | Administration::NebPause | Administration::NebEnd(_));
        let iv = matches!(what, Administration::Start(_) | Administration::RateChange(_) | Administration::Bolus(..));
        let wrong = match self.infusion.session.route {
            Route::Iv => neb,
            Route::Nebulized => iv,
        };
        let text = "this session gives the drug another way";
        if wrong { vec![Unmet::new("wrong_route", "dosing.route", text)] } else { Vec::new() }
    }

    /// No more drug while nobody knows how the patient is (clinical.md 4.1, decisions.md 13).
    fn watch_gaps(&self) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let session = self.infusion.session.id;
        if self.infusion.session.pump_unconfirmed() {
            let text = "confirm at the chair what the pump did";
            unmet.push(Unmet::new("pump_unconfirmed", "dosing.pump_unconfirmed", text).fixed_by(
                "POST",
                format!("/api/v1/sessions/{session}/pump-confirm"),
                "nurse",
            ));
        }
        if self.checks.overdue {
            unmet.push(
                Unmet::new("check_overdue", "dosing.check_overdue", "a check of the patient is overdue").fixed_by(
                    "POST",
                    format!("/api/v1/sessions/{session}/observations"),
                    "nurse",
                ),
            );
        }
        if self.checks.act_open {
            let text = "an alert that asks for action is open";
            unmet.push(Unmet::new("act_alert_open", "dosing.act_alert_open", text).fixed_by(
                "GET",
                format!("/api/v1/alerts?session_id={session}&state=open"),
                "nurse",
            ));
        }
        if self.checks.last_pressure_at <= self.infusion.history.last_rise_at(self.at) {
            let text = "take the blood pressure first: none was taken since the rate was last raised";
            unmet.push(Unmet::new("pressure_missing", "dosing.fresh_pressure", text).fixed_by(
                "POST",
                format!("/api/v1/sessions/{session}/observations"),
                "nurse",
            ));
        }
        unmet
    }

    /// The ten-fold error: what the pump is told is in the syringe is not what is in it (clinical.md V8).
    fn pump_gaps(&self, setting: &PumpSetting) -> Vec<Unmet> {
        match (setting.concentration, self.infusion.supply) {
            (Some(set), Some(supply)) if set != supply.concentration => {
                let text = "the pump is set to another concentration than was prepared";
                let (limit, actual) = (format!("{} mg/mL", supply.concentration), format!("{set} mg/mL"));
                vec![Unmet::new("concentration_differs", "dosing.concentration", text).figures(limit, actual)]
            }
            _ => Vec::new(),
        }
    }

    /// What the protocol and the order say against this rate. A prescriber's own order for it stands in for the
    /// titration of the signed one (decisions.md 22).
    fn rise_gaps(&self, rate: MicrolitresPerHour, ordered: bool) -> Vec<Unmet> {
        let from = self.infusion.history.rate_set_at(self.at).unwrap_or(MicrolitresPerHour::clamped(0));
        if rate <= from {
            return Vec::new();
        }
        let mut unmet = Vec::new();
        let last_rise_at = self.infusion.history.last_rise_at(self.at);
        if let (Some(order), Some(supply)) = (&self.infusion.order, self.infusion.supply) {
            let flow = |rate| Flow { rate, concentration: supply.concentration };
            let rise =
                RiseFigures { from: flow(from), to: flow(rate), weight: order.weight, at: self.at, last_rise_at };
            unmet.extend(self.envelope.breaches_of_rise(&rise).into_iter().map(Unmet::from));
        }
        if !ordered {
            unmet.extend(self.titration_gaps(from, rate, last_rise_at));
        }
        unmet
    }

    fn titration_gaps(&self, from: MicrolitresPerHour, to: MicrolitresPerHour, last: Option<Timestamp>) -> Vec<Unmet> {
        let beyond = |limit: String, actual: String| {
            let text = "this is more than the order leaves to a nurse: a prescriber orders it";
            let unmet = Unmet::new("titration_exceeded", "dosing.titration", text).figures(limit, actual);
            unmet.overridable_by(Override::Prescriber)
        };
        let Some(Titration { step, min_gap_minutes, ceiling }) = self.titration() else {
            return vec![beyond(format!("{from} mL/h"), format!("{to} mL/h"))];
        };
        let mut gaps = Vec::new();
        if to > ceiling {
            gaps.push(beyond(format!("{ceiling} mL/h"), format!("{to} mL/h")));
        }
        let added = MicrolitresPerHour::clamped(to.get() - from.get());
        if added > step {
            gaps.push(beyond(format!("a step of {step} mL/h"), format!("a step of {added} mL/h")));
        }
        if let Some(gap) = last.map(|last| self.at.minutes_since(last)).filter(|gap| *gap < min_gap_minutes) {
            gaps.push(beyond(format!("{min_gap_minutes} min after the last rise"), format!("{gap} min")));
        }
        gaps
    }

    fn titration(&self) -> Option<Titration> {
        match &self.infusion.order.as_ref()?.shape {
            OrderShape::Iv { titration, .. } => *titration,
            OrderShape::Nebulized { .. } => None,
        }
    }

    fn bolus_gaps(&self, amount: Micrograms, over: BolusOver) -> Vec<Unmet> {
        let breach = self
            .infusion
            .order
            .as_ref()
            .and_then(|order| self.envelope.breach_of_bolus(BolusFigures { amount, weight: order.weight }));
        let slow = over.is_too_slow().then(|| {
            let (limit, actual) = (format!("{} min", BolusOver::MOST), format!("{} min", over.minutes()));
            Unmet::new("bolus_too_slow", "dosing.bolus_minutes", "longer is a rate").figures(limit, actual)
        });
        breach.map(Unmet::from).into_iter().chain(slow).collect()
    }

    /// A fill beyond those ordered, or too soon after the last (decisions.md 18). Going on with a paused one is free.
    fn fill_gaps(&self) -> Vec<Unmet> {
        let shape = self.infusion.order.as_ref().map(|order| &order.shape);
        let Some(OrderShape::Nebulized { max_repeats, min_gap_minutes, .. }) = shape else { return Vec::new() };
        if self.infusion.history.fill_open_at(self.at) {
            return Vec::new();
        }
        let beyond = |rule, text, limit: String, actual: String| {
            Unmet::new("fill_not_ordered", rule, text).figures(limit, actual).overridable_by(Override::Prescriber)
        };
        let mut unmet = Vec::new();
        let begun = self.infusion.given(self.at).most.nebulized.map_or(0, |nebulized| nebulized.fills);
        if begun > *max_repeats {
            let (limit, actual) = (format!("{} fills", max_repeats + 1), format!("{} fills", begun + 1));
            unmet.push(beyond("dosing.max_fills", "the order has no further fill", limit, actual));
        }
        if self.infusion.supply.is_some_and(|supply| supply.checked <= begun) {
            let text = "each fill is drawn up and checked by two people: record the next one first";
            let href = format!("/api/v1/sessions/{}/preparation", self.infusion.session.id);
            let unprepared = Unmet::new("fill_not_prepared", "dosing.fill_prepared", text);
            unmet.push(unprepared.fixed_by("POST", href, "nurse"));
        }
        let gap = self.infusion.history.fill_ended_at(self.at).map(|ended| self.at.minutes_since(ended));
        if let Some(gap) = gap.filter(|gap| gap < min_gap_minutes) {
            let (limit, actual) = (format!("{min_gap_minutes} min"), format!("{gap} min"));
            unmet.push(beyond("dosing.fill_gap", "the last fill ended too short a time ago", limit, actual));
        }
        unmet
    }

    /// What order and protocol say against everything given and planned. Consent says it for itself.
    fn total_gaps(&self, what: &Administration, ordered: bool) -> Vec<Unmet> {
        let Some(order) = &self.infusion.order else { return Vec::new() };
        let planned = self.planned(what);
        let mut unmet: Vec<_> =
            self.envelope.breaches_of_total(planned, order.weight).into_iter().map(Unmet::from).collect();
        if planned > order.max_total && !ordered {
            let text = "with this, more would be given than the order allows";
            let exceeded = Unmet::new("order_total_exceeded", "dosing.order_total", text);
            let (limit, actual) = (format!("{} mg", order.max_total), format!("{planned} mg"));
            unmet.push(exceeded.figures(limit, actual).overridable_by(Override::Prescriber));
        }
        unmet
    }
}
