//! What a member of staff signs: who, by which name, in which meaning, and which bytes (security.md 2.6).
//!
//! A signature holds two hashes: of the record as it was shown when presence was proved, and of the record that the
//! act made. The first binds the hand to what the eye saw, the second binds it to what is kept.

use super::digest::Sha256;
use super::event::{Event, EventKind, Subject};
use super::id::{ActSignatureId, LoginSessionId, PatientId, RequestId};
use super::record::Record;
use super::refusal::{Clash, Refusal};
use super::route::Person;
use super::time::Timestamp;
use uuid::Uuid;

words! {
    /// What a signature stands for.
    pub enum SignatureMeaning {
        /// Did it.
        Author = "author",
        /// Read it and agrees.
        Reviewer = "reviewer",
        /// Saw it being done.
        Witness = "witness",
        /// Sets a limit aside.
        Override = "override",
        /// Checked it independently.
        Verifier = "verifier",
    }

    /// What presence was proved with.
    pub enum ProofMethod {
        /// The password.
        Password = "password",
        /// The signing PIN, in a sign-in that began with the password.
        Pin = "pin",
    }
}

/// The stored record that an act is signed about, as it stands before the act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// There is none, or only its name counts: a sign-in that is ended, a setting that is new.
    Nothing,
    /// The hash of its canonical form.
    Record(Sha256),
}

impl Shown {
    /// Compares with the hash that presence was proved for.
    ///
    /// # Errors
    /// [`Clash::ChangedSinceDisplay`] when it is another one, or none.
    pub fn is_what_was_signed(self, signed: Option<&[u8]>) -> Result<(), Refusal> {
        match (self, signed) {
            (Self::Nothing, _) => Ok(()),
            (Self::Record(now), Some(signed)) if signed == now.0 => Ok(()),
            (Self::Record(_), Some(_)) => Err(Refusal::clash(
                Clash::ChangedSinceDisplay,
                "the record was changed after it was shown: look at it again, then sign",
            )),
            (Self::Record(_), None) => Err(Refusal::clash(
                Clash::ChangedSinceDisplay,
                "presence was proved for no text: send the record_sha256 you were shown as subject_sha256",
            )),
        }
    }
}

/// One signature, kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActSignature {
    /// Its id.
    pub id: ActSignatureId,
    /// The request that carried the act.
    pub request: RequestId,
    /// The act, by its permission.
    pub act: String,
    /// What it stands for.
    pub meaning: SignatureMeaning,
    /// What presence was proved with.
    pub method: ProofMethod,
    /// Who signed.
    pub person: Person,
    /// The name as it was printed then.
    pub display_name: String,
    /// The roles held then.
    pub roles: String,
    /// The sign-in on whose device.
    pub login_session: LoginSessionId,
    /// The record that was on the screen.
    pub shown_id: Uuid,
    /// Its hash, where the act is about a text.
    pub shown_sha256: Option<Sha256>,
    /// The record that the act made.
    pub made: MadeRecord,
    /// Whose record it is, if a patient's.
    pub patient: Option<PatientId>,
    /// When.
    pub at: Timestamp,
}

/// The record that a signed act made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeRecord {
    /// Its kind, as in the trail.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// Its version after the act.
    pub version: i64,
    /// The hash of its canonical form, as in the trail; none where the act changed no record that is kept.
    pub sha256: Option<Sha256>,
}

impl ActSignature {
    /// The trail's word about it.
    pub fn given(&self) -> Event {
        let subject = Subject::new("signature", self.id, 1);
        let event = Event::of_clinic(EventKind::SignatureGiven, subject, self.record());
        Event { patient: self.patient, ..event }
    }

    /// The canonical form, version 1.
    pub fn record(&self) -> Record {
        Record::new("signature", 1)
            .with("id", self.id)
            .with("request_id", self.request)
            .with("act", &self.act)
            .with("meaning", self.meaning.as_str())
            .with("method", self.method.as_str())
            .with("staff_id", self.person.staff)
            .with("account_id", self.person.account)
            .with("display_name", &self.display_name)
            .with("roles", &self.roles)
            .with("login_session_id", self.login_session)
            .with("shown_id", self.shown_id)
            .with("shown_sha256", self.shown_sha256)
            .with("record_kind", &self.made.kind)
            .with("record_id", self.made.id)
            .with("record_version", self.made.version)
            .with("record_sha256", self.made.sha256)
            .with("patient_id", self.patient)
            .with("signed_at", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_that_was_shown_is_signed() {
        let (shown, other) = (Sha256::of(b"50 mg"), Sha256::of(b"500 mg"));
        assert_eq!(Shown::Record(shown).is_what_was_signed(Some(&shown.0)), Ok(()));
        for signed in [Some(other.0.as_slice()), Some(&shown.0[..31]), Some(&[]), None] {
            let refusal = Shown::Record(shown).is_what_was_signed(signed);
            assert!(matches!(refusal, Err(Refusal::Clash { clash: Clash::ChangedSinceDisplay, .. })), "{signed:?}");
        }
        assert_eq!(Shown::Nothing.is_what_was_signed(None), Ok(()));
    }
}
