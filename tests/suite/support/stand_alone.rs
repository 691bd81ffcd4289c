//! A database of its own, with a clinic in it, for tests that run the real program on it.

use super::{CHEAP, Clinic, Kind, MORNING, PASSWORD, SETUP, block_on, postgres_url, scratch};
use chairside::access::password;
use chairside::access::permission::BootstrapClinic;
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::access::role::{Role, Roles};
use chairside::api::reply;
use chairside::clock::Clock;
use chairside::keys;
use chairside::store::{self, DatabaseUrl, NewClinic, NewStaff, Once, Store};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use std::path::Path;

/// The database, migrated, and the name a nurse of its clinic signs in with.
pub fn clinic(kind: Kind, folder: &Path) -> (DatabaseUrl, String) {
    let url = database(kind, folder);
    store::migrate(&url).unwrap();
    let clock = Clock::real();
    // The clinic is put in past the program, which makes keys only while nobody has an account.
    keys::make_missing(&folder.join("keys"), clock.now()).unwrap();
    let store = Store::open(&url, clock.clone(), "chairside").unwrap();
    let hash = password::hash(PASSWORD, [7; 16], CHEAP).unwrap();
    let nurse = NewStaff {
        login: "nurse".into(),
        password_hash: hash,
        display_name: "Test nurse".into(),
        roles: Roles::of([Role::Nurse]),
    };
    let new = NewClinic { name: "Clinic".into(), zone: "America/New_York".into() };
    let origin = Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::<BootstrapClinic>::host("test".into(), Scope::Installation, origin).unwrap();
    block_on(store.write(permit, Once::default(), move |tx| {
        let (id, mut events) = tx.create_clinic(&new)?;
        events.push(tx.add_staff(id, &nurse)?.1);
        Ok(tx.record(events, reply::nothing()))
    }))
    .unwrap();
    (url, "nurse".into())
}

impl Clinic {
    /// A clinic, and one next door, on a PostgreSQL database that no other test uses.
    pub fn open_alone() -> Self {
        let folder = scratch();
        let url = database(Kind::Postgres, &folder);
        store::migrate(&url).unwrap();
        Self::open_on(Kind::Postgres, MORNING, &SETUP, (folder, url))
    }

    /// A clinic without one next door.
    pub fn open_as_canary(kind: Kind, url: DatabaseUrl) -> Self {
        let pair = Self::open_on(kind, MORNING, &SETUP, (scratch(), url));
        *pair.other.unwrap()
    }
}

impl Clinic {
    /// A clinic on a database of its own, for whoever bends it.
    pub fn open_apart(kind: Kind) -> Self {
        let folder = scratch();
        let url = database(kind, &folder);
        store::migrate(&url).unwrap();
        Self::open_on(kind, MORNING, &SETUP, (folder, url))
    }
}

/// An empty database.
pub fn database(kind: Kind, folder: &Path) -> DatabaseUrl {
    let DatabaseUrl::Postgres(server) = postgres_url() else { panic!("TEST_DATABASE_URL names a PostgreSQL") };
    match kind {
        Kind::Sqlite => DatabaseUrl::Sqlite(folder.join("own.db")),
        Kind::Postgres => {
            let name = format!("own_{}", uuid::Uuid::from_bytes(chairside::clock::random()).simple());
            PgConnection::establish(&server).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
            let (base, _) = server.rsplit_once('/').unwrap();
            DatabaseUrl::Postgres(format!("{base}/{name}"))
        }
    }
}
