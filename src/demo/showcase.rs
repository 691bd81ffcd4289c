//! The demonstration: a clinic in the middle of its day, and one session that runs now.
//!
//! The days before are played on a simulated clock, so that every record has the times it would have had. Then the
//! same data is served on the real clock, and the simulated monitor of the running session goes on sending.

use super::client::{DemoError, Result, Server, number};
use super::guest::Guest;
use super::house::{self, Credential, House, Plan, Running, Team};
use super::people::person;
use super::physiology::Patient;
use super::random::Dice;
use super::visit::Visit;
use crate::access::password::Cost;
use crate::clock::Clock;
use crate::domain::session::booking::to_wall_time;
use crate::domain::time::Timestamp;
use crate::store::DatabaseUrl;
use jiff::tz::TimeZone;
use serde_json::json;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

/// What is shown.
pub struct Showcase {
    /// The server on the real clock.
    pub running: Running,
    /// Who may sign in; shown once.
    pub credentials: Vec<Credential>,
    house: House,
    live: Vec<Visit>,
}

/// A day is 1440 minutes.
const DAY: i64 = 24 * 60;
/// The sessions of today are booked this long before now, in minutes.
const OPENING: i64 = 250;
/// How often the monitor of the live session sends, in real time.
const ROW_EVERY: Duration = Duration::from_mins(1);

/// Patients by what they show; the number is also the person's.
const NO_SHOW: usize = 8;
const SENT_HOME: usize = 9;
const CALLED_OFF: usize = 7;
const DRAFT_CONSENT: usize = 10;
const VOIDED_CONSENT: usize = 11;
const EXPIRED_CONSENT: usize = 6;

/// Seeds a clinic in `folder` and serves it on `listener`.
///
/// # Errors
/// When the server refuses something that should have been possible.
pub fn open(folder: &Path, listener: TcpListener, seed: u64) -> Result<Showcase> {
    let now = Clock::real().now();
    let zone = working_day_zone(now);
    let plan = Plan {
        database: DatabaseUrl::Sqlite(folder.join("demo.db")),
        keys: folder.join("keys"),
        zone: zone.clone(),
        chairs: 6,
        prescribers: 1,
        nurses: 2,
        cost: Cost::DEFAULT,
    };
    let clock = Clock::simulated(now.plus_minutes(-16 * DAY));
    let credentials = house::build(&plan, &clock)?;
    let early = house::serve(&plan, &clock, loopback()?)?;
    let server = Server::at(early.base.clone(), clock.clone())?;
    let house = House::furnish(server.clone(), Team::sign_in(&server, &credentials)?, plan.chairs)?;
    let zone = TimeZone::get(&zone).map_err(|error| DemoError::House(error.to_string()))?;
    let mut story = Story { house, zone, now, seed, guests: Vec::new(), bodies: Vec::new() };
    let live = story.until_now()?;
    early.stop();
    let running = house::serve(&plan, &Clock::real(), listener)?;
    let house = story.house.moved_to(Server::at(running.base.clone(), Clock::real())?, &credentials)?;
    Ok(Showcase { running, credentials, house, live })
}

fn loopback() -> Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").map_err(|error| DemoError::House(error.to_string()))
}

/// A zone in which it is about one in the afternoon: the demonstration is a working day wherever it is run.
fn working_day_zone(now: Timestamp) -> String {
    let hour = now.millis().div_euclid(3_600_000).rem_euclid(24);
    match 13 - hour {
        0 => "Etc/UTC".to_owned(),
        // The names count the other way round: Etc/GMT-5 is five hours ahead of UTC.
        ahead @ 1.. => format!("Etc/GMT-{ahead}"),
        behind => format!("Etc/GMT+{}", -behind),
    }
}

impl Showcase {
    /// The session that runs now.
    pub fn live_session(&self) -> Option<&str> {
        self.live.first().map(|visit| visit.session.as_str())
    }

    /// Lets the simulated monitors send, once a minute, until every patient has left; then waits for the server's end.
    pub fn play(mut self) {
        while self.live.iter().any(|visit| !visit.is_over()) && !self.running.has_ended() {
            std::thread::sleep(ROW_EVERY);
            for visit in self.live.iter_mut().filter(|visit| !visit.is_over()) {
                if let Err(error) = visit.minute(&self.house) {
                    // Somebody at the demonstration may have taken the session over: that is what it is for.
                    tracing::info!(session = visit.session, %error, "the simulated nurse stands back");
                }
            }
        }
        self.running.wait();
    }
}

/// The days before, played on a simulated clock.
struct Story {
    house: House,
    zone: TimeZone,
    now: Timestamp,
    seed: u64,
    guests: Vec<Guest>,
    bodies: Vec<Patient>,
}

impl Story {
    /// Plays everything up to now; gives back the visits that are still under way.
    fn until_now(&mut self) -> Result<Vec<Visit>> {
        self.admit_everybody()?;
        self.go_to(-7 * DAY - 200)?;
        self.whole_visit(0)?;
        self.go_to(-5 * DAY - 200)?;
        self.whole_visit(1)?;
        self.change_consents()?;
        self.go_to(-OPENING)?;
        self.today()
    }

    /// Moves the clock to so many minutes from now; the prescriber is in the house.
    fn go_to(&self, offset: i64) -> Result<()> {
        let clock = self.house.server.clock();
        clock.advance_millis(self.now.plus_minutes(offset).since(clock.now()).max(0));
        self.house.open_for(12)
    }

    fn admit_everybody(&mut self) -> Result<()> {
        let today = self.now.date_in(&self.zone);
        let review = today.checked_add(jiff::Span::new().days(60)).unwrap_or(today);
        for number in 0..12 {
            let index = u64::try_from(number).unwrap_or(0);
            let person = person(self.seed, index, i64::from(today.year()));
            self.bodies
                .push(Patient::thrown(super::physiology::Preset::Normal, &mut Dice::of(self.seed, index + 1_000_000)));
            let mut guest = Guest::register(&self.house, number, person)?;
            guest.screen(&self.house)?;
            guest.plan(&self.house, 6, review)?;
            if number == DRAFT_CONSENT {
                guest.present_consent(&self.house)?;
            } else if number != EXPIRED_CONSENT {
                guest.consent(&self.house)?;
            }
            self.guests.push(guest);
        }
        let form = house::publish_form(self.house.prescriber(0)?, "ketamine-short-en", 7)?;
        let short = House { form, ..self.house.clone() };
        self.guest(EXPIRED_CONSENT)?.consent(&short).map(drop)
    }

    /// A second consent replaces the first, one is withdrawn, one draft is voided.
    fn change_consents(&self) -> Result<()> {
        self.guest(0)?.consent(&self.house)?;
        let prescriber = self.house.prescriber(0)?;
        let list = prescriber.get(&format!("/patients/{}/consents", self.guest(CALLED_OFF)?.patient))?;
        let first = list.pointer("/items/0/id").and_then(|id| id.as_str()).unwrap_or_default();
        prescriber.post(&format!("/consents/{first}/withdraw"), json!({"scope": "all", "said_by": "patient"}))?;
        let (draft, _) = self.guest(VOIDED_CONSENT)?.present_consent(&self.house)?;
        prescriber.post(&format!("/consents/{draft}/void"), json!({"reason": "presented in the wrong language"}))?;
        Ok(())
    }

    fn guest(&self, number: usize) -> Result<&Guest> {
        self.guests.get(number).ok_or_else(|| DemoError::House("there is no such patient".into()))
    }

    fn book(&self, number: usize, place: i64, offset: i64) -> Result<Visit> {
        let body = self.bodies.get(number).ok_or_else(|| DemoError::House("there is no such patient".into()))?;
        let start = to_wall_time(self.now.plus_minutes(offset), &self.zone);
        let dice = Dice::of(self.seed ^ u64::try_from(number).unwrap_or(0), u64::try_from(place).unwrap_or(0));
        Visit::book(&self.house, self.guest(number)?, place, &start, dice, body)
    }

    /// A visit from arrival to the closed record.
    fn whole_visit(&self, number: usize) -> Result<()> {
        let offset = self.house.server.clock().now().minutes_since(self.now) + 5;
        let mut visit = self.book(number, 1, offset)?;
        self.house.server.clock().advance_minutes(5);
        while !visit.is_over() {
            self.house.server.clock().advance_minutes(1);
            visit.minute(&self.house)?;
        }
        Ok(())
    }

    /// Sessions in every state, by minutes from now.
    fn today(&self) -> Result<Vec<Visit>> {
        let missed = self.book(NO_SHOW, 1, -240)?;
        let mut unfit = self.book(SENT_HOME, 1, -200)?;
        let mut done = (-170, self.book(1, 2, -170)?);
        let mut recovering = (-80, self.book(2, 1, -80)?);
        let mut paused = (-40, self.book(3, 1, -40)?);
        let mut live = (-20, self.book(4, 1, -20)?);
        live.1.row_every = 1;
        let mut arrived = self.book(5, 1, -8)?;
        self.book(0, 2, 150)?;
        let called_off = self.book(CALLED_OFF, 1, DAY)?;
        self.book(DRAFT_CONSENT, 1, DAY)?;
        self.call_off(&called_off)?;
        for minute in -OPENING + 1..=0 {
            self.house.server.clock().advance_minutes(1);
            match minute {
                -224 => self.no_show(&missed)?,
                -199 => unfit.arrive(&self.house)?,
                -190 => unfit.send_home(&self.house)?,
                -10 => paused.1.pause(&self.house)?,
                -7 => arrived.arrive(&self.house)?,
                _ => {}
            }
            for (start, visit) in [&mut done, &mut recovering, &mut live] {
                if minute >= *start && !visit.is_over() {
                    visit.minute(&self.house)?;
                }
            }
            if (paused.0..-10).contains(&minute) {
                paused.1.minute(&self.house)?;
            }
        }
        Ok(vec![live.1, recovering.1])
    }

    fn version_of(&self, visit: &Visit) -> Result<i64> {
        let path = format!("/sessions/{}", visit.session);
        number(&self.house.desk.get(&path)?, &path, "version")
    }

    fn no_show(&self, visit: &Visit) -> Result<()> {
        let path = format!("/sessions/{}/no-show", visit.session);
        self.house.desk.post_to(&path, self.version_of(visit)?, json!({})).map(drop)
    }

    fn call_off(&self, visit: &Visit) -> Result<()> {
        let path = format!("/sessions/{}/cancel", visit.session);
        self.house.desk.post_to(&path, self.version_of(visit)?, json!({"reason": "illness"})).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_early_afternoon_wherever_the_demonstration_is_run() {
        for hour in 0..24 {
            let now = Timestamp::parse("2026-03-02T00:20:00Z").unwrap().plus_minutes(hour * 60);
            let zone = TimeZone::get(&working_day_zone(now)).unwrap();
            assert_eq!(zone.to_datetime(now.to_jiff()).hour(), 13, "{hour}");
        }
    }
}
