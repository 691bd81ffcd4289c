//! Which charts somebody may see: the one answer that every read and every write of this layer goes by.
//!
//! It is worked out once for each unit, when the membership is read again. An auditor inside a case sees the charts the
//! case names and no other; everybody else sees all but those restricted to others. [`Gather::show`] and the lists ask
//! it, and what they forgot the unit asks at its end, so that no route can pass it by.
//!
//! [`Gather::show`]: super::transaction::Gather::show

use super::connection::AnyConnection;
use super::error::{Result, StoreError};
use super::schema::restrictions::{break_glass, patient_restriction_readers, patient_restrictions};
use super::schema::sessions::sessions;
use crate::access::permission::{Flag, Line};
use crate::access::permit::Actor;
use crate::access::role::Role;
use crate::domain::id::{BreakGlassId, ClinicId, PatientId, RestrictionId, StaffId};
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use diesel::prelude::*;

/// Whether a unit only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// It reads.
    Read,
    /// It changes something.
    Write,
}

/// The charts that may be seen in one unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// Only these, inside an audit case.
    only: Option<Vec<PatientId>>,
    /// Not these: restricted to others.
    barred: Vec<PatientId>,
    /// Restricted charts that this person's broken glass opens.
    glass: Vec<(PatientId, BreakGlassId)>,
}

impl Sight {
    /// The charts of an audit case.
    pub(super) fn of_case(patients: Vec<PatientId>) -> Self {
        Self { only: Some(patients), ..Self::default() }
    }

    /// Whether this patient's chart may be seen.
    pub fn shows(&self, patient: PatientId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&patient)) && !self.barred.contains(&patient)
    }

    /// The patients a list may show; none when it may show all but the barred.
    pub(super) fn only(&self) -> Option<Vec<PatientId>> {
        self.only.clone()
    }

    /// The patients a list may not show.
    pub(super) fn barred(&self) -> Vec<PatientId> {
        self.barred.clone()
    }

    /// The glass under which one of these charts is seen.
    pub(super) fn glass_of(&self, patients: &[PatientId]) -> Option<BreakGlassId> {
        self.glass.iter().find(|(patient, _)| patients.contains(patient)).map(|(_, glass)| *glass)
    }
}

/// What this member of staff may see outside of an audit case.
///
/// A restriction bars everybody but its readers; whoever is in charge of the patient's live visit; whoever broke the
/// glass, for reads and for what a glass allows; and at a live visit whoever does what has to be done at the chair.
/// It does not bar an auditor from the trail.
pub(super) fn of(
    connection: &mut AnyConnection,
    actor: &Actor,
    line: &Line,
    intent: Intent,
    now: Timestamp,
) -> Result<Sight> {
    if line.roles.contains(&Role::Auditor) && actor.roles().hold(Role::Auditor) {
        return Ok(Sight::default());
    }
    let (clinic, me) = (actor.clinic(), actor.staff());
    let restricted = closed_to(connection, clinic, me)?;
    if restricted.is_empty() {
        return Ok(Sight::default());
    }
    let glass: Vec<(PatientId, BreakGlassId)> = break_glass::table
        .filter(break_glass::clinic_id.eq(clinic))
        .filter(break_glass::opened_by.eq(me))
        .filter(break_glass::ends_at.gt(now))
        .order(break_glass::opened_at.desc())
        .select((break_glass::patient_id, break_glass::id))
        .load(connection)?;
    let live: Vec<SessionState> = SessionState::ALL.iter().copied().filter(|state| state.is_live()).collect();
    let visits: Vec<(PatientId, StaffId, StaffId, StaffId)> = sessions::table
        .filter(sessions::clinic_id.eq(clinic))
        .filter(sessions::patient_id.eq_any(restricted.clone()))
        .filter(sessions::state.eq_any(live))
        .select((sessions::patient_id, sessions::owner_id, sessions::nurse_id, sessions::prescriber_id))
        .load(connection)?;
    let emergency = line.flags.contains(&Flag::Emergency);
    let through_glass = intent == Intent::Read || emergency || line.flags.contains(&Flag::Glass);
    let open = |patient: &PatientId| {
        let mut here = visits.iter().filter(|(of, ..)| of == patient);
        let broken = glass.iter().any(|(of, _)| of == patient);
        (through_glass && broken)
            || here.any(|(_, owner, nurse, prescriber)| emergency || [owner, nurse, prescriber].contains(&&me))
    };
    let barred = restricted.into_iter().filter(|patient| !open(patient)).collect();
    Ok(Sight { only: None, barred, glass })
}

/// The patients whose charts are restricted to others than this person.
fn closed_to(connection: &mut AnyConnection, clinic: ClinicId, me: StaffId) -> Result<Vec<PatientId>> {
    let in_force: Vec<(RestrictionId, PatientId)> = patient_restrictions::table
        .filter(patient_restrictions::clinic_id.eq(clinic))
        .filter(patient_restrictions::ended_at.is_null())
        .select((patient_restrictions::id, patient_restrictions::patient_id))
        .load(connection)?;
    if in_force.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<RestrictionId> = patient_restriction_readers::table
        .filter(patient_restriction_readers::clinic_id.eq(clinic))
        .filter(patient_restriction_readers::staff_id.eq(me))
        .select(patient_restriction_readers::patient_restriction_id)
        .load(connection)?;
    Ok(in_force.into_iter().filter(|(id, _)| !named.contains(id)).map(|(_, patient)| patient).collect())
}

/// Narrows a boxed query of a list to the patients it may show.
macro_rules! in_sight {
    ($tx:expr, $query:ident, $patient:expr) => {
        let sight = $tx.sight_of_list();
        if let Some(only) = sight.only() {
            $query = $query.filter($patient.eq_any(only));
        }
        let barred = sight.barred();
        if !barred.is_empty() {
            $query = $query.filter($patient.ne_all(barred));
        }
    };
}

/// What a refusal is when a chart it is about may not be seen: nothing is there. What is no answer about a chart stays.
pub(super) fn hide<T>(result: Result<T>) -> Result<T> {
    match result {
        Err(error @ (StoreError::Busy | StoreError::Broken(_))) => Err(error),
        _ => Err(StoreError::NotFound),
    }
}
