//! Consent forms: versions with the clauses an off-label ketamine form needs, frozen when published.

use super::Made;
use super::item::{Item, ItemId};
use super::state::{ConsentType, foreign};
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

/// The form version of which another is the translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// Its id.
    pub id: ConsentTemplateId,
    /// Its code.
    pub code: String,
    /// Its number.
    pub form_version: i64,
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
    /// What the patient answers one by one, and where it is stated.
    pub items: Vec<Item>,
    /// The version this one says in another language.
    pub translates: Option<Translated>,
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
        let clauses = ClauseId::ALL.iter().filter_map(|clause| self.content.clause_gap(*clause));
        let missing: Vec<Unmet> =
            clauses.chain(ItemId::ALL.iter().filter_map(|item| self.content.item_gap(*item))).collect();
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
        let item = |item: &Item| Record::group().with("id", item.id.as_str()).with("statement", &item.statement);
        let original = |original: &Translated| {
            let (code, form_version) = (&original.code, original.form_version);
            Record::group().with("id", original.id).with("code", code).with("form_version", form_version)
        };
        // Version 1 knew neither items nor translations; a form without them still hashes as it did.
        if content.items.is_empty() && content.translates.is_none() {
            return self.fields(1, clause);
        }
        self.fields(2, clause)
            .with("items", content.items.iter().map(item).collect::<Vec<_>>())
            .with("translates", content.translates.as_ref().map(original))
    }

    /// The code and number of the version it translates, or its own: what all its languages share.
    pub fn family(&self) -> (&str, i64) {
        let own = (self.content.code.as_str(), self.form_version);
        self.content.translates.as_ref().map_or(own, |original| (original.code.as_str(), original.form_version))
    }

    fn fields(&self, v: i64, clause: impl Fn(&Clause) -> Record) -> Record {
        let content = &self.content;
        Record::new("consent_template", v)
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

/// The version of a form that a consent is presented on at this instant: the newest effective one, unless the form it
/// translates has a newer version with changed risks. `versions` may hold those of other forms too.
pub fn in_effect<'t>(code: &str, versions: &'t [ConsentTemplate], at: Timestamp) -> Option<&'t ConsentTemplate> {
    let effective = || versions.iter().filter(|form| form.is_effective_at(at));
    let newest = effective().filter(|form| form.content.code == code).max_by_key(|form| form.form_version)?;
    let overtaken = |(family, number): (&str, i64)| {
        let later = |form: &&ConsentTemplate| form.content.code == family && form.form_version > number;
        effective().filter(later).any(|form| form.content.renews)
    };
    Some(newest).filter(|form| !overtaken(form.family()))
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
        for (index, item) in self.items.iter().enumerate() {
            if self.items.iter().take(index).any(|other| other.id == item.id) {
                errors.add(format!("/items/{index}/id"), "duplicate", "each item is stated once");
            }
            if !self.text.lines().any(|line| line == item.statement) {
                errors.add(format!("/items/{index}/statement"), "not_in_text", "must be a whole line of the text");
            }
        }
        errors
    }

    /// Takes over what a translation cannot change: what it is consent to, for how long, from when, and what it ends.
    ///
    /// # Errors
    /// When the original is itself a translation, is not published, or is in the same language.
    pub fn translating(mut self, original: &ConsentTemplate) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::none();
        if original.content.translates.is_some() || original.state != TemplateState::Published {
            errors.add("/translates", "not_an_original", "must be a published version that is no translation");
        }
        if original.content.code == self.code {
            errors.add("/code", "same_form", "a translation has a code of its own");
        }
        if !foreign(&self.language, &original.content.language) {
            errors.add("/language", "same_language", "must be another language than the original's");
        }
        errors.finish()?;
        let (code, form_version) = (original.content.code.clone(), original.form_version);
        self.translates = Some(Translated { id: original.id, code, form_version });
        self.consent_type = original.content.consent_type;
        self.validity_days = original.content.validity_days;
        self.effective_from = original.content.effective_from;
        self.effective_until = original.content.effective_until;
        self.renews = original.content.renews;
        Ok(self)
    }

    fn item_gap(&self, item: ItemId) -> Option<Unmet> {
        (!self.items.iter().any(|other| other.id == item)).then(|| {
            let text = format!("The form does not ask the patient about {}.", item.as_str());
            Unmet::new("item_missing", "consent_template.items", text).figures(item.as_str(), "absent")
        })
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

/// The line that states each item in it.
const DEFAULT_ITEMS: &[(ItemId, &str)] = &[
    (ItemId::Aftercare, "I will follow the rules of part 6 until the next day. (Initials)"),
    (ItemId::RescueAndTransfer, "I agree beforehand to rescue medicines and to transfer by ambulance. (Yes or no)"),
    (ItemId::Privacy, "I was told how my record is kept and who may see it. (Yes or no)"),
    (ItemId::Cost, "I was told what this costs and that insurance may not pay. (Yes or no)"),
    (ItemId::Photographs, "Photographs or recordings may be made. I may say no. (Yes or no)"),
    (ItemId::Students, "Students or other observers may be present. I may say no. (Yes or no)"),
    (ItemId::QuestionsAnswered, "My questions were answered in a way I understand. (Yes or no)"),
    (ItemId::CopyGiven, "I was given a copy of this document. (Yes or no)"),
];

/// The form a new clinic starts with: all clauses, marked as draft wording until counsel has read it
/// (decisions.md, day one).
pub fn default_form() -> NewTemplate {
    let clause = |(id, heading): &(ClauseId, &str)| Clause { id: *id, heading: (*heading).to_owned() };
    let item = |(id, statement): &(ItemId, &str)| Item { id: *id, statement: (*statement).to_owned() };
    NewTemplate {
        consent_type: ConsentType::KetamineOffLabel,
        code: "ketamine-off-label-en".to_owned(),
        title: "Consent to treatment with ketamine".to_owned(),
        language: "en".to_owned(),
        text: include_str!("default_form.txt").to_owned(),
        clauses: DEFAULT_CLAUSES.iter().map(clause).collect(),
        items: DEFAULT_ITEMS.iter().map(item).collect(),
        translates: None,
        validity_days: 365,
        effective_from: None,
        effective_until: None,
        renews: false,
    }
}
