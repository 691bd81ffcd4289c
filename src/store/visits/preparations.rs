//! Preparations: one that another names as amended no longer counts.

use super::{sessions_of, visit_of};
use crate::domain::id::{ClinicId, PreparationId, SessionId, StaffId};
use crate::domain::preparation::{Amends, Preparation, PreparationForm, PreparationKind};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres};
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;
use crate::store::column::DateColumn;
use crate::store::error::{Result, StoreError};
use crate::store::schema::visits::preparations;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = preparations)]
struct Row {
    clinic_id: ClinicId,
    id: PreparationId,
    session_id: SessionId,
    amends_id: Option<PreparationId>,
    amends_reason: Option<String>,
    kind: PreparationKind,
    product: String,
    lot: String,
    vial: Option<String>,
    expires_on: DateColumn,
    vial_concentration_ug_per_ml: MicrogramsPerMillilitre,
    drawn_volume_ul: Microlitres,
    drawn_ug: Micrograms,
    diluent: Option<String>,
    final_volume_ul: Microlitres,
    concentration_ug_per_ml: MicrogramsPerMillilitre,
    prepared_at: Timestamp,
    beyond_use_at: Option<Timestamp>,
    prepared_by: StaffId,
    checked_by: Option<StaffId>,
    recorded_at: Timestamp,
}

impl Row {
    fn of(clinic_id: ClinicId, made: &Preparation) -> Self {
        let form = made.form.clone();
        Self {
            clinic_id,
            id: made.id,
            session_id: made.visit.session,
            amends_id: made.amends.as_ref().map(|amends| amends.id),
            amends_reason: made.amends.as_ref().map(|amends| amends.reason.clone()),
            kind: form.kind,
            product: form.product,
            lot: form.lot,
            vial: form.vial,
            expires_on: DateColumn(form.expires_on),
            vial_concentration_ug_per_ml: form.vial_concentration,
            drawn_volume_ul: form.drawn_volume,
            drawn_ug: form.drawn,
            diluent: form.diluent,
            final_volume_ul: form.final_volume,
            concentration_ug_per_ml: form.concentration,
            prepared_at: form.prepared_at,
            beyond_use_at: form.beyond_use_at,
            prepared_by: made.prepared_by,
            checked_by: made.checked_by,
            recorded_at: made.recorded_at,
        }
    }

    fn into_preparation(self, visit: Visit) -> Preparation {
        let amends = self.amends_id.zip(self.amends_reason).map(|(id, reason)| Amends { id, reason });
        let form = PreparationForm {
            kind: self.kind,
            product: self.product,
            lot: self.lot,
            vial: self.vial,
            expires_on: self.expires_on.0,
            vial_concentration: self.vial_concentration_ug_per_ml,
            drawn_volume: self.drawn_volume_ul,
            drawn: self.drawn_ug,
            diluent: self.diluent,
            final_volume: self.final_volume_ul,
            concentration: self.concentration_ug_per_ml,
            prepared_at: self.prepared_at,
            beyond_use_at: self.beyond_use_at,
        };
        let Self { id, prepared_by, checked_by, recorded_at, .. } = self;
        Preparation { id, visit, form, amends, prepared_by, checked_by, recorded_at }
    }
}

impl Gather<'_> {
    /// Every preparation of these visits, amended ones included, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn preparations_of(&mut self, visits: &[Visit]) -> Result<Vec<Preparation>> {
        let rows: Vec<Row> = preparations::table
            .filter(preparations::clinic_id.eq(self.clinic()))
            .filter(preparations::session_id.eq_any(sessions_of(visits)))
            .order((preparations::session_id, preparations::id))
            .select(Row::as_select())
            .load(self.connection)?;
        let mut made = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(visit) = visit_of(visits, row.session_id) {
                self.saw(visit.patient);
                made.push(row.into_preparation(visit));
            }
        }
        Ok(made)
    }

    /// One preparation of this visit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the visit has none with this id.
    pub fn preparation(&mut self, visit: Visit, id: PreparationId) -> Result<Preparation> {
        let made = self.preparations_of(&[visit])?;
        made.into_iter().find(|made| made.id == id).ok_or(StoreError::NotFound)
    }
}

impl Gather<'_> {
    /// The preparations of these ids.
    pub(in crate::store) fn preparations_by_id(&mut self, ids: &[PreparationId]) -> Result<Vec<Preparation>> {
        let rows = by_id!(self, preparations, Row, ids);
        let visits = self.visits_of(rows.iter().map(|row| row.session_id))?;
        let whole = |row: Row| {
            let visit = visit_of(&visits, row.session_id).ok_or(StoreError::NotFound)?;
            Ok(row.into_preparation(visit))
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Change<'_> {
    /// Keeps a preparation, new or correcting.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when what it corrects was corrected already.
    pub fn insert_preparation(&mut self, made: &Preparation) -> Result<()> {
        let row = Row::of(self.clinic(), made);
        diesel::insert_into(preparations::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
