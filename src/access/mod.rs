//! Who may do what: roles, the permission table, the permit, tokens and passwords.
//!
//! The laws of this layer:
//! - **Nothing is granted by default.** A permission nobody is listed for is nobody's.
//! - A [`permit::Permit`] is the only proof of permission, and only this layer makes one.
//! - Roles are never in a token; they are what the database says at this request.
//! - Pure but for argon2's work: no clock, no file, no SQL, no web. It names `domain`, jsonwebtoken, aws-lc-rs,
//!   argon2, totp-rs, and nothing else of ours.

pub mod common;
pub mod device;
pub mod factor;
pub mod limits;
pub mod login_session;
pub mod notary;
pub mod password;
pub mod permission;
pub mod permit;
pub mod refresh;
pub mod role;
pub mod secret;
pub mod token;
pub mod token_key;
