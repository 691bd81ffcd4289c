//! Consent: forms, presenting and signing them, withdrawing, and the question whether one is in force.

mod circumstances;
mod dossier;
mod drawing;
mod forms;
mod inquiry;
mod paper;
mod present;
mod report;
mod signing;
mod views;
mod withdrawal;

use super::Endpoint;
use crate::domain::consent::{Activation, Consent, ConsentState, missing};
use crate::domain::digest::Sha256;
use crate::store::{Gather, Held, StoreError};
use serde::Deserialize;
use utoipa::IntoParams;
use views::ConsentRecordView;

/// Which page of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items of a page; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Where the page begins, as the last page said.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// The items of this page, and the key of its last one when there are more.
fn cut<T, K>(mut found: Vec<T>, limit: u16, key: impl Fn(&T) -> K) -> (Vec<T>, Option<K>) {
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let last = found.last().filter(|_| more).map(key);
    (found, last)
}

/// A consent as it stands: with its signatures, and what keeps a draft from coming into force.
fn record_view(tx: &mut Gather<'_>, consent: &Consent, held: Held) -> Result<ConsentRecordView, StoreError> {
    let signatures = tx.consent_signatures(consent.id)?;
    let (_, bytes) = tx.consent_document(consent.id)?;
    let intact = Sha256::of(&bytes) == consent.document_sha256;
    let gaps = if consent.state() == ConsentState::Draft {
        let (versions, zone) = (tx.versions_of_form(&consent.form.code)?, tx.zone()?);
        let influence = tx.influence_on(consent.patient, held)?;
        let facts = Activation {
            signatures: &signatures,
            versions: &versions,
            active: &[],
            influence: &influence,
            zone: &zone,
        };
        missing(consent, &facts, tx.now())
    } else {
        Vec::new()
    };
    Ok(ConsentRecordView::of(consent, &signatures, intact, &gaps, tx.now()))
}

/// Everything here. `/consents/check` and `/consents/expiring` come before `/consents/{id}`.
pub fn endpoints() -> Vec<Endpoint> {
    let lists = [
        forms::endpoints(),
        inquiry::endpoints(),
        dossier::endpoints(),
        report::endpoints(),
        circumstances::endpoints(),
        present::endpoints(),
        signing::endpoints(),
        withdrawal::endpoints(),
    ];
    lists.into_iter().flatten().collect()
}
