//! What a body says about a plan, and the one set of rules that drafting, editing and revising share.

use super::{PlanText, WeightBasis};
use crate::domain::icd10::Icd10;
use crate::domain::id::ProtocolId;
use crate::domain::patch::Patch;
use crate::domain::protocol::Protocol;
use crate::domain::quantity::{Amount as _, MicrogramsPerKilogram};
use crate::domain::refusal::{FieldError, FieldErrors, Refusal};
use crate::domain::text::checked;
use crate::domain::time::Date;

/// More sessions than any series has: one a week for a year.
const MOST_SESSIONS: i64 = 52;
/// More stop rules than anybody reads.
const MOST_STOP_RULES: usize = 20;

/// Unchecked: the members of a plan as a body sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `PlanText`, where they are documented")]
pub struct PlanFields {
    pub indication: Option<String>,
    pub protocol: Option<ProtocolId>,
    pub dose: Option<MicrogramsPerKilogram>,
    pub max_dose: Option<MicrogramsPerKilogram>,
    pub weight_basis: Option<WeightBasis>,
    pub duration_minutes: Option<i64>,
    pub sessions: Option<i64>,
    pub spacing_days: Option<i64>,
    pub stop_rules: Option<Vec<String>>,
    pub review_on: Option<Date>,
}

/// A merge patch of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `PlanText`, where they are documented")]
pub struct PlanPatch {
    pub indication: Patch<String>,
    pub protocol: Patch<ProtocolId>,
    pub dose: Patch<MicrogramsPerKilogram>,
    pub max_dose: Patch<MicrogramsPerKilogram>,
    pub weight_basis: Patch<WeightBasis>,
    pub duration_minutes: Patch<i64>,
    pub sessions: Patch<i64>,
    pub spacing_days: Patch<i64>,
    pub stop_rules: Patch<Vec<String>>,
    pub review_on: Patch<Date>,
}

impl PlanPatch {
    /// The fields after the patch.
    pub fn over(self, old: PlanFields) -> PlanFields {
        PlanFields {
            indication: self.indication.over(old.indication),
            protocol: self.protocol.over(old.protocol),
            dose: self.dose.over(old.dose),
            max_dose: self.max_dose.over(old.max_dose),
            weight_basis: self.weight_basis.over(old.weight_basis),
            duration_minutes: self.duration_minutes.over(old.duration_minutes),
            sessions: self.sessions.over(old.sessions),
            spacing_days: self.spacing_days.over(old.spacing_days),
            stop_rules: self.stop_rules.over(old.stop_rules),
            review_on: self.review_on.over(old.review_on),
        }
    }
}

impl PlanFields {
    /// The text of a plan. What is left out and the protocol knows is taken from the protocol: the starting dose, the
    /// ceiling, the shortest time, the closest spacing.
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn checked(self, protocol: &Protocol) -> Result<PlanText, Refusal> {
        let envelope = &protocol.text.envelope;
        let mut errors = FieldErrors::none();
        let indication = errors.take(indication(self.indication.as_deref()));
        let dose = self.dose.unwrap_or(envelope.start_dose);
        let max_dose = self.max_dose.unwrap_or(envelope.max_dose);
        if dose.get() == 0 || dose > max_dose {
            errors.add("/dose_mg_per_kg", "range", "must be more than 0 and not exceed max_dose_mg_per_kg");
        }
        let weight_basis = errors.take(self.weight_basis.ok_or_else(|| required("/weight_basis")));
        let duration_minutes = self.duration_minutes.unwrap_or(envelope.min_duration_minutes);
        let spacing_days = self.spacing_days.unwrap_or(envelope.min_gap_days);
        let sessions = errors.take(self.sessions.ok_or_else(|| required("/sessions"))).unwrap_or(1);
        let mut range = |value: i64, least: i64, most: i64, pointer: &str| {
            if !(least..=most).contains(&value) {
                errors.add(pointer, "range", format!("must be between {least} and {most}"));
            }
        };
        // 45 to 90 minutes is what the product is for, whatever a protocol says.
        range(duration_minutes, 45, 90, "/duration_minutes");
        range(sessions, 1, MOST_SESSIONS, "/sessions");
        range(spacing_days, 1, 365, "/spacing_days");
        let stop_rules = stop_rules(self.stop_rules.unwrap_or_default(), &mut errors);
        let review_on = errors.take(self.review_on.ok_or_else(|| required("/review_on")));
        errors.finish()?;
        let (Some(indication), Some(weight_basis), Some(review_on)) = (indication, weight_basis, review_on) else {
            // Each that is missing was noted, so `finish` has refused already.
            return Err(Refusal::Invalid(Vec::new()));
        };
        Ok(PlanText {
            indication,
            protocol: protocol.id,
            route: protocol.text.route,
            dose,
            max_dose,
            weight_basis,
            duration_minutes,
            sessions,
            spacing_days,
            stop_rules,
            review_on,
        })
    }
}

impl From<PlanText> for PlanFields {
    fn from(text: PlanText) -> Self {
        Self {
            indication: Some(text.indication.as_str().to_owned()),
            protocol: Some(text.protocol),
            dose: Some(text.dose),
            max_dose: Some(text.max_dose),
            weight_basis: Some(text.weight_basis),
            duration_minutes: Some(text.duration_minutes),
            sessions: Some(text.sessions),
            spacing_days: Some(text.spacing_days),
            stop_rules: Some(text.stop_rules),
            review_on: Some(text.review_on),
        }
    }
}

fn required(pointer: &str) -> FieldError {
    FieldError::new(pointer, "required", "must be given")
}

fn indication(code: Option<&str>) -> Result<Icd10, FieldError> {
    let code = code.ok_or_else(|| required("/indication"))?;
    let code = Icd10::parse(code).map_err(|no| FieldError::new("/indication", "icd10", no.to_string()))?;
    if code.is_headache() {
        Ok(code)
    } else {
        Err(FieldError::new("/indication", "not_headache", "must be a code of G43 (migraine) or G44 (other headache)"))
    }
}

fn stop_rules(rules: Vec<String>, errors: &mut FieldErrors) -> Vec<String> {
    if rules.is_empty() || rules.len() > MOST_STOP_RULES {
        errors.add("/stop_rules", "count", format!("must be 1 to {MOST_STOP_RULES} rules"));
    }
    for (index, rule) in rules.iter().enumerate() {
        errors.take(checked(&format!("/stop_rules/{index}"), rule, 1, 500));
    }
    rules
}
