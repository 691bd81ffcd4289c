//! What the simulated nurse writes down, and what is done about what the server asks for.

use super::{Stage, Visit};
use crate::demo::client::{Result, text};
use crate::demo::house::House;
use crate::demo::physiology::Reading;
use serde_json::{Value, json};

impl Visit {
    /// Charts what the monitor shows, with the questions of a full check when `full`; gives back the level.
    pub(super) fn chart(&mut self, house: &House, full: bool) -> Result<String> {
        let seen = self.body.reading(&mut self.dice);
        let mut body = self.row(&seen);
        if full {
            let asked = self.questions(&seen);
            if let (Some(row), Some(asked)) = (body.as_object_mut(), asked.as_object()) {
                row.extend(asked.clone());
            }
        }
        let path = self.path("/observations");
        let answer = house.nurse(self.guest.number)?.post(&path, body)?;
        let level = text(&answer, &path, "level")?;
        self.outcome.rows += 1;
        self.outcome.alarming_rows += u64::from(matches!(level.as_str(), "act" | "pause" | "stop"));
        Ok(level)
    }

    fn row(&self, seen: &Reading) -> Value {
        let flags: &[&str] = if seen.red_flag { &["chest_pain_or_pressure"] } else { &[] };
        json!({
            "patient_id": self.guest.patient, "systolic_mmhg": seen.systolic, "diastolic_mmhg": seen.diastolic,
            "heart_rate_per_min": seen.heart_rate, "spo2_percent": seen.spo2, "resp_rate_per_min": seen.respiration,
            "sedation": {"scale": "moaas", "score": 5}, "red_flags": flags,
        })
    }

    fn questions(&mut self, seen: &Reading) -> Value {
        let dissociated = self.stage == Stage::Running;
        let cadss = if dissociated { self.dice.between(1, 9) } else { 0 };
        let orientation = if dissociated && cadss > 7 { 3 } else { 4 };
        let pain = if self.stage == Stage::Recovering { (self.pain - 3).max(0) } else { self.pain };
        let recovering = self.stage == Stage::Recovering && self.minute - self.since >= 45;
        let mut asked = json!({
            "orientation_score": orientation, "dissociation": {"scale": "cadss6", "total": cadss}, "pain_nrs_0_10": pain, "nausea": "none",
        });
        if recovering {
            let vital_signs =
                if (seen.systolic - self.body.resting_systolic()).abs() * 5 <= self.body.resting_systolic() {
                    2
                } else {
                    1
                };
            let items = json!({"vital_signs": vital_signs, "gait": 2, "nausea": 2, "pain": 2, "iv_site": 2});
            let score = json!([{"scale": "padss", "version": 1, "items": items}]);
            if let Some(asked) = asked.as_object_mut() {
                asked.insert("gait".into(), json!("steady"));
                asked.insert("scores".into(), score);
            }
        }
        asked
    }

    /// A named person answers every open alert with what was done, and ends those that ask for it.
    pub(super) fn answer_alerts(&self, house: &House) -> Result<()> {
        let prescriber = house.prescriber(self.guest.number)?;
        for (wanted, act, body) in [
            ("open", "acknowledge", json!({"action_code": "observed", "text": "seen at the chair"})),
            ("acknowledged", "resolve", json!({"text": "back to the baseline"})),
        ] {
            let list = prescriber.get(&format!("/alerts?session_id={}", self.session))?;
            for alert in list.get("items").and_then(Value::as_array).into_iter().flatten() {
                if alert.get("state").and_then(Value::as_str) == Some(wanted) {
                    let id = text(alert, "/alerts", "id")?;
                    prescriber.post(&format!("/alerts/{id}/{act}"), body.clone())?;
                }
            }
        }
        Ok(())
    }

    /// What waits for a person about this visit is done by the prescriber.
    pub(super) fn do_tasks(&self, house: &House) -> Result<()> {
        let prescriber = house.prescriber(self.guest.number)?;
        let list = prescriber.get("/tasks")?;
        for task in list.get("items").and_then(Value::as_array).into_iter().flatten() {
            if task.get("session_id").and_then(Value::as_str) == Some(self.session.as_str()) {
                let id = text(task, "/tasks", "id")?;
                prescriber.post(&format!("/tasks/{id}/done"), json!({"outcome": "reviewed"}))?;
            }
        }
        Ok(())
    }
}
