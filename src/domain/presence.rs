//! Who is in the house: a shift plan says who should be, only the person says who is (decisions.md 36).

use super::alert::Cause;
use super::event::{Event, EventKind, Subject};
use super::id::StaffId;
use super::monitoring::{Condition, Level};
use super::record::Record;
use super::refusal::Refusal;
use super::time::Timestamp;
use super::visit::Visit;

/// Nobody announces more than one day ahead.
pub const LONGEST_HOURS: i64 = 24;

/// What a member of staff said about being in the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub staff: StaffId,
    /// In the house until then; `None` says "I have left".
    pub until: Option<Timestamp>,
    /// When it was said.
    pub said_at: Timestamp,
    /// Moves with each saying.
    pub version: i64,
}

impl Presence {
    /// Says that a person is in the house until an instant, or that they left.
    ///
    /// # Errors
    /// When the instant is past or more than [`LONGEST_HOURS`] away.
    pub fn say(
        staff: StaffId,
        until: Option<Timestamp>,
        now: Timestamp,
        version: i64,
    ) -> Result<(Self, Event), Refusal> {
        if let Some(until) = until
            && (until <= now || until > now.plus_minutes(LONGEST_HOURS * 60))
        {
            return Err(Refusal::invalid("/until", "range", format!("must lie within the next {LONGEST_HOURS} hours")));
        }
        let presence = Self { staff, until, said_at: now, version };
        let event =
            Event::of_clinic(EventKind::PresenceSet, Subject::new("presence", staff, version), presence.record());
        Ok((presence, event))
    }

    /// Whether the person counts as present. A signed act after the last word speaks too, so that a prescriber who
    /// forgot to announce herself does not hold up a start; it never outweighs "I have left" said later. `hours` is
    /// how long such an act speaks: the policy's `on_site_hours`.
    pub fn is_on_site(spoken: Option<&Self>, last_signed_act: Option<Timestamp>, hours: i64, now: Timestamp) -> bool {
        let said_so = spoken.and_then(|presence| presence.until).is_some_and(|until| now < until);
        let acted = last_signed_act.is_some_and(|acted| {
            now.since(acted) <= hours * 3_600_000 && spoken.is_none_or(|presence| presence.said_at < acted)
        });
        said_so || acted
    }

    /// The alert of a running visit that this person's leaving leaves without a prescriber: never a refusal, for the
    /// visit goes on either way (decisions.md 36).
    pub fn leaves_alone(&self, visit: Visit) -> Cause {
        Cause {
            session: visit.session,
            patient: visit.patient,
            condition: Condition::PrescriberAbsent,
            occasion: self.said_at.to_string(),
            level: Level::Act,
            since: self.said_at,
        }
    }

    /// The canonical form.
    pub fn record(&self) -> Record {
        Record::new("presence", 1)
            .with("staff_id", self.staff)
            .with("until", self.until)
            .with("said_at", self.said_at)
            .with("version", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::visit::samples::{noon, person};

    fn said(until: Option<i64>, minutes_ago: i64) -> Presence {
        let now = noon();
        Presence {
            staff: person(1).staff,
            until: until.map(|minutes| now.plus_minutes(minutes)),
            said_at: now.plus_minutes(-minutes_ago),
            version: 1,
        }
    }

    #[test]
    fn a_person_is_on_site_by_word_or_by_a_recent_signed_act() {
        let minutes_ago = |minutes: i64| Some(noon().plus_minutes(-minutes));
        let table = [
            (None, None, false),
            (Some(said(Some(1), 60)), None, true),
            (Some(said(Some(0), 60)), None, false),
            (None, minutes_ago(240), true),
            (None, minutes_ago(241), false),
            // Left at 11:30, signed something at 11:00: has left. Signed at 11:45: came back.
            (Some(said(None, 30)), minutes_ago(60), false),
            (Some(said(None, 30)), minutes_ago(15), true),
            (Some(said(Some(-10), 60)), minutes_ago(5), true),
        ];
        for (spoken, acted, expected) in table {
            assert_eq!(Presence::is_on_site(spoken.as_ref(), acted, 4, noon()), expected, "{spoken:?} {acted:?}");
        }
    }

    #[test]
    fn nobody_announces_the_past_or_next_week() {
        for (minutes, accepted) in [(-1, false), (0, false), (1, true), (1440, true), (1441, false)] {
            assert_eq!(
                Presence::say(person(1).staff, Some(noon().plus_minutes(minutes)), noon(), 1).is_ok(),
                accepted,
                "{minutes}"
            );
        }
        assert!(Presence::say(person(1).staff, None, noon(), 2).is_ok());
    }
}
