//! One patient's consent: its life from presentation to its end.

use super::Made;
use super::item::Item;
use super::scope::Scope;
use super::template::{ConsentTemplate, check_language, in_effect};
use crate::domain::digest::Sha256;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ConsentId, ConsentTemplateId, PatientId, StaffId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::text;
use crate::domain::time::Timestamp;

words! {
    /// What it is consent to. A patient has at most one active consent of each type.
    pub enum ConsentType {
        /// Off-label ketamine treatment.
        KetamineOffLabel = "ketamine_off_label",
    }

    /// The label of a consent. Guards never read it: they ask [`super::in_force`].
    pub enum ConsentState {
        /// Presented, not signed by everybody.
        Draft = "draft",
        /// Signed by everybody.
        Active = "active",
        /// Withdrawn by the patient.
        Withdrawn = "withdrawn",
        /// Its time ran out.
        Expired = "expired",
        /// A newer consent took its place.
        Superseded = "superseded",
        /// A draft made in error.
        Voided = "voided",
    }

    /// What can be done to a consent.
    pub enum ConsentAct {
        /// Add one signature.
        AddSignature = "add_signature",
        /// Bring it into force.
        Sign = "sign",
        /// End it because the patient says so.
        Withdraw = "withdraw",
        /// End it because its time ran out.
        Expire = "expire",
        /// End it because a newer one comes into force.
        Supersede = "supersede",
        /// Take back a draft.
        Void = "void",
    }
}

/// Every arrow there is; what is not listed is refused.
pub const TRANSITIONS: &[(ConsentState, ConsentAct, ConsentState)] = &[
    (ConsentState::Draft, ConsentAct::AddSignature, ConsentState::Draft),
    (ConsentState::Draft, ConsentAct::Sign, ConsentState::Active),
    (ConsentState::Draft, ConsentAct::Void, ConsentState::Voided),
    (ConsentState::Active, ConsentAct::Withdraw, ConsentState::Withdrawn),
    (ConsentState::Active, ConsentAct::Expire, ConsentState::Expired),
    (ConsentState::Active, ConsentAct::Supersede, ConsentState::Superseded),
    // A patient may say so although the time has run out: it is what was said, and it is kept.
    (ConsentState::Expired, ConsentAct::Withdraw, ConsentState::Withdrawn),
    // Said twice: nothing changes, and nothing is refused.
    (ConsentState::Withdrawn, ConsentAct::Withdraw, ConsentState::Withdrawn),
];

impl ConsentState {
    /// What may be done in this state.
    pub fn allowed(self) -> Vec<ConsentAct> {
        TRANSITIONS.iter().filter(|(from, ..)| *from == self).map(|(_, act, _)| *act).collect()
    }

    /// Refuses an act that has no arrow from this state.
    ///
    /// # Errors
    /// [`Refusal::InvalidTransition`] with what is allowed.
    pub fn admits(self, act: ConsentAct) -> Result<(), Refusal> {
        let allowed = self.allowed();
        if allowed.contains(&act) {
            return Ok(());
        }
        let allowed = allowed.into_iter().map(ConsentAct::as_str).collect();
        Err(Refusal::InvalidTransition { state: self.as_str(), event: act.as_str(), allowed })
    }
}

/// The form version a consent is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRef {
    /// Its id.
    pub id: ConsentTemplateId,
    /// The name all versions share.
    pub code: String,
    /// Its number.
    pub form_version: i64,
    /// SHA-256 of its text.
    pub sha256: Sha256,
    /// Language of its text.
    pub language: String,
    /// Days a consent on it is valid.
    pub validity_days: i64,
    /// What it asks the patient one by one.
    pub items: Vec<Item>,
    /// The code and number of the version it translates, or its own.
    pub family: (String, i64),
}

/// From when until when a consent binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The instant it came into force.
    pub from: Timestamp,
    /// The first instant at which it no longer is.
    pub until: Timestamp,
    /// The prescriber who brought it into force.
    pub by: StaffId,
}

/// How long before its end a consent is on the list of those to renew, in days (api.md, row 41).
pub const EXPIRES_SOON_DAYS: i64 = 30;

/// How a consent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The patient withdrew it.
    Withdrawn {
        /// When it was said: from then on it is not in force.
        at: Timestamp,
        /// When it was entered.
        recorded_at: Timestamp,
    },
    /// A newer consent came into force.
    Superseded {
        /// When.
        at: Timestamp,
        /// The newer one.
        by: ConsentId,
    },
    /// Its time ran out.
    Expired {
        /// When the label was written; guards look at [`Validity::until`].
        at: Timestamp,
    },
    /// The draft was made in error.
    Voided {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// One patient's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// Counts its changes.
    pub version: i64,
    /// Whose it is.
    pub patient: PatientId,
    /// What it is consent to.
    pub consent_type: ConsentType,
    /// The form version it is on.
    pub form: FormRef,
    /// What it covers.
    pub scope: Scope,
    /// The language it is explained in.
    pub spoken_language: String,
    /// Whether an interpreter is between patient and explainer, and has to sign.
    pub interpreter_needed: bool,
    /// SHA-256 of the document exactly as it was shown.
    pub document_sha256: Sha256,
    /// Who presented it, and when.
    pub drafted: (StaffId, Timestamp),
    /// From when until when it binds, once signed by everybody.
    pub validity: Option<Validity>,
    /// How it ended.
    pub ending: Option<Ending>,
}

impl Consent {
    /// Presents a form to a patient: the document is fixed from here on.
    ///
    /// `versions` are the versions of this form, to know whether this is the one in effect.
    ///
    /// # Errors
    /// When the scope cannot be right, or the form version is not the one in effect.
    pub fn draft(
        form: &ConsentTemplate,
        versions: &[ConsentTemplate],
        draft: NewConsent,
        made: Made<ConsentId>,
    ) -> Result<(Self, Event), Refusal> {
        let mut errors = FieldErrors::none();
        draft.scope.check(&mut errors);
        check_language("/spoken_language", &draft.spoken_language, &mut errors);
        errors.finish()?;
        if in_effect(&form.content.code, versions, made.at).map(|newest| newest.id) != Some(form.id) {
            return Err(Refusal::clash(Clash::WrongState, "This form version is not the one in effect now."));
        }
        let content = &form.content;
        let consent = Self {
            id: made.id,
            version: 1,
            patient: draft.patient,
            consent_type: content.consent_type,
            form: FormRef {
                id: form.id,
                code: content.code.clone(),
                form_version: form.form_version,
                sha256: form.sha256,
                language: content.language.clone(),
                validity_days: content.validity_days,
                items: content.items.clone(),
                family: (form.family().0.to_owned(), form.family().1),
            },
            scope: draft.scope.tidied(),
            interpreter_needed: draft.interpreter_needed || foreign(&draft.spoken_language, &content.language),
            spoken_language: draft.spoken_language,
            document_sha256: draft.document_sha256,
            drafted: (made.by, made.at),
            validity: None,
            ending: None,
        };
        let event = consent.event(EventKind::ConsentDrafted);
        Ok((consent, event))
    }

    /// Takes back a draft that was made in error.
    ///
    /// # Errors
    /// When it is no draft, or the reason is empty or too long.
    pub fn void(mut self, reason: &str, at: Timestamp) -> Result<(Self, Event), Refusal> {
        self.state().admits(ConsentAct::Void)?;
        let reason = text::checked("/reason", reason, 1, 500)?;
        self.ending = Some(Ending::Voided { at, reason: reason.clone() });
        self.version += 1;
        let event = self.event(EventKind::ConsentVoided).because(reason);
        Ok((self, event))
    }

    /// Writes the label of a consent whose time has run out.
    ///
    /// # Errors
    /// When it is not active, or its time has not run out.
    pub fn expire(mut self, at: Timestamp) -> Result<(Self, Event), Refusal> {
        self.state().admits(ConsentAct::Expire)?;
        if self.validity.is_none_or(|validity| at < validity.until) {
            return Err(Refusal::clash(Clash::WrongState, "The consent is still valid."));
        }
        self.ending = Some(Ending::Expired { at });
        self.version += 1;
        let event = self.event(EventKind::ConsentExpired);
        Ok((self, event))
    }

    /// Ends this consent because `newer` comes into force.
    pub(super) fn supersede(mut self, newer: ConsentId, at: Timestamp) -> Result<(Self, Event), Refusal> {
        self.state().admits(ConsentAct::Supersede)?;
        self.ending = Some(Ending::Superseded { at, by: newer });
        self.version += 1;
        let event = self.event(EventKind::ConsentSuperseded);
        Ok((self, event))
    }

    /// The label, as stored.
    pub fn state(&self) -> ConsentState {
        match (&self.ending, &self.validity) {
            (Some(Ending::Withdrawn { .. }), _) => ConsentState::Withdrawn,
            (Some(Ending::Superseded { .. }), _) => ConsentState::Superseded,
            (Some(Ending::Expired { .. }), _) => ConsentState::Expired,
            (Some(Ending::Voided { .. }), _) => ConsentState::Voided,
            (None, Some(_)) => ConsentState::Active,
            (None, None) => ConsentState::Draft,
        }
    }

    /// The label, as it should read at this instant: expired from the instant its time ran out.
    pub fn state_at(&self, now: Timestamp) -> ConsentState {
        match (self.state(), self.validity) {
            (ConsentState::Active, Some(validity)) if validity.until <= now => ConsentState::Expired,
            (state, _) => state,
        }
    }

    /// When its time runs out, while it is in force.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.validity.filter(|_| self.ending.is_none()).map(|validity| validity.until)
    }

    pub(super) fn event(&self, kind: EventKind) -> Event {
        Event::of_patient(kind, self.patient, Subject::new("consent", self.id, self.version), self.record())
    }

    /// The canonical record.
    pub fn record(&self) -> Record {
        let (ended_at, recorded_at, superseded_by, reason) = match &self.ending {
            None => (None, None, None, None),
            Some(Ending::Withdrawn { at, recorded_at }) => (Some(*at), Some(*recorded_at), None, None),
            Some(Ending::Superseded { at, by }) => (Some(*at), None, Some(*by), None),
            Some(Ending::Expired { at }) => (Some(*at), None, None, None),
            Some(Ending::Voided { at, reason }) => (Some(*at), None, None, Some(reason)),
        };
        Record::new("consent", 1)
            .with("id", self.id)
            .with("version", self.version)
            .with("patient_id", self.patient)
            .with("consent_type", self.consent_type.as_str())
            .with("state", self.state().as_str())
            .with("template_id", self.form.id)
            .with("template_sha256", self.form.sha256)
            .with("scope", self.scope.record())
            .with("spoken_language", &self.spoken_language)
            .with("interpreter_needed", self.interpreter_needed)
            .with("document_sha256", self.document_sha256)
            .with("drafted_by", self.drafted.0)
            .with("drafted_at", self.drafted.1)
            .with("activated_by", self.validity.map(|validity| validity.by))
            .with("valid_from", self.validity.map(|validity| validity.from))
            .with("valid_until", self.validity.map(|validity| validity.until))
            .with("ended_at", ended_at)
            .with("ending_recorded_at", recorded_at)
            .with("superseded_by", superseded_by)
            .with("void_reason", reason)
    }
}

/// What a draft needs beside the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// Whose consent it is.
    pub patient: PatientId,
    /// What it will cover.
    pub scope: Scope,
    /// The language it is explained in.
    pub spoken_language: String,
    /// Whether an interpreter is needed although form and conversation are in one language.
    pub interpreter_needed: bool,
    /// SHA-256 of the document made by [`super::document`].
    pub document_sha256: Sha256,
}

/// Whether two language tags name different languages; regions do not matter.
pub(super) fn foreign(spoken: &str, written: &str) -> bool {
    let main = |tag: &str| tag.split('-').next().map(str::to_ascii_lowercase);
    main(spoken) != main(written)
}
