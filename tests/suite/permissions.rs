//! The permission table against its oracle: `docs/permissions.csv` is kept by hand and reviewed; the code must agree.

use chairside::access::permission::{Flag, TABLE};
use chairside::access::role::Role;

const ORACLE: &str = include_str!("../../docs/permissions.csv");

#[test]
fn the_table_says_what_the_reviewed_oracle_says() {
    let mut rows = ORACLE.lines();
    assert_eq!(rows.next(), Some("permission,admin,prescriber,nurse,front_desk,auditor,others,flags,why"));
    let mut oracle: Vec<String> = rows.map(|row| row.splitn(9, ',').take(8).collect::<Vec<_>>().join(",")).collect();
    let mut table: Vec<String> = TABLE
        .iter()
        .map(|line| {
            let role = |role| match role {
                role if line.roles.contains(&role) => "y",
                // Only inside an open audit case.
                Role::Auditor if line.flags.contains(&Flag::Cased) => "c",
                _ => "-",
            };
            let roles: Vec<&str> = Role::ALL.iter().map(|known| role(*known)).collect();
            let named = |names: &[(Flag, &str)]| {
                let held = names.iter().filter(|(flag, _)| line.flags.contains(flag));
                held.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
            };
            let others = named(&[(Flag::Strangers, "stranger"), (Flag::Jobs, "job"), (Flag::Host, "host")]);
            let flags = named(&[
                (Flag::Signed, "signed"),
                (Flag::Urgent, "urgent"),
                (Flag::Keyed, "keyed"),
                (Flag::Matched, "matched"),
                (Flag::Discloses, "discloses"),
                (Flag::Enrolling, "enrolling"),
            ]);
            format!("{},{},{others},{flags}", line.id, roles.join(","))
        })
        .collect();
    oracle.sort_unstable();
    table.sort_unstable();
    assert_eq!(table, oracle);
}
