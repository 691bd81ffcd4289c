//! Where the drug of a visit went: given, wasted, broken, or not explained, against what was prepared (decisions.md 17,
//! clinical.md 7).
//!
//! A measured waste is a measurement, not a remainder: within the tolerance the calculated amount is booked and the
//! variance kept; beyond it the measured amount is booked and the rest becomes an open discrepancy. A later correction
//! of the dose never adjusts a waste that people signed: the books stop balancing, and say so.

#[cfg(test)]
mod tests;

use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{SettlementId, StaffId};
use crate::domain::policy::Rules;
use crate::domain::quantity::{Amount as _, Micrograms, MicrogramsPerMillilitre, Microlitres};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::task::{TaskAudience, TaskCause, TaskKind};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::domain::visit::{Deed, Visit};

/// A discrepancy is decided on the day after it was found (decisions.md 17).
const DISCREPANCY_HOURS: i64 = 24;

words! {
    /// Where the amount given comes from; both are kept.
    pub enum GivenBasis {
        /// Volume infused, as the pump shows it.
        PumpVolume = "pump_volume",
        /// The sum of the charted rates, boluses and fills.
        Charted = "charted",
    }

    /// What kind of difference it is (decisions.md 17).
    pub enum DiscrepancyClass {
        /// Syringes and bags are read to half a millilitre.
        Measurement = "measurement",
        /// Something was charted wrongly or too late.
        Documentation = "documentation",
        /// A vial or syringe broke.
        Breakage = "breakage",
        /// Nobody knows yet.
        Unexplained = "unexplained",
        /// Arms the one-day notice and the 45-day form.
        SuspectedTheft = "suspected_theft",
    }
}

/// What the record says now about the drug of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Books {
    /// Drawn into all preparations in force.
    pub prepared: Micrograms,
    /// Given, recomputed from the dosing events.
    pub charted: Micrograms,
    /// Concentration of what is left, to turn a measured volume into drug.
    pub concentration: Option<MicrogramsPerMillilitre>,
}

/// Up to which difference a measurement explains itself; either bound is enough (decisions.md 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// In percent of what is compared with.
    pub percent: i64,
    /// Whatever its percentage.
    pub micrograms: i64,
}

impl From<&Rules> for Tolerance {
    fn from(rules: &Rules) -> Self {
        Self { percent: rules.dosing.variance_percent, micrograms: rules.dosing.variance_micrograms }
    }
}

impl Tolerance {
    fn allows(self, found: i64, expected: i64) -> bool {
        let difference = found.saturating_sub(expected).saturating_abs();
        difference <= self.micrograms || difference.saturating_mul(100) <= expected.saturating_mul(self.percent)
    }
}

/// What the nurse and the witness write down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettlementForm {
    /// Volume infused, read from the pump.
    pub pump_volume: Option<Microlitres>,
    /// What was left and destroyed, as measured.
    pub measured_waste: Option<Microlitres>,
    /// How it was destroyed.
    pub waste_method: Option<String>,
    /// Lost with a broken vial, syringe or cup, as estimated.
    pub breakage: Option<Micrograms>,
    /// What kind of difference it is; needed when there is one.
    pub discrepancy: Option<DiscrepancyClass>,
    /// Why, in words; needed with a difference, a breakage or a correction.
    pub explanation: Option<String>,
    /// Number of the sealed bag, when no witness is there and the waste waits in the safe.
    pub hold_bag: Option<String>,
    /// The settlement it takes the place of.
    pub amends_id: Option<SettlementId>,
}

/// The settlement of one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Its id.
    pub id: SettlementId,
    /// Which visit.
    pub visit: Visit,
    /// What was written down.
    pub form: SettlementForm,
    /// The books it was made against.
    pub books: Books,
    /// What was booked.
    pub booked: Booked,
    /// Who wrote it.
    pub recorded_by: StaffId,
    /// Who saw the waste.
    pub witness: Option<StaffId>,
    /// When the server saved it.
    pub recorded_at: Timestamp,
}

/// The amounts of a settlement. Together they are what was prepared:
/// `prepared = given + wasted + breakage + unexplained`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// Given to the patient.
    pub given: Micrograms,
    /// Where that comes from.
    pub given_basis: GivenBasis,
    /// Wasted, as booked.
    pub wasted: Micrograms,
    /// Wasted, as calculated: prepared less given less breakage.
    pub calculated_waste_ug: i64,
    /// Measured less calculated; `None` when nothing was measured.
    pub variance_ug: Option<i64>,
    /// Lost by breakage.
    pub breakage: Micrograms,
    /// Missing; below zero it is an overage.
    pub unexplained_ug: i64,
    /// Whether pump and chart differ beyond the tolerance.
    pub pump_differs: bool,
}

impl Settlement {
    /// Settles the drug of a visit, witnessed by a second person or sealed for one.
    ///
    /// # Errors
    /// [`Clash::AlreadyDone`] when nothing was prepared, [`Refusal::Clash`] when the witness is the actor,
    /// [`Refusal::Invalid`] with every field that is missing or cannot be.
    pub fn settle(
        id: SettlementId,
        visit: Visit,
        form: SettlementForm,
        (books, tolerance): (Books, Tolerance),
        deed: Deed,
    ) -> Result<(Self, Event), Refusal> {
        if books.prepared.get() == 0 {
            return Err(Refusal::clash(
                Clash::WrongState,
                "nothing was prepared in this session, so there is nothing to settle",
            ));
        }
        let witness = deed.second("waste is witnessed by somebody else than who destroys it")?;
        let booked = form.book(books, tolerance)?;
        form.check(&booked, witness.is_some())?;
        let settled =
            Self { id, visit, form, books, booked, recorded_by: deed.by.staff, witness, recorded_at: deed.at };
        let mut event = Event::of_patient(
            EventKind::DrugSettled,
            visit.patient,
            Subject::new("settlement", id, 1),
            settled.record(),
        );
        event.reason.clone_from(&settled.form.explanation);
        Ok((settled, event))
    }

    /// Whether it opened a discrepancy that somebody has to decide on.
    pub fn is_discrepant(&self) -> bool {
        self.booked.unexplained_ug != 0
    }

    /// Whether its waste still waits for a witness.
    pub fn awaits_witness(&self) -> bool {
        self.witness.is_none() && self.form.hold_bag.is_some()
    }

    /// The work it leaves behind: a discrepancy to decide on by the next day, waste in a sealed bag to be witnessed.
    pub fn work(&self, rules: &Rules, now: Timestamp) -> Vec<TaskCause> {
        let cause = |kind, hours: i64| TaskCause {
            kind,
            audience: TaskAudience::Prescriber,
            assignee: None,
            acted_by: None,
            subject: self.id.uuid(),
            session: Some(self.visit.session),
            patient: Some(self.visit.patient),
            due_at: now.plus_minutes(hours * 60),
        };
        let case = self.is_discrepant().then(|| cause(TaskKind::Discrepancy, DISCREPANCY_HOURS));
        let bag = self.awaits_witness().then(|| cause(TaskKind::WasteCosign, rules.dosing.waste_cosign_hours));
        case.into_iter().chain(bag).collect()
    }

    /// How many µg the books of now lack (or have too much) against what was signed; zero when they still balance.
    pub fn difference_ug(&self, now: Books) -> i64 {
        let given = if self.booked.given_basis == GivenBasis::PumpVolume {
            self.booked.given
        } else {
            now.charted.min(now.prepared)
        };
        let accounted =
            given.get() + self.booked.wasted.get() + self.booked.breakage.get() + self.booked.unexplained_ug;
        now.prepared.get() - accounted
    }

    /// The canonical form.
    pub fn record(&self) -> Record {
        let (form, booked) = (&self.form, &self.booked);
        Record::new("settlement", 1)
            .with("id", self.id)
            .with("session_id", self.visit.session)
            .with("patient_id", self.visit.patient)
            .with("amends_id", form.amends_id)
            .amount("prepared_ug", Some(self.books.prepared))
            .amount("charted_ug", Some(self.books.charted))
            .amount("concentration_ug_per_ml", self.books.concentration)
            .amount("pump_volume_ul", form.pump_volume)
            .amount("given_ug", Some(booked.given))
            .word("given_basis", Some(booked.given_basis.as_str()))
            .amount("measured_waste_ul", form.measured_waste)
            .with("waste_method", form.waste_method.clone())
            .amount("wasted_ug", Some(booked.wasted))
            .with("calculated_waste_ug", booked.calculated_waste_ug)
            .with("variance_ug", booked.variance_ug)
            .amount("breakage_ug", Some(booked.breakage))
            .with("unexplained_ug", booked.unexplained_ug)
            .word("discrepancy", form.discrepancy.map(DiscrepancyClass::as_str))
            .with("explanation", form.explanation.clone())
            .with("hold_bag", form.hold_bag.clone())
            .with("recorded_by", self.recorded_by)
            .with("witness", self.witness)
            .with("recorded_at", self.recorded_at)
    }
}

impl SettlementForm {
    /// The amounts. What the pump says counts before what was charted; nobody can be given more than was prepared.
    fn book(&self, books: Books, tolerance: Tolerance) -> Result<Booked, Refusal> {
        let drug = |pointer, volume: Microlitres| match books.concentration {
            Some(concentration) => Ok(mass(volume, concentration)),
            None => Err(Refusal::invalid(
                pointer,
                "no_single_concentration",
                "the preparations differ in concentration: a volume says nothing about the drug",
            )),
        };
        let pump = self.pump_volume.map(|volume| drug("/pump_volume_ml", volume)).transpose()?;
        let given = pump.unwrap_or(books.charted).min(books.prepared);
        let breakage = self.breakage.unwrap_or(Micrograms::clamped(0));
        let calculated = books.prepared.get() - given.get() - breakage.get();
        if calculated < 0 {
            return Err(Refusal::invalid("/breakage_mg", "contradiction", "is more than what was left after the dose"));
        }
        let measured = self.measured_waste.map(|volume| drug("/measured_waste_ml", volume)).transpose()?;
        let wasted = match measured {
            Some(measured) if !tolerance.allows(measured.get(), calculated) => measured,
            _ => Micrograms::clamped(calculated),
        };
        Ok(Booked {
            given,
            given_basis: if pump.is_some() { GivenBasis::PumpVolume } else { GivenBasis::Charted },
            wasted,
            calculated_waste_ug: calculated,
            variance_ug: measured.map(|measured| measured.get() - calculated),
            breakage,
            unexplained_ug: calculated - wasted.get(),
            pump_differs: pump.is_some_and(|pump| !tolerance.allows(pump.get(), books.charted.get())),
        })
    }

    fn check(&self, booked: &Booked, witnessed: bool) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        for (pointer, words, most) in [
            ("/waste_method", &self.waste_method, 100),
            ("/explanation", &self.explanation, 2000),
            ("/hold_bag", &self.hold_bag, 60),
        ] {
            if let Some(words) = words {
                errors.take(text::checked(pointer, words, 1, most));
            }
        }
        let something_left = booked.wasted.get() + booked.breakage.get() > 0;
        if something_left && !witnessed && self.hold_bag.is_none() {
            errors.add("/cosignature", "required", "what is left is destroyed before a witness; with nobody there, seal it in a numbered bag and send hold_bag");
        }
        if booked.wasted.get() > 0 && self.waste_method.is_none() && self.hold_bag.is_none() {
            errors.add("/waste_method", "required", "say how the rest was destroyed");
        }
        if booked.unexplained_ug != 0 && self.discrepancy.is_none() {
            errors.add(
                "/discrepancy",
                "required",
                "the measured waste differs by more than the clinic's tolerance: say what kind of difference it is",
            );
        }
        let needs_words =
            booked.unexplained_ug != 0 || booked.breakage.get() > 0 || booked.pump_differs || self.amends_id.is_some();
        if needs_words && self.explanation.is_none() {
            errors.add("/explanation", "required", "a difference, a breakage or a correction needs an explanation");
        }
        errors.finish()
    }
}

/// Drug in a volume, rounded half up to a whole microgram.
fn mass(volume: Microlitres, concentration: MicrogramsPerMillilitre) -> Micrograms {
    let thousandths = i128::from(volume.get()) * i128::from(concentration.get());
    Micrograms::clamped(i64::try_from((thousandths + 500) / 1000).unwrap_or(i64::MAX))
}
