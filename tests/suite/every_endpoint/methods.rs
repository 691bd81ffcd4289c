//! Every path with every method: what the contract does not name is not there.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::UNKNOWN;
use super::world::World;
use crate::contract::Operation;

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/// Gives back how many were tried. OPTIONS says which methods there are, HEAD is GET without its body and behind the same
/// door.
pub fn undocumented(world: &World, operations: &[Operation], failures: &mut Vec<String>) -> usize {
    let paths: BTreeSet<_> = operations.iter().map(|operation| operation.path.as_str()).collect();
    let token = world.clinic.token("prescriber");
    let mut cases = 0;
    for path in paths {
        let known = |method: &str| operations.iter().find(|known| known.path == path && known.method == method);
        for method in METHODS.into_iter().filter(|method| known(method).is_none()) {
            let here = path.replace("{id}", UNKNOWN);
            let (status, body) = ask(&world.clinic.base, method, &here, Some(&token));
            let (unsigned, _) = ask(&world.clinic.base, method, &here, None);
            let right = match (method, known("GET")) {
                ("OPTIONS", _) => status == "204" && unsigned == "204",
                ("HEAD", Some(get)) if get.value["security"].is_array() => unsigned == "401" && status != "401",
                ("HEAD", Some(_)) => status == unsigned,
                _ => matches!(status.as_str(), "404" | "405") && status == unsigned,
            };
            cases += 2;
            if !right || (matches!(method, "HEAD" | "OPTIONS") && !body.is_empty()) {
                failures
                    .push(format!("{method} {path}, which the contract does not name: {status}, {unsigned} {body}"));
            }
        }
    }
    cases
}

/// The status line's number and the body, spoken by hand: clients have their own ideas of some methods.
fn ask(base: &str, method: &str, path: &str, token: Option<&str>) -> (String, String) {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{authorization}content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.split(' ').nth(1).unwrap_or("no answer").to_owned(), body.to_owned())
}
