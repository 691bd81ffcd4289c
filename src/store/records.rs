//! The canonical form of a record, made again from its rows: for the verifier that holds it against the trail.

use super::error::{Result, StoreError};
use super::transaction::Gather;
use crate::domain::id::{ConsentId, SessionId};
use crate::domain::merkle::Hash;
use crate::domain::record::Record;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// The kinds of record that can be made again by their id alone. One that the trail names and the database lacks is gone.
pub const KINDS: [&str; 12] = [
    "patient",
    "session",
    "alert",
    "task",
    "audit_case",
    "policy",
    "protocol",
    "consent",
    "consent_template",
    "withdrawal_report",
    "screening",
    "treatment_plan",
];

type Hashes = HashMap<(String, Uuid), Hash>;

impl Gather<'_> {
    /// The hashes of these records as they are now, as far as they are there. With a session come its entries of the
    /// drug record and its rows of the flowsheet, with a consent its signatures.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row cannot be read.
    pub fn record_hashes(&mut self, objects: &[(String, Uuid)]) -> Result<Hashes> {
        let mut found = Hashes::new();
        for (kind, id) in objects {
            match self.record_of(kind, *id) {
                Ok(Some(record)) => {
                    found.insert((kind.clone(), *id), record.sha256());
                }
                Ok(None) | Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let ids = |wanted: &str| -> BTreeSet<Uuid> {
            objects.iter().filter(|(kind, _)| kind == wanted).map(|(_, id)| *id).collect()
        };
        let sessions: Vec<SessionId> = ids("session").into_iter().map(SessionId).collect();
        for some in sessions.chunks(500) {
            self.add_rows_of(some, &mut found)?;
        }
        for consent in ids("consent") {
            for signature in self.consent_signatures(ConsentId(consent))? {
                found.insert(("consent_signature".into(), signature.id.uuid()), signature.record().sha256());
            }
        }
        Ok(found)
    }

    fn record_of(&mut self, kind: &str, id: Uuid) -> Result<Option<Record>> {
        Ok(Some(match kind {
            "patient" => self.patient(id.into())?.record(),
            "session" => self.session(id.into())?.record(),
            "alert" => self.alert(id.into())?.record(),
            "task" => self.task(id.into())?.record(),
            "audit_case" => self.audit_case(id.into())?.record(),
            "policy" => self.policy_version(id.into())?.record(),
            "protocol" => self.protocol(id.into())?.record(),
            "consent" => self.consent(id.into())?.record(),
            "consent_template" => self.consent_form(id.into())?.record(),
            "withdrawal_report" => self.withdrawal_report(id.into())?.record(),
            "screening" => self.screening(id.into())?.screening.record(),
            "treatment_plan" => self.treatment_plan(id.into())?.record(),
            _ => return Ok(None),
        }))
    }

    fn add_rows_of(&mut self, sessions: &[SessionId], found: &mut Hashes) -> Result<()> {
        let held = self.one_snapshot();
        for event in self.dosing_events(sessions, held)? {
            found.insert(("dosing_event".into(), event.id.uuid()), event.record().sha256());
        }
        for (row, _) in self.observations(sessions, held)? {
            found.insert(("observation".into(), row.id.uuid()), row.to_record().sha256());
        }
        Ok(())
    }
}
