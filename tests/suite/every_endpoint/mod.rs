//! Every operation of the published contract × everybody who may call it × one's own, a foreign and an unknown record.
//!
//! The oracle is `docs/permissions.csv`. A new endpoint is covered the day it is added, and fails until somebody has
//! written down who may use it.

pub mod oracle;
mod plant;
pub use plant::{a_case_about, everything as everything_planted_in};
pub mod world;

use std::collections::BTreeSet;
use std::io::Write as _;

use chairside::api;
use oracle::{Oracle, ROLES, Row, oracle};
use serde_json::Value;
use world::{Call, World};

use crate::contract::{Operation, document, operations};
use crate::support::{Answer, Kind};

/// Nobody's id.
const UNKNOWN: &str = "0190a5c0-0000-7000-8000-00000000dead";

/// Permissions that belong to no operation of the API: the operator's at the command line, and the watchers'.
const WITHOUT_OPERATION: [&str; 7] = [
    "account.factor.reset",
    "account.password.reset",
    "audit.detail.erase",
    "clinic.bootstrap",
    "user.invite",
    "check.watch",
    "consent.watch",
];

#[test]
fn the_oracle_the_contract_and_the_code_agree_on_who_may_do_what() {
    let oracle = oracle();
    let document = document();
    let operations = operations(&document);
    assert_eq!(api::all().len(), operations.len(), "two handlers share a method and a path");
    let mut used = BTreeSet::new();
    for operation in &operations {
        let Some(permission) = operation.value["x-permission"].as_str() else { continue };
        let Some(expected) = oracle.get(permission) else {
            panic!("docs/permissions.csv does not say who holds {permission}")
        };
        let roles = operation.value["x-roles"].as_array().map(Vec::as_slice).unwrap_or_default();
        let roles: BTreeSet<_> = roles.iter().filter_map(Value::as_str).collect();
        assert_eq!(
            roles,
            expected.roles.iter().copied().collect(),
            "{}: left the code, right the oracle",
            operation.id()
        );
        used.insert(permission);
    }
    for permission in oracle.keys() {
        let known = used.contains(permission.as_str()) || WITHOUT_OPERATION.contains(&permission.as_str());
        assert!(known, "docs/permissions.csv names {permission}, which no operation asks for");
    }
}

#[test]
fn nobody_gets_past_the_oracle_on_sqlite() {
    try_everything(Kind::Sqlite);
}

#[test]
fn nobody_gets_past_the_oracle_on_postgresql() {
    try_everything(Kind::Postgres);
}

/// Denied calls first, operation by operation, with the database compared before and after; then the allowed ones.
fn try_everything(kind: Kind) {
    let (oracle, document) = (oracle(), document());
    let world = World::with_a_record_of_every_kind(kind);
    let (mut cases, mut failures) = (0, Vec::new());
    let all = operations(&document);
    for operation in all.iter().filter(|operation| operation.value["security"].is_array()) {
        let call = world.call(&document, operation);
        if !world.holds_what_it_needs(&call) {
            failures.push(format!("{} {}: plant a record it can be about", operation.method, operation.path));
        }
        let before = world.content();
        cases += denied_calls(&world, &call, row_of(&oracle, operation), &mut failures);
        if world.content() != before {
            failures.push(format!("{}: a denied call changed the database", operation.id()));
        }
    }
    // Before the allowed calls, one of which closes the case.
    cases += cased_calls(&world, &document, &oracle, &mut failures);
    for operation in &all {
        cases += allowed_calls(&world, &world.call(&document, operation), &oracle, operation, &mut failures);
    }
    failures.extend(untold(&world, &oracle, &all));
    let _ = writeln!(std::io::stderr(), "every endpoint on {kind:?}: {} operations, {cases} cases", all.len());
    assert!(failures.is_empty(), "{} failures in {cases} cases:\n{}", failures.len(), failures.join("\n"));
}

/// What the oracle says of an operation; of one that asks for no permission, nothing.
fn row_of<'o>(oracle: &'o Oracle, operation: &Operation) -> &'o Row {
    static NOBODY: Row = Row { roles: Vec::new(), cased: false, signed: false };
    operation.value["x-permission"].as_str().and_then(|permission| oracle.get(permission)).unwrap_or(&NOBODY)
}

/// Permissions that were refused to somebody without an entry of the trail.
fn untold(world: &World, oracle: &Oracle, operations: &[Operation]) -> Vec<String> {
    let trail = world.clinic.trail();
    let asked = operations.iter().filter(|operation| operation.value["security"].is_array());
    let refused = asked.filter(|operation| row_of(oracle, operation).roles.len() < ROLES.len());
    let permissions: BTreeSet<_> = refused.filter_map(|operation| operation.value["x-permission"].as_str()).collect();
    let missing = permissions.into_iter().filter(|permission| !trail.contains(&format!("{permission} denied")));
    missing.map(|permission| format!("{permission} was refused, and the trail does not say so")).collect()
}

/// Strangers, wrong roles, and everybody of the clinic next door.
fn denied_calls(world: &World, call: &Call, row: &Row, failures: &mut Vec<String>) -> usize {
    let own = world.own_id(call);
    let mut cases = 0;
    let mut expect = |who: &str, answer: &Answer, status: u16, like: Option<&Answer>| {
        cases += 1;
        let code = answer.body["code"].as_str().unwrap_or_default();
        if answer.status != status {
            failures.push(format!("{} as {who}: expected {status}, got {} {code}", answer.request, answer.status));
        } else if like.is_some_and(|like| without_request(like) != without_request(answer)) {
            failures.push(format!(
                "{} as {who}: the refusal tells one record from another: {}",
                answer.request, answer.body
            ));
        }
    };
    let nobody = world.clinic.nobody();
    let garbage = nobody.with("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.");
    for (who, actor) in [("nobody", &nobody), ("a garbage token", &garbage)] {
        let unknown = call.send(actor, UNKNOWN);
        expect(who, &unknown, 401, None);
        expect(who, &call.send(actor, &own), 401, Some(&unknown));
    }
    for role in ROLES {
        let (here, next_door) = (world.clinic.actor(role), world.clinic.next_door().actor(role));
        if row.roles.contains(&role) {
            if call.has_id() {
                // A forged proof of presence is refused before the record is looked up.
                let status = if row.signed { 403 } else { 404 };
                let unknown = call.send(&here, UNKNOWN);
                expect(role, &unknown, status, None);
                expect("the same role next door", &call.send(&next_door, &own), status, Some(&unknown));
            }
        } else {
            let unknown = call.send(&here, UNKNOWN);
            expect(role, &unknown, 403, None);
            expect(role, &call.send(&here, &own), 403, Some(&unknown));
            expect(role, &call.send_empty(&here, &own), 403, Some(&unknown));
            expect("the same role next door", &call.send(&next_door, &own), 403, Some(&unknown));
        }
    }
    cases
}

/// Everybody who may: whatever the answer is, it is about the record and not about the person.
fn allowed_calls(
    world: &World,
    call: &Call,
    oracle: &Oracle,
    operation: &Operation,
    failures: &mut Vec<String>,
) -> usize {
    let public = !operation.value["security"].is_array();
    let may = if public { &ROLES[..1] } else { &row_of(oracle, operation).roles };
    // Signing out would end the sign-in that the next call needs.
    let callers = may.iter().filter(|_| operation.id() != "auth_logout");
    for role in callers.clone() {
        let answer = call.send(&world.clinic.actor(role), &world.own_id(call));
        let code = answer.body["code"].as_str().unwrap_or_default();
        let about_the_person = !public && matches!(answer.status, 401 | 403) && code != "reauth_required";
        let lost = operation.method == "GET" && !(200..=299).contains(&answer.status);
        if about_the_person || lost || answer.status >= 500 || !described(operation, answer.status) {
            failures.push(format!("{} as {role}: {} {}", answer.request, answer.status, answer.body));
        }
    }
    callers.count()
}

/// An auditor with a case: the charts it names open, no other chart can be told from one that is not there, and a
/// permission that knows no cases stays closed.
fn cased_calls(world: &World, document: &Value, oracle: &Oracle, failures: &mut Vec<String>) -> usize {
    let auditor = world.clinic.auditor();
    let mut cases = 0;
    for operation in operations(document).iter().filter(|operation| operation.value["security"].is_array()) {
        let (call, row) = (world.call(document, operation), row_of(oracle, operation));
        if row.roles.contains(&"auditor") {
            continue;
        }
        let ask = |case: &str, id: &str| call.send(&auditor.with("x-audit-case", case), id);
        let (inside, outside) = (ask(&world.case, &world.own_id(&call)), ask(&world.other_case, &world.own_id(&call)));
        let mut expect = |answer: &Answer, right: bool, wanted: &str| {
            cases += 1;
            if !right {
                failures.push(format!("{} in an audit case: {} is not {wanted}", answer.request, answer.status));
            }
        };
        if !row.cased {
            expect(&inside, inside.status == 403, "403");
            continue;
        }
        let not_open = ask(UNKNOWN, &world.own_id(&call));
        expect(&not_open, not_open.status == 403, "403: nobody opened this case");
        expect(&inside, (200..=299).contains(&inside.status), "what the case opens");
        if call.has_id() {
            let nowhere = ask(&world.other_case, UNKNOWN);
            let same = without_request(&outside) == without_request(&nowhere);
            expect(&outside, outside.status == 404 && same, "the 404 of what is not there");
        } else {
            expect(&outside, !outside.body.to_string().contains(&world.patient), "silent about other patients");
        }
    }
    cases
}

/// Whether the contract says that this status can come.
fn described(operation: &Operation, status: u16) -> bool {
    operation.value["responses"].get(status.to_string()).is_some()
}

/// A problem without the member that names the request.
fn without_request(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
    }
    body
}
