//! A treatment protocol: how a drug may be given here, in one immutable edition after the other.
//!
//! An edition is a draft until a prescriber publishes it; from then on nothing in it changes, because plans, orders
//! and sessions name it. The two seeded templates are drafts of nobody, so that one prescriber alone may approve them
//! (decisions.md part 2).

mod envelope;
mod spacing;
mod template;

pub use envelope::{BolusFigures, Breach, Envelope, Flow, Nebulization, OrderFigures, RiseFigures};
pub use template::{migraine_iv, migraine_nebulized};

use super::event::{Event, EventKind, Subject};
use super::id::{PolicyId, ProtocolId, StaffId};
use super::policy::{Policy, Rules};
use super::quantity::MicrogramsPerKilogram;
use super::record::Record;
use super::refusal::{Clash, FieldErrors, Refusal};
use super::route::Route;
use super::text;
use super::time::Timestamp;
use super::waiver::Waivable;

words! {
    /// Where an edition stands.
    pub enum ProtocolState {
        /// Being written.
        Draft = "draft",
        /// Frozen, and usable from its effective time.
        Published = "published",
    }
}

/// When the patient is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitoring {
    /// Minutes after each start of drug at which a check is due before the steady rhythm begins; rising.
    pub first_minutes: Vec<i64>,
    /// The steady rhythm under the drug, in minutes.
    pub every_minutes: i64,
    /// The close rhythm after a bolus, a rise, a resume, a rescue drug or a confirmed act level, in minutes.
    pub close_minutes: i64,
    /// How many checks the close rhythm has.
    pub close_checks: i64,
    /// The rhythm of recovery, in minutes.
    pub recovery_minutes: i64,
}

/// The least time a patient stays, in minutes; every line has to be met (decisions.md 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// After the drug ended.
    pub after_end_minutes: i64,
    /// After the drug first started.
    pub after_start_minutes: i64,
    /// After the drug first started, when more than [`Self::high_dose`] was given.
    pub after_start_high_minutes: i64,
    /// The dose above which the longer line counts.
    pub high_dose: MicrogramsPerKilogram,
}

impl Stay {
    /// The earliest moment to leave, given the first start and the end of drug and the dose that was given.
    pub fn until(&self, started_at: Timestamp, ended_at: Timestamp, dose: MicrogramsPerKilogram) -> Timestamp {
        started_at.plus_minutes(self.after_start(dose)).max(ended_at.plus_minutes(self.after_end_minutes))
    }

    /// The minutes from the end of a planned treatment to the earliest moment to leave, at the highest dose.
    pub fn planned_minutes(&self, duration_minutes: i64) -> i64 {
        let after_start = self.after_start_minutes.max(self.after_start_high_minutes);
        self.after_end_minutes.max(after_start - duration_minutes)
    }

    fn after_start(&self, dose: MicrogramsPerKilogram) -> i64 {
        if dose > self.high_dose { self.after_start_high_minutes } else { self.after_start_minutes }
    }
}

/// What a protocol says; the part that is frozen by publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolText {
    /// The name that stays the same from edition to edition, for example `migraine-iv`.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// How the drug enters.
    pub route: Route,
    /// The limits of a dose.
    pub envelope: Envelope,
    /// When the patient is checked.
    pub monitoring: Monitoring,
    /// How long the patient stays.
    pub stay: Stay,
}

/// One edition of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// The edition's id; plans, orders and sessions name it.
    pub id: ProtocolId,
    /// Moves with each change of this record: 1 as a draft, 2 once published.
    pub version: i64,
    /// 1 for the first edition of its code, then counted up.
    pub edition: i64,
    /// Where it stands.
    pub state: ProtocolState,
    /// Who drafted it; nobody for a seeded template.
    pub drafted_by: Option<StaffId>,
    /// When it was drafted.
    pub drafted_at: Timestamp,
    /// Its publication, once published.
    pub publication: Option<Publication>,
    /// What it says.
    pub text: ProtocolText,
}

/// How an edition was frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// The prescriber who approved it.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// From when it may be used.
    pub effective_at: Timestamp,
    /// The policy that was in force, and that its thresholds were approved with.
    pub policy: PolicyId,
}

/// Who approves an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approver {
    /// The member.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// Whether it is the author under another sign-in.
    pub is_author: bool,
    /// Whether an author may approve alone here.
    pub waived: bool,
}

/// How long an edition waits that its own author approved and that is looser than the one before, in hours
/// (decisions.md part 2: effective after 24 h).
const OWN_APPROVAL_HOURS: i64 = 24;

impl Protocol {
    /// A new draft. `edition` is one more than the last of its code.
    ///
    /// # Errors
    /// Everything that is wrong with what it says.
    pub fn draft(
        id: ProtocolId,
        edition: i64,
        by: Option<StaffId>,
        at: Timestamp,
        text: ProtocolText,
    ) -> Result<(Self, Event), Refusal> {
        text.check()?;
        let draft = Self {
            id,
            version: 1,
            edition,
            state: ProtocolState::Draft,
            drafted_by: by,
            drafted_at: at,
            publication: None,
            text,
        };
        let event = draft.event(EventKind::ProtocolDrafted);
        Ok((draft, event))
    }

    /// Freezes a draft. `previous` is the edition in use until now.
    ///
    /// A prescriber other than the author makes it usable at once, and so does the author of a stricter edition; an
    /// author who approves a looser one alone waits a day.
    ///
    /// # Errors
    /// When it is published already; when its author would loosen the clinic's limits alone and nobody waived the
    /// second person.
    pub fn publish(
        self,
        approver: Approver,
        policy: &Policy,
        previous: Option<&Self>,
    ) -> Result<(Self, Event), Refusal> {
        if self.state == ProtocolState::Published {
            return Err(Refusal::clash(Clash::WrongState, "This edition is published already; draft a new one."));
        }
        let stricter = previous.is_some_and(|edition| self.text.is_no_looser_than(&edition.text));
        let Approver { by, at, is_author, waived } = approver;
        let alone = is_author || self.drafted_by == Some(by);
        if alone && !stricter && !waived {
            return Err(Refusal::Blocked { event: "publish", by: vec![Waivable::Protocol.unmet()] });
        }
        let wait = if alone && !stricter { OWN_APPROVAL_HOURS * 60 } else { 0 };
        let publication = Publication { by, at, effective_at: at.plus_minutes(wait), policy: policy.id };
        let published =
            Self { state: ProtocolState::Published, version: self.version + 1, publication: Some(publication), ..self };
        let event = published.event(EventKind::ProtocolPublished);
        Ok((published, event))
    }

    /// Whether plans and orders may name it at this instant.
    pub fn is_usable_at(&self, now: Timestamp) -> bool {
        self.publication.is_some_and(|publication| publication.effective_at <= now)
    }

    /// How long one session holds its chair, from arrival to the next patient (decisions.md 31).
    pub fn chair_minutes(&self, duration_minutes: i64, rules: &Rules) -> i64 {
        rules.booking.preparation_minutes
            + duration_minutes
            + self.text.stay.planned_minutes(duration_minutes)
            + rules.booking.turnaround_minutes
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        let publication = self.publication.as_ref();
        self.text
            .record(Record::new("protocol", 1))
            .with("id", self.id)
            .with("version", self.version)
            .with("edition", self.edition)
            .with("state", self.state.as_str())
            .with("drafted_by", self.drafted_by)
            .with("drafted_at", self.drafted_at)
            .with("published_by", publication.map(|publication| publication.by))
            .with("published_at", publication.map(|publication| publication.at))
            .with("effective_at", publication.map(|publication| publication.effective_at))
            .with("policy_id", publication.map(|publication| publication.policy))
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_clinic(kind, Subject::new("protocol", self.id, self.version), self.record())
    }
}

impl ProtocolText {
    fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        errors.take(text::checked("/name", &self.name, 1, 120));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.code.is_empty() || self.code.len() > 60 || !self.code.chars().all(plain) {
            errors.add("/code", "format", "must be 1 to 60 of a to z, 0 to 9 and -");
        }
        if (self.route == Route::Nebulized) != self.envelope.nebulization.is_some() {
            errors.add("/envelope/nebulization", "route", "must be given for a nebulized protocol and for no other");
        }
        self.envelope.note_errors(&mut errors);
        self.monitoring.note_errors(&mut errors);
        self.stay.note_errors(&mut errors);
        errors.finish()
    }

    fn is_no_looser_than(&self, earlier: &Self) -> bool {
        self.route == earlier.route
            && self.envelope.is_no_looser_than(&earlier.envelope)
            && self.monitoring.is_no_looser_than(&earlier.monitoring)
            && self.stay.is_no_looser_than(&earlier.stay)
    }

    fn record(&self, record: Record) -> Record {
        record
            .with("code", &self.code)
            .with("name", &self.name)
            .with("route", self.route.as_str())
            .with("envelope", self.envelope.record())
            .with("monitoring", self.monitoring.record())
            .with("stay", self.stay.record())
    }
}

impl Monitoring {
    fn note_errors(&self, errors: &mut FieldErrors) {
        let rising = self.first_minutes.is_sorted_by(|earlier, later| earlier < later);
        let in_visit = self.first_minutes.iter().all(|minute| (0..=90).contains(minute));
        if !rising || !in_visit || self.first_minutes.len() > 20 {
            errors.add("/monitoring/first_minutes", "order", "must rise, from 0 to at most 90, at most 20 of them");
        }
        let mut range = |value: i64, most: i64, name: &str| {
            if !(1..=most).contains(&value) {
                errors.add(format!("/monitoring/{name}"), "range", format!("must be between 1 and {most}"));
            }
        };
        range(self.every_minutes, 15, "every_minutes");
        range(self.close_minutes, 10, "close_minutes");
        range(self.close_checks, 12, "close_checks");
        range(self.recovery_minutes, 30, "recovery_minutes");
    }

    fn is_no_looser_than(&self, earlier: &Self) -> bool {
        self.every_minutes <= earlier.every_minutes
            && self.close_minutes <= earlier.close_minutes
            && self.close_checks >= earlier.close_checks
            && self.recovery_minutes <= earlier.recovery_minutes
            && earlier.first_minutes.iter().all(|minute| self.first_minutes.contains(minute))
    }

    fn record(&self) -> Record {
        Record::group()
            .with("first_minutes", self.first_minutes.clone())
            .with("every_minutes", self.every_minutes)
            .with("close_minutes", self.close_minutes)
            .with("close_checks", self.close_checks)
            .with("recovery_minutes", self.recovery_minutes)
    }
}

impl Stay {
    fn note_errors(&self, errors: &mut FieldErrors) {
        let lines = [
            ("after_end_minutes", self.after_end_minutes, 20),
            ("after_start_minutes", self.after_start_minutes, 20),
            ("after_start_high_minutes", self.after_start_high_minutes, self.after_start_minutes),
        ];
        for (name, value, least) in lines {
            if !(least..=360).contains(&value) {
                errors.add(format!("/stay/{name}"), "range", format!("must be between {least} and 360"));
            }
        }
    }

    fn is_no_looser_than(&self, earlier: &Self) -> bool {
        self.after_end_minutes >= earlier.after_end_minutes
            && self.after_start_minutes >= earlier.after_start_minutes
            && self.after_start_high_minutes >= earlier.after_start_high_minutes
            && self.high_dose <= earlier.high_dose
    }

    fn record(&self) -> Record {
        Record::group()
            .with("after_end_minutes", self.after_end_minutes)
            .with("after_start_minutes", self.after_start_minutes)
            .with("after_start_high_minutes", self.after_start_high_minutes)
            .amount("high_dose_ug_per_kg", Some(self.high_dose))
    }
}

#[cfg(test)]
mod tests;
