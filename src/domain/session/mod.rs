//! The session: one visit to the chair, from the booking to the locked record.
//!
//! [`table`] has the states and arrows, [`head`] what a session consists of, [`transition`] how it moves. What each
//! event changes is told by place: [`desk`], [`infusion`], [`care`]. [`booking`] is what a slot is and who it holds,
//! [`wish`] how a booking is decided, [`series`] whether it fits its plan, [`availability`] where there is room, [`board`] the day chair by chair, [`escort`] who takes the patient home.

pub mod availability;
pub mod board;
pub mod booking;
pub mod care;
pub mod desk;
pub mod escort;
pub mod head;
pub mod infusion;
pub mod series;
pub mod table;
pub mod transition;
pub mod wish;

#[cfg(test)]
pub(crate) mod tests;

pub use head::{AbortReason, CancelReason, Disposition, EndReason, Milestones, Pump, PumpState, Session, Slot, Team};
pub use table::{SessionEvent, SessionState, TRANSITIONS, allowed_events};
pub use transition::{PumpClaim, Step, Transition};
