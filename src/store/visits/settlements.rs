//! Settlements: a visit is settled once; what follows names what it replaces.

use super::{sessions_of, visit_of};
use crate::domain::id::{ClinicId, SessionId, SettlementId, StaffId};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres};
use crate::domain::settlement::{Booked, Books, DiscrepancyClass, GivenBasis, Settlement, SettlementForm};
use crate::domain::time::Timestamp;
use crate::domain::visit::Visit;
use crate::store::error::{Result, StoreError};
use crate::store::schema::visits::settlements;
use crate::store::transaction::{Change, Gather};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = settlements)]
struct Row {
    clinic_id: ClinicId,
    id: SettlementId,
    session_id: SessionId,
    amends_id: Option<SettlementId>,
    prepared_ug: Micrograms,
    charted_ug: Micrograms,
    concentration_ug_per_ml: Option<MicrogramsPerMillilitre>,
    pump_volume_ul: Option<Microlitres>,
    measured_waste_ul: Option<Microlitres>,
    waste_method: Option<String>,
    given_ug: Micrograms,
    given_basis: GivenBasis,
    wasted_ug: Micrograms,
    calculated_waste_ug: i64,
    variance_ug: Option<i64>,
    breakage_ug: Micrograms,
    unexplained_ug: i64,
    pump_differs: bool,
    discrepancy: Option<DiscrepancyClass>,
    explanation: Option<String>,
    hold_bag: Option<String>,
    recorded_by: StaffId,
    witness: Option<StaffId>,
    recorded_at: Timestamp,
}

impl Row {
    fn of(clinic_id: ClinicId, settled: &Settlement) -> Self {
        let (form, books, booked) = (settled.form.clone(), settled.books, settled.booked);
        Self {
            clinic_id,
            id: settled.id,
            session_id: settled.visit.session,
            amends_id: form.amends_id,
            prepared_ug: books.prepared,
            charted_ug: books.charted,
            concentration_ug_per_ml: books.concentration,
            pump_volume_ul: form.pump_volume,
            measured_waste_ul: form.measured_waste,
            waste_method: form.waste_method,
            given_ug: booked.given,
            given_basis: booked.given_basis,
            wasted_ug: booked.wasted,
            calculated_waste_ug: booked.calculated_waste_ug,
            variance_ug: booked.variance_ug,
            breakage_ug: booked.breakage,
            unexplained_ug: booked.unexplained_ug,
            pump_differs: booked.pump_differs,
            discrepancy: form.discrepancy,
            explanation: form.explanation,
            hold_bag: form.hold_bag,
            recorded_by: settled.recorded_by,
            witness: settled.witness,
            recorded_at: settled.recorded_at,
        }
    }

    fn into_settlement(self, visit: Visit) -> Settlement {
        let form = SettlementForm {
            pump_volume: self.pump_volume_ul,
            measured_waste: self.measured_waste_ul,
            waste_method: self.waste_method,
            breakage: Some(self.breakage_ug),
            discrepancy: self.discrepancy,
            explanation: self.explanation,
            hold_bag: self.hold_bag,
            amends_id: self.amends_id,
        };
        let books =
            Books { prepared: self.prepared_ug, charted: self.charted_ug, concentration: self.concentration_ug_per_ml };
        let booked = Booked {
            given: self.given_ug,
            given_basis: self.given_basis,
            wasted: self.wasted_ug,
            calculated_waste_ug: self.calculated_waste_ug,
            variance_ug: self.variance_ug,
            breakage: self.breakage_ug,
            unexplained_ug: self.unexplained_ug,
            pump_differs: self.pump_differs,
        };
        let Self { id, recorded_by, witness, recorded_at, .. } = self;
        Settlement { id, visit, form, books, booked, recorded_by, witness, recorded_at }
    }
}

impl Gather<'_> {
    /// The settlement in force: the newest, which names all before it by the chain.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_settlement(&mut self, visit: Visit) -> Result<Option<Settlement>> {
        Ok(self.newest_settlements(&[visit])?.pop())
    }

    /// The same of each of these visits that has one.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_settlements(&mut self, visits: &[Visit]) -> Result<Vec<Settlement>> {
        self.saw_each(visits.iter().map(|visit| visit.patient));
        let mut rows: Vec<Row> = settlements::table
            .filter(settlements::clinic_id.eq(self.clinic()))
            .filter(settlements::session_id.eq_any(sessions_of(visits)))
            .order((settlements::session_id, settlements::id.desc()))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.dedup_by_key(|row| row.session_id);
        let settled = |row: Row| visit_of(visits, row.session_id).map(|visit| row.into_settlement(visit));
        Ok(rows.into_iter().filter_map(settled).collect())
    }
}

impl Gather<'_> {
    /// The settlements of these ids.
    pub(in crate::store) fn settlements_by_id(&mut self, ids: &[SettlementId]) -> Result<Vec<Settlement>> {
        let rows = by_id!(self, settlements, Row, ids);
        let visits = self.visits_of(rows.iter().map(|row| row.session_id))?;
        let whole = |row: Row| {
            let visit = visit_of(&visits, row.session_id).ok_or(StoreError::NotFound)?;
            Ok(row.into_settlement(visit))
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Change<'_> {
    /// Keeps a settlement.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the visit, or the settlement it corrects, was settled already.
    pub fn insert_settlement(&mut self, settled: &Settlement) -> Result<()> {
        let row = Row::of(self.clinic(), settled);
        diesel::insert_into(settlements::table).values(&row).execute(self.connection)?;
        Ok(())
    }
}
