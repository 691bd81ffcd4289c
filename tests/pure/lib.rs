//! The pure layers, compiled without the rest of the house.
#![allow(missing_docs, reason = "documented where they live")]

#[path = "../../src/domain/mod.rs"]
pub mod domain;
