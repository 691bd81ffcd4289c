//! What sessions hold: chair, patient, a lane of the nurse and one of the prescriber.
//!
//! The database alone decides whether a lane is free (decisions.md 3, engineering.md 11). The chair and the staff are
//! locked first, in one order for everybody: two writers that insert overlapping rows at once would otherwise wait
//! for each other on PostgreSQL's exclusion constraint until one of them is called a deadlock.

use super::column::AnyId;
use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::{rooms, staff};
use super::schema::sessions::bookings;
use super::transaction::{Change, Gather, Held};
use crate::access::role::Role;
use crate::domain::id::{BookingId, ClinicId, RoomId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::policy::Staffing;
use crate::domain::refusal::Refusal;
use crate::domain::session::Session;
use crate::domain::session::availability::{House, Taken, free_lanes, next_free, resources};
use crate::domain::session::booking::ResourceKind;
use crate::domain::session::wish::{Facts, Wish};
use crate::domain::time::Timestamp;
use crate::domain::treatment_plan::TreatmentPlan;
use diesel::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = bookings)]
struct Row {
    clinic_id: ClinicId,
    id: BookingId,
    version: i64,
    session_id: SessionId,
    resource_kind: ResourceKind,
    resource_id: AnyId,
    lane: i64,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

impl Gather<'_> {
    /// Every lane that is taken at some time between two instants, but for those of the visit `but`.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn taken(&mut self, from: Timestamp, until: Timestamp, but: Option<SessionId>) -> Result<Vec<Taken>> {
        let mut query = bookings::table
            .filter(bookings::clinic_id.eq(self.clinic()))
            .filter(bookings::released_at.is_null())
            .filter(bookings::starts_at.lt(until))
            .filter(bookings::ends_at.gt(from))
            .select((
                bookings::resource_kind,
                bookings::resource_id,
                bookings::lane,
                bookings::starts_at,
                bookings::ends_at,
            ))
            .into_boxed();
        if let Some(but) = but {
            query = query.filter(bookings::session_id.ne(but));
        }
        let rows = query.load::<(ResourceKind, AnyId, i64, Timestamp, Timestamp)>(self.connection)?;
        let taken = |(kind, resource, lane, starts_at, ends_at): (_, AnyId, _, _, _)| Taken {
            kind,
            resource: resource.0,
            lane,
            starts_at,
            ends_at,
        };
        let talks = self.held_by_talks(from, until)?;
        Ok(rows.into_iter().map(taken).chain(talks).collect())
    }

    /// The chairs and the people that a visit can be booked with. A prescriber can take a nurse's place
    /// (decisions.md 11).
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn house(&mut self) -> Result<House> {
        let rooms = self.rooms()?.into_iter().filter(|room| room.retired_at.is_none()).map(|room| room.id).collect();
        let people: Vec<_> = self.staff_members()?.into_iter().filter(|person| person.retired_at.is_none()).collect();
        let of = |roles: &[Role]| {
            people.iter().filter(|person| person.roles.hold_any(roles)).map(|person| person.id).collect()
        };
        let (nurses, prescribers) = (of(&[Role::Nurse, Role::Prescriber]), of(&[Role::Prescriber]));
        Ok(House { rooms, nurses, prescribers })
    }
}

impl Gather<'_> {
    /// Everything that is known about a wish, but for the visit `but` that it would move.
    ///
    /// # Errors
    /// A field error for a plan or a protocol that is not there, and for a time that cannot be meant.
    pub fn booking_facts(&mut self, held: Held, wish: &Wish, but: Option<SessionId>) -> Result<Facts> {
        let (zone, now) = (self.zone()?, self.now());
        let plan = match wish.plan {
            None => None,
            Some(id) => Some(self.plan_and_place(held, id, but)?),
        };
        let protocol = match (plan.as_ref().map(|(plan, _)| plan.text.protocol), wish.protocol) {
            (Some(id), _) => self.protocol(id)?,
            (None, Some(id)) => self.protocol(id).map_err(|error| not_there(error, "/protocol_id"))?,
            (None, None) => {
                let detail = "give the treatment plan, or the protocol of a tentative booking";
                return Err(Refusal::invalid("/protocol_id", "required", detail).into());
            }
        };
        let start = wish.start(&zone, now)?;
        Ok(Facts {
            plan,
            protocol,
            rules: self.policy()?.rules,
            house: self.house()?,
            taken: self.taken(start, start.plus_minutes(24 * 60), but)?,
            others: self.visit_dates(held, wish.patient_id, but)?,
            zone,
            now,
        })
    }

    /// A plan and the first free place in its series: a revision takes the places of the plans before it along.
    fn plan_and_place(
        &mut self,
        held: Held,
        id: TreatmentPlanId,
        but: Option<SessionId>,
    ) -> Result<(TreatmentPlan, i64)> {
        let plan = self.treatment_plan(id).map_err(|error| not_there(error, "/treatment_plan_id"))?;
        let mut series = vec![plan.id];
        let mut before = plan.supersedes;
        while let Some(id) = before {
            series.push(id);
            before = self.treatment_plan(id)?.supersedes;
        }
        let place = self.free_place(held, &series, but)?;
        Ok((plan, place))
    }
}

/// What a body names and is not there is the body's fault, not the path's.
fn not_there(error: StoreError, pointer: &'static str) -> StoreError {
    match error {
        StoreError::NotFound => Refusal::invalid(pointer, "not_found", "there is no such record in this clinic").into(),
        other => other,
    }
}

impl Change<'_> {
    /// Holds everything a session needs, or nothing.
    ///
    /// # Errors
    /// [`Refusal::SlotTaken`] with everything that is taken; [`StoreError::NotFound`] for a chair or a person of
    /// another clinic.
    pub fn book(&mut self, session: &Session, staffing: &Staffing) -> Result<()> {
        self.lock_resources(session)?;
        let team = (session.team.nurse_id, session.team.prescriber_id);
        let held = resources(session.slot.room_id, session.patient_id, team);
        let span = (session.slot.starts_at, session.slot.ends_at);
        let taken = self.taken(span.0, span.1, None)?;
        let mut clashes = Vec::new();
        for (kind, resource) in held {
            let lanes = free_lanes(kind.lanes(staffing), kind, resource, span, &taken);
            if !self.take_first(session, (kind, AnyId(resource)), &lanes)? {
                clashes.push(kind.as_str());
            }
        }
        if clashes.is_empty() {
            return Ok(());
        }
        let taken = self.taken(span.0, span.0.plus_minutes(24 * 60), Some(session.id))?;
        let next_start_at = next_free(&held, staffing, span, (&self.zone()?, &taken));
        Err(Refusal::SlotTaken { conflicts_with: clashes, next_start_at }.into())
    }

    /// Locks every chair, so that one can be chosen for a booking that names none.
    ///
    /// # Errors
    /// When the database says no.
    pub fn lock_chairs(&mut self) -> Result<()> {
        let chairs = rooms::table.filter(rooms::clinic_id.eq(self.clinic())).order(rooms::id).select(rooms::id);
        if let AnyConnection::Postgres(native) = &mut *self.connection {
            chairs.for_no_key_update().load::<RoomId>(native)?;
        }
        Ok(())
    }

    /// Takes the lowest of these lanes that the database lets go; false when it lets go of none.
    fn take_first(&mut self, session: &Session, resource: (ResourceKind, AnyId), lanes: &[i64]) -> Result<bool> {
        for lane in lanes {
            let row = Row {
                clinic_id: self.clinic(),
                id: self.new_id(),
                version: 1,
                session_id: session.id,
                resource_kind: resource.0,
                resource_id: resource.1,
                lane: *lane,
                starts_at: session.slot.starts_at,
                ends_at: session.slot.ends_at,
            };
            // Nested: on PostgreSQL a refused statement would take the whole transaction with it (engineering.md 2).
            let inserted = self.connection.transaction::<_, StoreError, _>(|connection| {
                diesel::insert_into(bookings::table).values(&row).execute(connection)?;
                Ok(())
            });
            match inserted {
                Ok(()) => return Ok(true),
                Err(StoreError::SlotOverlap) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(false)
    }

    /// Gives back everything a session holds.
    ///
    /// # Errors
    /// When the database says no.
    pub(super) fn release_bookings(&mut self, session: SessionId) -> Result<()> {
        let held = bookings::table
            .filter(bookings::clinic_id.eq(self.clinic()))
            .filter(bookings::session_id.eq(session))
            .filter(bookings::released_at.is_null());
        diesel::update(held)
            .set((bookings::released_at.eq(Some(self.now())), bookings::version.eq(2_i64)))
            .execute(self.connection)?;
        Ok(())
    }

    /// Locks people by id: after the patient and the chair in the order of engineering.md 1.
    ///
    /// # Errors
    /// When the database says no.
    pub fn lock_people(&mut self, ids: &[StaffId]) -> Result<()> {
        let people = staff::table
            .filter(staff::clinic_id.eq(self.clinic()))
            .filter(staff::id.eq_any(ids.to_vec()))
            .order(staff::id)
            .select(staff::id);
        if let AnyConnection::Postgres(native) = &mut *self.connection {
            people.for_no_key_update().load::<StaffId>(native)?;
        }
        Ok(())
    }

    /// Locks the chair, then the people.
    fn lock_resources(&mut self, session: &Session) -> Result<()> {
        let clinic = self.clinic();
        let chair = rooms::table.find((clinic, session.slot.room_id)).select(rooms::id);
        if let AnyConnection::Postgres(native) = &mut *self.connection {
            chair.for_no_key_update().first::<RoomId>(native)?;
        }
        self.lock_people(&[session.team.nurse_id, session.team.prescriber_id])
    }
}
