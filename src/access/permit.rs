//! The proof that somebody may do something, held by value for one request.

use super::permission::Permission;
use super::role::Roles;
use super::token::Claims;
use crate::domain::id::{AccountId, AuditCaseId, ClinicId, LoginSessionId, RequestId, StaffId};
use crate::domain::route::Person;
use std::marker::PhantomData;

/// A membership as the database knows it at this moment. Made by `store` from its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The membership's own id.
    pub staff: StaffId,
    /// The human.
    pub account: AccountId,
    /// Where.
    pub clinic: ClinicId,
    /// What they are.
    pub roles: Roles,
    /// The name as it is printed beside a signature.
    pub display_name: String,
    /// Whether this sign-in opens nothing but the way to a second factor, which the roles ask for.
    pub only_enrols: bool,
}

/// A signed-in member of staff: a verified token and the membership it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    membership: Membership,
    login_session: LoginSessionId,
    case: Option<AuditCaseId>,
}

impl Actor {
    /// Joins what the token says with what the database says; none when they do not speak of the same sign-in.
    pub fn of(claims: &Claims, membership: Membership) -> Option<Self> {
        let same = claims.account() == membership.account && claims.clinic() == membership.clinic;
        same.then(|| Self { membership, login_session: claims.login_session(), case: None })
    }

    /// The membership that acts.
    pub const fn staff(&self) -> StaffId {
        self.membership.staff
    }

    /// The human who acts.
    pub const fn account(&self) -> AccountId {
        self.membership.account
    }

    /// The clinic they act in.
    pub const fn clinic(&self) -> ClinicId {
        self.membership.clinic
    }

    /// The sign-in they act through.
    pub const fn login_session(&self) -> LoginSessionId {
        self.login_session
    }

    /// What they are.
    pub const fn roles(&self) -> &Roles {
        &self.membership.roles
    }

    /// The name as printed beside a signature.
    pub fn display_name(&self) -> &str {
        &self.membership.display_name
    }

    /// Whether they still have to set up a second factor.
    pub const fn only_enrols(&self) -> bool {
        self.membership.only_enrols
    }

    /// As the domain knows a person.
    pub const fn person(&self) -> Person {
        Person { staff: self.membership.staff, account: self.membership.account }
    }

    /// The same sign-in with a membership read anew.
    #[must_use]
    pub fn refreshed(&self, membership: Membership) -> Self {
        Self { membership, ..self.clone() }
    }

    /// The same person, reading inside this audit case. Whether it is open, and for whom, is the store's to say.
    #[must_use]
    pub fn within(&self, case: AuditCaseId) -> Self {
        Self { case: Some(case), ..self.clone() }
    }

    /// The audit case they read inside of, if they do.
    pub const fn case(&self) -> Option<AuditCaseId> {
        self.case
    }

    /// Whether they may see clinical values and not only cards: a clinician, or an auditor inside a case.
    pub fn reads_charts(&self) -> bool {
        self.roles().clinical() || self.case.is_some()
    }
}

/// Everybody who can ask for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A signed-in member of staff.
    Staff(Actor),
    /// Somebody who has not signed in yet.
    Stranger,
    /// A watcher of the server.
    Job(&'static str),
    /// The operator at the command line.
    Host(String),
}

/// Whose data a permit opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One clinic's.
    Clinic(ClinicId),
    /// The installation's own: accounts and sign-ins, never a patient.
    Installation,
}

/// The request a permit was granted for, as the trail names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Made by the server.
    pub request: RequestId,
    /// The socket's peer.
    pub client_ip: Option<String>,
}

/// A permission is not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Which.
    pub permission: &'static str,
    /// Whether it is held by the roles, and only the second factor is missing.
    pub for_lack_of_factor: bool,
}

/// Proof that this request's principal holds `P`.
///
/// It cannot be built outside this module, so a handler that has one was checked:
///
/// ```compile_fail
/// use chairside::access::{permission::ReadPatient, permit::{Origin, Permit, Principal, Scope}};
/// fn forge(origin: Origin) -> Permit<ReadPatient> {
///     Permit { principal: Principal::Stranger, scope: Scope::Installation, origin, _permission: std::marker::PhantomData }
/// }
/// ```
///
/// ```
/// use chairside::access::{permission::ReadPatient, permit::{Actor, Denied, Origin, Permit}};
/// fn ask(actor: &Actor, origin: Origin) -> Result<Permit<ReadPatient>, Denied> {
///     Permit::grant(actor, origin)
/// }
/// ```
pub struct Permit<P: Permission> {
    principal: Principal,
    scope: Scope,
    origin: Origin,
    _permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Permit<P> {
    /// Grants `P` to a member of staff whose roles are listed for it, or who is an auditor inside a case.
    ///
    /// # Errors
    /// [`Denied`] when none of them is.
    pub fn grant(actor: &Actor, origin: Origin) -> Result<Self, Denied> {
        let roles = actor.roles();
        let allowed = if actor.case().is_some() { P::allows_in_case(roles) } else { P::allows(roles) };
        if allowed && actor.only_enrols() && !P::BEFORE_FACTOR {
            return Err(Denied { permission: P::ID, for_lack_of_factor: true });
        }
        Self::when(allowed, Principal::Staff(actor.clone()), Scope::Clinic(actor.clinic()), origin)
    }

    /// Grants `P` to somebody who has not signed in: for the installation, or for the clinic they are signing in to.
    ///
    /// # Errors
    /// [`Denied`] unless the table lists strangers for it.
    pub fn stranger(scope: Scope, origin: Origin) -> Result<Self, Denied> {
        Self::when(P::FOR_STRANGERS, Principal::Stranger, scope, origin)
    }

    /// Grants `P` to a watcher of the server, in one clinic.
    ///
    /// # Errors
    /// [`Denied`] unless the table lists jobs for it.
    pub fn job(job: &'static str, clinic: ClinicId, origin: Origin) -> Result<Self, Denied> {
        Self::when(P::FOR_JOBS, Principal::Job(job), Scope::Clinic(clinic), origin)
    }

    /// Grants `P` to the operator at the command line.
    ///
    /// # Errors
    /// [`Denied`] unless the table lists the host for it.
    pub fn host(user: String, scope: Scope, origin: Origin) -> Result<Self, Denied> {
        Self::when(P::FOR_HOST, Principal::Host(user), scope, origin)
    }

    fn when(allowed: bool, principal: Principal, scope: Scope, origin: Origin) -> Result<Self, Denied> {
        if allowed {
            Ok(Self { principal, scope, origin, _permission: PhantomData })
        } else {
            Err(Denied { permission: P::ID, for_lack_of_factor: false })
        }
    }

    /// The member of staff who holds it, if one does.
    pub const fn actor(&self) -> Option<&Actor> {
        match &self.principal {
            Principal::Staff(actor) => Some(actor),
            _ => None,
        }
    }

    /// Who holds it.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whose data it opens.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The request it was granted for.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Takes it apart for the store, which checks the membership again in its transaction.
    pub fn into_parts(self) -> (Principal, Scope, Origin) {
        (self.principal, self.scope, self.origin)
    }
}
