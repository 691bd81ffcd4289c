//! A token that does not count: a 401 without a word of explanation, and an entry of the installation's trail that says
//! why (security.md, REQ-AUTH-5).
//!
//! Whoever sends such tokens costs one entry a minute for each reason and network, and no more than a hundred a minute
//! whatever they think of: the trail cannot be filled from outside. The token itself is never kept; one that we signed
//! is named by its id.

use super::guard;
use super::network;
use super::problem::{Problem, ProblemKind};
use super::reply;
use crate::access::permission::SignIn;
use crate::access::permit::{Permit, Scope};
use crate::access::token::{Flaw, Rejected};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::time::Timestamp;
use crate::store::{Once, Store};
use actix_web::HttpRequest;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The most entries of one minute.
const MOST_TOLD: usize = 100;

/// What was told this minute already.
#[derive(Debug, Default)]
pub struct Rejections {
    told: Mutex<(i64, HashSet<(Flaw, String)>)>,
}

impl Rejections {
    /// Whether this one is worth an entry: the first of its reason and network this minute, while there is room.
    fn is_news(&self, flaw: Flaw, network: String, now: Timestamp) -> bool {
        let minute = now.millis().div_euclid(60_000);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0 != minute {
            *told = (minute, HashSet::new());
        }
        told.1.len() < MOST_TOLD && told.1.insert((flaw, network))
    }
}

/// Tells the trail why; gives back what the client is told.
pub(super) async fn tell(request: &HttpRequest, rejected: Rejected) -> Problem {
    if let Err(problem) = note(request, rejected).await {
        // Nobody gets in either way.
        tracing::error!(%problem, flaw = %rejected.flaw, "a token was rejected, and the trail could not be told");
    }
    Problem::new(ProblemKind::Unauthenticated)
}

async fn note(request: &HttpRequest, Rejected { flaw, token_id }: Rejected) -> Result<(), Problem> {
    let store = guard::data::<Store>(request)?;
    if !guard::data::<Rejections>(request)?.is_news(flaw, network::of(request), store.clock().now()) {
        return Ok(());
    }
    let permit = Permit::<SignIn>::stranger(Scope::Installation, guard::origin(request));
    let permit = permit.map_err(|_| Problem::new(ProblemKind::Forbidden))?;
    let written = store.write(permit, Once::default(), move |tx| {
        let subject = Subject::new("access_token", token_id.unwrap_or_else(|| tx.new_id()), 1);
        let event = Event::noted(EventKind::TokenRejected, subject).because(flaw.as_str());
        Ok(tx.record(vec![event], reply::nothing()))
    });
    written.await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_bad_tokens_is_a_hundred_entries_a_minute() {
        let (rejections, now) = (Rejections::default(), Timestamp::from_millis(1_800_000_000_000));
        let news = |network: String, flaw, now| rejections.is_news(flaw, network, now);
        assert!(news("10.0.0.1".into(), Flaw::Expired, now));
        assert!(!news("10.0.0.1".into(), Flaw::Expired, now.plus_seconds(59)));
        assert!(news("10.0.0.1".into(), Flaw::Signature, now));
        assert!(news("10.0.0.1".into(), Flaw::Expired, now.plus_seconds(60)));
        let flood = (0..10_000).filter(|n| news(format!("10.0.{n}"), Flaw::Signature, now.plus_minutes(2)));
        assert_eq!(flood.count(), MOST_TOLD);
    }
}
