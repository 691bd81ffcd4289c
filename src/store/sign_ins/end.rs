//! How a sign-in ends before its time. Whatever ends it counts from the next request on: every transaction asks.

use crate::access::login_session::SignInEnd;
use crate::domain::event::{Event, EventKind};
use crate::domain::id::{LoginSessionId, StaffId};
use crate::store::error::{Result, StoreError};
use crate::store::schema::foundation::login_sessions;
use crate::store::transaction::Change;
use diesel::prelude::*;

impl Change<'_> {
    /// Ends the actor's own sign-in: its tokens stop counting with the next request.
    ///
    /// # Errors
    /// When nobody is signed in, or the database says no.
    pub fn sign_out(&mut self) -> Result<Event> {
        let login_session = self.actor().ok_or(StoreError::Unauthenticated)?.login_session();
        self.end_sign_in(login_session, SignInEnd::SignedOut)?;
        self.sign_in_event(EventKind::SignedOut, login_session)
    }

    /// Ends one sign-in of a member; none when it has ended already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the member has no such sign-in.
    pub fn end_login_session(&mut self, owner: StaffId, id: LoginSessionId, why: SignInEnd) -> Result<Option<Event>> {
        let row = login_sessions::table.find((self.clinic(), id)).filter(login_sessions::staff_id.eq(owner));
        row.select(login_sessions::id).first::<LoginSessionId>(self.connection)?;
        self.end_sign_in(id, why)
    }

    /// Ends every sign-in of a member in this clinic.
    ///
    /// # Errors
    /// When the database says no.
    pub fn end_login_sessions_of(&mut self, owner: StaffId, why: SignInEnd) -> Result<Vec<Event>> {
        let open = login_sessions::table
            .filter(login_sessions::clinic_id.eq(self.clinic()))
            .filter(login_sessions::staff_id.eq(owner))
            .filter(login_sessions::revoked_at.is_null())
            .filter(login_sessions::expires_at.gt(self.now()))
            // One order for everybody: two such units cannot wait for each other.
            .order(login_sessions::id)
            .select(login_sessions::id)
            .load::<LoginSessionId>(self.connection)?;
        let mut events = Vec::new();
        for id in open {
            events.extend(self.end_sign_in(id, why)?);
        }
        Ok(events)
    }

    pub(super) fn end_sign_in(&mut self, id: LoginSessionId, why: SignInEnd) -> Result<Option<Event>> {
        let open = login_sessions::table.find((self.clinic(), id)).filter(login_sessions::revoked_at.is_null());
        let ended = diesel::update(open)
            .set((
                login_sessions::revoked_at.eq(Some(self.now())),
                login_sessions::ended_because.eq(Some(why)),
                login_sessions::version.eq(login_sessions::version + 1),
            ))
            .execute(self.connection)?;
        if ended == 0 { Ok(None) } else { self.sign_in_event(EventKind::SignInEnded, id).map(Some) }
    }
}
