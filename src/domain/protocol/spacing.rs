//! How close together, and how many, the sessions of one patient may be: counted in dates of the clinic's zone, because
//! 09:00 on Friday to 09:00 on Sunday is 47 hours when the clocks go forward (decisions.md 30).

use super::envelope::{Breach, Envelope};
use crate::domain::time::Date;

impl Envelope {
    /// Every limit on the spacing of sessions that one more on `date` would exceed; `others` are the dates of the
    /// patient's other sessions, past and booked, in the clinic's zone.
    pub fn breaches_of_spacing(&self, others: &[Date], date: Date) -> Vec<Breach> {
        let mut found = Vec::new();
        let gap = others.iter().map(|other| days_between(*other, date).abs()).min();
        if let Some(gap) = gap.filter(|gap| *gap < self.min_gap_days) {
            let limit = format!("{} days", self.min_gap_days);
            let detail = "Two sessions of this patient would be too close together.";
            found.push(Breach::soft("plan.min_gap", limit, format!("{gap} days"), detail));
        }
        let windows = [
            ("plan.max_per_7_days", 7, self.max_per_7_days),
            ("plan.max_per_30_days", 30, self.max_per_30_days),
            ("plan.max_per_365_days", 365, self.max_per_365_days),
        ];
        for (rule, days, limit) in windows {
            let actual = busiest_window(others, date, days);
            if actual > limit {
                let detail = "This patient would have more sessions than the protocol allows in that time.";
                found.push(Breach::soft(rule, format!("{limit} sessions"), format!("{actual} sessions"), detail));
            }
        }
        found
    }
}

/// Dates from `from` to `to`; negative when `to` is earlier.
fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// The most sessions in any run of `days` dates that holds `date`, this one counted.
fn busiest_window(others: &[Date], date: Date, days: i64) -> i64 {
    let offsets: Vec<i64> = others.iter().map(|other| days_between(date, *other)).chain([0]).collect();
    let windows = offsets.iter().filter(|first| (1 - days..=0).contains(*first));
    let count = |first: &i64| offsets.iter().filter(|day| (*first..*first + days).contains(*day)).count();
    windows.map(count).max().map_or(1, |most| i64::try_from(most).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::migraine_iv;
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn rules(breaches: &[Breach]) -> Vec<&'static str> {
        breaches.iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn monday_wednesday_friday_passes_also_when_the_clocks_change_and_the_next_day_does_not() {
        let envelope = migraine_iv().envelope;
        let booked = [date(2026, 3, 6), date(2026, 3, 4)];
        assert_eq!(rules(&envelope.breaches_of_spacing(&booked, date(2026, 3, 8))), [""; 0]);
        assert_eq!(rules(&envelope.breaches_of_spacing(&booked, date(2026, 3, 7))), ["plan.min_gap"]);
        let four = [date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 6)];
        assert_eq!(rules(&envelope.breaches_of_spacing(&four, date(2026, 3, 8))), ["plan.max_per_7_days"]);
        assert_eq!(rules(&envelope.breaches_of_spacing(&four, date(2026, 3, 9))), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_seven_dates_ever_hold_more_sessions_than_allowed(offsets in proptest::collection::vec(0_i64..60, 0..40)) {
            let envelope = migraine_iv().envelope;
            let day = |offset: i64| date(2026, 2, 20).checked_add(jiff::Span::new().days(offset)).unwrap();
            let mut booked: Vec<i64> = Vec::new();
            for offset in offsets {
                let dates: Vec<Date> = booked.iter().map(|day_offset| day(*day_offset)).collect();
                if envelope.breaches_of_spacing(&dates, day(offset)).is_empty() {
                    booked.push(offset);
                }
            }
            for first in 0..60 {
                let within = |days: i64| booked.iter().filter(|o| (first..first + days).contains(*o)).map(|_| 1_i64).sum::<i64>();
                prop_assert!(within(7) <= envelope.max_per_7_days && within(30) <= envelope.max_per_30_days);
                prop_assert!(within(envelope.min_gap_days) <= 1);
            }
        }
    }
}
