//! The wall from inside: as the role the server acts as, on tables that hold rows of two clinics.

use super::{connect, lines, number, run};
use crate::every_endpoint::everything_planted_in;
use crate::schema::catalogue::Database;
use crate::support::{Clinic, Kind, long};
use chairside::store::TABLES_OPEN_TO_ALL_CLINICS;
use diesel::PgConnection;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Tables with a clinic in their key that no wall stands around, by hand. The list may only shrink.
const OPEN: [&str; 4] = ["factors", "recovery_codes", "sign_in_limits", "timers"];

/// Two clinics with a record of every kind, on the PostgreSQL all tests share.
fn two_clinics() -> Clinic {
    let clinic = Clinic::open(Kind::Postgres);
    everything_planted_in(&clinic);
    everything_planted_in(clinic.next_door());
    clinic
}

/// A connection that acts as the server does.
fn as_the_server(clinic: &Clinic) -> PgConnection {
    let mut connection = connect(&clinic.url);
    run(&mut connection, "SET ROLE chairside_app").unwrap();
    connection
}

/// Every table with a clinic in its key.
fn tables(clinic: &Clinic) -> Vec<String> {
    let catalogue = Database::of(&clinic.url).catalogue();
    catalogue.into_iter().filter(|(_, table)| table.columns.contains_key("clinic_id")).map(|(name, _)| name).collect()
}

fn walled(clinic: &Clinic) -> Vec<String> {
    tables(clinic).into_iter().filter(|table| !OPEN.contains(&table.as_str())).collect()
}

#[test]
fn the_tables_without_a_wall_are_those_that_have_a_reason() {
    let named: Vec<_> = TABLES_OPEN_TO_ALL_CLINICS.iter().map(|(table, reason)| (*table, reason.len() > 20)).collect();
    assert_eq!(named, OPEN.map(|table| (table, true)), "left the store's list, right the one kept here");
    let clinic = Clinic::open(Kind::Postgres);
    let open = lines(
        &mut connect(&clinic.url),
        "SELECT c.relname::text AS line FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
         AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1",
    );
    let reasoned = |table: &&String| OPEN.contains(&table.as_str());
    let others: Vec<_> = open.iter().filter(|table| !reasoned(table)).collect();
    assert_eq!(others, ["__diesel_schema_migrations", "accounts"], "{open:?}");
    assert!(open.iter().filter(reasoned).count() >= 2, "{open:?}");
}

#[test]
fn a_query_that_forgets_its_clinic_sees_nothing_of_another() {
    let clinic = two_clinics();
    let (mut server, mut superuser) = (as_the_server(&clinic), connect(&clinic.url));
    let mut held = 0;
    for table in walled(&clinic) {
        let foreign = format!("SELECT count(*) FROM {table} WHERE clinic_id <> '{}'", clinic.id);
        let all = format!("SELECT count(*) FROM {table}");
        held += i64::from(number(&mut superuser, &foreign) > 0);
        assert_eq!(number(&mut server, &all), 0, "{table}: seen before a clinic is chosen");
        run(&mut server, &format!("BEGIN; SET LOCAL app.clinic_id = '{}'", clinic.id)).unwrap();
        assert_eq!(number(&mut server, &foreign), 0, "{table}: rows of another clinic are seen");
        let own = format!("SELECT count(*) FROM {table} WHERE clinic_id = '{}'", clinic.id);
        assert_eq!(number(&mut server, &all), number(&mut superuser, &own), "{table}: not all of one's own");
        run(&mut server, "COMMIT").unwrap();
        assert_eq!(number(&mut server, &all), 0, "{table}: the choice outlives its transaction");
        // Nor does a statement that forgets whose rows it means change one.
        run(&mut server, &format!("BEGIN; SET LOCAL app.clinic_id = '{}'", clinic.id)).unwrap();
        let update = format!("UPDATE {table} SET clinic_id = clinic_id WHERE clinic_id <> '{}'", clinic.id);
        match diesel::RunQueryDsl::execute(diesel::sql_query(&update), &mut server) {
            Ok(changed) => assert_eq!(changed, 0, "{update}"),
            Err(error) => assert!(error.to_string().contains("permission denied"), "{update}: {error}"),
        }
        run(&mut server, "ROLLBACK").unwrap();
    }
    run(&mut server, &format!("BEGIN; SET LOCAL app.clinic_id = '{}'", clinic.id)).unwrap();
    assert_eq!(lines(&mut server, "SELECT id::text AS line FROM clinics"), [clinic.id.to_string()]);
    assert!(held >= 38, "only {held} tables held rows of another clinic: nothing was proved of the others");
    let _ = writeln!(std::io::stderr(), "the wall: {held} tables with rows of another clinic, none seen");
}

#[test]
fn who_signs_in_sees_their_own_memberships_and_the_names_of_those_clinics_alone() {
    let clinic = Clinic::open(Kind::Postgres);
    let (mut server, mut superuser) = (as_the_server(&clinic), connect(&clinic.url));
    let account = &lines(
        &mut superuser,
        &format!("SELECT account_id::text AS line FROM staff WHERE id = '{}'", clinic.staff_id("nurse")),
    )[0];
    run(&mut server, &format!("BEGIN; SET LOCAL app.account_id = '{account}'")).unwrap();
    assert_eq!(lines(&mut server, "SELECT id::text AS line FROM staff"), [clinic.staff_id("nurse").to_string()]);
    assert_eq!(lines(&mut server, "SELECT id::text AS line FROM clinics"), [clinic.id.to_string()]);
    assert_eq!(number(&mut server, "SELECT count(*) FROM staff_roles"), 0);
    let moved = run(&mut server, "UPDATE staff SET display_name = 'taken over'; COMMIT");
    assert!(moved.is_ok());
    let names =
        lines(&mut superuser, &format!("SELECT display_name AS line FROM staff WHERE clinic_id = '{}'", clinic.id));
    assert!(!names.contains(&"taken over".to_owned()), "seeing a membership is not changing it");
    run(&mut server, "BEGIN; SET LOCAL app.job = 'notary'").unwrap();
    assert!(number(&mut server, "SELECT count(*) FROM audit_heads") > 1, "the notary sees no trail");
    for table in ["audit_events", "audit_details", "patients"] {
        assert_eq!(number(&mut server, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

#[test]
fn no_row_can_be_moved_to_another_clinic_or_planted_there() {
    let clinic = two_clinics();
    let (mut server, other) = (as_the_server(&clinic), clinic.next_door().id);
    let (mut planted, mut moved) = (0, 0);
    for table in walled(&clinic) {
        let row = format!("jsonb_populate_record(NULL::{table}, to_jsonb(t.*) || '{{\"clinic_id\": \"{other}\"}}')");
        for (sql, count) in [
            (format!("INSERT INTO {table} SELECT ({row}).* FROM {table} t LIMIT 1"), &mut planted),
            (format!("UPDATE {table} SET clinic_id = '{other}'"), &mut moved),
        ] {
            run(&mut server, &format!("BEGIN; SET LOCAL app.clinic_id = '{}'", clinic.id)).unwrap();
            if number(&mut server, &format!("SELECT count(*) FROM {table}")) > 0 {
                let refused = run(&mut server, &sql).expect_err(&format!("{sql}: done"));
                let walled = refused.contains("violates row-level security policy");
                // Facts are guarded before: by a right that is not there, or by their trigger.
                let fact = refused.contains("permission denied") || refused.contains("append-only");
                assert!(walled || (fact && sql.starts_with("UPDATE")), "{sql}: {refused}");
                *count += i32::from(walled);
            }
            run(&mut server, "ROLLBACK").unwrap();
        }
    }
    assert!(planted >= 38 && moved >= 15, "only {planted} tables were tried with INSERT, {moved} with UPDATE");
}

#[test]
fn the_server_itself_can_neither_change_its_trail_nor_switch_off_what_guards_it() {
    let clinic = two_clinics();
    let mut server = as_the_server(&clinic);
    let facts = lines(
        &mut server,
        "SELECT DISTINCT t.tgrelid::regclass::text AS line FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE p.proname = 'chairside_append_only' AND t.tgtype = 27 AND t.tgqual IS NULL ORDER BY 1",
    );
    assert!(facts.contains(&"audit_events".to_owned()) && facts.len() > 20, "{facts:?}");
    for table in &facts {
        for sql in [
            format!("UPDATE {table} SET clinic_id = clinic_id"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let refused = run(&mut server, &sql).expect_err(&format!("{sql}: done"));
            assert!(refused.contains("permission denied"), "{sql}: {refused}");
        }
    }
    for sql in [
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "ALTER TABLE audit_events DISABLE TRIGGER audit_events_append_only",
        "ALTER TABLE audit_events DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE audit_events OWNER TO chairside_app",
        "DROP TRIGGER audit_events_append_only ON audit_events",
        "DROP POLICY clinic ON audit_events",
        "ALTER POLICY clinic ON audit_events USING (true)",
        "CREATE POLICY wide ON patients USING (true)",
        "CREATE RULE none AS ON INSERT TO audit_events DO INSTEAD NOTHING",
        "DROP TABLE audit_details",
        "DELETE FROM audit_heads",
        "TRUNCATE audit_heads CASCADE",
        "DELETE FROM patients",
        "DELETE FROM __diesel_schema_migrations",
        "CREATE OR REPLACE FUNCTION chairside_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP FUNCTION chairside_append_only CASCADE",
        "ALTER ROLE chairside_app BYPASSRLS",
    ] {
        let refused = run(&mut server, sql).expect_err(&format!("{sql}: done"));
        let denied =
            ["permission denied", "must be owner", "must be superuser"].iter().any(|word| refused.contains(word));
        assert!(denied, "{sql}: {refused}");
    }
}

/// What one write and one read take, in turns with and without the wall on a database of its own; and the plan that
/// explains why it is so little: the policy is looked at once a statement, and the key is still found by its index.
#[test]
fn the_wall_leaves_every_key_to_its_index_and_costs_little() {
    let clinic = Clinic::open_alone();
    let body = serde_json::json!({"family_name": "Rivera", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    let path = format!("/api/v1/patients/{}", made.body["patient"]["id"].as_str().unwrap());
    let mut server = as_the_server(&clinic);
    let plans = format!(
        "BEGIN; SET LOCAL app.clinic_id = '{}'; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan;
         PREPARE one (uuid, uuid) AS SELECT mrn FROM patients WHERE clinic_id = $1 AND id = $2", clinic.id
    );
    run(&mut server, &plans).unwrap();
    let explained = diesel::RunQueryDsl::load::<Plan>(
        diesel::sql_query(format!("EXPLAIN EXECUTE one ('{}', '{}')", clinic.id, clinic.id)),
        &mut server,
    )
    .unwrap();
    let plan: Vec<String> = explained.into_iter().map(|row| row.plan).collect();
    assert!(
        plan.iter()
            .any(|line| line.contains("Index Cond") && line.contains("clinic_id = $1") && line.contains("id = $2")),
        "{plan:#?}"
    );
    drop(server);

    let mut superuser = connect(&clinic.url);
    let mut took: BTreeMap<(&str, bool), Duration> = BTreeMap::new();
    let rounds = if long() { 40 } else { 8 };
    for round in 0..rounds {
        // A B B A: what the machine does meanwhile falls on both.
        let walled = matches!(round % 4, 0 | 3);
        for table in walled_tables_of(&mut superuser) {
            let switch = if walled { "ENABLE" } else { "DISABLE" };
            run(&mut superuser, &format!("ALTER TABLE {table} {switch} ROW LEVEL SECURITY")).unwrap();
        }
        let mut time = |what, act: &dyn Fn()| {
            act();
            let began = Instant::now();
            (0..20).for_each(|_| act());
            *took.entry((what, walled)).or_default() += began.elapsed();
        };
        time("read", &|| drop(clinic.nurse().get(&path).expect(200)));
        time("write", &|| drop(clinic.front_desk().post("/api/v1/patients", &body).expect(201)));
    }
    for what in ["read", "write"] {
        let (with, without) = (took[&(what, true)], took[&(what, false)]);
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        let _ = writeln!(
            std::io::stderr(),
            "the wall: a {what} takes {ratio:.3} times as long with it ({with:?} to {without:?} for {} each)",
            rounds * 10
        );
    }
}

#[derive(diesel::QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    plan: String,
}

fn walled_tables_of(connection: &mut PgConnection) -> Vec<String> {
    lines(connection, "SELECT DISTINCT polrelid::regclass::text AS line FROM pg_policy ORDER BY 1")
}
