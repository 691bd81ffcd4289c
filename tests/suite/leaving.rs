//! The real program told to stop (SIGTERM) under load: not ready at once, every accepted request answered, what was
//! acknowledged kept, the trail signed, the file whole, and an orderly end.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::events::listener::Listener;
use crate::schema::catalogue::Database;
use crate::support::program::Program;
use crate::support::{Kind, PASSWORD, scratch, stand_alone};

/// How many clients write at the same time: half of them over one connection each, half over a new one each time.
const CLIENTS: usize = 8;

/// One registration a client tried, and its status; none when nobody answered.
struct Attempt {
    name: String,
    status: Option<u16>,
}

/// Registers patients until nobody answers.
fn register(base: &str, token: &str, client: usize) -> Vec<Attempt> {
    let kept = if client % 2 == 0 { 1 } else { 0 };
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(kept);
    let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(60))).build().into();
    let mut attempts = Vec::new();
    loop {
        let name = format!("Kept-{client}-{}", attempts.len());
        let body = json!({"family_name": name, "birth_date": "1984-05-17", "phone": "+1 555 0101"}).to_string();
        let request = agent.post(format!("{base}/api/v1/patients")).header("authorization", format!("Bearer {token}"));
        let request = request.header("idempotency-key", uuid::Uuid::from_bytes(chairside::clock::random()).to_string());
        let sent = request.header("content-type", "application/json").send(&body);
        let status = sent.ok().map(|answer| answer.status().as_u16());
        attempts.push(Attempt { name, status });
        if status.is_none() {
            return attempts;
        }
    }
}

/// Asks whether the server is ready until nobody answers; whether it ever said that it is not.
fn readiness(program: &Program, told: &AtomicBool) -> bool {
    let mut refused = false;
    while let Some((status, _)) = program.send("GET", "/readyz", None, None) {
        if told.load(Ordering::Relaxed) && status == 200 {
            assert!(!refused, "ready again after it was told to leave");
        }
        refused |= status == 503;
        std::thread::sleep(Duration::from_millis(20));
    }
    refused
}

fn told_to_leave(kind: Kind) {
    let folder = scratch();
    let (url, login) = stand_alone::clinic(kind, &folder);
    let program = Program::start(&url, &folder);
    let token = program.sign_in(&login, PASSWORD);
    let mut stream = Listener::open(&program.base, &token, "", None).ok().expect("a stream");
    let told = AtomicBool::new(false);
    let (attempts, refused, took) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (base, token) = (&program.base, &token);
                scope.spawn(move || register(base, token, client))
            })
            .collect();
        let ready = scope.spawn(|| readiness(&program, &told));
        std::thread::sleep(Duration::from_millis(700));
        let began = Instant::now();
        program.terminate();
        told.store(true, Ordering::Relaxed);
        stream.rest();
        let streamed = began.elapsed();
        let attempts: Vec<_> = clients.into_iter().flat_map(|client| client.join().expect("a client")).collect();
        (attempts, ready.join().expect("a probe"), streamed)
    });
    assert!(refused, "nobody was told that it is not ready");
    let began = Instant::now();
    let status = program.wait();
    assert!(status.success(), "it ended with {status}");
    let acknowledged = attempts.iter().filter(|attempt| attempt.status == Some(201)).count();
    let _ = writeln!(
        std::io::stderr(),
        "told to leave on {kind:?}: {} attempts, {acknowledged} acknowledged, the stream ended after {took:?}, the program {:?} after its last answer",
        attempts.len(),
        began.elapsed(),
    );
    assert!(acknowledged > CLIENTS, "hardly anything was written; the proof is empty");
    compare(&mut Database::of(&url), &attempts);
    if let Some(file) = url.file() {
        let log = format!("{}-wal", file.display());
        assert!(std::fs::metadata(&log).map_or(0, |file| file.len()) == 0, "the log was not taken into the file");
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// The database against what the clients were told.
fn compare(database: &mut Database, attempts: &[Attempt]) {
    let mut stored: Vec<String> =
        database.lines("SELECT family_name AS line FROM patients").into_iter().flatten().collect();
    let answered = |status: u16| attempts.iter().filter(move |attempt| attempt.status == Some(status));
    let mut expected: Vec<String> = answered(201).map(|attempt| attempt.name.clone()).collect();
    stored.sort();
    expected.sort();
    // What is stored and was not answered was accepted all the same.
    assert_eq!(stored, expected, "left what was done, right what was acknowledged");
    let others = attempts.iter().filter(|attempt| !matches!(attempt.status, None | Some(201 | 503)));
    assert_eq!(others.filter_map(|attempt| attempt.status).collect::<Vec<_>>(), Vec::<u16>::new());
    let signed = database.lines(
        "SELECT CAST(h.size AS TEXT) || '|' || CAST(COALESCE(MAX(c.size), 0) AS TEXT) AS line FROM audit_heads h \
         LEFT JOIN audit_checkpoints c ON c.clinic_id = h.clinic_id GROUP BY h.clinic_id, h.size",
    );
    assert!(!signed.is_empty());
    for trail in signed {
        assert_eq!(trail[0], trail[1], "the trail was not signed to its end: its size, and how far it was signed");
    }
}

#[test]
fn a_server_that_is_told_to_leave_answers_what_it_accepted_on_sqlite() {
    told_to_leave(Kind::Sqlite);
}

#[test]
fn a_server_that_is_told_to_leave_answers_what_it_accepted_on_postgresql() {
    told_to_leave(Kind::Postgres);
}
