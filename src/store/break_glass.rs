//! Broken glasses: opened, listed, reviewed.

use super::error::{Result, StoreError};
use super::schema::patients::patients;
use super::schema::restrictions::break_glass;
use super::transaction::{Change, Gather};
use crate::domain::break_glass::{BreakGlass, GlassReason, GlassReview, GlassState, GlassVerdict};
use crate::domain::id::{BreakGlassId, ClinicId, PatientId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// The last one of a page.
pub type BreakGlassCursor = BreakGlassId;

/// One page of broken glasses, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlassPage {
    /// Them.
    pub items: Vec<BreakGlass>,
    /// Where the next page begins; none on the last.
    pub next: Option<BreakGlassCursor>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = break_glass, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: BreakGlassId,
    version: i64,
    patient_id: PatientId,
    reason_code: GlassReason,
    reason: String,
    opened_by: StaffId,
    opened_at: Timestamp,
    ends_at: Timestamp,
    review_due_at: Timestamp,
    reviewed_by: Option<StaffId>,
    reviewed_at: Option<Timestamp>,
    verdict: Option<GlassVerdict>,
    note: Option<String>,
}

impl Row {
    fn of(clinic_id: ClinicId, glass: &BreakGlass) -> Self {
        let review = glass.review.as_ref();
        Self {
            clinic_id,
            id: glass.id,
            version: glass.version,
            patient_id: glass.patient,
            reason_code: glass.reason_code,
            reason: glass.reason.clone(),
            opened_by: glass.opened_by,
            opened_at: glass.opened_at,
            ends_at: glass.ends_at,
            review_due_at: glass.review_due_at,
            reviewed_by: review.map(|review| review.by),
            reviewed_at: review.map(|review| review.at),
            verdict: review.map(|review| review.verdict),
            note: review.and_then(|review| review.note.clone()),
        }
    }

    fn into_glass(self) -> BreakGlass {
        let review = match (self.reviewed_by, self.reviewed_at, self.verdict) {
            (Some(by), Some(at), Some(verdict)) => Some(GlassReview { by, at, verdict, note: self.note }),
            _ => None,
        };
        BreakGlass {
            id: self.id,
            version: self.version,
            patient: self.patient_id,
            reason_code: self.reason_code,
            reason: self.reason,
            opened_by: self.opened_by,
            opened_at: self.opened_at,
            ends_at: self.ends_at,
            review_due_at: self.review_due_at,
            review,
        }
    }
}

impl Gather<'_> {
    /// The broken glasses of this clinic in one state, or all of them, newest first, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn broken_glasses(
        &mut self,
        state: Option<GlassState>,
        after: Option<BreakGlassCursor>,
        limit: u16,
    ) -> Result<BreakGlassPage> {
        let now = self.now();
        let mut query = break_glass::table.filter(break_glass::clinic_id.eq(self.clinic())).into_boxed();
        query = match state {
            None => query,
            Some(GlassState::Reviewed) => query.filter(break_glass::reviewed_at.is_not_null()),
            Some(open) => {
                let unreviewed = query.filter(break_glass::reviewed_at.is_null());
                match open {
                    GlassState::Overdue => unreviewed.filter(break_glass::review_due_at.lt(now)),
                    GlassState::Open => unreviewed.filter(break_glass::ends_at.gt(now)),
                    _ => unreviewed.filter(break_glass::ends_at.le(now)).filter(break_glass::review_due_at.ge(now)),
                }
            }
        };
        if let Some(last) = after {
            query = query.filter(break_glass::id.lt(last));
        }
        in_sight!(self, query, break_glass::patient_id);
        let mut rows: Vec<Row> = query
            .order(break_glass::id.desc())
            .limit(i64::from(limit) + 1)
            .select(Row::as_select())
            .load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| row.id);
        self.saw_each(rows.iter().map(|row| row.patient_id));
        Ok(BreakGlassPage { items: rows.into_iter().map(Row::into_glass).collect(), next })
    }

    /// One broken glass of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn broken_glass(&mut self, id: BreakGlassId) -> Result<BreakGlass> {
        let row: Row = break_glass::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        self.show(row.patient_id)?;
        Ok(row.into_glass())
    }

    /// Those of these ids.
    pub(super) fn glasses_by_id(&mut self, ids: &[BreakGlassId]) -> Result<Vec<BreakGlass>> {
        let rows = by_id!(self, break_glass, Row, ids);
        Ok(rows.into_iter().map(Row::into_glass).collect())
    }
}

impl Change<'_> {
    /// Keeps a newly broken glass. It is the one write about a chart that its actor may not see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such patient in this clinic.
    pub fn insert_broken_glass(&mut self, glass: &BreakGlass) -> Result<()> {
        let known = patients::table.find((self.clinic(), glass.patient)).select(patients::id);
        known.first::<PatientId>(self.connection)?;
        diesel::insert_into(break_glass::table).values(Row::of(self.clinic(), glass)).execute(self.connection)?;
        Ok(())
    }

    /// Keeps a reviewed one, one version ahead of what is there.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody reviewed it since.
    pub fn update_broken_glass(&mut self, glass: &BreakGlass) -> Result<()> {
        let row = break_glass::table.find((self.clinic(), glass.id));
        let changed = diesel::update(row.filter(break_glass::version.eq(glass.version - 1)))
            .set(Row::of(self.clinic(), glass))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(break_glass::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
