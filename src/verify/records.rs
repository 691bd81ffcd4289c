//! Holds every record of a clinic against the last word of the trail about it.
//!
//! All three directions: a record that was changed, one that is gone, and one that nobody ever wrote. An entry that
//! names the version of its form is held against exactly that form. Entries from before forms were numbered are held
//! against every form that can be made again; of four kinds the old form is lost, and those are counted, not called
//! intact.

use super::copy::Verdict;
use super::words::{LastWords, Word};
use super::{Fault, Finding};
use crate::domain::id::ClinicId;
use crate::domain::merkle::Hash;
use crate::domain::record::RecordKind;
use crate::store::{DatabaseCopy, Rebuilt, Result};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Records are made again so many at a time.
const RECORDS_AT_ONCE: i64 = 500;

/// Kinds whose first forms cannot be made again: a session's pump changed without a word, a sign-in's and a member's
/// forms left columns out, a clinic's had no version.
const LOST: [RecordKind; 4] = [RecordKind::Session, RecordKind::LoginSession, RecordKind::Staff, RecordKind::Clinic];

/// Facts that stand beside a record and are told by their own hash.
const FACTS: [RecordKind; 2] = [RecordKind::AlertAction, RecordKind::SessionTransition];

/// What came of one clinic's records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Records that are as the trail says.
    pub intact: u64,
    /// Records in a form that is lost.
    pub unheld: u64,
    /// The first that is not.
    pub finding: Option<Finding>,
    /// The records that were looked at.
    seen: HashSet<(RecordKind, Uuid)>,
    facts: HashSet<Hash>,
    /// How many entries are left that wrote a fact and did not tell its hash.
    before_facts: HashMap<(String, Uuid), u64>,
}

/// Checks the records of every clinic, or of one, into their verdicts.
///
/// # Errors
/// When the copy cannot be read.
pub(super) fn check_all(copy: &mut DatabaseCopy, verdicts: &mut [Verdict], only: Option<ClinicId>) -> Result<()> {
    let trails: Vec<(ClinicId, LastWords)> = verdicts
        .iter()
        .filter_map(|verdict| Some((verdict.clinic, verdict.outcome.as_ref().ok()?.words.clone())))
        .collect();
    let nothing = LastWords::default();
    let host = trails.iter().find(|(clinic, _)| clinic.0.is_nil()).map_or(&nothing, |(_, words)| words);
    let mut seen = HashSet::new();
    for verdict in verdicts.iter_mut().filter(|verdict| !verdict.clinic.0.is_nil()) {
        let Some((_, words)) = trails.iter().find(|(clinic, _)| *clinic == verdict.clinic) else { continue };
        let held = check(copy, verdict.clinic, words, host)?;
        (verdict.records, verdict.unheld) = (held.intact, held.unheld);
        if let Some(finding) = held.finding {
            verdict.outcome = Err(finding);
        }
        seen.extend(held.seen);
    }
    let installation = verdicts.iter_mut().find(|verdict| verdict.clinic.0.is_nil());
    if let (None, Some(verdict)) = (only, installation)
        && let Some(finding) = gone(host, &seen)
    {
        verdict.outcome = Err(finding);
    }
    Ok(())
}

/// Holds a clinic's records against its own trail, and against the installation's where that spoke last.
///
/// # Errors
/// When the copy cannot be read.
pub fn check(copy: &mut DatabaseCopy, clinic: ClinicId, words: &LastWords, host: &LastWords) -> Result<Held> {
    let mut held = Held { before_facts: words.before_facts.clone(), ..Held::default() };
    for kind in RecordKind::ALL.iter().copied() {
        let mut after = Uuid::nil();
        loop {
            let page = copy.records(clinic, kind, after, RECORDS_AT_ONCE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for record in page {
                let finding = match record.beside {
                    None if FACTS.contains(&kind) => Some(unreadable(kind, record.id)),
                    Some(beside) => held.fact((kind, beside), &record, words),
                    None => held.record(kind, &record, words, host),
                };
                held.first(finding);
            }
        }
    }
    let gone = gone(words, &held.seen);
    held.first(gone);
    let missing = words.facts.iter().filter(|(hash, _)| !held.facts.contains(*hash)).map(|(_, seq)| *seq).min();
    held.first(missing.map(|seq| Finding::new(seq, Fault::Record, "what was written beside its record is not there")));
    Ok(held)
}

impl Held {
    /// The finding whose entry came first counts; one that no entry shows counts when there is no other.
    fn first(&mut self, found: Option<Finding>) {
        let Some(found) = found else { return };
        let place = |finding: &Finding| finding.seq.unwrap_or(u64::MAX);
        if self.finding.as_ref().is_none_or(|known| place(&found) < place(known)) {
            self.finding = Some(found);
        }
    }

    fn record(&mut self, kind: RecordKind, record: &Rebuilt, own: &LastWords, host: &LastWords) -> Option<Finding> {
        let key = (kind.as_str().to_owned(), record.id);
        self.seen.insert((kind, record.id));
        let Some(word) = own.of.get(&key).or_else(|| host.of.get(&key)) else {
            let text = format!("{kind} {} is in no entry: nobody wrote it", record.id);
            return Some(Finding { seq: None, fault: Fault::Record, text });
        };
        if says(word, record) {
            self.intact += 1;
            return None;
        }
        if word.v.is_none() && LOST.contains(&kind) && !record.forms.is_empty() {
            self.unheld += 1;
            return None;
        }
        let text = format!("{kind} {} is not what this entry, its last, says", record.id);
        Some(Finding::new(word.seq, Fault::Record, &text))
    }

    /// A fact is told by its hash alone: it never changes, so every one of them counts, not the last.
    fn fact(&mut self, (kind, beside): (RecordKind, Uuid), fact: &Rebuilt, words: &LastWords) -> Option<Finding> {
        if let Some((_, hash)) = fact.forms.iter().find(|(_, hash)| words.facts.contains_key(hash)) {
            self.facts.insert(*hash);
            self.intact += 1;
            return None;
        }
        let parent = if kind == RecordKind::SessionTransition { RecordKind::Session } else { RecordKind::Alert };
        let untold = self.before_facts.get_mut(&(parent.as_str().to_owned(), beside));
        if let Some(left) = untold.filter(|left| **left > 0) {
            *left -= 1;
            self.unheld += 1;
            return None;
        }
        let text = format!("{kind} {} is in no entry: nobody wrote it, or it was changed", fact.id);
        Some(Finding { seq: None, fault: Fault::Record, text })
    }
}

fn unreadable(kind: RecordKind, id: Uuid) -> Finding {
    Finding { seq: None, fault: Fault::Record, text: format!("{kind} {id} cannot be read") }
}

/// Whether one of the forms is the one that was hashed.
fn says(word: &Word, record: &Rebuilt) -> bool {
    record.forms.iter().any(|(v, hash)| *hash == word.hash && word.v.is_none_or(|said| said == *v))
}

/// The first record that a trail speaks of and that is not there.
fn gone(words: &LastWords, seen: &HashSet<(RecordKind, Uuid)>) -> Option<Finding> {
    let known = |(kind, id): &(String, Uuid)| RecordKind::parse(kind).ok().map(|kind| (kind, *id));
    let missing = words.of.iter().filter_map(|(key, word)| Some((known(key)?, word.seq)));
    let ((kind, id), seq) = missing.filter(|(key, _)| !seen.contains(key)).min_by_key(|(_, seq)| *seq)?;
    Some(Finding::new(seq, Fault::Record, &format!("{kind} {id} is gone")))
}
