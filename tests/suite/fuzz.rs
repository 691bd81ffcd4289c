//! Schemathesis over a running clinic that holds a record of every kind: every operation, every check.
//!
//! Run by `scripts/fuzz-contract`, which knows where schemathesis is; not part of a plain `cargo test`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::contract::{document, operations};
use crate::every_endpoint::world::World;
use crate::support::{Kind, scratch};

/// A request can be well formed and still be refused by a clinical rule or because somebody was faster; and what is
/// malformed may first meet a missing key, version, role or record.
const CHECKS: &str = r#"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428", "429"]
missing_required_header.expected-statuses = ["400", "401", "403", "404", "422", "428", "429"]
"#;

/// A cursor nobody gave out reads like one that was: 400.
const FORGED_CURSOR: &str = r#"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "400", "401", "403", "404", "409", "412", "422"]
"#;

/// A batch answers 207 and says of each row what became of it.
const REFUSED_ROW: &str = r#"
checks.negative_data_rejection.expected-statuses = ["207", "400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
"#;

/// What stops a drug or calls for help takes what it can read of a body and leaves out the rest.
const NEVER_REFUSED: [&str; 3] = ["sessions_stop", "sessions_pause", "sessions_emergency"];
const STOPPED_ANYWAY: &str = r#"
checks.negative_data_rejection.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
"#;

/// Whatever is sent, no answer holds a mark or an id of another clinic.
const HOOKS: &str = r#"
import atexit
import re

import schemathesis

FOREIGN = re.compile(open("foreign.txt").read().encode(), re.IGNORECASE)
assert FOREIGN.search(open("planted.txt").read().encode()), "the search does not find what it looks for"
searched = 0


@schemathesis.check
def shows_nothing_of_another_clinic(ctx, response, case):
    global searched
    searched += 1
    shown = FOREIGN.search(response.content or b"")
    assert shown is None, f"shown of another clinic: {shown.group()}"


def tell():
    with open("searched.txt", "w") as file:
        file.write(str(searched))


atexit.register(tell)
"#;

/// Fixed ids, so that requests are about records that exist.
fn configuration(world: &World) -> String {
    let document = document();
    // JSON Schema calls 1.0 a whole number, and random requests do: this API reads digits only.
    let random = !std::env::var("FUZZ_EXAMPLES").unwrap_or_default().is_empty();
    let mut text = if random { CHECKS.replacen("\"304\"", "\"304\", \"400\"", 1) } else { CHECKS.to_owned() };
    for operation in operations(&document) {
        let call = world.call(&document, &operation);
        let mut peculiar = String::new();
        if call.has_id() {
            let _ = writeln!(peculiar, "parameters = {{ \"path.id\" = \"{}\" }}", world.own_id(&call));
        }
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        let pages = parameters.into_iter().any(|parameter| parameter["name"] == "cursor");
        if pages || operation.id() == "patients_search" {
            peculiar.push_str(FORGED_CURSOR);
        }
        if operation.id() == "observations_replay" {
            peculiar.push_str(REFUSED_ROW);
        }
        if NEVER_REFUSED.contains(&operation.id()) {
            peculiar.push_str(STOPPED_ANYWAY);
        }
        if !peculiar.is_empty() {
            let _ = writeln!(text, "\n[[operations]]\ninclude-operation-id = \"{}\"\n{peculiar}", operation.id());
        }
    }
    text
}

fn run(program: &str, folder: &Path, base: &str, token: &str) -> bool {
    let examples = std::env::var("FUZZ_EXAMPLES").unwrap_or_default();
    let mut command = Command::new(program);
    command.arg("--config-file").arg(folder.join("schemathesis.toml"));
    command.args([
        "run",
        &format!("{base}/openapi.json"),
        "--url",
        base,
        "--checks",
        "all",
        "--workers",
        "2",
        "--seed",
        "1",
    ]);
    command.args(["--header", &format!("Authorization: Bearer {token}"), "--continue-on-failure", "--no-color"]);
    // Signing out, and a wrong password three times, would end the token that everything else needs.
    for operation in ["auth_logout", "auth_reauth", "auth_password"] {
        command.args(["--exclude-operation-id", operation]);
    }
    command.args(["--suppress-health-check", "all"]);
    if examples.is_empty() {
        command.args(["--phases", "examples,coverage"]);
    } else {
        command.args(["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", &examples]);
    }
    command.current_dir(folder).env("SCHEMATHESIS_HOOKS", "hooks").status().expect("schemathesis runs").success()
}

#[test]
#[ignore = "scripts/fuzz-contract runs it: it needs schemathesis"]
fn schemathesis_finds_nothing() {
    let program = std::env::var("SCHEMATHESIS").expect("SCHEMATHESIS names the program");
    let postgres = std::env::var("FUZZ_DATABASE").is_ok_and(|name| name == "postgres");
    let world = World::with_a_record_of_every_kind(if postgres { Kind::Postgres } else { Kind::Sqlite });
    let folder = scratch();
    std::fs::write(folder.join("schemathesis.toml"), configuration(&world)).expect("a file");
    std::fs::write(folder.join("hooks.py"), HOOKS).expect("a file");
    std::fs::write(folder.join("foreign.txt"), world.clinic.pattern_of_others()).expect("a file");
    std::fs::write(folder.join("planted.txt"), format!("Rivera {}", world.clinic.next_door().mark())).expect("a file");
    let token = world.clinic.token(&std::env::var("FUZZ_ROLE").unwrap_or_else(|_| "prescriber".into()));
    assert!(run(&program, &folder, &world.clinic.base, &token), "schemathesis found something; see above");
    let searched = std::fs::read_to_string(folder.join("searched.txt")).expect("the number of answers searched");
    let searched: u64 = searched.parse().expect("a number");
    assert!(searched > 100, "only {searched} answers were searched for marks and ids of other clinics");
    let _ = writeln!(std::io::stderr(), "{searched} answers searched for marks and ids of other clinics, none found");
    let _ = std::fs::remove_dir_all(&folder);
}
