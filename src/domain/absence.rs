//! When a member of staff is away (decisions.md 11). An absence calls nothing off and reassigns nothing: it says which
//! visits and conversations somebody has to find another person for, or call about.

use super::event::{Event, EventKind, Subject};
use super::id::{AbsenceId, StaffId};
use super::record::Record;
use super::refusal::{FieldErrors, Refusal};
use super::session::{Session, SessionState};
use super::text;
use super::time::Timestamp;

/// The longest absence that is one entry, in days: a year of leave.
pub const LONGEST_DAYS: i64 = 366;

/// An absence: a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Its id.
    pub id: AbsenceId,
    /// Who is away.
    pub staff: StaffId,
    /// From this instant on.
    pub from: Timestamp,
    /// Up to this one, itself not included.
    pub to: Timestamp,
    /// Why.
    pub reason: String,
    /// Who wrote it down.
    pub recorded_by: StaffId,
    /// When.
    pub recorded_at: Timestamp,
}

impl Absence {
    /// Notes an absence. One that began already can be noted; one that is over would call nobody.
    ///
    /// # Errors
    /// When it ends before it begins or has ended, is too long, or the reason cannot be kept.
    pub fn note(
        id: AbsenceId,
        staff: StaffId,
        (from, to): (Timestamp, Timestamp),
        reason: &str,
        (by, now): (StaffId, Timestamp),
    ) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        if to <= from {
            errors.add("/to", "contradiction", "must be later than from");
        } else if to <= now {
            errors.add("/to", "range", "must lie ahead: what is over affects nobody");
        } else if to > from.plus_minutes(LONGEST_DAYS * 24 * 60) {
            errors.add("/to", "range", format!("must lie at most {LONGEST_DAYS} days after from"));
        }
        let reason = errors.take(text::checked("/reason", reason, 1, 500));
        errors.finish()?;
        let reason = reason.unwrap_or_default();
        let absence = Self { id, staff, from, to, reason, recorded_by: by, recorded_at: now };
        let subject = Subject::new("staff_absence", id, 1);
        let event = Event::of_clinic(EventKind::AbsenceNoted, subject, absence.record());
        Ok((absence, event))
    }

    /// Whether it concerns a visit of this person: one that is booked for the time, or one that is going on and has
    /// no end yet.
    pub fn touches(&self, session: &Session) -> bool {
        let goes_on = session.state.is_live() && session.state != SessionState::CheckedIn;
        let ends_at = if goes_on { Timestamp::MAX } else { session.slot.ends_at };
        session.slot.starts_at < self.to && self.from < ends_at
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("staff_absence", 1)
            .with("id", self.id)
            .with("staff_id", self.staff)
            .with("from", self.from)
            .with("to", self.to)
            .with("reason", &self.reason)
            .with("recorded_by", self.recorded_by)
            .with("recorded_at", self.recorded_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::booked;
    use uuid::Uuid;

    fn note(from: i64, to: i64) -> Result<Absence, Refusal> {
        let (who, now) = (StaffId(Uuid::from_u128(1)), booked().slot.starts_at);
        let span = (now.plus_minutes(from), now.plus_minutes(to));
        Absence::note(AbsenceId(Uuid::from_u128(2)), who, span, "influenza", (who, now)).map(|(absence, _)| absence)
    }

    #[test]
    fn an_absence_may_have_begun_but_ends_ahead_and_within_a_year() {
        for (from, to, fits) in [
            (0, 60, true),
            (-600, 60, true),
            (-600, 0, false),
            (60, 60, false),
            (60, 0, false),
            (0, 366 * 1440, true),
            (0, 366 * 1440 + 1, false),
        ] {
            assert_eq!(note(from, to).is_ok(), fits, "{from} to {to}");
        }
    }

    #[test]
    fn it_touches_what_is_booked_for_the_time_and_what_goes_on_past_it() {
        let hold = booked().slot.ends_at.minutes_since(booked().slot.starts_at);
        for (from, to, state, touched) in [
            (hold - 1, hold + 60, SessionState::Scheduled, true),
            (hold, hold + 60, SessionState::Scheduled, false),
            (hold, hold + 60, SessionState::Recovery, true),
            (hold, hold + 60, SessionState::CheckedIn, false),
            (-60, 1, SessionState::Scheduled, true),
        ] {
            let session = Session { state, ..booked() };
            assert_eq!(note(from, to).unwrap().touches(&session), touched, "{from} to {to}, {state}");
        }
    }
}
