//! One visit, minute by minute: what a nurse, a prescriber and the front desk do about one simulated patient.
//!
//! It knows nothing that a client could not know: it charts what the simulated monitor shows, reads the level the
//! server answers with, and follows its advice.

mod charting;

use super::client::{DemoError, Result, Signed, number, text};
use super::guest::Guest;
use super::house::House;
use super::physiology::{self, Preset, Visit as Body};
use super::random::Dice;
use crate::domain::dosing::convert::{pump_rate, pump_step, rate_for};
use crate::domain::quantity::{
    Amount, Grams, MicrogramsPerKilogram, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour,
};
use serde_json::{Value, json};

/// Where a visit stands, with the minute in which it got there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Booked, not arrived.
    Booked,
    /// Arrived.
    Arrived,
    /// The pre-check is signed.
    Checked,
    /// The order is signed.
    Released,
    /// The drug is drawn up.
    Prepared,
    /// Drug runs.
    Running,
    /// The pump was paused for an alarm.
    Paused,
    /// Drug ended.
    Recovering,
    /// The patient has left and the record is closed.
    Closed,
    /// Sent home before any drug: the pressure stayed too high.
    SentHome,
}

/// How a visit went, for the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows charted.
    pub rows: u64,
    /// Rows at act level or above.
    pub alarming_rows: u64,
    /// Ended before the planned time.
    pub stopped_early: bool,
    /// Minutes from the first true systolic pressure of 180 in a crisis to the pump at rest.
    pub crisis_minutes: Option<i64>,
}

/// A visit under way.
pub struct Visit {
    /// Whose.
    pub guest: Guest,
    /// The session's id.
    pub session: String,
    /// Its place in the series, from 1.
    pub place: i64,
    /// Where it stands.
    pub stage: Stage,
    /// What is told of it.
    pub outcome: Outcome,
    /// Minutes from row to row while drug runs: 1 with a monitor that sends by itself, 5 with a nurse and a cuff.
    pub row_every: i64,
    body: Body,
    dice: Dice,
    pain: i64,
    minute: i64,
    since: i64,
    rate: MicrolitresPerHour,
    infused: i64,
    retried: bool,
}

/// Planned infusion, in minutes: the protocol's shortest.
const DURATION: i64 = 45;
/// What the bag holds.
const CONCENTRATION: &str = "1";
/// The dose of the demonstration, in µg/kg.
const DOSE: i64 = 500;
/// A value at rest is too high or too low.
const HOLD: &str = "vital_on_hold";
/// After this long without meeting the criteria a prescriber lets the patient go by exception, in minutes.
const LONGEST_RECOVERY: i64 = 240;

impl Visit {
    /// Books a visit for this wall time, in the first chair that is free.
    ///
    /// # Errors
    /// When the server refuses.
    #[expect(clippy::too_many_arguments, reason = "six facts of a booking, each needed as it is")]
    pub fn book(
        house: &House,
        guest: &Guest,
        place: i64,
        local_start: &str,
        mut dice: Dice,
        patient: &physiology::Patient,
    ) -> Result<Self> {
        let body = json!({
            "patient_id": guest.patient, "treatment_plan_id": guest.plan, "local_start": local_start,
            "nurse_id": house.nurse(guest.number)?.staff_id, "prescriber_id": house.prescriber(guest.number)?.staff_id,
        });
        let made = house.desk.post("/sessions", body)?;
        let session = text(&made, "/sessions", "id")?;
        let pain = guest.pain(place, &mut dice);
        Ok(Self {
            guest: guest.clone(),
            session,
            place,
            stage: Stage::Booked,
            outcome: Outcome::default(),
            row_every: if guest.person.preset == Preset::Crisis { 1 } else { 5 },
            body: patient.visit(DURATION, &mut dice),
            dice,
            pain,
            minute: 0,
            since: 0,
            rate: MicrolitresPerHour::clamped(0),
            infused: 0,
            retried: false,
        })
    }

    /// Whether nothing more will happen.
    pub const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Closed | Stage::SentHome)
    }

    /// Lets one minute pass and does what is due in it.
    ///
    /// # Errors
    /// When the server refuses something that should have been possible.
    pub fn minute(&mut self, house: &House) -> Result<()> {
        self.minute += 1;
        self.body.step(if self.stage == Stage::Running { self.rate_per_kilogram() } else { 0 });
        let waited = self.minute - self.since;
        match self.stage {
            Stage::Booked => self.arrive(house),
            Stage::Arrived if waited >= 3 => self.check(house),
            Stage::Checked if waited >= 3 => self.release(house),
            Stage::Released if waited >= 3 => self.prepare(house),
            Stage::Prepared if waited >= 2 => self.start(house),
            Stage::Running => self.infuse(house, waited),
            Stage::Paused if waited >= 3 => self.stop(house, "adverse_event"),
            Stage::Recovering => self.recover(house, waited),
            _ => Ok(()),
        }
    }

    fn move_to(&mut self, stage: Stage) {
        self.stage = stage;
        self.since = self.minute;
    }

    fn path(&self, act: &str) -> String {
        format!("/sessions/{}{act}", self.session)
    }

    fn version(&self, house: &House) -> Result<i64> {
        let path = self.path("");
        number(&house.nurse(self.guest.number)?.get(&path)?, &path, "version")
    }

    /// The patient arrives with an escort.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn arrive(&mut self, house: &House) -> Result<()> {
        let body = json!({"patient_id": self.guest.patient, "identifiers_confirmed": true});
        house.desk.post_to(&self.path("/check-in"), self.version(house)?, body)?;
        let escort = json!({"name": format!("R. {}", self.guest.person.family_name), "relationship": "sibling", "phone": "+1 555 0100", "status": "expected"});
        house.desk.put(&self.path("/escort"), None, escort)?;
        self.move_to(Stage::Arrived);
        Ok(())
    }

    fn check(&mut self, house: &House) -> Result<()> {
        self.chart(house, true)?;
        let now = house.server.clock().now();
        let question = |code: &str, answer: &str| json!({"question": code, "answer": answer});
        let answers = [
            question("pregnancy", if self.guest.person.sex == "female" { "no" } else { "not_applicable" }),
            question("new_heart_brain_eye_event", "no"),
            question("new_symptoms", "no"),
            question("new_medicines", "no"),
            question("adverse_event_since_last", "no"),
            question("alcohol_or_drugs_24h", "no"),
            question("suicidal_thoughts", "no"),
            question("has_capacity", "yes"),
        ];
        let body = json!({
            "patient_id": self.guest.patient, "answers": answers,
            "clear_fluids_at": now.plus_minutes(-180).to_string(), "food_at": now.plus_minutes(-600).to_string(),
            "weight_kg": self.guest.person.weight_kg, "weight_source": "measured", "height_cm": self.guest.person.height_cm,
            "consent_reaffirmed_at": now.to_string(), "kit_ok": true, "iv_site": "left forearm, 22 G", "sign": true,
        });
        house.nurse(self.guest.number)?.put(&self.path("/precheck"), None, body)?;
        self.move_to(Stage::Checked);
        Ok(())
    }

    /// The prescriber signs the order. A pressure on hold is taken once more ten minutes later; then the patient goes
    /// home for today.
    fn release(&mut self, house: &House) -> Result<()> {
        let prescriber = house.prescriber(self.guest.number)?;
        let grams = Grams::parse(&self.guest.person.weight_kg).map_err(|error| DemoError::House(error.to_string()))?;
        let dose = MicrogramsPerKilogram::clamped(DOSE);
        let concentration = MicrogramsPerMillilitre::clamped(1_000);
        self.rate = pump_step(pump_rate(rate_for(dose.for_weight(grams), DURATION), concentration));
        let body = json!({
            "patient_id": self.guest.patient, "dose_mg_per_kg": dose.to_string(), "weight_basis": "actual",
            "weight_kg": self.guest.person.weight_kg, "duration_min": DURATION, "max_total_mg": dose.for_weight(grams).to_string(),
            "concentration_mg_per_ml": CONCENTRATION, "initial_rate_ml_per_h": self.rate.to_string(),
            "rescue_orders": [{"drug": "labetalol", "dose": "5 mg iv", "when": "180/110 or more twice in 5 min"}],
        });
        let path = self.path("/release");
        match prescriber.sign(Signed { path: &path, subject: &self.session, version: None, second: None }, body) {
            Ok(_) => self.move_to(Stage::Released),
            Err(DemoError::Refused { status: 422, body, .. }) if is_only(&body, HOLD) && self.retried => {
                return self.send_home(house);
            }
            Err(DemoError::Refused { status: 422, body, .. }) if is_only(&body, HOLD) => {
                self.retried = true;
                self.since = self.minute + 7;
                self.chart(house, false)?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Nothing was drawn up: the visit ends before any drug.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn send_home(&mut self, house: &House) -> Result<()> {
        let body = json!({"patient_id": self.guest.patient, "reason": "unfit_today"});
        house.nurse(self.guest.number)?.post(&self.path("/abort"), body)?;
        self.move_to(Stage::SentHome);
        Ok(())
    }

    fn prepare(&mut self, house: &House) -> Result<()> {
        let (nurse, second) = (house.nurse(self.guest.number)?, house.nurse(self.guest.number + 1)?);
        let path = self.path("/preparation");
        let token = nurse.cosignature(second, &path, &self.session, None)?;
        let body = json!({
            "patient_id": self.guest.patient, "kind": "bag", "product": "Ketamine 50 mg/mL", "lot": "DEMO-1", "vial": "V-1",
            "expires_on": house.server.clock().now().plus_minutes(300 * 24 * 60).to_string().get(..10),
            "vial_concentration_mg_per_ml": "50", "drawn_ml": "2", "drawn_mg": "100", "diluent": "NaCl 0.9 %",
            "actual_final_volume_ml": "100", "concentration_mg_per_ml": CONCENTRATION, "cosignature": token,
        });
        nurse.post(&path, body)?;
        self.move_to(Stage::Prepared);
        Ok(())
    }

    fn start(&mut self, house: &House) -> Result<()> {
        self.chart(house, false)?;
        let nurse = house.nurse(self.guest.number)?;
        let session = nurse.get(&self.path(""))?;
        let infusion = session.get("infusion_version").and_then(Value::as_i64).unwrap_or(0);
        let body = json!({
            "patient_id": self.guest.patient, "expected_infusion_version": infusion,
            "pump": {"rate_ml_per_h": self.rate.to_string(), "concentration_mg_per_ml": CONCENTRATION, "vtbi_ml": self.dose_volume()},
        });
        let path = self.path("/start");
        match nurse.sign(Signed { path: &path, subject: &self.session, version: None, second: None }, body) {
            Ok(_) => self.move_to(Stage::Running),
            Err(DemoError::Refused { status: 422, body, .. }) if is_only(&body, HOLD) => return self.send_home(house),
            // Another patient stays longer than planned: the next one waits, and is asked again in a minute.
            Err(DemoError::Refused { status: 422, body, .. }) if is_only(&body, "nurse_at_limit") => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The dose as a volume of the bag, which holds 1 mg in each mL.
    fn dose_volume(&self) -> String {
        let micrograms = Grams::parse(&self.guest.person.weight_kg)
            .map_or(0, |grams| MicrogramsPerKilogram::clamped(DOSE).for_weight(grams).get());
        Microlitres::clamped(micrograms).to_string()
    }

    fn infuse(&mut self, house: &House, waited: i64) -> Result<()> {
        self.infused += self.rate.get() / 60;
        if waited % self.row_every == 0 {
            let level = self.chart(house, waited % 15 == 0)?;
            match level.as_str() {
                "stop" => return self.stop(house, "adverse_event"),
                "pause" => return self.pause(house),
                _ => {}
            }
        }
        if waited >= DURATION { self.stop(house, "completed") } else { Ok(()) }
    }

    /// The nurse pauses the pump at the chair.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn pause(&mut self, house: &House) -> Result<()> {
        let now = house.server.clock().now().to_string();
        house.nurse(self.guest.number)?.post(&self.path("/pause"), json!({"pump_stopped_at": now}))?;
        self.note_crisis();
        self.move_to(Stage::Paused);
        Ok(())
    }

    fn stop(&mut self, house: &House, reason: &str) -> Result<()> {
        let now = house.server.clock().now().to_string();
        let body = json!({"end_reason": reason, "pump_stopped_at": now, "volume_infused_ml": Microlitres::clamped(self.infused).to_string()});
        house.nurse(self.guest.number)?.post(&self.path("/stop"), body)?;
        self.note_crisis();
        self.outcome.stopped_early = reason != "completed";
        self.move_to(Stage::Recovering);
        Ok(())
    }

    fn note_crisis(&mut self) {
        let since = self.body.crisis_reached_at().map(|reached| self.body.minutes() - reached);
        self.outcome.crisis_minutes = self.outcome.crisis_minutes.or(since);
    }

    fn recover(&mut self, house: &House, waited: i64) -> Result<()> {
        if waited % 15 == 0 {
            self.chart(house, true)?;
        }
        if waited < 60 || waited % 15 != 0 {
            return Ok(());
        }
        self.answer_alerts(house)?;
        let nurse = house.nurse(self.guest.number)?;
        let check = nurse.get(&self.path("/discharge-check"))?;
        if check.get("ready").and_then(Value::as_bool) == Some(true) || waited >= LONGEST_RECOVERY {
            self.leave(house)
        } else {
            Ok(())
        }
    }

    /// The escort is there, the patient leaves, the drug is settled, the record is closed.
    fn leave(&mut self, house: &House) -> Result<()> {
        let (nurse, second) = (house.nurse(self.guest.number)?, house.nurse(self.guest.number + 1)?);
        let escort = json!({"name": format!("R. {}", self.guest.person.family_name), "relationship": "sibling", "phone": "+1 555 0100", "status": "seen"});
        nurse.put(&self.path("/escort"), None, escort)?;
        let patient = &self.guest.patient;
        let complete = self.path("/complete");
        let home = json!({"patient_id": patient, "disposition": "home_with_escort"});
        if let Err(DemoError::Refused { status: 422, .. }) = nurse.post(&complete, home) {
            let exception = json!({"patient_id": patient, "disposition": "home_exception", "reason": "steady for four hours, escort present"});
            let prescriber = house.prescriber(self.guest.number)?;
            prescriber
                .sign(Signed { path: &complete, subject: &self.session, version: None, second: None }, exception)?;
        }
        let settlement = json!({
            "patient_id": patient, "pump_volume_ml": Microlitres::clamped(self.infused).to_string(),
            "measured_waste_ml": Microlitres::clamped(100_000 - self.infused).to_string(), "waste_method": "denatured in pharmaceutical container",
        });
        let path = self.path("/settlement");
        nurse.sign(Signed { path: &path, subject: &self.session, version: None, second: Some(second) }, settlement)?;
        self.answer_alerts(house)?;
        self.do_tasks(house)?;
        let path = self.path("/close");
        nurse.sign(
            Signed { path: &path, subject: &self.session, version: None, second: None },
            json!({"patient_id": patient}),
        )?;
        self.move_to(Stage::Closed);
        Ok(())
    }

    /// What runs now, for each kilogram, in µg/kg/h: what the simulated body feels.
    fn rate_per_kilogram(&self) -> i64 {
        let grams = Grams::parse(&self.guest.person.weight_kg).map_or(70_000, Amount::get);
        self.rate.get() * 1000 / grams
    }
}

/// Whether a refusal is about this condition and nothing else.
fn is_only(problem: &Value, code: &str) -> bool {
    let blocked = problem.get("blocked_by").and_then(Value::as_array).cloned().unwrap_or_default();
    !blocked.is_empty() && blocked.iter().all(|unmet| unmet.get("code").and_then(Value::as_str) == Some(code))
}
