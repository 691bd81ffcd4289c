//! The table of settings. One row makes the field, its default, its range, its place on the wire and its source.

use super::{Setting, Stricter};
use crate::domain::refusal::FieldErrors;

macro_rules! settings {
    ($(
        #[doc = $gdoc:literal]
        $group:ident: $Group:ident {
            $( $(#[doc = $doc:literal])+ $name:ident = $default:literal, $least:literal ..= $most:literal, $stricter:ident, $source:literal; )+
        }
    )+) => {
        $(
            #[doc = $gdoc]
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $Group { $( $(#[doc = $doc])+ pub $name: i64, )+ }
        )+

        /// Every number of a policy, in groups.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Rules { $( #[doc = $gdoc] pub $group: $Group, )+ }

        impl Rules {
            /// Every setting, in the order in which it is shown.
            pub const TABLE: &'static [Setting] = &[$($(
                Setting {
                    group: stringify!($group),
                    name: stringify!($name),
                    meaning: concat!($($doc),+),
                    default: $default,
                    least: $least,
                    most: $most,
                    stricter: Stricter::$stricter,
                    source: $source,
                },
            )+)+];

            /// Every default.
            pub const fn seeded() -> Self {
                Self { $( $group: $Group { $( $name: $default ),+ }, )+ }
            }

            /// The value of a setting.
            pub fn get(&self, setting: &Setting) -> i64 {
                match (setting.group, setting.name) {
                    $($( (stringify!($group), stringify!($name)) => self.$group.$name, )+)+
                    _ => setting.default,
                }
            }

            /// Sets a setting. A row that is not of [`Self::TABLE`] changes nothing.
            pub fn set(&mut self, setting: &Setting, value: i64) {
                match (setting.group, setting.name) {
                    $($( (stringify!($group), stringify!($name)) => self.$group.$name = value, )+)+
                    _ => {}
                }
            }
        }
    };
}

// The rise of 30 mmHg of clinical.md 4.2 has no row: from the floor of 140/90 on it never says more than the rise of
// 20 % or the line at 150 does.
settings! {
    #[doc = "How many patients one person may look after."]
    staffing: Staffing {
        /// Patients one nurse may have under a running drug.
        nurse_max_infusing = 2, 1..=6, Lower, "decisions.md 3";
        /// Patients one nurse may have, running and recovering.
        nurse_max_total = 3, 1..=8, Lower, "decisions.md 3";
        /// Sessions one prescriber may supervise.
        prescriber_max_supervised = 4, 1..=12, Lower, "decisions.md 3";
        /// How long a signed act from a clinic device counts as being on site, in hours.
        on_site_hours = 4, 1..=12, Lower, "decisions.md 36";
        /// A verbal order is countersigned within so many hours.
        countersign_hours = 24, 1..=72, Lower, "decisions.md 22";
    }
    #[doc = "When an entry is early, late, or very late."]
    time: Lateness {
        /// How far ahead of the server's clock an entry may lie, in minutes.
        skew_minutes = 5, 0..=15, Lower, "decisions.md 34";
        /// An entry older than this is flagged late, in minutes.
        late_minutes = 15, 1..=60, Lower, "decisions.md 34";
        /// An entry older than this needs a reason, in minutes.
        late_reason_minutes = 60, 15..=240, Lower, "decisions.md 34";
    }
    #[doc = "What holds a start until a prescriber releases it, and what nobody can release."]
    hold: Hold {
        /// Systolic pressure that holds, from this on, in mmHg.
        systolic = 160, 130..=179, Lower, "clinical.md 4.2, decisions.md 14";
        /// Diastolic pressure that holds, from this on, in mmHg.
        diastolic = 100, 80..=109, Lower, "clinical.md 4.2, decisions.md 14";
        /// Systolic pressure from which nobody can release, in mmHg.
        systolic_final = 180, 160..=200, Lower, "decisions.md 14";
        /// Diastolic pressure from which nobody can release, in mmHg.
        diastolic_final = 110, 100..=120, Lower, "decisions.md 14";
        /// Heart rate that holds, above this, a minute.
        heart_rate_above = 110, 90..=140, Lower, "clinical.md 4.2";
        /// Heart rate that holds, below this, a minute.
        heart_rate_below = 45, 40..=60, Higher, "decisions.md 14";
        /// Heart rate that holds below this with symptoms, or when not known from the last visit, a minute.
        heart_rate_below_unless_known = 50, 40..=60, Higher, "decisions.md 14";
        /// Heart rate under which nobody can release, a minute.
        heart_rate_final_below = 40, 30..=50, Higher, "decisions.md 14";
        /// Oxygen saturation that is normal at the clinic's altitude, in percent.
        normal_spo2_percent = 97, 88..=100, Neither, "decisions.md 14";
        /// Saturation that holds, below this, in percent.
        spo2_below = 94, 88..=97, Higher, "decisions.md 14";
        /// Points under the clinic's normal that hold; the lower of the two lines counts.
        spo2_points_under_normal = 3, 1..=6, Lower, "decisions.md 14";
        /// Saturation under which nobody can release, in percent.
        spo2_final_below = 90, 85..=94, Higher, "decisions.md 14";
        /// Breaths that hold, below this, a minute.
        respiration_below = 10, 6..=14, Higher, "clinical.md 4.2, decisions.md 14";
        /// Breaths that hold, above this, a minute.
        respiration_above = 24, 18..=40, Lower, "clinical.md 4.2, decisions.md 14";
        /// A reading that holds is taken again not before so many minutes.
        recheck_from_minutes = 5, 1..=15, Neither, "clinical.md 4.2";
        /// Oldest blood pressure at the start, in minutes.
        pressure_fresh_minutes = 15, 5..=30, Lower, "decisions.md 14";
        /// Oldest reading of the other baseline values at the start, in minutes.
        baseline_fresh_minutes = 60, 15..=180, Lower, "decisions.md 14";
        /// A change of weight from the last visit that asks for a second weighing, in percent.
        reweigh_percent = 10, 3..=20, Lower, "clinical.md 1";
    }
    #[doc = "Blood pressure under the drug: absolute lines, and rises from this visit's baseline that count only from a floor."]
    pressure: Pressure {
        /// Watch from this systolic pressure on, in mmHg.
        watch_systolic = 150, 120..=180, Lower, "clinical.md 4.2";
        /// Watch from this diastolic pressure on, in mmHg.
        watch_diastolic = 95, 75..=110, Lower, "clinical.md 4.2";
        /// Act from this systolic pressure on, in mmHg.
        act_systolic = 165, 130..=190, Lower, "clinical.md 4.2";
        /// Act from this diastolic pressure on, in mmHg.
        act_diastolic = 100, 80..=115, Lower, "clinical.md 4.2";
        /// Pause from this systolic pressure on, in mmHg.
        pause_systolic = 180, 150..=195, Lower, "clinical.md 4.2";
        /// Pause from this diastolic pressure on, in mmHg.
        pause_diastolic = 110, 90..=118, Lower, "clinical.md 4.2";
        /// Stop from this systolic pressure on, in mmHg.
        stop_systolic = 200, 180..=220, Lower, "clinical.md 4.2";
        /// Stop from this diastolic pressure on, in mmHg.
        stop_diastolic = 120, 110..=130, Lower, "clinical.md 4.2";
        /// Rise from the baseline that means watch, in percent.
        watch_rise_percent = 20, 10..=40, Lower, "decisions.md 13b";
        /// Floor from which that rise counts, systolic, in mmHg.
        watch_rise_from_systolic = 140, 110..=180, Lower, "decisions.md 13b";
        /// Floor from which that rise counts, diastolic, in mmHg.
        watch_rise_from_diastolic = 90, 70..=110, Lower, "decisions.md 13b";
        /// Rise from the baseline that means act, in percent.
        act_rise_percent = 30, 15..=50, Lower, "decisions.md 13b";
        /// Floor from which that rise counts, systolic, in mmHg.
        act_rise_from_systolic = 155, 120..=190, Lower, "decisions.md 13b";
        /// Floor from which that rise counts, diastolic, in mmHg.
        act_rise_from_diastolic = 95, 75..=115, Lower, "decisions.md 13b";
        /// Rise from the baseline that means pause, in percent.
        pause_rise_percent = 40, 20..=60, Lower, "decisions.md 13b";
        /// Floor from which that rise counts, systolic, in mmHg.
        pause_rise_from_systolic = 170, 130..=195, Lower, "decisions.md 13b";
        /// Floor from which that rise counts, diastolic, in mmHg.
        pause_rise_from_diastolic = 105, 80..=118, Lower, "decisions.md 13b";
        /// Low systolic pressure: watch below this, in mmHg.
        low_systolic_below = 90, 70..=100, Higher, "clinical.md 4.2";
        /// Fall from the baseline that means act, in percent.
        fall_percent = 30, 15..=50, Lower, "clinical.md 4.2";
        /// An act reading is taken again within so many minutes.
        recheck_minutes = 5, 1..=15, Lower, "decisions.md 13c";
        /// A single stop reading is taken again within so many minutes.
        stop_recheck_minutes = 2, 1..=5, Lower, "decisions.md 13d";
    }
    #[doc = "Heart rate under the drug, a minute."]
    heart: HeartLines {
        /// Watch above this.
        watch_above = 110, 90..=140, Lower, "clinical.md 4.2";
        /// Act above this.
        act_above = 120, 100..=150, Lower, "clinical.md 4.2";
        /// Act below this.
        act_below = 50, 35..=60, Higher, "clinical.md 4.2";
        /// How long it has to stay above the act line, in minutes.
        act_for_minutes = 5, 0..=15, Lower, "clinical.md 4.2";
        /// Pause above this.
        pause_above = 130, 110..=160, Lower, "clinical.md 4.2";
        /// Stop above this.
        stop_above = 150, 130..=180, Lower, "clinical.md 4.2";
    }
    #[doc = "Oxygen saturation under the drug, in percent."]
    saturation: SaturationLines {
        /// Fall from the baseline, in points, that means watch when two readings show it.
        watch_fall_points = 3, 1..=6, Lower, "decisions.md 14";
        /// Act below this.
        act_below = 92, 88..=96, Higher, "clinical.md 4.2";
        /// Pause below this.
        pause_below = 90, 85..=94, Higher, "clinical.md 4.2";
        /// Stop below this.
        stop_below = 85, 80..=90, Higher, "clinical.md 4.2";
    }
    #[doc = "Breathing under the drug, breaths a minute."]
    respiration: RespirationLines {
        /// Watch below this.
        watch_below = 10, 8..=14, Higher, "clinical.md 4.2";
        /// Watch above this.
        watch_above = 24, 18..=35, Lower, "clinical.md 4.2";
        /// Act above this.
        act_above = 30, 20..=45, Lower, "clinical.md 4.2";
        /// Pause below this.
        pause_below = 8, 6..=12, Higher, "clinical.md 4.2";
        /// Stop below this.
        stop_below = 6, 4..=10, Higher, "clinical.md 4.2";
    }
    #[doc = "Sedation, dissociation and nausea under the drug."]
    mind: MindLines {
        /// Sedation (MOAA/S) that is flagged, at or below this.
        moaas_flag = 4, 3..=5, Higher, "decisions.md 40";
        /// Sedation (MOAA/S) that notifies, at or below this.
        moaas_notify = 3, 2..=4, Higher, "decisions.md 40";
        /// Sedation (MOAA/S) that pauses, at or below this.
        moaas_pause = 2, 1..=3, Higher, "decisions.md 40";
        /// Rise of CADSS-6 over this visit's baseline that is flagged.
        cadss6_rise = 8, 4..=16, Lower, "decisions.md 40";
        /// Distress (0 to 10) that alerts.
        distress_alert = 7, 4..=9, Lower, "decisions.md 40";
        /// Dissociation has to be back at the baseline so many minutes after the end.
        clear_minutes = 60, 30..=120, Lower, "decisions.md 40";
        /// Nausea (0 to 10) from which an antiemetic is offered.
        nausea_offer = 4, 2..=8, Lower, "clinical.md 4.4";
    }
    #[doc = "When a due check turns amber, overdue, and is escalated; minutes after it was due."]
    checks: Checks {
        /// Shown amber.
        amber_minutes = 2, 1..=5, Lower, "decisions.md 15";
        /// Overdue: an alert is raised and no rate may rise.
        overdue_minutes = 5, 2..=10, Lower, "decisions.md 15";
        /// Escalated to the prescriber while the drug runs.
        escalate_infusing_minutes = 10, 5..=20, Lower, "decisions.md 15";
        /// Escalated to the prescriber during recovery.
        escalate_recovery_minutes = 15, 5..=30, Lower, "decisions.md 15";
        /// A pause, stop, decrease or rescue drug so soon after an alert acknowledges it.
        implied_ack_minutes = 5, 1..=10, Lower, "decisions.md 13e";
        /// So long after the planned end somebody is asked to end or to extend, in minutes.
        planned_end_minutes = 2, 0..=10, Lower, "decisions.md 37";
        /// An owner without a live connection for so long: alerts go to everybody.
        silent_minutes = 2, 1..=10, Lower, "decisions.md 11";
    }
    #[doc = "Dose and drug beside the protocol's envelope."]
    dosing: Dosing {
        /// Oldest blood pressure before a rate rise, in minutes.
        rise_pressure_fresh_minutes = 10, 5..=20, Lower, "clinical.md 3.4";
        /// After the planned end, the running drug raises `end or extend?` in so many minutes.
        past_end_minutes = 2, 1..=10, Lower, "decisions.md 37";
        /// After the last nebulizer end, the treatment's stop is prompted in so many minutes.
        nebulizer_stop_prompt_minutes = 60, 15..=120, Lower, "decisions.md 18";
        /// A difference between pump and computed amount, or in waste, that needs no reason, in percent.
        variance_percent = 5, 0..=10, Lower, "decisions.md 17";
        /// A difference that needs no reason whatever its percentage, in micrograms.
        variance_micrograms = 2000, 0..=5000, Lower, "decisions.md 17";
        /// Dry waste is countersigned within so many hours.
        waste_cosign_hours = 72, 1..=72, Lower, "decisions.md part 2";
    }
    #[doc = "When a patient is fit to go home."]
    discharge: Discharge {
        /// Least total of the score set.
        least_score = 9, 8..=10, Higher, "clinical.md 4.5";
        /// Sets that have to reach it.
        sets = 2, 1..=3, Higher, "decisions.md 16";
        /// Minutes between two sets.
        set_gap_minutes = 10, 5..=30, Higher, "decisions.md 16";
        /// Minutes after any rescue sedative or antihypertensive.
        rescue_stay_minutes = 60, 30..=240, Higher, "decisions.md 16";
        /// Blood pressure is fine within so many percent of the baseline.
        pressure_within_percent = 20, 5..=30, Lower, "clinical.md 4.5";
        /// Or below this systolic pressure, in mmHg.
        systolic_below = 150, 130..=170, Lower, "clinical.md 4.5";
        /// And this diastolic pressure, in mmHg.
        diastolic_below = 95, 80..=105, Lower, "clinical.md 4.5";
        /// Pain that gives two points whatever it was on arrival, at most (NRS).
        pain_free_up_to = 3, 0..=4, Lower, "decisions.md 16";
        /// Pain above arrival, in points, from which the item gives none (NRS).
        pain_rise_none = 3, 1..=5, Lower, "decisions.md 16";
        /// Without an escort: steady for so many minutes and a prescriber's word.
        long_stay_minutes = 240, 120..=480, Higher, "decisions.md 26";
    }
    #[doc = "Consent, and the hours in which a patient cannot give it."]
    consent: ConsentRules {
        /// A consent is valid for so many days unless its form says less.
        valid_days = 180, 1..=365, Lower, "clinical.md 6: per series or 6 to 12 months";
        /// After ketamine or a sedative no consent is taken, nor a wider withdrawal made final, for so many hours.
        under_drug_hours = 24, 12..=72, Higher, "decisions.md 8, clinical.md 10.2";
    }
    #[doc = "The chair's calendar, in minutes."]
    booking: Booking {
        /// Getting ready in the chair before drug runs.
        preparation_minutes = 20, 0..=60, Neither, "decisions.md 31";
        /// Cleaning between two patients.
        turnaround_minutes = 10, 0..=60, Neither, "decisions.md 31";
        /// A patient may be marked as missing so long after the appointment.
        no_show_minutes = 15, 0..=120, Neither, "decisions.md 27";
        /// The first session of a plan that needs a response score.
        response_score_from_session = 4, 2..=12, Lower, "decisions.md 29";
    }
}

impl Setting {
    /// The row with this group and name.
    pub fn find(group: &str, name: &str) -> Option<&'static Self> {
        Rules::TABLE.iter().find(|setting| setting.group == group && setting.name == name)
    }
}

impl Rules {
    /// Notes every pair of lines that stands in the wrong order: a watch line above the act line would be silent.
    pub(super) fn note_disorder(&self, errors: &mut FieldErrors) {
        let (bp, hold, heart) = (&self.pressure, &self.hold, &self.heart);
        let (spo2, breath, mind) = (&self.saturation, &self.respiration, &self.mind);
        let rising: [(&str, &[i64]); 12] = [
            ("pressure/act_systolic", &[bp.watch_systolic, bp.act_systolic, bp.pause_systolic, bp.stop_systolic]),
            ("pressure/act_diastolic", &[bp.watch_diastolic, bp.act_diastolic, bp.pause_diastolic, bp.stop_diastolic]),
            ("pressure/act_rise_percent", &[bp.watch_rise_percent, bp.act_rise_percent, bp.pause_rise_percent]),
            ("hold/systolic", &[hold.systolic, hold.systolic_final]),
            ("hold/diastolic", &[hold.diastolic, hold.diastolic_final]),
            ("hold/heart_rate_below", &[hold.heart_rate_final_below, hold.heart_rate_below]),
            ("hold/spo2_below", &[hold.spo2_final_below, hold.spo2_below]),
            (
                "heart/act_above",
                &[heart.act_below, heart.watch_above, heart.act_above, heart.pause_above, heart.stop_above],
            ),
            ("saturation/act_below", &[spo2.stop_below, spo2.pause_below, spo2.act_below]),
            (
                "respiration/watch_below",
                &[breath.stop_below, breath.pause_below, breath.watch_below, breath.watch_above, breath.act_above],
            ),
            ("mind/moaas_notify", &[mind.moaas_pause, mind.moaas_notify, mind.moaas_flag]),
            (
                "checks/overdue_minutes",
                &[self.checks.amber_minutes, self.checks.overdue_minutes, self.checks.escalate_infusing_minutes],
            ),
        ];
        for (pointer, lines) in rising {
            if !lines.is_sorted_by(|lower, upper| lower < upper) {
                errors.add(format!("/settings/{pointer}"), "order", "the lines of the levels must rise in order");
            }
        }
        if self.staffing.nurse_max_infusing > self.staffing.nurse_max_total {
            errors.add("/settings/staffing/nurse_max_infusing", "order", "must not exceed nurse_max_total");
        }
        if self.time.late_minutes > self.time.late_reason_minutes {
            errors.add("/settings/time/late_minutes", "order", "must not exceed late_reason_minutes");
        }
    }
}
