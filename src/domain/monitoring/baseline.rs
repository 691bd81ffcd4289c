//! This visit's own values before any drug.

use crate::domain::observation::{Amends, Observation};
use crate::domain::quantity::Amount;
use crate::domain::time::Timestamp;

/// The median of the readings before the start. Never last visit's, and never rewritten after the start
/// (clinical.md 4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Systolic pressure, mmHg.
    pub systolic: Option<i64>,
    /// Diastolic pressure, mmHg.
    pub diastolic: Option<i64>,
    /// Heart rate.
    pub heart_rate: Option<i64>,
    /// Saturation, percent.
    pub spo2: Option<i64>,
    /// Orientation, 0 to 4.
    pub orientation: Option<i64>,
    /// CADSS-6, 0 to 24.
    pub dissociation: Option<i64>,
    /// Pain on arrival, 0 to 10.
    pub pain: Option<i64>,
}

/// When drug began to run, and when the record learnt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartOfDrug {
    /// At the pump.
    pub occurred_at: Timestamp,
    /// On the server.
    pub recorded_at: Timestamp,
}

impl Baseline {
    /// The baseline of a visit from all its rows, superseded ones included.
    ///
    /// Once drug has started it is made of what was on record at that moment, as it stood then: a late row, a
    /// correction or a move changes nothing. Where the start was on record before any reading (a start copied from
    /// paper), the first reading entered for the time before it stands in, and stays.
    pub fn of(rows: &[Observation], start: Option<StartOfDrug>) -> Self {
        let before = |row: &&Observation| start.is_none_or(|start| row.occurred_at <= start.occurred_at);
        let known = |row: &&Observation| start.is_none_or(|start| row.recorded_at <= start.recorded_at);
        let at_start = stood(&rows.iter().filter(known).collect::<Vec<_>>());
        let readings: Vec<&Observation> = at_start.into_iter().filter(before).collect();
        if !readings.is_empty() {
            return Self::median_of(&readings);
        }
        let first =
            rows.iter().filter(before).filter(|row| row.has_values()).min_by_key(|row| (row.recorded_at, row.id));
        Self::median_of(&first.into_iter().collect::<Vec<_>>())
    }

    fn median_of(rows: &[&Observation]) -> Self {
        let of = |value: fn(&Observation) -> Option<i64>| median(rows.iter().filter_map(|row| value(row)).collect());
        Self {
            systolic: of(|row| row.measures.systolic.map(Amount::get)),
            diastolic: of(|row| row.measures.diastolic.map(Amount::get)),
            heart_rate: of(|row| row.measures.heart_rate.map(Amount::get)),
            spo2: of(|row| row.measures.spo2.map(Amount::get)),
            orientation: of(|row| row.measures.orientation),
            dissociation: of(|row| row.measures.dissociation.as_ref().map(|cadss| cadss.total)),
            pain: of(|row| row.measures.pain),
        }
    }
}

/// The rows among these that none of these corrects.
fn stood<'a>(rows: &[&'a Observation]) -> Vec<&'a Observation> {
    let names = |amends: &Amends, row: &Observation| amends.id == row.id;
    let corrected =
        |row: &Observation| rows.iter().filter_map(|other| other.amends.as_ref()).any(|amends| names(amends, row));
    rows.iter().copied().filter(|row| row.has_values() && !corrected(row)).collect()
}

/// The middle value; of an even number of values the mean of the two in the middle, rounded half up.
fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some((lower + upper + 1).div_euclid(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_whole_and_rounds_half_up() {
        let cases: [(&[i64], Option<i64>); 5] = [
            (&[], None),
            (&[120], Some(120)),
            (&[140, 120, 130], Some(130)),
            (&[120, 125], Some(123)),
            (&[3, 4, 4, 9], Some(4)),
        ];
        for (values, expected) in cases {
            assert_eq!(median(values.to_vec()), expected, "{values:?}");
        }
    }
}
