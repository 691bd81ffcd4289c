//! Signatures: each role once, each bound to the hash of the document that was on the screen.

use super::Made;
use super::influence::Influence;
use super::state::{Consent, ConsentAct};
use crate::domain::digest::Sha256;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ConsentId, PatientId, SignatureId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::route::Person;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// The largest drawing of a signature, in bytes.
pub const LARGEST_IMAGE: usize = 40_000;
/// How every PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

words! {
    /// In which part somebody signs.
    pub enum SignerRole {
        /// The patient.
        Patient = "patient",
        /// Who may lawfully decide for the patient.
        Surrogate = "surrogate",
        /// The prescriber who explained it.
        Prescriber = "prescriber",
        /// Who saw it signed; attests signature and identity, not content.
        Witness = "witness",
        /// The qualified interpreter.
        Interpreter = "interpreter",
    }

    /// How somebody signs.
    pub enum SignMethod {
        /// Drawn on the tablet.
        Drawn = "drawn",
        /// The name typed.
        Typed = "typed",
        /// A member of staff who proved presence by password or PIN.
        Reauth = "reauth",
    }

    /// What the explaining prescriber found about the patient's capacity (clinical.md 6: understand, appreciate,
    /// reason, express a choice).
    pub enum Capacity {
        /// All four were shown.
        Confirmed = "confirmed",
        /// At least one was not: a surrogate has to decide.
        Lacking = "lacking",
    }
}

impl SignerRole {
    /// What this signature means, as printed beside the name (21 CFR 11.50).
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Patient => "consents",
            Self::Surrogate => "consents for the patient",
            Self::Prescriber => "explained",
            Self::Witness => "witnessed signature",
            Self::Interpreter => "interpreted",
        }
    }
}

/// A member of staff who signs, proved present for this very document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSigner {
    /// Who.
    pub person: Person,
    /// The name, as printed.
    pub name: String,
    /// Whether this member may prescribe.
    pub prescribes: bool,
}

/// A signature as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignature {
    /// In which part.
    pub role: SignerRole,
    /// How.
    pub method: SignMethod,
    /// The document the signer saw.
    pub document_sha256: Sha256,
    /// The member of staff, when one signs.
    pub staff: Option<StaffSigner>,
    /// The printed name of a signer who is no member of staff.
    pub name: Option<String>,
    /// By what right a surrogate decides; the interpreter's qualification or number.
    pub authority: Option<String>,
    /// That a witness from outside is an adult and not related to the patient.
    pub unrelated_adult: bool,
    /// The explaining prescriber's finding.
    pub capacity: Option<Capacity>,
    /// The drawing, as PNG.
    pub image: Option<Vec<u8>>,
}

/// One signature. A fact: never changed, never taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its id.
    pub id: SignatureId,
    /// The consent.
    pub consent: ConsentId,
    /// In which part.
    pub role: SignerRole,
    /// How.
    pub method: SignMethod,
    /// The name as printed, at the time of signing.
    pub name: String,
    /// The member of staff, when one signed.
    pub person: Option<Person>,
    /// By what right a surrogate decides; the interpreter's qualification or number.
    pub authority: Option<String>,
    /// The explaining prescriber's finding.
    pub capacity: Option<Capacity>,
    /// SHA-256 of the document that was signed.
    pub document_sha256: Sha256,
    /// The drawing.
    pub image: Option<Vec<u8>>,
    /// When.
    pub signed_at: Timestamp,
}

/// Adds one signature to a draft.
///
/// # Errors
/// When the consent is no draft, the document changed since it was shown, the role signed already, the patient is
/// under the drug, one person would sign in two parts that need two, or fields are missing.
pub fn sign(
    consent: &Consent,
    present: &[Signature],
    new: NewSignature,
    influence: &Influence,
    made: Made<SignatureId>,
) -> Result<(Signature, Event), Refusal> {
    consent.state().admits(ConsentAct::AddSignature)?;
    if new.document_sha256 != consent.document_sha256 {
        return Err(Refusal::clash(Clash::ChangedSinceDisplay, "The document shown is not the document stored."));
    }
    if present.iter().any(|signature| signature.role == new.role) {
        return Err(Refusal::clash(Clash::AlreadyDone, format!("The {} signed already.", new.role)));
    }
    new.check().finish()?;
    // The witness saw the patient sign, so both have to happen while the patient can decide.
    if matches!(new.role, SignerRole::Patient | SignerRole::Witness)
        && let Some(obstacle) = influence.obstacle(made.at, "signing")
    {
        return Err(Refusal::Blocked { event: ConsentAct::AddSignature.as_str(), by: vec![obstacle] });
    }
    refuse_one_person_in_two_parts(&new, present)?;
    let signature = Signature {
        id: made.id,
        consent: consent.id,
        role: new.role,
        method: new.method,
        name: new.staff.as_ref().map(|staff| staff.name.clone()).or(new.name).unwrap_or_default(),
        person: new.staff.map(|staff| staff.person),
        authority: new.authority,
        capacity: new.capacity,
        document_sha256: new.document_sha256,
        image: new.image,
        signed_at: made.at,
    };
    let event = signature.event(consent.patient);
    Ok((signature, event))
}

/// Who witnesses must be another human than who explained (decisions.md 20), in whichever order they sign.
fn refuse_one_person_in_two_parts(new: &NewSignature, present: &[Signature]) -> Result<(), Refusal> {
    let other = match new.role {
        SignerRole::Prescriber => SignerRole::Witness,
        SignerRole::Witness => SignerRole::Prescriber,
        SignerRole::Patient | SignerRole::Surrogate | SignerRole::Interpreter => return Ok(()),
    };
    let Some(staff) = &new.staff else { return Ok(()) };
    let same = |signature: &&Signature| {
        signature.role == other && signature.person.is_some_and(|person| person.is(staff.person))
    };
    match present.iter().find(same) {
        Some(other) => {
            let detail = format!("The {} must be another person than the {}.", new.role, other.role);
            Err(Refusal::clash(Clash::SamePerson, detail))
        }
        None => Ok(()),
    }
}

impl NewSignature {
    fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::none();
        self.check_method(&mut errors);
        match &self.name {
            Some(name) => {
                errors.take(text::checked("/name", name, 1, 200));
            }
            None if self.staff.is_none() => errors.add("/name", "required", "print the signer's name"),
            None => {}
        }
        match &self.authority {
            Some(authority) => {
                errors.take(text::checked("/authority", authority, 1, 200));
            }
            None if self.role == SignerRole::Surrogate => {
                errors.add("/authority", "required", "say by what right the surrogate decides");
            }
            None if self.role == SignerRole::Interpreter => {
                errors.add("/authority", "required", "give the interpreter's qualification or number");
            }
            None => {}
        }
        if (self.role == SignerRole::Prescriber) != self.capacity.is_some() {
            errors.add("/capacity", "prescriber_only", "the explaining prescriber, and nobody else, states capacity");
        }
        if self.role == SignerRole::Prescriber && self.staff.as_ref().is_some_and(|staff| !staff.prescribes) {
            errors.add("/role", "not_a_prescriber", "only a prescriber explains");
        }
        if self.role == SignerRole::Witness && self.staff.is_none() && !self.unrelated_adult {
            errors.add("/unrelated_adult", "required", "a witness from outside is an adult who is not related");
        }
        errors
    }

    fn check_method(&self, errors: &mut FieldErrors) {
        let by_staff = self.staff.is_some();
        let right = match self.role {
            SignerRole::Patient | SignerRole::Surrogate => !by_staff && self.method != SignMethod::Reauth,
            SignerRole::Prescriber => by_staff && self.method == SignMethod::Reauth,
            SignerRole::Witness | SignerRole::Interpreter => by_staff == (self.method == SignMethod::Reauth),
        };
        if !right {
            let detail = "staff sign with reauth and a signing token, everybody else drawn or typed";
            errors.add("/method", "method_for_role", detail);
        }
        match (&self.image, self.method) {
            (Some(image), SignMethod::Drawn) if image.starts_with(PNG) && image.len() <= LARGEST_IMAGE => {}
            (Some(_), SignMethod::Drawn) => {
                errors.add("/image_base64", "image", format!("must be a PNG of at most {LARGEST_IMAGE} bytes"));
            }
            (None, SignMethod::Drawn) => errors.add("/image_base64", "required", "send the drawing"),
            (Some(_), _) => errors.add("/image_base64", "unexpected", "only a drawn signature has an image"),
            (None, _) => {}
        }
    }
}

impl Signature {
    fn event(&self, patient: PatientId) -> Event {
        let subject = Subject::new("consent_signature", self.id, 1);
        Event::of_patient(EventKind::ConsentSignatureAdded, patient, subject, self.record())
    }

    /// SHA-256 of the drawing.
    pub fn image_sha256(&self) -> Option<Sha256> {
        self.image.as_deref().map(Sha256::of)
    }

    /// The canonical record. The drawing is in it by its hash.
    pub fn record(&self) -> Record {
        Record::new("consent_signature", 1)
            .with("id", self.id)
            .with("consent_id", self.consent)
            .with("role", self.role.as_str())
            .with("method", self.method.as_str())
            .with("meaning", self.role.meaning())
            .with("name", &self.name)
            .with("staff_id", self.person.map(|person| person.staff))
            .with("account_id", self.person.map(|person| person.account))
            .with("authority", self.authority.as_ref())
            .word("capacity", self.capacity.map(Capacity::as_str))
            .with("document_sha256", self.document_sha256)
            .with("image_sha256", self.image_sha256())
            .with("signed_at", self.signed_at)
    }
}
