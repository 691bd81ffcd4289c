//! A clinic's series on a simulated clock: every patient comes twice a week for three weeks.

use super::client::{DemoError, Result, Server};
use super::guest::Guest;
use super::house::{self, House, Plan, Team};
use super::people::person;
use super::physiology::Patient;
use super::random::Dice;
use super::visit::{Stage, Visit};
use crate::access::password::Cost;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::store::DatabaseUrl;
use jiff::civil::Date;
use std::net::TcpListener;
use std::path::Path;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Patients.
    pub patients: u16,
    /// Weeks, with two sessions each.
    pub weeks: u16,
    /// The same seed plays the same clinic.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Visits that ended with a closed record.
    pub closed: u64,
    /// Visits that ended before any drug, because of the pressure at rest.
    pub sent_home: u64,
    /// Visits whose drug was stopped before the planned end.
    pub stopped_early: u64,
    /// Rows charted.
    pub rows: u64,
    /// Rows at act level or above.
    pub alarming_rows: u64,
    /// For each crisis that reached a true systolic pressure of 180: minutes from there to the pump at rest. One that
    /// was paused sooner is not in it.
    pub crises: Vec<i64>,
    /// Requests sent.
    pub requests: u64,
}

/// A patient, how their body answers, and what is left of their series.
struct Member {
    guest: Guest,
    body: Patient,
    sessions_before: i64,
}

/// Monday, 5 January 2026, 07:30 in New York.
const FIRST_MORNING: &str = "2026-01-05T12:30:00Z";
const ZONE: &str = "America/New_York";
/// Waves of arrivals, minutes after 07:30. A chair is held for 150 minutes, and some stay longer.
const WAVES: [i64; 3] = [30, 210, 390];
/// A day ends when everybody has left, at the latest after this many minutes.
const LONGEST_DAY: i64 = 900;
/// A password that guards a file nobody keeps costs next to nothing to compare.
const CHEAP: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

/// Plays a series in `folder`, which must hold no simulation yet.
///
/// # Errors
/// When the server refuses something that should have been possible.
pub fn run(settings: Settings, folder: &Path) -> Result<Report> {
    let clock = Clock::simulated(first_morning());
    let each_wave = (settings.patients.div_ceil(2)).div_ceil(3).max(1);
    let plan = Plan {
        database: DatabaseUrl::Sqlite(folder.join("simulation.db")),
        keys: folder.join("keys"),
        zone: ZONE.to_owned(),
        chairs: each_wave,
        // Odd, so that every second patient meets every one of them in turn.
        prescribers: each_wave.div_ceil(4) | 1,
        nurses: (each_wave | 1).max(3),
        cost: CHEAP,
    };
    let credentials = house::build(&plan, &clock)?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| DemoError::House(error.to_string()))?;
    let running = house::serve(&plan, &clock, listener)?;
    let played = series(settings, &plan, &clock, &Server::at(running.base.clone(), clock.clone())?, &credentials);
    running.stop();
    played
}

fn series(
    settings: Settings,
    plan: &Plan,
    clock: &Clock,
    server: &Server,
    credentials: &[house::Credential],
) -> Result<Report> {
    let house = House::furnish(server.clone(), Team::sign_in(server, credentials)?, plan.chairs)?;
    let mut members = Vec::new();
    for number in 0..settings.patients {
        members.push(admit(&house, usize::from(number), settings)?);
    }
    let mut report = Report::default();
    for day in 0..i64::from(settings.weeks) * 7 {
        let morning = first_morning().plus_minutes(day * 24 * 60);
        clock.advance_millis(morning.since(clock.now()).max(0));
        let due = members.iter_mut().filter(|member| comes_on(day, member.guest.number)).collect::<Vec<_>>();
        if !due.is_empty() {
            play_day(&house, morning, due, &mut report)?;
        }
    }
    report.requests = server.requests();
    Ok(report)
}

fn first_morning() -> Timestamp {
    Timestamp::parse(FIRST_MORNING).unwrap_or(Timestamp::MIN)
}

/// Monday and Thursday, or Tuesday and Friday: two dates apart at least.
const fn comes_on(day: i64, number: usize) -> bool {
    match day % 7 {
        0 | 3 => number.is_multiple_of(2),
        1 | 4 => !number.is_multiple_of(2),
        _ => false,
    }
}

fn admit(house: &House, number: usize, settings: Settings) -> Result<Member> {
    let index = u64::try_from(number).unwrap_or(0);
    let mut dice = Dice::of(settings.seed, index + 1_000_000);
    let person = person(settings.seed, index, 2026);
    let body = Patient::thrown(person.preset, &mut dice);
    let mut guest = Guest::register(house, number, person)?;
    guest.screen(house)?;
    guest.plan(house, i64::from(settings.weeks) * 2, review_date())?;
    guest.consent(house)?;
    Ok(Member { guest, body, sessions_before: 0 })
}

/// Three months after the first morning.
const fn review_date() -> Date {
    jiff::civil::date(2026, 4, 6)
}

/// One day: everybody who is due arrives in one of three waves.
fn play_day(house: &House, morning: Timestamp, due: Vec<&mut Member>, report: &mut Report) -> Result<()> {
    house.open_for(12)?;
    let mut visits: Vec<(i64, Visit)> = Vec::new();
    let each_wave = due.len().div_ceil(WAVES.len()).max(1);
    for (position, member) in due.into_iter().enumerate() {
        let arrives = WAVES.get(position / each_wave).copied().unwrap_or(0);
        member.sessions_before += 1;
        let (place, number) = (member.sessions_before, u64::try_from(member.guest.number).unwrap_or(0));
        let dice = Dice::of(number * 1_000 + u64::try_from(place).unwrap_or(0), 7);
        if place > 3 {
            member.guest.score(house, 4)?;
        }
        let start = wall_time(morning.plus_minutes(arrives))?;
        visits.push((arrives, Visit::book(house, &member.guest, place, &start, dice, &member.body)?));
    }
    for minute in 1..=LONGEST_DAY {
        house.server.clock().advance_minutes(1);
        for (_, visit) in visits.iter_mut().filter(|(arrives, visit)| *arrives <= minute && !visit.is_over()) {
            visit.minute(house)?;
        }
        if visits.iter().all(|(_, visit)| visit.is_over()) {
            break;
        }
    }
    for (_, visit) in visits {
        report.add(&visit);
    }
    Ok(())
}

fn wall_time(at: Timestamp) -> Result<String> {
    let zone = jiff::tz::TimeZone::get(ZONE).map_err(|error| DemoError::House(error.to_string()))?;
    Ok(crate::domain::session::booking::to_wall_time(at, &zone))
}

impl Report {
    fn add(&mut self, visit: &Visit) {
        self.closed += u64::from(visit.stage == Stage::Closed);
        self.sent_home += u64::from(visit.stage == Stage::SentHome);
        self.stopped_early += u64::from(visit.outcome.stopped_early);
        self.rows += visit.outcome.rows;
        self.alarming_rows += visit.outcome.alarming_rows;
        self.crises.extend(visit.outcome.crisis_minutes);
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "visits closed          {}", self.closed)?;
        writeln!(f, "sent home before drug  {}", self.sent_home)?;
        writeln!(f, "stopped early          {}", self.stopped_early)?;
        writeln!(f, "rows charted           {} ({} at act level or above)", self.rows, self.alarming_rows)?;
        writeln!(
            f,
            "crises                 {}, minutes from 180 to the pump at rest: {:?}",
            self.crises.len(),
            self.crises
        )?;
        write!(f, "requests               {}", self.requests)
    }
}
