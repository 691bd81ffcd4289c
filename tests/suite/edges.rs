//! What reaches the server before a handler does, and a handler that fails: raw bytes on a socket.

use crate::support::{Clinic, Kind, SETUP, Setup, on_both_databases};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use chairside::access::permission::BootstrapClinic;
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::api::edge;
use chairside::api::extract::BodyTime;
use chairside::store::{Once, StoreError};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const LARGEST_BODY: usize = 512 * 1024;

fn connect(base: &str) -> TcpStream {
    let socket = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket
}

/// Sends bytes and reads until the server closes.
fn talk(base: &str, bytes: &[u8]) -> String {
    let mut socket = connect(base);
    // A server that has heard enough may close while it is still being sent to.
    drop(socket.write_all(bytes));
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

fn problem(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-type: application/problem+json"), "{answer}");
    assert!(head.to_lowercase().contains("content-security-policy: default-src 'none'"), "{answer}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn login(framing: &str) -> String {
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    )
}

#[test]
fn a_body_that_drips_is_answered_408_and_holds_nobody_up() {
    let patience = Setup { body_time: BodyTime(Duration::from_millis(400)), ..SETUP };
    let clinic = Clinic::open_with(Kind::Sqlite, &patience);
    let mut socket = connect(&clinic.base);
    socket.write_all(login("Content-Length: 1000").as_bytes()).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let (mut answer, mut dripped) = (Vec::new(), 0);
    // A byte at every turn: what arrives does not buy more time.
    while dripped < 200 && !answer.ends_with(b"}") {
        drop(socket.write_all(b"{"));
        dripped += 1;
        let mut bytes = [0; 4096];
        match socket.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => answer.extend(&bytes[..read]),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
        }
        if dripped == 2 {
            clinic.nobody().get("/healthz").expect(200);
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(status(&answer), 408, "{answer}");
    assert_eq!(problem(&answer)["code"], "request_timeout");
    assert!(dripped < 200, "it was let drip on");
}

#[test]
fn a_body_is_refused_one_byte_above_the_limit_however_it_is_framed() {
    let clinic = Clinic::open(Kind::Sqlite);
    let padded = |size: usize| {
        let body = r#"{"login": "x", "password": "y"}"#;
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    let with_length = |size: usize| format!("{}{}", login(&format!("Content-Length: {size}")), padded(size));
    let chunked = |size: usize| {
        let body = padded(size);
        let (one, two) = body.split_at(1000);
        let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
        format!("{}{}{}0\r\n\r\n", login("Transfer-Encoding: chunked"), chunk(one), chunk(two))
    };
    for (size, expected) in [(LARGEST_BODY, 401), (LARGEST_BODY + 1, 413)] {
        for (how, request) in [("with a length", with_length(size)), ("in chunks", chunked(size))] {
            let answer = talk(&clinic.base, request.as_bytes());
            assert_eq!(status(&answer), expected, "{size} bytes {how}: {answer}");
            problem(&answer);
        }
    }
}

/// These the HTTP layer answers before anything of ours; what matters is that they are refused and tell nothing.
#[test]
fn what_is_no_request_is_refused_and_told_nothing() {
    let clinic = Clinic::open(Kind::Sqlite);
    let get = "GET /api/v1/me HTTP/1.1\r\n";
    let requests = [
        ("a head of 130 KiB", format!("{get}Host: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(130 * 1024)), 431),
        ("two lengths", login("Content-Length: 2\r\nContent-Length: 3") + "{}", 400),
        ("a length and chunks", login("Content-Length: 2\r\nTransfer-Encoding: chunked") + "0\r\n\r\n", 400),
        ("no line of a request", "hello\r\n\r\n".to_owned(), 400),
        ("a name with a blank in it", format!("{get}Host: localhost\r\nX Y: z\r\n\r\n"), 400),
    ];
    for (what, request, expected) in requests {
        let answer = talk(&clinic.base, request.as_bytes());
        assert_eq!(status(&answer), expected, "{what}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(body.is_empty() || problem(&answer)["detail"].is_null(), "{what}: {answer}");
    }
    clinic.nurse().get("/api/v1/me").expect(200);
}

async fn fails() -> HttpResponse {
    std::future::ready(()).await;
    panic!("with the name of a patient: Rivera")
}

#[test]
fn a_handler_that_panics_is_answered_500_and_the_process_lives() {
    let clinic = Clinic::open(Kind::Sqlite);
    let store = web::Data::new(clinic.store().clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = move || {
                let fine = web::get().to(|| async { HttpResponse::Ok().body("fine") });
                App::new()
                    .wrap(from_fn(edge::finish))
                    .app_data(store.clone())
                    .route("/fails", web::get().to(fails))
                    .route("/fine", fine)
            };
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
            send.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    let handle = receive.recv().unwrap();
    let mut numbers = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let answer = talk(&base, b"GET /fails HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&answer), 500, "{answer}");
        let said = problem(&answer);
        assert_eq!(said["code"], "internal");
        let number = said["instance"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap().to_owned();
        assert!(answer.to_lowercase().contains(&format!("x-request-id: {number}")), "{answer}");
        assert!(!answer.contains("Rivera"), "{answer}");
        assert!(numbers.insert(number), "each request has a number of its own");
        // One worker: it is the one that failed.
        let fine = talk(&base, b"GET /fine HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&fine), 200, "{fine}");
    }
    drop(handle.stop(false));
    server.join().unwrap();
}

#[test]
fn a_unit_of_work_that_panics_is_undone_and_the_next_one_is_written() {
    on_both_databases(|clinic| {
        let origin = Origin { request: clinic.clock.new_id(), client_ip: None };
        let permit = Permit::<BootstrapClinic>::host("test".into(), Scope::Installation, origin).unwrap();
        let result = clinic.in_a_unit(permit, Once::default(), |_| panic!("a bug"));
        assert!(matches!(result, Err(StoreError::Broken(_))), "{result:?}");
        for _ in 0..3 {
            let body =
                serde_json::json!({"name": format!("Chair {}", uuid::Uuid::from_bytes(chairside::clock::random()))});
            clinic.admin().post("/api/v1/rooms", &body).expect(201);
        }
    });
}
