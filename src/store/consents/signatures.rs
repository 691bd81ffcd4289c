//! Signatures on consents.

use super::rows::digest;
use crate::domain::consent::{Capacity, SignMethod, Signature, SignerRole};
use crate::domain::id::{AccountId, ClinicId, ConsentId, SignatureId, StaffId};
use crate::domain::route::Person;
use crate::domain::time::Timestamp;
use crate::store::error::Result;
use crate::store::schema::consents::consent_signatures;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_signatures)]
struct SignatureRow {
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
}

impl SignatureRow {
    fn into_signature(self) -> Result<Signature> {
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
        };
        diesel::insert_into(consent_signatures::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
