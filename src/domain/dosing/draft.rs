//! Reading what somebody sent about the drug: everything that is wrong with it, at once.

use super::event::{
    Administration, BolusOver, DosingEvent, DosingKind, OrderMode, OrderedBy, PumpSetting, RescueClass, RescueDrug,
    RescueRoute, Residual,
};
use crate::domain::act::Act;
use crate::domain::id::{DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::quantity::{Micrograms, MicrogramsPerMillilitre, Microlitres, MicrolitresPerHour};
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// A body: each value can be, but whether they belong together nobody has looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What was done.
    pub kind: DosingKind,
    /// The pump's rate.
    pub rate: Option<MicrolitresPerHour>,
    /// The concentration the pump was set to.
    pub concentration: Option<MicrogramsPerMillilitre>,
    /// Volume to be infused.
    pub vtbi: Option<Microlitres>,
    /// The bolus.
    pub bolus: Option<Micrograms>,
    /// Over how many minutes; absent is a push.
    pub bolus_over_min: Option<i64>,
    /// What the pump's display says it gave.
    pub volume_infused: Option<Microlitres>,
    /// What is left in the nebulizer.
    pub residual: Option<Microlitres>,
    /// That nobody knows what was left.
    pub residual_unknown: Option<bool>,
    /// A rescue drug's name.
    pub drug: Option<String>,
    /// What it is for.
    pub drug_class: Option<RescueClass>,
    /// How much of it.
    pub drug_dose: Option<Micrograms>,
    /// Which way.
    pub drug_route: Option<RescueRoute>,
    /// The order behind it.
    pub order: Option<SentOrder>,
    /// Why.
    pub reason: Option<String>,
}

/// An order as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentOrder {
    /// The prescriber.
    pub by: StaffId,
    /// How.
    pub mode: OrderMode,
    /// When it was given; absent is now.
    pub at: Option<Timestamp>,
}

impl Sent {
    /// A body that only says what was done.
    pub const fn only(kind: DosingKind) -> Self {
        Self {
            kind,
            rate: None,
            concentration: None,
            vtbi: None,
            bolus: None,
            bolus_over_min: None,
            volume_infused: None,
            residual: None,
            residual_unknown: None,
            drug: None,
            drug_class: None,
            drug_dose: None,
            drug_route: None,
            order: None,
            reason: None,
        }
    }
}

/// An entry that makes sense in itself. Whether it may happen is for [`super::guard`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What was done.
    pub what: Administration,
    /// The order behind it.
    pub order: Option<OrderedBy>,
    /// Why.
    pub reason: Option<String>,
}

impl Draft {
    /// Reads a body.
    ///
    /// # Errors
    /// A field error for each value that is missing, out of range, or does not belong to this kind.
    pub fn read(sent: &Sent, now: Timestamp) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        refuse_strangers(sent, &mut errors);
        let what = administration(sent, &mut errors);
        let reason = sent.reason.as_ref().and_then(|reason| errors.take(text::checked("/reason", reason, 1, 500)));
        errors.finish()?;
        let what = what.ok_or_else(|| Refusal::invalid("/kind", "required", "must say what was done"))?;
        let ordered =
            |order: SentOrder| OrderedBy { by: order.by, mode: order.mode, at: order.at.unwrap_or(now).min(now) };
        Ok(Self { what, order: sent.order.map(ordered), reason })
    }

    /// Makes the entry.
    pub fn into_event(self, id: DosingEventId, session: SessionId, patient: PatientId, act: Act) -> DosingEvent {
        DosingEvent {
            id,
            session,
            patient,
            what: self.what,
            act,
            checked_by: None,
            order: self.order,
            reason: self.reason,
            unmet: Vec::new(),
            amends: None,
            moved_from: None,
        }
    }
}

/// Notes a value that this kind needs and that is not there.
fn required<T>(pointer: &str, value: Option<T>, errors: &mut FieldErrors) -> Option<T> {
    if value.is_none() {
        errors.add(pointer, "required", "is needed for this kind of entry");
    }
    value
}

/// A value that this kind of entry does not have is a misunderstanding: it is refused, not dropped.
fn refuse_strangers(sent: &Sent, errors: &mut FieldErrors) {
    use DosingKind as K;
    let kind = sent.kind;
    let pump = [K::Start, K::Resume];
    for (pointer, is_sent, belongs) in [
        ("/rate_ml_per_h", sent.rate.is_some(), pump.contains(&kind) || kind == K::RateChange),
        ("/concentration_mg_per_ml", sent.concentration.is_some(), pump.contains(&kind)),
        ("/vtbi_ml", sent.vtbi.is_some(), pump.contains(&kind)),
        ("/bolus_mg", sent.bolus.is_some(), kind == K::Bolus),
        ("/bolus_over_min", sent.bolus_over_min.is_some(), kind == K::Bolus),
        ("/volume_infused_ml", sent.volume_infused.is_some(), kind == K::Stop),
        ("/residual_ml", sent.residual.is_some(), kind == K::NebEnd),
        ("/residual_unknown", sent.residual_unknown.is_some(), kind == K::NebEnd),
        ("/drug", sent.drug.is_some(), kind == K::RescueDrug),
        ("/drug_class", sent.drug_class.is_some(), kind == K::RescueDrug),
        ("/drug_dose_mg", sent.drug_dose.is_some(), kind == K::RescueDrug),
        ("/drug_route", sent.drug_route.is_some(), kind == K::RescueDrug),
    ] {
        if is_sent && !belongs {
            errors.add(pointer, "not_applicable", format!("does not belong to an entry of kind {kind}"));
        }
    }
}

fn administration(sent: &Sent, errors: &mut FieldErrors) -> Option<Administration> {
    let setting = PumpSetting { rate: sent.rate, concentration: sent.concentration, vtbi: sent.vtbi };
    Some(match sent.kind {
        DosingKind::Start => {
            required("/rate_ml_per_h", sent.rate, errors)?;
            Administration::Start(setting)
        }
        DosingKind::RateChange => Administration::RateChange(required("/rate_ml_per_h", sent.rate, errors)?),
        DosingKind::Bolus => {
            let dose = required("/bolus_mg", sent.bolus, errors);
            let over = BolusOver::new(sent.bolus_over_min.unwrap_or(0));
            if over.is_none() {
                let most = BolusOver::LONGEST;
                errors.add("/bolus_over_min", "range", format!("must be between 0 and {most}; longer is a rate"));
            }
            Administration::Bolus(dose?, over?)
        }
        DosingKind::Pause => Administration::Pause,
        DosingKind::Resume => Administration::Resume(setting),
        DosingKind::Stop => Administration::Stop(sent.volume_infused),
        DosingKind::NebStart => Administration::NebStart,
        DosingKind::NebPause => Administration::NebPause,
        DosingKind::NebEnd => Administration::NebEnd(residual(sent, errors)?),
        DosingKind::RescueDrug => Administration::Rescue(rescue(sent, errors)?),
    })
}

fn residual(sent: &Sent, errors: &mut FieldErrors) -> Option<Residual> {
    match (sent.residual, sent.residual_unknown.unwrap_or(false)) {
        (Some(volume), false) => Some(Residual::Measured(volume)),
        (None, true) => Some(Residual::Unknown),
        _ => {
            errors.add("/residual_ml", "required", "give either residual_ml or residual_unknown: true");
            None
        }
    }
}

fn rescue(sent: &Sent, errors: &mut FieldErrors) -> Option<RescueDrug> {
    let drug = required("/drug", sent.drug.as_ref(), errors);
    let drug = drug.and_then(|drug| errors.take(text::checked("/drug", drug, 1, 100)));
    let class = required("/drug_class", sent.drug_class, errors);
    let dose = required("/drug_dose_mg", sent.drug_dose, errors);
    let route = required("/drug_route", sent.drug_route, errors);
    Some(RescueDrug { drug: drug?, class: class?, dose: dose?, route: route? })
}

#[cfg(test)]
mod tests {
    use super::super::vectors::q;
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_772_000_000_000)
    }

    /// A body of each kind with all that the kind can carry.
    fn full(kind: DosingKind) -> Sent {
        let mut sent = Sent::only(kind);
        match kind {
            DosingKind::Start | DosingKind::Resume => {
                (sent.rate, sent.concentration, sent.vtbi) = (Some(q("47")), Some(q("1")), Some(q("50")));
            }
            DosingKind::RateChange => sent.rate = Some(q("60.5")),
            DosingKind::Bolus => (sent.bolus, sent.bolus_over_min) = (Some(q("10")), Some(5)),
            DosingKind::Stop => sent.volume_infused = Some(q("35.2")),
            DosingKind::NebEnd => sent.residual = Some(q("1.2")),
            DosingKind::RescueDrug => {
                (sent.drug, sent.drug_class) = (Some("labetalol".into()), Some(RescueClass::Antihypertensive));
                (sent.drug_dose, sent.drug_route) = (Some(q("10")), Some(RescueRoute::Iv));
            }
            DosingKind::Pause | DosingKind::NebStart | DosingKind::NebPause => {}
        }
        sent
    }

    fn pointers(sent: &Sent) -> Vec<String> {
        match Draft::read(sent, now()) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_is_read_with_all_it_can_carry() {
        for kind in DosingKind::ALL {
            assert_eq!(Draft::read(&full(*kind), now()).unwrap().what.kind(), *kind);
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused_by_name() {
        for kind in DosingKind::ALL {
            let mut sent = full(*kind);
            for other in DosingKind::ALL {
                let stranger = full(*other);
                sent.rate = sent.rate.or(stranger.rate);
                sent.bolus = sent.bolus.or(stranger.bolus);
                sent.residual = sent.residual.or(stranger.residual);
                sent.drug = sent.drug.or(stranger.drug);
            }
            let carries = match kind {
                DosingKind::Start | DosingKind::Resume | DosingKind::RateChange => Some("/rate_ml_per_h"),
                DosingKind::Bolus => Some("/bolus_mg"),
                DosingKind::NebEnd => Some("/residual_ml"),
                DosingKind::RescueDrug => Some("/drug"),
                _ => None,
            };
            let mut expected = vec!["/rate_ml_per_h", "/bolus_mg", "/residual_ml", "/drug"];
            expected.retain(|pointer| Some(*pointer) != carries);
            assert_eq!(pointers(&sent), expected, "{kind}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let rescue = Sent { drug: Some("\0".into()), reason: Some(" ".into()), ..Sent::only(DosingKind::RescueDrug) };
        assert_eq!(pointers(&rescue), ["/drug", "/drug_class", "/drug_dose_mg", "/drug_route", "/reason"]);
        let bolus = Sent { bolus_over_min: Some(1441), ..Sent::only(DosingKind::Bolus) };
        assert_eq!(pointers(&bolus), ["/bolus_mg", "/bolus_over_min"]);
        assert_eq!(pointers(&Sent::only(DosingKind::NebEnd)), ["/residual_ml"]);
        let both = Sent { residual_unknown: Some(true), ..full(DosingKind::NebEnd) };
        assert_eq!(pointers(&both), ["/residual_ml"], "measured and unknown at once is neither");
    }
}
