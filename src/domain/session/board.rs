//! The board: each chair's visits, and whether a visit that overran still sits where the next one is booked.

use super::head::Session;
use super::table::SessionState;
use crate::domain::id::RoomId;
use crate::domain::time::Timestamp;

/// One chair's visits in the order of their booked times, each with whether its chair is still taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChairDay<'a> {
    /// The chair.
    pub room: RoomId,
    /// The visits, and whether each has a chair conflict.
    pub visits: Vec<(&'a Session, bool)>,
}

/// Sorts visits into chairs: those in use first, in their order, then chairs that are out of use but still occupied.
pub fn chairs<'a>(rooms: &[RoomId], sessions: &'a [Session], now: Timestamp) -> Vec<ChairDay<'a>> {
    let mut order = rooms.to_vec();
    for session in sessions {
        if !order.contains(&session.slot.room_id) {
            order.push(session.slot.room_id);
        }
    }
    let day = |room| {
        let mut visits: Vec<&Session> = sessions.iter().filter(|session| session.slot.room_id == room).collect();
        visits.sort_by_key(|session| (session.slot.starts_at, session.id));
        let flagged = visits.iter().map(|session| (*session, has_conflict(session, &visits, now))).collect();
        ChairDay { room, visits: flagged }
    };
    order.into_iter().map(day).collect()
}

fn has_conflict(session: &Session, in_this_chair: &[&Session], now: Timestamp) -> bool {
    in_this_chair.iter().any(|other| keeps_waiting(other, session, in_this_chair, now))
}

/// The bookings that a visit keeps from its chair, among those of the same chair.
pub fn kept_waiting<'a>(by: &Session, in_this_chair: &'a [Session], now: Timestamp) -> Vec<&'a Session> {
    let all: Vec<&Session> = in_this_chair.iter().collect();
    all.iter().copied().filter(|session| keeps_waiting(by, session, &all, now)).collect()
}

/// A visit that runs past its hold is never refused or cut; the next booking of its chair is flagged (decisions.md 3).
fn keeps_waiting(by: &Session, session: &Session, in_this_chair: &[&Session], now: Timestamp) -> bool {
    let waits = matches!(session.state, SessionState::Scheduled | SessionState::CheckedIn);
    let before = by.slot.room_id == session.slot.room_id && by.slot.starts_at < session.slot.starts_at;
    let overruns = by.state.is_in_the_chair() && now > by.slot.ends_at;
    let is_next = !in_this_chair.iter().any(|between| {
        between.slot.starts_at > by.slot.starts_at
            && between.slot.starts_at < session.slot.starts_at
            && between.state.holds_booking()
    });
    waits && before && overruns && (is_next || now >= session.slot.starts_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SessionId;
    use crate::domain::session::tests::booked;
    use uuid::Uuid;

    fn room(n: u128) -> RoomId {
        RoomId(Uuid::from_u128(n))
    }

    /// A visit in a chair, from and to so many minutes after the usual time.
    fn visit(n: u128, chair: u128, state: SessionState, from: i64, to: i64) -> Session {
        let mut session = Session { id: SessionId(Uuid::from_u128(n)), state, ..booked() };
        let zero = session.slot.starts_at;
        session.slot.room_id = room(chair);
        (session.slot.starts_at, session.slot.ends_at) = (zero.plus_minutes(from), zero.plus_minutes(to));
        session
    }

    fn conflicts(sessions: &[Session], minute: i64) -> Vec<u128> {
        let now = booked().slot.starts_at.plus_minutes(minute);
        let days = chairs(&[room(1), room(2)], sessions, now);
        days.iter()
            .flat_map(|day| &day.visits)
            .filter(|(_, conflict)| *conflict)
            .map(|(session, _)| session.id.uuid().as_u128())
            .collect()
    }

    #[test]
    fn the_next_booking_of_a_chair_is_flagged_while_a_visit_overruns() {
        use SessionState::{Cancelled, Completed, Recovery, Scheduled};
        let day = |first, second| {
            [
                visit(1, 1, first, 0, 120),
                visit(2, 1, second, 150, 270),
                visit(3, 1, Scheduled, 280, 400),
                visit(4, 2, Scheduled, 150, 270),
            ]
        };
        assert_eq!(conflicts(&day(Recovery, Scheduled), 120), [0; 0], "the hold ends now");
        assert_eq!(conflicts(&day(Recovery, Scheduled), 121), [2]);
        assert_eq!(conflicts(&day(Recovery, Cancelled), 121), [3], "the next one that still stands");
        assert_eq!(conflicts(&day(Completed, Scheduled), 200), [0; 0]);
        assert_eq!(conflicts(&day(Recovery, Scheduled), 300), [2, 3]);
    }

    #[test]
    fn every_chair_has_a_row_and_a_patient_in_a_retired_chair_is_not_lost() {
        let sessions = [
            visit(1, 9, SessionState::Recovery, 0, 120),
            visit(2, 2, SessionState::Scheduled, 60, 120),
            visit(3, 2, SessionState::Scheduled, 0, 60),
        ];
        let days = chairs(&[room(1), room(2)], &sessions, booked().slot.starts_at);
        let rows: Vec<_> = days
            .iter()
            .map(|day| {
                (day.room, day.visits.iter().map(|(session, _)| session.id.uuid().as_u128()).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(rows, [(room(1), vec![]), (room(2), vec![3, 2]), (room(9), vec![1])]);
    }
}
