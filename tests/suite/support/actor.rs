//! Somebody who sends requests, and what they are answered.

use super::{Clinic, PASSWORD, canary};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// Somebody with a token, or without.
#[derive(Clone)]
pub struct Actor<'c> {
    clinic: &'c Clinic,
    token: Option<String>,
    who: &'static str,
    headers: Vec<(String, String)>,
}

/// What a request was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub request: String,
    pub status: u16,
    pub body: Value,
    pub bytes: Vec<u8>,
    pub headers: Vec<(String, String)>,
}

impl<'c> Actor<'c> {
    pub fn new(clinic: &'c Clinic, token: Option<String>, who: &'static str) -> Self {
        Self { clinic, token, who, headers: Vec::new() }
    }

    /// The same person with one more header; it wins over the usual one.
    pub fn with(&self, name: &str, value: impl Into<String>) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_lowercase(), value.into()));
        other
    }

    /// The same person, changing the version that was read.
    pub fn if_match(&self, version: i64) -> Self {
        self.with("if-match", format!("\"{version}\""))
    }

    /// The same person with a key of their own choice.
    pub fn key(&self, key: &str) -> Self {
        self.with("idempotency-key", key)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// A POST with a new key each time.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body.to_string().into_bytes()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body.to_string().into_bytes()))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some(body.to_string().into_bytes()))
    }

    /// A token that proves this person's presence for one act about one record.
    pub fn reauth(&self, act: &str, subject: &str) -> String {
        self.prove("/api/v1/auth/reauth", json!({"password": PASSWORD, "act": act, "subject_id": subject}))
    }

    /// The same, bound to the hash of what is on the screen.
    pub fn reauth_for(&self, act: &str, subject: &str, sha256: &str) -> String {
        let body = json!({"password": PASSWORD, "act": act, "subject_id": subject, "subject_sha256": sha256});
        self.prove("/api/v1/auth/reauth", body)
    }

    /// A second person's token, asked for on this person's device.
    pub fn cosignature(&self, who: &str, act: &str, subject: &str) -> String {
        let body = json!({"login": self.clinic.login(who), "password": PASSWORD, "act": act, "subject_id": subject});
        self.prove("/api/v1/cosignatures", body)
    }

    /// A second person's token, bound to the hash of what is on the screen.
    pub fn cosignature_for(&self, who: &str, act: &str, subject: &str, sha256: &str) -> String {
        let login = self.clinic.login(who);
        let body =
            json!({"login": login, "password": PASSWORD, "act": act, "subject_id": subject, "subject_sha256": sha256});
        self.prove("/api/v1/cosignatures", body)
    }

    fn prove(&self, path: &str, body: Value) -> String {
        self.post(path, &body).expect(200).body["signing_token"].as_str().unwrap().to_owned()
    }

    /// Sends bytes as they are.
    pub fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.clinic.base));
        let own = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        if let Some(token) = self.token.as_ref().filter(|_| !own("authorization")) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() && !own("content-type") {
            request = request.header("content-type", "application/json");
        }
        if method == "POST" && !own("idempotency-key") {
            request = request.header("idempotency-key", uuid::Uuid::from_bytes(chairside::clock::random()).to_string());
        }
        if !own("x-forwarded-for") {
            request = request.header("x-forwarded-for", self.clinic.address());
        }
        for (name, value) in self.headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        let body = if self.clinic.marks { body.map(|body| canary::marked(&body, &self.clinic.mark())) } else { body };
        let said = self.said(path, body.as_deref());
        let sent = match body {
            Some(bytes) => agent().run(request.body(bytes).unwrap()),
            None => agent().run(request.body(()).unwrap()),
        };
        let response = sent.unwrap_or_else(|error| panic!("{method} {path} got no answer: {error}"));
        let answer = Answer::of(format!("{method} {path} as {}", self.who), response);
        self.search(&said, &answer);
        answer
    }

    /// Everything a request says, to be told from what an answer adds.
    fn said(&self, path: &str, body: Option<&[u8]>) -> Vec<u8> {
        let headers = self.headers.iter().flat_map(|(_, value)| [value.as_bytes(), b" "].concat());
        path.bytes().chain(headers).chain(body.unwrap_or_default().iter().copied()).collect()
    }

    /// No answer of any test shows anything of another clinic.
    fn search(&self, said: &[u8], answer: &Answer) {
        let headers = answer.headers.iter().flat_map(|(_, value)| value.bytes().chain(*b" "));
        let shown: Vec<u8> = answer.bytes.iter().copied().chain(headers).collect();
        let foreign = canary::foreign(self.clinic.id, &self.clinic.suffix, said, &shown);
        assert!(foreign.is_empty(), "{} was shown {foreign:?} of another clinic: {:#}", answer.request, answer.body);
        if answer.status == 201 {
            canary::own(self.clinic.id, made(&answer.body));
        }
    }
}

/// The ids of what an answer says was made.
fn made(body: &Value) -> Vec<uuid::Uuid> {
    match body {
        Value::Object(members) => {
            let own = members.get("id").and_then(Value::as_str).and_then(|id| uuid::Uuid::parse_str(id).ok());
            own.into_iter().chain(members.values().flat_map(made)).collect()
        }
        Value::Array(items) => items.iter().flat_map(made).collect(),
        _ => Vec::new(),
    }
}

/// Asks a server that is no clinic's.
pub fn ask(method: &str, url: &str) -> Answer {
    let request = ureq::http::Request::builder().method(method).uri(url);
    let sent = agent().run(request.body(()).unwrap());
    Answer::of(format!("{method} {url}"), sent.unwrap_or_else(|error| panic!("{method} {url}: {error}")))
}

impl Answer {
    fn of(request: String, mut response: ureq::http::Response<ureq::Body>) -> Self {
        let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Self {
            request,
            status: response.status().as_u16(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            headers: headers.collect(),
            bytes,
        }
    }

    /// Expects a status; what was answered instead is shown.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {:#}", self.request, self.body);
        self
    }

    /// Expects a problem: its status and its code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.body["code"], code, "{}: {:#}", answer.request, answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.request);
        answer
    }

    /// Expects a field among the errors.
    #[track_caller]
    pub fn expect_field(self, pointer: &str, code: &str) -> Self {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().any(|error| error["pointer"] == pointer && error["code"] == code);
        assert!(found, "{}: no {code} at {pointer} in {:#}", self.request, self.body);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The `id` of what was made or read.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("{}: no id in {:#}", self.request, self.body)).to_owned()
    }

    /// The `version` of what was made or read.
    #[track_caller]
    pub fn version(&self) -> i64 {
        self.body["version"].as_i64().unwrap_or_else(|| panic!("{}: no version in {:#}", self.request, self.body))
    }
}

fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .max_idle_connections(0)
            .allow_non_standard_methods(true);
        config.build().into()
    })
}
