//! Consents: kept with their document, loaded with everything a decision about them looks at.

mod facts;
mod forms;
mod rows;
mod signatures;
mod withdrawals;
mod withdrawing;

pub use forms::FormCursor;

use super::error::{Result, StoreError};
use super::schema::consents::{consent_documents, consent_templates, consents};
use super::timers::TimerKind;
use super::transaction::{Change, Gather, Held};
use crate::domain::consent::{Consent, ConsentState, EXPIRES_SOON_DAYS, MEDIA_TYPE};
use crate::domain::digest::Sha256;
use crate::domain::event::Event;
use crate::domain::id::{ConsentId, PatientId};
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use rows::{ConsentRow, FormColumns};

/// The last consent of a page: its sort key and id.
pub type ConsentCursor = (Timestamp, ConsentId);

/// A consent with the form version it is on.
#[diesel::dsl::auto_type(no_type_alias)]
fn with_form() -> _ {
    let same_clinic = consent_templates::clinic_id.eq(consents::clinic_id);
    consents::table
        .inner_join(consent_templates::table.on(same_clinic.and(consent_templates::id.eq(consents::template_id))))
}

impl Gather<'_> {
    /// A consent of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn consent(&mut self, id: ConsentId) -> Result<Consent> {
        let row: (ConsentRow, FormColumns) = with_form()
            .filter(consents::clinic_id.eq(self.clinic()))
            .filter(consents::id.eq(id))
            .select((ConsentRow::as_select(), FormColumns::as_select()))
            .first(self.connection)?;
        let consent = rows::consent(row)?;
        self.saw(consent.patient);
        Ok(consent)
    }

    /// Whose consent it is: what to lock before it is read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn patient_of_consent(&mut self, id: ConsentId) -> Result<PatientId> {
        Ok(consents::table.find((self.clinic(), id)).select(consents::patient_id).first(self.connection)?)
    }

    /// A patient's consents, newest first, `limit` and one more.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consents_of(
        &mut self,
        patient: PatientId,
        after: Option<ConsentCursor>,
        limit: u16,
    ) -> Result<Vec<Consent>> {
        self.saw(patient);
        let mut query = with_form()
            .filter(consents::clinic_id.eq(self.clinic()))
            .filter(consents::patient_id.eq(patient))
            .select((ConsentRow::as_select(), FormColumns::as_select()))
            .into_boxed();
        if let Some((at, id)) = after {
            query = query.filter(consents::drafted_at.lt(at).or(consents::drafted_at.eq(at).and(consents::id.lt(id))));
        }
        let page = query.order((consents::drafted_at.desc(), consents::id.desc())).limit(i64::from(limit) + 1);
        page.load(self.connection)?.into_iter().map(rows::consent).collect()
    }

    /// Active consents whose time runs out before `until`, soonest first, `limit` and one more; sorted by
    /// `valid_until`.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn consents_ending_before(
        &mut self,
        until: Timestamp,
        after: Option<ConsentCursor>,
        limit: u16,
    ) -> Result<Vec<Consent>> {
        let mut query = with_form()
            .filter(consents::clinic_id.eq(self.clinic()))
            .filter(consents::state.eq(ConsentState::Active))
            .filter(consents::valid_until.lt(Some(until)))
            .select((ConsentRow::as_select(), FormColumns::as_select()))
            .into_boxed();
        if let Some((at, id)) = after {
            let later = consents::valid_until.gt(Some(at));
            query = query.filter(later.or(consents::valid_until.eq(Some(at)).and(consents::id.gt(id))));
        }
        let page = query.order((consents::valid_until.asc(), consents::id.asc())).limit(i64::from(limit) + 1);
        let found: Vec<Consent> = page.load(self.connection)?.into_iter().map(rows::consent).collect::<Result<_>>()?;
        for consent in &found {
            self.saw(consent.patient);
        }
        Ok(found)
    }

    /// The document of a consent, byte for byte, with its media type.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn consent_document(&mut self, id: ConsentId) -> Result<(String, Vec<u8>)> {
        let row = consent_documents::table.find((self.clinic(), id));
        Ok(row.select((consent_documents::media_type, consent_documents::bytes)).first(self.connection)?)
    }

    /// Every consent of these patients, for a decision.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn all_consents(&mut self, patients: &[PatientId], _held: Held) -> Result<Vec<Consent>> {
        self.saw_each(patients.iter().copied());
        let rows = with_form()
            .filter(consents::clinic_id.eq(self.clinic()))
            .filter(consents::patient_id.eq_any(patients.to_vec()))
            .order((consents::drafted_at, consents::id))
            .select((ConsentRow::as_select(), FormColumns::as_select()))
            .load(self.connection)?;
        rows.into_iter().map(rows::consent).collect()
    }
}

impl Gather<'_> {
    /// The consents of these ids. One whose document is not the one its row names cannot be read.
    pub(super) fn consents_by_id(&mut self, ids: &[ConsentId]) -> Result<Vec<Consent>> {
        let rows: Vec<(ConsentRow, FormColumns)> = with_form()
            .filter(consents::clinic_id.eq(self.clinic()))
            .filter(consents::id.eq_any(ids.to_vec()))
            .select((ConsentRow::as_select(), FormColumns::as_select()))
            .load(self.connection)?;
        let found: Vec<Consent> = rows.into_iter().map(rows::consent).collect::<Result<_>>()?;
        for consent in &found {
            let (media_type, bytes) = self.consent_document(consent.id)?;
            if media_type != MEDIA_TYPE || Sha256::of(&bytes) != consent.document_sha256 {
                return Err(StoreError::Broken("a consent's document is not the one that was shown".into()));
            }
        }
        Ok(found)
    }
}

impl Change<'_> {
    /// Lets the clock and the list of work follow a consent: while it is in force somebody is reminded in its last
    /// thirty days, and nobody once it is not. Call it after every change of a consent, and when its time has come.
    ///
    /// # Errors
    /// When the database says no.
    pub fn follow_consent(&mut self, consent: &Consent) -> Result<Vec<Event>> {
        let now = self.now();
        let Some(until) = consent.expires_at() else {
            self.set_timer(TimerKind::Consent, consent.id, None)?;
            return Ok(self
                .finish_task(TaskKind::ConsentExpiring, consent.id, "the consent ended")?
                .into_iter()
                .collect());
        };
        let remind_at = until.plus_minutes(-EXPIRES_SOON_DAYS * 24 * 60);
        self.set_timer(TimerKind::Consent, consent.id, Some(remind_at).filter(|at| *at > now))?;
        if remind_at > now {
            return Ok(Vec::new());
        }
        let event = self.open_task(TaskCause {
            kind: TaskKind::ConsentExpiring,
            audience: TaskAudience::Nurse,
            assignee: None,
            acted_by: None,
            subject: consent.id.uuid(),
            session: None,
            patient: Some(consent.patient),
            due_at: until,
        })?;
        Ok(event.into_iter().collect())
    }

    /// Keeps a presented consent and its document.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_consent(&mut self, consent: &Consent, document: Vec<u8>) -> Result<()> {
        let row = ConsentRow::of(self.clinic(), consent)?;
        diesel::insert_into(consents::table).values(&row).execute(self.connection)?;
        diesel::insert_into(consent_documents::table)
            .values((
                consent_documents::clinic_id.eq(self.clinic()),
                consent_documents::consent_id.eq(consent.id),
                consent_documents::media_type.eq(MEDIA_TYPE),
                consent_documents::bytes.eq(document),
            ))
            .execute(self.connection)?;
        Ok(())
    }

    /// Keeps a changed consent; `consent.version` is one more than the row's.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since, [`StoreError::Duplicate`] when another consent of the
    /// type is active.
    pub fn update_consent(&mut self, consent: &Consent) -> Result<()> {
        let row = consents::table.find((self.clinic(), consent.id));
        let changed = diesel::update(row.filter(consents::version.eq(consent.version - 1)))
            .set(ConsentRow::of(self.clinic(), consent)?)
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(consents::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
