//! Who works here, who is added, what they may do, and who am I.

use super::extract::{Act, Id, expect_version};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::login_session::SignInEnd;
use crate::access::password;
use crate::access::permission::{self, ChangeStaff, InviteStaff, ReadClinic, ReadSelf, ReadStaff};
use crate::access::permit::Permit;
use crate::access::role::{Role, Roles};
use crate::access::secret::Purpose;
use crate::clock;
use crate::domain::event::Event;
use crate::domain::id::{AccountId, ClinicId, LoginSessionId, StaffId};
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::text::checked;
use crate::store::{LINK_MINUTES, NewStaff, Once, StaffMember, Store, StoreError, Writer, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The signed-in person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    staff_id: StaffId,
    account_id: AccountId,
    clinic_id: ClinicId,
    login_session_id: LoginSessionId,
    #[schema(example = "Lee, RN")]
    display_name: String,
    roles: Vec<Role>,
    /// Every permission these roles hold, as in `x-permission`.
    permissions: Vec<&'static str>,
}

/// A member of staff.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffMember)]
pub struct StaffView {
    id: StaffId,
    version: i64,
    #[schema(example = "Lee, RN")]
    display_name: String,
    roles: Vec<Role>,
    active: bool,
}

/// Everybody who works here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffList)]
pub struct StaffListView {
    items: Vec<StaffView>,
}

/// A person who is given access.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStaff, example = json!({"login": "nurse.lee", "display_name": "Lee, RN", "roles": ["nurse"]}))]
pub struct InviteBody {
    /// The name to sign in with; unique on this server.
    #[schema(min_length = 3, max_length = 100)]
    login: String,
    /// The name as printed beside a signature.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// What they are.
    #[schema(min_items = 1, max_items = 5)]
    roles: Vec<Role>,
}

/// A new member and the link they choose their password with. It is shown here and nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitedStaff)]
pub struct InvitedView {
    id: StaffId,
    #[schema(example = "nurse.lee")]
    login: String,
    /// For the new member alone: `/auth/link` takes it with the password they choose, once.
    link_token: String,
    /// How long it is good for.
    #[schema(example = 1800)]
    expires_in_s: i64,
}

/// What somebody is from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffRoles, example = json!({"roles": ["nurse", "front_desk"]}))]
pub struct RolesBody {
    /// All of them.
    #[schema(min_items = 1, max_items = 5)]
    roles: Vec<Role>,
}

/// A change of name or state; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffPatch, example = json!({"active": false}))]
pub struct MemberBody {
    /// The name as printed beside a signature.
    #[schema(min_length = 1, max_length = 200)]
    display_name: Option<String>,
    /// Whether they work here; `false` ends every sign-in with its next request.
    active: Option<bool>,
}

/// The clinic's settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clinic)]
pub struct ClinicView {
    id: ClinicId,
    #[schema(example = "Harbour Headache Clinic")]
    name: String,
    /// IANA time zone; days are cut here.
    #[schema(example = "America/New_York")]
    zone: String,
}

impl StaffView {
    fn of(member: &StaffMember) -> Self {
        Self {
            id: member.id,
            version: member.version,
            display_name: member.display_name.clone(),
            roles: member.roles.iter().collect(),
            active: member.retired_at.is_none(),
        }
    }
}

/// Who am I, and what may I do.
#[utoipa::path(get, path = "/api/v1/me", tag = "staff", operation_id = "me_read", summary = "Who am I",
    responses((status = 200, description = "The signed-in person", body = MeView)))]
pub async fn me(permit: Permit<ReadSelf>, store: Data<Store>) -> Answer {
    let actor = store.read(permit, |tx| tx.actor().cloned().ok_or(StoreError::Unauthenticated)).await?;
    let held = permission::TABLE.iter().filter(|line| actor.roles().hold_any(line.roles));
    reply::listed(&MeView {
        staff_id: actor.staff(),
        account_id: actor.account(),
        clinic_id: actor.clinic(),
        login_session_id: actor.login_session(),
        display_name: actor.display_name().to_owned(),
        roles: actor.roles().iter().collect(),
        permissions: held.map(|line| line.id).collect(),
    })
}

/// Who works here: to pick a nurse, a prescriber or a witness.
#[utoipa::path(get, path = "/api/v1/staff", tag = "staff", operation_id = "staff_list", summary = "Who works here",
    responses((status = 200, description = "Everybody, by name", body = StaffListView)))]
pub async fn list(permit: Permit<ReadStaff>, store: Data<Store>) -> Answer {
    let members = store.read(permit, |tx| tx.staff_members()).await?;
    reply::listed(&StaffListView { items: members.iter().map(StaffView::of).collect() })
}

/// The clinic's name and time zone.
#[utoipa::path(get, path = "/api/v1/clinic", tag = "staff", operation_id = "clinic_read", summary = "Read the clinic's settings",
    responses((status = 200, description = "The clinic", body = ClinicView)))]
pub async fn clinic(permit: Permit<ReadClinic>, store: Data<Store>) -> Answer {
    let (id, (name, zone)) = store.read(permit, |tx| Ok((tx.clinic(), tx.clinic_settings()?))).await?;
    reply::listed(&ClinicView { id, name, zone })
}

/// Gives a person access. They choose their password themselves, with the link in the answer. It is shown once, and is
/// kept nowhere: one that got lost is replaced with `/staff/{id}/password-reset`.
#[utoipa::path(post, path = "/api/v1/staff", tag = "staff", operation_id = "staff_invite", summary = "Add a member of staff",
    request_body = InviteBody, responses((status = 201, description = "Added", body = InvitedView)))]
pub async fn invite(act: Act<InviteStaff, InviteBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, body, .. } = act;
    let mut errors = FieldErrors::none();
    let login = errors.take(checked("/login", &body.login, 3, 100));
    let display_name = errors.take(checked("/display_name", &body.display_name, 1, 200));
    let roles = errors.take(Roles::for_one_person(&body.roles));
    errors.finish()?;
    // The answer holds a secret, so it is not kept with the key.
    let written = store.write(permit, Once::default(), move |tx| {
        let (login, display_name) = (login.unwrap_or_default(), display_name.unwrap_or_default());
        let password_hash = password::UNSET.to_owned();
        let new = NewStaff { login: login.clone(), password_hash, display_name, roles: roles.unwrap_or_default() };
        let clinic = tx.clinic();
        let (id, event) = tx.add_staff(clinic, &new)?;
        let link_token = Purpose::Link.token(clinic, clock::random());
        let linked = tx.keep_link(&link_token, id)?;
        let view = InvitedView { id, login, link_token, expires_in_s: LINK_MINUTES.saturating_mul(60) };
        let reply = reply::created(format!("/api/v1/staff/{id}"), 1, &view)?;
        Ok(tx.record(vec![event, linked], reply))
    });
    Ok(written.await?)
}

/// Says what a member is. Nobody changes their own roles, and the clinic keeps an administrator.
#[utoipa::path(put, path = "/api/v1/staff/{id}/roles", tag = "staff", operation_id = "staff_set_roles", summary = "Set a member's roles",
    params(("id" = StaffId, Path, description = "The member")), request_body = RolesBody,
    responses((status = 200, description = "The member as they are now", body = StaffView)))]
pub async fn set_roles(act: Act<ChangeStaff, RolesBody>, Id(id): Id<StaffId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let roles = Roles::for_one_person(&body.roles).map_err(Refusal::from)?;
    let written = store.write(permit, once, move |tx| {
        let before = member_to_change(tx, id, version)?;
        tx.set_roles(id, &before.roles, &roles)?;
        let ended = if before.roles == roles { Vec::new() } else { ended(tx, id)? };
        let after = StaffMember { version: before.version.saturating_add(1), roles, ..before.clone() };
        keep(tx, &before, &after, ended)
    });
    Ok(written.await?)
}

/// Changes a member's name, or ends their membership.
#[utoipa::path(patch, path = "/api/v1/staff/{id}", tag = "staff", operation_id = "staff_change", summary = "Change a member",
    params(("id" = StaffId, Path, description = "The member")), request_body = MemberBody,
    responses((status = 200, description = "The member as they are now", body = StaffView)))]
pub async fn change(act: Act<ChangeStaff, MemberBody>, Id(id): Id<StaffId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let name =
        body.display_name.map(|name| checked("/display_name", &name, 1, 200)).transpose().map_err(Refusal::from)?;
    let written = store.write(permit, once, move |tx| {
        let before = member_to_change(tx, id, version)?;
        let retired_at = match body.active {
            Some(true) => None,
            Some(false) => before.retired_at.or(Some(tx.now())),
            None => before.retired_at,
        };
        let display_name = name.unwrap_or_else(|| before.display_name.clone());
        let version = before.version.saturating_add(1);
        let after = StaffMember { version, display_name, retired_at, ..before.clone() };
        let ended = if retired_at.is_some() { ended(tx, id)? } else { Vec::new() };
        keep(tx, &before, &after, ended)
    });
    Ok(written.await?)
}

/// Who has another role or none signs in anew: no screen keeps what the old role could see.
fn ended(tx: &mut Writer<'_, ChangeStaff>, id: StaffId) -> Result<Vec<Event>, StoreError> {
    tx.end_login_sessions_of(id, SignInEnd::MembershipChanged)
}

/// Locks the clinic, so that of two changes to its last administrators one sees the other.
fn member_to_change(
    tx: &mut Writer<'_, ChangeStaff>,
    id: StaffId,
    version: Option<i64>,
) -> Result<StaffMember, StoreError> {
    tx.lock_clinic()?;
    if tx.person()?.staff == id {
        return Err(Refusal::clash(Clash::SamePerson, "another administrator has to change your own membership").into());
    }
    let member = tx.staff_members()?.into_iter().find(|member| member.id == id).ok_or(StoreError::NotFound)?;
    expect_version(version, member.version)?;
    Ok(member)
}

fn keep(
    tx: &mut Writer<'_, ChangeStaff>,
    before: &StaffMember,
    after: &StaffMember,
    ended: Vec<Event>,
) -> Result<crate::store::Recorded, StoreError> {
    let mut events = vec![tx.change_member(before.version, after)?];
    events.extend(ended);
    let administers = |member: &StaffMember| member.retired_at.is_none() && member.roles.hold(Role::Admin);
    if !tx.staff_members()?.iter().any(administers) {
        return Err(Refusal::clash(Clash::LastAdministrator, "make somebody else an administrator first").into());
    }
    let reply = reply::ok(after.version, &StaffView::of(after))?;
    Ok(tx.record(events, reply))
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded me, guarded list, guarded clinic, guarded invite, guarded set_roles, guarded change]
}
