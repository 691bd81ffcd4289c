//! Who may correct or move what somebody charted (decisions.md 12): role × author × who is in charge.

use crate::support::visit::Visit;
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

/// What is charted, and how it is corrected.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Row,
    Dose,
}

const ENTRIES: [Entry; 2] = [Entry::Row, Entry::Dose];
const NOT_AUTHOR: (u16, &str) = (403, "not_author");
const FORBIDDEN: (u16, &str) = (403, "forbidden");
const DONE: (u16, &str) = (201, "");

/// `who` charts it; gives back its path.
fn chart(visit: &Visit<'_>, entry: Entry, who: &'static str) -> String {
    let actor = visit.clinic.actor(who);
    match entry {
        Entry::Row => {
            let row = json!({"patient_id": visit.patient, "heart_rate_per_min": 71});
            format!("/api/v1/observations/{}", actor.post(&visit.path("/observations"), &row).expect(201).id())
        }
        Entry::Dose => {
            let given = json!({"patient_id": visit.patient, "kind": "rescue_drug", "drug": "ondansetron",
                "drug_class": "antiemetic", "drug_dose_mg": "4", "drug_route": "iv"});
            let made = actor.post(&visit.path("/dosing-events"), &given).expect(201).body;
            format!("/api/v1/dosing-events/{}", made["event"]["id"].as_str().unwrap())
        }
    }
}

fn amend(visit: &Visit<'_>, entry: Entry, path: &str, who: &'static str) -> Answer {
    let body: Value = match entry {
        Entry::Row => json!({"patient_id": visit.patient, "correction": "entered_in_error", "reason": "not hers"}),
        Entry::Dose => json!({"entered_in_error": true, "reason": "not hers"}),
    };
    visit.clinic.actor(who).post(&format!("{path}/amendments"), &body)
}

fn relocate(visit: &Visit<'_>, to: &Visit<'_>, path: &str, who: &'static str) -> Answer {
    let mut body = json!({"to_session_id": to.session, "reason": "charted in the wrong record"});
    if path.contains("observations") {
        body["patient_id"] = json!(visit.patient);
    }
    visit.clinic.actor(who).post(&format!("{path}/move"), &body)
}

fn hand_over(visit: &Visit<'_>, to: &str) {
    let body = json!({"to_staff_id": visit.clinic.staff_id(to).to_string(), "giver": "signed"});
    visit.clinic.nurse().post(&visit.path("/handover"), &body).expect(200);
}

fn expect(answer: Answer, (status, code): (u16, &str), case: &str) {
    let found = (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned());
    assert_eq!(found, (status, code.to_owned()), "{case}: {:#}", answer.body);
}

/// Two visits of the nurse, with drug running in the first.
fn two_visits(clinic: &Clinic) -> (Visit<'_>, Visit<'_>) {
    (clinic.a_running_session(), clinic.a_received_visit())
}

#[test]
fn an_entry_is_corrected_and_moved_by_its_author_the_one_in_charge_or_a_prescriber() {
    on_both_databases(|clinic| {
        let (visit, other) = two_visits(clinic);
        // The nurse is in charge at first; after the hand-over the second nurse is.
        for (owner, table) in [
            (
                "nurse",
                [
                    ("nurse", "second_nurse", DONE),
                    ("second_nurse", "second_nurse", DONE),
                    ("second_nurse", "nurse", NOT_AUTHOR),
                    ("second_nurse", "prescriber", NOT_AUTHOR),
                    ("second_prescriber", "nurse", DONE),
                    ("front_desk", "nurse", FORBIDDEN),
                    ("auditor", "nurse", FORBIDDEN),
                    ("admin", "nurse", FORBIDDEN),
                ],
            ),
            (
                "second_nurse",
                [
                    ("second_nurse", "nurse", DONE),
                    ("nurse", "nurse", DONE),
                    ("nurse", "second_nurse", NOT_AUTHOR),
                    ("nurse", "prescriber", NOT_AUTHOR),
                    ("prescriber", "second_nurse", DONE),
                    ("front_desk", "nurse", FORBIDDEN),
                    ("auditor", "nurse", FORBIDDEN),
                    ("admin", "nurse", FORBIDDEN),
                ],
            ),
        ] {
            if owner != "nurse" {
                hand_over(&visit, owner);
            }
            for (who, author, expected) in table {
                for entry in ENTRIES {
                    let case = format!("{entry:?} of {author}, {owner} in charge, {who} corrects");
                    expect(amend(&visit, entry, &chart(&visit, entry, author), who), expected, &case);
                    expect(relocate(&visit, &other, &chart(&visit, entry, author), who), expected, &case);
                }
            }
        }
    });
}

#[test]
fn after_the_close_nobody_corrects_alone_not_even_the_author() {
    on_both_databases(|clinic| {
        let visit = clinic.a_fit_session();
        let charted: Vec<_> = ENTRIES.iter().map(|entry| (*entry, chart(&visit, *entry, "nurse"))).collect();
        clinic.advance_minutes(61);
        visit.observe(&Visit::recovered());
        clinic.advance_minutes(15);
        visit.observe(&Visit::recovered());
        visit.complete(&json!({})).expect(200);
        visit.settle(&json!({})).expect(201);
        visit.close().expect(200);
        for (entry, path) in charted {
            for who in ["nurse", "prescriber"] {
                amend(&visit, entry, &path, who).expect_problem(409, "wrong_state");
            }
        }
    });
}
