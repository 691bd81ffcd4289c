//! Signatures on consents.

use super::rows::digest;
use crate::domain::consent::{
    Authority, Capacity, CapacityStatement, ItemAnswer, ItemId, ItemReply, SignMethod, Signature, SignerRole,
};
use crate::domain::id::{AccountId, ClinicId, ConsentId, SignatureId, StaffId};
use crate::domain::route::Person;
use crate::domain::time::Timestamp;
use crate::store::column::Json;
use crate::store::error::{Result, StoreError};
use crate::store::schema::consents::consent_signatures;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_signatures)]
pub(super) struct SignatureRow {
    clinic_id: ClinicId,
    id: SignatureId,
    consent_id: ConsentId,
    role: SignerRole,
    method: SignMethod,
    name: String,
    staff_id: Option<StaffId>,
    account_id: Option<AccountId>,
    authority: Option<String>,
    capacity: Option<Capacity>,
    document_sha256: Vec<u8>,
    image: Option<Vec<u8>>,
    signed_at: Timestamp,
    authority_kind: Option<Authority>,
    relationship: Option<String>,
    language: Option<String>,
    capacity_statement: Option<Json>,
    items: Option<Json>,
    recorded_at: Option<Timestamp>,
}

/// A capacity statement as it is kept.
#[derive(Serialize, Deserialize)]
struct Stated {
    understands: bool,
    appreciates: bool,
    reasons: bool,
    expresses: bool,
    unsedated: bool,
    note: Option<String>,
}

/// An answer as it is kept: the item, the answer, the initials.
type Answered = (String, String, Option<String>);

fn statement_to(statement: &CapacityStatement) -> Result<Json> {
    let CapacityStatement { understands, appreciates, reasons, expresses, unsedated, note } = statement.clone();
    Ok(Json::of(&Stated { understands, appreciates, reasons, expresses, unsedated, note })?)
}

fn statement_of(json: &Json) -> Result<CapacityStatement> {
    let Stated { understands, appreciates, reasons, expresses, unsedated, note } = json.read()?;
    Ok(CapacityStatement { understands, appreciates, reasons, expresses, unsedated, note })
}

fn replies_to(items: &[ItemReply]) -> Result<Json> {
    let kept = |item: &ItemReply| (item.id.as_str(), item.answer.as_str(), item.initials.clone());
    Ok(Json::of(&items.iter().map(kept).collect::<Vec<_>>())?)
}

fn replies_of(json: &Json) -> Result<Vec<ItemReply>> {
    let broken = |error: crate::domain::UnknownWord| StoreError::Broken(format!("answer to an item: {error}"));
    let reply = |(id, answer, initials): Answered| {
        let (id, answer) = (ItemId::parse(&id).map_err(broken)?, ItemAnswer::parse(&answer).map_err(broken)?);
        Ok(ItemReply { id, answer, initials })
    };
    json.read::<Vec<Answered>>()?.into_iter().map(reply).collect()
}

impl SignatureRow {
    pub(super) fn into_signature(self) -> Result<Signature> {
        Ok(Signature {
            id: self.id,
            consent: self.consent_id,
            role: self.role,
            method: self.method,
            name: self.name,
            person: self.staff_id.zip(self.account_id).map(|(staff, account)| Person { staff, account }),
            authority: self.authority,
            capacity: self.capacity,
            document_sha256: digest(&self.document_sha256)?,
            image: self.image,
            signed_at: self.signed_at,
            authority_kind: self.authority_kind,
            relationship: self.relationship,
            language: self.language,
            statement: self.capacity_statement.as_ref().map(statement_of).transpose()?,
            items: self.items.as_ref().map(replies_of).transpose()?.unwrap_or_default(),
            recorded_at: self.recorded_at,
        })
    }
}

impl Gather<'_> {
    /// The signatures of a consent, in the order they were given.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consent_signatures(&mut self, consent: ConsentId) -> Result<Vec<Signature>> {
        let rows = consent_signatures::table
            .filter(consent_signatures::clinic_id.eq(self.clinic()))
            .filter(consent_signatures::consent_id.eq(consent))
            .order((consent_signatures::signed_at, consent_signatures::id))
            .select(SignatureRow::as_select())
            .load(self.connection)?;
        rows.into_iter().map(SignatureRow::into_signature).collect()
    }
}

impl Gather<'_> {
    /// The signatures of these ids.
    pub(in crate::store) fn signatures_by_id(&mut self, ids: &[SignatureId]) -> Result<Vec<Signature>> {
        let rows = by_id!(self, consent_signatures, SignatureRow, ids);
        rows.into_iter().map(SignatureRow::into_signature).collect()
    }
}

impl Change<'_> {
    /// Keeps a signature.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Duplicate`] when the role signed at the same time.
    pub fn insert_consent_signature(&mut self, signature: &Signature) -> Result<()> {
        let row = SignatureRow {
            clinic_id: self.clinic(),
            id: signature.id,
            consent_id: signature.consent,
            role: signature.role,
            method: signature.method,
            name: signature.name.clone(),
            staff_id: signature.person.map(|person| person.staff),
            account_id: signature.person.map(|person| person.account),
            authority: signature.authority.clone(),
            capacity: signature.capacity,
            document_sha256: signature.document_sha256.0.to_vec(),
            image: signature.image.clone(),
            signed_at: signature.signed_at,
            authority_kind: signature.authority_kind,
            relationship: signature.relationship.clone(),
            language: signature.language.clone(),
            capacity_statement: signature.statement.as_ref().map(statement_to).transpose()?,
            items: Some(replies_to(&signature.items)?),
            recorded_at: signature.recorded_at,
        };
        diesel::insert_into(consent_signatures::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
