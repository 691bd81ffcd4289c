//! What is missing before a consent comes into force.

use super::*;

fn missing_with(consent: &Consent, signatures: &[Signature], influence: &Influence) -> Vec<Unmet> {
    let form = form(1, false, noon());
    let versions = std::slice::from_ref(&form);
    let facts = Activation { signatures, versions, active: &[], influence, zone: &TimeZone::UTC };
    match activate(consent.clone(), &facts, id(PRESCRIBER), noon()) {
        Ok(_) => vec![],
        refused => blocked(refused),
    }
}

#[test]
fn everything_that_is_missing_is_named_at_once_for_every_set_of_signatures() {
    for interpreted in [false, true] {
        let consent = if interpreted { explained_in("es-MX", false) } else { draft() };
        for set in 0..1_u32 << SignerRole::ALL.len() {
            let roles: Vec<_> = SignerRole::ALL
                .iter()
                .zip(0..)
                .filter(|(_, bit)| set & (1 << bit) != 0)
                .map(|(role, _)| *role)
                .collect();
            let has = |role| roles.contains(&role);
            let mut expected = vec![];
            if !has(SignerRole::Patient) && !has(SignerRole::Surrogate) {
                expected.push("patient or surrogate");
            }
            if !has(SignerRole::Prescriber) {
                expected.push("explaining prescriber");
            }
            if !has(SignerRole::Witness) {
                expected.push("witness");
            }
            if interpreted && !has(SignerRole::Interpreter) {
                expected.push("interpreter");
            }
            let missing = missing_with(&consent, &signed_by(&roles, &consent, noon()), &Influence::none());
            let named: Vec<_> = missing.iter().filter_map(|unmet| unmet.limit.as_deref()).collect();
            assert_eq!(named, expected, "{roles:?}");
        }
    }
}

fn explained_in(language: &str, interpreter_needed: bool) -> Consent {
    let form = form(1, false, noon());
    let new = NewConsent { spoken_language: language.to_owned(), interpreter_needed, ..new_consent(&form, noon()) };
    Consent::draft(&form, std::slice::from_ref(&form), new, made(10, noon())).unwrap().0
}

#[test]
fn an_interpreter_is_needed_between_languages_or_when_the_patient_asks() {
    for (language, asked, needed) in
        [("en", false, false), ("EN-us", false, false), ("es", false, true), ("en", true, true)]
    {
        assert_eq!(explained_in(language, asked).interpreter_needed, needed, "{language} {asked}");
    }
}

#[test]
fn without_capacity_a_surrogate_has_to_decide() {
    let consent = draft();
    for (roles, missing) in [
        (vec![SignerRole::Patient, SignerRole::Witness], vec!["capacity_lacking"]),
        (vec![SignerRole::Surrogate, SignerRole::Witness], vec![]),
    ] {
        let mut signatures = signed_by(&roles, &consent, noon());
        let lacking = CapacityStatement { reasons: false, ..CapacityStatement::full() };
        let new = NewSignature { capacity: Some(lacking), ..new_signature(SignerRole::Prescriber, &consent) };
        signatures.push(sign(&consent, &signatures, new, &Influence::none(), made(9, noon())).unwrap().0);
        assert_eq!(codes(&missing_with(&consent, &signatures, &Influence::none())), missing);
    }
}

#[test]
fn under_the_drug_no_consent_comes_into_force_whoever_signed_before() {
    let consent = draft();
    let signatures = signed_by(&ALL_THREE, &consent, noon());
    assert_eq!(codes(&missing_with(&consent, &signatures, &under_drug())), ["patient_under_drug"]);
}

#[test]
fn a_newer_consent_takes_the_place_of_the_older_in_the_same_act() {
    let old = active();
    let later = noon().plus_minutes(60);
    let (new, superseded) = activated(
        draft_on(&form(1, false, noon()), 11, noon()),
        &form(1, false, noon()),
        std::slice::from_ref(&old),
        later,
    );
    assert_eq!(superseded.iter().map(Consent::state).collect::<Vec<_>>(), [ConsentState::Superseded]);
    let facts = facts([superseded, vec![new.clone()]].concat());
    assert_eq!(in_force(&facts, &need(later.plus_millis(-1))), Ok(old.id));
    assert_eq!(in_force(&facts, &need(later)), Ok(new.id));
}

#[test]
fn a_consent_ends_with_a_day_of_the_clinic_also_when_clocks_change() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let consent = draft();
    let signatures = signed_by(&ALL_THREE, &consent, noon());
    let form = form(1, false, noon());
    let versions = std::slice::from_ref(&form);
    let facts =
        Activation { signatures: &signatures, versions, active: &[], influence: &Influence::none(), zone: &zone };
    let (active, ..) = activate(consent, &facts, id(PRESCRIBER), noon()).unwrap();
    // 365 days after 2 March 2026, midnight at the end of that day, in New York.
    assert_eq!(active.validity.unwrap().until, Timestamp::parse("2027-03-03T05:00:00Z").unwrap());
}

proptest! {
    #[test]
    fn the_order_of_signing_does_not_matter(order in Just(ALL_THREE.to_vec()).prop_shuffle()) {
        let consent = draft();
        let signatures = signed_by(&order, &consent, noon());
        prop_assert_eq!(missing_with(&consent, &signatures, &Influence::none()), vec![]);
        for cut in 0..order.len() {
            prop_assert!(!missing_with(&consent, &signatures[..cut], &Influence::none()).is_empty());
        }
    }
}
