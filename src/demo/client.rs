//! A member of staff at a tablet: signs in, sends requests, proves presence. Knows nothing but the public API.

use crate::clock::Clock;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// What went wrong, with enough of the answer to see why.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The server answered something else than 2xx.
    #[error("{method} {path}: {status} {body}")]
    Refused {
        /// HTTP method.
        method: &'static str,
        /// Path.
        path: String,
        /// HTTP status.
        status: u16,
        /// The problem, as sent.
        body: Value,
    },
    /// The server did not answer.
    #[error("{0}")]
    Http(#[from] ureq::Error),
    /// An answer lacks something the API promises.
    #[error("the answer of {path} has no {member}")]
    Missing {
        /// Path.
        path: String,
        /// The member.
        member: &'static str,
    },
    /// The house could not be opened.
    #[error("{0}")]
    House(String),
}

/// Shorthand of the demo.
pub type Result<T> = std::result::Result<T, DemoError>;

/// The way to one server; shared by everybody in the house.
#[derive(Debug, Clone)]
pub struct Server {
    agent: ureq::Agent,
    base: String,
    clock: Clock,
    sent: Rc<Cell<u64>>,
}

/// A signed-in member of staff.
#[derive(Debug, Clone)]
pub struct Tablet {
    server: Server,
    login: String,
    password: String,
    /// The membership's id, as the API names it.
    pub staff_id: String,
    tokens: Rc<RefCell<Tokens>>,
}

#[derive(Debug)]
struct Tokens {
    access: String,
    refresh: String,
    renew_at: Timestamp,
}

impl Server {
    /// The server at this address, reading this clock.
    pub fn at(base: impl Into<String>, clock: Clock) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
        Self { agent: config.build().into(), base: base.into(), clock, sent: Rc::default() }
    }

    /// The clock of the house.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.sent.get()
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn sign_in(&self, login: &str, password: &str) -> Result<Tablet> {
        let answer = self.send("POST", "/auth/login", None, Some(json!({"login": login, "password": password})))?;
        let tokens = self.tokens_of("/auth/login", &answer)?;
        let mut tablet = Tablet {
            server: self.clone(),
            login: login.to_owned(),
            password: password.to_owned(),
            staff_id: String::new(),
            tokens: Rc::new(RefCell::new(tokens)),
        };
        tablet.staff_id = text(&tablet.get("/me")?, "/me", "staff_id")?;
        Ok(tablet)
    }

    fn tokens_of(&self, path: &str, answer: &Value) -> Result<Tokens> {
        let seconds = answer.get("expires_in").and_then(Value::as_i64).unwrap_or(600);
        Ok(Tokens {
            access: text(answer, path, "access_token")?,
            refresh: text(answer, path, "refresh_token")?,
            // A minute early: the step of a simulated clock.
            renew_at: self.clock.now().plus_seconds(seconds - 60),
        })
    }

    fn send(&self, method: &'static str, path: &str, headers: Option<&[(&str, String)]>, body: Option<Value>) -> Result<Value> {
        self.sent.set(self.sent.get() + 1);
        let url = format!("{}/api/v1{path}", self.base);
        let headers = headers.unwrap_or_default();
        let mut answer = match body {
            Some(body) => {
                let request = if method == "PATCH" { self.agent.patch(&url) } else if method == "PUT" { self.agent.put(&url) } else { self.agent.post(&url) };
                headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).send_json(body)?
            }
            None => headers.iter().fold(self.agent.get(&url), |request, (name, value)| request.header(*name, value)).call()?,
        };
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().read_to_vec()?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        if (200..300).contains(&status) { Ok(body) } else { Err(DemoError::Refused { method, path: path.to_owned(), status, body }) }
    }
}

impl Tablet {
    /// Reads.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn get(&self, path: &str) -> Result<Value> {
        let headers = [("authorization", self.bearer()?)];
        self.server.send("GET", path, Some(&headers), None)
    }

    /// Does something, exactly once.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.write("POST", path, None, body)
    }

    /// Does something to a record as it was last read.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn post_to(&self, path: &str, version: i64, body: Value) -> Result<Value> {
        self.write("POST", path, Some(version), body)
    }

    /// Replaces a part of a record as it was last read.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn put(&self, path: &str, version: Option<i64>, body: Value) -> Result<Value> {
        self.write("PUT", path, version, body)
    }

    fn write(&self, method: &'static str, path: &str, version: Option<i64>, body: Value) -> Result<Value> {
        let key = format!("demo-{}-{}", self.server.clock.now().millis(), self.server.requests());
        let mut headers = vec![("authorization", self.bearer()?), ("idempotency-key", key)];
        if let Some(version) = version {
            headers.push(("if-match", format!("\"{version}\"")));
        }
        self.server.send(method, path, Some(&headers), Some(body))
    }

    fn bearer(&self) -> Result<String> {
        let stale = self.server.clock.now() >= self.tokens.borrow().renew_at;
        if stale {
            let refresh = self.tokens.borrow().refresh.clone();
            let answer = self.server.send("POST", "/auth/refresh", None, Some(json!({"refresh_token": refresh})));
            // A night without a request ends the sign-in; the next morning begins with a password.
            let answer = match answer {
                Err(DemoError::Refused { status: 401, .. }) => {
                    let body = json!({"login": self.login, "password": self.password});
                    self.server.send("POST", "/auth/login", None, Some(body))?
                }
                other => other?,
            };
            *self.tokens.borrow_mut() = self.server.tokens_of("/auth/refresh", &answer)?;
        }
        Ok(format!("Bearer {}", self.tokens.borrow().access))
    }
}

/// A text member of an answer.
///
/// # Errors
/// When it is not there.
pub fn text(answer: &Value, path: &str, member: &'static str) -> Result<String> {
    let found = answer.get(member).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| DemoError::Missing { path: path.to_owned(), member })
}

/// A whole number of an answer.
///
/// # Errors
/// When it is not there.
pub fn number(answer: &Value, path: &str, member: &'static str) -> Result<i64> {
    answer.get(member).and_then(Value::as_i64).ok_or_else(|| DemoError::Missing { path: path.to_owned(), member })
}
