//! The rules that make one clinic ready for thousands, and a fact a fact, asserted from the catalogues of both databases.

pub mod catalogue;

use std::collections::{BTreeMap, BTreeSet};

use catalogue::{Database, Table};

use crate::architecture::source::{Source, Token, root, rust_files};

/// Tables that belong to no clinic. The list may only shrink.
const GLOBAL: [(&str, &str); 2] =
    [("accounts", "a person may work in several clinics"), ("clinics", "the clinic itself, keyed by its id")];

/// Indexes that do not lead with the clinic, each with its reason. The list may only shrink.
const GLOBAL_INDEXES: [(&str, &str); 2] = [
    ("staff_account", "sign-in finds the memberships of a person before a clinic is chosen"),
    ("timers_by_due", "the watcher finds what is due in all clinics; the table holds no patient data"),
];

/// How a column is declared on SQLite for each type on PostgreSQL.
const TYPES: [(&str, &str); 8] = [
    ("uuid", "blob"),
    ("bytea", "blob"),
    ("timestamp with time zone", "integer"),
    ("bigint", "integer"),
    ("boolean", "integer"),
    ("text", "text"),
    ("date", "text"),
    ("jsonb", "text"),
];

/// Whether rows of a table are only ever added, or which column tells one state of a row from the next.
#[derive(Debug, PartialEq)]
enum Kind {
    Fact,
    Head { version: String },
}

/// What the migrations say above each table: `-- fact`, `-- head`, or `-- head: size is its version`.
fn kinds() -> BTreeMap<String, Kind> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("migrations/sqlite")).expect("migrations") {
        let sql = std::fs::read_to_string(entry.expect("an entry").path().join("up.sql")).expect("a migration");
        let lines: Vec<_> = sql.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let Some(rest) = pair[1].strip_prefix("CREATE TABLE ") else { continue };
            let name = rest.split([' ', '(']).next().expect("a name").to_owned();
            let kind = match pair[0].trim_start_matches("-- ").split_once(':') {
                None if pair[0] == "-- head" => Kind::Head { version: "version".into() },
                None if pair[0] == "-- fact" => Kind::Fact,
                Some(("head", note)) => {
                    Kind::Head { version: note.split_whitespace().next().expect("a column").into() }
                }
                Some(("fact", _)) => Kind::Fact,
                _ => panic!("{name}: say `-- fact` or `-- head` above it"),
            };
            found.insert(name, kind);
        }
    }
    found
}

/// Calls a check for each table of each database and panics with everything it complained of.
fn for_each_table(check: impl Fn(&str, &Table, &mut dyn FnMut(String))) {
    let mut complaints = Vec::new();
    for mut database in Database::both_migrated() {
        let name = database.name();
        let catalogue = database.catalogue();
        assert!(catalogue.contains_key("patients"), "{name}: the catalogue was not read");
        for (table, description) in &catalogue {
            check(table, description, &mut |complaint| complaints.push(format!("{name}: {table}: {complaint}")));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn is_global(table: &str) -> bool {
    GLOBAL.iter().any(|(name, _)| *name == table)
}

#[test]
fn every_primary_key_leads_with_the_clinic() {
    for_each_table(|table, description, complain| {
        let first = description.primary_key.first().map(String::as_str);
        let wanted = if is_global(table) { "id" } else { "clinic_id" };
        if first != Some(wanted) {
            complain(format!("its primary key is {:?}", description.primary_key));
        }
    });
}

#[test]
fn every_foreign_key_stays_inside_the_clinic_and_never_deletes() {
    for_each_table(|table, description, complain| {
        for (columns, target, there, on_delete) in &description.foreign_keys {
            if !["no action", "restrict"].contains(&on_delete.as_str()) {
                complain(format!("{columns:?} changes rows when a row of {target} goes: {on_delete}"));
            }
            let both_lead = columns[0] == "clinic_id" && there[0] == "clinic_id";
            if !is_global(target) && !both_lead {
                complain(format!("{columns:?} references {target} {there:?} past the clinic"));
            }
        }
        if is_global(table) && description.foreign_keys.iter().any(|(_, target, ..)| !is_global(target)) {
            complain("a table of no clinic references one of a clinic".into());
        }
    });
}

#[test]
fn every_index_leads_with_the_clinic() {
    for_each_table(|table, description, complain| {
        for (name, columns) in &description.indexes {
            let excepted = is_global(table) || GLOBAL_INDEXES.iter().any(|(index, _)| index == name);
            if !excepted && columns.first().is_none_or(|first| first != "clinic_id") {
                complain(format!("index {name} is on {columns:?}"));
            }
        }
    });
}

#[test]
fn every_head_has_a_version() {
    let kinds = kinds();
    for_each_table(|table, description, complain| match kinds.get(table) {
        Some(Kind::Head { version }) => {
            let column = description.columns.get(version);
            if column.is_none_or(|(kind, nullable)| *nullable || !["bigint", "integer"].contains(&kind.as_str())) {
                complain(format!("the column {version} is {column:?}"));
            }
        }
        Some(Kind::Fact) => {}
        None => complain("the migrations do not say what it is".into()),
    });
}

#[test]
fn both_databases_hold_the_same_tables_in_their_own_types() {
    let [mut sqlite, mut postgres] = Database::both_migrated();
    let loose = sqlite.lines("SELECT name AS line FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'");
    assert_eq!(loose, Vec::<Vec<String>>::new(), "these SQLite tables are not STRICT");
    let (sqlite, postgres) = (sqlite.catalogue(), postgres.catalogue());
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, there) in &postgres {
        let expected: BTreeMap<_, _> = there
            .columns
            .iter()
            .map(|(column, (kind, nullable))| {
                let here = TYPES.iter().find(|(postgres, _)| postgres == kind).map(|(_, sqlite)| *sqlite);
                let here = here.unwrap_or_else(|| panic!("{name}.{column}: {kind} is not one of our column types"));
                (column.clone(), (here.to_owned(), *nullable))
            })
            .collect();
        assert_eq!(sqlite[name].columns, expected, "{name}");
        assert_eq!(sqlite[name].primary_key, there.primary_key, "{name}");
        let keys = |table: &Table| {
            table.foreign_keys.iter().map(|(from, to, ..)| (from.clone(), to.clone())).collect::<BTreeSet<_>>()
        };
        assert_eq!(keys(&sqlite[name]), keys(there), "{name}");
    }
}

#[test]
fn the_query_schema_is_the_databases_schema() {
    let [_, mut postgres] = Database::both_migrated();
    let catalogue = postgres.catalogue();
    let declared: BTreeMap<_, _> = rust_files("src/store").iter().flat_map(declared_tables).collect();
    for (table, columns) in &declared {
        let real = catalogue.get(table).unwrap_or_else(|| panic!("{table} is declared, but no migration makes it"));
        assert_eq!(&real.columns, columns, "{table}: left the database, right the declaration");
    }
}

/// The tables that `diesel::table!` declares in a file, with PostgreSQL's name of each column's type.
fn declared_tables(file: &Source) -> Vec<(String, BTreeMap<String, (String, bool)>)> {
    let word = |at: usize| match file.tokens.get(at) {
        Some(Token::Word(word)) => Some(word.as_str()),
        _ => None,
    };
    let mark = |at: usize, mark: char| file.tokens.get(at) == Some(&Token::Mark(mark));
    let starts =
        (0..file.tokens.len()).filter(|at| word(*at) == Some("table") && mark(at + 1, '!') && mark(at + 2, '{'));
    starts
        .map(|start| {
            let mut at = start + 3;
            while word(at) == Some("use") {
                while !mark(at, ';') {
                    at += 1;
                }
                at += 1;
            }
            let name = word(at).expect("a table's name").to_owned();
            while !mark(at, '{') {
                at += 1;
            }
            let mut columns = BTreeMap::new();
            while !mark(at, '}') {
                if let (Some(column), true, true) = (word(at), mark(at + 1, '-'), mark(at + 2, '>')) {
                    let nullable = word(at + 3) == Some("Nullable");
                    let kind = word(at + if nullable { 5 } else { 3 }).expect("a type");
                    columns.insert(column.to_owned(), (column_type(kind).to_owned(), nullable));
                }
                at += 1;
            }
            (name, columns)
        })
        .collect()
}

fn column_type(kind: &str) -> &'static str {
    match kind {
        "DbUuid" => "uuid",
        "DbTimestamp" => "timestamp with time zone",
        "DbDate" => "date",
        "DbJson" => "jsonb",
        "BigInt" => "bigint",
        "Text" => "text",
        "Bool" => "boolean",
        "Binary" => "bytea",
        other => panic!("{other} is not one of our column types"),
    }
}

#[test]
fn a_fact_can_be_added_and_then_neither_changed_nor_removed() {
    let facts: Vec<_> = kinds().into_iter().filter(|(_, kind)| *kind == Kind::Fact).map(|(name, _)| name).collect();
    assert!(facts.iter().any(|table| table == "audit_events"), "the migrations were not read");
    for mut database in Database::both_migrated() {
        let catalogue = database.catalogue();
        lift_everything_but_the_guards(&mut database);
        for fact in &facts {
            let columns: Vec<_> = catalogue[fact].columns.iter().collect();
            let names = columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let values = columns.iter().map(|(_, (kind, _))| any_value(kind)).collect::<Vec<_>>().join(", ");
            let insert = format!("INSERT INTO {fact} ({names}) VALUES ({values})");
            database.run(&insert).unwrap_or_else(|error| panic!("{fact} takes no row: {error}"));
            let mut attempts = vec![
                format!("UPDATE {fact} SET clinic_id = clinic_id"),
                format!("DELETE FROM {fact}"),
                format!(
                    "{insert} ON CONFLICT ({}) DO UPDATE SET clinic_id = excluded.clinic_id",
                    catalogue[fact].primary_key.join(", ")
                ),
            ];
            attempts.push(match database {
                Database::Sqlite(_) => format!("REPLACE INTO {fact} SELECT * FROM {fact}"),
                Database::Postgres(_) => format!("TRUNCATE {fact} CASCADE"),
            });
            for attempt in attempts {
                let refusal = database.run(&attempt).expect_err(&format!("{}: done: {attempt}", database.name()));
                assert!(refusal.contains("append-only"), "{}: {attempt}: {refusal}", database.name());
            }
            let count = database.lines(&format!("SELECT CAST(count(*) AS TEXT) AS line FROM {fact}"));
            assert_eq!(count, [["1"]], "{}: {fact}", database.name());
        }
    }
}

/// The trail is guarded on any connection, whatever its settings: also one that fires no trigger for a replaced row, and
/// a superuser's that fires none of a replica's.
#[test]
fn a_trail_only_grows_on_any_connection_and_a_detail_can_only_be_erased() {
    for mut database in Database::both_migrated() {
        lift_everything_but_the_guards(&mut database);
        let (nil, hash, salt, now) = match database {
            Database::Sqlite(_) => ("zeroblob(16)", "zeroblob(32)", "zeroblob(16)", "5"),
            Database::Postgres(_) => (
                "'00000000-0000-0000-0000-000000000000'",
                "decode(repeat('00', 32), 'hex')",
                "decode(repeat('00', 16), 'hex')",
                "'2026-01-05'",
            ),
        };
        if let Database::Sqlite(_) = database {
            database.run("PRAGMA recursive_triggers = OFF").unwrap();
        }
        let event = format!(
            "audit_events (clinic_id, seq, at, action, outcome, request_id, body, leaf) VALUES ({nil}, 1, {now}, 'a', 'success', {nil}, '{{}}', {hash})"
        );
        let subject = format!("audit_subjects (clinic_id, seq, patient_id) VALUES ({nil}, 1, {nil})");
        let detail = format!("audit_details (clinic_id, seq, salt, detail) VALUES ({nil}, 1, {salt}, '{{}}')");
        let checkpoint = format!(
            "audit_checkpoints (clinic_id, size, root, frontier, note, signed_at) VALUES ({nil}, 1, {hash}, {hash}, 'n', {now})"
        );
        let head = format!("audit_heads (clinic_id, size, last_ts) VALUES ({nil}, 0, {now})");
        for row in [&event, &subject, &detail, &checkpoint] {
            database.run(&format!("INSERT INTO {row}")).unwrap_or_else(|error| panic!("{row}: {error}"));
        }
        database.run(&format!("UPDATE audit_heads SET size = 5, last_ts = {now}")).expect("a head grows");
        let mut attempts: Vec<String> = [
            "UPDATE audit_heads SET size = 4",
            "DELETE FROM audit_heads",
            "DELETE FROM audit_subjects",
            "DELETE FROM audit_details",
            "UPDATE audit_details SET detail = 'other'",
            "UPDATE audit_details SET detail = NULL, seq = 2",
            "UPDATE audit_events SET body = 'other'",
            "UPDATE audit_checkpoints SET note = 'other'",
        ]
        .map(Into::into)
        .into();
        match database {
            Database::Sqlite(_) => {
                let rows = [&event, &subject, &detail, &checkpoint, &head];
                attempts.extend(rows.map(|row| format!("INSERT OR REPLACE INTO {row}")));
                attempts.push("UPDATE OR REPLACE audit_details SET seq = 1".into());
            }
            Database::Postgres(_) => attempts.extend(
                ["audit_heads", "audit_events", "audit_subjects", "audit_details", "audit_checkpoints"]
                    .map(|table| format!("TRUNCATE {table} CASCADE")),
            ),
        }
        for attempt in attempts {
            let refusal = database.run(&attempt).expect_err(&format!("{}: done: {attempt}", database.name()));
            assert!(refusal.contains("append-only"), "{}: {attempt}: {refusal}", database.name());
        }
        database.run("UPDATE audit_details SET detail = NULL").expect("a detail is erased");
        database.run("DELETE FROM audit_subjects").expect("the list goes with it");
        let back = database.run("UPDATE audit_details SET detail = '{}'").expect_err("what is erased stays so");
        assert!(back.contains("append-only"), "{back}");
    }
}

/// Takes away what would stop a row of made-up values, and also what a superuser can switch off: only guards that
/// always hold are left.
fn lift_everything_but_the_guards(database: &mut Database) {
    if let Database::Sqlite(_) = database {
        return database.run("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").expect("pragmas");
    }
    database.run("SET session_replication_role = replica").expect("a superuser");
    let checks = "SELECT concat_ws('|', conrelid::regclass, conname) AS line FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'public'::regnamespace";
    for check in database.lines(checks) {
        database.run(&format!("ALTER TABLE {} DROP CONSTRAINT \"{}\"", check[0], check[1])).expect("a check");
    }
}

fn any_value(kind: &str) -> &'static str {
    match kind {
        "blob" => "zeroblob(16)",
        "uuid" => "'00000000-0000-0000-0000-000000000000'",
        "bytea" => "'\\x00'",
        "integer" | "bigint" => "1",
        "boolean" => "true",
        "timestamp with time zone" => "'epoch'",
        "date" => "'2026-01-05'",
        "jsonb" => "'{}'",
        _ => "'x'",
    }
}

#[test]
fn migrating_down_leaves_nothing_and_up_again_the_same_schema() {
    for mut database in Database::both() {
        let before = database.definition();
        database.up();
        let first = database.definition();
        assert!(first.len() > before.len() + 10, "{}: hardly anything was made", database.name());
        database.down();
        assert_eq!(database.definition(), before, "{}: something is left", database.name());
        database.up();
        assert_eq!(database.definition(), first, "{}: not the same the second time", database.name());
    }
}
