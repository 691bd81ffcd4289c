//! Chairs and rooms: see them, add one.

use super::extract::Act;
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{AddRoom, ReadRooms};
use crate::access::permit::Permit;
use crate::domain::id::RoomId;
use crate::domain::room::Room;
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A chair to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRoom, example = json!({"name": "Chair 1"}))]
pub struct AddBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
}

/// A chair.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Room)]
pub struct RoomView {
    id: RoomId,
    version: i64,
    #[schema(example = "Chair 1")]
    name: String,
    created_at: Timestamp,
    /// Since when nothing is booked there any more.
    retired_at: Option<Timestamp>,
}

/// Every chair; a clinic has few, so they come on one page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rooms)]
pub struct RoomsView {
    items: Vec<RoomView>,
}

impl RoomView {
    fn of(room: Room) -> Self {
        let Room { id, version, name, created_at, retired_at } = room;
        Self { id, version, name, created_at, retired_at }
    }
}

/// Lists the chairs.
#[utoipa::path(get, path = "/api/v1/rooms", tag = "rooms", operation_id = "rooms_list", summary = "List the chairs",
    responses((status = 200, description = "The chairs, by name", body = RoomsView)))]
pub async fn list(permit: Permit<ReadRooms>, store: Data<Store>) -> Answer {
    let rooms = store.read(permit, |tx| tx.rooms()).await?;
    reply::listed(&RoomsView { items: rooms.into_iter().map(RoomView::of).collect() })
}

/// Adds a chair.
#[utoipa::path(post, path = "/api/v1/rooms", tag = "rooms", operation_id = "rooms_add", summary = "Add a chair",
    request_body = AddBody, responses((status = 201, description = "Added", body = RoomView)))]
pub async fn add(act: Act<AddRoom, AddBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_clinic()?;
        let (room, event) = Room::add(tx.new_id(), &body.name, &tx.rooms()?, tx.now())?;
        tx.insert_room(&room)?;
        let reply = reply::created(format!("/api/v1/rooms/{}", room.id), room.version, &RoomView::of(room))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded add]
}
