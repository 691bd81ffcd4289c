//! A server does not start on a database that would break its promises, and says what is wrong with it.

use super::{connect, lines, number, refusal, run};
use crate::support::{Kind, scratch, stand_alone};
use chairside::store::{self, DatabaseUrl};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

/// What is done to a database, what a server then says of it, and how it is undone; nothing where `chairside migrate`
/// mends it.
const BREAKAGES: [(&str, &str, &str); 21] = [
    ("ALTER TABLE patients DISABLE ROW LEVEL SECURITY", "patients has no row-level security", ""),
    ("ALTER TABLE clinics DISABLE ROW LEVEL SECURITY", "clinics has no row-level security", ""),
    ("ALTER TABLE patients NO FORCE ROW LEVEL SECURITY", "row-level security of patients is not forced", ""),
    ("DROP POLICY clinic ON patients", "patients has no policy clinic", ""),
    ("DROP POLICY sign_in ON staff", "staff has no policy sign_in", ""),
    ("ALTER POLICY clinic ON patients USING (true)", "policy clinic of patients is not what it was made as", ""),
    ("ALTER POLICY clinic ON patients WITH CHECK (true)", "policy clinic of patients is not what it was made as", ""),
    (
        "CREATE POLICY wide ON patients USING (true)",
        "policy wide of patients is not ours",
        "DROP POLICY wide ON patients",
    ),
    ("GRANT UPDATE ON audit_events TO chairside_app", "has the right to UPDATE on audit_events", ""),
    ("GRANT UPDATE (body) ON audit_events TO chairside_app", "has the right to UPDATE on audit_events", ""),
    ("GRANT DELETE, TRUNCATE ON observations TO PUBLIC", "has the right to DELETE, TRUNCATE on observations", ""),
    ("GRANT TRIGGER ON audit_details TO chairside_app", "has the right to TRIGGER on audit_details", ""),
    ("ALTER TABLE audit_events ENABLE TRIGGER audit_events_append_only", "audit_events is not ENABLE ALWAYS", ""),
    (
        "ALTER TABLE audit_events DISABLE TRIGGER audit_events_append_only",
        "audit_events_append_only of audit_events is switched off",
        "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_append_only",
    ),
    (
        "ALTER TABLE audit_events ENABLE REPLICA TRIGGER audit_events_no_truncate",
        "audit_events_no_truncate of audit_events is switched off",
        "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate",
    ),
    (
        "DROP TRIGGER audit_subjects_append_only ON audit_subjects",
        "audit_subjects has no trigger that refuses UPDATE and DELETE",
        "CREATE TRIGGER audit_subjects_append_only BEFORE UPDATE OR DELETE ON audit_subjects FOR EACH ROW EXECUTE FUNCTION chairside_append_only()",
    ),
    (
        "DROP TRIGGER audit_details_no_truncate ON audit_details",
        "audit_details has no trigger that refuses TRUNCATE",
        "CREATE TRIGGER audit_details_no_truncate BEFORE TRUNCATE ON audit_details FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only()",
    ),
    (
        "DROP TRIGGER observations_append_only ON observations",
        "no right to UPDATE on observations",
        "CREATE TRIGGER observations_append_only BEFORE UPDATE OR DELETE ON observations FOR EACH ROW EXECUTE FUNCTION chairside_append_only()",
    ),
    (
        "CREATE OR REPLACE FUNCTION chairside_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "chairside_append_only lets facts be changed",
        "CREATE OR REPLACE FUNCTION chairside_append_only() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'append-only'; END$$",
    ),
    (
        "ALTER DATABASE {database} SET synchronous_commit = off",
        "synchronous_commit is off",
        "ALTER DATABASE {database} RESET synchronous_commit",
    ),
    (
        "UPDATE __diesel_schema_migrations SET version = 'later_1' WHERE version = '0012'",
        "lacks migration 0012",
        "UPDATE __diesel_schema_migrations SET version = '0012' WHERE version = 'later_1'",
    ),
];

#[test]
fn on_postgresql_a_server_starts_only_where_the_wall_and_the_guards_of_the_facts_are_whole() {
    let url = stand_alone::database(Kind::Postgres, &scratch());
    let DatabaseUrl::Postgres(text) = &url else { panic!("this is about PostgreSQL") };
    let name = text.rsplit_once('/').unwrap().1;
    store::migrate(&url).unwrap();
    assert_eq!(refusal(&url), "");
    let mut owner = connect(&url);
    for (breakage, words, undo) in BREAKAGES {
        run(&mut owner, &breakage.replace("{database}", name)).unwrap();
        let refused = refusal(&url);
        assert!(refused.contains(words), "{breakage}: {refused:?}");
        if undo.is_empty() {
            assert!(refused.contains("mended by"), "{breakage}: the operator is not told what to run: {refused}");
            // The start of a server leaves it as it is: it may be a trace.
            store::migrate_if_needed(&url).unwrap();
            assert_eq!(refusal(&url), refused, "{breakage}");
        } else {
            assert!(store::migrate(&url).is_err() || words.starts_with("synchronous"), "{breakage}: mended unseen");
            assert!(refusal(&url).contains(words), "{breakage}");
            run(&mut owner, &undo.replace("{database}", name)).unwrap();
        }
        store::migrate(&url).unwrap();
        assert_eq!(refusal(&url), "", "after {breakage}");
    }
}

#[test]
fn a_table_of_a_later_migration_is_behind_the_wall_without_anybodys_doing() {
    let url = stand_alone::database(Kind::Postgres, &scratch());
    store::migrate(&url).unwrap();
    let mut owner = connect(&url);
    run(&mut owner, "CREATE TABLE later (clinic_id UUID NOT NULL, id UUID NOT NULL, PRIMARY KEY (clinic_id, id)); INSERT INTO later VALUES ('0190a5c0-0000-7000-8000-000000000001', '0190a5c0-0000-7000-8000-000000000002')").unwrap();
    assert!(refusal(&url).contains("later has no row-level security"), "an open table goes unnoticed");
    store::migrate(&url).unwrap();
    assert_eq!(refusal(&url), "");
    run(&mut owner, "SET ROLE chairside_app").unwrap();
    assert_eq!(number(&mut owner, "SELECT count(*) FROM later"), 0);
    run(&mut owner, "SET app.clinic_id = '0190a5c0-0000-7000-8000-000000000001'").unwrap();
    assert_eq!(number(&mut owner, "SELECT count(*) FROM later"), 1);
    run(&mut owner, "UPDATE later SET id = id").unwrap();
    assert!(run(&mut owner, "DELETE FROM later").is_err());
}

#[test]
fn on_sqlite_a_server_starts_only_where_every_trigger_is_as_it_was_made() {
    let url = DatabaseUrl::Sqlite(scratch().join("own.db"));
    let DatabaseUrl::Sqlite(path) = &url else { panic!("a file") };
    store::migrate(&url).unwrap();
    let mut file = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    assert_eq!(refusal(&url), "");
    let made = sqlite_text(&mut file, "audit_events_no_update");
    for (breakage, words, undo) in [
        ("DROP TRIGGER audit_events_no_update".to_owned(), "audit_events_no_update is missing", made.clone()),
        (
            format!(
                "DROP TRIGGER audit_events_no_update; {}",
                made.replace("BEFORE UPDATE", "BEFORE UPDATE OF action")
            ),
            "audit_events_no_update is not what it was made as",
            format!("DROP TRIGGER audit_events_no_update; {made}"),
        ),
        (
            "CREATE TRIGGER helper AFTER INSERT ON audit_events BEGIN DELETE FROM audit_cases; END".to_owned(),
            "helper is not one of ours",
            "DROP TRIGGER helper".to_owned(),
        ),
        (
            "UPDATE __diesel_schema_migrations SET version = 'later' WHERE version = '0012'".to_owned(),
            "lacks migration 0012",
            "UPDATE __diesel_schema_migrations SET version = '0012' WHERE version = 'later'".to_owned(),
        ),
    ] {
        file.batch_execute(&breakage).unwrap_or_else(|error| panic!("{breakage}: {error}"));
        let refused = refusal(&url);
        assert!(refused.contains(words), "{breakage}: {refused:?}");
        file.batch_execute(&undo).unwrap();
        assert_eq!(refusal(&url), "", "after {breakage}");
    }
}

fn sqlite_text(file: &mut SqliteConnection, trigger: &str) -> String {
    use diesel::RunQueryDsl as _;
    let sql = format!("SELECT sql AS line FROM sqlite_schema WHERE name = '{trigger}'");
    let rows: Vec<super::Line> = diesel::sql_query(sql).load(file).unwrap();
    rows.into_iter().next().unwrap_or_else(|| panic!("no trigger {trigger}")).line
}

#[test]
fn the_program_itself_ends_with_the_list_and_does_not_listen() {
    let folder = scratch();
    let url = stand_alone::database(Kind::Postgres, &folder);
    store::migrate(&url).unwrap();
    run(&mut connect(&url), "DROP POLICY clinic ON patients; DROP TRIGGER audit_events_no_truncate ON audit_events")
        .unwrap();
    let DatabaseUrl::Postgres(text) = &url else { panic!("this is about PostgreSQL") };
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_chairside"))
        .args(["serve", "--database-url", text, "--bind", "127.0.0.1:0", "--log", "error", "--keys"])
        .arg(folder.join("keys"))
        .output()
        .unwrap();
    assert!(!ended.status.success());
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("patients has no policy clinic") && said.contains("refuses TRUNCATE"), "{said}");
    let open = lines(
        &mut connect(&url),
        "SELECT relname::text AS line FROM pg_class WHERE relname = 'patients' AND relrowsecurity",
    );
    assert_eq!(open, ["patients"]);
}
