//! What can be signed, and who signed it: the same two members wherever a signable record is shown.

use crate::domain::id::{ActSignatureId, StaffId};
use crate::domain::signature::{ActSignature, ProofMethod, SignatureMeaning};
use crate::domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One signature of a member of staff.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signature)]
pub struct SignatureView {
    id: ActSignatureId,
    /// The permission of the act that was signed.
    #[schema(example = "session.close")]
    act: String,
    /// What it stands for.
    meaning: SignatureMeaning,
    /// Who signed.
    staff_id: StaffId,
    /// The name as it was printed then.
    #[schema(example = "Lee, RN")]
    name: String,
    /// The roles held then.
    #[schema(example = "nurse")]
    roles: String,
    /// What presence was proved with.
    method: ProofMethod,
    /// When.
    signed_at: Timestamp,
    /// What kind of record the act made or changed.
    #[schema(example = "session")]
    record_kind: String,
    /// Its id.
    record_id: Uuid,
    /// Its version after the act.
    record_version: i64,
    /// The hash of its canonical form, as in the trail; none where the act changed no record that is kept.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    record_sha256: Option<String>,
    /// The hash of what was on the screen when presence was proved.
    shown_sha256: Option<String>,
    /// The request that carried the act, as in the trail.
    request_id: Uuid,
}

impl SignatureView {
    /// Of a stored signature.
    pub fn of(signature: &ActSignature) -> Self {
        Self {
            id: signature.id,
            act: signature.act.clone(),
            meaning: signature.meaning,
            staff_id: signature.person.staff,
            name: signature.display_name.clone(),
            roles: signature.roles.clone(),
            method: signature.method,
            signed_at: signature.at,
            record_kind: signature.made.kind.clone(),
            record_id: signature.made.id,
            record_version: signature.made.version,
            record_sha256: signature.made.sha256.map(|hash| hash.to_string()),
            shown_sha256: signature.shown_sha256.map(|hash| hash.to_string()),
            request_id: signature.request.uuid(),
        }
    }

    /// Of those about one of several records.
    pub fn about(signatures: &[ActSignature], record: impl Into<Uuid>) -> Vec<Self> {
        let record = record.into();
        let about = |signature: &&ActSignature| signature.shown_id == record || signature.made.id == record;
        signatures.iter().filter(about).map(Self::of).collect()
    }
}
