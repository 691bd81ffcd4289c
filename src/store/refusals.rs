//! Who was refused what: an entry of the trail, once a minute for each person and permission.

use super::Store;
use super::error::{Result, StoreError};
use super::unit::Ground;
use crate::access::permit::{Actor, Origin, Principal, Scope};
use crate::domain::audit_entry::Outcome;
use std::sync::PoisonError;

impl Store {
    /// Writes that a permission was refused, at most once a minute for each person and permission.
    ///
    /// # Errors
    /// When it could not be written: the refusal must then be a 503.
    pub async fn refuse(&self, actor: &Actor, permission: &'static str, origin: Origin) -> Result<()> {
        let minute = self.inner.clock.now().millis().div_euclid(60_000);
        {
            let mut refused = self.inner.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.retain(|_, at| *at == minute);
            if refused.insert((actor.staff().uuid(), permission), minute).is_some() {
                return Ok(());
            }
        }
        let ground = Ground {
            line: crate::access::permission::Line { id: permission, roles: &[], flags: &[] },
            urgent: false,
            principal: Principal::Staff(actor.clone()),
            scope: Scope::Clinic(actor.clinic()),
            origin,
            clock: self.inner.clock.clone(),
            instance: self.inner.instance.clone(),
            seen: None,
            bounds: None,
        };
        self.note(Some(ground.disclosure(Outcome::Denied, Vec::new())), None).await
    }

    /// Tells of a refusal that was found only inside the transaction: the role was lost since the token was remembered.
    pub(super) async fn tell_refusal(&self, asked: Option<(Actor, Origin)>, error: Option<&StoreError>) -> Result<()> {
        match (asked, error) {
            (
                Some((actor, origin)),
                Some(StoreError::Forbidden(permission) | StoreError::FactorMissing(permission)),
            ) => self.refuse(&actor, permission, origin).await,
            _ => Ok(()),
        }
    }
}
