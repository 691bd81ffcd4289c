//! The README's tour, run as it is written.

use crate::architecture::source::root;
use crate::support::program::{self, Program};
use crate::support::{Kind, scratch, stand_alone};
use std::process::Command;

/// The shell blocks of one section of the README, joined.
fn tour() -> String {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let (_, after) = text.split_once("\n## One visit with curl\n").expect("the section of the tour");
    let section = after.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block).collect()
}

fn walk(kind: Kind) {
    let folder = scratch();
    let url = stand_alone::database(kind, &folder);
    let printed = program::bootstrap(&url, &folder);
    let password = printed.lines().find_map(|line| line.strip_prefix("password:")).expect("a password").trim();
    let server = Program::start(&url, &folder);
    let done = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &tour()])
        .env("API", format!("{}/api/v1", server.base))
        .env("ADMIN_PASSWORD", password)
        .output()
        .expect("bash");
    drop(server);
    let _ = std::fs::remove_dir_all(&folder);
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{kind:?}: the tour stopped\n{said}\n{complained}");
    let states = ["active", "checked_in", "in_progress", "paused", "in_progress", "recovery", "completed"];
    let mut rest = said.lines();
    for state in states {
        assert!(rest.any(|line| line == state), "{kind:?}: the tour did not reach {state}\n{said}\n{complained}");
    }
}

#[test]
fn the_tour_of_the_readme_plays_a_whole_visit_on_sqlite() {
    walk(Kind::Sqlite);
}

#[test]
fn the_tour_of_the_readme_plays_a_whole_visit_on_postgresql() {
    walk(Kind::Postgres);
}
