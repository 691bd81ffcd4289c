//! What holds a start on the day: readings outside the hold lines, late food, answers of concern (decisions.md 14).

use super::{Condition, Gate, OBSERVATION, PRECHECK, RELEASE};
use crate::domain::observation::Observation;
use crate::domain::order::HoldRule;
use crate::domain::policy;
use crate::domain::precheck::{DayAnswer, DayQuestion, Meaning, Precheck};
use crate::domain::quantity::{Amount as _, Diastolic, HeartRate, OxygenSaturation, RespiratoryRate, Systolic};
use crate::domain::refusal::{Override, Unmet};
use crate::domain::time::Timestamp;

/// Nothing clear to drink for two hours before (ASA, clinical.md 1 row 6).
const CLEAR_FLUIDS_MINUTES: i64 = 120;
/// Nothing to eat for six hours before (ASA, clinical.md 1 row 6).
const FOOD_MINUTES: i64 = 360;

/// A value and when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading<T> {
    /// When, at the chair.
    pub at: Timestamp,
    /// What.
    pub value: T,
}

/// The newest reading of each kind before the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Blood pressure.
    pub pressure: Option<Reading<(Systolic, Diastolic)>>,
    /// Heart rate.
    pub heart_rate: Option<Reading<HeartRate>>,
    /// Oxygen saturation.
    pub spo2: Option<Reading<OxygenSaturation>>,
    /// Breaths a minute.
    pub respiration: Option<Reading<RespiratoryRate>>,
    /// The first heart rate of the patient's last visit: a slow pulse known from then does not hold.
    pub last_visit_heart_rate: Option<HeartRate>,
}

impl Vitals {
    /// The newest reading of each kind among rows that stand, oldest first.
    pub fn of(rows: &[&Observation], last_visit_heart_rate: Option<HeartRate>) -> Self {
        fn newest<T>(rows: &[&Observation], value: impl Fn(&Observation) -> Option<T>) -> Option<Reading<T>> {
            rows.iter().rev().find_map(|row| value(row).map(|value| Reading { at: row.occurred_at, value }))
        }
        Self {
            pressure: newest(rows, |row| row.measures.systolic.zip(row.measures.diastolic)),
            heart_rate: newest(rows, |row| row.measures.heart_rate),
            spo2: newest(rows, |row| row.measures.spo2),
            respiration: newest(rows, |row| row.measures.resp_rate),
            last_visit_heart_rate,
        }
    }
}

/// A hold that stands, whether or not a prescriber set it aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Which.
    pub rule: HoldRule,
    /// Whether nobody may set it aside.
    pub is_final: bool,
    /// What the rule asks for.
    pub limit: String,
    /// What was found.
    pub actual: String,
}

/// Every hold by a reading.
pub fn standing(vitals: &Vitals, symptoms: bool, lines: &policy::Hold) -> Vec<Hold> {
    let mut holds = Vec::new();
    let mut hold = |held: bool, rule: HoldRule, is_final: bool, (limit, actual): (String, String)| {
        if held {
            holds.push(Hold { rule, is_final, limit, actual });
        }
    };
    if let Some(Reading { value: (systolic, diastolic), .. }) = vitals.pressure {
        let (upper, lower) = (systolic.get(), diastolic.get());
        hold(
            upper >= lines.systolic || lower >= lines.diastolic,
            HoldRule::BloodPressure,
            upper >= lines.systolic_final || lower >= lines.diastolic_final,
            (format!("below {}/{} mmHg", lines.systolic, lines.diastolic), format!("{upper}/{lower} mmHg")),
        );
    }
    if let Some(pulse) = vitals.heart_rate.map(|reading| reading.value.get()) {
        let known = vitals.last_visit_heart_rate.is_some_and(|last| last.get() < lines.heart_rate_below_unless_known);
        let slowest = if known && !symptoms { lines.heart_rate_below } else { lines.heart_rate_below_unless_known };
        hold(
            pulse < slowest || pulse > lines.heart_rate_above,
            HoldRule::HeartRate,
            pulse < lines.heart_rate_final_below,
            (format!("{slowest} to {} a minute", lines.heart_rate_above), format!("{pulse} a minute")),
        );
    }
    if let Some(spo2) = vitals.spo2.map(|reading| reading.value.get()) {
        // The lower of the two: 92 % is normal at altitude.
        let least = lines.spo2_below.min(lines.normal_spo2_percent - lines.spo2_points_under_normal);
        let is_final = spo2 < lines.spo2_final_below;
        hold(
            spo2 < least || is_final,
            HoldRule::OxygenSaturation,
            is_final,
            (format!("at least {least} %"), format!("{spo2} %")),
        );
    }
    if let Some(breaths) = vitals.respiration.map(|reading| reading.value.get()) {
        hold(
            !(lines.respiration_below..=lines.respiration_above).contains(&breaths),
            HoldRule::RespiratoryRate,
            false,
            (
                format!("{} to {} a minute", lines.respiration_below, lines.respiration_above),
                format!("{breaths} a minute"),
            ),
        );
    }
    holds
}

/// Every hold that is not set aside by `released`.
pub(super) fn unmet(
    gate: Gate,
    vitals: &Vitals,
    lines: &policy::Hold,
    precheck: Option<&Precheck>,
    released: &[HoldRule],
) -> Vec<Unmet> {
    // Symptoms that nobody asked about count as present: unknown is not no.
    let symptoms = precheck.and_then(|precheck| precheck.answer(DayQuestion::NewSymptoms)) != Some(DayAnswer::No);
    let open =
        standing(vitals, symptoms, lines).into_iter().filter(|hold| hold.is_final || !released.contains(&hold.rule));
    open.map(|hold| {
        let unmet = if hold.is_final {
            gate.unmet(
                Condition::VitalOnHold,
                "This reading forbids a start: wait, treat, and measure again.",
                OBSERVATION,
            )
        } else {
            gate.releasable(
                Condition::VitalOnHold,
                "This reading holds the start: measure again, or a prescriber releases it.",
                RELEASE,
            )
        };
        Unmet { rule_id: vital_rule(hold.rule), ..unmet }.figures(hold.limit, hold.actual)
    })
    .collect()
}

fn vital_rule(rule: HoldRule) -> &'static str {
    match rule {
        HoldRule::HeartRate => "session.start.hold.heart_rate",
        HoldRule::OxygenSaturation => "session.start.hold.spo2",
        HoldRule::RespiratoryRate => "session.start.hold.respiratory_rate",
        _ => "session.start.hold.blood_pressure",
    }
}

/// Food and drink: too late or not known.
pub(super) fn unmet_fasting(gate: Gate, precheck: &Precheck, now: Timestamp, released: &[HoldRule]) -> Option<Unmet> {
    if released.contains(&HoldRule::Fasting) {
        return None;
    }
    let late = |last: Option<Timestamp>, minutes: i64| last.is_none_or(|last| now.minutes_since(last) < minutes);
    let (drink, food) = (precheck.form.clear_fluids_at, precheck.form.food_at);
    if !late(drink, CLEAR_FLUIDS_MINUTES) && !late(food, FOOD_MINUTES) {
        return None;
    }
    let ago = |last: Option<Timestamp>| {
        last.map_or("unknown".to_owned(), |last| format!("{} min ago", now.minutes_since(last)))
    };
    let text = "The stomach may not be empty: wait, or a prescriber releases it.";
    let unmet = gate.releasable(Condition::NotFasted, text, RELEASE);
    let limit = format!("clear fluids {CLEAR_FLUIDS_MINUTES} min ago, food {FOOD_MINUTES} min ago");
    Some(unmet.figures(limit, format!("clear fluids {}, food {}", ago(drink), ago(food))))
}

/// Day-of answers that are unknown, and those of concern that nobody set aside.
pub(super) fn unmet_answers(gate: Gate, precheck: &Precheck, released: &[HoldRule]) -> Vec<Unmet> {
    let unknown = precheck.questions_meaning(Meaning::Unknown).into_iter().map(|question| {
        let text = "A day-of question is not answered with yes or no.";
        gate.unmet(Condition::AnswerUnknown, text, PRECHECK).figures("a known answer", question.as_str())
    });
    let concerns = precheck.questions_meaning(Meaning::Concern).into_iter();
    let open = concerns.filter(|question| hold_of(*question).is_none_or(|rule| !released.contains(&rule)));
    let open = open.map(|question| {
        let unmet = if question.concern_overridable() == Override::None {
            gate.unmet(Condition::AnswerOfConcern, "This answer forbids a start today.", PRECHECK)
        } else {
            gate.releasable(
                Condition::AnswerOfConcern,
                "A prescriber has to look at this answer before the start.",
                RELEASE,
            )
        };
        unmet.figures("no concern", question.as_str())
    });
    unknown.chain(open).collect()
}

/// The hold a prescriber names to set a concern aside; none where nobody may.
pub(super) fn hold_of(question: DayQuestion) -> Option<HoldRule> {
    match question {
        DayQuestion::NewHeartBrainEyeEvent => Some(HoldRule::NewHeartBrainEyeEvent),
        DayQuestion::NewSymptoms => Some(HoldRule::NewSymptoms),
        DayQuestion::NewMedicines => Some(HoldRule::NewMedicines),
        DayQuestion::AdverseEventSinceLast => Some(HoldRule::AdverseEventSinceLast),
        DayQuestion::AlcoholOrDrugs24h => Some(HoldRule::AlcoholOrDrugs24h),
        DayQuestion::SuicidalThoughts => Some(HoldRule::SuicidalThoughts),
        DayQuestion::AsthmaOrAirwayDisease => Some(HoldRule::AsthmaOrAirwayDisease),
        DayQuestion::Pregnancy | DayQuestion::HasCapacity | DayQuestion::RoomVentilationConfirmed => None,
    }
}
