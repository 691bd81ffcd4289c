//! An audit case: what lets an auditor read charts. Without one an auditor reads the trail and no patient
//! (decisions.md 20); inside one only the patients it names, and every such read names the case.

use super::event::{Event, EventKind, Subject};
use super::id::{AuditCaseId, PatientId, StaffId};
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal};
use super::text::checked;
use super::time::Timestamp;

/// The most patients a case names one by one.
pub const MOST_PATIENTS: usize = 200;
/// The longest period of visits a case is about, in days: a quarter.
pub const LONGEST_PERIOD_DAYS: i64 = 92;
/// How long a case may stay open, in days.
pub const LONGEST_OPEN_DAYS: i64 = 90;
const DAY_MINUTES: i64 = 24 * 60;

/// Whose charts a case opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseScope {
    /// These patients'.
    Patients(Vec<PatientId>),
    /// Those of everybody with a visit booked in this time: from the first instant, up to the second.
    Period(Timestamp, Timestamp),
}

/// What is asked for when a case is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditCase {
    /// The number under which the auditor's own files know it.
    pub number: String,
    /// Why charts have to be read.
    pub reason: String,
    /// Patients named one by one.
    pub patients: Option<Vec<PatientId>>,
    /// Or the time of their visits.
    pub period: Option<(Timestamp, Timestamp)>,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCase {
    /// Its id: what `X-Audit-Case` names.
    pub id: AuditCaseId,
    /// Moves with each change.
    pub version: i64,
    /// The auditor's own number.
    pub number: String,
    /// Why charts have to be read.
    pub reason: String,
    /// Whose charts it opens.
    pub scope: CaseScope,
    /// Who opened it.
    pub opened_by: StaffId,
    /// When.
    pub opened_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// Who ended it before.
    pub closed_by: Option<StaffId>,
    /// When.
    pub closed_at: Option<Timestamp>,
}

impl AuditCase {
    /// Opens a case.
    ///
    /// # Errors
    /// Everything that is wrong with what was asked for.
    pub fn open(
        id: AuditCaseId,
        new: NewAuditCase,
        opened_by: StaffId,
        now: Timestamp,
    ) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        let number = errors.take(checked("/number", &new.number, 1, 64));
        let reason = errors.take(checked("/reason", &new.reason, 10, 1000));
        let latest = now.plus_minutes(LONGEST_OPEN_DAYS * DAY_MINUTES);
        if new.ends_at <= now || new.ends_at > latest {
            errors.add("/until", "range", format!("must be in the next {LONGEST_OPEN_DAYS} days"));
        }
        let scope = scope(new.patients, new.period, &mut errors);
        errors.finish()?;
        let (Some(number), Some(reason), Some(scope)) = (number, reason, scope) else {
            return Err(Refusal::invalid("", "required", "a case has a number, a reason and a scope"));
        };
        let case = Self {
            id,
            version: 1,
            number,
            reason,
            scope,
            opened_by,
            opened_at: now,
            ends_at: new.ends_at,
            closed_by: None,
            closed_at: None,
        };
        let event = case.event(EventKind::AuditCaseOpened);
        Ok((case, event))
    }

    /// Ends it before its time.
    ///
    /// # Errors
    /// `already_done` when it has ended.
    pub fn close(&self, by: StaffId, now: Timestamp) -> Result<(Self, Event), Refusal> {
        if !self.is_open(now) {
            return Err(Refusal::clash(Clash::AlreadyDone, "the case has ended already"));
        }
        let next = Self { version: self.version + 1, closed_by: Some(by), closed_at: Some(now), ..self.clone() };
        let event = next.event(EventKind::AuditCaseClosed);
        Ok((next, event))
    }

    /// Whether it opens charts at this instant.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.closed_at.is_none() && now < self.ends_at
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_clinic(kind, Subject::new("audit_case", self.id, self.version), self.record())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        let (patients, period) = match &self.scope {
            CaseScope::Patients(patients) => (Some(patients.clone()), None),
            CaseScope::Period(from, until) => (None, Some((*from, *until))),
        };
        Record::new("audit_case", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("number", &self.number)
            .with("reason", &self.reason)
            .with("patient_ids", patients)
            .with("period_from", period.map(|(from, _)| from))
            .with("period_until", period.map(|(_, until)| until))
            .with("opened_by", self.opened_by)
            .with("opened_at", self.opened_at)
            .with("ends_at", self.ends_at)
            .with("closed_by", self.closed_by)
            .with("closed_at", self.closed_at)
    }
}

fn scope(
    patients: Option<Vec<PatientId>>,
    period: Option<(Timestamp, Timestamp)>,
    errors: &mut FieldErrors,
) -> Option<CaseScope> {
    match (patients, period) {
        (Some(mut patients), None) => {
            patients.sort_unstable();
            patients.dedup();
            if !(1..=MOST_PATIENTS).contains(&patients.len()) {
                errors.add("/patient_ids", "range", format!("must name 1 to {MOST_PATIENTS} patients"));
            }
            Some(CaseScope::Patients(patients))
        }
        (None, Some((from, until))) => {
            if until <= from || until > from.plus_minutes(LONGEST_PERIOD_DAYS * DAY_MINUTES) {
                errors.add("/period", "range", format!("must be a period of at most {LONGEST_PERIOD_DAYS} days"));
            }
            Some(CaseScope::Period(from, until))
        }
        _ => {
            errors.add("", "required", "name either patient_ids or a period");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn new() -> NewAuditCase {
        NewAuditCase {
            number: "2026-014".into(),
            reason: "complaint of a patient's family".into(),
            patients: Some(vec![
                PatientId(Uuid::from_u128(2)),
                PatientId(Uuid::from_u128(1)),
                PatientId(Uuid::from_u128(2)),
            ]),
            period: None,
            ends_at: Timestamp::from_millis(0).plus_minutes(DAY_MINUTES),
        }
    }

    fn open(new: NewAuditCase) -> Result<AuditCase, Refusal> {
        let (by, now) = (StaffId(Uuid::from_u128(9)), Timestamp::from_millis(0));
        AuditCase::open(AuditCaseId(Uuid::from_u128(7)), new, by, now).map(|(case, _)| case)
    }

    fn pointers(new: NewAuditCase) -> Vec<String> {
        match open(new) {
            Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_case_ends_by_itself_or_by_hand_and_then_for_good() {
        let case = open(new()).unwrap();
        assert_eq!(case.scope, CaseScope::Patients(vec![PatientId(Uuid::from_u128(1)), PatientId(Uuid::from_u128(2))]));
        let now = Timestamp::from_millis(1);
        assert!(case.is_open(now) && !case.is_open(case.ends_at));
        let (closed, event) = case.close(case.opened_by, now).unwrap();
        assert!(!closed.is_open(now));
        assert_eq!((closed.version, event.kind), (2, EventKind::AuditCaseClosed));
        assert!(matches!(closed.close(case.opened_by, now), Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
    }

    #[test]
    fn a_case_says_what_it_is_about_and_never_everything_or_for_ever() {
        let at = Timestamp::from_millis;
        let days = |n: i64| at(0).plus_minutes(n * DAY_MINUTES);
        assert_eq!(pointers(NewAuditCase { number: " ".into(), reason: "x".into(), ..new() }), ["/number", "/reason"]);
        assert_eq!(pointers(NewAuditCase { patients: None, ..new() }), [""]);
        assert_eq!(pointers(NewAuditCase { period: Some((at(0), days(1))), ..new() }), [""]);
        assert_eq!(pointers(NewAuditCase { patients: Some(vec![]), ..new() }), ["/patient_ids"]);
        let period = |until| NewAuditCase { patients: None, period: Some((at(0), until)), ..new() };
        assert!(open(period(days(LONGEST_PERIOD_DAYS))).is_ok());
        assert_eq!(pointers(period(days(LONGEST_PERIOD_DAYS).plus_minutes(1))), ["/period"]);
        assert_eq!(pointers(period(at(0))), ["/period"]);
        assert!(open(NewAuditCase { ends_at: days(LONGEST_OPEN_DAYS), ..new() }).is_ok());
        assert_eq!(pointers(NewAuditCase { ends_at: days(LONGEST_OPEN_DAYS + 1), ..new() }), ["/until"]);
        assert_eq!(pointers(NewAuditCase { ends_at: at(0), ..new() }), ["/until"]);
    }
}
