//! The three faces of a printed page, and which of them has a letter.
//!
//! Open Sans for what it has (Latin with Vietnamese, Greek, Cyrillic), Droid Sans Fallback for Chinese, Japanese and
//! Korean: one family by one designer, both under the Apache licence. Letters are set one after another, so scripts
//! that join or reorder theirs (Arabic, Devanagari) are readable but not well set. A letter that no face has is printed
//! as its number, never left out.

use std::collections::BTreeMap;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

const REGULAR: &[u8] = include_bytes!("fonts/OpenSans-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("fonts/OpenSans-Semibold.ttf");
const FALLBACK: &[u8] = include_bytes!("fonts/DroidSansFallbackFull.ttf");

/// Which face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// For what is read.
    Regular,
    /// For what stands out.
    Semibold,
    /// For letters the other two do not have.
    Fallback,
}

impl Weight {
    /// Every face, in the order of its number.
    pub const ALL: [Self; 3] = [Self::Regular, Self::Semibold, Self::Fallback];

    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Semibold => SEMIBOLD,
            Self::Fallback => FALLBACK,
        }
    }

    /// The name of the resource in a page.
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::Regular => b"F0",
            Self::Semibold => b"F1",
            Self::Fallback => b"F2",
        }
    }

    /// The name of the face, with the tag of a subset.
    pub const fn face_name(self) -> &'static [u8] {
        match self {
            Self::Regular => b"CHAIRA+OpenSans-Regular",
            Self::Semibold => b"CHAIRB+OpenSans-Semibold",
            Self::Fallback => b"CHAIRC+DroidSansFallback",
        }
    }
}

/// One letter, set: its face, its glyph, and how far it goes, in thousandths of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// Which letter.
    pub letter: char,
    /// In which face.
    pub weight: Weight,
    /// Its number there.
    pub glyph: u16,
    /// How far it goes.
    pub advance: i32,
}

/// What a page needs to know of a face that it carries.
#[derive(Debug)]
pub struct Carried {
    /// The part of the face that is used, as a font file.
    pub file: Vec<u8>,
    /// The glyphs in the order of their new numbers, from 1: how wide, and for which letter.
    pub glyphs: Vec<(u16, i32, char)>,
    /// The box around all letters, and how far they reach up and down, in thousandths.
    pub bounds: [i16; 4],
    /// How far letters reach up.
    pub ascent: i16,
    /// And down.
    pub descent: i16,
    /// How tall a capital is.
    pub capital: i16,
}

/// The faces, and which of their letters were used.
pub struct Fonts {
    faces: Vec<(Weight, Face<'static>)>,
    used: BTreeMap<(Weight, u16), char>,
}

impl Fonts {
    /// All three, with nothing used yet.
    pub fn new() -> Self {
        let face = |weight: Weight| Some((weight, Face::parse(weight.bytes(), 0).ok()?));
        Self { faces: Weight::ALL.into_iter().filter_map(face).collect(), used: BTreeMap::new() }
    }

    /// These words as letters. Nothing is left out.
    pub fn letters(&mut self, words: &str, weight: Weight) -> Vec<Letter> {
        let mut letters = Vec::new();
        for letter in words.chars() {
            if let Some(letter) = self.letter(letter, weight) {
                letters.push(letter);
            } else {
                let number = format!("[U+{:04X}]", u32::from(letter));
                letters.extend(number.chars().filter_map(|letter| self.letter(letter, weight)));
            }
        }
        letters
    }

    fn letter(&mut self, letter: char, weight: Weight) -> Option<Letter> {
        let letter = if letter == '\t' { ' ' } else { letter };
        if letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            return None;
        }
        let found = [weight, Weight::Fallback].into_iter().find_map(|weight| {
            let face = &self.faces.iter().find(|(other, _)| *other == weight)?.1;
            let glyph = face.glyph_index(letter)?;
            (glyph.0 != 0)
                .then(|| (weight, glyph, in_thousandths(face, i64::from(face.glyph_hor_advance(glyph).unwrap_or(0)))))
        });
        let (weight, GlyphId(glyph), advance) = found?;
        self.used.entry((weight, glyph)).or_insert(letter);
        Some(Letter { letter, weight, glyph, advance })
    }

    /// Where the used glyphs of a face are in the file that is carried.
    pub fn numbers(&self, weight: Weight) -> GlyphRemapper {
        let mut numbers = GlyphRemapper::new();
        for (_, glyph) in self.used.keys().filter(|(other, _)| *other == weight) {
            numbers.remap(*glyph);
        }
        numbers
    }

    /// The part of a face that was used; nothing when none of it was.
    pub fn carried(&self, weight: Weight) -> Option<Carried> {
        let face = &self.faces.iter().find(|(other, _)| *other == weight)?.1;
        let numbers = self.numbers(weight);
        let used = self.used.iter().filter(|((other, _), _)| *other == weight);
        let glyphs: Vec<(u16, i32, char)> = used
            .filter_map(|((_, glyph), letter)| {
                let advance = face.glyph_hor_advance(GlyphId(*glyph)).unwrap_or(0);
                Some((numbers.get(*glyph)?, in_thousandths(face, i64::from(advance)), *letter))
            })
            .collect();
        if glyphs.is_empty() {
            return None;
        }
        let file = subsetter::subset(weight.bytes(), 0, &numbers).ok()?;
        let bounds = face.global_bounding_box();
        let scale = |units: i16| i16::try_from(in_thousandths(face, i64::from(units))).unwrap_or(i16::MAX);
        Some(Carried {
            file,
            glyphs,
            bounds: [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(scale),
            ascent: scale(face.ascender()),
            descent: scale(face.descender()),
            capital: scale(face.capital_height().unwrap_or(1462)),
        })
    }
}

fn in_thousandths(face: &Face<'_>, units: i64) -> i32 {
    i32::try_from(units * 1000 / i64::from(face.units_per_em().max(1))).unwrap_or(0)
}
