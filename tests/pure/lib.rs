//! The pure layers, compiled without the rest of the house.
#![allow(missing_docs, reason = "documented where they live")]

#[macro_use]
#[path = "../../src/domain/mod.rs"]
pub mod domain;

#[path = "../../src/access/mod.rs"]
pub mod access;
