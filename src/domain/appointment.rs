//! A conversation with a patient: the consult before the first visit, the talk about consent, the call the day after
//! (decisions.md 23). Nothing is given in it.
//!
//! It holds the time of one member of staff, who talks to one patient at a time, and the patient's, who is never in
//! the chair meanwhile. It takes no lane of a booking: those count patients under drug, and a prescriber who talks to
//! somebody still supervises, a nurse still has her two infusions and no third (decisions.md 3).

use super::event::{Event, EventKind, Subject};
use super::id::{AppointmentId, PatientId, StaffId};
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal, Unmet};
use super::session::booking::to_wall_time;
use super::text;
use super::time::Timestamp;
use jiff::tz::TimeZone;

words! {
    /// What it is about.
    pub enum AppointmentKind {
        /// The first talk: is this treatment for this patient?
        Consult = "consult",
        /// The form is explained and signed.
        Consent = "consent",
        /// The call after a visit.
        FollowUpCall = "follow_up_call",
    }

    /// How they meet.
    pub enum AppointmentMode {
        /// In the clinic.
        InPerson = "in_person",
        /// By video.
        Video = "video",
        /// By telephone.
        Phone = "phone",
    }

    /// Where it stands.
    pub enum AppointmentState {
        /// Booked: it holds the time of both.
        Booked = "booked",
        /// They met.
        Attended = "attended",
        /// The patient did not come, or did not answer.
        NoShow = "no_show",
        /// Called off.
        Cancelled = "cancelled",
    }
}

/// The shortest conversation, in minutes.
pub const LEAST_MIN: i64 = 5;
/// And the longest.
pub const MOST_MIN: i64 = 240;

impl AppointmentKind {
    /// How long it takes when nobody says, in minutes `[D]`.
    pub const fn usual_minutes(self) -> i64 {
        match self {
            Self::Consult => 60,
            Self::Consent => 45,
            Self::FollowUpCall => 15,
        }
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Its id.
    pub id: AppointmentId,
    /// Moves with each change.
    pub version: i64,
    /// With whom.
    pub patient: PatientId,
    /// What about; it never changes.
    pub kind: AppointmentKind,
    /// Who talks, how, and from when to when.
    pub plan: Plan,
    /// Where it stands.
    pub state: AppointmentState,
    /// A word of the people who book it.
    pub note: Option<String>,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Who talks, how, and when: what can be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The nurse or prescriber.
    pub staff: StaffId,
    /// How they meet.
    pub mode: AppointmentMode,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends, itself not included.
    pub ends_at: Timestamp,
    /// When it begins on the clinic's wall clock.
    pub local_start: String,
    /// The zone of that clock.
    pub zone: String,
}

impl Plan {
    /// A plan for so many minutes.
    ///
    /// # Errors
    /// A field error when it is too short or too long.
    pub fn new(
        staff: StaffId,
        mode: AppointmentMode,
        (starts_at, minutes): (Timestamp, i64),
        zone: &TimeZone,
    ) -> Result<Self, Refusal> {
        if !(LEAST_MIN..=MOST_MIN).contains(&minutes) {
            let detail = format!("must be between {LEAST_MIN} and {MOST_MIN}");
            return Err(Refusal::invalid("/duration_min", "range", detail));
        }
        Ok(Self {
            staff,
            mode,
            starts_at,
            ends_at: starts_at.plus_minutes(minutes),
            local_start: to_wall_time(starts_at, zone),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        })
    }

    /// How long it takes, in minutes.
    pub fn minutes(&self) -> i64 {
        self.ends_at.minutes_since(self.starts_at)
    }
}

impl Appointment {
    /// Books a conversation. Whether both are free is the database's to say.
    ///
    /// # Errors
    /// When the note cannot be kept, or a call is meant to happen in person.
    pub fn book(
        id: AppointmentId,
        (patient, kind): (PatientId, AppointmentKind),
        plan: Plan,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<(Self, Event), Refusal> {
        let state = AppointmentState::Booked;
        let booked = Self { id, version: 1, patient, kind, plan, state, note, created_at: now, updated_at: now };
        booked.check()?;
        let event = booked.event(EventKind::AppointmentBooked);
        Ok((booked, event))
    }

    /// Moves, reassigns or annotates it.
    ///
    /// # Errors
    /// As [`Self::book`], and when it is not booked any more.
    pub fn change(&self, plan: Plan, note: Option<String>, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.state != AppointmentState::Booked {
            return Err(Refusal::clash(Clash::WrongState, format!("it is {}: book a new one", self.state)));
        }
        let next = Self { plan, note, version: self.version + 1, updated_at: now, ..self.clone() };
        next.check()?;
        let event = next.event(EventKind::AppointmentChanged);
        Ok((next, event))
    }

    /// Calls it off; the time of both is free again.
    ///
    /// # Errors
    /// When it is not booked any more.
    pub fn cancel(&self, reason: Option<String>, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.state != AppointmentState::Booked {
            return Err(self.settled());
        }
        let (next, event) = self.become_of(AppointmentState::Cancelled, EventKind::AppointmentCancelled, now);
        Ok((next, reason.into_iter().fold(event, Event::because)))
    }

    /// They met. A patient who was put down as missed and comes late was there after all.
    ///
    /// # Errors
    /// When it was called off or settled so before, and before its day.
    pub fn attended(&self, zone: &TimeZone, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if !matches!(self.state, AppointmentState::Booked | AppointmentState::NoShow) {
            return Err(self.settled());
        }
        let (day, today) = (self.plan.starts_at.date_in(zone), now.date_in(zone));
        if today < day {
            let unmet = Unmet::new("not_the_day", "appointment.attended.day", "it is booked for a later day")
                .figures(day.to_string(), today.to_string());
            return Err(Refusal::Blocked { event: "attended", by: vec![unmet] });
        }
        Ok(self.become_of(AppointmentState::Attended, EventKind::AppointmentAttended, now))
    }

    /// The patient did not come. `grace_min` is the policy's `booking.no_show_minutes`, as for a visit.
    ///
    /// # Errors
    /// When it was called off or settled so before, and too early.
    pub fn no_show(&self, grace_min: i64, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if !matches!(self.state, AppointmentState::Booked | AppointmentState::Attended) {
            return Err(self.settled());
        }
        let late_from = self.plan.starts_at.plus_minutes(grace_min);
        if now < late_from {
            let text = format!("wait {grace_min} min after the booked time");
            let unmet = Unmet::new("too_early", "appointment.no_show.grace", text)
                .figures(late_from.to_string(), now.to_string());
            return Err(Refusal::Blocked { event: "no_show", by: vec![unmet] });
        }
        Ok(self.become_of(AppointmentState::NoShow, EventKind::AppointmentMissed, now))
    }

    fn settled(&self) -> Refusal {
        Refusal::clash(Clash::WrongState, format!("it is {} already", self.state))
    }

    fn become_of(&self, state: AppointmentState, kind: EventKind, now: Timestamp) -> (Self, Event) {
        let next = Self { state, version: self.version + 1, updated_at: now, ..self.clone() };
        let event = next.event(kind);
        (next, event)
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        if self.kind == AppointmentKind::FollowUpCall && self.plan.mode == AppointmentMode::InPerson {
            errors.add("/mode", "contradiction", "a call is made by phone or video");
        }
        if let Some(note) = &self.note {
            errors.take(text::checked("/note", note, 1, 1000));
        }
        errors.finish()
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.patient, Subject::new("appointment", self.id, self.version), self.record())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("appointment", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("patient_id", self.patient)
            .with("staff_id", self.plan.staff)
            .with("kind", self.kind.as_str())
            .with("mode", self.plan.mode.as_str())
            .with("state", self.state.as_str())
            .with("starts_at", self.plan.starts_at)
            .with("ends_at", self.plan.ends_at)
            .with("local_start", &self.plan.local_start)
            .with("zone", &self.plan.zone)
            .with("note", self.note.clone())
            .with("created_at", self.created_at)
            .with("updated_at", self.updated_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::parse("2026-03-02T15:00:00Z").unwrap().plus_minutes(minutes)
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn plan(mode: AppointmentMode, minutes: i64) -> Result<Plan, Refusal> {
        Plan::new(StaffId(Uuid::from_u128(1)), mode, (at(60), minutes), &zone())
    }

    fn booked(kind: AppointmentKind, mode: AppointmentMode) -> Result<Appointment, Refusal> {
        let whose = (PatientId(Uuid::from_u128(2)), kind);
        let id = AppointmentId(Uuid::from_u128(3));
        Appointment::book(id, whose, plan(mode, kind.usual_minutes())?, None, at(0)).map(|(booked, _)| booked)
    }

    #[test]
    fn a_call_is_made_from_afar_and_everything_takes_five_minutes_to_four_hours() {
        for kind in AppointmentKind::ALL {
            for mode in AppointmentMode::ALL {
                let possible = *kind != AppointmentKind::FollowUpCall || *mode != AppointmentMode::InPerson;
                assert_eq!(booked(*kind, *mode).is_ok(), possible, "{kind} {mode}");
            }
        }
        for (minutes, possible) in [(4, false), (5, true), (240, true), (241, false), (-1, false)] {
            assert_eq!(plan(AppointmentMode::Phone, minutes).is_ok(), possible, "{minutes}");
        }
    }

    #[test]
    fn what_becomes_of_it_state_by_state() {
        use AppointmentState::{Attended, Booked, Cancelled, NoShow};
        let whole = booked(AppointmentKind::Consult, AppointmentMode::InPerson).unwrap();
        let of = |state| Appointment { state, ..whole.clone() };
        for (state, attended, no_show, cancel, change) in [
            (Booked, true, true, true, true),
            (Attended, false, true, false, false),
            (NoShow, true, false, false, false),
            (Cancelled, false, false, false, false),
        ] {
            assert_eq!(of(state).attended(&zone(), at(60)).is_ok(), attended, "{state} attended");
            assert_eq!(of(state).no_show(15, at(75)).is_ok(), no_show, "{state} missed");
            assert_eq!(of(state).cancel(None, at(0)).is_ok(), cancel, "{state} cancelled");
            let moved = plan(AppointmentMode::Video, 30).unwrap();
            assert_eq!(of(state).change(moved, None, at(0)).is_ok(), change, "{state} changed");
        }
        assert!(matches!(whole.no_show(15, at(74)), Err(Refusal::Blocked { .. })));
        assert!(matches!(whole.attended(&zone(), at(-24 * 60)), Err(Refusal::Blocked { .. })));
    }
}
