//! The commands of the host: serve, migrate, set up a clinic, look after the installation.

mod waiver;

use crate::access::password::{self, Cost};
use crate::access::permission::{BootstrapClinic, Permission, ResetPassword};
use crate::access::permit::{Origin, Permit, Scope};
use crate::access::role::{Role, Roles};
use crate::api::cors::CrossOrigins;
use crate::api::extract::BodyTime;
use crate::api::network::Network;
use crate::api::sign_in::FrontEnd;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::demo::house::Credential;
use crate::demo::{showcase, simulate};
use crate::domain::audit_entry;
use crate::domain::id::ClinicId;
use crate::domain::time::Timestamp;
use crate::domain::waiver::{NewWaiver, Waivable};
use crate::server::{self, Parts};
use crate::store::{self, NewClinic, NewStaff, Once, Store};
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
        #[arg(long)]
        clinic: String,
        /// The clinic's IANA time zone
        #[arg(long, default_value = "America/New_York")]
        zone: String,
        /// The name the administrator signs in with
        #[arg(long, default_value = "admin")]
        login: String,
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
    /// Let one person of a clinic do alone what asks for two, for a time. With SQLite, stop the server first
    WaiveSecondPerson {
        /// Its settings.
        #[command(flatten)]
        config: Config,
        /// The clinic's id, as in GET /clinic
        #[arg(long)]
        clinic: uuid::Uuid,
        /// Which permission: policy.approve, protocol.approve or order.sign
        #[arg(long, value_parser = Waivable::parse)]
        permission: Waivable,
        /// When it ends, in UTC, at most twelve months from now; such as 2027-01-31T00:00:00Z
        #[arg(long, value_parser = waiver::instant)]
        until: Timestamp,
        /// Why, in at least ten characters
        #[arg(long)]
        reason: String,
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
        Command::Bootstrap { config, clinic, zone, login } => {
            bootstrap(&config, NewClinic { name: clinic, zone }, login)
        }
        Command::ResetPassword { config, login } => reset_password(&config, login),
        Command::WaiveSecondPerson { config, clinic, permission, until, reason } => {
            waiver::set(&config, ClinicId(clinic), NewWaiver { permission, reason, ends_at: until })
        }
        Command::Demo { bind, seed } => demonstrate(&bind, seed),
        Command::Simulate { patients, weeks, seed } => {
            let folder = Scratch::new("simulation")?;
            let report =
                simulate::run(simulate::Settings { patients, weeks, seed }, folder.path()).map_err(io::Error::other)?;
            say(&report.to_string())
        }
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

/// Makes the clinic and its first administrator, and prints a random password once.
fn bootstrap(config: &Config, clinic: NewClinic, login: String) -> io::Result<()> {
    if jiff::tz::TimeZone::get(&clinic.zone).is_err() {
        return Err(io::Error::other("the time zone must be an IANA name, such as America/New_York"));
    }
    store::migrate_if_needed(&config.database_url).map_err(io::Error::other)?;
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    make_first_keys(config, &store)?;
    let password = password::one_time(clock::random());
    let hash = password::hash(&password, clock::random(), Cost::DEFAULT)
        .ok_or_else(|| io::Error::other("not enough memory"))?;
    let admin = NewStaff {
        login: login.clone(),
        password_hash: hash,
        display_name: login.clone(),
        roles: Roles::of([Role::Admin]),
    };
    let permit = host_permit::<BootstrapClinic>(&clock)?;
    let done = store.write(permit, Once::default(), move |tx| {
        let (id, mut events) = tx.create_clinic(&clinic)?;
        events.push(tx.add_staff(id, &admin)?.1);
        let reply = api::reply::nothing();
        Ok(tx.record(events, reply))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::Duplicate(_) => io::Error::other("this sign-in name is taken; choose another with --login"),
        other => io::Error::other(other),
    })?;
    say(&format!("sign-in name: {login}\npassword:     {password}\nIt is shown once."))
}

/// Gives an account a new password and prints it once. What was counted against the old one counts no more.
fn reset_password(config: &Config, login: String) -> io::Result<()> {
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    let password = password::one_time(clock::random());
    let hash = password::hash(&password, clock::random(), Cost::DEFAULT)
        .ok_or_else(|| io::Error::other("not enough memory"))?;
    let permit = host_permit::<ResetPassword>(&clock)?;
    let wanted = login.clone();
    let done = store.write(permit, Once::default(), move |tx| {
        let found = tx.credentials(&wanted)?.ok_or(store::StoreError::NotFound)?;
        let known = tx.own_credentials(found.account)?.ok_or(store::StoreError::NotFound)?;
        let cred_version = tx.change_password(found.account, &known, &hash)?;
        Ok(tx.record(vec![store::password_changed(found.account, cred_version)], api::reply::nothing()))
    });
    actix_web::rt::System::new().block_on(done).map_err(|error| match error {
        store::StoreError::NotFound => io::Error::other("nobody signs in with this name"),
        other => io::Error::other(other),
    })?;
    say(&format!(
        "sign-in name: {login}\npassword:     {password}\nIt is shown once; let its owner change it with POST /auth/password."
    ))
}

fn host_permit<P: Permission>(clock: &Clock) -> io::Result<Permit<P>> {
    host_permit_in(clock, Scope::Installation)
}

fn host_permit_in<P: Permission>(clock: &Clock, scope: Scope) -> io::Result<Permit<P>> {
    let origin = Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::host("operator".into(), scope, origin);
    permit.map_err(|denied| io::Error::other(denied.permission))
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
