//! Checkpoints of the trail, and the short proofs that lead to them. A root is no secret: whoever holds a copy of a
//! checkpoint is a witness.

use super::extract::{Act, NoBody, Query};
use super::page;
use super::problem::Problem;
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::notary::Notary;
use crate::access::permission::{ProveTrail, ReadCheckpoints, SignCheckpoint};
use crate::access::permit::Permit;
use crate::domain::audit_entry::hex;
use crate::domain::merkle::{self, Hash};
use crate::domain::time::Timestamp;
use crate::store::{SignedCheckpoint, Store, StoreError, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which page of the checkpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckpointQuery {
    /// Only those about fewer entries: `next_below` of the page before.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    below: Option<u32>,
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// Which entry, under which checkpoint.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InclusionQuery {
    /// The entry's number.
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_i64, example = 1)]
    seq: u32,
    /// The size of the checkpoint; the newest if none is named.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    size: Option<u32>,
}

/// Between which checkpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// The size of the older one: the copy you hold.
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_i64, example = 1)]
    from: u32,
    /// The size of the newer one; the newest if none is named.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    size: Option<u32>,
}

/// A signed checkpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkpoint)]
pub struct CheckpointView {
    /// How many entries it is about.
    #[schema(example = 418)]
    size: i64,
    /// The root over their leaves (RFC 6962), hexadecimal.
    #[schema(example = "d23e50ddae199132c05721e48675aefa5aaf8c9014c7890b03c2e84f1020ee44")]
    root_sha256: String,
    /// The signed note (C2SP `tlog-checkpoint`, Ed25519): keep a copy of it somewhere else.
    note: String,
    signed_at: Timestamp,
}

/// One page of checkpoints, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckpointPage)]
pub struct CheckpointPageView {
    items: Vec<CheckpointView>,
    /// Where the next page begins; null on the last.
    next_below: Option<i64>,
    /// What a verifier of these notes is given; keep a copy of it apart from the trail.
    verifier_key: String,
}

/// That an entry is the one at its place under a checkpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InclusionProof)]
pub struct InclusionView {
    seq: i64,
    /// SHA-256 of a zero byte and the entry's body.
    leaf_sha256: String,
    checkpoint: CheckpointView,
    /// The hashes from the leaf to the root, the nearest first (RFC 6962 2.1.1).
    proof_sha256: Vec<String>,
}

/// That the trail under one checkpoint begins with the trail of another size.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsistencyProof)]
pub struct ConsistencyView {
    /// The older size.
    from: i64,
    /// The root of the trail at that size as it is now; the copy you hold must say the same.
    from_root_sha256: String,
    checkpoint: CheckpointView,
    /// The hashes that lead from the one to the other (RFC 6962 2.1.2).
    proof_sha256: Vec<String>,
}

impl CheckpointView {
    /// The wire form of a checkpoint.
    pub(super) fn of(checkpoint: SignedCheckpoint) -> Self {
        let SignedCheckpoint { size, root, note, signed_at } = checkpoint;
        Self { size, root_sha256: hex(&root), note, signed_at }
    }
}

/// Hashes in hexadecimal.
pub(super) fn texts(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(|hash| hex(hash)).collect()
}

/// Signs what the trail has become; the newest checkpoint when nothing was added since.
#[utoipa::path(post, path = "/api/v1/audit/checkpoints", tag = "audit", operation_id = "audit_checkpoints_sign",
    summary = "Sign a checkpoint of the trail", request_body = NoBody,
    responses((status = 200, description = "The checkpoint", body = CheckpointView)))]
pub async fn sign(act: Act<SignCheckpoint, NoBody>, store: Data<Store>, notary: Data<Notary>) -> Answer<Written> {
    let Act { permit, once, .. } = act;
    let written = store.write(permit, once, move |tx| {
        let checkpoint = tx.sign_checkpoint(&notary)?;
        let reply = reply::plain(&CheckpointView::of(checkpoint))?;
        Ok(tx.record(Vec::new(), reply))
    });
    Ok(written.await?)
}

/// Lists the checkpoints of the clinic's trail, newest first, with the key that verifies them.
#[utoipa::path(get, path = "/api/v1/audit/checkpoints", tag = "audit", operation_id = "audit_checkpoints_list",
    summary = "List checkpoints of the trail", params(CheckpointQuery),
    responses((status = 200, description = "Checkpoints", body = CheckpointPageView)))]
pub async fn list(
    permit: Permit<ReadCheckpoints>,
    Query(query): Query<CheckpointQuery>,
    store: Data<Store>,
    notary: Data<Notary>,
) -> Answer {
    let limit = page::limit(query.limit)?;
    let below = query.below.map(i64::from);
    let (found, clinic) = store.read(permit, move |tx| Ok((tx.checkpoints(below, limit)?, tx.clinic()))).await?;
    let full = found.len() == usize::from(limit);
    let next_below = found.last().filter(|_| full).map(|last| last.size);
    let items = found.into_iter().map(CheckpointView::of).collect();
    reply::listed(&CheckpointPageView { items, next_below, verifier_key: notary.verifier_key(clinic) })
}

/// Proves that one entry is in the trail at its place, without showing any other.
#[utoipa::path(get, path = "/api/v1/audit/inclusion-proof", tag = "audit", operation_id = "audit_inclusion_proof",
    summary = "Prove that an entry is in the trail", params(InclusionQuery),
    responses((status = 200, description = "The proof", body = InclusionView)))]
pub async fn inclusion(permit: Permit<ProveTrail>, Query(query): Query<InclusionQuery>, store: Data<Store>) -> Answer {
    let seq = i64::from(query.seq);
    let index = usize::try_from(query.seq).ok().and_then(|seq| seq.checked_sub(1));
    let index = index.ok_or_else(|| Problem::malformed("/seq", "entries are numbered from 1"))?;
    let size = query.size.map(i64::from);
    let view = store.read(permit, move |tx| {
        let checkpoint = tx.checkpoint(size)?;
        let leaves = tx.leaves(checkpoint.size)?;
        let leaf = leaves.get(index).ok_or(StoreError::NotFound)?;
        let proof = merkle::inclusion(&leaves, index).ok_or(StoreError::NotFound)?;
        let checkpoint = CheckpointView::of(checkpoint);
        Ok(InclusionView { seq, leaf_sha256: hex(leaf), checkpoint, proof_sha256: texts(&proof) })
    });
    reply::listed(&view.await?)
}

/// Proves that the trail under a checkpoint begins with the one whose checkpoint you hold: nothing older was changed.
#[utoipa::path(get, path = "/api/v1/audit/consistency-proof", tag = "audit", operation_id = "audit_consistency_proof",
    summary = "Prove that the trail only grew", params(ConsistencyQuery),
    responses((status = 200, description = "The proof", body = ConsistencyView)))]
pub async fn consistency(
    permit: Permit<ProveTrail>,
    Query(query): Query<ConsistencyQuery>,
    store: Data<Store>,
) -> Answer {
    let from = i64::from(query.from);
    let old = usize::try_from(query.from).ok().filter(|old| *old > 0);
    let old = old.ok_or_else(|| Problem::malformed("/from", "a checkpoint is about one entry at least"))?;
    let size = query.size.map(i64::from);
    let view = store.read(permit, move |tx| {
        let checkpoint = tx.checkpoint(size)?;
        let leaves = tx.leaves(checkpoint.size)?;
        let before = merkle::root(leaves.get(..old).ok_or(StoreError::NotFound)?);
        let proof = merkle::consistency(&leaves, old).ok_or(StoreError::NotFound)?;
        let checkpoint = CheckpointView::of(checkpoint);
        Ok(ConsistencyView { from, from_root_sha256: hex(&before), checkpoint, proof_sha256: texts(&proof) })
    });
    reply::listed(&view.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded sign, guarded list, guarded inclusion, guarded consistency]
}
