//! What the front desk does with a visit: book, move, receive, call off, take up again.

use super::head::{CancelReason, Milestones, Pump, Session, Slot, Team};
use super::table::{SessionEvent, SessionState};
use super::transition::{Step, Transition, With};
use crate::domain::act::Act;
use crate::domain::id::{PatientId, ProtocolId, SessionId, TreatmentPlanId};
use crate::domain::refusal::{Refusal, Unmet};
use crate::domain::route::Route;
use crate::domain::time::Date;
use jiff::tz::TimeZone;

/// What a visit is booked as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its id, made by the server or proposed by the client.
    pub id: SessionId,
    /// Whose visit.
    pub patient_id: PatientId,
    /// The plan and the visit's place in it; absent for a tentative booking.
    pub plan: Option<(TreatmentPlanId, i64)>,
    /// The protocol its hold was computed from.
    pub protocol_id: ProtocolId,
    /// How the drug is given.
    pub route: Route,
    /// Where and when.
    pub slot: Slot,
    /// Who.
    pub team: Team,
    /// A word of the people who book it.
    pub note: Option<String>,
    /// Why a prescriber set rules of the series aside.
    pub override_reason: Option<String>,
}

/// What may be changed while a visit is only booked; absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebooking {
    /// Another chair or time.
    pub slot: Option<Slot>,
    /// Other people.
    pub team: Option<Team>,
    /// The plan a tentative booking now belongs to, and its place in the series.
    pub plan: Option<(TreatmentPlanId, i64)>,
    /// The protocol and route of that plan.
    pub protocol: Option<(ProtocolId, Route)>,
    /// Another note; the inner absence clears it.
    pub note: Option<Option<String>>,
    /// Why it is moved.
    pub reason: Option<String>,
}

impl Session {
    /// Books a visit. `unmet` is what the plan and the protocol say against it; whether chair, patient and staff are
    /// free is the database's to say.
    pub fn schedule(new: NewSession, act: Act, unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        let unmet =
            act.admit(SessionEvent::Schedule.as_str(), unmet)?.iter().map(|unmet| unmet.rule_id.to_owned()).collect();
        let session = Self {
            id: new.id,
            patient_id: new.patient_id,
            version: 1,
            infusion_version: 0,
            state: SessionState::Scheduled,
            treatment_plan_id: new.plan.map(|(id, _)| id),
            sequence_in_plan: new.plan.map(|(_, sequence)| sequence),
            protocol_id: new.protocol_id,
            policy_id: None,
            route: new.route,
            slot: new.slot,
            team: new.team,
            milestones: Milestones::default(),
            pump: Pump::IDLE,
            end_reason: None,
            disposition: None,
            abort_reason: None,
            cancel_reason: None,
            note: new.note,
            created_at: act.recorded_at,
            updated_at: act.recorded_at,
        };
        let transition = Transition {
            session_id: session.id,
            session_version: 1,
            event: SessionEvent::Schedule,
            from: None,
            to: SessionState::Scheduled,
            act,
            reason: new.override_reason,
            unmet,
        };
        Ok(Step::of(session, transition))
    }

    /// The clinic's date it is booked for.
    pub fn date(&self, zone: &TimeZone) -> Date {
        self.slot.starts_at.date_in(zone)
    }

    /// Moves, reassigns or annotates a visit that is only booked. `unmet` as for [`Self::schedule`].
    pub fn reschedule(self, act: Act, to: Rebooking, unmet: Vec<Unmet>) -> Result<Step, Refusal> {
        let with = With { reason: to.reason, unmet };
        self.follow(SessionEvent::Reschedule, act, with, |session| {
            if let Some(slot) = to.slot {
                session.slot = slot;
            }
            if let Some(team) = to.team {
                session.team = team;
            }
            if let Some((plan, sequence)) = to.plan {
                session.treatment_plan_id = Some(plan);
                session.sequence_in_plan = Some(sequence);
            }
            (session.protocol_id, session.route) = to.protocol.unwrap_or((session.protocol_id, session.route));
            if let Some(note) = to.note {
                session.note = note;
            }
        })
    }

    /// Follows a revised plan to its new version, as long as nothing was released under the old one.
    pub fn replan(self, act: Act, plan: TreatmentPlanId, protocol: ProtocolId, route: Route) -> Result<Step, Refusal> {
        self.follow(SessionEvent::Replan, act, With::default(), |session| {
            session.treatment_plan_id = Some(plan);
            session.protocol_id = protocol;
            session.route = route;
        })
    }

    /// The patient is here. `identified`: two identifiers were compared. The escort may still be missing: that
    /// blocks the start, not the arrival (decisions.md 23).
    pub fn check_in(self, act: Act, identified: bool, zone: &TimeZone) -> Result<Step, Refusal> {
        let mut unmet = Vec::new();
        if !identified {
            unmet.push(Unmet::new(
                "identity_unconfirmed",
                "session.check_in.identity",
                "compare two identifiers: name and date of birth",
            ));
        }
        unmet.extend(self.not_the_day(&act, zone, "session.check_in.same_day"));
        let at = act.occurred_at;
        self.follow(SessionEvent::CheckIn, act, With::unmet(unmet), |session| {
            session.milestones.checked_in_at = Some(at);
        })
    }

    /// The arrival was entered by mistake. What was signed meanwhile stays in the history; the visit begins anew.
    pub fn undo_check_in(self, act: Act, reason: String, zone: &TimeZone) -> Result<Step, Refusal> {
        let unmet = self.drawn_up("session.undo_check_in.nothing_prepared").into_iter().chain(self.not_the_day(
            &act,
            zone,
            "session.undo_check_in.same_day",
        ));
        let with = With { reason: Some(reason), unmet: unmet.collect() };
        self.follow(SessionEvent::UndoCheckIn, act, with, |session| session.milestones = Milestones::default())
    }

    /// Calls the visit off; after drug was drawn up it has to be aborted instead, so that the drug is accounted for.
    pub fn cancel(self, act: Act, reason: CancelReason, words: Option<String>) -> Result<Step, Refusal> {
        let unmet = self.drawn_up("session.cancel.nothing_prepared").into_iter().collect();
        self.follow(SessionEvent::Cancel, act, With { reason: words, unmet }, |session| {
            session.cancel_reason = Some(reason);
        })
    }

    /// The patient did not come. `grace_min` is the policy's `booking.no_show_minutes`; coming later still is no
    /// harm, the visit is reinstated (decisions.md 27).
    pub fn no_show(self, act: Act, grace_min: i64) -> Result<Step, Refusal> {
        let late_from = self.slot.starts_at.plus_minutes(grace_min);
        let mut unmet = Vec::new();
        if act.occurred_at < late_from {
            unmet.push(
                Unmet::new("too_early", "session.no_show.grace", format!("wait {grace_min} min after the booked time"))
                    .figures(late_from.to_string(), act.occurred_at.to_string()),
            );
        }
        self.follow(SessionEvent::NoShow, act, With::unmet(unmet), |_| {})
    }

    /// Takes a cancelled or missed visit up again on its own day, if its slot is still free (the database says).
    pub fn reinstate(self, act: Act, reason: String, zone: &TimeZone) -> Result<Step, Refusal> {
        let unmet = self.not_the_day(&act, zone, "session.reinstate.same_day").into_iter().collect();
        self.follow(SessionEvent::Reinstate, act, With { reason: Some(reason), unmet }, |session| {
            session.milestones = Milestones::default();
            session.cancel_reason = None;
        })
    }

    fn not_the_day(&self, act: &Act, zone: &TimeZone, rule: &'static str) -> Option<Unmet> {
        let (booked, today) = (self.date(zone), act.occurred_at.date_in(zone));
        (booked != today).then(|| {
            Unmet::new("not_the_day", rule, "the visit is booked for another day")
                .figures(booked.to_string(), today.to_string())
        })
    }

    fn drawn_up(&self, rule: &'static str) -> Option<Unmet> {
        let drawn_up = self.milestones.prepared_at;
        drawn_up.map(|_| {
            Unmet::new("drug_prepared", rule, "drug was drawn up: abort the session and account for it").fixed_by(
                "POST",
                format!("/api/v1/sessions/{}/abort", self.id),
                "nurse",
            )
        })
    }
}
