//! The login of the database URL: an owner that is no superuser, one that may make no role, one that owns nothing.

use super::cluster::Cluster;
use super::{as_login, connect, lines, number, refusal, run};
use crate::architecture::source::root;
use crate::support::{Kind, scratch, stand_alone};
use chairside::store;

/// The database's name, to be told apart from others of this server.
fn name_of(url: &store::DatabaseUrl) -> String {
    let store::DatabaseUrl::Postgres(url) = url else { panic!("this is about PostgreSQL") };
    url.rsplit_once('/').unwrap().1.to_owned()
}

#[test]
fn an_owner_that_is_no_superuser_migrates_the_data_of_every_clinic_and_is_behind_the_wall_itself() {
    let url = stand_alone::database(Kind::Postgres, &scratch());
    let (mut superuser, name) = (connect(&url), name_of(&url));
    let owner = format!("owner_{name}");
    run(&mut superuser, &format!("CREATE ROLE {owner} LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {owner}; ALTER SCHEMA public OWNER TO {owner}")).unwrap();
    let as_owner = as_login(&url, &owner);
    // A database of an older version, in which the wall stood already.
    let mut past = connect(&as_owner);
    run(&mut past, "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY, run_on TIMESTAMP NOT NULL DEFAULT now())").unwrap();
    let mut folders: Vec<_> =
        std::fs::read_dir(root().join("migrations/postgres")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders.iter().take_while(|folder| !folder.ends_with("0030_sign_ins")) {
        run(&mut past, &std::fs::read_to_string(folder.join("up.sql")).unwrap()).unwrap();
        let version = &folder.file_name().unwrap().to_str().unwrap()[..4];
        run(&mut past, &format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')")).unwrap();
    }
    let id = "'0190a5c0-0000-7000-8000-000000000001'";
    run(
        &mut past,
        &format!(
            "INSERT INTO clinics VALUES ({id}, 1, 'Old', 'UTC', now());
             INSERT INTO accounts VALUES ({id}, 1, 'old', 'none', 1, now());
             INSERT INTO staff VALUES ({id}, {id}, 1, {id}, 'Old', now());
             INSERT INTO login_sessions VALUES ({id}, {id}, 1, {id}, {id}, 1, '2026-01-05', '2026-01-06');
             ALTER TABLE login_sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        ),
    )
    .unwrap();
    assert_eq!(number(&mut past, "SELECT count(*) FROM login_sessions"), 0, "the owner does not see its own rows");
    store::migrate(&as_owner).unwrap();
    let moved = "SELECT count(*) FROM login_sessions WHERE last_seen_at = created_at";
    assert_eq!(number(&mut superuser, moved), 1, "the migration of data met no row");
    assert_eq!(number(&mut past, "SELECT count(*) FROM login_sessions"), 0, "the wall does not stand again");
    assert_eq!(refusal(&as_owner), "");
}

#[test]
fn a_login_that_may_make_no_role_is_told_what_a_superuser_has_to_run() {
    let cluster = Cluster::start();
    let mut superuser = connect(&cluster.url);
    run(&mut superuser, "CREATE ROLE plain LOGIN").unwrap();
    run(&mut superuser, "CREATE DATABASE plain OWNER plain").unwrap();
    let store::DatabaseUrl::Postgres(base) = &cluster.url else { panic!("this is about PostgreSQL") };
    let (server, _) = base.rsplit_once('/').unwrap();
    let database = store::DatabaseUrl::Postgres(format!("{server}/plain"));
    let url = as_login(&database, "plain");
    let refused = store::migrate(&url).unwrap_err().to_string();
    assert!(refused.contains("CREATE ROLE chairside_app NOLOGIN;"), "{refused}");
    assert!(refused.contains("GRANT chairside_app TO plain;"), "{refused}");
    run(&mut superuser, "CREATE ROLE chairside_app NOLOGIN").unwrap();
    let refused = store::migrate(&url).unwrap_err().to_string();
    assert!(refused.contains("GRANT chairside_app TO plain;"), "the role is there, but not for this login: {refused}");
    run(&mut superuser, "GRANT chairside_app TO plain").unwrap();
    store::migrate(&url).unwrap();
    assert_eq!(refusal(&url), "", "what was advised is enough");

    // Who owns nothing and only acts as the role serves as well, once somebody else has migrated.
    run(&mut superuser, "CREATE ROLE server LOGIN IN ROLE chairside_app").unwrap();
    assert_eq!(refusal(&as_login(&database, "server")), "");
    run(&mut superuser, "CREATE ROLE stranger LOGIN").unwrap();
    let refused = refusal(&as_login(&database, "stranger"));
    assert!(refused.contains("GRANT chairside_app TO stranger"), "{refused}");

    // A role above the wall, or one that could take it down.
    for (broken, mended, words) in [
        ("ALTER ROLE chairside_app BYPASSRLS", "ALTER ROLE chairside_app NOBYPASSRLS", "NOSUPERUSER NOBYPASSRLS"),
        ("ALTER ROLE chairside_app SUPERUSER", "ALTER ROLE chairside_app NOSUPERUSER", "NOSUPERUSER NOBYPASSRLS"),
        ("ALTER TABLE rooms OWNER TO chairside_app", "ALTER TABLE rooms OWNER TO plain", "owns rooms"),
    ] {
        let mut inside = connect(&database);
        run(&mut inside, broken).unwrap();
        let refused = refusal(&database);
        assert!(refused.contains(words), "{broken}: {refused}");
        assert!(store::migrate(&database).is_err(), "{broken}: nobody may mend that unseen");
        run(&mut inside, mended).unwrap();
    }
    let left =
        lines(&mut connect(&database), "SELECT relowner::regrole::text AS line FROM pg_class WHERE relname = 'rooms'");
    assert_eq!(left, ["plain"]);
    store::migrate(&database).unwrap();
    assert_eq!(refusal(&url), "");
}
