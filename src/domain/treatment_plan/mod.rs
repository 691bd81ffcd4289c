//! A treatment plan: what a prescriber signed for one patient, and the series of sessions that follows from it.
//!
//! A plan in force is never edited: a revision is a new plan that supersedes the old one, so that every session can
//! show the plan it was released under (decisions.md 29).

mod fields;
mod progress;
mod unmet;

pub use fields::{PlanFields, PlanPatch};
pub use progress::{Milestone, Progress, series};

use super::event::{Event, EventKind, Subject};
use super::icd10::Icd10;
use super::id::{PatientId, ProtocolId, StaffId, TreatmentPlanId};
use super::protocol::Protocol;
use super::quantity::MicrogramsPerKilogram;
use super::record::Record;
use super::refusal::{Override, Refusal};
use super::route::Route;
use super::text::checked;
use super::time::{Date, Timestamp};

words! {
    /// Where a plan stands.
    pub enum PlanState {
        /// Being written; nothing can be released under it.
        Draft = "draft",
        /// Signed and in force.
        Active = "active",
        /// Finished or stopped.
        Closed = "closed",
        /// Replaced by a newer version.
        Superseded = "superseded",
    }

    /// What can be done with a plan.
    pub enum PlanEvent {
        /// Change what a draft says.
        Edit = "edit",
        /// Sign it.
        Activate = "activate",
        /// Replace it by a newer version.
        Revise = "revise",
        /// End it.
        Close = "close",
    }

    /// How a plan ended.
    pub enum PlanOutcome {
        /// All its sessions were given, or as many as it needed.
        Completed = "completed",
        /// It was stopped early.
        Stopped = "stopped",
    }

    /// The weight a dose is reckoned by; the order names it, nobody infers it (clinical.md 3.3 j).
    pub enum WeightBasis {
        /// What the scales said that day.
        Actual = "actual",
        /// Devine's ideal weight.
        Ideal = "ideal",
        /// Ideal plus four tenths of the difference to actual.
        Adjusted = "adjusted",
    }
}

/// Every arrow of the state table; what is not here is refused.
pub const TRANSITIONS: &[(PlanState, PlanEvent, PlanState)] = &[
    (PlanState::Draft, PlanEvent::Edit, PlanState::Draft),
    (PlanState::Draft, PlanEvent::Activate, PlanState::Active),
    (PlanState::Draft, PlanEvent::Close, PlanState::Closed),
    (PlanState::Active, PlanEvent::Revise, PlanState::Superseded),
    (PlanState::Active, PlanEvent::Close, PlanState::Closed),
];

impl PlanState {
    /// Where this event leads.
    ///
    /// # Errors
    /// When the table has no such arrow; the refusal names those it has.
    pub fn after(self, event: PlanEvent) -> Result<Self, Refusal> {
        let arrow = TRANSITIONS.iter().find(|(from, by, _)| (*from, *by) == (self, event));
        arrow.map(|(_, _, to)| *to).ok_or_else(|| Refusal::InvalidTransition {
            state: self.as_str(),
            event: event.as_str(),
            allowed: self.allowed().map(PlanEvent::as_str).collect(),
        })
    }

    /// What the table allows from here.
    pub fn allowed(self) -> impl Iterator<Item = PlanEvent> {
        TRANSITIONS.iter().filter(move |(from, _, _)| *from == self).map(|(_, by, _)| *by)
    }
}

/// What a plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanText {
    /// What it treats.
    pub indication: Icd10,
    /// The protocol edition it follows.
    pub protocol: ProtocolId,
    /// The protocol's route.
    pub route: Route,
    /// The dose of the first session.
    pub dose: MicrogramsPerKilogram,
    /// The most any session of the series may give.
    pub max_dose: MicrogramsPerKilogram,
    /// The weight that doses are reckoned by.
    pub weight_basis: WeightBasis,
    /// Planned infusion, or nebulized visit, in minutes.
    pub duration_minutes: i64,
    /// How many sessions.
    pub sessions: i64,
    /// Clinic-local dates from one to the next.
    pub spacing_days: i64,
    /// When the series is to be stopped, in the prescriber's words; at least one.
    pub stop_rules: Vec<String>,
    /// When the prescriber looks at it again.
    pub review_on: Date,
}

/// One version of a patient's treatment plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreatmentPlan {
    /// This version's id.
    pub id: TreatmentPlanId,
    /// Whose plan.
    pub patient: PatientId,
    /// Moves with each change of this record.
    pub version: i64,
    /// 1 for the first plan of a series, then counted up by revisions.
    pub revision: i64,
    /// The plan this one replaced.
    pub supersedes: Option<TreatmentPlanId>,
    /// Where it stands.
    pub state: PlanState,
    /// Who wrote it.
    pub drafted_by: StaffId,
    /// When.
    pub drafted_at: Timestamp,
    /// The signature that put it in force.
    pub activation: Option<Activation>,
    /// How it ended.
    pub closure: Option<Closure>,
    /// What it says.
    pub text: PlanText,
}

/// A prescriber's signature under a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Who signed.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// Why limits of the protocol were set aside, if any were.
    pub override_reason: Option<String>,
}

/// The end of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// Who ended it.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: PlanOutcome,
    /// Why.
    pub reason: String,
}

/// What a signature has to be checked against.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The protocol the plan names.
    pub protocol: &'a Protocol,
    /// Another plan of the same patient and route that is in force, not counting the one being revised.
    pub other_active: Option<TreatmentPlanId>,
    /// The clinic's date.
    pub today: Date,
}

impl TreatmentPlan {
    /// A new draft.
    pub fn draft(id: TreatmentPlanId, patient: PatientId, by: StaffId, at: Timestamp, text: PlanText) -> (Self, Event) {
        let plan = Self {
            id,
            patient,
            version: 1,
            revision: 1,
            supersedes: None,
            state: PlanState::Draft,
            drafted_by: by,
            drafted_at: at,
            activation: None,
            closure: None,
            text,
        };
        let event = plan.event(EventKind::TreatmentPlanDrafted);
        (plan, event)
    }

    /// Changes what a draft says.
    ///
    /// # Errors
    /// When it is no draft.
    pub fn edit(self, text: PlanText) -> Result<(Self, Event), Refusal> {
        let state = self.state.after(PlanEvent::Edit)?;
        let plan = Self { state, text, version: self.version + 1, ..self };
        let event = plan.event(EventKind::TreatmentPlanChanged);
        Ok((plan, event))
    }

    /// Puts a draft in force.
    ///
    /// # Errors
    /// When it is no draft, and with every condition that is not met. Limits of the protocol may be set aside with
    /// the signature's reason; the rest may not.
    pub fn activate(self, signature: Activation, around: Circumstances<'_>) -> Result<(Self, Event), Refusal> {
        let state = self.state.after(PlanEvent::Activate)?;
        let plan = Self { state, version: self.version + 1, ..self }.signed(signature, around, PlanEvent::Activate)?;
        let event = plan.signed_event(EventKind::TreatmentPlanActivated);
        Ok((plan, event))
    }

    /// Replaces a plan in force by a new version that is in force at once. The sessions that are not released yet
    /// follow it; `store` moves them in the same transaction.
    ///
    /// # Errors
    /// When it is not in force, and as for [`Self::activate`].
    pub fn revise(
        self,
        id: TreatmentPlanId,
        text: PlanText,
        signature: Activation,
        around: Circumstances<'_>,
    ) -> Result<Revised, Refusal> {
        let state = self.state.after(PlanEvent::Revise)?;
        let next = Self {
            id,
            version: 1,
            revision: self.revision + 1,
            supersedes: Some(self.id),
            state: PlanState::Active,
            drafted_by: signature.by,
            drafted_at: signature.at,
            text,
            ..self.clone()
        };
        let next = next.signed(signature, around, PlanEvent::Revise)?;
        let old = Self { state, version: self.version + 1, ..self };
        let events =
            vec![old.event(EventKind::TreatmentPlanRevised), next.signed_event(EventKind::TreatmentPlanRevised)];
        Ok(Revised { old, next, events })
    }

    /// Ends a plan. Sessions that were booked under it are not touched: they show that their plan is closed.
    ///
    /// # Errors
    /// When it ended already, or without a reason.
    pub fn close(self, closure: Closure) -> Result<(Self, Event), Refusal> {
        let state = self.state.after(PlanEvent::Close)?;
        let reason = checked("/reason", &closure.reason, 1, 1000)?;
        let plan = Self { state, version: self.version + 1, closure: Some(closure), ..self };
        let event = plan.event(EventKind::TreatmentPlanClosed).because(reason);
        Ok((plan, event))
    }

    fn signed(self, signature: Activation, around: Circumstances<'_>, event: PlanEvent) -> Result<Self, Refusal> {
        if let Some(reason) = &signature.override_reason {
            checked("/override_reason", reason, 1, 1000)?;
        }
        let overridden = signature.override_reason.is_some();
        let mut by = self.text.unmet(signature.at, around);
        by.retain(|unmet| !(overridden && unmet.overridable == Override::Prescriber));
        if !by.is_empty() {
            return Err(Refusal::Blocked { event: event.as_str(), by });
        }
        Ok(Self { activation: Some(signature), ..self })
    }

    fn signed_event(&self, kind: EventKind) -> Event {
        let event = self.event(kind);
        match self.activation.as_ref().and_then(|activation| activation.override_reason.clone()) {
            Some(reason) => event.because(reason),
            None => event,
        }
    }

    fn event(&self, kind: EventKind) -> Event {
        let subject = Subject::new("treatment_plan", self.id, self.version);
        Event::of_patient(kind, self.patient, subject, self.record())
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        let (signed, closed, text) = (self.activation.as_ref(), self.closure.as_ref(), &self.text);
        Record::new("treatment_plan", 1)
            .with("id", self.id)
            .with("patient_id", self.patient)
            .with("version", self.version)
            .with("revision", self.revision)
            .with("supersedes", self.supersedes)
            .with("state", self.state.as_str())
            .with("drafted_by", self.drafted_by)
            .with("drafted_at", self.drafted_at)
            .with("activated_by", signed.map(|signed| signed.by))
            .with("activated_at", signed.map(|signed| signed.at))
            .with("override_reason", signed.and_then(|signed| signed.override_reason.clone()))
            .with("closed_by", closed.map(|closed| closed.by))
            .with("closed_at", closed.map(|closed| closed.at))
            .word("outcome", closed.map(|closed| closed.outcome.as_str()))
            .with("close_reason", closed.map(|closed| closed.reason.clone()))
            .with("indication", text.indication.as_str())
            .with("protocol_id", text.protocol)
            .with("route", text.route.as_str())
            .amount("dose_ug_per_kg", Some(text.dose))
            .amount("max_dose_ug_per_kg", Some(text.max_dose))
            .with("weight_basis", text.weight_basis.as_str())
            .with("duration_minutes", text.duration_minutes)
            .with("sessions", text.sessions)
            .with("spacing_days", text.spacing_days)
            .with("stop_rules", text.stop_rules.clone())
            .with("review_on", text.review_on)
    }
}

/// A plan and the one that took its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    /// The old version, superseded.
    pub old: TreatmentPlan,
    /// The new version, in force.
    pub next: TreatmentPlan,
    /// One for each of them.
    pub events: Vec<Event>,
}

#[cfg(test)]
mod tests;
