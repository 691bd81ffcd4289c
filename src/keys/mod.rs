//! The keys of this installation, in files that only the server can read.
//!
//! `tokens/` holds the keys that sign access tokens, `trail.der` signs the checkpoints of the trail, `cursors.key` page
//! cursors; `factors.key` seals the secrets of second factors, and without it every one has to be reset. They are made before the first account is, never shipped, and never in the database: a copy of the data is
//! not a copy of the keys. Where there is data already, no key is made in silence: a folder that was not mounted would
//! sign everybody out, and the trail would go on under a name that no auditor knows.

mod file;
mod tokens;

pub use tokens::{TokenKey, TokenKeys, list, rotate};

use crate::access::factor::FactorKey;
use crate::access::notary::Notary;
use crate::access::token_key;
use crate::clock;
use crate::domain::time::Timestamp;
use std::io;
use std::path::Path;
use std::sync::Arc;

const TRAIL: &str = "trail.der";
const CURSORS: &str = "cursors.key";
const FACTORS: &str = "factors.key";

/// The keys, read.
pub struct Keys {
    /// Sign and verify access tokens.
    pub tokens: TokenKeys,
    /// Signs checkpoints of the trail.
    pub notary: Arc<Notary>,
    /// Seals the secrets of second factors.
    pub factors: FactorKey,
    /// Signs page cursors.
    pub cursors: [u8; 32],
}

/// Makes the keys that are missing from a folder, and the folder.
///
/// # Errors
/// When the folder cannot be used.
pub fn make_missing(folder: &Path, now: Timestamp) -> io::Result<()> {
    file::make_folder(folder)?;
    tokens::make_missing(folder, now)?;
    file::read_or_make(&folder.join(TRAIL), || token_key::new_signing_key().map_err(io::Error::other))?;
    for name in [FACTORS, CURSORS] {
        file::read_or_make(&folder.join(name), || Ok(clock::random::<32>().to_vec()))?;
    }
    Ok(())
}

/// Reads the keys from a folder that has them.
///
/// # Errors
/// When one is missing, others can read it, or it is somebody else's.
pub fn load(folder: &Path, instance: &str) -> io::Result<Keys> {
    let tokens = TokenKeys::open(folder, instance)?;
    let der = file::read(&folder.join(TRAIL))?.ok_or_else(|| missing(folder, TRAIL))?;
    let notary = Arc::new(Notary::new(instance, &der).map_err(io::Error::other)?);
    let factors = file::read(&folder.join(FACTORS))?.ok_or_else(|| missing(folder, FACTORS))?;
    let factors = FactorKey::new(&factors).map_err(io::Error::other)?;
    // Nothing is lost with this one: whoever turns a page begins the list again.
    let cursors = file::read_or_make(&folder.join(CURSORS), || Ok(clock::random::<32>().to_vec()))?;
    let cursors = cursors.try_into().map_err(|_| io::Error::other("cursors.key is not 32 bytes long"))?;
    Ok(Keys { tokens, notary, factors, cursors })
}

/// What to do about a folder without its keys, for the operator.
fn missing(folder: &Path, what: &str) -> io::Error {
    io::Error::other(format!(
        "there is no {what} in the folder of keys, {}. Put the folder back, or name it with --keys; only if the keys are \
         lost, make new ones with `chairside init`: everybody signs in again, and the trail's auditors need the new key",
        folder.display()
    ))
}

#[cfg(test)]
mod tests;
