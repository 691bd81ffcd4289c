//! The head row of a session.

use crate::domain::id::{ClinicId, PatientId, PolicyId, ProtocolId, RoomId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::route::Route;
use crate::domain::session::{
    AbortReason, CancelReason, Disposition, EndReason, Milestones, Pump, PumpState, Session, SessionState, Slot, Team,
};
use crate::domain::time::Timestamp;
use crate::store::schema::sessions::sessions;
use diesel::prelude::*;

/// A session's row.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = sessions, primary_key(clinic_id, id), treat_none_as_null = true)]
pub(super) struct Row {
    clinic_id: ClinicId,
    pub(super) id: SessionId,
    version: i64,
    infusion_version: i64,
    pub(super) patient_id: PatientId,
    state: SessionState,
    treatment_plan_id: Option<TreatmentPlanId>,
    sequence_in_plan: Option<i64>,
    protocol_id: ProtocolId,
    policy_id: Option<PolicyId>,
    route: Route,
    room_id: RoomId,
    pub(super) scheduled_start_at: Timestamp,
    scheduled_end_at: Timestamp,
    local_start: String,
    zone: String,
    nurse_id: StaffId,
    prescriber_id: StaffId,
    owner_id: StaffId,
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
    pump_state: PumpState,
    pump_stop_required_at: Option<Timestamp>,
    pump_stopped_at: Option<Timestamp>,
    end_reason: Option<EndReason>,
    disposition: Option<Disposition>,
    abort_reason: Option<AbortReason>,
    cancel_reason: Option<CancelReason>,
    note: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    pub(super) fn of(clinic_id: ClinicId, session: &Session) -> Self {
        let Session { slot, team, milestones: at, pump, .. } = session;
        Self {
            clinic_id,
            id: session.id,
            version: session.version,
            infusion_version: session.infusion_version,
            patient_id: session.patient_id,
            state: session.state,
            treatment_plan_id: session.treatment_plan_id,
            sequence_in_plan: session.sequence_in_plan,
            protocol_id: session.protocol_id,
            policy_id: session.policy_id,
            route: session.route,
            room_id: slot.room_id,
            scheduled_start_at: slot.starts_at,
            scheduled_end_at: slot.ends_at,
            local_start: slot.local_start.clone(),
            zone: slot.zone.clone(),
            nurse_id: team.nurse_id,
            prescriber_id: team.prescriber_id,
            owner_id: team.owner_id,
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
            pump_state: pump.state,
            pump_stop_required_at: pump.stop_required_at,
            pump_stopped_at: pump.stopped_at,
            end_reason: session.end_reason,
            disposition: session.disposition,
            abort_reason: session.abort_reason,
            cancel_reason: session.cancel_reason,
            note: session.note.clone(),
            created_at: session.created_at,
            updated_at: session.updated_at,
        }
    }

    pub(super) fn into_session(self) -> Session {
        Session {
            id: self.id,
            patient_id: self.patient_id,
            version: self.version,
            infusion_version: self.infusion_version,
            state: self.state,
            treatment_plan_id: self.treatment_plan_id,
            sequence_in_plan: self.sequence_in_plan,
            protocol_id: self.protocol_id,
            policy_id: self.policy_id,
            route: self.route,
            slot: Slot {
                room_id: self.room_id,
                starts_at: self.scheduled_start_at,
                ends_at: self.scheduled_end_at,
                local_start: self.local_start,
                zone: self.zone,
            },
            team: Team { nurse_id: self.nurse_id, prescriber_id: self.prescriber_id, owner_id: self.owner_id },
            milestones: Milestones {
                checked_in_at: self.checked_in_at,
                precheck_signed_at: self.precheck_signed_at,
                released_at: self.released_at,
                prepared_at: self.prepared_at,
                started_at: self.started_at,
                stopped_at: self.stopped_at,
                emergency_at: self.emergency_at,
                emergency_ended_at: self.emergency_ended_at,
                completed_at: self.completed_at,
                locked_at: self.locked_at,
            },
            pump: Pump {
                state: self.pump_state,
                stop_required_at: self.pump_stop_required_at,
                stopped_at: self.pump_stopped_at,
            },
            end_reason: self.end_reason,
            disposition: self.disposition,
            abort_reason: self.abort_reason,
            cancel_reason: self.cancel_reason,
            note: self.note,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
