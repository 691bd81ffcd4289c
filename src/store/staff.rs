//! Clinics, accounts and memberships: who works here, and who they are at this moment.

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::{accounts, clinics, login_sessions, staff, staff_roles};
use super::trail;
use super::transaction::{Change, Gather};
use super::wall;
use crate::access::login_session;
use crate::access::permit::Membership;
use crate::access::role::{Role, Roles};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, ClinicId, LoginSessionId, StaffId};
use crate::domain::record::Record;
use crate::domain::refusal::Refusal;
use crate::domain::route::Person;
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use uuid::Uuid;

/// A clinic that is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClinic {
    /// Its name.
    pub name: String,
    /// Its IANA time zone, checked.
    pub zone: String,
}

/// A person who is given access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStaff {
    /// The name they sign in with; unique everywhere.
    pub login: String,
    /// PHC string.
    pub password_hash: String,
    /// The name as printed beside a signature.
    pub display_name: String,
    /// What they are.
    pub roles: Roles,
}

/// A member of staff as the directory shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// The membership.
    pub id: StaffId,
    /// Moves with each change.
    pub version: i64,
    /// The name as printed beside a signature.
    pub display_name: String,
    /// What they are.
    pub roles: Roles,
    /// When the membership ended.
    pub retired_at: Option<Timestamp>,
}

/// A membership with the version of the credential behind it.
pub(super) struct Signer {
    pub(super) membership: Membership,
    pub(super) cred_version: i64,
}

/// A sign-in in force.
pub(super) struct Standing {
    pub(super) membership: Membership,
    /// Whether its last use was noted so long ago that this one is worth noting.
    pub(super) unnoted: bool,
    /// Whether it has ended, and counts only for what happened at the chair.
    pub(super) late: bool,
}

/// The membership behind a sign-in, as it is now; none when the sign-in, the account or the membership ended.
///
/// `late` counts ten minutes past the sign-in's end: what stops a drug is never refused for that.
///
/// # Errors
/// [`StoreError::SessionIdle`] when the sign-in was left alone too long.
pub(super) fn standing(
    connection: &mut AnyConnection,
    clinic: ClinicId,
    login_session: LoginSessionId,
    now: Timestamp,
    late: bool,
) -> Result<Option<Standing>> {
    let ends_after = if late { now.plus_minutes(-login_session::LATE_MINUTES) } else { now };
    let found = login_sessions::table
        .find((clinic, login_session))
        .filter(login_sessions::revoked_at.is_null())
        .filter(login_sessions::expires_at.gt(ends_after))
        .select((
            login_sessions::staff_id,
            login_sessions::cred_version,
            login_sessions::last_seen_at,
            login_sessions::expires_at,
        ))
        .first::<(StaffId, i64, Timestamp, Timestamp)>(connection)
        .optional()?;
    let Some((staff, cred_version, last_seen, ends_at)) = found else { return Ok(None) };
    let signer = signer(connection, clinic, staff)?.filter(|signer| signer.cred_version == cred_version);
    let Some(Signer { membership, .. }) = signer else { return Ok(None) };
    if login_session::is_idle(&membership.roles, last_seen, now, late) {
        return Err(StoreError::SessionIdle);
    }
    let awake = !login_session::is_idle(&membership.roles, last_seen, now, false);
    let unnoted = awake && now >= last_seen.plus_seconds(login_session::NOTED_EVERY_SECONDS);
    Ok(Some(Standing { membership, unnoted, late: !awake || now >= ends_at }))
}

/// A membership in force, with the version of its credential.
pub(super) fn signer(connection: &mut AnyConnection, clinic: ClinicId, id: StaffId) -> Result<Option<Signer>> {
    let found = staff::table
        .inner_join(accounts::table.on(accounts::id.eq(staff::account_id)))
        .filter(staff::clinic_id.eq(clinic))
        .filter(staff::id.eq(id))
        .filter(staff::retired_at.is_null())
        .filter(accounts::disabled_at.is_null())
        .select((staff::account_id, accounts::person_id, staff::display_name, accounts::cred_version))
        .first::<(AccountId, Option<AccountId>, String, i64)>(connection)
        .optional()?;
    let Some((account, person, display_name, cred_version)) = found else { return Ok(None) };
    let (roles, human) = (roles_of(connection, clinic, id)?, person.unwrap_or(account));
    Ok(Some(Signer { membership: Membership { staff: id, account, human, clinic, roles, display_name }, cred_version }))
}

fn roles_of(connection: &mut AnyConnection, clinic: ClinicId, id: StaffId) -> Result<Roles> {
    let roles = staff_roles::table
        .filter(staff_roles::clinic_id.eq(clinic))
        .filter(staff_roles::staff_id.eq(id))
        .filter(staff_roles::retired_at.is_null())
        .select(staff_roles::role)
        .load::<Role>(connection)?;
    Ok(Roles::of(roles))
}

impl Gather<'_> {
    /// Everybody who works here, by name.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn staff_members(&mut self) -> Result<Vec<StaffMember>> {
        let clinic = self.clinic();
        let rows = staff::table
            .filter(staff::clinic_id.eq(clinic))
            .order((staff::display_name, staff::id))
            .select((staff::id, staff::version, staff::display_name, staff::retired_at))
            .load::<(StaffId, i64, String, Option<Timestamp>)>(self.connection)?;
        let held = staff_roles::table
            .filter(staff_roles::clinic_id.eq(clinic))
            .filter(staff_roles::retired_at.is_null())
            .select((staff_roles::staff_id, staff_roles::role))
            .load::<(StaffId, Role)>(self.connection)?;
        let roles = |id: StaffId| Roles::of(held.iter().filter(|(staff, _)| *staff == id).map(|(_, role)| *role));
        let member = |(id, version, display_name, retired_at)| StaffMember {
            id,
            version,
            display_name,
            roles: roles(id),
            retired_at,
        };
        Ok(rows.into_iter().map(member).collect())
    }

    /// A member of this clinic, in force.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn member(&mut self, id: StaffId) -> Result<Membership> {
        let signer = signer(self.connection, self.clinic(), id)?;
        signer.map(|signer| signer.membership).ok_or(StoreError::NotFound)
    }

    /// Whether a member, whether or not they still work here, is this very human under whatever sign-in.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn is_same_human(&mut self, member: StaffId, person: Person) -> Result<bool> {
        Ok(self.first_account(member)? == Some(person.account))
    }

    /// The account a member's human signed in with first.
    fn first_account(&mut self, member: StaffId) -> Result<Option<AccountId>> {
        let found = staff::table
            .inner_join(accounts::table.on(accounts::id.eq(staff::account_id)))
            .filter(staff::clinic_id.eq(self.clinic()))
            .filter(staff::id.eq(member))
            .select((staff::account_id, accounts::person_id))
            .first::<(AccountId, Option<AccountId>)>(self.connection)
            .optional()?;
        Ok(found.map(|(account, first)| first.unwrap_or(account)))
    }

    /// The clinic's name and time zone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is gone.
    pub fn clinic_settings(&mut self) -> Result<(String, String)> {
        Ok(clinics::table.find(self.clinic()).select((clinics::name, clinics::zone)).first(self.connection)?)
    }
}

impl Change<'_> {
    /// Sets up a clinic with its default policy and protocols, and begins its trail. The caller adds the first
    /// administrator.
    ///
    /// # Errors
    /// When the database says no.
    pub fn create_clinic(&mut self, new: &NewClinic) -> Result<(ClinicId, Vec<Event>)> {
        let (id, now, here) = (self.new_id::<ClinicId>(), self.now(), self.clinic());
        wall::turn_to(self.connection, id)?;
        diesel::insert_into(clinics::table)
            .values((
                clinics::id.eq(id),
                clinics::version.eq(1_i64),
                clinics::name.eq(&new.name),
                clinics::zone.eq(&new.zone),
                clinics::created_at.eq(now),
            ))
            .execute(self.connection)?;
        trail::begin(self.connection, id, now)?;
        let record = Record::new("clinic", 1).with("id", id).with("name", &new.name).with("zone", &new.zone);
        let mut events = vec![Event::of_clinic(EventKind::ClinicCreated, Subject::new("clinic", id, 1), record)];
        events.extend(self.seed_policy_and_protocols(id)?);
        wall::turn_to(self.connection, here)?;
        Ok((id, events))
    }

    /// Gives a person access to a clinic, with an account of their own.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the login is taken.
    pub fn add_staff(&mut self, clinic: ClinicId, new: &NewStaff) -> Result<(StaffId, Event)> {
        let (account, id, now) = (self.new_id::<AccountId>(), self.new_id::<StaffId>(), self.now());
        diesel::insert_into(accounts::table)
            .values((
                accounts::id.eq(account),
                accounts::version.eq(1_i64),
                accounts::login.eq(&new.login),
                accounts::password_hash.eq(&new.password_hash),
                accounts::cred_version.eq(1_i64),
                accounts::created_at.eq(now),
            ))
            .execute(self.connection)?;
        let here = self.clinic();
        wall::turn_to(self.connection, clinic)?;
        diesel::insert_into(staff::table)
            .values((
                staff::clinic_id.eq(clinic),
                staff::id.eq(id),
                staff::version.eq(1_i64),
                staff::account_id.eq(account),
                staff::display_name.eq(&new.display_name),
                staff::created_at.eq(now),
            ))
            .execute(self.connection)?;
        for role in new.roles.iter() {
            self.grant_role(clinic, id, role)?;
        }
        wall::turn_to(self.connection, here)?;
        let record = Record::new("staff", 1)
            .with("id", id)
            .with("account_id", account)
            .with("login", &new.login)
            .with("display_name", &new.display_name)
            .with("roles", new.roles.to_string());
        Ok((id, Event::of_clinic(EventKind::StaffAdded, Subject::new("staff", id, 1), record)))
    }

    /// Says that a new member is a person who works here already: where two people are asked for, they are one.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when nobody here has that id.
    pub fn same_person(&mut self, new: StaffId, known: StaffId) -> Result<Event> {
        let [new_account, known_account] = [new, known].map(|member| self.first_account(member));
        let unknown = || Refusal::invalid("/same_person_as", "unknown", "must be a member of this clinic");
        let (new_account, first) = (new_account?.ok_or_else(unknown)?, known_account?.ok_or_else(unknown)?);
        diesel::update(accounts::table.find(new_account))
            .set((accounts::person_id.eq(Some(first)), accounts::version.eq(accounts::version + 1)))
            .execute(self.connection)?;
        let record = Record::new("same_person", 1).with("account_id", new_account).with("person_id", first);
        Ok(Event::of_clinic(EventKind::SamePerson, Subject::new("staff", new, 1), record))
    }

    /// Keeps a member's name and whether they still work here; `version` is the one that was read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::Stale`].
    pub fn change_member(&mut self, version: i64, member: &StaffMember) -> Result<Event> {
        let row = staff::table.find((self.clinic(), member.id));
        let changed = diesel::update(row.filter(staff::version.eq(version)))
            .set((
                staff::version.eq(member.version),
                staff::display_name.eq(&member.display_name),
                staff::retired_at.eq(member.retired_at),
            ))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(staff::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(member_event(member))
    }

    /// Takes away the roles a member no longer holds and grants the new ones.
    ///
    /// # Errors
    /// When the database says no.
    pub fn set_roles(&mut self, id: StaffId, before: &Roles, after: &Roles) -> Result<()> {
        let (clinic, now) = (self.clinic(), self.now());
        for gone in before.iter().filter(|role| !after.hold(*role)) {
            let held = staff_roles::table
                .filter(staff_roles::clinic_id.eq(clinic))
                .filter(staff_roles::staff_id.eq(id))
                .filter(staff_roles::role.eq(gone))
                .filter(staff_roles::retired_at.is_null());
            diesel::update(held)
                .set((staff_roles::retired_at.eq(Some(now)), staff_roles::version.eq(2_i64)))
                .execute(self.connection)?;
        }
        for new in after.iter().filter(|role| !before.hold(*role)) {
            self.grant_role(clinic, id, new)?;
        }
        Ok(())
    }

    fn grant_role(&mut self, clinic: ClinicId, staff: StaffId, role: Role) -> Result<()> {
        let row = super::column::AnyId(self.new_id::<Uuid>());
        diesel::insert_into(staff_roles::table)
            .values((
                staff_roles::clinic_id.eq(clinic),
                staff_roles::id.eq(row),
                staff_roles::version.eq(1_i64),
                staff_roles::staff_id.eq(staff),
                staff_roles::role.eq(role),
                staff_roles::granted_at.eq(self.now()),
            ))
            .execute(self.connection)?;
        Ok(())
    }
}

/// The trail's word about a member after a change.
fn member_event(member: &StaffMember) -> Event {
    let record = Record::new("staff", 2)
        .with("id", member.id)
        .with("version", member.version)
        .with("display_name", &member.display_name)
        .with("roles", member.roles.to_string())
        .with("retired_at", member.retired_at);
    Event::of_clinic(EventKind::StaffChanged, Subject::new("staff", member.id, member.version), record)
}
