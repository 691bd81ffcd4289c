//! Chairs and rooms: where a patient is treated, one at a time.

use super::event::{Event, EventKind, Subject};
use super::id::RoomId;
use super::record::Record;
use super::refusal::{Clash, Refusal};
use super::text::checked;
use super::time::Timestamp;

/// A chair or room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Moves with each change.
    pub version: i64,
    /// What people call it; no two chairs in use share a name.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Since when nothing is booked there any more.
    pub retired_at: Option<Timestamp>,
}

impl Room {
    /// Adds a chair. `known` are the names there are.
    ///
    /// # Errors
    /// When the name cannot be kept, or is there already.
    pub fn add(id: RoomId, name: &str, known: &[Self], now: Timestamp) -> Result<(Self, Event), Refusal> {
        let name = checked("/name", name, 1, 60)?;
        if known.iter().any(|room| room.name == name) {
            return Err(Refusal::clash(Clash::Duplicate, "there is a chair of this name already"));
        }
        let room = Self { id, version: 1, name, created_at: now, retired_at: None };
        let event = Event::of_clinic(EventKind::RoomAdded, Subject::new("room", id, 1), room.record());
        Ok((room, event))
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("room", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("name", &self.name)
            .with("created_at", self.created_at)
            .with("retired_at", self.retired_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn two_chairs_never_share_a_name() {
        let now = Timestamp::from_millis(0);
        let add = |name, known: &[Room]| Room::add(RoomId(Uuid::nil()), name, known, now);
        let (first, _) = add("Chair 1", &[]).unwrap();
        assert!(add("Chair 2", std::slice::from_ref(&first)).is_ok());
        assert!(matches!(add("Chair 1", &[first]), Err(Refusal::Clash { clash: Clash::Duplicate, .. })));
        assert!(matches!(add(" ", &[]), Err(Refusal::Invalid(_))));
    }
}
