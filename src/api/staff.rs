//! Who works here, and who am I.

use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{self, ReadSelf, ReadStaff};
use crate::access::permit::Permit;
use crate::access::role::Role;
use crate::domain::id::{AccountId, ClinicId, LoginSessionId, StaffId};
use crate::store::{StaffMember, Store, StoreError};
use actix_web::web::Data;
use serde::Serialize;
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

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded me, guarded list]
}
