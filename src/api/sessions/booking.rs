//! Booking: a visit is booked, moved or reassigned; a time that is taken is answered with the next that is free.

use super::super::extract::{Act as Request, Id, Query, expect_version};
use super::super::reply::{self, Answer};
use super::super::stated::words;
use super::super::wire::Day;
use super::super::{Endpoint, endpoints};
use super::views::SessionShown;
use super::{location, record, shown};
use crate::access::permission::{BookSession, ChangeSession, ReadAvailability};
use crate::access::permit::{Actor, Permit};
use crate::access::role::Role;
use crate::domain::act::Act;
use crate::domain::id::{PatientId, ProtocolId, RoomId, SessionId, StaffId, TreatmentPlanId};
use crate::domain::patch::Patch;
use crate::domain::refusal::Refusal;
use crate::domain::session::availability::{House, opening_hours, openings};
use crate::domain::session::desk::{NewSession, Rebooking};
use crate::domain::session::wish::Wish;
use crate::domain::session::{Session, SessionEvent};
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A visit to be booked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSession, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "treatment_plan_id": "0190a5c0-0000-7000-8000-00000000aa01",
    "nurse_id": "0190a5c0-0000-7000-8000-000000000011", "prescriber_id": "0190a5c0-0000-7000-8000-000000000020",
    "local_start": "2026-03-09T09:00"
}))]
pub struct BookBody {
    /// For whom.
    patient_id: PatientId,
    /// Under which plan. Absent or null: a tentative booking, which holds the chair and cannot be started.
    treatment_plan_id: Option<TreatmentPlanId>,
    /// Under which protocol, when there is no plan yet: it says how long the chair is held.
    protocol_id: Option<ProtocolId>,
    /// In which chair. Absent: the first that is free.
    room_id: Option<RoomId>,
    /// The nurse, or a prescriber in a nurse's place.
    nurse_id: StaffId,
    /// The prescriber who supervises.
    prescriber_id: StaffId,
    /// Arrival in the chair on the clinic's wall clock.
    #[schema(example = "2026-03-09T09:00", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    local_start: Option<String>,
    /// Or its instant, for a wall time that the clocks repeat or skip.
    scheduled_start_at: Option<Timestamp>,
    /// A word of the people who book it.
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// A prescriber's reason to set aside the spacing or the length of the series.
    #[schema(max_length = 1000)]
    override_reason: Option<String>,
}

/// A change of a visit that is only booked: absent keeps, null clears, a value sets (RFC 7396).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SessionPatch, example = json!({"local_start": "2026-03-10T09:00", "reason": "patient asked"}))]
pub struct ChangeBody {
    /// The plan a tentative booking now belongs to.
    treatment_plan_id: Option<TreatmentPlanId>,
    /// Another chair.
    room_id: Option<RoomId>,
    /// Another nurse.
    nurse_id: Option<StaffId>,
    /// Another prescriber.
    prescriber_id: Option<StaffId>,
    /// Another wall time.
    #[schema(example = "2026-03-10T09:00", max_length = 16)]
    local_start: Option<String>,
    /// Or its instant.
    scheduled_start_at: Option<Timestamp>,
    /// Another note.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    note: Patch<String>,
    /// Why it is changed.
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// A prescriber's reason to set aside the spacing or the length of the series.
    #[schema(max_length = 2000)]
    override_reason: Option<String>,
}

/// Where there is room.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AvailabilityQuery {
    /// The clinic's date.
    date: Day,
    /// The protocol: it says how long the chair is held.
    protocol_id: ProtocolId,
}

/// The openings of one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Availability)]
pub struct AvailabilityView {
    /// How long the chair is held, in minutes.
    hold_min: i64,
    items: Vec<OpeningView>,
}

/// A time at which a chair, a nurse and a prescriber are free for the whole hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Opening)]
pub struct OpeningView {
    starts_at: Timestamp,
    ends_at: Timestamp,
    room_ids: Vec<RoomId>,
    nurse_ids: Vec<StaffId>,
    prescriber_ids: Vec<StaffId>,
}

impl BookBody {
    fn wish(&self, set_aside: bool) -> Wish {
        Wish {
            patient_id: self.patient_id,
            plan: self.treatment_plan_id,
            protocol: self.protocol_id,
            room: self.room_id,
            nurse_id: self.nurse_id,
            prescriber_id: self.prescriber_id,
            local_start: self.local_start.clone(),
            start_at: self.scheduled_start_at,
            set_aside,
        }
    }
}

impl ChangeBody {
    /// Whether chair, time, people or plan change; a new note alone books nothing anew.
    fn rebooks(&self) -> bool {
        self.treatment_plan_id.is_some()
            || self.room_id.is_some()
            || self.nurse_id.is_some()
            || self.prescriber_id.is_some()
            || self.local_start.is_some()
            || self.scheduled_start_at.is_some()
    }

    fn wish(&self, session: &Session, set_aside: bool) -> Wish {
        let same = Wish::of(session);
        let moved = self.local_start.is_some() || self.scheduled_start_at.is_some();
        Wish {
            plan: self.treatment_plan_id.or(same.plan),
            room: self.room_id.or(same.room),
            nurse_id: self.nurse_id.unwrap_or(same.nurse_id),
            prescriber_id: self.prescriber_id.unwrap_or(same.prescriber_id),
            local_start: self.local_start.clone(),
            start_at: if moved { self.scheduled_start_at } else { same.start_at },
            set_aside,
            ..same
        }
    }
}

/// A reason to set rules aside counts from a prescriber only.
fn override_by(actor: Option<&Actor>, reason: Option<&str>) -> Result<Option<String>, Refusal> {
    let reason = words("/override_reason", reason)?;
    let prescriber = actor.is_some_and(|actor| actor.roles().hold_any(&[Role::Prescriber]));
    if reason.is_some() && !prescriber {
        return Err(Refusal::invalid(
            "/override_reason",
            "prescriber_only",
            "only a prescriber sets these rules aside",
        ));
    }
    Ok(reason)
}

/// Books a visit. Chair and patient are held alone, nurse and prescriber up to their limit; a time that is taken is
/// answered with what is taken and when all of it is free.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", operation_id = "sessions_book", summary = "Book a session",
    request_body = BookBody, responses((status = 201, description = "Booked", body = SessionShown)))]
pub async fn book(act: Request<BookSession, BookBody>, store: Data<Store>) -> Answer<Written> {
    let Request { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let reason = override_by(tx.actor(), body.override_reason.as_deref())?;
        let note = words("/note", body.note.as_deref())?;
        let wish = body.wish(reason.is_some());
        let held = tx.lock_patient(wish.patient_id)?;
        if wish.room.is_none() {
            tx.lock_chairs()?;
        }
        let facts = tx.booking_facts(held, &wish, None)?;
        let planned = wish.plan(&facts)?;
        let new = NewSession {
            id: tx.new_id(),
            patient_id: wish.patient_id,
            plan: facts.plan.as_ref().map(|(plan, place)| (plan.id, *place)),
            protocol_id: facts.protocol.id,
            route: facts.protocol.text.route,
            slot: planned.slot,
            team: planned.team,
            note,
            override_reason: reason,
        };
        let step = Session::schedule(new, Act::now(tx.person()?.staff, tx.now()), planned.unmet)?;
        tx.insert_session(&step, &facts.rules.staffing)?;
        let (id, version, events) = (step.session.id, step.session.version, step.events);
        let view = shown(tx, held, step.session)?;
        let reply = reply::created(location(id), version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Moves, reassigns or annotates a visit that is only booked.
#[utoipa::path(patch, path = "/api/v1/sessions/{id}", tag = "sessions", operation_id = "sessions_change", summary = "Change a booking",
    params(("id" = SessionId, Path, description = "The session")), request_body = ChangeBody,
    responses((status = 200, description = "The session as it is now", body = SessionShown)))]
pub async fn change(
    act: Request<ChangeSession, ChangeBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Request { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (held, before) = tx.lock_session(id)?;
        expect_version(version, before.version)?;
        before.expect(SessionEvent::Reschedule)?;
        let set_aside = override_by(tx.actor(), body.override_reason.as_deref())?;
        let mut to = Rebooking {
            reason: words("/reason", body.reason.as_deref())?.or_else(|| set_aside.clone()),
            ..Rebooking::default()
        };
        to.note = match &body.note {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(note) => Some(words("/note", Some(note))?),
        };
        let act = Act::now(tx.person()?.staff, tx.now());
        if !body.rebooks() {
            let step = before.reschedule(act, to, Vec::new())?;
            tx.save_step(&step)?;
            return record(tx, held, step);
        }
        let wish = body.wish(&before, set_aside.is_some());
        let facts = tx.booking_facts(held, &wish, Some(id))?;
        let planned = wish.plan(&facts)?;
        to.slot = Some(planned.slot);
        to.team = Some(planned.team);
        to.protocol = Some((facts.protocol.id, facts.protocol.text.route));
        to.plan =
            facts.plan.as_ref().filter(|_| body.treatment_plan_id.is_some()).map(|(plan, place)| (plan.id, *place));
        let mut step = before.reschedule(act, to, planned.unmet)?;
        tx.save_rebooked(&step, &facts.rules.staffing)?;
        step.events.extend(tx.settle_conflict_of(id)?);
        record(tx, held, step)
    });
    Ok(written.await?)
}

/// Lists the times of a day at which a chair, a nurse and a prescriber are free for a whole visit under a protocol.
#[utoipa::path(get, path = "/api/v1/availability", tag = "sessions", operation_id = "availability_list", summary = "Find a free time",
    params(AvailabilityQuery), responses((status = 200, description = "The openings of the day, earliest first", body = AvailabilityView)))]
pub async fn available(
    permit: Permit<ReadAvailability>,
    Query(query): Query<AvailabilityQuery>,
    store: Data<Store>,
) -> Answer {
    let view = store
        .read(permit, move |tx| {
            let (zone, protocol, rules) = (tx.zone()?, tx.protocol(query.protocol_id)?, tx.policy()?.rules);
            let too_far = || Refusal::invalid("/date", "range", "is too far away");
            let hours = opening_hours(query.date.0, &zone).ok_or_else(too_far)?;
            let (house, taken) = (tx.house()?, tx.taken(hours.0, hours.1, None)?);
            let hold_min = protocol.chair_minutes(protocol.text.envelope.max_duration_minutes, &rules);
            let opening = |opening: crate::domain::session::availability::Opening| {
                let House { rooms, nurses, prescribers } = opening.free;
                OpeningView {
                    starts_at: opening.starts_at,
                    ends_at: opening.ends_at,
                    room_ids: rooms,
                    nurse_ids: nurses,
                    prescriber_ids: prescribers,
                }
            };
            let items = openings(&house, &rules.staffing, hours, hold_min, &taken).into_iter().map(opening).collect();
            Ok(AvailabilityView { hold_min, items })
        })
        .await?;
    reply::listed(&view)
}

/// Everything here.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded book, guarded change, guarded available]
}
