//! One frame of the stream of events: what it tells of one entry of the trail. It is made of the entry alone, so what a
//! client has collected can be compared with the trail byte for byte.
//!
//! Ids, versions and words, never a name or a value: a client reads the record itself under its own permission.

use super::event::EventKind;
use super::id::PatientId;
use super::record::Record;
use super::time::Timestamp;
use uuid::Uuid;

/// A change of one record, as the stream tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// The member of staff; none for a job or the host.
    pub actor: Option<Uuid>,
    /// The kind of record.
    pub object_kind: String,
    /// The record.
    pub object: Uuid,
    /// Its version after the change.
    pub object_version: i64,
    /// Whose record it is, if a patient's.
    pub patient: Option<PatientId>,
    /// `seq` of the first entry of the same act, when this is a consequence.
    pub cause: Option<i64>,
}

/// One entry of the trail, on its way to those who follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its number in the clinic's trail.
    pub seq: i64,
    /// The word of the entry: what happened, or the permission a read used.
    pub action: String,
    /// The exact text whose hash is the leaf.
    pub body: String,
    /// What changed; none when somebody only read, or was refused.
    pub change: Option<Change>,
}

impl Change {
    /// Canonical JSON, as the record of an entry is.
    fn data(&self, seq: i64) -> Vec<u8> {
        Record::group()
            .with("action", self.kind.as_str())
            .with("actor_id", self.actor)
            .with("at", self.at)
            .with("cause", self.cause)
            .with("object_id", self.object)
            .with("object_kind", self.object_kind.as_str())
            .with("object_version", self.object_version)
            .with("patient_id", self.patient)
            .with("seq", seq)
            .to_bytes()
    }
}

impl Frame {
    /// What it tells of a change, as server-sent event; nothing when nothing changed.
    pub fn of_change(&self) -> Option<Vec<u8>> {
        self.change.as_ref().map(|change| self.event(&change.data(self.seq)))
    }

    /// The whole entry, for who may read the trail.
    pub fn of_entry(&self) -> Vec<u8> {
        self.event(self.body.as_bytes())
    }

    /// Neither word nor data hold a line break: canonical JSON escapes it.
    fn event(&self, data: &[u8]) -> Vec<u8> {
        let mut frame = format!("id: {}\nevent: {}\ndata: ", self.seq, self.action).into_bytes();
        frame.extend_from_slice(data);
        frame.extend_from_slice(b"\n\n");
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_ids_and_words_and_an_entry_as_it_was_hashed() {
        let mut frame = Frame {
            seq: 7,
            action: "observation.recorded".into(),
            body: r#"{"reason":"two\nlines"}"#.into(),
            change: Some(Change {
                kind: EventKind::ObservationRecorded,
                at: Timestamp::from_millis(0),
                actor: Some(Uuid::from_u128(1)),
                object_kind: "observation".into(),
                object: Uuid::from_u128(2),
                object_version: 3,
                patient: Some(PatientId(Uuid::from_u128(4))),
                cause: None,
            }),
        };
        let told = String::from_utf8(frame.of_change().unwrap()).unwrap();
        assert_eq!(
            told,
            "id: 7\nevent: observation.recorded\ndata: {\"action\":\"observation.recorded\",\
             \"actor_id\":\"00000000-0000-0000-0000-000000000001\",\"at\":\"1970-01-01T00:00:00.000Z\",\"cause\":null,\
             \"object_id\":\"00000000-0000-0000-0000-000000000002\",\"object_kind\":\"observation\",\"object_version\":3,\
             \"patient_id\":\"00000000-0000-0000-0000-000000000004\",\"seq\":7}\n\n"
        );
        let entry = String::from_utf8(frame.of_entry()).unwrap();
        assert_eq!(entry, "id: 7\nevent: observation.recorded\ndata: {\"reason\":\"two\\nlines\"}\n\n");
        frame.change = None;
        assert_eq!(frame.of_change(), None);
    }
}
