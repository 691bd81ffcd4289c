//! Is a consent in force at this instant, for this route, dose and diagnosis, and if not, why?

use super::circumstance::Circumstance;
use super::report::WithdrawalReport;
use super::scope::Dose;
use super::state::{Consent, ConsentType, Ending};
use super::template::ConsentTemplate;
use super::withdrawal::{Withdrawal, WithdrawalScope};
use crate::domain::icd10::Icd10;
use crate::domain::id::{ConsentId, PatientId, SessionId};
use crate::domain::refusal::Unmet;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use std::cmp::Reverse;

/// Everything that is known about one patient's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentFacts {
    /// Whose.
    pub patient: PatientId,
    /// Every consent of the patient, in any state.
    pub consents: Vec<Consent>,
    /// Published form versions that end consents on older ones ([`super::NewTemplate::renews`]).
    pub renewals: Vec<ConsentTemplate>,
    /// Everything the patient withdrew from.
    pub withdrawals: Vec<Withdrawal>,
    /// Reports and wishes, resolved or not.
    pub reports: Vec<WithdrawalReport>,
    /// Changes in the patient's life that call for a new consent.
    pub circumstances: Vec<Circumstance>,
}

/// What consent is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need<'a> {
    /// The instant that is asked about.
    pub at: Timestamp,
    /// What was known when: entries made later are left out. For a guard this is now.
    pub known_at: Timestamp,
    /// The way the drug is to be given; not looked at when absent.
    pub route: Option<Route>,
    /// How much of it.
    pub dose: Dose,
    /// The diagnosis; not looked at when absent.
    pub indication: Option<&'a Icd10>,
}

/// The consent to ketamine that is in force.
///
/// # Errors
/// Every reason why the consent nearest to being in force is not.
pub fn in_force(facts: &ConsentFacts, need: &Need<'_>) -> Result<ConsentId, Vec<Unmet>> {
    let treatment = facts.consents.iter().filter(|consent| consent.consent_type == ConsentType::KetamineOffLabel);
    let judged = treatment.map(|consent| (consent, life_gaps(consent, facts, need), scope_gaps(consent, need)));
    // Nearest first: one that binds now, then one that once did, then the newest draft.
    let nearest = judged.min_by_key(|(consent, life, scope)| {
        (!life.is_empty(), life.len() + scope.len(), consent.validity.is_none(), Reverse(consent.drafted.1))
    });
    match nearest {
        None => {
            let unmet = Unmet::new("consent_missing", "consent.in_force", "The patient has given no consent.");
            Err(vec![unmet.fixed_by("POST", format!("/api/v1/patients/{}/consents", facts.patient), "prescriber")])
        }
        Some((consent, life, scope)) if life.is_empty() && scope.is_empty() => Ok(consent.id),
        Some((_, life, scope)) => {
            let fixed = |unmet: Unmet| {
                if unmet.fix.is_some() {
                    unmet
                } else {
                    unmet.fixed_by("POST", new_consent(facts.patient), "prescriber")
                }
            };
            Err(life.into_iter().chain(scope).map(fixed).collect())
        }
    }
}

/// Whether drug may run in this session: consent in force, nothing withdrawn for this session, and no report or wish
/// of the patient unanswered.
///
/// # Errors
/// Everything in the way.
pub fn may_run(facts: &ConsentFacts, need: &Need<'_>, session: SessionId) -> Result<ConsentId, Vec<Unmet>> {
    let (consent, mut unmet) = match in_force(facts, need) {
        Ok(consent) => (Some(consent), Vec::new()),
        Err(unmet) => (None, unmet),
    };
    let refused = |withdrawal: &Withdrawal| {
        withdrawal.scope == WithdrawalScope::ThisSession
            && withdrawal.session == Some(session)
            && withdrawal.said_at <= need.at
            && withdrawal.recorded_at <= need.known_at
    };
    if facts.withdrawals.iter().any(refused) {
        let text = "The patient withdrew from this session; another day needs another session.";
        unmet.push(Unmet::new("session_withdrawn", "consent.withdrawn_session", text));
    }
    for report in facts.reports.iter().filter(|report| report.is_open_at(need.at, need.known_at)) {
        let text = "The patient may want to withdraw: ask, and record the answer.";
        let unmet_report = Unmet::new("withdrawal_unanswered", "consent.withdrawal_unanswered", text);
        unmet.push(unmet_report.fixed_by("POST", format!("/api/v1/withdrawal-reports/{}/resolve", report.id), "nurse"));
    }
    match consent {
        Some(consent) if unmet.is_empty() => Ok(consent),
        _ => Err(unmet),
    }
}

/// Whether this much in one visit is inside what the patient agreed to. Nobody may set it aside: consent cannot be
/// given under the drug (decisions.md 28).
///
/// # Errors
/// The ceiling and what was asked for.
pub fn within_ceiling(consent: &Consent, dose: Dose) -> Result<(), Unmet> {
    if consent.scope.covers_dose(dose) {
        return Ok(());
    }
    let text = "The dose is above what the patient agreed to: it needs a new consent, on a day without drug.";
    let unmet = Unmet::new("consent_dose_ceiling", "consent.dose_ceiling", text);
    Err(unmet.figures(format!("{} mg/kg", consent.scope.max_dose), dose.to_string()))
}

fn new_consent(patient: PatientId) -> String {
    format!("/api/v1/patients/{patient}/consents")
}

/// Why this consent does not bind at the instant, whatever it covers.
pub(super) fn life_gaps(consent: &Consent, facts: &ConsentFacts, need: &Need<'_>) -> Vec<Unmet> {
    let gap = |code, rule, text: &str| Unmet::new(code, rule, text);
    let mut gaps = Vec::new();
    match consent.validity.filter(|validity| validity.from <= need.known_at) {
        None => {
            let unmet = gap("consent_unsigned", "consent.signed", "The consent is not signed by everybody.");
            gaps.push(unmet.fixed_by("POST", format!("/api/v1/consents/{}/sign", consent.id), "prescriber"));
        }
        Some(validity) if need.at < validity.from => {
            let unmet = gap("consent_not_yet_signed", "consent.signed", "The consent was signed later than that.");
            gaps.push(unmet.figures(validity.from.to_string(), need.at.to_string()));
        }
        Some(validity) if validity.until <= need.at => {
            let unmet = gap("consent_expired", "consent.validity", "The consent has expired.");
            gaps.push(unmet.figures(validity.until.to_string(), need.at.to_string()));
        }
        Some(_) => {}
    }
    match consent.ending {
        Some(Ending::Withdrawn { at, recorded_at }) if at <= need.at && recorded_at <= need.known_at => {
            gaps.push(gap("consent_withdrawn", "consent.withdrawn", "The patient withdrew the consent."));
        }
        Some(Ending::Superseded { at, .. }) if at <= need.at && at <= need.known_at => {
            gaps.push(gap("consent_superseded", "consent.superseded", "A newer consent took its place."));
        }
        Some(Ending::Voided { at, .. }) if at <= need.known_at => {
            gaps.push(gap("consent_voided", "consent.voided", "The draft was made in error."));
        }
        _ => {
            if facts.withdrawals.iter().any(|withdrawal| ends(withdrawal, consent, need)) {
                gaps.push(gap("consent_withdrawn", "consent.withdrawn", "The patient withdrew the consent."));
            }
        }
    }
    gaps.extend(facts.circumstances.iter().filter_map(|one| one.outdates(consent, need.at, need.known_at)));
    if facts.renewals.iter().any(|form| outdates(form, consent, need)) {
        let text = "A newer form with changed risks is in effect: the patient has to consent to that one.";
        gaps.push(gap("consent_form_outdated", "consent.form", text));
    }
    gaps
}

/// Whether a statement that was entered after the consent had ended otherwise reaches back to this instant.
fn ends(withdrawal: &Withdrawal, consent: &Consent, need: &Need<'_>) -> bool {
    withdrawal.ends(consent) && withdrawal.said_at <= need.at && withdrawal.recorded_at <= need.known_at
}

/// Whether this form version ends consents on the older version the consent is on.
fn outdates(form: &ConsentTemplate, consent: &Consent, need: &Need<'_>) -> bool {
    let (family, number) = &consent.form.family;
    form.content.renews
        && form.content.code == *family
        && form.form_version > *number
        && form.published.is_some_and(|(_, at)| at <= need.known_at)
        && form.effective_from().is_some_and(|from| from <= need.at)
}

/// What is needed and not covered.
fn scope_gaps(consent: &Consent, need: &Need<'_>) -> Vec<Unmet> {
    let mut gaps = Vec::new();
    if let Some(route) = need.route.filter(|route| !consent.scope.covers_route(*route)) {
        let unmet = Unmet::new("consent_route", "consent.route", "The consent does not cover this route.");
        gaps.push(unmet.figures(consent.scope.route_words(), route.as_str()));
    }
    gaps.extend(within_ceiling(consent, need.dose).err());
    if let Some(code) = need.indication.filter(|code| !consent.scope.covers_indication(code)) {
        let unmet =
            Unmet::new("consent_indication", "consent.indication", "The consent does not cover this diagnosis.");
        gaps.push(unmet.figures(consent.scope.diagnoses(), code.as_str()));
    }
    gaps
}
