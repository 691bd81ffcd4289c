//! The release: the prescriber's order.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::deed;
use super::order_views::{OrderBody, OrderView};
use crate::access::permission::SignOrder;
use crate::access::role::Role;
use crate::domain::act;
use crate::domain::id::SessionId;
use crate::domain::order::Order;
use crate::store::{Proof, Store, Written};
use actix_web::web::Data;

/// Releases a session by ordering it.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/release", tag = "visits", operation_id = "visits_release", summary = "Release a session: sign its order",
    params(("id" = SessionId, Path, description = "The session")), request_body = OrderBody,
    responses((status = 201, description = "The order", body = OrderView)))]
pub async fn release(act: Act<SignOrder, OrderBody>, Id(id): Id<SessionId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let visit = session.visit();
        visit.is_of(body.patient_id)?;
        let (deed, second) = deed(tx, body.cosignature.as_deref(), &session)?;
        let shape = body.shape()?;
        let form = body.into_form(shape);
        let mut facts = tx.order_facts(held, &session, form.weight_basis)?;
        facts.second_prescribes = second.is_some_and(|second| second.roles.hold_any(&[Role::Prescriber]));
        // The state first: an order for a session that is over is no question of limits.
        let step = session.released(act::Act::now(deed.by.staff, deed.at), Vec::new())?;
        let (order, event) = Order::sign(tx.new_id(), visit, form, &facts, deed)?;
        tx.save_step(&step)?;
        tx.insert_order(&order)?;
        let reply = reply::created(format!("/api/v1/sessions/{id}/visit"), order.number, &OrderView::of(&order))?;
        let review = order.review().map(|review| tx.open_task(review)).transpose()?.flatten();
        Ok(tx.record(std::iter::once(event).chain(step.events).chain(review).collect(), reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded release]
}
