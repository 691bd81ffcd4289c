//! Proves a trail without the server: from a copy of the database, or from an export alone.
//!
//! What was altered, removed, inserted, swapped or cut off is named by the first entry that shows it; a record whose
//! canonical form is not what its last entry says is named too. `scripts/verify-trail.py` does the same for an export
//! and shares no code with this.

mod check;
pub mod command;
mod copy;
mod export;
mod proof;
mod records;
mod words;

pub use check::{Columns, Entry, Head, Walk};
pub use copy::{Given, Verdict, of as entry_of, verify as verify_copy, vouched};
pub use export::{Range, verify as verify_export, write as write_export};
pub use proof::{prove, read as read_proof};
pub use records::check as check_records;
pub use words::{LastWords, Word};

use crate::domain::merkle::Hash;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An entry is not what was written.
    Altered,
    /// An entry is missing between others.
    Removed,
    /// An entry was put between others.
    Inserted,
    /// An entry stands in the place of another.
    Swapped,
    /// Entries at the end are missing: they were cut off, or an old copy was put back.
    RolledBack,
    /// A checkpoint is not signed by the key, or contradicts another.
    Checkpoint,
    /// A record is not what its last entry says.
    Record,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Swapped => "swapped",
            Self::RolledBack => "rolled back",
            Self::Checkpoint => "checkpoint",
            Self::Record => "record",
        })
    }
}

/// The first thing that is wrong with a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry that shows it; none for a record that no entry speaks of.
    pub seq: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
    /// In words; no names and no values.
    pub text: String,
}

impl Finding {
    fn new(seq: u64, fault: Fault, text: &str) -> Self {
        Self { seq: Some(seq), fault, text: text.to_owned() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "entry {seq}: {}: {}", self.fault, self.text),
            None => write!(f, "no entry: {}: {}", self.fault, self.text),
        }
    }
}

/// Good, or the first thing that is wrong.
pub type Outcome<T> = Result<T, Finding>;

/// A trail in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// How many of them a checkpoint vouches for.
    pub sealed: u64,
    /// What it says last of each record.
    pub words: LastWords,
}
