//! The measurements.

use super::load::{Load, Measured, Request};
use super::nothing;
use super::processor::{Who, parent_of};
use super::support::{Clinic, Kind, SETUP, Setup, postgres_url, scratch};
use chairside::keys;
use chairside::store::DatabaseUrl;
use diesel::prelude::*;
use serde_json::json;

/// How many clinics write at once.
const CLINICS: usize = 64;

pub const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    }
}

/// One clinic's running session and its nurse.
struct Chair {
    session: String,
    patient: String,
    token: String,
}

impl Chair {
    fn in_clinic(clinic: &Clinic) -> Self {
        let visit = clinic.a_running_session();
        Self { session: visit.session.clone(), patient: visit.patient.clone(), token: clinic.token("nurse") }
    }

    fn request(&self, method: &'static str, rest: &str, body: String) -> Request {
        let bearer = format!("Bearer {}", self.token);
        let headers = vec![("Authorization".into(), bearer), ("Content-Type".into(), "application/json".into())];
        Request { method: method.into(), path: format!("/api/v1/sessions/{}{rest}", self.session), headers, body }
    }

    /// A whole row of the flowsheet with normal values.
    fn observation(&self) -> Request {
        let body = json!({"patient_id": self.patient, "systolic_mmhg": 128, "diastolic_mmhg": 78, "heart_rate_per_min": 72,
            "resp_rate_per_min": 14, "spo2_percent": 98, "orientation_score": 4, "pain_nrs_0_10": 3, "red_flags": [],
            "sedation": {"scale": "moaas", "score": 5}});
        self.request("POST", "/observations", body.to_string())
    }
}

/// A house full of clinics, each with a session that runs.
struct House {
    kind: Kind,
    first: Clinic,
    chairs: Vec<Chair>,
    database: Option<u32>,
    folder: std::path::PathBuf,
}

impl House {
    fn open(kind: Kind, clinics: usize, setup: &Setup) -> Self {
        let first = Clinic::open_with(kind, setup);
        let mut chairs = vec![Chair::in_clinic(&first)];
        for _ in 1..clinics {
            chairs.push(Chair::in_clinic(&first.another()));
        }
        let database = (kind == Kind::Postgres).then(|| postmaster(&first.url));
        Self { kind, first, chairs, database, folder: scratch() }
    }

    fn run(&self, what: &str, base: &str, connections: u32, requests: &[Request]) -> Measured {
        let load = Load { base, requests, connections, server: Who::Server, database: self.database };
        let measured = load.run(&self.folder);
        let mut line = measured.json();
        line["database"] = json!(name_of(self.kind));
        line["what"] = json!(what);
        line["connections"] = json!(connections);
        println!("{line}");
        assert!(measured.errors == 0.0, "{what}: {} of {} requests failed", measured.errors, measured.requests);
        measured
    }
}

/// The process that all of PostgreSQL's others are children of.
fn postmaster(url: &DatabaseUrl) -> u32 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        pid: i32,
    }
    let DatabaseUrl::Postgres(url) = url else { panic!("no PostgreSQL") };
    let mut connection = PgConnection::establish(url).unwrap();
    let row: Row = diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result(&mut connection).unwrap();
    parent_of(u32::try_from(row.pid).unwrap())
}

pub fn measure(kind: Kind, wanted: &dyn Fn(&str) -> bool) {
    if wanted("w1") {
        record_observations(kind);
    }
    if wanted("r1") {
        read_a_session(kind);
    }
}

/// W1: authenticated, validated, decided, audited, exactly once, durable.
fn record_observations(kind: Kind) {
    let house = House::open(kind, CLINICS, &SETUP);
    let requests: Vec<Request> = house.chairs.iter().map(Chair::observation).collect();
    let keys = keys::load(&house.first.key_folder(), "test").unwrap();
    let nothing = nothing::serve(house.first.store().clone(), keys);
    house.run("w1 without storage", &nothing, 64, &requests);
    house.run("w1", &house.first.base, 64, &requests);
    house.run("w1", &house.first.base, 1, &requests);
    if kind == Kind::Postgres {
        house.run("w1 one clinic", &house.first.base, 64, &requests[..1]);
    }
}

/// R1: a session's rows, two hundred of them, audited.
fn read_a_session(kind: Kind) {
    let house = House::open(kind, 1, &SETUP);
    let chair = &house.chairs[0];
    let nurse = house.first.nurse();
    let observation = chair.observation();
    for _ in 0..200 {
        nurse.send("POST", &observation.path, Some(observation.body.clone().into_bytes())).expect(201);
    }
    let read = chair.request("GET", "/observations", String::new());
    let answer = nurse.get(&read.path).expect(200);
    house.run("r1 200 rows", &house.first.base, 64, &[read.clone()]);
    let mut unchanged = read;
    unchanged.headers.push(("If-None-Match".into(), answer.header("etag").unwrap_or_default().to_owned()));
    house.run("r1 unchanged", &house.first.base, 64, &[unchanged]);
    house.run("r1 session", &house.first.base, 64, &[chair.request("GET", "", String::new())]);
}
