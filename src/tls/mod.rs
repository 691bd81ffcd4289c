//! TLS in this process: 1.3 and 1.2, a certificate that is read again while the server runs (security.md, REQ-NET-1).
//!
//! There is no redirect from plain HTTP: it would hide a client that sends its password in the clear first.

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

mod probe;

pub use probe::probe;

/// The oldest versions that are spoken are the newest two there are.
const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

/// The certificate of this server, and the files it comes from.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads a chain and its key, both PEM.
    ///
    /// # Errors
    /// When one cannot be read, everybody can read the key, or they do not belong together.
    pub fn open(chain: &Path, key: &Path) -> io::Result<Self> {
        let current = RwLock::new(Arc::new(read(chain, key)?));
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), current })
    }

    /// Reads the files again. Connections that are open go on as they began.
    ///
    /// # Errors
    /// As [`Self::open`]; then the certificate of before stays in use.
    pub fn reload(&self) -> io::Result<()> {
        let new = Arc::new(read(&self.chain, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// How the server shakes hands with it.
    ///
    /// # Errors
    /// When the library does not speak these versions.
    pub fn server_config(self: &Arc<Self>) -> io::Result<ServerConfig> {
        let config = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&VERSIONS);
        let resolver = Arc::clone(self);
        Ok(config.map_err(io::Error::other)?.with_no_client_auth().with_cert_resolver(resolver))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn read(chain: &Path, key: &Path) -> io::Result<CertifiedKey> {
    refuse_public(key)?;
    let named = |path: &Path, error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
    let certificates = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| named(chain, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, &error))?;
    CertifiedKey::from_der(certificates, secret, &provider()).map_err(|error| named(chain, &error))
}

/// A group may read it, as certificate tools set it up; everybody may not.
#[cfg(unix)]
fn refuse_public(key: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", key.display()));
    if std::fs::metadata(key).map_err(named)?.permissions().mode() & 0o007 == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!("{} can be read by everybody; run chmod 640 on it", key.display())))
}

#[cfg(not(unix))]
fn refuse_public(_: &Path) -> io::Result<()> {
    Ok(())
}
