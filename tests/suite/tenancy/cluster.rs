//! A PostgreSQL server of a test's own: roles belong to a whole server, and other tests need theirs.

use crate::architecture::source::root;
use crate::support::scratch;
use chairside::store::DatabaseUrl;
use std::path::PathBuf;
use std::process::Command;

/// The server; stopped and removed at the end.
pub struct Cluster {
    folder: PathBuf,
    pub url: DatabaseUrl,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = scratch().join("postgres");
        let started = Command::new(root().join("scripts/postgres")).arg("start").arg(&folder).output().unwrap();
        let printed = String::from_utf8_lossy(&started.stdout).into_owned();
        assert!(started.status.success(), "{printed}{}", String::from_utf8_lossy(&started.stderr));
        let url = DatabaseUrl::parse(printed.lines().last().unwrap()).unwrap();
        Self { folder, url }
    }
}

impl Cluster {
    /// The bytes of every file it has, as a thief finds them: tables, indexes, the log ahead of them, what it says.
    pub fn bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut found, mut open) = (Vec::new(), vec![self.folder.clone()]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    open.push(entry.path());
                } else if kind.is_file() {
                    // What the server removes meanwhile is not there to be found.
                    found.extend(std::fs::read(entry.path()).ok().map(|bytes| (entry.path(), bytes)));
                }
            }
        }
        found
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = Command::new(root().join("scripts/postgres")).arg("stop").arg(&self.folder).status();
        assert!(stopped.is_ok_and(|status| status.success()) || std::thread::panicking(), "the server runs on");
    }
}
