//! The keys of this installation, in files that only the server can read.
//!
//! `tokens.der` signs access tokens, `trail.der` the checkpoints of the trail, `cursors.key` page cursors. They are made on the first start, never
//! shipped, and never in the database: a copy of the data is not a copy of the keys.

use crate::access::notary::Notary;
use crate::access::token::{self, Tokens};
use crate::clock;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

/// The keys, read.
pub struct Keys {
    /// Sign and verify access tokens.
    pub tokens: Tokens,
    /// Signs checkpoints of the trail.
    pub notary: Arc<Notary>,
    /// Signs page cursors.
    pub cursors: [u8; 32],
}

/// Reads the keys from a folder, making what is missing.
///
/// # Errors
/// When the folder cannot be used, or others can read a key in it.
pub fn load(folder: &Path, instance: &str) -> io::Result<Keys> {
    make_folder(folder)?;
    let der = read_or_make(&folder.join("tokens.der"), || token::new_signing_key().map_err(io::Error::other))?;
    let tokens = Tokens::new(instance, &[der]).map_err(io::Error::other)?;
    let der = read_or_make(&folder.join("trail.der"), || token::new_signing_key().map_err(io::Error::other))?;
    let notary = Arc::new(Notary::new(instance, &der).map_err(io::Error::other)?);
    let cursors = read_or_make(&folder.join("cursors.key"), || Ok(clock::random::<32>().to_vec()))?;
    let cursors = cursors.try_into().map_err(|_| io::Error::other("cursors.key is not 32 bytes long"))?;
    Ok(Keys { tokens, notary, cursors })
}

fn read_or_make(path: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match std::fs::File::open(path) {
        Ok(mut file) => {
            refuse_readable(path, &file)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let bytes = make()?;
            let mut file = private_file(path)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            Ok(bytes)
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(unix)]
fn refuse_readable(path: &Path, file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata()?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Err(io::Error::other(format!("{name} can be read by others; run chmod 600 on it")))
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(not(unix))]
fn refuse_readable(_: &Path, _: &std::fs::File) -> io::Result<()> {
    Ok(())
}
