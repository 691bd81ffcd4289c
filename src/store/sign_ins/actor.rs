//! From a verified token to the person behind it.

use super::{first_use, was_used};
use crate::access::permit::Actor;
use crate::access::token::Claims;
use crate::store::error::Result;
use crate::store::staff;
use crate::store::unit::{Attempt, Reply, Unit, Written};
use crate::store::{Store, blocking};
use std::sync::Arc;

impl Store {
    /// The membership a verified token stands for, as the database knows it now; none when the sign-in ended, or the
    /// token's pair was replaced as lost. The token's first use is kept before this answers.
    ///
    /// # Errors
    /// [`crate::store::StoreError::SessionIdle`], or when the database cannot be asked.
    pub async fn actor(&self, claims: Claims, late: bool) -> Result<Option<Actor>> {
        let inner = Arc::clone(&self.inner);
        let (clinic, token, now) = (claims.clinic(), claims.token_id(), inner.clock.now());
        let found = blocking(move || {
            inner.snapshot(clinic, |connection| {
                let standing = staff::standing(connection, clinic, claims.login_session(), now, late)?;
                let actor = standing.and_then(|standing| Actor::of(&claims, standing.membership));
                Ok(actor.zip(was_used(connection, clinic, token)?))
            })
        });
        let Some((actor, used)) = found.await? else { return Ok(None) };
        if !used {
            let note: Unit = Box::new(move |connection| {
                let noted = first_use(connection, clinic, token, now);
                let nothing = || Written { reply: Reply::default(), replayed: false };
                noted.map_or_else(Attempt::failed, |()| Attempt { result: Ok(nothing()), disclosure: None, seen: None })
            });
            self.run(clinic, note, late).await?;
        }
        Ok(Some(actor))
    }
}
