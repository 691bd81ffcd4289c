//! The stream of events: the clinic's trail as it grows, to each what they may know of (server-sent events).

use super::extract::Query;
use super::guard;
use super::problem::{Problem, ProblemKind, ProblemView};
use super::reply::Answer;
use super::stream::{Source, Stream};
use super::{Endpoint, endpoints};
use crate::access::permission::FollowEvents;
use crate::access::permit::{Permit, Principal};
use crate::domain::frame::Frame;
use crate::domain::time::Timestamp;
use crate::store::{Follower, Full, Heard, Lost, Store, StoreError, Topic};
use actix_web::http::{Method, header};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

/// The header of a client that comes again: the `id` of the last frame it kept.
const LAST_EVENT_ID: &str = "last-event-id";
/// How long a client is asked to wait before it comes again, in milliseconds.
const RETRY_MILLIS: u32 = 2000;

/// How the streams of a server are kept alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat(pub Duration);

impl Default for Heartbeat {
    fn default() -> Self {
        Self(Duration::from_secs(15))
    }
}

/// What a stream is about.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topics {
    /// What changed, of the records one may read.
    #[default]
    Changes,
    /// Every entry of the trail as it was hashed: auditors only.
    Audit,
}

/// What is asked of the stream.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// `changes`, or `audit` for whole entries of the trail, reads and refusals among them.
    #[param(inline)]
    topics: Option<Topics>,
    /// `false` ends the stream when everything has been told: for clients that ask again and again instead.
    #[param(example = false)]
    follow: Option<bool>,
}

/// Streams what happens, from now on or from where a client left off.
///
/// `text/event-stream`; read it with `fetch`, because an `EventSource` cannot send the bearer token. Each frame has the
/// `id` of its entry in the clinic's trail (`seq`), the word of what happened as `event`, and as `data` one line of
/// JSON: `{"action", "actor_id", "at", "cause", "object_id", "object_kind", "object_version", "patient_id", "seq"}`. It
/// holds no name and no value: read the record itself. With `topics=audit` the data is the entry's exact text.
///
/// Come again with `Last-Event-ID` and nothing is missed or told twice; `0` tells the trail from its beginning. Every
/// fifteen seconds a comment and the place reached say that the line is open. The stream ends with its token (refresh
/// it and come again), with the next heartbeat after the sign-in ended, and when a client reads more slowly than things
/// happen.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", operation_id = "events_follow", summary = "Follow what happens",
    params(EventsQuery, ("Last-Event-ID" = Option<i64>, Header, description = "The `id` of the last frame that was kept: the stream goes on after it.", minimum = 0, maximum = 9_007_199_254_740_991_i64)),
    responses((status = 200, description = "Frames, as long as the stream lasts", content_type = "text/event-stream", body = String),
        (status = 429, description = "Too many streams with this sign-in: end one", content_type = "application/problem+json", body = ProblemView)))]
pub async fn follow(
    permit: Permit<FollowEvents>,
    request: HttpRequest,
    Query(query): Query<EventsQuery>,
    store: Data<Store>,
    heartbeat: Data<Heartbeat>,
) -> Answer {
    let Principal::Staff(actor) = permit.principal().clone() else {
        return Err(Problem::new(ProblemKind::Unauthenticated));
    };
    let after = last_event_id(&request)?;
    let topic = match query.topics.unwrap_or_default() {
        Topics::Changes => Topic::Changes,
        Topics::Audit => Topic::Entries,
    };
    let ends_at = guard::token_ends_at(&request).await?;
    let at = store.read(permit, move |tx| tx.place_in_trail(after, topic)).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let follower = store.follow(actor, topic, at).map_err(|full| match full {
        Full::SignIn => {
            Problem::rate_limited(i64::from(RETRY_MILLIS)).because("end another stream of this sign-in first")
        }
        Full::Server => Problem::new(ProblemKind::Unavailable),
    })?;
    let ends = query.follow == Some(false);
    let every = heartbeat.0;
    let line = Line { store: store.get_ref().clone(), follower, topic, ends, ends_at, every, beat: None };
    Ok(response.body(Stream::of(line)))
}

/// The place a client names.
fn last_event_id(request: &HttpRequest) -> Answer<Option<i64>> {
    let Some(value) = request.headers().get(LAST_EVENT_ID) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let place = digits.and_then(|text| text.parse().ok());
    place.map(Some).ok_or_else(|| Problem::malformed("/Last-Event-ID", "must be the id of a frame: a whole number"))
}

/// An open line to one client.
struct Line {
    store: Store,
    follower: Follower,
    topic: Topic,
    /// Whether it ends when everything was told.
    ends: bool,
    /// When its token ends.
    ends_at: Timestamp,
    every: Duration,
    /// When it is time for the next sign of life; none before the first.
    beat: Option<Instant>,
}

impl Source for Line {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let Some(beat) = self.beat else {
            // The place to begin with stands before the first frame: a client that loses the line at once keeps it.
            let opening = format!("retry: {RETRY_MILLIS}\nid: {}\n: open\n\n", self.follower.at());
            self.beat = Some(self.next_beat());
            return Some((opening.into(), self));
        };
        loop {
            if self.ends && self.follower.is_caught_up() {
                return None;
            }
            // Also while frames come faster than they are sent.
            if Instant::now() >= beat {
                return self.sign_of_life().await;
            }
            match tokio::time::timeout_at(beat, self.follower.next()).await {
                Err(_) => {}
                Ok(Ok(Heard::Frames(frames))) if frames.is_empty() => {}
                Ok(Ok(Heard::Frames(frames))) => return Some((self.chunk(&frames), self)),
                Ok(Ok(Heard::Nothing(Lost::Slow | Lost::Closing))) => return None,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a stream of events was ended");
                    return None;
                }
            }
        }
    }
}

impl Line {
    fn chunk(&self, frames: &[Arc<Frame>]) -> Bytes {
        let told = frames.iter().filter_map(|frame| match self.topic {
            Topic::Changes => frame.of_change(),
            Topic::Entries => Some(frame.of_entry()),
        });
        told.flatten().collect::<Vec<u8>>().into()
    }

    /// Not later than the token ends.
    fn next_beat(&self) -> Instant {
        let left = u64::try_from(self.ends_at.since(self.store.clock().now())).unwrap_or(0);
        Instant::now() + self.every.min(Duration::from_millis(left))
    }

    /// A comment and the place reached, if the client may still listen.
    async fn sign_of_life(mut self) -> Option<(Bytes, Self)> {
        if self.store.clock().now() >= self.ends_at {
            return None;
        }
        match self.follower.still_there().await {
            Ok(()) => {}
            Err(StoreError::Busy) => {
                tracing::warn!("a sign-in could not be looked at; its stream goes on until the next time")
            }
            Err(_) => return None,
        }
        self.beat = Some(self.next_beat());
        let sign = format!(": here\nid: {}\n\n", self.follower.at());
        Some((sign.into(), self))
    }
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded follow]
}
