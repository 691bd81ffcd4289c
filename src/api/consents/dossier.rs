//! The dossier of one consent: everything that is known about it as of an instant, as known at an instant, with the
//! proof that each entry about it is in the clinic's signed trail. One request.

use super::super::audit_events::EntryView;
use super::super::checkpoints::{CheckpointView, texts};
use super::super::extract::{Id, Query};
use super::super::problem::UnmetView;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::circumstances::CircumstanceView;
use super::forms::FormView;
use super::report::{Beside, LineView};
use super::views::{ConsentView, SignatureView};
use super::withdrawal::{ReportView, WithdrawalView};
use crate::access::permission::ReadConsentDossier;
use crate::access::permit::Permit;
use crate::domain::consent::{Consent, ConsentFacts, ConsentState, Signature, Start, review, standing};
use crate::domain::digest::Sha256;
use crate::domain::id::{ConsentId, StaffId};
use crate::domain::merkle;
use crate::domain::time::Timestamp;
use crate::store::{Gather, Held, Store, StoreError, StoredEntry};
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// As of when, and as known when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DossierQuery {
    /// The instant that is asked about; now without it.
    as_of: Option<Timestamp>,
    /// As it was known then: entries made later are left out. Without it, as known now.
    as_known_at: Option<Timestamp>,
}

/// The document exactly as it was shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentDossierDocument)]
pub struct DocumentView {
    /// What kind of bytes they are.
    media_type: String,
    /// The bytes, in base64.
    bytes_base64: String,
    /// SHA-256 of these bytes, computed for this answer.
    sha256: String,
    /// Whether that is the hash that was signed.
    intact: bool,
}

/// A signature with what was drawn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentDossierSignature)]
pub struct SignedView {
    /// The signature.
    #[serde(flatten)]
    signature: SignatureView,
    /// Whether it is bound to the stored document.
    bound: bool,
    /// What was drawn, as PNG in base64.
    image_base64: Option<String>,
}

/// An entry of the trail about this consent, with its proof.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentDossierEntry)]
pub struct ProvedEntryView {
    /// The entry.
    #[serde(flatten)]
    entry: EntryView,
    /// The hashes from its leaf to the root of the checkpoint, the nearest first (RFC 6962 2.1.1); null when it came
    /// after the checkpoint: sign another one.
    proof_sha256: Option<Vec<String>>,
}

/// Somebody who read this consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentViewing)]
pub struct ViewingView {
    /// Who.
    staff_id: Uuid,
    /// When.
    at: Timestamp,
    /// With which permission.
    action: String,
    /// The entry of the trail.
    seq: i64,
}

/// A member of staff who is named in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentDossierPerson)]
pub struct PersonView {
    /// Who.
    staff_id: StaffId,
    /// The name, as it is now; signatures carry the name of their day.
    display_name: String,
}

/// Everything about one consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentDossier)]
pub struct DossierView {
    /// The instant that was asked about.
    as_of: Timestamp,
    /// As known when.
    as_known_at: Timestamp,
    /// The consent as it is now.
    consent: ConsentView,
    /// The label as of the instant, as known then.
    state: ConsentState,
    /// Whether it bound at the instant, whatever it covers.
    in_force: bool,
    /// Every reason why not.
    blocked_by: Vec<UnmetView>,
    /// The document exactly as it was shown.
    document: DocumentView,
    /// The form version it is on.
    form: FormView,
    /// Its signatures.
    signatures: Vec<SignedView>,
    /// What the patient withdrew from.
    withdrawals: Vec<WithdrawalView>,
    /// Reports and wishes of the patient.
    withdrawal_reports: Vec<ReportView>,
    /// Changes in the patient's life that call for a new consent.
    circumstances: Vec<CircumstanceView>,
    /// Every session started since it came into force, with what was in force at its start.
    sessions: Vec<LineView>,
    /// What happened to it, entry by entry.
    history: Vec<ProvedEntryView>,
    /// Who read it. What was read before this was kept is found by the patient in the trail.
    viewed_by: Vec<ViewingView>,
    /// The members of staff who are named here.
    people: Vec<PersonView>,
    /// The newest signed checkpoint, which the proofs lead to; null when nothing was signed yet.
    checkpoint: Option<CheckpointView>,
}

/// The whole dossier of one consent as of an instant and as known at an instant, with proofs.
#[utoipa::path(get, path = "/api/v1/audit/consents/{id}/dossier", tag = "audit", operation_id = "consents_dossier",
    summary = "Read the dossier of a consent", params(("id" = ConsentId, Path, description = "The consent"), DossierQuery),
    responses((status = 200, description = "Everything known about it", body = DossierView)))]
pub async fn read(
    permit: Permit<ReadConsentDossier>,
    Id(id): Id<ConsentId>,
    Query(query): Query<DossierQuery>,
    store: Data<Store>,
) -> Answer {
    let view = store.read(permit, move |tx| {
        let (as_of, known_at) = (query.as_of.unwrap_or(tx.now()), query.as_known_at.unwrap_or(tx.now()));
        let consent = tx.consent(id)?;
        tx.showed("consent", id, consent.version);
        let held = tx.snapshot();
        dossier(tx, held, &consent, (as_of, known_at))
    });
    reply::listed(&view.await?)
}

fn dossier(
    tx: &mut Gather<'_>,
    held: Held,
    consent: &Consent,
    (as_of, known_at): (Timestamp, Timestamp),
) -> Result<DossierView, StoreError> {
    let facts = tx.consent_facts(consent.patient, held)?;
    let mut signatures = tx.consent_signatures(consent.id)?;
    signatures.retain(|one| one.is_known_at(known_at) && one.signed_at <= as_of);
    let (starts, zone) = (tx.starts_of_patient(held, consent.patient)?, tx.zone()?);
    let sessions = sessions(starts, consent, &facts, (as_of, known_at), (&signatures, &zone));
    let (history, viewed_by, checkpoint) = trail(tx, consent, &facts, &signatures, known_at)?;
    let gaps = standing(consent, &facts, as_of, known_at);
    let people = people(tx, consent, &signatures, &history, &viewed_by)?;
    let known = facts.withdrawals.iter().filter(|one| one.recorded_at <= known_at && one.said_at <= as_of);
    let reports = facts.reports.iter().filter(|one| one.recorded_at <= known_at && one.said_at <= as_of);
    let changes = facts.circumstances.iter().filter(|one| one.recorded_at <= known_at && one.began_at <= as_of);
    Ok(DossierView {
        as_of,
        as_known_at: known_at,
        consent: ConsentView::of(consent, tx.now()),
        state: consent.label_at(as_of, known_at),
        in_force: gaps.is_empty(),
        blocked_by: gaps.iter().map(UnmetView::of).collect(),
        document: document(tx, consent)?,
        form: FormView::of(&tx.consent_form(consent.form.id)?),
        signatures: signatures.iter().map(|one| signed(consent, one)).collect(),
        withdrawals: known.map(WithdrawalView::of).collect(),
        withdrawal_reports: reports.map(ReportView::of).collect(),
        circumstances: changes.map(CircumstanceView::of).collect(),
        sessions,
        history,
        viewed_by,
        people,
        checkpoint,
    })
}

fn document(tx: &mut Gather<'_>, consent: &Consent) -> Result<DocumentView, StoreError> {
    let (media_type, bytes) = tx.consent_document(consent.id)?;
    let sha256 = Sha256::of(&bytes);
    let intact = sha256 == consent.document_sha256;
    Ok(DocumentView { media_type, bytes_base64: STANDARD.encode(&bytes), sha256: sha256.to_string(), intact })
}

fn signed(consent: &Consent, signature: &Signature) -> SignedView {
    SignedView {
        signature: SignatureView::of(signature),
        bound: signature.document_sha256 == consent.document_sha256,
        image_base64: signature.image.as_ref().map(|image| STANDARD.encode(image)),
    }
}

/// The sessions started since it came into force, each reviewed.
fn sessions(
    starts: Vec<Start>,
    consent: &Consent,
    facts: &ConsentFacts,
    (as_of, known_at): (Timestamp, Timestamp),
    (signatures, zone): (&[Signature], &TimeZone),
) -> Vec<LineView> {
    let from = consent.validity.map(|validity| validity.from);
    let asked = starts.into_iter().filter(|start| {
        from.is_some_and(|from| from <= start.at) && start.at <= as_of && start.recorded_at <= known_at
    });
    let line = |start| {
        let reviewed = review(start, facts, known_at);
        LineView::of(&reviewed, &Beside::of(&reviewed, &facts.consents, signatures, zone))
    };
    asked.map(line).collect()
}

type Trail = (Vec<ProvedEntryView>, Vec<ViewingView>, Option<CheckpointView>);

/// What the trail says about this consent and everything that belongs to it: changes with their proofs, and reads.
fn trail(
    tx: &mut Gather<'_>,
    consent: &Consent,
    facts: &ConsentFacts,
    signatures: &[Signature],
    known_at: Timestamp,
) -> Result<Trail, StoreError> {
    let mut records = vec![consent.id.uuid(), consent.form.id.uuid()];
    records.extend(signatures.iter().map(|one| one.id.uuid()));
    records.extend(facts.withdrawals.iter().filter(|one| one.consent == consent.id).map(|one| one.id.uuid()));
    records.extend(facts.reports.iter().filter(|one| one.consent == Some(consent.id)).map(|one| one.id.uuid()));
    let entries = tx.trail_about(consent.patient, &records, known_at)?;
    // A change carries the hash of the record it made; what does not is a read.
    let (changes, reads): (Vec<StoredEntry>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.body.contains("\"record_sha256\":"));
    let viewed = reads.into_iter().filter_map(|entry| {
        let staff_id = entry.actor_id?.0;
        Some(ViewingView { staff_id, at: entry.at, action: entry.action, seq: entry.seq })
    });
    let checkpoint = match tx.checkpoint(None) {
        Ok(checkpoint) => Some(checkpoint),
        Err(StoreError::NotFound) => None,
        Err(error) => return Err(error),
    };
    let leaves = checkpoint.as_ref().map(|checkpoint| tx.leaves(checkpoint.size)).transpose()?.unwrap_or_default();
    let proved = |entry: StoredEntry| {
        let index = usize::try_from(entry.seq - 1).ok();
        let proof = index.and_then(|index| merkle::inclusion(&leaves, index));
        ProvedEntryView { proof_sha256: proof.map(|proof| texts(&proof)), entry: EntryView::of(entry) }
    };
    Ok((changes.into_iter().map(proved).collect(), viewed.collect(), checkpoint.map(CheckpointView::of)))
}

/// The names of everybody who presented, captured, signed, brought into force or read it.
fn people(
    tx: &mut Gather<'_>,
    consent: &Consent,
    signatures: &[Signature],
    history: &[ProvedEntryView],
    viewed_by: &[ViewingView],
) -> Result<Vec<PersonView>, StoreError> {
    let mut named: BTreeSet<Uuid> = BTreeSet::from([consent.drafted.0.uuid()]);
    named.extend(consent.validity.map(|validity| validity.by.uuid()));
    named.extend(signatures.iter().filter_map(|one| one.person).map(|person| person.staff.uuid()));
    named.extend(history.iter().filter_map(|entry| entry.entry.actor()));
    named.extend(viewed_by.iter().map(|viewing| viewing.staff_id));
    let members = tx.staff_members()?.into_iter().filter(|member| named.contains(&member.id.uuid()));
    Ok(members.map(|member| PersonView { staff_id: member.id, display_name: member.display_name }).collect())
}

/// The dossier.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded read]
}
