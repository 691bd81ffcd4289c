//! How a session is shown: whole to clinicians, as a card to the front desk.

use crate::access::permit::Actor;
use crate::api::problem::UnmetView;
use crate::api::wire::Day;
use crate::domain::act::Act;
use crate::domain::id::{PatientId, ProtocolId, RoomId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::refusal::Unmet;
use crate::domain::route::{Basis, EntrySource, Route};
use crate::domain::session::care::{Giver, Handover};
use crate::domain::session::escort::{self, Escort, EscortKind, EscortStatus};
use crate::domain::session::{
    AbortReason, CancelReason, Disposition, EndReason, PumpState, Session, SessionEvent, SessionState, Transition,
};
use crate::domain::time::Timestamp;
use crate::store::PatientLabel;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether somebody may see what is clinical in a session.
pub(super) fn is_clinical(actor: Option<&Actor>) -> bool {
    actor.is_some_and(Actor::reads_charts)
}

/// A session with what is shown beside it.
pub(super) struct Shown {
    pub(super) session: Session,
    pub(super) patient: PatientLabel,
    pub(super) escorts: Vec<Escort>,
    pub(super) blocked_by: Vec<Unmet>,
    /// Whether it is one of a list, where only the number of `blocked_by` is told.
    pub(super) in_a_list: bool,
}

/// A session: whole for nurses and prescribers, a card for the front desk.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SessionShown)]
pub enum SessionShown {
    /// To nurses and prescribers.
    Whole(Box<SessionView>),
    /// To the front desk: who, where, when; nothing clinical.
    Card(Box<SessionCard>),
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    id: SessionId,
    version: i64,
    /// Moves with each change of the infusion: what a rate change, a start and a resume compare.
    infusion_version: i64,
    state: SessionState,
    /// What is possible in this state.
    allowed_events: Vec<SessionEvent>,
    /// How much stands in the way of the next step: of the start before it, of going on after a pause, of leaving in
    /// recovery, of closing afterwards.
    blocked: usize,
    /// What that is; left out where sessions are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<Vec<UnmetView>>,
    patient: PatientRef,
    treatment_plan_id: Option<TreatmentPlanId>,
    sequence_in_plan: Option<i64>,
    protocol_id: ProtocolId,
    route: Route,
    room_id: RoomId,
    /// Arrival in the chair.
    scheduled_start_at: Timestamp,
    /// End of the hold, turnaround included.
    scheduled_end_at: Timestamp,
    /// The wall time that was meant.
    #[schema(example = "2026-03-09T09:00")]
    local_start: String,
    #[schema(example = "America/New_York")]
    zone: String,
    team: TeamView,
    escorts: Vec<EscortView>,
    milestones: MilestonesView,
    pump: PumpView,
    end_reason: Option<EndReason>,
    disposition: Option<Disposition>,
    abort_reason: Option<AbortReason>,
    cancel_reason: Option<CancelReason>,
    note: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A session as the front desk sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SessionCard)]
pub struct SessionCard {
    id: SessionId,
    version: i64,
    state: SessionState,
    /// What is possible in this state.
    allowed_events: Vec<SessionEvent>,
    patient: PatientRef,
    room_id: RoomId,
    scheduled_start_at: Timestamp,
    scheduled_end_at: Timestamp,
    local_start: String,
    zone: String,
    team: TeamView,
    escorts: Vec<EscortView>,
    checked_in_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    cancel_reason: Option<CancelReason>,
    note: Option<String>,
}

/// Whose session it is, with two identifiers to compare.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PatientRef)]
pub struct PatientRef {
    id: PatientId,
    #[schema(example = "Rivera, Ana")]
    display_name: String,
    birth_date: Day,
    #[schema(example = "MRN-000123")]
    mrn: String,
}

/// Who treats the patient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionTeam)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
pub struct TeamView {
    nurse_id: StaffId,
    prescriber_id: StaffId,
    /// Whoever is in charge now; alerts follow this person.
    owner_id: StaffId,
}

/// When the steps of the visit happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionMilestones)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
pub struct MilestonesView {
    checked_in_at: Option<Timestamp>,
    precheck_signed_at: Option<Timestamp>,
    released_at: Option<Timestamp>,
    prepared_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    emergency_at: Option<Timestamp>,
    emergency_ended_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    locked_at: Option<Timestamp>,
}

/// What the record knows about the pump: what people said, never what a machine did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionPump)]
pub struct PumpView {
    state: PumpState,
    /// Since when somebody is asked to stop it and say so.
    stop_required_at: Option<Timestamp>,
    /// When it last stood still, as said at the chair.
    stopped_at: Option<Timestamp>,
}

/// Who takes the patient home.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Escort)]
pub struct EscortView {
    name: String,
    relationship: Option<String>,
    phone: String,
    kind: EscortKind,
    status: EscortStatus,
    seen_at: Option<Timestamp>,
    seen_by: Option<StaffId>,
}

/// One line of a session's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionTransition)]
pub struct TransitionView {
    /// The version of the session it led to.
    version: i64,
    event: SessionEvent,
    /// The state before; null for the booking.
    from: Option<SessionState>,
    to: SessionState,
    reason: Option<String>,
    /// The rules that were not met when it was stated all the same.
    unmet: Vec<String>,
    #[serde(flatten)]
    act: ActView,
}

/// One hand-over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Handover)]
pub struct HandoverView {
    from_staff_id: StaffId,
    to_staff_id: StaffId,
    giver: Giver,
    summary: Option<String>,
    #[serde(flatten)]
    act: ActView,
}

/// Who entered it, when it happened, on what footing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntryFrame)]
pub struct ActView {
    recorded_by: StaffId,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    basis: Basis,
    source: Option<EntrySource>,
    observed_by: Option<StaffId>,
    /// Entered more than 15 minutes after it happened.
    late: bool,
    late_reason: Option<String>,
}

/// One page of sessions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionPage)]
pub struct PageView {
    pub(super) items: Vec<SessionShown>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// A session's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionHistory)]
pub struct HistoryView {
    /// Oldest first: one line for each version of the session.
    pub(super) transitions: Vec<TransitionView>,
    /// Oldest first.
    pub(super) handovers: Vec<HandoverView>,
}

impl SessionShown {
    pub(super) fn of(shown: Shown, clinical: bool) -> Self {
        let Shown { session, patient, escorts, blocked_by, in_a_list } = shown;
        let escorts = escort::in_force(&escorts).into_iter().map(EscortView::of).collect();
        let patient = PatientRef::of(&patient);
        if clinical {
            let blocked = blocked_by.len();
            let blocked_by = (!in_a_list).then(|| blocked_by.iter().map(UnmetView::of).collect());
            let whole = SessionView::of(session, patient, escorts);
            Self::Whole(Box::new(SessionView { blocked, blocked_by, ..whole }))
        } else {
            Self::Card(Box::new(SessionCard::of(session, patient, escorts)))
        }
    }
}

impl SessionView {
    fn of(session: Session, patient: PatientRef, escorts: Vec<EscortView>) -> Self {
        let allowed_events = session.allowed_events();
        let (slot, pump, at) = (session.slot, session.pump, session.milestones);
        Self {
            id: session.id,
            version: session.version,
            infusion_version: session.infusion_version,
            state: session.state,
            allowed_events,
            blocked: 0,
            blocked_by: None,
            patient,
            treatment_plan_id: session.treatment_plan_id,
            sequence_in_plan: session.sequence_in_plan,
            protocol_id: session.protocol_id,
            route: session.route,
            room_id: slot.room_id,
            scheduled_start_at: slot.starts_at,
            scheduled_end_at: slot.ends_at,
            local_start: slot.local_start,
            zone: slot.zone,
            team: TeamView::of(session.team),
            escorts,
            milestones: MilestonesView {
                checked_in_at: at.checked_in_at,
                precheck_signed_at: at.precheck_signed_at,
                released_at: at.released_at,
                prepared_at: at.prepared_at,
                started_at: at.started_at,
                stopped_at: at.stopped_at,
                emergency_at: at.emergency_at,
                emergency_ended_at: at.emergency_ended_at,
                completed_at: at.completed_at,
                locked_at: at.locked_at,
            },
            pump: PumpView { state: pump.state, stop_required_at: pump.stop_required_at, stopped_at: pump.stopped_at },
            end_reason: session.end_reason,
            disposition: session.disposition,
            abort_reason: session.abort_reason,
            cancel_reason: session.cancel_reason,
            note: session.note,
            created_at: session.created_at,
            updated_at: session.updated_at,
        }
    }
}

impl SessionCard {
    fn of(session: Session, patient: PatientRef, escorts: Vec<EscortView>) -> Self {
        let allowed_events = session.allowed_events();
        let slot = session.slot;
        Self {
            id: session.id,
            version: session.version,
            state: session.state,
            allowed_events,
            patient,
            room_id: slot.room_id,
            scheduled_start_at: slot.starts_at,
            scheduled_end_at: slot.ends_at,
            local_start: slot.local_start,
            zone: slot.zone,
            team: TeamView::of(session.team),
            escorts,
            checked_in_at: session.milestones.checked_in_at,
            completed_at: session.milestones.completed_at,
            cancel_reason: session.cancel_reason,
            note: session.note,
        }
    }
}

impl PatientRef {
    fn of(patient: &PatientLabel) -> Self {
        Self {
            id: patient.id,
            display_name: patient.display_name(),
            birth_date: Day(patient.birth_date),
            mrn: patient.mrn.clone(),
        }
    }
}

impl TeamView {
    fn of(team: crate::domain::session::Team) -> Self {
        Self { nurse_id: team.nurse_id, prescriber_id: team.prescriber_id, owner_id: team.owner_id }
    }
}

impl EscortView {
    fn of(escort: &Escort) -> Self {
        let who = escort.who.clone();
        Self {
            name: who.name,
            relationship: who.relationship,
            phone: who.phone,
            kind: who.kind,
            status: escort.status,
            seen_at: escort.seen_at,
            seen_by: escort.seen_by,
        }
    }
}

impl TransitionView {
    pub(super) fn of(line: Transition) -> Self {
        let Transition { session_version: version, event, from, to, act, reason, unmet, .. } = line;
        Self { version, event, from, to, reason, unmet, act: ActView::of(act) }
    }
}

impl HandoverView {
    pub(super) fn of(handover: Handover) -> Self {
        let Handover { from_staff_id, to_staff_id, giver, summary, act, .. } = handover;
        Self { from_staff_id, to_staff_id, giver, summary, act: ActView::of(act) }
    }
}

impl ActView {
    fn of(act: Act) -> Self {
        Self {
            recorded_by: act.by,
            occurred_at: act.occurred_at,
            recorded_at: act.recorded_at,
            basis: act.basis,
            source: act.source,
            observed_by: act.observed_by,
            late: act.is_late(),
            late_reason: act.late_reason,
        }
    }
}
