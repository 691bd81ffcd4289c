//! What consents and signatures look like on the wire.

use super::super::problem::UnmetView;
use crate::domain::consent::{
    Authority, Capacity, CapacityStatement, Consent, ConsentState, ConsentType, Ending, FormRef, ItemAnswer, ItemId,
    ItemReply, SignMethod, Signature, SignerRole,
};
use crate::domain::icd10::Icd10;
use crate::domain::id::{ConsentId, ConsentTemplateId, PatientId, SignatureId, StaffId, TreatmentPlanId};
use crate::domain::quantity::MicrogramsPerKilogram;
use crate::domain::refusal::Unmet;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The form version a consent is on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentFormRef)]
pub struct FormRefView {
    /// Its id.
    pub id: ConsentTemplateId,
    /// The name all versions share.
    pub code: String,
    /// Its number.
    pub form_version: i64,
    /// SHA-256 of its text.
    pub sha256: String,
    /// Language of its text.
    pub language: String,
}

impl FormRefView {
    pub(super) fn of(form: &FormRef) -> Self {
        Self {
            id: form.id,
            code: form.code.clone(),
            form_version: form.form_version,
            sha256: form.sha256.to_string(),
            language: form.language.clone(),
        }
    }
}

/// What a consent covers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentScope)]
pub struct ScopeView {
    /// The ways the drug may be given.
    pub routes: Vec<Route>,
    /// The most ketamine in one visit, for each kilogram of the weight of that day.
    pub max_dose_mg_per_kg: MicrogramsPerKilogram,
    /// ICD-10-CM codes; a category covers the codes below it.
    #[schema(example = json!(["G43.7"]))]
    pub indications: Vec<String>,
    /// The plan it was given for.
    pub plan_id: Option<TreatmentPlanId>,
}

/// An answer to one item of the form.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentItemReply)]
pub struct ItemReplyView {
    /// Which.
    pub id: ItemId,
    /// Yes or no; a no is kept like a yes.
    pub answer: ItemAnswer,
    /// The patient's initials, where the form asks for them.
    #[schema(example = "AR", max_length = 10)]
    pub initials: Option<String>,
}

impl ItemReplyView {
    fn of(reply: &ItemReply) -> Self {
        Self { id: reply.id, answer: reply.answer, initials: reply.initials.clone() }
    }

    /// The answer of a body.
    pub fn into_reply(self) -> ItemReply {
        ItemReply { id: self.id, answer: self.answer, initials: self.initials }
    }
}

/// Whether the patient can decide, as the explaining prescriber found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentCapacityStatement)]
pub struct CapacityStatementView {
    /// Understands what was explained.
    pub understands: bool,
    /// Sees that it is about their own situation.
    pub appreciates: bool,
    /// Weighs one way against another.
    pub reasons: bool,
    /// Expresses a choice, and keeps to it.
    pub expresses: bool,
    /// Has had no ketamine and no sedative today, at home either.
    pub unsedated: bool,
    /// In the prescriber's words.
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

impl CapacityStatementView {
    fn of(statement: &CapacityStatement) -> Self {
        let CapacityStatement { understands, appreciates, reasons, expresses, unsedated, note } = statement.clone();
        Self { understands, appreciates, reasons, expresses, unsedated, note }
    }

    /// The statement of a body.
    pub fn into_statement(self) -> CapacityStatement {
        let Self { understands, appreciates, reasons, expresses, unsedated, note } = self;
        CapacityStatement { understands, appreciates, reasons, expresses, unsedated, note }
    }
}

/// One signature.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentSignature)]
pub struct SignatureView {
    /// Its id.
    pub id: SignatureId,
    /// In which part.
    pub role: SignerRole,
    /// How.
    pub method: SignMethod,
    /// The name, as printed when it was signed.
    pub name: String,
    /// The member of staff, when one signed.
    pub staff_id: Option<StaffId>,
    /// What it means.
    #[schema(example = "witnessed signature")]
    pub meaning: String,
    /// The paper that gives a surrogate the right; the interpreter's qualification or number.
    pub authority: Option<String>,
    /// By what right a surrogate decides.
    pub authority_kind: Option<Authority>,
    /// What a surrogate is to the patient.
    pub relationship: Option<String>,
    /// The language an interpreter speaks with the patient.
    pub language: Option<String>,
    /// What was answered one by one.
    pub items: Vec<ItemReplyView>,
    /// SHA-256 of the document that was signed.
    pub document_sha256: String,
    /// SHA-256 of the drawing.
    pub image_sha256: Option<String>,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// When it was entered; null for an entry from before this was kept.
    pub recorded_at: Option<Timestamp>,
    /// Whether it was entered long after it was signed.
    pub back_dated: bool,
}

impl SignatureView {
    /// The wire form of a signature.
    pub fn of(signature: &Signature) -> Self {
        Self {
            id: signature.id,
            role: signature.role,
            method: signature.method,
            name: signature.name.clone(),
            staff_id: signature.person.map(|person| person.staff),
            meaning: signature.role.meaning().to_owned(),
            authority: signature.authority.clone(),
            authority_kind: signature.authority_kind,
            relationship: signature.relationship.clone(),
            language: signature.language.clone(),
            items: signature.items.iter().map(ItemReplyView::of).collect(),
            document_sha256: signature.document_sha256.to_string(),
            image_sha256: signature.image_sha256().map(|hash| hash.to_string()),
            signed_at: signature.signed_at,
            recorded_at: signature.recorded_at,
            back_dated: signature.is_back_dated(),
        }
    }
}

/// The explaining prescriber's finding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentCapacity)]
pub struct CapacityView {
    /// What was found.
    pub finding: Capacity,
    /// From what; null for an entry from before this was kept.
    pub statement: Option<CapacityStatementView>,
    /// By whom.
    pub by: Option<StaffId>,
    /// When.
    pub at: Timestamp,
}

/// A patient's consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// Its id.
    pub id: ConsentId,
    /// Counts its changes.
    pub version: i64,
    /// The label, as of this answer. Whether it is in force for something is asked at `/consents/check`.
    pub state: ConsentState,
    /// What it is consent to.
    pub consent_type: ConsentType,
    /// Whose it is.
    pub patient_id: PatientId,
    /// The form version it is on.
    pub template: FormRefView,
    /// What it covers.
    pub scope: ScopeView,
    /// The language it is explained in.
    pub spoken_language: String,
    /// Whether an interpreter has to sign.
    pub interpreter_needed: bool,
    /// SHA-256 of the document exactly as it is shown and signed.
    pub document_sha256: String,
    /// When it came into force.
    pub valid_from: Option<Timestamp>,
    /// The first instant at which it is no longer valid.
    pub valid_until: Option<Timestamp>,
    /// When a withdrawal was said: from then on it is not in force.
    pub withdrawn_at: Option<Timestamp>,
    /// The newer consent that took its place.
    pub superseded_by: Option<ConsentId>,
    /// Why a draft was taken back.
    pub void_reason: Option<String>,
    /// Who presented it.
    pub drafted_by: StaffId,
    /// When.
    pub drafted_at: Timestamp,
    /// What may be done to it now.
    #[schema(example = json!(["add_signature", "sign", "void"]))]
    pub allowed_acts: Vec<String>,
}

impl ConsentView {
    /// The wire form of a consent, labelled as of `now`.
    pub fn of(consent: &Consent, now: Timestamp) -> Self {
        let scope = &consent.scope;
        let (mut withdrawn_at, mut superseded_by, mut void_reason) = (None, None, None);
        match &consent.ending {
            Some(Ending::Withdrawn { at, .. }) => withdrawn_at = Some(*at),
            Some(Ending::Superseded { by, .. }) => superseded_by = Some(*by),
            Some(Ending::Voided { reason, .. }) => void_reason = Some(reason.clone()),
            Some(Ending::Expired { .. }) | None => {}
        }
        Self {
            id: consent.id,
            version: consent.version,
            state: consent.state_at(now),
            consent_type: consent.consent_type,
            patient_id: consent.patient,
            template: FormRefView::of(&consent.form),
            scope: ScopeView {
                routes: scope.routes.clone(),
                max_dose_mg_per_kg: scope.max_dose,
                indications: scope.indications.iter().map(Icd10::to_string).collect(),
                plan_id: scope.plan,
            },
            spoken_language: consent.spoken_language.clone(),
            interpreter_needed: consent.interpreter_needed,
            document_sha256: consent.document_sha256.to_string(),
            valid_from: consent.validity.map(|validity| validity.from),
            valid_until: consent.validity.map(|validity| validity.until),
            withdrawn_at,
            superseded_by,
            void_reason,
            drafted_by: consent.drafted.0,
            drafted_at: consent.drafted.1,
            allowed_acts: consent.state_at(now).allowed().iter().map(|act| act.as_str().to_owned()).collect(),
        }
    }
}

/// A consent as lists show it, to the front desk too: no diagnosis, no dose.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentCard)]
pub struct ConsentCardView {
    /// Its id.
    pub id: ConsentId,
    /// Counts its changes.
    pub version: i64,
    /// The label, as of this answer.
    pub state: ConsentState,
    /// What it is consent to.
    pub consent_type: ConsentType,
    /// Whose it is.
    pub patient_id: PatientId,
    /// The form version it is on.
    pub template: FormRefView,
    /// When it was presented.
    pub drafted_at: Timestamp,
    /// When it came into force.
    pub valid_from: Option<Timestamp>,
    /// The first instant at which it is no longer valid.
    pub valid_until: Option<Timestamp>,
}

impl ConsentCardView {
    /// The card of a consent, labelled as of `now`.
    pub fn of(consent: &Consent, now: Timestamp) -> Self {
        Self {
            id: consent.id,
            version: consent.version,
            state: consent.state_at(now),
            consent_type: consent.consent_type,
            patient_id: consent.patient,
            template: FormRefView::of(&consent.form),
            drafted_at: consent.drafted.1,
            valid_from: consent.validity.map(|validity| validity.from),
            valid_until: consent.validity.map(|validity| validity.until),
        }
    }
}

/// A consent with its signatures, and what keeps a draft from coming into force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentRecord)]
pub struct ConsentRecordView {
    /// The consent.
    #[serde(flatten)]
    pub consent: ConsentView,
    /// Its signatures, in the order they were given.
    pub signatures: Vec<SignatureView>,
    /// The explaining prescriber's finding.
    pub capacity: Option<CapacityView>,
    /// Whether the stored document still has the hash that was signed.
    pub document_intact: bool,
    /// Everything that keeps a draft from coming into force; empty for any other.
    pub blocked_by: Vec<UnmetView>,
}

impl ConsentRecordView {
    /// The wire form of a consent with its signatures.
    pub fn of(consent: &Consent, signatures: &[Signature], intact: bool, missing: &[Unmet], now: Timestamp) -> Self {
        let explained = signatures.iter().find(|signature| signature.capacity.is_some());
        let capacity = explained.and_then(|signature| {
            let by = signature.person.map(|person| person.staff);
            let statement = signature.statement.as_ref().map(CapacityStatementView::of);
            signature.capacity.map(|finding| CapacityView { finding, statement, by, at: signature.signed_at })
        });
        Self {
            consent: ConsentView::of(consent, now),
            signatures: signatures.iter().map(SignatureView::of).collect(),
            capacity,
            document_intact: intact,
            blocked_by: missing.iter().map(UnmetView::of).collect(),
        }
    }
}
