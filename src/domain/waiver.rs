//! Where a small clinic goes without a second person (decisions.md 4 and part 2): an administrator says so for one
//! permission, with a reason and an end. Each use is reviewed by somebody else within thirty days.

use super::event::{Event, EventKind, Subject};
use super::id::{StaffId, WaiverId};
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal, Unmet};
use super::task::{TaskAudience, TaskCause, TaskKind};
use super::text::checked;
use super::time::Timestamp;
use uuid::Uuid;

/// The longest a waiver holds, in days: twelve months.
pub const LONGEST_DAYS: i64 = 366;
const DAY_MINUTES: i64 = 24 * 60;

words! {
    /// What may be done without the second person, by its permission. What is not listed never may: the check of a
    /// preparation, the witness of a consent, a second prescriber above the absolute cap or where a screening says no.
    pub enum Waivable {
        /// A prescriber changes the policy alone.
        Policy = "policy.approve",
        /// A prescriber approves a protocol of their own.
        Protocol = "protocol.approve",
        /// A prescriber orders above the protocol's ceiling without a witness.
        Order = "order.sign",
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWaiver {
    /// For which permission.
    pub permission: Waivable,
    /// Why.
    pub reason: String,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

/// A waiver of the second person for one permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its id.
    pub id: WaiverId,
    /// Its version.
    pub version: i64,
    /// For which permission.
    pub permission: Waivable,
    /// Why.
    pub reason: String,
    /// Who set it; nobody when the operator did at the command line.
    pub set_by: Option<StaffId>,
    /// When.
    pub set_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// Who ended it before.
    pub ended_by: Option<StaffId>,
    /// When.
    pub ended_at: Option<Timestamp>,
}

impl Waiver {
    /// Sets one.
    ///
    /// # Errors
    /// A field error for a reason of fewer than ten characters, or an end that has passed or lies more than twelve
    /// months ahead.
    pub fn set(id: WaiverId, new: NewWaiver, by: Option<StaffId>, now: Timestamp) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        let reason = errors.take(checked("/reason", &new.reason, 10, 1000));
        if new.ends_at <= now || new.ends_at > now.plus_minutes(LONGEST_DAYS * DAY_MINUTES) {
            errors.add("/ends_at", "range", "must be in the next twelve months");
        }
        errors.finish()?;
        let waiver = Self {
            id,
            version: 1,
            permission: new.permission,
            reason: reason.unwrap_or_default(),
            set_by: by,
            set_at: now,
            ends_at: new.ends_at,
            ended_by: None,
            ended_at: None,
        };
        let event = waiver.event(EventKind::WaiverSet);
        Ok((waiver, event))
    }

    /// Ends it before its time; nobody names the operator, or the waiver that takes its place.
    ///
    /// # Errors
    /// `already_done` when it was ended before.
    pub fn end(&self, by: Option<StaffId>, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.ended_at.is_some() {
            return Err(Refusal::clash(Clash::AlreadyDone, "the waiver was ended already"));
        }
        let next = Self { version: self.version + 1, ended_by: by, ended_at: Some(now), ..self.clone() };
        let event = next.event(EventKind::WaiverEnded);
        Ok((next, event))
    }

    /// Whether it holds at this instant.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.ends_at
    }

    fn event(&self, kind: EventKind) -> Event {
        let event = Event::of_clinic(kind, Subject::new("two_person_waiver", self.id, self.version), self.record());
        event.because(self.reason.clone())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("two_person_waiver", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("permission", self.permission.as_str())
            .with("reason", &self.reason)
            .with("set_by", self.set_by)
            .with("set_at", self.set_at)
            .with("ends_at", self.ends_at)
            .with("ended_by", self.ended_by)
            .with("ended_at", self.ended_at)
    }
}

impl Waivable {
    /// What stands in the way of one person alone, and how it is met.
    pub fn unmet(self) -> Unmet {
        let (code, rule, text) = match self {
            Self::Policy => (
                "second_prescriber_missing",
                "policy.approve.second",
                "A looser policy is approved by two prescribers: send the cosignature another gave at this device, or let an \
                 administrator set a waiver.",
            ),
            Self::Protocol => (
                "second_prescriber_missing",
                "protocol.approve.second",
                "Another prescriber approves what you drafted, unless it is stricter; or an administrator sets a waiver.",
            ),
            Self::Order => (
                "witness_missing",
                "order.sign.witness",
                "A dose above the protocol's ceiling is witnessed by a nurse or prescriber: send their cosignature, or \
                 let an administrator set a waiver.",
            ),
        };
        Unmet::new(code, rule, text).fixed_by("POST", "/api/v1/two-person-waivers", "admin")
    }

    /// The review that each use of a waiver leaves behind.
    pub fn used(self, subject: impl Into<Uuid>, by: StaffId, now: Timestamp) -> TaskCause {
        TaskCause::review(TaskKind::WaiverReview, TaskAudience::Reviewer, subject, (by, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(reason: &str, minutes: i64) -> Result<Waiver, Refusal> {
        let new = NewWaiver {
            permission: Waivable::Protocol,
            reason: reason.into(),
            ends_at: Timestamp::from_millis(0).plus_minutes(minutes),
        };
        Waiver::set(WaiverId(Uuid::from_u128(1)), new, None, Timestamp::from_millis(0)).map(|(waiver, _)| waiver)
    }

    #[test]
    fn a_waiver_has_a_reason_and_ends_within_twelve_months() {
        let reason = "there is one prescriber";
        assert!(set(reason, 1).is_ok() && set(reason, LONGEST_DAYS * DAY_MINUTES).is_ok());
        for minutes in [0, -1, LONGEST_DAYS * DAY_MINUTES + 1] {
            assert!(set(reason, minutes).is_err(), "{minutes}");
        }
        assert!(set("too short", 60).is_err());
    }

    #[test]
    fn it_holds_until_its_end_or_until_it_is_ended_and_is_ended_once() {
        let waiver = set("there is one prescriber", 60).unwrap();
        let at = |minutes| Timestamp::from_millis(0).plus_minutes(minutes);
        assert!(waiver.holds(at(0)) && waiver.holds(at(59)) && !waiver.holds(at(60)));
        let (ended, event) = waiver.end(None, at(10)).unwrap();
        assert_eq!((event.kind, ended.version), (EventKind::WaiverEnded, 2));
        assert!(!ended.holds(at(11)));
        assert!(matches!(ended.end(None, at(12)), Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
    }
}
