//! The canonical form of a record, made again from its rows: for the verifier that holds it against the trail.
//!
//! A kind of record without a way back does not compile: both lists below name every kind.

use super::column::AnyId;
use super::error::Result;
use super::schema;
use super::transaction::Gather;
use crate::domain::allergy::Allergy;
use crate::domain::condition::Condition;
use crate::domain::earlier_treatment::EarlierTreatment;
use crate::domain::medication::Medication;
use crate::domain::merkle::Hash;
use crate::domain::outcome_score::OutcomeScore;
use crate::domain::record::{Record, RecordKind};
use crate::domain::session::Transition;
use diesel::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

/// A record as its rows have it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Its id.
    pub id: Uuid,
    /// The version and the hash of each form it can be written in; none when its rows cannot be read.
    pub forms: Vec<(i64, Hash)>,
    /// The record that a fact stands beside.
    pub beside: Option<Uuid>,
}

impl Rebuilt {
    fn of(id: impl Into<Uuid>, record: &Record) -> Self {
        Self { id: id.into(), forms: vec![(record.v(), record.sha256())], beside: None }
    }

    /// A record that is there and cannot be read: something in it is no word or value of ours.
    const fn unreadable(id: Uuid) -> Self {
        Self { id, forms: Vec::new(), beside: None }
    }
}

fn typed<Id: From<Uuid>>(ids: &[Uuid]) -> Vec<Id> {
    ids.iter().copied().map(Id::from).collect()
}

impl Gather<'_> {
    /// The records of a kind after an id, in the order of their ids, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(super) fn rebuilt(&mut self, kind: RecordKind, after: Uuid, limit: i64) -> Result<Vec<Rebuilt>> {
        let ids = self.record_ids(kind, after, limit)?;
        if let Ok(found) = self.rebuild(kind, &ids) {
            return Ok(in_order(&ids, found));
        }
        // One of them cannot be read; each by itself says which.
        let mut alone = Vec::with_capacity(ids.len());
        for id in &ids {
            alone.extend(self.rebuild(kind, &[*id]).unwrap_or_default());
        }
        Ok(in_order(&ids, alone))
    }

    fn record_ids(&mut self, kind: RecordKind, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
        use schema::{
            alerts, appointments, audit_cases, consents, dosing_events, foundation, observations, patients, protocols,
            screening, sessions, visits,
        };
        let clinic = self.clinic();
        macro_rules! ids {
            ($group:ident :: $table:ident) => { ids!($group::$table by id) };
            ($group:ident :: $table:ident by $id:ident) => {
                $group::$table::table
                    .filter($group::$table::clinic_id.eq(clinic))
                    .filter($group::$table::$id.gt(AnyId(after)))
                    .order($group::$table::$id)
                    .limit(limit)
                    .select($group::$table::$id)
                    .load::<AnyId>(self.connection)?
            };
        }
        let ids = match kind {
            RecordKind::Alert => ids!(alerts::alerts),
            RecordKind::AlertAction => ids!(alerts::alert_actions),
            RecordKind::Allergy => ids!(screening::allergies),
            RecordKind::Appointment => ids!(appointments::appointments),
            RecordKind::AuditCase => ids!(audit_cases::audit_cases),
            RecordKind::Clinic => [clinic.0].into_iter().filter(|id| *id > after).map(AnyId).collect(),
            RecordKind::Condition => ids!(screening::conditions),
            RecordKind::Consent => ids!(consents::consents),
            RecordKind::ConsentSignature => ids!(consents::consent_signatures),
            RecordKind::ConsentTemplate => ids!(consents::consent_templates),
            RecordKind::ConsentWithdrawal => ids!(consents::consent_withdrawals),
            RecordKind::DosingEvent => ids!(dosing_events::dosing_events),
            RecordKind::EarlierTreatment => ids!(screening::earlier_treatments),
            RecordKind::LoginSession => ids!(foundation::login_sessions),
            RecordKind::Medication => ids!(screening::medications),
            RecordKind::Observation => ids!(observations::observations),
            RecordKind::Order => ids!(visits::orders),
            RecordKind::OutcomeScore => ids!(screening::outcome_scores),
            RecordKind::OutcomeScoreReview => ids!(screening::outcome_score_reviews),
            RecordKind::Patient => ids!(patients::patients),
            RecordKind::Policy => ids!(protocols::policies),
            RecordKind::Precheck => ids!(visits::prechecks),
            RecordKind::Preparation => ids!(visits::preparations),
            RecordKind::Presence => ids!(visits::presence by staff_id),
            RecordKind::Protocol => ids!(protocols::protocols),
            RecordKind::Room => ids!(foundation::rooms),
            RecordKind::Screening => ids!(screening::screenings),
            RecordKind::ScreeningDecision => ids!(screening::screening_decisions),
            RecordKind::Session => ids!(sessions::sessions),
            RecordKind::SessionEscort => ids!(sessions::session_escorts),
            RecordKind::SessionHandover => ids!(sessions::session_handovers),
            RecordKind::SessionTransition => ids!(sessions::session_transitions),
            RecordKind::Settlement => ids!(visits::settlements),
            RecordKind::Staff => ids!(foundation::staff),
            RecordKind::StaffAbsence => ids!(foundation::staff_absences),
            RecordKind::Task => ids!(alerts::tasks),
            RecordKind::TreatmentPlan => ids!(protocols::treatment_plans),
            RecordKind::WithdrawalReport => ids!(consents::withdrawal_reports),
        };
        Ok(ids.into_iter().map(|id| id.0).collect())
    }

    #[rustfmt::skip] // One line a kind.
    fn rebuild(&mut self, kind: RecordKind, ids: &[Uuid]) -> Result<Vec<Rebuilt>> {
        macro_rules! all {
            ($found:expr) => { $found.iter().map(|one| Rebuilt::of(one.id, &one.record())).collect() };
        }
        Ok(match kind {
            RecordKind::Alert => all!(self.alerts_by_id(&typed(ids))?),
            RecordKind::AlertAction => return self.rebuild_actions(ids),
            RecordKind::Allergy => all!(self.statements_by_id::<Allergy>(&typed(ids))?),
            RecordKind::Appointment => all!(self.appointments_by_id(&typed(ids))?),
            RecordKind::AuditCase => all!(self.audit_cases_by_id(&typed(ids))?),
            RecordKind::Clinic => vec![Rebuilt::of(self.clinic(), &self.clinic_record(self.clinic())?)],
            RecordKind::Condition => all!(self.statements_by_id::<Condition>(&typed(ids))?),
            RecordKind::Consent => all!(self.consents_by_id(&typed(ids))?),
            RecordKind::ConsentSignature => all!(self.signatures_by_id(&typed(ids))?),
            RecordKind::ConsentTemplate => all!(self.forms_by_id(&typed(ids))?),
            RecordKind::ConsentWithdrawal => all!(self.withdrawals_by_id(&typed(ids))?),
            RecordKind::DosingEvent => all!(self.dosing_events_by_id(&typed(ids))?),
            RecordKind::EarlierTreatment => all!(self.statements_by_id::<EarlierTreatment>(&typed(ids))?),
            RecordKind::LoginSession => all!(self.sign_ins_by_id(&typed(ids))?),
            RecordKind::Medication => all!(self.statements_by_id::<Medication>(&typed(ids))?),
            RecordKind::Observation => self.observations_by_id(&typed(ids))?.iter().map(|one| Rebuilt::of(one.id, &one.to_record())).collect(),
            RecordKind::Order => all!(self.orders_by_id(&typed(ids))?),
            RecordKind::OutcomeScore => all!(self.statements_by_id::<OutcomeScore>(&typed(ids))?),
            RecordKind::OutcomeScoreReview => all!(self.score_reviews_by_id(&typed(ids))?),
            RecordKind::Patient => all!(self.patients(&typed(ids))?),
            RecordKind::Policy => self.policy_records(&typed(ids))?.iter().map(|(id, record)| Rebuilt::of(*id, record)).collect(),
            RecordKind::Precheck => all!(self.prechecks_by_id(&typed(ids))?),
            RecordKind::Preparation => all!(self.preparations_by_id(&typed(ids))?),
            RecordKind::Presence => self.presence_by_id(&typed(ids))?.iter().map(|one| Rebuilt::of(one.staff, &one.record())).collect(),
            RecordKind::Protocol => self.protocols_by_id(&typed(ids))?.values().map(|one| Rebuilt::of(one.id, &one.record())).collect(),
            RecordKind::Room => all!(self.rooms_by_id(&typed(ids))?),
            RecordKind::Screening => all!(self.screenings_by_id(&typed(ids))?),
            RecordKind::ScreeningDecision => all!(self.decisions_by_id(&typed(ids))?),
            RecordKind::Session => return self.rebuild_sessions(ids),
            RecordKind::SessionEscort => all!(self.escorts_by_id(&typed(ids))?),
            RecordKind::SessionHandover => all!(self.handovers_by_id(&typed(ids))?),
            RecordKind::SessionTransition => return self.rebuild_transitions(ids),
            RecordKind::Settlement => all!(self.settlements_by_id(&typed(ids))?),
            RecordKind::Staff => self.staff_records(self.clinic(), &typed(ids))?.iter().map(|(id, _, record)| Rebuilt::of(*id, record)).collect(),
            RecordKind::StaffAbsence => all!(self.absences_by_id(&typed(ids))?),
            RecordKind::Task => all!(self.tasks_by_id(&typed(ids))?),
            RecordKind::TreatmentPlan => all!(self.treatment_plans(&typed(ids))?),
            RecordKind::WithdrawalReport => all!(self.reports_by_id(&typed(ids))?),
        })
    }

    fn rebuild_actions(&mut self, ids: &[Uuid]) -> Result<Vec<Rebuilt>> {
        let found = self.alert_actions_by_id(&typed(ids))?;
        let fact = |done: &crate::domain::alert::AlertAction| Rebuilt {
            beside: Some(done.alert.uuid()),
            ..Rebuilt::of(done.id, &done.record())
        };
        Ok(found.iter().map(fact).collect())
    }

    fn rebuild_transitions(&mut self, ids: &[Uuid]) -> Result<Vec<Rebuilt>> {
        let fact = |(id, line): &(crate::domain::id::TransitionId, Transition)| Rebuilt {
            beside: Some(line.session_id.uuid()),
            ..Rebuilt::of(*id, &line.record())
        };
        Ok(self.transitions_by_id(&typed(ids))?.iter().map(fact).collect())
    }

    /// A session also in the form of version 1, with the line of history that led to it.
    fn rebuild_sessions(&mut self, ids: &[Uuid]) -> Result<Vec<Rebuilt>> {
        let mut found = Vec::with_capacity(ids.len());
        for session in self.sessions_by_id(&typed(ids))? {
            let mut rebuilt = Rebuilt::of(session.id, &session.record());
            let last = self.transitions(session.id)?.pop();
            rebuilt.forms.extend(last.map(|line| (1, session.record_v1(&line).sha256())));
            found.push(rebuilt);
        }
        Ok(found)
    }
}

/// One for each id; what was not made again is there and cannot be read.
fn in_order(ids: &[Uuid], found: Vec<Rebuilt>) -> Vec<Rebuilt> {
    let mut found: HashMap<Uuid, Rebuilt> = found.into_iter().map(|one| (one.id, one)).collect();
    ids.iter().map(|id| found.remove(id).unwrap_or_else(|| Rebuilt::unreadable(*id))).collect()
}
