//! The keys of a running installation: replaced under load, and never made in silence beside data.

use crate::support::program::{self, Program};
use crate::support::{Kind, PASSWORD, scratch, stand_alone};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn chairside(arguments: &[&str], folder: &Path) -> Output {
    let done = Command::new(env!("CARGO_BIN_EXE_chairside"))
        .args(arguments)
        .arg("--keys")
        .arg(folder.join("keys"))
        .output()
        .expect("the program runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

fn me(program: &Program, token: &str) -> u16 {
    program.send("GET", "/api/v1/me", Some((token, "key-of-a-request")), None).expect("an answer").0
}

/// Everybody works on with the token they have, and with new ones, while the key is replaced three times.
#[test]
fn nobody_is_signed_out_when_the_key_is_replaced_under_load() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = scratch();
        let (url, nurse) = stand_alone::clinic(kind, &folder);
        let program = Program::start(&url, &folder);
        let first = program.sign_in(&nurse, PASSWORD);
        let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut kids = BTreeSet::from([kid(&first)]);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        assert_eq!(me(&program, &first), 200, "the token that was given before");
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let mut refresh = refresh_token(&program, &nurse);
            for _ in 0..3 {
                let rotated = chairside(&["keys", "rotate"], &folder);
                let new = String::from_utf8_lossy(&rotated.stdout).split(' ').next().unwrap().to_owned();
                assert!(kids.insert(new.clone()), "a new key has a new id");
                let patience = Instant::now() + Duration::from_secs(30);
                loop {
                    let body = json!({"refresh_token": refresh});
                    let (status, pair) = program.send("POST", "/api/v1/auth/refresh", None, Some(&body)).unwrap();
                    assert_eq!(status, 200, "{pair}");
                    refresh = pair["refresh_token"].as_str().unwrap().to_owned();
                    let token = pair["access_token"].as_str().unwrap();
                    assert_eq!(me(&program, token), 200);
                    assert!(kids.contains(&kid(token)));
                    if kid(token) == new {
                        break;
                    }
                    assert!(Instant::now() < patience, "the running server did not notice the new key");
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        assert!(asked.load(Ordering::Relaxed) > 100, "hardly any load: {asked:?}");
        let listed = chairside(&["keys", "list"], &folder).stdout;
        let listed = String::from_utf8(listed).unwrap();
        assert_eq!(listed.lines().count(), 4, "{listed}");
        assert_eq!(listed.lines().filter(|line| line.ends_with("signs")).count(), 1, "{listed}");
        drop(program);
        let program = Program::start(&url, &folder);
        assert_eq!(me(&program, &first), 200, "a restart does not sign anybody out either");
    }
}

fn refresh_token(program: &Program, login: &str) -> String {
    let body = json!({"login": login, "password": PASSWORD});
    let (_, pair) = program.send("POST", "/api/v1/auth/login", None, Some(&body)).unwrap();
    pair["refresh_token"].as_str().expect("a refresh token").to_owned()
}

#[test]
fn a_server_without_its_keys_does_not_make_new_ones_beside_data() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = scratch();
        let url = stand_alone::database(kind, &folder);
        // On an empty database they are made by whatever comes first.
        program::bootstrap(&url, &folder);
        let kept = chairside(&["keys", "list"], &folder).stdout;
        Program::start(&url, &folder).kill();
        assert_eq!(chairside(&["keys", "list"], &folder).stdout, kept);

        std::fs::rename(folder.join("keys"), folder.join("not-mounted")).unwrap();
        let refused = Program::refusal(&url, &folder, &[]);
        assert!(refused.contains("token key") && refused.contains("chairside init"), "{refused}");
        assert!(!folder.join("keys").exists(), "nothing is made in silence");
        program::bootstrap_another(&url, &folder);
        assert!(!folder.join("keys").exists(), "nor by a second clinic");

        chairside(&["init"], &folder);
        assert_ne!(chairside(&["keys", "list"], &folder).stdout, kept);
        Program::start(&url, &folder).kill();
    }
}
