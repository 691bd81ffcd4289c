//! Who signs how, and when not.

use super::*;

#[test]
fn the_roles_sign_by_their_own_methods_only() {
    let consent = draft();
    for role in SignerRole::ALL {
        for method in SignMethod::ALL {
            for by_staff in [false, true] {
                let new = NewSignature {
                    method: *method,
                    staff: by_staff.then(|| staff(PRESCRIBER)),
                    name: Some("Ana Rivera".to_owned()),
                    image: (*method == SignMethod::Drawn).then(|| b"\x89PNG\r\n\x1a\n...".to_vec()),
                    unrelated_adult: true,
                    ..new_signature(*role, &consent)
                };
                let reauth = *method == SignMethod::Reauth;
                let expected = match role {
                    SignerRole::Patient | SignerRole::Surrogate => !by_staff && !reauth,
                    SignerRole::Prescriber => by_staff && reauth,
                    SignerRole::Witness | SignerRole::Interpreter => by_staff == reauth,
                };
                let result = sign(&consent, &[], new, &Influence::none(), made(9, noon()));
                assert_eq!(result.is_ok(), expected, "{role} {method} staff {by_staff}");
            }
        }
    }
}

#[test]
fn each_role_signs_once() {
    let consent = draft();
    for role in SignerRole::ALL {
        let present = signed_by(&[*role], &consent, noon());
        let again = sign(&consent, &present, new_signature(*role, &consent), &Influence::none(), made(9, noon()));
        assert!(matches!(again, Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })), "{role}");
    }
}

#[test]
fn a_signature_on_another_document_than_the_one_stored_is_refused() {
    let consent = draft();
    for role in SignerRole::ALL {
        let new = NewSignature { document_sha256: Sha256::of(b"another"), ..new_signature(*role, &consent) };
        let refused = sign(&consent, &[], new, &Influence::none(), made(9, noon()));
        assert!(matches!(refused, Err(Refusal::Clash { clash: Clash::ChangedSinceDisplay, .. })), "{role}");
    }
}

#[test]
fn the_witness_is_another_human_than_the_explainer_in_either_order() {
    let consent = draft();
    // Another membership of the same human.
    let twin = StaffSigner {
        person: Person { staff: id(77), account: person(PRESCRIBER).account },
        name: "The same".to_owned(),
        prescribes: true,
    };
    for (first, second) in
        [(SignerRole::Prescriber, SignerRole::Witness), (SignerRole::Witness, SignerRole::Prescriber)]
    {
        let one = NewSignature { staff: Some(staff(PRESCRIBER)), ..new_signature(first, &consent) };
        let two = NewSignature { staff: Some(twin.clone()), ..new_signature(second, &consent) };
        let sober = Influence::none();
        let (one, _) = sign(&consent, &[], one, &sober, made(8, noon())).unwrap();
        let refused = sign(&consent, &[one], two, &sober, made(9, noon()));
        assert!(matches!(refused, Err(Refusal::Clash { clash: Clash::SamePerson, .. })), "{second} after {first}");
    }
}

#[test]
fn a_nurse_does_not_explain_and_nobody_but_the_explainer_states_capacity() {
    let consent = draft();
    let try_with = |new| sign(&consent, &[], new, &Influence::none(), made(9, noon()));
    let nurse = NewSignature { staff: Some(staff(NURSE)), ..new_signature(SignerRole::Prescriber, &consent) };
    assert_eq!(pointers(try_with(nurse)), ["/role"]);
    let silent = NewSignature { capacity: None, ..new_signature(SignerRole::Prescriber, &consent) };
    assert_eq!(pointers(try_with(silent)), ["/capacity"]);
    let witness =
        NewSignature { capacity: Some(CapacityStatement::full()), ..new_signature(SignerRole::Witness, &consent) };
    assert_eq!(pointers(try_with(witness)), ["/capacity"]);
}

#[test]
fn under_the_drug_neither_patient_nor_witness_signs() {
    let consent = draft();
    let ended = Influence { live: None, last: Some((id(60), noon())) };
    for (influence, minutes) in [(under_drug(), 0), (ended, 0), (ended, 24 * 60 - 1)] {
        for role in SignerRole::ALL {
            let at = noon().plus_minutes(minutes);
            let result = sign(&consent, &[], new_signature(*role, &consent), &influence, made(9, at));
            if matches!(role, SignerRole::Patient | SignerRole::Witness) {
                assert_eq!(codes(&blocked(result)), ["patient_under_drug"], "{role}");
            } else {
                assert!(result.is_ok(), "{role}");
            }
        }
    }
    let sober = noon().plus_minutes(24 * 60);
    assert!(sign(&consent, &[], new_signature(SignerRole::Patient, &consent), &ended, made(9, sober)).is_ok());
}

#[test]
fn a_drawing_has_to_be_a_small_picture() {
    let consent = draft();
    for (image, good) in [
        (Some(b"\x89PNG\r\n\x1a\n1".to_vec()), true),
        (Some(b"<svg onload=alert(1)>".to_vec()), false),
        (Some([b"\x89PNG\r\n\x1a\n".to_vec(), vec![0; 40_000]].concat()), false),
        (None, false),
    ] {
        let new = NewSignature { method: SignMethod::Drawn, image, ..new_signature(SignerRole::Patient, &consent) };
        assert_eq!(sign(&consent, &[], new, &Influence::none(), made(9, noon())).is_ok(), good);
    }
}
