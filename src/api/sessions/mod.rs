//! Sessions: book, move, receive, call off, hand over, read. What is done to the drug is spoken by other files.

mod board;
mod booking;
mod desk;
pub(super) mod handover;
mod reading;
mod views;

use super::Endpoint;
use crate::access::permission::Permission;
use crate::domain::id::SessionId;
use crate::domain::session::{Session, Step};
use crate::store::{Gather, Held, Recorded, Result, StoreError, Writer};
use views::{SessionShown, Shown, is_clinical};

/// Loads what is shown beside a session, to clinicians also what stands in the way of its next step.
fn shown(tx: &mut Gather<'_>, held: Held, session: Session) -> Result<SessionShown> {
    let patient = tx.patient_labels(&[session.patient_id])?.pop().ok_or(StoreError::NotFound)?;
    let escorts = tx.escorts(&[session.id])?;
    let clinical = is_clinical(tx.actor());
    let blocked_by = if clinical { tx.in_the_way(held, &session)? } else { Vec::new() };
    Ok(SessionShown::of(Shown { session, patient, escorts, blocked_by, in_a_list: false }, clinical))
}

/// Ends a unit with a session's new state.
fn record<P: Permission>(tx: &mut Writer<'_, P>, held: Held, step: Step) -> Result<Recorded> {
    let version = step.session.version;
    let events = step.events;
    let view = shown(tx, held, step.session)?;
    let reply = super::reply::ok(version, &view)?;
    Ok(tx.record(events, reply))
}

/// Where a session can be read.
fn location(id: SessionId) -> String {
    format!("/api/v1/sessions/{id}")
}

/// Everything here; the board before the path with an id, which would take its name for one.
pub fn endpoints() -> Vec<Endpoint> {
    [board::endpoints(), booking::endpoints(), reading::endpoints(), desk::endpoints(), handover::endpoints()]
        .into_iter()
        .flatten()
        .collect()
}
