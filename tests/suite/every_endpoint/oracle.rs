//! `docs/permissions.csv`, kept by hand and reviewed: who may do what. It is compared with the code, never made from it.

use std::collections::BTreeMap;

use crate::architecture::source::root;

/// The roles, in the order of the oracle's columns.
pub const ROLES: [&str; 5] = ["admin", "prescriber", "nurse", "front_desk", "auditor"];

/// What the oracle says of one permission.
#[derive(Debug, Default)]
pub struct Row {
    /// The roles that hold it.
    pub roles: Vec<&'static str>,
    /// Whether an auditor holds it inside an open audit case.
    pub cased: bool,
    /// Whether the act needs a proof of presence, which is asked for before the record is looked up.
    pub signed: bool,
}

/// The oracle, by permission.
pub type Oracle = BTreeMap<String, Row>;

/// Reads it.
pub fn oracle() -> Oracle {
    let text = std::fs::read_to_string(root().join("docs/permissions.csv")).expect("docs/permissions.csv");
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().expect("a header").split(',').collect();
    let roles =
        ROLES.map(|role| (role, header.iter().position(|known| *known == role).expect("a column for each role")));
    let auditor = header.iter().position(|known| *known == "auditor").expect("a column of the auditor");
    let flags = header.iter().position(|known| *known == "flags").expect("a column of flags");
    let read = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        let may = roles.iter().filter(|(_, at)| cells[*at] == "y").map(|(role, _)| *role);
        (
            cells[0].to_owned(),
            Row {
                roles: may.collect(),
                cased: cells[auditor] == "c",
                signed: cells[flags].split(' ').any(|flag| flag == "signed"),
            },
        )
    };
    lines.map(read).collect()
}
