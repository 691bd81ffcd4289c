//! Breaking the glass: a restricted chart is opened in an emergency by somebody who may not read it. One patient, one
//! hour, for a stated reason; auditors are told at once, and one of them looks at it within three days (T-20).

use super::event::{Event, EventKind, Subject};
use super::id::{BreakGlassId, PatientId, StaffId};
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal};
use super::task::{TaskAudience, TaskCause, TaskKind};
use super::text::checked;
use super::time::Timestamp;

/// How long it opens the chart, in minutes.
pub const OPEN_MINUTES: i64 = 60;
/// Within how many hours somebody else reviews it.
pub const REVIEW_HOURS: i64 = 72;

words! {
    /// Why a restricted chart has to be opened.
    pub enum GlassReason {
        /// The patient needs help now.
        EmergencyCare = "emergency_care",
        /// Those who may read are not there.
        ColleagueUnavailable = "colleague_unavailable",
        /// The patient asks for it.
        PatientRequest = "patient_request",
        /// Something else, said in the text.
        Other = "other",
    }

    /// What the reviewer found.
    pub enum GlassVerdict {
        /// It was right.
        Justified = "justified",
        /// It was not.
        NotJustified = "not_justified",
    }

    /// Where the review of a broken glass stands.
    pub enum GlassState {
        /// It opens the chart now.
        Open = "open",
        /// It is over and waits for its review.
        AwaitingReview = "awaiting_review",
        /// Nobody reviewed it in time.
        Overdue = "overdue",
        /// Somebody else has looked at it.
        Reviewed = "reviewed",
    }
}

/// One broken glass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// Its id: what every entry of the trail under it names.
    pub id: BreakGlassId,
    /// Moves with its review.
    pub version: i64,
    /// Whose chart.
    pub patient: PatientId,
    /// Why, as a word.
    pub reason_code: GlassReason,
    /// Why, in the person's own words.
    pub reason: String,
    /// Who broke it.
    pub opened_by: StaffId,
    /// When.
    pub opened_at: Timestamp,
    /// When it closes by itself.
    pub ends_at: Timestamp,
    /// By when somebody else has looked at it.
    pub review_due_at: Timestamp,
    /// The review, once there is one.
    pub review: Option<GlassReview>,
}

/// What somebody else found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlassReview {
    /// Who looked.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// What they found.
    pub verdict: GlassVerdict,
    /// In their own words.
    pub note: Option<String>,
}

impl BreakGlass {
    /// Breaks it.
    ///
    /// # Errors
    /// A field error when the reason is shorter than ten characters, or no text.
    pub fn open(
        id: BreakGlassId,
        patient: PatientId,
        (reason_code, reason): (GlassReason, &str),
        (opened_by, opened_at): (StaffId, Timestamp),
    ) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        let text = errors.take(checked("/reason", reason, 0, 1000));
        if reason.trim().chars().count() < 10 {
            errors.add("/reason", "required", "say why in at least ten characters");
        }
        errors.finish()?;
        let glass = Self {
            id,
            version: 1,
            patient,
            reason_code,
            reason: text.unwrap_or_default(),
            opened_by,
            opened_at,
            ends_at: opened_at.plus_minutes(OPEN_MINUTES),
            review_due_at: opened_at.plus_minutes(REVIEW_HOURS * 60),
            review: None,
        };
        // The word and not the text: a trail holds no clinical value.
        let event = glass.event(EventKind::BreakGlassOpened).because(reason_code.as_str());
        Ok((glass, event))
    }

    /// Somebody else looks at it.
    ///
    /// # Errors
    /// `already_done` after the first review; `same_person` for who broke it; a field error when the note is no text.
    pub fn review(
        &self,
        (verdict, note): (GlassVerdict, Option<&str>),
        (by, at): (StaffId, Timestamp),
    ) -> Result<(Self, Event), Refusal> {
        if self.review.is_some() {
            return Err(Refusal::clash(Clash::AlreadyDone, "somebody has reviewed it already"));
        }
        if self.opened_by == by {
            return Err(Refusal::clash(Clash::SamePerson, "somebody else reviews what you did"));
        }
        let note = note.map(|note| checked("/note", note, 1, 1000)).transpose()?;
        if note.is_none() && verdict == GlassVerdict::NotJustified {
            return Err(Refusal::invalid("/note", "required", "say what was not right"));
        }
        let review = Some(GlassReview { by, at, verdict, note });
        let next = Self { version: self.version + 1, review, ..self.clone() };
        let event = next.event(EventKind::BreakGlassReviewed).because(verdict.as_str());
        Ok((next, event))
    }

    /// What tells the auditors at once.
    pub fn task(&self) -> TaskCause {
        let act = (self.opened_by, self.opened_at);
        let review = TaskCause::review(TaskKind::BreakGlassReview, TaskAudience::Auditor, self.id, act);
        TaskCause { patient: Some(self.patient), due_at: self.review_due_at, ..review }
    }

    /// Where it stands.
    pub fn state(&self, now: Timestamp) -> GlassState {
        if self.review.is_some() {
            GlassState::Reviewed
        } else if now > self.review_due_at {
            GlassState::Overdue
        } else if now < self.ends_at {
            GlassState::Open
        } else {
            GlassState::AwaitingReview
        }
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.patient, Subject::new("break_glass", self.id, self.version), self.record())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        let review = self.review.as_ref();
        Record::new("break_glass", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("patient_id", self.patient)
            .with("reason_code", self.reason_code.as_str())
            .with("reason", &self.reason)
            .with("opened_by", self.opened_by)
            .with("opened_at", self.opened_at)
            .with("ends_at", self.ends_at)
            .with("review_due_at", self.review_due_at)
            .with("reviewed_by", review.map(|review| review.by))
            .with("reviewed_at", review.map(|review| review.at))
            .with("verdict", review.map(|review| review.verdict.as_str()))
            .with("note", review.and_then(|review| review.note.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NURSE: StaffId = StaffId(Uuid::from_u128(3));
    const AUDITOR: StaffId = StaffId(Uuid::from_u128(4));

    fn broken(reason: &str) -> Result<BreakGlass, Refusal> {
        let (id, patient) = (BreakGlassId(Uuid::from_u128(1)), PatientId(Uuid::from_u128(2)));
        let act = (NURSE, Timestamp::from_millis(0));
        BreakGlass::open(id, patient, (GlassReason::EmergencyCare, reason), act).map(|(glass, _)| glass)
    }

    #[test]
    fn it_stands_open_for_an_hour_and_waits_three_days_for_its_review() {
        let glass = broken("found unconscious in the hall").unwrap();
        let state = |minutes| glass.state(glass.opened_at.plus_minutes(minutes));
        let day = 24 * 60;
        assert_eq!([state(0), state(59)], [GlassState::Open; 2]);
        assert_eq!([state(60), state(3 * day)], [GlassState::AwaitingReview; 2]);
        assert_eq!(state(3 * day + 1), GlassState::Overdue);
        let at = glass.opened_at.plus_minutes(4 * day);
        let (reviewed, _) = glass.review((GlassVerdict::Justified, None), (AUDITOR, at)).unwrap();
        assert_eq!(reviewed.state(at), GlassState::Reviewed);
    }

    #[test]
    fn it_takes_ten_characters_to_break_and_somebody_else_to_review() {
        for short in ["", "why not", "          ", " a reason "] {
            assert!(broken(short).is_err(), "{short:?}");
        }
        let glass = broken("a seizure in the waiting room").unwrap();
        let review = |verdict, note, by| glass.review((verdict, note), (by, glass.ends_at));
        let own = review(GlassVerdict::Justified, None, NURSE);
        assert!(matches!(own, Err(Refusal::Clash { clash: Clash::SamePerson, .. })));
        assert!(matches!(review(GlassVerdict::NotJustified, None, AUDITOR), Err(Refusal::Invalid(_))));
        let (seen, event) = review(GlassVerdict::NotJustified, Some("she was awake"), AUDITOR).unwrap();
        assert_eq!((seen.version, event.kind), (2, EventKind::BreakGlassReviewed));
        let again = seen.review((GlassVerdict::Justified, None), (AUDITOR, glass.ends_at));
        assert!(matches!(again, Err(Refusal::Clash { clash: Clash::AlreadyDone, .. })));
    }
}
