//! Consent forms: versions with the clauses an off-label ketamine form needs, frozen when published.

use super::Made;
use super::state::ConsentType;
use crate::domain::digest::Sha256;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ConsentTemplateId, StaffId};
use crate::domain::record::Record;
use crate::domain::refusal::{FieldErrors, Refusal, Unmet};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// Days a consent is valid unless the form says less: 12 months, the longer end of what clinics do (clinical.md 6).
pub const MOST_VALIDITY_DAYS: i64 = 366;
/// The longest form, in characters: about 12 printed pages, and as JSON below the limit of a body.
pub const LONGEST_FORM: usize = 40_000;

words! {
    /// Where a form version is in its life.
    pub enum TemplateState {
        /// Being written; nobody can sign it.
        Draft = "draft",
        /// Frozen: its bytes never change again.
        Published = "published",
    }

    /// What a form for off-label ketamine has to say (clinical.md 6); each is a clause of the published text.
    pub enum ClauseId {
        /// The drug, its schedule, its approved use, and that this use is not approved.
        OffLabelStatus = "off_label_status",
        /// Why it is offered, the limits of the evidence, the chance and length of benefit.
        PurposeAndEvidence = "purpose_and_evidence",
        /// Route, dose range, length, number, monitoring, recovery.
        Procedure = "procedure",
        /// Common, serious and unknown long-term risks, pregnancy.
        Risks = "risks",
        /// Alternatives, including doing nothing.
        Alternatives = "alternatives",
        /// No driving or great decisions until the next day, escort, fasting, no alcohol.
        Aftercare = "aftercare",
        /// The right to refuse or withdraw, and what happens when it is used during a session.
        RightToWithdraw = "right_to_withdraw",
        /// Rescue drugs and emergency transfer, agreed to beforehand.
        RescueAndTransfer = "rescue_and_transfer",
        /// Privacy, cost, photographs, students.
        PrivacyAndCost = "privacy_and_cost",
        /// That questions were answered and a copy was given.
        QuestionsAndCopy = "questions_and_copy",
    }
}

/// One clause, found in the text by its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Which clause.
    pub id: ClauseId,
    /// The line of the text that begins it, exactly.
    pub heading: String,
}

/// A form version as its author sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// What it is consent to.
    pub consent_type: ConsentType,
    /// The name all versions of one form share: `ketamine-off-label-en`.
    pub code: String,
    /// Title, as printed.
    pub title: String,
    /// Language of the text, for example `en` or `es-MX`.
    pub language: String,
    /// The exact text, as it is shown and hashed.
    pub text: String,
    /// Which clauses it has, and where.
    pub clauses: Vec<Clause>,
    /// Days a consent on this form is valid.
    pub validity_days: i64,
    /// From when it may be used; absent: from its publication.
    pub effective_from: Option<Timestamp>,
    /// Until when it may be used; absent: until a newer version takes its place.
    pub effective_until: Option<Timestamp>,
    /// Whether the risk changed: then consents on older versions end when this one takes effect.
    pub renews: bool,
}

/// One version of a consent form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentTemplate {
    /// Its id.
    pub id: ConsentTemplateId,
    /// Counts its changes.
    pub version: i64,
    /// The number of this version among those of the same code, from 1.
    pub form_version: i64,
    /// What its author wrote.
    pub content: NewTemplate,
    /// SHA-256 of the exact bytes of the text.
    pub sha256: Sha256,
    /// Draft or published.
    pub state: TemplateState,
    /// Who drafted it, and when.
    pub drafted: (StaffId, Timestamp),
    /// Who published it, and when.
    pub published: Option<(StaffId, Timestamp)>,
}

impl ConsentTemplate {
    /// Drafts a form version; `form_version` is one more than the newest of this code.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with everything that is wrong with the body.
    pub fn draft(
        content: NewTemplate,
        form_version: i64,
        made: Made<ConsentTemplateId>,
    ) -> Result<(Self, Event), Refusal> {
        content.check().finish()?;
        let template = Self {
            id: made.id,
            version: 1,
            form_version,
            sha256: Sha256::of(content.text.as_bytes()),
            content,
            state: TemplateState::Draft,
            drafted: (made.by, made.at),
            published: None,
        };
        let event = template.event(EventKind::ConsentTemplateDrafted);
        Ok((template, event))
    }

    /// Freezes this version.
    ///
    /// # Errors
    /// When it is published already, or [`Refusal::Blocked`] with every clause that is missing.
    pub fn publish(mut self, by: StaffId, at: Timestamp) -> Result<(Self, Event), Refusal> {
        if self.state == TemplateState::Published {
            return Err(Refusal::InvalidTransition { state: self.state.as_str(), event: "publish", allowed: vec![] });
        }
        let missing: Vec<Unmet> = ClauseId::ALL.iter().filter_map(|clause| self.content.clause_gap(*clause)).collect();
        if !missing.is_empty() {
            return Err(Refusal::Blocked { event: "publish", by: missing });
        }
        self.state = TemplateState::Published;
        self.version += 1;
        self.published = Some((by, at));
        let event = self.event(EventKind::ConsentTemplatePublished);
        Ok((self, event))
    }

    /// From when a consent may be presented on this version; `None` while it is a draft.
    pub fn effective_from(&self) -> Option<Timestamp> {
        let (_, published_at) = self.published?;
        Some(self.content.effective_from.map_or(published_at, |from| from.max(published_at)))
    }

    /// Whether this version may be used at this instant, not looking at newer ones.
    pub fn is_effective_at(&self, at: Timestamp) -> bool {
        self.effective_from().is_some_and(|from| from <= at)
            && self.content.effective_until.is_none_or(|until| at < until)
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::of_clinic(kind, Subject::new("consent_template", self.id, self.version), self.record())
    }

    /// The canonical record. The text is in it by its hash.
    pub fn record(&self) -> Record {
        let content = &self.content;
        let clause = |clause: &Clause| Record::group().with("id", clause.id.as_str()).with("heading", &clause.heading);
        Record::new("consent_template", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("form_version", self.form_version)
            .with("consent_type", content.consent_type.as_str())
            .with("code", &content.code)
            .with("title", &content.title)
            .with("language", &content.language)
            .with("text_sha256", self.sha256)
            .with("clauses", content.clauses.iter().map(clause).collect::<Vec<_>>())
            .with("validity_days", content.validity_days)
            .with("effective_from", content.effective_from)
            .with("effective_until", content.effective_until)
            .with("renews", content.renews)
            .with("state", self.state.as_str())
            .with("drafted_by", self.drafted.0)
            .with("drafted_at", self.drafted.1)
            .with("published_by", self.published.map(|(by, _)| by))
            .with("published_at", self.published.map(|(_, at)| at))
    }
}

/// The version of a form that a consent is presented on at this instant: the newest effective one.
pub fn in_effect<'t>(
    versions: impl IntoIterator<Item = &'t ConsentTemplate>,
    at: Timestamp,
) -> Option<&'t ConsentTemplate> {
    versions.into_iter().filter(|form| form.is_effective_at(at)).max_by_key(|form| form.form_version)
}

impl NewTemplate {
    fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::none();
        errors.take(text::checked("/title", &self.title, 1, 200));
        errors.take(text::checked("/text", &self.text, 1, LONGEST_FORM));
        if !is_code(&self.code) {
            errors.add("/code", "pattern", "must be 1 to 60 lower-case letters, digits and dashes");
        }
        check_language("/language", &self.language, &mut errors);
        if !(1..=MOST_VALIDITY_DAYS).contains(&self.validity_days) {
            errors.add("/validity_days", "range", format!("must be between 1 and {MOST_VALIDITY_DAYS}"));
        }
        if let (Some(from), Some(until)) = (self.effective_from, self.effective_until)
            && until <= from
        {
            errors.add("/effective_until", "range", "must be later than effective_from");
        }
        for (index, clause) in self.clauses.iter().enumerate() {
            let earlier = self.clauses.iter().take(index);
            if earlier.clone().any(|other| other.id == clause.id) {
                errors.add(format!("/clauses/{index}/id"), "duplicate", "each clause is named once");
            }
            if !self.text.lines().any(|line| line == clause.heading) {
                errors.add(format!("/clauses/{index}/heading"), "not_in_text", "must be a whole line of the text");
            }
        }
        errors
    }

    fn clause_gap(&self, clause: ClauseId) -> Option<Unmet> {
        let there = self.clauses.iter().any(|other| other.id == clause);
        (!there).then(|| {
            let text = format!("The form has no clause {}.", clause.as_str());
            Unmet::new("clause_missing", "consent_template.clauses", text).figures(clause.as_str(), "absent")
        })
    }
}

fn is_code(code: &str) -> bool {
    (1..=60).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A language tag of the simple kind: `en`, `es-MX`, `zh-Hans`.
pub(super) fn check_language(pointer: &str, tag: &str, errors: &mut FieldErrors) {
    let part = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if tag.len() > 35 || !tag.split('-').all(part) {
        errors.add(pointer, "language", "must be a language tag such as en or es-MX");
    }
}

/// The heading of each clause in the form that a new clinic starts with.
const DEFAULT_CLAUSES: &[(ClauseId, &str)] = &[
    (ClauseId::OffLabelStatus, "1. The drug and its approval"),
    (ClauseId::PurposeAndEvidence, "2. Why it is offered"),
    (ClauseId::Procedure, "3. What will happen"),
    (ClauseId::Risks, "4. Risks"),
    (ClauseId::Alternatives, "5. Alternatives"),
    (ClauseId::Aftercare, "6. Before and after a session"),
    (ClauseId::RightToWithdraw, "7. My right to refuse or stop"),
    (ClauseId::RescueAndTransfer, "8. Emergencies"),
    (ClauseId::PrivacyAndCost, "9. Privacy and cost"),
    (ClauseId::QuestionsAndCopy, "10. Questions and copy"),
];

/// The form a new clinic starts with: all clauses, marked as draft wording until counsel has read it
/// (decisions.md, day one).
pub fn default_form() -> NewTemplate {
    let clause = |(id, heading): &(ClauseId, &str)| Clause { id: *id, heading: (*heading).to_owned() };
    NewTemplate {
        consent_type: ConsentType::KetamineOffLabel,
        code: "ketamine-off-label-en".to_owned(),
        title: "Consent to treatment with ketamine".to_owned(),
        language: "en".to_owned(),
        text: include_str!("default_form.txt").to_owned(),
        clauses: DEFAULT_CLAUSES.iter().map(clause).collect(),
        validity_days: 365,
        effective_from: None,
        effective_until: None,
        renews: false,
    }
}
