//! What a handler holds inside a transaction: [`Gather`] loads, [`Change`] also changes.
//!
//! Each noun adds its own functions to these two in a file of its own; [`Reader`] and [`Writer`] add the permission.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::clinics;
use super::schema::patients::patients;
use super::unit::{Recorded, Reply};
use crate::access::permission::Permission;
use crate::access::permit::Actor;
use crate::clock::Clock;
use crate::domain::event::Event;
use crate::domain::id::{ClinicId, PatientId};
use crate::domain::route::Person;
use crate::domain::signature::{ProofMethod, Shown, SignatureMeaning};
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
    seen: Vec<PatientId>,
    bounds: Option<Vec<PatientId>>,
    listed: bool,
}

impl<'t> Gather<'t> {
    pub(super) fn new(
        connection: &'t mut AnyConnection,
        clinic: ClinicId,
        now: Timestamp,
        actor: Option<Actor>,
    ) -> Self {
        Self { connection, clinic, now, actor, zone: None, seen: Vec::new(), bounds: None, listed: false }
    }

    pub(super) fn within(self, bounds: Option<Vec<PatientId>>) -> Self {
        Self { bounds, ..self }
    }

    /// The patients a list may show: those of the audit case it is read in; none when it may show all.
    pub(super) fn bounds(&mut self) -> Option<Vec<PatientId>> {
        self.listed = true;
        self.bounds.clone()
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
        if self.seen.last() != Some(&patient) {
            self.seen.push(patient);
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

    pub(super) fn into_seen(self) -> Vec<PatientId> {
        self.seen
    }
}

/// Proof that the root of what is decided cannot change under the decision: the patient is locked, or the
/// transaction is a snapshot.
///
/// Functions that gather facts for a decision ask for it (engineering.md 1).
#[derive(Debug, Clone, Copy)]
pub struct Held(());

/// A person's proof of presence that was spent in this transaction. It is kept as a signature when the unit is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who was there.
    pub person: Person,
    /// The name as printed beside the signature.
    pub display_name: String,
    /// The roles held at that moment.
    pub roles: crate::access::role::Roles,
    /// The record that was on the screen.
    pub subject: Uuid,
    /// The hash of what was on the screen, where the act asks for it.
    pub subject_sha256: Option<Vec<u8>>,
    /// What it stands for.
    pub meaning: SignatureMeaning,
    /// What presence was proved with.
    pub method: ProofMethod,
}

/// The proofs that were spent in a unit, and the record they have to be about.
#[derive(Debug, Default)]
pub(super) struct Signed {
    pub(super) by: Vec<Signature>,
    pub(super) shown: Option<Shown>,
}

/// Changes records of one clinic inside one transaction.
pub struct Change<'t> {
    gather: Gather<'t>,
    clock: Clock,
    act: &'static str,
    pub(super) signed: Signed,
}

impl<'t> Change<'t> {
    pub(super) fn new(gather: Gather<'t>, clock: Clock, act: &'static str, signature: Option<Signature>) -> Self {
        Self { gather, clock, act, signed: Signed { by: signature.into_iter().collect(), shown: None } }
    }

    /// A new id of this instant.
    pub fn new_id<Id: From<Uuid>>(&self) -> Id {
        self.clock.new_id()
    }

    /// The permission this unit runs under: the act that signing tokens are bound to.
    pub const fn act(&self) -> &'static str {
        self.act
    }

    /// Says which record is signed, as it is stored before the act changes anything. Every proof of presence in this
    /// unit must be about exactly this; a unit that spends one and does not say it is a fault of ours (REQ-SIGN-1).
    pub fn shows(&mut self, shown: Shown) {
        self.signed.shown = Some(shown);
    }

    /// Locks a patient: the root of everything that is decided about them. Call it before the first fact is read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such patient in this clinic.
    pub fn lock_patient(&mut self, patient: PatientId) -> Result<Held> {
        let row = patients::table.find((self.gather.clinic, patient)).select(patients::id);
        let found: Option<PatientId> = match self.gather.connection {
            // BEGIN IMMEDIATE: nobody else writes.
            AnyConnection::Sqlite(native) => row.first(native).optional()?,
            AnyConnection::Postgres(native) => row.for_no_key_update().first(native).optional()?,
        };
        found.map(|_| Held(())).ok_or(StoreError::NotFound)
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
    pub(super) fn into_seen(self) -> (Vec<PatientId>, bool) {
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
        Recorded { events, reply, signed: std::mem::take(&mut self.change.signed) }
    }

    pub(super) fn into_seen(self) -> Vec<PatientId> {
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
