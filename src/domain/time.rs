//! Instants and dates. Nothing finer than a millisecond exists in the system, so that what is shown, stored and
//! hashed is the same instant.

use jiff::civil;
use jiff::tz::TimeZone;

/// An instant in whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A calendar date, read in the clinic's zone.
pub type Date = civil::Date;

impl Timestamp {
    /// The earliest instant that is accepted, 1900-01-01.
    pub const MIN: Self = Self(-2_208_988_800_000);
    /// The latest instant that is accepted, 2200-01-01.
    pub const MAX: Self = Self(7_258_118_400_000);

    /// From milliseconds since 1970, held inside [`Self::MIN`] and [`Self::MAX`].
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset; digits below a millisecond are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        // Only the RFC 3339 profile: `jiff` alone would also take a bracketed zone.
        if text.len() > 40 || text.contains('[') || !text.contains(['T', 't']) {
            return None;
        }
        let instant: jiff::Timestamp = text.parse().ok()?;
        let millis = instant.as_microsecond().div_euclid(1000);
        (Self::MIN.0..=Self::MAX.0).contains(&millis).then_some(Self(millis))
    }

    /// This instant moved forward; backward when `minutes` is negative.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_millis(minutes.saturating_mul(60_000))
    }

    /// This instant moved forward; backward when `seconds` is negative.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// This instant moved forward; backward when `millis` is negative.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole minutes from `earlier` to this instant, cut off toward zero.
    pub fn minutes_since(self, earlier: Self) -> i64 {
        self.since(earlier) / 60_000
    }

    /// The clinic's calendar date at this instant.
    pub fn date_in(self, zone: &TimeZone) -> Date {
        zone.to_datetime(self.to_jiff()).date()
    }

    /// The same instant for calendar arithmetic.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// From calendar arithmetic; digits below a millisecond are cut off.
    pub fn from_jiff(instant: jiff::Timestamp) -> Self {
        Self::from_millis(instant.as_microsecond().div_euclid(1000))
    }
}

/// RFC 3339 in UTC with exactly three decimals: `2026-03-02T15:20:00.000Z`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let utc = TimeZone::UTC.to_datetime(self.to_jiff());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            utc.year(),
            utc.month(),
            utc.day(),
            utc.hour(),
            utc.minute(),
            utc.second(),
            utc.millisecond()
        )
    }
}

/// The first and the last-plus-one instant of a clinic's calendar day; 23 or 25 hours apart when clocks change.
pub fn day_bounds(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let start = zone.to_timestamp(date.to_datetime(civil::Time::midnight())).ok()?;
    let end = zone.to_timestamp(date.tomorrow().ok()?.to_datetime(civil::Time::midnight())).ok()?;
    Some((Timestamp::from_jiff(start), Timestamp::from_jiff(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_and_shown_in_whole_milliseconds() {
        let at = Timestamp::parse("2026-03-02T16:20:00.123999+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-03-02T15:20:00.123Z");
        assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in
            ["", "2026-03-02", "2026-03-02T15:20:00", "2026-03-02T15:20:00Z[UTC]", "9999-01-01T00:00:00Z", "now"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_day_the_clocks_go_forward_has_23_hours() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let (start, end) = day_bounds(civil::date(2026, 3, 8), &zone).unwrap();
        assert_eq!(end.since(start), 23 * 3_600_000);
    }
}
