//! Consent forms: an administrator or prescriber drafts a version, a prescriber publishes it.

use super::super::extract::{Act, Id, NoBody, Query, expect_version};
use super::super::page::{self, Cursors};
use super::super::reply::{self, Answer};
use super::super::{Endpoint, endpoints};
use super::{PageQuery, cut};
use crate::access::permission::{DraftConsentForm, PublishConsentForm, ReadConsentForms};
use crate::access::permit::Permit;
use crate::domain::consent::{
    Clause, ClauseId, ConsentTemplate, ConsentType, Item, ItemId, Made, NewTemplate, TemplateState,
};
use crate::domain::id::{ConsentTemplateId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::{Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One clause of a form.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentClause)]
pub struct ClauseView {
    /// Which clause.
    pub id: ClauseId,
    /// The line of the text that begins it, exactly.
    #[schema(example = "4. Risks", max_length = 40_000)]
    pub heading: String,
}

/// What a form asks the patient one by one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentFormItem)]
pub struct ItemView {
    /// Which.
    pub id: ItemId,
    /// The line of the text that states it, exactly.
    #[schema(example = "Students or other observers may be present. I may say no. (Yes or no)", max_length = 40_000)]
    pub statement: String,
}

/// A version of a consent form.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentTemplate)]
pub struct FormView {
    /// Its id.
    pub id: ConsentTemplateId,
    /// Counts its changes.
    pub version: i64,
    /// The number of this version among those of the same code.
    pub form_version: i64,
    /// What it is consent to.
    pub consent_type: ConsentType,
    /// The name all versions of one form share.
    #[schema(example = "ketamine-off-label-en")]
    pub code: String,
    /// Title, as printed.
    pub title: String,
    /// Language of the text.
    #[schema(example = "en")]
    pub language: String,
    /// The exact text; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// SHA-256 of the exact bytes of the text.
    #[schema(min_length = 64, max_length = 64)]
    pub sha256: String,
    /// Its clauses.
    pub clauses: Vec<ClauseView>,
    /// What it asks the patient one by one.
    pub items: Vec<ItemView>,
    /// The version it says in another language.
    pub translates: Option<ConsentTemplateId>,
    /// Days a consent on it is valid.
    pub validity_days: i64,
    /// From when it may be used; absent: from its publication.
    pub effective_from: Option<Timestamp>,
    /// Until when it may be used.
    pub effective_until: Option<Timestamp>,
    /// Whether consents on older versions end when it takes effect.
    pub renews: bool,
    /// Draft or published.
    pub state: TemplateState,
    /// Who drafted it.
    pub drafted_by: StaffId,
    /// When.
    pub drafted_at: Timestamp,
    /// Who published it.
    pub published_by: Option<StaffId>,
    /// When.
    pub published_at: Option<Timestamp>,
}

impl ItemView {
    fn of(item: &Item) -> Self {
        Self { id: item.id, statement: item.statement.clone() }
    }
}

impl FormView {
    /// The form with its text.
    pub fn of(form: &ConsentTemplate) -> Self {
        Self { text: Some(form.content.text.clone()), ..Self::line(form) }
    }

    /// The form without its text, for a list.
    pub fn line(form: &ConsentTemplate) -> Self {
        let content = &form.content;
        let clause = |id, heading: &String| ClauseView { id, heading: heading.clone() };
        Self {
            id: form.id,
            version: form.version,
            form_version: form.form_version,
            consent_type: content.consent_type,
            code: content.code.clone(),
            title: content.title.clone(),
            language: content.language.clone(),
            text: None,
            sha256: form.sha256.to_string(),
            clauses: content.clauses.iter().map(|one| clause(one.id, &one.heading)).collect(),
            items: content.items.iter().map(ItemView::of).collect(),
            translates: content.translates.as_ref().map(|original| original.id),
            validity_days: content.validity_days,
            effective_from: content.effective_from,
            effective_until: content.effective_until,
            renews: content.renews,
            state: form.state,
            drafted_by: form.drafted.0,
            drafted_at: form.drafted.1,
            published_by: form.published.map(|(by, _)| by),
            published_at: form.published.map(|(_, at)| at),
        }
    }
}

/// A form version as its author writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsentTemplate)]
pub struct FormBody {
    /// What it is consent to.
    pub consent_type: ConsentType,
    /// The name all versions of one form share; the server numbers the versions.
    #[schema(example = "ketamine-off-label-en", pattern = "^[a-z0-9-]{1,60}$")]
    pub code: String,
    /// Title, as printed.
    #[schema(example = "Consent to treatment with ketamine", min_length = 1, max_length = 200)]
    pub title: String,
    /// Language of the text.
    #[schema(example = "en", max_length = 35)]
    pub language: String,
    /// The exact text, as it is shown and hashed.
    #[schema(example = "4. Risks\nCommon: dizziness, nausea ...", min_length = 1, max_length = 40_000)]
    pub text: String,
    /// Its clauses; a form is published only with all of them.
    #[serde(default)]
    #[schema(max_items = 40)]
    pub clauses: Vec<ClauseView>,
    /// What it asks the patient one by one; a form is published only with all of them.
    #[serde(default)]
    #[schema(max_items = 40)]
    pub items: Vec<ItemView>,
    /// The published version that this one says in another language. A translation takes its validity, its dates and
    /// whether it renews from there, and is in use no longer than it.
    pub translates: Option<ConsentTemplateId>,
    /// Days a consent on it is valid.
    #[schema(example = 365, minimum = 1, maximum = 366)]
    pub validity_days: i64,
    /// From when it may be used; absent: from its publication.
    pub effective_from: Option<Timestamp>,
    /// Until when it may be used; absent: until a newer version takes its place.
    pub effective_until: Option<Timestamp>,
    /// Whether the risk changed: then consents on older versions end when this one takes effect.
    #[serde(default)]
    pub renews: bool,
}

impl From<FormBody> for NewTemplate {
    fn from(body: FormBody) -> Self {
        Self {
            consent_type: body.consent_type,
            code: body.code,
            title: body.title,
            language: body.language,
            text: body.text,
            clauses: body.clauses.into_iter().map(|clause| Clause { id: clause.id, heading: clause.heading }).collect(),
            items: body.items.into_iter().map(|item| Item { id: item.id, statement: item.statement }).collect(),
            translates: None,
            validity_days: body.validity_days,
            effective_from: body.effective_from,
            effective_until: body.effective_until,
            renews: body.renews,
        }
    }
}

/// One page of form versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentTemplatePage)]
pub struct FormPage {
    /// Newest first, without their texts.
    items: Vec<FormView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Lists form versions, newest first.
#[utoipa::path(get, path = "/api/v1/consent-templates", tag = "consents", operation_id = "consent_templates_list",
    summary = "List consent forms", params(PageQuery),
    responses((status = 200, description = "Form versions, newest first, without their texts", body = FormPage)))]
pub async fn list_forms(
    permit: Permit<ReadConsentForms>,
    Query(page): Query<PageQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let (limit, after) = (page::limit(page.limit)?, cursors.read("consent-templates", page.cursor.as_deref())?);
    let found = store.read(permit, move |tx| tx.consent_forms(after, limit)).await?;
    let (found, last) = cut(found, limit, |form| (form.drafted.1, form.id));
    let next_cursor = last.and_then(|last| cursors.write("consent-templates", &last));
    reply::listed(&FormPage { items: found.iter().map(FormView::line).collect(), next_cursor })
}

/// Reads one form version with its exact text.
#[utoipa::path(get, path = "/api/v1/consent-templates/{id}", tag = "consents", operation_id = "consent_templates_read",
    summary = "Read a consent form", params(("id" = ConsentTemplateId, Path, description = "The form version")),
    responses((status = 200, description = "The form version", body = FormView)))]
pub async fn read_form(permit: Permit<ReadConsentForms>, Id(id): Id<ConsentTemplateId>, store: Data<Store>) -> Answer {
    let form = store.read(permit, move |tx| tx.consent_form(id)).await?;
    reply::shown(form.version, &FormView::of(&form))
}

/// Drafts the next version of a form. The server numbers the versions of one code.
#[utoipa::path(post, path = "/api/v1/consent-templates", tag = "consents", operation_id = "consent_templates_draft",
    summary = "Draft a consent form", request_body = FormBody,
    responses((status = 201, description = "Drafted", body = FormView)))]
pub async fn draft_form(act: Act<DraftConsentForm, FormBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_clinic()?;
        let original = body.translates;
        let mut new = NewTemplate::from(body);
        if let Some(original) = original {
            new = new.translating(&tx.consent_form(original)?)?;
        }
        let versions = tx.versions_of_form(&new.code)?;
        let own = versions.iter().filter(|form| form.content.code == new.code);
        let number = own.map(|form| form.form_version).max().unwrap_or(0) + 1;
        let made = Made { id: tx.new_id(), by: tx.person()?.staff, at: tx.now() };
        let (form, event) = ConsentTemplate::draft(new, number, made)?;
        tx.insert_consent_form(&form)?;
        let location = format!("/api/v1/consent-templates/{}", form.id);
        let reply = reply::created(location, form.version, &FormView::of(&form))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Publishes a form version: its bytes and hash never change again.
#[utoipa::path(post, path = "/api/v1/consent-templates/{id}/publish", tag = "consents",
    operation_id = "consent_templates_publish", summary = "Publish a consent form",
    params(("id" = ConsentTemplateId, Path, description = "The form version")), request_body = NoBody,
    responses((status = 200, description = "Published", body = FormView)))]
pub async fn publish_form(
    act: Act<PublishConsentForm, NoBody>,
    Id(id): Id<ConsentTemplateId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, version, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_clinic()?;
        let draft = tx.consent_form(id)?;
        expect_version(version, draft.version)?;
        let (form, event) = draft.publish(tx.person()?.staff, tx.now())?;
        tx.update_consent_form(&form)?;
        let reply = reply::ok(form.version, &FormView::of(&form))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything about forms.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list_forms, guarded draft_form, guarded read_form, guarded publish_form]
}
