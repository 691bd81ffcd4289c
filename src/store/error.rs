//! Everything that can go wrong between a handler and the data, and the only place that reads a database's message.

use crate::domain::refusal::Refusal;
use diesel::result::{DatabaseErrorKind, Error};

/// Why a read or a write was not done. Whatever it is, nothing of the unit is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A rule of the domain says no.
    #[error("refused")]
    Refused(Refusal),
    /// There is no such record in this clinic.
    #[error("not found")]
    NotFound,
    /// The record was changed since the caller read it.
    #[error("stale")]
    Stale {
        /// The version it has now.
        current_version: i64,
    },
    /// A value that must be unique is there already; the name of the constraint or column.
    #[error("duplicate: {0}")]
    Duplicate(String),
    /// A chair, a patient or a member of staff is taken at that time.
    #[error("slot overlap")]
    SlotOverlap,
    /// The idempotency key was used for another request.
    #[error("idempotency key reused")]
    KeyReused,
    /// The sign-in ended, or the membership with it.
    #[error("unauthenticated")]
    Unauthenticated,
    /// The sign-in was left alone too long.
    #[error("session idle")]
    SessionIdle,
    /// Another request with the same refresh token was faster; nothing changed.
    #[error("refresh raced")]
    RefreshRaced,
    /// The roles ask for a second factor, and this sign-in has none.
    #[error("second factor missing: {0}")]
    FactorMissing(&'static str),
    /// A code or recovery code is wrong, or was used.
    #[error("second factor refused")]
    FactorRefused,
    /// A link to a password was used or left too long.
    #[error("link ended")]
    LinkEnded,
    /// The roles held now do not allow it.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// The act needs a fresh proof of presence.
    #[error("signing token missing, spent or not for this act")]
    ReauthRequired,
    /// The database is overloaded or locked; nothing was kept, the same request may be sent again.
    #[error("busy")]
    Busy,
    /// A fault of ours or of the machine; the text is for the operator.
    #[error("broken: {0}")]
    Broken(String),
}

/// Shorthand of this layer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<crate::domain::refusal::FieldError> for StoreError {
    fn from(error: crate::domain::refusal::FieldError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The only function from a database's error to ours (engineering.md 14).
///
/// Our own trigger and constraint names are matched, because no driver gives a code that both databases share;
/// what is unknown after a clean roll-back is `Busy` when it speaks of a lock or a time limit, else `Broken`.
impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::DatabaseError(kind, info) => {
                let message = info.message();
                if message.contains("slot-overlap")
                    || info.constraint_name().is_some_and(|name| name.ends_with("_no_overlap"))
                {
                    return Self::SlotOverlap;
                }
                match kind {
                    DatabaseErrorKind::UniqueViolation => {
                        Self::Duplicate(info.constraint_name().unwrap_or(message).to_owned())
                    }
                    DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ClosedConnection => Self::Busy,
                    _ if busy(message) => Self::Busy,
                    _ => Self::Broken(format!("{kind:?}: {message}")),
                }
            }
            Error::AlreadyInTransaction | Error::NotInTransaction | Error::BrokenTransactionManager => Self::Busy,
            other => Self::Broken(other.to_string()),
        }
    }
}

fn busy(message: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "database is locked",
        "lock timeout",
        "statement timeout",
        "deadlock detected",
        "terminating connection",
        "server closed the connection",
        "too many clients",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}
