//! Persons: several sign-ins of one human, who is never two people.

use super::error::Result;
use super::schema::foundation::{accounts, staff};
use super::transaction::{Change, Gather};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{AccountId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::route::Person;
use diesel::prelude::*;

impl Gather<'_> {
    /// Whether a member, whether or not they still work here, is this very human under whatever sign-in.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn is_same_human(&mut self, member: StaffId, person: Person) -> Result<bool> {
        Ok(self.first_account(member)? == Some(person.account))
    }

    /// The account a member's human signed in with first.
    fn first_account(&mut self, member: StaffId) -> Result<Option<AccountId>> {
        let found = staff::table
            .inner_join(accounts::table.on(accounts::id.eq(staff::account_id)))
            .filter(staff::clinic_id.eq(self.clinic()))
            .filter(staff::id.eq(member))
            .select((staff::account_id, accounts::person_id))
            .first::<(AccountId, Option<AccountId>)>(self.connection)
            .optional()?;
        Ok(found.map(|(account, first)| first.unwrap_or(account)))
    }
}

impl Change<'_> {
    /// Says that a new member is a person who works here already: where two people are asked for, they are one.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when nobody here has that id.
    pub fn same_person(&mut self, new: StaffId, known: StaffId) -> Result<Event> {
        let [new_account, known_account] = [new, known].map(|member| self.first_account(member));
        let unknown = || Refusal::invalid("/same_person_as", "unknown", "must be a member of this clinic");
        let (new_account, first) = (new_account?.ok_or_else(unknown)?, known_account?.ok_or_else(unknown)?);
        diesel::update(accounts::table.find(new_account))
            .set((accounts::person_id.eq(Some(first)), accounts::version.eq(accounts::version + 1)))
            .execute(self.connection)?;
        Ok(Event::noted(EventKind::SamePerson, Subject::new("staff", new, 1)).because(known.to_string()))
    }
}
