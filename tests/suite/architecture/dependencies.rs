//! Floors and bans over `Cargo.lock`, checked in every run; `deny.toml` says the same to cargo-deny, with advisories.

use super::source::root;

/// A crate, the versions of it that may not be in the lock file, from the first to before the second, and why
/// (security.md 6 and 8).
const TOO_OLD: [(&str, [u64; 3], [u64; 3], &str); 16] = [
    ("actix-files", FIRST, [0, 6, 10], "not used today; the floor if it ever is"),
    ("actix-http", FIRST, [3, 18, 11], "request smuggling (3.12.1), which the advisory database does not have"),
    ("actix-server", FIRST, [2, 10, 0], "a race of the orderly stop"),
    ("actix-web", FIRST, [4, 18, 0], "earlier ones drop idle connections' requests at an orderly stop"),
    ("argon2", FIRST, [0, 6, 0], "its defaults are the floor of ASVS 5.0"),
    ("diesel", FIRST, [2, 3, 10], "RUSTSEC-2026-0111, -0134 to -0137, -0172"),
    ("ed25519-dalek", FIRST, [2, 0, 0], "RUSTSEC-2022-0093; not used today"),
    ("h2", FIRST, [0, 4, 16], "RUSTSEC-2026-0258; not used today: no HTTP/2 in process"),
    ("jsonwebtoken", FIRST, [11, 0, 0], "CVE-2026-25537 (10.3), which the advisory database does not have"),
    ("rand", FIRST, [0, 8, 6], "an unsound generator"),
    ("rand", [0, 9, 0], [0, 9, 3], "the same"),
    ("rand", [0, 10, 0], [0, 10, 1], "the same"),
    ("rustls-webpki", FIRST, [0, 103, 13], "advisories on certificate checks"),
    ("time", FIRST, [0, 3, 47], "a stack that can be exhausted by what is parsed"),
    ("totp-rs", FIRST, [6, 0, 0], "6.0 gives the step that matched, which replay protection needs"),
    ("tracing-subscriber", FIRST, [0, 3, 20], "RUSTSEC-2025-0055: escapes in what is logged"),
];

const FIRST: [u64; 3] = [0, 0, 0];

/// Crates that may not be there at all, and why.
const BANNED: [(&str, &str); 7] = [
    ("anyhow", "refusals are types"),
    ("bigdecimal", "amounts are integers in named units"),
    ("chrono", "one library for time: jiff"),
    ("openssl", "only the release feature postgres-tls may link it, by openssl-sys"),
    ("rsa", "timing leak without a fix (RUSTSEC-2023-0071)"),
    ("rust_decimal", "amounts are integers in named units"),
    ("rustls-pemfile", "unmaintained: rustls-pki-types reads PEM"),
];

/// Every package of a lock file with its version.
fn packages(lock: &str) -> Vec<(String, [u64; 3])> {
    let value =
        |line: &str, key: &str| line.strip_prefix(key).map(|rest| rest.trim_matches([' ', '=', '"']).to_owned());
    let mut found = Vec::new();
    let mut name = None;
    for line in lock.lines() {
        if let Some(text) = value(line, "name ") {
            name = Some(text);
        } else if let (Some(text), Some(name)) = (value(line, "version "), name.take()) {
            let mut numbers = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
            found.push((name, std::array::from_fn(|_| numbers.next().unwrap_or(0))));
        }
    }
    found
}

fn lock() -> Vec<(String, [u64; 3])> {
    packages(&std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is committed"))
}

#[test]
fn the_lock_file_is_read_and_no_crate_is_below_its_floor() {
    let lock = lock();
    assert!(
        lock.len() > 100 && lock.iter().any(|(name, _)| name == "diesel"),
        "only {} packages were read",
        lock.len()
    );
    for (name, version) in lock {
        for (old, from, below, why) in TOO_OLD {
            let refused = name == old && (from..below).contains(&version);
            assert!(!refused, "{name} {version:?} is below {below:?}: {why}");
        }
    }
}

#[test]
fn no_banned_crate_is_in_the_lock_file() {
    for (name, _) in lock() {
        for (banned, why) in BANNED {
            assert!(name != banned, "{name}: {why}");
        }
    }
}

/// What `deny.toml` refuses: its lines, as they would be written from the tables here.
#[test]
fn cargo_deny_is_told_the_same_floors_and_bans_with_the_same_reasons() {
    let text = |[major, minor, patch]: [u64; 3]| format!("{major}.{minor}.{patch}");
    let line = |spec: String, why: &str| format!("{{ crate = \"{spec}\", reason = \"{why}\" }},");
    let floors = TOO_OLD.map(|(name, from, below, why)| {
        let from = if from == FIRST { String::new() } else { format!(">={}, ", text(from)) };
        line(format!("{name}:{from}<{}", text(below)), why)
    });
    let bans = BANNED.map(|(name, why)| line(name.to_owned(), why));
    let deny = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let told: Vec<_> = deny.lines().map(str::trim).filter(|line| line.starts_with("{ crate =")).collect();
    assert_eq!(told, floors.into_iter().chain(bans).collect::<Vec<_>>());
}
