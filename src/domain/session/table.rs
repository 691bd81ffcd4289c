//! The states of a session and the one table of arrows between them: used by the rules, the wire and the tests.

words! {
    /// Where a visit stands. What is finer (pre-checked, released, prepared, locked) is an instant on the session.
    pub enum SessionState {
        /// Booked: chair, patient and staff are held.
        Scheduled = "scheduled",
        /// The patient is in the house.
        CheckedIn = "checked_in",
        /// Drug is being given, as far as the record knows.
        InProgress = "in_progress",
        /// Giving is interrupted.
        Paused = "paused",
        /// Giving has ended; the patient is watched.
        Recovery = "recovery",
        /// The patient has left.
        Completed = "completed",
        /// Called off before it began.
        Cancelled = "cancelled",
        /// The patient did not come.
        NoShow = "no_show",
        /// Ended in the house before any drug ran.
        Aborted = "aborted",
    }

    /// What can happen to a session.
    pub enum SessionEvent {
        /// It is booked: the first line of its history, an arrow from nowhere.
        Schedule = "schedule",
        /// It is moved, reassigned or annotated.
        Reschedule = "reschedule",
        /// The plan it belongs to was revised: it follows to the new version.
        Replan = "replan",
        /// The patient arrives.
        CheckIn = "check_in",
        /// The arrival was entered by mistake.
        UndoCheckIn = "undo_check_in",
        /// It is called off.
        Cancel = "cancel",
        /// The patient does not come.
        NoShow = "no_show",
        /// A cancelled or missed visit is taken up again.
        Reinstate = "reinstate",
        /// The pre-check is signed.
        Precheck = "precheck",
        /// The prescriber releases it: the order.
        Release = "release",
        /// The drug is drawn up and double-checked.
        Prepare = "prepare",
        /// Drug begins to run.
        Start = "start",
        /// A start is taken back: no drug ran.
        RetractStart = "retract_start",
        /// Giving is interrupted.
        Pause = "pause",
        /// Giving goes on.
        Resume = "resume",
        /// Giving ends.
        Stop = "stop",
        /// The reason of a stop is filled in afterwards.
        ExplainStop = "explain_stop",
        /// What the pump really did is confirmed at the chair.
        ConfirmPump = "confirm_pump",
        /// Somebody raises the alarm.
        Emergency = "emergency",
        /// The alarm is over.
        EndEmergency = "end_emergency",
        /// It ends before any drug ran.
        Abort = "abort",
        /// The patient leaves.
        Complete = "complete",
        /// The books are settled; the record is locked.
        Close = "close",
        /// Another person takes charge.
        Handover = "handover",
    }
}

use SessionEvent as E;
use SessionState as S;

/// Every arrow: in this state, this event leads there. What is not here is refused, with two exceptions that no rule
/// may refuse: `stop` and `pause` where nothing runs change nothing and say so (engineering.md 7).
///
/// api.md 2.2 as changed by decisions.md 2 (complete and close), 10 (abort only before drug, emergency), 11
/// (handover), 12 (retract a start), 27 (undo a check-in, reinstate) and 29 (a revised plan takes its visits along). A start can be taken back from recovery
/// too: a false start that was stopped would otherwise have no truthful end.
pub const TRANSITIONS: &[(SessionState, SessionEvent, SessionState)] = &[
    (S::Scheduled, E::Reschedule, S::Scheduled),
    (S::Scheduled, E::Replan, S::Scheduled),
    (S::Scheduled, E::CheckIn, S::CheckedIn),
    (S::Scheduled, E::Cancel, S::Cancelled),
    (S::Scheduled, E::NoShow, S::NoShow),
    (S::Scheduled, E::Emergency, S::Scheduled),
    (S::Scheduled, E::EndEmergency, S::Scheduled),
    (S::CheckedIn, E::Replan, S::CheckedIn),
    (S::CheckedIn, E::UndoCheckIn, S::Scheduled),
    (S::CheckedIn, E::Cancel, S::Cancelled),
    (S::CheckedIn, E::Precheck, S::CheckedIn),
    (S::CheckedIn, E::Release, S::CheckedIn),
    (S::CheckedIn, E::Prepare, S::CheckedIn),
    (S::CheckedIn, E::Start, S::InProgress),
    (S::CheckedIn, E::Abort, S::Aborted),
    (S::CheckedIn, E::Emergency, S::CheckedIn),
    (S::CheckedIn, E::EndEmergency, S::CheckedIn),
    (S::CheckedIn, E::Handover, S::CheckedIn),
    (S::InProgress, E::Pause, S::Paused),
    (S::InProgress, E::Stop, S::Recovery),
    (S::InProgress, E::RetractStart, S::CheckedIn),
    (S::InProgress, E::Emergency, S::Recovery),
    (S::InProgress, E::Handover, S::InProgress),
    (S::Paused, E::Resume, S::InProgress),
    (S::Paused, E::Stop, S::Recovery),
    (S::Paused, E::RetractStart, S::CheckedIn),
    (S::Paused, E::ConfirmPump, S::Paused),
    (S::Paused, E::Emergency, S::Recovery),
    (S::Paused, E::Handover, S::Paused),
    (S::Recovery, E::ExplainStop, S::Recovery),
    (S::Recovery, E::RetractStart, S::CheckedIn),
    (S::Recovery, E::ConfirmPump, S::Recovery),
    (S::Recovery, E::Emergency, S::Recovery),
    (S::Recovery, E::EndEmergency, S::Recovery),
    (S::Recovery, E::Complete, S::Completed),
    (S::Recovery, E::Handover, S::Recovery),
    (S::Completed, E::ExplainStop, S::Completed),
    (S::Completed, E::ConfirmPump, S::Completed),
    (S::Completed, E::Emergency, S::Completed),
    (S::Completed, E::EndEmergency, S::Completed),
    (S::Completed, E::Handover, S::Completed),
    (S::Completed, E::Close, S::Completed),
    (S::Cancelled, E::Reinstate, S::Scheduled),
    (S::NoShow, E::Reinstate, S::Scheduled),
    (S::Aborted, E::Emergency, S::Aborted),
    (S::Aborted, E::EndEmergency, S::Aborted),
    (S::Aborted, E::Handover, S::Aborted),
    (S::Aborted, E::Close, S::Aborted),
];

/// Where the event leads, if the table has the arrow.
pub fn next(state: SessionState, event: SessionEvent) -> Option<SessionState> {
    TRANSITIONS.iter().find(|(from, on, _)| (*from, *on) == (state, event)).map(|(_, _, to)| *to)
}

/// Every event the table allows in this state, in its order.
pub fn allowed_events(state: SessionState) -> impl Iterator<Item = SessionEvent> {
    TRANSITIONS.iter().filter(move |(from, _, _)| *from == state).map(|(_, event, _)| *event)
}

impl SessionState {
    /// Whether drug may be running.
    pub fn is_infusing(self) -> bool {
        matches!(self, Self::InProgress | Self::Paused)
    }

    /// Whether the patient cannot leave the chair yet: under the drug or recovering from it.
    pub fn is_in_the_chair(self) -> bool {
        self.is_infusing() || self == Self::Recovery
    }

    /// Whether the patient is in the house and in somebody's care.
    pub fn is_live(self) -> bool {
        matches!(self, Self::CheckedIn | Self::InProgress | Self::Paused | Self::Recovery)
    }

    /// Whether it still holds its chair, its patient and its staff.
    pub fn holds_booking(self) -> bool {
        self == Self::Scheduled || self.is_live()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_has_two_arrows_for_one_event() {
        for (index, (from, event, _)) in TRANSITIONS.iter().enumerate() {
            let again = TRANSITIONS.iter().skip(index + 1).any(|(f, e, _)| (f, e) == (from, event));
            assert!(!again, "{from} --{event}-->");
        }
    }

    #[test]
    fn the_patient_always_has_a_way_out() {
        // From every state in the house, some walk along the table reaches a closed state.
        for start in SessionState::ALL.iter().filter(|state| state.is_live()) {
            let mut reached = vec![*start];
            let mut index = 0;
            while let Some(state) = reached.get(index).copied() {
                for event in allowed_events(state) {
                    let to = next(state, event).unwrap();
                    if !reached.contains(&to) {
                        reached.push(to);
                    }
                }
                index += 1;
            }
            assert!(reached.iter().any(|state| next(*state, E::Close).is_some()), "{start} is a dead end");
        }
    }

    #[test]
    fn a_finished_visit_never_comes_back() {
        for state in [S::Completed, S::Aborted] {
            assert!(allowed_events(state).all(|event| next(state, event) == Some(state)), "{state}");
        }
        for state in [S::Cancelled, S::NoShow] {
            assert_eq!(allowed_events(state).collect::<Vec<_>>(), [E::Reinstate]);
        }
    }

    #[test]
    fn drug_runs_only_after_a_start_and_ends_with_a_stop_or_an_alarm() {
        for (from, event, to) in TRANSITIONS {
            if !from.is_infusing() && to.is_infusing() {
                assert_eq!(*event, E::Start);
            }
            if from.is_infusing() && !to.is_infusing() {
                assert!(matches!(event, E::Stop | E::Emergency | E::RetractStart), "{from} --{event}--> {to}");
            }
        }
    }

    #[test]
    fn an_abort_is_only_possible_before_any_drug() {
        let from: Vec<_> =
            TRANSITIONS.iter().filter(|(_, event, _)| *event == E::Abort).map(|(from, _, _)| *from).collect();
        assert_eq!(from, [S::CheckedIn]);
    }
}
