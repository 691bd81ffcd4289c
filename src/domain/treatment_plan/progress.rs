//! How far a series has come: what was given, what is booked, what is left.

use super::TreatmentPlan;
use crate::domain::id::{SessionId, TreatmentPlanId};
use crate::domain::quantity::Micrograms;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::Timestamp;

/// Every version of the series that `id` belongs to, out of all plans of its patient, the oldest first.
pub fn series(plans: &[TreatmentPlan], id: TreatmentPlanId) -> Vec<TreatmentPlanId> {
    let mut line = vec![id];
    // A line is as long as the list at most, so a broken one cannot keep us here.
    for _ in 0..plans.len() {
        let first = line.first().and_then(|first| plans.iter().find(|plan| plan.id == *first));
        match first.and_then(|plan| plan.supersedes).filter(|earlier| !line.contains(earlier)) {
            Some(earlier) => line.insert(0, earlier),
            None => break,
        }
    }
    for _ in 0..plans.len() {
        let later = plans.iter().find(|plan| plan.supersedes.is_some() && plan.supersedes == line.last().copied());
        match later.map(|plan| plan.id).filter(|later| !line.contains(later)) {
            Some(later) => line.push(later),
            None => break,
        }
    }
    line
}

/// One session of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// The session.
    pub session: SessionId,
    /// Its place in the series, from 1.
    pub place: i64,
    /// Where it stands.
    pub state: SessionState,
    /// When it is booked for.
    pub starts_at: Timestamp,
    /// What was given so far; none before the first drug.
    pub delivered: Option<Micrograms>,
}

/// How far a series has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Sessions the plan asks for.
    pub planned: i64,
    /// Sessions in which drug was given, the running ones included.
    pub given: i64,
    /// Sessions that are booked and not begun.
    pub booked: i64,
    /// Sessions still to be booked.
    pub left_to_book: i64,
    /// When the next one begins.
    pub next_at: Option<Timestamp>,
    /// The sessions, in the order of their times.
    pub milestones: Vec<Milestone>,
}

impl Progress {
    /// Counts the sessions of a series. `delivered` says what a session was given.
    pub fn of(plan: &TreatmentPlan, sessions: &[Session], delivered: impl Fn(SessionId) -> Option<Micrograms>) -> Self {
        let mut milestones: Vec<Milestone> = sessions
            .iter()
            .map(|session| Milestone {
                session: session.id,
                place: session.sequence_in_plan.unwrap_or(0),
                state: session.state,
                starts_at: session.slot.starts_at,
                delivered: delivered(session.id),
            })
            .collect();
        milestones.sort_by_key(|milestone| (milestone.starts_at, milestone.session));
        let waiting = |state: SessionState| matches!(state, SessionState::Scheduled | SessionState::CheckedIn);
        let given = sessions.iter().filter(|session| session.milestones.started_at.is_some()).count();
        let booked = sessions.iter().filter(|session| waiting(session.state)).count();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            planned: plan.text.sessions,
            given: count(given),
            booked: count(booked),
            left_to_book: (plan.text.sessions - count(given) - count(booked)).max(0),
            next_at: milestones.iter().find(|milestone| waiting(milestone.state)).map(|milestone| milestone.starts_at),
            milestones,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::treatment_plan::tests::in_force;
    use uuid::Uuid;

    fn version(id: u128, supersedes: Option<u128>) -> TreatmentPlan {
        TreatmentPlan {
            id: TreatmentPlanId(Uuid::from_u128(id)),
            supersedes: supersedes.map(|earlier| TreatmentPlanId(Uuid::from_u128(earlier))),
            ..in_force()
        }
    }

    #[test]
    fn every_version_of_a_series_finds_all_of_it_and_nothing_of_another() {
        let plans = [version(3, Some(2)), version(9, None), version(1, None), version(2, Some(1)), version(8, Some(9))];
        for id in [1, 2, 3] {
            let line: Vec<u128> =
                series(&plans, TreatmentPlanId(Uuid::from_u128(id))).iter().map(|id| id.0.as_u128()).collect();
            assert_eq!(line, [1, 2, 3]);
        }
    }

    #[test]
    fn a_plan_without_sessions_has_all_of_them_left() {
        let progress = Progress::of(&in_force(), &[], |_| None);
        assert_eq!((progress.planned, progress.given, progress.left_to_book, progress.next_at), (6, 0, 6, None));
    }
}
