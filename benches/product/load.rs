//! The load: `wrk` with a script that is written for each measurement.

use super::processor::{Who, milliseconds};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// One request of the load, sent again and again with a new key each time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: String,
}

/// What is sent, by how many, for how long.
#[derive(Debug, Clone)]
pub struct Load<'a> {
    pub base: &'a str,
    pub requests: &'a [Request],
    pub connections: u32,
    pub server: Who,
    pub database: Option<u32>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Measured {
    pub requests: f64,
    pub errors: f64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub server_cpu_ms: f64,
    pub database_cpu_ms: f64,
}

impl Measured {
    /// Server and database together, for one request.
    pub fn cpu_ms(&self) -> f64 {
        self.server_cpu_ms + self.database_cpu_ms
    }

    pub fn json(&self) -> Value {
        json!({"requests": self.requests, "errors": self.errors, "per_second": self.per_second, "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms, "server_cpu_ms": self.server_cpu_ms, "database_cpu_ms": self.database_cpu_ms})
    }
}

/// How long one measurement takes, in seconds.
pub fn seconds() -> u32 {
    std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

impl Load<'_> {
    /// Two seconds to warm up, then the measurement.
    pub fn run(&self, folder: &Path) -> Measured {
        self.wrk(folder, 2);
        let cpu = || (milliseconds(self.server), self.database.map_or(0.0, |pid| milliseconds(Who::Below(pid))));
        let before = cpu();
        let said = self.wrk(folder, seconds());
        let after = cpu();
        let number = |name: &str| said[name].as_f64().expect("a number");
        let requests = number("requests");
        Measured {
            requests,
            errors: number("errors"),
            per_second: requests / number("seconds"),
            p50_ms: number("p50_ms"),
            p99_ms: number("p99_ms"),
            server_cpu_ms: (after.0 - before.0) / requests,
            database_cpu_ms: (after.1 - before.1) / requests,
        }
    }

    fn wrk(&self, folder: &Path, seconds: u32) -> Value {
        let script = folder.join("load.lua");
        std::fs::write(&script, self.script()).unwrap();
        let run = Command::new("wrk")
            .args(["--threads", "1", "--timeout", "30s", "--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{seconds}s"), "--script"])
            .arg(&script)
            .arg(self.base)
            .output()
            .expect("wrk runs; scripts/bench installs it");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let line = said.lines().find(|line| line.starts_with('{'));
        serde_json::from_str(line.unwrap_or_else(|| panic!("wrk said: {said}"))).unwrap()
    }

    /// The requests in turn; what must be new each time is made of a random word and a number.
    fn script(&self) -> String {
        let word = chairside::domain::audit_entry::hex(&chairside::clock::random::<8>());
        let mut lua = String::from("local requests = {\n");
        for Request { method, path, headers, body } in self.requests {
            let headers: String = headers.iter().map(|(name, value)| format!("[{name:?}]={value:?},")).collect();
            let _ = writeln!(lua, "  {{{method:?}, {path:?}, {{{headers}}}, {}}},", quoted(body));
        }
        let _ = write!(
            lua,
            "}}\nlocal n = 0\nfunction request()\n  n = n + 1\n  local r = requests[n % #requests + 1]\n  \
             r[3][\"Idempotency-Key\"] = string.format(\"{word}-%012d\", n)\n  \
             return wrk.format(r[1], r[2], r[3], r[4])\nend\n\
             function done(summary, latency, requests)\n  \
             local e = summary.errors\n  \
             print(string.format('{{\"requests\":%d,\"seconds\":%f,\"errors\":%d,\"p50_ms\":%f,\"p99_ms\":%f}}',\n    \
             summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,\n    \
             latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))\nend\n",
        );
        lua
    }
}

fn quoted(body: &str) -> String {
    if body.is_empty() { "nil".into() } else { format!("[==[{body}]==]") }
}
