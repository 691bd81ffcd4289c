//! The visit around the infusion: pre-check, release (the order), preparation, start, discharge, settlement, close.
//!
//! Chairside bodies name the patient; one that names another than the session's is refused (decisions.md 12).

mod leave;
mod order;
mod order_views;
mod precheck;
mod preparation;
mod presence;
mod readiness;
mod settlement;
mod start;

use super::Endpoint;
use crate::access::permission::Permission;
use crate::access::role::Role;
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::session::Session;
use crate::domain::visit::Deed;
use crate::store::{Result, Signature, Writer};

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    [
        precheck::endpoints(),
        order::endpoints(),
        preparation::endpoints(),
        start::endpoints(),
        leave::endpoints(),
        settlement::endpoints(),
        readiness::endpoints(),
        presence::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The actor's deed about a session, with the second person whose token came along. Who signs, signs the visit as it is
/// stored before the deed.
fn deed<P: Permission>(
    tx: &mut Writer<'_, P>,
    cosignature: Option<&str>,
    session: &Session,
) -> Result<(Deed, Option<Signature>)> {
    if P::SIGNED || cosignature.is_some() {
        tx.shows_visit(session)?;
    }
    let second = cosignature.map(|token| tx.cosignature(token, session.id)).transpose()?;
    let deed = Deed { by: tx.person()?, second: second.as_ref().map(|signature| signature.person), at: tx.now() };
    Ok((deed, second))
}

/// Whether the actor is a prescriber.
fn prescribes<P: Permission>(tx: &Writer<'_, P>) -> bool {
    tx.actor().is_some_and(|actor| actor.roles().hold_any(&[Role::Prescriber]))
}

/// What only a prescriber may do.
fn prescriber_only(event: &'static str, rule: &'static str, words: &str) -> Refusal {
    Refusal::Blocked { event, by: vec![Unmet::new("prescriber_only", rule, words)] }
}
