//! The commands of the host: serve, migrate, set up a clinic, look after the installation.

mod accounts;
pub(crate) mod erase;

use crate::access::password::Cost;
use crate::api::cors::CrossOrigins;
use crate::api::extract::BodyTime;
use crate::api::network::Network;
use crate::api::sign_in::FrontEnd;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::demo::house::Credential;
use crate::demo::{showcase, simulate};
use crate::domain::audit_entry;
use crate::server::{self, Parts};
use crate::store::{self, NewClinic, Store};
use crate::verify::command::{self, AuditCommand};
use crate::witness::Witness;
use crate::{api, keys, tls};
use clap::{Parser, Subcommand};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Session management for ketamine clinics.
#[derive(Debug, Parser)]
#[command(name = "chairside", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Everything the host can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve {
        /// Its settings.
        #[command(flatten)]
        config: Config,
    },
    /// Run the migrations that are missing, and end
    Migrate {
        /// Its settings.
        #[command(flatten)]
        config: Config,
    },
    /// Make the keys that are missing from their folder; the server does it by itself while the database is empty
    Init {
        /// The folder of the keys
        #[arg(long, env = "CHAIRSIDE_KEYS", default_value = "keys")]
        keys: PathBuf,
    },
    /// Look after the keys that sign access tokens
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Set up a clinic with its first administrator
    Bootstrap {
        /// Its settings.
        #[command(flatten)]
        config: Config,
        /// The clinic's name
        #[arg(long, required_unless_present = "token")]
        clinic: Option<String>,
        /// The clinic's IANA time zone
        #[arg(long, default_value = "America/New_York")]
        zone: String,
        /// The name the administrator signs in with
        #[arg(long, default_value = "admin")]
        login: String,
        /// Print a token for `POST /bootstrap` instead, which makes them; it is good once, for a quarter of an hour
        #[arg(long, conflicts_with = "clinic")]
        token: bool,
    },
    /// Give somebody a new random password; every sign-in of theirs ends. With SQLite, stop the server first
    ResetPassword {
        /// Its settings.
        #[command(flatten)]
        config: Config,
        /// The name they sign in with
        #[arg(long)]
        login: String,
    },
    /// Take away a second factor that was lost; every sign-in of its owner ends. With SQLite, stop the server first
    ResetFactor {
        /// Its settings.
        #[command(flatten)]
        config: Config,
        /// The name its owner signs in with
        #[arg(long)]
        login: String,
    },
    /// Show a clinic in the middle of its day, with one session that runs now; the data is thrown away at the end
    Demo {
        /// The address and port to listen on
        #[arg(long, env = "CHAIRSIDE_BIND", default_value = "127.0.0.1:8080")]
        bind: String,
        /// The same number shows the same people
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Play simulated patients over a series of sessions through the public API, on a simulated clock
    Simulate {
        /// How many patients
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=100))]
        patients: u16,
        /// How many weeks, with two sessions each
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=3))]
        weeks: u16,
        /// The same number plays the same clinic
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Verify or export the trail of who did and saw what, without the server
    Audit {
        /// Which of the two.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask a running server whether it is ready; for a container's health check
    Healthcheck {
        /// The address it listens on
        #[arg(long, env = "CHAIRSIDE_BIND", default_value = "127.0.0.1:8080")]
        bind: String,
        /// Its certificate; without one it is asked over plain HTTP
        #[arg(long, env = "CHAIRSIDE_TLS_CERT")]
        tls_cert: Option<PathBuf>,
    },
}

/// What can be done with the token keys, while the server runs.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Put a new key in place of the one that signs; nobody signs in again, and the old one verifies for 15 minutes
    Rotate {
        /// The folder of the keys
        #[arg(long, env = "CHAIRSIDE_KEYS", default_value = "keys")]
        keys: PathBuf,
    },
    /// Show the keys: id, when it was made, when it was replaced
    List {
        /// The folder of the keys
        #[arg(long, env = "CHAIRSIDE_KEYS", default_value = "keys")]
        keys: PathBuf,
    },
}

/// Runs a command.
///
/// # Errors
/// Whatever it meets; the message is for the operator.
pub fn run(cli: Cli) -> io::Result<()> {
    match cli.command {
        Command::Serve { config } => serve(&config),
        Command::Migrate { config } => store::migrate(&config.database_url).map_err(io::Error::other),
        Command::Init { keys } => keys::make_missing(&keys, Clock::real().now()),
        Command::Keys { command: KeyCommand::Rotate { keys } } => {
            let new = keys::rotate(&keys, Clock::real().now())?;
            say(&format!("{} signs now; a running server knows it within seconds", new.id()))
        }
        Command::Keys { command: KeyCommand::List { keys } } => list_keys(&keys),
        Command::Bootstrap { config, token: true, .. } => accounts::bootstrap_token(&config),
        Command::Bootstrap { config, clinic, zone, login, .. } => {
            accounts::bootstrap(&config, NewClinic { name: clinic.unwrap_or_default(), zone }, login)
        }
        Command::ResetPassword { config, login } => accounts::reset_password(&config, login),
        Command::ResetFactor { config, login } => accounts::reset_factor(&config, login),
        Command::Demo { bind, seed } => demonstrate(&bind, seed),
        Command::Simulate { patients, weeks, seed } => {
            let folder = Scratch::new("simulation")?;
            let report =
                simulate::run(simulate::Settings { patients, weeks, seed }, folder.path()).map_err(io::Error::other)?;
            say(&report.to_string())
        }
        Command::Audit { command } => match command::run(&command, &mut io::stdout().lock()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(io::Error::new(io::ErrorKind::InvalidData, "the trail was tampered with")),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidInput, error)),
        },
        Command::Openapi => say(&openapi()?),
        Command::Healthcheck { bind, tls_cert: Some(_) } => tls::probe(&bind),
        Command::Healthcheck { bind, tls_cert: None } => healthcheck(&bind),
    }
}

/// The OpenAPI document as it is checked in.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn openapi() -> io::Result<String> {
    let document = api::endpoint::document(&api::all());
    // Through a value: its maps are sorted, the document's own are not.
    let sorted = serde_json::to_value(&document).map_err(io::Error::other)?;
    serde_json::to_string_pretty(&sorted).map_err(io::Error::other)
}

fn serve(config: &Config) -> io::Result<()> {
    start_log(config);
    if !config.no_migrate {
        store::migrate_if_needed(&config.database_url).map_err(io::Error::other)?;
    }
    let store = Store::open(&config.database_url, Clock::real(), &config.instance).map_err(io::Error::other)?;
    make_first_keys(config, &store)?;
    let keys = keys::load(&config.keys, &config.instance)?;
    let tls = config.certificate()?;
    let listener = std::net::TcpListener::bind(&config.bind)?;
    config.refuse_plain(listener.local_addr()?)?;
    tracing::info!(bind = config.bind, "ready; the documentation is at /docs/");
    let front_end = FrontEnd(config.origin.clone());
    let limits = config.limits.limits();
    let witness = Witness { every_minutes: config.checkpoint_minutes, file: config.checkpoint_file.clone() };
    if witness.file.is_none() {
        tracing::warn!("no file for checkpoints (--checkpoint-file): nothing outside the database bears witness to it");
    }
    let network = Network {
        trusted_proxies: config.trusted_proxies.clone(),
        allowed_hosts: config.allowed_hosts.clone(),
        tls: tls.is_some(),
    };
    let parts = Parts {
        store,
        keys,
        key_days: config.key_days,
        password_cost: Cost::DEFAULT,
        limits,
        factor: config.factor,
        front_end,
        cross_origins: CrossOrigins(config.cross_origins.clone()),
        witness,
        network,
        tls,
        body_time: BodyTime::default(),
    };
    // Inside the runtime: the watcher is started with the server.
    actix_web::rt::System::new().block_on(async move { server::start(parts, listener, config.workers.into())?.await })
}

/// The keys of an installation are made before anybody has an account in it, and never in silence after.
fn make_first_keys(config: &Config, store: &Store) -> io::Result<()> {
    let new = actix_web::rt::System::new().block_on(store.is_new()).map_err(io::Error::other)?;
    if new { keys::make_missing(&config.keys, store.clock().now()) } else { Ok(()) }
}

fn list_keys(folder: &Path) -> io::Result<()> {
    for key in keys::list(folder)? {
        let end = key.retired_at.map_or_else(|| "signs".to_owned(), |at| format!("replaced {at}"));
        say(&format!("{}  made {}  {end}", key.id(), key.made_at))?;
    }
    Ok(())
}

/// A folder of a demonstration's own, removed at the end.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(what: &str) -> io::Result<Self> {
        let name = format!("chairside-{what}-{}", audit_entry::hex(&clock::random::<8>()));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which clears this place by itself.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn demonstrate(bind: &str, seed: u64) -> io::Result<()> {
    let folder = Scratch::new("demo")?;
    let listener = std::net::TcpListener::bind(bind)?;
    say("making a clinic with twelve patients ...")?;
    let showcase = showcase::open(folder.path(), listener, seed).map_err(io::Error::other)?;
    say(&format!("\nhttp://{bind}/docs/ is the documentation; sign in with one of these, shown once:\n"))?;
    for Credential { login, role, password } in &showcase.credentials {
        say(&format!("  {:<12} {login:<16} {password}", role.as_str()))?;
    }
    let live = showcase.live_session().unwrap_or_default();
    say(&format!(
        "\nrunning now: GET /api/v1/sessions/{live}, a row of its flowsheet every minute\nCtrl-C ends it, and the data is gone"
    ))?;
    showcase.play();
    Ok(())
}

fn healthcheck(bind: &str) -> io::Result<()> {
    ureq::get(format!("http://{bind}/readyz")).call().map(drop).map_err(io::Error::other)
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

fn start_log(config: &Config) {
    // Where it happened, and not what was in the value that caused it: that may be a patient's.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "the program panicked");
    }));
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start in one process keeps the first log.
    let started = if config.log_json { log.json().try_init() } else { log.try_init() };
    drop(started);
}
