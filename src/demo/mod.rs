//! Simulated patients and a demonstration clinic.
//!
//! The laws of this room:
//! - It speaks to the clinic through the public API, like any other client. Only the host's part (an empty clinic with
//!   its staff) and the clock are its own: nobody else may step a clock.
//! - The same seed plays the same clinic. Whole numbers throughout.
//! - Nobody in it exists, and nothing in it teaches anything about a real patient.

pub mod client;
pub mod guest;
pub mod house;
pub mod people;
pub mod physiology;
pub mod random;
pub mod showcase;
pub mod simulate;
pub mod visit;
