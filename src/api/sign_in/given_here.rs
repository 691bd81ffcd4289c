//! A second factor at a proof of presence: asked for once in twelve hours on a device (decisions.md 6).

use crate::access::factor::FactorKey;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use crate::domain::id::AccountId;
use crate::store::{GivenFactor, Store};
use actix_web::HttpRequest;

/// A factor that is asked for, and the code that was sent for it.
pub struct Asked {
    account: AccountId,
    sealed: Vec<u8>,
    code: String,
}

impl Asked {
    /// Joins what is asked for, if anything is, with what was sent. A code that nobody asked for is left alone.
    ///
    /// # Errors
    /// [`ProblemKind::FactorCodeRequired`] when there is no code: nothing was counted and no password looked at.
    pub fn of(account: AccountId, sealed: Option<Vec<u8>>, code: Option<String>) -> Result<Option<Self>, Problem> {
        let Some(sealed) = sealed else { return Ok(None) };
        let code = code.ok_or_else(|| Problem::new(ProblemKind::FactorCodeRequired))?;
        Ok(Some(Self { account, sealed, code }))
    }

    /// What the store uses up; none when the code is wrong.
    ///
    /// # Errors
    /// When the server was put together without its key.
    pub fn judge(self, request: &HttpRequest) -> Result<Option<GivenFactor>, Problem> {
        let key = guard::data::<FactorKey>(request)?;
        let now = guard::data::<Store>(request)?.clock().now();
        let step = key.step(self.account, &self.sealed, &self.code, now);
        Ok(step.map(|step| GivenFactor::Step { sealed: self.sealed, step }))
    }
}
