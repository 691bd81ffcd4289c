//! Following a clinic's trail: without a gap and without a repeat, from any place in it, as long as somebody listens.
//!
//! What is old is read by each follower at its own pace; what is new is read once a clinic, by the thread of [`tail`],
//! and shared by all who follow it. A follower that is too slow for that is told so and comes again.

mod feeds;
mod tail;

pub(super) use feeds::Feeds;
pub(super) use tail::start;

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::foundation::{audit_events, audit_heads};
use super::sign_ins::Seen;
use super::staff;
use super::transaction::Gather;
use super::{Inner, Store, blocking};
use crate::access::audience;
use crate::access::permission::{Permission as _, ReadTrail};
use crate::access::permit::Actor;
use crate::domain::audit_entry::Outcome;
use crate::domain::event::EventKind;
use crate::domain::frame::{Change, Frame};
use crate::domain::id::{ClinicId, PatientId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use feeds::{Place, Receiver};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// Entries are read so many at a time.
const PAGE: i64 = 256;

/// How many may follow at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostFollowers {
    /// With one sign-in: a tablet and some windows.
    pub of_a_sign_in: usize,
    /// Of one server.
    pub of_the_server: usize,
}

impl Default for MostFollowers {
    fn default() -> Self {
        Self { of_a_sign_in: 8, of_the_server: 4096 }
    }
}

/// Why somebody cannot follow now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Too many with one sign-in.
    SignIn,
    /// Too many on this server, or it is about to stop.
    Server,
}

/// What a follower hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// What happened next; nothing when there is only a new place to go on from.
    Frames(Vec<Arc<Frame>>),
    /// Nothing more.
    Nothing(Lost),
}

/// Why a follower hears nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It was slower than what happens: it has to come again with its place.
    Slow,
    /// The server is about to stop.
    Closing,
}

/// What somebody wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Changes of the records they may read.
    Changes,
    /// Every entry of the trail as it was hashed, reads and refusals too.
    Entries,
}

/// Somebody who follows a clinic's trail.
pub struct Follower {
    inner: Arc<Inner>,
    actor: Actor,
    topic: Topic,
    /// The last entry that was looked at, whether or not it could be told.
    at: i64,
    live: Option<Receiver>,
    caught_up: bool,
    _place: Place,
}

impl Gather<'_> {
    /// Where a follower begins: at the place it names, or at the end of the trail.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] when whole entries are not theirs to hear; a refusal when the trail has no such place
    /// yet, as after a restore from a backup that was older than the client.
    pub fn place_in_trail(&mut self, after: Option<i64>, topic: Topic) -> Result<i64> {
        if topic == Topic::Entries && !self.actor().is_some_and(|actor| ReadTrail::allows(actor.roles())) {
            return Err(StoreError::Forbidden(ReadTrail::ID));
        }
        let size: i64 = audit_heads::table.find(self.clinic()).select(audit_heads::size).first(self.connection)?;
        let after = after.unwrap_or(size);
        if after > size {
            let words = format!("the trail ends at {size}: read the records anew and follow from there");
            return Err(Refusal::invalid("/Last-Event-ID", "beyond_the_end", words).into());
        }
        Ok(after)
    }
}

impl Store {
    /// Begins to follow the trail of somebody's clinic after entry number `at`.
    ///
    /// # Errors
    /// [`Full`] when too many follow already.
    pub fn follow(&self, actor: Actor, topic: Topic, at: i64) -> std::result::Result<Follower, Full> {
        let place = self.inner.feeds.take_place(actor.login_session())?;
        Ok(Follower { inner: Arc::clone(&self.inner), actor, topic, at, live: None, caught_up: false, _place: place })
    }

    /// Ends every stream and takes no more: the server is about to stop.
    pub fn end_streams(&self) {
        self.inner.feeds.close();
    }
}

impl Follower {
    /// The last entry that was looked at: where to go on from.
    pub const fn at(&self) -> i64 {
        self.at
    }

    /// Whether it has heard of everything that had happened when it last looked.
    pub const fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// What happened next that may be told; waits for it. It may be given up at any time and asked again: nothing is
    /// lost by it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn next(&mut self) -> Result<Heard> {
        loop {
            if !self.caught_up {
                return self.read_on().await.map(Heard::Frames);
            }
            let Some(live) = &mut self.live else {
                self.caught_up = false;
                continue;
            };
            let batch = match live.recv().await {
                Ok(batch) => batch,
                Err(lost) => return Ok(Heard::Nothing(lost)),
            };
            match batch.first() {
                // Something between was missed: it is read like everything else that is old.
                Some(first) if first.seq > self.at.saturating_add(1) => self.caught_up = false,
                _ => {
                    let told = self.tell(&batch);
                    if !told.is_empty() {
                        return Ok(Heard::Frames(told));
                    }
                }
            }
        }
    }

    /// Reads a page of what is old. The live end is joined before the last look, so nothing falls between.
    async fn read_on(&mut self) -> Result<Vec<Arc<Frame>>> {
        let (inner, clinic, at) = (Arc::clone(&self.inner), self.actor.clinic(), self.at);
        let page = blocking(move || inner.snapshot(clinic, |connection| after(connection, clinic, at)));
        let page = page.await?;
        if i64::try_from(page.len()).unwrap_or(PAGE) < PAGE {
            self.caught_up = self.live.is_some();
            if self.live.is_none() {
                let last = page.last().map_or(at, |frame| frame.seq);
                self.live = Some(self.inner.feeds.join(clinic, last));
            }
        }
        Ok(self.tell(&page))
    }

    /// Moves on past these entries; gives back those that may be told.
    fn tell(&mut self, batch: &[Arc<Frame>]) -> Vec<Arc<Frame>> {
        let new: Vec<&Arc<Frame>> = batch.iter().filter(|frame| frame.seq > self.at).collect();
        if let Some(last) = new.last() {
            self.at = last.seq;
        }
        new.into_iter().filter(|frame| self.may_hear(frame)).cloned().collect()
    }

    fn may_hear(&self, frame: &Frame) -> bool {
        match (self.topic, &frame.change) {
            (Topic::Entries, _) => ReadTrail::allows(self.actor.roles()),
            (Topic::Changes, Some(change)) => audience::reads(change.kind).allows(self.actor.roles(), false),
            (Topic::Changes, None) => false,
        }
    }

    /// Asks whether the sign-in still counts and what its owner is now, and notes that somebody is there: what a visit
    /// calls a live connection is read from that.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`] or [`StoreError::SessionIdle`] when it counts no more.
    pub async fn still_there(&mut self) -> Result<()> {
        let store = Store { inner: Arc::clone(&self.inner) };
        let (inner, now) = (Arc::clone(&self.inner), self.inner.clock.now());
        let (clinic, login_session) = (self.actor.clinic(), self.actor.login_session());
        let standing = blocking(move || {
            inner.snapshot(clinic, |connection| staff::standing(connection, clinic, login_session, now, false))
        });
        let standing = standing.await?.ok_or(StoreError::Unauthenticated)?;
        self.actor = self.actor.refreshed(standing.membership);
        let seen = standing.unnoted.then_some(Seen { clinic, login_session, at: now });
        store.note(None, seen).await
    }
}

/// What is needed of the text of an entry.
#[derive(Deserialize)]
struct Body {
    action: String,
    ts: String,
    outcome: String,
    actor: BodyActor,
    patient_id: Option<Uuid>,
    object: Option<String>,
    object_version: Option<i64>,
    cause: Option<i64>,
}

#[derive(Deserialize)]
struct BodyActor {
    id: Option<Uuid>,
}

impl Body {
    /// The change it tells of. Reads, refusals and replays name no object.
    fn into_change(self) -> Option<Change> {
        let (object_kind, object) = self.object.as_deref()?.split_once('/')?;
        Some(Change {
            kind: EventKind::parse(&self.action).ok().filter(|_| self.outcome == Outcome::Success.as_str())?,
            at: Timestamp::parse(&self.ts)?,
            actor: self.actor.id,
            object_kind: object_kind.to_owned(),
            object: Uuid::parse_str(object).ok()?,
            object_version: self.object_version?,
            patient: self.patient_id.map(PatientId),
            cause: self.cause,
        })
    }
}

/// A page of a clinic's trail after entry number `at`, inside a snapshot of that clinic.
fn after(connection: &mut AnyConnection, clinic: ClinicId, at: i64) -> Result<Vec<Arc<Frame>>> {
    let rows = audit_events::table
        .filter(audit_events::clinic_id.eq(clinic))
        .filter(audit_events::seq.gt(at))
        .order(audit_events::seq)
        .limit(PAGE)
        .select((audit_events::seq, audit_events::body))
        .load::<(i64, String)>(connection)?;
    rows.into_iter().map(|(seq, body)| frame(seq, body).map(Arc::new)).collect()
}

fn frame(seq: i64, body: String) -> Result<Frame> {
    let read: Body = serde_json::from_str(&body)?;
    Ok(Frame { seq, action: read.action.clone(), change: read.into_change(), body })
}
