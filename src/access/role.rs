//! The roles a member of staff can hold in a clinic.

use crate::domain::refusal::FieldError;

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

    /// The roles of a membership: at least one, and neither administrator nor auditor beside a clinical role or each
    /// other, because nobody watches over their own work (security.md 3.1). One human may hold two sign-ins instead.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn for_one_person(roles: &[Role]) -> Result<Self, FieldError> {
        let roles = Self::of(roles.iter().copied());
        let apart = [Role::Admin, Role::Auditor].into_iter().any(|role| roles.hold(role) && roles.0.len() > 1);
        match (roles.0.is_empty(), apart) {
            (true, _) => Err(FieldError::new("/roles", "required", "must name at least one role")),
            (_, true) => {
                Err(FieldError::new("/roles", "combination", "admin and auditor are held alone; use a second sign-in"))
            }
            _ => Ok(roles),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_watches_does_no_other_work() {
        for alone in Role::ALL {
            assert!(Roles::for_one_person(&[*alone]).is_ok());
        }
        assert!(Roles::for_one_person(&[Role::Nurse, Role::FrontDesk]).is_ok());
        for together in [[Role::Admin, Role::Nurse], [Role::Auditor, Role::Prescriber], [Role::Admin, Role::Auditor]] {
            assert_eq!(Roles::for_one_person(&together).map_err(|error| error.code), Err("combination"));
        }
        assert_eq!(Roles::for_one_person(&[]).map_err(|error| error.code), Err("required"));
    }
}
