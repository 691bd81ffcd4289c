use super::*;
use crate::domain::refusal::FieldError;
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

const TODAY: Date = date(2026, 3, 2);

fn ana() -> PatientFields {
    PatientFields {
        family_name: Some("Rivera".into()),
        given_name: Some("Ana".into()),
        birth_date: Some(date(1984, 5, 17)),
        phone: Some("+1 (555) 010-0123".into()),
        ..PatientFields::default()
    }
}

fn registered(fields: PatientFields) -> Patient {
    let new = NewPatient::parse(fields, TODAY).unwrap();
    let mrn = new.mrn.clone().unwrap_or_else(|| numbered_mrn(123));
    register(new, PatientId(Uuid::from_u128(1)), mrn, Timestamp::from_millis(0)).0
}

fn errors(result: Result<impl std::fmt::Debug, Refusal>) -> Vec<(String, &'static str)> {
    match result {
        Err(Refusal::Invalid(errors)) => {
            errors.into_iter().map(|FieldError { pointer, code, .. }| (pointer, code)).collect()
        }
        other => panic!("expected field errors, got {other:?}"),
    }
}

#[test]
fn a_name_a_birth_date_and_a_phone_are_enough_to_register() {
    let patient = registered(ana());
    assert_eq!(patient.mrn, "MRN-000123");
    assert_eq!(patient.display_name(), "Rivera, Ana");
    assert_eq!(patient.initials(), "AR");
    assert_eq!((patient.who.sex, patient.who.language.as_str()), (Sex::Unknown, "und"));
    let nothing = errors(NewPatient::parse(PatientFields::default(), TODAY));
    assert_eq!(
        nothing,
        [("/family_name", "required"), ("/birth_date", "required"), ("/phone", "required")].map(|(p, c)| (p.into(), c))
    );
}

#[test]
fn a_patient_is_registered_from_the_eighteenth_birthday_of_the_clinics_calendar() {
    for (birth, code) in [
        (date(2008, 3, 2), None),
        (date(2008, 3, 3), Some("minor")),
        (date(2026, 3, 3), Some("future")),
        (date(1896, 3, 2), None),
        (date(1895, 3, 2), Some("range")),
    ] {
        let result = NewPatient::parse(PatientFields { birth_date: Some(birth), ..ana() }, TODAY);
        match code {
            None => assert!(result.is_ok(), "{birth}"),
            Some(code) => assert_eq!(errors(result), [("/birth_date".to_owned(), code)], "{birth}"),
        }
    }
    let leapling = date(2008, 2, 29);
    assert_eq!((age_on(leapling, date(2026, 2, 28)), age_on(leapling, date(2026, 3, 1))), (17, 18));
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let fields = PatientFields {
        mrn: Some("MRN 1".into()),
        family_name: Some("😀".repeat(2_560)),
        given_name: Some("An\u{7}a".into()),
        phone: Some("call me".into()),
        email: Some("nobody".into()),
        language: Some("english please".into()),
        address: Some(AddressFields {
            line1: Some("1 Main St".into()),
            country: Some("usa".into()),
            ..AddressFields::default()
        }),
        emergency_contact: Some(ContactFields { name: Some("Luis".into()), ..ContactFields::default() }),
        identifiers: Some(vec![Identifier { system: "ssa".into(), value: String::new() }]),
        ..ana()
    };
    let expected = [
        ("/mrn", "format"),
        ("/family_name", "too_long"),
        ("/given_name", "control_character"),
        ("/phone", "format"),
        ("/email", "format"),
        ("/address/city", "required"),
        ("/address/country", "format"),
        ("/emergency_contact/relationship", "required"),
        ("/emergency_contact/phone", "required"),
        ("/language", "format"),
        ("/identifiers/0/value", "required"),
    ];
    assert_eq!(errors(NewPatient::parse(fields, TODAY)), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn names_of_any_script_are_kept_as_written() {
    for name in ["O'Brien", "王小明", "Ñandú", "  de la Cruz", "👩‍⚕️", "محمد", "\"; DROP TABLE patients; --"]
    {
        assert_eq!(registered(PatientFields { family_name: Some(name.into()), ..ana() }).who.family_name, name);
    }
}

#[test]
fn a_patch_changes_what_it_names_and_moves_the_version_once() {
    let patient = registered(PatientFields { email: Some("ana@example.org".into()), ..ana() });
    let later = Timestamp::from_millis(5);
    let address = AddressPatch {
        line1: Patch::Set("1 Main St".into()),
        city: Patch::Set("Reno".into()),
        country: Patch::Set("US".into()),
        ..AddressPatch::default()
    };
    let patch = PatientPatch { email: Patch::Clear, address: Patch::Set(address), ..PatientPatch::default() };
    let (changed, events) = patient.change(patch, TODAY, later).unwrap();
    assert_eq!(
        (changed.version, changed.who.email.as_deref(), changed.who.phone.as_str()),
        (2, None, "+1 (555) 010-0123")
    );
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::PatientChanged]);
    assert_eq!(events.first().and_then(|event| event.record.clone()), Some(changed.record()));

    let city = AddressPatch { city: Patch::Set("Carson City".into()), ..AddressPatch::default() };
    let (moved, _) =
        changed.change(PatientPatch { address: Patch::Set(city), ..PatientPatch::default() }, TODAY, later).unwrap();
    let address = moved.who.address.unwrap();
    assert_eq!((address.line1.as_str(), address.city.as_str()), ("1 Main St", "Carson City"));
}

#[test]
fn what_registration_needs_cannot_be_cleared() {
    let patch = PatientPatch {
        family_name: Patch::Clear,
        birth_date: Patch::Clear,
        phone: Patch::Clear,
        ..PatientPatch::default()
    };
    let refused = errors(registered(ana()).change(patch, TODAY, Timestamp::from_millis(5)));
    assert_eq!(
        refused.iter().map(|(pointer, _)| pointer.as_str()).collect::<Vec<_>>(),
        ["/family_name", "/birth_date", "/phone"]
    );
}

#[test]
fn a_record_put_aside_keeps_the_first_moment_and_can_be_taken_up_again() {
    let retire = |set| PatientPatch { retired: Patch::Set(set), ..PatientPatch::default() };
    let at = Timestamp::from_millis;
    let (aside, _) = registered(ana()).change(retire(true), TODAY, at(5)).unwrap();
    assert_eq!(aside.retired_at, Some(at(5)));
    let (again, events) = aside.change(retire(true), TODAY, at(9)).unwrap();
    assert_eq!((again.retired_at, events.len()), (Some(at(5)), 0));
    assert_eq!(aside.change(retire(false), TODAY, at(9)).unwrap().0.retired_at, None);
}

#[test]
fn a_second_registration_of_the_same_person_is_pointed_out() {
    let known = [registered(ana())];
    let twice = |change: fn(&mut PatientFields)| {
        let mut fields = ana();
        change(&mut fields);
        possible_duplicates(&NewPatient::parse(fields, TODAY).unwrap(), &known).len()
    };
    assert_eq!(twice(|_| {}), 1);
    assert_eq!(twice(|f| f.family_name = Some("RIVERA".into())), 1);
    assert_eq!(
        twice(|f| {
            f.family_name = Some("Rivera-Lopez".into());
            f.phone = Some("555.010.0123 x4".into());
        }),
        1
    );
    assert_eq!(
        twice(|f| {
            f.family_name = Some("Rivera-Lopez".into());
            f.phone = Some("555 010 0124".into());
        }),
        0
    );
    assert_eq!(twice(|f| f.birth_date = Some(date(1984, 5, 18))), 0);
}

#[test]
fn a_search_that_asks_for_nothing_is_refused() {
    assert_eq!(errors(PatientSearch::parse(&SearchFields::default())), [(String::new(), "required")]);
    let only_marks = SearchFields { name: Some("-'-".into()), phone: Some("()".into()), ..SearchFields::default() };
    assert_eq!(errors(PatientSearch::parse(&only_marks)).len(), 2);
}

#[test]
fn a_patient_is_found_by_either_name_first_by_number_and_by_phone() {
    let patient = registered(PatientFields { mrn: Some("Hos-17".into()), ..ana() });
    let found = |fields: SearchFields| PatientSearch::parse(&fields).unwrap().finds(&patient);
    for (name, expected) in
        [("riv", true), ("Rivera, A", true), ("ana riv", true), ("ANA", true), ("vera", false), ("riverb", false)]
    {
        assert_eq!(found(SearchFields { name: Some(name.into()), ..SearchFields::default() }), expected, "{name}");
    }
    assert!(found(SearchFields {
        mrn: Some("hos-17".into()),
        phone: Some("5550100123".into()),
        ..SearchFields::default()
    }));
    assert!(!found(SearchFields {
        name: Some("riv".into()),
        birth_date: Some(date(1984, 5, 18)),
        ..SearchFields::default()
    }));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_fall_over_and_what_it_takes_it_keeps(name in any::<String>(), phone in "[0-9 ()+./x-]{0,24}") {
        let fields = PatientFields { family_name: Some(name.clone()), phone: Some(phone.clone()), ..ana() };
        if let Ok(new) = NewPatient::parse(fields, TODAY) {
            prop_assert_eq!(new.who.family_name, name);
            prop_assert_eq!(new.who.phone, phone);
        }
    }

    #[test]
    fn an_empty_patch_changes_no_patient(family in "[^\\p{C}\\s]{1,30}", digits in "[0-9]{5,15}", system in "[a-z:]{1,20}") {
        let patient = registered(PatientFields {
            family_name: Some(family),
            phone: Some(digits),
            identifiers: Some(vec![Identifier { system, value: "1".into() }]),
            ..ana()
        });
        let (same, events) = patient.change(PatientPatch::default(), TODAY, Timestamp::from_millis(5)).unwrap();
        prop_assert_eq!(same, patient);
        prop_assert!(events.is_empty());
    }
}
