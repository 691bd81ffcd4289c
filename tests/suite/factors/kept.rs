//! What is kept of the secrets: nothing that opens, in any table, in the file, or beside it.

use super::{OPEN, challenge, enrol};
use crate::schema::catalogue::Database;
use crate::support::{Clinic, both_databases_with};
use chairside::domain::audit_entry::hex;
use chairside::store::DatabaseUrl;

/// Everything the database holds of this clinic and of the installation: every column of every table, and of SQLite the
/// files themselves. A byte is a character here, whatever it means.
pub fn everything(clinic: &Clinic) -> String {
    let mut database = Database::of(&clinic.url);
    let mut all = String::new();
    for (name, table) in database.catalogue() {
        let of_clinic = match (&database, table.columns.contains_key("clinic_id")) {
            (_, false) => String::new(),
            (Database::Sqlite(_), true) => {
                format!("WHERE clinic_id IN (x'{}', zeroblob(16))", clinic.id.uuid().simple())
            }
            (Database::Postgres(_), true) => format!("WHERE clinic_id IN ('{}', '{}')", clinic.id, uuid::Uuid::nil()),
        };
        for (column, (kind, _)) in &table.columns {
            let value = match (&database, kind.as_str()) {
                (Database::Sqlite(_), "blob") => format!("lower(hex({column}))"),
                (Database::Sqlite(_), _) => format!("CAST({column} AS TEXT)"),
                (Database::Postgres(_), "bytea") => format!("encode({column}, 'hex')"),
                (Database::Postgres(_), _) => format!("{column}::text"),
            };
            let lines = database.lines(&format!("SELECT COALESCE({value}, '') AS line FROM {name} {of_clinic}"));
            all.extend(lines.into_iter().map(|line| line.join("|") + "\n"));
        }
    }
    if let DatabaseUrl::Sqlite(path) = &clinic.url {
        for suffix in ["", "-wal"] {
            let file = std::fs::read(format!("{}{suffix}", path.display())).expect("the database's file");
            all.extend(file.into_iter().map(char::from));
        }
    }
    all
}

/// Whether these bytes stand anywhere, as they are or in hexadecimal digits.
pub fn holds(all: &str, secret: &[u8]) -> bool {
    let plain: String = secret.iter().copied().map(char::from).collect();
    all.contains(&plain) || all.contains(&hex(secret))
}

#[test]
fn no_secret_of_a_factor_is_in_the_database() {
    both_databases_with(&OPEN, |clinic| {
        let nurse = enrol(clinic, "nurse");
        let (waiting, pending) = (challenge(clinic, "nurse"), super::offer(clinic, "nurse", &nurse.here));
        let mut secrets = vec![nurse.secret.clone().into_bytes(), nurse.phone.0.clone(), waiting.into_bytes()];
        secrets.extend([pending.clone().into_bytes(), super::Authenticator::of(&pending).0]);
        for code in &nurse.recovery_codes {
            secrets.extend([code.clone().into_bytes(), code.replace('-', "").into_bytes()]);
            secrets.push(code.replace('-', "").to_uppercase().into_bytes());
        }
        let all = everything(clinic);
        let (login, id) = (clinic.login("nurse"), clinic.staff_id("nurse"));
        let found =
            holds(&all, login.as_bytes()) && (holds(&all, id.uuid().as_bytes()) || all.contains(&id.to_string()));
        assert!(found, "the search finds what is there");
        for secret in secrets {
            assert!(!holds(&all, &secret), "{} is in the database", String::from_utf8_lossy(&secret));
        }
    });
}
