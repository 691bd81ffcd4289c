//! Every setting, once: flag, environment variable, default and help text.

use crate::store::DatabaseUrl;
use clap::Args;
use std::path::PathBuf;

/// How the server is set up. Flags win over the environment, the environment over the defaults.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the data is: `sqlite://FILE`, or `postgres://USER@HOST/DATABASE`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://chairside.db", value_parser = DatabaseUrl::parse, hide_env_values = true)]
    pub database_url: DatabaseUrl,

    /// The address and port to listen on
    #[arg(long, env = "CHAIRSIDE_BIND", default_value = "127.0.0.1:8080")]
    pub bind: String,

    /// The folder of the token keys; made on first start, readable by the server only
    #[arg(long, env = "CHAIRSIDE_KEYS", default_value = "keys")]
    pub keys: PathBuf,

    /// The name of this installation in tokens and in the trail; do not change it later
    #[arg(long, env = "CHAIRSIDE_INSTANCE", default_value = "chairside")]
    pub instance: String,

    /// How many threads answer requests
    #[arg(long, env = "CHAIRSIDE_WORKERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,

    /// What is logged, for example `info` or `chairside=debug`
    #[arg(long, env = "CHAIRSIDE_LOG", default_value = "info")]
    pub log: String,

    /// Log as JSON lines
    #[arg(long, env = "CHAIRSIDE_LOG_JSON")]
    pub log_json: bool,

    /// Do not run missing migrations at start; `chairside migrate` does it
    #[arg(long, env = "CHAIRSIDE_NO_MIGRATE")]
    pub no_migrate: bool,
}
