//! How much stands in the way: a list and the board count what the session itself spells out.

use crate::support::visit::Visit;
use crate::support::{Actor, Clinic, on_both_databases};
use serde_json::{Value, json};

/// The item of a page about a session.
fn item(items: &Value, session: &str) -> Value {
    let found = items.as_array().unwrap().iter().find(|item| item["id"] == session || item["session_id"] == session);
    found.unwrap_or_else(|| panic!("{session} is not in {items:#}")).clone()
}

fn listed(who: &Actor<'_>, session: &str) -> Value {
    item(&who.get("/api/v1/sessions?date=2026-03-02").expect(200).body["items"], session)
}

fn on_the_board(who: &Actor<'_>, session: &str) -> Value {
    let chairs = who.get("/api/v1/sessions/board").expect(200).body["items"].as_array().unwrap().clone();
    let cards: Vec<Value> = chairs.iter().flat_map(|chair| chair["sessions"].as_array().unwrap().clone()).collect();
    item(&json!(cards), session)
}

/// What the session itself says, after the list and the board said as much of it.
fn counted_alike(clinic: &Clinic, visits: &[&Visit<'_>]) -> Vec<(String, usize)> {
    let nurse = clinic.nurse();
    let count = |visit: &&Visit<'_>| {
        let own = visit.read();
        let blocked = own["blocked_by"].as_array().unwrap().len();
        let (line, card) = (listed(&nurse, &visit.session), on_the_board(&nurse, &visit.session));
        assert_eq!(own["blocked"], json!(blocked));
        assert_eq!((&line["blocked"], line.get("blocked_by")), (&json!(blocked), None), "{own:#}");
        assert_eq!(card["clinical"]["blocked"], json!(blocked), "{own:#}");
        assert_eq!(line["allowed_events"], own["allowed_events"]);
        assert_eq!(card["clinical"]["allowed_events"], own["allowed_events"]);
        (own["state"].as_str().unwrap().to_owned(), blocked)
    };
    visits.iter().map(count).collect()
}

#[test]
fn a_list_and_the_board_count_what_each_session_spells_out() {
    on_both_databases(|clinic| {
        let received = clinic.a_received_visit();
        let ready = clinic.a_ready_visit();
        let treated = clinic.a_running_session();
        let all = [&received, &ready, &treated];
        let states = |open: usize, second: (&str, usize), third: (&str, usize)| {
            let of = |(state, blocked): (&str, usize)| (state.to_owned(), blocked);
            vec![("checked_in".to_owned(), open), of(second), of(third)]
        };
        let open = received.blocked_by().len();
        assert!(open > 5, "a patient who was only received");
        assert_eq!(counted_alike(clinic, &all), states(open, ("checked_in", 0), ("in_progress", 0)));
        clinic.advance_minutes(5);
        let now = clinic.clock.now().to_string();
        clinic.nurse().post(&treated.path("/pause"), &json!({"pump_stopped_at": now})).expect(200);
        assert_eq!(counted_alike(clinic, &all), states(open, ("checked_in", 0), ("paused", 1)));
        treated.stop();
        let counts = counted_alike(clinic, &all);
        assert!(counts[2].0 == "recovery" && counts[2].1 > 1, "{counts:?}");
        treated.complete(&json!({"disposition": "against_advice", "reason": "had to catch a train"})).expect(200);
        let counts = counted_alike(clinic, &all);
        assert!(counts[2].0 == "completed" && counts[2].1 > 0, "{counts:?}");
        treated.settle(&json!({})).expect(201);
        clinic.advance_minutes(20);
        let counts = counted_alike(clinic, &all);
        assert!(counts[1].1 > 0, "the pressure is too old by now: {counts:?}");
    });
}

#[test]
fn the_front_desk_sees_no_count_of_what_is_clinical() {
    on_both_databases(|clinic| {
        let visit = clinic.a_received_visit();
        let desk = clinic.front_desk();
        let (line, card) = (listed(&desk, &visit.session), on_the_board(&desk, &visit.session));
        assert_eq!((line.get("blocked"), line.get("blocked_by"), card.get("clinical")), (None, None, None));
        assert!(!line["allowed_events"].as_array().unwrap().is_empty());
    });
}
