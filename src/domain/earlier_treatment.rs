//! What was tried against the headache before: the ground on which an off-label drug is considered at all.

use super::chart::{ChartItem, ChartStatus, Listed};
use super::event::EventKind;
use super::id::EarlierTreatmentId;
use super::record::Record;
use super::refusal::FieldErrors;
use super::text::checked;

words! {
    /// Classes of headache treatment.
    pub enum TreatmentClass {
        /// Beta blocker.
        BetaBlocker = "beta_blocker",
        /// Antidepressant used as a preventive.
        Antidepressant = "antidepressant",
        /// Anticonvulsant.
        Anticonvulsant = "anticonvulsant",
        /// Calcium channel blocker.
        CalciumChannelBlocker = "calcium_channel_blocker",
        /// Angiotensin inhibitor or blocker.
        Angiotensin = "angiotensin",
        /// Onabotulinum toxin type A.
        BotulinumToxin = "botulinum_toxin",
        /// Antibody against CGRP or its receptor.
        CgrpAntibody = "cgrp_antibody",
        /// Gepant as a preventive.
        Gepant = "gepant",
        /// Acute treatment: triptan, ergot, analgesic.
        Acute = "acute",
        /// Nerve block or other procedure.
        Procedure = "procedure",
        /// Neuromodulation device.
        Neuromodulation = "neuromodulation",
        /// Behavioural or physical therapy.
        Behavioural = "behavioural",
        /// Ketamine, earlier.
        Ketamine = "ketamine",
        /// Any other.
        Other = "other",
    }

    /// Why it was stopped.
    pub enum WhyStopped {
        /// It did not help enough.
        NoEffect = "no_effect",
        /// It helped at first.
        LostEffect = "lost_effect",
        /// It was not tolerated.
        SideEffects = "side_effects",
        /// It became contraindicated.
        Contraindicated = "contraindicated",
        /// Cost or access.
        Access = "access",
        /// The patient's choice.
        Preference = "preference",
        /// Another reason.
        Other = "other",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

impl TreatmentClass {
    /// Whether it is a preventive class of the EHF definition S44: resistant means that three of these failed.
    pub const fn is_preventive(self) -> bool {
        matches!(
            self,
            Self::BetaBlocker
                | Self::Antidepressant
                | Self::Anticonvulsant
                | Self::CalciumChannelBlocker
                | Self::Angiotensin
                | Self::BotulinumToxin
                | Self::CgrpAntibody
                | Self::Gepant
        )
    }
}

impl WhyStopped {
    /// Whether the treatment failed: no lasting benefit, or not tolerated.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::NoEffect | Self::LostEffect | Self::SideEffects)
    }
}

/// Unchecked: an earlier treatment as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierTreatmentFields<'a> {
    /// Its class.
    pub class: TreatmentClass,
    /// Name of the treatment.
    pub name: &'a str,
    /// Dose, in words.
    pub dose_text: Option<&'a str>,
    /// For how long, in weeks.
    pub weeks: Option<i64>,
    /// Why it was stopped.
    pub why_stopped: WhyStopped,
    /// More about why.
    pub detail: Option<&'a str>,
}

/// A treatment the patient tried earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierTreatment {
    /// Its class.
    pub class: TreatmentClass,
    /// Name of the treatment.
    pub name: String,
    /// Dose, in words.
    pub dose_text: Option<String>,
    /// For how long, in weeks.
    pub weeks: Option<i64>,
    /// Why it was stopped.
    pub why_stopped: WhyStopped,
    /// More about why.
    pub detail: Option<String>,
}

/// Longest duration that is no typing error: 100 years.
const MAX_WEEKS: i64 = 5_200;

impl EarlierTreatmentFields<'_> {
    /// Checks the fields.
    pub fn parse(self, errors: &mut FieldErrors) -> Option<EarlierTreatment> {
        let name = errors.take(checked("/name", self.name, 1, 200));
        let dose_text = self.dose_text.and_then(|text| errors.take(checked("/dose_text", text, 1, 200)));
        let detail = self.detail.and_then(|text| errors.take(checked("/detail", text, 1, 1_000)));
        if self.weeks.is_some_and(|weeks| !(0..=MAX_WEEKS).contains(&weeks)) {
            errors.add("/weeks", "range", format!("must be 0 to {MAX_WEEKS}"));
        }
        let Self { class, weeks, why_stopped, .. } = self;
        Some(EarlierTreatment { class, name: name?, dose_text, weeks, why_stopped, detail })
    }
}

/// The preventive classes that failed, each once: three make a migraine resistant S44.
pub fn failed_preventive_classes(list: &[Listed<EarlierTreatment>]) -> Vec<TreatmentClass> {
    let mut classes: Vec<TreatmentClass> = list
        .iter()
        .filter(|listed| listed.stands())
        .map(|listed| &listed.statement.what)
        .filter(|tried| tried.class.is_preventive() && tried.why_stopped.is_failure())
        .map(|tried| tried.class)
        .collect();
    classes.sort();
    classes.dedup();
    classes
}

impl ChartItem for EarlierTreatment {
    type Id = EarlierTreatmentId;
    const KIND: &'static str = "earlier_treatment";
    const EVENT: EventKind = EventKind::EarlierTreatmentRecorded;
    const STATUSES: &'static [ChartStatus] = &[ChartStatus::Active, ChartStatus::EnteredInError];

    fn fill(&self, record: Record) -> Record {
        record
            .with("class", self.class.as_str())
            .with("name", &self.name)
            .with("dose_text", self.dose_text.clone())
            .with("weeks", self.weeks)
            .with("why_stopped", self.why_stopped.as_str())
            .with("detail", self.detail.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chart::{Draft, Entry, StatementFields, listed};
    use crate::domain::id::{PatientId, StaffId};
    use crate::domain::time::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_class_that_failed_twice_counts_once_and_one_stopped_for_its_price_counts_not() {
        let tried = [
            (TreatmentClass::BetaBlocker, WhyStopped::NoEffect),
            (TreatmentClass::BetaBlocker, WhyStopped::SideEffects),
            (TreatmentClass::CgrpAntibody, WhyStopped::Access),
            (TreatmentClass::Anticonvulsant, WhyStopped::LostEffect),
            (TreatmentClass::Acute, WhyStopped::NoEffect),
        ];
        let statements = tried.iter().zip(1..).map(|((class, why), n)| {
            let fields = EarlierTreatmentFields {
                class: *class,
                name: "x",
                dose_text: None,
                weeks: Some(12),
                why_stopped: *why,
                detail: None,
            };
            let draft = Draft::parse(StatementFields { status: None, amends_id: None, reason: None }, |errors| {
                fields.parse(errors)
            })
            .unwrap();
            let entry = Entry {
                id: EarlierTreatmentId(Uuid::from_u128(n)),
                patient: PatientId(Uuid::nil()),
                by: StaffId(Uuid::nil()),
                at: Timestamp::from_millis(0),
            };
            draft.record(entry, &[]).unwrap().0
        });
        let failed = failed_preventive_classes(&listed(statements.collect()));
        assert_eq!(failed, [TreatmentClass::BetaBlocker, TreatmentClass::Anticonvulsant]);
    }
}
