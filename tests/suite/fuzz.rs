//! Schemathesis over a running clinic that holds a record of every kind: every operation, every check.
//!
//! Run by `scripts/fuzz-contract`, which knows where schemathesis is; not part of a plain `cargo test`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::contract::{document, operations};
use crate::every_endpoint::world::World;
use crate::support::{Kind, scratch};

/// A request can be well formed and still be refused by a clinical rule or because somebody was faster; and what is
/// malformed may first meet a missing key, version, role or record.
const CHECKS: &str = r#"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
missing_required_header.expected-statuses = ["400", "401", "403", "404", "422", "428"]
"#;

/// Fixed ids, so that requests are about records that exist.
fn configuration(world: &World) -> String {
    let document = document();
    let mut text = String::from(CHECKS);
    for operation in operations(&document) {
        let call = world.call(&document, &operation);
        if call.has_id() {
            let _ = write!(
                text,
                "\n[[operations]]\ninclude-operation-id = \"{}\"\nparameters = {{ \"path.id\" = \"{}\" }}\n",
                operation.id(),
                world.own_id(&call)
            );
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
    // Signing out would end the token that everything else needs.
    command.args(["--exclude-operation-id", "auth_logout", "--suppress-health-check", "all"]);
    if examples.is_empty() {
        command.args(["--phases", "examples,coverage"]);
    } else {
        command.args(["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", &examples]);
    }
    command.current_dir(folder).status().expect("schemathesis runs").success()
}

#[test]
#[ignore = "scripts/fuzz-contract runs it: it needs schemathesis"]
fn schemathesis_finds_nothing() {
    let program = std::env::var("SCHEMATHESIS").expect("SCHEMATHESIS names the program");
    let world = World::with_a_record_of_every_kind(Kind::Sqlite);
    let folder = scratch();
    std::fs::write(folder.join("schemathesis.toml"), configuration(&world)).expect("a file");
    let token = world.clinic.token(&std::env::var("FUZZ_ROLE").unwrap_or_else(|_| "prescriber".into()));
    assert!(run(&program, &folder, &world.clinic.base, &token), "schemathesis found something; see above");
    let _ = std::fs::remove_dir_all(&folder);
}
