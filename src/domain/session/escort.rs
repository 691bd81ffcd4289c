//! Who takes the patient home: named before or during the visit, seen before the patient leaves (decisions.md 26).

use super::head::Session;
use super::table::SessionState;
use crate::domain::act::Act;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{EscortId, SessionId, StaffId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::text::checked;
use crate::domain::time::Timestamp;

words! {
    /// What kind of company it is.
    pub enum EscortKind {
        /// A responsible adult.
        Person = "person",
        /// Medical transport that staff arranged.
        MedicalTransport = "medical_transport",
    }

    /// What is known about the escort's coming.
    pub enum EscortStatus {
        /// Promised.
        Expected = "expected",
        /// Seen in the house by a member of staff.
        Seen = "seen",
        /// Will not come after all.
        CalledOff = "called_off",
    }
}

/// Who comes, as named by the patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscortName {
    /// Full name, or the transport service.
    pub name: String,
    /// To the patient, for example `spouse`.
    pub relationship: Option<String>,
    /// Where to call when it is time.
    pub phone: String,
    /// What kind of company.
    pub kind: EscortKind,
}

impl EscortName {
    /// Reads a name, a relationship and a phone number.
    ///
    /// # Errors
    /// Every field that cannot be kept.
    pub fn parse(name: &str, relationship: Option<&str>, phone: &str, kind: EscortKind) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let name = errors.take(checked("/name", name, 1, 200));
        let relationship = relationship.map(|text| errors.take(checked("/relationship", text, 1, 100)));
        let phone = errors.take(checked("/phone", phone, 3, 40));
        errors.finish()?;
        Ok(Self {
            name: name.unwrap_or_default(),
            relationship: relationship.flatten(),
            phone: phone.unwrap_or_default(),
            kind,
        })
    }
}

/// One statement about one escort: a fact; a later one about the same person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escort {
    /// Its id.
    pub id: EscortId,
    /// For which session.
    pub session_id: SessionId,
    /// Who.
    pub who: EscortName,
    /// What is known.
    pub status: EscortStatus,
    /// When the escort was seen.
    pub seen_at: Option<Timestamp>,
    /// By whom.
    pub seen_by: Option<StaffId>,
    /// The earlier statement that this one replaces.
    pub amends_id: Option<EscortId>,
    /// The entry.
    pub act: Act,
}

impl Escort {
    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("session_escort", 1)
            .with("id", self.id)
            .with("session_id", self.session_id)
            .with("name", &self.who.name)
            .with("relationship", self.who.relationship.clone())
            .with("phone", &self.who.phone)
            .with("escort_kind", self.who.kind.as_str())
            .with("status", self.status.as_str())
            .with("seen_at", self.seen_at)
            .with("seen_by", self.seen_by)
            .with("amends_id", self.amends_id)
            .with("act", self.act.record())
    }
}

/// The statements nobody replaced, oldest first.
pub fn in_force(all: &[Escort]) -> Vec<&Escort> {
    all.iter().filter(|escort| !all.iter().any(|later| later.amends_id == Some(escort.id))).collect()
}

/// Whether somebody is promised or seen: asked for by the start.
pub fn is_promised(all: &[Escort]) -> bool {
    in_force(all).iter().any(|escort| escort.status != EscortStatus::CalledOff)
}

/// Whether somebody was seen: asked for by a discharge home.
pub fn is_seen(all: &[Escort]) -> bool {
    in_force(all).iter().any(|escort| escort.status == EscortStatus::Seen)
}

/// The best that is known: seen before expected before called off.
pub fn best(all: &[Escort]) -> Option<EscortStatus> {
    let order = [EscortStatus::Seen, EscortStatus::Expected, EscortStatus::CalledOff];
    order.into_iter().find(|status| in_force(all).iter().any(|escort| escort.status == *status))
}

/// Names an escort or says more about one already named: same name and phone is the same escort. `None` when
/// everything was known already.
///
/// # Errors
/// When the visit is over.
pub fn set(
    session: &Session,
    known: &[Escort],
    id: EscortId,
    said: (EscortName, EscortStatus),
    act: Act,
) -> Result<Option<(Escort, Event)>, Refusal> {
    let (who, status) = said;
    if !(session.state == SessionState::Scheduled || session.state.is_live()) {
        return Err(Refusal::clash(Clash::WrongState, format!("the visit is {}", session.state)));
    }
    let before =
        in_force(known).into_iter().find(|escort| (&escort.who.name, &escort.who.phone) == (&who.name, &who.phone));
    if before.is_some_and(|escort| escort.who == who && escort.status == status) {
        return Ok(None);
    }
    let seen = status == EscortStatus::Seen;
    let escort = Escort {
        id,
        session_id: session.id,
        who,
        status,
        seen_at: seen.then_some(act.occurred_at),
        seen_by: seen.then_some(act.by),
        amends_id: before.map(|escort| escort.id),
        act,
    };
    let subject = Subject::new("session_escort", escort.id, 1);
    let event = Event::of_patient(EventKind::SessionEscortSet, session.patient_id, subject, escort.record());
    Ok(Some((escort, event)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::{asked, booked};
    use uuid::Uuid;

    fn said(name: &str, status: EscortStatus) -> (EscortName, EscortStatus) {
        (EscortName::parse(name, Some("spouse"), "+15550101", EscortKind::Person).unwrap(), status)
    }

    /// What is known after these statements.
    fn after(statements: &[(&str, EscortStatus)]) -> Vec<Escort> {
        let mut known = Vec::new();
        for (number, (name, status)) in (1_u128..).zip(statements) {
            let id = EscortId(Uuid::from_u128(number));
            known.extend(set(&booked(), &known, id, said(name, *status), asked(0)).unwrap().map(|(escort, _)| escort));
        }
        known
    }

    #[test]
    fn an_escort_is_promised_then_seen_and_several_may_come() {
        use EscortStatus::{CalledOff, Expected, Seen};
        // statements -> promised, seen, in force
        for (statements, promised, seen, count) in [
            (&[][..], false, false, 0),
            (&[("Ana", Expected)], true, false, 1),
            (&[("Ana", Expected), ("Ana", Seen)], true, true, 1),
            (&[("Ana", Expected), ("Ana", CalledOff)], false, false, 1),
            (&[("Ana", CalledOff), ("Ben", Seen)], true, true, 2),
            (&[("Ana", Seen), ("Ana", Seen)], true, true, 1),
        ] {
            let known = after(statements);
            assert_eq!(
                (is_promised(&known), is_seen(&known), in_force(&known).len()),
                (promised, seen, count),
                "{statements:?}"
            );
            let best = if seen {
                Some(Seen)
            } else if promised {
                Some(Expected)
            } else {
                statements.last().map(|(_, status)| *status)
            };
            assert_eq!(super::best(&known), best, "{statements:?}");
        }
    }

    #[test]
    fn who_saw_the_escort_is_known_only_when_somebody_did() {
        for escort in after(&[("Ana", EscortStatus::Expected), ("Ana", EscortStatus::Seen)]) {
            let seen = escort.status == EscortStatus::Seen;
            assert_eq!(
                (escort.seen_at.is_some(), escort.seen_by.is_some(), escort.amends_id.is_some()),
                (seen, seen, seen)
            );
        }
    }

    #[test]
    fn every_bad_field_is_named() {
        let Err(Refusal::Invalid(errors)) = EscortName::parse("", Some("a\0"), "1", EscortKind::Person) else {
            panic!()
        };
        assert_eq!(
            errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(),
            ["/name", "/relationship", "/phone"]
        );
    }

    #[test]
    fn nobody_is_named_for_a_visit_that_is_over() {
        let over = Session { state: SessionState::Completed, ..booked() };
        assert!(set(&over, &[], EscortId(Uuid::nil()), said("Ana", EscortStatus::Seen), asked(0)).is_err());
    }
}
