//! Given, wasted, broken, unexplained: together what was prepared, whatever is typed.
use super::*;
use crate::domain::route::{Person, Route};
use crate::domain::visit::samples::{deed, visit};
use proptest::prelude::*;
use uuid::Uuid;

fn mg(text: &str) -> Micrograms {
    Micrograms::parse(text).unwrap()
}

fn ml(text: &str) -> Option<Microlitres> {
    Some(Microlitres::parse(text).unwrap())
}

/// 1 mg/mL throughout, so that millilitres read as milligrams.
fn books(prepared: &str, charted: &str) -> Books {
    Books { prepared: mg(prepared), charted: mg(charted), concentration: MicrogramsPerMillilitre::parse("1").ok() }
}

fn wasted(measured: Option<&str>) -> SettlementForm {
    SettlementForm {
        measured_waste: measured.and_then(ml),
        waste_method: Some("denatured".to_owned()),
        ..SettlementForm::default()
    }
}

fn explained(form: SettlementForm) -> SettlementForm {
    SettlementForm {
        discrepancy: Some(DiscrepancyClass::Unexplained),
        explanation: Some("counted twice".to_owned()),
        ..form
    }
}

fn settle(form: SettlementForm, books: Books) -> Result<Settlement, Refusal> {
    settle_with(form, books, deed().second)
}

fn settle_with(form: SettlementForm, books: Books, second: Option<Person>) -> Result<Settlement, Refusal> {
    Settlement::settle(
        SettlementId(Uuid::from_u128(40)),
        visit(Route::Iv),
        form,
        (books, Tolerance::from(&Rules::seeded())),
        Deed { second, ..deed() },
    )
    .map(|settled| settled.0)
}

fn pointers(refusal: Refusal) -> Vec<String> {
    match refusal {
        Refusal::Invalid(errors) => errors.into_iter().map(|error| error.pointer).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn v6_a_hundred_prepared_is_sixty_given_and_forty_wasted() {
    let settled = settle(wasted(Some("40")), books("100", "60")).unwrap();
    assert_eq!((settled.booked.given, settled.booked.wasted, settled.booked.unexplained_ug), (mg("60"), mg("40"), 0));
    assert_eq!(settled.difference_ug(books("100", "60")), 0);
}

#[test]
fn v10_a_corrected_dose_unbalances_the_books_and_never_adjusts_the_waste() {
    let settled = settle(wasted(Some("40")), books("100", "60")).unwrap();
    let corrected = books("100", "57.5");
    assert_eq!(settled.difference_ug(corrected), 2_500);
    assert_eq!(settled.booked.wasted, mg("40"), "what was signed stays");
    let again = settle(explained(wasted(Some("40"))), corrected).unwrap();
    assert_eq!((again.booked.wasted, again.booked.unexplained_ug), (mg("40"), 2_500));
    assert!(again.is_discrepant());
    assert_eq!(again.difference_ug(corrected), 0, "an open case settles the missing 2.5 mg");
}

#[test]
fn a_variance_is_a_measurement_within_five_percent_or_two_milligrams() {
    // Prepared 100: the calculated waste is 100 less given.
    for (given, measured, tolerated) in [
        ("60", "42", true),
        ("60", "38", true),
        ("60", "42.001", false),
        ("60", "37.999", false),
        ("10", "94.5", true),
        ("10", "94.501", false),
        ("10", "85.5", true),
        ("99", "2.9", true),
        ("99", "3.001", false),
        ("100", "2", true),
    ] {
        let settled = settle(explained(wasted(Some(measured))), books("100", given)).unwrap();
        assert_eq!(!settled.is_discrepant(), tolerated, "given {given}, measured {measured}");
        assert_eq!(settled.booked.variance_ug, Some(mg(measured).get() - settled.booked.calculated_waste_ug));
    }
}

#[test]
fn beyond_the_tolerance_a_class_and_words_are_needed() {
    let refusal = settle(wasted(Some("30")), books("100", "60")).unwrap_err();
    assert_eq!(pointers(refusal), ["/discrepancy", "/explanation"]);
}

#[test]
fn waste_needs_a_second_human_or_a_sealed_bag() {
    let form = wasted(None);
    assert_eq!(pointers(settle_with(form.clone(), books("100", "60"), None).unwrap_err()), ["/cosignature"]);
    assert!(matches!(
        settle_with(form.clone(), books("100", "60"), Some(deed().by)),
        Err(Refusal::Clash { clash: Clash::SamePerson, .. })
    ));
    let sealed = SettlementForm { hold_bag: Some("B-0042".to_owned()), ..form.clone() };
    assert!(settle_with(sealed, books("100", "60"), None).unwrap().awaits_witness());
    assert!(settle_with(form, books("60", "60"), None).is_ok(), "nothing is left, so nobody has to see it go");
}

#[test]
fn the_pump_counts_before_the_chart_and_a_difference_is_explained() {
    let read = |volume| SettlementForm { pump_volume: ml(volume), ..wasted(None) };
    let settled = settle(read("61.5"), books("100", "60")).unwrap();
    assert_eq!((settled.booked.given, settled.booked.wasted), (mg("61.5"), mg("38.5")));
    assert_eq!(pointers(settle(read("70"), books("100", "60")).unwrap_err()), ["/explanation"]);
    assert_eq!(
        settle(explained(read("120")), books("100", "60")).unwrap().booked.given,
        mg("100"),
        "never more than was prepared"
    );
}

#[test]
fn a_broken_vial_is_explained_and_cannot_lose_more_than_was_left() {
    let broken = |amount| SettlementForm { breakage: Some(mg(amount)), ..explained(wasted(None)) };
    let settled = settle(broken("30"), books("100", "60")).unwrap();
    assert_eq!((settled.booked.breakage, settled.booked.wasted), (mg("30"), mg("10")));
    assert_eq!(pointers(settle(broken("40.001"), books("100", "60")).unwrap_err()), ["/breakage_mg"]);
}

#[test]
fn a_session_without_drug_has_nothing_to_settle() {
    assert!(matches!(settle(wasted(None), books("0", "0")), Err(Refusal::Clash { clash: Clash::WrongState, .. })));
}

proptest! {
    #[test]
    fn what_was_prepared_is_always_accounted_for(prepared in 1_i64..=500_000, charted in 0_i64..=600_000, pump in proptest::option::of(0_i64..=600_000), measured in proptest::option::of(0_i64..=600_000), breakage in 0_i64..=50_000) {
        let form = SettlementForm {
            pump_volume: pump.map(Microlitres::clamped),
            measured_waste: measured.map(Microlitres::clamped),
            breakage: Some(Micrograms::clamped(breakage)),
            ..explained(wasted(None))
        };
        let books = Books { prepared: Micrograms::clamped(prepared), charted: Micrograms::clamped(charted), concentration: MicrogramsPerMillilitre::parse("1").ok() };
        if let Ok(settled) = settle(form, books) {
            let booked = settled.booked;
            prop_assert_eq!(booked.given.get() + booked.wasted.get() + booked.breakage.get() + booked.unexplained_ug, prepared);
            prop_assert_eq!(settled.difference_ug(books), 0);
        }
    }
}
