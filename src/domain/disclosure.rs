//! What of a patient's record was given to somebody outside, by whom, to whom and why: the accounting of disclosures
//! of 45 CFR 164.528, six years back.

use super::event::{Event, EventKind, Subject};
use super::id::{DisclosureId, PatientId, StaffId};
use super::record::Record;
use super::refusal::{FieldErrors, Refusal};
use super::text::checked;
use super::time::Timestamp;

/// The most patients one disclosure names.
pub const MOST_PATIENTS: usize = 1000;
/// How far back the accounting goes, in days: six years and the leap days among them.
pub const ACCOUNTED_DAYS: i64 = 6 * 365 + 2;
/// How long an agency can ask that the patient is not told, in days; longer only by asking anew in writing.
pub const LONGEST_SUSPENSION_DAYS: i64 = 3 * 366;
const DAY_MINUTES: i64 = 24 * 60;

words! {
    /// On what ground it was given.
    pub enum DisclosureAuthority {
        /// The patient signed an authorization.
        Authorization = "authorization",
        /// The patient asked for it.
        PatientRequest = "patient_request",
        /// A court ordered it, or a subpoena was served.
        CourtOrder = "court_order",
        /// The law asks for it.
        RequiredByLaw = "required_by_law",
        /// A public health authority.
        PublicHealth = "public_health",
        /// An agency that oversees health care or controlled substances.
        Oversight = "oversight",
        /// Law enforcement.
        LawEnforcement = "law_enforcement",
        /// A serious threat to somebody.
        Threat = "threat",
        /// Research under a waiver.
        Research = "research",
        /// Workers' compensation.
        WorkersCompensation = "workers_compensation",
        /// Something else, said in the purpose.
        Other = "other",
    }
}

/// What is stated about a disclosure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDisclosure {
    /// Whose records.
    pub patients: Vec<PatientId>,
    /// Who received them.
    pub recipient: String,
    /// Where, if it is known.
    pub address: Option<String>,
    /// What was given.
    pub what: String,
    /// Why.
    pub purpose: String,
    /// On what ground.
    pub authority: DisclosureAuthority,
    /// When it was given.
    pub disclosed_at: Timestamp,
    /// Until when an agency asked that the patient is not told, and which.
    pub suspended: Option<(Timestamp, String)>,
}

/// One disclosure: a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Its id.
    pub id: DisclosureId,
    /// What was stated; its patients in order of id.
    pub said: NewDisclosure,
    /// Who recorded it.
    pub recorded_by: StaffId,
    /// When.
    pub recorded_at: Timestamp,
}

impl Disclosure {
    /// Records one; the events are one for each patient, because each chart's accounting changes.
    ///
    /// # Errors
    /// Everything that is wrong with what was stated.
    pub fn record(
        id: DisclosureId,
        said: NewDisclosure,
        (recorded_by, recorded_at): (StaffId, Timestamp),
    ) -> Result<(Self, Vec<Event>), Refusal> {
        let mut errors = FieldErrors::none();
        let mut patients = said.patients.clone();
        patients.sort_unstable();
        patients.dedup();
        if !(1..=MOST_PATIENTS).contains(&patients.len()) {
            errors.add("/patient_ids", "range", format!("must name 1 to {MOST_PATIENTS} patients"));
        }
        errors.take(checked("/recipient", &said.recipient, 1, 200));
        errors.take(checked("/what", &said.what, 1, 2000));
        errors.take(checked("/purpose", &said.purpose, 1, 1000));
        if let Some(address) = &said.address {
            errors.take(checked("/recipient_address", address, 1, 500));
        }
        if said.disclosed_at > recorded_at {
            errors.add("/disclosed_at", "range", "must not be in the future");
        }
        if let Some((until, agency)) = &said.suspended {
            errors.take(checked("/suspended_for", agency, 1, 200));
            let latest = said.disclosed_at.plus_minutes(LONGEST_SUSPENSION_DAYS * DAY_MINUTES);
            if *until <= said.disclosed_at || *until > latest {
                errors.add("/suspended_until", "range", "must be within three years of the disclosure");
            }
        }
        errors.finish()?;
        let disclosure = Self { id, said: NewDisclosure { patients, ..said }, recorded_by, recorded_at };
        let events = disclosure.said.patients.iter().map(|patient| disclosure.event(*patient)).collect();
        Ok((disclosure, events))
    }

    /// Whether it is of more than one patient's record.
    pub fn is_bulk(&self) -> bool {
        self.said.patients.len() > 1
    }

    /// Whether the patient is not to be told of it at this instant.
    pub fn is_suspended(&self, now: Timestamp) -> bool {
        self.said.suspended.as_ref().is_some_and(|(until, _)| now < *until)
    }

    fn event(&self, patient: PatientId) -> Event {
        let subject = Subject::new("disclosure", self.id, 1);
        Event::of_patient(EventKind::DisclosureRecorded, patient, subject, self.record())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        let said = &self.said;
        Record::new("disclosure", 1)
            .with("id", self.id)
            .with("patient_ids", Some(said.patients.clone()))
            .with("recipient", &said.recipient)
            .with("recipient_address", said.address.as_ref())
            .with("what", &said.what)
            .with("purpose", &said.purpose)
            .with("authority", said.authority.as_str())
            .with("disclosed_at", said.disclosed_at)
            .with("suspended_until", said.suspended.as_ref().map(|(until, _)| *until))
            .with("suspended_for", said.suspended.as_ref().map(|(_, agency)| agency))
            .with("recorded_by", self.recorded_by)
            .with("recorded_at", self.recorded_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn said() -> NewDisclosure {
        NewDisclosure {
            patients: vec![PatientId(Uuid::from_u128(2)), PatientId(Uuid::from_u128(1)), PatientId(Uuid::from_u128(2))],
            recipient: "State medical board".into(),
            address: None,
            what: "the visits of March".into(),
            purpose: "inspection".into(),
            authority: DisclosureAuthority::Oversight,
            disclosed_at: Timestamp::from_millis(0),
            suspended: None,
        }
    }

    fn record(said: NewDisclosure) -> Result<Disclosure, Refusal> {
        let act = (StaffId(Uuid::from_u128(9)), Timestamp::from_millis(0));
        Disclosure::record(DisclosureId(Uuid::from_u128(7)), said, act).map(|(disclosure, _)| disclosure)
    }

    #[test]
    fn each_patient_is_named_once_and_a_suspension_ends_by_itself() {
        let now = Timestamp::from_millis(0);
        let until = now.plus_minutes(90 * DAY_MINUTES);
        let made = record(NewDisclosure { suspended: Some((until, "FBI".into())), ..said() }).unwrap();
        assert_eq!((made.said.patients.len(), made.is_bulk()), (2, true));
        assert!(made.is_suspended(now) && !made.is_suspended(until));
        assert!(!record(said()).unwrap().is_suspended(now));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let now = Timestamp::from_millis(0);
        let bad = [
            NewDisclosure { patients: Vec::new(), ..said() },
            NewDisclosure { recipient: String::new(), ..said() },
            NewDisclosure { purpose: String::new(), ..said() },
            NewDisclosure { disclosed_at: now.plus_minutes(1), ..said() },
            NewDisclosure { suspended: Some((now, "FBI".into())), ..said() },
            NewDisclosure { suspended: Some((now.plus_minutes(4 * 366 * DAY_MINUTES), "FBI".into())), ..said() },
        ];
        for said in bad {
            assert!(matches!(record(said.clone()), Err(Refusal::Invalid(_))), "{said:?}");
        }
    }
}
