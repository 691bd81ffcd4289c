//! Exactly once: the key, what it was used for and the answer commit together with the fact (engineering.md 6).
//!
//! Only what was committed is remembered. A refusal changed nothing and is decided anew: the same key after the
//! consent was signed must start the infusion, not repeat yesterday's no.

use super::column::AnyId;
use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::prepared::Prepared;
use super::schema::foundation::idempotency_keys::{self, dsl};
use super::unit::{Ground, Once, Reply};
use crate::access::permit::Principal;
use crate::clock::Clock;
use crate::domain::id::ClinicId;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// A tablet may come back after a weekend: seven days.
const KEPT_MINUTES: i64 = 7 * 24 * 60;

/// Where an answer is kept: this clinic, this person, this key.
pub(super) struct Place {
    clinic: ClinicId,
    actor: AnyId,
    key: String,
    fingerprint: Vec<u8>,
}

impl Place {
    /// None when no key was sent, or nobody is signed in to own it.
    pub(super) fn of(ground: &Ground, once: &Once) -> Option<Self> {
        let Principal::Staff(actor) = &ground.principal else { return None };
        let key = once.key.clone()?;
        let actor = AnyId(actor.staff().uuid());
        Some(Self { clinic: ground.clinic(), actor, key, fingerprint: once.fingerprint.to_vec() })
    }
}

#[derive(Insertable)]
#[diesel(table_name = idempotency_keys)]
struct NewKey<'a> {
    clinic_id: ClinicId,
    actor_id: AnyId,
    idempotency_key: &'a str,
    version: i64,
    fingerprint: &'a [u8],
    status: i64,
    body: &'a [u8],
    created_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
struct Kept {
    fingerprint: Vec<u8>,
    status: i64,
    etag: Option<String>,
    location: Option<String>,
    body: Vec<u8>,
}

/// Takes the key, or gives back what it was answered with before.
///
/// On PostgreSQL a twin waits here, holding nothing else, until the first has committed or rolled back.
pub(super) fn reserve(connection: &mut AnyConnection, place: &Place, clock: &Clock) -> Result<Option<Reply>> {
    let now = clock.now();
    let row = NewKey {
        clinic_id: place.clinic,
        actor_id: place.actor,
        idempotency_key: &place.key,
        version: 1,
        fingerprint: &place.fingerprint,
        status: 0,
        body: &[],
        created_at: now,
        expires_at: now.plus_minutes(KEPT_MINUTES),
    };
    let taken = each!(connection, |native| Prepared(
        diesel::insert_into(idempotency_keys::table).values(&row).on_conflict_do_nothing()
    )
    .execute(native))?;
    if taken == 1 {
        return Ok(None);
    }
    let kept: Kept = idempotency_keys::table
        .find((place.clinic, place.actor, place.key.as_str()))
        .select(Kept::as_select())
        .first(connection)?;
    if kept.fingerprint != place.fingerprint {
        return Err(StoreError::KeyReused);
    }
    let status = u16::try_from(kept.status).map_err(|error| StoreError::Broken(error.to_string()))?;
    Ok(Some(Reply { status, etag: kept.etag, location: kept.location, body: kept.body }))
}

/// Keeps the answer beside its key.
pub(super) fn keep(connection: &mut AnyConnection, place: &Place, reply: &Reply) -> Result<()> {
    let row = diesel::update(idempotency_keys::table.find((place.clinic, place.actor, place.key.as_str())));
    let answered = row.set((
        dsl::version.eq(2_i64),
        dsl::status.eq(i64::from(reply.status)),
        dsl::etag.eq(reply.etag.as_deref()),
        dsl::location.eq(reply.location.as_deref()),
        dsl::body.eq(reply.body.as_slice()),
    ));
    Prepared(answered).execute(connection)?;
    Ok(())
}
