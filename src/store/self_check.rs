//! What is looked at before a server starts: it does not run on a database that would break its promises.
//!
//! On PostgreSQL these are the wall between clinics, the guards of the facts, and a commit that is on the disk when it is
//! answered; on SQLite the settings of the connection read back, and the text of every trigger.

use super::connection::{AnyConnection, DatabaseUrl, open, open_as_owner};
use super::error::{Result, StoreError};
use super::migrating;
use super::wall::{self, When};
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::BTreeMap;

/// Settings of PostgreSQL without which a commit may be lost after it was answered, and the role the store acts as.
const POSTGRES: &str = "
    SELECT 'the store acts as ' || current_user || ' and not as chairside_app' AS line WHERE current_user <> 'chairside_app'
    UNION ALL SELECT name || ' is off: a commit that was answered could be lost' FROM pg_settings
    WHERE name IN ('synchronous_commit', 'fsync', 'full_page_writes') AND setting = 'off' ORDER BY 1";

/// Settings of SQLite, read back: some are refused without an error, by a file system or by how SQLite was built.
const SQLITE: &str = "
    SELECT 'journal_mode is ' || journal_mode || ' and not wal' AS line FROM pragma_journal_mode WHERE journal_mode <> 'wal'
    UNION ALL SELECT 'synchronous is ' || synchronous || ' and not 2 (full)' FROM pragma_synchronous WHERE synchronous <> 2
    UNION ALL SELECT 'foreign_keys is off' FROM pragma_foreign_keys WHERE foreign_keys <> 1
    UNION ALL SELECT 'recursive_triggers is off' FROM pragma_recursive_triggers WHERE recursive_triggers <> 1";

const TRIGGERS: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Trigger {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Looks at everything.
///
/// # Errors
/// [`StoreError::Broken`] with all that is wrong.
pub(super) fn check(url: &DatabaseUrl) -> Result<()> {
    let mut owner = open_as_owner(url).map_err(|error| StoreError::Broken(error.to_string()))?;
    migrating::refuse_older(&mut owner)?;
    if let AnyConnection::Postgres(native) = &mut owner {
        wall::refuse(wall::told(wall::faults(native, When::Always)?))?;
    }
    drop(owner);
    let mut connection = open(url, false).map_err(|error| StoreError::Broken(error.to_string()))?;
    let mut wrong = match &mut connection {
        AnyConnection::Postgres(native) => diesel::sql_query(POSTGRES).load::<Line>(native)?,
        AnyConnection::Sqlite(native) => diesel::sql_query(SQLITE).load::<Line>(native)?,
    };
    if let AnyConnection::Sqlite(native) = &mut connection {
        wrong.extend(strange_triggers(&triggers(native)?, &triggers(&mut migrating::in_memory()?)?));
    }
    wall::refuse(wrong.into_iter().map(|wrong| wrong.line).collect())
}

fn triggers(native: &mut SqliteConnection) -> QueryResult<BTreeMap<String, String>> {
    let found = diesel::sql_query(TRIGGERS).load::<Trigger>(native)?;
    Ok(found.into_iter().map(|trigger| (trigger.name, trigger.sql)).collect())
}

/// Whoever writes to the file can drop a trigger: each must be there as the migrations make it, and no other.
fn strange_triggers(here: &BTreeMap<String, String>, made: &BTreeMap<String, String>) -> Vec<Line> {
    let lost =
        made.keys().filter(|name| !here.contains_key(*name)).map(|name| format!("the trigger {name} is missing"));
    let strange = here.iter().filter_map(|(name, sql)| match made.get(name) {
        None => Some(format!("the trigger {name} is not one of ours")),
        Some(text) if text != sql => Some(format!("the trigger {name} is not what it was made as")),
        Some(_) => None,
    });
    lost.chain(strange).map(|line| Line { line }).collect()
}
