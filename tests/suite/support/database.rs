//! The database of a test, with a canary in it, and the folder beside it.

use super::{Kind, canary, postgres_url};
use chairside::store::{self, DatabaseUrl};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder of this test's own.
pub fn scratch() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("chairside-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A migrated database: a copy of a template file, or the one PostgreSQL database of this run.
pub fn database(kind: Kind, folder: &Path) -> DatabaseUrl {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    static MIGRATED: OnceLock<()> = OnceLock::new();
    match kind {
        Kind::Sqlite => {
            let template = TEMPLATE.get_or_init(|| {
                let path = scratch().join("template.db");
                let url = DatabaseUrl::Sqlite(path.clone());
                store::migrate(&url).unwrap();
                canary::plant(Kind::Sqlite, &url);
                // What the canary's server has not written back yet comes along.
                let whole = path.with_extension("whole");
                let into = format!("PRAGMA busy_timeout = 10000; VACUUM INTO '{}'", whole.display());
                SqliteConnection::establish(&path.to_string_lossy()).unwrap().batch_execute(&into).unwrap();
                whole
            });
            let path = folder.join("clinic.db");
            std::fs::copy(template, &path).unwrap();
            DatabaseUrl::Sqlite(path)
        }
        Kind::Postgres => {
            let url = postgres_url();
            MIGRATED.get_or_init(|| {
                store::migrate(&url).unwrap();
                canary::plant(Kind::Postgres, &url);
            });
            url
        }
    }
}
