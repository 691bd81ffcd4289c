//! What is on the screen when an act of a visit is signed.

use crate::domain::digest::Sha256;
use crate::domain::order::Order;
use crate::domain::precheck::Precheck;
use crate::domain::preparation::Preparation;
use crate::domain::record::{Canonical, Record};
use crate::domain::session::Session;
use crate::domain::settlement::Settlement;
use crate::domain::signature::Shown;
use crate::store::error::Result;
use crate::store::transaction::{Change, Gather};

impl Gather<'_> {
    /// The hash of a visit as it is read: the session and its infusion, the pre-check, the order, every preparation,
    /// the settlement. The flowsheet is not part of it: a row that is charted while somebody signs changes no act.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn visit_sha256(&mut self, session: &Session) -> Result<Sha256> {
        let visit = session.visit();
        let made: Vec<Record> = self.preparations_of(&[visit])?.iter().map(Preparation::record).collect();
        let sheet = Record::new("visit_sheet", 1)
            .with("session", session.record())
            .with("infusion_version", session.infusion_version)
            .with("precheck", self.newest_precheck(visit)?.as_ref().map(Precheck::record))
            .with("order", self.newest_order(visit)?.as_ref().map(Order::record))
            .with("preparations", Canonical::from(made))
            .with("settlement", self.newest_settlement(visit)?.as_ref().map(Settlement::record));
        Ok(Sha256(sheet.sha256()))
    }
}

impl Change<'_> {
    /// Says that it is this visit, as it is stored now, that is signed.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn shows_visit(&mut self, session: &Session) -> Result<()> {
        let sheet = self.visit_sha256(session)?;
        self.shows(Shown::Record(sheet));
        Ok(())
    }
}
