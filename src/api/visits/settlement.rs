//! Where the drug went.

use super::super::extract::{Act, Id};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::deed;
use crate::access::permission::SettleDrug;
use crate::domain::id::{PatientId, SessionId, SettlementId, StaffId};
use crate::domain::quantity::{Micrograms, Microlitres};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::settlement::{Books, DiscrepancyClass, GivenBasis, Settlement, SettlementForm, Tolerance};
use crate::domain::time::Timestamp;
use crate::store::{Proof, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was left and what became of it. Signed, and witnessed by a second person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSettlement, example = json!({
    "patient_id": "0190a5c0-0000-7000-8000-000000000001", "measured_waste_ml": "40",
    "waste_method": "denatured in pharmaceutical container",
    "signing_token": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "cosignature": "chst_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"}))]
pub struct SettlementBody {
    /// Whose drug.
    patient_id: PatientId,
    /// Volume infused, read from the pump.
    pump_volume_ml: Option<Microlitres>,
    /// What was left and destroyed, as measured.
    measured_waste_ml: Option<Microlitres>,
    /// How it was destroyed.
    #[schema(max_length = 100)]
    waste_method: Option<String>,
    /// Lost with something that broke, as estimated.
    breakage_mg: Option<Micrograms>,
    /// What kind of difference it is.
    discrepancy: Option<DiscrepancyClass>,
    /// Why.
    #[schema(max_length = 2000)]
    explanation: Option<String>,
    /// Number of the sealed bag, when no witness is there.
    #[schema(max_length = 60)]
    hold_bag: Option<String>,
    /// The settlement this one takes the place of.
    amends_id: Option<SettlementId>,
    /// Proof of presence.
    #[schema(max_length = 200)]
    signing_token: String,
    /// Proof of presence of the witness.
    #[schema(max_length = 200)]
    cosignature: Option<String>,
}

/// A settlement: prepared is given, wasted, broken and unexplained together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settlement)]
pub struct SettlementView {
    /// Its id.
    id: SettlementId,
    /// The session.
    session_id: SessionId,
    /// The settlement it takes the place of.
    amends_id: Option<SettlementId>,
    /// Drawn into all preparations.
    prepared_mg: Micrograms,
    /// Given by the charted record.
    charted_mg: Micrograms,
    /// Given, as booked.
    given_mg: Micrograms,
    /// Where that comes from.
    given_basis: GivenBasis,
    /// Wasted, as booked.
    wasted_mg: Micrograms,
    /// Wasted, as calculated.
    #[schema(example = 40000)]
    calculated_waste_mcg: i64,
    /// Measured less calculated.
    variance_mcg: Option<i64>,
    /// Lost by breakage.
    breakage_mg: Micrograms,
    /// Missing; below zero it is an overage.
    #[schema(example = 0)]
    unexplained_mcg: i64,
    /// What kind of difference it is.
    discrepancy: Option<DiscrepancyClass>,
    /// Whether pump and chart differ beyond the tolerance.
    pump_differs: bool,
    /// How the rest was destroyed.
    waste_method: Option<String>,
    /// Why.
    explanation: Option<String>,
    /// Number of the sealed bag.
    hold_bag: Option<String>,
    /// Whether the waste still waits for a witness.
    awaits_witness: bool,
    /// Whether the record changed since: settle again.
    outdated: bool,
    /// Who settled.
    recorded_by: StaffId,
    /// Who saw the waste.
    witness: Option<StaffId>,
    /// When.
    recorded_at: Timestamp,
}

impl SettlementView {
    /// Of a settlement, against the books of now.
    pub fn of(settled: &Settlement, now: Option<Books>) -> Self {
        let (form, booked) = (settled.form.clone(), settled.booked);
        Self {
            id: settled.id,
            session_id: settled.visit.session,
            amends_id: form.amends_id,
            prepared_mg: settled.books.prepared,
            charted_mg: settled.books.charted,
            given_mg: booked.given,
            given_basis: booked.given_basis,
            wasted_mg: booked.wasted,
            calculated_waste_mcg: booked.calculated_waste_ug,
            variance_mcg: booked.variance_ug,
            breakage_mg: booked.breakage,
            unexplained_mcg: booked.unexplained_ug,
            discrepancy: form.discrepancy,
            pump_differs: booked.pump_differs,
            waste_method: form.waste_method,
            explanation: form.explanation,
            hold_bag: form.hold_bag,
            awaits_witness: settled.awaits_witness(),
            outdated: now.is_some_and(|now| settled.difference_ug(now) != 0),
            recorded_by: settled.recorded_by,
            witness: settled.witness,
            recorded_at: settled.recorded_at,
        }
    }
}

impl From<SettlementBody> for SettlementForm {
    fn from(body: SettlementBody) -> Self {
        Self {
            pump_volume: body.pump_volume_ml,
            measured_waste: body.measured_waste_ml,
            waste_method: body.waste_method,
            breakage: body.breakage_mg,
            discrepancy: body.discrepancy,
            explanation: body.explanation,
            hold_bag: body.hold_bag,
            amends_id: body.amends_id,
        }
    }
}

/// Settles the drug of a visit.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/settlement", tag = "visits", operation_id = "visits_settle", summary = "Settle the drug of a visit",
    params(("id" = SessionId, Path, description = "The session")), request_body = SettlementBody,
    responses((status = 201, description = "The settlement", body = SettlementView)))]
pub async fn settle(
    act: Act<SettleDrug, SettlementBody>,
    Id(id): Id<SessionId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        let (held, session) = tx.lock_session(id)?;
        let visit = session.visit();
        visit.is_of(body.patient_id)?;
        if session.state.is_infusing() || session.is_locked() {
            return Err(Refusal::clash(
                Clash::WrongState,
                "the drug is settled when it has ended and before the record is locked",
            )
            .into());
        }
        let newest = tx.newest_settlement(visit)?;
        if newest.as_ref().map(|settled| settled.id) != body.amends_id {
            return Err(Refusal::clash(
                Clash::AlreadyDone,
                "the drug is settled already: name the newest settlement as amends_id",
            )
            .into());
        }
        let pinned = session.policy_id;
        let books = tx.infusion(session.clone(), held)?.books(tx.now());
        let books = books.ok_or_else(|| Refusal::clash(Clash::WrongState, "nothing was prepared in this session"))?;
        let policy = match pinned {
            Some(pinned) => tx.policy_version(pinned)?,
            None => tx.policy()?,
        };
        let (deed, _) = deed(tx, body.cosignature.as_deref(), &session)?;
        let against = (books, Tolerance::from(&policy.rules));
        let (settled, event) = Settlement::settle(tx.new_id(), visit, body.into(), against, deed)?;
        tx.insert_settlement(&settled)?;
        let mut events = vec![event];
        for work in settled.work(&policy.rules, deed.at) {
            events.extend(tx.open_task(work)?);
        }
        let view = SettlementView::of(&settled, Some(books));
        let reply = reply::created(format!("/api/v1/sessions/{id}/visit"), 1, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded settle]
}
