//! The clinic's policy: read it, approve a new version.

use super::extract::Act;
use super::reply::{self, Answer};
use super::signed::SignatureView;
use super::{Endpoint, endpoints};
use crate::access::permission::{ApprovePolicy, ReadPolicy};
use crate::access::permit::Permit;
use crate::access::role::Role;
use crate::domain::digest::Sha256;
use crate::domain::id::{PolicyId, StaffId};
use crate::domain::policy::{Approval, Change, Policy, Rules, ScoreSet, Stricter};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::signature::{ActSignature, Shown};
use crate::domain::time::Timestamp;
use crate::domain::waiver::Waivable;
use crate::store::{Proof, Store, StoreError, Writer, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Settings by group and name.
type Settings = BTreeMap<String, BTreeMap<String, i64>>;

/// A new version: what is left out stays as it is in force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPolicy, example = json!({"policy_id": "0190a5c0-0000-7000-8000-000000000020", "reason": "Two alarms too late in March", "settings": {"pressure": {"act_systolic": 160}}, "signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct ApproveBody {
    /// The version in force that is changed: it is what is signed.
    policy_id: PolicyId,
    /// Why.
    #[schema(max_length = 1000)]
    reason: String,
    /// The settings to change, by group and name.
    #[serde(default)]
    settings: Settings,
    /// The discharge score to use from now on.
    score_set: Option<ScoreSet>,
    /// From `/auth/reauth`, about `policy_id`.
    #[schema(max_length = 100)]
    signing_token: String,
    /// Another prescriber's, from `/cosignatures`: a looser version counts at once then.
    #[schema(max_length = 200)]
    cosignature: Option<String>,
}

/// One version of the policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyView {
    id: PolicyId,
    #[schema(example = 1)]
    version: i64,
    /// From when it counts: at once when it only makes the clinic stricter, else a day after its approval.
    effective_at: Timestamp,
    approved_at: Timestamp,
    /// Nobody for the version a clinic starts with.
    approved_by: Option<StaffId>,
    reason: Option<String>,
    score_set: ScoreSet,
    /// Every setting, in the order of its groups.
    settings: Vec<SettingView>,
    /// What presence is proved for when it is signed: send it as `subject_sha256`.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    record_sha256: String,
    /// Who signed it, when it is read; the answer of an act leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    signatures: Option<Vec<SignatureView>>,
}

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Setting)]
pub struct SettingView {
    #[schema(example = "pressure")]
    group: &'static str,
    #[schema(example = "act_systolic")]
    name: &'static str,
    #[schema(example = 165)]
    value: i64,
    /// What it means.
    #[schema(example = "Act from this systolic pressure on, in mmHg.")]
    meaning: &'static str,
    /// What a new clinic starts with.
    default: i64,
    least: i64,
    most: i64,
    /// Which way is stricter.
    stricter: Stricter,
    /// Where the default comes from, in the project's documents.
    #[schema(example = "clinical.md 4.2")]
    source: &'static str,
}

impl PolicyView {
    fn of(policy: &Policy) -> Self {
        let settings = Rules::TABLE.iter().map(|setting| SettingView {
            group: setting.group,
            name: setting.name,
            value: policy.rules.get(setting),
            meaning: setting.meaning.trim(),
            default: setting.default,
            least: setting.least,
            most: setting.most,
            stricter: setting.stricter,
            source: setting.source,
        });
        Self {
            id: policy.id,
            version: policy.version,
            effective_at: policy.effective_at,
            approved_at: policy.approved_at,
            approved_by: policy.approved_by,
            reason: policy.reason.clone(),
            score_set: policy.score_set,
            settings: settings.collect(),
            record_sha256: Sha256(policy.record().sha256()).to_string(),
            signatures: None,
        }
    }

    /// With its signatures.
    fn signed(self, all: &[ActSignature]) -> Self {
        Self { signatures: Some(SignatureView::about(all, self.id)), ..self }
    }
}

/// Reads the policy in force.
#[utoipa::path(get, path = "/api/v1/policy", tag = "protocols", operation_id = "policy_read", summary = "Read the policy in force",
    responses((status = 200, description = "The version in force", body = PolicyView)))]
pub async fn read(permit: Permit<ReadPolicy>, store: Data<Store>) -> Answer {
    let found = store.read(permit, |tx| {
        let policy = tx.policy()?;
        let signatures = tx.signatures_about([policy.id.uuid()])?;
        Ok((policy, signatures))
    });
    let (policy, signatures) = found.await?;
    reply::shown(policy.version, &PolicyView::of(&policy).signed(&signatures))
}

/// Approves a new version. What only makes the clinic stricter counts at once, and so does anything looser that two
/// prescribers approve; with a waiver one alone does, and then it counts a day later.
#[utoipa::path(post, path = "/api/v1/policy", tag = "protocols", operation_id = "policy_approve", summary = "Approve a new version of the policy",
    request_body = ApproveBody, responses((status = 201, description = "The new version", body = PolicyView)))]
pub async fn approve(act: Act<ApprovePolicy, ApproveBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, body.policy_id);
    let written = store.sign(permit, once, proof, move |tx| {
        tx.lock_clinic()?;
        let current = tx.policy()?;
        tx.shows(Shown::Record(Sha256(current.record().sha256())));
        if current.id != body.policy_id {
            return Err(StoreError::Stale { current_version: current.version });
        }
        let alone = !second_approves(tx, body.cosignature.as_deref(), current.id)?;
        let waived = tx.is_waived(Waivable::Policy)?;
        let approval = Approval {
            by: tx.person()?.staff,
            at: tx.now(),
            number: tx.newest_policy_number()? + 1,
            reason: body.reason,
            score_set: body.score_set,
            alone,
            waived,
        };
        let (next, event) = current.changed(tx.new_id(), approval, &changes(body.settings))?;
        tx.insert_policy(&next)?;
        let review = next.review().filter(|_| alone).map(|review| tx.open_task(review)).transpose()?.flatten();
        let reply = reply::created("/api/v1/policy".to_owned(), next.version, &PolicyView::of(&next))?;
        Ok(tx.record(std::iter::once(event).chain(review).collect(), reply))
    });
    Ok(written.await?)
}

/// Whether another prescriber approves as well.
fn second_approves(
    tx: &mut Writer<'_, ApprovePolicy>,
    cosignature: Option<&str>,
    policy: PolicyId,
) -> Result<bool, StoreError> {
    let Some(token) = cosignature else { return Ok(false) };
    let (second, person) = (tx.cosignature(token, policy)?, tx.person()?);
    if second.person.is(person) {
        return Err(Refusal::clash(Clash::SamePerson, "another prescriber approves it with you").into());
    }
    if second.roles.hold(Role::Prescriber) {
        return Ok(true);
    }
    Err(Refusal::invalid("/cosignature", "not_a_prescriber", "must be a prescriber's").into())
}

fn changes(settings: Settings) -> Vec<Change> {
    let of_group = |(group, values): (String, BTreeMap<String, i64>)| {
        values.into_iter().map(move |(name, value)| Change { group: group.clone(), name, value })
    };
    settings.into_iter().flat_map(of_group).collect()
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded read, guarded approve]
}
