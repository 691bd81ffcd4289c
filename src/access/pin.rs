//! The signing PIN (decisions.md 6): a few digits for gloves and a dark room.
//!
//! It opens nothing by itself. It proves presence in a sign-in that began with the password, and ten wrong ones in a
//! row, on whatever device, end it; the password goes on counting.

/// The shortest, in digits.
pub const SHORTEST: usize = 6;
/// The longest, in digits.
pub const LONGEST: usize = 12;
/// As many wrong ones in a row end the PIN.
pub const MOST_WRONG: i64 = 10;

/// Why a PIN is not accepted as a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// Not [`SHORTEST`] to [`LONGEST`] digits.
    Format,
    /// Everybody tries it first: one digit, a run, or a part that repeats.
    Simple,
}

/// Checks a new PIN.
///
/// # Errors
/// What is wrong with it.
pub fn check(pin: &str) -> Result<(), Weak> {
    let digits = pin.as_bytes();
    if !(SHORTEST..=LONGEST).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Weak::Format);
    }
    if is_run(digits) || repeats(digits) { Err(Weak::Simple) } else { Ok(()) }
}

/// Each digit is the one before plus or minus one, `9` and `0` being neighbours: 123456, 987654, 890123.
fn is_run(digits: &[u8]) -> bool {
    [1, 9].into_iter().any(|step| {
        digits.windows(2).all(|pair| matches!(pair, [first, second] if (first - b'0' + step) % 10 == second - b'0'))
    })
}

/// A part of up to half its length is all there is: 111111, 121212, 123123.
fn repeats(digits: &[u8]) -> bool {
    (1..=digits.len() / 2).any(|length| digits.iter().zip(digits.iter().skip(length)).all(|(one, next)| one == next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_six_to_twelve_digits_and_not_what_everybody_tries() {
        for good in ["824160", "305927", "112358", "1234567891", "900900900901"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for malformed in ["", "82416", "8241605193762", "82416a", "82 416", "-82416", "８２４１６０", "82416\u{0}"]
        {
            assert_eq!(check(malformed), Err(Weak::Format), "{malformed:?}");
        }
        for simple in ["000000", "777777", "123456", "654321", "890123", "210987", "121212", "123123", "12341234"] {
            assert_eq!(check(simple), Err(Weak::Simple), "{simple}");
        }
    }
}
