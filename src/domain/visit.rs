//! The one patient in the one chair: what every act around an infusion has to name.

use super::id::{PatientId, SessionId, StaffId};
use super::refusal::{Clash, FieldErrors, Refusal};
use super::route::{Person, Route};
use super::time::Timestamp;

/// How far ahead of the server's clock an instant may lie (decisions.md 34).
pub const SKEW_MINUTES: i64 = 5;

/// Which visit an act belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The session.
    pub session: SessionId,
    /// Whose session it is.
    pub patient: PatientId,
    /// How the drug is given.
    pub route: Route,
}

impl Visit {
    /// Checks that the chairside body means the patient in this chair (decisions.md 12).
    ///
    /// # Errors
    /// [`Clash::PatientMismatch`] when it names somebody else.
    pub fn is_of(&self, named: PatientId) -> Result<(), Refusal> {
        if named == self.patient {
            return Ok(());
        }
        Err(Refusal::clash(
            Clash::PatientMismatch,
            "this session belongs to another patient: check who sits in the chair",
        ))
    }
}

/// Who acts, with whom, and when the server saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deed {
    /// The person.
    pub by: Person,
    /// The second person who checked or saw it, proved by a cosignature.
    pub second: Option<Person>,
    /// The server's time.
    pub at: Timestamp,
}

impl Deed {
    /// Notes an instant that has not come yet; a stated fact lies in the past.
    pub fn refuse_future(&self, pointer: &str, instant: Option<Timestamp>, errors: &mut FieldErrors) {
        if instant.is_some_and(|instant| instant > self.at.plus_minutes(SKEW_MINUTES)) {
            errors.add(pointer, "future", "must not lie in the future");
        }
    }

    /// The second person, if there is one; a second human, whatever name they signed in with.
    ///
    /// # Errors
    /// [`Clash::SamePerson`] when both are one human.
    pub fn second(&self, words: &str) -> Result<Option<StaffId>, Refusal> {
        match self.second {
            Some(second) if self.by.is(second) => Err(Refusal::clash(Clash::SamePerson, words)),
            second => Ok(second.map(|person| person.staff)),
        }
    }
}

#[cfg(test)]
pub mod samples {
    //! People, visits and instants that the tests of this part of the house share.
    use super::*;
    use crate::domain::id::AccountId;
    use uuid::Uuid;

    /// The nth member of staff.
    pub fn person(n: u128) -> Person {
        Person { staff: StaffId(Uuid::from_u128(n)), account: AccountId(Uuid::from_u128(n + 1000)) }
    }

    /// A visit by this route.
    pub fn visit(route: Route) -> Visit {
        Visit { session: SessionId(Uuid::from_u128(1)), patient: PatientId(Uuid::from_u128(2)), route }
    }

    /// Monday noon, UTC.
    pub fn noon() -> Timestamp {
        Timestamp::parse("2026-03-02T12:00:00Z").unwrap()
    }

    /// Done at noon, with a second person.
    pub fn deed() -> Deed {
        Deed { by: person(10), second: Some(person(11)), at: noon() }
    }

    #[test]
    fn a_body_that_names_another_patient_is_refused() {
        let visit = visit(Route::Iv);
        assert_eq!(visit.is_of(visit.patient), Ok(()));
        let refusal = visit.is_of(PatientId(Uuid::from_u128(3))).unwrap_err();
        assert!(matches!(refusal, Refusal::Clash { clash: Clash::PatientMismatch, .. }));
    }

    #[test]
    fn one_human_with_two_logins_is_no_second_person() {
        let deed = deed();
        let other_login = Person { staff: StaffId(Uuid::from_u128(77)), account: deed.by.account };
        assert!(Deed { second: Some(other_login), ..deed }.second("x").is_err());
        assert_eq!(deed.second("x"), Ok(Some(person(11).staff)));
        assert_eq!(Deed { second: None, ..deed }.second("x"), Ok(None));
    }
}
