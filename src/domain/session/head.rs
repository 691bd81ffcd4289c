//! What a session consists of: its own fields, as facts.

use super::table::SessionState;
use super::transition::Transition;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{PatientId, PolicyId, ProtocolId, RoomId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::record::Record;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;

words! {
    /// What the record knows about the pump. No pump is connected: each of these was stated by a person, or asks
    /// one to act (decisions.md 7).
    pub enum PumpState {
        /// Nothing ran yet, or nothing is in the nebulizer.
        Idle = "idle",
        /// Said to run.
        Running = "running",
        /// Said to stand still, to go on later.
        Paused = "paused",
        /// Said to have been stopped.
        Stopped = "stopped",
        /// Stopped or paused on the record, not yet confirmed at the chair: no dosing intent is possible.
        StopRequired = "stop_required",
    }

    /// Why giving ended; api.md 2.2. `patient_request` wants a stop and says nothing about consent (decisions.md 8).
    pub enum EndReason {
        /// The ordered dose was given.
        Completed = "completed",
        /// Something went wrong with the patient.
        AdverseEvent = "adverse_event",
        /// The patient wanted a stop.
        PatientRequest = "patient_request",
        /// The patient withdrew consent.
        ConsentWithdrawn = "consent_withdrawn",
        /// The pump, the line or the nebulizer failed.
        Equipment = "equipment",
        /// Something else, told in words.
        Other = "other",
    }

    /// How the patient left; decisions.md 10. The last three skip the discharge criteria and need a reason.
    pub enum Disposition {
        /// With the escort.
        HomeWithEscort = "home_with_escort",
        /// Home by a prescriber's exception.
        HomeException = "home_exception",
        /// Against advice.
        AgainstAdvice = "against_advice",
        /// Left without a word.
        Eloped = "eloped",
        /// Taken over by emergency services.
        TransferredEms = "transferred_ems",
    }

    /// Why a visit ended in the house before any drug ran.
    pub enum AbortReason {
        /// Not given, for a reason told in words.
        NotGiven = "not_given",
        /// Not fit today: pressure, infection, fasting.
        UnfitToday = "unfit_today",
        /// The patient did not want it today.
        PatientRequest = "patient_request",
        /// The patient withdrew consent.
        ConsentWithdrawn = "consent_withdrawn",
        /// No working pump, line or nebulizer.
        Equipment = "equipment",
        /// Taken over by emergency services.
        EmergencyTransfer = "emergency_transfer",
        /// Left against advice.
        LeftAgainstAdvice = "left_against_advice",
    }

    /// Why a visit was called off.
    pub enum CancelReason {
        /// The patient wished it.
        PatientRequest = "patient_request",
        /// The patient is ill.
        Illness = "illness",
        /// Nobody can take the patient home.
        NoEscort = "no_escort",
        /// A clinician decided it.
        ClinicalDecision = "clinical_decision",
        /// Chair, pump or staff are not there.
        ClinicUnavailable = "clinic_unavailable",
        /// It was booked by mistake.
        BookedInError = "booked_in_error",
        /// Something else, told in words.
        Other = "other",
    }
}

impl Disposition {
    /// Whether the patient left without being discharged: the criteria do not apply, a reason does.
    pub fn skips_criteria(self) -> bool {
        matches!(self, Self::AgainstAdvice | Self::Eloped | Self::TransferredEms)
    }
}

/// Where and when a session is booked: the chair, the hours, the people, as the booking knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The chair.
    pub room_id: RoomId,
    /// Arrival in the chair (decisions.md 31).
    pub starts_at: Timestamp,
    /// End of the hold, turnaround included.
    pub ends_at: Timestamp,
    /// The wall time that was meant, for example `2026-03-09T09:00`, should the zone's rules change.
    pub local_start: String,
    /// The IANA zone it was read in.
    pub zone: String,
}

/// Who treats the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Team {
    /// The nurse the booking counts.
    pub nurse_id: StaffId,
    /// The prescriber who supervises.
    pub prescriber_id: StaffId,
    /// Whoever is in charge now: the nurse, until a hand-over says otherwise. Alerts follow this person.
    pub owner_id: StaffId,
}

/// When the steps of the visit happened, each at the chair's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Milestones {
    /// The patient arrived.
    pub checked_in_at: Option<Timestamp>,
    /// The pre-check was signed last.
    pub precheck_signed_at: Option<Timestamp>,
    /// The prescriber released last.
    pub released_at: Option<Timestamp>,
    /// The drug was drawn up.
    pub prepared_at: Option<Timestamp>,
    /// Drug began to run.
    pub started_at: Option<Timestamp>,
    /// Giving ended on the record.
    pub stopped_at: Option<Timestamp>,
    /// The present or last alarm was raised.
    pub emergency_at: Option<Timestamp>,
    /// That alarm ended; absent while it lasts.
    pub emergency_ended_at: Option<Timestamp>,
    /// The patient left.
    pub completed_at: Option<Timestamp>,
    /// The record was locked.
    pub locked_at: Option<Timestamp>,
}

/// What the record knows about the pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pump {
    /// Its state, as stated.
    pub state: PumpState,
    /// Since when somebody is asked to stop it; only in [`PumpState::StopRequired`].
    pub stop_required_at: Option<Timestamp>,
    /// When it last stood still, as stated at the chair.
    pub stopped_at: Option<Timestamp>,
}

impl Pump {
    /// Before anything ran.
    pub const IDLE: Self = Self { state: PumpState::Idle, stop_required_at: None, stopped_at: None };

    /// Somebody at the chair said that it runs.
    pub const RUNNING: Self = Self { state: PumpState::Running, stop_required_at: None, stopped_at: None };
}

/// One visit, as its head row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose visit; never changes (engineering.md 7.32).
    pub patient_id: PatientId,
    /// Moves by one with each change of these fields, never with a child row (decisions.md 19).
    pub version: i64,
    /// Moves with each change of the infusion; what a rate change, a start and a resume compare.
    pub infusion_version: i64,
    /// Where it stands.
    pub state: SessionState,
    /// The plan it belongs to; absent while the booking is tentative (decisions.md 23).
    pub treatment_plan_id: Option<TreatmentPlanId>,
    /// Its place in the series, from 1.
    pub sequence_in_plan: Option<i64>,
    /// The protocol version it is booked under; pinned from the start on.
    pub protocol_id: ProtocolId,
    /// The policy version in force when drug began to run.
    pub policy_id: Option<PolicyId>,
    /// How the drug is given.
    pub route: Route,
    /// Where and when.
    pub slot: Slot,
    /// Who.
    pub team: Team,
    /// When what happened.
    pub milestones: Milestones,
    /// What the pump is said to do.
    pub pump: Pump,
    /// Why giving ended.
    pub end_reason: Option<EndReason>,
    /// How the patient left.
    pub disposition: Option<Disposition>,
    /// Why it ended before any drug.
    pub abort_reason: Option<AbortReason>,
    /// Why it was called off.
    pub cancel_reason: Option<CancelReason>,
    /// A word of the people who booked it.
    pub note: Option<String>,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When these fields last changed.
    pub updated_at: Timestamp,
}

impl Session {
    /// Whether the record is locked: from here on only amendments.
    pub fn is_locked(&self) -> bool {
        self.milestones.locked_at.is_some()
    }

    /// Whether an alarm was raised and is not over.
    pub fn in_emergency(&self) -> bool {
        self.milestones.emergency_at.is_some() && self.milestones.emergency_ended_at.is_none()
    }

    /// Whether somebody still has to stop the pump at the chair.
    pub fn pump_unconfirmed(&self) -> bool {
        self.pump.state == PumpState::StopRequired
    }

    /// The visit that chairside acts name.
    pub fn visit(&self) -> Visit {
        Visit { session: self.id, patient: self.patient_id, route: self.route }
    }

    /// The canonical form, version 2: every column of the row. What the drug record changes of it, the pump and the
    /// infusion's counter, is an event of its own; its history is written beside it, line by line.
    pub fn record(&self) -> Record {
        self.fields(Record::new("session", 2)).with("infusion_version", self.infusion_version)
    }

    /// The form of version 1, with the line of history that the change left. It has no counter of the infusion, and
    /// nothing was told when the drug record changed the pump.
    pub fn record_v1(&self, line: &Transition) -> Record {
        self.fields(Record::new("session", 1)).with("transition", line.group())
    }

    /// The drug record changed the pump or the counter; the session's own version stays (decisions.md 19).
    pub fn infusion_event(&self) -> Event {
        let subject = Subject::new("session", self.id, self.version);
        Event::of_patient(EventKind::SessionInfusionChanged, self.patient_id, subject, self.record())
    }

    fn fields(&self, record: Record) -> Record {
        let (slot, team, pump, at) = (&self.slot, &self.team, &self.pump, &self.milestones);
        record
            .with("id", self.id)
            .with("patient_id", self.patient_id)
            .with("version", self.version)
            .with("state", self.state.as_str())
            .with("treatment_plan_id", self.treatment_plan_id)
            .with("sequence_in_plan", self.sequence_in_plan)
            .with("protocol_id", self.protocol_id)
            .with("policy_id", self.policy_id)
            .with("route", self.route.as_str())
            .with("room_id", slot.room_id)
            .with("scheduled_start_at", slot.starts_at)
            .with("scheduled_end_at", slot.ends_at)
            .with("local_start", &slot.local_start)
            .with("zone", &slot.zone)
            .with("nurse_id", team.nurse_id)
            .with("prescriber_id", team.prescriber_id)
            .with("owner_id", team.owner_id)
            .with("checked_in_at", at.checked_in_at)
            .with("precheck_signed_at", at.precheck_signed_at)
            .with("released_at", at.released_at)
            .with("prepared_at", at.prepared_at)
            .with("started_at", at.started_at)
            .with("stopped_at", at.stopped_at)
            .with("emergency_at", at.emergency_at)
            .with("emergency_ended_at", at.emergency_ended_at)
            .with("completed_at", at.completed_at)
            .with("locked_at", at.locked_at)
            .with("pump_state", pump.state.as_str())
            .with("pump_stop_required_at", pump.stop_required_at)
            .with("pump_stopped_at", pump.stopped_at)
            .word("end_reason", self.end_reason.map(EndReason::as_str))
            .word("disposition", self.disposition.map(Disposition::as_str))
            .word("abort_reason", self.abort_reason.map(AbortReason::as_str))
            .word("cancel_reason", self.cancel_reason.map(CancelReason::as_str))
            .with("note", self.note.clone())
            .with("created_at", self.created_at)
            .with("updated_at", self.updated_at)
    }
}
