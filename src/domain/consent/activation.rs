//! Bringing a consent into force: everything that is missing is named at once.

use super::capacity::Capacity;
use super::influence::Influence;
use super::item::ItemReply;
use super::signature::{Signature, SignerRole};
use super::state::{Consent, ConsentAct, ConsentState, Validity};
use super::template::{ConsentTemplate, in_effect};
use crate::domain::event::{Event, EventKind};
use crate::domain::id::StaffId;
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::time::{Timestamp, day_bounds};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;

/// The facts an activation looks at.
#[derive(Debug, Clone, Copy)]
pub struct Activation<'a> {
    /// Every signature of this consent.
    pub signatures: &'a [Signature],
    /// Every version of its form.
    pub versions: &'a [ConsentTemplate],
    /// The patient's other consents of this type that are labelled active.
    pub active: &'a [Consent],
    /// What is known about drug in the patient.
    pub influence: &'a Influence,
    /// The clinic's zone: a consent ends with a day, not in the middle of one.
    pub zone: &'a TimeZone,
}

/// Brings a draft into force and supersedes what was active: `(consent, superseded, events)`.
///
/// # Errors
/// When it is no draft, or [`Refusal::Blocked`] with everything that is missing.
pub fn activate(
    mut consent: Consent,
    facts: &Activation<'_>,
    by: StaffId,
    at: Timestamp,
) -> Result<(Consent, Vec<Consent>, Vec<Event>), Refusal> {
    consent.state().admits(ConsentAct::Sign)?;
    let by_what = missing(&consent, facts, at);
    if !by_what.is_empty() {
        return Err(Refusal::Blocked { event: ConsentAct::Sign.as_str(), by: by_what });
    }
    let (superseded, mut events): (Vec<_>, Vec<_>) = facts
        .active
        .iter()
        .filter(|other| other.id != consent.id && other.consent_type == consent.consent_type)
        .filter(|other| other.state() == ConsentState::Active)
        .map(|other| other.clone().supersede(consent.id, at))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .unzip();
    consent.validity = Some(Validity { from: at, until: valid_until(at, consent.form.validity_days, facts.zone), by });
    consent.version += 1;
    events.push(consent.event(EventKind::ConsentActivated));
    Ok((consent, superseded, events))
}

/// The end of the last day: `days` after the day of the last signature, in the clinic's zone.
fn valid_until(at: Timestamp, days: i64, zone: &TimeZone) -> Timestamp {
    let last = at.date_in(zone).checked_add(days.days()).ok();
    let end = last.and_then(|day| day_bounds(day, zone)).map(|(_, end)| end);
    end.unwrap_or_else(|| at.plus_minutes(days.saturating_mul(24 * 60)))
}

/// Everything that keeps this consent from coming into force now.
pub fn missing(consent: &Consent, facts: &Activation<'_>, at: Timestamp) -> Vec<Unmet> {
    let of = |role: SignerRole| facts.signatures.iter().find(|signature| signature.role == role);
    let signature = |role: &'static str| {
        Unmet::new("signature_missing", "consent.sign.signatures", format!("The signature of the {role} is missing."))
            .figures(role, "absent")
            .fixed_by("POST", format!("/api/v1/consents/{}/signatures", consent.id), "nurse")
    };
    let mut missing = Vec::new();
    if of(SignerRole::Patient).is_none() && of(SignerRole::Surrogate).is_none() {
        missing.push(signature("patient or surrogate"));
    }
    if of(SignerRole::Prescriber).is_none() {
        missing.push(signature("explaining prescriber"));
    }
    if of(SignerRole::Witness).is_none() {
        missing.push(signature("witness"));
    }
    if consent.interpreter_needed && of(SignerRole::Interpreter).is_none() {
        missing.push(signature("interpreter"));
    }
    let capacity = of(SignerRole::Prescriber).and_then(|prescriber| prescriber.capacity);
    if capacity == Some(Capacity::Lacking) && of(SignerRole::Surrogate).is_none() {
        let text = "The prescriber found no capacity: a surrogate has to sign.";
        missing.push(Unmet::new("capacity_lacking", "consent.sign.capacity", text).figures("surrogate", "patient"));
    }
    if facts.signatures.iter().any(|signature| signature.document_sha256 != consent.document_sha256) {
        let text = "A signature is bound to another document.";
        missing.push(Unmet::new("document_mismatch", "consent.sign.document", text));
    }
    if in_effect(&consent.form.code, facts.versions, at).map(|form| form.id) != Some(consent.form.id) {
        let text = "The form version is no longer in effect: present the present version.";
        missing.push(Unmet::new("consent_form_outdated", "consent.sign.form", text));
    }
    missing.extend(facts.signatures.iter().flat_map(|signature| &signature.items).filter_map(ItemReply::obstacle));
    missing.extend(facts.influence.obstacle(at, "consent"));
    missing
}
