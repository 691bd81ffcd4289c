//! Pre-checks: each saving is a row, the highest number is in force.

use super::{sessions_of, visit_of};
use crate::domain::id::{ClinicId, PrecheckId, SessionId, StaffId};
use crate::domain::precheck::{DayAnswer, DayQuestion, DayReply, Precheck, PrecheckForm, WeightSource};
use crate::domain::quantity::{Grams, Millimetres};
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;
use crate::store::column::Json;
use crate::store::error::{Result, StoreError};
use crate::store::schema::visits::prechecks;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = prechecks)]
struct Row {
    clinic_id: ClinicId,
    id: PrecheckId,
    session_id: SessionId,
    number: i64,
    answers: Json,
    clear_fluids_at: Option<Timestamp>,
    food_at: Option<Timestamp>,
    weight_g: Option<Grams>,
    weight_source: Option<WeightSource>,
    height_mm: Option<Millimetres>,
    consent_reaffirmed_at: Option<Timestamp>,
    kit_ok: Option<bool>,
    iv_site: Option<String>,
    note: Option<String>,
    signed: bool,
    recorded_by: StaffId,
    recorded_at: Timestamp,
}

/// A reply as it is kept.
#[derive(Serialize, Deserialize)]
struct Reply {
    question: String,
    answer: String,
    detail: Option<String>,
}

impl Reply {
    fn of(reply: &DayReply) -> Self {
        let (question, answer) = (reply.question.to_string(), reply.answer.to_string());
        Self { question, answer, detail: reply.detail.clone() }
    }

    fn into_reply(self) -> Result<DayReply> {
        let broken = |word: crate::domain::UnknownWord| StoreError::Broken(format!("an answer of a pre-check {word}"));
        Ok(DayReply {
            question: DayQuestion::parse(&self.question).map_err(broken)?,
            answer: DayAnswer::parse(&self.answer).map_err(broken)?,
            detail: self.detail,
        })
    }
}

impl Row {
    fn of(clinic_id: ClinicId, precheck: &Precheck) -> Result<Self> {
        let form = precheck.form.clone();
        Ok(Self {
            clinic_id,
            id: precheck.id,
            session_id: precheck.visit.session,
            number: precheck.number,
            answers: Json::of(&form.replies.iter().map(Reply::of).collect::<Vec<_>>())?,
            clear_fluids_at: form.clear_fluids_at,
            food_at: form.food_at,
            weight_g: form.weight,
            weight_source: form.weight_source,
            height_mm: form.height,
            consent_reaffirmed_at: form.consent_reaffirmed_at,
            kit_ok: form.kit_ok,
            iv_site: form.iv_site,
            note: form.note,
            signed: form.sign,
            recorded_by: precheck.recorded_by,
            recorded_at: precheck.recorded_at,
        })
    }

    fn into_precheck(self, visit: Visit) -> Result<Precheck> {
        let replies: Vec<Reply> = self.answers.read()?;
        let form = PrecheckForm {
            replies: replies.into_iter().map(Reply::into_reply).collect::<Result<_>>()?,
            clear_fluids_at: self.clear_fluids_at,
            food_at: self.food_at,
            weight: self.weight_g,
            weight_source: self.weight_source,
            height: self.height_mm,
            consent_reaffirmed_at: self.consent_reaffirmed_at,
            kit_ok: self.kit_ok,
            iv_site: self.iv_site,
            note: self.note,
            sign: self.signed,
        };
        let Self { id, number, recorded_by, recorded_at, .. } = self;
        Ok(Precheck { id, visit, number, form, recorded_by, recorded_at })
    }
}

impl Gather<'_> {
    /// The newest saving of each of these visits that has one.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_prechecks(&mut self, visits: &[Visit]) -> Result<Vec<Precheck>> {
        let rows: Vec<Row> = prechecks::table
            .filter(prechecks::clinic_id.eq(self.clinic()))
            .filter(prechecks::session_id.eq_any(sessions_of(visits)))
            .order((prechecks::session_id, prechecks::number.desc()))
            .select(Row::as_select())
            .load(self.connection)?;
        let mut newest: Vec<Precheck> = Vec::new();
        for row in rows {
            let Some(visit) = visit_of(visits, row.session_id) else { continue };
            if newest.last().is_none_or(|last| last.visit != visit) {
                self.saw(visit.patient);
                newest.push(row.into_precheck(visit)?);
            }
        }
        Ok(newest)
    }

    /// The newest saving of this visit.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_precheck(&mut self, visit: Visit) -> Result<Option<Precheck>> {
        Ok(self.newest_prechecks(&[visit])?.pop())
    }
}

impl Gather<'_> {
    /// The pre-checks of these ids.
    pub(in crate::store) fn prechecks_by_id(&mut self, ids: &[PrecheckId]) -> Result<Vec<Precheck>> {
        let rows = by_id!(self, prechecks, Row, ids);
        let visits = self.visits_of(rows.iter().map(|row| row.session_id))?;
        let whole = |row: Row| {
            let visit = visit_of(&visits, row.session_id).ok_or(StoreError::NotFound)?;
            row.into_precheck(visit)
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Change<'_> {
    /// Keeps one more saving.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when somebody saved the same number first.
    pub fn insert_precheck(&mut self, precheck: &Precheck) -> Result<()> {
        let row = Row::of(self.clinic(), precheck)?;
        diesel::insert_into(prechecks::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
