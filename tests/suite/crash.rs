//! The real program, killed with SIGKILL under load: what was acknowledged is there once, what was refused is not,
//! and what was never answered can be sent again.

use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chairside::store::DatabaseUrl;
use serde_json::{Value, json};

use crate::schema::catalogue::Database;
use crate::support::program::Program;
use crate::support::{Kind, PASSWORD, scratch, stand_alone};

/// How many clients write at the same time.
const CLIENTS: usize = 8;

/// One registration a client tried.
struct Attempt {
    name: String,
    key: String,
    /// The status, or none when the program died before it answered.
    status: Option<u16>,
}

fn registration(name: &str, refused: bool) -> Value {
    let mut body = json!({"family_name": name, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    if refused {
        body["birth_date"] = json!("2984-05-17");
    }
    body
}

/// Registers patients until told to stop, or until nobody answers.
fn register(program: &Program, token: &str, client: &str, stop: &AtomicBool) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let refused = number % 5 == 4;
        let name = format!("{}-{client}-{number}", if refused { "Refused" } else { "Kept" });
        let key = uuid::Uuid::from_bytes(chairside::clock::random()).to_string();
        let body = registration(&name, refused);
        let status =
            program.send("POST", "/api/v1/patients", Some((token, &key)), Some(&body)).map(|(status, _)| status);
        attempts.push(Attempt { name, key, status });
        if status.is_none() {
            break;
        }
    }
    attempts
}

/// Starts the program, writes from many clients, kills it after `life`; gives back what was tried.
fn one_round(url: &DatabaseUrl, folder: &std::path::Path, login: &str, round: usize, life: Duration) -> Vec<Attempt> {
    let program = Program::start(url, folder);
    let token = program.sign_in(login, PASSWORD);
    let stop = AtomicBool::new(false);
    let attempts = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (program, token, stop) = (&program, &token, &stop);
                scope.spawn(move || register(program, token, &format!("{round}-{client}"), stop))
            })
            .collect();
        std::thread::sleep(life);
        // While they write: the process is gone before any of them is told to stop.
        let pid = program.pid().to_string();
        Command::new("kill").args(["-KILL", &pid]).status().expect("kill");
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    program.kill();
    attempts
}

fn killed_under_load(kind: Kind, rounds: usize) {
    let folder = scratch();
    let (url, login) = stand_alone::clinic(kind, &folder);
    let (mut attempts, mut random) = (Vec::new(), u64::from(std::process::id()));
    for round in 0..rounds {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let life = Duration::from_millis(50 + (random >> 33) % 950);
        attempts.extend(one_round(&url, &folder, &login, round, life));
    }
    let unanswered: Vec<_> = attempts.iter().filter(|attempt| attempt.status.is_none()).collect();
    let program = Program::start(&url, &folder);
    let token = program.sign_in(&login, PASSWORD);
    for attempt in &unanswered {
        let body = registration(&attempt.name, attempt.name.starts_with("Refused"));
        let again = program.send("POST", "/api/v1/patients", Some((&token, &attempt.key)), Some(&body));
        let (status, answer) = again.expect("an answer");
        assert_eq!(status, if attempt.name.starts_with("Refused") { 422 } else { 201 }, "{answer}");
    }
    program.kill();
    let acknowledged = attempts.iter().filter(|attempt| attempt.status == Some(201)).count();
    let _ = writeln!(
        std::io::stderr(),
        "killed {rounds} times on {kind:?}: {} attempts, {acknowledged} acknowledged, {} without an answer",
        attempts.len(),
        unanswered.len(),
    );
    assert!(acknowledged >= rounds, "hardly anything was written; the proof is empty");
    compare(&mut Database::of(&url), &attempts);
    let _ = std::fs::remove_dir_all(&folder);
}

/// The database against what the clients were told.
fn compare(database: &mut Database, attempts: &[Attempt]) {
    let mut stored: Vec<String> =
        database.lines("SELECT family_name AS line FROM patients").into_iter().flatten().collect();
    let mut expected: Vec<String> =
        attempts.iter().map(|attempt| attempt.name.clone()).filter(|name| name.starts_with("Kept")).collect();
    stored.sort();
    expected.sort();
    assert_eq!(stored, expected, "every registration once, none that was refused");
    let told =
        database.lines("SELECT CAST(count(*) AS TEXT) AS line FROM audit_events WHERE action = 'patient.registered'");
    assert_eq!(told, [[expected.len().to_string()]], "one entry of the trail for each of them");
    let gaps = "SELECT CAST(h.size AS TEXT) || '|' || CAST(count(e.seq) AS TEXT) || '|' || CAST(COALESCE(max(e.seq), 0) AS TEXT) AS line
                FROM audit_heads h LEFT JOIN audit_events e ON e.clinic_id = h.clinic_id GROUP BY h.clinic_id, h.size";
    for head in database.lines(gaps) {
        assert!(
            head[0] == head[1] && head[1] == head[2],
            "the trail has a gap: size, entries and last seq are {head:?}"
        );
    }
    if let Database::Sqlite(_) = database {
        assert_eq!(database.lines("SELECT integrity_check AS line FROM pragma_integrity_check"), [["ok"]]);
        assert_eq!(database.lines("SELECT \"table\" AS line FROM pragma_foreign_key_check"), Vec::<Vec<String>>::new());
    }
}

/// Rounds of the short run and of the long one.
fn rounds(short: usize, long: usize) -> usize {
    if std::env::var("CHAIRSIDE_TEST_SCALE").is_ok_and(|scale| scale == "long") { long } else { short }
}

#[test]
fn no_acknowledged_registration_is_lost_when_the_program_is_killed_on_sqlite() {
    killed_under_load(Kind::Sqlite, rounds(10, 200));
}

#[test]
fn no_acknowledged_registration_is_lost_when_the_program_is_killed_on_postgresql() {
    killed_under_load(Kind::Postgres, rounds(3, 50));
}
