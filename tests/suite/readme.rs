//! The README's tour, run as it is written.

use crate::architecture::source::root;
use crate::support::{Clinic, Kind, PASSWORD};
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
    let clinic = Clinic::open_at(kind, &chairside::clock::Clock::real().now().to_string());
    clinic.admin().post("/api/v1/rooms", &serde_json::json!({"name": "Chair 1"})).expect(201);
    let done = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &tour()])
        .env("API", format!("{}/api/v1", clinic.base))
        .env("PASSWORD", PASSWORD)
        .env("PRESCRIBER", clinic.login("prescriber"))
        .env("NURSE", clinic.login("nurse"))
        .env("SECOND_NURSE", clinic.login("second_nurse"))
        .env("FRONT_DESK", clinic.login("front_desk"))
        .env("AUDITOR", clinic.login("auditor"))
        .output()
        .expect("bash");
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
