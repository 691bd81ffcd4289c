//! Checkpoints: signed when the trail has grown, proved by short paths, and taken out of the house.

use crate::support::{Clinic, on_both_databases, scratch};
use chairside::access::notary::{Notary, verify};
use chairside::access::token_key::new_signing_key;
use chairside::domain::checkpoint::{Checkpoint, read_verifier_key};
use chairside::domain::digest::Sha256;
use chairside::domain::merkle::{Hash, proves_consistency, proves_inclusion};
use chairside::witness::{self, Outlet};
use serde_json::{Value, json};
use std::sync::Arc;

fn hash(value: &Value) -> Hash {
    Sha256::parse(value.as_str().unwrap()).unwrap().0
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn register(clinic: &Clinic, count: usize) {
    for _ in 0..count {
        let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    }
}

fn sign(clinic: &Clinic) -> Value {
    clinic.auditor().post("/api/v1/audit/checkpoints", &json!({})).expect(200).body
}

fn prove(clinic: &Clinic, path: &str) -> Value {
    clinic.admin().get(&format!("/api/v1/audit/{path}")).expect(200).body
}

#[test]
fn every_entry_and_every_earlier_checkpoint_is_proved_under_a_signed_root() {
    on_both_databases(|clinic| {
        register(clinic, 3);
        let old = sign(clinic);
        assert_eq!(sign(clinic), old, "nothing was added: signing is no entry of its own");
        register(clinic, 6);
        let new = sign(clinic);
        let size = new["size"].as_u64().unwrap();
        let listed = clinic.nurse().get("/api/v1/audit/checkpoints").expect(200).body;
        assert_eq!(listed["items"], json!([new, old]), "newest first, to everybody: a root is no secret");
        let (name, key) = read_verifier_key(listed["verifier_key"].as_str().unwrap()).unwrap();
        assert!(name.ends_with(&clinic.id.to_string()));
        let note = Checkpoint::read(new["note"].as_str().unwrap()).unwrap();
        assert!(note.is_signed_by(&key, |text, signature| verify(&key, text, signature)));
        assert_eq!((note.checkpoint.size, note.checkpoint.root), (size, hash(&new["root_sha256"])));
        let entries = clinic.auditor().get("/api/v1/audit-events?limit=200").expect(200).body;
        for entry in &entries["items"].as_array().unwrap()[..usize::try_from(size).unwrap()] {
            let seq = entry["seq"].as_u64().unwrap();
            let proof = prove(clinic, &format!("inclusion-proof?seq={seq}&size={size}"));
            assert_eq!(proof["leaf_sha256"], entry["leaf_sha256"]);
            let path = hashes(&proof["proof_sha256"]);
            assert!(proves_inclusion(hash(&entry["leaf_sha256"]), seq - 1, size, &path, &note.checkpoint.root));
        }
        let from = old["size"].as_u64().unwrap();
        let proof = prove(clinic, &format!("consistency-proof?from={from}&size={size}"));
        assert_eq!(proof["from_root_sha256"], old["root_sha256"]);
        let (before, after) = (hash(&old["root_sha256"]), note.checkpoint.root);
        assert!(proves_consistency((from, &before), (size, &after), &hashes(&proof["proof_sha256"])));
        for (path, status) in [
            (format!("inclusion-proof?seq={}&size={size}", size + 1), 404),
            (format!("inclusion-proof?seq=1&size={}", size - 1), 404),
            (format!("consistency-proof?from={}", size + 1), 404),
            ("inclusion-proof?seq=0".to_owned(), 400),
            ("consistency-proof?from=0".to_owned(), 400),
        ] {
            let answer = clinic.auditor().get(&format!("/api/v1/audit/{path}"));
            assert_eq!(answer.status, status, "{path}");
        }
    });
}

#[test]
fn every_trail_that_grew_is_signed_at_its_interval_and_its_notes_leave_the_house_once() {
    on_both_databases(|clinic| {
        let rt = actix_web::rt::System::new();
        let notary = Arc::new(Notary::new("test", &new_signing_key().unwrap()).unwrap());
        let path = scratch().join("notes.txt");
        let own = || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let read = witness::notes(&text).map(|note| Checkpoint::read(&note).unwrap().checkpoint);
            let origin = notary.origin(clinic.id);
            read.filter(|note| note.origin == origin).map(|note| note.size).collect::<Vec<_>>()
        };
        let mut outlet = Outlet::open(path.clone()).unwrap();
        let sign = || rt.block_on(witness::sign_one(clinic.store(), &notary, clinic.id));
        let waits = || rt.block_on(clinic.store().unsigned_trails()).unwrap().contains(&clinic.id);
        register(clinic, 2);
        assert!(waits());
        sign().unwrap();
        rt.block_on(outlet.publish(clinic.store())).unwrap();
        let first = own();
        assert_eq!(first.len(), 1);
        assert!(!waits(), "an idle clinic is not signed again");
        rt.block_on(outlet.publish(clinic.store())).unwrap();
        assert_eq!(own(), first);
        register(clinic, 1);
        assert!(waits());
        sign().unwrap();
        // A server that starts anew reads what was written.
        let mut outlet = Outlet::open(path.clone()).unwrap();
        rt.block_on(outlet.publish(clinic.store())).unwrap();
        rt.block_on(outlet.publish(clinic.store())).unwrap();
        let second = own();
        assert_eq!(second.len(), 2);
        assert!(second[1] > first[0]);
    });
}
