//! The stream of events: to each what they may know, without a gap and without a repeat, as long as their sign-in lasts.

pub mod listener;
mod lost_lines;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chairside::access::audience;
use chairside::access::permission::WatchChecks;
use chairside::access::permit::{Origin, Permit};
use chairside::domain::event::{Event, EventKind, Subject};
use chairside::domain::record::Record;
use chairside::store::{Once, Reply};
use listener::{Expected, Listener, bodies, frames};
use serde_json::{Value, json};

use crate::every_endpoint::oracle::ROLES;
use crate::every_endpoint::world::World;
use crate::support::{Actor, Clinic, Kind, on_both_databases};

fn listen(clinic: &Clinic, who: &str, query: &str, after: Option<i64>) -> Listener {
    let token = clinic.token(who);
    Listener::open(&clinic.base, &token, query, after).unwrap_or_else(|status| panic!("{who} got {status:?}"))
}

fn register(actor: &Actor<'_>) -> String {
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let made = actor.post("/api/v1/patients", &body).expect(201);
    made.body["patient"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn who_may_hear_of_what_is_what_the_reviewed_oracle_says() {
    let oracle = listener::audience();
    let known: BTreeSet<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(oracle.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for kind in EventKind::ALL {
        assert_eq!(audience::reads(*kind).id, oracle[kind.as_str()], "{}", kind.as_str());
    }
}

#[test]
fn each_role_hears_of_the_records_it_may_read_and_of_no_other() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clinic = World::with_a_record_of_every_kind(kind).clinic;
        let expected = Expected::new();
        for role in ROLES {
            let heard = listen(&clinic, role, "?follow=false", Some(0)).rest();
            let told: String = bodies(&clinic.url, Some(clinic.id.uuid()))
                .iter()
                .filter_map(|body| expected.of_change(role, body))
                .collect();
            assert_eq!(frames(&heard), told, "{role} on {kind:?}");
            let words: BTreeSet<_> = heard.iter().filter_map(|block| block.event.as_deref()).collect();
            let clinical = words.iter().any(|word| {
                ["observation.", "dosing.", "alert.", "order.", "screening."].iter().any(|noun| word.starts_with(noun))
            });
            assert_eq!(clinical, matches!(role, "prescriber" | "nurse"), "{role} heard {words:?}");
            let sessions = words.iter().any(|word| word.starts_with("session."));
            assert_eq!(sessions, matches!(role, "prescriber" | "nurse" | "front_desk"), "{role} heard {words:?}");
        }
        let next_door = listen(clinic.next_door(), "nurse", "?follow=false", Some(0)).rest();
        assert!(!frames(&next_door).contains("patient."), "another clinic's patients are not heard of");
    }
}

#[test]
fn whole_entries_are_for_auditors_and_are_the_trail_byte_for_byte() {
    on_both_databases(|clinic| {
        let patient = register(&clinic.front_desk());
        clinic.nurse().get(&format!("/api/v1/patients/{patient}")).expect(200);
        for who in ["nurse", "prescriber", "front_desk", "admin"] {
            let refused = clinic.actor(who).get("/api/v1/events?topics=audit&follow=false");
            assert_eq!(refused.expect_problem(403, "forbidden").body["permission"], "audit.read", "{who}");
        }
        let heard = frames(&listen(clinic, "auditor", "?topics=audit&follow=false", Some(0)).rest());
        let trail: String =
            bodies(&clinic.url, Some(clinic.id.uuid())).iter().map(|body| Expected::of_entry(body)).collect();
        assert_eq!(heard, trail);
        let denied = clinic.trail().iter().filter(|line| *line == "event.follow denied").count();
        let opened = clinic.trail().iter().filter(|line| *line == "event.follow success").count();
        assert_eq!((denied, opened), (4, 1), "a stream that was opened is one entry, its frames are none");
    });
}

#[test]
fn a_place_that_is_none_is_refused_in_words() {
    on_both_databases(|clinic| {
        let nurse = clinic.nurse();
        let at = |place: &str| nurse.with("last-event-id", place).get("/api/v1/events?follow=false");
        for gibberish in ["abc", "-1", "1e3", "1 2", "+5", "0x10", "99999999999999999999"] {
            at(gibberish).expect_problem(400, "malformed_request").expect_field("/Last-Event-ID", "malformed");
        }
        let beyond =
            at("4711").expect_problem(422, "validation_failed").expect_field("/Last-Event-ID", "beyond_the_end");
        assert!(beyond.body["errors"][0]["detail"].as_str().unwrap().contains("the trail ends at "));
        at("0").expect(200);
        for query in ["topics=everything", "follow=perhaps", "since=3"] {
            nurse.get(&format!("/api/v1/events?{query}")).expect_problem(400, "malformed_request");
        }
        assert_eq!(nurse.send("HEAD", "/api/v1/events", None).expect(200).bytes, b"");
    });
}

#[test]
fn what_happens_is_heard_at_once_and_a_sign_of_life_names_the_place() {
    on_both_databases(|clinic| {
        let mut stream = listen(clinic, "nurse", "", None);
        let opening = stream.next().unwrap();
        assert!(opening.text.starts_with("retry: 2000\nid: "), "{opening:?}");
        let patient = register(&clinic.front_desk());
        let frame = stream.frame().unwrap();
        assert_eq!(frame.event.as_deref(), Some("patient.registered"));
        let data: Value = serde_json::from_str(frame.data()).unwrap();
        assert_eq!((data["patient_id"].as_str(), &data["object_version"]), (Some(patient.as_str()), &json!(1)));
        assert!(!frame.text.contains("Rivera"));
        // What the nurse may not hear of still moves the place.
        clinic.front_desk().get(&format!("/api/v1/patients/{patient}")).expect(200);
        let alive =
            std::iter::from_fn(|| stream.next()).find(|block| block.event.is_none() && block.id > frame.id).unwrap();
        assert!(alive.text.starts_with(": "), "{alive:?}");
    });
}

#[test]
fn a_stream_ends_with_its_sign_in_and_with_its_token() {
    on_both_databases(|clinic| {
        let token = clinic.token("nurse");
        let mut ended = Listener::open(&clinic.base, &token, "", None).ok().unwrap();
        ended.next().unwrap();
        clinic
            .nobody()
            .with("authorization", format!("Bearer {token}"))
            .post("/api/v1/auth/logout", &json!({}))
            .expect(204);
        assert!(ended.rest().len() < 5, "the next sign of life is the last that is waited for");
        let mut expires = listen(clinic, "prescriber", "", None);
        expires.next().unwrap();
        clinic.advance_minutes(9);
        assert!(expires.next().is_some(), "the token counts for ten minutes");
        clinic.advance_minutes(1);
        assert!(expires.rest().len() < 5);
        assert_eq!(clinic.front_desk().get("/readyz").status, 200);
    });
}

#[test]
fn a_stream_that_is_open_is_a_live_connection() {
    on_both_databases(|clinic| {
        let mut stream = listen(clinic, "nurse", "", None);
        let last_seen = || {
            let sessions = clinic.admin().get(&format!("/api/v1/staff/{}/login-sessions", clinic.staff_id("nurse")));
            let seen = sessions.expect(200).body["items"][0]["last_seen_at"].clone();
            seen.as_str().map(ToOwned::to_owned)
        };
        let before = last_seen();
        clinic.advance_minutes(5);
        let patience = Instant::now() + Duration::from_secs(10);
        while last_seen() == before {
            assert!(Instant::now() < patience, "the signs of life were not noted");
            stream.next().expect("a sign of life");
        }
    });
}

#[test]
fn eight_writers_at_once_never_make_a_gap() {
    on_both_databases(|clinic| {
        let mut stream = listen(clinic, "auditor", "?topics=audit", Some(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (front_desk, nurse) = (clinic.front_desk(), clinic.nurse());
                    for _ in 0..15 {
                        let patient = register(&front_desk);
                        nurse.get(&format!("/api/v1/patients/{patient}")).expect(200);
                    }
                });
            }
        });
        let trail = bodies(&clinic.url, Some(clinic.id.uuid()));
        assert!(trail.len() > 240);
        for body in trail {
            assert_eq!(stream.frame().expect("the next entry").text, Expected::of_entry(&body));
        }
    });
}

#[test]
fn somebody_who_reads_too_slowly_is_dropped_and_goes_on_where_they_were() {
    on_both_databases(|clinic| {
        let token = clinic.token("auditor");
        let open = |after| Listener::open(&clinic.base, &token, "?topics=audit", after).ok().unwrap();
        let mut slow = open(Some(0));
        let mut heard = vec![slow.frame().unwrap()];
        // More than the server keeps for anybody, in entries so large that no socket holds them.
        for _ in 0..320 {
            write_a_long_entry(clinic);
        }
        heard.extend(slow.rest().into_iter().filter(|block| block.event.is_some()));
        let trail = bodies(&clinic.url, Some(clinic.id.uuid()));
        assert!(heard.len() < trail.len() - 50, "it was not dropped: {} of {}", heard.len(), trail.len());
        let mut again = open(heard.last().unwrap().id);
        while heard.len() < trail.len() {
            heard.push(again.frame().expect("the rest"));
        }
        let expected: String = trail.iter().map(|body| Expected::of_entry(body)).collect();
        assert!(frames(&heard).starts_with(&expected), "a gap, a repeat or another text");
    });
}

fn write_a_long_entry(clinic: &Clinic) {
    let origin = Origin { request: clinic.clock.new_id(), client_ip: None };
    let permit = Permit::<WatchChecks>::job("test", clinic.id, origin).unwrap();
    let written = clinic.in_a_unit(permit, Once::default(), |tx| {
        let subject = Subject::new("room", tx.new_id::<uuid::Uuid>(), 1);
        let event = Event::of_clinic(EventKind::RoomAdded, subject, Record::new("room", 1));
        Ok(tx.record(vec![event.because("long ".repeat(12_000))], Reply::default()))
    });
    written.unwrap();
}

#[test]
fn one_sign_in_has_eight_streams_and_no_more_until_one_ends() {
    on_both_databases(|clinic| {
        let token = clinic.token("nurse");
        let open = || Listener::open(&clinic.base, &token, "", None);
        let mut streams: Vec<_> = (0..8).map(|_| open().ok().unwrap()).collect();
        let nurse = clinic.nobody().with("authorization", format!("Bearer {token}"));
        let refused = nurse.get("/api/v1/events").expect_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), Some("2"));
        listen(clinic, "nurse", "", None).next().unwrap();
        streams.pop();
        let patience = Instant::now() + Duration::from_secs(10);
        while open().is_err() {
            assert!(Instant::now() < patience, "the place of a stream that ended is not free");
        }
    });
}
