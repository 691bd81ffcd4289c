//! Consent as it is lived in a clinic: tables over every state and role, properties over every instant.

mod activation;
mod force;
mod forms;
mod items;
mod life;
mod model;
mod reviewing;
mod signing;
mod withdrawing;

use super::*;
use crate::domain::digest::Sha256;
use crate::domain::event::EventKind;
use crate::domain::icd10::Icd10;
use crate::domain::id::*;
use crate::domain::quantity::{Amount as _, Grams, Micrograms, MicrogramsPerKilogram};
use crate::domain::refusal::{Clash, Refusal, Unmet};
use crate::domain::route::{Person, Route};
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

const NURSE: u128 = 1;
const PRESCRIBER: u128 = 2;
const WITNESS: u128 = 3;

fn id<I: From<Uuid>>(number: u128) -> I {
    Uuid::from_u128(number).into()
}

fn noon() -> Timestamp {
    Timestamp::parse("2026-03-02T12:00:00Z").unwrap()
}

fn made<I: From<Uuid>>(number: u128, at: Timestamp) -> Made<I> {
    Made { id: id(number), by: id(NURSE), at }
}

fn person(number: u128) -> Person {
    Person { staff: id(number), account: id(number + 100) }
}

fn staff(number: u128) -> StaffSigner {
    StaffSigner { person: person(number), name: format!("Member {number}"), prescribes: number == PRESCRIBER }
}

fn icd10(code: &str) -> Icd10 {
    Icd10::parse(code).unwrap()
}

fn form(number: i64, renews: bool, at: Timestamp) -> ConsentTemplate {
    let content = NewTemplate { renews, ..default_form() };
    let made = made(1000 + u128::try_from(number).unwrap(), at);
    ConsentTemplate::draft(content, number, made).unwrap().0.publish(id(PRESCRIBER), at).unwrap().0
}

fn scope() -> Scope {
    Scope {
        routes: vec![Route::Iv],
        max_dose: MicrogramsPerKilogram::parse("1").unwrap(),
        indications: vec![icd10("G43.7")],
        plan: None,
    }
}

fn new_consent(form: &ConsentTemplate, at: Timestamp) -> NewConsent {
    let birth_date = "1984-05-17".parse().unwrap();
    let shown = Shown { clinic: "Harbor Clinic", patient: "Ana Rivera", birth_date, at };
    NewConsent {
        patient: id(50),
        scope: scope(),
        spoken_language: "en-US".to_owned(),
        interpreter_needed: false,
        document_sha256: Sha256::of(&document(form, &scope(), shown)),
    }
}

fn draft_on(form: &ConsentTemplate, number: u128, at: Timestamp) -> Consent {
    Consent::draft(form, std::slice::from_ref(form), new_consent(form, at), made(number, at)).unwrap().0
}

fn draft() -> Consent {
    draft_on(&form(1, false, noon()), 10, noon())
}

fn new_signature(role: SignerRole, consent: &Consent) -> NewSignature {
    let by_staff = match role {
        SignerRole::Prescriber => Some(PRESCRIBER),
        SignerRole::Witness => Some(WITNESS),
        _ => None,
    };
    NewSignature {
        role,
        method: if by_staff.is_some() { SignMethod::Reauth } else { SignMethod::Typed },
        document_sha256: consent.document_sha256,
        staff: by_staff.map(staff),
        name: by_staff.is_none().then(|| "Ana Rivera".to_owned()),
        authority: matches!(role, SignerRole::Surrogate | SignerRole::Interpreter).then(|| "by law".to_owned()),
        authority_kind: (role == SignerRole::Surrogate).then_some(Authority::HealthCareAgent),
        relationship: (role == SignerRole::Surrogate).then(|| "sister".to_owned()),
        language: (role == SignerRole::Interpreter).then(|| consent.spoken_language.clone()),
        unrelated_adult: role == SignerRole::Interpreter,
        capacity: (role == SignerRole::Prescriber).then(CapacityStatement::full),
        items: if matches!(role, SignerRole::Patient | SignerRole::Surrogate) { all_accepted() } else { vec![] },
        image: None,
        signed_at: None,
    }
}

/// Yes to every item of the default form.
fn all_accepted() -> Vec<ItemReply> {
    let yes = |id: &ItemId| ItemReply {
        id: *id,
        answer: ItemAnswer::Accepted,
        initials: id.wants_initials().then(|| "AR".to_owned()),
    };
    ItemId::ALL.iter().map(yes).collect()
}

fn signed_by(roles: &[SignerRole], consent: &Consent, at: Timestamp) -> Vec<Signature> {
    let mut present = Vec::new();
    for (number, role) in (500..).zip(roles) {
        let new = new_signature(*role, consent);
        let (signature, _) = sign(consent, &present, new, &Influence::none(), made(number, at)).unwrap();
        present.push(signature);
    }
    present
}

const ALL_THREE: [SignerRole; 3] = [SignerRole::Patient, SignerRole::Prescriber, SignerRole::Witness];

fn activated(consent: Consent, form: &ConsentTemplate, active: &[Consent], at: Timestamp) -> (Consent, Vec<Consent>) {
    let signatures = signed_by(&ALL_THREE, &consent, at);
    let facts = Activation {
        signatures: &signatures,
        versions: std::slice::from_ref(form),
        active,
        influence: &Influence::none(),
        zone: &TimeZone::UTC,
    };
    let (consent, superseded, _) = activate(consent, &facts, id(PRESCRIBER), at).unwrap();
    (consent, superseded)
}

fn active() -> Consent {
    activated(draft(), &form(1, false, noon()), &[], noon()).0
}

fn facts(consents: Vec<Consent>) -> ConsentFacts {
    ConsentFacts {
        patient: id(50),
        consents,
        renewals: vec![],
        withdrawals: vec![],
        reports: vec![],
        circumstances: vec![],
    }
}

fn need(at: Timestamp) -> Need<'static> {
    let dose = Dose::PerKilogram(MicrogramsPerKilogram::parse("0.5").unwrap());
    Need { at, known_at: at, route: Some(Route::Iv), dose, indication: None }
}

fn codes(unmet: &[Unmet]) -> Vec<&'static str> {
    unmet.iter().map(|unmet| unmet.code).collect()
}

fn blocked<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Vec<Unmet> {
    match result {
        Err(Refusal::Blocked { by, .. }) => by,
        other => panic!("expected a blocked act, got {other:?}"),
    }
}

fn pointers<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Vec<String> {
    match result {
        Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
        other => panic!("expected field errors, got {other:?}"),
    }
}

fn withdrawal(scope: Option<WithdrawalScope>, session: Option<SessionId>) -> NewWithdrawal {
    NewWithdrawal { scope, said_by: SaidBy::Patient, said_at: None, session, pump_stopped_at: None, words: None }
}

fn withdraw_at(
    consent: &Consent,
    new: NewWithdrawal,
    influence: &Influence,
    at: Timestamp,
) -> Result<Withdrawn, Refusal> {
    let facts = WithdrawalFacts { others: &[], earlier: &[], reports: &[], influence };
    withdraw(consent.clone(), new, &facts, made(700, at), id(701))
}

fn under_drug() -> Influence {
    Influence { live: Some(id(60)), last: None }
}

/// One consent in each state.
fn in_every_state() -> Vec<Consent> {
    let at = noon();
    let (active, draft) = (active(), draft());
    let sober = Influence::none();
    let withdrawn = withdraw_at(&active, withdrawal(None, None), &sober, at).unwrap().consents.remove(0);
    let late = at.plus_minutes(400 * 24 * 60);
    let newer = draft_on(&form(1, false, at), 11, at);
    let superseded = activated(newer, &form(1, false, at), std::slice::from_ref(&active), at).1.remove(0);
    let voided = draft.clone().void("wrong patient", at).unwrap().0;
    vec![draft, active.clone(), withdrawn, active.expire(late).unwrap().0, superseded, voided]
}
