//! Signing PINs: one for each membership, counted where it is stored, so that no second device doubles the tries.

use super::connection::AnyConnection;
use super::error::Result;
use super::schema::signing::staff_pins;
use super::transaction::Change;
use crate::access::pin::MOST_WRONG;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ClinicId, StaffId};
use crate::domain::time::Timestamp;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = staff_pins)]
struct Row {
    clinic_id: ClinicId,
    staff_id: StaffId,
    version: i64,
    pin_hash: String,
    cred_version: i64,
    failures: i64,
    set_at: Timestamp,
}

/// One try of a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedPin {
    /// What to compare with.
    pub hash: String,
    /// Whether a wrong one ends it.
    pub last: bool,
}

/// The trail's word about a PIN; it never names a digit.
fn event(kind: EventKind, staff: StaffId, version: i64) -> Event {
    Event::noted(kind, Subject::new("staff_pin", staff, version))
}

impl Change<'_> {
    /// Sets a member's PIN, or another one, under the credential in force. What was proved with the old one and is not
    /// spent yet proves nothing any more.
    ///
    /// # Errors
    /// When the database says no.
    pub fn set_pin(&mut self, staff: StaffId, cred_version: i64, pin_hash: &str) -> Result<Event> {
        let now = self.now();
        let before = self.lock_pin(staff)?.map_or(0, |row| row.version);
        let version = before.saturating_add(1);
        if before == 0 {
            let row = Row {
                clinic_id: self.clinic(),
                staff_id: staff,
                version,
                pin_hash: pin_hash.to_owned(),
                cred_version,
                failures: 0,
                set_at: now,
            };
            diesel::insert_into(staff_pins::table).values(&row).execute(self.connection)?;
        } else {
            diesel::update(staff_pins::table.find((self.clinic(), staff)))
                .set((
                    staff_pins::version.eq(version),
                    staff_pins::pin_hash.eq(pin_hash),
                    staff_pins::cred_version.eq(cred_version),
                    staff_pins::failures.eq(0_i64),
                    staff_pins::set_at.eq(now),
                ))
                .execute(self.connection)?;
        }
        self.end_tokens_given_with_a_pin(staff)?;
        Ok(event(EventKind::PinSet, staff, version))
    }

    /// Takes one try of a member's PIN before it is looked at; none when no PIN counts.
    ///
    /// # Errors
    /// When the database says no.
    pub fn take_pin(&mut self, staff: StaffId, cred_version: i64) -> Result<Option<TriedPin>> {
        let counts = |row: &Row| row.cred_version == cred_version && row.failures < MOST_WRONG;
        let Some(row) = self.lock_pin(staff)?.filter(counts) else { return Ok(None) };
        let failures = row.failures.saturating_add(1);
        self.count_pin(staff, row.version.saturating_add(1), failures)?;
        Ok(Some(TriedPin { hash: row.pin_hash, last: failures >= MOST_WRONG }))
    }

    /// The last try was wrong: the PIN opens nothing until it is set anew.
    pub fn pin_disabled(&self, staff: StaffId) -> Event {
        event(EventKind::PinDisabled, staff, 1)
    }

    /// It was right.
    ///
    /// # Errors
    /// When the database says no.
    pub fn pin_succeeded(&mut self, staff: StaffId) -> Result<()> {
        match self.lock_pin(staff)? {
            Some(row) => self.count_pin(staff, row.version.saturating_add(1), 0),
            None => Ok(()),
        }
    }

    fn count_pin(&mut self, staff: StaffId, version: i64, failures: i64) -> Result<()> {
        diesel::update(staff_pins::table.find((self.clinic(), staff)))
            .set((staff_pins::version.eq(version), staff_pins::failures.eq(failures)))
            .execute(self.connection)?;
        Ok(())
    }

    fn lock_pin(&mut self, staff: StaffId) -> Result<Option<Row>> {
        let row = staff_pins::table.find((self.clinic(), staff));
        Ok(match &mut *self.connection {
            // BEGIN IMMEDIATE: nobody else writes.
            AnyConnection::Sqlite(native) => row.select(Row::as_select()).first(native).optional()?,
            AnyConnection::Postgres(native) => {
                row.select(Row::as_select()).for_no_key_update().first(native).optional()?
            }
        })
    }
}
