//! Exports, proofs and erasures: by the command line, and by a program that shares no code with us.

use super::{a_busy_trail, long, place, sign, text, verdict, verdict_with};
use crate::architecture::source::root;
use crate::support::{Clinic, Kind, on_both_databases, scratch};
use chairside::access::permission::EraseDetail;
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::api::reply;
use chairside::domain::checkpoint::{Checkpoint, Note, read_verifier_key};
use chairside::domain::id::ClinicId;
use chairside::store::{DatabaseCopy, Once, StoreError};
use chairside::verify::{Fault, Given, Range, check_records, prove, read_proof, verify_export, write_export};
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// The verifier key and the newest checkpoint, as somebody keeps them outside.
fn kept(clinic: &Clinic) -> (String, String) {
    let listed = clinic.admin().get("/api/v1/audit/checkpoints").expect(200).body;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&listed["verifier_key"]), text(&listed["items"][0]["note"]))
}

fn export(clinic: &Clinic, range: Range, prove: &[u32]) -> String {
    let (mut out, mut copy) = (Vec::new(), DatabaseCopy::open(&clinic.url).unwrap());
    write_export(&mut copy, clinic.id, range, prove, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn run(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

fn python(arguments: &[&str], files: &[&Path]) -> (i32, String) {
    run(Command::new("python3").arg(root().join("scripts/verify-trail.py")).args(arguments).args(files))
}

fn chairside(arguments: &[&str]) -> (i32, String) {
    run(Command::new(env!("CARGO_BIN_EXE_chairside")).arg("audit").args(arguments))
}

/// One change of an export for each number: a byte, a line gone, two lines swapped, one twice, the end cut off.
fn mutated(text: &str, number: usize) -> String {
    let mut lines: Vec<String> = text.lines().map(Into::into).collect();
    // A multiplicative step through the lines, so that a short run looks at all parts of the export.
    let at = 1 + (number * 7919) % (lines.len() - 1);
    match number % 8 {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 if at + 1 < lines.len() => lines.swap(at, at + 1),
        3 => lines.truncate(at),
        _ => {
            let mut bytes = lines[at].clone().into_bytes();
            let byte = (number * 104_729) % bytes.len();
            bytes[byte] = if bytes[byte] == b'0' { b'1' } else { b'0' };
            lines[at] = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    lines.join("\n") + "\n"
}

/// What an export says of entries.
fn lines_of(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains("\"type\":\"entry\"")).collect()
}

#[test]
fn two_verifiers_that_share_no_code_say_the_same_of_a_trail_and_of_every_change_of_it() {
    on_both_databases(|clinic| {
        let (entries, ..) = a_busy_trail(clinic);
        let text = export(clinic, Range::ALL, &[1, 3]);
        let part = export(clinic, Range { from: 4, to: Some(20) }, &[]);
        assert!(!text.contains("Rivera") && !text.contains("555 0101"), "an export names nobody");
        let (key, note) = kept(clinic);
        let public = read_verifier_key(&key).unwrap().1;
        let newest: Note = Checkpoint::read(&note).unwrap();
        let folder = scratch();
        let notes = folder.join("notes.txt");
        std::fs::write(&notes, format!("{note}\n")).unwrap();
        let own = |text: &str| match verify_export(text.as_bytes(), std::slice::from_ref(&newest), Some(&public)) {
            Err(_) => "not usable".to_owned(),
            Ok(Ok(checked)) => format!("intact: {} entries, {} of them signed", checked.size, checked.sealed),
            Ok(Err(found)) => format!("entry {}: {}", found.seq.unwrap(), found.fault),
        };
        let changes = if long() { 5_000 } else { 120 };
        assert_eq!(part.matches("\"type\":\"entry\"").count(), 17);
        let texts: Vec<String> =
            [text.clone(), part].into_iter().chain((0..changes).map(|n| mutated(&text, n))).collect();
        let files: Vec<_> = (0..texts.len()).map(|n| folder.join(format!("{n}.ndjson"))).collect();
        for (file, text) in files.iter().zip(&texts) {
            std::fs::write(file, text).unwrap();
        }
        let mut theirs = Vec::new();
        for some in files.chunks(500) {
            let some: Vec<&Path> = some.iter().map(|file| file.as_path()).collect();
            let (_, said) = python(&["--key", &key, "--since", notes.to_str().unwrap()], &some);
            theirs.extend(said.lines().map(str::to_owned));
        }
        assert_eq!(theirs.len(), texts.len(), "{theirs:?}");
        let whole = format!("intact: {0} entries, {1} of them signed", entries.len(), newest.checkpoint.size);
        let mut seen = std::collections::BTreeMap::<String, usize>::new();
        for (number, (text, theirs)) in texts.iter().zip(&theirs).enumerate() {
            let own = own(text);
            assert!(theirs.starts_with(&own), "change {number}: we say {own}, they say {theirs}");
            // A proof or a note less is no lie; an entry that is not the one that was written is.
            let same = lines_of(text) == lines_of(&texts[0]) || number == 1;
            assert!(same || !own.starts_with("intact"), "change {number}: {own}");
            assert!(number > 1 || own == whole, "export {number}: {own}");
            *seen.entry(own.rsplit(": ").next().unwrap().to_owned()).or_default() += 1;
        }
        println!("{:?}: {changes} changed exports, both verifiers agree: {seen:?}", clinic.kind);
    });
}

#[test]
fn the_command_line_verifies_a_copy_an_export_and_a_proof_and_says_so_by_its_exit_code() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = Clinic::open_apart(kind);
        a_busy_trail(&clinic);
        let (folder, url, id) = (scratch(), text(&clinic.url), clinic.id.to_string());
        let (key, note) = kept(&clinic);
        let (notes, out, proof) = (folder.join("n.txt"), folder.join("e.ndjson"), folder.join("3.tlog-proof"));
        std::fs::write(&notes, format!("{note}\n")).unwrap();
        let (notes, out) = (notes.to_str().unwrap(), out.to_str().unwrap());
        let database = ["verify", "--database-url", &url, "--since", notes, "--key", &key];
        let (code, said) = chairside(&database[..5]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("intact") && said.contains("signatures are not checked"), "{said}");
        let (code, said) = chairside(&[&database[..], &["--clinic", &id]].concat());
        assert!(code == 0 && said.contains("records are as it says"), "{code} {said}");
        assert_eq!(chairside(&["export", "--database-url", &url, "--clinic", &id, "--out", out, "--prove", "2"]).0, 0);
        assert_eq!(chairside(&["verify", "--export", out, "--since", notes, "--key", &key]).0, 0);
        let (code, printed) = chairside(&["prove", "--database-url", &url, "--clinic", &id, "--seq", "3"]);
        assert_eq!(code, 0, "{printed}");
        std::fs::write(&proof, &printed).unwrap();
        let (code, said) = chairside(&["verify", "--proof", proof.to_str().unwrap(), "--key", &key]);
        assert!(code == 0 && said.contains("\"seq\":3"), "{said}");
        let (code, theirs) = python(&["--key", &key, "--proof"], &[&proof]);
        assert!(code == 0 && theirs.contains("\"seq\":3"), "{theirs}");
        std::fs::write(&proof, printed.replacen("index 2", "index 3", 1)).unwrap();
        assert_eq!(chairside(&["verify", "--proof", proof.to_str().unwrap(), "--key", &key]).0, 1);
        assert_eq!(python(&["--key", &key, "--proof"], &[&proof]).0, 1);
        let bent = std::fs::read_to_string(out).unwrap().replacen("patient.registered", "patient.regarded", 1);
        std::fs::write(out, bent).unwrap();
        let (code, said) = chairside(&["verify", "--export", out]);
        assert!(code == 1 && said.contains("altered"), "{code} {said}");
        for unusable in [&["verify", "--export", "/nowhere"][..], &["verify", "--export", notes], &["verify"]] {
            assert_eq!(chairside(unusable).0, 2, "{unusable:?}");
        }
    }
}

#[test]
fn an_old_copy_put_back_shows_by_a_checkpoint_that_left_the_house_and_by_nothing_else() {
    let clinic = Clinic::open_apart(Kind::Sqlite);
    a_busy_trail(&clinic);
    let path = clinic.url.file().unwrap().to_owned();
    let old = scratch().join("old.db");
    let mut database = crate::schema::catalogue::Database::of(&clinic.url);
    database.run(&format!("VACUUM INTO '{}'", old.display())).unwrap();
    clinic.front_desk().post("/api/v1/patients/search", &json!({"name": "rivera"})).expect(200);
    let (size, _) = sign(&clinic);
    let note = Checkpoint::read(&kept(&clinic).1).unwrap();
    let given = |notes| Given { clinic: Some(clinic.id), notes, key: None, records: true };
    let mut copy = DatabaseCopy::open(&chairside::store::DatabaseUrl::Sqlite(old)).unwrap();
    let of =
        |verdicts: Vec<chairside::verify::Verdict>| verdicts.into_iter().find(|one| one.clinic == clinic.id).unwrap();
    let alone = of(chairside::verify::verify_copy(&mut copy, given(&[])).unwrap());
    assert_eq!(place(&alone), None, "by itself an old copy is as good as it was");
    let notes = [note];
    let held = of(chairside::verify::verify_copy(&mut copy, given(&notes)).unwrap());
    let (seq, fault) = place(&held).unwrap();
    assert_eq!(fault, Fault::RolledBack);
    assert!(seq.unwrap() <= size, "{:?}", held.outcome);
    assert!(path.exists());
}

#[test]
fn a_detail_is_erased_by_an_act_that_the_trail_tells_and_by_nothing_else() {
    on_both_databases(|clinic| {
        let (entries, ..) = a_busy_trail(clinic);
        let seq = entries.iter().find(|entry| entry.detail.is_some()).unwrap().seq;
        let erase = |seq: i64| {
            let origin = Origin { request: clinic.clock.new_id(), client_ip: None };
            let permit = Permit::<EraseDetail>::host("operator".into(), Scope::Clinic(clinic.id), origin).unwrap();
            clinic.in_a_unit(permit, Once::default(), move |tx| {
                let event = tx.erase_detail(seq, "order of the court of 3 March")?;
                Ok(tx.record(vec![event], reply::nothing()))
            })
        };
        assert_eq!(erase(1).unwrap_err(), StoreError::NotFound, "an entry without a detail");
        erase(seq).unwrap();
        assert_eq!(erase(seq).unwrap_err(), StoreError::NotFound, "there is nothing left to erase");
        assert_eq!(clinic.trail().last().unwrap(), "audit.detail.erased success");
        assert_eq!(place(&verdict(clinic)), None);
        let (key, _) = kept(clinic);
        let public = read_verifier_key(&key).unwrap().1;
        sign(clinic);
        let given = Given { clinic: Some(clinic.id), key: Some(&public), records: true, notes: &[] };
        assert_eq!(place(&verdict_with(clinic, given)), None, "the tree is what it was");
    });
}

#[test]
fn entries_from_before_forms_were_numbered_are_held_against_what_can_be_made_again_and_the_rest_is_counted() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        let words = verdict(clinic).outcome.unwrap().words;
        let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
        let installation = verify_installation(&mut copy);
        let mut check = |kind: &str, id: &str, hash: Option<[u8; 32]>| {
            let mut old = words.clone();
            let word = old.of.get_mut(&(kind.to_owned(), uuid::Uuid::parse_str(id).unwrap())).unwrap();
            (word.v, word.hash) = (None, hash.unwrap_or(word.hash));
            let held = check_records(&mut copy, clinic.id, &old, &installation).unwrap();
            (held.unheld, held.finding.map(|found| (found.seq, found.fault)))
        };
        let patient = words.of[&("patient".to_owned(), uuid::Uuid::parse_str(&visit.patient).unwrap())];
        assert_eq!(check("patient", &visit.patient, None), (0, None), "its form is the same as ever");
        assert_eq!(check("patient", &visit.patient, Some([7; 32])), (0, Some((Some(patient.seq), Fault::Record))));
        let session = visit.read()["id"].as_str().unwrap().to_owned();
        assert_eq!(check("session", &session, Some([7; 32])), (1, None), "its first form is lost: counted");
    });
}

fn verify_installation(copy: &mut DatabaseCopy) -> chairside::verify::LastWords {
    let nil = ClinicId(uuid::Uuid::nil());
    let given = Given { clinic: Some(nil), ..Given::default() };
    let verdicts = chairside::verify::verify_copy(copy, given).unwrap();
    verdicts.into_iter().find(|verdict| verdict.clinic == nil).unwrap().outcome.unwrap().words
}

#[test]
fn one_function_of_the_store_gives_an_entry_with_its_proof() {
    on_both_databases(|clinic| {
        a_busy_trail(clinic);
        let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
        let proof = prove(&mut copy, clinic.id, 5).unwrap();
        let (body, note) = read_proof(&proof).unwrap();
        assert!(body.contains("\"seq\":5"), "{body}");
        assert!(note.checkpoint.size >= 5);
        assert_eq!(prove(&mut copy, clinic.id, 100_000).unwrap_err(), StoreError::NotFound);
        for bent in [proof.replacen("index 4", "index 5", 1), proof.replacen("extra ", "extra A", 1), String::new()] {
            assert_eq!(read_proof(&bent), None);
        }
    });
}
