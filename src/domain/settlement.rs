//! Where the drug of a visit went: given, wasted, broken, or not explained, against what was prepared (decisions.md 17,
//! clinical.md 7).
//!
//! A measured waste is a measurement, not a remainder: within the tolerance the calculated amount is booked and the
//! variance kept; beyond it the measured amount is booked and the rest becomes an open discrepancy. A later correction
//! of the dose never adjusts a waste that people signed: the books stop balancing, and say so.

use super::event::{Event, EventKind, Subject};
use super::id::{SettlementId, StaffId};
use super::policy::Rules;
use super::quantity::{Amount as _, Micrograms, MicrogramsPerMillilitre, Microlitres};
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal};
use super::text;
use super::time::Timestamp;
use super::visit::{Deed, Visit};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::route::{Person, Route};
    use crate::domain::visit::samples::{deed, visit};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn mg(text: &str) -> Micrograms {
        Micrograms::parse(text).unwrap()
    }

    fn ml(text: &str) -> Option<Microlitres> {
        Some(Microlitres::parse(text).unwrap())
    }

    /// 1 mg/mL throughout, so that millilitres read as milligrams.
    fn books(prepared: &str, charted: &str) -> Books {
        Books { prepared: mg(prepared), charted: mg(charted), concentration: MicrogramsPerMillilitre::parse("1").ok() }
    }

    fn wasted(measured: Option<&str>) -> SettlementForm {
        SettlementForm {
            measured_waste: measured.and_then(ml),
            waste_method: Some("denatured".to_owned()),
            ..SettlementForm::default()
        }
    }

    fn explained(form: SettlementForm) -> SettlementForm {
        SettlementForm {
            discrepancy: Some(DiscrepancyClass::Unexplained),
            explanation: Some("counted twice".to_owned()),
            ..form
        }
    }

    fn settle(form: SettlementForm, books: Books) -> Result<Settlement, Refusal> {
        settle_with(form, books, deed().second)
    }

    fn settle_with(form: SettlementForm, books: Books, second: Option<Person>) -> Result<Settlement, Refusal> {
        Settlement::settle(
            SettlementId(Uuid::from_u128(40)),
            visit(Route::Iv),
            form,
            (books, Tolerance::from(&Rules::seeded())),
            Deed { second, ..deed() },
        )
        .map(|settled| settled.0)
    }

    fn pointers(refusal: Refusal) -> Vec<String> {
        match refusal {
            Refusal::Invalid(errors) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn v6_a_hundred_prepared_is_sixty_given_and_forty_wasted() {
        let settled = settle(wasted(Some("40")), books("100", "60")).unwrap();
        assert_eq!(
            (settled.booked.given, settled.booked.wasted, settled.booked.unexplained_ug),
            (mg("60"), mg("40"), 0)
        );
        assert_eq!(settled.difference_ug(books("100", "60")), 0);
    }

    #[test]
    fn v10_a_corrected_dose_unbalances_the_books_and_never_adjusts_the_waste() {
        let settled = settle(wasted(Some("40")), books("100", "60")).unwrap();
        let corrected = books("100", "57.5");
        assert_eq!(settled.difference_ug(corrected), 2_500);
        assert_eq!(settled.booked.wasted, mg("40"), "what was signed stays");
        let again = settle(explained(wasted(Some("40"))), corrected).unwrap();
        assert_eq!((again.booked.wasted, again.booked.unexplained_ug), (mg("40"), 2_500));
        assert!(again.is_discrepant());
        assert_eq!(again.difference_ug(corrected), 0, "an open case settles the missing 2.5 mg");
    }

    #[test]
    fn a_variance_is_a_measurement_within_five_percent_or_two_milligrams() {
        // Prepared 100: the calculated waste is 100 less given.
        for (given, measured, tolerated) in [
            ("60", "42", true),
            ("60", "38", true),
            ("60", "42.001", false),
            ("60", "37.999", false),
            ("10", "94.5", true),
            ("10", "94.501", false),
            ("10", "85.5", true),
            ("99", "2.9", true),
            ("99", "3.001", false),
            ("100", "2", true),
        ] {
            let settled = settle(explained(wasted(Some(measured))), books("100", given)).unwrap();
            assert_eq!(!settled.is_discrepant(), tolerated, "given {given}, measured {measured}");
            assert_eq!(settled.booked.variance_ug, Some(mg(measured).get() - settled.booked.calculated_waste_ug));
        }
    }

    #[test]
    fn beyond_the_tolerance_a_class_and_words_are_needed() {
        let refusal = settle(wasted(Some("30")), books("100", "60")).unwrap_err();
        assert_eq!(pointers(refusal), ["/discrepancy", "/explanation"]);
    }

    #[test]
    fn waste_needs_a_second_human_or_a_sealed_bag() {
        let form = wasted(None);
        assert_eq!(pointers(settle_with(form.clone(), books("100", "60"), None).unwrap_err()), ["/cosignature"]);
        assert!(matches!(
            settle_with(form.clone(), books("100", "60"), Some(deed().by)),
            Err(Refusal::Clash { clash: Clash::SamePerson, .. })
        ));
        let sealed = SettlementForm { hold_bag: Some("B-0042".to_owned()), ..form.clone() };
        assert!(settle_with(sealed, books("100", "60"), None).unwrap().awaits_witness());
        assert!(settle_with(form, books("60", "60"), None).is_ok(), "nothing is left, so nobody has to see it go");
    }

    #[test]
    fn the_pump_counts_before_the_chart_and_a_difference_is_explained() {
        let read = |volume| SettlementForm { pump_volume: ml(volume), ..wasted(None) };
        let settled = settle(read("61.5"), books("100", "60")).unwrap();
        assert_eq!((settled.booked.given, settled.booked.wasted), (mg("61.5"), mg("38.5")));
        assert_eq!(pointers(settle(read("70"), books("100", "60")).unwrap_err()), ["/explanation"]);
        assert_eq!(
            settle(explained(read("120")), books("100", "60")).unwrap().booked.given,
            mg("100"),
            "never more than was prepared"
        );
    }

    #[test]
    fn a_broken_vial_is_explained_and_cannot_lose_more_than_was_left() {
        let broken = |amount| SettlementForm { breakage: Some(mg(amount)), ..explained(wasted(None)) };
        let settled = settle(broken("30"), books("100", "60")).unwrap();
        assert_eq!((settled.booked.breakage, settled.booked.wasted), (mg("30"), mg("10")));
        assert_eq!(pointers(settle(broken("40.001"), books("100", "60")).unwrap_err()), ["/breakage_mg"]);
    }

    #[test]
    fn a_session_without_drug_has_nothing_to_settle() {
        assert!(matches!(settle(wasted(None), books("0", "0")), Err(Refusal::Clash { clash: Clash::WrongState, .. })));
    }

    proptest! {
        #[test]
        fn what_was_prepared_is_always_accounted_for(prepared in 1_i64..=500_000, charted in 0_i64..=600_000, pump in proptest::option::of(0_i64..=600_000), measured in proptest::option::of(0_i64..=600_000), breakage in 0_i64..=50_000) {
            let form = SettlementForm {
                pump_volume: pump.map(Microlitres::clamped),
                measured_waste: measured.map(Microlitres::clamped),
                breakage: Some(Micrograms::clamped(breakage)),
                ..explained(wasted(None))
            };
            let books = Books { prepared: Micrograms::clamped(prepared), charted: Micrograms::clamped(charted), concentration: MicrogramsPerMillilitre::parse("1").ok() };
            if let Ok(settled) = settle(form, books) {
                let booked = settled.booked;
                prop_assert_eq!(booked.given.get() + booked.wasted.get() + booked.breakage.get() + booked.unexplained_ug, prepared);
                prop_assert_eq!(settled.difference_ug(books), 0);
            }
        }
    }
}
