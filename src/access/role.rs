//! The roles a member of staff can hold in a clinic.

words! {
    /// A role, held for one clinic. There is no hierarchy: an administrator may not do what a nurse may.
    pub enum Role {
        /// Users and settings; writes nothing clinical.
        Admin = "admin",
        /// Orders, releases, overrides, signs.
        Prescriber = "prescriber",
        /// Sits at the chair.
        Nurse = "nurse",
        /// Books, moves, checks in.
        FrontDesk = "front_desk",
        /// Reads the trail.
        Auditor = "auditor",
    }
}

/// The roles one member holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// These roles, each once, in the order of [`Role::ALL`].
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        let mut roles: Vec<Role> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        Self(roles)
    }

    /// Whether this role is held.
    pub fn hold(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether one of these roles is held.
    pub fn hold_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.hold(*role))
    }

    /// Every role held.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// Whether a chart may be written by one of them: prescriber or nurse.
    pub fn clinical(&self) -> bool {
        self.hold_any(&[Role::Prescriber, Role::Nurse])
    }
}

/// Words with a space between them: `prescriber nurse`.
impl std::fmt::Display for Roles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, role) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(role.as_str())?;
        }
        Ok(())
    }
}
