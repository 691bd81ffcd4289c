//! Four layers, one direction: `api -> store -> access -> domain`. The tables are the rule; the tests read the source.

use super::source::{Source, Token, rust_files};

/// A layer, and what else of this crate it may name.
const LAYERS: [(&str, &[&str]); 4] = [
    ("domain", &[]),
    ("access", &["domain"]),
    ("store", &["access", "domain", "clock"]),
    ("api", &["store", "access", "domain", "clock"]),
];

/// A crate, and the only modules that may name it.
const CRATES: [(&str, &[&str]); 10] = [
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("actix_web", &["api", "server", "cli", "watch", "demo"]),
    ("utoipa", &["api", "server"]),
    ("utoipa_swagger_ui", &["api", "server"]),
    ("jsonwebtoken", &["access"]),
    ("argon2", &["access"]),
    ("totp_rs", &["access"]),
    ("tokio", &["store", "api", "server"]),
    ("serde_json", &["store", "api", "server", "cli", "simulate", "demo", "verify"]),
];

/// What a pure layer has no business with: other crates, input and output, the clock, chance, and reading unparsed data.
const IMPURE: [&str; 14] = [
    "serde",
    "Deserialize",
    "getrandom",
    "hmac",
    "base64",
    "tracing",
    "clap",
    "ureq",
    "fs",
    "net",
    "env",
    "SystemTime",
    "Instant",
    "now_v7",
];

/// The longest a file may be.
const MAX_LINES: usize = 400;

/// The files that may build SQL from a string. A `ClinicId` prints hex digits and dashes only, and `SET LOCAL` takes no
/// parameter.
const SQL_FROM_STRINGS: [&str; 1] = ["src/store/wall/mod.rs"];

fn breaches(file: &Source) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((_, may)) = LAYERS.iter().find(|(layer, _)| *layer == file.layer()) {
        for path in file.own_paths() {
            let Some(target) = path.first() else { continue };
            if target != file.layer() && !may.contains(&target.as_str()) {
                found.push(format!("{} names {}", file.path, path.join("::")));
            }
        }
    }
    for (name, owners) in CRATES {
        if file.names(name) && !owners.contains(&file.layer()) {
            found.push(format!("{} names {name}, which belongs to {}", file.path, owners.join(", ")));
        }
    }
    if file.layer() == "domain" {
        found.extend(IMPURE.iter().filter(|word| file.names(word)).map(|word| format!("{} names {word}", file.path)));
    }
    found
}

#[test]
fn no_layer_names_a_layer_above_it_and_each_crate_has_its_owner() {
    let files = rust_files("src");
    assert!(files.iter().any(|file| file.layer() == "domain"), "the source was not found");
    let found: Vec<_> = files.iter().flat_map(breaches).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_arrows_see_every_way_to_write_a_path() {
    let breach = |path: &str, text: &str| !breaches(&Source::new(path, text)).is_empty();
    for text in [
        "use crate::store::Store;",
        "use crate::{\n    domain::id,\n    store::{self, Store},\n};",
        "use super::super::store::Store;",
        "mod tests { use super::super::super::store; }",
        "fn f() { crate::store::open() }",
        "use super::{super::{store as s}};",
        "use chairside::store;",
        "#[derive(diesel::Queryable)] struct Row;",
    ] {
        assert!(breach("src/access/staff.rs", text), "missed: {text}");
    }
    for text in [
        "// use crate::store::Store;",
        "/* crate::store /* nested */ crate::store */",
        "/// See [`crate::store::Store`].\nfn f() {}",
        "const WHY: &str = \"crate::store\"; const ALSO: &str = r#\"diesel::\"x\"\"#;",
        "use crate::domain::id; use super::token; fn f<'a>(c: &'a str) -> bool { c.starts_with('\"') || c.contains('\\'') }",
        "mod tests { use super::*; use crate::{access::permit as p, domain}; }",
    ] {
        assert!(!breach("src/access/staff.rs", text), "wrongly refused: {text}");
    }
    assert!(breach("src/domain/time.rs", "let t = std::time::SystemTime::now();"));
    assert!(breach("src/domain/mod.rs", "use super::api;"));
    assert!(!breach("src/store/mod.rs", "use diesel::prelude::*; use crate::clock::Clock;"));
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let long: Vec<_> = rust_files("src")
        .into_iter()
        .chain(rust_files("tests"))
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines; make it a folder of the same name"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn sql_is_never_built_from_strings() {
    for file in rust_files("src/store") {
        if SQL_FROM_STRINGS.contains(&file.path.as_str()) {
            continue;
        }
        for (at, token) in file.tokens.iter().enumerate() {
            let Token::Word(word) = token else { continue };
            // The one that begins a transaction has the connection before it.
            let argument = file.tokens.get(at + if word == "begin_transaction_sql" { 4 } else { 2 });
            match word.as_str() {
                "sql_query" | "batch_execute" | "begin_transaction_sql"
                    if file.tokens.get(at + 1) == Some(&Token::Mark('(')) =>
                {
                    let fixed = matches!(argument, Some(Token::Text(_)))
                        || matches!(argument, Some(Token::Word(name)) if *name == name.to_uppercase());
                    assert!(fixed, "{}: {word}(..) takes a literal or a constant", file.path);
                }
                "format" | "concat" if file.tokens.get(at + 1) == Some(&Token::Mark('!')) => {
                    let Some(Token::Text(text)) = file.tokens.get(at + 3) else { continue };
                    let sql = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "SET ", "BEGIN", "CREATE "];
                    assert!(!sql.iter().any(|word| text.contains(word)), "{}: SQL by format!: {text}", file.path);
                }
                _ => {}
            }
        }
    }
}
