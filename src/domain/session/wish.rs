//! What somebody wants to book, and what becomes of it: a slot, a team, and everything that speaks against it.

use super::availability::{House, Taken, free_lanes, next_free, resources};
use super::booking::{ResourceKind, meant_start, to_wall_time};
use super::head::{Session, Slot, Team};
use super::series::Series;
use crate::domain::id::{PatientId, ProtocolId, RoomId, StaffId, TreatmentPlanId};
use crate::domain::policy::Rules;
use crate::domain::protocol::Protocol;
use crate::domain::refusal::{FieldErrors, Refusal, Unmet};
use crate::domain::time::{Date, Timestamp};
use crate::domain::treatment_plan::TreatmentPlan;
use jiff::tz::TimeZone;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// For whom.
    pub patient_id: PatientId,
    /// Under which plan; absent for a tentative booking.
    pub plan: Option<TreatmentPlanId>,
    /// Under which protocol, when there is no plan yet.
    pub protocol: Option<ProtocolId>,
    /// In which chair; absent leaves it to the server.
    pub room: Option<RoomId>,
    /// With which nurse.
    pub nurse_id: StaffId,
    /// Under which prescriber.
    pub prescriber_id: StaffId,
    /// The wall time of arrival in the chair.
    pub local_start: Option<String>,
    /// Or its instant.
    pub start_at: Option<Timestamp>,
    /// Whether a prescriber sets aside what may be set aside.
    pub set_aside: bool,
}

/// What is known when it is decided.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The plan, and the first free place in its series.
    pub plan: Option<(TreatmentPlan, i64)>,
    /// The protocol.
    pub protocol: Protocol,
    /// The numbers of the policy in force.
    pub rules: Rules,
    /// The chairs and the people.
    pub house: House,
    /// What is taken around the wished time.
    pub taken: Vec<Taken>,
    /// The clinic's dates of the patient's other visits that count.
    pub others: Vec<Date>,
    /// The clinic's zone.
    pub zone: TimeZone,
    /// The server's time.
    pub now: Timestamp,
}

/// A wish that can be booked, if the database finds the slot free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Where and when.
    pub slot: Slot,
    /// Who.
    pub team: Team,
    /// What speaks against it.
    pub unmet: Vec<Unmet>,
}

impl Wish {
    /// The same visit at the same time with the same people: what a change of a booking starts from.
    pub fn of(session: &Session) -> Self {
        Self {
            patient_id: session.patient_id,
            plan: session.treatment_plan_id,
            protocol: Some(session.protocol_id),
            room: Some(session.slot.room_id),
            nurse_id: session.team.nurse_id,
            prescriber_id: session.team.prescriber_id,
            local_start: None,
            start_at: Some(session.slot.starts_at),
            set_aside: false,
        }
    }

    /// The instant that is meant.
    ///
    /// # Errors
    /// When none or both are given, when the wall time is no instant or two, or when it is too far away.
    pub fn start(&self, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, Refusal> {
        let meant = (self.local_start.as_deref(), self.start_at);
        Ok(meant_start(meant, "/scheduled_start_at", zone, now)?)
    }

    /// Turns the wish into a slot and a team.
    ///
    /// # Errors
    /// Everything that cannot be booked whatever the rules say: another patient's plan, a chair or a person that is
    /// not there, no free chair.
    pub fn plan(&self, facts: &Facts) -> Result<Planned, Refusal> {
        let starts_at = self.start(&facts.zone, facts.now)?;
        let mut errors = FieldErrors::none();
        if facts.plan.as_ref().is_some_and(|(plan, _)| plan.patient != self.patient_id) {
            errors.add("/treatment_plan_id", "not_found", "this patient has no such treatment plan");
        }
        if !facts.house.nurses.contains(&self.nurse_id) {
            errors.add("/nurse_id", "not_found", "must be a nurse or a prescriber who works here");
        }
        if !facts.house.prescribers.contains(&self.prescriber_id) {
            errors.add("/prescriber_id", "not_found", "must be a prescriber who works here");
        }
        if self.room.is_some_and(|room| !facts.house.rooms.contains(&room)) {
            errors.add("/room_id", "not_found", "must be a chair of this clinic that is in use");
        }
        errors.finish()?;
        let series = Series {
            plan: facts.plan.as_ref().map(|(plan, place)| (plan, *place)),
            protocol: &facts.protocol,
            others: &facts.others,
        };
        let ends_at = starts_at.plus_minutes(facts.protocol.chair_minutes(series.treatment_min(), &facts.rules));
        let slot = Slot {
            room_id: self.room.map_or_else(|| free_chair(facts, (starts_at, ends_at)), Ok)?,
            starts_at,
            ends_at,
            local_start: to_wall_time(starts_at, &facts.zone),
            zone: facts.zone.iana_name().unwrap_or("UTC").to_owned(),
        };
        refuse_taken(self, facts, &slot)?;
        let team = Team { nurse_id: self.nurse_id, prescriber_id: self.prescriber_id, owner_id: self.nurse_id };
        let unmet = series.unmet(starts_at.date_in(&facts.zone), facts.now, self.set_aside);
        Ok(Planned { slot, team, unmet })
    }
}

/// What is known to be taken is said first: no reason in the world sets it aside. What is taken meanwhile is the
/// database's to say.
fn refuse_taken(wish: &Wish, facts: &Facts, slot: &Slot) -> Result<(), Refusal> {
    let held = resources(slot.room_id, wish.patient_id, (wish.nurse_id, wish.prescriber_id));
    let (staffing, span) = (&facts.rules.staffing, (slot.starts_at, slot.ends_at));
    let taken: Vec<&'static str> = held
        .iter()
        .filter(|(kind, id)| free_lanes(kind.lanes(staffing), *kind, *id, span, &facts.taken).is_empty())
        .map(|(kind, _)| kind.as_str())
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(Refusal::SlotTaken {
        conflicts_with: taken,
        next_start_at: next_free(&held, staffing, span, (&facts.zone, &facts.taken)),
    })
}

fn free_chair(facts: &Facts, span: (Timestamp, Timestamp)) -> Result<RoomId, Refusal> {
    let lanes = ResourceKind::Chair.lanes(&facts.rules.staffing);
    let free = |room: &&RoomId| !free_lanes(lanes, ResourceKind::Chair, room.uuid(), span, &facts.taken).is_empty();
    let taken = Refusal::SlotTaken { conflicts_with: vec![ResourceKind::Chair.as_str()], next_start_at: None };
    facts.house.rooms.iter().find(free).copied().ok_or(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PolicyId;
    use crate::domain::policy::Policy;
    use crate::domain::protocol::{Approver, migraine_iv};
    use uuid::Uuid;

    const NURSE: StaffId = StaffId(Uuid::from_u128(1));
    const PRESCRIBER: StaffId = StaffId(Uuid::from_u128(2));

    fn room(n: u128) -> RoomId {
        RoomId(Uuid::from_u128(n))
    }

    fn facts() -> Facts {
        let now = Timestamp::parse("2026-03-02T15:00:00Z").unwrap();
        let policy = Policy::seeded(PolicyId(Uuid::nil()), now);
        let draft = Protocol::draft(ProtocolId(Uuid::nil()), 1, None, now, migraine_iv()).unwrap().0;
        Facts {
            plan: None,
            protocol: draft
                .publish(Approver { by: PRESCRIBER, at: now, is_author: false, waived: false }, &policy, None)
                .unwrap()
                .0,
            rules: policy.rules,
            house: House {
                rooms: vec![room(10), room(11)],
                nurses: vec![NURSE, PRESCRIBER],
                prescribers: vec![PRESCRIBER],
            },
            taken: Vec::new(),
            others: Vec::new(),
            zone: TimeZone::get("America/New_York").unwrap(),
            now,
        }
    }

    fn wish() -> Wish {
        Wish {
            patient_id: PatientId(Uuid::from_u128(3)),
            plan: None,
            protocol: Some(ProtocolId(Uuid::nil())),
            room: None,
            nurse_id: NURSE,
            prescriber_id: PRESCRIBER,
            local_start: Some("2026-03-09T09:00".into()),
            start_at: None,
            set_aside: false,
        }
    }

    #[test]
    fn a_wall_time_becomes_a_slot_that_holds_the_chair_as_long_as_the_protocol_says() {
        let facts = facts();
        let planned = wish().plan(&facts).unwrap();
        assert_eq!(planned.slot.starts_at.to_string(), "2026-03-09T13:00:00.000Z");
        let longest = facts.protocol.text.envelope.max_duration_minutes;
        let hold = facts.protocol.chair_minutes(longest, &facts.rules);
        assert_eq!(planned.slot.ends_at, planned.slot.starts_at.plus_minutes(hold));
        assert_eq!(
            (planned.slot.local_start.as_str(), planned.slot.zone.as_str()),
            ("2026-03-09T09:00", "America/New_York")
        );
        assert_eq!((planned.slot.room_id, planned.unmet), (room(10), Vec::new()));
    }

    #[test]
    fn the_server_takes_the_first_free_chair_and_says_so_when_there_is_none() {
        let taken = |n| Taken {
            kind: ResourceKind::Chair,
            resource: room(n).uuid(),
            lane: 1,
            starts_at: Timestamp::parse("2026-03-09T12:00:00Z").unwrap(),
            ends_at: Timestamp::parse("2026-03-09T13:30:00Z").unwrap(),
        };
        let one = Facts { taken: vec![taken(10)], ..facts() };
        assert_eq!(wish().plan(&one).unwrap().slot.room_id, room(11));
        let both = Facts { taken: vec![taken(10), taken(11)], ..facts() };
        assert_eq!(wish().plan(&both), Err(Refusal::SlotTaken { conflicts_with: vec!["chair"], next_start_at: None }));
    }

    #[test]
    fn what_is_taken_is_said_before_what_a_prescriber_could_set_aside() {
        let mut facts = facts();
        facts.others = vec![jiff::civil::date(2026, 3, 9)];
        assert_eq!(wish().plan(&facts).unwrap().unmet.len(), 1, "the gap alone");
        facts.taken = vec![Taken {
            kind: ResourceKind::Patient,
            resource: wish().patient_id.uuid(),
            lane: 1,
            starts_at: Timestamp::parse("2026-03-09T13:00:00Z").unwrap(),
            ends_at: Timestamp::parse("2026-03-09T16:00:00Z").unwrap(),
        }];
        let taken = Refusal::SlotTaken {
            conflicts_with: vec!["patient"],
            next_start_at: Timestamp::parse("2026-03-09T16:00:00Z"),
        };
        assert_eq!(wish().plan(&facts), Err(taken));
    }

    #[test]
    fn every_person_and_chair_that_is_not_there_is_named_at_once() {
        let stranger = StaffId(Uuid::from_u128(99));
        let wrong = Wish { nurse_id: stranger, prescriber_id: NURSE, room: Some(room(99)), ..wish() };
        let Err(Refusal::Invalid(errors)) = wrong.plan(&facts()) else { panic!() };
        assert_eq!(
            errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(),
            ["/nurse_id", "/prescriber_id", "/room_id"]
        );
        assert!(Wish { nurse_id: PRESCRIBER, ..wish() }.plan(&facts()).is_ok(), "a prescriber takes the nurse's place");
    }

    #[test]
    fn a_visit_has_exactly_one_start() {
        let at = Timestamp::parse("2026-03-09T13:00:00Z");
        for (local_start, start_at, good) in [
            (None, None, false),
            (None, at, true),
            (Some("2026-03-09T09:00"), None, true),
            (Some("2026-03-09T09:00"), at, false),
            (Some("2026-03-08T02:30"), None, false),
        ] {
            let wish = Wish { local_start: local_start.map(Into::into), start_at, ..wish() };
            assert_eq!(wish.plan(&facts()).is_ok(), good, "{local_start:?} {start_at:?}");
        }
    }
}
