//! Files that only the server can read, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// What a file holds, which nobody else may read; none when it is not there.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(mut file) => {
            refuse_shared(path, &file)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same, made when it is not there.
pub(super) fn read_or_make(path: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    if let Some(bytes) = read(path)? {
        return Ok(bytes);
    }
    let bytes = make()?;
    write(path, &bytes)?;
    Ok(bytes)
}

/// Puts a file in place: after a power cut it is there as a whole, or what was there before.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    // What a crash left behind was never in use.
    remove(beside)?;
    let mut file = private_file(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Removes a file; that it is gone already is as well.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A folder that only its owner may enter, made when it is not there.
#[cfg(unix)]
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Refuses what others can read, and what belongs to somebody else: whoever owns a key can replace it.
#[cfg(unix)]
pub(super) fn refuse_shared(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let known = file.metadata()?;
    if known.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("{name} can be read by others; run chmod 600 on it")));
    }
    if known.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(format!("{name} belongs to another user; run as its owner, or chown it")));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(not(unix))]
pub(super) fn refuse_shared(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}
