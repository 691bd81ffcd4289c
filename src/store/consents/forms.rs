//! Versions of consent forms.

use super::rows::digest;
use crate::domain::consent::{Clause, ClauseId, ConsentTemplate, ConsentType, NewTemplate, TemplateState};
use crate::domain::digest::Sha256;
use crate::domain::id::{ClinicId, ConsentTemplateId, StaffId};
use crate::domain::time::Timestamp;
use crate::store::column::Json;
use crate::store::error::{Result, StoreError};
use crate::store::schema::consents::consent_templates;
use crate::store::transaction::{Change, Gather, Held};
use diesel::prelude::*;

/// The last form of a page: its sort key and id.
pub type FormCursor = (Timestamp, ConsentTemplateId);

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = consent_templates, primary_key(clinic_id, id), treat_none_as_null = true)]
struct FormRow {
    clinic_id: ClinicId,
    id: ConsentTemplateId,
    version: i64,
    form_version: i64,
    consent_type: ConsentType,
    code: String,
    title: String,
    language: String,
    text: String,
    text_sha256: Vec<u8>,
    clauses: Json,
    validity_days: i64,
    effective_from: Option<Timestamp>,
    effective_until: Option<Timestamp>,
    renews: bool,
    state: TemplateState,
    drafted_by: StaffId,
    drafted_at: Timestamp,
    published_by: Option<StaffId>,
    published_at: Option<Timestamp>,
}

impl FormRow {
    fn of(clinic_id: ClinicId, form: &ConsentTemplate) -> Result<Self> {
        let content = &form.content;
        let clauses: Vec<(&str, &str)> =
            content.clauses.iter().map(|clause| (clause.id.as_str(), clause.heading.as_str())).collect();
        Ok(Self {
            clinic_id,
            id: form.id,
            version: form.version,
            form_version: form.form_version,
            consent_type: content.consent_type,
            code: content.code.clone(),
            title: content.title.clone(),
            language: content.language.clone(),
            text: content.text.clone(),
            text_sha256: form.sha256.0.to_vec(),
            clauses: Json::of(&clauses)?,
            validity_days: content.validity_days,
            effective_from: content.effective_from,
            effective_until: content.effective_until,
            renews: content.renews,
            state: form.state,
            drafted_by: form.drafted.0,
            drafted_at: form.drafted.1,
            published_by: form.published.map(|(by, _)| by),
            published_at: form.published.map(|(_, at)| at),
        })
    }

    fn into_form(self) -> Result<ConsentTemplate> {
        let clauses: Vec<(String, String)> = self.clauses.read()?;
        let clause = |(id, heading): (String, String)| {
            let id = ClauseId::parse(&id).map_err(|error| StoreError::Broken(format!("clause: {error}")))?;
            Ok(Clause { id, heading })
        };
        Ok(ConsentTemplate {
            id: self.id,
            version: self.version,
            form_version: self.form_version,
            sha256: digest(&self.text_sha256)?,
            state: self.state,
            drafted: (self.drafted_by, self.drafted_at),
            published: self.published_by.zip(self.published_at),
            content: NewTemplate {
                consent_type: self.consent_type,
                code: self.code,
                title: self.title,
                language: self.language,
                text: self.text,
                clauses: clauses.into_iter().map(clause).collect::<Result<_>>()?,
                validity_days: self.validity_days,
                effective_from: self.effective_from,
                effective_until: self.effective_until,
                renews: self.renews,
            },
        })
    }
}

impl Gather<'_> {
    /// A form version of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn consent_form(&mut self, id: ConsentTemplateId) -> Result<ConsentTemplate> {
        let row = consent_templates::table.find((self.clinic(), id)).select(FormRow::as_select());
        row.first(self.connection)?.into_form()
    }

    /// Form versions, newest first, `limit` and one more.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consent_forms(&mut self, after: Option<FormCursor>, limit: u16) -> Result<Vec<ConsentTemplate>> {
        let mut query = consent_templates::table
            .filter(consent_templates::clinic_id.eq(self.clinic()))
            .select(FormRow::as_select())
            .into_boxed();
        if let Some((at, id)) = after {
            let earlier = consent_templates::drafted_at.lt(at);
            let same = consent_templates::drafted_at.eq(at).and(consent_templates::id.lt(id));
            query = query.filter(earlier.or(same));
        }
        let order = (consent_templates::drafted_at.desc(), consent_templates::id.desc());
        let rows = query.order(order).limit(i64::from(limit) + 1).load(self.connection)?;
        rows.into_iter().map(FormRow::into_form).collect()
    }

    /// Every version of one form.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn versions_of_form(&mut self, code: &str) -> Result<Vec<ConsentTemplate>> {
        let rows = consent_templates::table
            .filter(consent_templates::clinic_id.eq(self.clinic()))
            .filter(consent_templates::code.eq(code))
            .order(consent_templates::form_version)
            .select(FormRow::as_select())
            .load(self.connection)?;
        rows.into_iter().map(FormRow::into_form).collect()
    }

    /// Published versions that end consents on older ones.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(super) fn renewing_forms(&mut self, _held: Held) -> Result<Vec<ConsentTemplate>> {
        let rows = consent_templates::table
            .filter(consent_templates::clinic_id.eq(self.clinic()))
            .filter(consent_templates::state.eq(TemplateState::Published))
            .filter(consent_templates::renews.eq(true))
            .select(FormRow::as_select())
            .load(self.connection)?;
        rows.into_iter().map(FormRow::into_form).collect()
    }
}

impl Gather<'_> {
    /// The form versions of these ids. One whose text is not the one that was published cannot be read.
    pub(in crate::store) fn forms_by_id(&mut self, ids: &[ConsentTemplateId]) -> Result<Vec<ConsentTemplate>> {
        let rows = by_id!(self, consent_templates, FormRow, ids);
        let whole = |row: FormRow| {
            let form = row.into_form()?;
            let whole = Sha256::of(form.content.text.as_bytes()) == form.sha256;
            if whole {
                Ok(form)
            } else {
                Err(StoreError::Broken("a form's text is not the one that was hashed".into()))
            }
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Change<'_> {
    /// Keeps a drafted form version.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when another tablet drafted this version number at the same time.
    pub fn insert_consent_form(&mut self, form: &ConsentTemplate) -> Result<()> {
        let row = FormRow::of(self.clinic(), form)?;
        diesel::insert_into(consent_templates::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a published form version; `form.version` is one more than the row's.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody published it since.
    pub fn update_consent_form(&mut self, form: &ConsentTemplate) -> Result<()> {
        let row = consent_templates::table.find((self.clinic(), form.id));
        let changed = diesel::update(row.filter(consent_templates::version.eq(form.version - 1)))
            .set(FormRow::of(self.clinic(), form)?)
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(consent_templates::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
