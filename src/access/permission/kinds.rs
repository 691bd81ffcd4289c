//! What a line of the permission table says, and what a permission is in the types.

use crate::access::role::{Role, Roles};

/// What else a permission asks for or allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Cannot be used without a signing token: the person proved presence for this very act (decisions.md 6).
    Signed,
    /// Has its own queue and connections, and counts for ten minutes past the token's end: stop, pause, emergency.
    Urgent,
    /// An `Idempotency-Key` is required: it makes a clinical fact.
    Keyed,
    /// An `If-Match` is required: it changes a record somebody may have changed since.
    Matched,
    /// Is an entry of the trail even when no patient was found: searches and lists of patients.
    Discloses,
    /// Open to an auditor as well, but only inside an open audit case and for its patients (decisions.md 20).
    Cased,
    /// Open to somebody who must have a second factor and has none yet: the way to one.
    Enrolling,
    /// Open to somebody who has not signed in.
    Strangers,
    /// Open to a watcher of the server.
    Jobs,
    /// Open to the operator at the command line.
    Host,
}

/// One thing somebody may be allowed to do. Implemented only by the table below.
pub trait Permission: Send + Sync + 'static {
    /// The id in the trail, the OpenAPI document and the oracle.
    const ID: &'static str;
    /// The roles that may.
    const ROLES: &'static [Role];
    /// What else it asks for or allows.
    const FLAGS: &'static [Flag];

    /// Needs a signing token.
    const SIGNED: bool = has(Self::FLAGS, Flag::Signed);
    /// Goes first.
    const URGENT: bool = has(Self::FLAGS, Flag::Urgent);
    /// Needs an `Idempotency-Key`.
    const KEYED: bool = has(Self::FLAGS, Flag::Keyed);
    /// Needs an `If-Match`.
    const MATCHED: bool = has(Self::FLAGS, Flag::Matched);
    /// Always an entry of the trail.
    const DISCLOSES: bool = has(Self::FLAGS, Flag::Discloses);
    /// An auditor may inside an open case.
    const CASED: bool = has(Self::FLAGS, Flag::Cased);
    /// Whoever still has to set up a second factor may: to do so, and to stop a drug.
    const BEFORE_FACTOR: bool = has(Self::FLAGS, Flag::Enrolling) || Self::URGENT;
    /// Strangers may.
    const FOR_STRANGERS: bool = has(Self::FLAGS, Flag::Strangers);
    /// Jobs may.
    const FOR_JOBS: bool = has(Self::FLAGS, Flag::Jobs);
    /// The host may.
    const FOR_HOST: bool = has(Self::FLAGS, Flag::Host);

    /// Whether one of these roles may.
    fn allows(roles: &Roles) -> bool {
        roles.hold_any(Self::ROLES)
    }

    /// Whether one of these roles may inside an audit case.
    fn allows_in_case(roles: &Roles) -> bool {
        Self::CASED && roles.hold(Role::Auditor)
    }
}

const fn has(flags: &[Flag], wanted: Flag) -> bool {
    let mut rest = flags;
    while let [flag, others @ ..] = rest {
        if *flag as u8 == wanted as u8 {
            return true;
        }
        rest = others;
    }
    false
}

/// One line of the table, for whoever lists it.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The id.
    pub id: &'static str,
    /// The roles that may.
    pub roles: &'static [Role],
    /// What else it asks for or allows.
    pub flags: &'static [Flag],
}

impl Line {
    /// Whether whoever still has to set up a second factor may.
    pub fn before_factor(&self) -> bool {
        self.flags.contains(&Flag::Enrolling) || self.flags.contains(&Flag::Urgent)
    }

    /// Whether somebody with these roles may; inside an audit case, or outside of one.
    pub fn allows(&self, roles: &Roles, in_case: bool) -> bool {
        if in_case {
            self.flags.contains(&Flag::Cased) && roles.hold(Role::Auditor)
        } else {
            roles.hold_any(self.roles)
        }
    }
}
