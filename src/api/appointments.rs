//! Conversations: book one, see a day, move it, call it off, say whether it took place (decisions.md 23).

use super::extract::{Act, Id, NoBody, Query, expect_version};
use super::reply::{self, Answer};
use super::stated::words;
use super::wire::Day;
use super::{Endpoint, endpoints};
use crate::access::permission::{
    BookAppointment, ChangeAppointment, ListAppointments, Permission, ReadAppointment, SettleAppointment,
};
use crate::access::permit::Permit;
use crate::domain::appointment::{Appointment, AppointmentKind, AppointmentMode, AppointmentState, Plan};
use crate::domain::event::Event;
use crate::domain::id::{AppointmentId, PatientId, StaffId};
use crate::domain::patch::Patch;
use crate::domain::refusal::Refusal;
use crate::domain::session::booking::meant_start;
use crate::domain::time::{Timestamp, day_bounds};
use crate::store::{Gather, PatientLabel, Recorded, Result, Store, StoreError, Writer, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A conversation to be booked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAppointment, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "kind": "consult", "mode": "in_person",
    "staff_id": "0190a5c0-0000-7000-8000-000000000020", "local_start": "2026-03-09T09:00"}))]
pub struct BookBody {
    /// With whom.
    patient_id: PatientId,
    /// What about.
    kind: AppointmentKind,
    /// How they meet; a call is made by phone or video.
    mode: AppointmentMode,
    /// The nurse or prescriber who talks.
    staff_id: StaffId,
    /// When it begins on the clinic's wall clock.
    #[schema(example = "2026-03-09T09:00", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    local_start: Option<String>,
    /// Or its instant, for a wall time that the clocks repeat or skip.
    starts_at: Option<Timestamp>,
    /// How long, in minutes. Absent: 60 for a consult, 45 for a consent, 15 for a call.
    #[schema(minimum = 5, maximum = 240)]
    duration_min: Option<i64>,
    /// A word of the people who book it.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// A change of a conversation that is only booked: absent keeps, null clears, a value sets (RFC 7396).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppointmentPatch, example = json!({"local_start": "2026-03-10T09:00"}))]
pub struct ChangeBody {
    /// Another person.
    staff_id: Option<StaffId>,
    /// Another way to meet.
    mode: Option<AppointmentMode>,
    /// Another wall time.
    #[schema(example = "2026-03-10T09:00", max_length = 16)]
    local_start: Option<String>,
    /// Or its instant.
    starts_at: Option<Timestamp>,
    /// Another length, in minutes.
    #[schema(minimum = 5, maximum = 240)]
    duration_min: Option<i64>,
    /// Another note.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    note: Patch<String>,
}

/// Why a conversation is called off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelAppointment, example = json!({"reason": "patient asked"}))]
pub struct CancelBody {
    /// In words.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Which conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The clinic's date. Absent: today.
    date: Option<Day>,
    /// Of this member of staff.
    staff_id: Option<StaffId>,
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appointment)]
pub struct AppointmentView {
    id: AppointmentId,
    version: i64,
    patient_id: PatientId,
    /// As the patient's own record shows it.
    #[schema(example = "Rivera, Ana")]
    patient_name: String,
    staff_id: StaffId,
    kind: AppointmentKind,
    mode: AppointmentMode,
    state: AppointmentState,
    starts_at: Timestamp,
    ends_at: Timestamp,
    /// When it begins on the clinic's wall clock.
    #[schema(example = "2026-03-09T09:00")]
    local_start: String,
    note: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The conversations of one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appointments)]
pub struct AppointmentsView {
    items: Vec<AppointmentView>,
}

impl AppointmentView {
    fn of(of: Appointment, label: &PatientLabel) -> Self {
        Self {
            id: of.id,
            version: of.version,
            patient_id: of.patient,
            patient_name: label.display_name(),
            staff_id: of.plan.staff,
            kind: of.kind,
            mode: of.plan.mode,
            state: of.state,
            starts_at: of.plan.starts_at,
            ends_at: of.plan.ends_at,
            local_start: of.plan.local_start,
            note: of.note,
            created_at: of.created_at,
            updated_at: of.updated_at,
        }
    }
}

fn shown(tx: &mut Gather<'_>, of: Appointment) -> Result<AppointmentView> {
    let label = tx.patient_labels(&[of.patient])?.pop().ok_or(StoreError::NotFound)?;
    Ok(AppointmentView::of(of, &label))
}

/// These conversations, each with the name of its patient.
pub(super) fn shown_all(tx: &mut Gather<'_>, items: Vec<Appointment>) -> Result<Vec<AppointmentView>> {
    let patients: Vec<PatientId> = items.iter().map(|item| item.patient).collect();
    let labels = tx.patient_labels(&patients)?;
    let show = |item: Appointment| {
        let label = labels.iter().find(|label| label.id == item.patient)?;
        Some(AppointmentView::of(item, label))
    };
    Ok(items.into_iter().filter_map(show).collect())
}

/// Whoever talks is a clinician who works here.
fn expect_clinician(tx: &mut Gather<'_>, staff: StaffId) -> Result<()> {
    if tx.house()?.nurses.contains(&staff) {
        return Ok(());
    }
    Err(Refusal::invalid("/staff_id", "not_found", "must be a nurse or a prescriber who works here").into())
}

/// Books a conversation: it holds the time of the patient and of the member of staff, and no chair.
#[utoipa::path(post, path = "/api/v1/appointments", tag = "appointments", operation_id = "appointments_book", summary = "Book a conversation",
    request_body = BookBody, responses((status = 201, description = "Booked", body = AppointmentView)))]
pub async fn book(act: Act<BookAppointment, BookBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (zone, now) = (tx.zone()?, tx.now());
        tx.lock_patient(body.patient_id).map_err(|error| match error {
            StoreError::NotFound => Refusal::invalid("/patient_id", "not_found", "there is no such patient").into(),
            other => other,
        })?;
        expect_clinician(tx, body.staff_id)?;
        let starts_at = meant_start((body.local_start.as_deref(), body.starts_at), "/starts_at", &zone, now)?;
        let minutes = body.duration_min.unwrap_or(body.kind.usual_minutes());
        let plan = Plan::new(body.staff_id, body.mode, (starts_at, minutes), &zone)?;
        let (booked, event) = Appointment::book(tx.new_id(), (body.patient_id, body.kind), plan, body.note, now)?;
        tx.insert_appointment(&booked)?;
        let (version, place) = (booked.version, format!("/api/v1/appointments/{}", booked.id));
        let reply = reply::created(place, version, &shown(tx, booked)?)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Lists the conversations of a day, earliest first; a day has few, so they come on one page.
#[utoipa::path(get, path = "/api/v1/appointments", tag = "appointments", operation_id = "appointments_list", summary = "List a day's conversations",
    params(ListQuery), responses((status = 200, description = "The day, earliest first", body = AppointmentsView)))]
pub async fn list(permit: Permit<ListAppointments>, Query(query): Query<ListQuery>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        let date = query.date.map_or_else(|| tx.today(), |Day(date)| Ok(date))?;
        let too_far = || Refusal::invalid("/date", "range", "is too far away");
        let day = day_bounds(date, &tx.zone()?).ok_or_else(too_far)?;
        let items = tx.appointments(day, query.staff_id)?;
        Ok(AppointmentsView { items: shown_all(tx, items)? })
    });
    reply::listed(&view.await?)
}

/// Reads a conversation.
#[utoipa::path(get, path = "/api/v1/appointments/{id}", tag = "appointments", operation_id = "appointments_read", summary = "Read a conversation",
    params(("id" = AppointmentId, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = AppointmentView)))]
pub async fn read(permit: Permit<ReadAppointment>, Id(id): Id<AppointmentId>, store: Data<Store>) -> Answer {
    let view = store.read(permit, move |tx| {
        let found = tx.appointment(id)?;
        Ok((found.version, shown(tx, found)?))
    });
    let (version, view) = view.await?;
    reply::shown(version, &view)
}

/// Moves, reassigns or annotates a conversation that is only booked.
#[utoipa::path(patch, path = "/api/v1/appointments/{id}", tag = "appointments", operation_id = "appointments_change", summary = "Change a conversation",
    params(("id" = AppointmentId, Path, description = "The conversation")), request_body = ChangeBody,
    responses((status = 200, description = "The conversation as it is now", body = AppointmentView)))]
pub async fn change(
    act: Act<ChangeAppointment, ChangeBody>,
    Id(id): Id<AppointmentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, before) = tx.lock_appointment(id)?;
        expect_version(version, before.version)?;
        let (zone, now) = (tx.zone()?, tx.now());
        let staff = body.staff_id.unwrap_or(before.plan.staff);
        expect_clinician(tx, staff)?;
        let starts_at = if body.local_start.is_some() || body.starts_at.is_some() {
            meant_start((body.local_start.as_deref(), body.starts_at), "/starts_at", &zone, now)?
        } else {
            before.plan.starts_at
        };
        let minutes = body.duration_min.unwrap_or(before.plan.minutes());
        let plan = Plan::new(staff, body.mode.unwrap_or(before.plan.mode), (starts_at, minutes), &zone)?;
        let changed = before.change(plan, body.note.over(before.note.clone()), now)?;
        keep(tx, changed)
    });
    Ok(written.await?)
}

/// Calls a conversation off; the time of both is free again.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/cancel", tag = "appointments", operation_id = "appointments_cancel", summary = "Cancel a conversation",
    params(("id" = AppointmentId, Path, description = "The conversation")), request_body = CancelBody,
    responses((status = 200, description = "The conversation as it is now", body = AppointmentView)))]
pub async fn cancel(
    act: Act<SettleAppointment, CancelBody>,
    Id(id): Id<AppointmentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, before) = tx.lock_appointment(id)?;
        expect_version(version, before.version)?;
        let cancelled = before.cancel(words("/reason", body.reason.as_deref())?, tx.now())?;
        keep(tx, cancelled)
    });
    Ok(written.await?)
}

/// Says that they met, also when the patient came late and was put down as missed.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/attended", tag = "appointments", operation_id = "appointments_attended", summary = "Say that a conversation took place",
    params(("id" = AppointmentId, Path, description = "The conversation")), request_body = NoBody,
    responses((status = 200, description = "The conversation as it is now", body = AppointmentView)))]
pub async fn attended(
    act: Act<SettleAppointment, NoBody>,
    Id(id): Id<AppointmentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, before) = tx.lock_appointment(id)?;
        expect_version(version, before.version)?;
        let attended = before.attended(&tx.zone()?, tx.now())?;
        keep(tx, attended)
    });
    Ok(written.await?)
}

/// Says that the patient did not come, or did not answer.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/no-show", tag = "appointments", operation_id = "appointments_no_show", summary = "Mark a conversation as missed",
    params(("id" = AppointmentId, Path, description = "The conversation")), request_body = NoBody,
    responses((status = 200, description = "The conversation as it is now", body = AppointmentView)))]
pub async fn no_show(
    act: Act<SettleAppointment, NoBody>,
    Id(id): Id<AppointmentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let (_, before) = tx.lock_appointment(id)?;
        expect_version(version, before.version)?;
        let missed = before.no_show(tx.policy()?.rules.booking.no_show_minutes, tx.now())?;
        keep(tx, missed)
    });
    Ok(written.await?)
}

/// Ends a unit with a conversation's new state.
fn keep<P: Permission>(tx: &mut Writer<'_, P>, (next, event): (Appointment, Event)) -> Result<Recorded> {
    tx.update_appointment(&next)?;
    let version = next.version;
    let reply = reply::ok(version, &shown(tx, next)?)?;
    Ok(tx.record(vec![event], reply))
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![
        guarded book, guarded list, guarded read, guarded change, guarded cancel, guarded attended, guarded no_show
    ]
}
