//! The state table, every arrow and every missing arrow.

use super::*;

#[test]
fn there_is_a_consent_for_every_state() {
    let states: Vec<_> = in_every_state().iter().map(Consent::state).collect();
    assert_eq!(states, ConsentState::ALL);
}

#[test]
fn every_act_in_every_state_follows_the_table() {
    let late = noon().plus_minutes(400 * 24 * 60);
    for consent in in_every_state() {
        for act in ConsentAct::ALL {
            let arrow = TRANSITIONS.iter().find(|(from, by, _)| (*from, *by) == (consent.state(), *act));
            let sober = Influence::none();
            let signatures =
                if consent.state() == ConsentState::Draft { signed_by(&ALL_THREE, &consent, noon()) } else { vec![] };
            let after = match act {
                ConsentAct::AddSignature => {
                    let new = new_signature(SignerRole::Patient, &consent);
                    sign(&consent, &[], new, &sober, made(9, noon())).map(|_| consent.state())
                }
                ConsentAct::Sign => {
                    let form = form(1, false, noon());
                    let versions = std::slice::from_ref(&form);
                    let zone = &TimeZone::UTC;
                    let facts = Activation { signatures: &signatures, versions, active: &[], influence: &sober, zone };
                    activate(consent.clone(), &facts, id(PRESCRIBER), noon()).map(|(after, ..)| after.state())
                }
                ConsentAct::Withdraw => withdraw_at(&consent, withdrawal(None, None), &sober, late)
                    .map(|withdrawn| withdrawn.consents.first().unwrap_or(&consent).state()),
                ConsentAct::Expire => consent.clone().expire(late).map(|(after, _)| after.state()),
                ConsentAct::Supersede => consent.clone().supersede(id(12), noon()).map(|(after, _)| after.state()),
                ConsentAct::Void => consent.clone().void("made in error", noon()).map(|(after, _)| after.state()),
            };
            match (arrow, after) {
                (Some((.., to)), Ok(state)) => assert_eq!(state, *to, "{} by {act}", consent.state()),
                (None, Err(Refusal::InvalidTransition { state, .. })) => assert_eq!(state, consent.state().as_str()),
                (arrow, after) => panic!("{} by {act}: table says {arrow:?}, code says {after:?}", consent.state()),
            }
        }
    }
}

#[test]
fn each_change_counts_the_version_and_changes_the_record() {
    let (draft, active) = (draft(), active());
    assert_eq!((draft.version, active.version), (1, 2));
    let mut hashes: Vec<_> = in_every_state().iter().map(|consent| consent.record().sha256()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), ConsentState::ALL.len());
}
