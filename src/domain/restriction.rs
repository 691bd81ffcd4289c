//! A restricted patient: a colleague, a neighbour, somebody the town knows. Only those named may read the chart, and
//! whoever is in charge of a live visit; for everybody else the patient is not there (security.md T-04).

use super::event::{Event, EventKind, Subject};
use super::id::{PatientId, RestrictionId, StaffId};
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal};
use super::text::checked;
use super::time::Timestamp;

/// The most people a restriction names.
pub const MOST_READERS: usize = 100;

/// A restriction. Another list is another restriction that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Its id.
    pub id: RestrictionId,
    /// Moves with each change.
    pub version: i64,
    /// Whose chart.
    pub patient: PatientId,
    /// Why.
    pub reason: String,
    /// Who may read all the same, in order of id; whoever set it is among them.
    pub readers: Vec<StaffId>,
    /// Who set it.
    pub set_by: StaffId,
    /// When.
    pub set_at: Timestamp,
    /// Who lifted it, or put another in its place.
    pub ended_by: Option<StaffId>,
    /// When.
    pub ended_at: Option<Timestamp>,
}

impl Restriction {
    /// Restricts a patient.
    ///
    /// # Errors
    /// Everything that is wrong with what was asked for.
    pub fn set(
        id: RestrictionId,
        patient: PatientId,
        (reason, mut readers): (&str, Vec<StaffId>),
        (set_by, set_at): (StaffId, Timestamp),
    ) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        let reason = errors.take(checked("/reason", reason, 10, 1000));
        // Who shuts the door does not stand outside: nobody else could open it again.
        readers.push(set_by);
        readers.sort_unstable();
        readers.dedup();
        if readers.len() > MOST_READERS {
            errors.add("/staff_ids", "range", format!("must name at most {MOST_READERS} people"));
        }
        errors.finish()?;
        let reason = reason.unwrap_or_default();
        let set = Self { id, version: 1, patient, reason, readers, set_by, set_at, ended_by: None, ended_at: None };
        let event = set.event(EventKind::PatientRestricted);
        Ok((set, event))
    }

    /// Ends it.
    ///
    /// # Errors
    /// `already_done` when it has ended.
    pub fn end(&self, by: StaffId, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.ended_at.is_some() {
            return Err(Refusal::clash(Clash::AlreadyDone, "the restriction has ended already"));
        }
        let next = Self { version: self.version + 1, ended_by: Some(by), ended_at: Some(now), ..self.clone() };
        let event = next.event(EventKind::PatientRestrictionEnded);
        Ok((next, event))
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.patient, Subject::new("restriction", self.id, self.version), self.record())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("restriction", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("patient_id", self.patient)
            .with("reason", &self.reason)
            .with("staff_ids", Some(self.readers.clone()))
            .with("set_by", self.set_by)
            .with("set_at", self.set_at)
            .with("ended_by", self.ended_by)
            .with("ended_at", self.ended_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn whoever_restricts_a_patient_is_among_the_readers_and_it_ends_once() {
        let staff = |n| StaffId(Uuid::from_u128(n));
        let (id, patient) = (RestrictionId(Uuid::from_u128(1)), PatientId(Uuid::from_u128(2)));
        let now = Timestamp::from_millis(0);
        let set = |reason, readers| Restriction::set(id, patient, (reason, readers), (staff(9), now));
        let (restriction, event) = set("a colleague's sister", vec![staff(7), staff(7), staff(3)]).unwrap();
        assert_eq!(restriction.readers, [staff(3), staff(7), staff(9)]);
        assert_eq!((event.kind, event.patient), (EventKind::PatientRestricted, Some(patient)));
        let (ended, _) = restriction.end(staff(3), now).unwrap();
        assert!(matches!(ended.end(staff(3), now), Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
        assert!(set("why", Vec::new()).is_err());
        assert!(set("far too many people", (0..100).map(staff).collect()).is_ok(), "the hundredth is the setter");
        assert!(set("far too many people", (0..101).map(staff).collect()).is_err());
    }
}
