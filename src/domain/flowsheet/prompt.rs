//! The question whether a treatment is over: after the planned end of an infusion that still runs, "end or extend?"
//! (decisions.md 37); after the last fill of a nebulizer, because an empty cup ends a fill and not the treatment
//! (decisions.md 18).

use super::{Flowsheet, Followed, Ids};
use crate::domain::alert::{Alert, Cause};
use crate::domain::dosing::{Standing, effective, planned_end};
use crate::domain::monitoring::{Condition, Level};
use crate::domain::route::Route;
use crate::domain::session::{PumpState, SessionState};
use crate::domain::time::Timestamp;

/// What somebody has to say: it is asked once for each instant since which it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Question {
    since: Timestamp,
    ask_at: Timestamp,
}

impl Flowsheet {
    /// When to ask whether the treatment is over; none while nothing runs that could be over.
    pub(super) fn asks_for_end_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.question(now).map(|question| question.ask_at)
    }

    fn question(&self, now: Timestamp) -> Option<Question> {
        match self.session.route {
            Route::Iv => self.end_or_extend(now),
            Route::Nebulized => self.last_fill_over(),
        }
    }

    /// The planned end of an infusion that runs: none while it is paused, none without an order.
    fn end_or_extend(&self, now: Timestamp) -> Option<Question> {
        let runs = self.session.state == SessionState::InProgress && self.session.pump.state == PumpState::Running;
        let order = self.order.as_ref().filter(|_| runs)?;
        let since = planned_end(&order.form, &effective(&self.drug), self.session.route, now)?;
        Some(Question { since, ask_at: since.plus_minutes(self.policy.rules.checks.planned_end_minutes) })
    }

    /// So many minutes after the last fill ended, while none runs and nobody has stopped.
    fn last_fill_over(&self) -> Option<Question> {
        let history = effective(&self.drug);
        if !self.session.state.is_infusing() || history.standing_at(Timestamp::MAX) != Standing::BetweenFills {
            return None;
        }
        let minutes = self.policy.rules.dosing.nebulizer_stop_prompt_minutes;
        let ask_at = history.fill_ended_at(Timestamp::MAX)?.plus_minutes(minutes);
        Some(Question { since: ask_at, ask_at })
    }

    /// Asks once, and takes the question back when it was answered: by a stop, a pause, another fill, a later end.
    pub(super) fn follow_end(&mut self, now: Timestamp, ids: &mut impl Ids, followed: &mut Followed) {
        let question = self.question(now).filter(|question| question.ask_at <= now);
        let occasion = question.map(|question| question.since.to_string());
        let asks = |alert: &&Alert| alert.condition == Condition::PlannedEndPassed;
        let is_this = |alert: &Alert| Some(&alert.occasion) == occasion.as_ref();
        let asked = self.alerts.iter().filter(asks).any(is_this);
        let over = self.alerts.iter().filter(asks).filter(|alert| !is_this(alert));
        let over: Vec<_> = over.map(|alert| alert.settle(now)).collect();
        for next in over {
            self.keep(next, followed);
        }
        if let (Some(Question { since, .. }), Some(occasion), false) = (question, occasion, asked) {
            let (session, patient) = self.whose();
            let condition = Condition::PlannedEndPassed;
            let cause = Cause { session, patient, condition, occasion, level: Level::Act, since };
            self.raise(Alert::raise(ids.alert(), cause, now), followed);
        }
    }
}
