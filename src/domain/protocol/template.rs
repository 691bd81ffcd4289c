//! The two protocols a new clinic starts with, as drafts for its medical director.

use super::{Envelope, Monitoring, Nebulization, ProtocolText, Stay};
use crate::domain::quantity::{Amount, Micrograms, MicrogramsPerKilogram, MicrogramsPerKilogramHour, Microlitres};
use crate::domain::route::Route;

/// Intravenous ketamine for migraine (clinical.md 3.4): 0.5 mg/kg to start, at most 1.0 mg/kg and 1.0 mg/kg/h over 45
/// to 90 min, 120 mg for anybody, steps of at most 0.1 mg/kg/h every 10 min. The bolus limit is that of the
/// guideline for chronic pain (clinical.md 3.1, ASRA 2018).
pub fn migraine_iv() -> ProtocolText {
    ProtocolText {
        code: "migraine-iv".to_owned(),
        name: "Refractory migraine, intravenous".to_owned(),
        route: Route::Iv,
        envelope: Envelope {
            start_dose: MicrogramsPerKilogram::clamped(500),
            max_dose: MicrogramsPerKilogram::clamped(1_000),
            max_bolus: MicrogramsPerKilogram::clamped(350),
            max_rate: MicrogramsPerKilogramHour::clamped(1_000),
            max_step: MicrogramsPerKilogramHour::clamped(100),
            step_gap_minutes: 10,
            absolute_cap: Micrograms::clamped(120_000),
            nebulization: None,
            ..shared()
        },
        // decisions.md 15, clinical.md 4.1.
        monitoring: Monitoring {
            first_minutes: Vec::new(),
            every_minutes: 10,
            close_minutes: 5,
            close_checks: 3,
            recovery_minutes: 15,
        },
        // decisions.md 16.
        stay: Stay {
            after_end_minutes: 60,
            after_start_minutes: 90,
            after_start_high_minutes: 120,
            high_dose: MicrogramsPerKilogram::clamped(750),
        },
    }
}

/// Nebulized ketamine for migraine (clinical.md 3.4, decisions.md 18): 0.75 mg/kg in 5 mL over 5 to 15 min, one repeat
/// after 30 min by a prescriber's order, at most 1.5 mg/kg in a visit. The cap of 150 mg is 1.5 mg/kg at 100 kg.
pub fn migraine_nebulized() -> ProtocolText {
    ProtocolText {
        code: "migraine-nebulized".to_owned(),
        name: "Refractory migraine, nebulized".to_owned(),
        route: Route::Nebulized,
        envelope: Envelope {
            start_dose: MicrogramsPerKilogram::clamped(750),
            max_dose: MicrogramsPerKilogram::clamped(1_500),
            max_bolus: MicrogramsPerKilogram::clamped(0),
            max_rate: MicrogramsPerKilogramHour::clamped(0),
            max_step: MicrogramsPerKilogramHour::clamped(0),
            step_gap_minutes: 10,
            absolute_cap: Micrograms::clamped(150_000),
            nebulization: Some(Nebulization {
                max_fill_dose: MicrogramsPerKilogram::clamped(1_500),
                fill: Microlitres::clamped(5_000),
                min_active_minutes: 5,
                max_active_minutes: 15,
                max_repeats: 1,
                repeat_gap_minutes: 30,
            }),
            ..shared()
        },
        // decisions.md 18: at 0, 5, 10, 15, 30, 45, 60 min from each start, then every 15.
        monitoring: Monitoring {
            first_minutes: vec![0, 5, 10, 15, 30, 45, 60],
            every_minutes: 15,
            close_minutes: 5,
            close_checks: 3,
            recovery_minutes: 15,
        },
        // decisions.md 16: one line, whatever the dose.
        stay: Stay {
            after_end_minutes: 60,
            after_start_minutes: 90,
            after_start_high_minutes: 90,
            high_dose: MicrogramsPerKilogram::clamped(750),
        },
    }
}

/// What both templates have in common: 45 to 90 min, and a spacing that lets Monday, Wednesday and Friday through and
/// ends at the upper figure of the guideline for a year (clinical.md 1, row 3: six in two to three weeks, up to twelve
/// a year).
fn shared() -> Envelope {
    Envelope {
        start_dose: MicrogramsPerKilogram::clamped(0),
        max_dose: MicrogramsPerKilogram::clamped(0),
        max_bolus: MicrogramsPerKilogram::clamped(0),
        max_rate: MicrogramsPerKilogramHour::clamped(0),
        max_step: MicrogramsPerKilogramHour::clamped(0),
        step_gap_minutes: 10,
        absolute_cap: Micrograms::clamped(0),
        min_duration_minutes: 45,
        max_duration_minutes: 90,
        max_per_7_days: 3,
        max_per_30_days: 8,
        max_per_365_days: 12,
        min_gap_days: 2,
        nebulization: None,
    }
}
