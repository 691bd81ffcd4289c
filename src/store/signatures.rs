//! Signatures of staff: kept with the act, in the same unit, for every proof of presence that was spent in it.

use super::column::AnyId;
use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::signing::signatures;
use super::transaction::{Gather, Signature, Signed};
use super::unit::Ground;
use crate::access::permit::Principal;
use crate::domain::digest::Sha256;
use crate::domain::event::Event;
use crate::domain::id::{AccountId, ActSignatureId, ClinicId, LoginSessionId, PatientId, RequestId, StaffId};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::route::Person;
use crate::domain::signature::{ActSignature, MadeRecord, ProofMethod, SignatureMeaning};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use uuid::Uuid;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signatures)]
struct Row {
    clinic_id: ClinicId,
    id: ActSignatureId,
    request_id: RequestId,
    act: String,
    meaning: SignatureMeaning,
    method: ProofMethod,
    staff_id: StaffId,
    account_id: AccountId,
    display_name: String,
    roles: String,
    login_session_id: LoginSessionId,
    shown_id: AnyId,
    shown_sha256: Option<Vec<u8>>,
    record_kind: String,
    record_id: AnyId,
    record_version: i64,
    record_sha256: Option<Vec<u8>>,
    patient_id: Option<PatientId>,
    signed_at: Timestamp,
}

impl Row {
    fn of(clinic_id: ClinicId, signature: &ActSignature) -> Self {
        let ActSignature { person, made, .. } = signature;
        Self {
            clinic_id,
            id: signature.id,
            request_id: signature.request,
            act: signature.act.clone(),
            meaning: signature.meaning,
            method: signature.method,
            staff_id: person.staff,
            account_id: person.account,
            display_name: signature.display_name.clone(),
            roles: signature.roles.clone(),
            login_session_id: signature.login_session,
            shown_id: AnyId(signature.shown_id),
            shown_sha256: signature.shown_sha256.map(|hash| hash.0.to_vec()),
            record_kind: made.kind.clone(),
            record_id: AnyId(made.id),
            record_version: made.version,
            record_sha256: made.sha256.map(|hash| hash.0.to_vec()),
            patient_id: signature.patient,
            signed_at: signature.at,
        }
    }

    fn into_signature(self) -> Result<ActSignature> {
        Ok(ActSignature {
            id: self.id,
            request: self.request_id,
            act: self.act,
            meaning: self.meaning,
            method: self.method,
            person: Person { staff: self.staff_id, account: self.account_id },
            display_name: self.display_name,
            roles: self.roles,
            login_session: self.login_session_id,
            shown_id: self.shown_id.0,
            shown_sha256: self.shown_sha256.as_deref().map(digest).transpose()?,
            made: MadeRecord {
                kind: self.record_kind,
                id: self.record_id.0,
                version: self.record_version,
                sha256: self.record_sha256.as_deref().map(digest).transpose()?,
            },
            patient: self.patient_id,
            at: self.signed_at,
        })
    }
}

fn digest(bytes: &[u8]) -> Result<Sha256> {
    let digest = bytes.try_into().map(Sha256);
    digest.map_err(|_| StoreError::Broken("a stored digest has another length".into()))
}

/// Keeps a signature for each proof that was spent in the unit, about the record its first event names.
///
/// # Errors
/// [`StoreError::Refused`] when a proof was about something else than what is stored, `same_person` when one human
/// signed twice.
pub(super) fn keep(
    connection: &mut AnyConnection,
    ground: &Ground,
    signed: Signed,
    events: &[Event],
) -> Result<Vec<Event>> {
    let Signed { by, shown } = signed;
    if by.is_empty() {
        return Ok(Vec::new());
    }
    let shown =
        shown.ok_or_else(|| StoreError::Broken(format!("{} does not say which record is signed", ground.line.id)))?;
    for (index, proof) in by.iter().enumerate() {
        if by.iter().take(index).any(|earlier| earlier.person.is(proof.person)) {
            return Err(Refusal::clash(Clash::SamePerson, "two people sign this, not one twice").into());
        }
        shown.is_what_was_signed(proof.subject_sha256.as_deref())?;
    }
    // An act that changes no kept record, such as a link that is issued, is signed about what it was done to.
    let kept = events.iter().find(|event| event.record.is_some());
    let Some(event) = kept.or_else(|| events.first()) else { return Ok(Vec::new()) };
    let made = made(event);
    let signatures: Vec<ActSignature> =
        by.iter().map(|proof| signature(ground, proof, made.clone(), event.patient)).collect::<Result<_>>()?;
    for signature in &signatures {
        let row = Row::of(ground.clinic(), signature);
        diesel::insert_into(signatures::table).values(&row).execute(connection)?;
    }
    Ok(signatures.iter().map(ActSignature::given).collect())
}

fn made(event: &Event) -> MadeRecord {
    let subject = event.subject;
    let sha256 = event.record.as_ref().map(|record| Sha256(record.sha256()));
    MadeRecord { kind: subject.kind.to_owned(), id: subject.id, version: subject.version, sha256 }
}

fn signature(ground: &Ground, proof: &Signature, made: MadeRecord, patient: Option<PatientId>) -> Result<ActSignature> {
    let Principal::Staff(actor) = &ground.principal else { return Err(StoreError::Unauthenticated) };
    Ok(ActSignature {
        id: ground.clock.new_id(),
        request: ground.origin.request,
        act: ground.line.id.to_owned(),
        meaning: proof.meaning,
        method: proof.method,
        person: proof.person,
        display_name: proof.display_name.clone(),
        roles: proof.roles.to_string(),
        login_session: actor.login_session(),
        shown_id: proof.subject,
        shown_sha256: proof.subject_sha256.as_deref().map(digest).transpose()?,
        made,
        patient,
        at: ground.clock.now(),
    })
}

impl Gather<'_> {
    /// These signatures, for the verifier.
    pub(super) fn act_signatures_by_id(&mut self, ids: &[ActSignatureId]) -> Result<Vec<ActSignature>> {
        let rows = by_id!(self, signatures, Row, ids);
        rows.into_iter().map(Row::into_signature).collect()
    }

    /// Every signature about these records: given when one was shown, or for what was made of it. The oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn signatures_about(&mut self, records: impl IntoIterator<Item = Uuid>) -> Result<Vec<ActSignature>> {
        let records: Vec<AnyId> = records.into_iter().map(AnyId).collect();
        let rows: Vec<Row> = signatures::table
            .filter(signatures::clinic_id.eq(self.clinic()))
            .filter(signatures::shown_id.eq_any(records.clone()).or(signatures::record_id.eq_any(records)))
            .order((signatures::signed_at, signatures::id))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(Row::into_signature).collect()
    }
}
