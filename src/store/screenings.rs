//! Screening answers, the decisions on them, and the reviews of alarming scores.

use super::column::Json;
use super::error::{Result, StoreError};
use super::schema::foundation::staff;
use super::schema::screening::{outcome_score_reviews, outcome_scores, screening_decisions, screenings};
use super::transaction::{Change, Gather};
use crate::domain::chart::Severity;
use crate::domain::id::{
    AccountId, ClinicId, OutcomeScoreId, OutcomeScoreReviewId, PatientId, ScreeningDecisionId, ScreeningId, StaffId,
};
use crate::domain::outcome_score::{OutcomeScore, OutcomeScoreReview, awaiting_review};
use crate::domain::route::Person;
use crate::domain::screening::{
    Answer, AnswerCode, AnswerSource, Decision, DecisionReason, Screening, Verdict, question,
};
use crate::domain::time::Timestamp;
use crate::domain::{UnknownWord, screening};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A set of answers with every decision on it, the first decision first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screened {
    /// The answers.
    pub screening: Screening,
    /// The decisions.
    pub decisions: Vec<Decision>,
}

impl Screened {
    /// What keeps a treatment from starting at an instant, as far as screening goes.
    pub fn unmet_at(latest: Option<&Self>, at: Timestamp) -> Vec<crate::domain::refusal::Unmet> {
        screening::unmet_at(latest.map(|screened| (&screened.screening, screened.decisions.as_slice())), at)
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = screenings)]
struct Row {
    clinic_id: ClinicId,
    id: ScreeningId,
    patient_id: PatientId,
    questions_version: i64,
    answers: Json,
    recorded_at: Timestamp,
    recorded_by: StaffId,
}

/// One answer inside the `answers` column: words and instants as the wire writes them.
#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    question: String,
    question_version: i64,
    answer: String,
    detail: Option<String>,
    severity: Option<String>,
    source: String,
    asserted_at: String,
    expires_at: String,
}

/// One reason inside the `reasons` column.
#[derive(Serialize, Deserialize)]
struct KeptReason {
    question: Option<String>,
    text: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = screening_decisions)]
struct DecisionRow {
    clinic_id: ClinicId,
    id: ScreeningDecisionId,
    screening_id: ScreeningId,
    verdict: Verdict,
    reasons: Json,
    expires_at: Timestamp,
    seconds_id: Option<ScreeningDecisionId>,
    decided_by: StaffId,
    decided_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = outcome_score_reviews)]
struct ReviewRow {
    clinic_id: ClinicId,
    id: OutcomeScoreReviewId,
    outcome_score_id: OutcomeScoreId,
    action: String,
    reviewed_at: Timestamp,
    reviewed_by: StaffId,
}

fn broken(what: &str) -> StoreError {
    StoreError::Broken(format!("a stored screening holds an unknown {what}"))
}

fn instant(text: &str) -> Result<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| broken("instant"))
}

fn word<T>(parsed: Result<T, UnknownWord>) -> Result<T> {
    parsed.map_err(|unknown| broken(unknown.vocabulary))
}

impl KeptAnswer {
    fn of(answer: &Answer) -> Self {
        Self {
            question: answer.question.code.into(),
            question_version: answer.question.version,
            answer: answer.answer.as_str().into(),
            detail: answer.detail.clone(),
            severity: answer.severity.map(|severity| severity.as_str().into()),
            source: answer.source.as_str().into(),
            asserted_at: answer.asserted_at.to_string(),
            expires_at: answer.expires_at.to_string(),
        }
    }

    fn into_answer(self) -> Result<Answer> {
        Ok(Answer {
            question: question(&self.question, self.question_version).ok_or_else(|| broken("question"))?,
            answer: word(AnswerCode::parse(&self.answer))?,
            detail: self.detail,
            severity: self.severity.map(|text| word(Severity::parse(&text))).transpose()?,
            source: word(AnswerSource::parse(&self.source))?,
            asserted_at: instant(&self.asserted_at)?,
            expires_at: instant(&self.expires_at)?,
        })
    }
}

impl Row {
    fn into_screening(self) -> Result<Screening> {
        let kept: Vec<KeptAnswer> = self.answers.read()?;
        Ok(Screening {
            id: self.id,
            patient: self.patient_id,
            questions_version: self.questions_version,
            answers: kept.into_iter().map(KeptAnswer::into_answer).collect::<Result<_>>()?,
            recorded_at: self.recorded_at,
            recorded_by: self.recorded_by,
        })
    }
}

impl DecisionRow {
    fn into_decision(self, account: AccountId) -> Result<Decision> {
        let kept: Vec<KeptReason> = self.reasons.read()?;
        let reason = |kept: KeptReason| {
            let code = kept.question.map(|code| screening::question(&code, screening::QUESTIONS_VERSION));
            match code {
                Some(None) => Err(broken("question")),
                code => Ok(DecisionReason { question: code.flatten().map(|question| question.code), text: kept.text }),
            }
        };
        Ok(Decision {
            id: self.id,
            screening: self.screening_id,
            verdict: self.verdict,
            reasons: kept.into_iter().map(reason).collect::<Result<_>>()?,
            expires_at: self.expires_at,
            seconds: self.seconds_id,
            by: Person { staff: self.decided_by, account },
            at: self.decided_at,
        })
    }
}

impl From<ReviewRow> for OutcomeScoreReview {
    fn from(row: ReviewRow) -> Self {
        Self {
            id: row.id,
            score: row.outcome_score_id,
            action: row.action,
            reviewed_by: row.reviewed_by,
            reviewed_at: row.reviewed_at,
        }
    }
}

impl Gather<'_> {
    /// Every set of answers of a patient, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn screenings(&mut self, patient: PatientId) -> Result<Vec<Screened>> {
        self.saw(patient);
        let rows: Vec<Row> = screenings::table
            .filter(screenings::clinic_id.eq(self.clinic()))
            .filter(screenings::patient_id.eq(patient))
            .order((screenings::recorded_at.desc(), screenings::id.desc()))
            .select(Row::as_select())
            .load(self.connection)?;
        self.with_decisions(rows)
    }

    /// The newest set of answers recorded by an instant: the one that counts.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn latest_screening(&mut self, patient: PatientId, at: Timestamp) -> Result<Option<Screened>> {
        Ok(self.latest_screenings(&[patient], at)?.pop())
    }

    /// The same of each of these patients who has one.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn latest_screenings(&mut self, patients: &[PatientId], at: Timestamp) -> Result<Vec<Screened>> {
        self.saw_each(patients.iter().copied());
        let mut rows: Vec<Row> = screenings::table
            .filter(screenings::clinic_id.eq(self.clinic()))
            .filter(screenings::patient_id.eq_any(patients.to_vec()))
            .filter(screenings::recorded_at.le(at))
            .order((screenings::patient_id, screenings::recorded_at.desc(), screenings::id.desc()))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.dedup_by_key(|row| row.patient_id);
        self.with_decisions(rows)
    }

    /// One set of answers.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn screening(&mut self, id: ScreeningId) -> Result<Screened> {
        let row: Row = screenings::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.saw(row.patient_id);
        self.with_decisions(vec![row])?.pop().ok_or(StoreError::NotFound)
    }

    /// Whose answers these are; notes nothing, because nothing of them was loaded.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there are none.
    pub fn patient_of_screening(&mut self, id: ScreeningId) -> Result<PatientId> {
        Ok(screenings::table.find((self.clinic(), id)).select(screenings::patient_id).first(self.connection)?)
    }

    /// Whose score this is; notes nothing, because nothing of it was loaded.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn patient_of_score(&mut self, id: OutcomeScoreId) -> Result<PatientId> {
        Ok(outcome_scores::table.find((self.clinic(), id)).select(outcome_scores::patient_id).first(self.connection)?)
    }

    /// The reviews of these patients' alarming scores.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn score_reviews(&mut self, patients: &[PatientId]) -> Result<Vec<OutcomeScoreReview>> {
        self.saw_each(patients.iter().copied());
        let scores: Vec<OutcomeScoreId> = outcome_scores::table
            .filter(outcome_scores::clinic_id.eq(self.clinic()))
            .filter(outcome_scores::patient_id.eq_any(patients.to_vec()))
            .select(outcome_scores::id)
            .load(self.connection)?;
        let rows: Vec<ReviewRow> = outcome_score_reviews::table
            .filter(outcome_score_reviews::clinic_id.eq(self.clinic()))
            .filter(outcome_score_reviews::outcome_score_id.eq_any(&scores))
            .select(ReviewRow::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(OutcomeScoreReview::from).collect())
    }

    /// Which of these patients have a score that still calls for a prescriber: they are not sent home.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn item9_open(&mut self, patients: &[PatientId]) -> Result<BTreeSet<PatientId>> {
        let scores = self.statements_of::<OutcomeScore>(patients)?;
        let reviews = self.score_reviews(patients)?;
        let waiting = awaiting_review(&scores, &reviews);
        let of_waiting = scores.iter().filter(|listed| waiting.contains(&listed.statement.id));
        Ok(of_waiting.map(|listed| listed.statement.patient).collect())
    }

    fn with_decisions(&mut self, rows: Vec<Row>) -> Result<Vec<Screened>> {
        let ids: Vec<ScreeningId> = rows.iter().map(|row| row.id).collect();
        let decided: Vec<DecisionRow> = screening_decisions::table
            .filter(screening_decisions::clinic_id.eq(self.clinic()))
            .filter(screening_decisions::screening_id.eq_any(&ids))
            .order((screening_decisions::decided_at, screening_decisions::id))
            .select(DecisionRow::as_select())
            .load(self.connection)?;
        let decisions = self.signed_decisions(decided)?;
        let screened = |row: Row| {
            let screening = row.into_screening()?;
            let decisions = decisions.iter().filter(|decision| decision.screening == screening.id).cloned().collect();
            Ok(Screened { screening, decisions })
        };
        rows.into_iter().map(screened).collect()
    }

    fn signed_decisions(&mut self, decided: Vec<DecisionRow>) -> Result<Vec<Decision>> {
        let signers: Vec<StaffId> = decided.iter().map(|row| row.decided_by).collect();
        let accounts: Vec<(StaffId, AccountId)> = staff::table
            .filter(staff::clinic_id.eq(self.clinic()))
            .filter(staff::id.eq_any(&signers))
            .select((staff::id, staff::account_id))
            .load(self.connection)?;
        let account = |id: StaffId| accounts.iter().find(|(staff, _)| *staff == id).map(|(_, account)| *account);
        let mut decisions = Vec::with_capacity(decided.len());
        for row in decided {
            let account = account(row.decided_by).ok_or_else(|| broken("prescriber"))?;
            decisions.push(row.into_decision(account)?);
        }
        Ok(decisions)
    }
}

impl Gather<'_> {
    /// The sets of answers of these ids.
    pub(super) fn screenings_by_id(&mut self, ids: &[ScreeningId]) -> Result<Vec<Screening>> {
        let rows = by_id!(self, screenings, Row, ids);
        rows.into_iter().map(Row::into_screening).collect()
    }

    /// The decisions of these ids.
    pub(super) fn decisions_by_id(&mut self, ids: &[ScreeningDecisionId]) -> Result<Vec<Decision>> {
        let rows = by_id!(self, screening_decisions, DecisionRow, ids);
        self.signed_decisions(rows)
    }

    /// The reviews of these ids.
    pub(super) fn score_reviews_by_id(&mut self, ids: &[OutcomeScoreReviewId]) -> Result<Vec<OutcomeScoreReview>> {
        let rows = by_id!(self, outcome_score_reviews, ReviewRow, ids);
        Ok(rows.into_iter().map(OutcomeScoreReview::from).collect())
    }
}

impl Change<'_> {
    /// Keeps a set of answers.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_screening(&mut self, screening: &Screening) -> Result<()> {
        let answers: Vec<KeptAnswer> = screening.answers.iter().map(KeptAnswer::of).collect();
        let row = Row {
            clinic_id: self.clinic(),
            id: screening.id,
            patient_id: screening.patient,
            questions_version: screening.questions_version,
            answers: Json::of(&answers)?,
            recorded_at: screening.recorded_at,
            recorded_by: screening.recorded_by,
        };
        diesel::insert_into(screenings::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a decision.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_screening_decision(&mut self, decision: &Decision) -> Result<()> {
        let kept = |reason: &DecisionReason| KeptReason {
            question: reason.question.map(Into::into),
            text: reason.text.clone(),
        };
        let reasons: Vec<KeptReason> = decision.reasons.iter().map(kept).collect();
        let row = DecisionRow {
            clinic_id: self.clinic(),
            id: decision.id,
            screening_id: decision.screening,
            verdict: decision.verdict,
            reasons: Json::of(&reasons)?,
            expires_at: decision.expires_at,
            seconds_id: decision.seconds,
            decided_by: decision.by.staff,
            decided_at: decision.at,
        };
        diesel::insert_into(screening_decisions::table).values(&row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a review.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_score_review(&mut self, review: &OutcomeScoreReview) -> Result<()> {
        let row = ReviewRow {
            clinic_id: self.clinic(),
            id: review.id,
            outcome_score_id: review.score,
            action: review.action.clone(),
            reviewed_at: review.reviewed_at,
            reviewed_by: review.reviewed_by,
        };
        diesel::insert_into(outcome_score_reviews::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
