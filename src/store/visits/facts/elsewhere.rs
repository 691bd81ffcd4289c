//! What a start depends on outside its own visit: the patient's last visit, and the nurse's other patients.

use super::patients;
use crate::domain::id::{PatientId, SessionId, StaffId};
use crate::domain::monitoring::Baseline;
use crate::domain::quantity::{Amount as _, HeartRate};
use crate::domain::readiness::NurseLoad;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::Timestamp;
use crate::store::error::Result;
use crate::store::schema::sessions::sessions;
use crate::store::transaction::{Gather, Held};
use diesel::prelude::*;
use std::collections::HashMap;

/// Who is in charge of whom, of the visits that keep a nurse busy.
pub(super) struct Busy(Vec<(StaffId, SessionId, SessionState)>);

impl Busy {
    /// How many other patients a person is in charge of.
    pub(super) fn load(&self, owner: StaffId, but: SessionId) -> NurseLoad {
        let others = self.0.iter().filter(|(staff, session, _)| *staff == owner && *session != but);
        let infusing = others.clone().filter(|(.., state)| state.is_infusing()).count();
        NurseLoad { infusing: count(infusing), total: count(others.count()) }
    }
}

impl Gather<'_> {
    /// The visits that keep their owners busy, of the owners of these sessions.
    pub(super) fn busy_owners(&mut self, of: &[Session]) -> Result<Busy> {
        let owners: Vec<StaffId> = of.iter().map(|session| session.team.owner_id).collect();
        let busy = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::owner_id.eq_any(owners))
            .filter(sessions::state.eq_any([SessionState::InProgress, SessionState::Paused, SessionState::Recovery]))
            .select((sessions::owner_id, sessions::id, sessions::state))
            .load(self.connection)?;
        Ok(Busy(busy))
    }

    /// The heart rate before the drug at each patient's last visit with drug, by the session that is looked at.
    pub(super) fn last_heart_rates(&mut self, held: Held, of: &[Session]) -> Result<HashMap<SessionId, HeartRate>> {
        let given: Vec<(PatientId, SessionId, Option<Timestamp>)> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::patient_id.eq_any(patients(of)))
            .filter(sessions::started_at.is_not_null())
            .select((sessions::patient_id, sessions::id, sessions::started_at))
            .load(self.connection)?;
        let last_before = |session: &Session| {
            let others = given.iter().filter(|(patient, id, _)| *patient == session.patient_id && *id != session.id);
            others.max_by_key(|(_, id, started_at)| (*started_at, *id)).map(|(_, id, _)| *id)
        };
        let last: Vec<(SessionId, SessionId)> =
            of.iter().filter_map(|session| Some((session.id, last_before(session)?))).collect();
        let ids: Vec<SessionId> = last.iter().map(|(_, earlier)| *earlier).collect();
        let rows = self.observations_before_drug(&ids, held)?;
        let rate = |(session, earlier): (SessionId, SessionId)| {
            let own: Vec<_> = rows.iter().filter(|row| row.session == earlier).cloned().collect();
            Some((session, HeartRate::new(Baseline::of(&own, None).heart_rate?).ok()?))
        };
        Ok(last.into_iter().filter_map(rate).collect())
    }
}

pub(super) fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
