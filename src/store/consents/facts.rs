//! Everything a decision about a patient's consent looks at, in a fixed number of queries.

use crate::domain::consent::{ConsentFacts, Influence};
use crate::domain::id::{PatientId, SessionId};
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::store::error::Result;
use crate::store::schema::sessions::sessions;
use crate::store::transaction::{Gather, Held};
use diesel::prelude::*;

impl Gather<'_> {
    /// Everything known about a patient's consent. Five queries, however many consents there are.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consent_facts(&mut self, patient: PatientId, held: Held) -> Result<ConsentFacts> {
        Ok(ConsentFacts {
            patient,
            consents: self.all_consents(patient, held)?,
            renewals: self.renewing_forms(held)?,
            withdrawals: self.withdrawals_of(patient, held)?,
            reports: self.withdrawal_reports_of(patient, held)?,
        })
    }

    /// Whether the patient is under the drug, and from which session.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn influence_on(&mut self, patient: PatientId, _held: Held) -> Result<Influence> {
        self.saw(patient);
        let given: Vec<(SessionId, SessionState, Option<Timestamp>, Option<Timestamp>)> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::patient_id.eq(patient))
            .filter(sessions::started_at.is_not_null())
            .order(sessions::started_at.desc())
            .limit(10)
            .select((sessions::id, sessions::state, sessions::stopped_at, sessions::completed_at))
            .load(self.connection)?;
        let live = given.iter().find(|(_, state, ..)| state.is_live()).map(|(id, ..)| *id);
        // A rescue sedative is given before the patient leaves, so the end of the stay is the safe end of influence.
        let ended = |(id, _, stopped, completed): &(SessionId, SessionState, Option<Timestamp>, Option<Timestamp>)| {
            completed.or(*stopped).map(|at| (*id, at))
        };
        Ok(Influence { live, last: given.iter().filter_map(ended).max_by_key(|(_, at)| *at) })
    }
}
