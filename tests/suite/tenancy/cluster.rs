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

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = Command::new(root().join("scripts/postgres")).arg("stop").arg(&self.folder).status();
        assert!(stopped.is_ok_and(|status| status.success()) || std::thread::panicking(), "the server runs on");
    }
}
