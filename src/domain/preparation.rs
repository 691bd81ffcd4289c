//! What was drawn up for one visit, by whom, and who checked it (decisions.md 17, clinical.md 3.2).
//!
//! By the time it is recorded the drug has left the vial, so a preparation is never refused for being wrong: it is
//! saved, its [`Fault`]s are named, and the start waits until a corrected or a new one is there. Refused is only what
//! cannot be: milligrams that do not fit the millilitres, and a check by the one who prepared.

use super::event::{Event, EventKind, Subject};
use super::id::{PreparationId, StaffId};
use super::quantity::{Amount as _, Micrograms, MicrogramsPerMillilitre, Microlitres};
use super::record::Record;
use super::refusal::{FieldErrors, Refusal};
use super::route::Route;
use super::text;
use super::time::{Date, Timestamp};
use super::visit::{Deed, Visit};

/// Immediate-use sterile preparations are used within four hours (USP 797, clinical.md 3.2).
pub const IMMEDIATE_USE_MINUTES: i64 = 240;
/// How far the label's concentration may lie from milligrams over millilitres: the tolerance of decisions.md 17.
const LABEL_TOLERANCE_PERCENT: i128 = 5;
/// 100 mg/mL must never enter a vein undiluted (label, clinical.md 3.2).
const NEVER_UNDILUTED_UG_PER_ML: i64 = 100_000;

words! {
    /// What the drug was drawn into.
    pub enum PreparationKind {
        /// A pump syringe.
        Syringe = "syringe",
        /// An infusion bag, its overfill removed.
        Bag = "bag",
        /// Bought ready to use; the label's own time counts.
        Prefilled = "prefilled",
        /// A nebulizer fill.
        Neb = "neb",
    }

    /// Why a preparation must not be started.
    pub enum Fault {
        /// Nobody else checked it.
        Unchecked = "unchecked",
        /// Its label differs from the order: the ten-fold error (clinical.md V8).
        ConcentrationNotOrdered = "concentration_not_ordered",
        /// Milligrams over millilitres give another concentration than the label.
        LabelNotContent = "label_not_content",
        /// The vial was past its date.
        VialExpired = "vial_expired",
        /// It has been standing too long.
        BeyondUse = "beyond_use",
        /// 100 mg/mL for a vein.
        Undiluted = "undiluted",
        /// A syringe for a nebulizer, or the other way round.
        WrongKind = "wrong_kind",
    }
}

/// What is written down at the bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparationForm {
    /// What the drug was drawn into.
    pub kind: PreparationKind,
    /// Product name, as on the vial.
    pub product: String,
    /// Lot.
    pub lot: String,
    /// The vial's own number in this clinic, if it has one.
    pub vial: Option<String>,
    /// Last day of use of the vial.
    pub expires_on: Date,
    /// Strength of the vial.
    pub vial_concentration: MicrogramsPerMillilitre,
    /// Volume drawn from the vial.
    pub drawn_volume: Microlitres,
    /// Drug drawn from the vial.
    pub drawn: Micrograms,
    /// What it was made up with.
    pub diluent: Option<String>,
    /// What is in the syringe, bag or cup now; for a bag with the overfill removed.
    pub final_volume: Microlitres,
    /// Concentration on the label.
    pub concentration: MicrogramsPerMillilitre,
    /// When it was made.
    pub prepared_at: Timestamp,
    /// The label's own limit, where it is earlier or the kind is prefilled.
    pub beyond_use_at: Option<Timestamp>,
}

/// What a preparation replaces, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amends {
    /// The preparation that is corrected.
    pub id: PreparationId,
    /// Why.
    pub reason: String,
}

/// A preparation, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preparation {
    /// Its id.
    pub id: PreparationId,
    /// Which visit.
    pub visit: Visit,
    /// What was written down.
    pub form: PreparationForm,
    /// What it corrects, if anything.
    pub amends: Option<Amends>,
    /// Who prepared it.
    pub prepared_by: StaffId,
    /// Who checked it independently; without a check it must not be started.
    pub checked_by: Option<StaffId>,
    /// When the server saved it.
    pub recorded_at: Timestamp,
}

impl Preparation {
    /// Records what was drawn up, checked by a second person or not yet.
    ///
    /// # Errors
    /// [`Refusal::Clash`] when the checker is the preparer, [`Refusal::Invalid`] for what cannot be.
    pub fn make(
        id: PreparationId,
        visit: Visit,
        form: PreparationForm,
        amends: Option<Amends>,
        deed: Deed,
    ) -> Result<(Self, Event), Refusal> {
        form.check(amends.as_ref(), &deed)?;
        let checked_by = deed.second("a preparation is checked by somebody else than who prepared it")?;
        let reason = amends.as_ref().map(|amends| amends.reason.clone());
        let made = Self { id, visit, form, amends, prepared_by: deed.by.staff, checked_by, recorded_at: deed.at };
        let mut event = Event::of_patient(
            EventKind::PreparationRecorded,
            visit.patient,
            Subject::new("preparation", id, 1),
            made.record(),
        );
        event.reason = reason;
        Ok((made, event))
    }

    /// The instant from which it must not be used.
    pub fn good_until(&self) -> Timestamp {
        let immediate = self.form.prepared_at.plus_minutes(IMMEDIATE_USE_MINUTES);
        match self.form.beyond_use_at {
            Some(label) if self.form.kind == PreparationKind::Prefilled => label,
            Some(label) => label.min(immediate),
            None => immediate,
        }
    }

    /// Why it must not be started now; empty when it may. `ordered` is the order's concentration.
    pub fn faults(&self, ordered: MicrogramsPerMillilitre, today: Date, now: Timestamp) -> Vec<Fault> {
        let form = &self.form;
        let for_neb = form.kind == PreparationKind::Neb;
        let wrong = |fault: Fault| match fault {
            Fault::Unchecked => self.checked_by.is_none(),
            Fault::ConcentrationNotOrdered => form.concentration != ordered,
            Fault::LabelNotContent => !form.label_fits_content(),
            Fault::VialExpired => form.expires_on < today,
            Fault::BeyondUse => now >= self.good_until(),
            Fault::Undiluted => self.visit.route == Route::Iv && form.concentration.get() >= NEVER_UNDILUTED_UG_PER_ML,
            Fault::WrongKind => for_neb != (self.visit.route == Route::Nebulized),
        };
        Fault::ALL.iter().copied().filter(|fault| wrong(*fault)).collect()
    }

    /// The preparations that count: those no other one corrects.
    pub fn in_force(all: &[Self]) -> impl Iterator<Item = &Self> {
        let corrected = |id| all.iter().any(|other| other.amends.as_ref().is_some_and(|amends| amends.id == id));
        all.iter().filter(move |preparation| !corrected(preparation.id))
    }

    /// The canonical form.
    pub fn record(&self) -> Record {
        let form = &self.form;
        Record::new("preparation", 1)
            .with("id", self.id)
            .with("session_id", self.visit.session)
            .with("patient_id", self.visit.patient)
            .word("preparation_kind", Some(form.kind.as_str()))
            .with("product", &form.product)
            .with("lot", &form.lot)
            .with("vial", form.vial.clone())
            .with("expires_on", form.expires_on)
            .amount("vial_concentration_ug_per_ml", Some(form.vial_concentration))
            .amount("drawn_volume_ul", Some(form.drawn_volume))
            .amount("drawn_ug", Some(form.drawn))
            .with("diluent", form.diluent.clone())
            .amount("final_volume_ul", Some(form.final_volume))
            .amount("concentration_ug_per_ml", Some(form.concentration))
            .with("prepared_at", form.prepared_at)
            .with("beyond_use_at", form.beyond_use_at)
            .with("amends_id", self.amends.as_ref().map(|amends| amends.id))
            .with("amends_reason", self.amends.as_ref().map(|amends| amends.reason.clone()))
            .with("prepared_by", self.prepared_by)
            .with("checked_by", self.checked_by)
            .with("recorded_at", self.recorded_at)
    }
}

impl PreparationForm {
    fn check(&self, amends: Option<&Amends>, deed: &Deed) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        for (pointer, words, most) in [
            ("/product", Some(&self.product), 200),
            ("/lot", Some(&self.lot), 60),
            ("/vial", self.vial.as_ref(), 60),
            ("/diluent", self.diluent.as_ref(), 100),
        ] {
            if let Some(words) = words {
                errors.take(text::checked(pointer, words, 1, most));
            }
        }
        if let Some(amends) = amends {
            errors.take(text::checked("/reason", &amends.reason, 1, 1000));
        }
        if self.drawn.get() == 0 {
            errors.add("/drawn_mg", "range", "must be more than 0");
        } else if !agree(self.drawn.get(), self.drawn_volume.get(), self.vial_concentration, 1) {
            errors.add(
                "/drawn_mg",
                "contradiction",
                "must be the drawn volume times the strength of the vial: one of the three is wrong",
            );
        }
        if self.final_volume < self.drawn_volume || self.final_volume.get() == 0 {
            errors.add("/actual_final_volume_ml", "contradiction", "must be at least the volume drawn from the vial");
        }
        deed.refuse_future("/prepared_at", Some(self.prepared_at), &mut errors);
        if self.beyond_use_at.is_some_and(|limit| limit <= self.prepared_at) {
            errors.add("/beyond_use_at", "range", "must be later than the preparation");
        }
        if self.kind == PreparationKind::Prefilled && self.beyond_use_at.is_none() {
            errors.add("/beyond_use_at", "required", "must be copied from the label of a prefilled product");
        }
        errors.finish()
    }

    fn label_fits_content(&self) -> bool {
        agree(self.drawn.get(), self.final_volume.get(), self.concentration, LABEL_TOLERANCE_PERCENT)
    }
}

/// Whether mass and volume give this concentration within `percent` of it. Cross-multiplied: nothing is rounded.
fn agree(mass_ug: i64, volume_ul: i64, concentration: MicrogramsPerMillilitre, percent: i128) -> bool {
    let stated = i128::from(volume_ul) * i128::from(concentration.get());
    let found = i128::from(mass_ug) * 1000;
    (found - stated).abs() * 100 <= stated * percent
}

#[cfg(test)]
pub mod samples {
    //! 100 mg drawn from a 50 mg/mL vial into 100 mL: the bag of V6.
    use super::*;
    use crate::domain::visit::samples::{deed, noon, visit};
    use uuid::Uuid;

    /// 100 mg in 100 mL.
    pub fn bag() -> PreparationForm {
        PreparationForm {
            kind: PreparationKind::Bag,
            product: "Ketamine 50 mg/mL".to_owned(),
            lot: "KX-881".to_owned(),
            vial: Some("V-17".to_owned()),
            expires_on: jiff::civil::date(2027, 1, 31),
            vial_concentration: MicrogramsPerMillilitre::parse("50").unwrap(),
            drawn_volume: Microlitres::parse("2").unwrap(),
            drawn: Micrograms::parse("100").unwrap(),
            diluent: Some("NaCl 0.9 %".to_owned()),
            final_volume: Microlitres::parse("100").unwrap(),
            concentration: MicrogramsPerMillilitre::parse("1").unwrap(),
            prepared_at: noon().plus_minutes(-15),
            beyond_use_at: None,
        }
    }

    /// The preparation of this form, checked by a second person.
    pub fn made(form: PreparationForm) -> Preparation {
        let route = if form.kind == PreparationKind::Neb { Route::Nebulized } else { Route::Iv };
        Preparation::make(PreparationId(Uuid::from_u128(30)), visit(route), form, None, deed()).unwrap().0
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{bag, made};
    use super::*;
    use crate::domain::refusal::Clash;
    use crate::domain::visit::samples::{deed, noon, visit};
    use jiff::civil::date;
    use uuid::Uuid;

    fn concentration(text: &str) -> MicrogramsPerMillilitre {
        MicrogramsPerMillilitre::parse(text).unwrap()
    }

    fn faults(change: impl FnOnce(&mut PreparationForm)) -> Vec<Fault> {
        let mut form = bag();
        change(&mut form);
        Preparation { visit: visit(Route::Iv), ..made(form) }.faults(concentration("1"), date(2026, 3, 2), noon())
    }

    #[test]
    fn what_was_drawn_up_rightly_may_be_started_until_four_hours_later() {
        assert_eq!(faults(|_| ()), []);
        assert_eq!(faults(|form| form.prepared_at = noon().plus_minutes(-239)), []);
        assert_eq!(faults(|form| form.prepared_at = noon().plus_minutes(-240)), [Fault::BeyondUse]);
        assert_eq!(faults(|form| form.expires_on = date(2026, 3, 2)), [], "the last day counts");
        assert_eq!(faults(|form| form.expires_on = date(2026, 3, 1)), [Fault::VialExpired]);
    }

    #[test]
    fn a_label_may_shorten_the_time_but_only_a_bought_product_may_lengthen_it() {
        let with = |kind, minutes| {
            faults(|form| {
                form.kind = kind;
                form.prepared_at = noon().plus_minutes(-300);
                form.beyond_use_at = Some(noon().plus_minutes(minutes));
            })
        };
        assert_eq!(with(PreparationKind::Bag, 60), [Fault::BeyondUse]);
        assert_eq!(with(PreparationKind::Prefilled, 60), []);
        assert_eq!(with(PreparationKind::Prefilled, 0), [Fault::BeyondUse]);
    }

    #[test]
    fn a_ten_fold_concentration_never_passes() {
        // V8: the syringe is really 10 mg/mL. On its label, or only in its content.
        assert_eq!(faults(|form| form.final_volume = Microlitres::parse("10").unwrap()), [Fault::LabelNotContent]);
        let labelled = |form: &mut PreparationForm| {
            form.final_volume = Microlitres::parse("10").unwrap();
            form.concentration = concentration("10");
        };
        assert_eq!(faults(labelled), [Fault::ConcentrationNotOrdered]);
        let undiluted = |form: &mut PreparationForm| {
            form.vial_concentration = concentration("100");
            form.drawn_volume = Microlitres::parse("1").unwrap();
            form.final_volume = form.drawn_volume;
            form.concentration = concentration("100");
        };
        assert_eq!(faults(undiluted), [Fault::ConcentrationNotOrdered, Fault::Undiluted]);
    }

    #[test]
    fn a_bag_with_its_overfill_is_named_and_one_without_is_not() {
        // decisions.md 17: 100 mL bags measured 106 to 112 mL.
        for (volume, expected) in
            [("95.3", true), ("95.2", false), ("100", true), ("105", true), ("105.3", false), ("109", false)]
        {
            let found = faults(|form| form.final_volume = Microlitres::parse(volume).unwrap());
            assert_eq!(found.is_empty(), expected, "{volume}");
        }
    }

    #[test]
    fn a_nebulizer_cup_is_no_infusion() {
        assert_eq!(faults(|form| form.kind = PreparationKind::Neb), [Fault::WrongKind]);
        // V7: 1.05 mL of 50 mg/mL made up to 5 mL is 52.5 mg at 10.5 mg/mL.
        let mut cup = bag();
        cup.kind = PreparationKind::Neb;
        cup.drawn_volume = Microlitres::parse("1.05").unwrap();
        cup.drawn = Micrograms::parse("52.5").unwrap();
        cup.final_volume = Microlitres::parse("5").unwrap();
        cup.concentration = concentration("10.5");
        assert_eq!(made(cup).faults(concentration("10.5"), date(2026, 3, 2), noon()), []);
    }

    #[test]
    fn the_checker_is_another_human_and_contradictions_are_refused_together() {
        let make = |form, second| {
            let deed = Deed { second, ..deed() };
            Preparation::make(PreparationId(Uuid::from_u128(30)), visit(Route::Iv), form, None, deed)
        };
        assert!(matches!(make(bag(), Some(deed().by)), Err(Refusal::Clash { clash: Clash::SamePerson, .. })));
        let unchecked = make(bag(), None).unwrap().0;
        assert_eq!(unchecked.faults(concentration("1"), date(2026, 3, 2), noon()), [Fault::Unchecked]);
        let mut form = bag();
        form.lot = String::new();
        form.drawn = Micrograms::parse("1000").unwrap();
        form.final_volume = Microlitres::parse("1").unwrap();
        form.prepared_at = noon().plus_minutes(6);
        let Err(Refusal::Invalid(errors)) = make(form, None) else { panic!() };
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/lot", "/drawn_mg", "/actual_final_volume_ml", "/prepared_at"]);
    }

    #[test]
    fn a_correction_takes_the_place_of_what_it_names() {
        let first = made(bag());
        let id = PreparationId(Uuid::from_u128(31));
        let second = Preparation {
            id,
            amends: Some(Amends { id: first.id, reason: "label misread".to_owned() }),
            ..first.clone()
        };
        let all = [first, second];
        assert_eq!(Preparation::in_force(&all).map(|found| found.id).collect::<Vec<_>>(), [id]);
    }
}
