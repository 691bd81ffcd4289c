//! After a change of one's own password or factor: every sign-in ends, and this device goes on with a new one
//! (REQ-AUTH-8).

use super::browser::{self, Keeper};
use super::{SignedInView, begin, device, next_tokens};
use crate::access::login_session::SignInEnd;
use crate::api::guard::{self, Authority};
use crate::api::problem::Problem;
use crate::domain::event::Event;
use crate::domain::id::ClinicId;
use crate::store::{Change, Device, NewSignIn, NextTokens, Proved, Store, StoreError};
use actix_web::HttpRequest;
use actix_web::web::Data;

/// This device's next sign-in, before it is known to begin.
pub struct Anew {
    authority: Data<Authority>,
    device: Device,
    /// Who keeps its refresh token.
    pub keeper: Keeper,
    /// Its first tokens.
    pub tokens: NextTokens,
}

/// What was changed, and what the next sign-in stands on.
pub struct Changed {
    /// The credential's new version.
    pub cred_version: i64,
    /// Why the others end.
    pub because: SignInEnd,
    /// What was proved on this device.
    pub proved: Proved,
}

impl Anew {
    /// For the device that sends this request.
    ///
    /// # Errors
    /// For a browser that does not come from the configured origin.
    pub fn of(request: &HttpRequest, store: &Store, clinic: ClinicId) -> Result<Self, Problem> {
        Ok(Self {
            authority: guard::data::<Authority>(request)?.clone(),
            device: device(request),
            keeper: browser::keeper(request)?,
            tokens: next_tokens(clinic, store),
        })
    }

    /// Ends the actor's sign-ins in this clinic and begins the next. In other clinics they end by the credential's
    /// version.
    ///
    /// # Errors
    /// When the database says no.
    pub fn go_on(self, tx: &mut Change<'_>, changed: Changed) -> Result<(SignedInView, Vec<Event>), StoreError> {
        let (account, staff) = tx.person().map(|person| (person.account, person.staff))?;
        let mut events = tx.end_login_sessions_of(staff, changed.because)?;
        let Self { authority, device, keeper, tokens } = self;
        let Changed { cred_version, proved, .. } = changed;
        let new = NewSignIn { account, staff, cred_version, tokens, device, proved };
        let (view, begun) = begin(tx, &authority, keeper, &new)?;
        events.extend(begun);
        Ok((view, events))
    }
}
