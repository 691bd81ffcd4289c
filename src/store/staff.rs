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
    /// When it began.
    pub(super) began_at: Timestamp,
    /// Whether its last use was noted so long ago that this one is worth noting.
    pub(super) unnoted: bool,
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
            login_sessions::created_at,
            login_sessions::only_enrols,
        ))
        .first::<(StaffId, i64, Timestamp, Timestamp, bool)>(connection)
        .optional()?;
    let Some((staff, cred_version, last_seen, began_at, only_enrols)) = found else { return Ok(None) };
    let signer = signer(connection, clinic, staff)?.filter(|signer| signer.cred_version == cred_version);
    let Some(Signer { membership, .. }) = signer else { return Ok(None) };
    let membership = Membership { only_enrols, ..membership };
    if login_session::is_idle(&membership.roles, last_seen, now, late) {
        return Err(StoreError::SessionIdle);
    }
    let awake = !login_session::is_idle(&membership.roles, last_seen, now, false);
    let unnoted = awake && now >= last_seen.plus_seconds(login_session::NOTED_EVERY_SECONDS);
    Ok(Some(Standing { membership, began_at, unnoted }))
}

/// A membership in force, with the version of its credential.
pub(super) fn signer(connection: &mut AnyConnection, clinic: ClinicId, id: StaffId) -> Result<Option<Signer>> {
    let found = staff::table
        .inner_join(accounts::table.on(accounts::id.eq(staff::account_id)))
        .filter(staff::clinic_id.eq(clinic))
        .filter(staff::id.eq(id))
        .filter(staff::retired_at.is_null())
        .filter(accounts::disabled_at.is_null())
        .select((staff::account_id, staff::display_name, accounts::cred_version))
        .first::<(AccountId, String, i64)>(connection)
        .optional()?;
    let Some((account, display_name, cred_version)) = found else { return Ok(None) };
    let roles = roles_of(connection, clinic, id)?;
    let membership = Membership { staff: id, account, clinic, roles, display_name, only_enrols: false };
    Ok(Some(Signer { membership, cred_version }))
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = staff)]
struct MemberRow {
    id: StaffId,
    version: i64,
    account_id: AccountId,
    display_name: String,
    created_at: Timestamp,
    retired_at: Option<Timestamp>,
}

impl MemberRow {
    fn record(&self) -> Record {
        Record::new("staff", 3)
            .with("id", self.id)
            .with("version", self.version)
            .with("account_id", self.account_id)
            .with("display_name", &self.display_name)
            .with("created_at", self.created_at)
            .with("retired_at", self.retired_at)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = staff_roles)]
struct RoleRow {
    id: super::column::AnyId,
    version: i64,
    staff_id: StaffId,
    role: Role,
    granted_at: Timestamp,
    retired_at: Option<Timestamp>,
}

impl RoleRow {
    fn record(&self) -> Record {
        Record::group()
            .with("id", self.id.0)
            .with("version", self.version)
            .with("role", self.role.as_str())
            .with("granted_at", self.granted_at)
            .with("retired_at", self.retired_at)
    }
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

    /// The clinic's name and time zone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is gone.
    pub fn clinic_settings(&mut self) -> Result<(String, String)> {
        Ok(clinics::table.find(self.clinic()).select((clinics::name, clinics::zone)).first(self.connection)?)
    }
}

impl Gather<'_> {
    /// The canonical record of a clinic, version 2.
    pub(super) fn clinic_record(&mut self, id: ClinicId) -> Result<Record> {
        let row = clinics::table.find(id).select((clinics::version, clinics::name, clinics::zone, clinics::created_at));
        let (version, name, zone, created_at) = row.first::<(i64, String, String, Timestamp)>(self.connection)?;
        let record = Record::new("clinic", 2).with("id", id).with("version", version).with("name", name);
        Ok(record.with("zone", zone).with("created_at", created_at))
    }

    /// The canonical records of these members, version 3, with every role they hold or held.
    pub(super) fn staff_records(&mut self, clinic: ClinicId, ids: &[StaffId]) -> Result<Vec<(StaffId, i64, Record)>> {
        let granted: Vec<RoleRow> = staff_roles::table
            .filter(staff_roles::clinic_id.eq(clinic))
            .filter(staff_roles::staff_id.eq_any(ids.to_vec()))
            .order(staff_roles::id)
            .select(RoleRow::as_select())
            .load(self.connection)?;
        let rows: Vec<MemberRow> = staff::table
            .filter(staff::clinic_id.eq(clinic))
            .filter(staff::id.eq_any(ids.to_vec()))
            .select(MemberRow::as_select())
            .load(self.connection)?;
        let record = |row: MemberRow| {
            let roles: Vec<Record> =
                granted.iter().filter(|role| role.staff_id == row.id).map(RoleRow::record).collect();
            (row.id, row.version, row.record().with("roles", roles))
        };
        Ok(rows.into_iter().map(record).collect())
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
        let record = self.clinic_record(id)?;
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
        let added = self.member_event(EventKind::StaffAdded, clinic, id)?;
        wall::turn_to(self.connection, here)?;
        Ok((id, added))
    }

    /// Keeps a member's name and whether they still work here; `version` is the one that was read. Roles are set
    /// before, so that the trail's word about the member has them.
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
        self.member_event(EventKind::StaffChanged, self.clinic(), member.id)
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

    /// The trail's word about a member after a change, read back from what was kept.
    fn member_event(&mut self, kind: EventKind, clinic: ClinicId, id: StaffId) -> Result<Event> {
        let record = self.staff_records(clinic, &[id])?.pop();
        let (id, version, record) = record.ok_or(StoreError::NotFound)?;
        Ok(Event::of_clinic(kind, Subject::new("staff", id, version), record))
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
