//! Saying that one is in the house.

use super::super::extract::Act;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::prescribes;
use crate::access::permission::SetPresence;
use crate::domain::id::StaffId;
use crate::domain::presence::Presence;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether one is here, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPresence, example = json!({"on_site": true, "until": "2026-03-02T20:00:00.000Z"}))]
pub struct PresenceBody {
    /// Here, or gone.
    on_site: bool,
    /// Until when; needed by whoever is here.
    until: Option<Timestamp>,
}

/// What somebody said about being here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presence)]
pub struct PresenceView {
    /// Who.
    staff_id: StaffId,
    /// Here until then; none says gone.
    on_site_until: Option<Timestamp>,
    /// When it was said.
    said_at: Timestamp,
    /// Moves with each saying.
    #[schema(example = 1, minimum = 1)]
    version: i64,
    /// `last_prescriber_left`: sessions run and no prescriber is in the house any more. Never a refusal.
    warning: Option<&'static str>,
}

/// Says that one is in the house, or has left.
#[utoipa::path(put, path = "/api/v1/me/presence", tag = "visits", operation_id = "presence_set", summary = "Say that you are in the house, or have left",
    request_body = PresenceBody, responses((status = 200, description = "What you said", body = PresenceView)))]
pub async fn set(act: Act<SetPresence, PresenceBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let until = match (body.on_site, body.until) {
            (true, None) => return Err(Refusal::invalid("/until", "required", "say until when you are here").into()),
            (false, Some(_)) => {
                return Err(Refusal::invalid("/until", "contradiction", "who has left is not here until later").into());
            }
            (_, until) => until,
        };
        let staff = tx.person()?.staff;
        let version = tx.presence_of(staff)?.map_or(0, |presence| presence.version) + 1;
        let (said, event) = Presence::say(staff, until, tx.now(), version)?;
        tx.keep_presence(&said)?;
        let hours = tx.policy()?.rules.staffing.on_site_hours;
        let last_to_leave = prescribes(tx) && tx.prescribers_on_site(hours)?.is_empty();
        let left_alone = if last_to_leave { tx.running_visits()? } else { Vec::new() };
        let mut events = vec![event];
        for visit in &left_alone {
            events.extend(tx.raise_alert(said.leaves_alone(*visit))?);
        }
        let view = PresenceView {
            staff_id: staff,
            on_site_until: said.until,
            said_at: said.said_at,
            version,
            warning: (!left_alone.is_empty()).then_some("last_prescriber_left"),
        };
        let reply = reply::ok(version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded set]
}
