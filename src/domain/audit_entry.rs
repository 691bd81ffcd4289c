//! One entry of a clinic's trail: its canonical bytes and the hash of its leaf (security.md 4.2, 4.3).
//!
//! The bytes are stored as they were hashed and never made again to be verified. They hold ids, words and hashes
//! only: a trail can go to an outside witness. Names and values stand in the detail, which is bound by a salted hash.

use super::id::{ClinicId, PatientId, RequestId};
use super::record::Record;
use super::time::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

words! {
    /// How an attempt ended.
    pub enum Outcome {
        /// It was done.
        Success = "success",
        /// The person may not do it.
        Denied = "denied",
        /// It was refused after facts had been loaded, or failed.
        Failed = "failed",
    }
}

/// Who did it, as the trail names them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditActor {
    /// The member of staff; none for a stranger, a job or the host.
    pub id: Option<Uuid>,
    /// The roles held at that moment, or the kind of principal.
    pub role: String,
    /// The sign-in it came through.
    pub session: Option<Uuid>,
    /// The address it came from.
    pub client_ip: Option<String>,
    /// The job or the host's user, where it was no member of staff.
    pub via: Option<String>,
}

/// What an entry says, before it has its number and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The instance that writes the trail.
    pub origin: String,
    /// The request, as echoed in `X-Request-Id`.
    pub request: RequestId,
    /// Who.
    pub actor: AuditActor,
    /// The clinic whose trail it is; none for the installation's own.
    pub clinic: Option<ClinicId>,
    /// The patient, when it is exactly one.
    pub patient: Option<PatientId>,
    /// What happened (an event's word), or for a read the permission that was used.
    pub action: String,
    /// The permission a change was made under; on the first entry of an act.
    pub permission: Option<&'static str>,
    /// How it ended.
    pub outcome: Outcome,
    /// The record: kind, id and version after the change.
    pub object: Option<(&'static str, Uuid, i64)>,
    /// SHA-256 of the canonical record after the change.
    pub record_sha256: Option<[u8; 32]>,
    /// The version of that form. Entries from before it was noted have none.
    pub record_v: Option<i64>,
    /// SHA-256 of the fact that was written beside the record: a line of history, what was done about an alert.
    pub fact_sha256: Option<[u8; 32]>,
    /// SHA-256 that binds the detail kept apart.
    pub detail_sha256: Option<[u8; 32]>,
    /// Why, where a reason was asked for.
    pub reason: Option<String>,
    /// Under what it was read, for example `audit_case/<id>`.
    pub purpose: Option<String>,
    /// `seq` of the first entry of the same act, when this is a consequence.
    pub cause: Option<i64>,
}

impl AuditEntry {
    /// The bytes that are hashed and stored. Optional fields are left out, `clinic_id` and `patient_id` are null.
    pub fn body(&self, seq: i64, at: Timestamp) -> Vec<u8> {
        let actor = Record::group()
            .with("id", self.actor.id)
            .with("role", self.actor.role.as_str())
            .with("session", self.actor.session)
            .with("client_ip", self.actor.client_ip.as_ref());
        let actor = some(actor, "via", self.actor.via.as_ref());
        let body = Record::group()
            .with("v", 1_i64)
            .with("seq", seq)
            .with("ts", micros(at))
            .with("origin", self.origin.as_str())
            .with("request_id", self.request)
            .with("actor", actor)
            .with("clinic_id", self.clinic)
            .with("patient_id", self.patient)
            .with("action", self.action.as_str())
            .with("outcome", self.outcome.as_str());
        let body = some(body, "permission", self.permission);
        let body = some(body, "object", self.object.map(|(kind, id, _)| format!("{kind}/{id}")));
        let body = some(body, "object_version", self.object.map(|(_, _, version)| version));
        let body = some(body, "record_sha256", self.record_sha256.map(|hash| hex(&hash)));
        let body = some(body, "record_v", self.record_v);
        let body = some(body, "fact_sha256", self.fact_sha256.map(|hash| hex(&hash)));
        let body = some(body, "detail_sha256", self.detail_sha256.map(|hash| hex(&hash)));
        let body = some(body, "reason", self.reason.as_ref());
        let body = some(body, "purpose", self.purpose.as_ref());
        some(body, "cause", self.cause).to_bytes()
    }
}

fn some(record: Record, key: &'static str, value: Option<impl Into<super::record::Canonical>>) -> Record {
    match value {
        Some(value) => record.with(key, value),
        None => record,
    }
}

/// The trail's own time form: microseconds, of which the last three are always zero.
pub fn micros(at: Timestamp) -> String {
    format!("{}000Z", at.to_string().trim_end_matches('Z'))
}

/// RFC 6962 leaf hash: `SHA-256(0x00 ‖ body)`.
pub fn leaf_hash(body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(body).finalize().into()
}

/// The hash that binds a detail: `SHA-256("chairside-audit-detail-v1" ‖ 0x00 ‖ salt ‖ json)`.
pub fn detail_hash(salt: &[u8; 16], json: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"chairside-audit-detail-v1\0").chain_update(salt).chain_update(json).finalize().into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            origin: "chairside.example".into(),
            request: RequestId(Uuid::nil()),
            actor: AuditActor {
                role: "stranger".into(),
                client_ip: Some("192.0.2.10".into()),
                ..AuditActor::default()
            },
            clinic: None,
            patient: None,
            action: "auth.signed_in".into(),
            permission: None,
            outcome: Outcome::Success,
            object: None,
            record_sha256: None,
            record_v: None,
            fact_sha256: None,
            detail_sha256: None,
            reason: None,
            purpose: None,
            cause: None,
        }
    }

    /// The three bodies and leaves of security.md 4.3, made by an independent reference.
    #[test]
    fn the_leaf_hash_matches_the_reference_vectors() {
        let bodies = [
            (
                r#"{"action":"auth.login","actor":{"client_ip":"192.0.2.10","id":"usr_7","role":"nurse","session":"ses_3"},"clinic_id":"cln_1","origin":"ksm.example/clinic-install-1","outcome":"success","patient_id":null,"request_id":"01JD0000000000000000000001","seq":1,"ts":"2026-11-21T23:00:00.000000Z","v":1}"#,
                "32e1431225edd4a53827c5ba8bffd529f735775cd610115657cfdd3d487f0b8c",
            ),
            (
                r#"{"action":"patient.read","actor":{"client_ip":"192.0.2.10","id":"usr_7","role":"nurse","session":"ses_3"},"clinic_id":"cln_1","origin":"ksm.example/clinic-install-1","outcome":"success","patient_id":"pat_9","request_id":"01JD0000000000000000000002","seq":2,"ts":"2026-11-21T23:00:01.000000Z","v":1}"#,
                "5a63efe7dfbf73aa1a34f0242b2286421c9c30c5f25ade4fe7017955a71852d6",
            ),
        ];
        for (body, leaf) in bodies {
            assert_eq!(hex(&leaf_hash(body.as_bytes())), leaf);
        }
    }

    #[test]
    fn a_body_is_canonical_and_leaves_out_what_is_absent() {
        let body = String::from_utf8(entry().body(7, Timestamp::parse("2026-11-21T23:00:00.5Z").unwrap())).unwrap();
        assert_eq!(
            body,
            r#"{"action":"auth.signed_in","actor":{"client_ip":"192.0.2.10","id":null,"role":"stranger","session":null},"clinic_id":null,"origin":"chairside.example","outcome":"success","patient_id":null,"request_id":"00000000-0000-0000-0000-000000000000","seq":7,"ts":"2026-11-21T23:00:00.500000Z","v":1}"#
        );
    }

    #[test]
    fn every_field_moves_the_leaf() {
        let at = Timestamp::from_millis(0);
        let changes: [fn(&mut AuditEntry); 12] = [
            |e| e.origin.push('x'),
            |e| e.request = RequestId(Uuid::max()),
            |e| e.actor.role.push('x'),
            |e| e.clinic = Some(ClinicId(Uuid::max())),
            |e| e.patient = Some(PatientId(Uuid::max())),
            |e| e.outcome = Outcome::Denied,
            |e| e.object = Some(("patient", Uuid::max(), 1)),
            |e| e.record_sha256 = Some([1; 32]),
            |e| e.record_v = Some(2),
            |e| e.fact_sha256 = Some([1; 32]),
            |e| e.purpose = Some("audit_case/x".into()),
            |e| e.cause = Some(1),
        ];
        let untouched = leaf_hash(&entry().body(1, at));
        for change in changes {
            let mut changed = entry();
            change(&mut changed);
            assert_ne!(leaf_hash(&changed.body(1, at)), untouched);
        }
        assert_ne!(leaf_hash(&entry().body(2, at)), untouched);
    }
}
