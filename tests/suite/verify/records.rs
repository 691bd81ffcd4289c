//! Records held against the trail: every kind can be made again, and what somebody bent is named.

use super::bend::Bent;
use super::{id, long, place, sign, verdict};
use crate::architecture::source::{Token, rust_files};
use crate::every_endpoint::everything_planted_in;
use crate::support::{Clinic, Kind};
use chairside::domain::record::RecordKind;
use chairside::store::DatabaseCopy;
use chairside::verify::{Fault, Given, Verdict, Word, verify_copy};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What no entry speaks of, and why that is right.
const NOT_HELD: [(&str, &str); 26] = [
    ("dosing_events.entered_in_error", "counts on an entry that corrects another, where it is held"),
    ("__diesel_schema_migrations", "the migrations' own"),
    ("accounts", "of no clinic; holds secrets, and its entries tell only that it changed"),
    ("bookings", "what a session or a conversation holds: follows from its own row"),
    ("clinic_counters", "the next number, never a statement"),
    ("idempotency_keys", "answers, kept for a week to be given again"),
    ("refresh_tokens", "secrets of a day, as hashes"),
    ("sign_in_limits", "how often secrets were tried"),
    ("signing_tokens", "secrets of five minutes, as hashes"),
    ("timers", "when the clock looks next: follows from the record"),
    ("audit_checkpoints.signed_at", "the note says what was signed, not when"),
    ("login_sessions.last_seen_at", "moves with each use"),
    ("observations.level", "what the rules made of the row: follows from it"),
    ("observations.rules", "as above"),
    ("observations.recommended", "as above"),
    ("observations.recheck_due_at", "as above"),
    ("orders.route", "repeats the session's"),
    ("patients.mrn_key", "folded to search by"),
    ("patients.family_first_key", "as above"),
    ("patients.given_first_key", "as above"),
    ("patients.phone_key", "as above"),
    ("settlements.pump_differs", "follows from the books"),
    ("patient_identifiers.id", "the number itself is what the patient's record holds"),
    ("patient_identifiers.version", "as above"),
    ("patient_identifiers.added_at", "as above"),
    ("session_transitions.id", "a line of history is known by its session and version"),
];

/// Two clinics on a database of their own, with a row of nearly every table between them: one with a visit that runs, one
/// with a visit that is settled.
fn full_clinics(kind: Kind) -> Clinic {
    let clinic = Clinic::open_apart(kind);
    let [patient, ..] = everything_planted_in(&clinic);
    let add = |path: &str, body: serde_json::Value| {
        clinic.prescriber().post(&format!("/api/v1/patients/{patient}/{path}"), &body).expect(201);
    };
    add("medications", json!({"name": "sertraline", "class": "ssri", "dose_text": "100 mg"}));
    add("conditions", json!({"code": "G43.709"}));
    clinic.admin().post("/api/v1/rooms", &json!({"name": "Chair 9"})).expect(201);
    let next = clinic.next_door();
    let visit = next.a_completed_session();
    visit.settle(&json!({})).expect(201);
    sign(&clinic);
    sign(next);
    clinic
}

/// The first thing that is wrong with any of the trails.
fn first_fault(clinic: &Clinic) -> (Option<(Option<u64>, Fault)>, Vec<Verdict>) {
    let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
    let verdicts = verify_copy(&mut copy, Given { records: true, ..Given::default() }).unwrap();
    (verdicts.iter().find_map(place), verdicts)
}

#[test]
fn every_kind_of_record_in_the_code_has_a_way_back_from_its_rows() {
    let known: BTreeSet<&str> = RecordKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut named = BTreeSet::new();
    for file in rust_files("src") {
        let tokens = &file.tokens;
        for window in tokens.windows(5) {
            let word = |at: usize, expected: &str| matches!(&window[at], Token::Word(word) if word == expected);
            let makes = (word(0, "Record") || word(0, "Subject")) && word(2, "new");
            if let (true, Token::Text(kind)) = (makes, &window[4]) {
                named.insert(kind.clone());
            }
        }
    }
    // Those have no record that is kept: their entries tell that something happened, and no hash.
    for note in ["account", "audit_detail", "sign_in", "note"] {
        named.remove(note);
    }
    let unknown: Vec<&String> = named.iter().filter(|kind| !known.contains(kind.as_str())).collect();
    assert!(unknown.is_empty(), "add {unknown:?} to RecordKind, and in store/records.rs the way back from their rows");
    assert!(named.len() > 20, "the code was not read: {named:?}");
}

#[test]
fn a_whole_clinic_is_intact_record_by_record() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = full_clinics(kind);
        let (fault, verdicts) = first_fault(&clinic);
        assert_eq!(fault, None, "{verdicts:#?}");
        let words = verdicts.iter().flat_map(|verdict| verdict.outcome.as_ref().unwrap().words.of.keys());
        let kinds: BTreeSet<&str> = words.map(|(kind, _)| kind.as_str()).collect();
        let records: u64 = verdicts.iter().map(|verdict| verdict.records).sum();
        println!("{kind:?}: {records} records of {} kinds are as the trail says: {kinds:?}", kinds.len());
        assert!(verdicts.iter().all(|verdict| verdict.unheld == 0));
        assert!(records > 100 && kinds.len() >= 26, "{records} records of {kinds:?}");
    }
}

/// One column of one row, bent and put back.
struct Bend<'a> {
    table: &'a str,
    column: &'a str,
    value: String,
    row: String,
}

impl Bend<'_> {
    /// What the verifier says while it is bent; none when the database itself does not take the value.
    fn look<T>(&self, bent: &mut Bent, look: impl FnOnce() -> T) -> Option<T> {
        let Self { table, column, value, row } = self;
        bent.database.run(&format!("CREATE TABLE kept AS SELECT * FROM {table} WHERE {row}")).unwrap();
        let now = if bent.kind == Kind::Sqlite { "rowid" } else { "ctid" };
        let change = format!("UPDATE {table} SET {column} = {value} WHERE {row} RETURNING CAST({now} AS TEXT) AS line");
        let changed = bent.database.try_lines(&change).ok();
        let seen = changed.map(|changed| {
            let seen = look();
            let place = &changed[0][0];
            let back = format!("UPDATE {table} SET {column} = (SELECT {column} FROM kept) WHERE {now} = '{place}'");
            bent.database.run(&back).unwrap();
            seen
        });
        bent.database.run("DROP TABLE kept").unwrap();
        seen
    }
}

#[test]
fn every_bent_column_of_every_table_is_found_but_those_that_say_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = full_clinics(kind);
        let (fault, verdicts) = first_fault(&clinic);
        assert_eq!(fault, None, "{verdicts:#?}");
        let words = verdicts.into_iter().flat_map(|verdict| verdict.outcome.unwrap().words.of);
        let words: HashMap<(String, uuid::Uuid), Word> = words.collect();
        let mut bent = Bent::of(&clinic);
        let catalogue = bent.database.catalogue();
        let (mut tried, mut unseen, mut misplaced, mut number) = (BTreeMap::new(), Vec::new(), Vec::new(), 0_usize);
        // A value where a row of this kind has none, which nothing reads: it says nothing to anybody.
        let mut unread = Vec::new();
        for (table, description) in &catalogue {
            let key = description.primary_key.join(", ");
            let now = if kind == Kind::Sqlite { "rowid" } else { "ctid" };
            // The last row by its key; the installation's own rows are few.
            let row = format!("{now} = (SELECT {now} FROM {table} ORDER BY {key} DESC LIMIT 1)");
            let count = bent.database.lines(&format!("SELECT CAST(count(*) AS TEXT) AS line FROM {table}"));
            if key.is_empty() || count[0][0] == "0" || excused(table) {
                continue;
            }
            for (column, (column_type, _)) in &description.columns {
                number += 1;
                if excused(&format!("{table}.{column}")) || (!long() && number % 12 != 0) {
                    continue;
                }
                let subject = subject_of(&mut bent, table, &row, description.columns.contains_key("id"));
                let null =
                    format!("SELECT CAST(count(*) AS TEXT) AS line FROM {table} WHERE {row} AND {column} IS NULL");
                let empty = bent.database.lines(&null)[0][0] == "1";
                let value = bent.other_value(column, column_type);
                let bend = Bend { table, column, value, row: row.clone() };
                let Some(found) = bend.look(&mut bent, || first_fault(&clinic).0) else { continue };
                *tried.entry(table.as_str()).or_insert(0_usize) += 1;
                let expected = subject.and_then(|key| words.get(&key)).map(|word| word.seq);
                match found {
                    None if empty => unread.push(format!("{table}.{column}")),
                    None => unseen.push(format!("{table}.{column}")),
                    Some((seq, Fault::Record)) if expected.is_some() && column != "id" && column != "clinic_id" => {
                        // What hangs on the row may have been written earlier, and then that is named.
                        if seq.is_none() || seq > expected {
                            misplaced.push(format!("{table}.{column}: {seq:?}, not {expected:?}"));
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        let sum: usize = tried.values().sum();
        println!("{kind:?}: {sum} columns bent, by table {tried:?}; filled and read by nobody: {unread:?}");
        assert!(unseen.is_empty(), "nobody saw these bent: {unseen:#?}");
        assert!(misplaced.is_empty(), "{misplaced:#?}");
        assert!(sum >= if long() { 300 } else { 35 }, "only {sum}");
        assert_eq!(first_fault(&clinic).0, None, "all was put back");
    }
}

fn excused(name: &str) -> bool {
    let table = name.split('.').next().unwrap();
    NOT_HELD.iter().any(|(known, _)| *known == name || *known == table)
}

/// The record a row is, for the tables whose rows are one.
fn subject_of(bent: &mut Bent, table: &str, row: &str, has_id: bool) -> Option<(String, uuid::Uuid)> {
    let kind = match table {
        "patients" | "sessions" | "consents" | "alerts" | "tasks" | "orders" | "rooms" | "prechecks"
        | "preparations" | "settlements" | "observations" | "dosing_events" | "screenings" | "appointments"
        | "conditions" | "medications" | "outcome_scores" | "treatment_plans" | "protocols" => {
            table.trim_end_matches('s')
        }
        _ => return None,
    };
    let text = match bent.kind {
        Kind::Sqlite => format!("SELECT lower(hex(id)) AS line FROM {table} WHERE {row}"),
        Kind::Postgres => format!("SELECT CAST(id AS TEXT) AS line FROM {table} WHERE {row}"),
    };
    let found = has_id.then(|| bent.database.lines(&text))?;
    Some((kind.to_owned(), uuid::Uuid::parse_str(&found[0][0]).ok()?))
}

#[test]
fn a_record_that_nobody_wrote_and_one_that_is_gone_are_named() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = full_clinics(kind);
        let words = verdict(&clinic).outcome.unwrap().words;
        let mut bent = Bent::of(&clinic);
        let forged = id(kind, "0190a5c0-0000-7000-8000-00000000dead");
        let copied = format!(
            "CREATE TABLE forged AS SELECT * FROM medications LIMIT 1; UPDATE forged SET id = {forged};
             INSERT INTO medications SELECT * FROM forged; DROP TABLE forged"
        );
        bent.database.run(&copied).unwrap();
        assert_eq!(place(&verdict(&clinic)), Some((None, Fault::Record)));
        bent.database.run(&format!("DELETE FROM medications WHERE id = {forged}")).unwrap();
        assert_eq!(place(&verdict(&clinic)), None);
        let seen = words.of.iter().filter(|((kind, _), _)| kind == "observation");
        let ((_, row), word) = seen.min_by_key(|(_, word)| word.seq).unwrap();
        let gone = format!("DELETE FROM observations WHERE id = {}", id(kind, &row.to_string()));
        bent.database.run(&gone).unwrap();
        assert_eq!(place(&verdict(&clinic)), Some((Some(word.seq), Fault::Record)));
    }
}
