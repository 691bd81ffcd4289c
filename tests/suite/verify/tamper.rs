//! Tampering with a trail: every single change is found and its first place named, none is seen where nothing was changed.

use super::{a_busy_trail, long};
use crate::support::on_both_databases;
use chairside::domain::audit_entry::leaf_hash;
use chairside::domain::merkle::Hash;
use chairside::verify::{Entry, Fault, Head, Walk};
use std::collections::BTreeMap;

/// A change: what kind, where, and every answer that names its first place.
struct Change<'a> {
    kind: &'static str,
    at: usize,
    answers: &'a [(u64, Fault)],
}

/// The first fault of a walk that has come so far.
fn fault_from(mut walk: Walk, entries: &[Entry], head: &Head) -> Option<(u64, Fault)> {
    let stepped = entries.iter().try_for_each(|entry| walk.step(entry));
    let found = stepped.and_then(|()| walk.finish(Some(head)).map(drop)).err();
    found.map(|found| (found.seq.unwrap(), found.fault))
}

/// Removals, insertions, swaps and cuts, each on a copy of its own.
fn change_the_order(entries: &[Entry], look: &mut impl FnMut(Change<'_>, &[Entry])) {
    let last = entries.len() - 1;
    for at in 0..entries.len() {
        let seq = at as u64 + 1;
        let short = [(seq, Fault::RolledBack)];
        let mut removed = entries.to_vec();
        removed.remove(at);
        let gone = [(seq, Fault::Removed)];
        look(Change { kind: "removed", at, answers: if at == last { &short } else { &gone } }, &removed);
        removed[at..].iter_mut().for_each(|entry| entry.seq -= 1);
        let moved = [(seq, Fault::Swapped)];
        look(
            Change { kind: "removed, rest renumbered", at, answers: if at == last { &short } else { &moved } },
            &removed,
        );
        let mut inserted = entries.to_vec();
        inserted.insert(at, entries[at].clone());
        look(Change { kind: "inserted", at, answers: &[(seq + 1, Fault::Inserted)] }, &inserted);
        inserted[at + 1..].iter_mut().for_each(|entry| entry.seq += 1);
        look(Change { kind: "inserted, rest renumbered", at, answers: &[(seq + 1, Fault::Swapped)] }, &inserted);
        look(Change { kind: "cut off", at, answers: &short }, &entries[..at]);
        for other in at + 1..entries.len().min(at + 4) {
            let mut swapped = entries.to_vec();
            swapped.swap(at, other);
            (swapped[at].seq, swapped[other].seq) = (entries[at].seq, entries[other].seq);
            look(Change { kind: "swapped", at, answers: &moved }, &swapped);
        }
    }
}

/// Each byte and each column of each entry, `sealed(at)` being the first entry under the same checkpoint.
fn change_each_entry(entries: &[Entry], sealed: impl Fn(usize) -> u64, look: &mut impl FnMut(Change<'_>, &[Entry])) {
    let mut copy = entries.to_vec();
    let mut change = |kind, at: usize, with: &dyn Fn(&mut Entry)| {
        with(&mut copy[at]);
        let seq = at as u64 + 1;
        // A body whose leaf was made again shows under the next checkpoint alone: named as the range it lies in.
        // A time that was made later shows by the entry behind it.
        let answers =
            [(seq, Fault::Altered), (sealed(at), Fault::Altered), (seq, Fault::Swapped), (seq + 1, Fault::Altered)];
        let exact = if kind == "byte of a body, leaf made again" { &answers[..] } else { &answers[..1] };
        look(Change { kind, at, answers: exact }, &copy);
        copy[at] = entries[at].clone();
    };
    for (at, entry) in entries.iter().enumerate() {
        for byte in 0..entry.body.as_ref().unwrap().len() {
            let bend = move |entry: &mut Entry| {
                let mut body = entry.body.clone().unwrap().into_bytes();
                body[byte] ^= 1;
                entry.body = Some(String::from_utf8_lossy(&body).into_owned());
            };
            change("byte of a body", at, &bend);
            change("byte of a body, leaf made again", at, &|entry| {
                bend(entry);
                entry.leaf = leaf_hash(entry.body.as_ref().unwrap().as_bytes()).to_vec();
            });
        }
        for byte in 0..32 {
            change("byte of a leaf", at, &|entry| entry.leaf[byte] ^= 0x80);
        }
        let columns: [fn(&mut Entry); 7] = [
            |entry| entry.columns.as_mut().unwrap().ts.push('0'),
            |entry| entry.columns.as_mut().unwrap().actor_id = Some("somebody".into()),
            |entry| entry.columns.as_mut().unwrap().action.push('x'),
            |entry| entry.columns.as_mut().unwrap().outcome.push('x'),
            |entry| entry.columns.as_mut().unwrap().object_kind = Some("something".into()),
            |entry| entry.columns.as_mut().unwrap().object_id = Some("some".into()),
            |entry| entry.columns.as_mut().unwrap().request_id.push('0'),
        ];
        for column in columns {
            change("column", at, &column);
        }
        change("subject added", at, &|entry| {
            entry.subjects.as_mut().unwrap().push("0190a5c0-0000-7000-8000-00000000dead".into());
        });
        if !entry.subjects.as_ref().unwrap().is_empty() {
            change("subject removed", at, &|entry| drop(entry.subjects.as_mut().unwrap().pop()));
        }
        if entry.detail.is_some() {
            change("salt", at, &|entry| entry.detail.as_mut().unwrap().0[0] ^= 1);
            change("detail gone", at, &|entry| entry.detail = None);
            change("detail erased without a word", at, &|entry| {
                entry.detail.as_mut().unwrap().1 = None;
                entry.subjects.as_mut().unwrap().clear();
            });
        }
    }
}

#[test]
fn six_thousand_single_changes_of_a_trail_are_all_found_and_none_where_nothing_was_changed() {
    on_both_databases(|clinic| {
        let (entries, head, checkpoints) = a_busy_trail(clinic);
        assert!(entries.iter().any(|entry| entry.detail.is_some()), "a list of patients is bound by a detail");
        let walk = || Walk::against(clinic.id, checkpoints.iter().copied()).unwrap();
        assert_eq!(fault_from(walk(), &entries, &head), None);
        // What was never signed can be changed together with its hash and nobody knows; so only signed entries here.
        let signed = usize::try_from(checkpoints[1].0).unwrap();
        let entries = entries[..signed].to_vec();
        let ts = |entry: &Entry| Some(entry.columns.as_ref().unwrap().ts.clone());
        let head = Head { size: signed as i64, last_ts: ts(&entries[signed - 1]) };
        let (mut on, mut so_far) = (walk(), Vec::new());
        for entry in &entries {
            so_far.push(on.clone());
            on.step(entry).unwrap();
        }
        let every = if long() { 1 } else { 29 };
        let (mut number, mut made, mut missed) = (0_usize, BTreeMap::<&str, usize>::new(), Vec::new());
        let mut look = |change: Change<'_>, changed: &[Entry]| {
            number += 1;
            // Bytes are many; of the rest every one is looked at in the short form too.
            if change.kind.starts_with("byte") && number % every != 0 {
                return;
            }
            *made.entry(change.kind).or_default() += 1;
            let found = fault_from(so_far[change.at].clone(), &changed[change.at..], &head);
            if found.is_none_or(|found| !change.answers.contains(&found)) {
                missed.push(format!("{} at {}: {found:?}, not {:?}", change.kind, change.at + 1, change.answers));
            }
        };
        change_the_order(&entries, &mut look);
        let first = |at: usize| if (at as u64) < checkpoints[0].0 { 1 } else { checkpoints[0].0 + 1 };
        change_each_entry(&entries, first, &mut look);
        let sum: usize = made.values().sum();
        println!("{:?}: {sum} changes of {signed} entries, by kind {made:?}", clinic.kind);
        assert!(
            missed.is_empty(),
            "{} of {sum} missed or misplaced: {:#?}",
            missed.len(),
            &missed[..missed.len().min(20)]
        );
        assert!(sum >= if every == 1 { 6_000 } else { 300 }, "only {sum} changes");
        // Nothing of it stuck, and the end cut off together with its head shows by the checkpoint that left the house.
        assert_eq!(fault_from(walk(), &entries, &head), None);
        let cut = Head { size: head.size - 1, last_ts: ts(&entries[signed - 2]) };
        assert_eq!(fault_from(walk(), &entries[..signed - 1], &cut), Some((signed as u64, Fault::RolledBack)));
        let other: Vec<(u64, Hash)> = vec![(checkpoints[0].0, [7; 32]), checkpoints[1]];
        let walk = Walk::against(clinic.id, other).unwrap();
        assert_eq!(
            fault_from(walk, &entries, &head),
            Some((1, Fault::Altered)),
            "another root than the one that was signed"
        );
    });
}
