//! The first clinic and its first administrator, made over the network with a token from the host (security.md 2.5).

use super::own_password::said;
use super::passwords::Passwords;
use super::stranger_as;
use crate::access::password;
use crate::access::permission::ClaimInstallation;
use crate::access::permit::Scope;
use crate::access::role::{Role, Roles};
use crate::api::extract::Act;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::domain::id::{ClinicId, StaffId};
use crate::domain::refusal::{FieldError, FieldErrors};
use crate::domain::text::checked;
use crate::store::{NewClinic, NewStaff, Once, Store, Written};
use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The token of the host, and what to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInstallation, example = json!({"bootstrap_token": "chsb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "clinic": "Harbour Headache Clinic", "zone": "America/New_York", "login": "moreno", "display_name": "Moreno", "password": "four walls and one open door"}))]
pub struct ClaimBody {
    /// Printed by `chairside bootstrap --token`; good once, for a quarter of an hour.
    #[schema(max_length = 100)]
    bootstrap_token: Option<String>,
    /// The clinic's name.
    #[schema(min_length = 1, max_length = 200)]
    clinic: String,
    /// Its IANA time zone.
    #[schema(max_length = 100)]
    zone: String,
    /// The name the administrator signs in with.
    #[schema(min_length = 3, max_length = 100)]
    login: String,
    /// The administrator's name, as printed.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// The administrator's password.
    #[schema(min_length = 15, max_length = 128, format = Password)]
    password: String,
}

/// What was made.
#[derive(Serialize, ToSchema)]
#[schema(as = Installation)]
pub struct ClaimView {
    clinic_id: ClinicId,
    staff_id: StaffId,
    /// The name to sign in with.
    #[schema(example = "moreno")]
    login: String,
}

/// Makes the first clinic and its first administrator, once. Without the token of the host, and as soon as anybody can
/// sign in, there is nothing here, whatever address asks.
#[utoipa::path(post, path = "/api/v1/bootstrap", tag = "auth", operation_id = "installation_claim", summary = "Make the first clinic",
    request_body = ClaimBody, responses((status = 201, description = "Made", body = ClaimView)))]
pub async fn claim(
    act: Act<ClaimInstallation, ClaimBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let ClaimBody { bootstrap_token, clinic, zone, login, display_name, password } = act.body;
    let nothing_here = || Problem::new(ProblemKind::NotFound);
    let bootstrap_token = bootstrap_token.ok_or_else(nothing_here)?;
    let reading = stranger_as::<ClaimInstallation>(&request, Scope::Installation)?;
    let token = bootstrap_token.clone();
    if !store.read(reading, move |tx| tx.may_bootstrap(&token)).await? {
        return Err(nothing_here());
    }
    let mut errors = FieldErrors::none();
    let name = errors.take(checked("/clinic", &clinic, 1, 200));
    let login = errors.take(checked("/login", &login, 3, 100));
    let display_name = errors.take(checked("/display_name", &display_name, 1, 200));
    errors.take(known_zone(&zone));
    let names: Vec<&str> = [&login, &name].into_iter().flatten().map(String::as_str).collect();
    errors.take(
        password::check(&password, &names).map_err(|weak| FieldError { pointer: "/password".into(), ..said(weak) }),
    );
    errors.finish()?;
    let password_hash = passwords.hash(password).await?;
    let new = NewClinic { name: name.unwrap_or_default(), zone };
    let admin = NewStaff {
        login: login.unwrap_or_default(),
        password_hash,
        display_name: display_name.unwrap_or_default(),
        roles: Roles::of([Role::Admin]),
    };
    let written = store.write(act.permit, Once::default(), move |tx| {
        tx.burn_bootstrap_token(&bootstrap_token)?;
        let (clinic_id, mut events) = tx.create_clinic(&new)?;
        let (staff_id, added) = tx.add_staff(clinic_id, &admin)?;
        events.push(added);
        let view = ClaimView { clinic_id, staff_id, login: admin.login };
        let reply = reply::created("/api/v1/clinic".into(), 1, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

fn known_zone(zone: &str) -> Result<(), FieldError> {
    match jiff::tz::TimeZone::get(zone) {
        Ok(_) => Ok(()),
        Err(_) => Err(FieldError::new("/zone", "unknown", "must be an IANA name, such as America/New_York")),
    }
}
