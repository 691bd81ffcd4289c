//! The second wall between clinics, on PostgreSQL: row-level security (engineering.md 10).
//!
//! The first is the clinic in every query. Where a query forgets it, this one shows it nothing: the store's connections
//! act as the role `chairside_app`, which owns no table, and each transaction says whose rows it wants.
//!
//! What the wall has to be is derived from the catalogue by one query, so a table of a later migration needs nobody to
//! think of it: the migration runner carries out what that query says, and a server does not start while it says
//! anything. SQLite has no such wall; there the tests of every endpoint are the proof of the first one.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use crate::domain::id::{AccountId, ClinicId};
use diesel::connection::{AnsiTransactionManager, SimpleConnection as _};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text};

/// Tables with a clinic in their key that every unit may see, each with its reason. A schema test holds this list.
pub const OPEN: [(&str, &str); 4] = [
    ("factors", "a person has one second factor in all their clinics, in a row of the installation; sealed"),
    ("recovery_codes", "as a person's second factor; hashes only"),
    (
        "sign_in_limits",
        "a secret is counted before anybody knows whose it is, in rows of the installation; hashes only",
    ),
    ("timers", "the watcher finds what is due in all clinics; no patient data"),
];

/// Tables whose rows may go: they say nothing of a patient and count nothing any more.
const MAY_GO: [&str; 3] = ["factor_challenges", "recovery_codes", "sign_in_limits"];

const ROLE: &str = include_str!("role.sql");
const FAULTS: &str = include_str!("faults.sql");
const LOWER: &str = include_str!("lower.sql");

/// Something that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(super) struct Fault {
    /// What, in a sentence.
    #[diesel(sql_type = Text)]
    pub(super) what: String,
    /// The statements that mend it; none where a person has to look first.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) remedy: Option<String>,
}

/// When the wall is looked at: a migration gives the server rights that nobody else may give it unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// After a migration, in its transaction.
    Migrated,
    /// At any other time.
    Always,
}

/// Everything that is wrong with the wall.
pub(super) fn faults(native: &mut PgConnection, when: When) -> QueryResult<Vec<Fault>> {
    let open: Vec<&str> = OPEN.iter().map(|(table, _)| *table).collect();
    diesel::sql_query(FAULTS)
        .bind::<Array<Text>, _>(open)
        .bind::<Array<Text>, _>(MAY_GO.as_slice())
        .bind::<Bool, _>(when == When::Migrated)
        .load(native)
}

/// Makes the role the server acts as, unless it is there.
///
/// # Errors
/// When the login may not; the message says what a superuser has to run.
pub(super) fn make_role(native: &mut PgConnection) -> Result<()> {
    let Err(error) = native.batch_execute(ROLE) else { return Ok(()) };
    let login: String = diesel::select(diesel::dsl::sql::<Text>("quote_ident(current_user)")).get_result(native)?;
    Err(StoreError::Broken(format!(
        "the role chairside_app cannot be made or used ({error}). Run this once as a superuser of the database server, \
         then start again:\n    CREATE ROLE chairside_app NOLOGIN;  -- unless it is there\n    GRANT chairside_app TO {login};"
    )))
}

/// Mends what can be mended.
///
/// # Errors
/// With everything that cannot.
pub(super) fn raise(native: &mut PgConnection, when: When) -> Result<()> {
    // What is mended first can show what is wrong behind it: rights are looked at anew once policies stand.
    for _ in 0..2 {
        for remedy in faults(native, when)?.into_iter().filter_map(|fault| fault.remedy) {
            native.batch_execute(&remedy)?;
        }
    }
    refuse(told(faults(native, when)?))
}

/// Refuses a database with a fault that no migration may paint over.
///
/// # Errors
/// With all of them.
pub(super) fn refuse_unmendable(native: &mut PgConnection) -> Result<()> {
    let faults = faults(native, When::Always)?;
    refuse(told(faults.into_iter().filter(|fault| fault.remedy.is_none()).collect()))
}

/// Says everything that is wrong, and what the operator can do.
pub(super) fn refuse(faults: Vec<String>) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(StoreError::Broken(format!(
        "this database is not set up as it has to be, and nothing is run on it. What has a remedy beside it is mended by \
         `chairside migrate`:\n  - {}",
        faults.join("\n  - ")
    )))
}

/// Lets the owner of the tables see every clinic's rows until [`raise`]: for the migration of data in between.
pub(super) fn lower(native: &mut PgConnection) -> QueryResult<()> {
    native.batch_execute(LOWER)
}

/// Each fault in words for the operator.
pub(super) fn told(faults: Vec<Fault>) -> Vec<String> {
    let line = |Fault { what, remedy }| match remedy {
        Some(remedy) => format!("{what}; mended by: {remedy}"),
        None => what,
    };
    faults.into_iter().map(line).collect()
}

/// Begins a transaction that sees one clinic's rows, in one round trip. The one SQL text made of a value: a clinic's id
/// prints hexadecimal digits and dashes only.
pub(super) fn begin(native: &mut PgConnection, clinic: ClinicId, how: &str) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(native, &format!("{how}; SET LOCAL app.clinic_id = '{clinic}'"))
}

/// For the rest of this transaction, shows the rows of another clinic: one that is being set up, or the next that is
/// looked at from outside. Nothing on SQLite.
pub(super) fn turn_to(connection: &mut AnyConnection, clinic: ClinicId) -> QueryResult<()> {
    set(connection, "app.clinic_id", &clinic.to_string())
}

/// For the rest of this transaction, shows the memberships of one person in every clinic: for signing in.
pub(super) fn show_memberships(connection: &mut AnyConnection, account: AccountId) -> QueryResult<()> {
    set(connection, "app.account_id", &account.to_string())
}

/// For the rest of this transaction, shows how long every trail is and what was signed of it.
pub(super) fn show_trails(connection: &mut AnyConnection) -> QueryResult<()> {
    set(connection, "app.job", "notary")
}

fn set(connection: &mut AnyConnection, name: &str, value: &str) -> QueryResult<()> {
    let AnyConnection::Postgres(native) = connection else { return Ok(()) };
    let set = diesel::sql_query("SELECT set_config($1, $2, true)");
    set.bind::<Text, _>(name).bind::<Text, _>(value).execute(native).map(drop)
}
