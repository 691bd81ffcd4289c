//! Diagnoses, coded in ICD-10-CM; the headaches this house treats are known by name.

use super::chart::{ChartItem, ChartStatus};
use super::event::EventKind;
use super::icd10::Icd10;
use super::id::ConditionId;
use super::record::Record;
use super::refusal::{FieldError, FieldErrors};
use super::text::checked;
use super::time::Date;

/// Names of the headache categories, the longest prefix first where one holds another (ICD-10-CM 2024, chapter 6).
const HEADACHES: &[(&str, &str)] = &[
    ("G43.0", "Migraine without aura"),
    ("G43.1", "Migraine with aura"),
    ("G43.4", "Hemiplegic migraine"),
    ("G43.5", "Persistent migraine aura without cerebral infarction"),
    ("G43.6", "Persistent migraine aura with cerebral infarction"),
    ("G43.7", "Chronic migraine without aura"),
    ("G43.82", "Menstrual migraine, not intractable"),
    ("G43.83", "Menstrual migraine, intractable"),
    ("G43.8", "Other migraine"),
    ("G43.9", "Migraine, unspecified"),
    ("G43.A", "Cyclical vomiting"),
    ("G43.B", "Ophthalmoplegic migraine"),
    ("G43.C", "Periodic headache syndromes in child or adult"),
    ("G43.D", "Abdominal migraine"),
    ("G43.E", "Chronic migraine with aura"),
    ("G43", "Migraine"),
    ("G44.00", "Cluster headache syndrome, unspecified"),
    ("G44.01", "Episodic cluster headache"),
    ("G44.02", "Chronic cluster headache"),
    ("G44.03", "Episodic paroxysmal hemicrania"),
    ("G44.04", "Chronic paroxysmal hemicrania"),
    ("G44.05", "Short lasting unilateral neuralgiform headache with conjunctival injection and tearing"),
    ("G44.0", "Cluster headaches and other trigeminal autonomic cephalgias"),
    ("G44.1", "Vascular headache, not elsewhere classified"),
    ("G44.21", "Episodic tension-type headache"),
    ("G44.22", "Chronic tension-type headache"),
    ("G44.2", "Tension-type headache"),
    ("G44.3", "Post-traumatic headache"),
    ("G44.4", "Drug-induced headache, not elsewhere classified"),
    ("G44.51", "Hemicrania continua"),
    ("G44.52", "New daily persistent headache"),
    ("G44.53", "Primary thunderclap headache"),
    ("G44.5", "Complicated headache syndromes"),
    ("G44.81", "Hypnic headache"),
    ("G44.82", "Headache associated with sexual activity"),
    ("G44.83", "Primary cough headache"),
    ("G44.84", "Primary exertional headache"),
    ("G44.85", "Primary stabbing headache"),
    ("G44.86", "Cervicogenic headache"),
    ("G44.8", "Other specified headache syndromes"),
    ("G44", "Other headache syndromes"),
];

/// The name of the headache a code stands for, if it stands for one.
pub fn headache_name(code: &Icd10) -> Option<&'static str> {
    HEADACHES.iter().find(|(prefix, _)| code.as_str().starts_with(prefix)).map(|(_, name)| *name)
}

/// Unchecked: a diagnosis as a body sends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConditionFields<'a> {
    /// ICD-10-CM code.
    pub code: &'a str,
    /// The diagnosis in words.
    pub text: Option<&'a str>,
    /// Since when.
    pub onset_date: Option<Date>,
}

/// A diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// ICD-10-CM code.
    pub code: Icd10,
    /// The diagnosis in words; the category's name for a headache coded without words.
    pub text: Option<String>,
    /// Since when.
    pub onset_date: Option<Date>,
}

impl ConditionFields<'_> {
    /// Checks the fields.
    pub fn parse(self, errors: &mut FieldErrors) -> Option<Condition> {
        let code = Icd10::parse(self.code).map_err(|no| FieldError::new("/code", "icd10", no.to_string()));
        let code = errors.take(code);
        let given = self.text.and_then(|text| errors.take(checked("/text", text, 1, 300)));
        let code = code?;
        let text = given.or_else(|| headache_name(&code).map(str::to_owned));
        Some(Condition { code, text, onset_date: self.onset_date })
    }
}

impl ChartItem for Condition {
    type Id = ConditionId;
    const KIND: &'static str = "condition";
    const EVENT: EventKind = EventKind::ConditionRecorded;
    const STATUSES: &'static [ChartStatus] = ChartStatus::ALL;

    fn fill(&self, record: Record) -> Record {
        record.with("code", self.code.as_str()).with("text", self.text.clone()).with("onset_date", self.onset_date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headaches_of_the_clinic_are_known_by_name() {
        for (code, expected) in [
            ("G43.709", Some("Chronic migraine without aura")),
            ("G43.719", Some("Chronic migraine without aura")),
            ("G43.E11", Some("Chronic migraine with aura")),
            ("G43.839", Some("Menstrual migraine, intractable")),
            ("G44.52", Some("New daily persistent headache")),
            ("G44.021", Some("Chronic cluster headache")),
            ("G44", Some("Other headache syndromes")),
            ("F33.2", None),
            ("G89.29", None),
        ] {
            let mut errors = FieldErrors::none();
            let condition = ConditionFields { code, ..ConditionFields::default() }.parse(&mut errors).unwrap();
            assert_eq!(condition.text.as_deref(), expected, "{code}");
            assert_eq!(condition.code.is_headache(), expected.is_some(), "{code}");
        }
    }

    #[test]
    fn the_words_a_clinician_chose_are_kept() {
        let fields = ConditionFields { code: "G43.709", text: Some("migraine since school"), onset_date: None };
        assert_eq!(fields.parse(&mut FieldErrors::none()).unwrap().text.as_deref(), Some("migraine since school"));
    }

    #[test]
    fn a_longer_name_is_never_hidden_behind_a_shorter_one() {
        for (index, (prefix, _)) in HEADACHES.iter().enumerate() {
            assert!(
                !HEADACHES[..index].iter().any(|(earlier, _)| prefix.starts_with(earlier)),
                "{prefix} is unreachable"
            );
        }
    }
}
