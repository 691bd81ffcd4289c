//! A clinic's policy: every number a medical director may set, with its default, its range and its source.
//!
//! Versions are immutable. A session pins the version it was released under, so that changing a threshold never
//! rewrites what an earlier visit was judged by. The law of a change: what makes the clinic stricter counts at
//! once, what makes it looser counts a day later (decisions.md part 2, protocol and policy approval).

mod rules;

pub use rules::*;

use super::event::{Event, EventKind, Subject};
use super::id::{PolicyId, StaffId};
use super::record::{Canonical, Record};
use super::refusal::{FieldErrors, Refusal};
use super::text;
use super::time::Timestamp;
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};

words! {
    /// Which discharge score the clinic uses; one set is named per clinic (decisions.md 16).
    pub enum ScoreSet {
        /// Post-anaesthetic discharge scoring system, with the pain item of decisions.md 16.
        Padss = "padss",
        /// Modified Aldrete score.
        Aldrete = "aldrete",
    }

    /// Which way a setting moves when it is made stricter.
    pub enum Stricter {
        /// A lower number is stricter.
        Lower = "lower",
        /// A higher number is stricter.
        Higher = "higher",
        /// The number says what is normal here, not how strict the clinic is.
        Neither = "neither",
    }
}

/// One row of the table of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The group it stands in, for example `pressure`.
    pub group: &'static str,
    /// Its name; ends with its unit where it has one.
    pub name: &'static str,
    /// What it means, for the person who sets it.
    pub meaning: &'static str,
    /// What a new clinic starts with.
    pub default: i64,
    /// The least that makes sense.
    pub least: i64,
    /// The most that makes sense.
    pub most: i64,
    /// Which way is stricter.
    pub stricter: Stricter,
    /// Where the default comes from.
    pub source: &'static str,
}

impl Setting {
    /// Whether going from `old` to `new` makes the clinic less strict.
    const fn is_loosened(&self, old: i64, new: i64) -> bool {
        match self.stricter {
            Stricter::Lower => new > old,
            Stricter::Higher => new < old,
            Stricter::Neither => false,
        }
    }
}

/// One change of one setting, as a body asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The group named.
    pub group: String,
    /// The setting named.
    pub name: String,
    /// Its new value.
    pub value: i64,
}

/// One immutable version of a clinic's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The version's id; sessions, orders, alerts and events name it.
    pub id: PolicyId,
    /// 1 for the seeded version, then counted up.
    pub version: i64,
    /// From when it counts.
    pub effective_at: Timestamp,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// Who approved it; nobody for the seeded version.
    pub approved_by: Option<StaffId>,
    /// Why it was changed.
    pub reason: Option<String>,
    /// The discharge score in use.
    pub score_set: ScoreSet,
    /// The numbers.
    pub rules: Rules,
}

/// How long a looser version waits before it counts, in hours (decisions.md part 2).
const LOOSER_AFTER_HOURS: i64 = 24;

impl Policy {
    /// The version a new clinic starts with: every default, to be approved by the medical director.
    pub const fn seeded(id: PolicyId, now: Timestamp) -> Self {
        Self {
            id,
            version: 1,
            effective_at: now,
            approved_at: now,
            approved_by: None,
            reason: None,
            score_set: ScoreSet::Padss,
            rules: Rules::seeded(),
        }
    }

    /// A new version: this one, which is in force, with some settings changed.
    ///
    /// # Errors
    /// Every unknown name, every number out of its range, and every pair of lines that would stand in the wrong
    /// order.
    pub fn changed(&self, id: PolicyId, approval: Approval, changes: &[Change]) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        errors.take(text::checked("/reason", &approval.reason, 1, 1000));
        let mut rules = self.rules;
        for change in changes {
            let pointer = format!("/settings/{}/{}", change.group, change.name);
            match Setting::find(&change.group, &change.name) {
                None => errors.add(pointer, "unknown_field", "is no setting of the policy"),
                Some(setting) if !(setting.least..=setting.most).contains(&change.value) => {
                    errors.add(pointer, "range", format!("must be between {} and {}", setting.least, setting.most));
                }
                Some(setting) => rules.set(setting, change.value),
            }
        }
        rules.note_disorder(&mut errors);
        errors.finish()?;
        let looser =
            Rules::TABLE.iter().any(|setting| setting.is_loosened(self.rules.get(setting), rules.get(setting)));
        let wait = if looser { LOOSER_AFTER_HOURS * 60 } else { 0 };
        let next = Self {
            id,
            version: approval.number,
            effective_at: approval.at.plus_minutes(wait),
            approved_at: approval.at,
            approved_by: Some(approval.by),
            reason: Some(approval.reason),
            score_set: approval.score_set.unwrap_or(self.score_set),
            rules,
        };
        let event = next.approved();
        Ok((next, event))
    }

    /// What a version leaves behind that somebody changed and approved at once: a review by somebody else
    /// (decisions.md part 2). The version a clinic starts with has no author.
    pub fn review(&self) -> Option<TaskCause> {
        let act = (self.approved_by?, self.approved_at);
        Some(TaskCause::review(TaskKind::WaiverReview, TaskAudience::Reviewer, self.id, act))
    }

    /// The event of this version's approval.
    pub fn approved(&self) -> Event {
        let subject = Subject::new("policy", self.id, self.version);
        let event = Event::of_clinic(EventKind::PolicyApproved, subject, self.record());
        match &self.reason {
            Some(reason) => event.because(reason.clone()),
            None => event,
        }
    }

    /// The canonical form, version 1, of a version that knows every setting of today.
    pub fn record(&self) -> Record {
        self.record_of(|_| true)
    }

    /// The canonical form of a version with those settings that were kept with it: later ones were no part of it.
    pub fn record_of(&self, kept: impl Fn(&Setting) -> bool) -> Record {
        let settings = Rules::TABLE
            .iter()
            .filter(|setting| kept(setting))
            .map(|setting| {
                let row = Record::group().with("group", setting.group).with("name", setting.name);
                Canonical::from(row.with("value", self.rules.get(setting)))
            })
            .collect();
        Record::new("policy", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("effective_at", self.effective_at)
            .with("approved_at", self.approved_at)
            .with("approved_by", self.approved_by)
            .with("reason", self.reason.clone())
            .with("score_set", self.score_set.as_str())
            .with("settings", Canonical::List(settings))
    }
}

/// A prescriber's approval of a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who approves.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// One more than the newest version, which may be one that does not count yet: the higher number wins.
    pub number: i64,
    /// Why.
    pub reason: String,
    /// The discharge score to use from now on, if that changes.
    pub score_set: Option<ScoreSet>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn policy() -> Policy {
        Policy::seeded(PolicyId(Uuid::nil()), Timestamp::from_millis(0))
    }

    fn approval() -> Approval {
        Approval {
            by: StaffId(Uuid::nil()),
            at: Timestamp::from_millis(1_000),
            number: 2,
            reason: "audit".into(),
            score_set: None,
        }
    }

    fn change(group: &str, name: &str, value: i64) -> Change {
        Change { group: group.into(), name: name.into(), value }
    }

    fn try_change(changes: &[Change]) -> Result<Policy, Refusal> {
        policy().changed(PolicyId(Uuid::max()), approval(), changes).map(|(next, _)| next)
    }

    #[test]
    fn every_default_lies_in_its_range_and_names_its_source() {
        for setting in Rules::TABLE {
            assert!((setting.least..=setting.most).contains(&setting.default), "{}", setting.name);
            assert!(setting.source.contains(".md "), "{} has no source", setting.name);
            assert!(!setting.meaning.trim().is_empty(), "{} has no meaning", setting.name);
            assert_eq!(policy().rules.get(setting), setting.default);
        }
    }

    #[test]
    fn the_defaults_stand_in_order() {
        let mut errors = FieldErrors::none();
        policy().rules.note_disorder(&mut errors);
        assert_eq!(errors.finish(), Ok(()));
    }

    #[test]
    fn all_that_is_wrong_with_a_change_is_said_at_once() {
        let changes = [
            change("pressure", "no_such", 1),
            change("nothing", "watch_systolic", 1),
            change("staffing", "nurse_max_total", 99),
        ];
        let Err(Refusal::Invalid(errors)) = try_change(&changes) else { panic!("must be refused") };
        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            ["/settings/pressure/no_such", "/settings/nothing/watch_systolic", "/settings/staffing/nurse_max_total"]
        );
    }

    #[test]
    fn an_act_line_above_the_pause_line_is_refused() {
        assert!(try_change(&[change("pressure", "act_systolic", 185)]).is_err());
        assert!(
            try_change(&[change("pressure", "act_systolic", 185), change("pressure", "pause_systolic", 190)]).is_ok()
        );
    }

    #[test]
    fn stricter_counts_at_once_and_looser_a_day_later() {
        let stricter = try_change(&[change("pressure", "act_systolic", 160)]).unwrap();
        assert_eq!(stricter.effective_at, approval().at);
        let looser = try_change(&[change("pressure", "act_systolic", 170)]).unwrap();
        assert_eq!(looser.effective_at.since(approval().at), 24 * 3_600_000);
        assert_eq!((looser.version, looser.approved_by), (2, Some(approval().by)));
    }

    proptest! {
        #[test]
        fn a_version_that_counts_at_once_never_loosens_any_setting(rows in proptest::collection::vec((0_usize..200, -5_i64..=5), 0..6)) {
            let changes: Vec<Change> = rows.iter().filter_map(|(index, delta)| {
                let setting = Rules::TABLE.get(index % Rules::TABLE.len())?;
                Some(change(setting.group, setting.name, setting.default + delta))
            }).collect();
            if let Ok(next) = try_change(&changes) {
                let looser = Rules::TABLE.iter().filter(|s| match s.stricter {
                    Stricter::Lower => next.rules.get(s) > s.default,
                    Stricter::Higher => next.rules.get(s) < s.default,
                    Stricter::Neither => false,
                }).count();
                prop_assert_eq!(next.effective_at == approval().at, looser == 0);
            }
        }

        #[test]
        fn a_setting_that_is_set_reads_back_and_moves_no_other(index in 0_usize..200, value in 0_i64..1000) {
            let setting = &Rules::TABLE[index % Rules::TABLE.len()];
            let mut rules = Rules::seeded();
            rules.set(setting, value);
            for other in Rules::TABLE {
                prop_assert_eq!(rules.get(other), if other == setting { value } else { other.default });
            }
        }
    }
}
