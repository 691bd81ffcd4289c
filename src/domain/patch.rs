//! A change to a record as RFC 7396 sends it: an absent member keeps, `null` clears, a value sets.

/// What a merge patch says about one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not mentioned.
    #[default]
    Keep,
    /// Sent as `null`.
    Clear,
    /// Sent with a value.
    Set(T),
}

impl<T> Patch<T> {
    /// What the field holds after the patch.
    pub fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_keeps_null_clears_and_a_value_sets() {
        for current in [None, Some(1)] {
            assert_eq!(Patch::Keep.over(current), current);
            assert_eq!(Patch::Clear.over(current), None);
            assert_eq!(Patch::Set(2).over(current), Some(2));
        }
    }
}
