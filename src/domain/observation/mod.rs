//! One row of the flowsheet: what was seen at the chair, when, and by whom.
//!
//! Every measure is optional and only the impossible is refused; a frightening number is saved first and alarmed
//! second ([`super::monitoring`]). A row is a fact: a correction is a new row that names the old one, and the old
//! one stays readable.

mod draft;
mod measures;
mod record;
mod score;

pub use draft::{AbsentDraft, DissociationDraft, Draft, HallucinationDraft, ScoreDraft, SedationDraft};
pub use measures::{
    Absent, AbsentReason, BpPosition, BpSite, Confusion, Dissociation, Gait, Hallucination, IvSite, Measure, Measures,
    Modality, Nausea, RedFlag, Rhythm, Sedation, SedationScale, mean_arterial_tenths,
};
pub use score::{Scale, ScaleItem, Score};

use super::event::{Event, EventKind, Subject};
use super::id::{ObservationId, PatientId, SessionId, StaffId};
use super::policy::Lateness;
use super::refusal::{Clash, Refusal};
use super::session::Session;
use super::session::care::CorrectedBy;
use super::time::Timestamp;

words! {
    /// The part of the visit a row belongs to.
    pub enum Phase {
        /// Before any drug ran.
        Baseline = "baseline",
        /// From the start to the stop, pauses included.
        Infusion = "infusion",
        /// From the stop until the patient leaves.
        Recovery = "recovery",
        /// The set on which the patient is let go.
        Discharge = "discharge",
    }

    /// How the values came in.
    pub enum Source {
        /// Read and typed by a person.
        Manual = "manual",
        /// Sent by a monitor.
        Device = "device",
        /// Copied from a downtime sheet; `observed_by` names who saw it.
        Paper = "paper",
    }

    /// What a correcting row does to the row it names.
    pub enum Correction {
        /// Replaces its values.
        Corrected = "corrected",
        /// Says that it should never have been written.
        EnteredInError = "entered_in_error",
        /// Says that it belongs to another session, where a copy names it.
        Moved = "moved",
    }

    /// What became of a row; derived from the row that names it, never stored.
    pub enum Status {
        /// It stands.
        Final = "final",
        /// A newer row replaced its values.
        Amended = "amended",
        /// It was taken back.
        EnteredInError = "entered_in_error",
    }
}

/// The row this one corrects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amends {
    /// Which.
    pub id: ObservationId,
    /// What it does to that row.
    pub correction: Correction,
    /// Why, in the words of the person who corrects.
    pub reason: String,
}

/// One row of the flowsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Its id.
    pub id: ObservationId,
    /// The visit.
    pub session: SessionId,
    /// Whose visit.
    pub patient: PatientId,
    /// The part of the visit.
    pub phase: Phase,
    /// When it was seen at the chair; never after `recorded_at`.
    pub occurred_at: Timestamp,
    /// What the sender's clock said, where it was ahead of the server's (decisions.md 34).
    pub claimed_at: Option<Timestamp>,
    /// When the server took it.
    pub recorded_at: Timestamp,
    /// Who entered it.
    pub recorded_by: StaffId,
    /// Who saw it, where another person entered it.
    pub observed_by: Option<StaffId>,
    /// How the values came in.
    pub source: Source,
    /// The monitor that sent it.
    pub device_id: Option<String>,
    /// Why it was entered so late.
    pub late_reason: Option<String>,
    /// What was seen.
    pub measures: Measures,
    /// Free text; no rule reads it.
    pub note: Option<String>,
    /// The row it corrects.
    pub amends: Option<Amends>,
    /// The row of another session it was copied from.
    pub moved_from: Option<ObservationId>,
}

/// The flowsheet a row goes into: the visit, as far as charting needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    /// The session.
    pub session: SessionId,
    /// Its patient.
    pub patient: PatientId,
    /// Who is in charge of the patient.
    pub owner: StaffId,
    /// When drug began to run.
    pub started_at: Option<Timestamp>,
    /// When drug was stopped for good.
    pub stopped_at: Option<Timestamp>,
    /// When the books were closed; no row may come after that.
    pub locked_at: Option<Timestamp>,
}

impl From<&Session> for Sheet {
    fn from(session: &Session) -> Self {
        let at = &session.milestones;
        Self {
            session: session.id,
            patient: session.patient_id,
            owner: session.team.owner_id,
            started_at: at.started_at,
            stopped_at: at.stopped_at,
            locked_at: at.locked_at,
        }
    }
}

impl Sheet {
    /// The part of the visit an instant belongs to.
    pub fn phase_at(&self, at: Timestamp) -> Phase {
        match (self.started_at, self.stopped_at) {
            (_, Some(stopped)) if at >= stopped => Phase::Recovery,
            (Some(started), _) if at >= started => Phase::Infusion,
            _ => Phase::Baseline,
        }
    }

    /// Whether it takes rows about this patient.
    ///
    /// # Errors
    /// `patient_mismatch` when the sender was looking at somebody else, `wrong_state` after the books are closed.
    pub fn accepts(&self, patient: PatientId) -> Result<(), Refusal> {
        if patient != self.patient {
            return Err(Refusal::clash(Clash::PatientMismatch, "the session belongs to another patient"));
        }
        if self.locked_at.is_some() {
            return Err(Refusal::clash(Clash::WrongState, "the session is closed; its record takes no more rows"));
        }
        Ok(())
    }
}

/// Who enters a row, when, about whom, under which new id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The id of the new row.
    pub id: ObservationId,
    /// The patient the sender was looking at (decisions.md 12).
    pub patient: PatientId,
    /// Who enters it.
    pub by: StaffId,
    /// The server's time.
    pub now: Timestamp,
}

/// On what footing a row is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correcting<'a> {
    /// What became of the row so far.
    pub standing: Status,
    /// The flowsheet it stands on.
    pub sheet: &'a Sheet,
    /// Who corrects.
    pub by: CorrectedBy,
    /// Why, in the words of the person who corrects.
    pub reason: &'a str,
}

impl Observation {
    /// Charts a row.
    ///
    /// # Errors
    /// Every field that is impossible, or that the row is about another patient or a closed session.
    pub fn chart(draft: &Draft, sheet: &Sheet, stamp: Stamp) -> Result<(Self, Event), Refusal> {
        sheet.accepts(stamp.patient)?;
        let row = draft.read(sheet, stamp)?;
        let event = row.event(EventKind::ObservationRecorded);
        Ok((row, event))
    }

    /// Replaces the values of this row by those of a new one; both stay readable.
    ///
    /// # Errors
    /// As [`Self::chart`], and `already_done` when the row was corrected before.
    pub fn correct(&self, given: &Correcting<'_>, draft: &Draft, stamp: Stamp) -> Result<(Self, Event), Refusal> {
        let reason = self.may_be_amended(given, stamp.patient)?;
        let mut row = draft.read(given.sheet, stamp)?;
        row.amends = Some(Amends { id: self.id, correction: Correction::Corrected, reason: reason.clone() });
        let event = row.event(EventKind::ObservationAmended).because(reason);
        Ok((row, event))
    }

    /// Says that this row should never have been written.
    ///
    /// # Errors
    /// When the reason is empty, the patient is another, the row is somebody else's or was corrected before.
    pub fn take_back(&self, given: &Correcting<'_>, stamp: Stamp) -> Result<(Self, Event), Refusal> {
        let reason = self.may_be_amended(given, stamp.patient)?;
        let row = self.mark(Correction::EnteredInError, &reason, stamp);
        let event = row.event(EventKind::ObservationAmended).because(reason);
        Ok((row, event))
    }

    /// Moves a row that was charted on the wrong patient: an error mark here, a copy with the same `occurred_at`
    /// there (decisions.md 12). `stamps` are for the mark and for the copy.
    ///
    /// # Errors
    /// When the reason is empty, the row is somebody else's or was corrected before, or one of the sessions is closed.
    pub fn relocate(
        &self,
        given: &Correcting<'_>,
        to: &Sheet,
        stamps: [Stamp; 2],
    ) -> Result<[(Self, Event); 2], Refusal> {
        let [mark_stamp, copy_stamp] = stamps;
        let reason = self.may_be_amended(given, mark_stamp.patient)?;
        to.accepts(copy_stamp.patient)?;
        if given.sheet.session == to.session {
            return Err(Refusal::invalid("/to_session_id", "same_session", "must be another session"));
        }
        let mark = self.mark(Correction::Moved, &reason, mark_stamp);
        let copy = Self {
            id: copy_stamp.id,
            session: to.session,
            patient: to.patient,
            phase: to.phase_at(self.occurred_at),
            recorded_at: copy_stamp.now,
            recorded_by: copy_stamp.by,
            observed_by: self.observed_by.or(Some(self.recorded_by)),
            amends: None,
            moved_from: Some(self.id),
            ..self.clone()
        };
        let marked = mark.event(EventKind::ObservationAmended).because(reason.clone());
        let copied = copy.event(EventKind::ObservationRecorded).because(reason);
        Ok([(mark, marked), (copy, copied)])
    }

    /// Whether it was entered long after it was seen (decisions.md 34).
    pub fn is_late(&self, lateness: &Lateness) -> bool {
        self.recorded_at.since(self.occurred_at) > lateness.late_minutes * 60_000
    }

    /// Whether somebody has to be asked why it was entered so very late. It is saved all the same.
    pub fn lacks_late_reason(&self, lateness: &Lateness) -> bool {
        self.late_reason.is_none() && self.recorded_at.since(self.occurred_at) > lateness.late_reason_minutes * 60_000
    }

    /// Whether it carries values, and is not only a mark on another row.
    pub fn has_values(&self) -> bool {
        !matches!(self.amends, Some(Amends { correction: Correction::EnteredInError | Correction::Moved, .. }))
    }

    /// The checked reason, when the row may be corrected at all.
    fn may_be_amended(&self, given: &Correcting<'_>, patient: PatientId) -> Result<String, Refusal> {
        given.sheet.accepts(patient)?;
        given.by.may_correct(self.recorded_by, given.sheet.owner)?;
        if given.standing != Status::Final || !self.has_values() {
            return Err(Refusal::clash(Clash::AlreadyDone, "the row was corrected before; correct the newest one"));
        }
        Ok(super::text::checked("/reason", given.reason, 1, 500)?)
    }

    /// A row without values that only says something about this one.
    fn mark(&self, correction: Correction, reason: &str, stamp: Stamp) -> Self {
        Self {
            id: stamp.id,
            claimed_at: None,
            recorded_at: stamp.now,
            recorded_by: stamp.by,
            observed_by: None,
            late_reason: None,
            measures: Measures::default(),
            note: None,
            amends: Some(Amends { id: self.id, correction, reason: reason.to_owned() }),
            moved_from: None,
            ..self.clone()
        }
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.patient, Subject::new("observation", self.id, 1), self.to_record())
    }
}

/// What became of a row among these rows.
pub fn status_of(row: &Observation, rows: &[Observation]) -> Status {
    let naming = rows.iter().find_map(|other| other.amends.as_ref().filter(|amends| amends.id == row.id));
    match naming.map(|amends| amends.correction) {
        None => Status::Final,
        Some(Correction::Corrected) => Status::Amended,
        Some(Correction::EnteredInError | Correction::Moved) => Status::EnteredInError,
    }
}

/// The rows that stand, oldest first: what rules and charts read.
///
/// Ties order by (occurred, recorded, id), so that two replicas fold the same story.
pub fn standing(rows: &[Observation]) -> Vec<&Observation> {
    let mut named: Vec<ObservationId> =
        rows.iter().filter_map(|row| row.amends.as_ref().map(|amends| amends.id)).collect();
    named.sort_unstable();
    let mut standing: Vec<&Observation> =
        rows.iter().filter(|row| row.has_values() && named.binary_search(&row.id).is_err()).collect();
    standing.sort_by_key(|row| (row.occurred_at, row.recorded_at, row.id));
    standing
}

#[cfg(test)]
pub(crate) mod tests;
