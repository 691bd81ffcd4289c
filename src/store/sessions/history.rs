//! What happened to a session and who came along: its transitions, escorts and hand-overs. Facts: inserted, never
//! changed.

use crate::domain::act::Act;
use crate::domain::id::{ClinicId, EscortId, HandoverId, SessionId, StaffId, TransitionId};
use crate::domain::route::{Basis, EntrySource};
use crate::domain::session::care::{Giver, Handover};
use crate::domain::session::escort::{Escort, EscortKind, EscortName, EscortStatus};
use crate::domain::session::{SessionEvent, SessionState, Step, Transition};
use crate::domain::time::Timestamp;
use crate::store::column::Json;
use crate::store::error::Result;
use crate::store::schema::sessions::{session_escorts, session_handovers, session_transitions};
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;

/// A row of a fact: its own columns, and those of the act behind it.
macro_rules! fact {
    ($Row:ident in $table:ident { $($field:ident: $ty:ty),+ $(,)? }) => {
        #[derive(Queryable, Selectable, Insertable)]
        #[diesel(table_name = $table)]
        struct $Row {
            clinic_id: ClinicId,
            $($field: $ty,)+
            actor_id: StaffId,
            occurred_at: Timestamp,
            recorded_at: Timestamp,
            basis: Basis,
            source: Option<EntrySource>,
            observed_by: Option<StaffId>,
            late_reason: Option<String>,
        }

        impl $Row {
            fn act(&self) -> Act {
                Act {
                    by: self.actor_id,
                    occurred_at: self.occurred_at,
                    recorded_at: self.recorded_at,
                    basis: self.basis,
                    source: self.source,
                    observed_by: self.observed_by,
                    late_reason: self.late_reason.clone(),
                }
            }
        }
    };
}

fact!(TransitionRow in session_transitions {
    id: TransitionId,
    session_id: SessionId,
    session_version: i64,
    event: SessionEvent,
    from_state: Option<SessionState>,
    to_state: SessionState,
    reason: Option<String>,
    unmet: Json,
});

fact!(EscortRow in session_escorts {
    id: EscortId,
    session_id: SessionId,
    amends_id: Option<EscortId>,
    name: String,
    relationship: Option<String>,
    phone: String,
    kind: EscortKind,
    status: EscortStatus,
    seen_at: Option<Timestamp>,
    seen_by: Option<StaffId>,
});

fact!(HandoverRow in session_handovers {
    id: HandoverId,
    session_id: SessionId,
    from_staff_id: StaffId,
    to_staff_id: StaffId,
    giver: Giver,
    summary: Option<String>,
});

impl TransitionRow {
    fn into_transition(self) -> Result<Transition> {
        Ok(Transition {
            session_id: self.session_id,
            session_version: self.session_version,
            event: self.event,
            from: self.from_state,
            to: self.to_state,
            unmet: self.unmet.read()?,
            act: self.act(),
            reason: self.reason,
        })
    }
}

impl EscortRow {
    fn into_escort(self) -> Escort {
        Escort {
            act: self.act(),
            id: self.id,
            session_id: self.session_id,
            who: EscortName { name: self.name, relationship: self.relationship, phone: self.phone, kind: self.kind },
            status: self.status,
            seen_at: self.seen_at,
            seen_by: self.seen_by,
            amends_id: self.amends_id,
        }
    }
}

impl HandoverRow {
    fn into_handover(self) -> Handover {
        Handover {
            act: self.act(),
            id: self.id,
            session_id: self.session_id,
            from_staff_id: self.from_staff_id,
            to_staff_id: self.to_staff_id,
            giver: self.giver,
            summary: self.summary,
        }
    }
}

impl Gather<'_> {
    /// The history of a session, oldest first: one line for each of its versions.
    ///
    /// # Errors
    /// When the database cannot be asked, or a row is broken.
    pub fn transitions(&mut self, session: SessionId) -> Result<Vec<Transition>> {
        let rows: Vec<TransitionRow> = session_transitions::table
            .filter(session_transitions::clinic_id.eq(self.clinic()))
            .filter(session_transitions::session_id.eq(session))
            .order(session_transitions::session_version)
            .select(TransitionRow::as_select())
            .load(self.connection)?;
        rows.into_iter().map(TransitionRow::into_transition).collect()
    }

    /// Everything said about the escorts of these sessions, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn escorts(&mut self, sessions: &[SessionId]) -> Result<Vec<Escort>> {
        let rows: Vec<EscortRow> = session_escorts::table
            .filter(session_escorts::clinic_id.eq(self.clinic()))
            .filter(session_escorts::session_id.eq_any(sessions.to_vec()))
            .order(session_escorts::id)
            .select(EscortRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(EscortRow::into_escort).collect())
    }

    /// The hand-overs of a session, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn handovers(&mut self, session: SessionId) -> Result<Vec<Handover>> {
        let rows: Vec<HandoverRow> = session_handovers::table
            .filter(session_handovers::clinic_id.eq(self.clinic()))
            .filter(session_handovers::session_id.eq(session))
            .order(session_handovers::id)
            .select(HandoverRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(HandoverRow::into_handover).collect())
    }
}

impl Gather<'_> {
    /// The lines of history of these ids, each with its id.
    pub(in crate::store) fn transitions_by_id(
        &mut self,
        ids: &[TransitionId],
    ) -> Result<Vec<(TransitionId, Transition)>> {
        let rows = by_id!(self, session_transitions, TransitionRow, ids);
        rows.into_iter().map(|row| Ok((row.id, row.into_transition()?))).collect()
    }

    /// The statements about escorts of these ids.
    pub(in crate::store) fn escorts_by_id(&mut self, ids: &[EscortId]) -> Result<Vec<Escort>> {
        let rows = by_id!(self, session_escorts, EscortRow, ids);
        Ok(rows.into_iter().map(EscortRow::into_escort).collect())
    }

    /// The hand-overs of these ids.
    pub(in crate::store) fn handovers_by_id(&mut self, ids: &[HandoverId]) -> Result<Vec<Handover>> {
        let rows = by_id!(self, session_handovers, HandoverRow, ids);
        Ok(rows.into_iter().map(HandoverRow::into_handover).collect())
    }
}

impl Change<'_> {
    /// Keeps a session's line of history.
    ///
    /// # Errors
    /// When the database says no.
    pub(super) fn insert_transition(&mut self, step: &Step) -> Result<()> {
        let Some(line) = &step.transition else { return Ok(()) };
        let Act { by, occurred_at, recorded_at, basis, source, observed_by, late_reason } = line.act.clone();
        let row = TransitionRow {
            clinic_id: self.clinic(),
            id: self.new_id(),
            session_id: line.session_id,
            session_version: line.session_version,
            event: line.event,
            from_state: line.from,
            to_state: line.to,
            reason: line.reason.clone(),
            unmet: Json::of(&line.unmet)?,
            actor_id: by,
            occurred_at,
            recorded_at,
            basis,
            source,
            observed_by,
            late_reason,
        };
        diesel::insert_into(session_transitions::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps what was said about an escort.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Duplicate`] when somebody replaced the same statement at the same time.
    pub fn insert_escort(&mut self, escort: &Escort) -> Result<()> {
        let Act { by, occurred_at, recorded_at, basis, source, observed_by, late_reason } = escort.act.clone();
        let who = escort.who.clone();
        let row = EscortRow {
            clinic_id: self.clinic(),
            id: escort.id,
            session_id: escort.session_id,
            amends_id: escort.amends_id,
            name: who.name,
            relationship: who.relationship,
            phone: who.phone,
            kind: who.kind,
            status: escort.status,
            seen_at: escort.seen_at,
            seen_by: escort.seen_by,
            actor_id: by,
            occurred_at,
            recorded_at,
            basis,
            source,
            observed_by,
            late_reason,
        };
        diesel::insert_into(session_escorts::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a hand-over.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_handover(&mut self, handover: &Handover) -> Result<()> {
        let Act { by, occurred_at, recorded_at, basis, source, observed_by, late_reason } = handover.act.clone();
        let row = HandoverRow {
            clinic_id: self.clinic(),
            id: handover.id,
            session_id: handover.session_id,
            from_staff_id: handover.from_staff_id,
            to_staff_id: handover.to_staff_id,
            giver: handover.giver,
            summary: handover.summary.clone(),
            actor_id: by,
            occurred_at,
            recorded_at,
            basis,
            source,
            observed_by,
            late_reason,
        };
        diesel::insert_into(session_handovers::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
