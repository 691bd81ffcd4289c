//! Reading what somebody sent about the drug: everything that is wrong with it, at once.

use super::event::{
    Administration, BolusOver, DosingEvent, DosingKind, OrderMode, OrderedBy, PumpSetting, RescueClass, RescueDrug,
    RescueRoute, Residual,
};
use crate::domain::act::Act;
use crate::domain::id::{DosingEventId, PatientId, SessionId, StaffId};
use crate::domain::quantity::Amount;
use crate::domain::refusal::{FieldError, FieldErrors, Refusal};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// A body as it was sent; nothing in it is believed yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// What was done: a [`DosingKind`].
    pub kind: String,
    /// The pump's rate.
    pub rate_ml_per_h: Option<String>,
    /// The concentration the pump was set to.
    pub concentration_mg_per_ml: Option<String>,
    /// Volume to be infused.
    pub vtbi_ml: Option<String>,
    /// The bolus.
    pub bolus_mg: Option<String>,
    /// Over how many minutes; absent is a push.
    pub bolus_over_min: Option<i64>,
    /// What the pump's display says it gave.
    pub volume_infused_ml: Option<String>,
    /// What is left in the nebulizer.
    pub residual_ml: Option<String>,
    /// That nobody knows what was left.
    pub residual_unknown: Option<bool>,
    /// A rescue drug's name.
    pub drug: Option<String>,
    /// What it is for: a [`RescueClass`].
    pub drug_class: Option<String>,
    /// How much of it.
    pub drug_dose_mg: Option<String>,
    /// Which way: a [`RescueRoute`].
    pub drug_route: Option<String>,
    /// The order behind it.
    pub order: Option<SentOrder>,
    /// Why.
    pub reason: Option<String>,
}

/// An order as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentOrder {
    /// The prescriber.
    pub by: StaffId,
    /// An [`OrderMode`].
    pub mode: String,
    /// When it was given; absent is now.
    pub at: Option<Timestamp>,
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
    /// A field error for each value that is missing, unreadable, impossible, or does not belong to this kind.
    pub fn read(sent: &Sent, now: Timestamp) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        let kind = errors.take(word("/kind", &sent.kind, DosingKind::parse));
        let what = kind.and_then(|kind| {
            refuse_strangers(sent, kind, &mut errors);
            administration(sent, kind, &mut errors)
        });
        let order = sent.order.as_ref().and_then(|order| {
            let mode = errors.take(word("/order/mode", &order.mode, OrderMode::parse))?;
            Some(OrderedBy { by: order.by, mode, at: order.at.unwrap_or(now).min(now) })
        });
        let reason = sent.reason.as_ref().and_then(|reason| errors.take(text::checked("/reason", reason, 1, 500)));
        errors.finish()?;
        let what = what.ok_or_else(|| Refusal::invalid("/kind", "required", "must say what was done"))?;
        Ok(Self { what, order, reason })
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

fn word<T>(pointer: &str, word: &str, parse: impl Fn(&str) -> Result<T, crate::domain::UnknownWord>) -> Result<T, FieldError> {
    parse(word).map_err(|unknown| FieldError::new(pointer, "unknown_word", unknown.to_string()))
}

/// Reads an amount that may be absent.
fn optional<A: Amount>(pointer: &str, sent: Option<&String>, errors: &mut FieldErrors) -> Option<A> {
    let read = A::parse(sent?).map_err(|error| FieldError::new(pointer, error.code(), error.to_string()));
    errors.take(read)
}

/// Reads an amount that has to be there.
fn required<A: Amount>(pointer: &str, sent: Option<&String>, errors: &mut FieldErrors) -> Option<A> {
    if sent.is_none() {
        errors.add(pointer, "required", "is needed for this kind of entry");
    }
    optional(pointer, sent, errors)
}

fn required_word<T>(
    pointer: &str,
    sent: Option<&String>,
    parse: impl Fn(&str) -> Result<T, crate::domain::UnknownWord>,
    errors: &mut FieldErrors,
) -> Option<T> {
    match sent {
        Some(sent) => errors.take(word(pointer, sent, parse)),
        None => {
            errors.add(pointer, "required", "is needed for this kind of entry");
            None
        }
    }
}

/// A value that this kind of entry does not have is a misunderstanding: it is refused, not dropped.
fn refuse_strangers(sent: &Sent, kind: DosingKind, errors: &mut FieldErrors) {
    use DosingKind as K;
    let pump = [K::Start, K::Resume];
    for (pointer, is_sent, belongs) in [
        ("/rate_ml_per_h", sent.rate_ml_per_h.is_some(), pump.contains(&kind) || kind == K::RateChange),
        ("/concentration_mg_per_ml", sent.concentration_mg_per_ml.is_some(), pump.contains(&kind)),
        ("/vtbi_ml", sent.vtbi_ml.is_some(), pump.contains(&kind)),
        ("/bolus_mg", sent.bolus_mg.is_some(), kind == K::Bolus),
        ("/bolus_over_min", sent.bolus_over_min.is_some(), kind == K::Bolus),
        ("/volume_infused_ml", sent.volume_infused_ml.is_some(), kind == K::Stop),
        ("/residual_ml", sent.residual_ml.is_some(), kind == K::NebEnd),
        ("/residual_unknown", sent.residual_unknown.is_some(), kind == K::NebEnd),
        ("/drug", sent.drug.is_some(), kind == K::RescueDrug),
        ("/drug_class", sent.drug_class.is_some(), kind == K::RescueDrug),
        ("/drug_dose_mg", sent.drug_dose_mg.is_some(), kind == K::RescueDrug),
        ("/drug_route", sent.drug_route.is_some(), kind == K::RescueDrug),
    ] {
        if is_sent && !belongs {
            errors.add(pointer, "not_applicable", format!("does not belong to an entry of kind {kind}"));
        }
    }
}

fn administration(sent: &Sent, kind: DosingKind, errors: &mut FieldErrors) -> Option<Administration> {
    let rate = sent.rate_ml_per_h.as_ref();
    Some(match kind {
        DosingKind::Start => {
            let rate = required("/rate_ml_per_h", rate, errors);
            Administration::Start(PumpSetting { rate, ..pump_setting(sent, errors) })
        }
        DosingKind::RateChange => Administration::RateChange(required("/rate_ml_per_h", rate, errors)?),
        DosingKind::Bolus => {
            let dose = required("/bolus_mg", sent.bolus_mg.as_ref(), errors);
            let over = BolusOver::new(sent.bolus_over_min.unwrap_or(0));
            if over.is_none() {
                let most = BolusOver::MOST;
                errors.add("/bolus_over_min", "range", format!("must be between 0 and {most}; longer is a rate"));
            }
            Administration::Bolus(dose?, over?)
        }
        DosingKind::Pause => Administration::Pause,
        DosingKind::Resume => {
            let rate = optional("/rate_ml_per_h", rate, errors);
            Administration::Resume(PumpSetting { rate, ..pump_setting(sent, errors) })
        }
        DosingKind::Stop => Administration::Stop(optional("/volume_infused_ml", sent.volume_infused_ml.as_ref(), errors)),
        DosingKind::NebStart => Administration::NebStart,
        DosingKind::NebPause => Administration::NebPause,
        DosingKind::NebEnd => Administration::NebEnd(residual(sent, errors)?),
        DosingKind::RescueDrug => Administration::Rescue(rescue(sent, errors)?),
    })
}

fn pump_setting(sent: &Sent, errors: &mut FieldErrors) -> PumpSetting {
    PumpSetting {
        rate: None,
        concentration: optional("/concentration_mg_per_ml", sent.concentration_mg_per_ml.as_ref(), errors),
        vtbi: optional("/vtbi_ml", sent.vtbi_ml.as_ref(), errors),
    }
}

fn residual(sent: &Sent, errors: &mut FieldErrors) -> Option<Residual> {
    match (&sent.residual_ml, sent.residual_unknown.unwrap_or(false)) {
        (Some(_), false) => optional("/residual_ml", sent.residual_ml.as_ref(), errors).map(Residual::Measured),
        (None, true) => Some(Residual::Unknown),
        _ => {
            errors.add("/residual_ml", "required", "give either residual_ml or residual_unknown: true");
            None
        }
    }
}

fn rescue(sent: &Sent, errors: &mut FieldErrors) -> Option<RescueDrug> {
    let drug = match &sent.drug {
        Some(drug) => errors.take(text::checked("/drug", drug, 1, 100)),
        None => {
            errors.add("/drug", "required", "is needed for this kind of entry");
            None
        }
    };
    let class = required_word("/drug_class", sent.drug_class.as_ref(), RescueClass::parse, errors);
    let dose = required("/drug_dose_mg", sent.drug_dose_mg.as_ref(), errors);
    let route = required_word("/drug_route", sent.drug_route.as_ref(), RescueRoute::parse, errors);
    Some(RescueDrug { drug: drug?, class: class?, dose: dose?, route: route? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_772_000_000_000)
    }

    fn sent(kind: &str) -> Sent {
        Sent { kind: kind.into(), ..Sent::default() }
    }

    /// A body of each kind with all that the kind can carry.
    fn full(kind: DosingKind) -> Sent {
        let mut sent = sent(kind.as_str());
        let some = |text: &str| Some(text.to_owned());
        match kind {
            DosingKind::Start | DosingKind::Resume => {
                (sent.rate_ml_per_h, sent.concentration_mg_per_ml, sent.vtbi_ml) = (some("47"), some("1"), some("50"));
            }
            DosingKind::RateChange => sent.rate_ml_per_h = some("60.5"),
            DosingKind::Bolus => (sent.bolus_mg, sent.bolus_over_min) = (some("10"), Some(5)),
            DosingKind::Stop => sent.volume_infused_ml = some("35.2"),
            DosingKind::NebEnd => sent.residual_ml = some("1.2"),
            DosingKind::RescueDrug => {
                (sent.drug, sent.drug_class) = (some("labetalol"), some("antihypertensive"));
                (sent.drug_dose_mg, sent.drug_route) = (some("10"), some("iv"));
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
                sent.rate_ml_per_h = sent.rate_ml_per_h.or(stranger.rate_ml_per_h);
                sent.bolus_mg = sent.bolus_mg.or(stranger.bolus_mg);
                sent.residual_ml = sent.residual_ml.or(stranger.residual_ml);
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
        let rescue = Sent { drug_class: Some("poison".into()), drug_dose_mg: Some("-1".into()), ..sent("rescue_drug") };
        assert_eq!(pointers(&rescue), ["/drug", "/drug_class", "/drug_dose_mg", "/drug_route"]);
        let bolus = Sent { bolus_over_min: Some(31), reason: Some("\0".into()), ..sent("bolus") };
        assert_eq!(pointers(&bolus), ["/bolus_mg", "/bolus_over_min", "/reason"]);
        assert_eq!(pointers(&sent("injection")), ["/kind"]);
        assert_eq!(pointers(&sent("neb_end")), ["/residual_ml"]);
    }
}
