//! Diagnoses as ICD-10-CM codes: the form of a code, and which of them this product treats.

/// A code of ICD-10-CM, for example `G43.719`. Only its form is checked: the catalogue changes every October, and a
/// clinic must be able to record what its patient came with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Icd10(String);

/// A text that does not have the form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoIcd10;

impl std::fmt::Display for NoIcd10 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("must be an ICD-10-CM code such as G43.719")
    }
}

impl std::error::Error for NoIcd10 {}

impl Icd10 {
    /// Reads `A00`, `G43.719`, `S02.0XXA`: a capital letter, a digit, a capital letter or digit, then at most four
    /// more capital letters or digits after a point.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, NoIcd10> {
        let (category, rest) = match text.split_once('.') {
            Some((_, "")) => return Err(NoIcd10),
            Some(parts) => parts,
            None => (text, ""),
        };
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        let begins_right = matches!(category.as_bytes(), [b'A'..=b'Z', b'0'..=b'9', _]);
        if begins_right && plain(category) && plain(rest) && rest.len() <= 4 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoIcd10)
        }
    }

    /// The code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The three characters before the point.
    pub fn category(&self) -> &str {
        self.0.split_once('.').map_or(self.0.as_str(), |(category, _)| category)
    }

    /// Migraine (`G43.*`) and other headache syndromes (`G44.*`): what the seeded protocols are for.
    pub fn is_headache(&self) -> bool {
        matches!(self.category(), "G43" | "G44")
    }
}

impl std::fmt::Display for Icd10 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headache_codes_are_told_from_the_others() {
        for code in ["G43", "G43.0", "G43.719", "G43.A0", "G43.E19", "G44.001", "G44.85"] {
            assert!(Icd10::parse(code).unwrap().is_headache(), "{code}");
        }
        for code in ["F32.9", "R51.9", "G45.9", "S02.0XXA", "Z79.899"] {
            assert!(!Icd10::parse(code).unwrap().is_headache(), "{code}");
        }
    }

    #[test]
    fn what_has_not_the_form_of_a_code_is_refused() {
        for text in ["", "G4", "G43.", "g43.7", "G43.71900", "G43,7", " G43", "4G3.7", "GG3.7", "G43.7.1", "Г43"] {
            assert_eq!(Icd10::parse(text), Err(NoIcd10), "{text}");
        }
    }
}
