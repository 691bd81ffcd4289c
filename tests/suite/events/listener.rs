//! Somebody who listens to a stream of events, and what the trail says they should hear.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use chairside::store::DatabaseUrl;
use serde_json::{Value, json};

use crate::architecture::source::root;
use crate::every_endpoint::oracle::{Oracle, oracle};
use crate::schema::catalogue::Database;

/// An open stream.
pub struct Listener {
    reader: Box<dyn BufRead + Send>,
}

/// What stands before a blank line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// As it came.
    pub text: String,
    /// The place.
    pub id: Option<i64>,
    /// The word; none for a sign of life.
    pub event: Option<String>,
}

impl Block {
    fn of(text: String) -> Self {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(ToOwned::to_owned);
        let (id, event) = (field("id: ").and_then(|id| id.parse().ok()), field("event: "));
        Self { text, id, event }
    }

    /// What was sent with it.
    pub fn data(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("data: ")).expect("a frame")
    }
}

impl Listener {
    /// Opens a stream; the status when it was refused, none when nobody answered.
    pub fn open(base: &str, token: &str, query: &str, after: Option<i64>) -> Result<Self, Option<u16>> {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0);
        let agent: ureq::Agent = config.timeout_global(Some(Duration::from_mins(5))).build().into();
        let mut request = ureq::http::Request::builder()
            .uri(format!("{base}/api/v1/events{query}"))
            .header("authorization", format!("Bearer {token}"));
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let answer = agent.run(request.body(()).expect("a request")).map_err(|_| None)?;
        match answer.status().as_u16() {
            200 => Ok(Self { reader: Box::new(BufReader::with_capacity(512, answer.into_body().into_reader())) }),
            status => Err(Some(status)),
        }
    }

    /// The same, that hangs up after so many bytes, maybe in the middle of a frame.
    pub fn cut_after(self, bytes: u64) -> Self {
        Self { reader: Box::new(self.reader.take(bytes)) }
    }

    /// The next block; none when the stream ended, or broke off in the middle of one.
    pub fn next(&mut self) -> Option<Block> {
        let mut text = String::new();
        loop {
            let before = text.len();
            if self.reader.read_line(&mut text).ok()? == 0 {
                return None;
            }
            if text[before..] == *"\n" {
                return Some(Block::of(text));
            }
        }
    }

    /// The next frame; signs of life are passed over.
    pub fn frame(&mut self) -> Option<Block> {
        std::iter::from_fn(|| self.next()).find(|block| block.event.is_some())
    }

    /// Everything until the stream ends.
    pub fn rest(&mut self) -> Vec<Block> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

/// The frames among these, as they came.
pub fn frames(blocks: &[Block]) -> String {
    blocks.iter().filter(|block| block.event.is_some()).map(|block| block.text.as_str()).collect()
}

/// `docs/events.csv`, kept by hand: which permission hears of which word.
pub fn audience() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("docs/events.csv")).expect("docs/events.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("event,permission"));
    let pair = |line: &str| line.split_once(',').map(|(word, id)| (word.to_owned(), id.to_owned()));
    lines.map(|line| pair(line).expect("two cells")).collect()
}

/// Who should hear what, from the two oracles.
pub struct Expected {
    audience: BTreeMap<String, String>,
    oracle: Oracle,
}

impl Expected {
    pub fn new() -> Self {
        Self { audience: audience(), oracle: oracle() }
    }

    /// The frame that somebody with this role should get of an entry, if any.
    pub fn of_change(&self, role: &str, body: &str) -> Option<String> {
        let body: Value = serde_json::from_str(body).expect("an entry");
        let word = body["action"].as_str().expect("a word");
        // Reads and refusals change no record.
        let (kind, object) = body["object"].as_str().filter(|_| body["outcome"] == "success")?.split_once('/')?;
        let permission = &self.audience[word];
        let may = self.oracle[permission].roles.contains(&role);
        let at = body["ts"].as_str().expect("a time").replace("000Z", "Z");
        let data = json!({
            "action": word, "actor_id": body["actor"]["id"], "at": at, "cause": body["cause"], "object_id": object,
            "object_kind": kind, "object_version": body["object_version"], "patient_id": body["patient_id"],
            "seq": body["seq"],
        });
        may.then(|| format!("id: {}\nevent: {word}\ndata: {data}\n\n", body["seq"]))
    }

    /// The frame that an auditor should get of an entry.
    pub fn of_entry(body: &str) -> String {
        let read: Value = serde_json::from_str(body).expect("an entry");
        format!("id: {}\nevent: {}\ndata: {body}\n\n", read["seq"], read["action"].as_str().expect("a word"))
    }
}

/// The text of every entry of a clinic's trail, as it was hashed; of the only clinic there is without an id.
pub fn bodies(url: &DatabaseUrl, clinic: Option<uuid::Uuid>) -> Vec<String> {
    let mut database = Database::of(url);
    let of = match (clinic, &database) {
        (None, _) => String::new(),
        (Some(id), Database::Sqlite(_)) => format!("WHERE c.id = x'{}'", id.simple()),
        (Some(id), Database::Postgres(_)) => format!("WHERE c.id = '{id}'"),
    };
    let sql =
        format!("SELECT e.body AS line FROM audit_events e JOIN clinics c ON c.id = e.clinic_id {of} ORDER BY e.seq");
    database.lines(&sql).into_iter().map(|parts| parts.join("|")).collect()
}
