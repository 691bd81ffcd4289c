//! Signing: each role adds its signature, then the prescriber brings the consent into force.

use super::super::extract::{Act, Id, NoBody, expect_version};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::record_view;
use super::views::{ConsentRecordView, SignatureView};
use crate::access::permission::{ActivateConsent, AddConsentSignature, Permission as _};
use crate::access::role::Role;
use crate::domain::consent::{
    Activation, Capacity, Consent, ConsentState, Made, NewSignature, SignMethod, SignerRole, StaffSigner, activate,
    sign,
};
use crate::domain::digest::Sha256;
use crate::domain::id::ConsentId;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::signature::Shown;
use crate::store::{Change, Store, StoreError, Written};
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use utoipa::ToSchema;

/// One signature. Staff sign with `reauth` and a token for this very document; everybody else drawn or typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsentSignature, example = json!({"role": "witness", "method": "reauth",
    "document_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "signing_token": "chst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct SignatureBody {
    /// In which part.
    role: SignerRole,
    /// How.
    method: SignMethod,
    /// SHA-256 of the document that was on the screen.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-fA-F]{64}$")]
    document_sha256: String,
    /// The printed name of a signer who is no member of staff.
    #[schema(example = "Ana Rivera", max_length = 200)]
    name: Option<String>,
    /// By what right a surrogate decides; the interpreter's qualification or number.
    #[schema(example = "health care proxy", max_length = 200)]
    authority: Option<String>,
    /// That a witness from outside is an adult and not related to the patient.
    #[serde(default)]
    unrelated_adult: bool,
    /// The explaining prescriber's finding, from the four questions: understand, appreciate, reason, choose.
    capacity: Option<Capacity>,
    /// A drawn signature, as PNG in base64.
    #[schema(max_length = 54_000)]
    image_base64: Option<String>,
    /// A signing token for `consent.signature.add` and this consent: the signer's own from `/auth/reauth`, or a second
    /// person's from `/cosignatures`.
    #[schema(max_length = 200)]
    signing_token: Option<String>,
}

impl SignatureBody {
    fn parse(self, staff: Option<StaffSigner>) -> Result<NewSignature, Refusal> {
        let mut errors = FieldErrors::none();
        let document_sha256 = Sha256::parse(&self.document_sha256);
        if document_sha256.is_none() {
            errors.add("/document_sha256", "format", "must be 64 hexadecimal digits");
        }
        let image = self.image_base64.as_deref().map(|text| STANDARD.decode(text));
        if matches!(image, Some(Err(_))) {
            errors.add("/image_base64", "format", "must be base64");
        }
        errors.finish()?;
        Ok(NewSignature {
            role: self.role,
            method: self.method,
            // A text that was no digest is refused above.
            document_sha256: document_sha256.unwrap_or(Sha256([0; 32])),
            staff,
            name: self.name,
            authority: self.authority,
            unrelated_adult: self.unrelated_adult,
            capacity: self.capacity,
            image: image.and_then(Result::ok),
        })
    }
}

/// Spends the signer's token: it has to be about this document.
fn signer(tx: &mut Change<'_>, token: &str, consent: &Consent) -> Result<StaffSigner, StoreError> {
    let signature = tx.cosignature(token, consent.id)?;
    if signature.subject_sha256.as_deref() != Some(consent.document_sha256.0.as_slice()) {
        return Err(Refusal::clash(Clash::ChangedSinceDisplay, "The token is about another document.").into());
    }
    tx.shows(Shown::Record(consent.document_sha256));
    let prescribes = signature.roles.hold(Role::Prescriber);
    Ok(StaffSigner { person: signature.person, name: signature.display_name, prescribes })
}

/// Adds one signature to a draft, in any order. Prescribers and nurses capture the patient's, the surrogate's and the
/// interpreter's; any active member but the explainer may witness.
#[utoipa::path(post, path = "/api/v1/consents/{id}/signatures", tag = "consents", operation_id = "consents_add_signature",
    summary = "Add a signature", params(("id" = ConsentId, Path, description = "The consent")), request_body = SignatureBody,
    responses((status = 201, description = "Signed", body = SignatureView)))]
pub async fn add_signature(
    act: Act<AddConsentSignature, SignatureBody>,
    Id(id): Id<ConsentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let clinical = tx.actor().is_some_and(|actor| actor.roles().clinical());
        if body.role != SignerRole::Witness && !clinical {
            return Err(StoreError::Forbidden(AddConsentSignature::ID));
        }
        let patient = tx.patient_of_consent(id)?;
        let held = tx.lock_patient(patient)?;
        let consent = tx.consent(id)?;
        let staff = match &body.signing_token {
            Some(token) => Some(signer(tx, token, &consent)?),
            None if body.method == SignMethod::Reauth => return Err(StoreError::ReauthRequired),
            None => None,
        };
        let new = body.parse(staff)?;
        let (present, influence) = (tx.consent_signatures(id)?, tx.influence_on(patient, held)?);
        let made = Made { id: tx.new_id(), by: tx.person()?.staff, at: tx.now() };
        let (signature, event) = sign(&consent, &present, new, &influence, made)?;
        tx.insert_consent_signature(&signature)?;
        let reply = reply::created(format!("/api/v1/consents/{id}"), 1, &SignatureView::of(&signature))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Brings a consent into force, and ends the one it replaces in the same act. A refusal names everything missing.
#[utoipa::path(post, path = "/api/v1/consents/{id}/sign", tag = "consents", operation_id = "consents_sign",
    summary = "Bring a consent into force", params(("id" = ConsentId, Path, description = "The consent")),
    request_body = NoBody, responses((status = 200, description = "In force", body = ConsentRecordView)))]
pub async fn activate_consent(
    act: Act<ActivateConsent, NoBody>,
    Id(id): Id<ConsentId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_consent(id)?;
        let held = tx.lock_patient(patient)?;
        let draft = tx.consent(id)?;
        expect_version(version, draft.version)?;
        let (signatures, versions) = (tx.consent_signatures(id)?, tx.versions_of_form(&draft.form.code)?);
        let (influence, zone) = (tx.influence_on(patient, held)?, tx.zone()?);
        let mut active = tx.all_consents(&[patient], held)?;
        active.retain(|other| other.state() == ConsentState::Active);
        let facts = Activation {
            signatures: &signatures,
            versions: &versions,
            active: &active,
            influence: &influence,
            zone: &zone,
        };
        let (consent, superseded, mut events) = activate(draft, &facts, tx.person()?.staff, tx.now())?;
        // The older one first: the database allows one active consent of a type at any instant.
        for older in &superseded {
            tx.update_consent(older)?;
            events.extend(tx.follow_consent(older)?);
        }
        tx.update_consent(&consent)?;
        events.extend(tx.follow_consent(&consent)?);
        let view = record_view(tx, &consent, held)?;
        let reply = reply::ok(consent.version, &view)?;
        Ok(tx.record(events, reply))
    });
    Ok(written.await?)
}

/// Everything about signing.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded add_signature, guarded activate_consent]
}
