//! The one judgement of the matrix, and the proof that it is not blind: with any one cell of the oracle changed it fails.

use super::oracle::{Oracle, ROLES, Row};
use std::collections::BTreeSet;

/// How somebody was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub permission: String,
    /// One of the roles, or the auditor inside a case.
    pub role: &'static str,
    /// Whether the answer was about the person and not about the record.
    pub refused: bool,
}

/// The auditor who names an open case.
pub const IN_A_CASE: &str = "auditor in a case";

/// Whether that is not what the oracle says.
pub fn wrong(row: &Row, seen: &Seen) -> bool {
    let may = if seen.role == IN_A_CASE { row.cased } else { row.roles.contains(&seen.role) };
    may == seen.refused
}

/// The cells of the oracle that could be changed without the matrix failing, of the permissions that operations ask for.
pub fn blind_spots(oracle: &Oracle, asked: &BTreeSet<&str>, seen: &[Seen]) -> Vec<String> {
    let mut found = Vec::new();
    for (permission, row) in oracle.iter().filter(|(permission, _)| asked.contains(permission.as_str())) {
        let notices = |altered: &Row| seen.iter().any(|seen| seen.permission == *permission && wrong(altered, seen));
        for role in ROLES {
            let mut altered = Row { roles: row.roles.clone(), ..*row };
            match altered.roles.iter().position(|held| *held == role) {
                Some(at) => drop(altered.roles.remove(at)),
                None => altered.roles.push(role),
            }
            if !notices(&altered) {
                found.push(format!("{permission} could be changed for {role} unseen"));
            }
        }
        let altered = Row { roles: row.roles.clone(), cased: !row.cased, signed: row.signed };
        if !row.roles.contains(&"auditor") && !notices(&altered) {
            found.push(format!("{permission} could be changed for an auditor in a case unseen"));
        }
    }
    found
}

#[test]
fn a_matrix_that_saw_nothing_is_blind_everywhere() {
    let oracle = super::oracle::oracle();
    let all = oracle.keys().map(String::as_str).collect();
    let blind = blind_spots(&oracle, &all, &[]);
    assert!(blind.len() >= oracle.len() * ROLES.len(), "{} of {}", blind.len(), oracle.len());
}
