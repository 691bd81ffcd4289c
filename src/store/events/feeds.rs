//! The live ends of the trails that somebody follows, and how many do.

use super::{Full, Lost, MostFollowers};
use crate::domain::frame::Frame;
use crate::domain::id::{ClinicId, LoginSessionId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// What was read of one trail at once.
pub(super) type Batch = Arc<[Arc<Frame>]>;

/// A follower may be so many batches behind before it is told to come again. They are shared by all who follow the
/// clinic, so one that does not read costs nobody anything.
const BATCHES_KEPT: usize = 256;
/// How often the heads of the trails are looked at for what another server wrote.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Everybody who follows a trail on this server.
pub(in crate::store) struct Feeds {
    state: Mutex<State>,
    changed: Condvar,
    most: MostFollowers,
}

#[derive(Default)]
struct State {
    feeds: BTreeMap<ClinicId, Feed>,
    /// Trails that this server wrote to since they were last read.
    stirred: BTreeSet<ClinicId>,
    followers: HashMap<LoginSessionId, usize>,
    all: usize,
    closed: bool,
}

struct Feed {
    sender: broadcast::Sender<Batch>,
    /// The last entry that was sent.
    sent: i64,
}

/// What the thread at the live end has to look at.
pub(super) enum Look {
    /// These trails have grown; read them after these entries.
    At(Vec<(ClinicId, i64)>),
    /// Whether one of these has grown.
    Whether(Vec<(ClinicId, i64)>),
}

impl Feeds {
    pub(in crate::store) fn new(most: MostFollowers) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), most })
    }

    /// Takes a place for one more follower; it is free again when the place is dropped.
    pub(super) fn take_place(self: &Arc<Self>, sign_in: LoginSessionId) -> Result<Place, Full> {
        let mut state = self.lock();
        if state.closed || state.all >= self.most.of_the_server {
            return Err(Full::Server);
        }
        let own = state.followers.entry(sign_in).or_default();
        if *own >= self.most.of_a_sign_in {
            return Err(Full::SignIn);
        }
        *own += 1;
        state.all += 1;
        Ok(Place { feeds: Arc::clone(self), sign_in })
    }

    /// Joins the live end of a clinic's trail. Whoever joins first begins it after entry number `at`.
    pub(super) fn join(&self, clinic: ClinicId, at: i64) -> Receiver {
        let mut state = self.lock();
        let begun = || Feed { sender: broadcast::Sender::new(BATCHES_KEPT), sent: at };
        let receiver = state.feeds.entry(clinic).or_insert_with(begun).sender.subscribe();
        if state.closed {
            state.feeds.clear();
        }
        self.changed.notify_one();
        Receiver(receiver)
    }

    /// Something was committed to this clinic's trail.
    pub(in crate::store) fn stir(&self, clinic: ClinicId) {
        let mut state = self.lock();
        if state.feeds.contains_key(&clinic) && state.stirred.insert(clinic) {
            self.changed.notify_one();
        }
    }

    /// Ends every stream and takes no more.
    pub(in crate::store) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.feeds.clear();
        self.changed.notify_one();
    }

    /// Waits until there is something to look at; none when it is closed.
    pub(super) fn wait(&self) -> Option<Look> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let stirred = std::mem::take(&mut state.stirred);
            let at = |clinic| state.feeds.get(&clinic).map(|feed| (clinic, feed.sent));
            let grown: Vec<_> = stirred.into_iter().filter_map(at).collect();
            if !grown.is_empty() {
                return Some(Look::At(grown));
            }
            if state.feeds.is_empty() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.changed.wait_timeout(state, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner);
            let timeout;
            (state, timeout) = waited;
            if timeout.timed_out() {
                // Trails that nobody follows any more are let go.
                state.feeds.retain(|_, feed| feed.sender.receiver_count() > 0);
                return Some(Look::Whether(state.feeds.iter().map(|(clinic, feed)| (*clinic, feed.sent)).collect()));
            }
        }
    }

    /// Sends what was read to all who follow.
    pub(super) fn send(&self, clinic: ClinicId, batch: Batch) {
        let mut state = self.lock();
        if let Some((feed, last)) = state.feeds.get_mut(&clinic).zip(batch.last()) {
            feed.sent = last.seq;
            // That nobody listens any more is noticed at the next look.
            drop(feed.sender.send(batch));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a live trail that one follower holds.
pub(super) struct Receiver(broadcast::Receiver<Batch>);

impl Receiver {
    pub(super) async fn recv(&mut self) -> Result<Batch, Lost> {
        self.0.recv().await.map_err(|error| match error {
            broadcast::error::RecvError::Lagged(_) => Lost::Slow,
            broadcast::error::RecvError::Closed => Lost::Closing,
        })
    }
}

/// One follower's place.
pub(super) struct Place {
    feeds: Arc<Feeds>,
    sign_in: LoginSessionId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.feeds.lock();
        state.all = state.all.saturating_sub(1);
        if let Some(own) = state.followers.get_mut(&self.sign_in) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                state.followers.remove(&self.sign_in);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn batch(seqs: std::ops::RangeInclusive<i64>) -> Batch {
        seqs.map(|seq| Arc::new(Frame { seq, action: "x".into(), body: "{}".into(), change: None })).collect()
    }

    #[test]
    fn a_place_is_free_again_when_its_follower_is_gone() {
        let feeds = Feeds::new(MostFollowers { of_a_sign_in: 1, of_the_server: 2 });
        let [first, second, third] = [1, 2, 3].map(|n| LoginSessionId(Uuid::from_u128(n)));
        let held = feeds.take_place(first).ok().unwrap();
        assert_eq!(feeds.take_place(first).err(), Some(Full::SignIn));
        let other = feeds.take_place(second).ok().unwrap();
        assert_eq!(feeds.take_place(third).err(), Some(Full::Server));
        drop(other);
        drop(feeds.take_place(third).ok().unwrap());
        drop(held);
        drop(feeds.take_place(first).ok().unwrap());
        assert!(feeds.lock().followers.is_empty());
        feeds.close();
        assert_eq!(feeds.take_place(first).err(), Some(Full::Server));
    }

    #[test]
    fn who_is_too_slow_is_told_and_nobody_else_waits_for_them() {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(too_slow());
    }

    async fn too_slow() {
        let feeds = Feeds::new(MostFollowers::default());
        let clinic = ClinicId(Uuid::from_u128(1));
        let (mut slow, mut quick) = (feeds.join(clinic, 0), feeds.join(clinic, 0));
        let last = i64::try_from(BATCHES_KEPT).unwrap() + 1;
        for seq in 1..=last {
            feeds.send(clinic, batch(seq..=seq));
            assert_eq!(quick.recv().await.ok().unwrap().len(), 1);
        }
        assert_eq!(slow.recv().await.err(), Some(Lost::Slow));
        assert!(matches!(feeds.wait(), Some(Look::Whether(all)) if all == [(clinic, last)]));
        feeds.stir(clinic);
        assert!(matches!(feeds.wait(), Some(Look::At(grown)) if grown == [(clinic, last)]));
        drop((slow, quick));
        assert!(matches!(feeds.wait(), Some(Look::Whether(none)) if none.is_empty()), "nobody follows any more");
        let mut late = feeds.join(clinic, last);
        feeds.close();
        assert_eq!(late.recv().await.err(), Some(Lost::Closing));
        assert!(feeds.wait().is_none());
    }
}
