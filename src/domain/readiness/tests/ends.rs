//! Going on, going home, locking the record.
use super::*;
use crate::domain::id::{AlertId, SettlementId, TaskId};
use crate::domain::policy::Rules;
use crate::domain::quantity::Micrograms;
use crate::domain::session::Disposition;
use crate::domain::settlement::{Books, DiscrepancyClass, Settlement, SettlementForm, Tolerance};

#[test]
fn a_session_that_goes_on_needs_consent_quiet_alerts_a_fresh_pressure_and_a_read_back_pump() {
    let facts = ResumeFacts {
        session: visit(Route::Iv).session,
        consent: Vec::new(),
        unacknowledged: Vec::new(),
        paused_at: noon(),
        pressure_at: Some(noon()),
        preparation_corrected_at: Some(noon()),
        pump_read_back_at: Some(noon()),
    };
    assert_eq!(unmet_for_resume(&facts), []);
    let take: [(&str, fn(&mut ResumeFacts)); 5] = [
        ("consent_withdrawn", |facts| facts.consent = given("consent_withdrawn")),
        ("alert_unacknowledged", |facts| facts.unacknowledged = vec![AlertId(Uuid::nil())]),
        ("pressure_since_pause_missing", |facts| facts.pressure_at = Some(noon().plus_minutes(-1))),
        ("pump_not_read_back", |facts| facts.pump_read_back_at = None),
        ("pump_not_read_back", |facts| facts.pump_read_back_at = Some(noon().plus_minutes(-1))),
    ];
    for (code, take) in take {
        let mut facts = facts.clone();
        take(&mut facts);
        assert_eq!(codes(&unmet_for_resume(&facts)), [code]);
    }
}

fn fit() -> LeaveFacts {
    LeaveFacts {
        visit: visit(Route::Iv),
        disposition: Disposition::HomeWithEscort,
        criteria: Vec::new(),
        escort_seen: true,
        item9_open: false,
        open_alerts: Vec::new(),
        pump_unconfirmed: false,
    }
}

type Unfit = (&'static str, bool, fn(&mut LeaveFacts));

/// Code, whether a prescriber may set it aside, and how it comes about.
const UNFIT: &[Unfit] = &[
    ("pump_unconfirmed", false, |facts| facts.pump_unconfirmed = true),
    ("alert_open", false, |facts| facts.open_alerts = vec![AlertId(Uuid::nil())]),
    ("item9_not_acted_on", false, |facts| facts.item9_open = true),
    ("minimum_stay", true, |facts| {
        facts.criteria = vec![Unmet::new("minimum_stay", "discharge.stay", "").overridable_by(Override::Prescriber)];
    }),
    ("escort_not_seen", true, |facts| facts.escort_seen = false),
];

#[test]
fn a_fit_patient_goes_home_and_each_criterion_alone_keeps_one_here() {
    assert_eq!(unmet_for_leaving(&fit()), []);
    for (code, releasable, make_unfit) in UNFIT {
        let with = |disposition| {
            let mut facts = LeaveFacts { disposition, ..fit() };
            make_unfit(&mut facts);
            codes(&unmet_for_leaving(&facts))
        };
        assert_eq!(with(Disposition::HomeWithEscort), [*code]);
        assert_eq!(with(Disposition::HomeException).is_empty(), *releasable, "{code}");
        for skips in [Disposition::AgainstAdvice, Disposition::Eloped, Disposition::TransferredEms] {
            assert_eq!(with(skips), Vec::<&str>::new(), "nobody is kept: {code}");
        }
    }
}

fn tolerance() -> Tolerance {
    Tolerance::from(&Rules::seeded())
}

fn closable() -> CloseFacts {
    let books = |charted| Books {
        prepared: Micrograms::parse("100").unwrap(),
        charted: Micrograms::parse(charted).unwrap(),
        concentration: MicrogramsPerMillilitre::parse("1").ok(),
    };
    let form = SettlementForm { waste_method: Some("denatured".to_owned()), ..SettlementForm::default() };
    let settlement =
        Settlement::settle(SettlementId(Uuid::nil()), visit(Route::Iv), form, (books("60"), tolerance()), deed())
            .unwrap()
            .0;
    CloseFacts {
        session: visit(Route::Iv).session,
        books: Some(books("60")),
        settlement: Some(settlement),
        open_alerts: Vec::new(),
        open_tasks: Vec::new(),
        pump_unconfirmed: false,
    }
}

#[test]
fn a_visit_is_locked_when_books_alerts_and_tasks_are_done() {
    assert_eq!(unmet_for_close(&closable()), []);
    let open: [(&str, fn(&mut CloseFacts)); 5] = [
        ("pump_unconfirmed", |facts| facts.pump_unconfirmed = true),
        ("settlement_missing", |facts| facts.settlement = None),
        ("settlement_unbalanced", |facts| facts.books.as_mut().unwrap().charted = Micrograms::parse("57.5").unwrap()),
        ("alert_open", |facts| facts.open_alerts = vec![AlertId(Uuid::nil())]),
        ("tasks_open", |facts| facts.open_tasks = vec![TaskId(Uuid::nil())]),
    ];
    for (code, open) in open {
        let mut facts = closable();
        open(&mut facts);
        assert_eq!(codes(&unmet_for_close(&facts)), [code]);
    }
    let without_drug = CloseFacts { books: None, settlement: None, ..closable() };
    assert_eq!(unmet_for_close(&without_drug), []);
}

#[test]
fn an_open_discrepancy_settles_what_is_missing() {
    let mut facts = closable();
    let books = Books { charted: Micrograms::parse("57.5").unwrap(), ..facts.books.unwrap() };
    let form = SettlementForm {
        measured_waste: crate::domain::quantity::Microlitres::parse("40").ok(),
        waste_method: Some("denatured".to_owned()),
        discrepancy: Some(DiscrepancyClass::Documentation),
        explanation: Some("rate charted too late".to_owned()),
        ..SettlementForm::default()
    };
    let settlement =
        Settlement::settle(SettlementId(Uuid::nil()), visit(Route::Iv), form, (books, tolerance()), deed()).unwrap().0;
    assert!(settlement.is_discrepant());
    facts.books = Some(books);
    facts.settlement = Some(settlement);
    assert_eq!(unmet_for_close(&facts), []);
}
