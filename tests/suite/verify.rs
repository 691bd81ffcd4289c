//! Tampering with a trail: every change is found, none is seen where nothing was changed.

use crate::architecture::source::root;
use crate::schema::catalogue::Database;
use crate::support::{Clinic, Kind, on_both_databases, scratch};
use chairside::domain::audit_entry::leaf_hash;
use chairside::domain::checkpoint::{Checkpoint, Note, read_verifier_key};
use chairside::domain::merkle;
use chairside::store::DatabaseCopy;
use chairside::verify::{Entry, Fault, Head, Walk, entry_of, verify_copy, verify_export, write_export};
use serde_json::{Value, json};
use std::process::Command;

/// A clinic whose trail has changes, reads, searches with many patients, refusals and two checkpoints.
fn a_busy_trail(clinic: &Clinic) -> (Vec<Entry>, Head, Vec<(u64, merkle::Hash)>) {
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let sign = || {
        let note = clinic.auditor().post("/api/v1/audit/checkpoints", &json!({})).expect(200).body["note"].clone();
        let read = Checkpoint::read(note.as_str().unwrap()).unwrap().checkpoint;
        (read.size, read.root)
    };
    let mut checkpoints = Vec::new();
    for _ in 0..2 {
        for _ in 0..5 {
            let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
            clinic.nurse().get(made.header("location").unwrap()).expect(200);
        }
        clinic.nurse().post("/api/v1/patients/search", &json!({"name": "rivera"})).expect(200);
        clinic.auditor().post("/api/v1/patients/search", &json!({"name": "rivera"})).expect(403);
        checkpoints.push(sign());
    }
    let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
    let (_, size, last) = copy.trails().unwrap().into_iter().find(|(id, ..)| *id == clinic.id).unwrap();
    let entries = copy.entries(clinic.id, 0, 10_000).unwrap().into_iter().map(entry_of).collect();
    (entries, Head { size, last_ts: chairside::domain::audit_entry::micros(last) }, checkpoints)
}

fn first_fault(entries: &[Entry], head: &Head, checkpoints: &[(u64, merkle::Hash)]) -> Option<(u64, Fault)> {
    fault_from(Walk::against(checkpoints.iter().copied()).unwrap(), entries, head)
}

/// The first fault of a walk that has come so far.
fn fault_from(mut walk: Walk, entries: &[Entry], head: &Head) -> Option<(u64, Fault)> {
    let stepped = entries.iter().try_for_each(|entry| walk.step(entry));
    stepped.and_then(|()| walk.finish(Some(head)).map(drop)).err().map(|found| (found.seq, found.fault))
}

/// Every single change of these kinds, each on a copy of its own, with the first place that it touches.
fn each_change(entries: &[Entry], look: &mut impl FnMut(String, usize, &[Entry])) {
    change_each_entry(entries, look);
    for at in 0..entries.len() {
        let mut removed = entries.to_vec();
        removed.remove(at);
        look(format!("entry {} removed", at + 1), at, &removed);
        removed[at..].iter_mut().for_each(|entry| entry.seq -= 1);
        look(format!("entry {} removed, the rest numbered again", at + 1), at, &removed);
        let mut inserted = entries.to_vec();
        inserted.insert(at, entries[at].clone());
        look(format!("entry {} twice", at + 1), at, &inserted);
        inserted[at + 1..].iter_mut().for_each(|entry| entry.seq += 1);
        look(format!("entry {} twice, the rest numbered again", at + 1), at, &inserted);
        look(format!("cut off before entry {}", at + 1), at, &entries[..at]);
        for other in at + 1..entries.len().min(at + 4) {
            let mut swapped = entries.to_vec();
            swapped.swap(at, other);
            look(format!("entries {} and {} swapped", at + 1, other + 1), at, &swapped);
            (swapped[at].seq, swapped[other].seq) = (entries[at].seq, entries[other].seq);
            look(format!("entries {} and {} swapped under their numbers", at + 1, other + 1), at, &swapped);
        }
    }
}

fn change_each_entry(entries: &[Entry], look: &mut impl FnMut(String, usize, &[Entry])) {
    let mut copy = entries.to_vec();
    let mut change = |what: String, at: usize, with: &dyn Fn(&mut Entry)| {
        with(&mut copy[at]);
        look(what, at, &copy);
        copy[at] = entries[at].clone();
    };
    for (at, entry) in entries.iter().enumerate() {
        for byte in (0..entry.body.len()).step_by(7) {
            let bend = move |entry: &mut Entry| {
                let mut body = entry.body.clone().into_bytes();
                body[byte] ^= 1;
                entry.body = String::from_utf8_lossy(&body).into_owned();
            };
            change(format!("entry {} byte {byte}", at + 1), at, &bend);
            change(format!("entry {} byte {byte}, leaf made again", at + 1), at, &|entry| {
                bend(entry);
                entry.leaf = leaf_hash(entry.body.as_bytes()).to_vec();
            });
        }
        for byte in 0..32 {
            change(format!("entry {} leaf byte {byte}", at + 1), at, &|entry| entry.leaf[byte] ^= 0x80);
        }
        for (column, (name, _)) in entry.columns.iter().enumerate() {
            change(format!("entry {} column {name}", at + 1), at, &|entry| entry.columns[column].1 = json!("other"));
        }
        change(format!("entry {} another patient", at + 1), at, &|entry| {
            entry.subjects.as_mut().unwrap().push("0190a5c0-0000-7000-8000-00000000dead".into());
        });
        if entry.detail.is_some() {
            change(format!("entry {} salt", at + 1), at, &|entry| entry.detail.as_mut().unwrap().0[0] ^= 1);
            change(format!("entry {} detail gone", at + 1), at, &|entry| entry.detail = None);
        }
    }
}

#[test]
fn six_thousand_single_changes_of_a_trail_are_all_found_and_none_where_nothing_was_changed() {
    on_both_databases(|clinic| {
        let (entries, head, checkpoints) = a_busy_trail(clinic);
        assert!(entries.iter().any(|entry| entry.detail.is_some()), "a list of patients is bound by a detail");
        assert_eq!(first_fault(&entries, &head, &checkpoints), None);
        let signed = usize::try_from(checkpoints[1].0).unwrap();
        // What was never signed can be changed together with its hash and nobody knows; so only signed entries here.
        let (entries, head) = (
            entries[..signed].to_vec(),
            Head { size: signed as i64, last_ts: body(&entries[signed - 1])["ts"].as_str().unwrap().into() },
        );
        let (mut walk, mut so_far) = (Walk::against(checkpoints.iter().copied()).unwrap(), Vec::new());
        for entry in &entries {
            so_far.push(walk.clone());
            walk.step(entry).unwrap();
        }
        let (mut made, mut missed) = (0, Vec::new());
        each_change(&entries, &mut |what, at, changed| {
            made += 1;
            if fault_from(so_far[at].clone(), &changed[at..], &head).is_none() {
                missed.push(what);
            }
        });
        assert!(made >= 6_000, "only {made} changes");
        assert_eq!(missed, Vec::<String>::new(), "of {made}");
        assert_eq!(first_fault(&entries, &head, &checkpoints), None);
        // The end cut off together with its head shows by the checkpoint that left the house.
        let cut = Head { size: head.size - 1, last_ts: body(&entries[signed - 2])["ts"].as_str().unwrap().into() };
        let found = first_fault(&entries[..signed - 1], &cut, &checkpoints);
        assert_eq!(found, Some((signed as u64, Fault::RolledBack)));
    });
}

fn body(entry: &Entry) -> Value {
    serde_json::from_str(&entry.body).unwrap()
}

#[test]
fn a_whole_visit_is_intact_with_every_record_and_an_altered_record_is_named() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        visit.observe(&json!({"systolic_mmhg": 200, "diastolic_mmhg": 122}));
        let verdict = || {
            let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
            verify_copy(&mut copy, Some(clinic.id), &[], None).unwrap().pop().unwrap().1
        };
        let checked = verdict().unwrap_or_else(|found| panic!("{found}"));
        assert!(checked.words.len() > 20, "{}", checked.words.len());
        let mut database = Database::of(&clinic.url);
        let id = match clinic.kind {
            Kind::Sqlite => format!("x'{}'", visit.patient.replace('-', "")),
            Kind::Postgres => format!("'{}'", visit.patient),
        };
        database.run(&format!("UPDATE patients SET family_name = 'Stone' WHERE id = {id}")).unwrap();
        let found = verdict().unwrap_err();
        assert_eq!(found.fault, Fault::Record);
        assert!(found.text.contains(&visit.patient), "{found}");
    });
}

#[test]
fn an_export_is_verified_by_us_and_by_a_program_that_shares_no_code_with_us() {
    on_both_databases(|clinic| {
        let (entries, ..) = a_busy_trail(clinic);
        let mut export = Vec::new();
        let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
        write_export(&mut copy, clinic.id, &[1, 3], &mut export).unwrap();
        let text = String::from_utf8(export).unwrap();
        assert!(!text.contains("Rivera"), "an export names nobody");
        let listed = clinic.admin().get("/api/v1/audit/checkpoints").expect(200).body;
        let key = listed["verifier_key"].as_str().unwrap();
        let (_, public) = read_verifier_key(key).unwrap();
        let newest: Note = Checkpoint::read(listed["items"][0]["note"].as_str().unwrap()).unwrap();
        let both = |text: &str| {
            let own = verify_export(text.as_bytes(), std::slice::from_ref(&newest), Some(&public))
                .unwrap()
                .map(|checked| checked.size);
            let path = scratch().join("export.ndjson");
            std::fs::write(&path, text).unwrap();
            let notes = path.with_extension("txt");
            std::fs::write(&notes, format!("{}\n", listed["items"][0]["note"].as_str().unwrap())).unwrap();
            let mut run = Command::new("python3");
            run.arg(root().join("scripts/verify-trail.py"))
                .arg(&path)
                .args(["--key", key])
                .arg("--checkpoints")
                .arg(notes);
            (own, run_to_end(&mut run))
        };
        let (own, theirs) = both(&text);
        assert_eq!((own, theirs.0), (Ok(entries.len() as u64), 0), "{}", theirs.1);
        let lines: Vec<&str> = text.lines().collect();
        let without = |at: usize| {
            lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
        };
        let mut swapped = lines.clone();
        swapped.swap(4, 5);
        for bent in [
            text.replacen("patient.registered", "patient.regarded", 1),
            without(5),
            swapped.join("\n"),
            text.replacen("\"proof_sha256\":[\"", "\"proof_sha256\":[\"00", 1),
            text.lines().take(4).collect::<Vec<_>>().join("\n"),
        ] {
            let (own, (code, said)) = both(&bent);
            assert!(own.is_err() && code == 1, "{own:?} {code} {said}");
        }
    });
}

fn run_to_end(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("python3 runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}
