//! The headers of every answer: each operation of the contract, in every way it can be refused, and what pages of other
//! origins are told (security.md 2.7).

use crate::contract::{Operation, document, operations};
use crate::every_endpoint::world::World;
use crate::support::{Answer, Kind, SETUP, Setup, both_databases_with, on_both_databases};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use chairside::api::{self, edge, endpoint};
use chairside::cli::Cli;
use clap::Parser as _;
use std::collections::BTreeMap;
use std::io::Write as _;

const ROLES: [&str; 5] = ["admin", "prescriber", "nurse", "front_desk", "auditor"];
const UNKNOWN: &str = "0190a5c0-0000-7000-8000-00000000dead";

/// What every answer of the API has.
const ALWAYS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// How many operations were seen to answer each status, and what was wrong.
#[derive(Default)]
struct Seen {
    statuses: BTreeMap<u16, usize>,
    wrong: Vec<String>,
}

impl Seen {
    fn look(&mut self, answer: &Answer) {
        *self.statuses.entry(answer.status).or_default() += 1;
        let mut complain = |what: String| self.wrong.push(format!("{} ({}): {what}", answer.request, answer.status));
        for (name, value) in ALWAYS {
            if answer.header(name) != Some(value) {
                complain(format!("{name} is {:?}", answer.header(name)));
            }
        }
        for name in ["server", "x-powered-by", "access-control-allow-origin", "strict-transport-security"] {
            if answer.header(name).is_some() {
                complain(format!("{name} should not be there"));
            }
        }
        let number = answer.header("x-request-id").unwrap_or_default();
        if uuid::Uuid::parse_str(number).is_err() {
            complain(format!("the request's number is {number:?}"));
        }
        if answer.status >= 400 {
            let named = answer.body["instance"] == format!("urn:uuid:{number}");
            if answer.header("content-type") != Some("application/problem+json") || !named {
                complain(format!("no problem that names the request: {}", answer.body));
            }
        }
        if answer.status == 405 && answer.header("allow").is_none_or(str::is_empty) {
            complain("no Allow".into());
        }
    }

    fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or_default()
    }
}

#[test]
fn every_operation_has_its_headers_whatever_it_answers_and_no_get_changes_a_record() {
    let (world, document) = (World::with_a_record_of_every_kind(Kind::Sqlite), document());
    let all = operations(&document);
    let (clinic, nobody) = (&world.clinic, world.clinic.nobody());
    let mut seen = Seen::default();
    let before = world.content();
    for operation in all.iter().filter(|operation| operation.method == "GET") {
        let call = world.call(&document, operation);
        for role in ROLES {
            seen.look(&call.send(&clinic.actor(role), &world.own_id(&call)));
            let path = operation.path.replace("{id}", &world.own_id(&call));
            let head = clinic.actor(role).send("HEAD", &path, None);
            assert!(head.bytes.is_empty() && head.status != 405, "HEAD {path}: {}", head.status);
        }
    }
    assert!(world.content() == before, "a GET or a HEAD changed a record");

    let guarded: Vec<_> = all.iter().filter(|operation| operation.value["security"].is_array()).collect();
    // What stops a drug takes a body it cannot read for none.
    let urgent = |operation: &Operation| operation.value["parameters"].to_string().contains(r"^[\\s\\S]*$");
    let acts = guarded.iter().filter(|operation| operation.method != "GET" && !urgent(operation)).count();
    for operation in &all {
        let path = operation.path.replace("{id}", UNKNOWN);
        seen.look(&nobody.send("TRACE", &path, None));
        seen.look(&nobody.send("GET", &format!("{path}/nothing/here"), None));
    }
    assert_eq!(seen.count(405), all.len(), "{:?}", seen.statuses);
    for operation in &guarded {
        let call = world.call(&document, operation);
        let roles = operation.value["x-roles"].as_array().cloned().unwrap_or_default();
        let (may, may_not): (Vec<&'static str>, Vec<&'static str>) =
            ROLES.iter().copied().partition(|role| roles.iter().any(|held| held == *role));
        seen.look(&call.send(&nobody, UNKNOWN));
        if let Some(role) = may_not.first() {
            seen.look(&call.send(&clinic.actor(role), UNKNOWN));
        }
        let Some(role) = may.first() else { continue };
        seen.look(&call.send(&clinic.actor(role), UNKNOWN));
        if operation.method != "GET" {
            let path = operation.path.replace("{id}", UNKNOWN);
            let huge = Some(vec![b' '; 513 * 1024]);
            let key = uuid::Uuid::from_bytes(chairside::clock::random()).to_string();
            seen.look(&clinic.actor(role).if_match(1).key(&key).send(&operation.method, &path, huge));
        }
        if operation.id() != "auth_logout" {
            seen.look(&call.send(&clinic.actor(role), &world.own_id(&call)));
        }
    }
    assert_eq!(seen.count(413), acts, "{:?}", seen.statuses);
    assert!(seen.count(401) >= guarded.len(), "{:?}", seen.statuses);
    let failed = without_its_parts(
        guarded.iter().map(|operation| (operation.method.as_str(), operation.path.as_str())),
        &mut seen,
    );
    assert_eq!(failed, guarded.len(), "every one of them needs the store: {:?}", seen.statuses);
    for status in [200, 401, 403, 404, 405, 413, 422, 500] {
        assert!(seen.count(status) > 0, "no operation answered {status}: {:?}", seen.statuses);
    }
    let _ = writeln!(std::io::stderr(), "headers: {} operations, answers by status {:?}", all.len(), seen.statuses);
    assert!(seen.wrong.is_empty(), "{}", seen.wrong.join("\n"));
}

/// The same routes in a server that was put together without its store: each of them fails. How many did so.
fn without_its_parts<'o>(operations: impl Iterator<Item = (&'o str, &'o str)>, seen: &mut Seen) -> usize {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = || App::new().wrap(from_fn(edge::finish)).configure(|config| endpoint::mount(config, api::all()));
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
            send.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    let handle = receive.recv().unwrap();
    let mut failed = 0;
    for (method, path) in operations {
        let answer = crate::support::ask(method, &format!("{base}{}", path.replace("{id}", UNKNOWN)));
        failed += usize::from(answer.status == 500);
        seen.look(&answer);
    }
    drop(handle.stop(false));
    server.join().unwrap();
    failed
}

#[test]
fn a_page_of_a_listed_origin_may_read_answers_and_no_other_page_may() {
    let listed = "https://booking.example";
    let setup = Setup { cross_origins: &["https://booking.example"], ..SETUP };
    both_databases_with(&setup, |clinic| {
        let from = |origin: &str| clinic.nurse().with("origin", origin);
        let ours = from(listed).get("/api/v1/me").expect(200);
        let nobody = clinic.nobody().with("origin", listed).get("/api/v1/me").expect(401);
        for answer in [&ours, &nobody] {
            assert_eq!(answer.header("access-control-allow-origin"), Some(listed), "{}", answer.request);
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert!(answer.header("access-control-expose-headers").unwrap().contains("etag"));
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
        let asked = clinic.nobody().with("origin", listed).with("access-control-request-method", "POST");
        let preflight = asked.send("OPTIONS", "/api/v1/patients", None).expect(204);
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
        assert!(preflight.header("access-control-allow-headers").unwrap().contains("x-chairside-request"));
        assert_eq!(preflight.header("access-control-max-age"), Some("600"));
        for other in [
            "null",
            "*",
            "https://booking.example.evil.example",
            "https://xbooking.example",
            "http://booking.example",
            "https://booking.example:8443",
            "https://BOOKING.example",
            crate::support::ORIGIN,
        ] {
            let asked = from(other).with("access-control-request-method", "POST");
            for answer in [from(other).get("/api/v1/me").expect(200), asked.send("OPTIONS", "/api/v1/patients", None)] {
                let told = answer.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
                assert!(told.is_none(), "{other} is told {told:?}");
                assert_eq!(answer.header("vary"), Some("Origin"), "a cache keeps the two apart");
            }
        }
    });
    for refused in ["*", "null", "https://*.example", "http://booking.example", "https://booking.example/"] {
        assert!(Cli::try_parse_from(["chairside", "serve", "--cross-origins", refused]).is_err(), "{refused}");
    }
}

#[test]
fn only_a_client_on_tls_is_told_to_stay_on_it() {
    on_both_databases(|clinic| {
        let header = "strict-transport-security";
        let said = |proto: &str| clinic.nobody().with("x-forwarded-proto", proto).get("/healthz").expect(200);
        assert_eq!(said("https").header(header), Some("max-age=63072000; includeSubDomains"), "the proxy is trusted");
        assert_eq!(said("http").header(header), None);
        assert_eq!(clinic.nobody().get("/healthz").expect(200).header(header), None);
    });
}
