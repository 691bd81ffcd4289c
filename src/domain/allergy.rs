//! Allergies; "none known" is a statement somebody made, an empty list is a question nobody asked.

use super::chart::{ChartItem, ChartStatus, Draft, Listed, Severity};
use super::event::EventKind;
use super::id::AllergyId;
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal};
use super::text::checked;

words! {
    /// What an entry of the allergy list says.
    pub enum AllergyKind {
        /// The patient reacts to a substance.
        Allergy = "allergy",
        /// The patient was asked and knows of none.
        NoneKnown = "none_known",
    }

    /// What the allergy list as a whole says.
    pub enum AllergyStatus {
        /// Nobody asked.
        NotAsked = "not_asked",
        /// Asked, and none known.
        NoneKnown = "none_known",
        /// There is at least one.
        Known = "known",
    }
}

/// Unchecked: an allergy as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllergyFields<'a> {
    /// An allergy, or that none is known.
    pub kind: AllergyKind,
    /// To what.
    pub substance: Option<&'a str>,
    /// What happened.
    pub reaction: Option<&'a str>,
    /// How bad.
    pub severity: Option<Severity>,
}

/// An entry of the allergy list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allergy {
    /// The patient reacts to something.
    To {
        /// The substance.
        substance: String,
        /// What happened.
        reaction: Option<String>,
        /// How bad.
        severity: Option<Severity>,
    },
    /// The patient was asked and knows of none.
    NoneKnown,
}

impl AllergyFields<'_> {
    /// Checks the fields.
    pub fn parse(self, errors: &mut FieldErrors) -> Option<Allergy> {
        match self.kind {
            AllergyKind::Allergy => {
                let substance = errors.take(checked("/substance", self.substance.unwrap_or_default(), 1, 200));
                let reaction = self.reaction.and_then(|text| errors.take(checked("/reaction", text, 1, 500)));
                Some(Allergy::To { substance: substance?, reaction, severity: self.severity })
            }
            AllergyKind::NoneKnown => {
                let given = [self.substance.is_some(), self.reaction.is_some(), self.severity.is_some()];
                for pointer in ["/substance", "/reaction", "/severity"]
                    .iter()
                    .zip(given)
                    .filter(|(_, given)| *given)
                    .map(|(p, _)| *p)
                {
                    errors.add(pointer, "not_allowed", "no allergy is known, so there is nothing to describe");
                }
                Some(Allergy::NoneKnown)
            }
        }
    }
}

impl Allergy {
    /// What the entry says.
    pub fn kind(&self) -> AllergyKind {
        match self {
            Self::To { .. } => AllergyKind::Allergy,
            Self::NoneKnown => AllergyKind::NoneKnown,
        }
    }
}

/// What the list says; one allergy outweighs any "none known".
pub fn status(list: &[Listed<Allergy>]) -> AllergyStatus {
    let mut status = AllergyStatus::NotAsked;
    for listed in list.iter().filter(|listed| listed.is_active()) {
        match listed.statement.what {
            Allergy::To { .. } => return AllergyStatus::Known,
            Allergy::NoneKnown => status = AllergyStatus::NoneKnown,
        }
    }
    status
}

impl ChartItem for Allergy {
    type Id = AllergyId;
    const KIND: &'static str = "allergy";
    const EVENT: EventKind = EventKind::AllergyRecorded;
    const STATUSES: &'static [ChartStatus] = ChartStatus::ALL;

    /// An allergy is always taken; "none known" only when no allergy stands: it has to be corrected or ended by name.
    fn agrees(draft: &Draft<Self>, list: &[Listed<Self>]) -> Result<(), Refusal> {
        let contradicts = |listed: &Listed<Self>| {
            listed.is_active() && listed.statement.what != Self::NoneKnown && !draft.replaces(listed.statement.id)
        };
        if draft.says_active() && *draft.what() == Self::NoneKnown && list.iter().any(contradicts) {
            return Err(Refusal::clash(Clash::WrongState, "an allergy stands on the list: end or correct it first"));
        }
        Ok(())
    }

    fn fill(&self, record: Record) -> Record {
        let record = record.with("allergy", self.kind().as_str());
        match self {
            Self::NoneKnown => record,
            Self::To { substance, reaction, severity } => record
                .with("substance", substance)
                .with("reaction", reaction.clone())
                .word("severity", severity.map(Severity::as_str)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chart::{Entry, StatementFields, listed};
    use crate::domain::id::{PatientId, StaffId};
    use crate::domain::time::Timestamp;
    use uuid::Uuid;

    fn draft(substance: Option<&str>, status: ChartStatus, amends: Option<u128>) -> Draft<Allergy> {
        let kind = if substance.is_some() { AllergyKind::Allergy } else { AllergyKind::NoneKnown };
        let fields = StatementFields {
            status: Some(status),
            amends_id: amends.map(|n| AllergyId(Uuid::from_u128(n))),
            reason: amends.map(|_| "asked again"),
        };
        Draft::parse(fields, |errors| AllergyFields { kind, substance, reaction: None, severity: None }.parse(errors))
            .unwrap()
    }

    fn add(list: Vec<Listed<Allergy>>, n: u128, draft: Draft<Allergy>) -> Vec<Listed<Allergy>> {
        let entry = Entry {
            id: AllergyId(Uuid::from_u128(n)),
            patient: PatientId(Uuid::nil()),
            by: StaffId(Uuid::nil()),
            at: Timestamp::from_millis(0),
        };
        let (new, _) = draft.record(entry, &list).unwrap();
        listed(list.into_iter().map(|l| l.statement).chain([new]).collect())
    }

    #[test]
    fn nobody_asked_is_not_none_known() {
        assert_eq!(status(&[]), AllergyStatus::NotAsked);
        let none = add(Vec::new(), 1, draft(None, ChartStatus::Active, None));
        assert_eq!(status(&none), AllergyStatus::NoneKnown);
        let one = add(none, 2, draft(Some("latex"), ChartStatus::Active, None));
        assert_eq!(status(&one), AllergyStatus::Known, "an allergy is taken although none was known before");
        let gone = add(one, 3, draft(Some("latex"), ChartStatus::EnteredInError, Some(2)));
        assert_eq!(status(&gone), AllergyStatus::NoneKnown);
    }

    #[test]
    fn none_known_does_not_talk_over_an_allergy() {
        let list = add(Vec::new(), 1, draft(Some("latex"), ChartStatus::Active, None));
        assert!(Allergy::agrees(&draft(None, ChartStatus::Active, None), &list).is_err());
        assert!(
            Allergy::agrees(&draft(None, ChartStatus::Active, Some(1)), &list).is_ok(),
            "it may correct the only one"
        );
        assert!(Allergy::agrees(&draft(Some("latex"), ChartStatus::Active, None), &list).is_ok());
    }

    #[test]
    fn none_known_has_no_substance_and_an_allergy_has_one() {
        for (kind, substance, pointer) in
            [(AllergyKind::NoneKnown, Some("latex"), "/substance"), (AllergyKind::Allergy, None, "/substance")]
        {
            let mut errors = FieldErrors::none();
            AllergyFields { kind, substance, reaction: None, severity: None }.parse(&mut errors);
            assert!(
                matches!(errors.finish(), Err(Refusal::Invalid(errors)) if errors.iter().any(|error| error.pointer == pointer))
            );
        }
    }
}
