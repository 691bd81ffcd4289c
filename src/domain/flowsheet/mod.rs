//! The bedside of one visit as one picture: rows, drug, alerts, and the lines they are judged by.
//!
//! Whoever adds a row, corrects one, or does something at the pump asks it again what it means ([`Flowsheet::follow`]);
//! alerts rise, fall, are answered and taken back by that alone. Other rules ask it for what they need: vitals for a
//! start, checks for a rise, open alerts for a resume and a close, criteria for going home.

mod follow;
mod prompt;
#[cfg(test)]
mod tests;

pub use follow::{Followed, Ids};

use super::alert::{Alert, AlertState};
use super::discharge;
use super::dosing::{Administration, DosingEvent, History, RescueClass, effective, guard};
use super::id::{AlertId, ObservationId};
use super::monitoring::{Assessment, Baseline, Context, Grid, Level, Schedule, StartOfDrug, Verdict, assess, courses};
use super::observation::{Observation, standing};
use super::order::{Order, SessionLimits};
use super::policy::Policy;
use super::protocol::Protocol;
use super::quantity::{Amount, MicrogramsPerKilogram, MicrolitresPerHour};
use super::readiness::{Reading, Vitals};
use super::refusal::Unmet;
use super::session::Session;
use super::time::Timestamp;
use std::collections::BTreeMap;

/// Everything known at one bedside.
#[derive(Debug, Clone)]
pub struct Flowsheet {
    /// The visit.
    pub session: Session,
    /// The policy the visit pinned, or the one in force before the start.
    pub policy: Policy,
    /// The protocol edition of the visit.
    pub protocol: Protocol,
    /// The order in force.
    pub order: Option<Order>,
    /// The drug record, corrected entries included.
    pub drug: Vec<DosingEvent>,
    /// Every row, corrected ones included.
    pub rows: Vec<Observation>,
    /// What each row was judged to be when it was entered.
    pub verdicts: BTreeMap<ObservationId, Verdict>,
    /// Every alert of the visit.
    pub alerts: Vec<Alert>,
}

impl Flowsheet {
    /// Adds a row and says what it means.
    pub fn add(&mut self, row: Observation) -> Verdict {
        let id = row.id;
        let has_values = row.has_values();
        self.rows.push(row);
        let verdict = if has_values { self.judge(id) } else { Verdict::NOTHING };
        self.verdicts.insert(id, verdict.clone());
        verdict
    }

    fn judge(&self, id: ObservationId) -> Verdict {
        let baseline = self.baseline();
        let rows = standing(&self.rows);
        let place = rows.iter().position(|row| row.id == id);
        let (row, earlier) = match place.and_then(|place| rows.get(..=place)).and_then(|rows| rows.split_last()) {
            Some((row, earlier)) => (*row, earlier),
            None => return Verdict::NOTHING,
        };
        (&assess(row, earlier, &self.context(&baseline))).into()
    }

    /// This visit's own values before any drug.
    pub fn baseline(&self) -> Baseline {
        Baseline::of(&self.rows, self.start_of_drug())
    }

    fn start_of_drug(&self) -> Option<StartOfDrug> {
        let occurred_at = self.session.milestones.started_at?;
        let starts =
            self.drug.iter().filter(|event| matches!(event.what, Administration::Start(_) | Administration::NebStart));
        let recorded_at = starts.map(|event| event.act.recorded_at).min().unwrap_or(occurred_at);
        Some(StartOfDrug { occurred_at, recorded_at })
    }

    fn limits(&self) -> Option<&SessionLimits> {
        self.order.as_ref().and_then(|order| order.form.session_limits.as_ref())
    }

    fn context<'a>(&'a self, baseline: &'a Baseline) -> Context<'a> {
        let at = &self.session.milestones;
        Context {
            rules: &self.policy.rules,
            baseline,
            limits: self.limits(),
            started_at: at.started_at,
            stopped_at: at.stopped_at,
        }
    }

    /// What the standing rows mean together, with the assessment of each.
    fn judged(&self) -> (Vec<super::monitoring::Course>, Vec<(&Observation, Assessment)>) {
        let baseline = self.baseline();
        let rows = standing(&self.rows);
        let (courses, assessments) = courses(&rows, &self.context(&baseline));
        (courses, rows.into_iter().zip(assessments).collect())
    }

    /// When the next checks are due, and how late they are.
    pub fn schedule(&self, now: Timestamp) -> Schedule {
        let (_, judged) = self.judged();
        let grid = self.grid(&judged);
        let rows: Vec<&Observation> = judged.iter().map(|(row, _)| *row).collect();
        Schedule::at(now, &grid, &self.protocol.text.monitoring, &self.policy.rules.checks, &rows)
    }

    fn grid(&self, judged: &[(&Observation, Assessment)]) -> Grid {
        let history = effective(&self.drug);
        let at = &self.session.milestones;
        let starts: Vec<Timestamp> = started(&history).collect();
        let confirmed = judged
            .iter()
            .filter(|(_, seen)| seen.findings.iter().any(|finding| finding.confirmed && finding.level >= Level::Act));
        let mut triggers = closer_checks(&history);
        triggers.extend(
            confirmed.map(|(row, _)| row.occurred_at).filter(|seen| at.started_at.is_some_and(|start| *seen >= start)),
        );
        let planned = self.order.as_ref().map(|order| order.form.duration_minutes);
        let middle = starts.first().zip(planned).map(|(start, minutes)| start.plus_minutes(minutes / 2));
        let running = at.started_at.is_some();
        Grid {
            starts: if starts.is_empty() { at.started_at.into_iter().collect() } else { starts },
            triggers,
            recheck_due_at: judged.last().and_then(|(_, seen)| seen.recheck_due_at).filter(|_| running),
            planned_middle_at: middle,
            stopped_at: at.stopped_at,
            left_at: at.completed_at,
            emergency: self.session.in_emergency(),
        }
    }

    /// The newest readings, for the hold before a start. `last_visit_heart_rate` is of another visit.
    pub fn vitals(&self, last_visit_heart_rate: Option<super::quantity::HeartRate>) -> Vitals {
        let rows = standing(&self.rows);
        Vitals {
            pressure: newest(&rows, |row| row.measures.systolic.zip(row.measures.diastolic)),
            heart_rate: newest(&rows, |row| row.measures.heart_rate),
            spo2: newest(&rows, |row| row.measures.spo2),
            respiration: newest(&rows, |row| row.measures.resp_rate),
            last_visit_heart_rate,
        }
    }

    /// How the patient is watched, as far as a rise depends on it: an act number that waits for its second reading
    /// stands in the way as an open alert does (decisions.md 13a).
    pub fn checks(&self, now: Timestamp) -> guard::Checks {
        let (_, judged) = self.judged();
        let waits = judged
            .iter()
            .rev()
            .find(|(row, _)| row.measures.systolic.is_some())
            .is_some_and(|(_, seen)| seen.blocks_rise());
        let rows = standing(&self.rows);
        guard::Checks {
            overdue: self.schedule(now).overdue().is_some(),
            act_open: waits || self.alerts.iter().any(|alert| alert.holds_discharge() && alert.level >= Level::Act),
            last_pressure_at: newest(&rows, |row| row.measures.systolic.zip(row.measures.diastolic))
                .map(|reading| reading.at),
        }
    }

    /// Alerts of pause level or above that no prescriber has looked at: they keep a paused drug paused.
    pub fn holding_resume(&self) -> Vec<AlertId> {
        self.alerts.iter().filter(|alert| alert.holds_resume()).map(|alert| alert.id).collect()
    }

    /// Open alerts about the body, act or above: they keep the patient.
    pub fn holding_discharge(&self) -> Vec<AlertId> {
        self.alerts.iter().filter(|alert| alert.holds_discharge()).map(|alert| alert.id).collect()
    }

    /// Alerts nobody has answered: they keep the record open.
    pub fn unanswered(&self) -> Vec<AlertId> {
        self.alerts.iter().filter(|alert| alert.state == AlertState::Open).map(|alert| alert.id).collect()
    }

    /// The criteria of the body that are open; nothing before drug was stopped. `dose` is what was given.
    pub fn discharge_criteria(&self, dose: MicrogramsPerKilogram, now: Timestamp) -> Vec<Unmet> {
        let at = &self.session.milestones;
        let (Some(started_at), Some(stopped_at)) = (at.started_at, at.stopped_at) else { return Vec::new() };
        let (baseline, rows) = (self.baseline(), standing(&self.rows));
        discharge::unmet(&discharge::Facts {
            now,
            rules: &self.policy.rules,
            score_set: self.policy.score_set,
            stay: &self.protocol.text.stay,
            started_at,
            stopped_at,
            dose,
            rescued_at: rescued_at(&effective(&self.drug)),
            baseline: &baseline,
            rows: &rows,
        })
    }
}

fn newest<T>(rows: &[&Observation], value: impl Fn(&Observation) -> Option<T>) -> Option<Reading<T>> {
    rows.iter().rev().find_map(|row| value(row).map(|value| Reading { at: row.occurred_at, value }))
}

/// Each time drug began to flow: the start of an infusion, or each nebulizer start.
fn started(history: &History) -> impl Iterator<Item = Timestamp> + '_ {
    let starts = |event: &&DosingEvent| matches!(event.what, Administration::Start(_) | Administration::NebStart);
    history.events().iter().filter(starts).map(|event| event.act.occurred_at)
}

/// What asks for closer checks: a bolus, a rise, a resume, a rescue drug (decisions.md 15).
fn closer_checks(history: &History) -> Vec<Timestamp> {
    let mut rate = MicrolitresPerHour::clamped(0);
    let mut triggers = Vec::new();
    for event in history.events() {
        let asks = match &event.what {
            Administration::Bolus(..) | Administration::Resume(_) | Administration::Rescue(_) => true,
            Administration::RateChange(new) => *new > rate,
            _ => false,
        };
        match &event.what {
            Administration::RateChange(new) => rate = *new,
            Administration::Start(setting) | Administration::Resume(setting) => rate = setting.rate.unwrap_or(rate),
            _ => {}
        }
        if asks {
            triggers.push(event.act.occurred_at);
        }
    }
    triggers
}

/// The last rescue drug after which a patient stays longer (decisions.md 16).
fn rescued_at(history: &History) -> Option<Timestamp> {
    let lingers = |event: &&DosingEvent| match &event.what {
        Administration::Rescue(rescue) => matches!(rescue.class, RescueClass::Antihypertensive | RescueClass::Sedative),
        _ => false,
    };
    history.events().iter().rev().find(lingers).map(|event| event.act.occurred_at)
}
