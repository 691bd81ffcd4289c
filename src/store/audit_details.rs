//! Erasing what an entry keeps apart: its text goes, and an entry says so.

use super::error::{Result, StoreError};
use super::schema::foundation::{audit_details, audit_events, audit_subjects};
use super::transaction::Change;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::RequestId;
use diesel::prelude::*;

impl Change<'_> {
    /// Erases the detail of an entry with the list of patients that repeats it. The event names the entry by its number
    /// and its request: the verifier takes a missing detail for nothing else.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the entry has no detail, or it was erased already.
    pub fn erase_detail(&mut self, seq: i64, reason: &str) -> Result<Event> {
        let clinic = self.clinic();
        let row = audit_events::table.find((clinic, seq)).select(audit_events::request_id);
        let request: RequestId = row.first(self.connection)?;
        let kept = audit_details::table.find((clinic, seq)).filter(audit_details::detail.is_not_null());
        let erased = diesel::update(kept).set(audit_details::detail.eq(None::<String>)).execute(self.connection)?;
        if erased == 0 {
            return Err(StoreError::NotFound);
        }
        let listed = audit_subjects::table.filter(audit_subjects::clinic_id.eq(clinic));
        diesel::delete(listed.filter(audit_subjects::seq.eq(seq))).execute(self.connection)?;
        let subject = Subject::new("audit_detail", request.0, seq);
        Ok(Event::noted(EventKind::DetailErased, subject).because(reason))
    }
}
