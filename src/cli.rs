//! The commands of the host: serve, migrate, set up a clinic, look after the installation.

use crate::access::password::{self, Cost};
use crate::access::permission::BootstrapClinic;
use crate::access::permit::{Origin, Permit, Scope};
use crate::access::role::{Role, Roles};
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::server::{self, Parts};
use crate::store::{self, NewClinic, NewStaff, Once, Store};
use crate::{api, keys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Parser, Subcommand};
use std::io::{self, Write as _};

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
    /// Print the OpenAPI document
    Openapi,
    /// Ask a running server whether it is ready; for a container's health check
    Healthcheck {
        /// The address it listens on
        #[arg(long, env = "CHAIRSIDE_BIND", default_value = "127.0.0.1:8080")]
        bind: String,
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
        Command::Bootstrap { config, clinic, zone, login } => {
            bootstrap(&config, NewClinic { name: clinic, zone }, login)
        }
        Command::Openapi => say(&openapi()?),
        Command::Healthcheck { bind } => healthcheck(&bind),
    }
}

/// The OpenAPI document as it is checked in.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn openapi() -> io::Result<String> {
    let document = api::endpoint::document(&api::all());
    serde_json::to_string_pretty(&document).map_err(io::Error::other)
}

fn serve(config: &Config) -> io::Result<()> {
    start_log(config);
    if !config.no_migrate {
        store::migrate(&config.database_url).map_err(io::Error::other)?;
    }
    let store = Store::open(&config.database_url, Clock::real(), &config.instance).map_err(io::Error::other)?;
    let keys = keys::load(&config.keys, &config.instance)?;
    let listener = std::net::TcpListener::bind(&config.bind)?;
    tracing::info!(bind = config.bind, "ready; the documentation is at /docs/");
    let parts = Parts { store, keys, password_cost: Cost::DEFAULT };
    actix_web::rt::System::new().block_on(server::start(parts, listener, config.workers.into())?)
}

/// Makes the clinic and its first administrator, and prints a random password once.
fn bootstrap(config: &Config, clinic: NewClinic, login: String) -> io::Result<()> {
    if jiff::tz::TimeZone::get(&clinic.zone).is_err() {
        return Err(io::Error::other("the time zone must be an IANA name, such as America/New_York"));
    }
    store::migrate(&config.database_url).map_err(io::Error::other)?;
    let clock = Clock::real();
    let store = Store::open(&config.database_url, clock.clone(), &config.instance).map_err(io::Error::other)?;
    let password = random_password();
    let hash = password::hash(&password, clock::random(), Cost::DEFAULT)
        .ok_or_else(|| io::Error::other("not enough memory"))?;
    let admin = NewStaff {
        login: login.clone(),
        password_hash: hash,
        display_name: login.clone(),
        roles: Roles::of([Role::Admin]),
    };
    let origin = Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::<BootstrapClinic>::host("operator".into(), Scope::Installation, origin)
        .map_err(|denied| io::Error::other(denied.permission))?;
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

/// 120 random bits, readable.
pub fn random_password() -> String {
    URL_SAFE_NO_PAD.encode(clock::random::<15>())
}

fn healthcheck(bind: &str) -> io::Result<()> {
    ureq::get(format!("http://{bind}/readyz")).call().map(drop).map_err(io::Error::other)
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

fn start_log(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start in one process keeps the first log.
    let started = if config.log_json { log.json().try_init() } else { log.try_init() };
    drop(started);
}
