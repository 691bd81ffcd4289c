//! Closed vocabularies: one macro gives an enum its words, so that the wire, the database and the trail
//! can never spell a state differently.

/// A text that is not a word of the vocabulary it was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// The vocabulary, for example `SessionState`.
    pub vocabulary: &'static str,
    /// Every word it knows, for the reader of the message.
    pub known: &'static [&'static str],
}

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "must be one of: {}", self.known.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Declares an enum with its `snake_case` words.
///
/// Gives `as_str`, `parse`, `ALL` (every value) and `WORDS` (every word). `store/column.rs` lists the enum once
/// to make it a TEXT column, `api/wire.rs` once to make it JSON; a test compares `WORDS` with the CHECK of both
/// migrations.
macro_rules! words {
    ($($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every word, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word of the wire, the database and the trail.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $word),+ } }

            /// Reads a word.
            ///
            /// # Errors
            /// When it is none of [`Self::WORDS`].
            pub fn parse(word: &str) -> Result<Self, $crate::domain::UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::UnknownWord { vocabulary: stringify!($name), known: Self::WORDS }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    )+};
}
