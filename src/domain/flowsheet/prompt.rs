//! The question whether a nebulized treatment is over: the empty cup ends a fill and not the treatment, so somebody
//! has to say when it ends (decisions.md 18).

use super::{Flowsheet, Followed, Ids};
use crate::domain::alert::{Alert, Cause};
use crate::domain::dosing::{Standing, effective};
use crate::domain::monitoring::{Condition, Level};
use crate::domain::time::Timestamp;

impl Flowsheet {
    /// When to ask for the stop: so many minutes after the last fill ended, while none runs and nobody has stopped.
    pub(super) fn stop_prompt_at(&self) -> Option<Timestamp> {
        let history = effective(&self.drug);
        if !self.session.state.is_infusing() || history.standing_at(Timestamp::MAX) != Standing::BetweenFills {
            return None;
        }
        let minutes = self.policy.rules.dosing.nebulizer_stop_prompt_minutes;
        history.fill_ended_at(Timestamp::MAX).map(|ended| ended.plus_minutes(minutes))
    }

    /// Asks once for each last fill.
    pub(super) fn prompt_for_the_stop(&mut self, now: Timestamp, ids: &mut impl Ids, followed: &mut Followed) {
        let Some(since) = self.stop_prompt_at().filter(|at| *at <= now) else { return };
        let occasion = since.to_string();
        if self.alerts.iter().any(|alert| asks(alert) && alert.occasion == occasion) {
            return;
        }
        let (session, patient) = self.whose();
        let cause =
            Cause { session, patient, condition: Condition::PlannedEndPassed, occasion, level: Level::Act, since };
        self.raise(Alert::raise(ids.alert(), cause, now), followed);
    }

    /// A stop or another fill is the answer.
    pub(super) fn settle_prompt(&mut self, now: Timestamp, followed: &mut Followed) {
        let due = self.stop_prompt_at().map(|at| at.to_string());
        let over = |alert: &&Alert| asks(alert) && due.as_ref() != Some(&alert.occasion);
        let settled: Vec<_> = self.alerts.iter().filter(over).map(|alert| alert.settle(now)).collect();
        for next in settled {
            self.keep(next, followed);
        }
    }
}

fn asks(alert: &Alert) -> bool {
    alert.condition == Condition::PlannedEndPassed
}
