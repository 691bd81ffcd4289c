//! The invented people of a demonstration: nobody who exists, and easy to tell from real patients by their numbers.

use super::physiology::Preset;
use super::random::Dice;

/// An invented patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Family name.
    pub family_name: &'static str,
    /// Given name.
    pub given_name: &'static str,
    /// Female or male, so that ideal body weight is defined.
    pub sex: &'static str,
    /// `YYYY-MM-DD`.
    pub birth_date: String,
    /// A number of the range that is kept free for fiction (555-0100 to 555-0199).
    pub phone: String,
    /// Weight in kg, as the wire says it.
    pub weight_kg: String,
    /// Height in cm, as the wire says it.
    pub height_cm: String,
    /// ICD-10-CM.
    pub indication: &'static str,
    /// How the body answers.
    pub preset: Preset,
}

const FAMILY: [&str; 25] = [
    "Abara",
    "Bellweather",
    "Castellan",
    "Dunmore",
    "Eklund",
    "Ferreira",
    "Grünwald",
    "Halloran",
    "Ishikawa",
    "Jankovic",
    "Kowalska",
    "Lindqvist",
    "Moreau",
    "Nwosu",
    "O'Malley",
    "Petrović",
    "Quillfeather",
    "Rasmussen",
    "Sundaram",
    "Thistlewood",
    "Umarov",
    "Valdés",
    "Whitlock",
    "Yildiz",
    "Zielinski",
];
const FEMALE: [&str; 12] =
    ["Ada", "Beatriz", "Carmen", "Dilnoza", "Elif", "Freya", "Grace", "Hana", "Ines", "Joy", "Katarína", "Leonor"];
const MALE: [&str; 12] =
    ["Arvid", "Bruno", "Cormac", "Dario", "Emeka", "Felix", "Goran", "Hugo", "Ivo", "Jonas", "Kenji", "Luís"];
const INDICATIONS: [&str; 6] = ["G43.719", "G43.711", "G43.709", "G44.221", "G43.019", "G44.52"];

/// The preset of the patient with this number: a crisis, an elder and a low responder among every ten, so that even a
/// small clinic shows all of them; the published rates are far lower.
pub const fn preset_of(index: u64) -> Preset {
    match index % 10 {
        3 => Preset::HypertensiveElder,
        6 => Preset::LowResponder,
        8 => Preset::Crisis,
        _ => Preset::Normal,
    }
}

/// The patient with this number; the same for the same seed. `this_year` dates the birth.
pub fn person(seed: u64, index: u64, this_year: i64) -> Person {
    let mut dice = Dice::of(seed, index);
    let preset = preset_of(index);
    let female = dice.happens(700);
    let age = if preset == Preset::HypertensiveElder { dice.between(66, 79) } else { dice.between(22, 62) };
    let (given, sex) = if female { (&FEMALE[..], "female") } else { (&MALE[..], "male") };
    let height = if female { 163 + dice.normal() / 160 } else { 177 + dice.normal() / 150 };
    let grams = (dice.between(21_000, 33_000) * height * height / 10_000).clamp(48_000, 140_000);
    let tenths = grams / 100;
    Person {
        // Walked through rather than thrown, so that neighbours have different names.
        family_name: nth(&FAMILY, index),
        given_name: nth(given, index / 25 + u64::try_from(dice.between(0, 11)).unwrap_or(0)),
        sex,
        birth_date: format!("{:04}-{:02}-{:02}", this_year - age, dice.between(1, 12), dice.between(1, 28)),
        phone: format!("+1 555 01{:02}", index % 100),
        weight_kg: format!("{}.{}", tenths / 10, tenths % 10),
        height_cm: height.to_string(),
        indication: dice.pick(&INDICATIONS).copied().unwrap_or("G43.719"),
        preset,
    }
}

fn nth(names: &[&'static str], index: u64) -> &'static str {
    let at = usize::try_from(index).unwrap_or(0) % names.len().max(1);
    names.get(at).copied().unwrap_or("Nobody")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn fifty_people_are_fifty_different_adults_of_plausible_size() {
        let people: Vec<Person> = (0..50).map(|index| person(1, index, 2026)).collect();
        let names: BTreeSet<_> = people.iter().map(|p| (p.family_name, p.given_name, &p.birth_date)).collect();
        assert_eq!(names.len(), 50);
        for person in people {
            let (weight, height) =
                (person.weight_kg.split('.').next().unwrap(), person.height_cm.parse::<i64>().unwrap());
            assert!((40..=180).contains(&weight.parse::<i64>().unwrap()), "{person:?}");
            assert!((140..=205).contains(&height), "{person:?}");
            assert!(person.indication.starts_with("G43") || person.indication.starts_with("G44"));
        }
    }

    #[test]
    fn the_same_seed_invents_the_same_people() {
        assert_eq!(person(9, 4, 2026), person(9, 4, 2026));
        assert_ne!(person(9, 4, 2026), person(10, 4, 2026));
    }
}
