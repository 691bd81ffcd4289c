//! The trail proved without the server: by us, and by a program that shares no code with us.

mod bend;
mod cost;
mod offline;
mod records;
mod tamper;

use crate::support::{Clinic, Kind};
use chairside::domain::audit_entry::micros;
use chairside::domain::checkpoint::Checkpoint;
use chairside::domain::merkle::Hash;
use chairside::store::{DatabaseCopy, DatabaseUrl};
use chairside::verify::{Entry, Fault, Given, Head, Verdict, entry_of, verify_copy};
use serde_json::json;

/// Whether the counts are those of the long run.
pub fn long() -> bool {
    std::env::var("CHAIRSIDE_TEST_SCALE").as_deref() == Ok("long")
}

/// A clinic whose trail has changes, reads, searches with many patients, refusals and two checkpoints.
pub fn a_busy_trail(clinic: &Clinic) -> (Vec<Entry>, Head, Vec<(u64, Hash)>) {
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let mut checkpoints = Vec::new();
    for _ in 0..2 {
        for _ in 0..5 {
            let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
            clinic.nurse().get(made.header("location").unwrap()).expect(200);
        }
        clinic.nurse().post("/api/v1/patients/search", &json!({"name": "rivera"})).expect(200);
        clinic.auditor().post("/api/v1/patients/search", &json!({"name": "rivera"})).expect(403);
        checkpoints.push(sign(clinic));
    }
    let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
    let trails = copy.trails().unwrap();
    let (size, last) = trails.into_iter().find(|(id, _)| *id == clinic.id).unwrap().1.unwrap();
    let entries = copy.entries(clinic.id, 0, 10_000).unwrap().into_iter().map(entry_of).collect();
    (entries, Head { size, last_ts: Some(micros(last)) }, checkpoints)
}

/// Signs the trail as it is now.
pub fn sign(clinic: &Clinic) -> (u64, Hash) {
    let note = clinic.auditor().post("/api/v1/audit/checkpoints", &json!({})).expect(200).body["note"].clone();
    let read = Checkpoint::read(note.as_str().unwrap()).unwrap().checkpoint;
    (read.size, read.root)
}

/// What the verifier says of this clinic.
pub fn verdict(clinic: &Clinic) -> Verdict {
    verdict_with(clinic, Given { clinic: Some(clinic.id), records: true, ..Given::default() })
}

/// The same with something in hand.
pub fn verdict_with(clinic: &Clinic, given: Given<'_>) -> Verdict {
    let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
    let verdicts = verify_copy(&mut copy, given).unwrap();
    verdicts.into_iter().find(|verdict| verdict.clinic == clinic.id).unwrap()
}

/// The place and kind of what was found.
pub fn place(verdict: &Verdict) -> Option<(Option<u64>, Fault)> {
    verdict.outcome.as_ref().err().map(|found| (found.seq, found.fault))
}

/// A database's name on the command line.
pub fn text(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    }
}

/// An id as a value of this database.
pub fn id(kind: Kind, id: &str) -> String {
    match kind {
        Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
        Kind::Postgres => format!("'{id}'"),
    }
}
