//! What the trail costs: the same write with and without its entries, the same read with and without its disclosure,
//! and how fast a trail is verified. Figures of this build on this machine, printed; the bounds are wide.

use super::long;
use crate::support::{Clinic, Kind};
use chairside::access::permission::EraseDetail;
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::api::reply;
use chairside::domain::absence::Absence;
use chairside::domain::audit_entry::{hex, leaf_hash};
use chairside::domain::event::{Event, EventKind, Subject};
use chairside::domain::record::RecordKind;
use chairside::store::{DatabaseCopy, Once};
use chairside::verify::verify_export;
use serde_json::json;
use std::time::{Duration, Instant};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_million_entries_are_verified_in_seconds() {
    let entries: u64 = if long() { 1_000_000 } else { 20_000 };
    let clinic = "0190a5c0-0000-7000-8000-0000000000c1";
    let mut export = format!("{}\n", json!({"type": "trail", "v": 1, "clinic_id": clinic, "size": entries}));
    for seq in 1..=entries {
        let id = format!("0190a5c0-0000-7000-8000-{seq:012}");
        let body = format!(
            r#"{{"action":"patient.read","actor":{{"client_ip":"192.0.2.10","id":"{id}","role":"nurse","session":"{id}"}},"clinic_id":"{clinic}","origin":"chairside","outcome":"success","patient_id":"{id}","request_id":"{id}","seq":{seq},"ts":"2026-03-02T15:00:00.000000Z","v":1}}"#
        );
        let line = json!({"type": "entry", "seq": seq, "leaf_sha256": hex(&leaf_hash(body.as_bytes())), "body": body});
        export.push_str(&format!("{line}\n"));
    }
    let begun = Instant::now();
    let checked = verify_export(export.as_bytes(), &[], None).unwrap().unwrap();
    let took = begun.elapsed();
    assert_eq!(checked.size, entries);
    let rate = entries as f64 / took.as_secs_f64();
    let build = if cfg!(debug_assertions) { "a build for tests" } else { "a release build" };
    println!("{entries} entries of an export verified in {took:?}, {rate:.0} a second, in {build}");
    assert!(rate > 1_000.0, "{rate:.0} a second");
}

#[test]
fn the_price_of_an_entry_is_told_as_a_ratio_to_the_same_call_without_it() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = Clinic::open_apart(kind);
        let rounds = if long() { 1_000 } else { 60 };
        let staff = clinic.staff_id("admin");
        let write = |told: bool| {
            let origin = Origin { request: clinic.clock.new_id(), client_ip: None };
            let permit = Permit::<EraseDetail>::host("test".into(), Scope::Clinic(clinic.id), origin);
            let begun = Instant::now();
            clinic
                .in_a_unit(permit.unwrap(), Once::default(), move |tx| {
                    let from = tx.now();
                    let new = Absence {
                        id: tx.new_id(),
                        staff,
                        from,
                        to: from.plus_minutes(60),
                        reason: "course".into(),
                        recorded_by: staff,
                        recorded_at: from,
                    };
                    tx.insert_absence(&new)?;
                    let subject = Subject::new("staff_absence", new.id, 1);
                    let kind = EventKind::AbsenceNoted;
                    let event = Event::of_clinic(kind, subject, new.record());
                    let events = if told { vec![event] } else { Vec::new() };
                    Ok(tx.record(events, reply::nothing()))
                })
                .unwrap();
            begun.elapsed()
        };
        // Taken in turns, so that the machine's other business falls on both alike.
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            told.push(write(true));
            untold.push(write(false));
        }
        let (told, untold) = (median(told), median(untold));
        let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
        clinic.front_desk().post("/api/v1/patients", &body).expect(201);
        let mut copy = DatabaseCopy::open(&clinic.url).unwrap();
        let patient = copy.records(clinic.id, RecordKind::Patient, uuid::Uuid::nil(), 1).unwrap().remove(0).id;
        let path = format!("/api/v1/patients/{patient}");
        clinic.nurse().get(&path).expect(200);
        let (mut seen, mut unseen) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let begun = Instant::now();
            clinic.nurse().get(&path).expect(200);
            seen.push(begun.elapsed());
            let begun = Instant::now();
            clinic.nobody().get("/healthz").expect(200);
            let door = begun.elapsed();
            let begun = Instant::now();
            copy.records(clinic.id, RecordKind::Patient, uuid::Uuid::nil(), 1).unwrap();
            unseen.push(door + begun.elapsed());
        }
        let (seen, unseen) = (median(seen), median(unseen));
        let ratio = |with: Duration, without: Duration| with.as_secs_f64() / without.as_secs_f64();
        println!(
            "{kind:?}: a write {told:?} with its entry, {untold:?} without, ratio {:.2}; a read over HTTP {seen:?} with its \
             entry, {unseen:?} for the door and the same queries without, ratio {:.2}",
            ratio(told, untold),
            ratio(seen, unseen)
        );
        assert!(ratio(told, untold) < 20.0, "{told:?} {untold:?}");
    }
}
