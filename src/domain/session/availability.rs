//! Where there is still room: which chairs, nurses and prescribers are free for a whole hold.
//!
//! Only an offer. Whether a slot can be had is decided by the database when it is booked.

use super::booking::ResourceKind;
use crate::domain::id::{PatientId, RoomId, StaffId};
use crate::domain::policy::Staffing;
use crate::domain::time::{Date, Timestamp};
use jiff::tz::TimeZone;
use uuid::Uuid;

/// Slots are offered at every quarter of an hour `[D]`.
pub const STEP_MIN: i64 = 15;

/// A clinic's day begins, hour of the wall clock: decisions.md part 4, day one `[D]`.
pub const OPENS_AT_HOUR: i8 = 8;
/// And ends: the last patient has left by then.
pub const CLOSES_AT_HOUR: i8 = 17;

/// The opening hours of a date as instants.
pub fn opening_hours(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let at = |hour| zone.to_timestamp(date.at(hour, 0, 0, 0)).map(Timestamp::from_jiff).ok();
    Some((at(OPENS_AT_HOUR)?, at(CLOSES_AT_HOUR)?))
}

/// One lane of one resource that is taken for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// What is taken.
    pub kind: ResourceKind,
    /// Which one.
    pub resource: Uuid,
    /// Which of its lanes.
    pub lane: i64,
    /// From this instant on.
    pub starts_at: Timestamp,
    /// Up to this one, itself not included.
    pub ends_at: Timestamp,
}

/// Everything a visit could be booked with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct House {
    /// The chairs.
    pub rooms: Vec<RoomId>,
    /// The nurses.
    pub nurses: Vec<StaffId>,
    /// The prescribers.
    pub prescribers: Vec<StaffId>,
}

/// A time at which at least one chair, one nurse and one prescriber are free for the whole hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Arrival in the chair.
    pub starts_at: Timestamp,
    /// End of the hold.
    pub ends_at: Timestamp,
    /// Who and what is free.
    pub free: House,
}

/// The lanes of a resource that are free for a whole hold, lowest first.
pub fn free_lanes(
    lanes: i64,
    kind: ResourceKind,
    resource: Uuid,
    span: (Timestamp, Timestamp),
    taken: &[Taken],
) -> Vec<i64> {
    let overlaps = |booking: &&Taken| booking.starts_at < span.1 && span.0 < booking.ends_at;
    let of_this: Vec<i64> = taken
        .iter()
        .filter(|booking| (booking.kind, booking.resource) == (kind, resource))
        .filter(overlaps)
        .map(|booking| booking.lane)
        .collect();
    (1..=lanes).filter(|lane| !of_this.contains(lane)).collect()
}

/// Every opening between two instants for a hold of so many minutes, at steps of [`STEP_MIN`] from the first.
pub fn openings(
    house: &House,
    staffing: &Staffing,
    within: (Timestamp, Timestamp),
    hold_min: i64,
    taken: &[Taken],
) -> Vec<Opening> {
    let mut found = Vec::new();
    let mut starts_at = within.0;
    while starts_at.plus_minutes(hold_min) <= within.1 {
        let ends_at = starts_at.plus_minutes(hold_min);
        let is_free = |kind: ResourceKind, id: Uuid| {
            !free_lanes(kind.lanes(staffing), kind, id, (starts_at, ends_at), taken).is_empty()
        };
        let free = House {
            rooms: house.rooms.iter().copied().filter(|id| is_free(ResourceKind::Chair, id.uuid())).collect(),
            nurses: house.nurses.iter().copied().filter(|id| is_free(ResourceKind::Nurse, id.uuid())).collect(),
            prescribers: house
                .prescribers
                .iter()
                .copied()
                .filter(|id| is_free(ResourceKind::Prescriber, id.uuid()))
                .collect(),
        };
        if !free.rooms.is_empty() && !free.nurses.is_empty() && !free.prescribers.is_empty() {
            found.push(Opening { starts_at, ends_at, free });
        }
        starts_at = starts_at.plus_minutes(STEP_MIN);
    }
    found
}

/// Everything one visit holds.
pub fn resources(
    room: RoomId,
    patient: PatientId,
    (nurse, prescriber): (StaffId, StaffId),
) -> [(ResourceKind, Uuid); 4] {
    [
        (ResourceKind::Chair, room.uuid()),
        (ResourceKind::Patient, patient.uuid()),
        (ResourceKind::Nurse, nurse.uuid()),
        (ResourceKind::Prescriber, prescriber.uuid()),
    ]
}

/// The next start before the clinic closes that day at which all of these resources are free: what a front desk
/// offers when a time is taken.
pub fn next_free(
    held: &[(ResourceKind, Uuid)],
    staffing: &Staffing,
    span: (Timestamp, Timestamp),
    (zone, taken): (&TimeZone, &[Taken]),
) -> Option<Timestamp> {
    let (_, closes) = opening_hours(span.0.date_in(zone), zone)?;
    next_start(held, staffing, (span.0, closes), span.1.minutes_since(span.0), taken)
}

/// The first start after `from` at which all of these resources have a lane free for the whole hold.
fn next_start(
    held: &[(ResourceKind, Uuid)],
    staffing: &Staffing,
    from: (Timestamp, Timestamp),
    hold_min: i64,
    taken: &[Taken],
) -> Option<Timestamp> {
    let mut start = from.0.plus_minutes(STEP_MIN);
    while start.plus_minutes(hold_min) <= from.1 {
        let span = (start, start.plus_minutes(hold_min));
        if held.iter().all(|(kind, id)| !free_lanes(kind.lanes(staffing), *kind, *id, span, taken).is_empty()) {
            return Some(start);
        }
        start = start.plus_minutes(STEP_MIN);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Rules;
    use proptest::prelude::*;

    const CHAIR: Uuid = Uuid::from_u128(1);
    const NURSE: Uuid = Uuid::from_u128(2);
    const PRESCRIBER: Uuid = Uuid::from_u128(3);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::parse("2026-03-02T13:00:00Z").unwrap().plus_minutes(minutes)
    }

    fn house() -> House {
        House { rooms: vec![RoomId(CHAIR)], nurses: vec![StaffId(NURSE)], prescribers: vec![StaffId(PRESCRIBER)] }
    }

    fn chair(from: i64, to: i64) -> Taken {
        Taken { kind: ResourceKind::Chair, resource: CHAIR, lane: 1, starts_at: at(from), ends_at: at(to) }
    }

    fn starts(taken: &[Taken]) -> Vec<i64> {
        let staffing = Rules::seeded().staffing;
        openings(&house(), &staffing, (at(0), at(240)), 120, taken)
            .iter()
            .map(|opening| opening.starts_at.minutes_since(at(0)))
            .collect()
    }

    #[test]
    fn a_chair_is_offered_before_and_after_what_is_booked() {
        assert_eq!(starts(&[]), [0, 15, 30, 45, 60, 75, 90, 105, 120]);
        assert_eq!(starts(&[chair(0, 60)]), [60, 75, 90, 105, 120], "one patient ends as the next arrives");
        assert_eq!(starts(&[chair(120, 130)]), [0]);
        assert_eq!(starts(&[chair(119, 121)]), [0; 0]);
    }

    #[test]
    fn a_nurse_is_offered_up_to_her_limit() {
        let nurse = |lane| Taken { kind: ResourceKind::Nurse, resource: NURSE, lane, ..chair(0, 240) };
        assert_eq!(starts(&[nurse(1), nurse(2)]).len(), 9);
        assert_eq!(starts(&[nurse(1), nurse(2), nurse(3)]), [0; 0]);
    }

    #[test]
    fn nobody_else_s_booking_is_in_the_way() {
        let other = Taken { resource: Uuid::from_u128(99), ..chair(0, 240) };
        let same_id_other_kind = Taken { kind: ResourceKind::Patient, ..chair(0, 240) };
        assert_eq!(starts(&[other, same_id_other_kind]).len(), 9);
    }

    #[test]
    fn the_next_time_is_offered_when_one_is_taken() {
        let staffing = Rules::seeded().staffing;
        let held = [(ResourceKind::Chair, CHAIR), (ResourceKind::Nurse, NURSE)];
        let next = |taken: &[Taken]| {
            next_start(&held, &staffing, (at(0), at(480)), 120, taken).map(|start| start.minutes_since(at(0)))
        };
        assert_eq!(next(&[chair(0, 120)]), Some(120));
        assert_eq!(next(&[chair(0, 120), chair(200, 260)]), Some(270), "the gap of 80 min is too short");
        assert_eq!(next(&[chair(0, 400)]), None);
    }

    #[test]
    fn a_day_of_the_clinic_is_cut_on_its_own_wall_clock() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let (opens, closes) = opening_hours(jiff::civil::date(2026, 3, 9), &zone).unwrap();
        assert_eq!(
            (opens.to_string().as_str(), closes.to_string().as_str()),
            ("2026-03-09T12:00:00.000Z", "2026-03-09T21:00:00.000Z")
        );
    }

    proptest! {
        #[test]
        fn what_is_offered_overlaps_nothing(booked in prop::collection::vec((0_i64..240, 1_i64..120), 0..6)) {
            let taken: Vec<_> = booked.iter().map(|(from, length)| chair(*from, from + length)).collect();
            for start in starts(&taken) {
                for (from, length) in &booked {
                    prop_assert!(start + 120 <= *from || from + length <= start);
                }
            }
        }
    }
}
