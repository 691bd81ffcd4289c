//! A running clinic in a test: the real router on a real port, a private clinic, a clock that is moved by hand.
//!
//! `on_both_databases(|clinic| { … })` runs a story on SQLite and on PostgreSQL. SQLite gets a fresh copy of a
//! migrated file; PostgreSQL gets a fresh clinic in one database, which tests tenancy as well (engineering.md 5).

mod actor;
pub mod program;
mod setup;
pub mod stand_alone;
pub mod visit;

pub use actor::{Actor, Answer};
pub use setup::{CHEAP, SETUP, Setup};

use chairside::access::permission::{BootstrapClinic, InviteStaff};
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::access::role::{Role, Roles};
use chairside::api::network::Network;
use chairside::api::reply;
use chairside::api::sign_in::FrontEnd;
use chairside::clock::{self, Clock};
use chairside::domain::id::{ClinicId, StaffId};
use chairside::domain::time::Timestamp;
use chairside::keys;
use chairside::server::{self, Parts};
use chairside::store::{self, DatabaseUrl, NewClinic, NewStaff, Once, Store};
use chairside::witness::Witness;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// The password of everybody in a test.
pub const PASSWORD: &str = "correct horse battery staple";

/// Where the front-end of a test's server is from.
pub const ORIGIN: &str = "https://clinic.example";

/// A Monday morning in New York, 10:00 local time.
pub const MORNING: &str = "2026-03-02T15:00:00Z";

/// Which database a clinic runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A clinic with a server in front of it.
pub struct Clinic {
    pub kind: Kind,
    pub id: ClinicId,
    pub clock: Clock,
    pub base: String,
    pub url: DatabaseUrl,
    staff: BTreeMap<&'static str, StaffId>,
    tokens: Mutex<BTreeMap<&'static str, (String, i64)>>,
    store: Store,
    suffix: String,
    /// Another clinic on the same server, for what must not be seen.
    pub other: Option<Box<Clinic>>,
    stop: Arc<Stop>,
}

/// Stops the server when the last clinic on it is gone, and removes its folder.
struct Stop {
    handle: actix_web::dev::ServerHandle,
    folder: PathBuf,
}

impl Drop for Stop {
    fn drop(&mut self) {
        // `stop` sends its message at once; the future only waits for the end.
        drop(self.handle.stop(false));
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Tells a story on both databases, one after the other.
pub fn on_both_databases(story: impl Fn(&Clinic)) {
    story(&Clinic::open(Kind::Sqlite));
    story(&Clinic::open(Kind::Postgres));
}

/// The same on servers that are set up like this.
pub fn both_databases_with(setup: &Setup, story: impl Fn(&Clinic)) {
    story(&Clinic::open_with(Kind::Sqlite, setup));
    story(&Clinic::open_with(Kind::Postgres, setup));
}

/// The PostgreSQL that `scripts/test` started.
pub fn postgres_url() -> DatabaseUrl {
    let url = std::env::var("TEST_DATABASE_URL")
        .expect("TEST_DATABASE_URL names a PostgreSQL for tests; scripts/test starts one");
    DatabaseUrl::parse(&url).unwrap()
}

impl Clinic {
    /// A clinic with one member of each role, and a second one beside it.
    pub fn open(kind: Kind) -> Self {
        Self::open_at(kind, MORNING)
    }

    /// The same at another time.
    pub fn open_at(kind: Kind, at: &str) -> Self {
        Self::open_as(kind, at, &SETUP)
    }

    /// The same with a server that is set up like this.
    pub fn open_with(kind: Kind, setup: &Setup) -> Self {
        Self::open_as(kind, MORNING, setup)
    }

    fn open_as(kind: Kind, at: &str, setup: &Setup) -> Self {
        // What the server says of a fault belongs beside the test that met it.
        drop(tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_test_writer().try_init());
        let clock = Clock::simulated(Timestamp::parse(at).unwrap());
        let folder = scratch();
        let url = database(kind, &folder);
        let store = Store::open(&url, clock.clone(), "test").unwrap();
        let (base, handle) = serve(store.clone(), &folder, *setup);
        let stop = Arc::new(Stop { handle, folder });
        let make = |other| Self::with(kind, &clock, &url, &base, &store, &stop, other);
        make(Some(Box::new(make(None))))
    }

    /// One more clinic on the same server.
    pub fn another(&self) -> Self {
        Self::with(self.kind, &self.clock, &self.url, &self.base, &self.store, &self.stop, None)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a test's world")]
    fn with(
        kind: Kind,
        clock: &Clock,
        url: &DatabaseUrl,
        base: &str,
        store: &Store,
        stop: &Arc<Stop>,
        other: Option<Box<Self>>,
    ) -> Self {
        let suffix = audit_hex();
        let id = found(store, clock, &suffix);
        let mut clinic = Self {
            kind,
            id,
            clock: clock.clone(),
            base: base.to_owned(),
            url: url.clone(),
            staff: BTreeMap::new(),
            tokens: Mutex::default(),
            store: store.clone(),
            suffix,
            other,
            stop: Arc::clone(stop),
        };
        let people = [
            ("prescriber", vec![Role::Prescriber]),
            ("second_prescriber", vec![Role::Prescriber]),
            ("nurse", vec![Role::Nurse]),
            ("second_nurse", vec![Role::Nurse]),
            ("front_desk", vec![Role::FrontDesk]),
            ("auditor", vec![Role::Auditor]),
            ("admin", vec![Role::Admin]),
        ];
        for (who, roles) in people {
            let staff = clinic.hire(who, &roles);
            clinic.staff.insert(who, staff);
        }
        clinic
    }

    fn hire(&self, who: &str, roles: &[Role]) -> StaffId {
        let new = NewStaff {
            login: self.login(who),
            password_hash: password_hash(),
            display_name: format!("Test {who}"),
            roles: Roles::of(roles.iter().copied()),
        };
        let origin = Origin { request: self.clock.new_id(), client_ip: None };
        let permit = Permit::<InviteStaff>::host("test".into(), Scope::Clinic(self.id), origin).unwrap();
        let (clinic, (send, receive)) = (self.id, std::sync::mpsc::channel());
        block_on(self.store.write(permit, Once::default(), move |tx| {
            let (id, event) = tx.add_staff(clinic, &new)?;
            send.send(id).unwrap();
            Ok(tx.record(vec![event], reply::nothing()))
        }))
        .unwrap();
        receive.recv().unwrap()
    }

    /// The name somebody signs in with.
    pub fn login(&self, who: &str) -> String {
        format!("{who}.{}", self.suffix)
    }

    /// The membership of one of the seven.
    pub fn staff_id(&self, who: &str) -> StaffId {
        self.staff[who]
    }

    /// The clock looks once at everything of this clinic that is due, as the server's own watcher does: each test has
    /// a clock of its own, and on PostgreSQL its clinic lies beside those of other tests.
    pub fn look_after_checks(&self) {
        block_on(chairside::watch::look(&self.store, Some(self.id))).unwrap();
    }

    /// The time on the clinic's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock.
    pub fn advance_minutes(&self, minutes: i64) {
        self.clock.advance_minutes(minutes);
    }

    pub fn nurse(&self) -> Actor<'_> {
        self.actor("nurse")
    }

    pub fn prescriber(&self) -> Actor<'_> {
        self.actor("prescriber")
    }

    pub fn front_desk(&self) -> Actor<'_> {
        self.actor("front_desk")
    }

    pub fn auditor(&self) -> Actor<'_> {
        self.actor("auditor")
    }

    pub fn admin(&self) -> Actor<'_> {
        self.actor("admin")
    }

    /// Somebody with no token.
    pub fn nobody(&self) -> Actor<'_> {
        Actor::new(self, None, "nobody")
    }

    /// The clinic next door, on the same server.
    pub fn next_door(&self) -> &Clinic {
        self.other.as_deref().expect("a clinic next door")
    }

    /// One of `prescriber second_prescriber nurse second_nurse front_desk auditor admin`, signed in.
    pub fn actor(&self, who: &'static str) -> Actor<'_> {
        let now = self.clock.now().millis();
        let mut tokens = self.tokens.lock().unwrap();
        let fresh = tokens.get(who).filter(|(_, at)| now - at < 8 * 60_000).map(|(token, _)| token.clone());
        let token = fresh.unwrap_or_else(|| {
            let token = self.sign_in(who);
            tokens.insert(who, (token.clone(), now));
            token
        });
        Actor::new(self, Some(token), who)
    }

    /// A new access token of one of the seven. The clock stands still, so it stays good.
    pub fn token(&self, who: &str) -> String {
        self.sign_in(who)
    }

    /// Where this clinic's people are: a network of its own, so that the wrong passwords of one test, counted by
    /// address, stand in no other's way on a database they share.
    pub fn address(&self) -> String {
        let id = self.id.uuid();
        let [.., a, b, c, d] = *id.as_bytes();
        format!("2001:db8:{a:02x}{b:02x}:{c:02x}{d:02x}::1")
    }

    fn sign_in(&self, who: &str) -> String {
        let body = serde_json::json!({"login": self.login(who), "password": PASSWORD});
        let answer = self.nobody().post("/api/v1/auth/login", &body).expect(200);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    /// The folder of this server's keys.
    pub fn key_folder(&self) -> PathBuf {
        self.stop.folder.join("keys")
    }

    /// The key that signs this server's tokens.
    pub fn token_key(&self) -> Vec<u8> {
        std::fs::read(self.stop.folder.join("keys/tokens.der")).unwrap()
    }

    /// The store behind the router.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Runs a unit of work past the router.
    pub fn in_a_unit<P: chairside::access::permission::Permission>(
        &self,
        permit: Permit<P>,
        once: Once,
        work: impl FnOnce(&mut store::Writer<'_, P>) -> store::Result<store::Recorded> + Send + 'static,
    ) -> store::Result<store::Written> {
        block_on(self.store.write(permit, once, work))
    }

    /// What the trail of this clinic says, oldest first: `action outcome`.
    pub fn trail(&self) -> Vec<String> {
        store::actions_of_trail(&self.url, self.id)
            .unwrap()
            .into_iter()
            .map(|(action, outcome)| format!("{action} {outcome}"))
            .collect()
    }
}

fn audit_hex() -> String {
    chairside::domain::audit_entry::hex(&clock::random::<6>())
}

/// Sets up a clinic; gives back its id.
fn found(store: &Store, clock: &Clock, suffix: &str) -> ClinicId {
    let new = NewClinic { name: format!("Clinic {suffix}"), zone: "America/New_York".into() };
    let origin = Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::<BootstrapClinic>::host("test".into(), Scope::Installation, origin).unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    block_on(store.write(permit, Once::default(), move |tx| {
        let (id, events) = tx.create_clinic(&new)?;
        send.send(id).unwrap();
        Ok(tx.record(events, reply::nothing()))
    }))
    .unwrap();
    receive.recv().unwrap()
}

/// The same hash for everybody: only sign-in tests hash.
fn password_hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| chairside::access::password::hash(PASSWORD, [7; 16], CHEAP).unwrap()).clone()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}

/// A folder of this test's own.
pub fn scratch() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("chairside-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A migrated database: a copy of a template file, or the one PostgreSQL database of this run.
fn database(kind: Kind, folder: &std::path::Path) -> DatabaseUrl {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    static MIGRATED: OnceLock<()> = OnceLock::new();
    match kind {
        Kind::Sqlite => {
            let template = TEMPLATE.get_or_init(|| {
                let path = scratch().join("template.db");
                store::migrate(&DatabaseUrl::Sqlite(path.clone())).unwrap();
                path
            });
            let path = folder.join("clinic.db");
            std::fs::copy(template, &path).unwrap();
            DatabaseUrl::Sqlite(path)
        }
        Kind::Postgres => {
            let url = postgres_url();
            MIGRATED.get_or_init(|| store::migrate(&url).unwrap());
            url
        }
    }
}

/// Behind a proxy on this machine, with a name of its own.
fn network() -> Network {
    Network { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], allowed_hosts: vec!["clinic.example".into()] }
}

/// Runs the real server on a free port, in a thread of its own.
fn serve(store: Store, folder: &std::path::Path, setup: Setup) -> (String, actix_web::dev::ServerHandle) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let keys = keys::load(&folder.join("keys"), "test").unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let Setup { limits, cost } = setup;
            let parts = Parts {
                store,
                keys,
                password_cost: cost,
                limits,
                front_end: FrontEnd(Some(ORIGIN.into())),
                witness: Witness::default(),
                network: network(),
            };
            let server = server::start(parts, listener, 2).unwrap();
            send.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (base, receive.recv().unwrap())
}
