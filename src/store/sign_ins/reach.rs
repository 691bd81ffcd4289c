//! Whether the person in charge of a visit can be reached, read from the database and never from a process's memory
//! (engineering.md 7.19).

use crate::access::permit::Actor;
use crate::domain::alert::Owner;
use crate::domain::id::{SessionId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::error::Result;
use crate::store::schema::foundation::{accounts, login_sessions, staff};
use crate::store::schema::sessions::sessions;
use crate::store::transaction::Gather;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::HashMap;

impl Gather<'_> {
    /// The persons in charge of these visits, in three queries however many they are.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn owners_of(&mut self, of: &[SessionId]) -> Result<HashMap<SessionId, Owner>> {
        let (clinic, now) = (self.clinic(), self.now());
        let owned: Vec<(SessionId, StaffId)> = sessions::table
            .filter(sessions::clinic_id.eq(clinic))
            .filter(sessions::id.eq_any(of.to_vec()))
            .select((sessions::id, sessions::owner_id))
            .load(self.connection)?;
        let owners: Vec<StaffId> = owned.iter().map(|(_, owner)| *owner).collect();
        let working: Vec<StaffId> = staff::table
            .inner_join(accounts::table.on(accounts::id.eq(staff::account_id)))
            .filter(staff::clinic_id.eq(clinic))
            .filter(staff::id.eq_any(owners.clone()))
            .filter(staff::retired_at.is_null())
            .filter(accounts::disabled_at.is_null())
            .select(staff::id)
            .load(self.connection)?;
        let seen: Vec<(StaffId, Option<Timestamp>)> = login_sessions::table
            .filter(login_sessions::clinic_id.eq(clinic))
            .filter(login_sessions::staff_id.eq_any(owners))
            .filter(login_sessions::revoked_at.is_null())
            .filter(login_sessions::expires_at.gt(now))
            .group_by(login_sessions::staff_id)
            .select((login_sessions::staff_id, max(login_sessions::last_seen_at)))
            .load(self.connection)?;
        let asks = self.actor().map(Actor::staff);
        let owner = |staff: StaffId| Owner {
            staff,
            works_here: working.contains(&staff),
            // Whoever asks is there; what was noted of them is up to a minute old.
            last_seen_at: if asks == Some(staff) {
                Some(now)
            } else {
                seen.iter().find(|(who, _)| *who == staff).and_then(|(_, at)| *at)
            },
        };
        Ok(owned.into_iter().map(|(session, staff)| (session, owner(staff))).collect())
    }
}
