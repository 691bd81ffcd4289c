//! What a member proves presence with: the password, or the signing PIN.

use super::passwords::Passwords;
use crate::access::permission::ProvePresence;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply;
use crate::domain::id::StaffId;
use crate::domain::refusal::Refusal;
use crate::domain::signature::ProofMethod;
use crate::store::{Once, Store, TriedPin};
use actix_web::HttpRequest;

/// One of the two.
pub enum Secret {
    /// The password.
    Password(String),
    /// The signing PIN.
    Pin(String),
}

/// Whose secret it should be: a membership with the version of its credential, and the stored password.
pub struct Owner {
    /// The membership; none when the name is nobody's here.
    pub staff: Option<StaffId>,
    /// The version of the credential.
    pub cred_version: i64,
    /// The stored password; none when it opens nothing.
    pub password_hash: Option<String>,
}

impl Secret {
    /// The one that was sent.
    ///
    /// # Errors
    /// 422 when it is both or neither.
    pub fn of(password: Option<String>, pin: Option<String>) -> Result<Self, Problem> {
        match (password, pin) {
            (Some(password), None) => Ok(Self::Password(password)),
            (None, Some(pin)) => Ok(Self::Pin(pin)),
            _ => Err(Refusal::invalid("/password", "required", "send the password or the PIN, one of the two").into()),
        }
    }

    /// Which one it is.
    pub const fn method(&self) -> ProofMethod {
        match self {
            Self::Password(_) => ProofMethod::Password,
            Self::Pin(_) => ProofMethod::Pin,
        }
    }

    /// Whether it is the owner's. It takes as long when there is none to compare with.
    ///
    /// # Errors
    /// 503 when the machine is busy.
    pub async fn is_of(self, owner: Owner, passwords: &Passwords, request: &HttpRequest) -> Result<bool, Problem> {
        match self {
            Self::Password(password) => passwords.verify(password, owner.password_hash).await,
            Self::Pin(pin) => is_pin_of(pin, &owner, passwords, request).await,
        }
    }
}

/// Counted before it is looked at, as a password is; the PIN has a count of its own besides.
async fn is_pin_of(pin: String, owner: &Owner, passwords: &Passwords, request: &HttpRequest) -> Result<bool, Problem> {
    // A password that too many guesses disabled takes the PIN with it.
    let Some(staff) = owner.staff.filter(|_| owner.password_hash.is_some()) else {
        return passwords.verify(pin, None).await;
    };
    let (cred_version, (send, receive)) = (owner.cred_version, std::sync::mpsc::channel());
    let store = guard::data::<Store>(request)?;
    let permit = guard::permit::<ProvePresence>(request).await?;
    let written = store.write(permit, Once::default(), move |tx| {
        let tried = tx.take_pin(staff, cred_version)?;
        // The receiver waits for the commit.
        let _ = send.send(tried);
        Ok(tx.record(Vec::new(), reply::nothing()))
    });
    written.await?;
    let tried: Option<TriedPin> = receive.try_recv().map_err(|_| Problem::new(ProblemKind::Internal))?;
    let last = tried.as_ref().is_some_and(|tried| tried.last);
    let right = passwords.verify(pin, tried.map(|tried| tried.hash)).await?;
    if !right && last {
        let permit = guard::permit::<ProvePresence>(request).await?;
        let written = store.write(permit, Once::default(), move |tx| {
            let event = tx.pin_disabled(staff);
            Ok(tx.record(vec![event], reply::nothing()))
        });
        written.await?;
    }
    Ok(right)
}
