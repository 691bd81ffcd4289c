//! Presenting a form to a patient, reading consents and their documents, taking back a draft.

use super::super::extract::{Act, Id, Query, expect_version};
use super::super::page::{self, Cursors};
use super::super::print;
use super::super::problem::Problem;
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::paper::Printed;
use super::views::{ConsentCardView, ConsentRecordView, ConsentView};
use super::{PageQuery, cut, record_view};
use crate::access::permission::{ListConsents, ListExpiringConsents, PresentConsent, ReadConsent, VoidConsent};
use crate::access::permit::Permit;
use crate::domain::consent::{Consent, EXPIRES_SOON_DAYS, Made, NewConsent, Scope, Shown, document};
use crate::domain::digest::Sha256;
use crate::domain::icd10::Icd10;
use crate::domain::id::{ConsentId, ConsentTemplateId, PatientId, TreatmentPlanId};
use crate::domain::quantity::MicrogramsPerKilogram;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::route::Route;
use crate::store::{Reader, Store, StoreError, Written};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a consent will cover.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsentScope)]
pub struct ScopeBody {
    /// The ways the drug may be given.
    #[schema(example = json!(["iv"]), min_items = 1, max_items = 2)]
    pub routes: Vec<Route>,
    /// The most ketamine in one visit, for each kilogram of the weight of that day.
    #[schema(example = "1.0")]
    pub max_dose_mg_per_kg: MicrogramsPerKilogram,
    /// ICD-10-CM codes; a category covers the codes below it.
    #[schema(example = json!(["G43.7"]), min_items = 1, max_items = 20)]
    pub indications: Vec<String>,
    /// The plan it is given for.
    pub plan_id: Option<TreatmentPlanId>,
}

/// A form to present to a patient.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsent)]
pub struct PresentBody {
    /// The form version; the one in effect.
    pub template_id: ConsentTemplateId,
    /// What it will cover.
    pub scope: ScopeBody,
    /// The language it is explained in; absent: the patient's.
    #[schema(example = "en", max_length = 35)]
    pub spoken_language: Option<String>,
    /// Whether an interpreter is needed; absent: as the patient's record says. Another language than the form's
    /// always needs one.
    pub interpreter_needed: Option<bool>,
}

impl ScopeBody {
    fn parse(self) -> Result<Scope, Refusal> {
        let mut errors = FieldErrors::none();
        let mut indications = Vec::new();
        for (index, code) in self.indications.iter().enumerate() {
            match Icd10::parse(code) {
                Ok(code) => indications.push(code),
                Err(error) => errors.add(format!("/scope/indications/{index}"), "icd10", error.to_string()),
            }
        }
        errors.finish()?;
        Ok(Scope { routes: self.routes, max_dose: self.max_dose_mg_per_kg, indications, plan: self.plan_id })
    }
}

/// Presents a form to a patient: the document is fixed here, byte for byte.
#[utoipa::path(post, path = "/api/v1/patients/{id}/consents", tag = "consents", operation_id = "consents_present",
    summary = "Present a consent form", params(("id" = PatientId, Path, description = "The patient")),
    request_body = PresentBody, responses((status = 201, description = "Presented, not signed", body = ConsentView)))]
pub async fn present(
    act: Act<PresentConsent, PresentBody>,
    Id(patient): Id<PatientId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_patient(patient)?;
        let scope = body.scope.parse()?;
        let (patient, form) = (tx.patient(patient)?, tx.consent_form(body.template_id)?);
        if let Some(plan) = scope.plan
            && tx.patient_of_plan(plan)? != patient.id
        {
            return Err(Refusal::clash(Clash::PatientMismatch, "The plan is another patient's.").into());
        }
        let versions = tx.versions_of_form(&form.content.code)?;
        let ((clinic, _), name) = (tx.clinic_settings()?, patient.display_name());
        let shown = Shown { clinic: &clinic, patient: &name, birth_date: patient.who.birth_date, at: tx.now() };
        let bytes = document(&form, &scope, shown);
        let new = NewConsent {
            patient: patient.id,
            scope,
            spoken_language: body.spoken_language.unwrap_or(patient.who.language),
            interpreter_needed: body.interpreter_needed.unwrap_or(patient.who.interpreter_needed),
            document_sha256: Sha256::of(&bytes),
        };
        let made = Made { id: tx.new_id(), by: tx.person()?.staff, at: tx.now() };
        let (consent, event) = Consent::draft(&form, &versions, new, made)?;
        tx.insert_consent(&consent, bytes)?;
        let view = ConsentView::of(&consent, tx.now());
        let reply = reply::created(format!("/api/v1/consents/{}", consent.id), consent.version, &view)?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// One page of consents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentPage)]
pub struct ConsentPageView {
    items: Vec<ConsentCardView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Lists a patient's consents in every state, newest first.
#[utoipa::path(get, path = "/api/v1/patients/{id}/consents", tag = "consents", operation_id = "consents_list",
    summary = "List a patient's consents", params(("id" = PatientId, Path, description = "The patient"), PageQuery),
    responses((status = 200, description = "The consents, newest first", body = ConsentPageView)))]
pub async fn list(
    permit: Permit<ListConsents>,
    Id(patient): Id<PatientId>,
    Query(page): Query<PageQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let name = format!("consents of {patient}");
    let (limit, after) = (page::limit(page.limit)?, cursors.read(&name, page.cursor.as_deref())?);
    let (found, now) = store
        .read(permit, move |tx| {
            let patient = tx.patient(patient)?;
            Ok((tx.consents_of(patient.id, after, limit)?, tx.now()))
        })
        .await?;
    let (found, last) = cut(found, limit, |consent| (consent.drafted.1, consent.id));
    let next_cursor = last.and_then(|last| cursors.write(&name, &last));
    let items = found.iter().map(|consent| ConsentCardView::of(consent, now)).collect();
    reply::listed(&ConsentPageView { items, next_cursor })
}

/// What the list of ending consents is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndingQuery {
    /// Days from now; 30 without it.
    #[param(minimum = 1, maximum = 400)]
    within_days: Option<u16>,
    /// Items of a page; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Where the page begins, as the last page said.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// Lists active consents whose time runs out soon, the soonest first.
#[utoipa::path(get, path = "/api/v1/consents/expiring", tag = "consents", operation_id = "consents_expiring",
    summary = "List consents that expire soon", params(EndingQuery),
    responses((status = 200, description = "The consents, soonest first", body = ConsentPageView)))]
pub async fn expiring(
    permit: Permit<ListExpiringConsents>,
    Query(query): Query<EndingQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let days = query.within_days.map_or(EXPIRES_SOON_DAYS, i64::from);
    if !(1..=400).contains(&days) {
        return Err(Problem::malformed("/within_days", "must be between 1 and 400"));
    }
    let name = format!("consents ending within {days}");
    let (limit, after) = (page::limit(query.limit)?, cursors.read(&name, query.cursor.as_deref())?);
    let (found, now) = store
        .read(permit, move |tx| {
            let until = tx.now().plus_minutes(days * 24 * 60);
            Ok((tx.consents_ending_before(until, after, limit)?, tx.now()))
        })
        .await?;
    let ending = |consent: &Consent| (consent.validity.map_or(now, |validity| validity.until), consent.id);
    let (found, last) = cut(found, limit, ending);
    let next_cursor = last.and_then(|last| cursors.write(&name, &last));
    let items = found.iter().map(|consent| ConsentCardView::of(consent, now)).collect();
    reply::listed(&ConsentPageView { items, next_cursor })
}

/// Reads a consent with its signatures, the state of its document, and what keeps a draft from coming into force.
#[utoipa::path(get, path = "/api/v1/consents/{id}", tag = "consents", operation_id = "consents_read",
    summary = "Read a consent", params(("id" = ConsentId, Path, description = "The consent")),
    responses((status = 200, description = "The consent", body = ConsentRecordView)))]
pub async fn read(permit: Permit<ReadConsent>, Id(id): Id<ConsentId>, store: Data<Store>) -> Answer {
    let (version, view) = store
        .read(permit, move |tx| {
            let (consent, held) = (tx.consent(id)?, tx.snapshot());
            tx.showed("consent", id, consent.version);
            Ok((consent.version, record_view(tx, &consent, held)?))
        })
        .await?;
    reply::shown(version, &view)
}

/// How a document is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConsentDocumentFormat)]
pub enum DocumentFormat {
    /// The exact bytes that were shown and signed.
    #[default]
    Text,
    /// A page to print, with answers, signatures, hash and everything that happened since.
    Html,
    /// The same as a file.
    Pdf,
}

/// How the document is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentQuery {
    /// `text` (default), `html` or `pdf`.
    #[param(inline)]
    format: Option<DocumentFormat>,
}

/// The document exactly as it was shown and signed, byte for byte; or on paper, with its answers, signatures, hash and
/// everything that happened to it since. The same consent gives the same bytes.
#[utoipa::path(get, path = "/api/v1/consents/{id}/document", tag = "consents", operation_id = "consents_document",
    summary = "Read the document of a consent", params(("id" = ConsentId, Path, description = "The consent"), DocumentQuery),
    responses((status = 200, description = "The document",
        content((String = "text/plain; charset=utf-8"), (String = "text/html; charset=utf-8"), (String = "application/pdf")),
        headers(("X-Document-Sha256" = String, description = "The hash that the signatures are bound to")))))]
pub async fn read_document(
    permit: Permit<ReadConsent>,
    Id(id): Id<ConsentId>,
    Query(query): Query<DocumentQuery>,
    store: Data<Store>,
) -> Answer {
    let format = query.format.unwrap_or_default();
    let (sha256, media_type, bytes) = store
        .read(permit, move |tx| {
            let (consent, (media_type, bytes)) = (tx.consent(id)?, tx.consent_document(id)?);
            tx.showed("consent", id, consent.version);
            let sha256 = consent.document_sha256;
            if format == DocumentFormat::Text {
                return Ok((sha256, media_type, bytes));
            }
            let sheet = sheet(tx, &consent, &bytes)?;
            Ok(match format {
                DocumentFormat::Pdf => (sha256, "application/pdf".to_owned(), print::pdf(&sheet)),
                _ => (sha256, "text/html; charset=utf-8".to_owned(), print::html(&sheet).into_bytes()),
            })
        })
        .await?;
    let ending = match format {
        DocumentFormat::Text => "txt",
        DocumentFormat::Html => "html",
        DocumentFormat::Pdf => "pdf",
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, media_type));
    answer.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    answer.insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"consent-{id}.{ending}\"")));
    answer.insert_header(("x-document-sha256", sha256.to_string()));
    if format == DocumentFormat::Html {
        answer.insert_header((header::CONTENT_SECURITY_POLICY, print::policy()));
    }
    Ok(answer.body(bytes))
}

/// What is printed of a consent.
fn sheet(tx: &mut Reader<'_, ReadConsent>, consent: &Consent, bytes: &[u8]) -> Result<print::Sheet, StoreError> {
    let (held, zone, form) = (tx.snapshot(), tx.zone()?, tx.consent_form(consent.form.id)?);
    let signatures = tx.consent_signatures(consent.id)?;
    let mut withdrawals = tx.withdrawals_of(&[consent.patient], held)?;
    withdrawals.retain(|one| one.consent == consent.id);
    let printed = Printed {
        consent,
        form: &form,
        document: bytes,
        signatures: &signatures,
        withdrawals: &withdrawals,
        zone: &zone,
        now: tx.now(),
    };
    Ok(printed.sheet())
}

/// Why a draft is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VoidConsent)]
pub struct VoidBody {
    /// Why.
    #[schema(example = "presented to the wrong patient", min_length = 1, max_length = 500)]
    reason: String,
}

/// Takes back a draft that was made in error. A consent that was in force is withdrawn or replaced, never voided.
#[utoipa::path(post, path = "/api/v1/consents/{id}/void", tag = "consents", operation_id = "consents_void",
    summary = "Take back a draft", params(("id" = ConsentId, Path, description = "The consent")), request_body = VoidBody,
    responses((status = 200, description = "Voided", body = ConsentView)))]
pub async fn void(act: Act<VoidConsent, VoidBody>, Id(id): Id<ConsentId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, version, body } = act;
    let written = store.write(permit, once, move |tx| {
        let patient = tx.patient_of_consent(id)?;
        tx.lock_patient(patient)?;
        let draft = tx.consent(id)?;
        expect_version(version, draft.version)?;
        let (consent, event) = draft.void(&body.reason, tx.now())?;
        tx.update_consent(&consent)?;
        let reply = reply::ok(consent.version, &ConsentView::of(&consent, tx.now()))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything about presenting and reading.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded present, guarded expiring, guarded read, guarded read_document, guarded void]
}
