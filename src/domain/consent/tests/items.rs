//! What is answered one by one, what a surrogate and an interpreter say of themselves, and when a paper was signed.

use super::*;

fn patient_with(items: Vec<ItemReply>) -> NewSignature {
    NewSignature { items, ..new_signature(SignerRole::Patient, &draft()) }
}

fn signs(new: NewSignature) -> Result<Signature, Refusal> {
    sign(&draft(), &[], new, &Influence::none(), made(9, noon().plus_minutes(60))).map(|(signature, _)| signature)
}

#[test]
fn a_form_without_an_item_is_not_published_and_the_missing_ones_are_named() {
    for (index, left_out) in ItemId::ALL.iter().enumerate() {
        let mut content = default_form();
        content.items.remove(content.items.iter().position(|item| item.id == *left_out).unwrap());
        let (form, _) = ConsentTemplate::draft(content, 1, made(1, noon())).unwrap();
        let missing = blocked(form.publish(id(PRESCRIBER), noon()));
        assert_eq!((codes(&missing), missing[0].limit.as_deref()), (vec!["item_missing"], Some(ItemId::WORDS[index])));
    }
    let nothing = NewTemplate { items: vec![], clauses: vec![], ..default_form() };
    let (form, _) = ConsentTemplate::draft(nothing, 1, made(1, noon())).unwrap();
    assert_eq!(blocked(form.publish(id(PRESCRIBER), noon())).len(), ItemId::ALL.len() + ClauseId::ALL.len());
}

#[test]
fn every_item_is_answered_once_and_initials_are_given_where_they_are_asked_for() {
    for (index, item) in ItemId::ALL.iter().enumerate() {
        let mut short = all_accepted();
        short.remove(index);
        assert_eq!(pointers(signs(patient_with(short))), ["/items"], "{item} left out");
        let mut twice = all_accepted();
        twice.push(twice[index].clone());
        assert_eq!(pointers(signs(patient_with(twice))), [format!("/items/{}/id", ItemId::ALL.len())]);
        let mut initialled = all_accepted();
        initialled[index].initials = initialled[index].initials.is_none().then(|| "AR".to_owned());
        assert_eq!(pointers(signs(patient_with(initialled))), [format!("/items/{index}/initials")], "{item}");
    }
    let by_witness = NewSignature { items: all_accepted(), ..new_signature(SignerRole::Witness, &draft()) };
    assert_eq!(pointers(signs(by_witness)), ["/items"]);
}

#[test]
fn a_refusal_is_kept_and_stops_treatment_only_where_treatment_needs_the_answer() {
    for (index, item) in ItemId::ALL.iter().enumerate() {
        let mut items = all_accepted();
        items[index] = ItemReply { id: *item, answer: ItemAnswer::Declined, initials: None };
        let consent = draft();
        let mut signatures = signed_by(&[SignerRole::Prescriber, SignerRole::Witness], &consent, noon());
        signatures.push(signs(patient_with(items.clone())).unwrap());
        assert_eq!(signatures[2].items, items);
        let form = form(1, false, noon());
        let versions = std::slice::from_ref(&form);
        let facts = Activation {
            signatures: &signatures,
            versions,
            active: &[],
            influence: &Influence::none(),
            zone: &TimeZone::UTC,
        };
        let found = missing(&consent, &facts, noon());
        let free = [ItemId::Photographs, ItemId::Students, ItemId::CopyGiven].contains(item);
        assert_eq!(codes(&found), if free { vec![] } else { vec!["consent_item_declined"] }, "{item}");
    }
}

#[test]
fn a_surrogate_says_by_what_right_and_an_interpreter_in_which_language() {
    let bare = |role| NewSignature {
        authority: None,
        authority_kind: None,
        relationship: None,
        language: None,
        ..new_signature(role, &draft())
    };
    assert_eq!(pointers(signs(bare(SignerRole::Surrogate))), ["/authority_kind", "/relationship"]);
    assert_eq!(pointers(signs(bare(SignerRole::Interpreter))), ["/authority", "/language"]);
    let other = NewSignature { language: Some("vi".to_owned()), ..new_signature(SignerRole::Interpreter, &draft()) };
    assert_eq!(pointers(signs(other)), ["/language"]);
    let cousin = NewSignature { unrelated_adult: false, ..new_signature(SignerRole::Interpreter, &draft()) };
    assert_eq!(pointers(signs(cousin)), ["/unrelated_adult"]);
}

#[test]
fn who_decides_does_not_attest_it_as_well() {
    let consent = draft();
    let present = signed_by(&[SignerRole::Surrogate], &consent, noon());
    let outside = |name: &str| NewSignature {
        staff: None,
        method: SignMethod::Typed,
        name: Some(name.to_owned()),
        unrelated_adult: true,
        ..new_signature(SignerRole::Witness, &consent)
    };
    let at = |name| sign(&consent, &present, outside(name), &Influence::none(), made(9, noon()));
    assert!(matches!(at(" ana  RIVERA "), Err(Refusal::Clash { clash: Clash::SamePerson, .. })));
    assert!(at("Jo Stone").is_ok());
}

#[test]
fn one_missing_ability_is_no_capacity_and_a_sedative_at_home_is_no_consent_today() {
    let full = CapacityStatement::full;
    for (statement, finding) in [
        (full(), Capacity::Confirmed),
        (CapacityStatement { understands: false, ..full() }, Capacity::Lacking),
        (CapacityStatement { appreciates: false, ..full() }, Capacity::Lacking),
        (CapacityStatement { reasons: false, ..full() }, Capacity::Lacking),
        (CapacityStatement { expresses: false, ..full() }, Capacity::Lacking),
    ] {
        let new = NewSignature { capacity: Some(statement), ..new_signature(SignerRole::Prescriber, &draft()) };
        assert_eq!(signs(new).unwrap().capacity, Some(finding));
    }
    let sedated = CapacityStatement { unsedated: false, ..full() };
    let new = NewSignature { capacity: Some(sedated), ..new_signature(SignerRole::Prescriber, &draft()) };
    assert_eq!(codes(&blocked(signs(new))), ["patient_sedated"]);
}

#[test]
fn a_paper_has_the_time_it_was_signed_at_and_is_called_back_dated() {
    for (minutes, allowed, back_dated) in [
        (-1, false, false),
        (0, true, true),
        (44, true, true),
        (45, true, false),
        (60, true, false),
        (61, false, false),
    ] {
        let signed_at = Some(noon().plus_minutes(minutes));
        let result = signs(NewSignature { signed_at, ..new_signature(SignerRole::Patient, &draft()) });
        match result {
            Ok(signature) => assert_eq!((true, signature.is_back_dated()), (allowed, back_dated), "{minutes}"),
            refused => assert!(!allowed && pointers(refused) == ["/signed_at"], "{minutes}"),
        }
    }
    let staff = NewSignature { signed_at: Some(noon()), ..new_signature(SignerRole::Witness, &draft()) };
    assert_eq!(pointers(signs(staff)), ["/signed_at"]);
    // The drug was given after the paper is said to have been signed, and before it was entered.
    let dosed = Influence { live: None, last: Some((id(60), noon().plus_minutes(-60))) };
    let paper = NewSignature { signed_at: Some(noon()), ..new_signature(SignerRole::Patient, &draft()) };
    let late = sign(&draft(), &[], paper, &dosed, made(9, noon().plus_minutes(3 * 24 * 60)));
    assert_eq!(codes(&blocked(late)), ["patient_under_drug"], "what counts is when the patient signed");
}

#[test]
fn a_translation_belongs_to_its_version_and_ends_with_it() {
    let original = form(1, false, noon());
    let spanish = NewTemplate {
        code: "ketamine-es".to_owned(),
        language: "es".to_owned(),
        validity_days: 3,
        renews: true,
        ..default_form()
    };
    let content = spanish.clone().translating(&original).unwrap();
    assert_eq!((content.validity_days, content.renews), (original.content.validity_days, false));
    let (draft, _) = ConsentTemplate::draft(content, 1, made(2001, noon())).unwrap();
    let translation = draft.publish(id(PRESCRIBER), noon()).unwrap().0;
    assert_eq!(translation.family(), original.family());

    let later = noon().plus_minutes(60);
    let versions = [original.clone(), translation.clone(), form(2, true, later)];
    let at = |at| in_effect("ketamine-es", &versions, at).map(|form| form.id);
    assert_eq!((at(noon()), at(later)), (Some(translation.id), None), "the changed risk is not in Spanish yet");

    for (wrong, pointer) in [
        (NewTemplate { code: original.content.code.clone(), ..spanish.clone() }, "/code"),
        (NewTemplate { language: "en-GB".to_owned(), ..spanish.clone() }, "/language"),
    ] {
        assert_eq!(pointers(wrong.translating(&original)), [pointer]);
    }
    assert_eq!(pointers(spanish.clone().translating(&translation)), ["/translates", "/code", "/language"]);
    let unpublished = ConsentTemplate::draft(default_form(), 2, made(3001, noon())).unwrap().0;
    assert_eq!(pointers(spanish.translating(&unpublished)), ["/translates"]);
}

#[test]
fn a_code_of_pregnancy_is_known_and_what_follows_one_is_not() {
    for (code, pregnant) in [
        ("O09.90", true),
        ("O24.419", true),
        ("O99.810", true),
        ("O80", false),
        ("O90.89", false),
        ("Z33.1", true),
        ("Z34.00", true),
        ("Z3A.20", true),
        ("Z33.2", false),
        ("G43.719", false),
    ] {
        assert_eq!(says_pregnant(&icd10(code)), pregnant, "{code}");
    }
}
