//! Whoever owns the database and bends it: guards off, one value changed, one row gone.

use crate::schema::catalogue::Database;
use crate::support::{Clinic, Kind};

/// A database whose guards were taken away, as its owner can.
pub struct Bent {
    pub database: Database,
    pub kind: Kind,
}

impl Bent {
    /// Takes the guards away from a clinic's own database.
    pub fn of(clinic: &Clinic) -> Self {
        let mut database = Database::of(&clinic.url);
        match clinic.kind {
            Kind::Sqlite => {
                database.run("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
                let triggers = "SELECT name AS line FROM sqlite_schema WHERE type = 'trigger'";
                for trigger in database.lines(triggers) {
                    database.run(&format!("DROP TRIGGER {}", trigger[0])).unwrap();
                }
            }
            Kind::Postgres => {
                database.run("SET session_replication_role = replica").unwrap();
                let tables = "SELECT relname AS line FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
                for table in database.lines(tables) {
                    database.run(&format!("ALTER TABLE {} DISABLE TRIGGER ALL", table[0])).unwrap();
                }
                let limits = "SELECT concat_ws('|', conrelid::regclass, conname) AS line FROM pg_constraint
                    WHERE contype IN ('c', 'x', 'f') AND conrelid <> 0 AND connamespace = 'public'::regnamespace";
                for limit in database.lines(limits) {
                    database
                        .run(&format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS \"{}\"", limit[0], limit[1]))
                        .unwrap();
                }
            }
        }
        Self { database, kind: clinic.kind }
    }

    /// Another value for a column of this type, told by its name where SQLite's type does not.
    pub fn other_value(&self, column: &str, kind: &str) -> String {
        let time = column == "at"
            || column == "last_ts"
            || column.ends_with("_at")
            || column.ends_with("_until")
            || column.ends_with("_from");
        match kind {
            "integer" if time => format!("COALESCE({column}, 0) + 60000000"),
            "integer" if BOOLEANS.contains(&column) => format!("1 - COALESCE({column}, 0)"),
            "integer" | "bigint" => format!("COALESCE({column}, 0) + 1"),
            "boolean" => format!("NOT COALESCE({column}, false)"),
            "blob" => {
                format!("COALESCE(CAST(substr({column}, 1, length({column}) - 1) || x'5a' AS BLOB), zeroblob(16))")
            }
            "uuid" => "'0190a5c0-0000-7000-8000-00000000dead'".into(),
            "bytea" => format!("COALESCE({column}, '') || '\\x5a'"),
            "timestamp with time zone" => format!("COALESCE({column}, 'epoch') + interval '1 minute'"),
            "date" => format!("COALESCE({column}, '2000-01-01') + 1"),
            "jsonb" => "'{\"bent\": 1}'".into(),
            _ => format!("COALESCE({column}, '') || 'x'"),
        }
    }
}

/// Columns that are yes or no, which SQLite keeps as numbers.
const BOOLEANS: [&str; 10] = [
    "interpreter_needed",
    "renews",
    "entered_in_error",
    "residual_unknown",
    "hallucination_present",
    "hallucination_insight_kept",
    "kit_ok",
    "signed",
    "pump_differs",
    "seen_by_prescriber",
];
