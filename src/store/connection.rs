//! SQLite or PostgreSQL, chosen by the URL: connections, pools, and how a transaction begins.

use super::error::StoreError;
use super::wall;
use crate::domain::id::ClinicId;
use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool, R2D2Connection as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One connection to either database.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// An embedded file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// The transaction manager of [`AnyConnection`].
pub(super) type Transactions = <AnyConnection as Connection>::TransactionManager;

/// The same one statement, compiled once for each database with its native connection: for batch inserts and
/// `ON CONFLICT`, which the connection enum cannot carry.
macro_rules! each {
    ($connection:expr, |$native:ident| $body:expr) => {
        match $connection {
            $crate::store::connection::AnyConnection::Sqlite($native) => $body,
            $crate::store::connection::AnyConnection::Postgres($native) => $body,
        }
    };
}

/// The rows of these ids in one clinic's table: for the verifier, who holds each row against the trail.
macro_rules! by_id {
    ($gather:ident, $table:ident, $Row:ty, $ids:expr) => {
        $table::table
            .filter($table::clinic_id.eq($gather.clinic()))
            .filter($table::id.eq_any($ids.to_vec()))
            .select(<$Row>::as_select())
            .load::<$Row>($gather.connection)?
    };
}

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://path`.
    Sqlite(PathBuf),
    /// `postgres://…`, kept as it is.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// When its scheme is none of `sqlite`, `postgres`, `postgresql`. The message never holds the URL: it may carry
    /// a password.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() { Err("sqlite:// needs a path") } else { Ok(Self::Sqlite(PathBuf::from(path))) }
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(url.to_owned()))
        } else {
            Err("the database URL must begin with sqlite:// or postgres://")
        }
    }

    /// The file, when it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// Opens one connection; on SQLite a connection for reading cannot write, on PostgreSQL every one acts as the role that
/// owns nothing, and sees rows only inside a transaction that says whose.
pub(super) fn open(url: &DatabaseUrl, read_only: bool) -> Result<AnyConnection, diesel::r2d2::Error> {
    let mut connection = open_as_owner(url)?;
    let restricted = match &mut connection {
        AnyConnection::Postgres(native) => native.batch_execute("SET ROLE chairside_app"),
        AnyConnection::Sqlite(native) if read_only => native.batch_execute("PRAGMA query_only = ON"),
        AnyConnection::Sqlite(_) => Ok(()),
    };
    restricted.map_err(diesel::r2d2::Error::QueryError)?;
    Ok(connection)
}

/// Opens one connection with all rights of the login: for migrations, and to look at what they made.
pub(super) fn open_as_owner(url: &DatabaseUrl) -> Result<AnyConnection, diesel::r2d2::Error> {
    match url {
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::establish(url)?;
            connection
                .batch_execute("SET timezone = 'UTC'; SET statement_timeout = '5s'; SET lock_timeout = '2s'; SET client_min_messages = warning")
                .map_err(diesel::r2d2::Error::QueryError)?;
            super::watch::over(&mut connection);
            Ok(AnyConnection::Postgres(connection))
        }
        DatabaseUrl::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
            // busy_timeout first: switching to WAL can itself meet a lock.
            connection
                .batch_execute(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF; \
                     PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY",
                )
                .map_err(diesel::r2d2::Error::QueryError)?;
            super::watch::over(&mut connection);
            Ok(AnyConnection::Sqlite(connection))
        }
    }
}

/// Makes the pool's connections. The derived `establish` would guess the database by trying each in turn.
pub(super) struct Manager {
    pub(super) url: DatabaseUrl,
    pub(super) read_only: bool,
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<AnyConnection, Self::Error> {
        open(&self.url, self.read_only)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), Self::Error> {
        connection.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        depth(connection) > 0 || connection.is_broken()
    }
}

/// A pool of at most `size` connections; a request waits a second for one, then is told to come again.
pub(super) fn pool(url: &DatabaseUrl, size: u32, read_only: bool) -> Result<Pool<Manager>, StoreError> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(if read_only { 1 } else { 2 }))
        .build(Manager { url: url.clone(), read_only })
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// How many transactions and savepoints are open.
pub(super) fn depth(connection: &mut AnyConnection) -> u32 {
    Transactions::transaction_manager_status_mut(connection)
        .transaction_depth()
        .ok()
        .flatten()
        .map_or(0, std::num::NonZeroU32::get)
}

/// Begins a transaction that may write, in one clinic. On SQLite it is a group's, of units of all clinics.
pub(super) fn begin_write(connection: &mut AnyConnection, clinic: ClinicId) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(native) => AnsiTransactionManager::begin_transaction_sql(native, "BEGIN IMMEDIATE"),
        AnyConnection::Postgres(native) => wall::begin(native, clinic, "BEGIN"),
    }
}

/// Begins a transaction that sees one snapshot of one clinic and writes nothing.
pub(super) fn begin_read(connection: &mut AnyConnection, clinic: ClinicId) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(native) => AnsiTransactionManager::begin_transaction_sql(native, "BEGIN DEFERRED"),
        AnyConnection::Postgres(native) => {
            wall::begin(native, clinic, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
    }
}

/// Rolls back whatever is open, down to `floor`.
pub(super) fn roll_back_to(connection: &mut AnyConnection, floor: u32) {
    while depth(connection) > floor && Transactions::rollback_transaction(connection).is_ok() {}
}
