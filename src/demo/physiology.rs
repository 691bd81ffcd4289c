//! A simulated patient's blood pressure and pulse under ketamine, after the recipe of clinical.md 4.6.
//!
//! Whole numbers throughout, in thousandths of the unit. Good for load, demonstrations and tests of alarms; the recipe
//! borrows from depression trials and models blood pressure only, so nothing clinical may be concluded from it.

use super::random::Dice;

/// Which patient is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The published mix; one in four is hypertensive.
    Normal,
    /// Old, treated hypertension: 25 mmHg more at rest, and a stronger rise.
    HypertensiveElder,
    /// Hardly any rise: 3 mmHg at the peak.
    LowResponder,
    /// A hypertensive crisis: 80/40 mmHg more with a time constant of 6 min from some minute on, and a red flag two
    /// minutes after 180 (decisions.md 39).
    Crisis,
}

/// What stays the same from visit to visit, in thousandths of mmHg.
#[derive(Debug, Clone)]
pub struct Patient {
    preset: Preset,
    systolic: i64,
    diastolic: i64,
    /// The patient's own part of the rise, and its diastolic companion, in thousandths of a standard deviation.
    rise: (i64, i64),
    hypertensive: bool,
}

/// One visit: where the pressure stands now and where it is going.
#[derive(Debug, Clone)]
pub struct Visit {
    rest: (i64, i64),
    peak: (i64, i64),
    level: (i64, i64),
    pulse: i64,
    pulse_rise: i64,
    saturation: i64,
    crisis: Option<Crisis>,
    minute: i64,
}

#[derive(Debug, Clone)]
struct Crisis {
    from_minute: i64,
    level: (i64, i64),
    /// The minute in which the true systolic pressure first reached 180.
    reached_at: Option<i64>,
}

/// What a monitor would show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// mmHg.
    pub systolic: i64,
    /// mmHg.
    pub diastolic: i64,
    /// A minute.
    pub heart_rate: i64,
    /// Percent.
    pub spo2: i64,
    /// A minute.
    pub respiration: i64,
    /// Whether the patient complains of chest pressure.
    pub red_flag: bool,
}

/// Thousandths in one.
const ONE: i64 = 1000;
/// What is left after one minute with a time constant of 20, 27 and 6 minutes: `e^(-1/tau)` in millionths.
const KEEP_RISING: i64 = 951_229;
const KEEP_FALLING: i64 = 963_640;
const KEEP_CRISIS: i64 = 846_482;
/// `0.5 mg/kg` over 40 min, in µg/kg/h: the dose at which the recipe's peak was measured.
const REFERENCE_RATE: i64 = 750;

impl Patient {
    /// Throws a patient of this kind.
    pub fn thrown(preset: Preset, dice: &mut Dice) -> Self {
        let elder = preset == Preset::HypertensiveElder;
        let hypertensive = elder || dice.happens(250);
        let mut systolic = 122 * ONE + 11 * dice.normal();
        let mut diastolic = 75 * ONE + 15 * dice.normal() / 2;
        if hypertensive {
            systolic += 8 * ONE;
            diastolic += 5 * ONE;
        }
        if elder {
            systolic += 25 * ONE;
        }
        let rise = paired(dice);
        Self { preset, systolic, diastolic, rise, hypertensive }
    }

    /// Throws one visit of `duration_minutes`.
    pub fn visit(&self, duration_minutes: i64, dice: &mut Dice) -> Visit {
        let wobble = dice.normal() * 5;
        let today = paired(dice);
        // Of the variance of the rise 0.4 is the patient's and 0.6 the day's; 632 and 775 are their roots.
        let mix = |own: i64, day: i64| (632 * own + 775 * day) / ONE;
        let strength = (mix(self.rise.0, today.0), mix(self.rise.1, today.1));
        let more = if self.hypertensive { (4 * ONE, 3 * ONE) } else { (0, 0) };
        let peak = match self.preset {
            Preset::LowResponder => (3 * ONE, 2 * ONE),
            _ => (15 * ONE + 96 * strength.0 / 10 + more.0, 102 * ONE / 10 + 73 * strength.1 / 10 + more.1),
        };
        let crisis = (self.preset == Preset::Crisis).then(|| Crisis {
            from_minute: dice.between(10, (duration_minutes - 10).max(10)),
            level: (0, 0),
            reached_at: None,
        });
        Visit {
            rest: (self.systolic + wobble, self.diastolic + wobble * 6 / 10),
            peak: steady_state(peak, duration_minutes),
            level: (0, 0),
            pulse: 74 * ONE + 8 * dice.normal(),
            pulse_rise: 3 * ONE,
            saturation: if dice.happens(15) { 93 } else { 97 },
            crisis,
            minute: 0,
        }
    }
}

impl Visit {
    /// Lets one minute pass with the drug running at this rate, in µg/kg/h; zero when it does not run.
    pub fn step(&mut self, rate: i64) {
        self.minute += 1;
        let scale = (rate * ONE / REFERENCE_RATE).clamp(0, 2 * ONE);
        let target = (self.peak.0 * scale / ONE, self.peak.1 * scale / ONE);
        let keep = if rate > 0 { KEEP_RISING } else { KEEP_FALLING };
        self.level = approach(self.level, target, keep);
        let true_systolic = self.systolic();
        if let Some(crisis) = &mut self.crisis
            && self.minute >= crisis.from_minute
        {
            // Once it has begun it goes on under the drug, and goes away like any other rise when the drug stops.
            let target = if rate > 0 { (80 * ONE, 40 * ONE) } else { (0, 0) };
            let keep = if rate > 0 { KEEP_CRISIS } else { KEEP_FALLING };
            crisis.level = approach(crisis.level, target, keep);
            if true_systolic >= 180 * ONE && crisis.reached_at.is_none() {
                crisis.reached_at = Some(self.minute);
            }
        }
    }

    /// The first minute at which the true systolic pressure was at 180 or more in a crisis.
    pub fn crisis_reached_at(&self) -> Option<i64> {
        self.crisis.as_ref()?.reached_at
    }

    /// Minutes since the visit began.
    pub const fn minutes(&self) -> i64 {
        self.minute
    }

    /// The systolic pressure at rest, in mmHg.
    pub fn resting_systolic(&self) -> i64 {
        whole(self.rest.0)
    }

    /// What the monitor shows now: the true values with the noise of a cuff.
    pub fn reading(&self, dice: &mut Dice) -> Reading {
        let systolic = whole(self.systolic() + 4 * dice.normal()).clamp(60, 290);
        let diastolic = whole(self.diastolic() + 3 * dice.normal()).clamp(30, systolic - 10);
        let on_drug = self.level.0.clamp(0, 20 * ONE) / 20;
        Reading {
            systolic,
            diastolic,
            heart_rate: whole(self.pulse + self.pulse_rise * on_drug / ONE + 2 * dice.normal()).clamp(54, 108),
            spo2: (self.saturation + dice.between(-1, 1)).min(100),
            respiration: dice.between(12, 18),
            red_flag: self.crisis_reached_at().is_some_and(|reached| self.minute >= reached + 2),
        }
    }

    fn systolic(&self) -> i64 {
        self.rest.0 + self.level.0 + self.crisis.as_ref().map_or(0, |crisis| crisis.level.0)
    }

    fn diastolic(&self) -> i64 {
        self.rest.1 + self.level.1 + self.crisis.as_ref().map_or(0, |crisis| crisis.level.1)
    }
}

/// Two standard normal numbers that go together with a correlation of 0.6.
fn paired(dice: &mut Dice) -> (i64, i64) {
    let (first, other) = (dice.normal(), dice.normal());
    (first, (6 * first + 8 * other) / 10)
}

/// The level an endless infusion would reach, such that the peak is reached after `minutes`.
fn steady_state(peak: (i64, i64), minutes: i64) -> (i64, i64) {
    let left = (0..minutes.clamp(1, 240)).fold(1_000_000, |left, _| left * KEEP_RISING / 1_000_000);
    let reached = (1_000_000 - left).max(1);
    (peak.0 * 1_000_000 / reached, peak.1 * 1_000_000 / reached)
}

/// One minute nearer to the target.
fn approach(level: (i64, i64), target: (i64, i64), keep_millionths: i64) -> (i64, i64) {
    let nearer = |level: i64, target: i64| target + (level - target) * keep_millionths / 1_000_000;
    (nearer(level.0, target.0), nearer(level.1, target.1))
}

fn whole(thousandths: i64) -> i64 {
    (thousandths + ONE / 2).div_euclid(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: u64 = 4_000;

    /// The mean rise of the true systolic pressure at these minutes of a 40-minute infusion of 0.5 mg/kg, in mmHg/10.
    fn mean_rise(preset: Preset, minutes: [i64; 7]) -> [i64; 7] {
        let mut sums = [0_i64; 7];
        for index in 0..PEOPLE {
            let mut dice = Dice::of(7, index);
            let mut visit = Patient::thrown(preset, &mut dice).visit(40, &mut dice);
            let rest = visit.systolic();
            for minute in 1..=90 {
                visit.step(if minute <= 40 { REFERENCE_RATE } else { 0 });
                for (slot, at) in minutes.iter().enumerate() {
                    sums[slot] += if *at == minute { visit.systolic() - rest } else { 0 };
                }
            }
        }
        sums.map(|sum| sum / i64::try_from(PEOPLE).unwrap() / 100)
    }

    #[test]
    fn the_mean_curve_is_that_of_the_recipe() {
        let expected = [73, 117, 144, 160, 110, 77, 25];
        let mean = mean_rise(Preset::Normal, [10, 20, 30, 40, 50, 60, 90]);
        for (found, expected) in mean.iter().zip(expected) {
            assert!((found - expected).abs() <= 6, "{mean:?}");
        }
    }

    #[test]
    fn a_low_responder_hardly_rises() {
        assert!(
            mean_rise(Preset::LowResponder, [10, 20, 30, 40, 50, 60, 90]).iter().all(|rise| (0..=31).contains(rise))
        );
    }

    #[test]
    fn a_crisis_passes_180_within_minutes_and_complains_two_minutes_later() {
        for index in 0..200 {
            let mut dice = Dice::of(11, index);
            let mut visit = Patient::thrown(Preset::Crisis, &mut dice).visit(45, &mut dice);
            let mut complained_at = None;
            for minute in 1..=45 {
                visit.step(667);
                if complained_at.is_none() && visit.reading(&mut dice).red_flag {
                    complained_at = Some(minute);
                }
            }
            let (began, reached) = (visit.crisis.as_ref().unwrap().from_minute, visit.crisis_reached_at());
            // Who starts very low may stay under 180; whoever reaches it does so after the onset and complains.
            if let Some(reached) = reached.filter(|reached| reached + 2 <= 45) {
                assert!(reached >= began && complained_at == Some(reached + 2), "{index}");
            }
        }
    }

    #[test]
    fn every_reading_can_be_charted() {
        for preset in [Preset::Normal, Preset::HypertensiveElder, Preset::LowResponder, Preset::Crisis] {
            for index in 0..300 {
                let mut dice = Dice::of(3, index);
                let mut visit = Patient::thrown(preset, &mut dice).visit(45, &mut dice);
                for minute in 0..120 {
                    visit.step(if minute < 45 { 1_000 } else { 0 });
                    let seen = visit.reading(&mut dice);
                    assert!((50..=300).contains(&seen.systolic) && seen.diastolic < seen.systolic, "{seen:?}");
                    assert!((20..=200).contains(&seen.diastolic) && (40..=100).contains(&seen.spo2), "{seen:?}");
                }
            }
        }
    }

    #[test]
    fn a_higher_rate_gives_a_higher_pressure_and_no_rate_brings_it_back() {
        let mut dice = Dice::seeded(5);
        let patient = Patient { rise: (0, 0), ..Patient::thrown(Preset::Normal, &mut dice) };
        let visit = patient.visit(40, &mut dice);
        let after = |rate: i64| {
            let mut visit = visit.clone();
            (0..40).for_each(|_| visit.step(rate));
            visit
        };
        assert!(after(375).systolic() < after(750).systolic() && after(750).systolic() < after(1_500).systolic());
        let mut ended = after(750);
        (0..240).for_each(|_| ended.step(0));
        assert!((ended.systolic() - visit.systolic()).abs() < ONE);
    }
}
