//! The embedded migrations, and the wall around the tables they make.

use super::connection::{AnyConnection, DatabaseUrl, open_as_owner};
use super::error::{Result, StoreError};
use super::wall::{self, When};
use diesel::connection::SimpleConnection as _;
use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations";

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// Runs the migrations that are missing and, on PostgreSQL, mends the wall between clinics.
///
/// # Errors
/// When one fails, when the database is newer than this program, or when the wall cannot be mended.
pub fn migrate(url: &DatabaseUrl) -> Result<()> {
    run(url, true)
}

/// The same at the start of a server: where no migration is missing, nothing is touched. A wall that somebody took down
/// is then a reason not to start.
///
/// # Errors
/// As [`migrate`].
pub fn migrate_if_needed(url: &DatabaseUrl) -> Result<()> {
    run(url, false)
}

fn run(url: &DatabaseUrl, mend: bool) -> Result<()> {
    match &mut owner(url)? {
        AnyConnection::Sqlite(native) => {
            refuse_newer(&native.applied_migrations().map_err(broken)?, &names::<diesel::sqlite::Sqlite>(&SQLITE)?)?;
            native.run_pending_migrations(SQLITE).map_err(broken)?;
            Ok(())
        }
        AnyConnection::Postgres(native) => {
            refuse_newer(&native.applied_migrations().map_err(broken)?, &names::<Pg>(&POSTGRES)?)?;
            let missing = native.pending_migrations(POSTGRES).map_err(broken)?;
            if !mend && missing.is_empty() {
                return Ok(());
            }
            native.batch_execute("SET statement_timeout = 0")?;
            wall::make_role(native)?;
            wall::refuse_unmendable(native)?;
            missing.iter().try_for_each(|migration| run_one(native, migration.as_ref()))?;
            in_turn(native, |native| wall::raise(native, When::Always))
        }
    }
}

/// A migration and the wall around what it made are one transaction: no table is ever open between them.
fn run_one(native: &mut PgConnection, migration: &dyn Migration<Pg>) -> Result<()> {
    if !migration.metadata().run_in_transaction() {
        native.run_migration(migration).map_err(broken)?;
        return in_turn(native, |native| wall::raise(native, When::Migrated));
    }
    in_turn(native, |native| {
        let name = migration.name().version();
        if native.applied_migrations().map_err(broken)?.contains(&name) {
            return Ok(());
        }
        wall::lower(native)?;
        native.run_migration(migration).map_err(broken)?;
        wall::raise(native, When::Migrated)
    })
}

/// One transaction, while no other server that starts at this moment migrates.
fn in_turn(native: &mut PgConnection, work: impl FnOnce(&mut PgConnection) -> Result<()>) -> Result<()> {
    native.transaction(|native| {
        native.batch_execute(
            "SET LOCAL lock_timeout = '60s'; LOCK TABLE __diesel_schema_migrations IN SHARE ROW EXCLUSIVE MODE; \
             SET LOCAL lock_timeout = '2s'",
        )?;
        work(native)
    })
}

/// Refuses a database that lacks a migration: a server that was told not to run them does not go on without.
pub(super) fn refuse_older(connection: &mut AnyConnection) -> Result<()> {
    let (known, applied) = match connection {
        AnyConnection::Sqlite(native) => {
            (names::<diesel::sqlite::Sqlite>(&SQLITE)?, diesel::sql_query(APPLIED).load::<Applied>(native))
        }
        AnyConnection::Postgres(native) => {
            (names::<Pg>(&POSTGRES)?, diesel::sql_query(APPLIED).load::<Applied>(native))
        }
    };
    let applied = match applied {
        Err(error) if error.to_string().contains("permission denied") => return Ok(()), // What it lacks is said next.
        // Without the table no migration was ever run.
        applied => applied.unwrap_or_default(),
    };
    match known.iter().find(|version| applied.iter().all(|row| row.version != **version)) {
        None => Ok(()),
        Some(version) => Err(StoreError::Broken(format!(
            "the database lacks migration {version}: run `chairside migrate` with a login that owns the tables"
        ))),
    }
}

/// A database in memory as the migrations make it, to compare with.
pub(super) fn in_memory() -> Result<SqliteConnection> {
    let mut native = SqliteConnection::establish(":memory:").map_err(|error| StoreError::Broken(error.to_string()))?;
    native.run_pending_migrations(SQLITE).map_err(broken)?;
    Ok(native)
}

fn owner(url: &DatabaseUrl) -> Result<AnyConnection> {
    open_as_owner(url).map_err(|error| StoreError::Broken(error.to_string()))
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Broken(error.to_string())
}

fn names<DB: diesel::backend::Backend>(source: &impl diesel::migration::MigrationSource<DB>) -> Result<Vec<String>> {
    let migrations = source.migrations().map_err(broken)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn refuse_newer(applied: &[diesel::migration::MigrationVersion<'_>], known: &[String]) -> Result<()> {
    match applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        None => Ok(()),
        Some(version) => Err(StoreError::Broken(format!(
            "the database was made by a newer version of Chairside (migration {version}); start that version or restore a backup"
        ))),
    }
}
