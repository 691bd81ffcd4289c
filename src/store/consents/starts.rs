//! What a review of consent looks at: the sessions that were started, and what the trail says about a consent.

use crate::domain::consent::{Dose, Signature, Start};
use crate::domain::dosing::Infusion;
use crate::domain::id::{ConsentId, PatientId, SessionId, TreatmentPlanId};
use crate::domain::quantity::{Amount as _, MicrogramsPerKilogram};
use crate::domain::route::Basis;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::store::audit_events::StoredEntry;
use crate::store::column::AnyId;
use crate::store::error::Result;
use crate::store::schema::consents::consent_signatures;
use crate::store::schema::foundation::audit_events;
use crate::store::transaction::{Gather, Held};
use diesel::prelude::*;
use uuid::Uuid;

/// The last start of a page: its sort key and id.
pub type StartCursor = (Timestamp, SessionId);

impl Gather<'_> {
    /// The sessions whose drug was started in a period, with what a review of their consent looks at, oldest first,
    /// and where the next page begins. A fixed number of queries.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn starts(
        &mut self,
        held: Held,
        period: (Timestamp, Timestamp),
        after: Option<StartCursor>,
        limit: u16,
    ) -> Result<(Vec<Start>, Option<StartCursor>)> {
        let mut sessions = self.started_sessions(period, after, limit)?;
        let more = sessions.len() > usize::from(limit);
        sessions.truncate(usize::from(limit));
        let last = sessions.last().filter(|_| more);
        let next = last.and_then(|last| Some((last.milestones.started_at?, last.id)));
        Ok((self.starts_of(held, sessions)?, next))
    }

    /// The same of one patient, from the first to the last.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn starts_of_patient(&mut self, held: Held, patient: PatientId) -> Result<Vec<Start>> {
        let sessions = self.started_sessions_of(patient)?;
        self.starts_of(held, sessions)
    }

    fn starts_of(&mut self, held: Held, sessions: Vec<Session>) -> Result<Vec<Start>> {
        let visits: Vec<_> = sessions.iter().map(Session::visit).collect();
        let plans: Vec<TreatmentPlanId> = sessions.iter().filter_map(|session| session.treatment_plan_id).collect();
        let (plans, prechecks) = (self.treatment_plans(&plans)?, self.newest_prechecks(&visits)?);
        let infusions = self.infusions(sessions, held)?;
        let start = |infusion: &Infusion| {
            let session = &infusion.session;
            let plan = session.treatment_plan_id.and_then(|id| plans.iter().find(|plan| plan.id == id));
            let precheck = prechecks.iter().find(|precheck| precheck.visit.session == session.id);
            let weight = precheck.and_then(|precheck| precheck.form.weight);
            let dose = match (&infusion.order, weight) {
                (Some(order), Some(weight)) => Dose::Total { mass: order.max_total, weight },
                (Some(order), None) => Dose::PerKilogram(order.dose),
                (None, _) => Dose::PerKilogram(plan.map_or(MicrogramsPerKilogram::clamped(0), |plan| plan.text.dose)),
            };
            let first = infusion.history.events().iter().find(|event| event.what.gives_drug());
            let act = first.map(|event| &event.act);
            let at = act.map(|act| act.occurred_at).or(session.milestones.started_at)?;
            Some(Start {
                session: session.id,
                patient: session.patient_id,
                at,
                recorded_at: act.map_or(at, |act| act.recorded_at),
                outside: act.filter(|act| act.basis == Basis::Done).and_then(|act| act.source),
                route: session.route,
                dose,
                indication: plan.map(|plan| plan.text.indication.clone()),
                reaffirmed_at: precheck.and_then(|precheck| precheck.form.consent_reaffirmed_at),
            })
        };
        Ok(infusions.iter().filter_map(start).collect())
    }

    /// The signatures of these consents, in the order they were given.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn signatures_of_consents(&mut self, consents: &[ConsentId]) -> Result<Vec<Signature>> {
        let rows = consent_signatures::table
            .filter(consent_signatures::clinic_id.eq(self.clinic()))
            .filter(consent_signatures::consent_id.eq_any(consents.to_vec()))
            .order((consent_signatures::signed_at, consent_signatures::id))
            .select(super::signatures::SignatureRow::as_select())
            .load(self.connection)?;
        rows.into_iter().map(super::signatures::SignatureRow::into_signature).collect()
    }

    /// Every entry of the trail about one of these records up to an instant, oldest first: changes, and reads of
    /// exactly them.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn trail_about(&mut self, patient: PatientId, records: &[Uuid], until: Timestamp) -> Result<Vec<StoredEntry>> {
        self.saw(patient);
        let records: Vec<Option<AnyId>> = records.iter().map(|id| Some(AnyId(*id))).collect();
        let entries = audit_events::table
            .filter(audit_events::clinic_id.eq(self.clinic()))
            .filter(audit_events::object_id.eq_any(records))
            .filter(audit_events::at.le(until))
            .order(audit_events::seq)
            .select(StoredEntry::as_select());
        Ok(entries.load(self.connection)?)
    }
}
