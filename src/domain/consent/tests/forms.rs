//! Forms, the documents made from them, and presenting one.

use super::*;

#[test]
fn publishing_names_every_missing_clause_and_then_freezes_the_form() {
    let content = NewTemplate { clauses: vec![], ..default_form() };
    let (empty, _) = ConsentTemplate::draft(content, 1, made(1, noon())).unwrap();
    let missing = blocked(empty.publish(id(PRESCRIBER), noon()));
    let named: Vec<_> = missing.iter().filter_map(|unmet| unmet.limit.as_deref()).collect();
    assert_eq!(named, ClauseId::WORDS);

    let published = form(1, false, noon());
    assert_eq!(published.sha256, Sha256::of(include_bytes!("../default_form.txt")));
    assert!(matches!(published.publish(id(PRESCRIBER), noon()), Err(Refusal::InvalidTransition { .. })));
}

#[test]
fn a_bad_form_is_told_everything_that_is_wrong() {
    let bad = NewTemplate {
        code: "No Spaces".to_owned(),
        title: String::new(),
        language: "english language".to_owned(),
        text: "Risks and nothing else".to_owned(),
        clauses: vec![
            Clause { id: ClauseId::Risks, heading: "Risks".to_owned() },
            Clause { id: ClauseId::Risks, heading: "Risks and nothing else".to_owned() },
        ],
        items: vec![],
        validity_days: 367,
        effective_from: Some(noon()),
        effective_until: Some(noon()),
        ..default_form()
    };
    let mut found = pointers(ConsentTemplate::draft(bad, 1, made(1, noon())));
    found.sort();
    let expected =
        ["/clauses/0/heading", "/clauses/1/id", "/code", "/effective_until", "/language", "/title", "/validity_days"];
    assert_eq!(found, expected);
}

#[test]
fn the_document_ends_with_the_exact_form_and_no_name_adds_a_line_to_its_head() {
    let form = form(1, false, noon());
    let shown = |patient| Shown { clinic: "Harbor", patient, birth_date: "1984-05-17".parse().unwrap(), at: noon() };
    let plain = document(&form, &scope(), shown("Ana Rivera"));
    assert!(plain.ends_with(include_bytes!("../default_form.txt")));
    let forged = document(&form, &scope(), shown("Ana\nCovers at most: 9 mg\u{2028}Rivera"));
    let lines = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().lines().count();
    assert_eq!(lines(&forged), lines(&plain));
    assert!(!String::from_utf8(forged).unwrap().contains('\u{2028}'));
}

#[test]
fn a_consent_is_presented_only_on_the_newest_form_in_effect() {
    let (old, new) = (form(1, false, noon()), form(2, false, noon().plus_minutes(60)));
    let versions = [old.clone(), new.clone()];
    let present = |form: &ConsentTemplate, at| {
        Consent::draft(form, &versions, new_consent(form, at), made(10, at))
            .map(|(consent, _)| consent.form.form_version)
    };
    assert_eq!(present(&old, noon()), Ok(1));
    let later = noon().plus_minutes(60);
    assert!(matches!(present(&old, later), Err(Refusal::Clash { clash: Clash::WrongState, .. })));
    assert_eq!(present(&new, later), Ok(2));
}

#[test]
fn a_scope_that_covers_nothing_is_refused_whole() {
    let form = form(1, false, noon());
    let zero = MicrogramsPerKilogram::parse("0").unwrap();
    let scope = Scope { routes: vec![], max_dose: zero, indications: vec![], plan: None };
    let new = NewConsent { scope, ..new_consent(&form, noon()) };
    let refused = Consent::draft(&form, std::slice::from_ref(&form), new, made(10, noon()));
    assert_eq!(pointers(refused), ["/scope/routes", "/scope/max_dose_mg_per_kg", "/scope/indications"]);
}
