//! Corrections: the old entry stays readable, the new one takes its place (decisions.md 12, design.md 1, 4).

use super::draft::Draft;
use super::event::{Administration, Amends, DosingEvent};
use super::history::effective;
use crate::domain::act::{Act, Ahead, Stated};
use crate::domain::id::{DosingEventId, StaffId};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::route::{Basis, EntrySource};
use crate::domain::session::Session;
use crate::domain::session::care::CorrectedBy;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// Who corrects, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrector {
    /// Who, and whether as a prescriber.
    pub by: CorrectedBy,
    /// The server's time.
    pub now: Timestamp,
    /// Why, as sent.
    pub reason: String,
}

/// What an entry should have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// What was done; nothing says that the entry should never have been.
    pub draft: Option<Draft>,
    /// When it was done, if that was wrong too.
    pub occurred_at: Option<Timestamp>,
    /// Who saw it, if that was wrong too.
    pub observed_by: Option<StaffId>,
}

impl Corrector {
    /// Only the author, whoever is in charge of the patient now, and a prescriber; until the record is closed.
    fn may_correct(&self, entry: &DosingEvent, session: &Session, all: &[DosingEvent]) -> Result<(), Refusal> {
        if session.is_locked() {
            let detail = "this record is closed: it can only be amended with a second person";
            return Err(Refusal::clash(Clash::WrongState, detail));
        }
        self.by.may_correct(entry.act.by, session.team.owner_id)?;
        let superseded = all.iter().any(|other| other.amends.as_ref().is_some_and(|amends| amends.event == entry.id));
        let void = entry.amends.as_ref().is_some_and(|amends| amends.entered_in_error);
        if superseded || void {
            return Err(Refusal::clash(Clash::AlreadyDone, "this entry was corrected already: correct the newest one"));
        }
        Ok(())
    }

    fn amends(&self, entry: &DosingEvent, entered_in_error: bool) -> Result<Amends, Refusal> {
        let reason = text::checked("/reason", &self.reason, 1, 500)?;
        Ok(Amends { event: entry.id, entered_in_error, reason })
    }

    fn act(&self, occurred_at: Timestamp, observed_by: StaffId) -> Result<Act, Refusal> {
        let stated = Stated {
            basis: Some(Basis::Done),
            occurred_at: Some(occurred_at),
            source: Some(EntrySource::Correction),
            observed_by: Some(observed_by),
            late_reason: Some(self.reason.clone()),
        };
        Act::stated(self.by.staff, self.now, stated, Ahead::Refused)
    }

    /// Corrects an entry, or says that it should never have been. `all` are the entries of its session.
    ///
    /// # Errors
    /// When the record is closed, the entry is somebody else's or was corrected already, or the new one is of
    /// another kind: that is not a correction but an error and a new entry.
    pub fn amend(
        &self,
        (entry, all): (&DosingEvent, &[DosingEvent]),
        session: &Session,
        id: DosingEventId,
        correction: Correction,
    ) -> Result<DosingEvent, Refusal> {
        self.may_correct(entry, session, all)?;
        let amends = self.amends(entry, correction.draft.is_none())?;
        let seen_by = correction.observed_by.or(entry.act.observed_by).unwrap_or(entry.act.by);
        let act = self.act(correction.occurred_at.unwrap_or(entry.act.occurred_at), seen_by)?;
        let amended = match correction.draft {
            None => entry.clone(),
            Some(draft) if draft.what.kind() != entry.what.kind() => {
                let detail =
                    format!("must stay {}: otherwise mark it entered in error and record anew", entry.what.kind());
                return Err(Refusal::invalid("/kind", "kind_changed", detail));
            }
            Some(draft) => DosingEvent { what: draft.what, order: draft.order, reason: draft.reason, ..entry.clone() },
        };
        Ok(DosingEvent { id, act, amends: Some(amends), unmet: Vec::new(), moved_from: None, ..amended })
    }

    /// Says of everything the record has about the drug that it should never have been: the start was false, and no
    /// drug ran. Rescue drugs stay: they were given.
    ///
    /// # Errors
    /// As [`Self::amend`].
    pub fn take_back_start(
        &self,
        all: &[DosingEvent],
        session: &Session,
        mut new_id: impl FnMut() -> DosingEventId,
    ) -> Result<Vec<DosingEvent>, Refusal> {
        let history = effective(all);
        let of_the_drug = history.events().iter().filter(|entry| !matches!(entry.what, Administration::Rescue(_)));
        let nothing = Correction { draft: None, occurred_at: None, observed_by: None };
        of_the_drug.map(|entry| self.amend((entry, all), session, new_id(), nothing.clone())).collect()
    }

    /// Moves an entry that was made in the wrong patient's record: an error mark on the one, a copy with the same
    /// instant on the other.
    ///
    /// # Errors
    /// As [`Self::amend`], for both records; and when there is nowhere to move to.
    pub fn move_to(
        &self,
        (entry, all): (&DosingEvent, &[DosingEvent]),
        (from, to): (&Session, &Session),
        [mark_id, copy_id]: [DosingEventId; 2],
    ) -> Result<(DosingEvent, DosingEvent), Refusal> {
        if from.id == to.id {
            return Err(Refusal::invalid("/to_session_id", "same_session", "must be another session"));
        }
        if to.is_locked() {
            return Err(Refusal::clash(Clash::WrongState, "the record to move to is closed"));
        }
        let nothing = Correction { draft: None, occurred_at: None, observed_by: None };
        let mark = self.amend((entry, all), from, mark_id, nothing)?;
        let copy = DosingEvent {
            id: copy_id,
            session: to.id,
            patient: to.patient_id,
            amends: None,
            moved_from: Some(entry.id),
            reason: Some(self.reason.clone()),
            ..mark.clone()
        };
        Ok((mark, copy))
    }
}

impl Administration {
    /// Whether it is sent as an entry of its own while it is an intent. The others are transitions of the session.
    pub const fn is_own_intent(&self) -> bool {
        !matches!(self, Self::Start(_) | Self::Pause | Self::Resume(_) | Self::Stop(_))
    }
}

#[cfg(test)]
mod tests {
    use super::super::guard_tests::{NURSE, session};
    use super::super::vectors::{minutes, q, rate, t, v3};
    use super::super::{delivered, effective};
    use super::*;
    use crate::domain::route::Route;
    use crate::domain::session::SessionState;
    use uuid::Uuid;

    fn corrector(by: StaffId) -> Corrector {
        Corrector {
            by: CorrectedBy { staff: by, prescriber: false },
            now: t(minutes(120)),
            reason: "read the display again".into(),
        }
    }

    fn id(n: u128) -> DosingEventId {
        DosingEventId(Uuid::from_u128(n))
    }

    fn to(what: Administration) -> Correction {
        let draft = Draft { what, order: None, reason: None };
        Correction { draft: Some(draft), occurred_at: None, observed_by: None }
    }

    fn chair() -> Session {
        session(Route::Iv, SessionState::Recovery)
    }

    #[test]
    fn v10_over_again_by_the_nurse_who_charted_it() {
        let mut all = v3();
        let amended = corrector(NURSE).amend((&all[1], &all), &chair(), id(50), to(rate("70"))).unwrap();
        assert_eq!((amended.act.basis, amended.act.source), (Basis::Done, Some(EntrySource::Correction)));
        assert_eq!(amended.act.occurred_at, all[1].act.occurred_at);
        let wrong = all[1].clone();
        all.push(amended.clone());
        let supply = super::super::vectors::supply("100", "100");
        assert_eq!(delivered(&effective(&all), Some(&supply), t(minutes(90))).iv.shown_mg(), "57.50");
        let again = corrector(NURSE).amend((&wrong, &all), &chair(), id(51), to(rate("65")));
        assert!(matches!(again, Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
        assert!(
            corrector(NURSE).amend((&amended, &all), &chair(), id(51), to(rate("65"))).is_ok(),
            "the newest can be"
        );
    }

    #[test]
    fn who_may_correct_and_until_when() {
        let all = v3();
        let stranger = StaffId(Uuid::from_u128(77));
        let try_by =
            |corrector: Corrector, session: &Session| corrector.amend((&all[1], &all), session, id(50), to(rate("70")));
        assert!(matches!(try_by(corrector(stranger), &chair()), Err(Refusal::NotAuthor)));
        let prescriber = CorrectedBy { staff: stranger, prescriber: true };
        assert!(try_by(Corrector { by: prescriber, ..corrector(stranger) }, &chair()).is_ok());
        let mut taken_over = chair();
        taken_over.team.owner_id = stranger;
        assert!(try_by(corrector(stranger), &taken_over).is_ok(), "after a hand-over the nurse in charge may");
        taken_over.milestones.locked_at = Some(t(minutes(100)));
        assert!(matches!(try_by(corrector(NURSE), &taken_over), Err(Refusal::Clash { clash: Clash::WrongState, .. })));
        let other_kind = corrector(NURSE).amend((&all[1], &all), &chair(), id(50), to(Administration::Pause));
        assert!(matches!(other_kind, Err(Refusal::Invalid(errors)) if errors[0].pointer == "/kind"));
    }

    #[test]
    fn a_moved_entry_leaves_a_mark_here_and_counts_there_at_the_same_instant() {
        let mut here = v3();
        let there = Session { id: crate::domain::id::SessionId(Uuid::from_u128(55)), ..chair() };
        let (mark, copy) = corrector(NURSE).move_to((&here[1], &here), (&chair(), &there), [id(60), id(61)]).unwrap();
        assert_eq!((copy.session, copy.moved_from, &copy.amends), (there.id, Some(here[1].id), &None));
        assert_eq!((copy.act.occurred_at, &copy.what), (here[1].act.occurred_at, &here[1].what));
        here.push(mark);
        assert!(effective(&here).events().iter().all(|event| event.what != rate("80")));
        assert_eq!(effective(&[copy]).rate_at(t(minutes(30))), Some(q("80")));
        let nowhere = corrector(NURSE).move_to((&here[0], &here), (&chair(), &chair()), [id(60), id(61)]);
        assert!(matches!(nowhere, Err(Refusal::Invalid(_))));
    }
}
