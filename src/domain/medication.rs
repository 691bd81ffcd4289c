//! Medicines the patient takes; some change what ketamine does.

use super::chart::{ChartItem, ChartStatus, Listed};
use super::event::EventKind;
use super::id::MedicationId;
use super::record::Record;
use super::refusal::FieldErrors;
use super::text::checked;
use super::time::Timestamp;

words! {
    /// The classes that matter beside ketamine (clinical.md 2, last row), and the antidepressants.
    pub enum MedicineClass {
        /// Selective serotonin reuptake inhibitor.
        Ssri = "ssri",
        /// Serotonin and noradrenaline reuptake inhibitor.
        Snri = "snri",
        /// Tricyclic antidepressant.
        Tricyclic = "tricyclic",
        /// Monoamine oxidase inhibitor.
        Maoi = "maoi",
        /// Another antidepressant: bupropion, mirtazapine, trazodone.
        OtherAntidepressant = "other_antidepressant",
        /// Benzodiazepine.
        Benzodiazepine = "benzodiazepine",
        /// Opioid.
        Opioid = "opioid",
        /// Another depressant of the central nervous system.
        CnsDepressant = "cns_depressant",
        /// Stimulant.
        Stimulant = "stimulant",
        /// Theophylline or aminophylline.
        Theophylline = "theophylline",
        /// Lamotrigine.
        Lamotrigine = "lamotrigine",
        /// Strong inhibitor of CYP3A4 or CYP2B6.
        CypInhibitor = "cyp_inhibitor",
        /// Triptan or dihydroergotamine.
        TriptanOrErgot = "triptan_or_ergot",
        /// Erenumab.
        Erenumab = "erenumab",
        /// Thyroid hormone.
        ThyroidHormone = "thyroid_hormone",
        /// Any other.
        Other = "other",
    }
}

impl MedicineClass {
    /// Whether it is taken against depression.
    pub const fn is_antidepressant(self) -> bool {
        matches!(self, Self::Ssri | Self::Snri | Self::Tricyclic | Self::Maoi | Self::OtherAntidepressant)
    }

    /// What to think of beside ketamine, if anything (clinical.md 2; defaults to be approved by the medical director).
    pub const fn caution(self) -> Option<&'static str> {
        match self {
            Self::Benzodiazepine | Self::Opioid | Self::CnsDepressant => Some("more sedation; may blunt the effect"),
            Self::Stimulant | Self::Maoi | Self::ThyroidHormone => Some("blood pressure may rise more"),
            Self::Theophylline => Some("lowers the seizure threshold"),
            Self::Lamotrigine => Some("may blunt the effect"),
            Self::CypInhibitor => Some("ketamine may last longer"),
            Self::TriptanOrErgot => Some("both narrow vessels when taken the same day: blood pressure"),
            Self::Erenumab => Some("hypertension is a warning of this medicine"),
            Self::Ssri | Self::Snri | Self::Tricyclic | Self::OtherAntidepressant | Self::Other => None,
        }
    }
}

/// Unchecked: a medicine as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MedicationFields<'a> {
    /// Name of the medicine.
    pub name: &'a str,
    /// Its class.
    pub class: MedicineClass,
    /// How much, how often, in words.
    pub dose_text: Option<&'a str>,
    /// When it was last taken.
    pub last_taken_at: Option<Timestamp>,
}

/// A medicine on the patient's list. Its dose is text: it is reported, not ordered here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medication {
    /// Name of the medicine.
    pub name: String,
    /// Its class.
    pub class: MedicineClass,
    /// How much, how often, in words.
    pub dose_text: Option<String>,
    /// When it was last taken.
    pub last_taken_at: Option<Timestamp>,
}

impl MedicationFields<'_> {
    /// Checks the fields; nothing was taken after `now`.
    pub fn parse(self, now: Timestamp, errors: &mut FieldErrors) -> Option<Medication> {
        let name = errors.take(checked("/name", self.name, 1, 200));
        let dose_text = self.dose_text.and_then(|text| errors.take(checked("/dose_text", text, 1, 200)));
        if self.last_taken_at.is_some_and(|at| at > now) {
            errors.add("/last_taken_at", "future", "must not be in the future");
        }
        Some(Medication { name: name?, class: self.class, dose_text, last_taken_at: self.last_taken_at })
    }
}

/// The antidepressants the patient takes now.
pub fn current_antidepressants(list: &[Listed<Medication>]) -> Vec<&Medication> {
    list.iter()
        .filter(|listed| listed.is_active() && listed.statement.what.class.is_antidepressant())
        .map(|listed| &listed.statement.what)
        .collect()
}

impl ChartItem for Medication {
    type Id = MedicationId;
    const KIND: &'static str = "medication";
    const EVENT: EventKind = EventKind::MedicationRecorded;
    const STATUSES: &'static [ChartStatus] = ChartStatus::ALL;

    fn fill(&self, record: Record) -> Record {
        record
            .with("name", &self.name)
            .with("class", self.class.as_str())
            .with("dose_text", self.dose_text.clone())
            .with("last_taken_at", self.last_taken_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chart::{Draft, Entry, StatementFields, listed};
    use crate::domain::id::{PatientId, StaffId};
    use uuid::Uuid;

    #[test]
    fn a_stopped_antidepressant_is_no_current_one() {
        let entry = |n: u128| Entry {
            id: MedicationId(Uuid::from_u128(n)),
            patient: PatientId(Uuid::nil()),
            by: StaffId(Uuid::nil()),
            at: Timestamp::from_millis(0),
        };
        let make = |n, name, class, status| {
            let fields = StatementFields { status: Some(status), amends_id: None, reason: None };
            let now = Timestamp::from_millis(0);
            let draft = Draft::parse(fields, |errors| {
                MedicationFields { name, class, dose_text: None, last_taken_at: None }.parse(now, errors)
            });
            draft.unwrap().record(entry(n), &[]).unwrap().0
        };
        let list = listed(vec![
            make(1, "sertraline", MedicineClass::Ssri, ChartStatus::Active),
            make(2, "amitriptyline", MedicineClass::Tricyclic, ChartStatus::Inactive),
            make(3, "sumatriptan", MedicineClass::TriptanOrErgot, ChartStatus::Active),
        ]);
        assert_eq!(current_antidepressants(&list).iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["sertraline"]);
    }

    #[test]
    fn nothing_is_taken_tomorrow() {
        let now = Timestamp::from_millis(1_000);
        for (taken, wrong) in [(1_000, false), (1_001, true)] {
            let mut errors = FieldErrors::none();
            let fields = MedicationFields {
                name: "sumatriptan",
                class: MedicineClass::TriptanOrErgot,
                dose_text: None,
                last_taken_at: Some(Timestamp::from_millis(taken)),
            };
            fields.parse(now, &mut errors);
            assert_eq!(errors.finish().is_err(), wrong, "{taken}");
        }
    }
}
