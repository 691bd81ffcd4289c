//! Floors and bans over `Cargo.lock`, checked in every run; `deny.toml` says the same to cargo-deny, with advisories.

use super::source::root;

/// Crate, the lowest version that may be in the lock file, and why.
const FLOORS: [(&str, [u64; 3], &str); 5] = [
    ("diesel", [2, 3, 10], "RUSTSEC-2026-0111, -0134 to -0137, -0172"),
    ("jsonwebtoken", [10, 3, 0], "CVE-2026-25537, which the advisory database does not have"),
    ("actix-http", [3, 12, 1], "request smuggling, which the advisory database does not have"),
    ("actix-files", [0, 6, 10], "not used today; the floor if it ever is"),
    ("h2", [0, 4, 16], "RUSTSEC-2026-0258; not used today: no HTTP/2 in process"),
];

/// Crates that may not be there at all, and why.
const BANNED: [(&str, &str); 6] = [
    ("rsa", "timing leak without a fix (RUSTSEC-2023-0071)"),
    ("openssl", "only the release feature postgres-tls may link it, by openssl-sys"),
    ("chrono", "one library for time: jiff"),
    ("rust_decimal", "amounts are integers in named units"),
    ("bigdecimal", "amounts are integers in named units"),
    ("anyhow", "refusals are types"),
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
        for (crate_, floor, why) in FLOORS {
            assert!(name != crate_ || version >= floor, "{name} {version:?} is below {floor:?}: {why}");
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

#[test]
fn every_ban_and_floor_is_told_to_cargo_deny_too() {
    let deny = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    for (banned, _) in BANNED {
        assert!(deny.contains(&format!("crate = \"{banned}\"")), "deny.toml does not ban {banned}");
    }
    for (name, [major, minor, patch], _) in FLOORS {
        let range = format!("crate = \"{name}:<{major}.{minor}.{patch}\"");
        assert!(deny.contains(&range), "deny.toml lacks {range}");
    }
}
