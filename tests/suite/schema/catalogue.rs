//! What the migrations made, as the two databases themselves describe it.

use std::collections::BTreeMap;

use chairside::store::DatabaseUrl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use crate::architecture::source::root;

/// A table as its database describes it.
#[derive(Debug, Default)]
pub struct Table {
    /// Column names with their type as the database writes it, and whether they may be NULL.
    pub columns: BTreeMap<String, (String, bool)>,
    /// The columns of the primary key, in order.
    pub primary_key: Vec<String>,
    /// Columns here, table there, columns there, what happens on delete.
    pub foreign_keys: Vec<(Vec<String>, String, Vec<String>, String)>,
    /// Name and columns of every index, those behind UNIQUE and EXCLUDE too.
    pub indexes: BTreeMap<String, Vec<String>>,
}

/// Every table of a database, by name.
pub type Catalogue = BTreeMap<String, Table>;

/// A database with the migrations run, and nothing else in it.
pub enum Database {
    /// In memory, with the settings of the store.
    Sqlite(SqliteConnection),
    /// A database of its own on the server of `TEST_DATABASE_URL`.
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Database {
    /// Both databases, empty.
    pub fn both() -> [Self; 2] {
        let mut sqlite = SqliteConnection::establish(":memory:").expect("SQLite in memory");
        sqlite.batch_execute("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;").expect("pragmas");
        let url = std::env::var("TEST_DATABASE_URL")
            .expect("TEST_DATABASE_URL: run scripts/test, or scripts/postgres start DIR");
        let mut server = PgConnection::establish(&url).expect("PostgreSQL");
        let name = format!("schema_{}", uuid::Uuid::from_bytes(chairside::clock::random()).simple());
        server.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database of its own");
        let (base, _) = url.rsplit_once('/').expect("a URL with a database");
        [Self::Sqlite(sqlite), Self::Postgres(PgConnection::establish(&format!("{base}/{name}")).expect("PostgreSQL"))]
    }

    /// The database that a server in a test runs on.
    pub fn of(url: &DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(path) => {
                Self::Sqlite(SqliteConnection::establish(&path.to_string_lossy()).expect("SQLite"))
            }
            DatabaseUrl::Postgres(url) => Self::Postgres(PgConnection::establish(url).expect("PostgreSQL")),
        }
    }

    /// Both databases, migrated.
    pub fn both_migrated() -> [Self; 2] {
        let mut both = Self::both();
        both.iter_mut().for_each(Self::up);
        both
    }

    /// The folder of its migrations, and its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Runs every migration.
    pub fn up(&mut self) {
        self.migrate("up.sql", false);
    }

    /// Runs every way back, the last first.
    pub fn down(&mut self) {
        self.migrate("down.sql", true);
    }

    fn migrate(&mut self, file: &str, backwards: bool) {
        let mut folders: Vec<_> = std::fs::read_dir(root().join("migrations").join(self.name()))
            .expect("migrations")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        folders.sort();
        if backwards {
            folders.reverse();
        }
        for folder in folders {
            let sql = std::fs::read_to_string(folder.join(file)).expect("a migration");
            self.run(&sql).unwrap_or_else(|error| panic!("{}/{file}: {error}", folder.display()));
        }
    }

    /// Runs statements, giving the database's own words when it refuses.
    pub fn run(&mut self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(connection) => connection.batch_execute(sql),
            Self::Postgres(connection) => connection.batch_execute(sql),
        }
        .map_err(|error| error.to_string())
    }

    /// The rows of a query that gives one text column named `line`, each cut at `|`.
    pub fn lines(&mut self, sql: &str) -> Vec<Vec<String>> {
        self.try_lines(sql).unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// The same, giving the database's own words when it refuses.
    pub fn try_lines(&mut self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let lines: Vec<Line> = match self {
            Self::Sqlite(connection) => sql_query(sql).load(connection),
            Self::Postgres(connection) => sql_query(sql).load(connection),
        }
        .map_err(|error| error.to_string())?;
        Ok(lines.into_iter().map(|row| row.line.split('|').map(Into::into).collect()).collect())
    }

    /// What is in it, apart from what belongs to the migration runner.
    pub fn catalogue(&mut self) -> Catalogue {
        let [columns, keys, foreign, indexes] = match self {
            Self::Sqlite(_) => SQLITE,
            Self::Postgres(_) => POSTGRES,
        };
        let mut found = Catalogue::new();
        for row in self.lines(columns) {
            let table = found.entry(row[0].clone()).or_default();
            table.columns.insert(row[1].clone(), (row[2].to_lowercase(), row[3] == "nullable"));
        }
        for row in self.lines(keys) {
            found.get_mut(&row[0]).expect("its table").primary_key.push(row[1].clone());
        }
        for row in self.lines(foreign) {
            let list = |text: &str| text.split(',').map(Into::into).collect();
            let key = (list(&row[1]), row[2].clone(), list(&row[3]), row[4].to_lowercase());
            found.get_mut(&row[0]).expect("its table").foreign_keys.push(key);
        }
        for row in self.lines(indexes) {
            found.get_mut(&row[0]).expect("its table").indexes.entry(row[1].clone()).or_default().push(row[2].clone());
        }
        found
    }

    /// Every object of the schema with its full definition, to compare one state with another.
    pub fn definition(&mut self) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(_) => self.lines(
                "SELECT type || '|' || name || '|' || COALESCE(sql, '') AS line FROM sqlite_schema ORDER BY type, name",
            ),
            Self::Postgres(_) => self.lines(POSTGRES_DEFINITION),
        }
    }
}

/// Columns, primary keys, foreign keys, indexes; each one text column `line`.
const SQLITE: [&str; 4] = [
    "SELECT t.name || '|' || c.name || '|' || c.type || '|' || iif(c.\"notnull\", 'not null', 'nullable') AS line
     FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid",
    "SELECT t.name || '|' || c.name AS line
     FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.pk > 0 ORDER BY t.name, c.pk",
    "SELECT name || '|' || group_concat(\"from\") || '|' || \"table\" || '|' || group_concat(\"to\") || '|' || on_delete AS line
     FROM (SELECT t.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_delete
           FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq)
     GROUP BY name, id",
    "SELECT t.name || '|' || i.name || '|' || COALESCE(x.name, '(expression)') AS line
     FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) x
     WHERE t.type = 'table' ORDER BY t.name, i.name, x.seqno",
];

const POSTGRES: [&str; 4] = [
    "SELECT concat_ws('|', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN 'not null' ELSE 'nullable' END) AS line
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum",
    "SELECT concat_ws('|', c.relname, a.attname) AS line
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid, unnest(i.indkey) WITH ORDINALITY k (attnum, place),
          pg_attribute a
     WHERE i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.attnum AND c.relnamespace = 'public'::regnamespace
     ORDER BY c.relname, k.place",
    "SELECT concat_ws('|', f.conrelid::regclass::text,
            (SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(f.conkey) WITH ORDINALITY k (n, place)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.n),
            f.confrelid::regclass::text,
            (SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(f.confkey) WITH ORDINALITY k (n, place)
             JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.n),
            CASE f.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' ELSE 'changes rows' END) AS line
     FROM pg_constraint f WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT concat_ws('|', c.relname, x.relname, pg_get_indexdef(i.indexrelid, n, true)) AS line
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid,
          generate_series(1, i.indnkeyatts) n
     WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname, x.relname, n",
];

const POSTGRES_DEFINITION: &str = "
    SELECT concat_ws('|', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col.collname) AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_collation col ON col.oid = a.attcollation
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
    UNION ALL SELECT concat_ws('|', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws('|', 'index', pg_get_indexdef(i.indexrelid)) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws('|', 'trigger', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws('|', 'function', p.proname, p.prosrc) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT concat_ws('|', 'security', relname, relrowsecurity, relforcerowsecurity) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    UNION ALL SELECT concat_ws('|', 'policy', tablename, policyname, cmd, qual, with_check) FROM pg_policies
    ORDER BY 1";
