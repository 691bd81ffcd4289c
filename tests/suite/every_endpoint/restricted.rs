//! Every operation about a restricted patient, asked by everybody the restriction bars: each must answer as if the
//! patient were not there, and no list may show a word of the chart.

use std::io::Write as _;

use chairside::access::permission::{Flag, TABLE};
use serde_json::json;

use super::oracle::{Oracle, Row, oracle};
use super::world::{Call, World};
use super::{UNKNOWN, row_of, without_request};
use crate::contract::{Operation, document, operations};
use crate::support::Kind;

/// Who is barred in the world of these tests: nobody of them is in charge of the running visit.
const BARRED: [(&str, &str); 3] =
    [("prescriber", "second_prescriber"), ("nurse", "second_nurse"), ("front_desk", "front_desk")];

/// Words of the planted chart that nobody who is barred may read.
const CANARIES: [&str; 6] = ["Zyxquill", "Ottoline", "555 7319", "\"OZ\"", "not sure", "Elm St"];

#[test]
fn a_restricted_patient_is_not_there_on_any_route_on_sqlite() {
    ask_everything(Kind::Sqlite);
}

#[test]
fn a_restricted_patient_is_not_there_on_any_route_on_postgresql() {
    ask_everything(Kind::Postgres);
}

fn ask_everything(kind: Kind) {
    let (oracle, document) = (oracle(), document());
    let world = World::with_a_record_of_every_kind(kind);
    let all = operations(&document);
    rename(&world);
    let before = shown(&world, &all, &oracle, &document);
    assert!(CANARIES.iter().all(|word| before.contains(word)), "the canaries are in the chart: {before}");
    let body = json!({"reason": "works at this clinic", "staff_ids": []});
    let restriction = format!("/api/v1/patients/{}/restriction", world.patient);
    world.clinic.prescriber().post(&restriction, &body).expect(201);
    let (mut cases, mut failures) = (0, Vec::new());
    for operation in all.iter().filter(|operation| operation.value["security"].is_array()) {
        let emergency = TABLE
            .iter()
            .any(|line| operation.value["x-permission"] == line.id && line.flags.contains(&Flag::Emergency));
        // What has to be done at the chair is not barred; a story of its own says so.
        if emergency || leaves(operation) {
            continue;
        }
        let call = world.call(&document, operation);
        let row = row_of(&oracle, operation);
        for (_, who) in BARRED.iter().filter(|(role, _)| row.roles.contains(role)) {
            cases += 1;
            failures.extend(complaints(&world, operation, &call, (row, who)));
        }
    }
    let _ = writeln!(std::io::stderr(), "a restricted patient on {kind:?}: {cases} cases");
    assert!(failures.is_empty(), "{} failures in {cases} cases:\n{}", failures.len(), failures.join("\n"));
    let after = shown(&world, &all, &oracle, &document);
    assert!(CANARIES.iter().all(|word| after.contains(word)), "whoever set the restriction reads on");
}

/// What is wrong with what somebody barred is answered.
fn complaints(world: &World, operation: &Operation, call: &Call, (row, who): (&Row, &'static str)) -> Vec<String> {
    let actor = world.clinic.actor(who);
    let (own, of_the_chart) = (world.own_id(call), world.is_about_a_patient(call));
    let here = call.send(&actor, &own);
    let nowhere = match of_the_chart {
        true => call.send(&actor, UNKNOWN),
        false => call.naming(&world.patient, UNKNOWN).send(&actor, &own),
    };
    let (said, asked) = (String::from_utf8_lossy(&here.bytes), &here.request);
    let mut found = Vec::new();
    if let Some(word) = CANARIES.iter().find(|word| said.contains(**word)) {
        found.push(format!("{asked} says {word}: {said}"));
    }
    let same = here.status == nowhere.status && without_request(&here) == without_request(&nowhere);
    if of_the_chart && !(same && (here.status == 404 || row.signed)) {
        found.push(format!("{asked}: {} and not the 404 of nobody", here.status));
    }
    let names_it = call.names(&world.patient);
    if !of_the_chart && names_it && !same {
        found.push(format!("{asked}: {} is not {}", here.body, nowhere.body));
    }
    let list = operation.method == "GET" && !call.has_id() && !names_it;
    if list && !(200..=299).contains(&here.status) {
        found.push(format!("{asked}: {} {}", here.status, here.body));
    }
    found
}

/// Names that no example of the contract has.
fn rename(world: &World) {
    let patient = format!("/api/v1/patients/{}", world.patient);
    let version = world.clinic.prescriber().get(&patient).expect(200).version();
    let names = json!({"family_name": "Zyxquill", "given_name": "Ottoline", "phone": "+1 555 7319"});
    world.clinic.prescriber().if_match(version).patch(&patient, &names).expect(200);
}

/// Signs out, or changes the sign-in of whoever asks.
fn leaves(operation: &Operation) -> bool {
    operation.path.starts_with("/api/v1/auth/") || operation.path.starts_with("/api/v1/me/")
}

/// Everything a prescriber who may read is shown.
fn shown(world: &World, all: &[Operation], oracle: &Oracle, document: &serde_json::Value) -> String {
    let reads = all.iter().filter(|operation| operation.method == "GET" || operation.path.ends_with("/search"));
    let may = reads.filter(|operation| row_of(oracle, operation).roles.contains(&"prescriber"));
    let calls = may.map(|operation| world.call(document, operation));
    calls
        .map(|call: Call| {
            let answer = call.send(&world.clinic.prescriber(), &world.own_id(&call));
            String::from_utf8_lossy(&answer.bytes).into_owned()
        })
        .collect()
}
