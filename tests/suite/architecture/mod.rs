//! The shape of the house, kept by reading its source: who may name whom, how long a file may be, what stands in a
//! migration, which versions are too old.

mod dependencies;
mod layers;
mod migrations;
pub mod source;
