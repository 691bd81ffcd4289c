//! The lists of a chart: statements that are recorded once and never changed.
//!
//! What turns out wrong, or ends, is said by a new statement that names the old one, with a reason; the old one stays
//! readable (never-list 4). Conditions, allergies, medicines, earlier treatments and outcome scores share this.

use super::event::{Event, EventKind, Subject};
use super::id::{PatientId, StaffId};
use super::record::{Canonical, Record};
use super::refusal::{Clash, FieldErrors, Refusal};
use super::text::checked;
use super::time::Timestamp;
use uuid::Uuid;

words! {
    /// What a statement says about the thing it names.
    pub enum ChartStatus {
        /// It is so.
        Active = "active",
        /// It was so: resolved, stopped, outgrown.
        Inactive = "inactive",
        /// The statement it names should never have been made: another patient, a slip.
        EnteredInError = "entered_in_error",
    }

    /// How bad, in the clinician's judgement.
    pub enum Severity {
        /// Noticed, no limit on daily life.
        Mild = "mild",
        /// Limits daily life.
        Moderate = "moderate",
        /// Dangerous or disabling.
        Severe = "severe",
    }
}

/// A kind of thing that a chart lists.
pub trait ChartItem: Sized {
    /// The id of a statement about it.
    type Id: Copy + Eq + Into<Uuid> + Into<Canonical>;
    /// The kind of record in the trail.
    const KIND: &'static str;
    /// What the trail calls a new statement.
    const EVENT: EventKind;
    /// The statuses that make sense for it.
    const STATUSES: &'static [ChartStatus];
    /// Adds its fields to the canonical record.
    fn fill(&self, record: Record) -> Record;

    /// Whether a new statement agrees with what the list says; most may stand beside anything.
    ///
    /// # Errors
    /// When it would talk over a statement that stands.
    fn agrees(_draft: &Draft<Self>, _list: &[Listed<Self>]) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Unchecked: what a body says about the statement itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementFields<'a, Id> {
    /// `active` when absent.
    pub status: Option<ChartStatus>,
    /// The statement this one replaces.
    pub amends_id: Option<Id>,
    /// Why it replaces it.
    pub reason: Option<&'a str>,
}

/// A statement that was checked and waits to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft<T: ChartItem> {
    status: ChartStatus,
    amends: Option<T::Id>,
    reason: Option<String>,
    what: T,
}

/// Who records a statement, when, for whom, under which id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<Id> {
    /// The id of the new statement.
    pub id: Id,
    /// Whose chart.
    pub patient: PatientId,
    /// Who records it.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// One recorded statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<T: ChartItem> {
    /// Id.
    pub id: T::Id,
    /// Whose chart.
    pub patient: PatientId,
    /// What it says of the thing.
    pub status: ChartStatus,
    /// The statement it replaces.
    pub amends: Option<T::Id>,
    /// Why it replaces it.
    pub reason: Option<String>,
    /// The thing.
    pub what: T,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// By whom.
    pub recorded_by: StaffId,
}

/// A statement as its list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T: ChartItem> {
    /// The statement.
    pub statement: Statement<T>,
    /// The later statement that replaces it, if any.
    pub amended_by: Option<T::Id>,
}

/// Puts statements beside those that replace them.
pub fn listed<T: ChartItem>(statements: Vec<Statement<T>>) -> Vec<Listed<T>> {
    let replaced: Vec<(T::Id, T::Id)> =
        statements.iter().filter_map(|later| later.amends.map(|old| (old, later.id))).collect();
    let amended_by = |id| replaced.iter().find(|(old, _)| *old == id).map(|(_, later)| *later);
    statements.into_iter().map(|statement| Listed { amended_by: amended_by(statement.id), statement }).collect()
}

impl<T: ChartItem> Listed<T> {
    /// Whether this is what the chart says now: neither replaced nor an error.
    pub fn stands(&self) -> bool {
        self.amended_by.is_none() && self.statement.status != ChartStatus::EnteredInError
    }

    /// Whether it stands and is so today.
    pub fn is_active(&self) -> bool {
        self.stands() && self.statement.status == ChartStatus::Active
    }
}

impl<T: ChartItem> Draft<T> {
    /// Checks a body; `what` reads the thing itself, so that all errors come at once.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every wrong field.
    pub fn parse(
        fields: StatementFields<'_, T::Id>,
        what: impl FnOnce(&mut FieldErrors) -> Option<T>,
    ) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let what = what(&mut errors);
        let status = fields.status.unwrap_or(ChartStatus::Active);
        if !T::STATUSES.contains(&status) {
            let known: Vec<&str> = T::STATUSES.iter().map(|status| status.as_str()).collect();
            errors.add("/status", "unknown_word", format!("must be one of: {}", known.join(", ")));
        }
        let reason = match (fields.amends_id, fields.reason) {
            (Some(_), reason) => errors.take(checked("/reason", reason.unwrap_or_default(), 1, 500)),
            (None, Some(_)) => {
                errors.add(
                    "/reason",
                    "not_allowed",
                    "a reason belongs to a correction: name the statement in amends_id",
                );
                None
            }
            (None, None) => None,
        };
        if status == ChartStatus::EnteredInError && fields.amends_id.is_none() {
            errors.add("/amends_id", "required", "name the statement that was entered in error");
        }
        errors.finish()?;
        // Without an error there is something: `what` notes an error for each field it cannot read.
        let what = what.ok_or_else(|| Refusal::Invalid(Vec::new()))?;
        Ok(Self { status, amends: fields.amends_id, reason, what })
    }

    /// The thing the statement is about.
    pub fn what(&self) -> &T {
        &self.what
    }

    /// Whether it says that the thing is so.
    pub fn says_active(&self) -> bool {
        self.status == ChartStatus::Active
    }

    /// Whether it would replace this statement.
    pub fn replaces(&self, id: T::Id) -> bool {
        self.amends == Some(id)
    }

    /// Records the statement beside the patient's others of the kind.
    ///
    /// # Errors
    /// When it names a statement that is not on this patient's list, or one that was replaced before, or when it
    /// disagrees with the list.
    pub fn record(self, entry: Entry<T::Id>, list: &[Listed<T>]) -> Result<(Statement<T>, Vec<Event>), Refusal> {
        if let Some(old) = self.amends {
            match list.iter().find(|listed| listed.statement.id == old) {
                None => return Err(Refusal::invalid("/amends_id", "unknown", "must be on this patient's list")),
                Some(listed) if listed.amended_by.is_some() => return Err(already_amended()),
                Some(_) => {}
            }
        }
        T::agrees(&self, list)?;
        let statement = Statement {
            id: entry.id,
            patient: entry.patient,
            status: self.status,
            amends: self.amends,
            reason: self.reason,
            what: self.what,
            recorded_at: entry.at,
            recorded_by: entry.by,
        };
        let events = vec![statement.event()];
        Ok((statement, events))
    }
}

/// The answer to a second correction of one statement; the first corrects, the next must name that one.
pub fn already_amended() -> Refusal {
    Refusal::clash(Clash::AlreadyDone, "this statement was corrected before: correct the later one")
}

impl<T: ChartItem> Statement<T> {
    fn event(&self) -> Event {
        let event = Event::of_patient(T::EVENT, self.patient, Subject::new(T::KIND, self.id, 1), self.record());
        match &self.reason {
            Some(reason) => event.because(reason),
            None => event,
        }
    }

    /// The canonical form whose hash goes into the trail.
    pub fn record(&self) -> Record {
        let record = Record::new(T::KIND, 1)
            .with("id", self.id)
            .with("patient_id", self.patient)
            .with("status", self.status.as_str())
            .with("amends_id", self.amends)
            .with("reason", self.reason.clone())
            .with("recorded_at", self.recorded_at)
            .with("recorded_by", self.recorded_by);
        self.what.fill(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::condition::{Condition, ConditionFields};
    use crate::domain::id::ConditionId;

    fn id(n: u128) -> ConditionId {
        ConditionId(Uuid::from_u128(n))
    }

    fn draft(status: ChartStatus, amends: Option<u128>, reason: Option<&str>) -> Result<Draft<Condition>, Refusal> {
        let fields = StatementFields { status: Some(status), amends_id: amends.map(id), reason };
        Draft::parse(fields, |errors| ConditionFields { code: "G43.709", ..ConditionFields::default() }.parse(errors))
    }

    fn recorded(
        n: u128,
        status: ChartStatus,
        amends: Option<u128>,
        list: &[Listed<Condition>],
    ) -> Result<Statement<Condition>, Refusal> {
        let patient = PatientId(Uuid::nil());
        let entry = Entry { id: id(n), patient, by: StaffId(Uuid::nil()), at: Timestamp::from_millis(0) };
        let (statement, events) = draft(status, amends, amends.map(|_| "typed wrong"))?.record(entry, list)?;
        assert_eq!(events.iter().map(|event| event.record.clone()).collect::<Vec<_>>(), [Some(statement.record())]);
        Ok(statement)
    }

    #[test]
    fn a_correction_replaces_the_old_statement_and_the_old_one_stays_readable() {
        let first = recorded(1, ChartStatus::Active, None, &[]).unwrap();
        let list = listed(vec![first.clone()]);
        let ended = recorded(2, ChartStatus::Inactive, Some(1), &list).unwrap();
        let list = listed(vec![ended, first]);
        assert_eq!(
            list.iter().map(|l| (l.stands(), l.is_active(), l.amended_by)).collect::<Vec<_>>(),
            [(true, false, None), (false, false, Some(id(2)))]
        );
    }

    #[test]
    fn a_statement_is_corrected_once_and_only_on_its_own_patients_list() {
        let first = recorded(1, ChartStatus::Active, None, &[]).unwrap();
        let error = recorded(2, ChartStatus::EnteredInError, Some(1), &listed(vec![first.clone()])).unwrap();
        let list = listed(vec![first, error]);
        assert!(list.iter().all(|listed| !listed.stands()), "what was an error stands no more, nor does the strike");
        assert_eq!(recorded(3, ChartStatus::Active, Some(1), &list), Err(already_amended()));
        assert!(recorded(3, ChartStatus::Active, Some(2), &list).is_ok(), "a strike itself can be taken back");
        let unknown = recorded(3, ChartStatus::Active, Some(9), &list).unwrap_err();
        assert!(
            matches!(unknown, Refusal::Invalid(errors) if errors.iter().any(|e| e.pointer == "/amends_id" && e.code == "unknown"))
        );
    }

    #[test]
    fn a_correction_says_why_and_an_error_says_which() {
        for (status, amends, reason, pointer) in [
            (ChartStatus::Active, Some(1), None, "/reason"),
            (ChartStatus::Active, Some(1), Some(" "), "/reason"),
            (ChartStatus::Active, None, Some("because"), "/reason"),
            (ChartStatus::EnteredInError, None, None, "/amends_id"),
        ] {
            let Err(Refusal::Invalid(errors)) = draft(status, amends, reason) else {
                panic!("{status} {amends:?} {reason:?} was taken")
            };
            assert_eq!(errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), [pointer]);
        }
    }
}
