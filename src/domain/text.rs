//! Text as people wrote it: stored as received, never trimmed, folded or normalised; refused only for a reason.

use super::refusal::FieldError;

/// Checks a text of a body.
///
/// `max` counts code points, and four times as many bytes are allowed, so that every script has the same room.
/// NUL is refused because PostgreSQL cannot keep it; other control characters except tab and line breaks are
/// refused because they are never meant and hide on a screen.
///
/// # Errors
/// A field error that names the pointer.
pub fn checked(pointer: &str, text: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let length = text.chars().count();
    if length < min || (min > 0 && text.trim().is_empty()) {
        return Err(FieldError::new(pointer, "required", "must not be empty"));
    }
    if length > max || text.len() > max.saturating_mul(4) {
        return Err(FieldError::new(pointer, "too_long", format!("must be at most {max} characters")));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(FieldError::new(pointer, "control_character", "must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// The folded copy that searches compare: lower case, without the marks people leave out when they type a name.
pub fn folded(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\'' | '’' | '.' | ','))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_script_is_kept_byte_for_byte() {
        for name in ["Ana María", "O'Brien", "王小明", "👩‍⚕️", "\"; DROP TABLE patients; --", "  spaced  "]
        {
            assert_eq!(checked("/name", name, 1, 100).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_reason() {
        assert_eq!(checked("/name", "a\0b", 1, 9).unwrap_err().code, "control_character");
        assert_eq!(checked("/name", " ", 1, 9).unwrap_err().code, "required");
        assert_eq!(checked("/name", &"é".repeat(10), 1, 9).unwrap_err().code, "too_long");
    }

    #[test]
    fn a_name_is_found_however_it_was_typed() {
        assert_eq!(folded("O'Brien-Smith"), folded("obrien smith"));
    }
}
