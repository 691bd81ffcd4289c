//! Disclosures: recorded once, listed for the accounting.

use super::error::Result;
use super::schema::disclosures::{disclosure_patients, disclosures};
use super::transaction::{Change, Gather};
use crate::domain::disclosure::{Disclosure, DisclosureAuthority, NewDisclosure};
use crate::domain::id::{ClinicId, DisclosureId, PatientId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// The last disclosure of a page.
pub type DisclosureCursor = DisclosureId;

/// One page of disclosures, the newest first. Of each only that patient is named, and whether there were others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosurePage {
    /// The disclosures, and whether each was of more than this patient's record.
    pub items: Vec<(Disclosure, bool)>,
    /// Where the next page begins; none on the last.
    pub next: Option<DisclosureCursor>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = disclosures)]
struct Row {
    clinic_id: ClinicId,
    id: DisclosureId,
    recipient: String,
    recipient_address: Option<String>,
    what: String,
    purpose: String,
    authority: DisclosureAuthority,
    disclosed_at: Timestamp,
    suspended_until: Option<Timestamp>,
    suspended_for: Option<String>,
    recorded_by: StaffId,
    recorded_at: Timestamp,
}

impl Row {
    fn of(clinic_id: ClinicId, disclosure: &Disclosure) -> Self {
        let said = disclosure.said.clone();
        let (suspended_until, suspended_for) = said.suspended.unzip();
        Self {
            clinic_id,
            id: disclosure.id,
            recipient: said.recipient,
            recipient_address: said.address,
            what: said.what,
            purpose: said.purpose,
            authority: said.authority,
            disclosed_at: said.disclosed_at,
            suspended_until,
            suspended_for,
            recorded_by: disclosure.recorded_by,
            recorded_at: disclosure.recorded_at,
        }
    }

    fn into_disclosure(self, patients: Vec<PatientId>) -> Disclosure {
        let said = NewDisclosure {
            patients,
            recipient: self.recipient,
            address: self.recipient_address,
            what: self.what,
            purpose: self.purpose,
            authority: self.authority,
            disclosed_at: self.disclosed_at,
            suspended: self.suspended_until.zip(self.suspended_for),
        };
        Disclosure { id: self.id, said, recorded_by: self.recorded_by, recorded_at: self.recorded_at }
    }
}

impl Gather<'_> {
    /// What was disclosed of a patient's record since an instant, newest first, `limit` at a time; without what an
    /// agency asked to keep from the patient until later, unless `with_suspended`.
    ///
    /// # Errors
    /// When the database cannot be asked, or the chart may not be seen.
    pub fn disclosures_of(
        &mut self,
        patient: PatientId,
        (since, with_suspended): (Timestamp, bool),
        after: Option<DisclosureCursor>,
        limit: u16,
    ) -> Result<DisclosurePage> {
        self.show(patient)?;
        let now = self.now();
        let same = disclosure_patients::clinic_id
            .eq(disclosures::clinic_id)
            .and(disclosure_patients::disclosure_id.eq(disclosures::id));
        let mut query = disclosures::table
            .inner_join(disclosure_patients::table.on(same))
            .filter(disclosure_patients::clinic_id.eq(self.clinic()))
            .filter(disclosure_patients::patient_id.eq(patient))
            .filter(disclosures::disclosed_at.ge(since))
            .select(Row::as_select())
            .into_boxed();
        if !with_suspended {
            query = query.filter(disclosures::suspended_until.is_null().or(disclosures::suspended_until.le(Some(now))));
        }
        if let Some(last) = after {
            query = query.filter(disclosure_patients::disclosure_id.lt(last));
        }
        let mut rows: Vec<Row> =
            query.order(disclosure_patients::disclosure_id.desc()).limit(i64::from(limit) + 1).load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| row.id);
        let ids: Vec<DisclosureId> = rows.iter().map(|row| row.id).collect();
        let of_others: Vec<DisclosureId> = disclosure_patients::table
            .filter(disclosure_patients::clinic_id.eq(self.clinic()))
            .filter(disclosure_patients::disclosure_id.eq_any(ids))
            .filter(disclosure_patients::patient_id.ne(patient))
            .select(disclosure_patients::disclosure_id)
            .distinct()
            .load(self.connection)?;
        let items = rows.into_iter().map(|row| {
            let bulk = of_others.contains(&row.id);
            (row.into_disclosure(vec![patient]), bulk)
        });
        Ok(DisclosurePage { items: items.collect(), next })
    }

    /// Those of these ids, each with every patient it names.
    pub(super) fn disclosures_by_id(&mut self, ids: &[DisclosureId]) -> Result<Vec<Disclosure>> {
        let rows = by_id!(self, disclosures, Row, ids);
        let whole = |row: Row| {
            let patients = disclosure_patients::table
                .filter(disclosure_patients::clinic_id.eq(self.clinic()))
                .filter(disclosure_patients::disclosure_id.eq(row.id))
                .order(disclosure_patients::patient_id)
                .select(disclosure_patients::patient_id)
                .load(self.connection)?;
            Ok(row.into_disclosure(patients))
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Change<'_> {
    /// Keeps a disclosure. Every patient it names was locked: it may be of charts that may be seen only.
    ///
    /// # Errors
    /// When the database says no.
    pub fn insert_disclosure(&mut self, disclosure: &Disclosure) -> Result<()> {
        let row = Row::of(self.clinic(), disclosure);
        diesel::insert_into(disclosures::table).values(row).execute(self.connection)?;
        for patient in &disclosure.said.patients {
            diesel::insert_into(disclosure_patients::table)
                .values((
                    disclosure_patients::clinic_id.eq(self.clinic()),
                    disclosure_patients::disclosure_id.eq(disclosure.id),
                    disclosure_patients::patient_id.eq(patient),
                ))
                .execute(self.connection)?;
        }
        Ok(())
    }
}
