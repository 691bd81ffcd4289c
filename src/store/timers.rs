//! Timers: when the clock has to look at something. They hold no patient data and are read across clinics; what is due
//! is then looked at under a permit, clinic by clinic (engineering.md 9).

use super::column::AnyId;
use super::error::{Result, StoreError};
use super::prepared::Prepared;
use super::schema::alerts::timers;
use super::transaction::Change;
use super::{Store, blocking};
use crate::domain::id::ClinicId;
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use uuid::Uuid;

/// What the clock looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKind {
    /// A visit: its checks, its planned end, its chair.
    Check,
    /// A consent that runs out.
    Consent,
}

impl TimerKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Consent => "consent",
        }
    }

    fn parse(word: &str) -> Result<Self> {
        let known = [Self::Check, Self::Consent].into_iter().find(|kind| kind.as_str() == word);
        known.ok_or_else(|| StoreError::Broken("a timer of an unknown kind".into()))
    }
}

/// Something the clock has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimer {
    /// Its clinic.
    pub clinic: ClinicId,
    /// What it is.
    pub kind: TimerKind,
    /// Which.
    pub subject: Uuid,
    /// When the clock should have looked.
    pub due_at: Timestamp,
}

impl Change<'_> {
    /// Tells the clock when to look at something next; none when there is nothing to wait for.
    ///
    /// # Errors
    /// When the database says no.
    pub fn set_timer(&mut self, kind: TimerKind, subject: impl Into<Uuid>, due_at: Option<Timestamp>) -> Result<()> {
        let subject = AnyId(subject.into());
        let known = timers::table
            .filter(timers::clinic_id.eq(self.clinic()))
            .filter(timers::kind.eq(kind.as_str()))
            .filter(timers::subject_id.eq(subject));
        let moved = diesel::update(known).set((timers::due_at.eq(due_at), timers::version.eq(timers::version + 1_i64)));
        let changed = Prepared(moved).execute(self.connection)?;
        if changed == 0 && due_at.is_some() {
            let id = AnyId(self.new_id());
            let row = (
                timers::clinic_id.eq(self.clinic()),
                timers::id.eq(id),
                timers::version.eq(1_i64),
                timers::kind.eq(kind.as_str()),
                timers::subject_id.eq(subject),
                timers::due_at.eq(due_at),
            );
            diesel::insert_into(timers::table).values(row).execute(self.connection)?;
        }
        Ok(())
    }
}

impl Store {
    /// What the clock has to look at in one clinic or in all, the longest waiting first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn due_timers(&self, only: Option<ClinicId>, limit: i64) -> Result<Vec<DueTimer>> {
        let inner = std::sync::Arc::clone(&self.inner);
        blocking(move || {
            let mut connection = inner.read.get().map_err(|_| StoreError::Busy)?;
            let mut query = timers::table.filter(timers::due_at.le(Some(inner.clock.now()))).into_boxed();
            if let Some(clinic) = only {
                query = query.filter(timers::clinic_id.eq(clinic));
            }
            let rows: Vec<(ClinicId, String, AnyId, Option<Timestamp>)> = query
                .order((timers::due_at, timers::clinic_id, timers::id))
                .limit(limit)
                .select((timers::clinic_id, timers::kind, timers::subject_id, timers::due_at))
                .load(&mut connection)?;
            let due = |(clinic, kind, subject, due_at): (ClinicId, String, AnyId, Option<Timestamp>)| {
                let due_at = due_at?;
                Some(TimerKind::parse(&kind).map(|kind| DueTimer { clinic, kind, subject: subject.0, due_at }))
            };
            rows.into_iter().filter_map(due).collect()
        })
        .await
    }
}
