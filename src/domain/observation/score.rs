//! Scores made of items: which items a scale has, which points an item may have, and the total.

use crate::domain::refusal::FieldErrors;

words! {
    /// A scale whose items are added up.
    pub enum Scale {
        /// Modified Aldrete, 0 to 10 (clinical.md 4.5).
        Aldrete = "aldrete",
        /// PADSS, 0 to 10 (clinical.md 4.5, pain as in decisions.md 16).
        Padss = "padss",
        /// 4AT for delirium, 0 to 12 (clinical.md 4.4).
        FourAt = "4at",
        /// RASS as a score of one item, -5 to +4.
        Rass = "rass",
    }
}

/// One item of a scale: its name and the points it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleItem {
    /// Its name on the wire.
    pub name: &'static str,
    /// The points it may have.
    pub points: &'static [i64],
}

const TWO: &[i64] = &[0, 1, 2];
const FOUR_OR_NONE: &[i64] = &[0, 4];

const fn item(name: &'static str, points: &'static [i64]) -> ScaleItem {
    ScaleItem { name, points }
}

const ALDRETE: &[ScaleItem] = &[
    item("activity", TWO),
    item("respiration", TWO),
    item("circulation", TWO),
    item("consciousness", TWO),
    item("spo2", TWO),
];
const PADSS: &[ScaleItem] =
    &[item("vital_signs", TWO), item("gait", TWO), item("nausea", TWO), item("pain", TWO), item("iv_site", TWO)];
const FOUR_AT: &[ScaleItem] =
    &[item("alertness", FOUR_OR_NONE), item("amt4", TWO), item("attention", TWO), item("acute_change", FOUR_OR_NONE)];
const RASS: &[ScaleItem] = &[item("rass", &[-5, -4, -3, -2, -1, 0, 1, 2, 3, 4])];

impl Scale {
    /// The version of the items below; a change of an instrument makes a new one.
    pub const VERSION: i64 = 1;

    /// Its items, in the order of the form. Their wording stays with its owners; only codes are kept.
    pub const fn items(self) -> &'static [ScaleItem] {
        match self {
            Self::Aldrete => ALDRETE,
            Self::Padss => PADSS,
            Self::FourAt => FOUR_AT,
            Self::Rass => RASS,
        }
    }
}

/// A filled-in scale: all its items, with a total that is their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Which scale.
    pub scale: Scale,
    /// The version of its items.
    pub version: i64,
    /// Points of each item, in the order of [`Scale::items`].
    pub points: Vec<i64>,
    /// Their sum.
    pub total: i64,
}

impl Score {
    /// Reads a score; `pointer` is where it stands in the body.
    pub(super) fn read(draft: &super::ScoreDraft, pointer: &str, errors: &mut FieldErrors) -> Option<Self> {
        let scale = match Scale::parse(&draft.scale) {
            Ok(scale) => scale,
            Err(unknown) => {
                errors.add(format!("{pointer}/scale"), "unknown_word", unknown.to_string());
                return None;
            }
        };
        if draft.version.is_some_and(|version| version != Scale::VERSION) {
            errors.add(format!("{pointer}/version"), "unknown_version", format!("must be {}", Scale::VERSION));
        }
        let points = read_items(scale, &draft.items, pointer, errors)?;
        let total = points.iter().sum();
        if draft.total.is_some_and(|stated| stated != total) {
            errors.add(format!("{pointer}/total"), "total_mismatch", format!("the items add up to {total}"));
        }
        Some(Self { scale, version: Scale::VERSION, points, total })
    }

    /// The points of an item.
    pub fn points_of(&self, name: &str) -> Option<i64> {
        self.items().find_map(|(item, points)| (item == name).then_some(points))
    }

    /// The items with their points.
    pub fn items(&self) -> impl Iterator<Item = (&'static str, i64)> + '_ {
        self.scale.items().iter().zip(&self.points).map(|(item, points)| (item.name, *points))
    }
}

/// Every item of the scale, once, with points it may have.
fn read_items(scale: Scale, given: &[(String, i64)], pointer: &str, errors: &mut FieldErrors) -> Option<Vec<i64>> {
    let mut complete = true;
    for (name, _) in given {
        if !scale.items().iter().any(|item| item.name == name) {
            complete = false;
            let known: Vec<_> = scale.items().iter().map(|item| item.name).collect();
            errors.add(format!("{pointer}/items"), "unknown_item", format!("the items are {}", known.join(", ")));
        }
    }
    let mut points = Vec::with_capacity(scale.items().len());
    for item in scale.items() {
        match given.iter().find(|(name, _)| name == item.name) {
            None => {
                complete = false;
                errors.add(format!("{pointer}/items/{}", item.name), "required", "every item needs its points");
            }
            Some((_, value)) if !item.points.contains(value) => {
                complete = false;
                let may: Vec<_> = item.points.iter().map(i64::to_string).collect();
                errors.add(
                    format!("{pointer}/items/{}", item.name),
                    "range",
                    format!("must be one of {}", may.join(", ")),
                );
            }
            Some((_, value)) => points.push(*value),
        }
    }
    complete.then_some(points)
}
