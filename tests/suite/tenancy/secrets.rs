//! What a thief of the database, of its log ahead or of the server's log finds: no password, no token, no key.

use super::cluster::Cluster;
use super::{connect, lines};
use crate::support::program::{Program, bootstrap};
use crate::support::{Kind, scratch, stand_alone};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chairside::store::DatabaseUrl;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Everything of one run that must be nowhere, by what it is.
type Secrets = BTreeMap<String, String>;

/// A name that has to be found, or the search itself is blind.
const FAMILY_NAME: &str = "Quillfeather";
const WRONG: &str = "a wrong password that somebody typed";

#[test]
fn no_secret_of_a_run_is_in_the_sqlite_files_or_in_the_log() {
    let folder = scratch();
    let url = stand_alone::database(Kind::Sqlite, &folder);
    let log = folder.join("server.log");
    let secrets = live(&url, &folder, &log);
    let name = url.file().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let own = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&name));
    let found: Vec<_> = own.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    assert!(found.iter().any(|(path, bytes)| path.to_string_lossy().ends_with("-wal") && !bytes.is_empty()), "no WAL");
    search(&secrets, found, &log);
}

#[test]
fn no_secret_of_a_run_is_in_a_dump_of_postgresql_in_its_files_or_in_the_log() {
    let cluster = Cluster::start();
    let folder = scratch();
    let log = folder.join("server.log");
    let secrets = live(&cluster.url, &folder, &log);
    let mut connection = connect(&cluster.url);
    let tables = lines(
        &mut connection,
        "SELECT relname::text AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    );
    assert!(tables.len() > 40);
    let dump = |table: &String| lines(&mut connection, &format!("SELECT t::text AS line FROM {table} t")).join("\n");
    let dump: String = tables.iter().map(dump).collect();
    assert!(dump.contains(FAMILY_NAME));
    let mut found = cluster.bytes();
    assert!(found.iter().any(|(path, _)| path.to_string_lossy().contains("pg_wal")), "the log ahead was not read");
    found.push((PathBuf::from("the dump"), dump.into_bytes()));
    search(&secrets, found, &log);
}

/// Uses every route a secret travels to, on the real program.
fn live(url: &DatabaseUrl, folder: &Path, log: &Path) -> Secrets {
    let printed = bootstrap(url, folder);
    let word = |label: &str| printed.lines().find_map(|line| line.strip_prefix(label)).unwrap().trim().to_owned();
    let (login, first) = (word("sign-in name:"), word("password:"));
    let program = Program::start_talking(url, folder, log);
    let mut secrets =
        Secrets::from([("the wrong password".into(), WRONG.into()), ("the first password".into(), first.clone())]);
    let send = |method: &str, path: &str, token: Option<&str>, body: Option<&Value>| {
        let key = uuid::Uuid::from_bytes(chairside::clock::random()).to_string();
        let answer = program.send(method, path, token.map(|token| (token, key.as_str())), body);
        answer.unwrap_or_else(|| panic!("{method} {path}: no answer"))
    };
    let sign_in = |login: &str, password: &str| {
        send("POST", "/api/v1/auth/login", None, Some(&json!({"login": login, "password": password})))
    };
    assert_eq!(sign_in(&login, WRONG).0, 401);
    let (status, admin) = sign_in(&login, &first);
    assert_eq!(status, 200, "{admin}");
    keep_all(&mut secrets, "admin", &admin);
    let admin = admin["access_token"].as_str().unwrap().to_owned();
    let invite = json!({"login": "okafor", "display_name": "Okafor", "roles": ["prescriber"]});
    let (status, invited) = send("POST", "/api/v1/staff", Some(&admin), Some(&invite));
    assert_eq!(status, 201, "{invited}");
    keep_all(&mut secrets, "invited", &invited);
    let given = "four walls and one open door".to_owned();
    secrets.insert("the password chosen with a link".into(), given.clone());
    let choice = json!({"link_token": invited["link_token"], "new_password": given});
    let (status, chosen) = send("POST", "/api/v1/auth/link", None, Some(&choice));
    assert_eq!(status, 200, "{chosen}");
    let (_, okafor) = sign_in("okafor", &given);
    keep_all(&mut secrets, "okafor", &okafor);
    let okafor_token = okafor["access_token"].as_str().unwrap().to_owned();
    let refresh = json!({"refresh_token": okafor["refresh_token"]});
    let (status, next) = send("POST", "/api/v1/auth/refresh", None, Some(&refresh));
    assert_eq!(status, 200, "{next}");
    keep_all(&mut secrets, "refreshed", &next);
    let subject = "0190a5c0-0000-7000-8000-000000000001";
    let proof = json!({"password": given, "act": "plan.activate", "subject_id": subject});
    let (status, signing) = send("POST", "/api/v1/auth/reauth", Some(&okafor_token), Some(&proof));
    assert_eq!(status, 200, "{signing}");
    keep_all(&mut secrets, "reauth", &signing);
    let second = json!({"login": login, "password": first, "act": "plan.activate", "subject_id": subject});
    let (_, signing) = send("POST", "/api/v1/cosignatures", Some(&okafor_token), Some(&second));
    keep_all(&mut secrets, "cosignature", &signing);
    let own = "violet umbrella over the harbour";
    let change = json!({"current_password": given, "new_password": own});
    let (status, changed) = send("POST", "/api/v1/auth/password", Some(&okafor_token), Some(&change));
    assert!((200..300).contains(&status), "{changed}");
    keep_all(&mut secrets, "changed", &changed);
    secrets.insert("the chosen password".into(), own.into());
    let (status, okafor) = sign_in("okafor", own);
    assert_eq!(status, 200, "{okafor}");
    keep_all(&mut secrets, "okafor again", &okafor);
    let token = okafor["access_token"].as_str().unwrap().to_owned();
    let body = json!({"family_name": FAMILY_NAME, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    assert_eq!(send("POST", "/api/v1/patients", Some(&token), Some(&body)).0, 201);
    // What nobody would accept is logged least carefully.
    assert_eq!(send("GET", "/api/v1/me", Some(&format!("{token}x")), None).0, 401);
    assert!(
        send("POST", "/api/v1/auth/login", None, Some(&json!({"login": own, "password": own, "no": own}))).0 >= 400
    );
    program.kill();
    for entry in std::fs::read_dir(folder.join("keys")).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(entry.path()).unwrap();
        secrets.insert(format!("the key file {}", entry.file_name().to_string_lossy()), STANDARD.encode(bytes));
    }
    secrets
}

/// Every member of an answer that opens something.
fn keep_all(secrets: &mut Secrets, when: &str, answer: &Value) {
    for (name, value) in answer.as_object().unwrap() {
        if let Some(secret) = value.as_str().filter(|_| name.ends_with("token") || name.contains("password")) {
            secrets.insert(format!("{name} of {when}"), secret.to_owned());
        }
    }
}

/// Each secret as it is, as hexadecimal digits, as base64, and as the bytes it stands for.
fn search(secrets: &Secrets, mut places: Vec<(PathBuf, Vec<u8>)>, log: &Path) {
    let log_bytes = std::fs::read(log).unwrap();
    assert!(log_bytes.len() > 1000, "the server said nothing to search");
    places.push((log.to_owned(), log_bytes));
    assert!(secrets.len() >= 15, "{:?}", secrets.keys());
    let mut needles = vec![("the name".to_owned(), FAMILY_NAME.as_bytes().to_vec())];
    needles.extend(
        secrets.iter().flat_map(|(what, secret)| shapes(secret).into_iter().map(|shape| (what.clone(), shape))),
    );
    let (mut leaks, mut named) = (Vec::new(), false);
    for (path, bytes) in &places {
        for what in found_in(bytes, &needles) {
            if what == "the name" {
                named = true;
            } else {
                leaks.push(format!("{what} is in {}", path.display()));
            }
        }
    }
    assert!(named, "the search does not find what is there");
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    let size: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
    let _ =
        writeln!(std::io::stderr(), "{} secrets in {} files of {size} bytes: none found", secrets.len(), places.len());
}

fn shapes(secret: &str) -> Vec<Vec<u8>> {
    let hex = |bytes: &[u8]| chairside::domain::audit_entry::hex(bytes).into_bytes();
    let mut shapes = vec![secret.as_bytes().to_vec(), STANDARD.encode(secret).into_bytes(), hex(secret.as_bytes())];
    let bare = secret.split_once('_').map_or(secret, |(_, bare)| bare);
    let raw = URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD.decode(secret)).unwrap_or_default();
    if raw.len() >= 16 {
        shapes.extend([hex(&raw), raw]);
    }
    shapes
}

/// One walk over the bytes, whatever the number of needles: their first two bytes decide where to look closer.
fn found_in<'n>(bytes: &[u8], needles: &'n [(String, Vec<u8>)]) -> BTreeSet<&'n str> {
    let start = |bytes: &[u8]| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let mut starts = vec![false; 1 << 16];
    needles.iter().for_each(|(_, needle)| starts[start(needle)] = true);
    let places = (0..bytes.len().saturating_sub(1)).filter(|at| starts[start(&bytes[*at..])]);
    let close = |at: usize| needles.iter().filter(move |(_, needle)| bytes[at..].starts_with(needle));
    places.flat_map(close).map(|(what, _)| what.as_str()).collect()
}
