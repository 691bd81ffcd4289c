//! A member of staff at a tablet: signs in, sends requests, proves presence. Knows nothing but the public API.

use crate::clock::Clock;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
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
    /// The permission of each operation that the API describes, by method and path.
    permissions: Rc<BTreeMap<(String, String), String>>,
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

/// A signed act: where, about what, and who else has to be there.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The path it is sent to.
    pub path: &'a str,
    /// The record that is signed.
    pub subject: &'a str,
    /// The version that was read, where the act asks for it.
    pub version: Option<i64>,
    /// The second person, at the same tablet.
    pub second: Option<&'a Tablet>,
}

impl Server {
    /// The server at this address, reading this clock; reads what the API says of itself.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn at(base: impl Into<String>, clock: Clock) -> Result<Self> {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_mins(1)));
        let (agent, base): (ureq::Agent, String) = (config.build().into(), base.into());
        let document: Value = agent.get(format!("{base}/openapi.json")).call()?.body_mut().read_json()?;
        let permissions = Rc::new(permissions_of(&document));
        Ok(Self { agent, base, clock, sent: Rc::default(), permissions })
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

    /// The permission of a POST to this path: what a signing token has to name. Ids stand where the API writes `{id}`.
    fn permission_of(&self, path: &str) -> Result<String> {
        let parts = path.split('/').map(|part| if uuid::Uuid::try_parse(part).is_ok() { "{id}" } else { part });
        let template = format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"));
        let found = self.permissions.get(&("post".to_owned(), template)).cloned();
        found.ok_or_else(|| DemoError::Missing { path: path.to_owned(), member: "x-permission" })
    }

    fn tokens_of(&self, path: &str, answer: &Value) -> Result<Tokens> {
        let seconds = answer.get("expires_in_s").and_then(Value::as_i64).unwrap_or(600);
        Ok(Tokens {
            access: text(answer, path, "access_token")?,
            refresh: text(answer, path, "refresh_token")?,
            // A minute early: the step of a simulated clock.
            renew_at: self.clock.now().plus_seconds(seconds - 60),
        })
    }

    fn send(
        &self,
        method: &'static str,
        path: &str,
        headers: Option<&[(&str, String)]>,
        body: Option<Value>,
    ) -> Result<Value> {
        self.sent.set(self.sent.get() + 1);
        let url = format!("{}/api/v1{path}", self.base);
        let headers = headers.unwrap_or_default();
        let mut answer = match body {
            Some(body) => {
                let request = if method == "PATCH" {
                    self.agent.patch(&url)
                } else if method == "PUT" {
                    self.agent.put(&url)
                } else {
                    self.agent.post(&url)
                };
                headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).send_json(body)?
            }
            None => headers
                .iter()
                .fold(self.agent.get(&url), |request, (name, value)| request.header(*name, value))
                .call()?,
        };
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().read_to_vec()?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        if (200..300).contains(&status) {
            Ok(body)
        } else {
            Err(DemoError::Refused { method, path: path.to_owned(), status, body })
        }
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

    /// Does something that is signed: proves presence for this very act about `subject`, then does it.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn sign(&self, act: Signed<'_>, mut body: Value) -> Result<Value> {
        let proof = json!({
            "password": self.password, "act": self.server.permission_of(act.path)?, "subject_id": act.subject,
            "subject_sha256": self.shown(act.path, act.subject)?,
        });
        let token = text(&self.post("/auth/reauth", proof)?, "/auth/reauth", "signing_token")?;
        set(&mut body, "signing_token", token);
        if let Some(second) = act.second {
            set(&mut body, "cosignature", self.cosignature(second, act.path, act.subject, None)?);
        }
        self.write("POST", act.path, act.version, body)
    }

    /// A second person proves presence at this tablet; for the record as it is on the screen unless it says otherwise.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub fn cosignature(&self, second: &Self, path: &str, subject: &str, sha256: Option<&str>) -> Result<String> {
        let sha256 = match sha256 {
            Some(sha256) => Some(sha256.to_owned()),
            None => self.shown(path, subject)?,
        };
        let body = json!({
            "login": second.login, "password": second.password, "act": self.server.permission_of(path)?,
            "subject_id": subject, "subject_sha256": sha256,
        });
        text(&self.post("/cosignatures", body)?, "/cosignatures", "signing_token")
    }

    /// What is on the screen when an act on this path is signed: the `record_sha256` of the record it is about.
    fn shown(&self, path: &str, subject: &str) -> Result<Option<String>> {
        let read = match path.split('/').nth(1) {
            Some("sessions") => format!("/sessions/{subject}/visit"),
            Some("treatment-plans") => format!("/treatment-plans/{subject}"),
            Some("policy") => "/policy".to_owned(),
            Some("protocols") => "/protocols".to_owned(),
            _ => return Ok(None),
        };
        let answer = self.get(&read)?;
        let items = answer.get("items").and_then(Value::as_array);
        let found = match items {
            Some(items) => items.iter().find(|item| item.get("id").and_then(Value::as_str) == Some(subject)),
            None => Some(&answer),
        };
        let found = found.ok_or_else(|| DemoError::Missing { path: read.clone(), member: "id" })?;
        text(found, &read, "record_sha256").map(Some)
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

fn permissions_of(document: &Value) -> BTreeMap<(String, String), String> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let item = item.as_object().into_iter().flatten();
        item.map(move |(method, operation)| (method.clone(), path.clone(), operation))
    });
    operations
        .filter_map(|(method, path, operation)| {
            let permission = operation.get("x-permission")?.as_str()?;
            Some(((method, path), permission.to_owned()))
        })
        .collect()
}

/// Adds a member to a body.
pub fn set(body: &mut Value, member: &str, value: String) {
    if let Some(members) = body.as_object_mut() {
        members.insert(member.to_owned(), Value::String(value));
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
