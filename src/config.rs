//! Every setting, once: flag, environment variable, default and help text.

use crate::access::factor::FactorRule;
use crate::access::limits::{Bucket, Limits};
use crate::store::DatabaseUrl;
use crate::tls::Certificate;
use clap::Args;
use ipnet::IpNet;
use std::io;
use std::net::SocketAddr;
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

    /// The folder of the keys, readable by the server only; made while the database is empty, else by `chairside init`
    #[arg(long, env = "CHAIRSIDE_KEYS", default_value = "keys")]
    pub keys: PathBuf,

    /// How old the token key may grow before the log asks for `chairside keys rotate`, in days
    #[arg(long, env = "CHAIRSIDE_KEY_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub key_days: u16,

    /// The name of this installation in tokens and in the trail; do not change it later
    #[arg(long, env = "CHAIRSIDE_INSTANCE", default_value = "chairside")]
    pub instance: String,

    /// The origin of the front-end, such as `https://clinic.example`: its pages alone may keep a sign-in in a cookie
    #[arg(long, env = "CHAIRSIDE_ORIGIN", value_parser = origin)]
    pub origin: Option<String>,

    /// Other origins whose pages may read answers of this API, such as `https://booking.example`; none without it
    #[arg(long, env = "CHAIRSIDE_CROSS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cross_origins: Vec<String>,

    /// The certificate chain for TLS, PEM, read again at SIGHUP; without it plain HTTP, to this machine or to proxies only
    #[arg(long, env = "CHAIRSIDE_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of that certificate, PEM, not to be read by everybody
    #[arg(long, env = "CHAIRSIDE_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// How often the trails are signed, in minutes
    #[arg(long, env = "CHAIRSIDE_CHECKPOINT_MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub checkpoint_minutes: u16,

    /// The file that signed checkpoints of the trails are appended to, best on another medium or host
    #[arg(long, env = "CHAIRSIDE_CHECKPOINT_FILE")]
    pub checkpoint_file: Option<PathBuf>,

    /// The networks of the proxies in front, such as `10.0.0.0/8`: whose `X-Forwarded-For` is believed
    #[arg(long, env = "CHAIRSIDE_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,

    /// The names this server answers to besides localhost and plain addresses; to any without it
    #[arg(long, env = "CHAIRSIDE_ALLOWED_HOSTS", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// Who must have a second factor: `required` for administrators, prescribers and auditors, `everyone`, or `optional` to try it
    #[arg(long, env = "CHAIRSIDE_FACTOR", default_value_t = FactorRule::Required, value_parser = FactorRule::parse)]
    pub factor: FactorRule,

    /// How often a secret may be tried.
    #[command(flatten)]
    pub limits: LimitSettings,

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

/// How often a secret may be tried; the defaults are REQ-AUTH-4 of the security design.
#[derive(Debug, Clone, Args)]
pub struct LimitSettings {
    /// Tries of one name from one address, or on one known device, at once
    #[arg(long, env = "CHAIRSIDE_LIMIT_NAME", default_value_t = Limits::DEFAULT.account.burst, value_parser = clap::value_parser!(i64).range(1..=100))]
    pub limit_name: i64,

    /// Seconds until one more
    #[arg(long, env = "CHAIRSIDE_LIMIT_NAME_REFILL_S", default_value_t = Limits::DEFAULT.account.refill_seconds, value_parser = clap::value_parser!(i64).range(1..=3600))]
    pub limit_name_refill_s: i64,

    /// Tries from one address at once, whatever the name
    #[arg(long, env = "CHAIRSIDE_LIMIT_ADDRESS", default_value_t = Limits::DEFAULT.address.burst, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    pub limit_address: i64,

    /// Seconds until one more
    #[arg(long, env = "CHAIRSIDE_LIMIT_ADDRESS_REFILL_S", default_value_t = Limits::DEFAULT.address.refill_seconds, value_parser = clap::value_parser!(i64).range(1..=3600))]
    pub limit_address_refill_s: i64,

    /// From so many failures of one name in a row on, a wait follows each
    #[arg(long, env = "CHAIRSIDE_LIMIT_WAIT_FROM", default_value_t = Limits::DEFAULT.wait_from, value_parser = clap::value_parser!(i64).range(1..=100))]
    pub limit_wait_from: i64,

    /// The first wait in seconds; each next one is twice as long
    #[arg(long, env = "CHAIRSIDE_LIMIT_FIRST_WAIT_S", default_value_t = Limits::DEFAULT.first_wait_seconds, value_parser = clap::value_parser!(i64).range(1..=3600))]
    pub limit_first_wait_s: i64,

    /// The longest wait in seconds
    #[arg(long, env = "CHAIRSIDE_LIMIT_LONGEST_WAIT_S", default_value_t = Limits::DEFAULT.longest_wait_seconds, value_parser = clap::value_parser!(i64).range(1..=86_400))]
    pub limit_longest_wait_s: i64,

    /// After so many failures of one name in a row its password opens nothing
    #[arg(long, env = "CHAIRSIDE_LIMIT_DISABLED_FROM", default_value_t = Limits::DEFAULT.disabled_from, value_parser = clap::value_parser!(i64).range(10..=100))]
    pub limit_disabled_from: i64,
}

impl Config {
    /// The certificate, when one is set.
    ///
    /// # Errors
    /// When its files cannot be used.
    pub fn certificate(&self) -> io::Result<Option<Certificate>> {
        let files = self.tls_cert.as_deref().zip(self.tls_key.as_deref());
        files.map(|(chain, key)| Certificate::open(chain, key)).transpose()
    }

    /// Refuses to send passwords and records over a network in the clear.
    ///
    /// # Errors
    /// When the server would speak plain HTTP to other machines, and none of them is a named proxy.
    pub fn refuse_plain(&self, listening: SocketAddr) -> io::Result<()> {
        if self.tls_cert.is_some() || listening.ip().to_canonical().is_loopback() || !self.trusted_proxies.is_empty() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "{listening} can be reached from other machines, and plain HTTP would show them everything: set --tls-cert and \
             --tls-key, or name the proxies that do TLS in front of it with --trusted-proxies"
        )))
    }
}

impl LimitSettings {
    /// The same, as they are used.
    pub const fn limits(&self) -> Limits {
        Limits {
            account: Bucket { burst: self.limit_name, refill_seconds: self.limit_name_refill_s },
            address: Bucket { burst: self.limit_address, refill_seconds: self.limit_address_refill_s },
            wait_from: self.limit_wait_from,
            first_wait_seconds: self.limit_first_wait_s,
            longest_wait_seconds: self.limit_longest_wait_s,
            disabled_from: self.limit_disabled_from,
        }
    }
}

/// Scheme, host and perhaps a port, as a browser sends it; nothing that could match more than one.
fn origin(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let elsewhere = text.strip_prefix("https://").is_some_and(|host| !host.is_empty());
    let here = text.strip_prefix("http://localhost").is_some_and(|port| port.is_empty() || port.starts_with(':'));
    if (elsewhere || here) && text.split_once("//").is_some_and(|(_, host)| host.chars().all(plain)) {
        Ok(text.to_owned())
    } else {
        Err("write it as a browser sends it: https://clinic.example, or http://localhost:5173".into())
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_one_place_and_nothing_else() {
        for good in
            ["https://clinic.example", "https://clinic.example:8443", "http://localhost:5173", "https://[::1]:8443"]
        {
            assert_eq!(origin(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "*",
            "null",
            "https://",
            "http://clinic.example",
            "https://clinic.example/",
            "https://*.example",
            "https://A.example",
            "http://localhost.evil.example",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
