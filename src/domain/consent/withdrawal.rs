//! Withdrawal: any time, by word of mouth, without a reason. Under the drug it ends this session and nothing more;
//! a wider wish is kept and asked again when the patient is sober (decisions.md 8).

use super::Made;
use super::influence::Influence;
use super::report::{ReportKind, WithdrawalReport};
use super::state::{Consent, ConsentAct, ConsentState, Ending};
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ConsentId, PatientId, SessionId, StaffId, WithdrawalId, WithdrawalReportId};
use crate::domain::record::Record;
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::domain::text;
use crate::domain::time::Timestamp;

words! {
    /// How far a withdrawal reaches; later words reach further.
    pub enum WithdrawalScope {
        /// This session only.
        ThisSession = "this_session",
        /// This consent, with every session under it.
        Series = "series",
        /// Every consent of the patient, presented drafts too.
        All = "all",
    }

    /// Who said it.
    pub enum SaidBy {
        /// The patient.
        Patient = "patient",
        /// Who lawfully decides for the patient.
        Surrogate = "surrogate",
    }
}

/// A withdrawal as it is sent. Everything but who said it may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWithdrawal {
    /// How far it reaches; absent: this session under the drug, this consent otherwise.
    pub scope: Option<WithdrawalScope>,
    /// Who said it.
    pub said_by: SaidBy,
    /// When it was said; absent or later than now: now.
    pub said_at: Option<Timestamp>,
    /// The session it is about.
    pub session: Option<SessionId>,
    /// When the pump was stopped, if somebody at the chair has done it already.
    pub pump_stopped_at: Option<Timestamp>,
    /// What was said, in the patient's words.
    pub words: Option<String>,
}

/// One withdrawal. A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// Whose.
    pub patient: PatientId,
    /// The consent.
    pub consent: ConsentId,
    /// The session, when it is about one.
    pub session: Option<SessionId>,
    /// How far it reaches, finally.
    pub scope: WithdrawalScope,
    /// Who said it.
    pub said_by: SaidBy,
    /// When it was said: from then on it counts.
    pub said_at: Timestamp,
    /// When the pump was stopped, as stated.
    pub pump_stopped_at: Option<Timestamp>,
    /// What was said.
    pub words: Option<String>,
    /// Who entered it.
    pub recorded_by: StaffId,
    /// When it was entered.
    pub recorded_at: Timestamp,
}

/// The facts a withdrawal looks at.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawalFacts<'a> {
    /// The patient's other consents; for scope `all`.
    pub others: &'a [Consent],
    /// What the patient withdrew from before.
    pub earlier: &'a [Withdrawal],
    /// Reports and wishes of the patient.
    pub reports: &'a [WithdrawalReport],
    /// What is known about drug in the patient.
    pub influence: &'a Influence,
}

/// What a withdrawal changes. Nothing at all when it was said before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withdrawn {
    /// The consents that changed.
    pub consents: Vec<Consent>,
    /// The withdrawal to keep.
    pub fact: Option<Withdrawal>,
    /// The wider wish, to be asked again.
    pub wish: Option<WithdrawalReport>,
    /// The session whose drug has to stop in the same transaction.
    pub stop: Option<SessionId>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Withdraws. `wish` is the id a wider wish gets.
///
/// # Errors
/// When fields cannot be right, or there is nothing to withdraw; never while a session of the patient is live.
pub fn withdraw(
    consent: Consent,
    new: NewWithdrawal,
    facts: &WithdrawalFacts<'_>,
    made: Made<WithdrawalId>,
    wish: WithdrawalReportId,
) -> Result<Withdrawn, Refusal> {
    new.check(facts.influence, made.at).finish()?;
    // A statement is not refused for a tablet whose clock runs ahead.
    let said_at = new.said_at.map_or(made.at, |said| said.min(made.at));
    if facts.influence.is_under(made.at) || new.scope == Some(WithdrawalScope::ThisSession) {
        return Ok(from_this_session(&consent, new, facts, (said_at, made), wish));
    }
    end(consent, new, facts, (said_at, made))
}

/// The only final reach under the drug; a wider one becomes a wish.
fn from_this_session(
    consent: &Consent,
    new: NewWithdrawal,
    facts: &WithdrawalFacts<'_>,
    (said_at, made): (Timestamp, Made<WithdrawalId>),
    wish: WithdrawalReportId,
) -> Withdrawn {
    let mut withdrawn = Withdrawn::default();
    let narrow = new.scope == Some(WithdrawalScope::ThisSession);
    // "No more of tomorrow's" does not stop today's; anything wider said in the chair does.
    let session = new.session.filter(|_| narrow).or(facts.influence.session());
    withdrawn.stop = session.filter(|session| facts.influence.live == Some(*session));
    if let Some(scope) = new.scope.filter(|scope| *scope > WithdrawalScope::ThisSession) {
        let asked = |report: &WithdrawalReport| {
            report.kind == ReportKind::Wish && report.is_open() && report.wished >= Some(scope)
        };
        if !facts.reports.iter().any(asked) {
            let text = new.words.clone().unwrap_or_default();
            let made = Made { id: wish, by: made.by, at: made.at };
            let (report, event) = WithdrawalReport::wish(consent, session, (scope, text), said_at, made);
            withdrawn.wish = Some(report);
            withdrawn.events.push(event);
        }
    }
    let said_before =
        |earlier: &Withdrawal| earlier.session == session && earlier.scope == WithdrawalScope::ThisSession;
    if !facts.earlier.iter().any(said_before) {
        let fact = new.fact(consent, (WithdrawalScope::ThisSession, session), (said_at, made));
        withdrawn.events.push(fact.event());
        withdrawn.fact = Some(fact);
    }
    withdrawn
}

/// Ends the consent, and for `all` every other one, presented drafts too.
fn end(
    consent: Consent,
    new: NewWithdrawal,
    facts: &WithdrawalFacts<'_>,
    (said_at, made): (Timestamp, Made<WithdrawalId>),
) -> Result<Withdrawn, Refusal> {
    let scope = new.scope.unwrap_or(WithdrawalScope::Series);
    let was_in_force = matches!(consent.ending, Some(Ending::Superseded { at, .. }) if said_at < at);
    if !was_in_force && scope != WithdrawalScope::All {
        consent.state().admits(ConsentAct::Withdraw)?;
    }
    let mut withdrawn = Withdrawn::default();
    let others = facts.others.iter().filter(|other| scope == WithdrawalScope::All && other.id != consent.id);
    for one in std::iter::once(&consent).chain(others) {
        if let Some((ended, event)) = ended(one, said_at, made.at)? {
            withdrawn.consents.push(ended);
            withdrawn.events.push(event);
        }
    }
    // Nothing ends any more, but it was said while something was in force: it decides what was in between.
    let mut everything = std::iter::once(&consent).chain(facts.others);
    let news = everything.any(|one| is_news(one, &consent, scope, said_at, facts.earlier));
    if !withdrawn.consents.is_empty() || news {
        let fact = new.fact(&consent, (scope, new.session), (said_at, made));
        withdrawn.events.push(fact.event());
        withdrawn.fact = Some(fact);
    }
    Ok(withdrawn)
}

/// Whether the statement changes what is known of a consent that ended before.
fn is_news(
    one: &Consent,
    target: &Consent,
    scope: WithdrawalScope,
    said_at: Timestamp,
    earlier: &[Withdrawal],
) -> bool {
    let Some(Ending::Superseded { at: ended_at, .. } | Ending::Withdrawn { at: ended_at, .. }) = one.ending else {
        return false;
    };
    let known = earlier.iter().any(|earlier| earlier.said_at <= said_at && earlier.ends(one));
    reaches(scope, target.id, said_at, one) && said_at < ended_at && !known
}

/// Whether a statement of this reach, made about `target`, is about this consent as well.
fn reaches(scope: WithdrawalScope, target: ConsentId, said_at: Timestamp, consent: &Consent) -> bool {
    match scope {
        WithdrawalScope::ThisSession => false,
        WithdrawalScope::Series => consent.id == target,
        WithdrawalScope::All => {
            consent.id == target || consent.validity.is_some_and(|validity| validity.from <= said_at)
        }
    }
}

/// This consent after the withdrawal, or nothing when it ended before.
fn ended(consent: &Consent, said_at: Timestamp, now: Timestamp) -> Result<Option<(Consent, Event)>, Refusal> {
    let mut consent = consent.clone();
    match consent.state() {
        ConsentState::Active | ConsentState::Expired => {
            // Said before it came into force: then it never binds from the instant it would have.
            let at = consent.validity.map_or(said_at, |validity| said_at.max(validity.from));
            consent.ending = Some(Ending::Withdrawn { at, recorded_at: now });
            consent.version += 1;
            let event = consent.event(EventKind::ConsentWithdrawn);
            Ok(Some((consent, event)))
        }
        ConsentState::Draft => consent.void("The patient withdrew.", now).map(Some),
        ConsentState::Withdrawn | ConsentState::Superseded | ConsentState::Voided => Ok(None),
    }
}

impl NewWithdrawal {
    /// The patient said it, now, and nothing more is known.
    pub const fn by_patient() -> Self {
        Self { scope: None, said_by: SaidBy::Patient, said_at: None, session: None, pump_stopped_at: None, words: None }
    }

    fn check(&self, influence: &Influence, now: Timestamp) -> FieldErrors {
        let mut errors = FieldErrors::none();
        if let Some(words) = &self.words {
            errors.take(text::checked("/words", words, 1, 2000));
        }
        let about_a_session = self.scope == Some(WithdrawalScope::ThisSession);
        if about_a_session && self.session.is_none() && !influence.is_under(now) {
            errors.add("/session_id", "required", "say which session");
        }
        errors
    }

    fn fact(
        &self,
        consent: &Consent,
        (scope, session): (WithdrawalScope, Option<SessionId>),
        (said_at, made): (Timestamp, Made<WithdrawalId>),
    ) -> Withdrawal {
        Withdrawal {
            id: made.id,
            patient: consent.patient,
            consent: consent.id,
            session,
            scope,
            said_by: self.said_by,
            said_at,
            pump_stopped_at: self.pump_stopped_at,
            words: self.words.clone(),
            recorded_by: made.by,
            recorded_at: made.at,
        }
    }
}

impl Withdrawal {
    /// Whether it is about this consent and not about one session only.
    pub(super) fn ends(&self, consent: &Consent) -> bool {
        reaches(self.scope, self.consent, self.said_at, consent)
    }

    fn event(&self) -> Event {
        let subject = Subject::new("consent_withdrawal", self.id, 1);
        Event::of_patient(EventKind::WithdrawalRecorded, self.patient, subject, self.record())
    }

    /// The canonical record.
    pub fn record(&self) -> Record {
        Record::new("consent_withdrawal", 1)
            .with("id", self.id)
            .with("patient_id", self.patient)
            .with("consent_id", self.consent)
            .with("session_id", self.session)
            .with("scope", self.scope.as_str())
            .with("said_by", self.said_by.as_str())
            .with("said_at", self.said_at)
            .with("pump_stopped_at", self.pump_stopped_at)
            .with("words", self.words.as_ref())
            .with("recorded_by", self.recorded_by)
            .with("recorded_at", self.recorded_at)
    }
}
