//! Passwords that everybody tries first.
//!
//! The list is the 30 000 most frequent passwords of zxcvbn (MIT licence, beside it). Few of them are long enough to be
//! accepted at all, so what is made of one by padding or repeating counts as well.

const LIST: &str = include_str!("common_passwords.txt");

/// The longest run of digits and signs around a common password that does not make it another one.
const PADDING: usize = 12;

/// Whether somebody who knows which passwords are common would try this one.
pub fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    let core = folded.trim_matches(|c: char| !c.is_alphabetic());
    let padding = folded.chars().count().saturating_sub(core.chars().count());
    let padded = core.chars().count() >= 4 && padding <= PADDING && listed(core);
    listed(&folded) || padded || repeated(&folded).is_some_and(|unit| listed(unit) || unit.chars().count() <= 6)
}

fn listed(word: &str) -> bool {
    LIST.lines().any(|line| line == word)
}

/// The shortest unit that the whole text repeats, when there is one.
fn repeated(text: &str) -> Option<&str> {
    let lengths = text.char_indices().map(|(at, _)| at).skip(1).filter(|at| at.saturating_mul(2) <= text.len());
    lengths.filter_map(|at| text.get(..at)).find(|unit| {
        let times = text.len().checked_div(unit.len()).unwrap_or(0);
        unit.repeat(times) == text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_there() {
        assert_eq!(LIST.lines().count(), 30_000);
        assert!(LIST.lines().is_sorted());
    }

    #[test]
    fn what_everybody_tries_first_is_common() {
        for common in [
            "123456789987654321",
            "1qaz2wsx3edc4rfv",
            "qwerty123456789",
            "QWERTY123456789",
            "password12345678",
            "!!!Football1234!!",
            "dragondragondragon",
            "aaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn words_that_somebody_put_together_are_not() {
        for own in [
            "correct horse battery",
            "four walls and one open door",
            "monkey-dragon-teapot-9",
            "7f3Qzp0vLmW2xKd9",
            "password of my own making",
            "東京は夜の七時、雨が降っている空",
        ] {
            assert!(!is_common(own), "{own}");
        }
    }
}
