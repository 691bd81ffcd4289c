//! Chairs and rooms.

use super::error::Result;
use super::schema::foundation::rooms;
use super::transaction::{Change, Gather};
use crate::domain::id::{ClinicId, RoomId};
use crate::domain::room::Room;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rooms)]
struct Row {
    clinic_id: ClinicId,
    id: RoomId,
    version: i64,
    name: String,
    created_at: Timestamp,
    retired_at: Option<Timestamp>,
}

impl From<Row> for Room {
    fn from(row: Row) -> Self {
        let Row { id, version, name, created_at, retired_at, .. } = row;
        Self { id, version, name, created_at, retired_at }
    }
}

impl Gather<'_> {
    /// Every chair there is or was, by name.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn rooms(&mut self) -> Result<Vec<Room>> {
        let rows: Vec<Row> = rooms::table
            .filter(rooms::clinic_id.eq(self.clinic()))
            .order((rooms::name, rooms::id))
            .select(Row::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Room::from).collect())
    }
}

impl Gather<'_> {
    /// The chairs of these ids.
    pub(super) fn rooms_by_id(&mut self, ids: &[RoomId]) -> Result<Vec<Room>> {
        let rows = by_id!(self, rooms, Row, ids);
        Ok(rows.into_iter().map(Room::from).collect())
    }
}

impl Change<'_> {
    /// Keeps a new chair.
    ///
    /// # Errors
    /// [`super::StoreError::Duplicate`] when somebody added the same name at the same time.
    pub fn insert_room(&mut self, room: &Room) -> Result<()> {
        let Room { id, version, name, created_at, retired_at } = room.clone();
        let row = Row { clinic_id: self.clinic(), id, version, name, created_at, retired_at };
        diesel::insert_into(rooms::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
