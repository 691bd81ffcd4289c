//! Why a rule says no: facts and words a clinician can act on, never one reason when there are more.

use super::quantity::MicrolitresPerHour;
use super::time::Timestamp;

/// What is wrong with one field of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field.
    pub pointer: String,
    /// A stable code: `required`, `range`, `too_long`, `unknown_word`.
    pub code: &'static str,
    /// What would be right. Never the refused value: it may be patient data.
    pub detail: String,
}

impl FieldError {
    /// One field error.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// Collects the errors of a body, so that a form shows all of them at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Nothing wrong so far.
    pub fn none() -> Self {
        Self::default()
    }

    /// Notes one error.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, code, detail));
    }

    /// Keeps a good value and notes a bad one.
    pub fn take<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Refuses when anything was noted.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with everything that was noted.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }
}

words! {
    /// Who may set a condition aside that stands in the way.
    pub enum Override {
        /// Nobody: the condition has to be met.
        None = "none",
        /// A prescriber, with a reason.
        Prescriber = "prescriber",
        /// Two people.
        TwoPerson = "two_person",
    }
}

/// One condition that is not met, with what would meet it: `blocked_by` of the wire (decisions.md 25).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Stable code in `snake_case`, for example `consent_missing`.
    pub code: &'static str,
    /// The rule, for example `session.start.consent`.
    pub rule_id: &'static str,
    /// Version of the rule or of the policy it read.
    pub rule_version: i64,
    /// Words a clinician can act on; no patient data.
    pub text: String,
    /// What the rule asks for, with its unit.
    pub limit: Option<String>,
    /// What was found, with its unit.
    pub actual: Option<String>,
    /// Who may set it aside.
    pub overridable: Override,
    /// The request that would meet it.
    pub fix: Option<Fix>,
}

impl Unmet {
    /// A condition that nobody may set aside, version 1, without figures.
    pub fn new(code: &'static str, rule_id: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            rule_id,
            rule_version: 1,
            text: text.into(),
            limit: None,
            actual: None,
            overridable: Override::None,
            fix: None,
        }
    }

    /// Adds what the rule asks for and what was found.
    #[must_use]
    pub fn figures(mut self, limit: impl Into<String>, actual: impl Into<String>) -> Self {
        self.limit = Some(limit.into());
        self.actual = Some(actual.into());
        self
    }

    /// Adds who may set it aside.
    #[must_use]
    pub fn overridable_by(mut self, who: Override) -> Self {
        self.overridable = who;
        self
    }

    /// Adds the request that would meet it.
    #[must_use]
    pub fn fixed_by(mut self, method: &'static str, href: impl Into<String>, role: &'static str) -> Self {
        self.fix = Some(Fix { method, href: href.into(), role });
        self
    }
}

/// The request that would meet a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with the ids filled in.
    pub href: String,
    /// A role that may send it.
    pub role: &'static str,
}

words! {
    /// Why an act clashes with what is already there; each is a problem type of its own with status 409.
    pub enum Clash {
        /// Something with the same number or name is there already.
        Duplicate = "duplicate",
        /// The record is in a state that does not allow this.
        WrongState = "wrong_state",
        /// The patient named in the body is not the patient of the session.
        PatientMismatch = "patient_mismatch",
        /// What was shown to the signer is not what is stored now.
        ChangedSinceDisplay = "changed_since_display",
        /// The second person must not be the first.
        SamePerson = "same_person",
        /// It would leave the clinic without an administrator.
        LastAdministrator = "last_administrator",
        /// It was answered or settled already.
        AlreadyDone = "already_done",
    }
}

/// A rule's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Values that were read but cannot be right: 422 `validation_failed`.
    Invalid(Vec<FieldError>),
    /// The state table has no such arrow: 409 `invalid_transition`.
    InvalidTransition {
        /// The present state.
        state: &'static str,
        /// What was asked for.
        event: &'static str,
        /// What the state allows.
        allowed: Vec<&'static str>,
    },
    /// Conditions that are not met: 422 `blocked`, all of them.
    Blocked {
        /// What was asked for: `start`, `resume`, `complete`, `close`.
        event: &'static str,
        /// Every condition in the way.
        by: Vec<Unmet>,
    },
    /// A clinical limit: 422 `clinical_rule`.
    ClinicalRule {
        /// The rule, for example `dosing.max_step`.
        rule: &'static str,
        /// The limit, with its unit.
        limit: String,
        /// What was asked for, with its unit.
        actual: String,
        /// Whether a prescriber may override it with a reason.
        override_allowed: bool,
        /// Words a clinician can act on.
        detail: String,
    },
    /// 409 with the code of the clash.
    Clash {
        /// Which.
        clash: Clash,
        /// Words a clinician can act on.
        detail: String,
    },
    /// The entry is somebody else's, who is neither in charge nor asked: 403 `not_author`.
    NotAuthor,
    /// What a booking needs is taken at that time: 409 `slot_overlap`.
    SlotTaken {
        /// The kinds that are taken: `chair`, `patient`, `nurse`, `prescriber`.
        conflicts_with: Vec<&'static str>,
        /// The next start that day at which all of them are free.
        next_start_at: Option<Timestamp>,
    },
    /// Somebody changed the infusion since: 412 `stale_version` with the rate that runs now.
    StaleInfusion {
        /// The present `infusion_version`.
        current_version: i64,
        /// The rate in force, if any.
        current_rate: Option<MicrolitresPerHour>,
    },
}

impl Refusal {
    /// One field error.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// A clash with what is there.
    pub fn clash(clash: Clash, detail: impl Into<String>) -> Self {
        Self::Clash { clash, detail: detail.into() }
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}
