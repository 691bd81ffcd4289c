//! Everything a decision about a patient's consent looks at, in a fixed number of queries.

use crate::domain::consent::{ConsentFacts, Influence};
use crate::domain::dosing::{Administration, RescueClass, effective};
use crate::domain::id::{PatientId, SessionId};
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::store::error::{Result, StoreError};
use crate::store::schema::sessions::sessions;
use crate::store::transaction::{Gather, Held};
use diesel::prelude::*;
use std::collections::{BTreeSet, HashMap};

impl Gather<'_> {
    /// Everything known about these patients' consents. Five queries, however many patients and consents there are.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consent_facts_of(&mut self, patients: &[PatientId], held: Held) -> Result<HashMap<PatientId, ConsentFacts>> {
        let mut consents = self.all_consents(patients, held)?;
        let renewals = self.renewing_forms(held)?;
        let mut withdrawals = self.withdrawals_of(patients, held)?;
        let mut reports = self.withdrawal_reports_of(patients, held)?;
        let mut circumstances = self.circumstances_of(patients, held)?;
        let mut facts = HashMap::new();
        for patient in patients.iter().copied().collect::<BTreeSet<_>>() {
            let of_this = ConsentFacts {
                patient,
                consents: consents.extract_if(.., |consent| consent.patient == patient).collect(),
                renewals: renewals.clone(),
                withdrawals: withdrawals.extract_if(.., |withdrawal| withdrawal.patient == patient).collect(),
                reports: reports.extract_if(.., |report| report.patient == patient).collect(),
                circumstances: circumstances.extract_if(.., |one| one.patient == patient).collect(),
            };
            facts.insert(patient, of_this);
        }
        Ok(facts)
    }

    /// The same of one patient.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consent_facts(&mut self, patient: PatientId, held: Held) -> Result<ConsentFacts> {
        self.consent_facts_of(&[patient], held)?.remove(&patient).ok_or(StoreError::NotFound)
    }

    /// Whether the patient is under the drug, and from which session.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn influence_on(&mut self, patient: PatientId, held: Held) -> Result<Influence> {
        self.saw(patient);
        type Given = (SessionId, SessionState, Option<Timestamp>, Option<Timestamp>);
        let newest: Option<Given> = sessions::table
            .filter(sessions::clinic_id.eq(self.clinic()))
            .filter(sessions::patient_id.eq(patient))
            .filter(sessions::started_at.is_not_null())
            .order((sessions::started_at.desc(), sessions::id.desc()))
            .select((sessions::id, sessions::state, sessions::stopped_at, sessions::completed_at))
            .first(self.connection)
            .optional()?;
        let Some((session, state, stopped_at, completed_at)) = newest else { return Ok(Influence::none()) };
        if state.is_live() {
            return Ok(Influence { live: Some(session), last: None });
        }
        let history = effective(&self.dosing_events(&[session], held)?);
        let sedated_at =
            history.events().iter().filter(|event| is_sedative(&event.what)).map(|event| event.act.occurred_at);
        let ended_at = sedated_at.chain(stopped_at.or(completed_at)).max();
        Ok(Influence { live: None, last: ended_at.map(|at| (session, at)) })
    }
}

fn is_sedative(what: &Administration) -> bool {
    matches!(what, Administration::Rescue(drug) if drug.class == RescueClass::Sedative)
}
