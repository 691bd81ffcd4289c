//! Who did something, when, and on what footing: the frame around every clinical entry.
//!
//! An entry asks for something (`about_to`: guarded) or states what happened (`done`: saved, whatever the rules say;
//! what they would have said is kept beside it). decisions.md 1 and 34.

use super::id::StaffId;
use super::record::Record;
use super::refusal::{FieldErrors, Refusal, Unmet};
use super::route::{Basis, EntrySource};
use super::text::checked;
use super::time::Timestamp;

/// How far a tablet's clock may run ahead of the server's: decisions.md 34.
pub const SKEW_MIN: i64 = 5;
/// From here on an entry is marked late: decisions.md 34.
pub const LATE_MIN: i64 = 15;
/// From here on a late entry has to say why: decisions.md 34.
pub const LATE_REASON_MIN: i64 = 60;

/// What to do with an instant that lies ahead of the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// Held to the server's time and never refused: stop, pause, emergency, observation.
    Clamped,
    /// Refused beyond [`SKEW_MIN`]: everything else.
    Refused,
}

/// What a body says about the act; all of it may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Asked for, or happened; absent means asked for.
    pub basis: Option<Basis>,
    /// When it happened at the chair.
    pub occurred_at: Option<Timestamp>,
    /// How a `done` entry came into the record.
    pub source: Option<EntrySource>,
    /// Who saw a `done` entry happen.
    pub observed_by: Option<StaffId>,
    /// Why it was entered more than [`LATE_REASON_MIN`] later.
    pub late_reason: Option<String>,
}

/// One person's act at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who entered it.
    pub by: StaffId,
    /// When it happened at the chair.
    pub occurred_at: Timestamp,
    /// When the server took it.
    pub recorded_at: Timestamp,
    /// Asked for, or happened.
    pub basis: Basis,
    /// How a `done` entry came into the record.
    pub source: Option<EntrySource>,
    /// Who saw a `done` entry happen.
    pub observed_by: Option<StaffId>,
    /// Why it was entered late.
    pub late_reason: Option<String>,
}

impl Act {
    /// Somebody asks for something now.
    pub fn now(by: StaffId, now: Timestamp) -> Self {
        Self {
            by,
            occurred_at: now,
            recorded_at: now,
            basis: Basis::AboutTo,
            source: None,
            observed_by: None,
            late_reason: None,
        }
    }

    /// Reads what a body states.
    ///
    /// # Errors
    /// Field errors, all at once: a `done` without its instant, source or observer; an instant ahead of the clock
    /// where that is refused; an intent dated back; an old entry without a reason.
    pub fn stated(by: StaffId, now: Timestamp, stated: Stated, ahead: Ahead) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let basis = stated.basis.unwrap_or(Basis::AboutTo);
        let occurred_at = stated.occurred_at.unwrap_or(now);
        if basis == Basis::Done {
            let missing = "is required when basis is done";
            for (pointer, absent) in [
                ("/occurred_at", stated.occurred_at.is_none()),
                ("/source", stated.source.is_none()),
                ("/observed_by", stated.observed_by.is_none()),
            ] {
                if absent {
                    errors.add(pointer, "required", missing);
                }
            }
        }
        if let Some(reason) = &stated.late_reason {
            errors.take(checked("/late_reason", reason, 1, 1000));
        }
        if ahead == Ahead::Refused {
            let age = now.minutes_since(occurred_at);
            if occurred_at > now.plus_minutes(SKEW_MIN) {
                errors.add(
                    "/occurred_at",
                    "clock_skew",
                    format!("must not be more than {SKEW_MIN} min ahead of the server's clock"),
                );
            } else if basis == Basis::AboutTo && age > LATE_MIN {
                errors.add(
                    "/basis",
                    "not_an_intent",
                    format!("what happened more than {LATE_MIN} min ago is sent with basis done"),
                );
            } else if age > LATE_REASON_MIN && stated.late_reason.is_none() {
                errors.add(
                    "/late_reason",
                    "required",
                    format!("is required more than {LATE_REASON_MIN} min after it happened"),
                );
            }
        }
        errors.finish()?;
        Ok(Self {
            by,
            occurred_at: occurred_at.min(now),
            recorded_at: now,
            basis,
            source: stated.source,
            observed_by: stated.observed_by,
            late_reason: stated.late_reason,
        })
    }

    /// Whether it was entered more than [`LATE_MIN`] after it happened.
    pub fn is_late(&self) -> bool {
        self.recorded_at.minutes_since(self.occurred_at) > LATE_MIN
    }

    /// Lets the act through: an intent only when nothing is unmet, a statement always, with what was unmet.
    ///
    /// # Errors
    /// [`Refusal::Blocked`] with every unmet condition of an intent.
    pub fn admit(&self, event: &'static str, unmet: Vec<Unmet>) -> Result<Vec<Unmet>, Refusal> {
        if self.basis == Basis::AboutTo && !unmet.is_empty() {
            return Err(Refusal::Blocked { event, by: unmet });
        }
        Ok(unmet)
    }

    /// The frame as a group of a canonical record.
    pub fn record(&self) -> Record {
        Record::group()
            .with("by", self.by)
            .with("occurred_at", self.occurred_at)
            .with("recorded_at", self.recorded_at)
            .with("basis", self.basis.as_str())
            .word("source", self.source.map(EntrySource::as_str))
            .with("observed_by", self.observed_by)
            .with("late_reason", self.late_reason.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NURSE: StaffId = StaffId(Uuid::from_u128(1));

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_772_000_000_000).plus_minutes(minutes)
    }

    fn done(occurred_at: Timestamp) -> Stated {
        Stated {
            basis: Some(Basis::Done),
            occurred_at: Some(occurred_at),
            source: Some(EntrySource::Paper),
            observed_by: Some(NURSE),
            late_reason: None,
        }
    }

    fn codes(refusal: Refusal) -> Vec<String> {
        let Refusal::Invalid(errors) = refusal else { panic!("{refusal:?}") };
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn a_statement_names_its_instant_its_source_and_its_observer() {
        let bare = Stated { basis: Some(Basis::Done), ..Stated::default() };
        let refusal = Act::stated(NURSE, at(0), bare, Ahead::Refused).unwrap_err();
        assert_eq!(codes(refusal), ["/occurred_at", "/source", "/observed_by"]);
    }

    #[test]
    fn each_age_of_an_entry_has_its_rule() {
        // minutes before now, intent accepted, statement accepted, late
        for (age, intent, statement, late) in [
            (-6, false, false, false),
            (-5, true, true, false),
            (0, true, true, false),
            (15, true, true, false),
            (16, false, true, true),
            (61, false, false, true),
        ] {
            let asked = Stated { occurred_at: Some(at(-age)), ..Stated::default() };
            assert_eq!(Act::stated(NURSE, at(0), asked, Ahead::Refused).is_ok(), intent, "intent of {age} min ago");
            let said = Act::stated(NURSE, at(0), done(at(-age)), Ahead::Refused);
            assert_eq!(said.is_ok(), statement, "statement of {age} min ago");
            let reasoned = Stated { late_reason: Some("power cut".into()), ..done(at(-age)) };
            if let Ok(act) = Act::stated(NURSE, at(0), reasoned, Ahead::Refused) {
                assert_eq!(act.is_late(), late, "late after {age} min");
            }
        }
    }

    #[test]
    fn a_stop_from_a_fast_clock_is_held_to_the_servers_time() {
        let asked = Stated { occurred_at: Some(at(600)), ..Stated::default() };
        assert_eq!(Act::stated(NURSE, at(0), asked, Ahead::Clamped).unwrap().occurred_at, at(0));
    }

    #[test]
    fn an_intent_is_refused_with_everything_unmet_and_a_statement_keeps_it() {
        let unmet = vec![Unmet::new("a", "r.a", "first"), Unmet::new("b", "r.b", "second")];
        let refused = Act::now(NURSE, at(0)).admit("start", unmet.clone());
        assert_eq!(refused, Err(Refusal::Blocked { event: "start", by: unmet.clone() }));
        let stated = Act::stated(NURSE, at(0), done(at(-1)), Ahead::Refused).unwrap();
        assert_eq!(stated.admit("start", unmet.clone()), Ok(unmet));
    }
}
