//! The real program, as an operator runs it.

use chairside::store::DatabaseUrl;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program, serving.
pub struct Program {
    child: Child,
    /// Where it answers.
    pub base: String,
}

impl Program {
    /// Serves a database until it is killed.
    pub fn start(url: &DatabaseUrl, folder: &Path) -> Self {
        Self::launch(url, folder, &[]).ready()
    }

    /// The same, telling everything it can to a file.
    pub fn start_talking(url: &DatabaseUrl, folder: &Path, log: &Path) -> Self {
        let file = std::fs::File::create(log).expect("a file");
        let other = file.try_clone().expect("the same file");
        Self::spawn(url, folder, &[], ("trace", file.into(), other.into())).ready()
    }

    fn ready(self) -> Self {
        let program = self;
        let patience = Instant::now() + Duration::from_secs(30);
        while program.send("GET", "/readyz", None, None).is_none_or(|(status, _)| status != 200) {
            assert!(Instant::now() < patience, "the program did not become ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        program
    }

    /// The same with more settings, without waiting until it is ready.
    pub fn launch(url: &DatabaseUrl, folder: &Path, more: &[&str]) -> Self {
        Self::spawn(url, folder, more, ("error", Stdio::null(), Stdio::inherit()))
    }

    fn spawn(url: &DatabaseUrl, folder: &Path, more: &[&str], (level, out, err): (&str, Stdio, Stdio)) -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let bind = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_chairside"))
            .args([
                "serve",
                "--database-url",
                &text(url),
                "--bind",
                &bind,
                "--log",
                level,
                "--factor",
                "optional",
                "--keys",
            ])
            .arg(folder.join("keys"))
            .args(more)
            .stdout(out)
            .stderr(err)
            .spawn()
            .expect("the program starts");
        Self { child, base: format!("http://{bind}") }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.base.strip_prefix("http://").expect("an address")
    }

    /// Why it does not start.
    pub fn refusal(url: &DatabaseUrl, folder: &Path, more: &[&str]) -> String {
        let done = Command::new(env!("CARGO_BIN_EXE_chairside"))
            .args(["serve", "--database-url", &text(url), "--log", "error", "--factor", "optional", "--keys"])
            .arg(folder.join("keys"))
            .args(if more.is_empty() { &["--bind", "127.0.0.1:0"] } else { more })
            .output()
            .expect("the program runs");
        assert!(!done.status.success(), "it should not have started");
        String::from_utf8_lossy(&done.stderr).into_owned()
    }

    /// No last words: SIGKILL.
    pub fn kill(self) {
        drop(self);
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An access token.
    pub fn sign_in(&self, login: &str, password: &str) -> String {
        let body = json!({"login": login, "password": password});
        let (status, answer) = self.send("POST", "/api/v1/auth/login", None, Some(&body)).expect("an answer");
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Status and body, or none when no answer came.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<(&str, &str)>,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20)));
        let agent: ureq::Agent = config.build().into();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some((token, key)) = token {
            request = request.header("authorization", format!("Bearer {token}")).header("idempotency-key", key);
        }
        let mut answer = match body {
            Some(body) => {
                agent.run(request.header("content-type", "application/json").body(body.to_string()).ok()?).ok()?
            }
            None => agent.run(request.body(()).ok()?).ok()?,
        };
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sets up a clinic by the command line; gives back what it printed: the name and the password of its administrator.
pub fn bootstrap(url: &DatabaseUrl, folder: &Path) -> String {
    found(url, folder, &["--clinic", "First clinic"])
}

/// Sets up another clinic beside the first.
pub fn bootstrap_another(url: &DatabaseUrl, folder: &Path) -> String {
    found(url, folder, &["--clinic", "Second clinic", "--login", "another"])
}

fn found(url: &DatabaseUrl, folder: &Path, arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_chairside"))
        .args(["bootstrap", "--database-url", &text(url), "--keys"])
        .arg(folder.join("keys"))
        .args(arguments)
        .output()
        .expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

/// Runs a command of the host that succeeds; gives back what it printed.
pub fn run(url: &DatabaseUrl, arguments: &[&str]) -> String {
    try_to_run(url, arguments).unwrap_or_else(|complaint| panic!("{complaint}"))
}

/// Runs a command of the host; gives back what it printed, or what it complained of.
pub fn try_to_run(url: &DatabaseUrl, arguments: &[&str]) -> Result<String, String> {
    let (command, rest) = arguments.split_first().expect("a command");
    let done = Command::new(env!("CARGO_BIN_EXE_chairside"))
        .args([command, "--database-url", &text(url)])
        .args(rest)
        .output()
        .expect("the program runs");
    let said = |bytes| String::from_utf8(bytes).expect("text");
    if done.status.success() { Ok(said(done.stdout)) } else { Err(said(done.stderr)) }
}

/// Gives somebody a new password by the command line.
pub fn reset_password(url: &DatabaseUrl, login: &str) -> String {
    let printed = run(url, &["reset-password", "--login", login]);
    let line = printed.lines().find_map(|line| line.strip_prefix("password:"));
    line.expect("a password").trim().to_owned()
}

fn text(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    }
}
