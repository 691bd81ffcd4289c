//! What an auditor is told about a start, and how a consent read at an earlier instant.

use super::*;
use crate::domain::route::EntrySource;

fn start(at: Timestamp) -> Start {
    Start {
        session: id(60),
        patient: id(50),
        at,
        recorded_at: at,
        outside: None,
        route: Route::Iv,
        dose: need(at).dose,
        indication: None,
        reaffirmed_at: None,
    }
}

fn withdrawn(said: i64, entered: i64) -> ConsentFacts {
    let new = NewWithdrawal { said_at: Some(noon().plus_minutes(said)), ..withdrawal(None, None) };
    let withdrawn = withdraw_at(&active(), new, &Influence::none(), noon().plus_minutes(entered)).unwrap();
    ConsentFacts { withdrawals: withdrawn.fact.into_iter().collect(), ..facts(withdrawn.consents) }
}

#[test]
fn a_start_is_reviewed_by_what_was_known_then_and_by_what_is_known_since() {
    let later = noon().plus_minutes(10_000);
    for (said, entered, started, finding) in [
        (30, 30, 10, ReviewFinding::InForce),
        (30, 30, 40, ReviewFinding::NotInForce),
        // Said before the start, written down after it.
        (30, 90, 40, ReviewFinding::LostSince),
        (30, 90, 29, ReviewFinding::InForce),
    ] {
        let started = Start { outside: Some(EntrySource::Paper), ..start(noon().plus_minutes(started)) };
        let reviewed = review(started, &withdrawn(said, entered), later);
        assert_eq!(reviewed.finding(), finding, "said {said}, entered {entered}");
        let bound = reviewed.then.is_ok() || reviewed.since.is_ok();
        assert_eq!(reviewed.consent(), bound.then(|| active().id));
    }
    // What is asked as known before it was entered is not there.
    let reviewed = review(start(noon().plus_minutes(40)), &withdrawn(30, 90), noon().plus_minutes(89));
    assert_eq!(reviewed.finding(), ReviewFinding::InForce);
}

proptest! {
    #[test]
    fn a_label_reads_as_it_did_at_every_instant(said in 0_i64..200, late in 0_i64..200, at in -50_i64..500, known in -50_i64..500) {
        let consent = withdrawn(said, said + late).consents.remove(0);
        let (then, known_at) = (noon().plus_minutes(at), noon().plus_minutes(known));
        let expected = if at < 0 || known < 0 {
            ConsentState::Draft
        } else if said <= at && said + late <= known {
            ConsentState::Withdrawn
        } else {
            ConsentState::Active
        };
        prop_assert_eq!(consent.label_at(then, known_at), expected);
        let facts = withdrawn(said, said + late);
        let gaps = standing(&facts.consents[0], &facts, then, known_at);
        prop_assert_eq!(gaps.is_empty(), expected == ConsentState::Active, "{:?}", gaps);
    }
}
