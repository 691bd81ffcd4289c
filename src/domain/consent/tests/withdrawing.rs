//! Withdrawal, sober and under the drug.

use super::*;

#[test]
fn under_the_drug_only_this_session_ends_and_a_wider_wish_is_kept() {
    for scope in [None, Some(WithdrawalScope::ThisSession), Some(WithdrawalScope::Series), Some(WithdrawalScope::All)] {
        for consent in in_every_state() {
            let withdrawn = withdraw_at(&consent, withdrawal(scope, None), &under_drug(), noon()).unwrap();
            assert_eq!(withdrawn.consents, vec![], "the consent itself stays as it is");
            assert_eq!(withdrawn.stop, Some(id(60)));
            let fact = withdrawn.fact.unwrap();
            assert_eq!((fact.scope, fact.session), (WithdrawalScope::ThisSession, Some(id(60))));
            let wider = scope.filter(|scope| *scope != WithdrawalScope::ThisSession);
            assert_eq!(withdrawn.wish.and_then(|wish| wish.wished), wider);
        }
    }
}

#[test]
fn saying_it_again_in_the_chair_changes_nothing_and_still_asks_for_the_stop() {
    let consent = active();
    let new = withdrawal(Some(WithdrawalScope::All), None);
    let first = withdraw_at(&consent, new.clone(), &under_drug(), noon()).unwrap();
    let (earlier, reports) = ([first.fact.unwrap()], [first.wish.unwrap()]);
    let facts = WithdrawalFacts { others: &[], earlier: &earlier, reports: &reports, influence: &under_drug() };
    let again = withdraw(consent, new, &facts, made(702, noon()), id(703)).unwrap();
    assert_eq!(again, Withdrawn { stop: Some(id(60)), ..Withdrawn::default() });
}

#[test]
fn not_tomorrow_does_not_stop_today() {
    let new = withdrawal(Some(WithdrawalScope::ThisSession), Some(id(61)));
    let withdrawn = withdraw_at(&active(), new, &under_drug(), noon()).unwrap();
    assert_eq!(withdrawn.stop, None);
    assert_eq!(withdrawn.fact.unwrap().session, Some(id(61)));
}

#[test]
fn within_24_hours_of_the_drug_a_call_from_home_becomes_a_wish_and_stops_nothing() {
    let influence = Influence { live: None, last: Some((id(60), noon())) };
    let new = withdrawal(Some(WithdrawalScope::All), None);
    let early = withdraw_at(&active(), new.clone(), &influence, noon().plus_minutes(23 * 60)).unwrap();
    assert_eq!((early.stop, early.consents.len(), early.wish.is_some()), (None, 0, true));
    let late = withdraw_at(&active(), new, &influence, noon().plus_minutes(24 * 60)).unwrap();
    assert_eq!((late.consents.len(), late.wish.is_some()), (1, false));
}

#[test]
fn a_sober_patient_ends_the_series_or_everything() {
    let (consent, draft) = (active(), draft_on(&form(1, false, noon()), 11, noon()));
    for (scope, states) in [
        (None, vec![ConsentState::Withdrawn]),
        (Some(WithdrawalScope::Series), vec![ConsentState::Withdrawn]),
        (Some(WithdrawalScope::All), vec![ConsentState::Withdrawn, ConsentState::Voided]),
    ] {
        let others = [draft.clone()];
        let facts = WithdrawalFacts { others: &others, earlier: &[], reports: &[], influence: &Influence::none() };
        let withdrawn = withdraw(consent.clone(), withdrawal(scope, None), &facts, made(700, noon()), id(701)).unwrap();
        assert_eq!(withdrawn.consents.iter().map(Consent::state).collect::<Vec<_>>(), states);
        assert_eq!((withdrawn.stop, withdrawn.wish), (None, None));
        assert_eq!(withdrawn.events.len(), states.len() + 1, "each changed record and the withdrawal itself");
    }
}

#[test]
fn a_withdrawal_said_twice_changes_nothing() {
    let once = withdraw_at(&active(), withdrawal(None, None), &Influence::none(), noon()).unwrap();
    let twice = withdraw_at(&once.consents[0], withdrawal(None, None), &Influence::none(), noon()).unwrap();
    assert_eq!(twice, Withdrawn::default());
}

#[test]
fn a_statement_from_a_clock_that_runs_ahead_counts_from_now() {
    let new = NewWithdrawal { said_at: Some(noon().plus_minutes(600)), ..withdrawal(None, None) };
    let withdrawn = withdraw_at(&active(), new, &Influence::none(), noon()).unwrap();
    assert!(in_force(&facts(withdrawn.consents), &need(noon())).is_err());
}

#[test]
fn sober_and_about_one_session_it_has_to_be_said_which() {
    let new = withdrawal(Some(WithdrawalScope::ThisSession), None);
    assert_eq!(pointers(withdraw_at(&active(), new, &Influence::none(), noon())), ["/session_id"]);
}

#[test]
fn a_withdrawn_session_stays_closed_and_the_others_open() {
    let new = withdrawal(Some(WithdrawalScope::ThisSession), Some(id(60)));
    let fact = withdraw_at(&active(), new, &Influence::none(), noon()).unwrap().fact.unwrap();
    let facts = ConsentFacts { withdrawals: vec![fact], ..facts(vec![active()]) };
    let need = need(noon());
    assert_eq!(codes(&may_run(&facts, &need, id(60)).unwrap_err()), ["session_withdrawn"]);
    assert!(may_run(&facts, &need, id(61)).is_ok());
    assert!(in_force(&facts, &need).is_ok());
}

#[test]
fn a_report_or_wish_blocks_every_start_until_the_sober_patient_has_answered() {
    let new = NewReport { patient: id(50), text: "She called: no more of this.".to_owned(), said_at: None };
    let (report, event) = WithdrawalReport::take(&new, made(800, noon())).unwrap();
    assert_eq!(event.kind, EventKind::WithdrawalReported);
    let wished = withdrawal(Some(WithdrawalScope::Series), None);
    let wish = withdraw_at(&active(), wished, &under_drug(), noon()).unwrap().wish.unwrap();
    let next_day = noon().plus_minutes(25 * 60);
    for open in [report, wish] {
        let facts = |report: &WithdrawalReport| ConsentFacts { reports: vec![report.clone()], ..facts(vec![active()]) };
        assert_eq!(codes(&may_run(&facts(&open), &need(next_day), id(61)).unwrap_err()), ["withdrawal_unanswered"]);

        let answer = |at| Resolution {
            outcome: ReportOutcome::Continues,
            statement: "Asked this morning: wants to go on.".to_owned(),
            by: id(NURSE),
            at,
        };
        let still_under = blocked(open.clone().resolve(answer(noon()), &under_drug()));
        assert_eq!(codes(&still_under), ["patient_under_drug"]);
        let (answered, _) = open.clone().resolve(answer(next_day), &Influence::none()).unwrap();
        assert!(may_run(&facts(&answered), &need(next_day), id(61)).is_ok());
        assert!(may_run(&facts(&answered), &need(next_day.plus_millis(-1)), id(61)).is_err());
        let twice = answered.resolve(answer(next_day), &Influence::none());
        assert!(matches!(twice, Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
    }
}
