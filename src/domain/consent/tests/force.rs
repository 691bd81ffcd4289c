//! In force or not, at every instant.

use super::*;

proptest! {
    /// The whole rule, against one written down separately: minutes from signing, tenths of mg/kg.
    #[test]
    fn in_force_exactly_from_signing_until_withdrawal_or_expiry_inside_the_scope(
        at in -1_000_i64..600_000,
        said in prop::option::of(-100_i64..600_000),
        typed_late in 0_i64..5_000,
        known_later in 0_i64..10_000,
        nebulized in any::<bool>(),
        dose in 0_i64..20,
        code in prop::sample::select(vec![None, Some("G43.7"), Some("G43.719"), Some("G43.9"), Some("F32.A")]),
    ) {
        let mut consent = active();
        let until = consent.validity.unwrap().until;
        let instant = |minutes: i64| noon().plus_minutes(minutes);
        if let Some(said) = said {
            let new = NewWithdrawal { said_at: Some(instant(said)), ..withdrawal(Some(WithdrawalScope::Series), None) };
            consent = withdraw_at(&consent, new, &Influence::none(), instant(said + typed_late)).unwrap().consents.remove(0);
        }
        let asked = code.map(icd10);
        let need = Need {
            at: instant(at),
            known_at: instant(at + known_later),
            route: Some(if nebulized { Route::Nebulized } else { Route::Iv }),
            dose: Dose::PerKilogram(MicrogramsPerKilogram::new(dose * 100).unwrap()),
            indication: asked.as_ref(),
        };
        let withdrawn = said.is_some_and(|said| said.max(0) <= at && said + typed_late <= at + known_later);
        let expected = at >= 0 && instant(at) < until && !withdrawn && !nebulized && dose <= 10
            && code.is_none_or(|code| code.starts_with("G43.7"));
        let found = in_force(&facts(vec![consent]), &need);
        prop_assert_eq!(found.is_ok(), expected, "{:?}", found);
    }

    #[test]
    fn no_other_consent_of_the_patient_hides_the_one_in_force(order in Just(in_every_state()).prop_shuffle()) {
        let found = in_force(&facts(order), &need(noon().plus_minutes(1)));
        prop_assert!(found.is_ok());
    }
}

#[test]
fn a_label_that_says_active_does_not_put_an_expired_consent_in_force() {
    let consent = active();
    let late = consent.validity.unwrap().until;
    assert_eq!((consent.state(), consent.state_at(late)), (ConsentState::Active, ConsentState::Expired));
    assert_eq!(codes(&in_force(&facts(vec![consent]), &need(late)).unwrap_err()), ["consent_expired"]);
}

#[test]
fn all_reasons_are_named_together() {
    let consent = active();
    let depression = icd10("F32.A");
    let asked = Need {
        route: Some(Route::Nebulized),
        dose: Dose::PerKilogram(MicrogramsPerKilogram::parse("1.5").unwrap()),
        indication: Some(&depression),
        ..need(noon().plus_minutes(400 * 24 * 60))
    };
    let unmet = in_force(&facts(vec![consent]), &asked).unwrap_err();
    assert_eq!(codes(&unmet), ["consent_expired", "consent_route", "consent_dose_ceiling", "consent_indication"]);
    assert!(unmet.iter().all(|unmet| unmet.fix.is_some()));
    assert_eq!(codes(&in_force(&facts(vec![]), &asked).unwrap_err()), ["consent_missing"]);
    assert_eq!(codes(&in_force(&facts(vec![draft()]), &need(noon())).unwrap_err()), ["consent_unsigned"]);
}

#[test]
fn a_withdrawal_entered_late_counts_from_when_it_was_said_but_was_not_known_before() {
    let (said, entered) = (noon().plus_minutes(30), noon().plus_minutes(90));
    let new = NewWithdrawal { said_at: Some(said), ..withdrawal(None, None) };
    let withdrawn = withdraw_at(&active(), new, &Influence::none(), entered).unwrap();
    let facts = facts(withdrawn.consents);
    let ask = |at, known_at| in_force(&facts, &Need { known_at, ..need(at) }).is_ok();
    assert!(ask(said.plus_millis(-1), entered));
    assert!(!ask(said, entered));
    assert!(ask(said, entered.plus_millis(-1)), "what the screen said then");
}

#[test]
fn a_form_with_changed_risks_ends_older_consents_and_another_does_not() {
    for renews in [false, true] {
        let from = noon().plus_minutes(60);
        let facts = ConsentFacts { renewals: vec![form(2, renews, from)], ..facts(vec![active()]) };
        assert!(in_force(&facts, &need(from.plus_millis(-1))).is_ok());
        let after = in_force(&facts, &need(from)).map_err(|unmet| codes(&unmet));
        assert_eq!(after.err(), renews.then(|| vec!["consent_form_outdated"]));
    }
}

#[test]
fn the_ceiling_of_a_visit_counts_what_was_given_and_what_is_planned() {
    let consent = active();
    let total = |mg: &str| Dose::Total { mass: Micrograms::parse(mg).unwrap(), weight: Grams::parse("70").unwrap() };
    assert_eq!(within_ceiling(&consent, total("70")), Ok(()));
    let unmet = within_ceiling(&consent, total("70.001")).unwrap_err();
    assert_eq!((unmet.limit.as_deref(), unmet.actual.as_deref()), (Some("1 mg/kg"), Some("70.001 mg at 70 kg")));
}
