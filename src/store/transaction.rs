//! What a handler holds inside a transaction: [`Gather`] loads, [`Change`] also changes.
//!
//! Each noun adds its own functions to these two in a file of its own; [`Reader`] and [`Writer`] add the permission.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::clinics;
use super::schema::patients::patients;
use super::sight::Sight;
use super::unit::{Recorded, Reply};
use crate::access::permission::Permission;
use crate::access::permit::Actor;
use crate::clock::Clock;
use crate::domain::event::Event;
use crate::domain::id::{ClinicId, PatientId};
use crate::domain::route::Person;
use crate::domain::time::{Date, Timestamp};
use diesel::prelude::*;
use jiff::tz::TimeZone;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use uuid::Uuid;

/// Loads records of one clinic inside one transaction, and notes whose charts it loaded.
pub struct Gather<'t> {
    pub(super) connection: &'t mut AnyConnection,
    clinic: ClinicId,
    now: Timestamp,
    actor: Option<Actor>,
    zone: Option<TimeZone>,
    seen: Seen,
    sight: Sight,
    listed: bool,
    aside: bool,
}

/// The patients whose charts a unit met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Seen {
    /// Those it loaded.
    pub(super) loaded: Vec<PatientId>,
    /// Those it was not to load.
    pub(super) barred: Vec<PatientId>,
}

impl Seen {
    /// All of them.
    pub(super) fn all(self) -> Vec<PatientId> {
        self.loaded.into_iter().chain(self.barred).collect()
    }
}

impl<'t> Gather<'t> {
    pub(super) fn new(
        connection: &'t mut AnyConnection,
        clinic: ClinicId,
        now: Timestamp,
        actor: Option<Actor>,
    ) -> Self {
        Self {
            connection,
            clinic,
            now,
            actor,
            zone: None,
            seen: Seen::default(),
            sight: Sight::default(),
            listed: false,
            aside: false,
        }
    }

    pub(super) fn within(self, sight: Sight) -> Self {
        Self { sight, ..self }
    }

    /// Which patients a list may show. A list that asks may also be empty inside an audit case.
    pub(super) fn sight_of_list(&mut self) -> Sight {
        self.listed = true;
        if self.aside { Sight::default() } else { self.sight.clone() }
    }

    /// Which charts may be seen here.
    pub const fn sight(&self) -> &Sight {
        &self.sight
    }

    /// Loads facts about others that are weighed and never told, such as whom a visit keeps from its chair: they are
    /// no disclosure, and a restriction does not change them.
    pub(super) fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.aside, true);
        let result = work(self);
        self.aside = before;
        result
    }

    /// Notes that a patient's chart is loaded, or says that it is not there for whoever asks.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the chart may not be seen.
    pub fn show(&mut self, patient: PatientId) -> Result<()> {
        if self.aside || self.sight.shows(patient) {
            self.saw(patient);
            return Ok(());
        }
        self.seen.barred.push(patient);
        Err(StoreError::NotFound)
    }

    /// The clinic whose rows this transaction sees; every query filters by it.
    pub const fn clinic(&self) -> ClinicId {
        self.clinic
    }

    /// The one instant of this transaction.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Who acts, when it is a member of staff.
    pub const fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// The person who acts.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`] for a job, the host or a stranger: they sign nothing.
    pub fn person(&self) -> Result<Person> {
        self.actor.as_ref().map(Actor::person).ok_or(StoreError::Unauthenticated)
    }

    /// Notes that a patient's chart was loaded: it becomes an entry of the trail, whatever the answer is.
    pub fn saw(&mut self, patient: PatientId) {
        if !self.aside && self.seen.loaded.last() != Some(&patient) {
            self.seen.loaded.push(patient);
        }
    }

    /// Notes each of these.
    pub fn saw_each(&mut self, patients: impl IntoIterator<Item = PatientId>) {
        for patient in patients {
            self.saw(patient);
        }
    }

    /// The clinic's time zone.
    ///
    /// # Errors
    /// When the clinic is gone or its zone is unknown to this machine.
    pub fn zone(&mut self) -> Result<TimeZone> {
        if let Some(zone) = &self.zone {
            return Ok(zone.clone());
        }
        let name: String = clinics::table.find(self.clinic).select(clinics::zone).first(self.connection)?;
        let zone = TimeZone::get(&name).map_err(|error| StoreError::Broken(error.to_string()))?;
        self.zone = Some(zone.clone());
        Ok(zone)
    }

    /// The clinic's date now.
    ///
    /// # Errors
    /// As [`Self::zone`].
    pub fn today(&mut self) -> Result<Date> {
        Ok(self.now.date_in(&self.zone()?))
    }

    pub(super) fn into_seen(self) -> Seen {
        self.seen
    }
}

/// Proof that the root of what is decided cannot change under the decision: the patient is locked, or the
/// transaction is a snapshot.
///
/// Functions that gather facts for a decision ask for it (engineering.md 1).
#[derive(Debug, Clone, Copy)]
pub struct Held(());

/// A person's proof of presence that was spent in this transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who was there.
    pub person: Person,
    /// The name as printed beside the signature.
    pub display_name: String,
    /// The roles held at that moment.
    pub roles: crate::access::role::Roles,
    /// The hash of what was on the screen, where the act asks for it.
    pub subject_sha256: Option<Vec<u8>>,
}

/// Changes records of one clinic inside one transaction.
pub struct Change<'t> {
    gather: Gather<'t>,
    clock: Clock,
    act: &'static str,
    signature: Option<Signature>,
}

impl<'t> Change<'t> {
    pub(super) fn new(gather: Gather<'t>, clock: Clock, act: &'static str, signature: Option<Signature>) -> Self {
        Self { gather, clock, act, signature }
    }

    /// A new id of this instant.
    pub fn new_id<Id: From<Uuid>>(&self) -> Id {
        self.clock.new_id()
    }

    /// The permission this unit runs under: the act that signing tokens are bound to.
    pub const fn act(&self) -> &'static str {
        self.act
    }

    /// The actor's own signature, for a permission that is signed.
    ///
    /// # Errors
    /// [`StoreError::ReauthRequired`] when there is none.
    pub fn signature(&self) -> Result<&Signature> {
        self.signature.as_ref().ok_or(StoreError::ReauthRequired)
    }

    /// Locks a patient: the root of everything that is decided about them. Call it before the first fact is read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such patient in this clinic, or not for whoever asks.
    pub fn lock_patient(&mut self, patient: PatientId) -> Result<Held> {
        self.may_touch(patient)?;
        let row = patients::table.find((self.gather.clinic, patient)).select(patients::id);
        let found: Option<PatientId> = match self.gather.connection {
            // BEGIN IMMEDIATE: nobody else writes.
            AnyConnection::Sqlite(native) => row.first(native).optional()?,
            AnyConnection::Postgres(native) => row.for_no_key_update().first(native).optional()?,
        };
        found.map(|_| Held(())).ok_or(StoreError::NotFound)
    }

    /// A chart that may not be seen may not be changed; the attempt is noted, and nothing else of it.
    fn may_touch(&mut self, patient: PatientId) -> Result<()> {
        if self.sight.shows(patient) {
            return Ok(());
        }
        self.gather.seen.barred.push(patient);
        Err(StoreError::NotFound)
    }

    /// Locks the clinic: the root of what concerns all its staff, such as the last administrator.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such clinic.
    pub fn lock_clinic(&mut self) -> Result<Held> {
        let row = clinics::table.find(self.gather.clinic).select(clinics::id);
        let found: Option<ClinicId> = match self.gather.connection {
            AnyConnection::Sqlite(native) => row.first(native).optional()?,
            AnyConnection::Postgres(native) => row.for_no_key_update().first(native).optional()?,
        };
        found.map(|_| Held(())).ok_or(StoreError::NotFound)
    }
}

impl<'t> Deref for Change<'t> {
    type Target = Gather<'t>;
    fn deref(&self) -> &Self::Target {
        &self.gather
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.gather
    }
}

/// A transaction that reads under the permission `P`.
pub struct Reader<'t, P: Permission> {
    gather: Gather<'t>,
    _permission: PhantomData<fn() -> P>,
}

impl<'t, P: Permission> Reader<'t, P> {
    pub(super) fn new(gather: Gather<'t>) -> Self {
        Self { gather, _permission: PhantomData }
    }

    /// A reader sees one snapshot: nothing changes under what it decides to show.
    pub const fn snapshot(&self) -> Held {
        Held(())
    }

    /// The patients whose charts were loaded, and whether it was a list that knew its bounds.
    pub(super) fn into_seen(self) -> (Seen, bool) {
        let listed = self.gather.listed;
        (self.gather.into_seen(), listed)
    }
}

impl<'t, P: Permission> Deref for Reader<'t, P> {
    type Target = Gather<'t>;
    fn deref(&self) -> &Self::Target {
        &self.gather
    }
}

impl<P: Permission> DerefMut for Reader<'_, P> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.gather
    }
}

/// A transaction that writes under the permission `P`.
pub struct Writer<'t, P: Permission> {
    change: Change<'t>,
    _permission: PhantomData<fn() -> P>,
}

impl<'t, P: Permission> Writer<'t, P> {
    pub(super) fn new(change: Change<'t>) -> Self {
        Self { change, _permission: PhantomData }
    }

    /// Ends the unit: these things happened, and this is the answer. One event is one changed record; the first
    /// names the permission in the trail, the others name the first as their cause.
    ///
    /// Nothing else makes a [`Recorded`], so a write that forgets it does not compile:
    ///
    /// ```compile_fail
    /// use chairside::{access::{permission::RegisterPatient, permit::Permit}, store::{Once, Store}};
    /// async fn forgets(store: &Store, permit: Permit<RegisterPatient>) {
    ///     let _ = store.write(permit, Once::default(), |_| Ok(())).await;
    /// }
    /// ```
    ///
    /// ```
    /// use chairside::{access::{permission::RegisterPatient, permit::Permit}, store::{Once, Reply, Store}};
    /// async fn records(store: &Store, permit: Permit<RegisterPatient>) {
    ///     let _ = store.write(permit, Once::default(), |tx| Ok(tx.record(Vec::new(), Reply::default()))).await;
    /// }
    /// ```
    pub fn record(&mut self, events: Vec<Event>, reply: Reply) -> Recorded {
        Recorded { events, reply }
    }

    pub(super) fn into_seen(self) -> Seen {
        self.change.gather.into_seen()
    }
}

impl<'t, P: Permission> Deref for Writer<'t, P> {
    type Target = Change<'t>;
    fn deref(&self) -> &Self::Target {
        &self.change
    }
}

impl<P: Permission> DerefMut for Writer<'_, P> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.change
    }
}
