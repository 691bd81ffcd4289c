//! Conversations: what they hold is decided by the database, as for the bookings of a visit.

use super::column::AnyId;
use super::error::{Result, StoreError};
use super::schema::appointments::appointments;
use super::schema::sessions::bookings;
use super::transaction::{Change, Gather, Held};
use crate::domain::appointment::{Appointment, AppointmentKind, AppointmentMode, AppointmentState, Plan};
use crate::domain::id::{AppointmentId, ClinicId, PatientId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::session::availability::Taken;
use crate::domain::session::booking::ResourceKind;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointments, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: AppointmentId,
    version: i64,
    patient_id: PatientId,
    staff_id: StaffId,
    kind: AppointmentKind,
    mode: AppointmentMode,
    state: AppointmentState,
    starts_at: Timestamp,
    ends_at: Timestamp,
    local_start: String,
    zone: String,
    note: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn of(clinic_id: ClinicId, of: &Appointment) -> Self {
        let Plan { staff, mode, starts_at, ends_at, local_start, zone } = of.plan.clone();
        Self {
            clinic_id,
            id: of.id,
            version: of.version,
            patient_id: of.patient,
            staff_id: staff,
            kind: of.kind,
            mode,
            state: of.state,
            starts_at,
            ends_at,
            local_start,
            zone,
            note: of.note.clone(),
            created_at: of.created_at,
            updated_at: of.updated_at,
        }
    }

    fn into_appointment(self) -> Appointment {
        let Self { id, version, patient_id, kind, state, note, created_at, updated_at, .. } = self;
        let plan = Plan {
            staff: self.staff_id,
            mode: self.mode,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            local_start: self.local_start,
            zone: self.zone,
        };
        Appointment { id, version, patient: patient_id, kind, plan, state, note, created_at, updated_at }
    }
}

impl Gather<'_> {
    /// A conversation of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn appointment(&mut self, id: AppointmentId) -> Result<Appointment> {
        let row: Row = appointments::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.saw(row.patient_id);
        Ok(row.into_appointment())
    }

    /// The conversations that begin between two instants, of everybody or of one member of staff, earliest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn appointments(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        staff: Option<StaffId>,
    ) -> Result<Vec<Appointment>> {
        let mut query = appointments::table
            .filter(appointments::clinic_id.eq(self.clinic()))
            .filter(appointments::starts_at.ge(from))
            .filter(appointments::starts_at.lt(until))
            .into_boxed();
        if let Some(staff) = staff {
            query = query.filter(appointments::staff_id.eq(staff));
        }
        let rows: Vec<Row> =
            query.order((appointments::starts_at, appointments::id)).select(Row::as_select()).load(self.connection)?;
        for row in &rows {
            self.saw(row.patient_id);
        }
        Ok(rows.into_iter().map(Row::into_appointment).collect())
    }

    /// The conversations of a member of staff that are booked and overlap a time, earliest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn appointments_within(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        staff: StaffId,
    ) -> Result<Vec<Appointment>> {
        let rows: Vec<Row> = appointments::table
            .filter(appointments::clinic_id.eq(self.clinic()))
            .filter(appointments::staff_id.eq(staff))
            .filter(appointments::state.eq(AppointmentState::Booked))
            .filter(appointments::starts_at.lt(until))
            .filter(appointments::ends_at.gt(from))
            .order((appointments::starts_at, appointments::id))
            .select(Row::as_select())
            .load(self.connection)?;
        for row in &rows {
            self.saw(row.patient_id);
        }
        Ok(rows.into_iter().map(Row::into_appointment).collect())
    }

    /// The patients' time that conversations hold at some moment between two instants.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(super) fn held_by_talks(&mut self, from: Timestamp, until: Timestamp) -> Result<Vec<Taken>> {
        let rows = appointments::table
            .filter(appointments::clinic_id.eq(self.clinic()))
            .filter(appointments::state.eq(AppointmentState::Booked))
            .filter(appointments::starts_at.lt(until))
            .filter(appointments::ends_at.gt(from))
            .select((appointments::patient_id, appointments::starts_at, appointments::ends_at))
            .load::<(PatientId, Timestamp, Timestamp)>(self.connection)?;
        let taken = |(patient, starts_at, ends_at): (PatientId, _, _)| Taken {
            kind: ResourceKind::Patient,
            resource: patient.uuid(),
            lane: 1,
            starts_at,
            ends_at,
        };
        Ok(rows.into_iter().map(taken).collect())
    }

    /// What stands in the way of a conversation: `staff`, `patient`, or both.
    fn clashes_of(&mut self, of: &Appointment) -> Result<Vec<&'static str>> {
        let Plan { staff, starts_at, ends_at, .. } = of.plan;
        let others: Vec<(StaffId, PatientId)> = appointments::table
            .filter(appointments::clinic_id.eq(self.clinic()))
            .filter(appointments::state.eq(AppointmentState::Booked))
            .filter(appointments::id.ne(of.id))
            .filter(appointments::starts_at.lt(ends_at))
            .filter(appointments::ends_at.gt(starts_at))
            .filter(appointments::staff_id.eq(staff).or(appointments::patient_id.eq(of.patient)))
            .select((appointments::staff_id, appointments::patient_id))
            .load(self.connection)?;
        let in_the_chair: i64 = bookings::table
            .filter(bookings::clinic_id.eq(self.clinic()))
            .filter(bookings::resource_kind.eq(ResourceKind::Patient))
            .filter(bookings::resource_id.eq(AnyId(of.patient.uuid())))
            .filter(bookings::released_at.is_null())
            .filter(bookings::starts_at.lt(ends_at))
            .filter(bookings::ends_at.gt(starts_at))
            .count()
            .get_result(self.connection)?;
        let patient = in_the_chair > 0 || others.iter().any(|(_, patient)| *patient == of.patient);
        let staff = others.iter().any(|(other, _)| *other == staff);
        Ok([(staff, "staff"), (patient, "patient")].iter().filter(|(taken, _)| *taken).map(|(_, who)| *who).collect())
    }
}

impl Gather<'_> {
    /// The conversations of these ids.
    pub(super) fn appointments_by_id(&mut self, ids: &[AppointmentId]) -> Result<Vec<Appointment>> {
        let rows = by_id!(self, appointments, Row, ids);
        Ok(rows.into_iter().map(Row::into_appointment).collect())
    }
}

impl Change<'_> {
    /// Locks a conversation's patient, then loads it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn lock_appointment(&mut self, id: AppointmentId) -> Result<(Held, Appointment)> {
        let patient = self.appointment(id)?.patient;
        let held = self.lock_patient(patient)?;
        Ok((held, self.appointment(id)?))
    }

    /// Keeps a new conversation and holds the time of both.
    ///
    /// # Errors
    /// [`Refusal::SlotTaken`] when one of them is taken.
    pub fn insert_appointment(&mut self, of: &Appointment) -> Result<()> {
        self.lock_people(&[of.plan.staff])?;
        let row = Row::of(self.clinic(), of);
        // Nested: on PostgreSQL a refused statement would take the whole transaction with it (engineering.md 2).
        let inserted = self.connection.transaction::<_, StoreError, _>(|connection| {
            diesel::insert_into(appointments::table).values(&row).execute(connection)?;
            Ok(())
        });
        self.or_taken(of, inserted)
    }

    /// Keeps a changed conversation.
    ///
    /// # Errors
    /// As [`Self::insert_appointment`], and [`StoreError::Stale`] when somebody changed it since.
    pub fn update_appointment(&mut self, of: &Appointment) -> Result<()> {
        self.lock_people(&[of.plan.staff])?;
        let row = Row::of(self.clinic(), of);
        let known = appointments::table.find((self.clinic(), of.id));
        let changed = self.connection.transaction::<_, StoreError, _>(|connection| {
            Ok(diesel::update(known.filter(appointments::version.eq(of.version - 1))).set(&row).execute(connection)?)
        });
        if let Ok(0) = changed {
            let current_version = known.select(appointments::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        self.or_taken(of, changed.map(|_| ()))
    }

    fn or_taken(&mut self, of: &Appointment, kept: Result<()>) -> Result<()> {
        match kept {
            Err(StoreError::SlotOverlap) => {
                let conflicts_with = self.clashes_of(of)?;
                Err(Refusal::SlotTaken { conflicts_with, next_start_at: None }.into())
            }
            other => other,
        }
    }
}
