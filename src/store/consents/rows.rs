//! The rows of consents and what they mean.

use crate::domain::consent::{
    Consent, ConsentState, ConsentType, Ending, FormRef, Item, ItemId, Scope, Translated, Validity,
};
use crate::domain::digest::Sha256;
use crate::domain::icd10::Icd10;
use crate::domain::id::{ClinicId, ConsentId, ConsentTemplateId, PatientId, StaffId, TreatmentPlanId};
use crate::domain::quantity::MicrogramsPerKilogram;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::store::column::Json;
use crate::store::error::{Result, StoreError};
use crate::store::schema::consents::{consent_templates, consent_translations, consents};
use diesel::prelude::*;

/// A consent's row.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = consents, primary_key(clinic_id, id), treat_none_as_null = true)]
pub(super) struct ConsentRow {
    clinic_id: ClinicId,
    id: ConsentId,
    version: i64,
    patient_id: PatientId,
    consent_type: ConsentType,
    state: ConsentState,
    template_id: ConsentTemplateId,
    routes: Json,
    max_dose_ug_per_kg: MicrogramsPerKilogram,
    indications: Json,
    plan_id: Option<TreatmentPlanId>,
    spoken_language: String,
    interpreter_needed: bool,
    document_sha256: Vec<u8>,
    drafted_by: StaffId,
    drafted_at: Timestamp,
    activated_by: Option<StaffId>,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    ending_recorded_at: Option<Timestamp>,
    superseded_by: Option<ConsentId>,
    void_reason: Option<String>,
}

/// What a consent knows of its form.
#[derive(Queryable, Selectable)]
#[diesel(table_name = consent_templates)]
pub(super) struct FormColumns {
    code: String,
    form_version: i64,
    text_sha256: Vec<u8>,
    language: String,
    validity_days: i64,
    items: Json,
}

/// The form version of which another is the translation.
#[derive(Queryable, Selectable)]
#[diesel(table_name = consent_translations)]
pub(super) struct OriginalColumns {
    original_id: ConsentTemplateId,
    original_code: String,
    original_form_version: i64,
}

impl OriginalColumns {
    pub(super) fn into_translated(self) -> Translated {
        Translated { id: self.original_id, code: self.original_code, form_version: self.original_form_version }
    }
}

/// What a form asks one by one.
pub(super) fn items_of(json: &Json) -> Result<Vec<Item>> {
    let items: Vec<(String, String)> = json.read()?;
    let item = |(id, statement): (String, String)| {
        let id = ItemId::parse(&id).map_err(|error| StoreError::Broken(format!("item of a form: {error}")))?;
        Ok(Item { id, statement })
    };
    items.into_iter().map(item).collect()
}

/// The same, to be kept.
pub(super) fn items_to(items: &[Item]) -> Result<Json> {
    Ok(Json::of(&items.iter().map(|item| (item.id.as_str(), item.statement.as_str())).collect::<Vec<_>>())?)
}

/// A consent's row, what it knows of its form, and of the form that one translates.
pub(super) type Loaded = (ConsentRow, FormColumns, Option<OriginalColumns>);

/// Thirty-two bytes, or the row is broken.
pub(super) fn digest(bytes: &[u8]) -> Result<Sha256> {
    bytes.try_into().map(Sha256).map_err(|_| StoreError::Broken("a digest is not 32 bytes long".into()))
}

impl ConsentRow {
    pub(super) fn of(clinic_id: ClinicId, consent: &Consent) -> Result<Self> {
        let (ended_at, ending_recorded_at, superseded_by, void_reason) = match &consent.ending {
            None => (None, None, None, None),
            Some(Ending::Withdrawn { at, recorded_at }) => (Some(*at), Some(*recorded_at), None, None),
            Some(Ending::Superseded { at, by }) => (Some(*at), None, Some(*by), None),
            Some(Ending::Expired { at }) => (Some(*at), None, None, None),
            Some(Ending::Voided { at, reason }) => (Some(*at), None, None, Some(reason.clone())),
        };
        let routes: Vec<&str> = consent.scope.routes.iter().map(|route| route.as_str()).collect();
        let indications: Vec<&str> = consent.scope.indications.iter().map(Icd10::as_str).collect();
        Ok(Self {
            clinic_id,
            id: consent.id,
            version: consent.version,
            patient_id: consent.patient,
            consent_type: consent.consent_type,
            state: consent.state(),
            template_id: consent.form.id,
            routes: Json::of(&routes)?,
            max_dose_ug_per_kg: consent.scope.max_dose,
            indications: Json::of(&indications)?,
            plan_id: consent.scope.plan,
            spoken_language: consent.spoken_language.clone(),
            interpreter_needed: consent.interpreter_needed,
            document_sha256: consent.document_sha256.0.to_vec(),
            drafted_by: consent.drafted.0,
            drafted_at: consent.drafted.1,
            activated_by: consent.validity.map(|validity| validity.by),
            valid_from: consent.validity.map(|validity| validity.from),
            valid_until: consent.validity.map(|validity| validity.until),
            ended_at,
            ending_recorded_at,
            superseded_by,
            void_reason,
        })
    }

    fn scope(&self) -> Result<Scope> {
        let broken = |error: &dyn std::fmt::Display| StoreError::Broken(format!("scope of a consent: {error}"));
        let routes: Vec<String> = self.routes.read()?;
        let codes: Vec<String> = self.indications.read()?;
        Ok(Scope {
            routes: routes
                .iter()
                .map(|word| Route::parse(word).map_err(|error| broken(&error)))
                .collect::<Result<_>>()?,
            max_dose: self.max_dose_ug_per_kg,
            indications: codes
                .iter()
                .map(|code| Icd10::parse(code).map_err(|error| broken(&error)))
                .collect::<Result<_>>()?,
            plan: self.plan_id,
        })
    }

    fn ending(&self) -> Result<Option<Ending>> {
        let broken = || StoreError::Broken("the end of a consent does not fit its state".into());
        let at = self.ended_at.ok_or_else(broken);
        Ok(match self.state {
            ConsentState::Draft | ConsentState::Active => None,
            ConsentState::Withdrawn => {
                Some(Ending::Withdrawn { at: at?, recorded_at: self.ending_recorded_at.ok_or_else(broken)? })
            }
            ConsentState::Superseded => {
                Some(Ending::Superseded { at: at?, by: self.superseded_by.ok_or_else(broken)? })
            }
            ConsentState::Expired => Some(Ending::Expired { at: at? }),
            ConsentState::Voided => {
                Some(Ending::Voided { at: at?, reason: self.void_reason.clone().ok_or_else(broken)? })
            }
        })
    }

    fn validity(&self) -> Option<Validity> {
        Some(Validity { from: self.valid_from?, until: self.valid_until?, by: self.activated_by? })
    }
}

/// The consent of a row and its form's columns.
pub(super) fn consent((row, form, original): Loaded) -> Result<Consent> {
    let own = (form.code.clone(), form.form_version);
    let family = original.map_or(own, |original| (original.original_code, original.original_form_version));
    Ok(Consent {
        id: row.id,
        version: row.version,
        patient: row.patient_id,
        consent_type: row.consent_type,
        form: FormRef {
            id: row.template_id,
            code: form.code,
            form_version: form.form_version,
            sha256: digest(&form.text_sha256)?,
            language: form.language,
            validity_days: form.validity_days,
            items: items_of(&form.items)?,
            family,
        },
        scope: row.scope()?,
        interpreter_needed: row.interpreter_needed,
        document_sha256: digest(&row.document_sha256)?,
        drafted: (row.drafted_by, row.drafted_at),
        validity: row.validity(),
        ending: row.ending()?,
        spoken_language: row.spoken_language,
    })
}
