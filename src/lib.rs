//! Chairside keeps the sessions of a ketamine clinic: patients, consent, infusions, dosing and monitoring, over a
//! REST API. This page is the map of the house; start reading here.
//!
//! # Four layers, one direction
//!
//! `api → store → access → domain`: a layer may name those to its right and none to its left. A test keeps it so.
//!
//! | layer | what it is | alone may name |
//! |---|---|---|
//! | [`domain`] | what is true in a clinic: types, state tables, arithmetic, scores, thresholds; pure | nothing of ours |
//! | [`access`] | who may do what: roles, the permission table, the permit, tokens, passwords, second factors | jsonwebtoken, argon2, totp-rs |
//! | [`store`] | keeps it: the only door to the data, on SQLite or PostgreSQL | diesel |
//! | [`api`] | speaks it: bodies, views, handlers of a few lines, problems, OpenAPI | actix-web, utoipa |
//!
//! Around them: [`clock`] (the one place that reads the time), [`config`] (every setting, once), [`keys`] (files
//! only the server can read), [`tls`] (its certificate), [`server`] (puts it together), [`watch`] (what the clock looks
//! after), [`witness`] (signs the trails), [`verify`] (proves one without the server), [`cli`] (the commands of the
//! host), [`demo`] (simulated patients).
//!
//! The same noun names the file in every layer: `domain/consent` says what is true, `store/consents.rs` keeps it,
//! `api/consents.rs` speaks it.
//!
//! # A request, from the door to the disk
//!
//! 1. [`api::edge`] numbers it; [`api::guard`] turns its token into an [`access::permit::Actor`] and that into a
//!    [`access::permit::Permit`] for the one permission the handler's type names, or answers 401 or 403.
//! 2. [`api::extract::Act`] reads key, version and body, in that order; what it does not know is refused.
//! 3. The handler calls [`store::Store::write`] with the permit. On SQLite the unit joins the group of the one writer
//!    thread, on PostgreSQL it gets a transaction of its own. Inside it: membership again, idempotency key, signing
//!    token, the root's lock, then the handler's closure.
//! 4. The closure **gathers** facts (store), lets the domain **decide** (pure), saves, and **records**: events and
//!    answer. The trail is appended last, in the same transaction; then COMMIT; then the answer leaves.
//! 5. A read is a snapshot and then an entry about whose charts were loaded; the bytes leave when it is committed.
//!
//! # Where do I change …
//!
//! | I want to | open |
//! |---|---|
//! | change who may do something | one line in `access/permission/mod.rs` and one in `docs/permissions.csv` |
//! | add an endpoint | a handler and one word in `endpoints![…]` of its `api/` file, then `UPDATE=1 cargo test contract` |
//! | add an error | one line in `api/problem.rs` |
//! | change what is stored | a new migration in both folders, `store/schema/`, one `store/` file |
//! | add a word to a vocabulary | its `words!` in `domain`, and the CHECK in both folders |
//!
//! # Known quirks
//!
//! - A token is remembered for its ten minutes by each process; the store still asks for sign-in and membership in
//!   every transaction, so a revoked role works from the next request.

#[macro_use]
pub mod domain;
pub mod access;
pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod keys;
pub mod server;
pub mod store;
pub mod tls;
pub mod verify;
pub mod watch;
pub mod witness;
