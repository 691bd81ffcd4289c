//! One unit of work, step by step: who asks, has it been done already, what is decided, what is told, the trail.
//!
//! The order is a law (engineering.md 1, 2, 6, 8): membership, idempotency key, signing token, roots, facts, rows,
//! reply, and the trail's head last, so that a transaction that was aborted behind our back fails there.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::sign_ins::Seen;
use super::staff::{self, Standing};
use super::trail::{self, Bond, Pending, trail_of};
use super::transaction::{Change, Gather};
use super::{audit_cases, idempotency, signing, watch};
use crate::access::permission::{Line, Permission};
use crate::access::permit::{Actor, Origin, Principal, Scope};
use crate::clock::Clock;
use crate::domain::audit_entry::{AuditActor, AuditEntry, Outcome};
use crate::domain::event::Event;
use crate::domain::id::{AuditCaseId, ClinicId, PatientId};
use crate::domain::record::Record;
use uuid::Uuid;

/// What a request is answered with, made inside the unit and kept with its idempotency key. It never holds a `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// HTTP status, 2xx.
    pub status: u16,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// Where what was made can be read.
    pub location: Option<String>,
    /// The bytes of the body; empty for none.
    pub body: Vec<u8>,
}

/// A unit that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The answer.
    pub reply: Reply,
    /// Whether it was committed by an earlier request with the same key.
    pub replayed: bool,
}

/// Exactly once: the client's key, and what it was first used for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Once {
    /// `Idempotency-Key`, when one was sent.
    pub key: Option<String>,
    /// SHA-256 over method, route, path and body.
    pub fingerprint: [u8; 32],
}

/// A proof of presence sent with an act, and the record it has to be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The token from `/auth/reauth` or `/cosignatures`.
    pub token: String,
    /// The id of the record that is signed.
    pub subject: Uuid,
}

/// The result of a unit whose events are in this very transaction.
///
/// Only [`super::Writer::record`] makes one, so a write that forgets its entry of the trail does not compile:
///
/// ```
/// use chairside::{access::permission::StopSession, domain::event::Event, store::{Recorded, Reply, Writer}};
/// fn told(tx: &mut Writer<'_, StopSession>, events: Vec<Event>) -> Recorded { tx.record(events, Reply::default()) }
/// ```
///
/// Made by hand it does not:
///
/// ```compile_fail
/// use chairside::{domain::event::Event, store::{Recorded, Reply}};
/// fn told(events: Vec<Event>) -> Recorded { Recorded { events, reply: Reply::default() } }
/// ```
#[must_use]
pub struct Recorded {
    pub(super) events: Vec<Event>,
    pub(super) reply: Reply,
}

/// What came of running a unit.
pub(super) struct Attempt {
    pub(super) result: Result<Written>,
    /// A refusal after charts were loaded tells something of them: an entry that is written though the unit is not.
    pub(super) disclosure: Option<Pending>,
    /// The sign-in that was used, when that is worth noting.
    pub(super) seen: Option<Seen>,
}

impl Attempt {
    pub(super) fn failed(error: StoreError) -> Self {
        Self { result: Err(error), disclosure: None, seen: None }
    }
}

/// A unit that waits to be run on a connection.
pub(super) type Unit = Box<dyn FnOnce(&mut AnyConnection) -> Attempt + Send>;

/// The handler's part of a unit: gather, decide, record. Gives back the patients whose charts it loaded.
pub(super) type Work = Box<dyn FnOnce(Change<'_>) -> (Result<Recorded>, Vec<PatientId>) + Send>;

/// On what ground a unit stands: who, whose data, under which permission, from which request.
pub(super) struct Ground {
    pub(super) line: Line,
    pub(super) urgent: bool,
    pub(super) principal: Principal,
    pub(super) scope: Scope,
    pub(super) origin: Origin,
    pub(super) clock: Clock,
    pub(super) instance: String,
    /// The sign-in that is used, when that is worth noting; known once it was admitted.
    pub(super) seen: Option<Seen>,
    /// The charts an audit case opens, once it was found open; none outside of a case.
    pub(super) bounds: Option<Vec<PatientId>>,
}

impl Ground {
    pub(super) fn of<P: Permission>(parts: (Principal, Scope, Origin), clock: Clock, instance: String) -> Self {
        let (principal, scope, origin) = parts;
        let line = Line { id: P::ID, roles: P::ROLES, flags: P::FLAGS };
        Self { line, urgent: P::URGENT, principal, scope, origin, clock, instance, seen: None, bounds: None }
    }

    /// The clinic whose rows are open; nil for the installation.
    pub(super) fn clinic(&self) -> ClinicId {
        trail_of(self.trail())
    }

    fn trail(&self) -> Option<ClinicId> {
        match self.scope {
            Scope::Clinic(clinic) => Some(clinic),
            Scope::Installation => None,
        }
    }

    /// Reads sign-in and membership again: only this answer lets anything through (engineering.md 3).
    pub(super) fn admit(&mut self, connection: &mut AnyConnection) -> Result<()> {
        let Principal::Staff(actor) = &self.principal else { return Ok(()) };
        let now = self.clock.now();
        let (clinic, login_session) = (actor.clinic(), actor.login_session());
        let standing = staff::standing(connection, clinic, login_session, now, self.urgent)?;
        let Standing { membership, unnoted, .. } = standing.ok_or(StoreError::Unauthenticated)?;
        if !self.line.allows(&membership.roles, actor.case().is_some()) {
            return Err(StoreError::Forbidden(self.line.id));
        }
        if membership.only_enrols && !self.line.before_factor() {
            return Err(StoreError::FactorMissing(self.line.id));
        }
        self.seen = unnoted.then_some(Seen { clinic, login_session, at: now });
        if let Some(case) = actor.case() {
            let bounds = audit_cases::bounds(connection, actor.clinic(), case, now)?;
            self.bounds = Some(bounds.ok_or(StoreError::Forbidden(self.line.id))?);
        }
        self.principal = Principal::Staff(actor.refreshed(membership));
        Ok(())
    }

    /// The member of the staff who asks, and from where.
    pub(super) fn asked(&self) -> Option<(Actor, Origin)> {
        match &self.principal {
            Principal::Staff(actor) => Some((actor.clone(), self.origin.clone())),
            _ => None,
        }
    }

    /// Whether an auditor asks inside of a case.
    pub(super) fn in_case(&self) -> bool {
        self.case().is_some()
    }

    fn case(&self) -> Option<AuditCaseId> {
        match &self.principal {
            Principal::Staff(actor) => actor.case(),
            _ => None,
        }
    }

    /// Whether what was loaded may leave: all of it outside of a case, inside one only its patients' charts.
    /// An answer about nobody's chart is let through only when it was a list that asked for the bounds itself.
    pub(super) fn may_show(&self, seen: &[PatientId], listed: bool) -> bool {
        let Some(bounds) = &self.bounds else { return true };
        seen.iter().all(|patient| bounds.contains(patient)) && (listed || !seen.is_empty())
    }

    /// A gather on this ground.
    pub(super) fn gather<'t>(&self, connection: &'t mut AnyConnection) -> Gather<'t> {
        let actor = match &self.principal {
            Principal::Staff(actor) => Some(actor.clone()),
            _ => None,
        };
        Gather::new(connection, self.clinic(), self.clock.now(), actor).within(self.bounds.clone())
    }

    /// An entry about reading: the permission is the action.
    pub(super) fn disclosure(&self, outcome: Outcome, patients: Vec<PatientId>) -> Pending {
        Pending { entry: self.entry(self.line.id.to_owned(), outcome), patients }
    }

    fn entry(&self, action: String, outcome: Outcome) -> AuditEntry {
        AuditEntry {
            origin: self.instance.clone(),
            request: self.origin.request,
            actor: actor_of(&self.principal, &self.origin),
            clinic: self.trail(),
            patient: None,
            action,
            permission: None,
            outcome,
            object: None,
            record_sha256: None,
            record_v: None,
            fact_sha256: None,
            detail_sha256: None,
            reason: None,
            purpose: self.case().map(|case| format!("audit_case/{case}")),
            cause: None,
        }
    }

    fn changes(&self, events: Vec<Event>) -> Vec<Pending> {
        let mut entries: Vec<Pending> = events.into_iter().map(|event| self.change(event)).collect();
        if let Some(first) = entries.first_mut() {
            first.entry.permission = Some(self.line.id);
        }
        entries
    }

    fn change(&self, event: Event) -> Pending {
        let subject = event.subject;
        let mut entry = self.entry(event.kind.as_str().to_owned(), Outcome::Success);
        entry.object = Some((subject.kind, subject.id, subject.version));
        entry.record_v = event.record.as_ref().map(Record::v);
        entry.record_sha256 = event.record.map(|record| record.sha256());
        entry.fact_sha256 = event.fact.map(|fact| fact.sha256());
        entry.reason = event.reason;
        Pending { entry, patients: event.patient.into_iter().collect() }
    }
}

fn actor_of(principal: &Principal, origin: &Origin) -> AuditActor {
    let client_ip = origin.client_ip.clone();
    match principal {
        Principal::Staff(actor) => AuditActor {
            id: Some(Actor::staff(actor).uuid()),
            role: actor.roles().to_string(),
            session: Some(actor.login_session().uuid()),
            client_ip,
            via: None,
        },
        Principal::Stranger => AuditActor { role: "stranger".into(), client_ip, ..AuditActor::default() },
        Principal::Job(job) => AuditActor { role: "job".into(), via: Some((*job).to_owned()), ..AuditActor::default() },
        Principal::Host(user) => AuditActor { role: "host".into(), via: Some(user.clone()), ..AuditActor::default() },
    }
}

/// Runs a unit on a connection that is in a transaction, or in a savepoint of its own.
pub(super) fn run(
    connection: &mut AnyConnection,
    mut ground: Ground,
    once: &Once,
    proof: Option<&Proof>,
    work: Work,
) -> Attempt {
    let mut seen = Vec::new();
    let result = steps(connection, &mut ground, once, proof, |change| {
        let (result, patients) = work(change);
        seen = patients;
        result
    });
    let told = matches!(&result, Err(StoreError::Refused(_) | StoreError::Stale { .. } | StoreError::Duplicate(_)));
    let disclosure = (told && !seen.is_empty()).then(|| ground.disclosure(Outcome::Failed, seen));
    Attempt { result, disclosure, seen: ground.seen }
}

fn steps(
    connection: &mut AnyConnection,
    ground: &mut Ground,
    once: &Once,
    proof: Option<&Proof>,
    work: impl FnOnce(Change<'_>) -> Result<Recorded>,
) -> Result<Written> {
    ground.admit(connection)?;
    let place = idempotency::Place::of(ground, once);
    if let Some(place) = &place
        && let Some(reply) = idempotency::reserve(connection, place, &ground.clock)?
    {
        let entry = ground.disclosure(Outcome::Success, Vec::new());
        trail::append(connection, ground.clinic(), vec![entry], Bond::OneAct, ground.clock.now())?;
        return Ok(Written { reply, replayed: true });
    }
    let signature = match (&ground.principal, proof) {
        (Principal::Staff(actor), Some(proof)) => {
            Some(signing::spend_own(connection, actor, proof, ground.line.id, ground.clock.now())?)
        }
        _ => None,
    };
    let gather = ground.gather(connection);
    let Recorded { events, reply } = work(Change::new(gather, ground.clock.clone(), ground.line.id, signature))?;
    if watch::swallowed_an_error() {
        return Err(StoreError::Broken("an SQL error was caught without a savepoint around it".into()));
    }
    if let Some(place) = &place {
        idempotency::keep(connection, place, &reply)?;
    }
    let entries = ground.changes(events);
    if entries.is_empty() {
        // A unit without an event still has to meet the database once more before COMMIT (engineering.md 2).
        diesel::RunQueryDsl::execute(diesel::sql_query("SELECT 1"), connection)?;
    } else {
        trail::append(connection, ground.clinic(), entries, Bond::OneAct, ground.clock.now())?;
    }
    Ok(Written { reply, replayed: false })
}
