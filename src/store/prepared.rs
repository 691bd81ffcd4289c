//! Statements that the database keeps prepared.
//!
//! diesel prepares every INSERT, UPDATE and `sql_query` anew, because in general their text may have no end of forms.
//! Those of the hot path have a few: which columns have a value. On PostgreSQL that saves a round trip each, on SQLite
//! the parsing of a statement with its triggers.

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement whose text has few forms: none that holds a list of any length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prepared<Q>(pub(super) Q);

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Known by its text.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Prepared<Q> {}

/// Inserts rows whose text has one form: one by one on SQLite, where a statement costs no way; in one statement on
/// PostgreSQL, prepared when it is one row.
macro_rules! insert_each {
    ($connection:expr, $table:expr, $rows:expr) => {
        match (&mut *$connection, $rows.as_slice()) {
            (_, []) => {}
            ($crate::store::connection::AnyConnection::Sqlite(native), rows) => {
                for row in rows {
                    Prepared(diesel::insert_into($table).values(row)).execute(native)?;
                }
            }
            ($crate::store::connection::AnyConnection::Postgres(native), [row]) => {
                Prepared(diesel::insert_into($table).values(row)).execute(native)?;
            }
            ($crate::store::connection::AnyConnection::Postgres(native), rows) => {
                diesel::insert_into($table).values(rows).execute(native)?;
            }
        }
    };
}
