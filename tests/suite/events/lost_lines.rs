//! Lines that break at random, servers that are killed, and two servers on one database: what a client has kept is the
//! trail, byte for byte.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chairside::store::DatabaseUrl;
use serde_json::json;

use super::listener::{Block, Expected, Listener, bodies, frames};
use crate::support::program::Program;
use crate::support::{Kind, PASSWORD, scratch, stand_alone};

/// The servers, and where they answer now.
struct House {
    bases: Mutex<Vec<String>>,
    /// How many lines broke, of how many.
    lost: AtomicUsize,
    wanted: usize,
    /// How many of the two listeners have heard enough.
    content: AtomicUsize,
}

impl House {
    fn base(&self, random: u64) -> String {
        let bases = self.bases.lock().expect("bases");
        bases[usize::try_from(random).unwrap_or(0) % bases.len()].clone()
    }

    fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether nobody has to write any more.
    fn done(&self) -> bool {
        self.content.load(Ordering::Relaxed) == 2
    }
}

/// A small generator: the same run for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// Nobody answers: a server was killed and its successor is not there yet.
fn rest() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Registers patients on any server until the end; what a killed server does not answer is not asked again.
fn write(house: &House, token: &str, seed: u64) {
    let mut random = Random(seed);
    let agent: ureq::Agent = ureq::Agent::config_builder().max_idle_connections(0).build().into();
    let body = json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"}).to_string();
    while !house.done() {
        let key = uuid::Uuid::from_bytes(chairside::clock::random()).to_string();
        let request = agent.post(format!("{}/api/v1/patients", house.base(random.next())));
        let request = request.header("authorization", format!("Bearer {token}")).header("idempotency-key", key);
        if request.header("content-type", "application/json").send(&body).is_err() {
            rest();
        }
    }
}

/// Listens, hangs up after a random number of bytes, and comes again with the last place; to the end.
fn listen(house: &House, token: &str, query: &str, seed: u64) -> Vec<Block> {
    let (mut random, mut kept, mut place) = (Random(seed), Vec::new(), Some(0));
    while house.lost() < house.wanted {
        let Ok(stream) = Listener::open(&house.base(random.next()), token, query, place) else {
            rest();
            continue;
        };
        let mut stream = stream.cut_after(30 + random.next() % 3000);
        while let Some(block) = stream.next() {
            place = block.id.or(place);
            kept.extend(block.event.is_some().then_some(block));
        }
        house.lost.fetch_add(1, Ordering::Relaxed);
    }
    house.content.fetch_add(1, Ordering::Relaxed);
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < patience, "nobody answers");
        rest();
        // The last words, when nobody writes any more.
        let last = if query.is_empty() { "?follow=false".to_owned() } else { format!("{query}&follow=false") };
        if !house.done() {
            continue;
        }
        if let Ok(mut stream) = Listener::open(&house.base(random.next()), token, &last, place) {
            kept.extend(stream.rest().into_iter().filter(|block| block.event.is_some()));
            return kept;
        }
    }
}

/// Kills one server after the other, and starts it anew.
fn kill_and_start(
    house: &House,
    mut programs: Vec<Program>,
    url: &DatabaseUrl,
    folder: &std::path::Path,
) -> (Vec<Program>, usize) {
    let mut restarts = 0;
    let mut next = 15;
    while !house.done() {
        if house.lost() < next {
            rest();
            continue;
        }
        programs.remove(0).kill();
        programs.push(Program::start(url, folder));
        *house.bases.lock().expect("bases") = programs.iter().map(|program| program.base.clone()).collect();
        restarts += 1;
        next = house.lost() + 15;
    }
    (programs, restarts)
}

fn lines_that_break(kind: Kind, servers: usize, wanted: usize) {
    let folder = scratch();
    let (url, nurse) = stand_alone::clinic(kind, &folder);
    let programs: Vec<Program> = (0..servers).map(|_| Program::start(&url, &folder)).collect();
    let tokens = [nurse.as_str(), stand_alone::AUDITOR].map(|login| programs[0].sign_in(login, PASSWORD));
    let bases = programs.iter().map(|program| program.base.clone()).collect();
    let house = House { bases: Mutex::new(bases), lost: AtomicUsize::new(0), wanted, content: AtomicUsize::new(0) };
    let [nurse, auditor] = &tokens;
    let (changes, entries, restarts) = std::thread::scope(|scope| {
        let writers = [1, 2].map(|seed| {
            scope.spawn({
                let house = &house;
                move || write(house, nurse, seed)
            })
        });
        let changes = scope.spawn(|| listen(&house, nurse, "", 3));
        let entries = scope.spawn(|| listen(&house, auditor, "?topics=audit", 4));
        let (programs, restarts) = kill_and_start(&house, programs, &url, &folder);
        let heard = (changes.join().expect("a listener"), entries.join().expect("a listener"), restarts);
        writers.into_iter().for_each(|writer| writer.join().expect("a writer"));
        drop(programs);
        heard
    });
    let trail = bodies(&url, None);
    let _ = writeln!(
        std::io::stderr(),
        "{kind:?}, {servers} server(s): {} lines broke, {restarts} servers were killed, {} changes and {} of {} entries heard",
        house.lost(),
        changes.len(),
        entries.len(),
        trail.len(),
    );
    let expected = Expected::new();
    let all_entries: String = trail.iter().map(|body| Expected::of_entry(body)).collect();
    assert!(all_entries.starts_with(&frames(&entries)), "the auditor's copy is not the trail");
    let all_changes: String = trail.iter().filter_map(|body| expected.of_change("nurse", body)).collect();
    assert!(all_changes.starts_with(&frames(&changes)), "the nurse's copy is not what the trail says of changes");
    // Only what the listeners' own last requests added may be missing.
    assert!(
        entries.len() + 20 > trail.len() && changes.len() > wanted / 10 && restarts > 0,
        "hardly anything was heard"
    );
    let _ = std::fs::remove_dir_all(&folder);
}

fn breaks() -> usize {
    if std::env::var("CHAIRSIDE_TEST_SCALE").is_ok_and(|scale| scale == "long") { 500 } else { 60 }
}

#[test]
fn a_client_whose_line_breaks_keeps_the_trail_byte_for_byte_on_sqlite() {
    lines_that_break(Kind::Sqlite, 1, breaks());
}

#[test]
fn a_client_whose_line_breaks_keeps_the_trail_byte_for_byte_with_two_servers_on_postgresql() {
    lines_that_break(Kind::Postgres, 2, breaks());
}
