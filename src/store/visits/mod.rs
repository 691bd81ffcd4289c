//! The visit around the infusion: pre-checks, orders, preparations, settlements, and who is in the house.
//!
//! Every function takes the visits it is about, so that one session and a whole board cost the same number of
//! queries (engineering.md 7.13).

mod facts;
mod orders;
mod prechecks;
mod preparations;
mod presence;
mod settlements;
mod sheet;

use crate::domain::id::SessionId;
use crate::domain::visit::Visit;

/// The sessions of some visits.
fn sessions_of(visits: &[Visit]) -> Vec<SessionId> {
    visits.iter().map(|visit| visit.session).collect()
}

/// The visit a row belongs to; a row of another visit was not asked for.
fn visit_of(visits: &[Visit], session: SessionId) -> Option<Visit> {
    visits.iter().copied().find(|visit| visit.session == session)
}
