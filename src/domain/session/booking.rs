//! What a slot is: when it begins on the wall clock and whom it holds. How long it holds the chair is the protocol's to
//! say (`Protocol::chair_minutes`), how close to the patient's other visits it may lie is the envelope's
//! (`Envelope::breaches_of_spacing`).

use crate::domain::policy::Staffing;
use crate::domain::refusal::FieldError;
use crate::domain::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// A visit may be entered afterwards, from the paper of a power cut, for so many days `[D]`.
pub const BOOK_BACK_DAYS: i64 = 7;
/// And booked ahead for so many days: the longest plan looks a year ahead `[D]`.
pub const BOOK_AHEAD_DAYS: i64 = 366;

/// Reads a wall time such as `2026-03-09T09:00` in the clinic's zone.
///
/// # Errors
/// When it is no wall time, or the clocks skip or repeat it that day: then both instants it could mean are named.
pub fn from_wall_time(pointer: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, FieldError> {
    let Some(wall) = wall_time(text) else {
        return Err(FieldError::new(pointer, "local_time", "must be a local time such as 2026-03-09T09:00"));
    };
    let at = |offset: Offset| offset.to_timestamp(wall).map(Timestamp::from_jiff);
    let unrepresentable = |_| FieldError::new(pointer, "range", "is too far away");
    let ambiguous = |code, what: &str, first: Offset, second: Offset| {
        let (one, two) = (at(first).map_err(unrepresentable)?, at(second).map_err(unrepresentable)?);
        let detail = format!("this time {what} that day: send scheduled_start_at {} or {}", one.min(two), one.max(two));
        Err(FieldError::new(pointer, code, detail))
    };
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset).map_err(unrepresentable),
        AmbiguousOffset::Gap { before, after } => ambiguous("local_time_skipped", "does not exist", before, after),
        AmbiguousOffset::Fold { before, after } => ambiguous("local_time_repeated", "happens twice", before, after),
    }
}

/// The instant that a wall time, or an instant under `pointer`, means.
///
/// # Errors
/// When none or both are given, when the wall time is no instant or two, or when it is too far away.
pub fn meant_start(
    (wall, at): (Option<&str>, Option<Timestamp>),
    pointer: &str,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Timestamp, FieldError> {
    let detail = |verb: &str| format!("{verb} local_start or {}", pointer.trim_start_matches('/'));
    match (wall, at) {
        (Some(wall), None) => bookable("/local_start", from_wall_time("/local_start", wall, zone)?, now),
        (None, Some(at)) => bookable(pointer, at, now),
        (None, None) => Err(FieldError::new("/local_start", "required", detail("give"))),
        (Some(_), Some(_)) => Err(FieldError::new("/local_start", "ambiguous", detail("give either"))),
    }
}

/// Exactly `YYYY-MM-DDTHH:MM`: a wall time with an offset would not be one.
fn wall_time(text: &str) -> Option<DateTime> {
    let shape = "dddd-dd-ddTdd:dd";
    let fits = text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted });
    if fits { text.parse().ok() } else { None }
}

/// The wall time of an instant, in the form [`from_wall_time`] reads.
pub fn to_wall_time(at: Timestamp, zone: &TimeZone) -> String {
    let wall = zone.to_datetime(at.to_jiff());
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", wall.year(), wall.month(), wall.day(), wall.hour(), wall.minute())
}

/// Whether a visit may be booked for this instant.
///
/// # Errors
/// When it lies outside [`BOOK_BACK_DAYS`] and [`BOOK_AHEAD_DAYS`].
pub fn bookable(pointer: &str, start: Timestamp, now: Timestamp) -> Result<Timestamp, FieldError> {
    const DAY_MIN: i64 = 24 * 60;
    let window = now.plus_minutes(-BOOK_BACK_DAYS * DAY_MIN)..=now.plus_minutes(BOOK_AHEAD_DAYS * DAY_MIN);
    if window.contains(&start) {
        return Ok(start);
    }
    let detail = format!("must lie between {BOOK_BACK_DAYS} days ago and {BOOK_AHEAD_DAYS} days ahead");
    Err(FieldError::new(pointer, "range", detail))
}

words! {
    /// What a booking holds.
    pub enum ResourceKind {
        /// The chair or room: one patient at a time.
        Chair = "chair",
        /// The patient: in one chair at a time.
        Patient = "patient",
        /// The nurse: so many patients at a time, infusing and recovering.
        Nurse = "nurse",
        /// The supervising prescriber: so many patients at a time.
        Prescriber = "prescriber",
    }
}

impl ResourceKind {
    /// How many bookings one of them can carry at a time: its lanes (engineering.md 11, decisions.md 3).
    pub fn lanes(self, staffing: &Staffing) -> i64 {
        match self {
            Self::Chair | Self::Patient => 1,
            Self::Nurse => staffing.nurse_max_total,
            Self::Prescriber => staffing.prescriber_max_supervised,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Rules;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn nine_o_clock_is_nine_o_clock_on_both_sides_of_the_change() {
        for (wall, utc) in
            [("2026-03-06T09:00", "2026-03-06T14:00:00.000Z"), ("2026-03-09T09:00", "2026-03-09T13:00:00.000Z")]
        {
            assert_eq!(from_wall_time("/local_start", wall, &zone("America/New_York")).unwrap().to_string(), utc);
        }
    }

    #[test]
    fn a_skipped_or_repeated_time_is_refused_with_both_choices() {
        for (name, wall, code, one, two) in [
            (
                "America/New_York",
                "2026-03-08T02:30",
                "local_time_skipped",
                "2026-03-08T06:30:00.000Z",
                "2026-03-08T07:30:00.000Z",
            ),
            (
                "America/New_York",
                "2026-11-01T01:30",
                "local_time_repeated",
                "2026-11-01T05:30:00.000Z",
                "2026-11-01T06:30:00.000Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T02:00",
                "local_time_repeated",
                "2026-10-25T00:00:00.000Z",
                "2026-10-25T01:00:00.000Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-10-04T02:15",
                "local_time_skipped",
                "2026-10-03T15:15:00.000Z",
                "2026-10-03T15:45:00.000Z",
            ),
        ] {
            let error = from_wall_time("/local_start", wall, &zone(name)).unwrap_err();
            assert_eq!(error.code, code, "{name} {wall}");
            assert!(error.detail.contains(one) && error.detail.contains(two), "{name} {wall}: {}", error.detail);
        }
    }

    #[test]
    fn what_is_no_wall_time_is_refused() {
        for text in [
            "",
            "2026-03-09",
            "2026-03-09 09:00",
            "2026-03-09T09:00Z",
            "2026-03-09T09:00:00",
            "2026-02-30T09:00",
            "2026-03-09T24:00",
            "２026-03-09T9:00",
        ] {
            assert_eq!(from_wall_time("/local_start", text, &zone("UTC")).unwrap_err().code, "local_time", "{text}");
        }
    }

    #[test]
    fn only_staff_carry_more_than_one_patient_at_a_time() {
        let staffing = Rules::seeded().staffing;
        let lanes: Vec<_> = ResourceKind::ALL.iter().map(|kind| (kind.as_str(), kind.lanes(&staffing))).collect();
        assert_eq!(lanes, [("chair", 1), ("patient", 1), ("nurse", 3), ("prescriber", 4)]);
    }

    #[test]
    fn a_visit_is_booked_from_last_week_to_next_year() {
        let now = Timestamp::parse("2026-03-02T15:00:00Z").unwrap();
        for (days, accepted) in [(-8, false), (-7, true), (0, true), (366, true), (367, false)] {
            assert_eq!(bookable("/local_start", now.plus_minutes(days * 1440), now).is_ok(), accepted, "{days}");
        }
    }

    proptest! {
        #[test]
        fn a_wall_time_reads_back_to_its_instant_or_names_it(minutes in 0_i64..527_040) {
            for name in ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"] {
                let zone = zone(name);
                let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus_minutes(minutes);
                match from_wall_time("/local_start", &to_wall_time(at, &zone), &zone) {
                    Ok(read) => prop_assert_eq!(read, at),
                    Err(error) => prop_assert!(error.detail.contains(&at.to_string()), "{}", error.detail),
                }
            }
        }
    }
}
