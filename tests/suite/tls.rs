//! TLS that ends in the server: real handshakes with the real program.

use crate::support::program::Program;
use crate::support::{Kind, scratch, stand_alone};
use chairside::cli::{Cli, Command as Asked};
use clap::Parser as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned, version};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// A server with a certificate.
struct Secure {
    program: Program,
    folder: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Secure {
    fn start() -> Self {
        let folder = scratch();
        let (url, _) = stand_alone::clinic(Kind::Sqlite, &folder);
        let certificate = certify(&folder);
        let [chain, key] = files(&folder);
        let program = Program::launch(&url, &folder, &["--tls-cert", &chain, "--tls-key", &key]);
        let server = Self { program, folder, certificate };
        drop(server.until_it_shows(&server.certificate));
        server
    }

    fn connect(
        &self,
        trusted: &CertificateDer<'static>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> io::Result<Connection> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let socket = TcpStream::connect(self.program.address())?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut connection = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket);
        while connection.conn.is_handshaking() {
            connection.conn.complete_io(&mut connection.sock)?;
        }
        Ok(connection)
    }

    /// A connection, once the server shows this certificate.
    fn until_it_shows(&self, certificate: &CertificateDer<'static>) -> Connection {
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            match self.connect(certificate, &[&version::TLS13]) {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < patience, "the certificate is not shown: {error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn hang_up(&self) {
        let done = Command::new("kill").args(["-HUP", &self.program.pid().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

fn files(folder: &Path) -> [String; 2] {
    ["chain.pem", "key.pem"].map(|name| folder.join(name).to_str().unwrap().to_owned())
}

/// Puts a new certificate of its own authority in place.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [chain, key] = files(folder);
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    made.cert.der().clone()
}

/// Asks, and reads one answer; the connection stays open.
fn ask(connection: &mut (impl Read + Write)) -> String {
    connection.write_all(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    let head = String::from_utf8(answer).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

#[test]
fn a_client_is_answered_over_the_newest_two_versions_and_told_to_stay() {
    let server = Secure::start();
    for (spoken, version) in [(ProtocolVersion::TLSv1_3, &version::TLS13), (ProtocolVersion::TLSv1_2, &version::TLS12)]
    {
        let mut connection = server.connect(&server.certificate, &[version]).unwrap();
        let answer = ask(&mut connection);
        assert!(answer.starts_with("http/1.1 200") && answer.contains("\"chairside\""), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=63072000; includesubdomains\r\n"), "{answer}");
        assert_eq!(connection.conn.protocol_version(), Some(spoken));
        assert_eq!(connection.conn.alpn_protocol(), Some(b"http/1.1".as_slice()), "no HTTP/2 in process");
    }
    let checked = Command::new(env!("CARGO_BIN_EXE_chairside"))
        .args(["healthcheck", "--bind", server.program.address(), "--tls-cert", &files(&server.folder)[0]])
        .status()
        .unwrap();
    assert!(checked.success(), "a container asks over TLS too");
}

#[test]
fn older_versions_and_plain_http_are_refused() {
    let server = Secure::start();
    // A ClientHello by hand, for the library speaks nothing this old.
    let hello = |version: [u8; 2]| {
        let mut body = vec![version[0], version[1]];
        body.extend([7; 32]);
        body.push(0);
        body.extend([0, 6, 0xc0, 0x2b, 0xc0, 0x13, 0x00, 0x2f]);
        body.extend([1, 0]);
        // Groups, point formats and signature algorithms that this server knows: nothing but the version is old.
        let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3];
        body.extend([0, u8::try_from(extensions.len()).unwrap()]);
        body.extend(extensions);
        let length = u8::try_from(body.len()).unwrap();
        let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
        record.extend(body);
        record
    };
    for (name, version, expected) in [
        ("TLS 1.2", [3, 3], None),
        ("TLS 1.1", [3, 2], Some((21, 2, 70))),
        ("TLS 1.0", [3, 1], Some((21, 2, 70))),
        ("SSL 3", [3, 0], Some((21, 2, 70))),
    ] {
        let mut socket = TcpStream::connect(server.program.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.write_all(&hello(version)).unwrap();
        let mut answer = [0; 7];
        socket.read_exact(&mut answer).unwrap();
        // An alert, fatal: protocol_version (70); or the handshake goes on.
        let refused = (answer[0] != 22).then_some((answer[0], answer[5], answer[6]));
        assert_eq!(refused, expected, "{name}: {answer:?}");
    }
    let mut socket = TcpStream::connect(server.program.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP"), "no answer and no redirect in the clear");
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart_and_no_connection_is_dropped() {
    let mut server = Secure::start();
    let mut open = server.connect(&server.certificate, &[&version::TLS13]).unwrap();
    assert!(ask(&mut open).starts_with("http/1.1 200"));
    let renewed = certify(&server.folder);
    assert!(server.connect(&renewed, &[&version::TLS13]).is_err(), "nothing changes before SIGHUP");
    server.hang_up();
    let mut new = server.until_it_shows(&renewed);
    assert!(ask(&mut new).starts_with("http/1.1 200"));
    assert!(ask(&mut open).starts_with("http/1.1 200"), "the connection of before goes on");

    // Files that do not belong together leave the server as it was; the next that do are taken.
    std::fs::write(&files(&server.folder)[0], "no certificate").unwrap();
    server.hang_up();
    assert!(ask(&mut open).starts_with("http/1.1 200"));
    drop(server.connect(&renewed, &[&version::TLS13]).unwrap());
    server.certificate = certify(&server.folder);
    server.hang_up();
    drop(server.until_it_shows(&server.certificate));
    assert!(ask(&mut open).starts_with("http/1.1 200"));
}

#[test]
fn plain_http_is_for_this_machine_and_for_proxies_that_are_named() {
    let config = |more: &[&str]| match Cli::try_parse_from(["chairside", "serve"].iter().chain(more)).unwrap().command {
        Asked::Serve { config } => config,
        other => panic!("not what was asked for: {other:?}"),
    };
    let refused = |more: &[&str], address: &str| config(more).refuse_plain(address.parse().unwrap()).is_err();
    for here in ["127.0.0.1:8080", "127.9.9.9:1", "[::1]:8080", "[::ffff:127.0.0.1]:80"] {
        assert!(!refused(&[], here), "{here}");
    }
    for elsewhere in ["0.0.0.0:8080", "[::]:8080", "10.0.0.7:8080", "203.0.113.9:443", "[fd00::1]:80"] {
        assert!(refused(&[], elsewhere), "{elsewhere}");
        assert!(!refused(&["--trusted-proxies", "10.0.0.0/8"], elsewhere), "{elsewhere}");
        assert!(!refused(&["--tls-cert", "chain.pem", "--tls-key", "key.pem"], elsewhere), "{elsewhere}");
    }
    assert!(Cli::try_parse_from(["chairside", "serve", "--tls-cert", "chain.pem"]).is_err(), "a key is needed");

    let folder = scratch();
    let (url, _) = stand_alone::clinic(Kind::Sqlite, &folder);
    let said = Program::refusal(&url, &folder, &["--bind", "0.0.0.0:0"]);
    assert!(said.contains("--tls-cert") && said.contains("--trusted-proxies"), "{said}");
    certify(&folder);
    let [chain, key] = files(&folder);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = Program::refusal(&url, &folder, &["--bind", "0.0.0.0:0", "--tls-cert", &chain, "--tls-key", &key]);
    assert!(said.contains("can be read by everybody"), "{said}");
}
