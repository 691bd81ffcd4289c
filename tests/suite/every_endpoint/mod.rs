//! Every operation of the published contract × everybody who may call it or may not × one's own, a foreign and an unknown
//! record, in path, query and body (security.md 3.4).
//!
//! The oracle is `docs/permissions.csv`. A new endpoint is covered the day it is added, and fails until somebody has
//! written down who may use it. The long run tries more than ten thousand cases on each database; the short one leaves out
//! most tokens that open nothing.

mod judge;
mod methods;
mod oracle;
mod plant;
mod positions;
mod principals;
pub use plant::{a_case_about, everything as everything_planted_in};
pub mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use chairside::api;
use judge::{IN_A_CASE, Seen, wrong};
use oracle::{Oracle, ROLES, Row, oracle};
use principals::{Shut, shut_out};
use serde_json::Value;
use world::{Call, Place, World};

use crate::contract::{Operation, document, operations};
use crate::support::{Actor, Answer, Kind, canary, long};

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

/// What a run has seen, and what was wrong with it.
#[derive(Default)]
struct Matrix {
    cases: usize,
    seen: Vec<Seen>,
    failures: Vec<String>,
}

/// Denied calls first, operation by operation, with the database compared before and after; then the allowed ones.
fn try_everything(kind: Kind) {
    let (oracle, document) = (oracle(), document());
    let world = World::with_a_record_of_every_kind(kind);
    let shut_out = shut_out(&world);
    let mut matrix = Matrix::default();
    let all = operations(&document);
    let guarded: Vec<_> = all.iter().filter(|operation| operation.value["security"].is_array()).collect();
    for (number, operation) in guarded.iter().enumerate() {
        let call = world.call(&document, operation);
        if !world.holds_what_it_needs(&call) {
            matrix.failures.push(format!("{} {}: plant a record it can be about", operation.method, operation.path));
        }
        matrix.unchanged(&world, operation, |matrix| matrix.shut_calls(&world, &call, &shut_out, number));
    }
    let told = world.clinic.trail().len();
    for operation in &guarded {
        let (call, row) = (world.call(&document, operation), row_of(&oracle, operation));
        matrix.unchanged(&world, operation, |matrix| {
            matrix.denied_calls(&world, &call, operation, row);
            matrix.cases += positions::replaced(&world, &call, row, &mut matrix.failures);
        });
    }
    matrix.cases += methods::undocumented(&world, &all, &mut matrix.failures);
    // Before the allowed calls, one of which closes the case.
    matrix.cased_calls(&world, &document, &oracle);
    for operation in &all {
        matrix.allowed_calls(&world, &world.call(&document, operation), &oracle, operation);
    }
    matrix.failures.extend(untold(&world, &oracle, &guarded, told));
    let asked = guarded.iter().filter_map(|operation| operation.value["x-permission"].as_str()).collect();
    matrix.failures.extend(judge::blind_spots(&oracle, &asked, &matrix.seen));
    let Matrix { cases, failures, .. } = matrix;
    let _ = writeln!(std::io::stderr(), "every endpoint on {kind:?}: {} operations, {cases} cases", all.len());
    assert!(failures.is_empty(), "{} failures in {cases} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(!long() || cases >= 10_000, "the long run tried {cases} cases only");
}

/// What the oracle says of an operation; of one that asks for no permission, nothing.
fn row_of<'o>(oracle: &'o Oracle, operation: &Operation) -> &'o Row {
    static NOBODY: Row = Row { roles: Vec::new(), cased: false, signed: false };
    operation.value["x-permission"].as_str().and_then(|permission| oracle.get(permission)).unwrap_or(&NOBODY)
}

/// Permissions whose refusals the trail does not tell exactly once for each role that was refused, after so many entries:
/// all of it is one minute of the clinic's clock.
fn untold(world: &World, oracle: &Oracle, guarded: &[&Operation], after: usize) -> Vec<String> {
    let trail = world.clinic.trail();
    let mut owed: BTreeMap<&str, usize> = BTreeMap::new();
    for (operation, row) in guarded.iter().map(|operation| (operation, row_of(oracle, operation))) {
        let Some(permission) = operation.value["x-permission"].as_str() else { continue };
        let count = owed.entry(permission).or_insert(ROLES.len() - row.roles.len());
        // A case that is not open is looked up by the store, and each time told.
        *count += usize::from(row.cased && !row.roles.contains(&"auditor"));
    }
    let told = |permission: &str| trail[after..].iter().filter(|line| **line == format!("{permission} denied")).count();
    let wrong = owed.into_iter().filter(|(permission, owed)| told(permission) != *owed);
    wrong.map(|(permission, owed)| format!("{permission}: {} refusals told of {owed}", told(permission))).collect()
}

impl Matrix {
    /// Tries what must change nothing, here or next door.
    fn unchanged(&mut self, world: &World, operation: &Operation, work: impl FnOnce(&mut Self)) {
        let before = world.content();
        work(self);
        let after = world.content();
        if after != before {
            let changed = after.iter().filter(|row| !before.contains(row));
            let tables: BTreeSet<_> = changed.map(|row| &row[0]).collect();
            self.failures.push(format!("{}: a denied call changed {tables:?}", operation.id()));
        }
    }

    fn expect(&mut self, right: bool, complaint: impl FnOnce() -> String) {
        self.cases += 1;
        if !right {
            self.failures.push(complaint());
        }
    }

    fn saw(&mut self, operation: &Operation, role: &'static str, row: &Row, answer: &Answer) {
        let Some(permission) = operation.value["x-permission"].as_str() else { return };
        let about_the_person = matches!(status_of(answer), 401 | 403) && answer.body["code"] != "reauth_required";
        let seen = Seen { permission: permission.to_owned(), role, refused: about_the_person };
        if wrong(row, &seen) {
            self.failures.push(format!("{} as {role}: {} {}", answer.request, answer.status, answer.body));
        }
        self.seen.push(seen);
    }

    /// Whoever has no access any more, or never had: in the short run three of them for each operation, in turns.
    fn shut_calls(&mut self, world: &World, call: &Call, shut_out: &[Shut<'_>], number: usize) {
        let foreign = world.foreign(call, &Place::Path);
        for (index, Shut { who, actor, status }) in shut_out.iter().enumerate() {
            if !long() && (index + number) % 4 != 0 {
                continue;
            }
            let unknown = call.send(actor, UNKNOWN);
            let own = world.own_id(call);
            let objects = if long() { vec![own.clone(), foreign.clone()] } else { vec![own.clone()] };
            let answers =
                objects.iter().map(|id| call.send(actor, id)).chain(long().then(|| call.send_empty(actor, &own)));
            for answer in answers.chain([unknown.clone()]) {
                self.refused(&answer, who, *status, &unknown);
            }
        }
    }

    /// A refusal says the same whatever it is about, and nothing of what is there.
    fn refused(&mut self, answer: &Answer, who: &str, status: u16, like: &Answer) {
        self.expect(status_of(answer) == status, || {
            format!("{} as {who}: expected {status}, got {} {}", answer.request, answer.status, answer.body)
        });
        if without_request(like) != without_request(answer) {
            self.failures.push(format!(
                "{} as {who}: the refusal tells one record from another: {}",
                answer.request, answer.body
            ));
        }
        let shown = canary::shown(None, answer.request.as_bytes(), &answer.bytes);
        if !shown.is_empty() {
            self.failures.push(format!("{} as {who}: the refusal shows {shown:?}: {}", answer.request, answer.body));
        }
    }

    /// Wrong roles, and everybody of the clinic next door.
    fn denied_calls(&mut self, world: &World, call: &Call, operation: &Operation, row: &Row) {
        let (own, foreign) = (world.own_id(call), world.foreign(call, &Place::Path));
        for role in ROLES {
            let (here, next_door) = (world.clinic.actor(role), world.clinic.next_door().actor(role));
            if row.roles.contains(&role) {
                if call.has_id() {
                    let unknown = call.send(&here, UNKNOWN);
                    // A forged proof of presence is refused before the record is looked up.
                    let status = if row.signed { 403 } else { 404 };
                    self.refused(&unknown, role, status, &unknown);
                    self.refused(&call.send(&here, &foreign), role, status, &unknown);
                    self.refused(&call.send(&next_door, &own), "the same role next door", status, &unknown);
                    if long() {
                        self.refused(&call.send(&next_door, UNKNOWN), "the same role next door", status, &unknown);
                    }
                }
                continue;
            }
            let (unknown, denied) = (call.send(&here, UNKNOWN), call.send(&here, &own));
            self.saw(operation, role, row, &denied);
            for answer in [unknown.clone(), denied, call.send(&here, &foreign), call.send_empty(&here, &own)] {
                self.refused(&answer, role, 403, &unknown);
            }
            self.refused(&call.send(&next_door, &own), "the same role next door", 403, &unknown);
            if long() {
                self.refused(&call.send(&next_door, UNKNOWN), "the same role next door", 403, &unknown);
                self.refused(&call.send_empty(&next_door, &own), "the same role next door", 403, &unknown);
            }
        }
    }

    /// Everybody who may: whatever the answer is, it is about the record and not about the person.
    fn allowed_calls(&mut self, world: &World, call: &Call, oracle: &Oracle, operation: &Operation) {
        let public = !operation.value["security"].is_array();
        let row = row_of(oracle, operation);
        let may = if public { &ROLES[..1] } else { row.roles.as_slice() };
        for role in may {
            // What ends a sign-in, or counts against it, gets one of its own.
            let ends = ["auth_logout", "auth_password", "auth_reauth", "auth_cosign"].contains(&operation.id());
            let actor = if ends { world.clinic.actor_anew(role) } else { world.clinic.actor(role) };
            let answer = call.send(&actor, &world.own_id(call));
            if !public {
                self.saw(operation, role, row, &answer);
            }
            let lost = operation.method == "GET" && !(200..=299).contains(&answer.status);
            self.expect(!lost && answer.status < 500 && described(operation, answer.status), || {
                format!("{} as {role}: {} {}", answer.request, answer.status, answer.body)
            });
        }
    }

    /// An auditor with a case: the charts it names open, no other chart can be told from one that is not there, and a
    /// permission that knows no cases stays closed.
    fn cased_calls(&mut self, world: &World, document: &Value, oracle: &Oracle) {
        let auditor = world.clinic.auditor();
        for operation in operations(document).iter().filter(|operation| operation.value["security"].is_array()) {
            let (call, row) = (world.call(document, operation), row_of(oracle, operation));
            if !row.roles.contains(&"auditor") {
                self.cased_call(world, &auditor, (operation, &call), row);
            }
        }
    }

    fn cased_call(&mut self, world: &World, auditor: &Actor<'_>, (operation, call): (&Operation, &Call), row: &Row) {
        let ask = |case: &str, id: &str| call.send(&auditor.with("x-audit-case", case), id);
        let own = world.own_id(call);
        let (inside, outside) = (ask(&world.case, &own), ask(&world.other_case, &own));
        self.saw(operation, IN_A_CASE, row, &inside);
        let mut expect = |answer: &Answer, right: bool, wanted: &str| {
            self.expect(right, || format!("{} in an audit case: {} is not {wanted}", answer.request, answer.status));
        };
        if !row.cased {
            expect(&inside, inside.status == 403, "403");
            return;
        }
        let not_open = ask(UNKNOWN, &own);
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
}

/// Whether the contract says that this status can come.
fn described(operation: &Operation, status: u16) -> bool {
    operation.value["responses"].get(status.to_string()).is_some()
}

/// A problem without the members that name the request.
fn without_request(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    forget_request(&mut body);
    body
}

fn forget_request(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("instance");
            members.values_mut().for_each(forget_request);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_request),
        _ => {}
    }
}

/// The status of an answer; of a batch, of its first row.
fn status_of(answer: &Answer) -> u16 {
    let first = answer.body["results"][0]["problem"]["status"].as_u64();
    first.filter(|_| answer.status == 207).map_or(answer.status, |status| u16::try_from(status).unwrap_or_default())
}
