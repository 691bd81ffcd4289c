//! Every read and every search of the contract is one entry of the trail: by whoever asked, under the permission it
//! used, about exactly the patients whose records were served (T-04).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use super::oracle::oracle;
use super::row_of;
use super::world::World;
use crate::contract::{Operation, document, operations};
use crate::support::{Actor, Answer, Kind};

/// Operations whose rows name patients by id and tell nothing of their charts, each with its reason.
const ABOUT_IDS_ALONE: [(&str, &str); 3] = [
    ("audit_events_list", "a row of the trail holds ids and words; reading it is an entry, its rows are not"),
    ("audit_cases_list", "a case says whose charts it opens"),
    ("audit_cases_read", "the same"),
];

#[test]
fn every_read_is_one_entry_about_exactly_whom_it_served_on_sqlite() {
    crawl(Kind::Sqlite);
}

#[test]
fn every_read_is_one_entry_about_exactly_whom_it_served_on_postgresql() {
    crawl(Kind::Postgres);
}

fn crawl(kind: Kind) {
    let (oracle, document) = (oracle(), document());
    let world = World::with_a_record_of_every_kind(kind);
    let owners = world.owners();
    let (mut reads, mut rows, mut failures) = (0, 0, Vec::new());
    let all = operations(&document);
    for operation in all.iter().filter(|operation| reads_something(operation)) {
        let call = world.call(&document, operation);
        let row = row_of(&oracle, operation);
        let mut callers: Vec<(&str, Actor<'_>)> =
            row.roles.iter().map(|role| (*role, world.clinic.actor(role))).collect();
        if row.cased {
            callers.push(("auditor", world.clinic.auditor().with("x-audit-case", &world.case)));
        }
        for (role, actor) in callers {
            let own = world.own_id(&call);
            let answer = call.send(&actor, &own);
            reads += 1;
            let served = served(&owners, &answer, call.has_id().then_some(own.as_str()));
            rows += served.len();
            let told = told(&world, operation, (role, &answer), &served);
            failures.extend(told.into_iter().map(|complaint| format!("{} {complaint}", answer.request)));
        }
    }
    let _ = writeln!(std::io::stderr(), "told on {kind:?}: {reads} reads served {rows} charts");
    assert!(failures.is_empty(), "{} failures in {reads} reads:\n{}", failures.len(), failures.join("\n"));
    assert!(rows > 50, "the crawler served charts: {rows}");
}

fn reads_something(operation: &Operation) -> bool {
    let read = operation.method == "GET" || operation.path.ends_with("/search");
    read && operation.value["security"].is_array()
}

/// Whose records an answer holds: the path's own, and those of every id in its body.
fn served(owners: &BTreeMap<String, String>, answer: &Answer, path: Option<&str>) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    let words = text.split(|c| !is_id(c)).filter(|word| word.len() == 36).map(str::to_owned);
    words.chain(path.map(ToOwned::to_owned)).filter_map(|id| owners.get(&id.replace('-', "")).cloned()).collect()
}

/// What is wrong with what the trail says of this answer.
fn told(
    world: &World,
    operation: &Operation,
    (role, answer): (&str, &Answer),
    served: &BTreeSet<String>,
) -> Option<String> {
    if !(200..=299).contains(&answer.status) {
        return Some(format!("was answered {}", answer.status));
    }
    let request = answer.header("x-request-id").expect("the number of the request");
    let entries = world.entries_of(request);
    if ABOUT_IDS_ALONE.iter().any(|(name, _)| *name == operation.id()) {
        return None;
    }
    let [entry] = entries.as_slice() else {
        let nothing_to_tell = entries.is_empty() && served.is_empty();
        return (!nothing_to_tell).then(|| format!("served {} charts and is {} entries", served.len(), entries.len()));
    };
    let actor = world.clinic.staff_id(role).uuid().simple().to_string();
    if entry.actor != actor || entry.outcome != "success" {
        return Some(format!("is an entry of {} that ended in {}", entry.actor, entry.outcome));
    }
    if operation.value["x-permission"] != entry.action {
        return Some(format!("is an entry of {}", entry.action));
    }
    (entry.patients != *served).then(|| format!("served {served:?} and says {:?}", entry.patients))
}
